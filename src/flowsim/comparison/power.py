"""Power analysis: years of reported seizures needed to detect an effect."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from flowsim import checks

LEVEL, POWER = 0.05, 0.8
"""Significance level of the two-sided test, and its power [1]."""

Floats = npt.NDArray[np.float64]


def years_needed(
    effect: npt.ArrayLike, *, before: float, after: float, level: float = LEVEL, power: float = POWER
) -> Floats:
    r"""Years to detect: reports needed before a policy, and as many after, in a comparison of annual totals.

    .. math:: n = (z_{1-\alpha/2} + z_{1-\beta})^2 \, (\sigma_0^2 + \sigma_1^2) / \delta^2 + z_{1-\alpha/2}^2 / 4

    rounded up, at least 2: the normal approximation of the t test of two means, with the correction for estimated
    variances (Guenther, The American Statistician 35, 243-244, 1981). Years are unpaired, as real reports are, and
    their totals may be as skewed as a gamma distribution; a test of the package compares with the t test of such years.

    Parameters
    ----------
    effect
        Change of the mean annual total, any dims [kg/year].
    before, after
        Variances of a single year's total without and with the policy [kg2].
    level
        Significance level of the two-sided test [1].
    power
        Probability of detecting the effect [1].

    Returns
    -------
    array
        Years on each side, infinite where there is no effect [year].
    """
    for value, name in ((before, "before"), (after, "after")):
        holds = math.isfinite(value) and value >= 0
        checks.require(holds, thing=f"variance {name}", rule="be a finite number of at least 0", value=value)
    change = np.asarray(effect, dtype=np.float64)
    tail = float(stats.norm.ppf(1 - level / 2))
    both = (tail + float(stats.norm.ppf(power))) ** 2 * (before + after)
    with np.errstate(divide="ignore", over="ignore"):
        squares = np.divide(both, change**2, out=np.full(change.shape, np.inf), where=change**2 > 0)
    found: Floats = np.maximum(2.0, np.ceil(squares + tail**2 / 4))
    return found


def visible(years: int, *, variance: float, level: float = LEVEL, power: float = POWER) -> float:
    """Smallest detectable effect for a number of years on each side, with the same variance on both [kg/year].

    Parameters
    ----------
    years
        Years before and as many after [year].
    variance
        Variance of a single year's total [kg2].
    level, power
        As in `years_needed` [1].
    """
    tail = float(stats.norm.ppf(1 - level / 2))
    left = years - tail**2 / 4
    checks.require(left > 0, thing="years", rule="be at least 1", value=years)
    return float((tail + stats.norm.ppf(power)) * math.sqrt(2 * variance / left))


def year_variance(yearly: npt.ArrayLike) -> float:
    """Variance of annual totals within a draw, in the mean over draws [kg2].

    Parameters
    ----------
    yearly
        Annual totals, dims (draw, replication) [kg].
    """
    return float(np.asarray(yearly, dtype=np.float64).var(axis=1, ddof=1).mean())
