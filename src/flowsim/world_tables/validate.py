"""Whole-world validation: all errors in the tables of a world, found in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from flowsim import checks
from flowsim.csv_tables import Mistake, Row
from flowsim.world import hashes
from flowsim.world.checkpoint import stands, ways
from flowsim.world.traffic import CYCLES, mode_of
from flowsim.world.world import way_across
from flowsim.world_tables import parameters
from flowsim.world_tables.findings import Findings, Rows, routes_through
from flowsim.world_tables.table_columns import SOURCED, TABLES


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
    for check in (_check_sums, _check_profiles, _check_lanes, _check_streams, _check_evidence, _check_parameters):
        check(found)
    _check_hashes(found)
    _check_legs(found)
    _check_ways(found, year=year)
    return found


def repeated(rows: Rows) -> list[Mistake]:
    """Find duplicate rows."""
    found = Findings(rows, partial=())
    _check_keys(found)
    _check_served(found)
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
    """Each key once; a leg is the same in both directions, and of lanes `_check_served` says more."""
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


def _groups(found: Findings, table: str, *columns: str) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in found.rows[table]:
        groups[tuple(row.cells[column] for column in columns)].append(row)
    yield from groups.items()


def _check_sums(found: Findings) -> None:
    """Check the sums of shares of a whole: one each."""
    for table, column, by in (
        ("routes", "weight", ("origin", "mode")),
        ("streams", "share", ("drug",)),
        ("classes", "share", ("mode",)),
    ):
        if not found.whole(table, column, *by):
            continue
        for key, rows in _groups(found, table, *by):
            total = math.fsum(row.number(column) for row in rows)
            if abs(total - 1.0) > 1e-6:
                over = " and ".join(f"{name} {word}" for name, word in zip(by, key, strict=True))
                lines = ", ".join(str(row.line) for row in rows)
                text = f"must sum to 1 over {over} (line {lines}), got {total:.6g}"
                found.add(rows[0], text, column=column)


def _check_profiles(found: Findings) -> None:
    if not found.whole("profiles", "profile", "cycle", "slot", "weight"):
        return
    for (name,), rows in _groups(found, "profiles", "profile"):
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


def _check_served(found: Findings) -> None:
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


def _check_lanes(found: Findings) -> None:
    """Every checkpoint has lanes, and a class has one group of them per direction."""
    _check_served(found)
    if found.whole("lanes", "checkpoint"):
        have = {row.cells["checkpoint"] for row in found.rows["lanes"]}
        for row in found.rows["checkpoints"]:
            if row.cells["checkpoint"] not in have and found.clean(row, "checkpoint"):
                found.add(
                    row, f"must have lanes in lanes.csv, got none for {row.cells['checkpoint']!r}", column="checkpoint"
                )


def _check_streams(found: Findings) -> None:
    """Check streams: each has routes and classes of vehicle, and every route a stream."""
    pairs = {
        name: {(row.cells["origin"], row.cells["mode"]) for row in found.rows[name]} for name in ("streams", "routes")
    }
    modes = [row.cells["mode"] for row in found.rows["classes"]]
    for table, other, rule in (
        ("streams", "routes", "be the origin of a route by {mode} in routes.csv"),
        ("routes", "streams", "be the origin of a stream by {mode} in streams.csv"),
    ):
        if not found.whole(other, "origin", "mode"):
            continue
        for row in found.rows[table]:
            origin, mode = row.cells["origin"], row.cells["mode"]
            if found.clean(row, "origin", "mode") and (origin, mode) not in pairs[other]:
                near = checks.nearest(origin, [name for name, way in pairs[other] if way == mode and name != origin])
                found.add(row, f"must {rule.format(mode=mode)}, got {origin!r}{near}", column="origin")
    if found.whole("classes", "mode"):
        for row in found.rows["streams"]:
            if found.clean(row, "mode") and row.cells["mode"] not in modes:
                found.add(row, f"must be a mode with rows in classes.csv, got {row.cells['mode']!r}", column="mode")


def _check_evidence(found: Findings) -> None:
    """Check the route evidence: each row is either a route or excluded."""
    if not (found.whole("routes", "evidence") and found.whole("routes_excluded", "evidence")):
        return
    used = {word for row in found.rows["routes"] for word in row.words("evidence")}
    excluded = {row.cells["evidence"] for row in found.rows["routes_excluded"]}
    for row in found.rows["route_evidence"]:
        name = row.cells["evidence"]
        if found.clean(row, "evidence") and name not in used | excluded:
            found.add(row, f"must be in routes.csv or routes_excluded.csv, got {name!r} in neither", column="evidence")
    for row in found.rows["routes_excluded"]:
        if found.clean(row, "evidence") and row.cells["evidence"] in used:
            name = row.cells["evidence"]
            found.add(row, f"must be excluded or a route, got {name!r} as both", column="evidence")


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


def _check_legs(found: Findings) -> None:
    """Check the ends of legs: different places, and different points if no length is given."""
    points = {
        row.cells["place"]: (row.number("latitude"), row.number("longitude"))
        for row in found.rows["places"]
        if found.clean(row, "place", "latitude", "longitude")
    }
    for row in found.rows["legs"]:
        start, end = row.cells["start"], row.cells["end"]
        if not found.clean(row, "start", "end", "distance"):
            continue
        if start == end:
            found.add(row, f"must differ from start, got {end!r}", column="end")
        elif not row.cells["distance"] and start in points and points[start] == points.get(end):
            text = f"must be given, as '{start}' and '{end}' stand at the same point, got nothing"
            found.add(row, text, column="distance")


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
