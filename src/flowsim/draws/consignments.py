"""Consignments: Poisson loads of each stream, with their mass, concealment, route, vehicle and destination."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.draws import counter, poisson, quantiles
from flowsim.draws.counter import Floats, Stream
from flowsim.draws.fleet import Bools, Fleet, Ints, assemble
from flowsim.draws.itinerary import draw_availability, draw_visits, draw_years, itinerary
from flowsim.network import Route
from flowsim.traffic import DRUGS, VEHICLE_CLASSES, ClassShare
from flowsim.traffic import Stream as Consignments
from flowsim.world import World

LEAVES = -1
"""Position of the city on the path of a consignment that leaves the country."""


def draw_consignments(
    world: World, *, seed: int, replications: Sequence[int], horizon: float, first_day: int = 0
) -> Fleet:
    """Draw the consignments that enter within the horizon.

    Each consignment keeps its time, mass, route and all else when the inflow changes: a larger inflow adds
    consignments after those already there.

    Parameters
    ----------
    world
        World in which they move.
    seed
        Seed of the run.
    replications
        Replications to draw; `Fleet.replication` holds positions in this sequence.
    horizon
        Span of entry times from the first of January, at most a year [h].
    first_day
        Day from which the availability of devices is drawn.
    """
    flow, effort = draw_years(world, seed=seed, replications=replications)
    parts = []
    for consignments in world.traffic.streams:
        parts += _stream_parts(
            world, consignments, seed=seed, replications=replications, horizon=horizon, year_flow=flow
        )
    days = math.ceil(horizon / units.HOURS_PER_DAY) + 1 - first_day
    available = draw_availability(world, seed=seed, replications=replications, first_day=first_day, days=days)
    return assemble(parts, available=available, first_day=first_day, year_effort=effort)


def loads_per_year(world: World, consignments: Consignments) -> float:
    """Mean number of consignments of a stream in a year [1/year]."""
    return consignments.share * world.traffic.inflow / _mean_load(world, consignments.mode)


def _mean_load(world: World, mode: str) -> float:
    classes = world.traffic.classes_of(mode)
    masses = [quantiles.mass(world.traffic.sizes, share.capacity).mean for share in classes]
    return math.fsum(share.share * mass for share, mass in zip(classes, masses, strict=True))


def _stream_parts(
    world: World,
    consignments: Consignments,
    *,
    seed: int,
    replications: Sequence[int],
    horizon: float,
    year_flow: Floats,
) -> list[dict[str, npt.NDArray[np.generic]]]:
    stream = Stream(seed, f"consignment:{consignments.name}")
    uniform = stream.uniforms(0, replication=np.array(replications), purpose=counter.PERIOD)[:, 0]
    counts = poisson.quantile(uniform, mean=loads_per_year(world, consignments) * year_flow)
    position = np.repeat(np.arange(len(replications)), counts)
    number = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
    replication = np.array(replications, dtype=np.int64)[position]
    entering = stream.uniforms(number, replication=replication, purpose=counter.ENTRY)
    inside = entering[:, 0] * units.HOURS_PER_YEAR < horizon
    position, number = position[inside], number[inside]
    replication, entering = replication[inside], entering[inside]
    choosing = stream.uniforms(number, replication=replication, purpose=counter.ROUTE)
    routes = world.routes_of(consignments.origin, mode=consignments.mode)
    classes = world.traffic.classes_of(consignments.mode)
    route = _choose(choosing[:, 0], [r.weight for r in routes])
    vehicle_class = _choose(choosing[:, 1], [share.share for share in classes])
    parts = []
    for r, c in sorted(set(zip(route.tolist(), vehicle_class.tolist(), strict=True))):
        city = _city(world, routes[r], retained=entering[:, 3], which=choosing[:, 2])
        for place in np.unique(city[(route == r) & (vehicle_class == c)]).tolist():
            chosen = (route == r) & (vehicle_class == c) & (city == place)
            part = _loads(world, routes[r], classes[c], entering=entering[chosen], city=place)
            last = None if place == LEAVES else place
            kind = {
                "vehicle_class": classes[c].vehicle_class,
                "direction": "through",
                "mode": consignments.mode,
            }
            way = itinerary(world, routes[r].path, **kind, last=last)
            who = {"stream": stream, "number": number[chosen], "replication": replication[chosen]}
            part |= draw_visits(world, way, **who, loaded=True)
            part["opened"] = _opened(world, stream, classes[c], number=number[chosen], replication=replication[chosen])
            drug = np.full(len(part["entry"]), DRUGS.index(consignments.drug), dtype=np.int64)
            parts.append(part | {"replication": position[chosen], "drug": drug})
    return parts


def _opened(world: World, stream: Stream, share: ClassShare, *, number: Ints, replication: Ints) -> Bools:
    """Whether the seal of each load in a TIR truck was opened and closed again."""
    if share.vehicle_class != "tir" or world.detection.seals.opened == 0.0:
        return np.zeros(len(number), dtype=np.bool_)
    uniform = stream.uniforms(number, replication=replication, purpose=counter.ENTRY, item="seal")
    opened: Bools = uniform[:, 0] < world.detection.seals.opened
    return opened


def _choose(uniform: Floats, weights: Sequence[float]) -> Ints:
    cumulated = np.cumsum(weights)
    chosen = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    within: Ints = np.minimum(chosen, len(weights) - 1)
    return within


def cities_on(world: World, route: Route) -> list[tuple[int, float]]:
    """Positions on the path of a route of the cities that retain consignments, with their weights [1]."""
    weights = dict(world.traffic.city_weights)
    return [(k, weights[place]) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]


def _city(world: World, route: Route, *, retained: Floats, which: Floats) -> Ints:
    cities = cities_on(world, route)
    if not cities:
        return np.full(len(retained), LEAVES, dtype=np.int64)
    positions = np.array([place for place, _ in cities], dtype=np.int64)
    chosen = positions[_choose(which, [weight for _, weight in cities])]
    ends: Ints = np.where(retained < world.traffic.retained_share, chosen, LEAVES)
    return ends


def _loads(
    world: World, route: Route, share: ClassShare, *, entering: Floats, city: int
) -> dict[str, npt.NDArray[np.generic]]:
    count = len(entering)
    mass = quantiles.mass(world.traffic.sizes, share.capacity)(entering[:, 1])
    return {
        "entry": entering[:, 0] * units.HOURS_PER_YEAR,
        "vehicle_class": np.full(count, VEHICLE_CLASSES.index(share.vehicle_class), dtype=np.int64),
        "route": np.full(count, world.network.routes.index(route), dtype=np.int64),
        "retained": np.full(count, city != LEAVES, dtype=np.bool_),
        "mass": mass,
        "log_mass": quantiles.logarithm(mass),
        "concealment": quantiles.normal()(entering[:, 2]),
    }
