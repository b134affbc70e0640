"""Rules of the checkpoints of a world, as arrays for machine code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws import quantiles
from flowsim.draws.quantiles import Quantiles
from flowsim.draws.visits import DETOUR
from flowsim.world.checkpoint import AGENCIES, Checkpoint
from flowsim.world.hashes import long_hash, short_hash
from flowsim.world.selection import threshold, threshold_shifts
from flowsim.world.traffic import Law
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

POST = np.dtype(
    [
        ("hash", "u8"),
        ("first_station", "i8"),
        ("agency", "i8"),
        ("bays", "i8"),
        ("first_bay", "i8"),
        ("devices", "i8"),
        ("first_device", "i8"),
        ("ways", "i8"),
        ("first_way", "i8"),
        ("campaigns", "i8"),
        ("first_campaign", "i8"),
        ("bribe", "f8"),
        ("border", "i8"),
        ("green", "i8"),
    ]
)
"""A checkpoint: positions of its stations, bays, devices, bypasses and campaigns in their arrays, and its rules."""

STATION = np.dtype(
    [
        ("lanes", "i8"),
        ("first_lane", "i8"),
        ("shifts", "i8"),
        ("first_shift", "i8"),
        ("wave_through", "i8"),
        ("turns", "i8"),
        ("first_turn", "i8"),
        ("arrived", "i8"),
        ("threshold", "f8"),
        ("stop", "f8"),
        ("wagons", "f8"),
        ("service_time", "f8"),
        ("law", "i8"),
    ]
)
"""A lane group of a checkpoint, its lanes and its ring of turns among the clocks, and its arrivals so far [1].

The ring holds the times at which the last arrivals stop waiting, one more than the wave-through threshold; it is
empty where the queue cannot exceed the threshold.
"""

SHIFT = np.dtype([("start", "f8"), ("end", "f8"), ("lanes", "i8")])
"""Hours of the day and the lanes on duty in them."""

DEVICE = np.dtype(
    [
        ("hash", "u8"),
        ("intercept", "f8"),
        ("slope", "f8"),
        ("concealment", "f8"),
        ("specificity", "f8"),
        ("service_time", "f8"),
        ("law", "i8"),
    ]
)
"""A device of a checkpoint."""

WAY_ROUND = np.dtype([("upto", "f8"), ("maximum", "f8"), ("detour", "f8"), ("patrol", "f8")])
"""A bypass of a crossing, with the cumulative share up to it."""

CAMPAIGN = np.dtype([("start", "f8"), ("end", "f8"), ("factor", "f8")])
"""A campaign of the agency of a checkpoint."""

SETTING = np.dtype(
    [
        ("certain", "f8"),
        ("targeting", "f8"),
        ("log_odds", "f8"),
        ("handling_time", "f8"),
        ("search_time", "f8"),
        ("notice", "f8"),
        ("false_notice", "f8"),
        ("seal_inspection", "i8"),
        ("first_day", "i8"),
        ("detour", "i8"),
        ("search", "i8"),
        ("travel", "i8"),
        ("normal", "i8"),
        ("logistic", "i8"),
    ]
)
"""Settings shared by all checkpoints: numbers of `Detection` and `Travel`, and positions of laws among the tables."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules of all checkpoints of a world, as arrays."""

    setting: Records
    """Settings shared by all, dims (1,)."""

    posts: Records
    """Checkpoints, dims (checkpoint,)."""

    stations: Records
    """Lane groups of all checkpoints, dims (station,)."""

    shifts: Records
    """Shifts of all stations, dims (shift,)."""

    devices: Records
    """Devices of all checkpoints, dims (device,)."""

    ways_round: Records
    """Bypasses of all checkpoints, dims (way,)."""

    campaigns: Records
    """Campaigns of all checkpoints, dims (campaign,)."""

    laws: Floats
    """Tabulated quantile functions, dims (law, side, octave, knot)."""

    clocks: int
    """Lanes, bays and turns together [1]."""


class _Laws:
    """Tables of the laws of a world, each once."""

    def __init__(self) -> None:
        self.tables: list[Floats] = []
        self._known: dict[int, int] = {}

    def index(self, law: Quantiles) -> int:
        """Position of a law among the tables."""
        # `quantiles` caches each law, so that identity means equality.
        if id(law) not in self._known:
            self._known[id(law)] = len(self.tables)
            self.tables.append(law.table)
        return self._known[id(law)]


