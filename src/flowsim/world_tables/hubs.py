"""Hubs in the tables of a world: storage of consignments by road, and onward vehicles of their parts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowsim.csv_tables import Row
from flowsim.world.hubs import MOST_PARTS, Hub
from flowsim.world.traffic import HEROIN
from flowsim.world_tables.findings import Findings, check_interval, routes_through

Classes = Mapping[str, Sequence[tuple[str, float]]]
"""Classes of vehicle and their shares by place of a hub."""


def check(found: Findings) -> None:
    """Find errors of hubs across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    for column in ("share", "store"):
        check_interval(found, "hubs", column)
    _check_places(found)
    _check_parts(found)
    _check_classes(found)


def classes(found: Findings) -> Classes:
    """Classes of vehicle of each hub; none if a relevant cell is invalid."""
    shares: dict[str, list[tuple[str, float]]] = defaultdict(list)
    if found.whole("hub_classes", "place", "class", "share"):
        for row in found.rows["hub_classes"]:
            shares[row.text("place")].append((row.text("class"), row.number("share")))
    return dict(shares)


def hub(row: Row, *, classes: Classes) -> Hub:
    """Hub of a row of `hubs.csv`.

    Parameters
    ----------
    row
        The row.
    classes
        Classes of vehicle by place of a hub.

    Raises
    ------
    KeyError
        If its classes have an error.
    ValueError
        If a cell is not of its form.
    """
    return Hub(
        place=row.text("place"),
        share=row.number("share"),
        store=row.number("store"),
        store_minimum=row.number("store_minimum"),
        part=row.number("part"),
        concealment=row.number("concealment"),
        classes=tuple(classes[row.text("place")]),
        kind=row.text("kind"),
        source=row.text("source"),
    )


def _check_places(found: Findings) -> None:
    """Check the place of each hub: consignments pass it and go on."""
    if not found.whole("routes", "mode", "path"):
        return
    for row in found.rows["hubs"]:
        place = row.cells["place"]
        if found.clean(row, "place") and not routes_through(found, place):
            rule = "lie on the path of a route by road in routes.csv, before its last place"
            found.add(row, f"must {rule}, got {place!r}, where no consignment goes on", column="place")


def _check_parts(found: Findings) -> None:
    """Check the number of parts of the largest consignment at each hub against `MOST_PARTS`."""
    largest = _largest_loads(found)
    sent = found.whole("streams", "drug", "origin", "mode") and found.whole("routes", "origin", "mode", "path")
    for row in found.rows["hubs"] if sent else ():
        if not found.clean(row, "place", "part"):
            continue
        origins = {route.cells["origin"] for route in routes_through(found, row.cells["place"])}
        drugs = {
            stream.cells["drug"]
            for stream in found.rows["streams"]
            if stream.cells["mode"] == "road" and stream.cells["origin"] in origins
        }
        most = max((largest.get(drug, 0.0) for drug in drugs), default=0.0)
        if most / row.number("part") > MOST_PARTS:
            rule = f"split the largest consignment ({most:g} kg) into at most {MOST_PARTS} parts"
            found.add(row, f"must {rule}, got {row.cells['part']!r}", column="part")


def _largest_loads(found: Findings) -> dict[str, float]:
    """Largest consignment of each drug [kg], invalid numbers left out."""
    largest = {
        row.cells["drug"]: row.number("load_maximum")
        for row in found.rows["drugs"]
        if found.clean(row, "drug", "load_maximum")
    }
    for row in found.rows["parameters"]:
        if row.cells["parameter"] == "load_maximum" and found.clean(row):
            largest[HEROIN] = row.number("value")
    return largest


def _check_classes(found: Findings) -> None:
    """Check the classes of vehicle of each hub: at least one, with shares summing to one."""
    if not found.whole("hub_classes", "place"):
        return
    shares: Mapping[str, list[Row]] = defaultdict(list)
    for row in found.rows["hub_classes"]:
        shares[row.cells["place"]].append(row)
    for row in found.rows["hubs"]:
        place = row.cells["place"]
        if found.clean(row, "place") and place not in shares:
            found.add(row, f"must have rows in hub_classes.csv, got none for {place!r}", column="place")
    for place, rows in shares.items() if found.whole("hub_classes", "share") else ():
        total = math.fsum(row.number("share") for row in rows)
        if abs(total - 1.0) > 1e-6:
            lines = ", ".join(str(row.line) for row in rows)
            text = f"must sum to 1 over hub {place} (line {lines}), got {total:.6g}"
            found.add(rows[0], text, column="share")
