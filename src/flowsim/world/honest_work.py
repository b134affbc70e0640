"""Work of honest vehicles at checkpoints: their arrivals at the lanes, lanes on duty, and time in a bay."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.traffic import Flow
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

WEEK = 168
"""Hours of a week [h]."""


def arrivals(world: World) -> dict[tuple[int, int], Floats]:
    """Honest arrivals at lanes in use, by checkpoint and group, dims (month, hour of the week from Monday) [1/h].

    Vehicles arrive in the rhythm of their flow, delayed by the mean travel time from the start of its path; delays at
    earlier checkpoints are ignored. At a closed internal post they pass and are not counted.

    Parameters
    ----------
    world
        World with its honest traffic.
    """
    found: dict[tuple[int, int], Floats] = defaultdict(lambda: np.zeros((12, WEEK)))
    for flow in world.traffic.flows:
        hours = _travel(world, flow)
        for stop, after in zip(world.stops_of_flow(flow), hours, strict=True):
            found[stop.checkpoint, stop.group] += np.roll(_rhythm(flow), round(after), axis=1)
    for c, post in enumerate(world.checkpoints):
        for g, group in enumerate(post.groups):
            found[c, g] = found[c, g] * (1.0 if post.border else 1.0 - duty(group)[1])
    return dict(found)


def duty(group: LaneGroup) -> tuple[Floats, Floats]:
    """Mean lanes on duty, and the share of time without any, in each hour of the week; each with dims (hour,) [1].

    Parameters
    ----------
    group
        Lanes.
    """
    if not group.shifts:
        return np.full(WEEK, float(group.lanes)), np.zeros(WEEK)
    hour = np.arange(units.HOURS_PER_DAY)
    lanes, closed = np.zeros_like(hour), np.zeros_like(hour)
    for shift in group.shifts:
        part = np.clip(np.minimum(shift.end, hour + 1) - np.maximum(shift.start, hour), 0.0, None)
        lanes += shift.lanes * part
        closed += part if shift.lanes == 0 else 0.0
    return np.tile(lanes, 7), np.tile(closed, 7)


def bay_time(world: World, post: Checkpoint) -> float:
    """Mean occupation of a bay by an honest vehicle [h].

    Parameters
    ----------
    world
        World, with the times of handling and search in its detection.
    post
        Checkpoint with its devices.
    """
    time = world.detection.handling_time
    for device in post.devices:
        time += device.availability * device.service_time
    return time + false_alarm(post) * world.detection.search_time


def false_alarm(post: Checkpoint) -> float:
    """Probability of an alarm in the secondary inspection of an honest vehicle [1].

    Parameters
    ----------
    post
        Checkpoint with its devices.
    """
    silent = 1.0
    for device in post.devices:
        silent *= 1.0 - device.availability * (1.0 - device.specificity)
    return 1.0 - silent


def _rhythm(flow: Flow) -> Floats:
    """Arrivals at the start of a path, dims (month, hour of the week from Monday) [1/h]."""
    if flow.timetable:
        return np.full((12, WEEK), flow.per_day / units.HOURS_PER_DAY)
    week = np.outer(flow.weekly.weights, flow.daily.weights).ravel()
    rhythm: Floats = flow.per_day / units.HOURS_PER_DAY * np.outer(flow.seasonal.weights, week)
    return rhythm


def _travel(world: World, flow: Flow) -> list[float]:
    """Mean travel time from the start of a path to each checkpoint on it [h]."""
    variation = world.network.travel
    speed = variation.car_speed if flow.vehicle_class == "car" else 1.0
    legs = world.network.legs_of(flow.path, mode=flow.mode, owner=f"Flow '{flow.name}'")
    reached = np.concatenate([[0.0], np.cumsum([leg.time / speed for leg in legs])])
    stops = world.stops_of_flow(flow)
    within = Counter[int]()
    hours = []
    for stop in stops:
        hours.append(float(reached[stop.place]) + variation.within_place * within[stop.place])
        within[stop.place] += 1
    return hours
