"""A job of a comparison: all policies with one set of values of the levers, under some draws of the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from flowsim.comparison.design import Design, chosen
from flowsim.config.jobs import stored_request
from flowsim.config.request import Request
from flowsim.policy.annual_cost import annual_cost
from flowsim.policy.policy import Change, Policy
from flowsim.results.dataset import posts_dataset
from flowsim.results.registry import CHANNELS
from flowsim.results.sites import Site, along, sites
from flowsim.results.tally import Masses, exits, route_classes
from flowsim.results.visits import pool_posts
from flowsim.simulation.assumed import SetNumbers, draw, varied
from flowsim.simulation.engines import SIMULATING, Years
from flowsim.simulation.replay import repeated
from flowsim.simulation.simulate import Plan, Recorded, Traffic
from flowsim.sweeps.store import Store
from flowsim.sweeps.template import Shape
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.traffic import DRUGS, HEROIN
from flowsim.world.utilisation import busiest
from flowsim.world.world import World

PRIOR = -1
"""Label of the draw that is taken from the prior."""

OF_LOADS = (
    "entered_mass",
    "seized_mass",
    "seized_mass_by_checkpoint",
    "leaked_mass",
    "leaked_mass_by_class",
    "released_mass",
)
"""Variables of a year of consignments."""

OF_HONEST = (
    "vehicles",
    "referrals",
    "false_alarms",
    "delay",
    "delay_p95",
    "unfinished",
    "queue_length",
    "load",
    "cost",
)
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


def comparison_of(request: Request) -> Comparison:
    """What a request asks to be compared.

    Parameters
    ----------
    request
        What is asked for; `sets` is an option of the study.

    Raises
    ------
    ValueError
        If a policy is unknown or does not fit, or the draws cannot be shared out.
    """
    seed = request.plan.seed
    policies = chosen(request.compared, catalogue=request.catalogue(), world=request.world)
    count, years = request.draws or 1, request.plan.replications
    most = request.options["sets"]
    design = Design(policies=policies, draws=count, replications=years, most=most, seed=seed)
    intervals = varied(request.numbers())
    drawn = draw(intervals, draws=count, seed=seed)
    names = [str(name) for name in drawn.columns]
    assumed = tuple(SetNumbers(values=tuple(zip(names, map(float, row), strict=True))) for row in drawn.to_numpy())
    worlds = request.worlds
    return Comparison(
        world=replace(request.world, traffic=request.world.traffic.of_heroin()),
        design=design,
        draws=assumed if worlds is None else worlds.changes,
        prior=() if worlds is None else assumed[: design.sets],
        plan=replace(request.plan, workers=1),
        engine=request.engine,
    )


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
    return Shape(variables=(*OF_LOADS, *OF_HONEST, POLICY_COST), labels=labels, along=words)


def _sites(comparison: Comparison) -> list[Site]:
    """Sites under any policy, those of the world first."""
    base = comparison.world
    found = {site.name: site for site in sites(base)}
    for k, policy in enumerate(comparison.design.policies):
        if {site.name for site in sites(policy.apply(base))} <= found.keys():
            continue
        for number in range(comparison.design.sets):  # a lever may choose where a post stands
            own = comparison.design.in_set(number)[k]
            found = {site.name: site for site in sites(own.apply(base))} | found
    return [found[name] for name in dict.fromkeys((*(site.name for site in sites(base)), *found))]


def results(store: Store, number: int) -> xr.Dataset:
    """Results of a job.

    Parameters
    ----------
    store
        Store of the comparison.
    number
        Number of the job, which is that of the set.

    Returns
    -------
    Dataset
        `OF_LOADS` with dims (policy, draw, replication, drug, ...), `OF_HONEST` with dims (policy, draw, checkpoint),
        and `policy_cost` with dims (policy, draw).
    """
    comparison, shape = _opened(*_stamp(store))
    return simulated(comparison, shape, number)


def _stamp(store: Store) -> tuple[Path, int]:
    return store.path, (store.path / "plan" / "zarr.json").stat().st_mtime_ns


@lru_cache(maxsize=2)
def _opened(path: Path, stamp: int) -> tuple[Comparison, Shape]:
    """Comparison of a store, which a process reads once."""
    comparison = comparison_of(stored_request(Store(path).plan))
    return comparison, shape_of(comparison)


def simulated(comparison: Comparison, shape: Shape, number: int) -> xr.Dataset:
    """Simulate all policies with one set of values of the levers.

    Honest traffic of a policy is that under the first draw of the set, and loads meet it under all of them.

    Parameters
    ----------
    comparison
        What is compared.
    shape
        Variables and labels.
    number
        Number of the set.
    """
    design, room, plan = comparison.design, _Room(shape), comparison.plan
    changes = [comparison.draws[k] for k in design.draws_in(number)]
    changes += [comparison.prior[number]] if comparison.prior else []
    bases, policies = [change.apply(comparison.world) for change in changes], design.in_set(number)
    honest = _Honest(comparison)
    numbers: dict[str, Any] = {"seed": plan.seed, "horizon": plan.horizon}
    for years in _batches(plan.replications, MOST_YEARS):
        for draws in _batches(len(bases), MOST_DRAWS):
            again = repeated(comparison.engine, [bases[d] for d in draws], years=years, **numbers)
            for p, policy in enumerate(policies):
                traffic, posts = honest.of(policy.apply(bases[0]))
                for k, d in enumerate(draws):
                    world = policy.apply(bases[d])
                    room.put_loads((p, d, slice(years.start, years.stop)), world, again.masses(k, world, traffic))
                    room.put_honest(p, d, posts)
                    room.put(POLICY_COST, (p, d), _cost(policy, bases[d], world))
    return room.dataset()


def _batches(count: int, most: int) -> list[range]:
    """Numbers below a count in batches."""
    return [range(first, min(first + most, count)) for first in range(0, count, most)]


def _cost(policy: Policy, before: World, after: World) -> float:
    found = annual_cost(policy, before, after)
    return np.nan if found is None else found


class _Honest:
    """Honest traffic of the policies of a job, simulated once where it is the same."""

    def __init__(self, comparison: Comparison) -> None:
        self.plan, self.engine = comparison.plan, SIMULATING[comparison.engine]
        self.traffic = Traffic()

    def of(self, world: World) -> tuple[Recorded, xr.Dataset]:
        """Traffic of a world, and what it met at its checkpoints."""
        recorded = self.traffic.of(world)
        if not recorded:
            years = Years(world=world, seed=self.plan.seed, horizon=self.plan.horizon)
            recorded = [self.engine.traffic(years, span) for span in self.plan.spans()]
            self.traffic.keep(world, recorded)
        return recorded, self._met(world, recorded)

    def _met(self, world: World, recorded: Recorded) -> xr.Dataset:
        """What honest traffic met; the work of posts is that of the world, whatever honest traffic notices of it."""
        found = posts_dataset(world, pool_posts([part for part, _ in recorded]), policy="")
        load = busiest(world)
        values = [[load.get(name, np.nan) for name in found["checkpoint"].values]]
        return found.assign(load=found["delay"].copy(data=values))


class _Room:
    """Arrays with the labels of a job, filled policy by policy; what is not filled is NaN."""

    def __init__(self, shape: Shape) -> None:
        self.labels = shape.labels
        self.places = {name: {label: k for k, label in enumerate(own)} for name, own in shape.labels.items()}
        self.arrays: dict[str, npt.NDArray[np.float64]] = {}
        self.dims: dict[str, tuple[str, ...]] = {}
        of_year = {"seized_mass": ("channel", "agency"), "seized_mass_by_checkpoint": ("checkpoint",)}
        of_year |= {"leaked_mass": ("exit",), "leaked_mass_by_class": ("route_class",)}
        for name in OF_LOADS:
            self._add(name, "policy", "draw", "replication", "drug", *of_year.get(name, ()))
        for name in OF_HONEST:
            self._add(name, "policy", "draw", "checkpoint")
        self._add(POLICY_COST, "policy", "draw")

    def _add(self, name: str, *dims: str) -> None:
        self.dims[name] = dims
        self.arrays[name] = np.full([len(self.labels[dim]) for dim in dims], np.nan)

    def put(self, name: str, index: tuple[int | slice, ...], values: npt.ArrayLike) -> None:
        """Set values at a position."""
        self.arrays[name][index] = values

    def put_loads(self, index: tuple[int, int, slice], world: World, loads: Masses) -> None:
        """Set what became of the loads of a policy, a draw and some years."""
        where = [self.places["checkpoint"][site.name] for site in sites(world)]
        out = [self.places["exit"][name] for name in exits(world)]
        classes = [self.places["route_class"][name] for name in route_classes(world)]
        drug = [DRUGS.index(name) for name in self.labels["drug"]]
        released = world.detection.corruption.released * loads.seized.sum(-1)
        self.put("entered_mass", index, loads.entered[:, drug])
        self.put("released_mass", index, released[:, drug])
        self.put("seized_mass", index, loads.channels[:, drug])
        self.arrays["seized_mass_by_checkpoint"][index][..., where] = loads.seized[:, drug]
        self.arrays["leaked_mass"][index][..., out] = loads.leaked[:, drug]
        self.arrays["leaked_mass_by_class"][index][..., classes] = loads.leaked_by_class[:, drug]

    def put_honest(self, policy: int, draw: int, posts: xr.Dataset) -> None:
        """Set what honest traffic met."""
        where = [self.places["checkpoint"][name] for name in posts["checkpoint"].values.tolist()]
        for name in OF_HONEST:
            self.arrays[name][policy, draw, where] = posts[name].values[0]

    def dataset(self) -> xr.Dataset:
        """All of it."""
        data = {name: (self.dims[name], values) for name, values in self.arrays.items()}
        return xr.Dataset(data, coords={name: list(own) for name, own in self.labels.items()})
