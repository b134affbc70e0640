"""Reading of a world from a folder of tables: places, legs, routes, checkpoints, traffic and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from flowsim import checks, tables, units, world_checks, world_parameters
from flowsim.evidence.figures import Figure
from flowsim.inspection.checkpoint import Checkpoint, LaneGroup
from flowsim.inspection.detection import Detection
from flowsim.inspection.devices import Device
from flowsim.network import Leg, Network, Place, Route, great_circle
from flowsim.overlays import REPORTED, lay
from flowsim.tables import Mistake, Row
from flowsim.traffic import CYCLES, ClassShare, Flow, Law, Profile, Stream, Traffic
from flowsim.world import Count, World
from flowsim.world_checks import Findings
from flowsim.world_columns import SOURCED, TABLES
from flowsim.world_parameters import Parameter

COLUMNS: Mapping[str, tuple[str, ...]] = {
    name: tuple(column.name for column in (*table.columns, *SOURCED)) for name, table in TABLES.items()
}
"""Columns of each table of a world; a column `note` may follow."""

FIELDS: Mapping[str, Mapping[str, str]] = {
    "checkpoints": {"start": "from", "end": "to", "effort_class": "effort"},
    "lanes": {"cv": "service_cv", "law": "service_law"},
    "devices": {"cv": "service_cv", "law": "service_law"},
    "flows": {"vehicle_class": "class"},
    "classes": {"vehicle_class": "class"},
}
"""Columns behind the fields of the objects that have another name."""

Rows = Mapping[str, tuple[Row, ...]]
"""Rows of each table of a world."""

Made = TypeVar("Made")

_FIELD = re.compile(r"^(?:(?P<thing>.*)[.:] ?)?(?P<field>\w+) must (?P<rest>.*)$", re.DOTALL)


def read_tables(
    folder: Path, *, overlays: Sequence[Path] = (), figures: Mapping[str, Figure] | None = None
) -> dict[str, tuple[Row, ...]]:
    """Read all tables of a world, without checking what their cells say.

    Parameters
    ----------
    folder
        Folder with one CSV file per key of `COLUMNS`.
    overlays
        Folders with rows to lay over them, in order.
    figures
        Reported figures that cells refer to; the package's own by default.

    Returns
    -------
    dict
        Rows by name of table.

    Raises
    ------
    ValueError
        If tables are missing or malformed; all that is wrong is said at once.
    """
    rows, mistakes = _scan(folder)
    _refuse(mistakes, thing=f"the tables in {folder}")
    return lay(rows, folders=overlays, columns=COLUMNS, figures=figures)


def load(
    folder: Path,
    *,
    name: str,
    title: str,
    year: int,
    detection: Detection,
    overlays: Sequence[Path] = (),
    figures: Mapping[str, Figure] | None = None,
) -> World:
    """Build a world from its tables.

    Parameters
    ----------
    folder
        Folder with the tables.
    name, title, year
        Identifier, description and calendar year of the world.
    detection
        What is common to all its checkpoints.
    overlays
        Folders with rows to lay over the tables, in order.
    figures
        Reported figures that cells refer to; the package's own by default.

    Raises
    ------
    Refused
        If tables are malformed or the world does not hold together; every mistake is named with its table, line,
        column, rule and value, in the order of the tables and their rows.
    """
    thing = f"the tables of world '{name}' in {folder}"
    rows, mistakes = _scan(folder)
    partial = {Path(mistake.table).stem for mistake in mistakes}
    if overlays:
        mistakes += world_checks.repeated(rows)
    rows, unread, spoilt = _resolved(rows, figures=figures)
    mistakes += unread
    if not mistakes:
        try:
            rows = lay(rows, folders=overlays, columns=COLUMNS, figures=figures)
        except ValueError as error:
            mistakes.append(Mistake("overlay", 0, str(error)))
    found = world_checks.examine(rows, year=year, partial=sorted(partial), spoilt=spoilt)
    parts = _parts(found)
    _refuse([*mistakes, *found.mistakes], thing=thing)
    try:
        return _world(parts, found.rows, name=name, title=title, year=year, detection=detection)
    except ValueError as error:
        raise checks.Refused(f"{thing}: 1 mistake\n  {error}") from None


def _scan(folder: Path) -> tuple[dict[str, tuple[Row, ...]], list[Mistake]]:
    scans = {
        name: tables.scan(folder / f"{name}.csv", columns=COLUMNS[name], may_be_empty=table.may_be_empty)
        for name, table in TABLES.items()
    }
    mistakes = [mistake for scan in scans.values() for mistake in scan.mistakes]
    return {name: scan.rows for name, scan in scans.items()}, mistakes


def _resolved(
    rows: Rows, *, figures: Mapping[str, Figure] | None
) -> tuple[dict[str, tuple[Row, ...]], list[Mistake], list[Row]]:
    """Rows with reported figures put in; the mistakes of those that refer to none, and these rows."""
    mistakes, spoilt = [], []
    put: dict[str, tuple[Row, ...]] = {}
    for name, own in rows.items():
        found = []
        for row in own:
            resolved = row
            if any(cell.startswith(REPORTED) for cell in row.cells.values()):
                try:
                    resolved = lay({name: (row,)}, folders=(), columns=COLUMNS, figures=figures)[name][0]
                except ValueError as error:
                    mistakes.append(Mistake(row.table, row.line, str(error)))
                    spoilt.append(row)
            found.append(resolved)
        put[name] = tuple(found)
    return put, mistakes, spoilt


def _refuse(mistakes: Sequence[Mistake], *, thing: str) -> None:
    order = list(TABLES)

    def place(mistake: Mistake) -> tuple[int, str, int]:
        stem = Path(mistake.table).stem
        return order.index(stem) if stem in order else -1, mistake.table, mistake.line

    texts = dict.fromkeys(mistake.text for mistake in sorted(mistakes, key=place))
    checks.refuse_all(list(texts), thing=thing)


def _made(found: Findings, table: str, make: Callable[[Row], Made]) -> list[tuple[Row, Made]]:
    """Objects of the rows of a table that are free of mistakes; what a constructor refuses is noted."""
    made = []
    for row in found.rows[table]:
        if not found.clean(row):
            continue
        try:
            made.append((row, make(row)))
        except KeyError:  # what the row refers to has a mistake of its own
            if found.sound:
                raise
        except ValueError as error:
            found.mistakes.append(_located(row, error, table=table))
    return made


def _located(row: Row, error: ValueError, *, table: str) -> Mistake:
    """Mistake of a row from the message of a constructor, with the column in place of the field."""
    text = str(error)
    if text.startswith(row.where()):
        return Mistake(row.table, row.line, text)
    match = _FIELD.match(text)
    if match is None:
        return row.mistake(text)
    column = FIELDS.get(table, {}).get(match["field"], match["field"])
    if column not in row.cells:
        return row.mistake(text)
    return row.mistake(f"must {match['rest']}", column=column)


def _parts(found: Findings) -> dict[str, Any]:
    """Objects of each table."""
    made: dict[str, Any] = {}
    parameters = {
        row.text("parameter"): made for row, made in _made(found, "parameters", world_parameters.read_parameter)
    }
    places = {place.name: place for _, place in _made(found, "places", _place)}
    profiles = _profiles(found)
    devices = {device.name: device for _, device in _made(found, "devices", _device)}
    groups: dict[str, list[LaneGroup]] = {}
    for row, group in _made(found, "lanes", _group):
        groups.setdefault(row.text("checkpoint"), []).append(group)
    makers: dict[str, Callable[[Row], object]] = {
        "legs": lambda row: _leg(row, places, parameters),
        "routes": _route,
        "checkpoints": lambda row: _checkpoint(row, groups, devices),
        "streams": _stream,
        "classes": _class_share,
        "cities": lambda row: (row.text("place"), row.number("weight")),
        "flows": lambda row: _flow(row, profiles),
        "counts": lambda row: _count(row, factor=parameters["backcast_factor"]),
    }
    for table, make in makers.items():
        made[table] = tuple(part for _, part in _made(found, table, make))
    return made | {"places": tuple(places.values()), "parameters": parameters}


def _world(parts: Mapping[str, Any], rows: Rows, *, name: str, title: str, year: int, detection: Detection) -> World:
    parameters: Mapping[str, Parameter] = parts["parameters"]
    network = Network(
        places=parts["places"],
        legs=parts["legs"],
        routes=parts["routes"],
        travel=world_parameters.travel(parameters),
    )
    inflow = parameters["inflow"]
    traffic = Traffic(
        flows=parts["flows"],
        streams=parts["streams"],
        class_shares=parts["classes"],
        sizes=world_parameters.load_sizes(parameters),
        inflow=units.kilograms(inflow.value),
        inflow_low=units.kilograms(inflow.low),
        inflow_high=units.kilograms(inflow.high),
        retained_share=parameters["retained_share"].value,
        city_weights=parts["cities"],
        year_log_sd=parameters["year_flow_log_sd"].value,
    )
    return World(
        name=name,
        title=title,
        year=year,
        network=network,
        traffic=traffic,
        checkpoints=tuple(checkpoint for checkpoint in parts["checkpoints"] if checkpoint.in_force(year)),
        detection=detection,
        counts=parts["counts"],
        warm_up=parameters["warm_up"].value,
    )


def _origin(row: Row) -> dict[str, Any]:
    return {"kind": row.text("kind"), "source": row.text("source")}


def _place(row: Row) -> Place:
    return Place(
        name=row.text("place"),
        label=row.text("label"),
        country=row.text("country"),
        oblast=row.text("oblast", default=""),
        latitude=row.number("latitude"),
        longitude=row.number("longitude"),
        uncertainty=row.number("uncertainty"),
        **_origin(row),
    )


def _route(row: Row) -> Route:
    return Route(
        name=row.text("route"),
        label=row.text("label"),
        origin=row.text("origin"),
        mode=row.text("mode"),
        approach=row.words("approach"),
        path=row.words("path"),
        exit=row.text("exit"),
        weight=row.number("weight"),
        evidence=row.words("evidence"),
        **_origin(row),
    )


def _leg(row: Row, places: Mapping[str, Place], parameters: Mapping[str, Parameter]) -> Leg:
    start, end, mode = row.text("start"), row.text("end"), row.text("mode")
    if row.cells["distance"]:
        distance = row.number("distance")
    else:
        distance = great_circle(places[start], places[end]) * parameters[f"detour_{mode}"].value
    return Leg(
        start=start,
        end=end,
        mode=mode,
        distance=distance,
        distance_low=row.number("distance_low", default=distance),
        distance_high=row.number("distance_high", default=distance),
        speed=row.number("speed") if row.cells["speed"] else parameters[f"speed_{mode}"].value,
        **_origin(row),
    )


def _law(row: Row) -> Law:
    family = row.text("service_law")
    fixed = {"constant": 0.0, "exponential": 1.0}
    return Law(family=family, cv=row.number("service_cv", default=fixed.get(family)))


def _group(row: Row) -> LaneGroup:
    return LaneGroup(
        direction=row.text("direction"),
        classes=row.words("classes"),
        lanes=row.whole("lanes"),
        service_time=units.hours(row.number("service_time")),
        law=_law(row),
        referral=row.number("referral"),
        wave_through=row.whole("wave_through"),
        **_origin(row),
    )


def _device(row: Row) -> Device:
    return Device(
        name=row.text("device"),
        label=row.text("label"),
        intercept=row.number("intercept"),
        slope=row.number("slope"),
        concealment=row.number("concealment"),
        specificity=row.number("specificity"),
        service_time=units.hours(row.number("service_time")),
        law=_law(row),
        availability=row.number("availability"),
        **_origin(row),
    )


def _checkpoint(row: Row, groups: Mapping[str, Sequence[LaneGroup]], devices: Mapping[str, Device]) -> Checkpoint:
    return Checkpoint(
        name=row.text("checkpoint"),
        place=row.text("place"),
        label=row.text("label"),
        type=row.text("type"),
        border=row.text("border", default=""),
        mode=row.text("mode"),
        agency=row.text("agency"),
        effort_class=row.text("effort"),
        groups=tuple(groups[row.text("checkpoint")]),
        bays=row.whole("bays"),
        devices=tuple(devices[device] for device in row.words("devices")),
        start=row.text("from", default=""),
        end=row.text("to", default=""),
        **_origin(row),
    )


def _stream(row: Row) -> Stream:
    return Stream(
        drug=row.text("drug"),
        origin=row.text("origin"),
        mode=row.text("mode"),
        share=row.number("share"),
        low=row.number("share_low"),
        high=row.number("share_high"),
        **_origin(row),
    )


def _class_share(row: Row) -> ClassShare:
    return ClassShare(
        mode=row.text("mode"),
        vehicle_class=row.text("class"),
        share=row.number("share"),
        capacity=row.number("capacity"),
        **_origin(row),
    )


def _profiles(found: Findings) -> dict[str, Profile]:
    """Profiles of which every row is free of mistakes."""
    profiles = {}
    for name in dict.fromkeys(row.cells["profile"] for row in found.rows["profiles"]):
        own = [row for row in found.rows["profiles"] if row.cells["profile"] == name]
        if "profiles" in found.partial or not all(found.clean(row) for row in own):
            continue
        own.sort(key=lambda row: row.whole("slot"))
        weights = tuple(row.number("weight") for row in own)
        try:
            profiles[name] = Profile(name=name, cycle=own[0].text("cycle"), weights=weights)
        except ValueError as error:
            found.mistakes.append(_located(own[0], error, table="profiles"))
    return profiles


def _flow(row: Row, profiles: Mapping[str, Profile]) -> Flow:
    rhythm: dict[str, Any] = {cycle: profiles[row.text(cycle)] for cycle in CYCLES}
    return Flow(
        name=row.text("flow"),
        vehicle_class=row.text("class"),
        path=row.words("path"),
        direction=row.text("direction"),
        per_day=row.number("per_day"),
        low=row.number("low"),
        high=row.number("high"),
        **rhythm,
        **_origin(row),
    )


def _count(row: Row, *, factor: Parameter) -> Count:
    value = row.number("value")
    low, high = row.number("low", default=value), row.number("high", default=value)
    checks.require(low <= value <= high, thing="value", rule=f"lie in its interval [{low:g}, {high:g}]", value=value)
    return Count(
        name=row.text("count"),
        checkpoints=row.words("checkpoint"),
        classes=row.words("classes"),
        direction=row.text("direction"),
        value=value,
        low=low * factor.low,
        high=high * factor.high,
        year=row.text("year"),
        source=row.text("source"),
    )
