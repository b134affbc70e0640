"""Parts: what becomes of a consignment that was put in store at a hub, with its own vehicles, routes and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import hubs
from flowsim.draws import counter, quantiles
from flowsim.draws.choices import LEAVES, choose, cities_on, city
from flowsim.draws.counter import Floats, Stream
from flowsim.draws.fleet import Ints
from flowsim.draws.itinerary import draw_visits, itinerary
from flowsim.hubs import Hub
from flowsim.network import Route
from flowsim.traffic import VEHICLE_CLASSES
from flowsim.traffic import Stream as Consignments
from flowsim.world import World

Group = dict[str, npt.NDArray[np.generic]]

INHERITED = ("replication", "drug", "ring", "case_time", "case_agency", "protected")
"""Fields of a fleet that a part has from its consignment."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Consignments of a stream that are put in store at one hub."""

    hub: Hub
    """Hub where they are split."""

    consignments: Consignments
    """Stream that they belong to."""

    loads: Group
    """Their fields, dims (vehicle,)."""

    number: Ints
    """Number of each in its stream, dims (vehicle,)."""

    year: Ints
    """Replication by which its numbers are drawn, dims (vehicle,)."""

    vehicle: Ints
    """Position of each in the fleet, dims (vehicle,)."""


def hub_on(world: World, route: Route) -> tuple[Hub, int] | None:
    """First hub on the path of a route by road at which loads are stored, with its position; None if there is none."""
    stores = {hub.place: hub for hub in world.hubs if hub.share > 0.0}
    if route.mode == "road":
        for position, place in enumerate(route.path[:-1]):
            if place in stores:
                return stores[place], position
    return None


def draw_parts(world: World, stored: Stored, *, seed: int) -> list[Group]:
    """Draw the parts in which stored consignments leave, in groups on one itinerary each.

    Part j of load i has number 64 i + j in a stream of its own, so that nothing else moves. Parts are drawn whether
    or not their consignment comes to the hub.

    Parameters
    ----------
    world
        World in which they move.
    stored
        Consignments that are stored at a hub.
    seed
        Seed of the run.
    """
    hub = stored.hub
    masses: Floats = np.asarray(stored.loads["mass"], dtype=np.float64)
    count = np.maximum(1, np.ceil(masses / hub.part).astype(np.int64))
    of = np.repeat(np.arange(len(count)), count)
    part = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 1
    stream = Stream(seed, f"consignment:{stored.consignments.name}:parts")
    who: dict[str, Ints] = {"number": 64 * stored.number[of] + part, "replication": stored.year[of]}
    leaving = stream.uniforms(who["number"], replication=who["replication"], purpose=counter.ENTRY)
    choosing = stream.uniforms(who["number"], replication=who["replication"], purpose=counter.ROUTE)
    mass = (masses / count)[of]
    store = hub.store_minimum + (1.0 - hub.store_minimum) * quantiles.duration(hubs.STORE)(leaving[:, 0])
    fields: Group = {
        "entry": np.full(len(of), np.nan),
        "parent": stored.vehicle[of],
        "part": part,
        "store": hub.store * store,
        "mass": mass,
        "log_mass": quantiles.logarithm(mass),
        "concealment": quantiles.normal()(leaving[:, 2]) + hub.concealment,
    }
    fields |= {name: stored.loads[name][of] for name in INHERITED if name in stored.loads}
    ways = onward(world, hub, drug=stored.consignments.drug)
    route = choose(choosing[:, 0], [weight for _, _, weight in ways])
    vehicle_class = choose(choosing[:, 1], [share for _, share in hub.classes])
    groups: list[Group] = []
    for r, c in sorted(set(zip(route.tolist(), vehicle_class.tolist(), strict=True))):
        way, position, _ = ways[r]
        cities, share = cities_after(world, way, position=position)
        end = city(cities, share=share, retained=leaving[:, 3], which=choosing[:, 2])
        for last in np.unique(end[(route == r) & (vehicle_class == c)]).tolist():
            chosen = (route == r) & (vehicle_class == c) & (end == last)
            numbers = {name: values[chosen] for name, values in who.items()}
            kind = hub.classes[c][0]
            group = _group(world, way, stream=stream, numbers=numbers, vehicle_class=kind, start=position, last=last)
            groups.append(group | {name: values[chosen] for name, values in fields.items()})
    return groups


def onward(world: World, hub: Hub, *, drug: str) -> list[tuple[Route, int, float]]:
    """Routes on which parts leave a hub, with the position of the hub on the path and the weight [1]."""
    shares = {s.origin: s.share for s in world.traffic.streams if s.drug == drug and s.mode == "road"}
    passing = world.routes_through(hub.place)
    return [(route, k, shares[route.origin] * route.weight) for route, k in passing if route.origin in shares]


def cities_after(world: World, route: Route, *, position: int) -> tuple[list[tuple[int, float]], float]:
    """Cities after a hub on a route, with their weights, and the share of parts that end in one of them [1].

    The share is that of consignments which end after the hub among those which do not end at or before it.
    """
    cities = cities_on(world, route)
    after = [(k, weight) for k, weight in cities if k > position]
    whole = sum(weight for _, weight in cities)
    if not after:
        return [], 0.0
    beyond = world.traffic.retained_share * sum(weight for _, weight in after) / whole
    before = world.traffic.retained_share * sum(weight for k, weight in cities if k <= position) / whole
    return after, beyond / (1.0 - before)


def _group(
    world: World,
    route: Route,
    *,
    stream: Stream,
    numbers: dict[str, Ints],
    vehicle_class: str,
    start: int,
    last: int,
) -> Group:
    """Fields of parts that leave a hub on one itinerary."""
    end = None if last == LEAVES else last
    kind: dict[str, Any] = {"vehicle_class": vehicle_class, "direction": "through", "mode": route.mode}
    way = itinerary(world, route.path, **kind, start=start, last=end)
    group = draw_visits(world, way, stream=stream, **numbers, loaded=True)
    size = len(numbers["number"])
    place = world.network.index(route.path[-1 if end is None else end])
    return group | {
        "vehicle_class": np.full(size, VEHICLE_CLASSES.index(vehicle_class), dtype=np.int64),
        "route": np.full(size, world.network.routes.index(route), dtype=np.int64),
        "retained": np.full(size, end is not None, dtype=np.bool_),
        "opened": np.full(size, vehicle_class == "tir", dtype=np.bool_),
        "finish": np.full(size, place, dtype=np.int64),
    }
