"""Controls in the tables of a world: checkpoints, lanes, shifts, devices, bypasses, campaigns and stops of trains."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from flowsim import checks, units
from flowsim.checks import FINITE, NON_NEGATIVE, POSITIVE, PROBABILITY
from flowsim.csv_tables import Row
from flowsim.world import hashes
from flowsim.world.bypass import WAYS_ROUND, Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import (
    AGENCIES,
    EFFORT_CLASSES,
    MOST_SERVERS,
    TYPES,
    WAYS,
    Checkpoint,
    LaneGroup,
    stands,
    ways,
)
from flowsim.world.devices import Device
from flowsim.world.network import MODES
from flowsim.world.shifts import Shift
from flowsim.world.traffic import LAWS, VEHICLE_CLASSES, Law, mode_of
from flowsim.world_tables import forms
from flowsim.world_tables.columns import Column, Table
from flowsim.world_tables.findings import Findings, check_interval

Group = tuple[str, str, str]
"""Checkpoint, direction and classes of a group of lanes, as written."""

_HOUR = checks.between(0, units.HOURS_PER_DAY)
_SERVERS = checks.between(1, MOST_SERVERS)

_SERVICE = {"law": "service_law", "cv": "service_cv"}

TABLES: Mapping[str, Table] = {
    "checkpoints": Table(
        meaning="a place where one agency controls vehicles",
        key=("checkpoint",),
        fields={"name": "checkpoint", "start": "from", "end": "to", "effort_class": "effort"},
        columns=(
            forms.name("checkpoint", "name of the checkpoint"),
            forms.name("place", "where it stands; two may stand at one place", table="places"),
            forms.text("label", "name as it is printed"),
            forms.word("type", TYPES, "what it is"),
            forms.text("border", "neighbour beyond it, as UZ or sea; empty inside the country", optional=True),
            forms.word("mode", MODES, "what it controls: paths of this mode stop here"),
            forms.word("agency", AGENCIES, "who runs it"),
            forms.word("effort", EFFORT_CLASSES, "class by which inspection.effort follows alarms up"),
            forms.whole("bays", _SERVERS, "number of bays for secondary inspection"),
            forms.names("devices", "devices at each bay, in the order of their use", table="devices", optional=True),
            Column(name="from", form="date", meaning="first day in force; empty: always was", optional=True),
            Column(name="to", form="date", meaning="first day no longer in force; empty: still is", optional=True),
            forms.lacking(
                *("bribe", "1", PROBABILITY),
                "probability that an alarm on a consignment is bought off here; empty: that of the agency",
            ),
        ),
    ),
    "lanes": Table(
        meaning="a group of lanes of a checkpoint with one queue; each class has one group per direction",
        key=("checkpoint", "direction", "classes"),
        fields=_SERVICE,
        columns=(
            forms.name("checkpoint", "checkpoint that it belongs to", table="checkpoints"),
            forms.word("direction", WAYS, "in or out of the country at a border, both inside it"),
            forms.words("classes", VEHICLE_CLASSES, "classes of vehicle that use it"),
            forms.whole("lanes", _SERVERS, "number of lanes"),
            forms.number("service_time", "min", POSITIVE, "mean time of primary inspection"),
            forms.word("service_law", LAWS, "family of that time"),
            forms.number("service_cv", "1", NON_NEGATIVE, "its coefficient of variation, if lognormal", optional=True),
            forms.number("referral", "1", PROBABILITY, "share of honest vehicles referred to secondary inspection"),
            forms.whole("wave_through", NON_NEGATIVE, "nobody is referred when more than this many are waiting"),
            forms.lacking(
                "stop", "min", POSITIVE, "trains leave this long after arrival, inspected or not; empty: they wait"
            ),
            forms.lacking("wagons", "1", PROBABILITY, "share of the wagons of a train inspected; empty: all"),
        ),
    ),
    "shifts": Table(
        meaning="hours of every day in which some lanes of a group are on duty; without rows all always are",
        key=("checkpoint", "direction", "classes", "start"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.name("checkpoint", "checkpoint of a row of lanes.csv", table="checkpoints"),
            forms.word("direction", WAYS, "direction of that row"),
            forms.words("classes", VEHICLE_CLASSES, "classes of that row, written as there"),
            forms.number("start", "h", _HOUR, "first hour of the shift, from midnight"),
            forms.number(
                "end", "h", _HOUR, "end of the shift; the shifts of a group cover the day without gap or overlap"
            ),
            forms.whole("lanes", checks.between(0, MOST_SERVERS), "lanes on duty; 0: closed"),
        ),
    ),
    "devices": Table(
        meaning="equipment of secondary inspection; logit sensitivity = intercept + slope ln(kg) - concealment q",
        key=("device",),
        fields={"name": "device", **_SERVICE},
        columns=(
            forms.name("device", "name of the device"),
            forms.text("label", "name as it is printed"),
            forms.number("intercept", "1", FINITE, "logit of the sensitivity at 1 kg and median concealment"),
            forms.number("slope", "1", FINITE, "its change per unit of ln(kg)"),
            forms.number(
                "concealment", "1", FINITE, "its fall per standard deviation of a consignment's concealment q"
            ),
            forms.number("specificity", "1", PROBABILITY, "probability of no alarm on a vehicle with nothing"),
            forms.number("service_time", "min", POSITIVE, "mean time of an examination"),
            forms.word("service_law", LAWS, "family of that time"),
            forms.number("service_cv", "1", NON_NEGATIVE, "its coefficient of variation, if lognormal", optional=True),
            forms.number("availability", "1", PROBABILITY, "probability that it works on a day"),
        ),
    ),
    "bypass": Table(
        meaning="a bypass of the crossings with one neighbour, used by some consignments; without rows there is none",
        key=("border", "way"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.text("border", "neighbour, as in the column border of checkpoints.csv"),
            forms.word("way", WAYS_ROUND, "how a consignment is carried round"),
            forms.number(
                "share", "1", PROBABILITY, "intended share of consignments; those of a border sum to at most 1"
            ),
            forms.number("share_low", "1", PROBABILITY, "lower end of its interval"),
            forms.number("share_high", "1", PROBABILITY, "upper end of its interval"),
            forms.number("maximum", "kg", POSITIVE, "largest consignment carried so; a heavier one uses the crossing"),
            forms.number("detour", "h", POSITIVE, "mean time that it takes"),
            forms.number("patrol", "1", PROBABILITY, "probability that a patrol stops it"),
        ),
    ),
    "campaigns": Table(
        meaning="days of every year on which some agencies follow up more alarms, or fewer",
        key=("campaign",),
        fields={"name": "campaign"},
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.name("campaign", "name of the campaign"),
            Column(name="start", form="day", meaning="first day"),
            Column(name="end", form="day", meaning="first day after it, later in the year than start"),
            forms.words("agencies", AGENCIES, "agencies that take part"),
            forms.number("factor", "1", NON_NEGATIVE, "factor on their effort, which stays at most 1"),
            forms.number("factor_low", "1", NON_NEGATIVE, "lower end of its interval"),
            forms.number("factor_high", "1", NON_NEGATIVE, "upper end of its interval"),
            Column(name="from", form="date", meaning="first day in force; empty: always was", optional=True),
            Column(name="to", form="date", meaning="first day no longer in force; empty: still is", optional=True),
        ),
    ),
}
"""Tables of controls."""


def check(found: Findings) -> None:
    """Find errors of the controls across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    _check_posts(found)
    _check_hashes(found)
    _check_trains(found)
    for group, rows in _shifts(found).items():
        _check_day(found, rows)
        _check_lanes(found, group, rows)
    _check_groups(found)
    for table, column in (("bypass", "share"), ("campaigns", "factor")):
        check_interval(found, table, column)
    _check_borders(found)
    _check_campaigns(found)


