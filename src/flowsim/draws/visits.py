"""Random numbers of vehicles along an itinerary: travel on its legs and events at its checkpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws import philox, quantiles
from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats, RandomStream
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.hashes import long_hash
from flowsim.world.network import Leg
from flowsim.world.traffic import Law
from flowsim.world.world import Stop, World

ROUND_FIELDS = ("way_round", "patrol", "detour", "notice", "wagon")
"""Fields of a visit, drawn only where a vehicle may pass otherwise than by selection."""

DETOUR = Law(family="lognormal", cv=0.5)
"""Variation of the time of a bypass about its mean; assumed, it only shifts later arrivals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Itinerary:
    """A path of places with the checkpoints and legs on it, for one class of vehicle."""

    stops: tuple[Stop, ...]
    """Checkpoints in order."""

    legs: tuple[Leg, ...]
    """Legs in order."""

    vehicle_class: str
    """Class of vehicle."""

    start: int = 0
    """Position on the path of the first place of the first leg."""

    def between(self, start: int | None, last: int) -> Itinerary:
        """Part of a whole path.

        Parameters
        ----------
        start
            Position of its first place, with the checkpoints there behind it; by default it enters at the first
            place of the path and meets them.
        last
            Position of its last place.
        """
        return Itinerary(
            stops=tuple(stop for stop in self.stops if (start is None or stop.place > start) and stop.place <= last),
            legs=self.legs[start:last],
            vehicle_class=self.vehicle_class,
            start=start or 0,
        )


def itinerary(world: World, path: Sequence[str], *, vehicle_class: str, direction: str, mode: str) -> Itinerary:
    """Itinerary of a class of vehicle along a path.

    Parameters
    ----------
    world
        World of the path.
    path
        Names of the places.
    vehicle_class, direction, mode
        As in `World.stops`.
    """
    return Itinerary(
        stops=world.stops(path, vehicle_class=vehicle_class, direction=direction, mode=mode),
        legs=world.network.legs_of(path, mode=mode, owner="path"),
        vehicle_class=vehicle_class,
    )


def draw_visits(
    world: World,
    way: Itinerary,
    *,
    stream: RandomStream,
    number: Ints,
    replication: Ints,
    loaded: bool,
    tips: float = 1.0,
) -> dict[str, npt.NDArray[np.generic]]:
    """Draw all random numbers of vehicles on an itinerary.

    Parameters
    ----------
    world
        World of the itinerary.
    way
        Their itinerary.
    stream
        Their stream of random numbers.
    number, replication
        Number in the stream and replication of each, dims (vehicle,).
    loaded
        Whether they carry consignments.
    tips
        Factor on the probability of a tip on these [1].

    Returns
    -------
    dict
        The fields `fleet.PER_VISIT` with dims (vehicle, stop, ...) and `tail` with dims (vehicle,).
    """
    shape = (len(number), len(way.stops))
    devices = device_slots(world)
    names = ("service", "score", "search", "effort", "bribe", *ROUND_FIELDS)
    drawn: dict[str, Any] = {name: np.zeros(shape) for name in names}
    drawn["device_draw"] = np.zeros((*shape, devices))
    drawn["device_time"] = np.zeros((*shape, devices))
    drawn["tipped"] = np.zeros(shape, dtype=np.bool_)
    if loaded:
        _draw_tips(world, way, drawn["tipped"], stream=stream, number=number, replication=replication, factor=tips)
    seen: Counter[int] = Counter()
    search = quantiles.duration(Law(family="lognormal", cv=world.detection.search_cv))
    for k, stop in enumerate(way.stops):
        checkpoint = world.checkpoints[stop.checkpoint]
        group = checkpoint.groups[stop.group]
        where: dict[str, Any] = {"replication": replication, "place": checkpoint.name, "seen": seen[stop.checkpoint]}
        uniform = stream.uniforms(number, purpose=philox.SERVICE, **where)
        drawn["service"][:, k] = group.service_time * quantiles.duration(group.law)(uniform[:, 0])
        drawn["score"][:, k] = quantiles.normal()(uniform[:, 1]) + (world.detection.targeting if loaded else 0.0)
        drawn["search"][:, k] = world.detection.search_time * search(uniform[:, 2])
        drawn["effort"][:, k] = uniform[:, 3]
        if loaded and world.bribe_at(checkpoint) > 0:
            uniform = stream.uniforms(number, purpose=philox.SERVICE, item="bribe", **where)
            drawn["bribe"][:, k] = uniform[:, 0]
        if passes_otherwise(world, stop, vehicle_class=way.vehicle_class):
            first = stream.uniforms(number, purpose=philox.ROUND, **where)
            wagon = stream.uniforms(number, purpose=philox.ROUND, item="wagon", **where)
            for name, column in zip(ROUND_FIELDS, (*first.T, wagon[:, 0]), strict=True):
                drawn[name][:, k] = quantiles.duration(DETOUR)(column) if name == "detour" else column
        for d, device in enumerate(checkpoint.devices):
            uniform = stream.uniforms(number, purpose=philox.DEVICE, item=device.name, **where)
            drawn["device_draw"][:, k, d] = quantiles.logistic()(uniform[:, 0]) if loaded else uniform[:, 0]
            drawn["device_time"][:, k, d] = device.service_time * quantiles.duration(device.law)(uniform[:, 1])
        seen[stop.checkpoint] += 1
    drawn["travel"], drawn["tail"] = _travel(world, way, stream=stream, number=number, replication=replication)
    drawn["checkpoint"] = np.broadcast_to([stop.checkpoint for stop in way.stops], shape)
    drawn["group"] = np.broadcast_to([stop.group for stop in way.stops], shape)
    return drawn


