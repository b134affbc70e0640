"""The reference engine: one SimPy process per vehicle, written to be read; it defines the model."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Generator
from enum import IntEnum
from typing import Any

import numpy as np
import simpy

from flowsim.draws.fleet import Fleet
from flowsim.engine import outcome as fates
from flowsim.engine.outcome import NOT_SELECTED, REFERRED, SEIZED, UNDER_WAY, WAVED, Outcome, State
from flowsim.engine.queues import Queues
from flowsim.inspection.selection import threshold
from flowsim.units import HOURS_PER_DAY
from flowsim.world import World

Journey = Generator[simpy.Event, Any, None]


class Order(IntEnum):
    """Kinds of event in the order in which they happen at one time."""

    EXAMINED = 1
    LOOKED_AT = 2
    ASSIGN = 3
    ARRIVAL = 4


class Stage(IntEnum):
    """Where a vehicle stands between two of its events."""

    ON_THE_ROAD = 0
    ARRIVED = 1
    IN_QUEUE = 2
    IN_LANE = 3
    FOR_BAY = 4
    IN_BAY = 5


class Clock(simpy.Environment):
    """SimPy's environment with events at absolute times, ordered by kind and number where times are equal.

    SimPy takes delays, and adding a delay to the present may lose the last bit of a time computed elsewhere.
    """

    def at(self, time: float, order: Order, number: int) -> simpy.Event:
        """Event that happens at a time [h], after SimPy's own events of that time."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        entry: Any = (time, (order << 50) + number, next(self._eid), event)
        heapq.heappush(self._queue, entry)
        return event


class Station:
    """Numbered servers with one queue: the lanes of a group, or the bays of a checkpoint."""

    def __init__(self, clock: Clock, *, number: int, servers: int) -> None:
        """Open a station with all servers idle.

        Parameters
        ----------
        clock
            Environment of the run.
        number
            Number that orders the assignments of several stations at one time.
        servers
            Number of servers.
        """
        self.clock, self.number = clock, number
        self.idle = list(range(servers))
        self.queue: deque[simpy.Event] = deque()
        self.assigning = False

    def take(self) -> int:
        """Lowest-numbered idle server, or -1 if a newcomer has to wait."""
        return -1 if self.queue or not self.idle else heapq.heappop(self.idle)

    def turn(self) -> simpy.Event:
        """Join the queue; the event's value is the server once it is this vehicle's turn."""
        event = simpy.Event(self.clock)
        self.queue.append(event)
        return event

    def release(self, server: int) -> None:
        """Give a server back."""
        heapq.heappush(self.idle, server)
        self.assign_later()

    def assign_later(self) -> None:
        """Assign idle servers to those waiting, after the completions of this time and before its arrivals."""
        if self.queue and self.idle and not self.assigning:
            self.assigning = True
            self.clock.at(self.clock.now, Order.ASSIGN, self.number).callbacks.append(self._assign)

    def _assign(self, _: simpy.Event) -> None:
        self.assigning = False
        while self.queue and self.idle:
            self.queue.popleft().succeed(heapq.heappop(self.idle))


class Journal:
    """The outcome as lists, which Python reads and writes faster than arrays."""

    def __init__(self, outcome: Outcome) -> None:
        """Open the journal where an outcome stands."""
        self.arrival, self.start, self.lane = (
            outcome.arrival.tolist(),
            outcome.start.tolist(),
            outcome.lane.tolist(),
        )
        self.crowded, self.decision = outcome.crowded.tolist(), outcome.decision.tolist()
        self.exam_start, self.exam_end = outcome.exam_start.tolist(), outcome.exam_end.tolist()
        self.bay, self.alarm = outcome.bay.tolist(), outcome.alarm.tolist()
        self.departure, self.fate, self.end = (
            outcome.departure.tolist(),
            outcome.fate.tolist(),
            outcome.end.tolist(),
        )

    def close(self) -> Outcome:
        """Outcome that the journal has come to."""
        numbers = ("lane", "crowded", "decision", "bay", "alarm", "fate")
        times = ("arrival", "start", "exam_start", "exam_end", "departure", "end")
        columns: dict[str, Any] = {name: np.array(getattr(self, name), dtype=np.int64) for name in numbers}
        columns |= {name: np.array(getattr(self, name), dtype=np.float64) for name in times}
        return Outcome(**columns)


