"""Reading of a world from a folder of tables: places, legs, routes, checkpoints, traffic and parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowsim import checks, tables, units
from flowsim.inspection.checkpoint import Checkpoint, LaneGroup
from flowsim.inspection.detection import Detection
from flowsim.inspection.devices import Device
from flowsim.network import MODES, Leg, Network, Place, Route, Travel, great_circle
from flowsim.tables import Row
from flowsim.traffic import CYCLES, ClassShare, Flow, Law, LoadSizes, Profile, Stream, Traffic
from flowsim.world import Count, World

SOURCED = ("kind", "source")
"""Columns with which every table ends."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "places": ("place", "label", "country", "oblast", "latitude", "longitude", "uncertainty"),
    "legs": ("start", "end", "mode", "distance", "distance_low", "distance_high", "speed"),
    "routes": ("route", "label", "origin", "mode", "approach", "path", "exit", "weight", "evidence"),
    "checkpoints": (
        *("checkpoint", "place", "label", "type", "border", "mode", "agency", "effort", "bays", "devices"),
        *("from", "to"),
    ),
    "lanes": (
        *(
            "checkpoint",
            "direction",
            "classes",
            "lanes",
            "service_time",
            "service_law",
            "service_cv",
            "referral",
        ),
        "wave_through",
    ),
    "devices": (
        *(
            "device",
            "label",
            "intercept",
            "slope",
            "concealment",
            "specificity",
            "service_time",
            "service_law",
        ),
        *("service_cv", "availability"),
    ),
    "streams": ("drug", "origin", "mode", "share", "share_low", "share_high"),
    "classes": ("mode", "class", "share", "capacity"),
    "cities": ("place", "weight"),
    "flows": (*("flow", "class", "path", "direction", "per_day", "low", "high", "daily", "weekly", "seasonal"),),
    "counts": ("count", "checkpoint", "classes", "direction", "value", "low", "high", "year"),
    "profiles": ("profile", "cycle", "slot", "weight"),
    "parameters": ("parameter", "value", "low", "high", "unit"),
    "route_evidence": ("evidence", "origin", "waypoints", "mode"),
    "routes_excluded": ("evidence", "reason"),
}
"""Columns of each table of a world, before `kind` and `source`."""

