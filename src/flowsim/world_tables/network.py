"""Network in the tables of a world: places, legs, routes and the documents that name them."""

from __future__ import annotations

from collections.abc import Mapping

from flowsim import checks
from flowsim.checks import NON_NEGATIVE, POSITIVE, PROBABILITY
from flowsim.csv_tables import Row
from flowsim.world.network import MODES, Leg, Place, Route, great_circle
from flowsim.world_tables import forms
from flowsim.world_tables.columns import Table
from flowsim.world_tables.findings import Findings
from flowsim.world_tables.parameters import WorldParameter

TABLES: Mapping[str, Table] = {
    "places": Table(
        meaning="a city, crossing, junction, port or village",
        key=("place",),
        fields={"name": "place"},
        columns=(
            forms.name("place", "name of the place, by which other tables call it"),
            forms.text("label", "name as it is printed"),
            forms.text("country", "country that it lies in"),
            forms.text("oblast", "first-level division of the country; empty abroad", optional=True),
            forms.number("latitude", "degrees north", checks.between(-90, 90), "latitude"),
            forms.number("longitude", "degrees east", checks.between(-180, 180), "longitude"),
            forms.number("uncertainty", "km", NON_NEGATIVE, "uncertainty of the position"),
        ),
    ),
    "legs": Table(
        meaning="a way between two places that is used in both directions; listed once",
        key=("start", "end", "mode"),
        columns=(
            forms.name("start", "one end", table="places"),
            forms.name("end", "the other end", table="places"),
            forms.word("mode", MODES, "what moves along it"),
            forms.number(
                *("distance", "km", POSITIVE),
                "length; empty for the great circle times the detour of the mode",
                optional=True,
            ),
            forms.number(
                "distance_low", "km", POSITIVE, "lower end of its interval; empty for the length", optional=True
            ),
            forms.number(
                "distance_high", "km", POSITIVE, "upper end of its interval; empty for the length", optional=True
            ),
            forms.number(
                *("speed", "km/h", POSITIVE),
                "mean speed of a truck, train or ship; empty for the speed of the mode",
                optional=True,
            ),
        ),
    ),
    "routes": Table(
        meaning="a way that consignments take through the country",
        key=("route",),
        fields={"name": "route"},
        columns=(
            forms.name("route", "name of the route"),
            forms.text("label", "name as it is printed"),
            forms.name("origin", "origin of the stream that it belongs to, as in streams.csv"),
            forms.word("mode", MODES, "mode of its legs and of its stream"),
            forms.names("approach", "places before the entry; drawn, not simulated", table="places", optional=True),
            forms.names("path", "places from the entry to the last one, each two joined by a leg", table="places"),
            forms.name("exit", "name of the way out, by which leakage is counted"),
            forms.number("weight", "1", PROBABILITY, "share of its stream; the routes of a stream sum to 1"),
            forms.names(
                "evidence", "rows of route_evidence.csv that it stands for", table="route_evidence", optional=True
            ),
        ),
    ),
}
"""Tables of places and ways."""

EVIDENCE: Mapping[str, Table] = {
    "route_evidence": Table(
        meaning="a route that a document names; each is a route of routes.csv or excluded with a reason",
        key=("evidence",),
        may_be_empty=True,
        columns=(
            forms.name("evidence", "name of the row"),
            forms.names("origin", "countries or places where the route begins"),
            forms.names("waypoints", "what the document names, in order"),
            forms.words("mode", (*MODES, "unspecified"), "modes that it names"),
        ),
    ),
    "routes_excluded": Table(
        meaning="a row of route_evidence.csv that is no route of the model",
        key=("evidence",),
        may_be_empty=True,
        columns=(
            forms.name("evidence", "the row", table="route_evidence"),
            forms.text("reason", "why it is left out"),
        ),
    ),
}
"""Tables of the documents that name routes."""


def check(found: Findings) -> None:
    """Find errors of the network across cells, paths aside.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    _check_evidence(found)
    _check_legs(found)


def place(row: Row) -> Place:
    """Place of a row of `places.csv`."""
    return forms.made(Place, row, TABLES["places"])


def route(row: Row) -> Route:
    """Route of a row of `routes.csv`."""
    return forms.made(Route, row, TABLES["routes"])


def leg(row: Row, *, places: Mapping[str, Place], parameters: Mapping[str, WorldParameter]) -> Leg:
    """Leg of a row of `legs.csv`; an empty length or speed comes from the parameters of its mode."""
    start, end, mode = row.text("start"), row.text("end"), row.text("mode")
    if row.cells["distance"]:
        distance = row.number("distance")
    else:
        distance = great_circle(places[start], places[end]) * parameters[f"detour_{mode}"].value
    return forms.made(
        Leg,
        row,
        TABLES["legs"],
        distance=distance,
        distance_low=row.number("distance_low", default=distance),
        distance_high=row.number("distance_high", default=distance),
        speed=row.number("speed") if row.cells["speed"] else parameters[f"speed_{mode}"].value,
    )


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
