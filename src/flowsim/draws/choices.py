"""Choices open to a consignment: routes, classes of vehicle, and cities or a hub at the end of its journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats
from flowsim.world.hubs import Hub
from flowsim.world.network import Route
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.world import World

LEAVES = -1
"""Position of the city on the path of a consignment that leaves the country."""

NOWHERE = -1
"""End of a journey at a hub on a branch without a hub."""


def cities_on(world: World, route: Route) -> list[tuple[int, float]]:
    """Positions of retaining cities on the path of a route, with their weights [1]."""
    weights = dict(world.traffic.city_weights)
    return [(k, weights[place]) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]


@dataclass(frozen=True, kw_only=True)
class RouteOption:
    """A route open to choice, and the possible ends of a journey on it."""

    route: Route
    """The route."""

    weight: float
    """Its weight among the routes open to choice [1]."""

    cities: Sequence[tuple[int, float]]
    """Positions of retaining cities on its path, with their weights [1]."""

    retained: float
    """Share of consignments that end in one of them [1]."""

    start: int | None = None
    """Position on its path of the hub where parts begin; by default consignments enter at its first place."""

    hub: tuple[Hub, int] | None = None
    """Hub where consignments are stored, with its position on the path."""

    @cached_property
    def ends(self) -> list[tuple[int, bool]]:
        """Possible ends of a journey, `LEAVES` first, each with 1 if it is a store."""
        stored = [] if self.hub is None else [(self.hub[1], True)]
        return sorted([(LEAVES, False), *((position, False) for position, _ in self.cities), *stored])


class Choices(NamedTuple):
    """Branches and classes as arrays; a way is a branch, a class of vehicle and an end, counted in that order."""

    branches: Floats
    """Sums of the weights of the branches, dims (branch,)."""

    classes: Floats
    """Sums of the shares of the classes, dims (class,)."""

    retained: Floats
    """Share of consignments that end in a city, dims (branch,) [1]."""

    first_city: Ints
    """First city of each branch and, last, the number of cities, dims (branch + 1,)."""

    cities: Floats
    """Sums of the weights of the cities of a branch, dims (city,)."""

    city_end: Ints
    """Number of each city among the ends of its branch, dims (city,)."""

    hub_share: Floats
    """Share of consignments stored at the hub of the branch, dims (branch,) [1]."""

    hub_end: Ints
    """Number of the hub among the ends of the branch, or `NOWHERE`, dims (branch,)."""

    part: Floats
    """Largest mass of a part that leaves the hub, dims (branch,) [kg]."""

    first_way: Ints
    """First way of each branch and, last, the number of ways, dims (branch + 1,)."""

    ends: Ints
    """Number of ends of each branch, dims (branch,)."""

    way_branch: Ints
    """Branch of each way, dims (way,)."""

    way_class: Ints
    """Class of each way, dims (way,)."""

    way_end: Ints
    """End of each way, dims (way,)."""

    vehicle_class: Ints
    """Index of the class of each way in `traffic.VEHICLE_CLASSES`, dims (way,)."""

    route: Ints
    """Index of the route of each way, dims (way,)."""

    finish: Ints
    """Index of the last place of each way, dims (way,)."""

    in_city: Bools
    """Whether each way ends in a city, dims (way,)."""

    in_store: Bools
    """Whether each way ends in store at a hub, dims (way,)."""


def choices(world: World, branches: Sequence[RouteOption], *, classes: Sequence[tuple[str, float]]) -> Choices:
    """Write branches and classes as arrays.

    Parameters
    ----------
    world
        World of the branches.
    branches
        Routes open to choice.
    classes
        Classes of vehicle with their shares [1].
    """
    numbers = {route.name: k for k, route in enumerate(world.network.routes)}
    ends = [branch.ends for branch in branches]
    ways = [(b, c, e) for b in range(len(branches)) for c in range(len(classes)) for e in range(len(ends[b]))]
    way_branch, way_class, way_end = np.array(ways, dtype=np.int64).reshape(-1, 3).T.copy()
    kinds = np.array([VEHICLE_CLASSES.index(name) for name, _ in classes], dtype=np.int64)
    cities = [(b, position, weight) for b, branch in enumerate(branches) for position, weight in branch.cities]
    hubs = [branch.hub for branch in branches]
    finish = {
        (b, e): world.network.index(branches[b].route.path[position])  # LEAVES is the last place
        for b, positions in enumerate(ends)
        for e, (position, _) in enumerate(positions)
    }
    stored = np.array([ends[b][e][1] for b, _, e in ways], dtype=np.bool_)
    return Choices(
        branches=np.cumsum([branch.weight for branch in branches]),
        classes=np.cumsum([share for _, share in classes]),
        retained=np.array([branch.retained for branch in branches]),
        first_city=_starts([len(branch.cities) for branch in branches]),
        cities=np.array([total for branch in branches for total in np.cumsum([w for _, w in branch.cities])]),
        city_end=np.array([ends[b].index((position, False)) for b, position, _ in cities], dtype=np.int64),
        hub_share=np.array([0.0 if hub is None else hub[0].share for hub in hubs]),
        hub_end=np.array(
            [NOWHERE if hub is None else ends[b].index((hub[1], True)) for b, hub in enumerate(hubs)], dtype=np.int64
        ),
        part=np.array([np.inf if hub is None else hub[0].part for hub in hubs]),
        first_way=_starts([len(classes) * len(positions) for positions in ends]),
        ends=np.array([len(positions) for positions in ends], dtype=np.int64),
        way_branch=way_branch,
        way_class=way_class,
        way_end=way_end,
        vehicle_class=kinds[way_class],
        route=np.array([numbers[branches[b].route.name] for b, _, _ in ways], dtype=np.int64),
        finish=np.array([finish[b, e] for b, _, e in ways], dtype=np.int64),
        in_city=np.array([ends[b][e][0] != LEAVES for b, _, e in ways], dtype=np.bool_) & ~stored,
        in_store=stored,
    )


def _starts(counts: Sequence[int]) -> Ints:
    return np.cumsum([0, *counts], dtype=np.int64)
