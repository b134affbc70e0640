"""Provenance of every number of a world: kind (reported, calibrated or assumed) and source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from flowsim import checks
from flowsim.csv_tables import Row
from flowsim.evidence import figure
from flowsim.world.detection import Detection
from flowsim.world.world import World
from flowsim.world_tables import populations
from flowsim.world_tables.overlays import Rows, converted, key_of
from flowsim.world_tables.table_columns import TABLES

INTERVALS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "legs": {"distance": ("distance_low", "distance_high")},
    "bypass": {"share": ("share_low", "share_high")},
    "campaigns": {"factor": ("factor_low", "factor_high")},
    "streams": {"share": ("share_low", "share_high")},
    "drugs": {"inflow": ("inflow_low", "inflow_high")},
    "populations": {name: (f"{name}_low", f"{name}_high") for name in populations.UNCERTAIN},
    "hubs": {"share": ("share_low", "share_high"), "store": ("store_low", "store_high")},
    "flows": {"per_day": ("low", "high")},
    "counts": {"value": ("low", "high")},
    "parameters": {"value": ("low", "high")},
}
"""Columns of the ends of the interval of a number, by table and column of the number."""

DAYS: Mapping[str, str] = {"date": "date", "day": "day of the year"}
"""Forms of dates and days, and the unit given to each."""

FIXED_CV = {"constant": "0", "exponential": "1"}
"""Coefficient of variation fixed by a service-time distribution."""

UNITS: Mapping[str, str] = {
    "targeting": "1",
    "sensitivity": "1",
    "effort": "1",
    "year_log_sd": "1",
    "handling_time": "h",
    "search_time": "h",
    "search_cv": "1",
    "compensation": "USD",
    "search_cost": "USD",
    "cost_ratio": "1",
    "seals": "1",
    "intelligence": "1",
    "intelligence.cases_knb": "1/year",
    "intelligence.cases_committee": "1/year",
    "corruption": "1",
}
"""Units of the numbers of `conf/inspection/`; a number of a group may have its own."""

INFLOW_UNIT = "t/year"
"""Unit of the inflow of a run."""

WORD = "word"
"""Unit of a word or truth value."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number, day or word of a world, with its source."""

    table: str
    """Its table, or `inspection`."""

    key: str
    """Row of the table, its key joined with slashes."""

    name: str
    """Column, or field of the inspection."""

    value: float | str
    """The number [unit], or the day or the word; `true` and `false` are words."""

    low: float | None = None
    """Lower end of its interval, if it has one [unit]."""

    high: float | None = None
    """Upper end of its interval, if it has one [unit]."""

    unit: str
    """Unit of the number."""

    kind: str
    """Whether it is reported, calibrated or assumed."""

    source: str
    """Source and locator, or the reason of a judgement."""

    def __post_init__(self) -> None:
        checks.sourced(self)
        where = f"{self.table} {self.key}: {self.name}"
        checks.require(bool(self.unit), thing=where, rule="have a unit", value=self.unit)


def of_tables(
    rows: Rows, *, world: World, inflow: float | None = None, reported: str | None = None
) -> tuple[Number, ...]:
    """Numbers and dates of the tables of a world.

    Parameters
    ----------
    rows
        Tables of the world, overlays laid over them.
    world
        World built from them, for the controls in force and the lengths of legs.
    inflow
        Inflow of the run, if it differs from the world's [t/year].
    reported
        Key of the reported figure behind this inflow, if any.

    Raises
    ------
    ValueError
        If a number has no kind, no source or no unit.
    """
    standing = {checkpoint.name for checkpoint in world.checkpoints}
    lasting = {campaign.name for campaign in world.campaigns}
    in_force = {table: ("checkpoint", standing) for table in ("checkpoints", "lanes", "shifts")}
    in_force["campaigns"] = ("campaign", lasting)
    found = [
        number
        for table, own in rows.items()
        for row in own
        if table not in in_force or row.cells[in_force[table][0]] in in_force[table][1]
        for number in _of_row(_filled(row, table, rows=rows, world=world), table)
    ]
    chosen = "judgement: the year that the world stands for, in its file"
    found.append(
        Number(table="world", key=world.name, name="year", value=world.year, unit="year", kind="assumed", source=chosen)
    )
    if inflow is not None:
        words = f"inflow={inflow:g}"
        found = [
            _given(replace(number, value=inflow), words=words, reported=reported) if number.key == "inflow" else number
            for number in found
        ]
    return tuple(found)