def shifts(found: Findings) -> dict[Group, tuple[Shift, ...]]:
    """Shifts of each group of lanes, in the order of the day; groups with errors are left out."""
    return {
        group: tuple(_shift(row) for row in rows)
        for group, rows in _shifts(found).items()
        if all(found.clean(row) for row in rows)
    }


def group_of(row: Row) -> Group:
    """Group of lanes of a row of `lanes.csv` or `shifts.csv`."""
    return row.cells["checkpoint"], row.cells["direction"], row.cells["classes"]


def bypass(row: Row) -> Bypass:
    """Bypass of a row of `bypass.csv`."""
    return forms.made(Bypass, row, TABLES["bypass"])


def campaign(row: Row) -> Campaign:
    """Campaign of a row of `campaigns.csv`."""
    return forms.made(Campaign, row, TABLES["campaigns"])


def in_force(row: Row, *, year: int) -> bool:
    """Whether the campaign of a row is in force on 1 July of a year."""
    return stands(row.cells["from"], row.cells["to"], year=year)


def group(row: Row, *, shifts: Mapping[Group, tuple[Shift, ...]]) -> LaneGroup:
    """Group of lanes of a row of `lanes.csv`, with its shifts."""
    return forms.made(LaneGroup, row, TABLES["lanes"], law=_law(row), shifts=shifts.get(group_of(row), ()))