def rules_of(world: World, *, visits: int, first_day: int) -> Rules:
    """Rules of a world, as arrays.

    Parameters
    ----------
    world
        World of the run.
    visits
        Number of visits in a run, an upper bound of any queue [1].
    first_day
        As in `Fleet`.
    """
    laws = _Laws()
    setting = _setting(world, laws, first_day=first_day)
    rows = _Rows(world, laws, visits=visits)
    kinds = {"posts": POST, "stations": STATION, "shifts": SHIFT, "devices": DEVICE}
    kinds |= {"ways_round": WAY_ROUND, "campaigns": CAMPAIGN}
    records: dict[str, Any] = {name: np.array(getattr(rows, name), dtype=kind) for name, kind in kinds.items()}
    return Rules(setting=setting, **records, laws=np.array(laws.tables), clocks=rows.clocks)


def _setting(world: World, laws: _Laws, *, first_day: int) -> Records:
    detection, setting = world.detection, np.zeros(1, SETTING)
    for name in ("targeting", "handling_time", "search_time"):
        setting[name] = getattr(detection, name)
    for name in ("notice", "false_notice"):
        setting[name] = getattr(detection.seals, name)
    setting["certain"], setting["log_odds"] = world.network.travel.minimum, math.log(detection.sensitivity)
    setting["seal_inspection"], setting["first_day"] = detection.seals.inspection, first_day
    setting["detour"] = laws.index(quantiles.duration(DETOUR))
    setting["search"] = laws.index(quantiles.duration(Law(family="lognormal", cv=detection.search_cv)))
    setting["travel"] = laws.index(quantiles.duration(Law(family="lognormal", cv=world.network.travel.cv)))
    setting["normal"], setting["logistic"] = laws.index(quantiles.normal()), laws.index(quantiles.logistic())
    return setting


class _Rows:
    """Rows of checkpoints and their parts, in the order of the fields of their types."""

    def __init__(self, world: World, laws: _Laws, *, visits: int) -> None:
        self.posts: list[tuple[Any, ...]] = []
        self.stations: list[tuple[Any, ...]] = []
        self.shifts: list[tuple[Any, ...]] = []
        self.devices: list[tuple[Any, ...]] = []
        self.ways_round: list[tuple[Any, ...]] = []
        self.campaigns: list[tuple[Any, ...]] = []
        self.clocks, self.visits = 0, visits
        for post, shift in zip(world.checkpoints, threshold_shifts(world), strict=True):
            self._add(world, post, laws, shift=shift)

    def _add(self, world: World, post: Checkpoint, laws: _Laws, *, shift: float) -> None:
        ways = world.ways_round(post.border, mode=post.mode)
        campaigns = [(*c.span, c.factor) for c in world.campaigns if post.agency in c.agencies]
        green = world.detection.seals.green_lane and post.border != ""
        bays = (post.bays, self._reserve(post.bays))
        sizes = (len(post.devices), len(self.devices), len(ways), len(self.ways_round))
        seasons = (len(campaigns), len(self.campaigns))
        rules = (float(world.bribe_at(post)), int(post.border != ""), int(green))
        self.posts.append(
            (long_hash(post.name), len(self.stations), AGENCIES.index(post.agency), *bays, *sizes, *seasons, *rules)
        )
        self.campaigns += campaigns
        # Cumulative shares, so that one uniform number decides on a bypass and which.
        upto = 0.0
        for way in ways:
            upto += way.share
            self.ways_round.append((upto, way.maximum, way.detour, way.patrol))
        for device in post.devices:
            chances = (device.intercept, device.slope, device.concealment, device.specificity)
            law = laws.index(quantiles.duration(device.law))
            self.devices.append((short_hash(device.name), *chances, device.service_time, law))
        for group in post.groups:
            wave_through = math.floor(group.wave_through)
            # No ring where a run has too few visits for its queue to exceed the threshold.
            turns = wave_through + 1 if wave_through < self.visits else 0
            places = (group.lanes, self._reserve(group.lanes), len(group.shifts), len(self.shifts))
            ring = (wave_through, turns, self._reserve(turns), 0)
            limits = (threshold(group.referral) + shift, group.stop, group.wagons)
            law = laws.index(quantiles.duration(group.law))
            self.stations.append((*places, *ring, *limits, group.service_time, law))
            self.shifts += [(shift.start, shift.end, shift.lanes) for shift in group.shifts]

    def _reserve(self, count: int) -> int:
        """Reserve so many clocks; the first of them."""
        first = self.clocks
        self.clocks += count
        return first