def _given(number: Number, *, words: str, reported: str | None) -> Number:
    """Number set by the command or the configuration, without the source and interval of the table."""
    if reported is None:
        return replace(number, low=None, high=None, kind="assumed", source=f"judgement: typed for this run, {words}")
    return _reported(replace(number, low=None, high=None), reported)


def _reported(number: Number, key: str) -> Number:
    """Number taken from a reported figure, with the figure's locator, and its range if the number has none."""
    name, _, end = key.partition(".")
    found = figure(name)
    low, high = number.low, number.high
    if low is None and not end and found.least < found.most:
        low, high = (converted(f"{name}.{side}", unit=number.unit, thing=number.key) for side in ("low", "high"))
    return replace(number, low=low, high=high, kind="reported", source=f"{found.source}, {found.locator} ({name})")


def _filled(row: Row, table: str, *, rows: Rows, world: World) -> Row:
    """Row with empty cells filled in by the model's defaults."""
    cells = dict(row.cells)
    if table == "legs":
        ends = {cells["start"], cells["end"]}
        leg = next(leg for leg in world.network.legs if {leg.start, leg.end} == ends and leg.mode == cells["mode"])
        given = {"distance": leg.distance, "speed": leg.speed}
        cells |= {name: repr(value) for name, value in given.items() if not cells[name]}
        cells |= {name: cells[name] or cells["distance"] for name in ("distance_low", "distance_high")}
        if not row.cells["speed"]:
            speed = next(r for r in rows["parameters"] if r.cells["parameter"] == f"speed_{cells['mode']}")
            cells["source of speed"] = f"as speed_{cells['mode']}: {speed.cells['source']}"
    if cells.get("service_law") in FIXED_CV:
        cells["service_cv"] = FIXED_CV[cells["service_law"]]
    return replace(row, cells=cells)


def _of_row(row: Row, table: str) -> Iterator[Number]:
    intervals = INTERVALS.get(table, {})
    ends = {end for pair in intervals.values() for end in pair}
    for column in TABLES[table].columns:
        name = column.name
        if name in TABLES[table].key or name in ends or not row.cells[name]:
            continue
        if column.form not in ("number", "whole", *DAYS):
            continue
        low, high = (
            (row.number(end) if row.cells[end] else None for end in intervals[name])
            if name in intervals
            else (None, None)
        )
        yield Number(
            table=table,
            key="/".join(key_of(row, table=table)),
            name=name,
            value=row.cells[name] if column.form in DAYS else row.number(name),
            low=low,
            high=high,
            unit=DAYS.get(column.form) or (row.cells["unit"] if table == "parameters" else column.unit),
            kind=row.text("kind"),
            source=row.cells.get(f"source of {name}") or row.text("source"),
        )


def is_number(value: object) -> bool:
    """Whether a value is a number, not a word or truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def of_detection(
    detection: Detection,
    *,
    sources: Mapping[str, Any],
    typed: Sequence[str] = (),
    reported: Mapping[str, str] | None = None,
) -> tuple[Number, ...]:
    """Numbers common to all checkpoints.

    Parameters
    ----------
    detection
        Detection settings common to all checkpoints.
    sources
        Mapping from each number, nested as they are, to its kind, low, high and source.
    typed
        Arguments of the command; numbers set by them count as judgements, without interval.
    reported
        Keys of the reported figures behind numbers, by number, such as `effort.south`; these are reported.

    Raises
    ------
    ValueError
        If a number has no kind, no source or no unit.
    """
    found = _of_fields(detection, sources=sources, path="")
    return tuple(_set(number, typed=typed, reported=(reported or {}).get(number.key)) for number in found)


def _of_fields(owner: Any, *, sources: Mapping[str, Any], path: str) -> Iterator[Number]:
    for field in fields(owner):
        value, origin, key = getattr(owner, field.name), sources[field.name], f"{path}{field.name}"
        if is_dataclass(value):
            yield from _of_fields(value, sources=origin, path=f"{key}.")
            continue
        yield Number(
            table="inspection",
            key=key,
            name=field.name,
            value=value if is_number(value) else str(value).lower() if isinstance(value, bool) else value,
            low=origin.get("low"),
            high=origin.get("high"),
            unit=(UNITS.get(key) or UNITS[key.partition(".")[0]]) if is_number(value) else WORD,
            kind=origin["kind"],
            source=origin["source"],
        )


def _set(number: Number, *, typed: Sequence[str], reported: str | None) -> Number:
    """Number of the inspection as set by the command, or as a reported figure if its file refers to one."""
    words = [word for word in typed if word.startswith(f"inspection.{number.key}=")]
    if words:
        return _given(number, words=words[-1], reported=reported)
    return number if reported is None else _reported(number, reported)
