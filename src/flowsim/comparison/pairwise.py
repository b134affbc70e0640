"""Pairs of policies: how probably one seizes more than another, and which differences can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from flowsim.comparison import pairs

SURE = 0.95
"""Probability from which a difference can be told apart, and one less it the other way round [1]."""

COLUMNS = ("first", "second", "difference", "low", "high", "error", "p", "p_prior", "verdict")
"""Columns of the table of pairs."""

APART, NOT_APART, TOO_FEW, SAME = "apart", "not apart", "too few years", "the same"
"""Verdicts: told apart; not told apart by the draws; by the draws but not beyond the simulated years; equal always."""


def probability(values: xr.DataArray) -> xr.DataArray:
    """Share of draws in which one policy seizes more than another, ties by half.

    Parameters
    ----------
    values
        Mass seized, in the mean over years, dims (policy, draw) [kg/year].

    Returns
    -------
    DataArray
        Dims (policy, other) [1]; p(A, B) + p(B, A) = 1, and 0.5 on the diagonal.
    """
    array = values.transpose("policy", "draw").values
    above = (array[:, None] > array[None]).mean(axis=2)
    equal = (array[:, None] == array[None]).mean(axis=2)
    names = values["policy"].values
    return xr.DataArray(above + equal / 2, dims=("policy", "other"), coords={"policy": names, "other": names})


def differences(results: xr.Dataset, *, prior: xr.Dataset | None = None) -> pd.DataFrame:
    """All pairs of policies, the one that seizes more in the mean first, in the order of what they seize.

    A pair is told apart where at least 95 % of draws agree and the mean difference exceeds what the finite number of
    simulated years could make of no difference (t test over years, 5 % two-sided): all draws share the same years, so
    that draws may agree on an accident of these.

    Parameters
    ----------
    results
        Results of the comparison.
    prior
        Results for draws from the prior.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: difference of the mass seized with its 5 and 95 % points over draws and its standard error
        for the finite number of years [kg/year], p that the first seizes more, the same under the prior (NaN if it is
        not given or lacks a policy), and the verdict.
    """
    levels = pairs.levels(results)
    seized, yearly = levels["seized"], levels["yearly"].transpose("policy", "draw", "replication")
    posterior = probability(seized)
    before = None if prior is None else probability(pairs.levels(prior)["seized"])
    order = by_effect(seized)
    rows = []
    for first, second in combinations(order, 2):
        middle, low, high = pairs.interval(seized.sel(policy=first) - seized.sel(policy=second))
        error = pairs.error_of_years(yearly.sel(policy=first) - yearly.sel(policy=second))
        p = float(posterior.sel(policy=first, other=second))
        known = before is not None and {first, second} <= set(map(str, before["policy"].values))
        p_prior = float(before.sel(policy=first, other=second)) if known and before is not None else np.nan
        ends = (middle, low, high)
        verdict = _verdict(ends, p=p, error=error, years=yearly.sizes["replication"])
        rows.append((first, second, *ends, error, p, p_prior, verdict))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def by_effect(seized: xr.DataArray) -> list[str]:
    """Names of policies from the one that seizes most in the mean to the one that seizes least.

    Parameters
    ----------
    seized
        Mass seized, dims (policy, draw) [kg/year].
    """
    means = {str(name): pairs.interval(seized.sel(policy=name))[0] for name in seized["policy"].values}
    return sorted(means, key=lambda name: -means[name])


def _verdict(ends: Sequence[float], *, p: float, error: float, years: int) -> str:
    if all(end == 0 for end in ends):
        return SAME
    if SURE > p > 1 - SURE:
        return NOT_APART
    if years < 2:
        return TOO_FEW
    return APART if abs(ends[0]) > float(stats.t.ppf(0.975, years - 1)) * error else TOO_FEW
