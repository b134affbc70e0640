"""Selection for secondary inspection: one risk score, and thresholds that weigh a find against a scarce search."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy.special import ndtr, ndtri

from flowsim import checks
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.honest_work import Floats, arrivals, bay_time
from flowsim.world.world import World

MOST_BUSY = 0.95
"""Largest mean utilisation of the bays up to which cheaper searches are made [1]; judgement: at 1 queues grow."""


def threshold(referral: float) -> float:
    """Risk score above which vehicles are referred at the observed cost of a fruitless search [1].

    Honest vehicles score N(0, 1), so a share `referral` of them lies above; vehicles with a consignment score N(d, 1),
    where d is the power of targeting. A share of 0 gives infinity and of 1 minus infinity.

    Parameters
    ----------
    referral
        Share of honest vehicles referred [1].
    """
    return -float(ndtri(referral))


def share_above(referral: float, shift: float) -> float:
    """Share of honest vehicles above a threshold that was shifted [1].

    Parameters
    ----------
    referral
        Share above it before [1].
    shift
        Shift of the threshold [1].
    """
    return referral if shift == 0.0 else float(ndtr(-(threshold(referral) + shift)))


def threshold_shifts(world: World) -> tuple[float, ...]:
    r"""Shift of the thresholds of each checkpoint by the cost of a fruitless search, dims (checkpoint,) [1].

    The log likelihood ratio of a score s is :math:`d s - d^2 / 2`. An agency that weighs a fruitless search against a
    find refers above a ratio that grows with the cost of the search, so the threshold moves by :math:`\ln(r) / d` for
    a cost r times the observed one. Searches are scarce: the same bays hold those of all lanes of a post. Where cheaper
    searches would keep its bays busier than `MOST_BUSY`, each has a shadow price p besides, for which the threshold
    moves by :math:`\ln(r + p) / d` only, with p the least with which the bays hold out, and r + p at most 1.

    Parameters
    ----------
    world
        World, with the cost of a search in its detection.

    Raises
    ------
    ValueError
        If the cost differs from the observed one and targeting is not above 0, so that the score does not discriminate.
    """
    ratio, targeting = world.detection.cost_ratio, world.detection.targeting
    if ratio == 1.0:
        return (0.0,) * len(world.checkpoints)
    rule = "be above 0 where Detection.cost_ratio is not 1"
    checks.require(targeting > 0, thing="Detection.targeting", rule=rule, value=targeting)
    wish = math.log(ratio) / targeting
    if wish > 0:
        return (wish,) * len(world.checkpoints)
    rates = arrivals(world)
    return tuple(_affordable(world, c, post, rates=rates, wish=wish) for c, post in enumerate(world.checkpoints))


def _affordable(
    world: World, c: int, post: Checkpoint, *, rates: Mapping[tuple[int, int], Floats], wish: float
) -> float:
    """Shift down to the wished one that keeps the bays of a checkpoint from being too busy [1]."""
    hours = bay_time(world, post) / post.bays
    groups = [(group.referral, float(rates[c, g].mean()) * hours) for g, group in enumerate(post.groups)]

    def left(shift: float) -> float:
        return MOST_BUSY - math.fsum(work * share_above(referral, shift) for referral, work in groups)

    if left(wish) >= 0.0:
        return wish
    # A post that is too busy already searches as before: a cheaper search gives it no hours.
    if left(0.0) <= 0.0:
        return 0.0
    from scipy.optimize import brentq  # here, because it takes half a second to import

    return float(brentq(left, wish, 0.0, xtol=1e-12))
