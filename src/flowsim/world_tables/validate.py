"""Whole-world validation: all errors in the tables of a world, found in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from flowsim import checks
from flowsim.csv_tables import Mistake, Row
from flowsim.world.checkpoint import stands
from flowsim.world.traffic import mode_of
from flowsim.world.world import way_across
from flowsim.world_tables import consignments, controls, network, parameters, populations, traffic
from flowsim.world_tables.findings import Findings, Rows, routes_through
from flowsim.world_tables.forms import SOURCED
from flowsim.world_tables.table_columns import TABLES


class _Traveller(NamedTuple):
    """Vehicles on a path, and the cell placing them there."""

    row: Row
    column: str
    path: Sequence[str]
    mode: str
    classes: Sequence[str]
    direction: str


def examine(rows: Rows, *, year: int, partial: Sequence[str] = (), spoilt: Sequence[Row] = ()) -> Findings:
    """Find all errors in the tables of a world, except errors visible only in its objects.

    A check is skipped where an earlier error would make it report the same again.

    Parameters
    ----------
    rows
        Rows of each table.
    year
        Calendar year of the world, for the checkpoints in force.
    partial
        Tables with rows missing because of a malformed file.
    spoilt
        Rows with unreadable cells, not to be checked again.
    """
    found = Findings(rows, partial=partial)
    for row in spoilt:
        found.spoil(row)
    _check_cells(found, spoilt={(row.table, row.line) for row in spoilt})
    _check_keys(found)
    _check_references(found)
    _check_sums(found)
    for family in (traffic, controls, consignments, populations, network):
        family.check(found)
    _check_parameters(found)
    _check_ways(found, year=year)
    consignments.check_hubs(found)
    return found


def repeated(rows: Rows) -> list[Mistake]:
    """Find duplicate rows."""
    found = Findings(rows, partial=())
    _check_keys(found)
    controls.check_served(found)
    return found.mistakes


def _check_cells(found: Findings, *, spoilt: set[tuple[str, int]]) -> None:
    for name, table in TABLES.items():
        for row in found.rows[name]:
            if (row.table, row.line) in spoilt:
                continue
            for column in (*table.columns, *SOURCED):
                try:
                    column.check(row)
                except ValueError as error:
                    found.note(row, error, column=column.name)
            if name == "parameters" and found.clean(row):
                for cell, text in parameters.check_row(row):
                    found.add(row, text, column=cell)


def _check_keys(found: Findings) -> None:
    """Each key once; a leg is the same in both directions, and of lanes `controls.check_served` says more."""
    for name, table in TABLES.items():
        first: dict[tuple[str, ...], Row] = {}
        for row in found.rows[name] if name != "lanes" else ():
            key = tuple(row.cells[column] for column in table.key)
            if name == "legs":
                key = (*sorted(key[:2]), key[2])
            before = first.setdefault(key, row)
            if before is not row:
                shown = "/".join(row.cells[column] for column in table.key)
                text = f"must be given once, got {shown!r} as in line {before.line}"
                found.add(row, text, column=table.key[0])


def _names(found: Findings, table: str) -> list[str]:
    return [row.cells[TABLES[table].columns[0].name] for row in found.rows[table]]


def _check_references(found: Findings) -> None:
    """Check the references of cells to rows of other tables."""
    for name, table in TABLES.items():
        for column in table.columns:
            if not column.table or column.table in found.partial:
                continue
            known = list(dict.fromkeys(_names(found, column.table)))
            for row in found.rows[name]:
                if not found.clean(row, column.name):
                    continue
                for word in row.words(column.name):
                    if word not in known:
                        near = checks.nearest(word, known)
                        rule = f"name a row of {column.table}.csv"
                        found.add(row, f"must {rule}, got {word!r}{near}", column=column.name)


def _check_sums(found: Findings) -> None:
    """Check the sums of shares of a whole: one each."""
    for table, column, by in (
        ("routes", "weight", ("origin", "mode")),
        ("streams", "share", ("drug",)),
        ("classes", "share", ("mode",)),
        ("populations", "mass_share", ("drug",)),
    ):
        if not found.whole(table, column, *by):
            continue
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in found.rows[table]:
            groups[tuple(row.cells[name] for name in by)].append(row)
        for key, rows in groups.items():
            total = math.fsum(row.number(column) for row in rows)
            if abs(total - 1.0) > 1e-6:
                over = " and ".join(f"{name} {word}" for name, word in zip(by, key, strict=True))
                lines = ", ".join(str(row.line) for row in rows)
                text = f"must sum to 1 over {over} (line {lines}), got {total:.6g}"
                found.add(rows[0], text, column=column)


def _check_parameters(found: Findings) -> None:
    rows = found.rows["parameters"]
    if "parameters" in found.partial or not rows or not all(found.clean(row) for row in rows):
        return
    needed = set()
    for leg in found.rows["legs"]:
        needed |= {
            f"{name}_{leg.cells['mode']}"
            for name, column in (("detour", "distance"), ("speed", "speed"))
            if not leg.cells[column]
        }
    found.mistakes += parameters.check_all(rows, needed_by_legs=needed)


def _check_ways(found: Findings, *, year: int) -> None:
    """Check paths: they follow legs, their checkpoints have lanes for them, and each checkpoint lies on a path."""
    served = {
        (row.cells["checkpoint"], row.cells["direction"], vehicle_class)
        for row in found.rows["lanes"]
        for vehicle_class in row.words("classes")
    }
    posts = [row for row in found.rows["checkpoints"] if _stands(found, row, year=year)]
    ordered = all(not row.cells["to"] or row.cells["from"] < row.cells["to"] for row in found.rows["checkpoints"])
    if found.rows["checkpoints"] and ordered and not posts:
        text = f"must leave a checkpoint in force on 1 July {year}, got none"
        found.add(found.rows["checkpoints"][0], text, column="from")
    at: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for post in posts:
        at[post.cells["place"], post.cells["mode"]].append(post)
    met: set[str] = set()
    follows = _follower(found)
    sound = found.whole("lanes", "checkpoint", "direction", "classes") and found.whole("checkpoints", "checkpoint")
    for row, column, path, mode, classes, direction in _travellers(found):
        if column == "path":
            follows(row, path, mode)
        lacking = dict.fromkeys(
            (post.cells["checkpoint"], vehicle_class, way)
            for position, place in enumerate(path)
            for post in at[place, mode]
            for way in [way_across(post.cells["border"], position=position, length=len(path), direction=direction)]
            for vehicle_class in classes
            if not {(post.cells["checkpoint"], way, vehicle_class), (post.cells["checkpoint"], "both", vehicle_class)}
            & served
        )
        met.update(post.cells["checkpoint"] for place in path for post in at[place, mode])
        for name, vehicle_class, way in lacking if sound else ():
            rule = "meet checkpoints that have lanes for " + ("its classes" if column == "path" else "it")
            text = f"must {rule}, got '{name}' without lanes for {vehicle_class} in direction {way}"
            found.add(row, text, column=column)
    complete = found.whole("flows", "class", "path") and found.whole("routes", "mode", "path")
    for row in posts if complete else ():
        if row.cells["checkpoint"] not in met and found.clean(row, "checkpoint", "place", "mode"):
            rule = f"lie on the path of a flow or a route of mode {row.cells['mode']}"
            found.add(row, f"must {rule}, got {row.cells['place']!r}, which nobody passes", column="place")


def _stands(found: Findings, row: Row, *, year: int) -> bool:
    dated = found.clean(row, "from", "to")
    return not dated or stands(row.cells["from"], row.cells["to"], year=year)


def _travellers(found: Findings) -> Iterator[_Traveller]:
    classes = defaultdict(list)
    for row in found.rows["classes"]:
        if found.clean(row, "mode", "class"):
            classes[row.cells["mode"]].append(row.cells["class"])
    for row in found.rows["routes"]:
        if found.clean(row, "mode", "path"):
            mode = row.cells["mode"]
            yield _Traveller(row, "path", row.words("path"), mode, classes[mode], "through")
    for row in found.rows["flows"]:
        if found.clean(row, "class", "path", "direction"):
            vehicle_class = row.cells["class"]
            mode, direction = mode_of(vehicle_class), row.cells["direction"]
            yield _Traveller(row, "path", row.words("path"), mode, [vehicle_class], direction)
    for row in found.rows["hub_classes"]:
        if found.clean(row, "place", "class"):
            for route in routes_through(found, row.cells["place"]):
                yield _Traveller(row, "class", route.words("path"), "road", [row.cells["class"]], "through")


def _follower(found: Findings) -> Callable[[Row, Sequence[str], str], None]:
    """Check of a path for a leg of its mode between each two places."""
    joined: dict[frozenset[str], set[str]] = defaultdict(set)
    for leg in found.rows["legs"]:
        joined[frozenset((leg.cells["start"], leg.cells["end"]))].add(leg.cells["mode"])
    known = found.whole("legs", "mode")

    def follows(row: Row, path: Sequence[str], mode: str) -> None:
        for start, end in pairwise(path):
            modes = joined[frozenset((start, end))]
            if mode not in modes and known:
                others = f", only by {' and '.join(sorted(modes))}" if modes else ""
                text = f"must follow legs of mode {mode} in legs.csv, got none from '{start}' to '{end}'{others}"
                found.add(row, text, column="path")

    return follows
