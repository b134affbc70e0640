"""Sensitivity of effects to assumed parameters: rank correlations, slopes and break-even values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import optimize, stats

from flowsim.comparison import paired
from flowsim.comparison.confidence import SETS
from flowsim.comparison.paired import BASELINE, Floats

COLUMNS = ("policy", "parameter", "low", "high", "rank", "shown", "slope", "mcse", "swing", "break_even", "most")
"""Columns of the table of sensitivities."""

LEVEL = 0.05
"""Probability of a false positive for a policy without any influence of its parameters [1]."""

EDGE = 0.05
"""Least share of sets on either side of a break-even, as a guard against single outlying sets [1]."""


def sensitivities(results: xr.Dataset, *, against: str | None = None) -> pd.DataFrame:
    """Sensitivity of each policy's effect to each of its assumed parameters, over its feasible sets.

    Parameters
    ----------
    results
        Results of the comparison.
    against
        Reference policy for a break-even at equal kilograms per dollar; without it, the break-even is at no effect.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: ends of the values drawn [unit of the parameter], rank correlation of the set means with
        them [1] and whether it is significant, slope of the regression on all parameters of the policy together and
        its standard error [kg/year per unit], `swing`, the slope times the width of the interval [kg/year], break-even
        [unit], NaN if there is none within the interval or no significant influence, and whether the parameter is the
        most influential one: the largest significant rank correlation.

    Raises
    ------
    ValueError
        If the reference policy has an unknown or possibly zero cost, or too few sets for an interval.
    """
    changes = paired.changes(paired.levels(results))
    effect = paired.per_set(changes["seized"])
    balance = effect if against is None else _balance(changes, effect, against)
    values = results["parameter_value"].transpose("set", "parameter")
    names = [str(name) for name in values["parameter"].values]
    rows = []
    for policy in (str(name) for name in results["policy"].values if name != BASELINE):
        mine = [name for name in paired.parameters_of(policy, names) if np.ptp(values.sel(parameter=name).values) > 0]
        if not mine:
            continue
        kept = paired.feasible_pair(results, policy)
        if kept.sum() < 2:
            continue
        table = values.sel(parameter=mine).values[kept]
        own = (array.sel(policy=policy).values[kept] for array in (effect, balance))
        rows += _rows(policy, mine, table, *own)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _balance(changes: xr.Dataset, effect: xr.DataArray, against: str) -> xr.DataArray:
    """Kilograms beyond the yield of the same money in another policy, dims (policy, set) [kg/year]."""
    cost = changes["policy_cost"] + changes["compensation"]
    middle, low, high = paired.interval(cost.sel(policy=against))
    if not np.isfinite(low) or low <= 0 <= high:
        rule = f"have a known cost that is not 0, from {SETS} sets or more"
        raise ValueError(f"policy to compare with must {rule}, got {against!r}")
    return effect - float(effect.sel(policy=against).mean()) / middle * cost


def _rows(policy: str, names: list[str], table: Floats, effect: Floats, balance: Floats) -> list[tuple[object, ...]]:
    slopes, errors = regression(table, effect)
    ranks = [_rank(table[:, k], effect) for k in range(len(names))]
    shown = [p < LEVEL / len(names) for _, p in ranks]
    strength = [abs(rank) if seen else -1.0 for (rank, _), seen in zip(ranks, shown, strict=True)]
    most = int(np.argmax(strength)) if max(strength) >= 0 else -1
    rows: list[tuple[object, ...]] = []
    for k, name in enumerate(names):
        low, high = float(table[:, k].min()), float(table[:, k].max())
        swing = float(slopes[k]) * (high - low)
        clear = _rank(table[:, k], balance)[1] < LEVEL / len(names)
        crossing = break_even(table[:, k], balance) if clear else np.nan
        numbers = (float(slopes[k]), float(errors[k]), swing, crossing)
        rows.append((policy, name, low, high, ranks[k][0], shown[k], *numbers, k == most))
    return rows


def _rank(values: Floats, effect: Floats) -> tuple[float, float]:
    """Spearman's rank correlation and its p value; none if the effect is always the same."""
    if np.ptp(effect) == 0 or len(effect) < 3:
        return 0.0, 1.0
    found = stats.spearmanr(values, effect)
    return float(found.statistic), float(found.pvalue)


