"""Design of a comparison: policies, posterior draws, and a Latin hypercube of the assumed levers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flowsim import checks
from flowsim.policy.policy import BASELINE, Policy, compose
from flowsim.world.hashes import long_hash
from flowsim.world.world import World

STATED = -1
"""Label of the job in which all levers have the values that are stated."""

MOST_SETS = 10_000
"""Largest number of sets of values of the assumed levers [1]."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Design of a comparison, in jobs with one set of values of the levers each."""

    policies: tuple[Policy, ...]
    """Policies, the baseline first."""

    draws: int
    """Number of posterior draws [1]."""

    replications: int
    """Years of consignments per draw, the same for all draws of a set and others for each set [1]."""

    most: int
    """Largest number of sets of values of the assumed levers [1]."""

    seed: int
    """Seed of the values of the levers."""

    def __post_init__(self) -> None:
        whole = type(self.most) is int and 1 <= self.most <= MOST_SETS
        rule = f"be a whole number from 1 to {MOST_SETS}"
        checks.require(whole, thing="study.sets", rule=rule, value=self.most)
        each, most = self.draws_of_set, self.most
        rule = f"be at most {most}, or a multiple of {each} that shares them out over at most {most} sets"
        checks.require(self.draws % each == 0, thing="draws", rule=rule, value=self.draws)

    @property
    def draws_of_set(self) -> int:
        """Number of posterior draws per set [1]."""
        return -(-self.draws // self.most)

    @property
    def sets(self) -> int:
        """Number of sets of values of the levers [1]."""
        return self.draws // self.draws_of_set

    @property
    def jobs(self) -> int:
        """Number of jobs [1]: one for each set, and one with the stated values if levers have an interval."""
        return self.sets + any(policy.of_changes.uncertain for policy in self.policies)

    @property
    def labels(self) -> list[int]:
        """Label of each job: the number of its set, or `STATED`."""
        return [*range(self.sets), STATED][: self.jobs]

    def draws_in(self, number: int) -> range:
        """Draws of the set of a number; those of the job with the stated values are spread evenly over all."""
        if number == self.sets:
            return range(0, self.draws, self.sets)
        return range(number * self.draws_of_set, (number + 1) * self.draws_of_set)

    def years_in(self, number: int) -> range:
        """Years of the random streams that the draws of a job share; no other job has them."""
        return range(number * self.replications, (number + 1) * self.replications)

    def quantiles(self, number: int) -> dict[str, float]:
        """Quantile of each lever's distribution in a set, by name.

        The values of a lever over the sets are a Latin hypercube, one in each of as many equal slices of (0, 1); they
        depend on its name and the seed alone, so adding a policy changes none of them.
        """
        found = {}
        for name in dict.fromkeys(p.name for policy in self.policies for p in policy.uncertain):
            rng = np.random.default_rng([self.seed, long_hash(name)])
            slices, inside = rng.permutation(self.sets), rng.random(self.sets)
            found[name] = float((slices[number] + inside[number]) / self.sets)
        return found

    def in_set(self, number: int) -> tuple[Policy, ...]:
        """Policies with the values of a set, or as stated in the job after the last set."""
        if number == self.sets:
            return self.policies
        quantiles = self.quantiles(number)
        return tuple(
            policy.drawn({parameter.name: quantiles[parameter.name] for parameter in policy.uncertain})
            for policy in self.policies
        )


def chosen(names: str | Sequence[str] | None, *, catalogue: Sequence[Policy], world: World) -> tuple[Policy, ...]:
    """Policies to compare, the baseline first.

    Parameters
    ----------
    names
        Names as `a` or, for several applied together, `a+b`; by default every policy compatible with the world.
    catalogue
        All available policies.
    world
        World of the comparison.

    Raises
    ------
    ValueError
        If a name is unknown or given twice, nothing is left to compare, or a named policy is incompatible.
    """
    named = {policy.name: policy for policy in catalogue}
    names = [names] if isinstance(names, str) else names
    if names is None:
        found = [policy for policy in catalogue if policy.name != BASELINE.name and _fits(policy, world)]
    else:
        checks.unique(names, thing="policies")
        found = [_composed(name, named) for name in names if name != BASELINE.name]
        for policy in found:
            try:
                policy.apply(world)
            except ValueError as error:
                raise ValueError(f"policies: {policy.name} does not fit world={world.name}: {error}") from None
    checks.require(bool(found), thing="policies", rule="name a policy besides the baseline", value=names)
    return (named.get(BASELINE.name, BASELINE), *found)


def _composed(name: str, named: Mapping[str, Policy]) -> Policy:
    parts = name.split("+")
    for part in parts:
        checks.known(part, tuple(named), thing="policies")
    return named[name] if len(parts) == 1 else compose([named[part] for part in parts])


def _fits(policy: Policy, world: World) -> bool:
    try:
        policy.apply(world)
    except ValueError:
        return False
    return True


def described(design: Design) -> Iterator[str]:
    """Lines describing a design, as its identity."""
    yield f"draws: {design.draws} in {design.sets} sets"
    yield f"replications: {design.replications}"
    for policy in design.policies:
        yield f"policy {policy.name}: {policy.title}"
        for parameter in policy.parameters:
            span = "" if parameter.low is None else f" in [{parameter.low:g}, {parameter.high:g}] {parameter.law}"
            yield f"  {parameter.name}: {parameter.value:g}{span}"
        for change in policy.changes:
            yield f"  {change}"
