"""Honest traffic in the tables of a world: flows, their profiles and published counts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flowsim import checks
from flowsim.checks import NON_NEGATIVE
from flowsim.csv_tables import Row
from flowsim.world.checkpoint import WAYS
from flowsim.world.traffic import CYCLES, DIRECTIONS, MOST_PER_DAY, VEHICLE_CLASSES, Flow, Profile
from flowsim.world.world import Count
from flowsim.world_tables import forms
from flowsim.world_tables.columns import Column, Table
from flowsim.world_tables.findings import Findings
from flowsim.world_tables.parameters import WorldParameter

TABLES: Mapping[str, Table] = {
    "flows": Table(
        meaning="honest vehicles of one class on one path, one way",
        key=("flow",),
        fields={"name": "flow", "vehicle_class": "class"},
        columns=(
            forms.name("flow", "name of the flow"),
            forms.word("class", VEHICLE_CLASSES, "class of vehicle; train and passenger go by rail, others by road"),
            forms.names("path", "places that it passes, each two joined by a leg", table="places"),
            forms.word(
                "direction", DIRECTIONS, "in: enters at the first place; out: leaves at the last; through: both"
            ),
            forms.number("per_day", "1/day", checks.between(0, MOST_PER_DAY), "vehicles a day, mean of the year"),
            *forms.interval("1/day", NON_NEGATIVE),
            forms.name("daily", "profile of the day", table="profiles"),
            forms.name("weekly", "profile of the week", table="profiles"),
            forms.name("seasonal", "profile of the year", table="profiles"),
            Column(
                name="timetable",
                form="word",
                meaning="yes: they enter at even intervals, whatever the profiles; no or empty: at random",
                words=("yes", "no"),
                optional=True,
                may_be_absent=True,
            ),
        ),
    ),
    "counts": Table(
        meaning="a published daily count to compare with the modelled traffic",
        key=("count",),
        fields={"name": "count", "checkpoints": "checkpoint"},
        may_be_empty=True,
        columns=(
            forms.name("count", "name of the count"),
            forms.names("checkpoint", "checkpoints counted together", table="checkpoints"),
            forms.words("classes", VEHICLE_CLASSES, "classes of vehicle counted"),
            forms.word("direction", WAYS, "direction counted"),
            forms.number("value", "1/day", NON_NEGATIVE, "count as published"),
            forms.number(
                "low",
                "1/day",
                NON_NEGATIVE,
                "lower end; times the low backcast_factor; empty: the count",
                optional=True,
            ),
            forms.number(
                "high",
                "1/day",
                NON_NEGATIVE,
                "upper end; times the high backcast_factor; empty: the count",
                optional=True,
            ),
            Column(name="year", form="years", meaning="year or years of the count"),
        ),
    ),
    "profiles": Table(
        meaning="weight of one slot of a rhythm of traffic",
        key=("profile", "cycle", "slot"),
        columns=(
            forms.name("profile", "name of the profile"),
            forms.word("cycle", tuple(CYCLES), "day of 24 hours, week of 7 days or year of 12 months"),
            forms.whole("slot", NON_NEGATIVE, "hour 0-23, weekday 0-6 from Monday, or month 1-12"),
            forms.number(
                "weight", "1", NON_NEGATIVE, "intensity relative to the mean; the slots of a profile average 1"
            ),
        ),
    ),
}
"""Tables of honest traffic."""


def flow(row: Row, *, profiles: Mapping[str, Profile]) -> Flow:
    """Flow of a row of `flows.csv`."""
    rhythm: dict[str, Any] = {cycle: profiles[row.text(cycle)] for cycle in CYCLES}
    at_intervals = row.cells["timetable"] == "yes"
    return forms.made(Flow, row, TABLES["flows"], timetable=at_intervals, **rhythm)


def count(row: Row, *, factor: WorldParameter) -> Count:
    """Count of a row of `counts.csv`, cast back to the year of the world by a factor."""
    value = row.number("value")
    low, high = row.number("low", default=value), row.number("high", default=value)
    checks.require(low <= value <= high, thing="value", rule=f"lie in its interval [{low:g}, {high:g}]", value=value)
    return forms.made(Count, row, TABLES["counts"], low=low * factor.low, high=high * factor.high)


def check(found: Findings) -> None:
    """Find errors of profiles across cells: their slots, their mean, and the cycles that flows use them for.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    if not found.whole("profiles", "profile", "cycle", "slot", "weight"):
        return
    profiles: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows["profiles"]:
        profiles[row.cells["profile"]].append(row)
    for name, rows in profiles.items():
        cycle = rows[0].cells["cycle"]
        first = 1 if cycle == "seasonal" else 0
        slots = range(first, first + CYCLES[cycle])
        for row in rows:
            if row.cells["cycle"] != cycle:
                found.add(row, f"must be {cycle} as in line {rows[0].line}, got {row.cells['cycle']!r}", column="cycle")
            elif row.whole("slot") not in slots:
                rule = f"lie in [{slots[0]}, {slots[-1]}] in a {cycle} profile"
                found.add(row, f"must {rule}, got {row.cells['slot']!r}", column="slot")
        missing = [str(slot) for slot in slots if slot not in [row.whole("slot") for row in rows]]
        if missing:
            rule = f"have slots {slots[0]} to {slots[-1]} of profile '{name}'"
            found.add(rows[0], f"must {rule}, got none for {', '.join(missing)}", column="slot")
        mean = math.fsum(row.number("weight") for row in rows) / len(slots)
        if all(found.clean(row) for row in rows) and abs(mean - 1.0) >= 1e-3:
            found.add(rows[0], f"must have a mean of 1 over profile '{name}', got {mean:.6g}", column="weight")
    cycles = {row.cells["profile"]: row.cells["cycle"] for row in found.rows["profiles"]}
    for row in found.rows["flows"]:
        for cycle in CYCLES:
            got = cycles.get(row.cells[cycle], cycle)
            if got != cycle:
                found.add(row, f"must be a {cycle} profile, got {row.cells[cycle]!r}, which is {got}", column=cycle)
