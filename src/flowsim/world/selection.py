"""Selection: one risk score against one threshold decides who is referred to secondary inspection."""

from __future__ import annotations

import math

from scipy.special import ndtri

from flowsim import checks


def threshold(referral: float, *, targeting: float = 0.0, cost_ratio: float = 1.0) -> float:
    """Risk score above which a vehicle is referred [1].

    Honest vehicles score N(0, 1), so a share `referral` of them lies above; loaded vehicles score N(d, 1), where d
    is the power of targeting. A share of 0 gives infinity and of 1 minus infinity. The log likelihood ratio of a
    score s is d s - d ** 2 / 2. An agency that weighs a fruitless search against a find refers above a log
    likelihood ratio that moves by the log of what the search costs, hence a score that moves by ln(cost_ratio) / d.

    Parameters
    ----------
    referral
        Share of honest vehicles that are referred at a cost ratio of 1 [1].
    targeting
        Mean risk score of a loaded vehicle, d [1].
    cost_ratio
        Cost of a fruitless search to the agency relative to the cost at which `referral` was observed [1].

    Raises
    ------
    ValueError
        If the cost ratio differs from 1 and targeting is not above 0, so that no score tells loads apart.
    """
    base = -float(ndtri(referral))
    if cost_ratio == 1.0:
        return base
    rule = "be above 0 where the cost ratio of a fruitless search is not 1"
    checks.require(targeting > 0, thing="targeting", rule=rule, value=targeting)
    return base + math.log(cost_ratio) / targeting
