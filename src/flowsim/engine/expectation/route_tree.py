"""Ways of consignments as a tree; consignments with the same checkpoints so far share a branch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.engine.expectation import rings
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.hubs import Hub
from flowsim.world.network import Route
from flowsim.world.traffic import Law
from flowsim.world.world import Stop, World

Floats = npt.NDArray[np.float64]

FREE, INTACT, OPENED = range(3)
"""Role of a seal at a checkpoint: none, or intact, or opened and closed again."""

LEAVES, KEPT, STORED = range(3)
"""Kinds of end: the consignment leaves the country, stays in a city, or is stored at a hub."""


class Crossing(NamedTuple):
    """One checkpoint on a way."""

    checkpoint: int
    """Index of the checkpoint."""

    group: int
    """Index of its lane group."""

    seal: int
    """One of `FREE` to `OPENED`."""

    first: bool
    """Whether it is the first of its agency on the way, the only one at which a tip works."""

    arriving: float
    """Share of the consignments under way to it that no case takes before [1]."""


class End(NamedTuple):
    """End of consignments."""

    kind: int
    """One of `LEAVES` to `STORED`."""

    which: int
    """Exit, site of the city, or hub."""

    site: int
    """Site of a seizure by a case that ripens on the last part of the way."""

    arriving: float
    """Share of the consignments under way to it that no case takes before [1]."""


@dataclass
class Branch:
    """Consignments with the same checkpoints so far; arrays have dims (mass,)."""

    coming: Floats
    """Consignments that come here if none is taken before."""

    ends: dict[End, Floats] = field(default_factory=dict)
    """Consignments among them that meet no further checkpoint."""

    onward: dict[Crossing, Branch] = field(default_factory=dict)
    """Consignments among them that meet a further one."""


def sites_of_places(world: World) -> dict[str, int]:
    """Sites after the checkpoints: hubs, cities and last places of routes, in the order of the network.

    There are none in a world without cases, hubs and a market.
    """
    hubs = {hub.place for hub in world.hubs if hub.share > 0}
    if not (world.detection.intelligence.has_cases or hubs or world.traffic.market > 0):
        return {}
    cities = {place for place, weight in world.traffic.city_weights if weight > 0}
    where = hubs | cities | {route.path[-1] for route in world.network.routes}
    names = [place.name for place in world.network.places if place.name in where]
    return {name: len(world.checkpoints) + k for k, name in enumerate(names)}


def hazard(world: World) -> float:
    """Rate at which cases ripen against the ring of a consignment [1/h]."""
    intelligence = world.detection.intelligence
    return (intelligence.cases_knb + intelligence.cases_committee) / intelligence.rings / HOURS_PER_YEAR


class ConsignmentRoutes:
    """All routes of a world in all classes of vehicle, each prepared on first use."""

    def __init__(self, world: World, *, sites: Mapping[str, int] | None = None) -> None:
        """Prepare none.

        Parameters
        ----------
        world
            World of the routes.
        sites
            Sites of places; by default those of the world.
        """
        self.world, self.sites = world, sites_of_places(world) if sites is None else sites
        self._known: dict[tuple[str, str, int | None], _Way] = {}

    def of(self, route: Route, vehicle_class: str, *, start: int | None = None) -> _Way:
        """Way of a class of vehicle along a route, from its first place or from a hub at position `start`."""
        key = (route.name, vehicle_class, start)
        if key not in self._known:
            self._known[key] = _Way(self.world, route, self.sites, vehicle_class=vehicle_class, start=start)
        return self._known[key]


def of_streams(
    ways: ConsignmentRoutes, drug: str, *, mass: Floats, shares: Mapping[float, Floats], sent: float
) -> Branch:
    """Consignments of a population in all streams of a drug along their routes, as far as a hub with a store.

    Parameters
    ----------
    ways
        Ways of the world.
    drug
        Their drug.
    mass
        Masses, dims (mass,) [kg].
    shares
        Probability of each mass in a vehicle of each capacity, dims (mass,) [1].
    sent
        Part of the drug's consignments of a year, by mass [1].
    """
    world, traffic = ways.world, ways.world.traffic
    root = Branch(np.zeros_like(mass))
    for stream in (stream for stream in traffic.streams if stream.drug == drug):
        classes = traffic.classes_of(stream.mode)
        mean = math.fsum(share.share * float(shares[share.capacity] @ mass) for share in classes)
        consignments = sent * stream.share * traffic.inflow_of(drug) / mean
        routes = world.routes_of(stream.origin, mode=stream.mode)
        of_route, of_class = math.fsum(r.weight for r in routes), math.fsum(share.share for share in classes)
        for route in routes:
            ends = _with_hub(world, route, _ends(ways, route))
            for share in classes:
                coming = consignments * (route.weight / of_route) * (share.share / of_class) * shares[share.capacity]
                way = ways.of(route, share.vehicle_class)
                for seal, chance in _seals(world, share.vehicle_class):
                    way.send(root, chance * coming, seal=seal, ends=ends)
    return root


def of_parts(ways: ConsignmentRoutes, hub: Hub, drug: str, *, masses: int) -> Branch:
    """Ways of the parts in which consignments of a drug leave a hub, as shares of the consignments in store.

    Parameters
    ----------
    ways, hub, drug
        Ways of the world, hub and drug.
    masses
        Number of masses [1].
    """
    world, passing = ways.world, ways.world.routes_through(hub.place)
    streams = [stream for stream in world.traffic.streams if stream.drug == drug and stream.mode == "road"]
    weights = [route.weight * math.fsum(s.share for s in streams if s.origin == route.origin) for route, _ in passing]
    whole = math.fsum(weights)
    root = Branch(np.zeros(masses))
    for (route, position), weight in zip(passing, weights, strict=True):
        if weight == 0.0:
            continue
        ends = _ends(ways, route)
        left = math.fsum(share for place, share, _ in ends if place > position)
        ends = [(place, share / left, end) for place, share, end in ends if place > position]
        for vehicle_class, part in hub.classes:
            way = ways.of(route, vehicle_class, start=position)
            seal = OPENED if vehicle_class == "tir" and world.detection.seals.green_lane else FREE
            way.send(root, np.full(masses, weight / whole * part), seal=seal, ends=ends)
    return root


Ends = list[tuple[int, float, tuple[int, int]]]
"""Position on the path, share of the consignments, and kind and index of each end."""


def _ends(ways: ConsignmentRoutes, route: Route) -> Ends:
    """Ends of a route: its cities, and its exit."""
    world, sites = ways.world, ways.sites
    exits = list(dict.fromkeys(route.exit for route in world.network.routes))
    weights = dict(world.traffic.city_weights)
    cities = [(k, place) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]
    retained = world.traffic.retained_share if cities else 0.0
    whole = math.fsum(weights[place] for _, place in cities)
    stays: Ends = [(k, retained * weights[p] / whole, (KEPT, sites.get(p, -1))) for k, p in cities]
    return [*stays, (len(route.path), 1.0 - retained, (LEAVES, exits.index(route.exit)))]


def _with_hub(world: World, route: Route, ends: Ends) -> Ends:
    """Ends of a route with a share of the consignments past its first hub stored there."""
    stores = {hub.place: k for k, hub in enumerate(world.hubs) if hub.share > 0}
    position = next((k for k, place in enumerate(route.path[:-1]) if place in stores), None)
    if position is None or route.mode != "road":
        return ends
    index = stores[route.path[position]]
    share = world.hubs[index].share
    stored = share * math.fsum(part for place, part, _ in ends if place > position)
    passing = [(place, part * (1.0 - share) if place > position else part, end) for place, part, end in ends]
    return [*passing, (position, stored, (STORED, index))]


def _seals(world: World, vehicle_class: str) -> list[tuple[int, float]]:
    """States of the seal of consignments at crossings, with their shares."""
    if vehicle_class != "tir" or not world.detection.seals.green_lane:
        return [(FREE, 1.0)]
    return [(INTACT, 1.0 - world.detection.seals.opened), (OPENED, world.detection.seals.opened)]


class _Way:
    """A route in one class of vehicle, from its first place or from a hub."""

    def __init__(
        self, world: World, route: Route, sites: Mapping[str, int], *, vehicle_class: str, start: int | None
    ) -> None:
        stops = world.stops(route.path, vehicle_class=vehicle_class, direction="through", mode=route.mode)
        self.stops: Sequence[Stop] = [stop for stop in stops if start is None or stop.place > start]
        self.world, self.path, self.start = world, route.path, start or 0
        legs = world.network.legs_of(route.path, mode=route.mode, owner=f"Route '{route.name}'")
        speed = world.network.travel.car_speed if vehicle_class == "car" else 1.0
        self.legs = [_surviving(world, leg.time / speed) for leg in legs]
        self.sites = sites

    def send(self, root: Branch, coming: Floats, *, seal: int, ends: Ends) -> None:
        """Add consignments to the branches along the way, and to its ends."""
        root.coming += coming
        passed, met = [root], set()
        for k, stop in enumerate(self.stops):
            post = self.world.checkpoints[stop.checkpoint]
            state = seal if post.border != "" else FREE
            check = Crossing(stop.checkpoint, stop.group, state, post.agency not in met, self.arriving(k))
            branch = passed[-1].onward.setdefault(check, Branch(np.zeros_like(coming)))
            branch.coming += coming * math.fsum(share for position, share, _ in ends if position >= stop.place)
            passed.append(branch)
            met.add(post.agency)
        for position, share, (kind, index) in ends:
            before = sum(stop.place <= position for stop in self.stops)
            end = End(kind, index, *self.ending(before, position=min(position, len(self.path) - 1)))
            last = passed[before]
            last.ends[end] = last.ends.get(end, 0.0) + share * coming

    def arriving(self, k: int) -> float:
        """Share of the consignments not taken by a case between the stop before and stop k [1]."""
        place = self.stops[k].place
        if k == 0:
            return math.prod(self.legs[self.start : place])
        if self.stops[k - 1].place == place:
            within = rings.laplace(rings.CONSTANT, hazard(self.world) * self.world.network.travel.within_place)
            return self.standing(k - 1) * within
        return self.standing(k - 1) * math.prod(self.legs[self.stops[k - 1].place : place])

    def ending(self, before: int, *, position: int) -> tuple[int, float]:
        """Site of seizures by cases after the last stop, and the share not seized [1]."""
        left = self.stops[before - 1].place if before else self.start
        standing = self.standing(before - 1) if before else 1.0
        at_post = before > 0 and left == position
        site = self.stops[before - 1].checkpoint if at_post else self.sites.get(self.path[position], -1)
        return site, standing * math.prod(self.legs[left:position])

    def standing(self, k: int) -> float:
        """Share not taken by a case while a train waits for its departure after the primary inspection [1]."""
        stop = self.stops[k]
        group = self.world.checkpoints[stop.checkpoint].groups[stop.group]
        wait = max(0.0, group.stop - group.service_time) if group.stop < math.inf else 0.0
        return rings.laplace(rings.CONSTANT, hazard(self.world) * wait)


def _surviving(world: World, time: float) -> float:
    """Share of the consignments not taken by a case on a leg of a mean travel time [h]."""
    travel, events = world.network.travel, hazard(world) * time
    varying = rings.laplace(Law(family="lognormal", cv=travel.cv), events * (1.0 - travel.minimum))
    return rings.laplace(rings.CONSTANT, events * travel.minimum) * varying
