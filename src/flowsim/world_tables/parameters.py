"""Parameters of a whole world: required unit and range, interval and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from flowsim import checks
from flowsim.checks import NON_NEGATIVE, POSITIVE, PROBABILITY, Rule
from flowsim.csv_tables import Mistake, Row
from flowsim.world.network import MODES, Travel
from flowsim.world.populations import ConsignmentSizes


@dataclass(frozen=True, kw_only=True)
class WorldParameter:
    """A scalar of a world with its interval and its source."""

    name: str
    """Identifier."""

    value: float
    """Value in `unit`."""

    low: float
    """Lower end of its interval in `unit`."""

    high: float
    """Upper end of its interval in `unit`."""

    unit: str
    """Unit of the value."""

    kind: str
    """Whether it is reported or assumed."""

    source: str
    """Source and locator, or the reason of a judgement."""

    def __post_init__(self) -> None:
        rule = f"lie in its interval [{self.low}, {self.high}]"
        thing = f"parameter '{self.name}': value"
        checks.require(self.low <= self.value <= self.high, thing=thing, rule=rule, value=self.value)
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Specification of a parameter."""

    unit: str
    """Its unit."""

    rule: Rule
    """Range of its value and of both ends of its interval."""

    meaning: str
    """Meaning, in one line."""

    mode: str = ""
    """Mode of the legs using it; empty if legs do not."""

    default: float | None = None
    """Value in a world without it; None if it must be given by the world, or by every leg of its mode."""


def _expected(unit: str, rule: Rule, meaning: str, *, mode: str = "", default: float | None = None) -> Expected:
    return Expected(unit=unit, rule=rule, meaning=meaning, mode=mode, default=default)


PARAMETERS: Mapping[str, Expected] = {
    "inflow": _expected("t/year", checks.between(0, 1e5), "heroin entering the country"),
    "retained_share": _expected("1", PROBABILITY, "share of consignments that stay in cities on their route"),
    "market": _expected(
        *("1", PROBABILITY, "share of the mass retained in cities seized by arrests in retail trade"), default=0.0
    ),
    **{
        f"detour_{mode}": _expected(
            *("1", Rule("be a finite number of at least 1", lambda value: POSITIVE.holds(value) and value >= 1)),
            f"length of a leg by {mode} over its great circle, where no length is given",
            mode=mode,
        )
        for mode in MODES
    },
    **{
        f"speed_{mode}": _expected("km/h", POSITIVE, f"mean speed by {mode}, where a leg gives none", mode=mode)
        for mode in MODES
    },
    "speed_factor_car": _expected("1", POSITIVE, "speed of a car over that of a truck"),
    "travel_minimum": _expected(
        *("1", Rule("lie in (0, 1]", lambda value: 0 < value <= 1)), "share of the mean travel time that is certain"
    ),
    "travel_cv": _expected("1", NON_NEGATIVE, "coefficient of variation of the rest"),
    "travel_within_place": _expected("h", POSITIVE, "time from one checkpoint to the next of the same place"),
    "load_median": _expected("kg", POSITIVE, "median of the body of detected consignments"),
    "load_log_sd": _expected("1", POSITIVE, "standard deviation of its logarithm"),
    "load_tail_start": _expected("kg", POSITIVE, "mass above which the tail of large consignments begins"),
    "load_tail_rate": _expected("1/year", NON_NEGATIVE, "detected consignments in the tail"),
    "load_tail_exponent": _expected("1", POSITIVE, "exponent of the tail"),
    "load_maximum": _expected("kg", POSITIVE, "largest consignment"),
    "load_size_selection": _expected("1", NON_NEGATIVE, "exponent by which detection falls with mass"),
    "detected_loads_per_year": _expected("1/year", POSITIVE, "detected consignments behind the rate of the tail"),
    "year_flow_log_sd": _expected("1", NON_NEGATIVE, "standard deviation of the logarithm of a year's flow"),
    "backcast_factor": _expected("1", POSITIVE, "traffic of the world's year over that of the counts' years"),
    "warm_up": _expected("h", checks.between(0, 8760), "time simulated and discarded, to fill the queues"),
}
"""Parameters of a world by name."""

SIZES = {
    "median": "load_median",
    "log_sd": "load_log_sd",
    "tail_start": "load_tail_start",
    "tail_share": "load_tail_rate",
    "tail_exponent": "load_tail_exponent",
    "maximum": "load_maximum",
    "selection": "load_size_selection",
}
"""Parameter behind each field of `ConsignmentSizes`."""


def read_parameters(rows: Sequence[Row]) -> dict[str, WorldParameter]:
    """Parameters of a world by name.

    Raises
    ------
    ValueError
        If a name stands twice or a number lies outside its interval.
    """
    checks.unique((row.text("parameter") for row in rows), thing="parameters")
    return {row.text("parameter"): read_parameter(row) for row in rows}


