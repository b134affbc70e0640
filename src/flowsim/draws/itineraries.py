"""Possible ways of the vehicles of a world, each made on first use and cached for later draws."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from flowsim.draws.choices import LEAVES, Choices, RouteOption, choices, cities_on
from flowsim.draws.roster import Way
from flowsim.draws.visits import Itinerary, itinerary
from flowsim.world.dependence import Read, Reader, read
from flowsim.world.dependence import key as key_of
from flowsim.world.hubs import Hub
from flowsim.world.network import Route
from flowsim.world.populations import Population
from flowsim.world.traffic import Flow, PopulationStream
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class Options:
    """Choices open to the consignments of one stream of random numbers."""

    stream: str
    """Name of the stream."""

    tips: float
    """Factor on the probability of a tip [1]."""

    branches: Sequence[RouteOption]
    """Routes open to choice."""

    classes: Sequence[tuple[str, float]]
    """Classes of vehicle with their shares [1]."""

    arrays: Choices
    """Both as arrays."""

    known: dict[int, Way] = field(default_factory=dict)
    """Ways taken so far, by their numbers."""


_Stretch: TypeAlias = tuple[tuple[str, ...], str, str, int | None, int]
"""Path, mode and class of vehicle of an itinerary, and its first and last place."""


class _Paths:
    """Itineraries along the paths of a network with its checkpoints, whatever the shares of its routes."""

    def __init__(self, world: World) -> None:
        """Begin with none.

        Parameters
        ----------
        world
            A world with the network and the checkpoints.
        """
        self.world, self.stops = world, key_of(world.checkpoints, Reader.STOPS)
        self.stretches: dict[Itinerary, _Stretch] = {}
        self._whole: dict[tuple[tuple[str, ...], str, str], Itinerary] = {}
        self._parts: dict[_Stretch, Itinerary] = {}

    def serve(self, world: World) -> bool:
        """Whether the same itineraries lead through a world."""
        same_stops = self.stops == key_of(world.checkpoints, Reader.STOPS)
        return same_stops and self.world.network.legs == world.network.legs

    def along(self, stretch: _Stretch) -> Itinerary:
        """Itinerary of a stretch, shared by all streams on the same path."""
        path, mode, vehicle_class, start, last = stretch
        whole = (path, mode, vehicle_class)
        if whole not in self._whole:
            kind = {"vehicle_class": vehicle_class, "direction": "through", "mode": mode}
            self._whole[whole] = itinerary(self.world, path, **kind)
        if stretch not in self._parts:
            self._parts[stretch] = self._whole[whole].between(start, last)
            self.stretches[self._parts[stretch]] = stretch
        return self._parts[stretch]


MOST_PATHS = 8
"""Most networks whose itineraries are cached."""

_known: list[_Paths] = []


def _paths_of(world: World) -> _Paths:
    """Itineraries along the paths of a world, cached for worlds that differ in the choice of ways only."""
    found = next((own for own in _known if own.serve(world)), None) or _Paths(world)
    _known[:] = [found, *(own for own in _known if own is not found)][:MOST_PATHS]
    return found


class Itineraries:
    """The ways of a world."""

    def __init__(self, world: World) -> None:
        """Begin with no way.

        Parameters
        ----------
        world
            World of the ways.
        """
        self.world, self._paths = world, _paths_of(world)
        self._consignments: dict[tuple[str, float, Itinerary], Way] = {}
        self._flows: dict[tuple[Hashable, ...], Way] = {}
        self._options: dict[tuple[str, str], Options] = {}

    def of_flow(self, flow: Flow) -> Way:
        """Way of the vehicles of a flow of honest traffic."""
        kind = {"vehicle_class": flow.vehicle_class, "direction": flow.direction, "mode": flow.mode}
        key = (flow.name, flow.path, *kind.values())
        if key not in self._flows:
            own = itinerary(self.world, flow.path, **kind)
            self._flows[key] = Way(itinerary=own, stream=f"honest:{flow.name}", loaded=False)
        return self._flows[key]

    def of_stream(self, consignments: PopulationStream) -> Options:
        """Ways of the consignments of a population in a stream."""
        key, stream = (consignments.name, ""), consignments.stream
        if key not in self._options:
            retained = self.world.traffic.retained_share
            branches = [
                RouteOption(
                    route=route,
                    weight=route.weight,
                    cities=cities_on(self.world, route),
                    retained=retained,
                    hub=hub_on(self.world, route),
                )
                for route in self.world.routes_of(stream.origin, mode=stream.mode)
            ]
            shares = self.world.traffic.classes_of(stream.mode)
            classes = [(share.vehicle_class, share.share) for share in shares]
            self._add(key, f"consignment:{consignments.name}", consignments.population, branches, classes)
        return self._options[key]

    def of_parts(self, consignments: PopulationStream, *, hub: Hub) -> Options:
        """Ways of the parts in which the consignments of a population in a stream leave a hub."""
        key = (consignments.name, hub.place)
        if key not in self._options:
            branches = [
                _beyond(self.world, route, position=position, weight=weight)
                for route, position, weight in onward(self.world, hub, drug=consignments.stream.drug)
            ]
            name = f"consignment:{consignments.name}:parts"
            self._add(key, name, consignments.population, branches, list(hub.classes))
        return self._options[key]

    def way(self, options: Options, number: int) -> Way:
        """Way of consignments by its number among their choices."""
        if number not in options.known:
            arrays = options.arrays
            branch = options.branches[arrays.way_branch[number]]
            position, _ = branch.ends[arrays.way_end[number]]
            route, start = branch.route, branch.start
            last = len(route.path) - 1 if position == LEAVES else position
            vehicle_class = options.classes[arrays.way_class[number]][0]
            stretch = route.path, route.mode, vehicle_class, start, last
            options.known[number] = self._way(options.stream, stretch, tips=options.tips)
        return options.known[number]

    def _add(
        self,
        key: tuple[str, str],
        stream: str,
        population: Population,
        branches: list[RouteOption],
        classes: list[tuple[str, float]],
    ) -> None:
        arrays, tips = choices(self.world, branches, classes=classes), population.tips
        self._options[key] = Options(stream=stream, tips=tips, branches=branches, classes=classes, arrays=arrays)

    def like(self, way: Way, other: Itineraries) -> Way:
        """Way here of the consignments that take a way of another world with the same routes."""
        return self._way(way.stream, other._paths.stretches[way.itinerary], tips=way.tips)

    def _way(self, stream: str, stretch: _Stretch, *, tips: float) -> Way:
        own = self._paths.along(stretch)
        if (stream, tips, own) not in self._consignments:
            self._consignments[stream, tips, own] = Way(itinerary=own, stream=stream, loaded=True, tips=tips)
        return self._consignments[stream, tips, own]


@lru_cache(maxsize=32)
def _kept(passable: Read[World]) -> Itineraries:
    return Itineraries(passable.whole)


def ways_of(world: World) -> Itineraries:
    """Ways of a world, cached for all worlds with the same possible ways of consignments.

    They do not depend on inspections, nor on the sizes or the number of consignments.

    Parameters
    ----------
    world
        World of the ways.
    """
    return _kept(read(world, Reader.WAYS))


def hub_on(world: World, route: Route) -> tuple[Hub, int] | None:
    """First hub with a store on the path of a route by road, with its position; None if there is none."""
    stores = {hub.place: hub for hub in world.hubs if hub.share > 0.0}
    if route.mode == "road":
        for position, place in enumerate(route.path[:-1]):
            if place in stores:
                return stores[place], position
    return None


def onward(world: World, hub: Hub, *, drug: str) -> list[tuple[Route, int, float]]:
    """Routes on which parts leave a hub, with the position of the hub on the path and the weight [1]."""
    shares = {s.origin: s.share for s in world.traffic.streams if s.drug == drug and s.mode == "road"}
    passing = world.routes_through(hub.place)
    return [(route, k, shares[route.origin] * route.weight) for route, k in passing if route.origin in shares]


def _beyond(world: World, route: Route, *, position: int, weight: float) -> RouteOption:
    """Branch of a route from a hub on, with the cities after it.

    Its share of retained consignments is relative to those that do not end at or before the hub.
    at or before it.
    """
    cities, share = cities_on(world, route), world.traffic.retained_share
    after = [(k, weight) for k, weight in cities if k > position]
    if not after:
        return RouteOption(route=route, weight=weight, cities=[], retained=0.0, start=position)
    whole = sum(weight for _, weight in cities)
    beyond = share * sum(weight for _, weight in after) / whole
    before = share * sum(weight for k, weight in cities if k <= position) / whole
    return RouteOption(route=route, weight=weight, cities=after, retained=beyond / (1.0 - before), start=position)
