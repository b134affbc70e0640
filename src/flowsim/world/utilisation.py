"""Utilisation of the lanes and bays of a world, and its traffic against published counts."""

from __future__ import annotations

import calendar
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.honest_work import WEEK, arrivals, bay_time, duty
from flowsim.world.selection import share_above, threshold_shifts
from flowsim.world.traffic import Flow
from flowsim.world.world import Count, Stop, World, way_across

Floats = npt.NDArray[np.float64]


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
    rates, moved = arrivals(world), threshold_shifts(world)
    found = []
    for c, post in enumerate(world.checkpoints):
        examined = np.zeros((12, WEEK))
        for g, group in enumerate(post.groups):
            rate = rates[c, g]
            part = f"lanes {group.direction} {';'.join(group.classes)}"
            leaves = group.stop < math.inf
            servers = duty(group)[0]
            found.append(_utilisation(post, part, rate, time=group.service_time, servers=servers, leaves=leaves))
            examined = examined + rate * share_above(group.referral, moved[c])
        leaves = all(group.stop < math.inf for group in post.groups)
        servers = np.full(WEEK, float(post.bays))
        found.append(_utilisation(post, "bays", examined, time=bay_time(world, post), servers=servers, leaves=leaves))
    return tuple(found)


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
