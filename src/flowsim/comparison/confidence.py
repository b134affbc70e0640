"""Confidence: how many draws a probability, an interval or a verdict needs, and what so many draws can say."""

from __future__ import annotations

import math

from scipy import stats

from flowsim import checks

SURE = 0.95
"""Probability from which a difference is distinguishable, and one less it the other way round [1]."""

ERROR = 0.05
"""Probability with which a bound is wrong [1]."""


def fewest(share: float = SURE, *, error: float = ERROR) -> int:
    r"""Least number of draws that can show a probability at all: that of a bound if all of them agree.

    If all n draws agree, the bound of `bounds` is :math:`\alpha^{1/n}`, which reaches a share s from
    :math:`n = \ln \alpha / \ln s` on: 59 for 0.95 with an error of 0.05. It is also the number from which the least
    and the largest draw lie beyond the 5 and the 95 % point, each with a probability of 0.95 (Wilks, Determination of
    sample sizes for setting tolerance limits, Annals of Mathematical Statistics 12, 1941, 91-96).

    Parameters
    ----------
    share
        Probability that is to be shown, in (0, 1) [1].
    error
        Probability with which the bound is wrong, in (0, 1) [1].

    Raises
    ------
    ValueError
        If either lies outside.
    """
    for value, name in ((share, "share"), (error, "error")):
        checks.require(0 < value < 1, thing=f"{name} of a bound", rule="lie in (0, 1)", value=value)
    return math.ceil(math.log(error) / math.log(share))


def bounds(share: float, draws: int, *, error: float = ERROR) -> tuple[float, float]:
    """Exact lower and upper bound of a probability of which a share of independent draws is known.

    Each is wrong with at most the probability `error` (Clopper and Pearson, The use of confidence or fiducial limits
    illustrated in the case of the binomial, Biometrika 26, 1934, 404-413). Ties, which count by half, may make the
    number of draws that agree no whole number; the beta distribution lies between those of its neighbours.

    Parameters
    ----------
    share
        Share of the draws [1].
    draws
        Number of draws [1].
    error
        Probability with which each is wrong [1].
    """
    agree = share * draws
    low = float(stats.beta.ppf(error, agree, draws - agree + 1)) if agree > 0 else 0.0
    high = float(stats.beta.ppf(1 - error, agree + 1, draws - agree)) if agree < draws else 1.0
    return low, high


DRAWS = fewest()
"""Least number of draws for a 90 % interval, and for a probability that is printed as one [1]."""

SETS = math.ceil(round(1 / (1 - SURE), 9))
"""Least number of sets of assumed numbers for either [1].

Sets are a Latin hypercube: one lies in each of as many equal parts of an assumed number's law. From 20 on, the lowest
and the highest lie beyond the 5 and the 95 % point of any number by themselves.
"""


def chance(share: float, draws: int) -> str:
    """A share of draws as it is printed: as a probability if there are enough, else as so many of so many.

    Parameters
    ----------
    share
        Share of the draws, NaN if it is not known [1].
    draws
        Number of draws [1].
    """
    if math.isnan(share):
        return "-"
    return f"{share:.2f}" if draws >= DRAWS else f"{share * draws:g}/{draws}"
