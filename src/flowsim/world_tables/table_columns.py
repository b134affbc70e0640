"""Tables of a world: their columns with units, allowed words and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowsim import checks
from flowsim.checks import FINITE, NON_NEGATIVE, POSITIVE, PROBABILITY, Rule
from flowsim.units import HOURS_PER_DAY
from flowsim.world.bypass import WAYS_ROUND
from flowsim.world.checkpoint import AGENCIES, EFFORT_CLASSES, MOST_SERVERS, TYPES, WAYS
from flowsim.world.hubs import MOST_PARTS
from flowsim.world.network import MODES
from flowsim.world.traffic import CYCLES, DIRECTIONS, DRUGS, LAWS, MOST_PER_DAY, VEHICLE_CLASSES, mode_of
from flowsim.world_tables.columns import Column, Table
from flowsim.world_tables.parameters import PARAMETERS, SIZES


def _text(name: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name=name, form="text", meaning=meaning, optional=optional)


def _name(name: str, meaning: str, *, table: str = "") -> Column:
    return Column(name=name, form="name", meaning=meaning, table=table)


def _names(name: str, meaning: str, *, table: str = "", optional: bool = False) -> Column:
    return Column(name=name, form="names", meaning=meaning, table=table, optional=optional)


def _word(name: str, words: tuple[str, ...], meaning: str) -> Column:
    return Column(name=name, form="word", meaning=meaning, words=words)


def _words(name: str, words: tuple[str, ...], meaning: str) -> Column:
    return Column(name=name, form="words", meaning=meaning, words=words)


def _number(name: str, unit: str, rule: Rule, meaning: str, *, optional: bool = False) -> Column:
    return Column(name=name, form="number", meaning=meaning, unit=unit, rule=rule, optional=optional)


def _lacking(name: str, unit: str, rule: Rule, meaning: str) -> Column:
    """Optional column, empty in most rows; a file may omit it."""
    return replace(_number(name, unit, rule, meaning, optional=True), may_be_absent=True)


def _whole(name: str, rule: Rule, meaning: str) -> Column:
    return Column(name=name, form="whole", meaning=meaning, unit="1", rule=rule)


def _interval(unit: str, rule: Rule, *, optional: bool = False) -> tuple[Column, Column]:
    return (
        _number("low", unit, rule, "lower end of its interval", optional=optional),
        _number("high", unit, rule, "upper end of its interval", optional=optional),
    )


_ON_ROAD = tuple(name for name in VEHICLE_CLASSES if mode_of(name) == "road")
_HOUR = checks.between(0, HOURS_PER_DAY)
_SERVERS = checks.between(1, MOST_SERVERS)

SOURCED = (
    _word("kind", checks.KINDS, "whether the numbers of the row are reported, calibrated or assumed"),
    _text("source", "where they come from: a document and a place in it, or a judgement and its reason"),
)
"""Last columns of every table; a column `note` may follow."""

TABLES: Mapping[str, Table] = {
    "places": Table(
        meaning="a city, crossing, junction, port or village",
        key=("place",),
        columns=(
            _name("place", "name of the place, by which other tables call it"),
            _text("label", "name as it is printed"),
            _text("country", "country that it lies in"),
            _text("oblast", "first-level division of the country; empty abroad", optional=True),
            _number("latitude", "degrees north", checks.between(-90, 90), "latitude"),
            _number("longitude", "degrees east", checks.between(-180, 180), "longitude"),
            _number("uncertainty", "km", NON_NEGATIVE, "uncertainty of the position"),
        ),
    ),
    "legs": Table(
        meaning="a way between two places that is used in both directions; listed once",
        key=("start", "end", "mode"),
        columns=(
            _name("start", "one end", table="places"),
            _name("end", "the other end", table="places"),
            _word("mode", MODES, "what moves along it"),
            _number(
                *("distance", "km", POSITIVE),
                "length; empty for the great circle times the detour of the mode",
                optional=True,
            ),
            _number("distance_low", "km", POSITIVE, "lower end of its interval; empty for the length", optional=True),
            _number("distance_high", "km", POSITIVE, "upper end of its interval; empty for the length", optional=True),
            _number(
                *("speed", "km/h", POSITIVE),
                "mean speed of a truck, train or ship; empty for the speed of the mode",
                optional=True,
            ),
        ),
    ),
    "routes": Table(
        meaning="a way that consignments take through the country",
        key=("route",),
        columns=(
            _name("route", "name of the route"),
            _text("label", "name as it is printed"),
            _name("origin", "origin of the stream that it belongs to, as in streams.csv"),
            _word("mode", MODES, "mode of its legs and of its stream"),
            _names("approach", "places before the entry; drawn, not simulated", table="places", optional=True),
            _names("path", "places from the entry to the last one, each two joined by a leg", table="places"),
            _name("exit", "name of the way out, by which leakage is counted"),
            _number("weight", "1", PROBABILITY, "share of its stream; the routes of a stream sum to 1"),
            _names("evidence", "rows of route_evidence.csv that it stands for", table="route_evidence", optional=True),
        ),
    ),
    "checkpoints": Table(
        meaning="a place where one agency controls vehicles",
        key=("checkpoint",),
        columns=(
            _name("checkpoint", "name of the checkpoint"),
            _name("place", "where it stands; two may stand at one place", table="places"),
            _text("label", "name as it is printed"),
            _word("type", TYPES, "what it is"),
            _text("border", "neighbour beyond it, as UZ or sea; empty inside the country", optional=True),
            _word("mode", MODES, "what it controls: paths of this mode stop here"),
            _word("agency", AGENCIES, "who runs it"),
            _word("effort", EFFORT_CLASSES, "class by which inspection.effort follows alarms up"),
            _whole("bays", _SERVERS, "number of bays for secondary inspection"),
            _names("devices", "devices at each bay, in the order of their use", table="devices", optional=True),
            Column(name="from", form="date", meaning="first day in force; empty: always was", optional=True),
            Column(name="to", form="date", meaning="first day no longer in force; empty: still is", optional=True),
            _lacking(
                *("bribe", "1", PROBABILITY),
                "probability that an alarm on a consignment is bought off here; empty: that of the agency",
            ),
        ),
    ),
    "lanes": Table(
        meaning="a group of lanes of a checkpoint with one queue; each class has one group per direction",
        key=("checkpoint", "direction", "classes"),
        columns=(
            _name("checkpoint", "checkpoint that it belongs to", table="checkpoints"),
            _word("direction", WAYS, "in or out of the country at a border, both inside it"),
            _words("classes", VEHICLE_CLASSES, "classes of vehicle that use it"),
            _whole("lanes", _SERVERS, "number of lanes"),
            _number("service_time", "min", POSITIVE, "mean time of primary inspection"),
            _word("service_law", LAWS, "family of that time"),
            _number("service_cv", "1", NON_NEGATIVE, "its coefficient of variation, if lognormal", optional=True),
            _number("referral", "1", PROBABILITY, "share of honest vehicles referred to secondary inspection"),
            _whole("wave_through", NON_NEGATIVE, "nobody is referred when more than this many are waiting"),
            _lacking(
                "stop", "min", POSITIVE, "trains leave this long after arrival, inspected or not; empty: they wait"
            ),
            _lacking("wagons", "1", PROBABILITY, "share of the wagons of a train inspected; empty: all"),
        ),
    ),
    "shifts": Table(
        meaning="hours of every day in which some lanes of a group are on duty; without rows all always are",
        key=("checkpoint", "direction", "classes", "start"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            _name("checkpoint", "checkpoint of a row of lanes.csv", table="checkpoints"),
            _word("direction", WAYS, "direction of that row"),
            _words("classes", VEHICLE_CLASSES, "classes of that row, written as there"),
            _number("start", "h", _HOUR, "first hour of the shift, from midnight"),
            _number("end", "h", _HOUR, "end of the shift; the shifts of a group cover the day without gap or overlap"),
            _whole("lanes", checks.between(0, MOST_SERVERS), "lanes on duty; 0: closed"),
        ),
    ),
    "devices": Table(
        meaning="equipment of secondary inspection; logit sensitivity = intercept + slope ln(kg) - concealment q",
        key=("device",),
        columns=(
            _name("device", "name of the device"),
            _text("label", "name as it is printed"),
            _number("intercept", "1", FINITE, "logit of the sensitivity at 1 kg and median concealment"),
            _number("slope", "1", FINITE, "its change per unit of ln(kg)"),
            _number("concealment", "1", FINITE, "its fall per standard deviation of a consignment's concealment q"),
            _number("specificity", "1", PROBABILITY, "probability of no alarm on a vehicle with nothing"),
            _number("service_time", "min", POSITIVE, "mean time of an examination"),
            _word("service_law", LAWS, "family of that time"),
            _number("service_cv", "1", NON_NEGATIVE, "its coefficient of variation, if lognormal", optional=True),
            _number("availability", "1", PROBABILITY, "probability that it works on a day"),
        ),
    ),
    "bypass": Table(
        meaning="a bypass of the crossings with one neighbour, used by some consignments; without rows there is none",
        key=("border", "way"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            _text("border", "neighbour, as in the column border of checkpoints.csv"),
            _word("way", WAYS_ROUND, "how a consignment is carried round"),
            _number("share", "1", PROBABILITY, "intended share of consignments; those of a border sum to at most 1"),
            _number("share_low", "1", PROBABILITY, "lower end of its interval"),
            _number("share_high", "1", PROBABILITY, "upper end of its interval"),
            _number("maximum", "kg", POSITIVE, "largest consignment carried so; a heavier one uses the crossing"),
            _number("detour", "h", POSITIVE, "mean time that it takes"),
            _number("patrol", "1", PROBABILITY, "probability that a patrol stops it"),
        ),
    ),
    "campaigns": Table(
        meaning="days of every year on which some agencies follow up more alarms, or fewer",
        key=("campaign",),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            _name("campaign", "name of the campaign"),
            Column(name="start", form="day", meaning="first day"),
            Column(name="end", form="day", meaning="first day after it, later in the year than start"),
            _words("agencies", AGENCIES, "agencies that take part"),
            _number("factor", "1", NON_NEGATIVE, "factor on their effort, which stays at most 1"),
            _number("factor_low", "1", NON_NEGATIVE, "lower end of its interval"),
            _number("factor_high", "1", NON_NEGATIVE, "upper end of its interval"),
            Column(name="from", form="date", meaning="first day in force; empty: always was", optional=True),
            Column(name="to", form="date", meaning="first day no longer in force; empty: still is", optional=True),
        ),
    ),
    "streams": Table(
        meaning="consignments of one drug from one origin by one mode",
        key=("drug", "origin", "mode"),
        columns=(
            _word("drug", DRUGS, "heroin, or a drug of drugs.csv"),
            _name("origin", "where they come from, or begin inside the country, as in routes.csv"),
            _word("mode", MODES, "mode of their routes"),
            _number("share", "1", PROBABILITY, "share of the drug's inflow by mass; the streams of a drug sum to 1"),
            _number("share_low", "1", PROBABILITY, "lower end of its interval"),
            _number("share_high", "1", PROBABILITY, "upper end of its interval"),
        ),
    ),
    "drugs": Table(
        meaning="a drug beside heroin, whose own numbers are in parameters.csv; without rows there is none",
        key=("drug",),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            _word("drug", DRUGS[1:], "drug, which then has rows in streams.csv"),
            _number("inflow", "t/year", checks.between(0, 1e5), "mass that enters, or is harvested inside and sent"),
            _number("inflow_low", "t/year", checks.between(0, 1e5), "lower end of its interval"),
            _number("inflow_high", "t/year", checks.between(0, 1e5), "upper end of its interval"),
            *(
                _number(name, expected.unit, expected.rule, expected.meaning)
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
            _name("place", "the place, which a route by road passes and goes on from", table="places"),
            _number("share", "1", PROBABILITY, "share of consignments stored there, at the first hub on their path"),
            _number("share_low", "1", PROBABILITY, "lower end of its interval"),
            _number("share_high", "1", PROBABILITY, "upper end of its interval"),
            _number("store", "h", POSITIVE, "mean time in store"),
            _number("store_low", "h", POSITIVE, "lower end of its interval"),
            _number("store_high", "h", POSITIVE, "upper end of its interval"),
            _number("store_minimum", "1", PROBABILITY, "share of that time that is certain"),
            _number("part", "kg", POSITIVE, f"largest part; a consignment leaves in at most {MOST_PARTS} equal ones"),
            _number("concealment", "1", FINITE, "what repacking adds to the concealment q of a part, drawn afresh"),
        ),
    ),
    "hub_classes": Table(
        meaning="a class of vehicle in which parts leave a hub",
        key=("place", "class"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            _name("place", "place of the hub", table="hubs"),
            _word("class", _ON_ROAD, "class of vehicle; a TIR truck has had its seal opened"),
            _number("share", "1", PROBABILITY, "share of the parts; the classes of a hub sum to 1"),
        ),
    ),
    "classes": Table(
        meaning="a class of vehicle that carries consignments of a mode",
        key=("mode", "class"),
        columns=(
            _word("mode", MODES, "mode of the stream"),
            _word("class", VEHICLE_CLASSES, "class of vehicle"),
            _number("share", "1", PROBABILITY, "share of the consignments; the classes of a mode sum to 1"),
            _number("capacity", "kg", POSITIVE, "largest consignment hidden in such a vehicle"),
        ),
    ),
    "cities": Table(
        meaning="a city where consignments end, if it lies on their route",
        key=("place",),
        may_be_empty=True,
        columns=(
            _name("place", "the city", table="places"),
            _number("weight", "1", NON_NEGATIVE, "weight among the cities of a route, as its population"),
        ),
    ),
    "flows": Table(
        meaning="honest vehicles of one class on one path, one way",
        key=("flow",),
        columns=(
            _name("flow", "name of the flow"),
            _word("class", VEHICLE_CLASSES, "class of vehicle; train and passenger go by rail, others by road"),
            _names("path", "places that it passes, each two joined by a leg", table="places"),
            _word("direction", DIRECTIONS, "in: enters at the first place; out: leaves at the last; through: both"),
            _number("per_day", "1/day", checks.between(0, MOST_PER_DAY), "vehicles a day, mean of the year"),
            *_interval("1/day", NON_NEGATIVE),
            _name("daily", "profile of the day", table="profiles"),
            _name("weekly", "profile of the week", table="profiles"),
            _name("seasonal", "profile of the year", table="profiles"),
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
        may_be_empty=True,
        columns=(
            _name("count", "name of the count"),
            _names("checkpoint", "checkpoints counted together", table="checkpoints"),
            _words("classes", VEHICLE_CLASSES, "classes of vehicle counted"),
            _word("direction", WAYS, "direction counted"),
            _number("value", "1/day", NON_NEGATIVE, "count as published"),
            _number(
                "low",
                "1/day",
                NON_NEGATIVE,
                "lower end; times the low backcast_factor; empty: the count",
                optional=True,
            ),
            _number(
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
            _name("profile", "name of the profile"),
            _word("cycle", tuple(CYCLES), "day of 24 hours, week of 7 days or year of 12 months"),
            _whole("slot", NON_NEGATIVE, "hour 0-23, weekday 0-6 from Monday, or month 1-12"),
            _number("weight", "1", NON_NEGATIVE, "intensity relative to the mean; the slots of a profile average 1"),
        ),
    ),
    "parameters": Table(
        meaning="a number of the whole world",
        key=("parameter",),
        columns=(
            Column(name="parameter", form="text", meaning="its name"),
            _number("value", "its unit", FINITE, "value"),
            _number("low", "its unit", FINITE, "lower end of its interval; empty: the value", optional=True),
            _number("high", "its unit", FINITE, "upper end of its interval; empty: the value", optional=True),
            _text("unit", "unit, which must be the one that the parameter has"),
        ),
    ),
    "route_evidence": Table(
        meaning="a route that a document names; each is a route of routes.csv or excluded with a reason",
        key=("evidence",),
        may_be_empty=True,
        columns=(
            _name("evidence", "name of the row"),
            _names("origin", "countries or places where the route begins"),
            _names("waypoints", "what the document names, in order"),
            _words("mode", (*MODES, "unspecified"), "modes that it names"),
        ),
    ),
    "routes_excluded": Table(
        meaning="a row of route_evidence.csv that is no route of the model",
        key=("evidence",),
        may_be_empty=True,
        columns=(
            _name("evidence", "the row", table="route_evidence"),
            _text("reason", "why it is left out"),
        ),
    ),
}
"""Tables of a world, in the order of their listing in error messages."""
