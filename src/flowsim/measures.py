"""Measures: what a Dataset says, as DataArrays with units and as one table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import xarray as xr

YEARS = (0.05, 0.95)
"""Quantiles of single years that an interval runs between."""


def seized(results: xr.Dataset) -> xr.DataArray:
    """Mass seized in each year.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug), in [kg].
    """
    return results["seized_mass"].sum(["channel", "agency"], keep_attrs=True)


def leakage(results: xr.Dataset) -> xr.DataArray:
    """Mass that reached an exit in each year.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug), in [kg].
    """
    return results["leaked_mass"].sum("exit", keep_attrs=True)


def interdiction_rate(results: xr.Dataset) -> xr.DataArray:
    """Long-run interdiction rate: mass seized over mass entered, both summed over the years.

    Returns
    -------
    DataArray
        Dims (policy, drug), in [1].
    """
    rate = seized(results).sum("replication") / results["entered_mass"].sum("replication")
    return rate.assign_attrs(units="1", long_name="Long-run interdiction rate")


def variation(results: xr.Dataset) -> xr.DataArray:
    """Coefficient of variation of the mass seized in a year.

    Returns
    -------
    DataArray
        Dims (policy, drug), in [1].
    """
    yearly = seized(results)
    return (yearly.std("replication", ddof=1) / yearly.mean("replication")).assign_attrs(units="1")


def by_oblast(results: xr.Dataset) -> xr.DataArray:
    """Mass seized in each year by oblast.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug, oblast), in [kg].
    """
    return results["seized_mass_by_checkpoint"].groupby("oblast").sum().assign_attrs(units="kg")


def share_of_years_leading(results: xr.Dataset, oblast: str, *, first: int = 3) -> xr.DataArray:
    """Share of years in which an oblast is among those with most mass seized.

    Parameters
    ----------
    results
        Results of a simulation.
    oblast
        Name of the oblast.
    first
        How many oblasts count as leading.

    Returns
    -------
    DataArray
        Dims (policy, drug), in [1].
    """
    yearly = by_oblast(results)
    above = (yearly > yearly.sel(oblast=oblast)).sum("oblast")
    return (above < first).mean("replication").assign_attrs(units="1")


def pooled_delay(results: xr.Dataset) -> xr.DataArray:
    """Mean time that an honest vehicle spends at a checkpoint, over all visits.

    Returns
    -------
    DataArray
        Dims (policy,), in [h].
    """
    weighted = results["delay"].fillna(0.0) * results["vehicles"]
    return (weighted.sum("checkpoint") / results["vehicles"].sum("checkpoint")).assign_attrs(units="h")


def summary(results: xr.Dataset, *, drug: str = "heroin") -> pd.DataFrame:
    """Table of a run of one policy.

    Parameters
    ----------
    results
        Results of a run; of several policies the first is taken.
    drug
        Drug that it is about.

    Returns
    -------
    DataFrame
        Columns quantity, item, unit, mean, error (standard error of the mean, Monte Carlo), low and high (5 and
        95 % of single years).
    """
    one = results.isel(policy=0)
    if "expected_rate" in one:
        return pd.DataFrame(_expected_rows(one.sel(drug=drug)), columns=COLUMNS)
    loads = one.sel(drug=drug)
    years = {
        "agency": loads["seized_mass"].sum("channel"),
        "channel": loads["seized_mass"].sum("agency"),
        "oblast": loads["seized_mass_by_checkpoint"].groupby("oblast").sum(),
        "exit": loads["leaked_mass"],
    }
    rows = [
        _yearly("entered", "", "kg", loads["entered_mass"]),
        _yearly("seized", "", "kg", years["agency"].sum("agency")),
        *_each("seized by channel", years["channel"], "channel"),
        *_each("seized by agency", years["agency"], "agency"),
        *_each("seized by oblast", years["oblast"], "oblast"),
        _yearly("leaked", "", "kg", loads["leaked_mass"].sum("exit")),
        *_each("leaked by exit", years["exit"], "exit"),
        _yearly("retained", "", "kg", loads["retained_mass"]),
        _yearly("under way at the end", "", "kg", loads["underway_mass"]),
        _rate(loads),
        *_honest(one),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["quantity", "item", "unit", "mean", "error", "low", "high"]
"""Columns of the summary."""

Cells = tuple[str, str, str, float, float, float, float]


def _yearly(quantity: str, item: str, unit: str, years: xr.DataArray) -> Cells:
    values = years.values
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    low, high = np.quantile(values, YEARS)
    return quantity, item, unit, float(values.mean()), error, float(low), float(high)


def _each(quantity: str, years: xr.DataArray, dim: str) -> list[Cells]:
    order = years.mean("replication").sortby(years.mean("replication"), ascending=False)[dim].values
    rows = [_yearly(quantity, str(item), "kg", years.sel({dim: item})) for item in order]
    return [row for row in rows if row[3] > 0]


def _rate(loads: xr.Dataset) -> Cells:
    """Long-run rate with the error of a ratio of means, and the interval of single years."""
    got, sent = loads["seized_mass"].sum(["channel", "agency"]).values, loads["entered_mass"].values
    rate = got.sum() / sent.sum() if sent.sum() > 0 else math.nan
    residual = (got - rate * sent).std(ddof=1) if len(got) > 1 else math.nan
    low, high = np.nanquantile(loads["interdiction_rate"].values, YEARS) if sent.sum() > 0 else (math.nan, math.nan)
    error = float(residual / math.sqrt(len(got)) / sent.mean()) if sent.sum() > 0 else math.nan
    return "interdiction rate", "", "1", float(rate), error, float(low), float(high)


def _honest(one: xr.Dataset) -> list[Cells]:
    """Rows of honest traffic, of which no interval of single years is simulated."""
    gap = math.nan
    rows: list[Cells] = []
    for quantity, name in (
        ("visits", "vehicles"),
        ("referrals", "referrals"),
        ("false alarms", "false_alarms"),
    ):
        rows.append((f"honest {quantity}", "", "1/year", float(one[name].sum()), gap, gap, gap))
    rows.append(("honest delay", "mean of all visits", "h", float(pooled_delay(one)), gap, gap, gap))
    busiest = one["vehicles"].sortby(one["vehicles"], ascending=False)["checkpoint"].values[:5]
    for post in busiest:
        rows.append(("honest delay", str(post), "h", float(one["delay"].sel(checkpoint=post)), gap, gap, gap))
    rows.append(("cost of fruitless searches", "", "USD/year", float(one["cost"].sum()), gap, gap, gap))
    return rows


def _expected_rows(one: xr.Dataset) -> list[Cells]:
    """Rows of the closed form, which has neither a Monte Carlo error nor single years."""
    gap = math.nan
    total = float(one["expected_seized_mass"].sum())
    spread = float(one["expected_rate_cv"]) * total
    agencies = one["expected_seized_mass"].groupby("checkpoint_agency").sum()
    exits = one["expected_leaked_mass"]
    cells: list[tuple[str, str, str, float]] = [
        ("entered", "", "kg", float(one["expected_entered_mass"])),
        ("seized", "", "kg", total),
        ("standard deviation of a year's seizures", "", "kg", spread),
        *(("seized by agency", name, "kg", value) for name, value in _sorted(agencies, "checkpoint_agency")),
        ("leaked", "", "kg", float(exits.sum())),
        *(("leaked by exit", name, "kg", value) for name, value in _sorted(exits, "exit")),
        ("retained", "", "kg", float(one["expected_retained_mass"])),
        ("interdiction rate", "", "1", float(one["expected_rate"])),
    ]
    return [(*cell, gap, gap, gap) for cell in cells]


def _sorted(values: xr.DataArray, dim: str) -> list[tuple[str, float]]:
    """Names and values along a dim, the largest first."""
    pairs = zip(values[dim].values, values.values, strict=True)
    return sorted(((str(name), float(value)) for name, value in pairs), key=lambda pair: -pair[1])
