"""Facts about several stages together: what a chain says of each, to be fitted or to be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from flowsim.chain.stages import ChainFact, Floats, Followed, Onward, RouteChain


def said_of(fact: ChainFact, chain: RouteChain, followed: Followed, shares: Onward) -> Floats:
    """What a chain says of a fact, dims (...) [1].

    Parameters
    ----------
    fact
        The fact.
    chain
        The chain.
    followed
        Mass through its stages.
    shares
        Shares of what is not seized.
    """
    at, year = chain.position(fact.stage), chain.years.index(fact.year)
    of = chain.position(fact.of) if fact.of else 0
    return MEANINGS[fact.quantity](followed, shares, at, of, year)


def _inflow_over_passed(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """Inflow of a stage over what another passes on."""
    return np.asarray(followed.inflow[..., at, year] / followed.passed[..., of, year])


def _part_of_inflow(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """Part of a stage's inflow that comes from another."""
    return np.asarray(shares.split[..., of, at] * followed.passed[..., of, year] / followed.inflow[..., at, year])


def _seized_upstream(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """Of what is seized from the second stage to a stage, the part before that stage."""
    seized = followed.seized[..., 1 : at + 1, year]
    return np.asarray(seized[..., :-1].sum(axis=-1) / seized.sum(axis=-1))


def _seized_share(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """What is seized after a stage, up to and with another, over what the former passes on."""
    seized = followed.seized[..., of + 1 : at + 1, year].sum(axis=-1)
    return np.asarray(seized / followed.passed[..., of, year])


def _mean_rate(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """Rate of a stage in the median of all years."""
    return np.asarray(np.median(followed.rate[..., at, :], axis=-1))


def _rate_over(followed: Followed, shares: Onward, at: int, of: int, year: int) -> Floats:
    """Rate of a stage over that of another."""
    return np.asarray(followed.rate[..., at, year] / followed.rate[..., of, year])


MEANINGS: Mapping[str, Callable[[Followed, Onward, int, int, int], Floats]] = {
    "inflow_over_passed": _inflow_over_passed,
    "part_of_inflow": _part_of_inflow,
    "seized_upstream": _seized_upstream,
    "seized_share": _seized_share,
    "mean_rate": _mean_rate,
    "rate_over": _rate_over,
}
"""What a chain says of a fact, by its quantity."""
