"""Ways of a roster, and drawn visits of a fleet, as arrays for machine code."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from flowsim.draws.fleet import Fleet, Ints
from flowsim.draws.philox import RandomStream
from flowsim.draws.roster import Roster
from flowsim.draws.visits import Itinerary
from flowsim.engine.compiled.checkpoint_arrays import Floats, Records
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.hashes import long_hash, short_hash
from flowsim.world.network import Travel
from flowsim.world.world import World

WAY = np.dtype([("key0", "u8"), ("key1", "u8"), ("first_stop", "i8"), ("stops", "i8")])
"""A way: the key of its stream of random numbers, and its stops, plus one for its end."""

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
"""A stop: `base` and the times on its legs add up to the travel to it; `tip` is the chance of a tip there."""

LEG = np.dtype([("hash", "u8"), ("seen", "u8"), ("hours", "f8")])
"""A leg of a way with its mean time for its class of vehicle."""

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
"""Fields of a fleet in the order of the columns of `Ways.drawn`; then station, and draw and time by device."""


@dataclass(frozen=True, kw_only=True)
class VisitNumbers:
    """Source of the random numbers of visits: a table of drawn ones, or the ways from which they follow."""

    ways: Records
    """Dims (way,); none if the numbers are drawn."""

    stops: Records
    """Dims (stop,)."""

    legs: Records
    """Dims (leg,)."""

    drawn: Floats
    """Numbers of each visit of a fleet, dims (visit, column); none if they follow from the ways."""

    shortest: float
    """Least travel time from any checkpoint or hub to the next checkpoint [h]; infinity if there is none."""


def ways_of_fleet(world: World, fleet: Fleet) -> VisitNumbers:
    """Table of the numbers of a drawn fleet."""
    first = np.cumsum([0, *(len(post.groups) for post in world.checkpoints)])
    station = first[fleet.checkpoint] + fleet.group if len(fleet.checkpoint) else np.zeros(0)
    columns = [*(getattr(fleet, name) for name in COLUMNS), station]
    drawn = np.concatenate([np.stack(columns, axis=-1), fleet.device_draw, fleet.device_time], axis=1)
    # From abroad a vehicle comes from no other checkpoint; a part that leaves a hub may.
    later = np.ones(len(drawn), dtype=np.bool_)
    later[fleet.first[:-1][(fleet.parent < 0) & (np.diff(fleet.first) > 0)]] = False
    return VisitNumbers(
        ways=np.zeros(0, WAY),
        stops=np.zeros(0, STOP),
        legs=np.zeros(0, LEG),
        drawn=np.ascontiguousarray(drawn, dtype=np.float64),
        shortest=float(fleet.travel[later].min(initial=math.inf)),
    )


def ways_of_roster(world: World, roster: Roster) -> VisitNumbers:
    """Ways of a roster; ways that differ only in their stream of random numbers share their stops."""
    keys = {name: RandomStream(roster.seed, name).key for name in {way.stream for way in roster.ways}}
    setting = _setting(world)
    parts: dict[tuple[int, bool, float], tuple[int, _Laid]] = {}
    stops = 0
    for way in roster.ways:
        # By identity: an itinerary is long, and the roster keeps it alive.
        key = id(way.itinerary), way.loaded, way.tips
        if key not in parts:
            laid = _laid(way.itinerary, setting)
            parts[key] = stops, laid
            stops += len(laid.stops)
    ways = []
    for way in roster.ways:
        first, laid = parts[id(way.itinerary), way.loaded, way.tips]
        ways.append((*keys[way.stream], first, len(laid.stops) - 1))
    pieces = [laid for _, laid in parts.values()]
    rows = _joined([laid.stops for laid in pieces], STOP)
    legs = np.cumsum([0, *(len(laid.legs) for laid in pieces)])[:-1]
    lengths = [len(laid.stops) for laid in pieces]
    rows["first_leg"] += np.repeat(legs, lengths)
    intelligence = world.detection.intelligence
    chances = np.array([0.0, *(intelligence.tip(agency) for agency in AGENCIES)])
    first_met = np.concatenate([laid.agency for laid in pieces]) if pieces else np.zeros(0, np.int64)
    factors = np.repeat([tips if loaded else 0.0 for _, loaded, tips in parts], lengths)
    rows["tip"] = factors * chances[1 + first_met]
    return VisitNumbers(
        ways=np.array(ways, WAY),
        stops=rows,
        legs=_joined([laid.legs for laid in pieces], LEG),
        drawn=np.zeros((0, len(COLUMNS) + 3)),
        shortest=min((laid.shortest for laid in pieces), default=math.inf),
    )


def _joined(parts: Sequence[Records], kind: np.dtype[Any]) -> Records:
    """Concatenate records as bytes, because numpy takes long to see that their types are the same."""
    return np.concatenate([np.empty(0, np.uint8), *(part.view(np.uint8) for part in parts)]).view(kind)


MOST_SETTINGS = 4
"""Most settings in which the rows of an itinerary are cached."""


@dataclass(frozen=True, eq=False)
class _Setting:
    """Properties of a world on which the rows of an itinerary depend."""

    travel: Travel
    """Travel times."""

    posts: tuple[tuple[str, int], ...]
    """Agency and first station of each checkpoint."""


@dataclass(frozen=True)
class _Laid:
    """Rows of an itinerary."""

    stops: Records
    """Stops and, last, the end, with legs counted from the itinerary's own first, dims (stop + 1,)."""

    legs: Records
    """Its legs, dims (leg,)."""

    agency: Ints
    """Index of the agency at its first stop on the way, else -1, dims (stop + 1,)."""

    shortest: float
    """Least travel time to any stop except one at the entry to the country [h]."""


