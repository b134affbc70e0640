"""Paired effects: each policy minus the baseline, with common random numbers in each draw, year and traffic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.comparison.confidence import DRAWS, SETS

BASELINE = "baseline"
"""Reference policy of all comparisons."""

QUANTILES = (0.05, 0.95)
"""Ends of every 90 % credible interval, over draws or sets of assumed parameters."""

HONEST: dict[str, tuple[str, str]] = {
    "hours": ("honest hours at checkpoints", "h/year"),
    "delay": ("delay of a mean visit", "h"),
    "worst_p95": ("95 % point of the delay at the worst checkpoint", "h"),
    "queue": ("honest vehicles waiting, all checkpoints", "1"),
    "referrals": ("honest referrals", "1/year"),
    "false_alarms": ("false alarms", "1/year"),
    "compensation": ("cost of fruitless searches and compensation", "USD/year"),
    "policy_cost": ("cost of the policy", "USD/year"),
}
"""Quantities of honest traffic and cost, dims (policy, set): name, meaning and unit."""

Floats = npt.NDArray[np.float64]


def check(results: xr.Dataset) -> None:
    """Refuse results unfit for a comparison.

    Parameters
    ----------
    results
        Results of the comparison.

    Raises
    ------
    ValueError
        If the baseline is not the first policy, a name stands twice, or sets of draws are not of one size.
    """
    names = [str(name) for name in results["policy"].values]
    checks.unique(names, thing="policies of a comparison")
    checks.require(names[0] == BASELINE, thing="first policy of a comparison", rule=f"be {BASELINE}", value=names[0])
    sets = results["set_of_draw"].values
    known = np.isin(sets, results["set"].values).all()
    checks.require(bool(known), thing="set_of_draw", rule="name sets of the results", value=sets.tolist())
    sizes = np.unique(sets, return_counts=True)[1]
    even = len(sizes) == results.sizes["set"] and len(set(sizes.tolist())) == 1
    checks.require(bool(even), thing="set_of_draw", rule="give each set as many draws", value=sizes.tolist())


def against_baseline(levels: xr.DataArray) -> xr.DataArray:
    """Values of all policies minus the baseline's; exactly 0 for identical outcomes.

    Parameters
    ----------
    levels
        Dims (policy, ...).
    """
    return levels - levels.sel(policy=BASELINE, drop=True)


def levels(results: xr.Dataset) -> xr.Dataset:
    """Outcomes of each policy in each draw or set.

    Parameters
    ----------
    results
        Results of the comparison.

    Returns
    -------
    Dataset
        By (policy, draw): `seized`, `entered`, `released` [kg/year], means over years; `rate`, seized over entered,
        both pooled over years [1]; with (channel), (agency), (oblast), (exit) and (route_class) besides: `by_channel`,
        `by_agency`, `by_oblast`, `by_exit`, `by_class` [kg/year]. By (policy, draw, replication): `yearly`, seized in
        a year [kg]. By (policy, set): the quantities of `HONEST`.

    Raises
    ------
    ValueError
        As of `check`.
    """
    check(results)
    yearly = results["seized_mass"].sum(["channel", "agency"])
    seized, entered = yearly.mean("replication"), results["entered_mass"].mean("replication")
    mass = results["seized_mass"].mean("replication")
    found = {
        "yearly": (yearly, "kg"),
        "seized": (seized, "kg/year"),
        "entered": (entered, "kg/year"),
        "released": (results["released_mass"].mean("replication"), "kg/year"),
        "rate": (seized / entered, "1"),
        "by_channel": (mass.sum("agency"), "kg/year"),
        "by_agency": (mass.sum("channel"), "kg/year"),
        "by_oblast": (_by_oblast(results["seized_by_checkpoint"]), "kg/year"),
        "by_exit": (results["leaked_mass"].fillna(0.0).mean("replication"), "kg/year"),
        "by_class": (results["leaked_mass_by_class"].fillna(0.0).mean("replication"), "kg/year"),
        **{name: (array, HONEST[name][1]) for name, array in _honest(results).items()},
    }
    dataset = xr.Dataset({name: array.assign_attrs(units=units) for name, (array, units) in found.items()})
    return dataset.assign_coords(set_of_draw=("draw", results["set_of_draw"].values))


def _by_oblast(mass: xr.DataArray) -> xr.DataArray:
    """Mass by oblast; a checkpoint missing under a policy seizes nothing, and one without oblast is "elsewhere"."""
    names = pd.Series(mass["oblast"].values).fillna("").astype(str).replace("", "elsewhere")
    plain = mass.fillna(0.0).reset_coords(drop=True).assign_coords(oblast=("checkpoint", names.to_numpy(dtype=str)))
    return plain.groupby("oblast").sum("checkpoint").transpose("policy", "draw", "oblast")


def _honest(results: xr.Dataset) -> dict[str, xr.DataArray]:
    vehicles = results["vehicles"].fillna(0.0)
    # A post with unfinished visits has no delay, and then the sum is unknown too.
    hours = (vehicles * results["delay"].where(vehicles > 0, 0.0)).sum("checkpoint", skipna=False)
    total = vehicles.sum("checkpoint")
    late = results["delay_p95"].where(vehicles > 0, -np.inf).max("checkpoint", skipna=False)
    return {
        "hours": hours,
        "delay": (hours / total.where(total > 0)).where(total > 0, 0.0),
        "worst_p95": late.where(total > 0, 0.0),
        "queue": results["queue_length"].fillna(0.0).sum("checkpoint"),
        "referrals": results["referrals"].fillna(0.0).sum("checkpoint"),
        "false_alarms": results["false_alarms"].fillna(0.0).sum("checkpoint"),
        "compensation": results["cost"].fillna(0.0).sum("checkpoint"),
        "policy_cost": _cost(results["policy_cost"]),
    }


def _cost(cost: xr.DataArray) -> xr.DataArray:
    """Cost of policies; a missing cost of the baseline counts as 0."""
    return cost.where((cost["policy"] != BASELINE) | cost.notnull(), 0.0)


def worst(results: xr.Dataset) -> pd.Series:
    """Checkpoint with the largest 95 % quantile of the delay, by policy, in the mean over sets.

    Parameters
    ----------
    results
        Results of the comparison.
    """
    visited = results["vehicles"].fillna(0.0) > 0
    late = results["delay_p95"].fillna(np.inf).where(visited).mean("set").fillna(-np.inf)
    names = results["checkpoint"].values[late.argmax("checkpoint").values]
    return pd.Series(names, index=[str(name) for name in results["policy"].values])


def changes(levels: xr.Dataset) -> xr.Dataset:
    """All levels minus the baseline's, paired by draw, year and set.

    Parameters
    ----------
    levels
        As from `levels`; the result also has `points`, the change of the rate in points of flow [%].
    """
    found = xr.Dataset(
        {name: against_baseline(array).assign_attrs(array.attrs) for name, array in levels.data_vars.items()}
    )
    found["points"] = (100.0 * found["rate"]).assign_attrs(units="%")
    return found


def per_set(values: xr.DataArray) -> xr.DataArray:
    """Means over the draws of each set.

    Parameters
    ----------
    values
        Dims (..., draw), with the coordinate `set_of_draw`.

    Returns
    -------
    DataArray
        Dims (..., set).
    """
    return values.groupby("set_of_draw").mean("draw").rename(set_of_draw="set")


def enough(values: xr.DataArray) -> bool:
    """Whether draws, or sets of assumed numbers, are enough for a 90 % interval.

    Parameters
    ----------
    values
        Values of draws or sets, with the dim `draw` or `set`.
    """
    return values.sizes.get("draw", DRAWS) >= DRAWS and values.sizes.get("set", SETS) >= SETS


def interval(values: xr.DataArray) -> tuple[float, float, float]:
    """Mean of values and their 5 and 95 % quantiles; all NaN if a value is unknown, quantiles NaN if values are few.

    Parameters
    ----------
    values
        Values of draws or sets. Fewer than `enough` have quantiles only if there are two or more and all are equal.
    """
    flat = np.asarray(values, dtype=np.float64).ravel()
    same = bool((flat == flat[0]).all())
    # The mean of equal numbers must be that number, without the rounding of a sum.
    middle = flat[0] if same else flat.mean()
    known = enough(values) or (same and len(flat) > 1)
    low, high = np.quantile(flat, QUANTILES) if known else (np.nan, np.nan)
    return float(middle), float(low), float(high)


def middle_and_ends(values: xr.DataArray) -> tuple[float, float, float]:
    """Median of values and their 5 and 95 % quantiles, as of `interval`.

    Parameters
    ----------
    values
        Values of draws or sets.
    """
    _, low, high = interval(values)
    return float(np.median(np.asarray(values, dtype=np.float64))), low, high


def feasible(results: xr.Dataset) -> xr.DataArray:
    """Whether every post can do its work: a utilisation below 1, wave-through left out.

    Parameters
    ----------
    results
        Results of the comparison.

    Returns
    -------
    DataArray
        Dims (policy, set) [bool].
    """
    busiest = results["utilisation"].fillna(0.0).max("checkpoint")
    return (busiest < 1.0).transpose("policy", "set")


def feasible_pair(results: xr.Dataset, first: str, second: str = BASELINE) -> npt.NDArray[np.bool_]:
    """Whether every post can do its work under both of two policies, dims (set).

    Parameters
    ----------
    results
        Results of the comparison.
    first, second
        Names of the policies.
    """
    both: npt.NDArray[np.bool_] = feasible(results.sel(policy=[first, second])).all("policy").values
    return both


def in_sets(dataset: xr.Dataset, sets: Floats) -> xr.Dataset:
    """Draws and sets of a dataset that belong to some sets.

    Parameters
    ----------
    dataset
        Results, levels or changes, with the coordinate `set_of_draw`.
    sets
        Labels of the sets, dims (set).
    """
    kept = dataset.isel(draw=np.isin(dataset["set_of_draw"].values, sets))
    return kept.sel(set=sets) if "set" in kept.dims else kept


def pair_of(results: xr.Dataset, policy: str) -> xr.Dataset:
    """Results of the baseline and a policy in the sets that are feasible under both; there may be none.

    Parameters
    ----------
    results
        Results of the comparison.
    policy
        Name of the policy.
    """
    return in_sets(results.sel(policy=[BASELINE, policy]), results["set"].values[feasible_pair(results, policy)])


def error_of_years(yearly: xr.DataArray) -> float:
    r"""Monte Carlo standard error, from the finite number of years, of the mean over draws and years [kg].

    Draws of a set share its years. With :math:`v_s` the variance of the means of years over the draws of set s, of S
    sets with R years each, the error is :math:`\sqrt{\sum_s v_s / (S^2 R)}`; differences between sets are none of it.

    Parameters
    ----------
    yearly
        Dims (draw, replication), with the coordinate `set_of_draw` [kg].

    Returns
    -------
    float
        The error; NaN with a single year in each set.
    """
    years = yearly.groupby("set_of_draw").mean("draw").transpose("set_of_draw", "replication").values
    sets, count = years.shape
    return float(np.sqrt(years.var(axis=1, ddof=1).sum() / count) / sets) if count > 1 else np.nan


def parameters_of(policy: str, names: Sequence[str]) -> list[str]:
    """Assumed parameters of a policy, or of all policies of a composed one.

    Parameters
    ----------
    policy
        Name, as in "caricc" or "narcotics_boundaries+caricc".
    names
        Names of parameters, as in "caricc.cases".
    """
    parts = policy.split("+")
    return [name for name in names if name.split(".")[0] in parts]
