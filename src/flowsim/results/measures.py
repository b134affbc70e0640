"""Measures: quantities of a Dataset as DataArrays with units, and as one table."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from flowsim.world.traffic import HEROIN

YEARS = (0.05, 0.95)
"""Quantiles of single years: ends of the 90 % prediction interval."""


def seized(results: xr.Dataset) -> xr.DataArray:
    """Mass seized in each year.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug), in [kg].
    """
    return results["seized_mass"].sum(["channel", "agency"], keep_attrs=True)


def seized_at(results: xr.Dataset) -> pd.DataFrame:
    """Annual mean mass of heroin seized at each checkpoint and place under the first policy.

    Parameters
    ----------
    results
        Results of a simulation.

    Returns
    -------
    DataFrame
        Columns policy, checkpoint, checkpoint_label, oblast, kind, latitude, longitude [degree], seized [kg], and the
        number of years in the mean [1].
    """
    mass = results["seized_mass_by_checkpoint"].isel(policy=0).sel(drug=HEROIN)
    over = [dim for dim in mass.dims if dim != "checkpoint"]
    columns = {name: mass[name].values for name in AT}
    years = int(np.prod([mass.sizes[dim] for dim in over]))
    return pd.DataFrame(
        {"policy": mass["policy"].item(), **columns, "seized": mass.mean(over).values, "years": years},
    )


AT = ("checkpoint", "checkpoint_label", "oblast", "kind", "latitude", "longitude")
"""Coordinates of the location of a seizure."""


def leakage(results: xr.Dataset) -> xr.DataArray:
    """Mass leaked through each exit in each year.

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
    """Coefficient of variation of the annual mass seized.

    Returns
    -------
    DataArray
        Dims (policy, drug), in [1].
    """
    yearly = seized(results)
    return (yearly.std("replication", ddof=1) / yearly.mean("replication")).assign_attrs(units="1")


def by_oblast(results: xr.Dataset) -> xr.DataArray:
    """Mass seized in each year, by oblast.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug, oblast), in [kg].
    """
    return results["seized_mass_by_checkpoint"].groupby("oblast").sum().assign_attrs(units="kg")


def share_of_years_leading(results: xr.Dataset, oblast: str, *, first: int = 3) -> xr.DataArray:
    """Share of years with an oblast among those with most mass seized.

    Parameters
    ----------
    results
        Results of a simulation.
    oblast
        Name of the oblast.
    first
        Number of oblasts counted as leading.

    Returns
    -------
    DataArray
        Dims (policy, drug), in [1].
    """
    yearly = by_oblast(results)
    above = (yearly > yearly.sel(oblast=oblast)).sum("oblast")
    return (above < first).mean("replication").assign_attrs(units="1")


def pooled_delay(results: xr.Dataset) -> xr.DataArray:
    """Mean time of an honest vehicle at a checkpoint, over all visits.

    Returns
    -------
    DataArray
        Dims (policy,), in [h].
    """
    # Unfinished visits leave no delay, and so no overall mean.
    weighted = results["delay"].where(results["vehicles"] > 0, 0.0) * results["vehicles"].fillna(0.0)
    return (weighted.sum("checkpoint", skipna=False) / results["vehicles"].sum("checkpoint")).assign_attrs(units="h")


THROUGH, STOPPED = "where the rest gets through", "seized there"
"""Quantity of the rows of passage through checkpoints, and item of the mass seized there instead."""

CASES, MARKET = "taken by cases", "taken in the market"
"""What is taken elsewhere, beside the parts of the mass at checkpoints."""

SHARES = ("what", "share", "q05", "q95")
"""Columns of a table of such parts: reason, share of the mass at checkpoints, and its interval [1]."""

AT_CHECKPOINTS = ("routine", "patrol", "tip")
"""Channels of seizure at a checkpoint or on its bypass."""


def at_checkpoints(results: xr.Dataset) -> xr.DataArray:
    """Mass at checkpoints in each year, summed over its visits: passed, by reason, or seized.

    Consignments taken by a case at a checkpoint are not counted, as no inspection was decided.

    Returns
    -------
    DataArray
        Dims (policy, replication, drug, fate), in [kg]; fate is one of `REASONS`, or `STOPPED` (the last).
    """
    passed = results["missed_mass"].rename(reason="fate")
    stopped = results["seized_mass"].sel(channel=list(AT_CHECKPOINTS)).sum(["channel", "agency"])
    return xr.concat([passed, stopped.assign_coords(fate=STOPPED)], dim="fate").assign_attrs(units="kg")


def where_the_rest_gets_through(results: xr.Dataset) -> xr.DataArray:
    """Shares of the mass at checkpoints, summed over years: passed, by reason, and seized.

    Returns
    -------
    DataArray
        Dims (policy, drug, fate), in [1]; the parts sum to 1.
    """
    masses = at_checkpoints(results).sum("replication")
    return (masses / masses.sum("fate")).transpose(..., "fate").assign_attrs(units="1")