def read_parameter(row: Row) -> WorldParameter:
    """Parameter of a row of `parameters.csv`.

    Raises
    ------
    ValueError
        If the value lies outside its interval, or a cell is not of its form.
    """
    value = row.number("value")
    return WorldParameter(
        name=row.text("parameter"),
        value=value,
        low=row.number("low", default=value),
        high=row.number("high", default=value),
        unit=row.text("unit"),
        kind=row.text("kind"),
        source=row.text("source"),
    )


def value_of(name: str, *, parameters: Mapping[str, WorldParameter]) -> float:
    """Value of a parameter in its unit, or its default if the world does not give it.

    Raises
    ------
    ValueError
        If the world does not give it and it has no default.
    """
    default = PARAMETERS[name].default
    if name in parameters:
        return parameters[name].value
    if default is None:
        raise ValueError(f"parameters must have '{name}', got none")
    return default


def consignment_sizes(parameters: Mapping[str, WorldParameter]) -> ConsignmentSizes:
    """Distribution of consignment masses.

    Raises
    ------
    ValueError
        If the numbers are inconsistent.
    """
    return sizes_of({name: parameters[name].value for name in (*SIZES.values(), "detected_loads_per_year")})


def sizes_of(values: Mapping[str, float]) -> ConsignmentSizes:
    """Distribution of consignment masses, from the values of its parameters.

    Raises
    ------
    ValueError
        If the numbers are inconsistent.
    """
    given = {field: values[name] for field, name in SIZES.items()}
    given["tail_share"] /= values["detected_loads_per_year"]
    return ConsignmentSizes(**given)


def travel(parameters: Mapping[str, WorldParameter]) -> Travel:
    """Variation of travel times."""
    return Travel(
        minimum=parameters["travel_minimum"].value,
        cv=parameters["travel_cv"].value,
        car_speed=parameters["speed_factor_car"].value,
        within_place=parameters["travel_within_place"].value,
    )


def check_row(row: Row) -> list[tuple[str, str]]:
    """Errors in a row of `parameters.csv` with well-formed cells: column, rule and value of each."""
    name = row.text("parameter")
    expected = PARAMETERS.get(name)
    if expected is None:
        shown = f"got {name!r}{checks.nearest(name, PARAMETERS)}"
        return [("parameter", f"must be one of {', '.join(PARAMETERS)}, {shown}")]
    found = []
    for column in ("value", "low", "high"):
        text = row.text(column, default="")
        if text and not expected.rule.holds(row.number(column)):
            found.append((column, f"must {expected.rule.text} for {name}, got {text!r}"))
    if row.text("unit") != expected.unit:
        rule = f"be '{expected.unit}', the unit of {name}"
        found.append(("unit", f"must {rule}, got {row.text('unit')!r}"))
    try:
        read_parameter(row)
    except ValueError as error:
        found.append(("value", f"must {str(error).partition(' must ')[2]}"))
    return found


def check_all(rows: Sequence[Row], *, needed_by_legs: Set[str]) -> list[Mistake]:
    """Errors of the table as a whole: missing or inconsistent parameters.

    Parameters
    ----------
    rows
        Rows of `parameters.csv`, each free of errors.
    needed_by_legs
        Detours and speeds for legs without a length or a speed of their own, such as "detour_road".
    """
    last = max(row.line for row in rows)
    have = {row.text("parameter"): row for row in rows}
    missing = [
        name
        for name, expected in PARAMETERS.items()
        if name not in have and expected.default is None and (not expected.mode or name in needed_by_legs)
    ]
    if missing:
        table = rows[0].table
        return [
            Mistake(table, last + 1, f"{table} must have a row for '{name}' [{PARAMETERS[name].unit}], got none")
            for name in missing
        ]
    read = {name: read_parameter(row) for name, row in have.items()}
    rate, consignments = (read[name].value for name in ("load_tail_rate", "detected_loads_per_year"))
    if rate > consignments:
        row = have["load_tail_rate"]
        rule = f"be at most detected_loads_per_year ({consignments:g}) for load_tail_rate"
        return [row.mistake(f"must {rule}, got {row.text('value')!r}", column="value")]
    try:
        consignment_sizes(read)
    except ValueError as error:
        thing, _, rest = str(error).partition(" must ")
        row = have[SIZES[thing.removeprefix("ConsignmentSizes.")]]
        rule, _, _ = rest.rpartition(", got ")
        return [row.mistake(f"must {rule} for {row.text('parameter')}, got {row.text('value')!r}", column="value")]
    return []
