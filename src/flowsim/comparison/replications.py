"""A job of a comparison: all policies with one set of values of the levers, under some draws of the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from flowsim.comparison.design import Design
from flowsim.policy.annual_cost import annual_cost
from flowsim.policy.policy import Change, Policy
from flowsim.results.dataset import masses_dataset, posts_dataset
from flowsim.results.honest_visits import pool_posts
from flowsim.results.registry import CHANNELS, POSTS, VARIABLES
from flowsim.results.sites import Site, along, sites
from flowsim.results.tally import Masses, exits, route_classes
from flowsim.simulation.engines import Years
from flowsim.simulation.replay import repeated
from flowsim.simulation.simulate import Plan, Recorded, SimulatedTraffic, met, side_by_side
from flowsim.sweeps.template import Shape
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.traffic import HEROIN
from flowsim.world.utilisation import busiest
from flowsim.world.world import World

PRIOR = -1
"""Label of the draw that is taken from the prior."""

OF_CONSIGNMENTS = (
    "entered_mass",
    "seized_mass",
    "seized_mass_by_checkpoint",
    "leaked_mass",
    "leaked_mass_by_class",
    "released_mass",
)
"""Variables of a year of consignments."""

OF_HONEST = tuple(own.name for own in VARIABLES if own.dims == POSTS and not own.name.endswith("_mcse"))
"""Variables of honest traffic, the same under all draws that share a set."""

MOST_YEARS = 20
"""Most years of consignments that are kept in memory at a time [1]."""

MOST_DRAWS = 12
"""Most draws of which they are [1]."""

POLICY_COST = "policy_cost"
"""What a policy costs in a year, besides fruitless searches."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared in which world."""

    world: World
    """World before any policy, with heroin alone."""

    design: Design
    """Policies, draws and sets."""

    draws: tuple[Change, ...]
    """Draws of the posterior, or of the intervals where there is none."""

    prior: tuple[Change, ...]
    """Draws of the intervals of the assumed numbers, one for each set; none if the others are such."""

    plan: Plan
    """How much is simulated."""

    engine: str
    """Engine that simulates."""


def shape_of(comparison: Comparison) -> Shape:
    """Variables and labels of the results of a job.

    Parameters
    ----------
    comparison
        What is compared.
    """
    where = _sites(comparison)
    design = comparison.design
    labels: dict[str, Sequence[Any]] = {
        "policy": [policy.name for policy in design.policies],
        "draw": [*range(design.draws_of_set), *([PRIOR] if comparison.prior else [])],
        "replication": list(range(design.replications)),
        "drug": [HEROIN],
        "channel": list(CHANNELS),
        "agency": list(AGENCIES),
        "checkpoint": [site.name for site in where],
        "exit": list(exits(comparison.world)),
        "route_class": list(route_classes(comparison.world)),
    }
    names = labels["checkpoint"]
    words = {name: (dim, dict(zip(names, own, strict=True))) for name, (dim, own) in along(where).items()}
    return Shape(variables=(*OF_CONSIGNMENTS, *OF_HONEST, POLICY_COST), labels=labels, along=words)


def _sites(comparison: Comparison) -> list[Site]:
    """Sites under any policy in any job, those of the world first.

    Where a post stands may depend on a lever and on the ways of a draw.
    """
    base = comparison.world
    found = {site.name: site for site in sites(base)}
    for k, policy in enumerate(comparison.design.policies):
        if {site.name for site in sites(policy.apply(base))} <= found.keys():
            continue
        for number in range(comparison.design.jobs):
            own = comparison.design.in_set(number)[k]
            for change in _draws(comparison, number):
                found = {site.name: site for site in sites(own.apply(change.apply(base)))} | found
    return [found[name] for name in dict.fromkeys((*(site.name for site in sites(base)), *found))]


