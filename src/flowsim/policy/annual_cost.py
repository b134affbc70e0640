"""Annual cost of a policy, with its interval."""

from __future__ import annotations

import math

import numpy as np

from flowsim import checks
from flowsim.policy.cost import PER, Cost
from flowsim.policy.policy import Policy
from flowsim.world.world import World

__all__ = ["PER", "Cost", "annual_cost", "annual_costs", "annual_interval"]

DRAWS = 500
"""Draws for the interval of a cost."""

LEVEL = 0.9
"""Probability of the interval."""


def annual_cost(policy: Policy, before: World, after: World) -> float | None:
    """Annual cost of a policy; None if it is unknown [USD/year].

    Capital is depreciated linearly over its life, without interest. Amounts are in prices of the year of their source,
    without conversion between years.

    Parameters
    ----------
    policy
        Policy, with the current values of its parameters; of a composition, each part is counted over its own changes.
    before
        World without the policy.
    after
        World under the policy, from `policy.apply(before)`.

    Raises
    ------
    ValueError
        If a device with a cost is absent from both worlds, or a part of a composition does not fit the world.
    """
    parts = annual_costs(policy, before, after)
    return None if parts is None else math.fsum(parts)


def annual_costs(policy: Policy, before: World, after: World) -> tuple[float, ...] | None:
    """Annual amount of each cost of a policy, in order; None if the cost is unknown [USD/year].

    Parameters
    ----------
    policy, before, after
        As in `annual_cost`.

    Raises
    ------
    ValueError
        As in `annual_cost`.
    """
    if policy.cost_is_unknown:
        return None
    counts = _counts(policy, before, after)
    return tuple(cost.annual(count) for cost, count in zip(policy.costs, counts, strict=True))


def annual_interval(
    policy: Policy, before: World, after: World, *, level: float = LEVEL, draws: int = DRAWS
) -> tuple[float, float] | None:
    """Interval of the annual cost of a policy over the laws of its parameters; None if unknown [USD/year].

    The worlds stay fixed: a parameter shared with a change is drawn for the cost alone. The draws are the same in every
    call.

    Parameters
    ----------
    policy, before, after
        As in `annual_cost`.
    level
        Probability of the interval, in (0, 1].
    draws
        Number of draws [1].

    Raises
    ------
    ValueError
        If the level lies outside (0, 1] or there are no draws, or as in `annual_cost`.
    """
    checks.require(0 < level <= 1, thing="annual_interval: level", rule="lie in (0, 1]", value=level)
    checks.require(draws >= 1, thing="annual_interval: draws", rule="be at least 1", value=draws)
    if policy.cost_is_unknown:
        return None
    counts, only = _counts(policy, before, after), policy.of_costs
    uniforms = np.random.default_rng(0).random((draws, len(only.uncertain)))
    found = []
    for row in uniforms:
        drawn = only.drawn({parameter.name: float(u) for parameter, u in zip(only.uncertain, row, strict=True)})
        found.append(math.fsum(cost.annual(count) for cost, count in zip(drawn.costs, counts, strict=True)))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(policy: Policy, before: World, after: World) -> list[float]:
    """Units of each cost, counted over the changes of its part of the policy."""
    if not policy.cost_spans:
        return [cost.counted(before, after) for cost in policy.costs]
    steps = [before]
    for change in policy.changes:
        steps.append(change.apply(steps[-1]))
    spans = zip(policy.costs, policy.cost_spans, strict=True)
    return [cost.counted(steps[first], steps[last]) for cost, (first, last) in spans]
