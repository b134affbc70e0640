"""The ways of a roster, and the drawn visits of a fleet, as arrays for compiled code."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from flowsim.draws.counter import Stream
from flowsim.draws.fleet import Fleet
from flowsim.draws.itinerary import Itinerary
from flowsim.draws.roster import Roster, Way
from flowsim.engine.rules import Floats, Records
from flowsim.names import long_hash, short_hash
from flowsim.world import World

WAY = np.dtype([("key0", "u8"), ("key1", "u8"), ("first_stop", "i8"), ("stops", "i8")])
"""A way: the key of its stream of random numbers, and its stops, of which one more is its end."""

STOP = np.dtype(
    [
        ("post", "i8"),
        ("station", "i8"),
        ("seen", "u8"),
        ("base", "f8"),
        ("legs", "i8"),
        ("first_leg", "i8"),
        ("tip", "f8"),
        ("tip_item", "u8"),
    ]
)
"""A stop: the travel to it is `base` and the times on its legs; `tip` is the chance of a tip that holds there."""

LEG = np.dtype([("hash", "u8"), ("seen", "u8"), ("hours", "f8")])
"""A leg of a way with its mean time for that class of vehicle."""

COLUMNS = (
    "travel",
    "way_round",
    "patrol",
    "detour",
    "notice",
    "wagon",
    "service",
    "score",
    "search",
    "effort",
    "bribe",
    "tipped",
    "checkpoint",
)
"""Fields of a fleet in the order of the columns of `Ways.drawn`; then follow station, and draw and time by device."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Where the numbers of visits come from: drawn ones stand in a table, others follow from the ways."""

    ways: Records
    """Dims (way,); none if the numbers are drawn."""

    stops: Records
    """Dims (stop,)."""

    legs: Records
    """Dims (leg,)."""

    drawn: Floats
    """Numbers of each visit of a fleet, dims (visit, column); none if they follow from the ways."""

    shortest: float
    """Least travel time from any checkpoint, or hub, to the next checkpoint [h]; infinity if there is none."""


def ways_of_fleet(world: World, fleet: Fleet) -> Ways:
    """Table of the numbers of a drawn fleet."""
    first = np.cumsum([0, *(len(post.groups) for post in world.checkpoints)])
    station = first[fleet.checkpoint] + fleet.group if len(fleet.checkpoint) else np.zeros(0)
    columns = [*(getattr(fleet, name) for name in COLUMNS), station]
    drawn = np.concatenate([np.stack(columns, axis=-1), fleet.device_draw, fleet.device_time], axis=1)
    later = np.ones(len(drawn), dtype=np.bool_)
    later[fleet.first[:-1][(fleet.parent < 0) & (np.diff(fleet.first) > 0)]] = False
    return Ways(
        ways=np.zeros(0, WAY),
        stops=np.zeros(0, STOP),
        legs=np.zeros(0, LEG),
        drawn=np.ascontiguousarray(drawn, dtype=np.float64),
        shortest=float(fleet.travel[later].min(initial=math.inf)),
    )


def ways_of_roster(world: World, roster: Roster) -> Ways:
    """Ways of a roster; those that differ only in the stream of their numbers share their stops."""
    rows = _Rows(world)
    keys = {name: Stream(roster.seed, name).key for name in {way.stream for way in roster.ways}}
    ways = [(*keys[way.stream], *rows.stops_of(way)) for way in roster.ways]
    return Ways(
        ways=np.array(ways, WAY),
        stops=np.array(rows.stops, STOP),
        legs=np.array(rows.legs, LEG),
        drawn=np.zeros((0, len(COLUMNS) + 3)),
        shortest=rows.shortest,
    )


class _Rows:
    """Rows of the stops and legs of itineraries, and the least travel time to any stop after the first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stops: list[tuple[Any, ...]] = []
        self.legs: list[tuple[Any, ...]] = []
        self.shortest = math.inf
        self.first = np.cumsum([0, *(len(post.groups) for post in world.checkpoints)]).tolist()
        self._known: dict[tuple[int, bool], tuple[int, int]] = {}
        self._hashes: dict[str, int] = {}

    def stops_of(self, way: Way) -> tuple[int, int]:
        """First stop of a way, and their number without its end."""
        key = id(way.itinerary), way.loaded
        if key not in self._known:
            self._known[key] = len(self.stops), len(way.itinerary.stops)
            self._add(way.itinerary, loaded=way.loaded)
        return self._known[key]

    def _add(self, itinerary: Itinerary, *, loaded: bool) -> None:
        """Append the stops of an itinerary, its end and its legs."""
        variation, intelligence = self.world.network.travel, self.world.detection.intelligence
        seen: Counter[int] = Counter()
        passed: Counter[str] = Counter()
        agencies: set[str] = set()
        position, base, enters = itinerary.start, 0.0, itinerary.start == 0
        for k, stop in enumerate(itinerary.stops):
            legs = self._drive(itinerary, position, stop.place, passed)
            position, agency = stop.place, self.world.checkpoints[stop.checkpoint].agency
            chance = intelligence.tip(agency) if loaded and agency not in agencies else 0.0
            agencies.add(agency)
            where = (stop.checkpoint, self.first[stop.checkpoint] + stop.group, seen[stop.checkpoint])
            self.stops.append((*where, base, *legs, chance, short_hash(f"tip:{agency}")))
            seen[stop.checkpoint] += 1
            if k > 0 or not enters:
                self.shortest = min(self.shortest, self._least(base, *legs))
            together = k + 1 < len(itinerary.stops) and itinerary.stops[k + 1].place == stop.place
            base = variation.within_place if together else 0.0
        legs = self._drive(itinerary, position, itinerary.start + len(itinerary.legs), passed)
        self.stops.append((-1, -1, 0, base, *legs, 0.0, 0))

    def _drive(self, itinerary: Itinerary, start: int, end: int, passed: Counter[str]) -> tuple[int, int]:
        """Append the legs from one place of an itinerary to another; their number, and the first of them."""
        speed = self.world.network.travel.car_speed if itinerary.vehicle_class == "car" else 1.0
        first = len(self.legs)
        for leg in itinerary.legs[start - itinerary.start : end - itinerary.start]:
            label = leg.label
            if label not in self._hashes:
                self._hashes[label] = long_hash(label)
            self.legs.append((self._hashes[label], passed[label], leg.time / speed))
            passed[label] += 1
        return len(self.legs) - first, first

    def _least(self, base: float, count: int, first: int) -> float:
        """Least travel time on some legs [h], added up as the time itself is so that rounding keeps it below."""
        for _, _, hours in self.legs[first : first + count]:
            base += hours * self.world.network.travel.minimum
        return base
