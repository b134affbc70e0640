"""Reader of a world from a folder of tables: places, legs, routes, checkpoints, traffic and parameters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from flowsim import checks, csv_tables, units
from flowsim.csv_tables import Mistake, Row
from flowsim.evidence.figures import Figure
from flowsim.world.checkpoint import LaneGroup
from flowsim.world.detection import Detection
from flowsim.world.network import Network
from flowsim.world.traffic import Profile, Traffic
from flowsim.world.world import Identity, World
from flowsim.world_tables import consignments, controls, populations, validate
from flowsim.world_tables import network as network_tables
from flowsim.world_tables import parameters as world_parameters
from flowsim.world_tables import traffic as traffic_tables
from flowsim.world_tables.findings import Findings
from flowsim.world_tables.forms import SOURCED
from flowsim.world_tables.overlays import REPORTED, lay
from flowsim.world_tables.table_columns import TABLES

COLUMNS: Mapping[str, tuple[str, ...]] = {
    name: tuple(column.name for column in (*table.columns, *SOURCED)) for name, table in TABLES.items()
}
"""Columns of each table of a world; a column `note` may follow."""

ABSENT: Mapping[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.columns if column.may_be_absent) for name, table in TABLES.items()
}
"""Optional columns of each table; if the file omits one, its cells are empty."""

FIELDS: Mapping[str, Mapping[str, str]] = {
    **{name: table.fields for name, table in TABLES.items()},
    "populations": populations.SIZES,
}
"""Columns named differently from their fields, by field."""

Rows = Mapping[str, tuple[Row, ...]]
"""Rows of each table of a world."""

Made = TypeVar("Made")

_FIELD = re.compile(r"^(?:(?P<thing>.*)[.:] ?)?(?P<field>\w+) must (?P<rest>.*)$", re.DOTALL)


def read_tables(
    folder: Path, *, overlays: Sequence[Path] = (), figures: Mapping[str, Figure] | None = None
) -> dict[str, tuple[Row, ...]]:
    """Read all tables of a world, without checks of their contents.

    Parameters
    ----------
    folder
        Folder with one CSV file per key of `COLUMNS`.
    overlays
        Folders with rows to lay over them, in order.
    figures
        Reported figures for references in cells; the package's own by default.

    Returns
    -------
    dict
        Rows by name of table.

    Raises
    ------
    ValueError
        If tables are missing or malformed; all errors are in one message.
    """
    rows, mistakes = _scan(folder)
    _refuse(mistakes, thing=f"the tables in {folder}")
    return lay(rows, folders=overlays, columns=COLUMNS, absent=ABSENT, figures=figures)


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
        Detection settings common to all its checkpoints.
    overlays
        Folders with rows to lay over the tables, in order.
    figures
        Reported figures for references in cells; the package's own by default.

    Raises
    ------
    Refused
        If tables are malformed or inconsistent; every error is named with its table, line, column, rule and value,
        in the order of the tables and their rows.
    """
    thing = f"the tables of world '{name}' in {folder}"
    rows, mistakes = _scan(folder)
    partial = {Path(mistake.table).stem for mistake in mistakes}
    if overlays:
        mistakes += validate.repeated(rows)
    rows, unread, spoilt = _resolved(rows, figures=figures)
    mistakes += unread
    if not mistakes:
        try:
            rows = lay(rows, folders=overlays, columns=COLUMNS, absent=ABSENT, figures=figures)
        except ValueError as error:
            mistakes.append(Mistake("overlay", 0, str(error)))
    found = validate.examine(rows, year=year, partial=sorted(partial), spoilt=spoilt)
    parts = _parts(found, year=year)
    _refuse([*mistakes, *found.mistakes], thing=thing)
    try:
        return _world(parts, found.rows, name=name, title=title, year=year, detection=detection)
    except ValueError as error:
        raise checks.Refused(f"{thing}: 1 mistake\n  {error}") from None


def digest(rows: Rows) -> str:
    """Digest of all cells except sources and notes, as these change no result.

    Parameters
    ----------
    rows
        Rows of each table, overlays laid over them.
    """
    found = hashlib.sha256()
    for name, own in rows.items():
        for row in own:
            cells = (f"{column}={cell}" for column, cell in row.cells.items() if column not in ("source", "note"))
            found.update("\0".join((name, *cells, "")).encode())
    return found.hexdigest()[:16]


