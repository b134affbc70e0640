"""Checkpoints: lanes for primary inspection and bays for secondary inspection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from flowsim import checks
from flowsim.world import hashes
from flowsim.world import shifts as duty
from flowsim.world.devices import Device
from flowsim.world.network import MODES
from flowsim.world.shifts import Shift
from flowsim.world.traffic import VEHICLE_CLASSES, Law

AGENCIES = ("Customs", "Border Guards", "Committee", "KNB")
"""Agencies: the Customs, the Border Guards, the Interior Ministry's Committee and the national security service."""

TYPES = ("crossing", "internal", "station", "port")
"""Types of checkpoint."""

EFFORT_CLASSES = ("crossing", "inside", "south", "almaty")
"""Classes of checkpoint with one effort each: crossings, South Kazakhstan, Almaty city, all others."""

WAYS = ("in", "out", "both")
"""Directions of a group of lanes."""

MOST_SERVERS = 1000
"""Largest number of lanes in a group, and of bays at a checkpoint [1]."""


@dataclass(frozen=True, kw_only=True)
class LaneGroup:
    """Numbered lanes with one queue, first come first served."""

    direction: str
    """One of `WAYS`."""

    classes: tuple[str, ...]
    """Classes of vehicle in these lanes."""

    lanes: int
    """Number of lanes [1]."""

    service_time: float
    """Mean time of primary inspection [h]."""

    law: Law
    """Variation of that time."""

    referral: float
    """Share of honest vehicles sent to secondary inspection [1]."""

    wave_through: int
    """Number of waiting vehicles above which no vehicle is referred [1]."""

    kind: str
    """Whether the figures are reported or assumed."""

    source: str
    """Source of the figures."""

    shifts: tuple[Shift, ...] = ()
    """Lanes on duty by hour of the day; without shifts all lanes are always on duty."""

    stop: float = math.inf
    """Duration of a train's stop, inspected or not [h]; infinity for vehicles that wait."""

    wagons: float = 1.0
    """Share of a train's wagons under inspection [1]."""

    def __post_init__(self) -> None:
        checks.one_of(self, "direction", WAYS)
        duty.check(self.shifts, lanes=self.lanes, thing="LaneGroup")
        checks.require(self.stop > 0, thing="LaneGroup.stop", rule="be above 0", value=self.stop)
        checks.probability(self, "wagons")
        for vehicle_class in self.classes:
            checks.known(vehicle_class, VEHICLE_CLASSES, thing="LaneGroup.classes")
        rule = "name a class of vehicle"
        checks.require(bool(self.classes), thing="LaneGroup.classes", rule=rule, value=self.classes)
        checks.keeps(self, "lanes", checks.between(1, MOST_SERVERS))
        checks.positive(self, "service_time")
        checks.probability(self, "referral")
        checks.non_negative(self, "wave_through")
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A place of vehicle control by one agency."""

    name: str
    """Identifier, and address of its random numbers."""

    place: str
    """Its place."""

    label: str
    """Name in print."""

    type: str
    """One of `TYPES`."""

    border: str
    """Neighbour beyond it as a country code, "sea", or empty inside the country."""

    mode: str
    """Mode of the vehicles under control."""

    agency: str
    """One of `AGENCIES`."""

    effort_class: str
    """One of `EFFORT_CLASSES`."""

    groups: tuple[LaneGroup, ...]
    """Its lanes."""

    bays: int
    """Bays for secondary inspection [1]."""

    devices: tuple[Device, ...]
    """Devices at each bay, in order of use."""

    start: str
    """First day in force, ISO date; empty if without a known start."""

    end: str
    """First day no longer in force, ISO date; empty if open."""

    kind: str
    """Whether the checkpoint and its figures are reported or assumed."""

    source: str
    """Source of the checkpoint and its figures."""

    bribe: float | None = None
    """Probability that an alarm on a consignment is bought off here [1]; None for that of the agency."""

    def __post_init__(self) -> None:
        checks.one_of(self, "type", TYPES)
        if self.bribe is not None:
            checks.probability(self, "bribe")
        checks.one_of(self, "agency", AGENCIES)
        checks.one_of(self, "effort_class", EFFORT_CLASSES)
        checks.one_of(self, "mode", MODES)
        checks.keeps(self, "bays", checks.between(1, MOST_SERVERS))
        thing = f"Checkpoint '{self.name}'"
        checks.require(len(self.groups) > 0, thing=f"{thing}: groups", rule="have lanes", value=self.groups)
        checks.unique((device.name for device in self.devices), thing=f"{thing}: devices")
        served = [(way, c) for g in self.groups for way in ways(g.direction) for c in g.classes]
        checks.unique(served, thing=f"{thing}: lanes of a direction and class")
        never = [g for g in self.groups if g.shifts and max(shift.lanes for shift in g.shifts) == 0]
        rule = "open for some hours of the day, or vehicles would wait for ever"
        checks.require(not (self.border and never), thing=f"{thing}: shifts", rule=rule, value=never)
        for name in ("start", "end"):
            _iso_date(getattr(self, name), thing=f"{thing}: {name}")
        rule = f"be after the first day in force ({self.start})"
        checks.require(not self.end or self.start < self.end, thing=f"{thing}: end", rule=rule, value=self.end)
        hashes.distinct((device.name for device in self.devices), by=hashes.short_hash, thing=f"{thing}: devices")
        checks.sourced(self)

    def group_of(self, vehicle_class: str, *, direction: str) -> int | None:
        """Index of the lane group for a class in a direction, or None if there is none.

        Parameters
        ----------
        vehicle_class
            One of `VEHICLE_CLASSES`.
        direction
            "in", "out" or "both"; a vehicle that neither enters nor leaves asks for "both".
        """
        for index, group in enumerate(self.groups):
            if vehicle_class in group.classes and (group.direction in (direction, "both")):
                return index
        return None

    def in_force(self, year: int) -> bool:
        """Whether the checkpoint is in force on the first of July of a year."""
        return stands(self.start, self.end, year=year)


def stands(start: str, end: str, *, year: int) -> bool:
    """Whether the first of July of a year lies in a period in force.

    Parameters
    ----------
    start, end
        First day in force and first day no longer in force, ISO dates; empty if there is none.
    year
        Calendar year.
    """
    day = date(year, 7, 1).isoformat()
    return (not start or start <= day) and (not end or day < end)


def ways(direction: str) -> tuple[str, ...]:
    """Ways across a border for a direction of `WAYS`."""
    return ("in", "out") if direction == "both" else (direction,)


def agency_key(agency: str) -> str:
    """Suffix of an agency in names of fields: lower case, with underscores."""
    return agency.lower().replace(" ", "_")


def _iso_date(text: str, *, thing: str) -> None:
    if not text:
        return
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{thing} must be an ISO date (YYYY-MM-DD), got {text!r}") from None
