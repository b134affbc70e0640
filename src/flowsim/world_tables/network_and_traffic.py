"""Objects of a world from rows of its tables: places, legs, groups of lanes, flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowsim import checks, units
from flowsim.csv_tables import Row
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.devices import Device
from flowsim.world.network import Leg, Place, Route, great_circle
from flowsim.world.shifts import Shift
from flowsim.world.traffic import CYCLES, ClassShare, Flow, Law, Profile, Stream
from flowsim.world.world import Count
from flowsim.world_tables import controls
from flowsim.world_tables.parameters import WorldParameter


def _origin(row: Row) -> dict[str, Any]:
    return {"kind": row.text("kind"), "source": row.text("source")}


def place(row: Row) -> Place:
    """Place of a row of `places.csv`."""
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


def route(row: Row) -> Route:
    """Route of a row of `routes.csv`."""
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


def leg(row: Row, *, places: Mapping[str, Place], parameters: Mapping[str, WorldParameter]) -> Leg:
    """Leg of a row of `legs.csv`; an empty length or speed comes from the parameters of its mode."""
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


def group(row: Row, *, shifts: Mapping[controls.Group, tuple[Shift, ...]]) -> LaneGroup:
    """Group of lanes of a row of `lanes.csv`, with its shifts."""
    return LaneGroup(
        direction=row.text("direction"),
        classes=row.words("classes"),
        lanes=row.whole("lanes"),
        service_time=units.hours(row.number("service_time")),
        law=_law(row),
        referral=row.number("referral"),
        wave_through=row.whole("wave_through"),
        shifts=shifts.get(controls.group_of(row), ()),
        **controls.train(row),
        **_origin(row),
    )


def device(row: Row) -> Device:
    """Device of a row of `devices.csv`."""
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


def checkpoint(row: Row, *, groups: Mapping[str, Sequence[LaneGroup]], devices: Mapping[str, Device]) -> Checkpoint:
    """Checkpoint of a row of `checkpoints.csv`, with its lanes and devices."""
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
        bribe=row.number("bribe") if row.cells["bribe"] else None,
        **_origin(row),
    )


def stream(row: Row) -> Stream:
    """Stream of a row of `streams.csv`."""
    return Stream(
        drug=row.text("drug"),
        origin=row.text("origin"),
        mode=row.text("mode"),
        share=row.number("share"),
        low=row.number("share_low"),
        high=row.number("share_high"),
        **_origin(row),
    )


def class_share(row: Row) -> ClassShare:
    """Share of a class of vehicle of a row of `classes.csv`."""
    return ClassShare(
        mode=row.text("mode"),
        vehicle_class=row.text("class"),
        share=row.number("share"),
        capacity=row.number("capacity"),
        **_origin(row),
    )


def flow(row: Row, *, profiles: Mapping[str, Profile]) -> Flow:
    """Flow of a row of `flows.csv`."""
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
        timetable=row.cells["timetable"] == "yes",
    )


def count(row: Row, *, factor: WorldParameter) -> Count:
    """Count of a row of `counts.csv`, cast back to the year of the world by a factor."""
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
