"""Consignments in the tables of a world: streams, drugs, classes of vehicle, hubs and cities."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flowsim import checks, units
from flowsim.checks import FINITE, NON_NEGATIVE, POSITIVE, PROBABILITY
from flowsim.csv_tables import Row
from flowsim.world.hubs import MOST_PARTS, Hub
from flowsim.world.network import MODES
from flowsim.world.traffic import DRUGS, HEROIN, VEHICLE_CLASSES, ClassShare, Drug, Profile, Stream, mode_of
from flowsim.world_tables import forms
from flowsim.world_tables.columns import Column, Table
from flowsim.world_tables.findings import Findings, check_interval, routes_through
from flowsim.world_tables.parameters import PARAMETERS, SIZES, sizes_of

Classes = Mapping[str, Sequence[tuple[str, float]]]
"""Classes of vehicle and their shares by place of a hub."""

_ON_ROAD = tuple(name for name in VEHICLE_CLASSES if mode_of(name) == "road")

TABLES: Mapping[str, Table] = {
    "streams": Table(
        meaning="consignments of one drug from one origin by one mode",
        key=("drug", "origin", "mode"),
        fields={"low": "share_low", "high": "share_high"},
        columns=(
            forms.word("drug", DRUGS, "heroin, or a drug of drugs.csv"),
            forms.name("origin", "where they come from, or begin inside the country, as in routes.csv"),
            forms.word("mode", MODES, "mode of their routes"),
            forms.number(
                "share", "1", PROBABILITY, "share of the drug's inflow by mass; the streams of a drug sum to 1"
            ),
            forms.number("share_low", "1", PROBABILITY, "lower end of its interval"),
            forms.number("share_high", "1", PROBABILITY, "upper end of its interval"),
        ),
    ),
    "drugs": Table(
        meaning="a drug beside heroin, whose own numbers are in parameters.csv; without rows there is none",
        key=("drug",),
        fields=SIZES,
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.word("drug", DRUGS[1:], "drug, which then has rows in streams.csv"),
            forms.number(
                "inflow", "t/year", checks.between(0, 1e5), "mass that enters, or is harvested inside and sent"
            ),
            forms.number("inflow_low", "t/year", checks.between(0, 1e5), "lower end of its interval"),
            forms.number("inflow_high", "t/year", checks.between(0, 1e5), "upper end of its interval"),
            *(
                forms.number(name, expected.unit, expected.rule, expected.meaning)
                for name, expected in PARAMETERS.items()
                if name in (*SIZES.values(), "detected_loads_per_year")
            ),
            Column(
                name="season",
                form="name",
                meaning="seasonal profile of its entry; empty: even over the year",
                table="profiles",
                optional=True,
            ),
        ),
    ),
    "hubs": Table(
        meaning="a place where consignments by road are stored, to leave in parts; without rows there is none",
        key=("place",),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.name("place", "the place, which a route by road passes and goes on from", table="places"),
            forms.number(
                "share", "1", PROBABILITY, "share of consignments stored there, at the first hub on their path"
            ),
            forms.number("share_low", "1", PROBABILITY, "lower end of its interval"),
            forms.number("share_high", "1", PROBABILITY, "upper end of its interval"),
            forms.number("store", "h", POSITIVE, "mean time in store"),
            forms.number("store_low", "h", POSITIVE, "lower end of its interval"),
            forms.number("store_high", "h", POSITIVE, "upper end of its interval"),
            forms.number("store_minimum", "1", PROBABILITY, "share of that time that is certain"),
            forms.number(
                "part", "kg", POSITIVE, f"largest part; a consignment leaves in at most {MOST_PARTS} equal ones"
            ),
            forms.number(
                "concealment", "1", FINITE, "what repacking adds to the concealment q of a part, drawn afresh"
            ),
        ),
    ),
    "hub_classes": Table(
        meaning="a class of vehicle in which parts leave a hub",
        key=("place", "class"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.name("place", "place of the hub", table="hubs"),
            forms.word("class", _ON_ROAD, "class of vehicle; a TIR truck has had its seal opened"),
            forms.number("share", "1", PROBABILITY, "share of the parts; the classes of a hub sum to 1"),
        ),
    ),
    "classes": Table(
        meaning="a class of vehicle that carries consignments of a mode",
        key=("mode", "class"),
        fields={"vehicle_class": "class"},
        columns=(
            forms.word("mode", MODES, "mode of the stream"),
            forms.word("class", VEHICLE_CLASSES, "class of vehicle"),
            forms.number("share", "1", PROBABILITY, "share of the consignments; the classes of a mode sum to 1"),
            forms.number("capacity", "kg", POSITIVE, "largest consignment hidden in such a vehicle"),
        ),
    ),
    "cities": Table(
        meaning="a city where consignments end, if it lies on their route",
        key=("place",),
        may_be_empty=True,
        columns=(
            forms.name("place", "the city", table="places"),
            forms.number("weight", "1", NON_NEGATIVE, "weight among the cities of a route, as its population"),
        ),
    ),
}
"""Tables of consignments."""


def check(found: Findings) -> None:
    """Find errors of streams and drugs across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    _check_streams(found)
    _check_drugs(found)


