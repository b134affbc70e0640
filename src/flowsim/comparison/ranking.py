"""Pairs of policies: probabilities of superiority in seizures, and distinguishable differences."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from flowsim.comparison import paired
from flowsim.comparison.confidence import SETS, SURE, bounds

COLUMNS = (
    *("first", "second", "difference", "q05", "q95", "mcse"),
    *("p", "draws", "p_prior", "draws_prior", "verdict", "verdict_prior"),
)
"""Columns of the table of pairs."""

APART, NOT_APART, SAME = "distinguishable", "indistinguishable", "the same"
TOO_FEW_DRAWS, TOO_FEW = "too few draws", "too few years"
"""Verdicts: distinguishable at 95 %; indistinguishable; equal in every draw; too few draws, or sets of assumed
numbers, for either; distinguishable over draws, but within simulated year-to-year variation."""

VERDICTS = (APART, NOT_APART, TOO_FEW_DRAWS, TOO_FEW, SAME)
"""All verdicts."""


def differences(results: xr.Dataset, *, prior: xr.Dataset | None = None) -> pd.DataFrame:
    """Differences in mass seized for all pairs of policies, the larger mean first, in descending order.

    A pair is distinguishable if one seizes more with a probability of at least 95 %, by the lower confidence bound
    from the draws (`confidence.bounds`, error 5 %), and if the mean difference exceeds simulated year-to-year variation
    (t test over years, 5 % two-sided): draws of a set have the same years, so they may agree by chance. It is
    indistinguishable if the upper bound lies below 95 %. Between the two, or if a pair with assumed numbers was
    compared in fewer than `confidence.SETS` sets, draws are too few. Sets that either policy cannot staff are left out.

    Parameters
    ----------
    results
        Results of the comparison.
    prior
        Results for draws from the prior.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: difference of the mass seized with its 90 % credible interval over draws and its Monte Carlo
        standard error from the finite number of years [kg/year]; share of the draws with more seized under the first,
        and their number, the same under the prior (NaN and 0 if it is not given or lacks a policy); the verdict, and
        the verdict by draws of the prior alone ("" without).
    """
    levels = paired.levels(results)
    seized, yearly = levels["seized"], levels["yearly"].transpose("policy", "draw", "replication")
    order, names = by_effect(seized), [str(name) for name in results["parameter"].values]
    can, before = paired.feasible(results), None if prior is None else paired.levels(prior)["seized"]
    prior_can = None if prior is None else paired.feasible(prior)
    rows = []
    for first, second in combinations(order, 2):
        kept = _draws(seized, can, (first, second))
        change = (seized.sel(policy=first) - seized.sel(policy=second)).isel(draw=kept)
        years = (yearly.sel(policy=first) - yearly.sel(policy=second)).isel(draw=kept)
        draws = change.sizes["draw"]
        sets = len(set(change["set_of_draw"].values.tolist()))
        assumed = sets if paired.parameters_of(f"{first}+{second}", names) else None
        middle, low, high = paired.interval(change) if draws else (np.nan,) * 3
        error = paired.error_of_years(years) if draws else np.nan
        p = superiority(seized.sel(policy=first)[kept], seized.sel(policy=second)[kept])
        verdict = SAME if draws and bool((change == 0).all()) else by_draws(p, draws, sets=assumed)
        if verdict == APART:
            verdict = _beyond_years(middle, error, free=sets * (yearly.sizes["replication"] - 1))
        earlier = _under_prior(before, prior_can, (first, second), sets=assumed)
        row = dict(zip(COLUMNS, (first, second, middle, low, high, error), strict=False))
        rows.append(row | {"p": p, "draws": draws, "verdict": verdict} | earlier)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def superiority(one: xr.DataArray, other: xr.DataArray) -> float:
    """Share of draws with more seized under one policy than under another, ties by half; NaN without draws [1].

    Parameters
    ----------
    one, other
        Mass seized, dims (draw) [kg/year].
    """
    mine, theirs = one.values, other.values
    return float((mine > theirs).mean() + (mine == theirs).mean() / 2) if len(mine) else np.nan


def _draws(seized: xr.DataArray, can: xr.DataArray, pair: tuple[str, str]) -> npt.NDArray[np.int64]:
    """Positions of the draws whose set is feasible under both policies."""
    sets = can["set"].values[can.sel(policy=list(pair)).all("policy").values]
    return np.flatnonzero(np.isin(seized["set_of_draw"].values, sets))


def _under_prior(
    before: xr.DataArray | None, can: xr.DataArray | None, pair: tuple[str, str], *, sets: int | None
) -> dict[str, object]:
    """Columns of a pair under draws from the prior, if there are any."""
    if before is None or can is None or not set(pair) <= set(map(str, before["policy"].values)):
        return {"p_prior": np.nan, "draws_prior": 0, "verdict_prior": ""}
    kept = _draws(before, can, pair)
    share = superiority(*(before.sel(policy=name)[kept] for name in pair))
    return {"p_prior": share, "draws_prior": len(kept), "verdict_prior": by_draws(share, len(kept), sets=sets)}


def by_effect(seized: xr.DataArray) -> list[str]:
    """Names of policies by mean mass seized, in descending order.

    Parameters
    ----------
    seized
        Mass seized, dims (policy, draw) [kg/year].
    """
    means = {str(name): paired.interval(seized.sel(policy=name))[0] for name in seized["policy"].values}
    return sorted(means, key=lambda name: -means[name])


def by_draws(share: float, draws: int, *, sets: int | None = None) -> str:
    """Verdict of the draws alone: `APART`, `NOT_APART`, or `TOO_FEW_DRAWS`, also if there are none.

    Parameters
    ----------
    share
        Share of the draws with more seized under one policy, ties by half [1].
    draws
        Number of draws [1].
    sets
        Number of sets of assumed numbers; None if neither policy has any.
    """
    if draws == 0 or (sets is not None and sets < SETS):
        return TOO_FEW_DRAWS
    low, high = bounds(max(share, 1 - share), draws)
    return NOT_APART if high < SURE else APART if low >= SURE else TOO_FEW_DRAWS


def _beyond_years(middle: float, error: float, *, free: int) -> str:
    """Verdict on a difference agreed on by draws: beyond simulated year-to-year variation, or too few years."""
    if free < 1:
        return TOO_FEW
    return APART if abs(middle) > float(stats.t.ppf(0.975, free)) * error else TOO_FEW
