"""Honest traffic: Poisson arrivals of each flow, day by day, in its daily, weekly and seasonal rhythm."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.draws import counter, poisson
from flowsim.draws.counter import Floats, Stream
from flowsim.draws.fleet import HONEST, Fleet, Ints, assemble
from flowsim.draws.itinerary import draw_availability, draw_visits, draw_years, itinerary
from flowsim.traffic import VEHICLE_CLASSES, Flow
from flowsim.world import World

VEHICLES_PER_DAY = 2**13
"""Numbers set aside for the vehicles of a flow on one day, above any count of a flow of 6000 a day."""


def draw_honest(world: World, *, seed: int, year: int, start: float, end: float) -> Fleet:
    """Draw the honest vehicles that enter in a span of time.

    Parameters
    ----------
    world
        World in which they move.
    seed
        Seed of the run.
    year
        Year of traffic, which is the replication of its random numbers.
    start, end
        Span of entry times from the first of January [h]; a negative time lies in the year before.
    """
    first_day = math.floor(start / units.HOURS_PER_DAY)
    days = np.arange(first_day, math.ceil(end / units.HOURS_PER_DAY))
    parts = []
    for flow in world.traffic.flows:
        number, entry = _arrivals(world, flow, seed=seed, year=year, days=days)
        inside = (entry >= start) & (entry < end)
        parts.append(_vehicles(world, flow, seed=seed, year=year, number=number[inside], entry=entry[inside]))
    span: dict[str, Any] = {"seed": seed, "replications": [year]}
    available = draw_availability(world, **span, first_day=first_day, days=len(days) + 1)
    effort = draw_years(world, **span)[1]
    return assemble(parts, available=available, first_day=first_day, year_effort=effort)


def daily_means(world: World, flow: Flow, *, days: Ints) -> Floats:
    """Mean number of vehicles of a flow on each day, dims (day,) [1].

    Parameters
    ----------
    world
        World whose calendar holds.
    flow
        Honest traffic.
    days
        Days of the year, 0 being the first of January, dims (day,).
    """
    dates = [date(world.year, 1, 1) + timedelta(days=int(day)) for day in days]
    weekly = np.array([flow.weekly.weights[day.weekday()] for day in dates])
    seasonal = np.array([flow.seasonal.weights[day.month - 1] for day in dates])
    means: Floats = flow.per_day * weekly * seasonal
    return means


def _timetable(flow: Flow, *, days: Ints) -> tuple[Ints, Floats]:
    """Vehicles that enter at even intervals, the first half an interval after the start of the year."""
    if flow.per_day == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    first, last = math.ceil(days[0] * flow.per_day - 0.5), math.ceil((days[-1] + 1) * flow.per_day - 0.5)
    number = np.arange(first, last)
    return number, (number + 0.5) / flow.per_day * units.HOURS_PER_DAY


def _arrivals(world: World, flow: Flow, *, seed: int, year: int, days: Ints) -> tuple[Ints, Floats]:
    if flow.timetable:
        return _timetable(flow, days=days)
    stream = Stream(seed, f"honest:{flow.name}")
    uniform = stream.uniforms(days, replication=year, purpose=counter.PERIOD)[:, 0]
    counts = poisson.quantile(uniform, mean=daily_means(world, flow, days=days))
    day = np.repeat(days, counts)
    within = np.arange(len(day)) - np.repeat(np.cumsum(counts) - counts, counts)
    number = day * VEHICLES_PER_DAY + within
    uniform = stream.uniforms(number, replication=year, purpose=counter.ENTRY)[:, 0]
    cumulated = np.concatenate([[0.0], np.cumsum(flow.daily.weights)])
    hour = np.interp(uniform, cumulated / cumulated[-1], np.arange(len(cumulated), dtype=np.float64))
    return number, day * units.HOURS_PER_DAY + hour


def _vehicles(
    world: World, flow: Flow, *, seed: int, year: int, number: Ints, entry: Floats
) -> dict[str, npt.NDArray[np.generic]]:
    way = itinerary(world, flow.path, vehicle_class=flow.vehicle_class, direction=flow.direction, mode=flow.mode)
    count = len(number)
    replication = np.full(count, year, dtype=np.int64)
    stream = Stream(seed, f"honest:{flow.name}")
    part = draw_visits(world, way, stream=stream, number=number, replication=replication, loaded=False)
    nothing = np.full(count, HONEST, dtype=np.int64)
    zeros = np.zeros(count)
    vehicle_class = np.full(count, VEHICLE_CLASSES.index(flow.vehicle_class), dtype=np.int64)
    part |= {"entry": entry, "vehicle_class": vehicle_class, "replication": np.zeros(count, dtype=np.int64)}
    part |= {"drug": nothing, "route": nothing, "retained": np.zeros(count, dtype=np.bool_)}
    part["opened"] = np.zeros(count, dtype=np.bool_)
    part["finish"] = np.full(count, world.network.index(flow.path[-1]), dtype=np.int64)
    part |= {"mass": zeros, "log_mass": zeros, "concealment": zeros}
    return part