class Simulation:
    """One run of the reference engine, from a state on."""

    def __init__(self, world: World, fleet: Fleet, *, state: State, queues: Queues | None) -> None:
        """Set up the stations and read the fleet.

        Parameters
        ----------
        world, fleet, state, queues
            As in `run`.
        """
        self.world, self.fleet, self.queues = world, fleet, queues
        self.clock = Clock(initial_time=state.time)
        self.journal = Journal(state.outcome)
        posts = list(enumerate(world.checkpoints))
        self.lanes = [
            [Station(self.clock, number=64 * c + g, servers=group.lanes) for g, group in enumerate(post.groups)]
            for c, post in posts
        ]
        self.bays = [Station(self.clock, number=64 * c + 63, servers=post.bays) for c, post in posts]
        self.threshold = [[threshold(group.referral) for group in post.groups] for _, post in posts]
        self.wave_through = [[group.wave_through for group in post.groups] for _, post in posts]
        effort = np.array([world.detection.effort.of(post.effort_class) for _, post in posts])
        self.effort = np.minimum(1.0, effort[None, :] * fleet.year_effort[:, None]).tolist()
        self.log_odds = math.log(world.detection.sensitivity)
        self.first, self.ident, self.entry = fleet.first.tolist(), fleet.ident.tolist(), fleet.entry.tolist()
        self.checkpoint, self.group = fleet.checkpoint.tolist(), fleet.group.tolist()
        self.travel, self.service, self.score = (
            fleet.travel.tolist(),
            fleet.service.tolist(),
            fleet.score.tolist(),
        )
        self.tail, self.retained, self.loaded = (
            fleet.tail.tolist(),
            fleet.retained.tolist(),
            fleet.loaded.tolist(),
        )

    def traffic(self, vehicles: list[int]) -> Journey:
        """Let vehicles enter, in order of time and number."""
        for vehicle in vehicles:
            yield self.clock.at(self.entry[vehicle], Order.ARRIVAL, self.ident[vehicle])
            visit = self.first[vehicle]
            at_once = visit < self.first[vehicle + 1] and self.travel[visit] == 0.0
            stage = Stage.ARRIVED if at_once else Stage.ON_THE_ROAD
            self.clock.process(self.journey(vehicle, visit, stage))

    def journey(self, vehicle: int, visit: int, stage: Stage) -> Journey:
        """Follow one vehicle from a stage of one of its visits to its end."""
        clock, journal, ident = self.clock, self.journal, self.ident[vehicle]
        left = journal.departure[visit - 1] if visit > self.first[vehicle] else self.entry[vehicle]
        for k in range(visit, self.first[vehicle + 1]):
            if stage == Stage.ON_THE_ROAD:
                yield clock.at(left + self.travel[k], Order.ARRIVAL, ident)
                stage = Stage.ARRIVED
            if stage <= Stage.IN_LANE:
                yield from self.first_look(k, stage, ident)
                selected = self.score[k] > self.threshold[self.checkpoint[k]][self.group[k]]
                journal.decision[k] = (WAVED if journal.crowded[k] else REFERRED) if selected else NOT_SELECTED
                stage = Stage.FOR_BAY
            if journal.decision[k] == REFERRED:
                yield from self.examination(vehicle, k, stage)
            journal.departure[k] = left = clock.now
            if journal.fate[vehicle] == SEIZED:
                return
            stage = Stage.ON_THE_ROAD
        if self.tail[vehicle] > 0.0:
            yield clock.at(left + self.tail[vehicle], Order.ARRIVAL, ident)
        journal.fate[vehicle] = fates.RETAINED if self.retained[vehicle] else fates.PASSED
        journal.end[vehicle] = clock.now

    def first_look(self, k: int, stage: Stage, ident: int) -> Journey:
        """Wait for a lane and be looked at."""
        clock, journal, c, g = self.clock, self.journal, self.checkpoint[k], self.group[k]
        station = self.lanes[c][g]
        if stage == Stage.ARRIVED:
            journal.arrival[k] = clock.now
            if self.queues is not None:
                span, local = self.queues.at(clock.now)
                queue = span.groups[c, g]
                journal.crowded[k] = int(queue.waiting(local) > self.wave_through[c][g])
                journal.start[k] = clock.now + queue.wait(local)
            else:
                journal.crowded[k] = int(len(station.queue) > self.wave_through[c][g])
                journal.lane[k] = station.take()
                stage = Stage.IN_QUEUE if journal.lane[k] < 0 else Stage.IN_LANE
                journal.start[k] = clock.now if stage == Stage.IN_LANE else math.nan
        if stage == Stage.IN_QUEUE:
            journal.lane[k] = yield station.turn()
            journal.start[k] = clock.now
        yield clock.at(journal.start[k] + self.service[k], Order.LOOKED_AT, ident)
        if self.queues is None:
            station.release(journal.lane[k])

    def examination(self, vehicle: int, k: int, stage: Stage) -> Journey:
        """Wait for a bay and be examined; an alarm on a load that is followed up ends the journey."""
        clock, journal, c = self.clock, self.journal, self.checkpoint[k]
        station = self.bays[c]
        if stage == Stage.FOR_BAY:
            if self.queues is not None:
                span, local = self.queues.at(clock.now)
                journal.exam_start[k] = clock.now + span.bays[c].wait(local)
            else:
                turn = station.turn()
                station.assign_later()
                journal.bay[k] = yield turn
                journal.exam_start[k] = clock.now
            duration, alarm = self.examine(vehicle, k, journal.exam_start[k])
            journal.exam_end[k], journal.alarm[k] = journal.exam_start[k] + duration, int(alarm)
        yield clock.at(journal.exam_end[k], Order.EXAMINED, self.ident[vehicle])
        if self.queues is None:
            station.release(journal.bay[k])
        followed_up = self.fleet.effort[k] < self.effort[self.fleet.replication[vehicle]][c]
        if self.loaded[vehicle] and journal.alarm[k] and followed_up:
            journal.fate[vehicle], journal.end[vehicle] = SEIZED, clock.now

    def examine(self, vehicle: int, k: int, start: float) -> tuple[float, bool]:
        """Time in the bay [h], with all devices that work on the day and the search that any alarm brings."""
        fleet, c = self.fleet, self.checkpoint[k]
        day = math.floor(start / HOURS_PER_DAY) - fleet.first_day
        duration, alarm = self.world.detection.handling_time, False
        for d, device in enumerate(self.world.checkpoints[c].devices):
            if not fleet.available[fleet.replication[vehicle], c, d, min(day, fleet.available.shape[3] - 1)]:
                continue
            duration += float(fleet.device_time[k, d])
            if self.loaded[vehicle]:
                logit = device.intercept + device.slope * float(fleet.log_mass[vehicle])
                logit = logit - device.concealment * float(fleet.concealment[vehicle]) + self.log_odds
                alarm = alarm or bool(fleet.device_draw[k, d] < logit)
            else:
                alarm = alarm or bool(fleet.device_draw[k, d] >= device.specificity)
        return duration + float(fleet.search[k]) if alarm else duration, alarm

    def resume(self, time: float) -> list[int]:
        """Put every vehicle back where the journal left it; vehicles that have yet to enter, in order."""
        journal, under_way, to_come = self.journal, [], []
        for vehicle in range(self.fleet.size):
            if self.entry[vehicle] >= time:
                to_come.append(vehicle)
            elif journal.fate[vehicle] == UNDER_WAY:
                visits = range(self.first[vehicle], self.first[vehicle + 1])
                k = next((k for k in visits if math.isnan(journal.departure[k])), visits.stop)
                stage, since = self._stage(k, time) if k < visits.stop else (Stage.ON_THE_ROAD, 0.0)
                under_way.append((since, self.ident[vehicle], vehicle, k, stage))
        for _, _, vehicle, k, stage in sorted(under_way):
            if stage == Stage.IN_LANE and self.queues is None:
                self._occupy(self.lanes[self.checkpoint[k]][self.group[k]], journal.lane[k])
            if stage == Stage.IN_BAY and self.queues is None:
                self._occupy(self.bays[self.checkpoint[k]], journal.bay[k])
            self.clock.process(self.journey(vehicle, k, stage))
        return sorted(to_come, key=lambda vehicle: (self.entry[vehicle], self.ident[vehicle]))

    def _stage(self, k: int, time: float) -> tuple[Stage, float]:
        journal = self.journal
        if math.isnan(journal.arrival[k]):
            return Stage.ON_THE_ROAD, 0.0
        if math.isnan(journal.start[k]):
            return Stage.IN_QUEUE, journal.arrival[k]
        looked = journal.start[k] + self.service[k]
        if looked >= time:
            return Stage.IN_LANE, journal.start[k]
        return (Stage.FOR_BAY, looked) if math.isnan(journal.exam_start[k]) else (Stage.IN_BAY, looked)

    def _occupy(self, station: Station, server: int) -> None:
        station.idle.remove(server)
        heapq.heapify(station.idle)


def run(
    world: World,
    fleet: Fleet,
    *,
    state: State | None = None,
    until: float = math.inf,
    queues: Queues | None = None,
) -> State:
    """Simulate a fleet from a state to a time.

    Parameters
    ----------
    world
        World in which the fleet moves.
    fleet
        Vehicles with their random numbers.
    state
        State to go on from; by default the country is empty and time starts with the first entry.
    until
        Events before this time happen [h].
    queues
        Recorded queues that the vehicles meet without adding to them; by default they queue with one another.

    Returns
    -------
    State
        State at `until`, with all that has happened.
    """
    if state is None:
        start = float(fleet.entry.min()) if fleet.size else 0.0
        state = State(time=min(start, until), outcome=fates.nothing_yet(fleet))
    simulation = Simulation(world, fleet, state=state, queues=queues)
    to_come = simulation.resume(state.time)
    simulation.clock.process(simulation.traffic(to_come))
    if until > state.time:
        simulation.clock.run(until=None if math.isinf(until) else until)
    return State(time=until, outcome=simulation.journal.close())