def device(row: Row) -> Device:
    """Device of a row of `devices.csv`."""
    return forms.made(Device, row, TABLES["devices"], law=_law(row))


def checkpoint(row: Row, *, groups: Mapping[str, Sequence[LaneGroup]], devices: Mapping[str, Device]) -> Checkpoint:
    """Checkpoint of a row of `checkpoints.csv`, with its lanes and devices."""
    own = {"groups": tuple(groups[row.text("checkpoint")]), "devices": tuple(devices[d] for d in row.words("devices"))}
    return forms.made(Checkpoint, row, TABLES["checkpoints"], **own)


def _law(row: Row) -> Law:
    family = row.text("service_law")
    fixed = {"constant": 0.0, "exponential": 1.0}
    return Law(family=family, cv=row.number("service_cv", default=fixed.get(family)))


def check_served(found: Findings) -> None:
    """A class has one group of lanes per direction of a checkpoint."""
    served: dict[tuple[str, str, str], Row] = {}
    for row in found.rows["lanes"]:
        if not found.clean(row, "checkpoint", "direction", "classes"):
            continue
        for way in ways(row.cells["direction"]):
            for vehicle_class in row.words("classes"):
                before = served.setdefault((row.cells["checkpoint"], way, vehicle_class), row)
                if before is not row:
                    rule = f"give {vehicle_class} one group of lanes in direction {way}"
                    found.add(row, f"must {rule}, got another in line {before.line}", column="classes")
                    break


def _check_posts(found: Findings) -> None:
    """Every checkpoint has lanes, and a class has one group of them per direction."""
    check_served(found)
    if found.whole("lanes", "checkpoint"):
        have = {row.cells["checkpoint"] for row in found.rows["lanes"]}
        for row in found.rows["checkpoints"]:
            if row.cells["checkpoint"] not in have and found.clean(row, "checkpoint"):
                found.add(
                    row, f"must have lanes in lanes.csv, got none for {row.cells['checkpoint']!r}", column="checkpoint"
                )


def _check_hashes(found: Findings) -> None:
    """Check names used as addresses of random numbers for hash collisions."""
    rule = "be renamed, as the same random numbers would go to it and to '{other}'"
    posts = {row.cells["checkpoint"]: row for row in found.rows["checkpoints"]}
    pair = hashes.collision(posts, by=hashes.long_hash)
    if pair:
        found.add(posts[pair[1]], f"must {rule.format(other=pair[0])}, got {pair[1]!r}", column="checkpoint")
    for row in posts.values():
        pair = hashes.collision(row.words("devices"), by=hashes.short_hash)
        if pair and found.clean(row, "devices"):
            found.add(row, f"must {rule.format(other=pair[0])}, got {pair[1]!r}", column="devices")


def _shift(row: Row) -> Shift:
    return forms.made(Shift, row, TABLES["shifts"])


def _shifts(found: Findings) -> dict[Group, list[Row]]:
    """Rows of `shifts.csv` by group of lanes, in the order of the day; none if a relevant cell is invalid."""
    if not found.whole("shifts", "checkpoint", "direction", "classes", "start", "end"):
        return {}
    groups: dict[Group, list[Row]] = defaultdict(list)
    for row in found.rows["shifts"]:
        groups[group_of(row)].append(row)
    return {group: sorted(rows, key=lambda row: row.number("start")) for group, rows in groups.items()}


def _check_trains(found: Findings) -> None:
    """Check fixed departures and wagons: only trains have them."""
    for row in found.rows["lanes"]:
        others = [name for name in row.words("classes") if mode_of(name) != "rail"]
        for column in ("stop", "wagons"):
            if row.cells[column] and others and found.clean(row, "classes", column):
                rule = f"be empty but for trains, as these lanes serve {', '.join(others)}"
                found.add(row, f"must {rule}, got {row.cells[column]!r}", column=column)