def _draw_tips(
    world: World,
    way: Itinerary,
    tipped: Bools,
    *,
    stream: RandomStream,
    number: Ints,
    replication: Ints,
    factor: float,
) -> None:
    """Draw the consignments on which each agency has a tip, and mark its first checkpoint on the way."""
    for agency in AGENCIES:
        chance = factor * world.detection.intelligence.tip(agency)
        posts = (k for k, stop in enumerate(way.stops) if world.checkpoints[stop.checkpoint].agency == agency)
        first = next(posts, None)
        if chance > 0 and first is not None:
            uniform = stream.uniforms(number, replication=replication, purpose=philox.ENTRY, item=f"tip:{agency}")
            tipped[:, first] = uniform[:, 0] < chance


def passes_otherwise(world: World, stop: Stop, *, vehicle_class: str) -> bool:
    """Whether a vehicle may pass a checkpoint otherwise than by selection: on a bypass, sealed, or in a wagon.

    Where it may not, the numbers for it are not drawn, which changes no other.
    """
    checkpoint = world.checkpoints[stop.checkpoint]
    sealed = vehicle_class == "tir" and world.detection.seals.green_lane and checkpoint.border != ""
    ways = world.ways_round(checkpoint.border, mode=checkpoint.mode)
    return bool(ways) or sealed or checkpoint.groups[stop.group].wagons < 1.0


def _travel(
    world: World, way: Itinerary, *, stream: RandomStream, number: Ints, replication: Ints
) -> tuple[Floats, Floats]:
    variation = world.network.travel
    law = quantiles.duration(Law(family="lognormal", cv=variation.cv))
    speed = variation.car_speed if way.vehicle_class == "car" else 1.0
    travel = np.zeros((len(number), len(way.stops)))
    pending = np.zeros(len(number))
    seen: Counter[str] = Counter()
    stops = list(enumerate(way.stops))
    for position in range(way.start, way.start + len(way.legs) + 1):
        while stops and stops[0][1].place == position:
            travel[:, stops.pop(0)[0]] = pending
            pending = np.full(len(number), variation.within_place if stops and stops[0][1].place == position else 0.0)
        if position < way.start + len(way.legs):
            leg = way.legs[position - way.start]
            where: dict[str, Any] = {"replication": replication, "place": leg.label, "seen": seen[leg.label]}
            uniform = stream.uniforms(number, purpose=philox.TRAVEL, **where)[:, 0]
            relative = variation.minimum + (1.0 - variation.minimum) * law(uniform)
            pending = pending + leg.time / speed * relative
            seen[leg.label] += 1
    return travel, pending


def device_slots(world: World) -> int:
    """Largest number of devices at any checkpoint, at least 1 [1]."""
    return max([1, *(len(checkpoint.devices) for checkpoint in world.checkpoints)])


def draw_availability(world: World, *, seed: int, replications: Sequence[int], first_day: int, days: int) -> Bools:
    """Draw the days of working order of each device.

    Returns
    -------
    ndarray
        Dims (replication, checkpoint, device, day).
    """
    from flowsim.draws import availability_kernel

    available = np.zeros((len(replications), len(world.checkpoints), device_slots(world), days), dtype=np.bool_)
    years, key = np.array(replications, dtype=np.int64), RandomStream(seed, "availability").key
    for c, checkpoint in enumerate(world.checkpoints):
        for d, device in enumerate(checkpoint.devices):
            words = (long_hash(checkpoint.name), philox.last_word(philox.PERIOD, device.name))
            availability_kernel.below(float(device.availability), first_day, years, words, key, available[:, c, d])
    return available


def draw_years(world: World, *, seed: int, replications: Sequence[int]) -> tuple[Floats, Floats]:
    """Draw the factors on flow and on effort of each year.

    Returns
    -------
    tuple of ndarray
        Flow and effort relative to their means, each with dims (replication,) [1].
    """
    rows = np.array(replications, dtype=np.int64)
    uniform = RandomStream(seed, "year").uniforms(0, replication=rows, purpose=philox.PERIOD)
    flow = quantiles.year_factor(world.traffic.year_log_sd)(uniform[:, 0])
    effort = quantiles.year_factor(world.detection.year_log_sd)(uniform[:, 1])
    return flow, effort