MAY_BE_EMPTY = ("counts", "route_evidence", "routes_excluded", "cities")
"""Tables that may have no rows."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
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
    """Where it comes from."""

    def __post_init__(self) -> None:
        rule = f"lie in its interval [{self.low}, {self.high}]"
        checks.require(
            self.low <= self.value <= self.high, thing=f"parameter '{self.name}'", rule=rule, value=self.value
        )
        checks.sourced(self)


def read_tables(folder: Path) -> dict[str, tuple[Row, ...]]:
    """Read all tables of a world.

    Parameters
    ----------
    folder
        Folder with one CSV file per key of `COLUMNS`.

    Returns
    -------
    dict
        Rows by name of table.

    Raises
    ------
    ValueError
        If a table is missing or malformed.
    """
    return {
        name: tables.read(folder / f"{name}.csv", columns=(*columns, *SOURCED), may_be_empty=name in MAY_BE_EMPTY)
        for name, columns in COLUMNS.items()
    }


def read_parameters(rows: Sequence[Row]) -> dict[str, Parameter]:
    """Parameters of a world by name."""
    checks.unique((row.text("parameter") for row in rows), thing="parameters")
    return {row.text("parameter"): _parameter(row) for row in rows}


def _parameter(row: Row) -> Parameter:
    value = row.number("value")
    return Parameter(
        name=row.text("parameter"),
        value=value,
        low=row.number("low", default=value),
        high=row.number("high", default=value),
        unit=row.text("unit"),
        kind=row.text("kind"),
        source=row.text("source"),
    )


def load(folder: Path, *, name: str, title: str, year: int, detection: Detection) -> World:
    """Build a world from its tables.

    Parameters
    ----------
    folder
        Folder with the tables.
    name, title, year
        Identifier, description and calendar year of the world.
    detection
        What is common to all its checkpoints.

    Raises
    ------
    ValueError
        If a table is malformed or the world does not hold together.
    """
    rows = read_tables(folder)
    parameters = read_parameters(rows["parameters"])

    def value(parameter: str) -> float:
        checks.known(parameter, list(parameters), thing=f"parameters.csv of world '{name}': parameter")
        return parameters[parameter].value

    checkpoints = _checkpoints(rows)
    return World(
        name=name,
        title=title,
        year=year,
        network=_network(rows, value=value),
        traffic=_traffic(rows, value=value, parameters=parameters),
        checkpoints=tuple(checkpoint for checkpoint in checkpoints if checkpoint.in_force(year)),
        detection=detection,
        counts=tuple(_count(row, factor=parameters["backcast_factor"]) for row in rows["counts"]),
        warm_up=value("warm_up"),
    )


def _origin(row: Row) -> dict[str, Any]:
    return {"kind": row.text("kind"), "source": row.text("source")}


def _network(rows: dict[str, tuple[Row, ...]], *, value: Callable[[str], float]) -> Network:
    places = tuple(
        Place(
            name=row.text("place"),
            label=row.text("label"),
            country=row.text("country"),
            oblast=row.text("oblast", default=""),
            latitude=row.number("latitude"),
            longitude=row.number("longitude"),
            uncertainty=row.number("uncertainty"),
            **_origin(row),
        )
        for row in rows["places"]
    )
    known = {place.name: place for place in places}
    routes = tuple(
        Route(
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
        for row in rows["routes"]
    )
    travel = Travel(
        minimum=value("travel_minimum"),
        cv=value("travel_cv"),
        car_speed=value("speed_factor_car"),
        within_place=value("travel_within_place"),
    )
    legs = tuple(_leg(row, known, value=value) for row in rows["legs"])
    return Network(places=places, legs=legs, routes=routes, travel=travel)


def _leg(row: Row, places: dict[str, Place], *, value: Callable[[str], float]) -> Leg:
    start, end, mode = row.text("start"), row.text("end"), row.text("mode")
    checks.known(mode, MODES, thing=f"{row.table} line {row.line}: mode")
    for name in (start, end):
        checks.known(name, list(places), thing=f"{row.table} line {row.line}: place")
    distance = row.number("distance", default=0.0)
    if distance == 0.0:
        distance = great_circle(places[start], places[end]) * value(f"detour_{mode}")
    return Leg(
        start=start,
        end=end,
        mode=mode,
        distance=distance,
        distance_low=row.number("distance_low", default=distance),
        distance_high=row.number("distance_high", default=distance),
        speed=row.number("speed", default=0.0) or value(f"speed_{mode}"),
        **_origin(row),
    )


def _law(row: Row) -> Law:
    family = row.text("service_law")
    fixed = {"constant": 0.0, "exponential": 1.0}
    return Law(family=family, cv=fixed[family] if family in fixed else row.number("service_cv"))


def _checkpoints(rows: dict[str, tuple[Row, ...]]) -> tuple[Checkpoint, ...]:
    devices = {row.text("device"): _device(row) for row in rows["devices"]}
    names = [row.text("checkpoint") for row in rows["checkpoints"]]
    groups: dict[str, list[LaneGroup]] = {name: [] for name in names}
    for row in rows["lanes"]:
        checks.known(row.text("checkpoint"), names, thing=f"{row.table} line {row.line}: checkpoint")
        groups[row.text("checkpoint")].append(_group(row))
    for row in rows["checkpoints"]:
        for device in row.words("devices"):
            checks.known(device, list(devices), thing=f"{row.table} line {row.line}: device")
    return tuple(
        Checkpoint(
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
        for row in rows["checkpoints"]
    )


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


def _traffic(
    rows: dict[str, tuple[Row, ...]], *, value: Callable[[str], float], parameters: dict[str, Parameter]
) -> Traffic:
    profiles = _profiles(rows["profiles"])
    sizes = LoadSizes(
        median=value("load_median"),
        log_sd=value("load_log_sd"),
        tail_start=value("load_tail_start"),
        tail_share=value("load_tail_rate") / value("detected_loads_per_year"),
        tail_exponent=value("load_tail_exponent"),
        maximum=value("load_maximum"),
        selection=value("load_size_selection"),
    )
    inflow = parameters["inflow"]
    return Traffic(
        flows=tuple(_flow(row, profiles) for row in rows["flows"]),
        streams=tuple(
            Stream(
                drug=row.text("drug"),
                origin=row.text("origin"),
                mode=row.text("mode"),
                share=row.number("share"),
                low=row.number("share_low"),
                high=row.number("share_high"),
                **_origin(row),
            )
            for row in rows["streams"]
        ),
        class_shares=tuple(
            ClassShare(
                mode=row.text("mode"),
                vehicle_class=row.text("class"),
                share=row.number("share"),
                capacity=row.number("capacity"),
                **_origin(row),
            )
            for row in rows["classes"]
        ),
        sizes=sizes,
        inflow=units.kilograms(inflow.value),
        inflow_low=units.kilograms(inflow.low),
        inflow_high=units.kilograms(inflow.high),
        retained_share=value("retained_share"),
        city_weights=tuple((row.text("place"), row.number("weight")) for row in rows["cities"]),
        year_log_sd=value("year_flow_log_sd"),
    )


def _profiles(rows: Sequence[Row]) -> dict[str, Profile]:
    profiles = {}
    for name in dict.fromkeys(row.text("profile") for row in rows):
        own = [row for row in rows if row.text("profile") == name]
        cycle = own[0].text("cycle")
        checks.known(cycle, tuple(CYCLES), thing=f"{own[0].table} line {own[0].line}: cycle")
        own.sort(key=lambda row: row.whole("slot"))
        profiles[name] = Profile(name=name, cycle=cycle, weights=tuple(row.number("weight") for row in own))
    return profiles


def _flow(row: Row, profiles: dict[str, Profile]) -> Flow:
    rhythm: dict[str, Any] = {}
    for cycle in CYCLES:
        checks.known(row.text(cycle), list(profiles), thing=f"{row.table} line {row.line}: {cycle}")
        rhythm[cycle] = profiles[row.text(cycle)]
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
    return Count(
        name=row.text("count"),
        checkpoints=row.words("checkpoint"),
        classes=row.words("classes"),
        direction=row.text("direction"),
        value=row.number("value"),
        low=row.number("low", default=row.number("value")) * factor.low,
        high=row.number("high", default=row.number("value")) * factor.high,
        year=row.text("year"),
        source=row.text("source"),
    )
