"""Number of draws needed for a probability, an interval or a verdict, and confidence bounds from draws."""

from __future__ import annotations

import math

from scipy import stats

from flowsim import checks

SURE = 0.95
"""Least probability of a distinguishable difference, of either sign [1]."""

ERROR = 0.05
"""Error probability of a bound [1]."""


def fewest(share: float = SURE, *, error: float = ERROR) -> int:
    r"""Least number of draws sufficient to show a probability: the bound reaches it if all draws agree.

    If all n draws agree, the bound of `bounds` is :math:`\alpha^{1/n}`, which reaches a share s from
    :math:`n = \ln \alpha / \ln s` on: 59 for 0.95 with an error of 0.05. It is also the number from which the least
    and the largest draw lie beyond the 5 and the 95 % point, each with a probability of 0.95 (Wilks, Determination of
    sample sizes for setting tolerance limits, Annals of Mathematical Statistics 12, 1941, 91-96).

    Parameters
    ----------
    share
        Probability to show, in (0, 1) [1].
    error
        Error probability of the bound, in (0, 1) [1].

    Raises
    ------
    ValueError
        If either lies outside.
    """
    for value, name in ((share, "share"), (error, "error")):
        checks.require(0 < value < 1, thing=f"{name} of a bound", rule="lie in (0, 1)", value=value)
    return math.ceil(math.log(error) / math.log(share))


def bounds(share: float, draws: int, *, error: float = ERROR) -> tuple[float, float]:
    """Exact lower and upper confidence bound of a probability from a share of independent draws.

    Each has an error probability of at most `error` (Clopper and Pearson, The use of confidence or fiducial limits
    illustrated in the case of the binomial, Biometrika 26, 1934, 404-413). Ties count by half and may make the number
    of agreeing draws fractional; the beta distribution then lies between those of the neighbouring integers.

    Parameters
    ----------
    share
        Share of the draws [1].
    draws
        Number of draws [1].
    error
        Error probability of each bound [1].
    """
    agree = share * draws
    low = float(stats.beta.ppf(error, agree, draws - agree + 1)) if agree > 0 else 0.0
    high = float(stats.beta.ppf(1 - error, agree + 1, draws - agree)) if agree < draws else 1.0
    return low, high


DRAWS = fewest()
"""Least number of draws for a 90 % interval, and for printing a share as a probability [1]."""

SETS = math.ceil(round(1 / (1 - SURE), 9))
"""Least number of sets of assumed numbers for either [1].

Sets are a Latin hypercube: one lies in each of as many equal parts of an assumed number's law. From 20 on, the lowest
and the highest lie beyond the 5 and the 95 % point of any number by themselves.
"""


def chance(share: float, draws: int) -> str:
    """Text of a share of draws: a probability if draws are enough, else a fraction such as 3/4.

    Parameters
    ----------
    share
        Share of the draws, NaN if unknown [1].
    draws
        Number of draws [1].
    """
    if math.isnan(share):
        return "-"
    return f"{share:.2f}" if draws >= DRAWS else f"{share * draws:g}/{draws}"