def check_hubs(found: Findings) -> None:
    """Find errors of hubs across cells, once the paths of routes are checked.

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


def stream(row: Row) -> Stream:
    """Stream of a row of `streams.csv`."""
    return forms.made(Stream, row, TABLES["streams"])


def class_share(row: Row) -> ClassShare:
    """Share of a class of vehicle of a row of `classes.csv`."""
    return forms.made(ClassShare, row, TABLES["classes"])


def city(row: Row) -> tuple[str, float]:
    """Place and weight [1] of a city of a row of `cities.csv`."""
    return row.text("place"), row.number("weight")


def drug(row: Row, *, profiles: Mapping[str, Profile]) -> Drug:
    """Drug of a row of `drugs.csv`.

    Parameters
    ----------
    row
        The row.
    profiles
        Profiles by name.

    Raises
    ------
    ValueError
        If a cell is not of its form, or the numbers do not go together.
    """
    inflow, low, high = (row.number(name) for name in ("inflow", "inflow_low", "inflow_high"))
    checks.require(low <= inflow <= high, thing="inflow", rule=f"lie in its interval [{low:g}, {high:g}]", value=inflow)
    values = {name: row.number(name) for name in (*SIZES.values(), "detected_loads_per_year")}
    rate, consignments = values["load_tail_rate"], values["detected_loads_per_year"]
    rule = f"be at most detected_loads_per_year ({consignments:g})"
    checks.require(rate <= consignments, thing="load_tail_rate", rule=rule, value=rate)
    return Drug(
        name=row.text("drug"),
        inflow=units.kilograms(inflow),
        inflow_low=units.kilograms(low),
        inflow_high=units.kilograms(high),
        sizes=sizes_of(values),
        season=profiles[row.text("season")] if row.cells["season"] else None,
        **forms.origin(row),
    )


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
    return forms.made(Hub, row, TABLES["hubs"], classes=tuple(classes[row.text("place")]))


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


def _check_drugs(found: Findings) -> None:
    """Check drugs: each has streams and a seasonal profile, and each drug of a stream its row."""
    sent = {row.cells["drug"] for row in found.rows["streams"]} if found.whole("streams", "drug") else set(DRUGS)
    known = {row.cells["drug"] for row in found.rows["drugs"]}
    for row in found.rows["streams"] if found.whole("drugs", "drug") else ():
        drug = row.cells["drug"]
        if found.clean(row, "drug") and drug != HEROIN and drug not in known:
            found.add(row, f"must be {HEROIN} or name a row of drugs.csv, got {drug!r}", column="drug")
    cycles = {row.cells["profile"]: row.cells["cycle"] for row in found.rows["profiles"]}
    for row in found.rows["drugs"]:
        drug, season = row.cells["drug"], row.cells["season"]
        if found.clean(row, "drug") and drug not in sent:
            found.add(row, f"must have rows in streams.csv, got none for {drug!r}", column="drug")
        cycle = cycles.get(season, "seasonal")
        if cycle != "seasonal" and found.clean(row, "season"):
            found.add(row, f"must be a seasonal profile, got {season!r}, which is {cycle}", column="season")


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
    largest = _largest_consignments(found)
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


def _largest_consignments(found: Findings) -> dict[str, float]:
    """Largest consignment of each drug [kg], or of its populations, invalid numbers left out."""
    largest = {
        row.cells["drug"]: row.number("load_maximum")
        for row in found.rows["drugs"]
        if found.clean(row, "drug", "load_maximum")
    }
    for row in found.rows["parameters"]:
        if row.cells["parameter"] == "load_maximum" and found.clean(row):
            largest[HEROIN] = row.number("value")
    trades: dict[str, float] = {}
    for row in found.rows["populations"]:
        if found.clean(row, "drug", "load_maximum"):
            drug = row.cells["drug"]
            trades[drug] = max(trades.get(drug, 0.0), row.number("load_maximum"))
    return largest | trades


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
