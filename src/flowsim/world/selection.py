"""Selection for secondary inspection: one risk score against one threshold."""

from __future__ import annotations

import math

from scipy.special import ndtri

from flowsim import checks


def threshold(referral: float, *, targeting: float = 0.0, cost_ratio: float = 1.0) -> float:
    """Risk score above which a vehicle is referred [1].

    Honest vehicles score N(0, 1), so a share `referral` of them lies above; vehicles with a consignment score N(d, 1),
    where d is the power of targeting. A share of 0 gives infinity and of 1 minus infinity. The log likelihood ratio of
    a score s is d s - d ** 2 / 2. An agency that weighs a fruitless search against a find refers above a log likelihood
    ratio shifted by the log of the cost ratio, hence above a score shifted by ln(cost_ratio) / d.

    Parameters
    ----------
    referral
        Share of honest vehicles referred at a cost ratio of 1 [1].
    targeting
        Mean risk score of a vehicle with a consignment, d [1].
    cost_ratio
        Cost of a fruitless search to the agency relative to its cost at the observed `referral` [1].

    Raises
    ------
    ValueError
        If the cost ratio differs from 1 and targeting is not above 0, so that the score does not discriminate.
    """
    base = -float(ndtri(referral))
    if cost_ratio == 1.0:
        return base
    rule = "be above 0 where the cost ratio of a fruitless search is not 1"
    checks.require(targeting > 0, thing="targeting", rule=rule, value=targeting)
    return base + math.log(cost_ratio) / targeting