def simulated(comparison: Comparison, number: int) -> xr.Dataset:
    """Simulate all policies with one set of values of the levers.

    Honest traffic of a policy is that under the first draw of the set, and consignments meet it under all of them. Each
    set has years of its own: replication r of set s is year s R + r of the random streams, of R replications.

    Parameters
    ----------
    comparison
        What is compared.
    number
        Number of the set; after the last, the job with the stated values.

    Returns
    -------
    Dataset
        `OF_CONSIGNMENTS` with dims (policy, draw, replication, drug, ...), `OF_HONEST` with dims (policy, draw,
        checkpoint), and `policy_cost` with dims (policy, draw).
    """
    design, plan = comparison.design, comparison.plan
    bases, policies = [c.apply(comparison.world) for c in _draws(comparison, number)], design.in_set(number)
    numbers: dict[str, Any] = {"seed": plan.seed, "horizon": plan.horizon}
    honest = SimulatedTraffic()
    found = [_Found() for _ in policies]
    own_years = design.years_in(number)
    for years in _batches(own_years, MOST_YEARS):
        for draws in _batches(range(len(bases)), MOST_DRAWS):
            again = repeated(comparison.engine, [bases[d] for d in draws], years=years, **numbers)
            for policy, own in zip(policies, found, strict=True):
                first = policy.apply(bases[0])
                how: dict[str, Any] = {"engine": comparison.engine, "plan": plan, "traffic": honest}
                traffic = met(Years(world=first, **numbers), **how)
                own.posts = _posts(policy, first, traffic) if own.posts is None else own.posts
                for k, d in enumerate(draws):
                    world = policy.apply(bases[d])
                    masses = again.masses(k, world, traffic)
                    labels = [year - own_years.start for year in years]
                    own.put(d, policy, before=bases[d], after=world, masses=masses, labels=labels)
    labels = [*range(design.draws_of_set), *([PRIOR] if comparison.prior else [])]
    return side_by_side([own.dataset(labels) for own in found])


def _draws(comparison: Comparison, number: int) -> list[Change]:
    """Draws of a job, of the posterior and then of the prior."""
    own = [comparison.draws[k] for k in comparison.design.draws_in(number)]
    return own + ([comparison.prior[min(number, comparison.design.sets - 1)]] if comparison.prior else [])


def _batches(numbers: range, most: int) -> list[range]:
    """Consecutive numbers in batches."""
    return [numbers[first : first + most] for first in range(0, len(numbers), most)]


@dataclass(kw_only=True)
class _Found:
    """Results of a policy, draw by draw."""

    posts: xr.Dataset | None = None
    """What honest traffic met."""

    panels: dict[int, list[xr.Dataset]] = field(default_factory=dict)
    """Masses of some years each, by draw."""

    costs: dict[int, float] = field(default_factory=dict)
    """Cost of the policy in a year, by draw [USD/year]."""

    def put(self, draw: int, policy: Policy, *, before: World, after: World, masses: Masses, labels: list[int]) -> None:
        """Add the masses of some years of a draw."""
        panel = masses_dataset(after, masses, policy=policy.name).assign_coords(replication=labels)
        self.panels.setdefault(draw, []).append(panel)
        self.costs[draw] = _cost(policy, before, after)

    def dataset(self, labels: Sequence[int]) -> xr.Dataset:
        """All of it along `draw`, of which honest traffic is the same for all."""
        assert self.posts is not None
        how: dict[str, Any] = {"data_vars": "all", "coords": "minimal", "compat": "override", "join": "outer"}
        panels = [xr.concat(self.panels[d], dim="replication", **how) for d in range(len(labels))]
        found = xr.concat(panels, dim="draw", **how).assign_coords(draw=list(labels)).transpose("policy", "draw", ...)
        posts = self.posts.expand_dims(draw=list(labels), axis=1)
        costs = [[self.costs[d] for d in range(len(labels))]]
        return found.merge(posts, compat="override", join="outer").assign({POLICY_COST: (("policy", "draw"), costs)})


def _posts(policy: Policy, world: World, traffic: Recorded) -> xr.Dataset:
    """What honest traffic met; the work of posts is that of the world, whatever honest traffic notices of it."""
    found = posts_dataset(world, pool_posts([part for part, _ in traffic]), policy=policy.name)
    largest = busiest(world)
    values = [[largest.get(name, np.nan) for name in found["checkpoint"].values]]
    return found.assign(utilisation=found["delay"].copy(data=values))[list(OF_HONEST)]


def _cost(policy: Policy, before: World, after: World) -> float:
    found = annual_cost(policy, before, after)
    return np.nan if found is None else found
