"""What a policy costs in a year, with its interval."""

from __future__ import annotations

import math

import numpy as np

from flowsim import checks
from flowsim.policy.cost import PER, Cost
from flowsim.policy.policy import Policy
from flowsim.world.world import World

__all__ = ["PER", "Cost", "annual_cost", "annual_costs", "annual_interval"]

DRAWS = 500
"""Draws of the interval of a cost."""

LEVEL = 0.9
"""Probability of that interval."""


def annual_cost(policy: Policy, before: World, after: World) -> float | None:
    """Cost of a policy in a year; None if it is unknown [USD/year].

    Capital is spread over its life in equal parts, without interest. Amounts are those of the year that their source
    speaks of; prices are not carried from one year to another.

    Parameters
    ----------
    policy
        Policy, with the values of its parameters that are in use; of a composition, each part is counted over its own
        changes.
    before
        World without the policy.
    after
        World under it, as `policy.apply(before)` gives it.

    Raises
    ------
    ValueError
        If a cost is of a device that the worlds lack, or a part of a composition does not fit the world.
    """
    parts = annual_costs(policy, before, after)
    return None if parts is None else math.fsum(parts)


def annual_costs(policy: Policy, before: World, after: World) -> tuple[float, ...] | None:
    """Each of the costs of a policy in a year, in their order; None if the cost is unknown [USD/year].

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
    """Interval of the cost of a policy in a year over the laws of its parameters; None if unknown [USD/year].

    The worlds stay as they are: a parameter that stands in a change too is drawn for the cost alone. The draws are the
    same in every call.

    Parameters
    ----------
    policy, before, after
        As in `annual_cost`.
    level
        Probability that the interval holds, in (0, 1].
    draws
        Number of draws [1].

    Raises
    ------
    ValueError
        If the level lies outside (0, 1] or there is not one draw, or as in `annual_cost`.
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
    """Units of each cost, counted over the changes of the part of the policy that it belongs to."""
    if not policy.cost_spans:
        return [cost.counted(before, after) for cost in policy.costs]
    steps = [before]
    for change in policy.changes:
        steps.append(change.apply(steps[-1]))
    spans = zip(policy.costs, policy.cost_spans, strict=True)
    return [cost.counted(steps[first], steps[last]) for cost, (first, last) in spans]
