"""The reference work in SimPy tuned for speed: callbacks and no processes, own lines and no Resource, draws in bulk.

What remains of SimPy is its clock: `Environment.run` and `step` as they are, and events. A vehicle is one event for
its whole journey, scheduled again as soon as it has been processed (an event is a list of callbacks in a heap, so
nothing speaks against that), and put into the heap as `Environment.schedule` does, without the call. Two models:

`tuned_simpy` keeps an event for every arrival, every end of a first look and every end of an examination.
`simpy_recursion` has one event for an arrival and one for a referral: where vehicles are served in order of arrival,
the start of a service is the later of the arrival and the time at which the first server is free, known at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappush, heapreplace
from typing import Any

import numpy as np
import simpy
from totals import Totals
from work import (
    EXAMINATION,
    FALSE_ALARM,
    HANDLING,
    LOADED,
    SEARCH,
    SENSITIVITY,
    SERVICE_CV,
    TRAVEL_CERTAIN,
    TRAVEL_CV,
    WAVE_THROUGH,
    Post,
    Task,
    Way,
    Work,
)

BULK = 4096
"""Examinations whose numbers are drawn at once [1]."""

NORMAL = 1
"""Priority of SimPy's timeouts."""

Callbacks = list[Callable[[Any], None]]


class Vehicle(simpy.Event):
    """One event for all that happens to a vehicle."""

    _ok = True
    _value = None

    def __init__(self, row: tuple[Any, ...], *, way: list[Callbacks], first: Callbacks) -> None:
        """Take the numbers of all visits.

        `Event.__init__` is left out, as `Timeout` leaves it out: it would only make an empty list of callbacks.
        """
        self.travel, self.service, self.referred, self.loaded = row
        self.way, self.visit, self.last, self.callbacks = way, 0, len(way), first


class TunedModel:
    """What the stations of both models share."""

    def __init__(self, work: Work, *, seed: int) -> None:
        """Prepare the lists of what is observed."""
        self.env, self.rng, self.work = simpy.Environment(), np.random.default_rng(seed), work
        self.waits: list[list[float]] = [[] for _ in work.posts]
        self.ends: list[float] = []
        self.seizures: list[float] = []
        self.examined: list[float] = []
        self.examinations = self._examinations().__next__

    def lognormal(self, mean: Any, cv: float, size: Any) -> Any:
        variance = math.log1p(cv**2)
        return self.rng.lognormal(np.log(mean) - variance / 2, math.sqrt(variance), size)

    def _examinations(self) -> Iterator[tuple[float, float, float]]:
        """Time in the bay, time of a search [h] and chance of an alarm, drawn in bulk."""
        while True:
            exam = HANDLING + self.lognormal(EXAMINATION, SERVICE_CV, BULK)
            search = self.lognormal(SEARCH, SERVICE_CV, BULK)
            yield from zip(exam.tolist(), search.tolist(), self.rng.random(BULK).tolist(), strict=True)

    def enter(self, way: Way, stations: list[Callbacks], *, horizon: float) -> None:
        """Let the vehicles of a route come to its first station, each bringing the next into the heap."""
        queue, eid = self.env._queue, self.env._eid
        on_the_way = [stations[number] for number in way.posts]
        (arrive,) = on_the_way[0]
        times, rows = self._draw(way, horizon=horizon)

        def arrive_first(vehicle: Vehicle) -> None:
            follow()
            arrive(vehicle)

        def follow() -> None:
            for time, row in coming:
                vehicle = Vehicle(row, way=on_the_way, first=first)
                heappush(queue, (time, NORMAL, next(eid), vehicle))
                return

        first: Callbacks = [arrive_first]
        coming = zip(times, rows, strict=True)
        follow()

    def _draw(self, way: Way, *, horizon: float) -> tuple[list[float], Iterator[tuple[Any, ...]]]:
        """Times of arrival at the first station in order [h], and the numbers of each vehicle's visits."""
        count = self.rng.poisson(way.per_hour * horizon)
        shape, hours = (count, len(way.posts)), np.array(way.hours)
        posts = [self.work.posts[number] for number in way.posts]
        travel = hours * TRAVEL_CERTAIN + self.lognormal(hours * (1 - TRAVEL_CERTAIN), TRAVEL_CV, shape)
        service = self.lognormal(np.array([post.service_time for post in posts]), SERVICE_CV, shape)
        referred = self.rng.random(shape) < np.array([post.referral for post in posts])
        loaded = self.rng.random(count) < LOADED
        arrival = self.rng.random(count) * horizon + travel[:, 0]
        order = np.argsort(arrival)
        columns = [column[order].tolist() for column in (travel, service, referred, loaded)]
        return arrival[order].tolist(), zip(*columns, strict=True)

    def totals(self) -> Totals:
        """Sum up."""
        waits = np.concatenate([np.array(some) for some in self.waits])
        return Totals(
            vehicles=len(self.ends),
            visits=len(waits),
            wait=float(waits.mean()),
            referred=len(self.examined) / len(waits),
            seizures=len(self.seizures),
        )