ALL_VISITS = "mean of all visits"
"""Item of the row on the mean time of all honest visits."""


def by_item(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    """Mean and ends of the interval of a summary, by quantity and item [unit of each].

    Parameters
    ----------
    table
        Table of `summary`.
    """
    return {
        (str(row["quantity"]), str(row["item"])): {name: float(row[name]) for name in ("mean", "q05", "q95")}
        for row in table.to_dict("records")
    }


def summary(results: xr.Dataset, *, drug: str = "heroin") -> pd.DataFrame:
    """Summary table of a run of one policy.

    Parameters
    ----------
    results
        Results of a run; of several policies the first is taken.
    drug
        Drug of the table; each further drug of the world follows with a few rows under its name.

    Returns
    -------
    DataFrame
        Columns quantity, item, unit, mean, mcse (Monte Carlo standard error of the mean), q05 and q95 (90 % prediction
        interval of single years).
    """
    one = results.isel(policy=0)
    if "expected_rate" in one and "draw" in one.dims:
        return _over_draws([summary(results.isel(draw=k), drug=drug) for k in range(one.sizes["draw"])])
    if "draw" in one.dims:
        one = _years_of_draws(one)
    if "expected_rate" in one:
        cells = _expected_rows(one.sel(drug=drug))
        cells += [row for name in _others(one, drug) for row in _expected_in_short(one.sel(drug=name), name)]
        return pd.DataFrame(cells, columns=COLUMNS)
    consignments = one.sel(drug=drug)
    years = {
        "agency": consignments["seized_mass"].sum("channel"),
        "channel": consignments["seized_mass"].sum("agency"),
        "oblast": consignments["seized_mass_by_checkpoint"].groupby("oblast").sum(),
        "exit": consignments["leaked_mass"],
    }
    rows = [
        _yearly("entered", "", "kg", consignments["entered_mass"]),
        _yearly("seized", "", "kg", years["agency"].sum("agency")),
        *_each("seized by channel", years["channel"], "channel"),
        *_each("seized by agency", years["agency"], "agency"),
        *_each("seized by oblast", years["oblast"], "oblast"),
        _yearly("leaked", "", "kg", consignments["leaked_mass"].sum("exit")),
        *_each("leaked by exit", years["exit"], "exit"),
        _yearly("retained", "", "kg", consignments["retained_mass"]),
        *_some("in store at the end", consignments["stored_mass"]),
        _yearly("under way at the end", "", "kg", consignments["underway_mass"]),
        *_some("leaked from the evidence store", consignments["released_mass"]),
        _rate(consignments),
        *_through(consignments),
        *(row for name in _others(one, drug) for row in _in_short(one.sel(drug=name), name)),
        *_honest(one),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _over_draws(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Table of the closed form over draws: means, and 90 % credible intervals in place of prediction intervals."""
    rows = pd.concat(tables)
    grouped = rows.groupby(["quantity", "item", "unit"], sort=False)["mean"]
    found = grouped.agg(["mean"]).assign(mcse=np.nan, q05=grouped.quantile(YEARS[0]), q95=grouped.quantile(YEARS[1]))
    return found.reset_index()[COLUMNS]


def _years_of_draws(results: xr.Dataset) -> xr.Dataset:
    """Results with the replications of all draws pooled; traffic is common to all draws."""
    consignments = [str(name) for name, array in results.items() if "replication" in array.dims]
    pooled = results.drop_vars(consignments).isel(draw=0, drop=True)
    stacked = results[consignments].reset_coords(drop=True).stack(years=("draw", "replication"))
    years = stacked.reset_index("years", drop=True).rename(years="replication")
    return xr.merge([pooled.drop_dims("replication", errors="ignore"), years], compat="override", join="outer")


def _some(quantity: str, mass: xr.DataArray) -> list[tuple[object, ...]]:
    """Row of a mass, omitted where it is always 0."""
    return [_yearly(quantity, "", "kg", mass)] if bool((mass > 0).any()) else []


COLUMNS = ["quantity", "item", "unit", "mean", "mcse", "q05", "q95"]
"""Columns of the summary."""

Floats = npt.NDArray[np.float64]

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


def _rate(consignments: xr.Dataset) -> Cells:
    """Long-run rate, with the 90 % prediction interval of single years."""
    got, sent = consignments["seized_mass"].sum(["channel", "agency"]).values, consignments["entered_mass"].values
    return _ratio("interdiction rate", "", got, sent)


def _through(consignments: xr.Dataset) -> list[Cells]:
    """Shares of the mass at checkpoints, in the order of the reasons, without those always 0."""
    masses = at_checkpoints(consignments)
    whole = masses.sum("fate").values
    parts = {str(fate): masses.sel(fate=fate).values for fate in masses["fate"].values}
    return [_ratio(THROUGH, fate, part, whole) for fate, part in parts.items() if part.any()]


def _ratio(quantity: str, item: str, parts: Floats, wholes: Floats) -> Cells:
    """Ratio of sums over years, with its Monte Carlo standard error and the 90 % prediction interval of a year."""
    if not wholes.sum() > 0:
        return quantity, item, "1", math.nan, math.nan, math.nan, math.nan
    ratio = parts.sum() / wholes.sum()
    residual = (parts - ratio * wholes).std(ddof=1) if len(parts) > 1 else math.nan
    yearly = np.divide(parts, wholes, out=np.full(len(parts), np.nan), where=wholes > 0)
    low, high = np.nanquantile(yearly, YEARS)
    error = float(residual / math.sqrt(len(parts)) / wholes.mean())
    return quantity, item, "1", float(ratio), error, float(low), float(high)


def _others(one: xr.Dataset, drug: str) -> list[str]:
    return [str(name) for name in one["drug"].values if name != drug]


def _in_short(consignments: xr.Dataset, drug: str) -> list[Cells]:
    """Short rows of a further drug."""
    seized = consignments["seized_mass"].sum(["channel", "agency"])
    return [
        _yearly(f"{drug} entered", "", "kg", consignments["entered_mass"]),
        _yearly(f"{drug} seized", "", "kg", seized),
        (f"{drug} interdiction rate", *_rate(consignments)[1:]),
    ]


def _expected_in_short(one: xr.Dataset, drug: str) -> list[Cells]:
    """Short rows of the closed form of a further drug."""
    kept = ("entered", "seized", "interdiction rate")
    return [(f"{drug} {row[0]}", *row[1:]) for row in _expected_rows(one) if row[0] in kept]


def _honest(one: xr.Dataset) -> list[Cells]:
    """Rows of honest traffic, without a prediction interval of single years, as none is simulated."""
    gap = math.nan
    rows: list[Cells] = []
    for quantity, name in (
        ("visits", "vehicles"),
        ("referrals", "referrals"),
        ("false alarms", "false_alarms"),
    ):
        rows.append((f"honest {quantity}", "", "1/year", float(one[name].sum()), gap, gap, gap))
    rows.append(("honest delay", ALL_VISITS, "h", float(pooled_delay(one)), gap, gap, gap))
    visited = one["vehicles"].where(one["vehicles"] > 0, drop=True)
    busiest = visited.sortby(visited, ascending=False)["checkpoint"].values[:5]
    for post in busiest:
        delay, error = (float(one[name].sel(checkpoint=post)) for name in ("delay", "delay_mcse"))
        rows.append(("honest delay", str(post), "h", delay, error, gap, gap))
    rows.append(("cost of fruitless searches", "", "USD/year", float(one["cost"].sum()), gap, gap, gap))
    return rows


def _expected_rows(one: xr.Dataset) -> list[Cells]:
    """Rows of the closed form, without a Monte Carlo standard error or a prediction interval."""
    gap = math.nan
    total = float(one["expected_seized_mass"].sum())
    spread = float(one["expected_rate_cv"]) * total
    channels, agencies = (one["expected_seized_mass_by_channel"].sum(dim) for dim in ("agency", "channel"))
    exits = one["expected_leaked_mass"]
    cells: list[tuple[str, str, str, float]] = [
        ("entered", "", "kg", float(one["expected_entered_mass"])),
        ("seized", "", "kg", total),
        ("standard deviation of a year's seizures", "", "kg", spread),
        *(("seized by channel", name, "kg", value) for name, value in _sorted(channels, "channel") if value > 0),
        *(("seized by agency", name, "kg", value) for name, value in _sorted(agencies, "agency") if value > 0),
        ("leaked", "", "kg", float(exits.sum())),
        *(("leaked by exit", name, "kg", value) for name, value in _sorted(exits, "exit")),
        ("retained", "", "kg", float(one["expected_retained_mass"])),
        ("interdiction rate", "", "1", float(one["expected_rate"])),
        *_expected_through(one),
    ]
    return [(*cell, gap, gap, gap) for cell in cells]


def _expected_through(one: xr.Dataset) -> list[tuple[str, str, str, float]]:
    """Expected shares of the mass at checkpoints, as in `_through`."""
    masses = {str(reason): float(one["expected_missed_mass"].sel(reason=reason)) for reason in one["reason"].values}
    masses[STOPPED] = float(one["expected_seized_mass_by_channel"].sel(channel=list(AT_CHECKPOINTS)).sum())
    whole = sum(masses.values()) or math.nan
    return [(THROUGH, fate, "1", mass / whole) for fate, mass in masses.items() if mass / whole > 1e-12]


def _sorted(values: xr.DataArray, dim: str) -> list[tuple[str, float]]:
    """Names and values along a dim, in descending order."""
    pairs = zip(values[dim].values, values.values, strict=True)
    return sorted(((str(name), float(value)) for name, value in pairs), key=lambda pair: -pair[1])
