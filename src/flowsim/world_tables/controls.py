"""Mechanisms at the post in the tables of a world: shifts, bypasses, campaigns and stops of trains."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from flowsim import checks, units
from flowsim.csv_tables import Row
from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import stands
from flowsim.world.shifts import Shift
from flowsim.world.traffic import mode_of
from flowsim.world_tables.findings import Findings, check_interval

Group = tuple[str, str, str]
"""Checkpoint, direction and classes of a group of lanes, as written."""


def check(found: Findings) -> None:
    """Find errors of the mechanisms across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
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


def train(row: Row) -> dict[str, Any]:
    """Fields of a group of lanes for trains: duration of the stop [h] and share of wagons inspected [1]."""
    stop = row.number("stop", default=math.inf)
    return {"stop": units.hours(stop), "wagons": row.number("wagons", default=1.0)}


def bypass(row: Row) -> Bypass:
    """Bypass of a row of `bypass.csv`.

    Raises
    ------
    ValueError
        If a cell is not of its form.
    """
    return Bypass(
        border=row.text("border"),
        way=row.text("way"),
        share=row.number("share"),
        maximum=row.number("maximum"),
        detour=row.number("detour"),
        patrol=row.number("patrol"),
        kind=row.text("kind"),
        source=row.text("source"),
    )


def campaign(row: Row) -> Campaign:
    """Campaign of a row of `campaigns.csv`.

    Raises
    ------
    ValueError
        If a cell is not of its form.
    """
    return Campaign(
        name=row.text("campaign"),
        start=row.text("start"),
        end=row.text("end"),
        agencies=row.words("agencies"),
        factor=row.number("factor"),
        kind=row.text("kind"),
        source=row.text("source"),
    )


def in_force(row: Row, *, year: int) -> bool:
    """Whether the campaign of a row is in force on 1 July of a year."""
    return stands(row.cells["from"], row.cells["to"], year=year)


def _shift(row: Row) -> Shift:
    return Shift(start=row.number("start"), end=row.number("end"), lanes=row.whole("lanes"))


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