# Weak, so that the rows go when the itinerary does.
_known: WeakKeyDictionary[Itinerary, dict[_Setting, _Laid]] = WeakKeyDictionary()


@lru_cache(maxsize=64)
def _same(travel: Travel, posts: tuple[tuple[str, int], ...]) -> _Setting:
    """The one setting of these travel times and posts."""
    return _Setting(travel, posts)


def _setting(world: World) -> _Setting:
    first = np.cumsum([0, *(len(post.groups) for post in world.checkpoints)]).tolist()
    posts = tuple((post.agency, start) for post, start in zip(world.checkpoints, first, strict=False))
    return _same(world.network.travel, posts)


def _laid(itinerary: Itinerary, setting: _Setting) -> _Laid:
    """Rows of an itinerary, cached as long as it exists."""
    known = _known.setdefault(itinerary, {})
    # Equal settings are one object, see `_same`, so that they are compared by identity.
    if setting not in known:
        if len(known) >= MOST_SETTINGS:
            del known[next(iter(known))]
        known[setting] = _rows(itinerary, setting)
    return known[setting]


def _rows(itinerary: Itinerary, setting: _Setting) -> _Laid:
    """Lay out an itinerary."""
    travel = setting.travel
    seen: Counter[int] = Counter()
    passed: Counter[str] = Counter()
    met: set[str] = set()
    stops: list[tuple[Any, ...]] = []
    legs: list[tuple[Any, ...]] = []
    agencies = []
    shortest = math.inf
    position, base = itinerary.start, 0.0
    for k, stop in enumerate(itinerary.stops):
        driven = _drive(itinerary, (position, stop.place), travel=travel, passed=passed, legs=legs)
        agency, first = setting.posts[stop.checkpoint]
        agencies.append(-1 if agency in met else AGENCIES.index(agency))
        met.add(agency)
        where = (stop.checkpoint, first + stop.group, seen[stop.checkpoint])
        stops.append((*where, base, *driven, 0.0, short_hash(f"tip:{agency}")))
        seen[stop.checkpoint] += 1
        if k > 0 or driven[0] > 0:  # who enters the country at a checkpoint, at no distance, comes from no other
            shortest = min(shortest, _least(base, legs[driven[1] :], travel=travel))
        position = stop.place
        together = k + 1 < len(itinerary.stops) and itinerary.stops[k + 1].place == stop.place
        base = travel.within_place if together else 0.0
    end = itinerary.start + len(itinerary.legs)
    stops.append(
        (-1, -1, 0, base, *_drive(itinerary, (position, end), travel=travel, passed=passed, legs=legs), 0.0, 0)
    )
    return _Laid(np.array(stops, STOP), np.array(legs, LEG), np.array([*agencies, -1]), shortest)


def _drive(
    itinerary: Itinerary,
    span: tuple[int, int],
    *,
    travel: Travel,
    passed: Counter[str],
    legs: list[tuple[Any, ...]],
) -> tuple[int, int]:
    """Append the legs from one place of an itinerary to another; their number, and the first of them."""
    speed = travel.car_speed if itinerary.vehicle_class == "car" else 1.0
    first = len(legs)
    for leg in itinerary.legs[span[0] - itinerary.start : span[1] - itinerary.start]:
        legs.append((_hash_of(leg.label), passed[leg.label], leg.time / speed))
        passed[leg.label] += 1
    return len(legs) - first, first


_hash_of = cache(long_hash)


def _least(base: float, legs: Sequence[tuple[Any, ...]], *, travel: Travel) -> float:
    """Least travel time on some legs [h], summed in the order of the time itself, so that rounding keeps it below."""
    for _, _, hours in legs:
        base += hours * travel.minimum
    return base