def regression(table: Floats, effect: Floats) -> tuple[Floats, Floats]:
    """Slopes of the linear regression of an effect on parameters, and their standard errors.

    Parameters
    ----------
    table
        Values of the parameters, dims (set, parameter).
    effect
        Set means of the effect, dims (set) [kg/year].

    Returns
    -------
    slopes, errors
        Dims (parameter) [kg/year per unit]; NaN where there are too few sets.
    """
    count, width = table.shape
    if count < width + 2:
        return np.full(width, np.nan), np.full(width, np.nan)
    scale = table.std(axis=0)
    design = np.column_stack([np.ones(count), (table - table.mean(axis=0)) / scale])
    found, _, _, _ = np.linalg.lstsq(design, effect, rcond=None)
    rest = effect - design @ found
    spread = float(rest @ rest) / (count - width - 1) * np.linalg.pinv(design.T @ design)
    return found[1:] / scale, np.sqrt(np.diag(spread)[1:]) / scale


def break_even(values: Floats, balance: Floats) -> float:
    """Break-even value of a parameter: the effect's zero crossing, NaN if there is none within the values drawn.

    Zero of the isotonic regression of the effect on the parameter, with no assumption on its shape but monotonicity
    (Barlow, Bartholomew, Bremner and Brunk, 1972); a straight line through an effect fading out to nothing would have
    a spurious zero. At least a twentieth of the sets must lie on either side.

    Parameters
    ----------
    values
        Values of the parameter, dims (set).
    balance
        Effect minus its reference, dims (set) [kg/year].
    """
    if np.isnan(balance).any() or np.ptp(balance) == 0:
        return np.nan
    order = np.argsort(values, kind="stable")
    at, found = values[order], balance[order]
    rising = _rank(at, found)[0] >= 0
    fit = np.asarray(optimize.isotonic_regression(found, increasing=rising).x)
    below, above = int((fit < 0).sum()), int((fit > 0).sum())
    if min(below, above) < max(2, EDGE * len(fit)):
        return np.nan
    first = below if rising else above
    last = len(fit) - (above if rising else below)
    # Linear interpolation between the last set on one side of 0 and the first on the other.
    left, right = fit[first - 1], fit[last]
    return float(at[first - 1] + (at[last] - at[first - 1]) * left / (left - right))


def points(results: xr.Dataset, policies: Sequence[str]) -> pd.DataFrame:
    """Set means of effects with the values of the assumed parameters, for figure 7.

    Parameters
    ----------
    results
        Results of the comparison.
    policies
        Policies to take.

    Returns
    -------
    DataFrame
        A row per policy, parameter and feasible set: columns policy, parameter (without the policy's name), value
        [unit], and mean, least and most: mean, minimum and maximum of the draws of the set [kg/year].
    """
    rows = []
    for policy in policies:
        own = paired.pair_of(results, policy)
        if not own.sizes["draw"]:
            continue
        grouped = paired.changes(paired.levels(own))["seized"].sel(policy=policy).groupby("set_of_draw")
        numbers = {"mean": grouped.mean("draw"), "least": grouped.min("draw"), "most": grouped.max("draw")}
        columns = {key: array.values for key, array in numbers.items()}
        values = own["parameter_value"]
        for name in paired.parameters_of(policy, [str(name) for name in values["parameter"].values]):
            at = values.sel(parameter=name).values
            rows.append(pd.DataFrame({"policy": policy, "parameter": name.partition(".")[2], "value": at, **columns}))
    names = ["policy", "parameter", "value", "mean", "least", "most"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=names)