def _scan(folder: Path) -> tuple[dict[str, tuple[Row, ...]], list[Mistake]]:
    scans = {
        name: csv_tables.scan(
            folder / f"{name}.csv",
            columns=COLUMNS[name],
            absent=ABSENT[name],
            may_be_empty=table.may_be_empty,
            may_be_absent=table.may_be_absent,
        )
        for name, table in TABLES.items()
    }
    mistakes = [mistake for scan in scans.values() for mistake in scan.mistakes]
    return {name: tuple(_filled(row, ABSENT[name]) for row in scan.rows) for name, scan in scans.items()}, mistakes


def _filled(row: Row, absent: Sequence[str]) -> Row:
    lacking = dict.fromkeys((column for column in absent if column not in row.cells), "")
    return replace(row, cells=row.cells | lacking) if lacking else row


def _resolved(
    rows: Rows, *, figures: Mapping[str, Figure] | None
) -> tuple[dict[str, tuple[Row, ...]], list[Mistake], list[Row]]:
    """Rows with reported figures filled in; the errors of unknown references, and their rows."""
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
    """Objects of the valid rows of a table; refusals by a constructor are noted."""
    made = []
    for row in found.rows[table]:
        if not found.clean(row):
            continue
        try:
            made.append((row, make(row)))
        except KeyError:  # the row refers to one with an error of its own
            if found.sound:
                raise
        except ValueError as error:
            found.mistakes.append(_located(row, error, table=table))
    return made


def _located(row: Row, error: ValueError, *, table: str) -> Mistake:
    """Error of a row from the message of a constructor, with the column in place of the field."""
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


def _parts(found: Findings, *, year: int) -> dict[str, Any]:
    """Objects of each table."""
    made: dict[str, Any] = {}
    parameters = {
        row.text("parameter"): made for row, made in _made(found, "parameters", world_parameters.read_parameter)
    }
    places = {place.name: place for _, place in _made(found, "places", network_tables.place)}
    profiles = _profiles(found)
    devices = {device.name: device for _, device in _made(found, "devices", controls.device)}
    groups: dict[str, list[LaneGroup]] = {}
    shifts = controls.shifts(found)
    for row, group in _made(found, "lanes", lambda row: controls.group(row, shifts=shifts)):
        groups.setdefault(row.text("checkpoint"), []).append(group)
    classes = consignments.classes(found)
    makers: dict[str, Callable[[Row], object]] = {
        "legs": lambda row: network_tables.leg(row, places=places, parameters=parameters),
        "routes": network_tables.route,
        "checkpoints": lambda row: controls.checkpoint(row, groups=groups, devices=devices),
        "streams": consignments.stream,
        "classes": consignments.class_share,
        "drugs": lambda row: consignments.drug(row, profiles=profiles),
        "cities": consignments.city,
        "populations": populations.population,
        "flows": lambda row: traffic_tables.flow(row, profiles=profiles),
        "counts": lambda row: traffic_tables.count(row, factor=parameters["backcast_factor"]),
        "bypass": controls.bypass,
        "hubs": lambda row: consignments.hub(row, classes=classes),
    }
    for table, make in makers.items():
        made[table] = tuple(part for _, part in _made(found, table, make))
    campaigns = _made(found, "campaigns", controls.campaign)
    made["campaigns"] = tuple(made for row, made in campaigns if controls.in_force(row, year=year))
    return made | {
        "places": tuple(places.values()),
        "devices": tuple(devices.values()),
        "parameters": parameters,
    }


def _world(parts: Mapping[str, Any], rows: Rows, *, name: str, title: str, year: int, detection: Detection) -> World:
    parameters: Mapping[str, world_parameters.WorldParameter] = parts["parameters"]
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
        sizes=world_parameters.consignment_sizes(parameters),
        inflow=units.kilograms(inflow.value),
        inflow_low=units.kilograms(inflow.low),
        inflow_high=units.kilograms(inflow.high),
        retained_share=parameters["retained_share"].value,
        city_weights=parts["cities"],
        year_log_sd=parameters["year_flow_log_sd"].value,
        further=parts["drugs"],
        market=world_parameters.value_of("market", parameters=parameters),
        populations=parts["populations"],
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
        bypasses=parts["bypass"],
        campaigns=parts["campaigns"],
        hubs=parts["hubs"],
        devices=parts["devices"],
        warm_up=parameters["warm_up"].value,
        identity=Identity(tables=digest(rows)),
    )


def _profiles(found: Findings) -> dict[str, Profile]:
    """Profiles with only valid rows."""
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
