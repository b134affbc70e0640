"""The roster: entry time and way of every vehicle, with all numbers drawn once for each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import PER_VEHICLE_ONCE, PER_VISIT, SHARED, Fleet, Ints, Vehicles
from flowsim.draws.philox import Floats, RandomStream
from flowsim.draws.visits import Itinerary, device_slots, draw_visits
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class Way:
    """Common properties of vehicles of one class on the same path."""

    itinerary: Itinerary
    """Checkpoints and legs on it."""

    stream: str
    """Name of the stream of random numbers of its vehicles."""

    loaded: bool
    """Whether they carry consignments."""

    tips: float = 1.0
    """Factor on the probability of a tip on their consignments [1]."""


@dataclass(frozen=True, kw_only=True)
class Roster(Vehicles):
    """Vehicles before their visits are drawn, as a pure function of these fields."""

    seed: int
    """Seed of the run."""

    ways: tuple[Way, ...]
    """Ways of the vehicles."""

    way: Ints
    """Index in `ways`, dims (vehicle,)."""

    number: Ints
    """Number of the vehicle in its stream, dims (vehicle,)."""

    year: Ints
    """Replication of its random numbers, dims (vehicle,)."""

    @property
    def first(self) -> Ints:
        """First visit of each vehicle and, last, the number of visits, dims (vehicle + 1,)."""
        stops = np.array([len(way.itinerary.stops) for way in self.ways], dtype=np.int64)
        first = np.zeros(self.size + 1, dtype=np.int64)
        np.cumsum(stops[self.way], out=first[1:])
        return first


PER_ROSTER = (*PER_VEHICLE_ONCE, "way", "number", "year")
"""Fields of a roster with one value per vehicle."""


def blank(size: int) -> dict[str, npt.NDArray[Any]]:
    """Arrays for the fields of a roster with one value per vehicle, not yet filled.

    Parameters
    ----------
    size
        Number of vehicles.
    """
    kinds: dict[str, type[np.generic]] = {"Ints": np.int64, "Bools": np.bool_, "Floats": np.float64}
    of = {field.name: kinds[str(field.type)] for field in fields(Roster) if field.name in PER_ROSTER}
    return {name: np.empty(size, dtype=of[name]) for name in PER_ROSTER}


def drawn(world: World, roster: Roster) -> Fleet:
    """Fleet of the vehicles of a roster, in its order, with all their visits drawn.

    Parameters
    ----------
    world
        World of the vehicles.
    roster
        Its vehicles.
    """
    first = roster.first
    visits: dict[str, Any] = {name: np.zeros(first[-1]) for name in PER_VISIT}
    for name in ("device_draw", "device_time"):
        visits[name] = np.zeros((first[-1], device_slots(world)))
    visits |= {name: np.zeros(first[-1], dtype=np.int64) for name in ("checkpoint", "group")}
    visits["tipped"] = np.zeros(first[-1], dtype=np.bool_)
    tail: Floats = np.zeros(roster.size)
    order = np.argsort(roster.way, kind="stable")
    starts = np.searchsorted(roster.way[order], np.arange(len(roster.ways) + 1))
    for way, start, end in zip(roster.ways, starts[:-1], starts[1:], strict=True):
        members = order[start:end]
        who = {"number": roster.number[members], "replication": roster.year[members]}
        stream = RandomStream(roster.seed, way.stream)
        own = draw_visits(world, way.itinerary, stream=stream, **who, loaded=way.loaded, tips=way.tips)
        rows = first[members][:, None] + np.arange(len(way.itinerary.stops))
        for name, values in visits.items():
            values[rows] = own[name]
        tail[members] = own["tail"]
    once: dict[str, Any] = {name: getattr(roster, name) for name in (*PER_VEHICLE_ONCE, *SHARED)}
    return Fleet(**once, **visits, tail=tail, first=first)


def joined(one: Roster, other: Roster) -> Roster:
    """Roster of the vehicles of one roster followed by those of another with the same replications.

    Parameters
    ----------
    one, other
        Rosters drawn with the same seed, the same replications and the same span of days.

    Raises
    ------
    ValueError
        If the two do not share their seed, or their devices' days.
    """
    if one.seed != other.seed:
        raise ValueError(f"rosters to be joined must share their seed, got {one.seed} and {other.seed}")
    if one.first_day != other.first_day or not np.array_equal(one.available, other.available):
        raise ValueError("rosters to be joined must share the days on which devices work, got different ones")
    merged: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in PER_ROSTER}
    merged["parent"][one.size :] += np.where(other.parent < 0, 0, one.size)
    merged["way"][one.size :] += len(one.ways)
    shared: dict[str, Any] = {name: getattr(one, name) for name in (*SHARED, "seed")}
    return Roster(**merged, **shared, ways=one.ways + other.ways)