def _check_groups(found: Findings) -> None:
    """Check the reference of each shift to a group of lanes."""
    columns = ("checkpoint", "direction", "classes")
    if not found.whole("lanes", *columns):
        return
    known = {"/".join(group_of(row)) for row in found.rows["lanes"]}
    for row in found.rows["shifts"]:
        name = "/".join(group_of(row))
        if name not in known and found.clean(row, *columns):
            near = checks.nearest(name, known)
            rule = "name a row of lanes.csv together with checkpoint and direction"
            found.add(row, f"must {rule}, got {name!r}{near}", column="classes")


def _check_day(found: Findings, rows: list[Row]) -> None:
    """Check the shifts of a group for gaps and overlaps from midnight to midnight."""
    for row in rows:
        if row.number("end") <= row.number("start"):
            rule = "be above start; a shift over midnight is two rows"
            found.add(row, f"must {rule}, got {row.cells['end']!r}", column="end")
            return
    first, last = rows[0], rows[-1]
    if first.number("start") != 0:
        found.add(first, f"must be 0 in the first shift of the day, got {first.cells['start']!r}", column="start")
    for before, row in pairwise(rows):
        if row.number("start") != before.number("end"):
            gap = "leaves a gap" if row.number("start") > before.number("end") else "overlaps"
            rule = f"be {before.cells['end']}, where the shift of line {before.line} ends"
            found.add(row, f"must {rule}, got {row.cells['start']!r}, which {gap}", column="start")
    if last.number("end") != units.HOURS_PER_DAY:
        found.add(last, f"must be 24 in the last shift of the day, got {last.cells['end']!r}", column="end")


def _check_lanes(found: Findings, group: Group, rows: list[Row]) -> None:
    """Check lanes on duty: no more than the group has, and at a border some at some hour."""
    if not all(found.clean(row, "lanes") for row in rows):
        return
    own = [row for row in found.rows["lanes"] if group_of(row) == group and found.clean(row, "lanes")]
    for row in rows if own else ():
        if row.whole("lanes") > own[0].whole("lanes"):
            rule = f"be at most {own[0].cells['lanes']}, the lanes of line {own[0].line} of {own[0].table}"
            found.add(row, f"must {rule}, got {row.cells['lanes']!r}", column="lanes")
    border = any(
        row.cells["border"]
        for row in found.rows["checkpoints"]
        if row.cells["checkpoint"] == group[0] and found.clean(row, "border")
    )
    if border and all(row.whole("lanes") == 0 for row in rows):
        rule = "be above 0 in some shift, or vehicles would wait for ever at the border"
        found.add(rows[0], f"must {rule}, got {rows[0].cells['lanes']!r}", column="lanes")


def _check_borders(found: Findings) -> None:
    """Check bypasses: their border has crossings, and the shares of a border sum to at most one."""
    borders = {row.cells["border"] for row in found.rows["checkpoints"] if row.cells["border"]}
    shares: Mapping[str, list[Row]] = defaultdict(list)
    for row in found.rows["bypass"]:
        name = row.cells["border"]
        shares[name].append(row)
        if found.whole("checkpoints", "border") and found.clean(row, "border") and name not in borders:
            near = checks.nearest(name, borders)
            found.add(row, f"must be the border of a row of checkpoints.csv, got {name!r}{near}", column="border")
    for name, rows in shares.items() if found.whole("bypass", "border", "share") else ():
        total = math.fsum(row.number("share") for row in rows)
        if total > 1 + 1e-9:
            lines = ", ".join(str(row.line) for row in rows)
            text = f"must sum to at most 1 over border {name} (line {lines}), got {total:.6g}"
            found.add(rows[0], text, column="share")


def _check_campaigns(found: Findings) -> None:
    """Check the dates of campaigns: the end follows the start, within the year and over the years."""
    rules: dict[str, Any] = {"end": ("start", "be later in the year than start"), "to": ("from", "be after from")}
    for row in found.rows["campaigns"]:
        for column, (first, rule) in rules.items():
            start, end = row.cells[first], row.cells[column]
            if start and end and start >= end and found.clean(row, first, column):
                found.add(row, f"must {rule} ({start}), got {end!r}", column=column)
