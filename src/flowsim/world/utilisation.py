"""Utilisation of the lanes and bays of a world, and its traffic against published counts."""

from __future__ import annotations

import calendar
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from flowsim import units
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.selection import threshold
from flowsim.world.traffic import Flow
from flowsim.world.world import Count, Stop, World, way_across

Floats = npt.NDArray[np.float64]

_WEEK = 168


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """Utilisation of a group of lanes, or of the bays of a checkpoint: offered load over capacity."""

    checkpoint: str
    """Name of the checkpoint."""

    part: str
    """"bays", or "lanes" with the direction and the classes of the group."""

    per_day: float
    """Vehicles served, annual mean [1/day]."""

    mean: float
    """Mean utilisation [1]; at 1 or above the queue is unstable."""

    peak: float
    """Utilisation in the busiest hour of the busiest month [1]."""

    when: str
    """Hour of the peak."""

    leaves: bool = False
    """Whether its vehicles are trains with a limited stop, so that no queue grows."""

    @property
    def overloaded(self) -> bool:
        """Whether its utilisation is 1 or more, so that the queue is unstable."""
        return self.mean >= 1 and not self.leaves


def utilisations(world: World) -> tuple[Utilisation, ...]:
    """Utilisation of all lanes and bays, by checkpoint.

    Vehicles arrive in the rhythm of their flow, delayed by the mean travel time from the start of its path; delays at
    earlier checkpoints are ignored, and so is wave-through, which relieves the bays. Shifts take lanes off duty;
    vehicles waiting at a closed crossing count in the mean and not in the peak, and vehicles passing a closed internal
    post count in neither.

    Parameters
    ----------
    world
        World with its honest traffic.
    """
    arrivals: dict[tuple[int, int], Floats] = defaultdict(lambda: np.zeros((12, _WEEK)))
    for flow in world.traffic.flows:
        hours = _travel(world, flow)
        for stop, after in zip(world.stops_of_flow(flow), hours, strict=True):
            arrivals[stop.checkpoint, stop.group] += np.roll(_rhythm(flow), round(after), axis=1)
    found = []
    for c, post in enumerate(world.checkpoints):
        examined = np.zeros((12, _WEEK))
        for g, group in enumerate(post.groups):
            duty, closed = _duty(group)
            rate = arrivals[c, g] * (1.0 if post.border else 1.0 - closed)
            part = f"lanes {group.direction} {';'.join(group.classes)}"
            leaves = group.stop < math.inf
            found.append(_utilisation(post, part, rate, time=group.service_time, servers=duty, leaves=leaves))
            examined = examined + rate * referred(world, group)
        leaves = all(group.stop < math.inf for group in post.groups)
        servers = np.full(_WEEK, float(post.bays))
        found.append(_utilisation(post, "bays", examined, time=bay_time(world, post), servers=servers, leaves=leaves))
    return tuple(found)


def referred(world: World, group: LaneGroup) -> float:
    """Share of honest vehicles referred: that of the lanes, adjusted for the cost of a fruitless search [1].

    Parameters
    ----------
    world
        World, with the cost of a search in its detection.
    group
        Lanes.
    """
    detection = world.detection
    if detection.cost_ratio == 1.0 or not 0.0 < group.referral < 1.0:
        return group.referral
    limit = threshold(group.referral, targeting=detection.targeting, cost_ratio=detection.cost_ratio)
    return float(ndtr(-limit))


def busiest(world: World) -> dict[str, float]:
    """Largest mean utilisation of the lanes and bays of each checkpoint; 0 for trains with a limited stop [1].

    Parameters
    ----------
    world
        World with its honest traffic.
    """
    largest = dict.fromkeys((post.name for post in world.checkpoints), 0.0)
    for each in utilisations(world):
        if not each.leaves:
            largest[each.checkpoint] = max(largest[each.checkpoint], each.mean)
    return largest


def overloads(found: Iterable[Utilisation]) -> Iterator[str]:
    """Messages on lanes and bays with an unstable queue.

    Parameters
    ----------
    found
        Utilisation of the lanes and bays of a world.
    """
    for each in found:
        if each.overloaded:
            busy = f"have a mean utilisation of {100 * each.mean:.0f} %"
            yield f"checkpoint '{each.checkpoint}': its {each.part} {busy}; the queue is unstable"


def _utilisation(
    post: Checkpoint, part: str, rate: Floats, *, time: float, servers: Floats, leaves: bool
) -> Utilisation:
    busy = np.divide(rate * time, servers, out=np.zeros_like(rate), where=servers > 0)
    return Utilisation(
        checkpoint=post.name,
        part=part,
        per_day=float(rate.mean()) * units.HOURS_PER_DAY,
        mean=float(rate.mean()) * time / float(servers.mean()) if servers.any() else 0.0,
        peak=float(busy.max()),
        when=_busiest(busy),
        leaves=leaves,
    )


def _duty(group: LaneGroup) -> tuple[Floats, Floats]:
    """Mean lanes on duty, and the share of time without any, in each hour of the week; each with dims (hour,) [1]."""
    if not group.shifts:
        return np.full(_WEEK, float(group.lanes)), np.zeros(_WEEK)
    hour = np.arange(units.HOURS_PER_DAY)
    duty, closed = np.zeros_like(hour), np.zeros_like(hour)
    for shift in group.shifts:
        part = np.clip(np.minimum(shift.end, hour + 1) - np.maximum(shift.start, hour), 0.0, None)
        duty += shift.lanes * part
        closed += part if shift.lanes == 0 else 0.0
    return np.tile(duty, 7), np.tile(closed, 7)


def _busiest(rate: Floats) -> str:
    """Month, weekday and hour of the most arrivals; month and weekday are omitted if uniform."""
    days = rate.reshape(12, 7, 24)
    month, day, hour = np.unravel_index(int(days.argmax()), days.shape)
    parts = []
    if np.ptp(days.max(axis=(1, 2))) > 1e-9 * days.max():
        parts.append(calendar.month_abbr[int(month) + 1])
    if np.ptp(days.max(axis=(0, 2))) > 1e-9 * days.max():
        parts.append(calendar.day_abbr[int(day)])
    return " ".join([*parts, f"{hour} h"]) if rate.any() else ""


def _rhythm(flow: Flow) -> Floats:
    """Arrivals at the start of a path, dims (month, hour of the week from Monday) [1/h]."""
    if flow.timetable:
        return np.full((12, _WEEK), flow.per_day / units.HOURS_PER_DAY)
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


def visits(world: World) -> dict[tuple[str, str, str], float]:
    """Honest visits by checkpoint, class of vehicle and direction, annual mean [1/day]."""
    found: dict[tuple[str, str, str], float] = defaultdict(float)
    for flow in world.traffic.flows:
        for stop in world.stops_of_flow(flow):
            post = world.checkpoints[stop.checkpoint]
            found[post.name, flow.vehicle_class, _way(post, flow, stop)] += flow.per_day
    return dict(found)


def _way(post: Checkpoint, flow: Flow, stop: Stop) -> str:
    return way_across(post.border, position=stop.place, length=len(flow.path), direction=flow.direction)


def counted(world: World, count: Count) -> float:
    """Modelled visits within the scope of a published count [1/day]."""
    return sum(
        per_day
        for (name, vehicle_class, way), per_day in visits(world).items()
        if name in count.checkpoints and vehicle_class in count.classes and count.direction in ("both", way)
    )