def station_of_events(model: TunedModel, number: int, post: Post) -> Callbacks:
    """Station whose arrivals, first looks and examinations each end in an event of their own."""
    env, ends, seizures, examinations = model.env, model.ends, model.seizures, model.examinations
    queue, eid, record, examined = env._queue, env._eid, model.waits[number].append, model.examined.append
    lanes, bays = post.lanes, post.bays
    line: deque[Vehicle] = deque()
    line_for_bay: deque[Vehicle] = deque()

    def arrive(vehicle: Vehicle) -> None:
        nonlocal lanes
        now = env._now
        vehicle.crowded = len(line) > WAVE_THROUGH
        if lanes:
            lanes -= 1
            record(0.0)
            vehicle.callbacks = looked_at
            heappush(queue, (now + vehicle.service[vehicle.visit], NORMAL, next(eid), vehicle))
        else:
            vehicle.since = now
            line.append(vehicle)

    def end_look(vehicle: Vehicle) -> None:
        nonlocal lanes, bays
        now = env._now
        if line:
            other = line.popleft()
            record(now - other.since)
            other.callbacks = looked_at
            heappush(queue, (now + other.service[other.visit], NORMAL, next(eid), other))
        else:
            lanes += 1
        if vehicle.crowded or not vehicle.referred[vehicle.visit]:
            drive_on(vehicle, now)
            return
        vehicle.exam, search, chance = examinations()
        vehicle.alarm = chance < (SENSITIVITY if vehicle.loaded else FALSE_ALARM)
        if vehicle.alarm:
            vehicle.exam += search
        if bays:
            bays -= 1
            vehicle.callbacks = in_bay
            heappush(queue, (now + vehicle.exam, NORMAL, next(eid), vehicle))
        else:
            line_for_bay.append(vehicle)

    def end_exam(vehicle: Vehicle) -> None:
        nonlocal bays
        now = env._now
        examined(now)
        if line_for_bay:
            other = line_for_bay.popleft()
            other.callbacks = in_bay
            heappush(queue, (now + other.exam, NORMAL, next(eid), other))
        else:
            bays += 1
        if vehicle.alarm and vehicle.loaded:
            seizures.append(now)
            ends.append(now)
        else:
            drive_on(vehicle, now)

    def drive_on(vehicle: Vehicle, now: float) -> None:
        visit = vehicle.visit = vehicle.visit + 1
        if visit < vehicle.last:
            vehicle.callbacks = vehicle.way[visit]
            heappush(queue, (now + vehicle.travel[visit], NORMAL, next(eid), vehicle))
        else:
            ends.append(now)

    looked_at, in_bay = [end_look], [end_exam]
    return [arrive]


def station_by_recursion(model: TunedModel, number: int, post: Post) -> Callbacks:
    """Station that works out the start and end of a service on arrival from when its servers are free."""
    env, ends, seizures, examinations = model.env, model.ends, model.seizures, model.examinations
    queue, eid, record, examined = env._queue, env._eid, model.waits[number].append, model.examined.append
    lane_free, bay_free = [0.0] * post.lanes, [0.0] * post.bays
    # More than k wait if the vehicle k + 1 places ahead has yet to start.
    starts = deque([-1.0] * (WAVE_THROUGH + 1), maxlen=WAVE_THROUGH + 1)

    def arrive(vehicle: Vehicle) -> None:
        now, visit, start = env._now, vehicle.visit, lane_free[0]
        if start < now:
            start = now
        record(start - now)
        end = start + vehicle.service[visit]
        heapreplace(lane_free, end)
        crowded = starts[0] > now
        starts.append(start)
        if vehicle.referred[visit] and not crowded:
            vehicle.callbacks = for_bay
            heappush(queue, (end, NORMAL, next(eid), vehicle))
            return
        visit = vehicle.visit = visit + 1
        if visit < vehicle.last:
            vehicle.callbacks = vehicle.way[visit]
            heappush(queue, (end + vehicle.travel[visit], NORMAL, next(eid), vehicle))
        else:
            ends.append(end)

    def examine(vehicle: Vehicle) -> None:
        now, start = env._now, bay_free[0]
        if start < now:
            start = now
        exam, search, chance = examinations()
        alarm = chance < (SENSITIVITY if vehicle.loaded else FALSE_ALARM)
        end = start + (exam + search if alarm else exam)
        heapreplace(bay_free, end)
        examined(end)
        visit = vehicle.visit = vehicle.visit + 1
        if alarm and vehicle.loaded:
            seizures.append(end)
            ends.append(end)
        elif visit < vehicle.last:
            vehicle.callbacks = vehicle.way[visit]
            heappush(queue, (end + vehicle.travel[visit], NORMAL, next(eid), vehicle))
        else:
            ends.append(end)

    for_bay = [examine]
    return [arrive]


def tuned_simpy(task: Task) -> TunedModel:
    """Run tuned SimPy, with an event for all that happens, until the last vehicle has left."""
    return _run(task, station_of_events)


def simpy_recursion(task: Task) -> TunedModel:
    """Run tuned SimPy, with the fewest events, until the last vehicle has left."""
    return _run(task, station_by_recursion)


def _run(task: Task, station: Callable[[TunedModel, int, Post], Callbacks]) -> TunedModel:
    model = TunedModel(task.work, seed=task.seed)
    stations = [station(model, number, post) for number, post in enumerate(task.work.posts)]
    for way in task.work.ways:
        model.enter(way, stations, horizon=task.horizon)
    model.env.run()
    return model
