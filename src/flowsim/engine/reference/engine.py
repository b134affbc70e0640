"""The reference engine: one SimPy process per vehicle, written to be read; it defines the model."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator
from enum import IntEnum
from typing import Any

import numpy as np
import simpy

from flowsim.draws.fleet import Fleet
from flowsim.engine import outcome as fates
from flowsim.engine.outcome import (
    BYPASSED,
    CLOSED,
    NOT_SELECTED,
    REFERRED,
    SEALED,
    SEIZED,
    SPLIT,
    UNDER_WAY,
    UNREACHED,
    WAVED,
    State,
)
from flowsim.engine.reference.background import Queues
from flowsim.engine.reference.journal import Journal
from flowsim.engine.reference.stations import Clock, Order, Station
from flowsim.units import HOURS_PER_DAY
from flowsim.world import bypass, campaigns, shifts
from flowsim.world.bypass import Bypass
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.selection import threshold, threshold_shifts
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.world import World

Journey = Generator[simpy.Event, Any, Any]


class Stage(IntEnum):
    """Position of a vehicle between two of its events."""

    ON_THE_ROAD = 0
    ARRIVED = 1
    IN_QUEUE = 2
    IN_LANE = 3
    FOR_BAY = 4
    IN_BAY = 5
    STANDING = 6
    ROUND = 7
    TAKEN = 8
    IN_STORE = 9


class Simulation:
    """A run of the reference engine, from a state on."""

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
            [
                Station(self.clock, number=64 * c + g, servers=group.lanes, shifts=group.shifts)
                for g, group in enumerate(post.groups)
            ]
            for c, post in posts
        ]
        self.bays = [Station(self.clock, number=64 * c + 63, servers=post.bays) for c, post in posts]
        moved = threshold_shifts(world)
        self.threshold = [[threshold(group.referral) + moved[c] for group in post.groups] for c, post in posts]
        self.stop = [[group.stop for group in post.groups] for _, post in posts]
        self.wagons = [[group.wagons for group in post.groups] for _, post in posts]
        self.rounds = [world.ways_round(post.border, mode=post.mode) for _, post in posts]
        self.green = [world.detection.seals.green_lane and post.border != "" for _, post in posts]
        self.sealed = (fleet.vehicle_class == VEHICLE_CLASSES.index("tir")).tolist()
        self.wave_through = [[group.wave_through for group in post.groups] for _, post in posts]
        self.effort = np.outer(fleet.year_effort, world.efforts()).tolist()
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
        self.case_time, self.parent = fleet.case_time.tolist(), fleet.parent.tolist()
        self.bribe = [world.bribe_at(post) for _, post in posts]
        self.agency = [AGENCIES.index(post.agency) for _, post in posts]
        self.parts: dict[int, list[int]] = {}
        for part in np.flatnonzero(fleet.parent >= 0).tolist():
            self.parts.setdefault(self.parent[part], []).append(part)

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
        if stage == Stage.IN_STORE:
            yield clock.at(min(left, self.case_time[vehicle]), Order.ARRIVAL, ident)
            if self.taken(vehicle):
                return
            stage = Stage.ON_THE_ROAD
        for k in range(visit, self.first[vehicle + 1]):
            if stage == Stage.ON_THE_ROAD:
                yield clock.at(left + self.travel[k], Order.ARRIVAL, ident)
                stage = Stage.ARRIVED
            if stage == Stage.ARRIVED and self.loaded[vehicle]:
                stage = self.arrive(vehicle, k)
            if stage == Stage.ROUND:
                yield from self.way_round(vehicle, k)
            elif stage == Stage.ARRIVED and self.closed(k):
                journal.arrival[k], journal.decision[k] = clock.now, CLOSED
            elif stage != Stage.TAKEN:
                yield from self.control(vehicle, k, stage)
            journal.departure[k] = left = clock.now
            if journal.fate[vehicle] == SEIZED:
                return
            stage = Stage.ON_THE_ROAD
        if self.tail[vehicle] > 0.0:
            yield clock.at(left + self.tail[vehicle], Order.ARRIVAL, ident)
        if self.loaded[vehicle] and self.taken(vehicle):
            return
        journal.end[vehicle] = clock.now
        if vehicle in self.parts:
            self.split(vehicle)
        else:
            journal.fate[vehicle] = fates.RETAINED if self.retained[vehicle] else fates.PASSED

    def split(self, vehicle: int) -> None:
        """Store a consignment at its hub, from where each part leaves at the end of its time in store."""
        self.journal.fate[vehicle] = SPLIT
        for part in self.parts[vehicle]:
            self.entry[part] = self.clock.now + float(self.fleet.store[part])
            self.clock.process(self.journey(part, self.first[part], Stage.IN_STORE))

    def taken(self, vehicle: int) -> bool:
        """Whether a ripe case takes the consignment now, at the end of a leg, of a service or of its time in store."""
        if self.case_time[vehicle] > self.clock.now:
            return False
        self.journal.fate[vehicle], self.journal.end[vehicle] = SEIZED, self.clock.now
        return True

    def closed(self, k: int) -> bool:
        """Whether no lane of an internal checkpoint is on duty, so that vehicles pass; at a border they wait."""
        post = self.world.checkpoints[self.checkpoint[k]]
        group = post.groups[self.group[k]]
        return not post.border and shifts.on_duty(group.shifts, group.lanes, time=self.clock.now) == 0

    def arrive(self, vehicle: int, k: int) -> Stage:
        """Stage of an arriving consignment: taken by a case, on a bypass, or to be controlled."""
        if self.taken(vehicle):
            self.journal.arrival[k] = self.clock.now
            return Stage.TAKEN
        if not self.rounds[self.checkpoint[k]] or self._way(k, float(self.fleet.mass[vehicle])) is None:
            return Stage.ARRIVED
        self.journal.arrival[k], self.journal.decision[k] = self.clock.now, BYPASSED
        return Stage.ROUND

    def way_round(self, vehicle: int, k: int) -> Journey:
        """Bypass the crossing; a patrol stops the consignment at the end of the bypass."""
        clock, journal, fleet = self.clock, self.journal, self.fleet
        way = self._way(k, float(fleet.mass[vehicle]))
        assert way is not None
        yield clock.at(journal.arrival[k] + way.detour * float(fleet.detour[k]), Order.LOOKED_AT, self.ident[vehicle])
        if not self.taken(vehicle) and fleet.patrol[k] < way.patrol:
            journal.fate[vehicle], journal.end[vehicle] = SEIZED, clock.now

    def _way(self, k: int, mass: float) -> Bypass | None:
        return bypass.chosen(self.rounds[self.checkpoint[k]], uniform=float(self.fleet.way_round[k]), mass=mass)

    def control(self, vehicle: int, k: int, stage: Stage) -> Journey:
        """Pass the checkpoint: primary inspection, decision, secondary inspection; a train always leaves on time."""
        clock, journal, ident = self.clock, self.journal, self.ident[vehicle]
        stop = self.stop[self.checkpoint[k]][self.group[k]]
        if stage <= Stage.IN_LANE:
            yield from self.first_look(k, stage, ident, stop)
            if self.loaded[vehicle] and not math.isnan(journal.start[k]) and self.taken(vehicle):
                return
            journal.decision[k] = self.decide(vehicle, k)
            stage = Stage.FOR_BAY
        if journal.decision[k] == REFERRED and stage < Stage.STANDING:
            yield from self.examination(vehicle, k, stage, stop)
        if stop < math.inf and journal.fate[vehicle] != SEIZED:
            yield clock.at(journal.arrival[k] + stop, Order.ARRIVAL, ident)

    def decide(self, vehicle: int, k: int) -> int:
        """Decision after the primary inspection.

        A tip on a consignment means referral, whatever else would decide. A seal in the green lane is checked in
        place of the score; if something is noticed the vehicle is referred, however many wait. A consignment in a
        wagon that the team does not inspect is not reached.
        """
        fleet, c, g = self.fleet, self.checkpoint[k], self.group[k]
        if math.isnan(self.journal.start[k]):
            return UNREACHED
        if self.loaded[vehicle] and fleet.tipped[k]:
            return REFERRED
        if self.sealed[vehicle] and self.green[c]:
            seals = self.world.detection.seals
            if fleet.notice[k] < (seals.notice if fleet.opened[vehicle] else seals.false_notice):
                return REFERRED
            if not seals.inspection:
                return SEALED
        if self.loaded[vehicle] and fleet.wagon[k] >= self.wagons[c][g]:
            return UNREACHED
        if self.score[k] > self.threshold[c][g]:
            return WAVED if self.journal.crowded[k] else REFERRED
        return NOT_SELECTED

    def first_look(self, k: int, stage: Stage, ident: int, stop: float) -> Journey:
        """Wait for a lane and be inspected there, unless the train leaves before the inspection can end."""
        clock, journal, c, g = self.clock, self.journal, self.checkpoint[k], self.group[k]
        station = self.lanes[c][g]
        if stage == Stage.ARRIVED:
            journal.arrival[k] = clock.now
            stage = self._recorded(k, stop) if self.queues is not None else Stage.IN_QUEUE
            if self.queues is None:
                journal.crowded[k] = int(len(station.queue) > self.wave_through[c][g])
                if self.service[k] <= stop:
                    journal.lane[k] = station.take()
                if journal.lane[k] >= 0:
                    journal.start[k], stage = clock.now, Stage.IN_LANE
        if stage == Stage.IN_QUEUE and self.queues is None:
            journal.lane[k] = yield from self.wait(station, self.service[k], journal.arrival[k] + stop, ident)
            journal.start[k] = clock.now if journal.lane[k] >= 0 else math.nan
        if math.isnan(journal.start[k]):
            return
        yield clock.at(journal.start[k] + self.service[k], Order.LOOKED_AT, ident)
        if self.queues is None:
            station.release(journal.lane[k])

    def _recorded(self, k: int, stop: float) -> Stage:
        """Look up the background traffic in the queue of a vehicle's lanes."""
        journal, now, c, g = self.journal, self.clock.now, self.checkpoint[k], self.group[k]
        assert self.queues is not None
        span, local = self.queues.at(now)
        queue = span.groups[c, g]
        journal.crowded[k] = int(queue.waiting(local) > self.wave_through[c][g])
        start = now + queue.wait(local)
        journal.start[k] = start if start + self.service[k] <= now + stop else math.nan
        return Stage.IN_LANE

    def wait(self, station: Station, service: float | Callable[[float], float], due: float, ident: int) -> Journey:
        """Wait for a server; the server, or -1 if the vehicle has to leave before the service could end."""

        def fits(now: float) -> bool:
            return now + (service if isinstance(service, float) else service(now)) <= due

        turn = station.turn(fits)
        station.assign_later()
        if due == math.inf:
            return (yield turn)
        yield turn | self.clock.at(due, Order.LOOKED_AT, ident)
        if turn.triggered:
            return turn.value
        station.leave(turn)
        return -1

    def examination(self, vehicle: int, k: int, stage: Stage, stop: float) -> Journey:
        """Wait for a bay and be inspected there; an alarm on a consignment can end the journey."""
        clock, journal, c = self.clock, self.journal, self.checkpoint[k]
        station, due = self.bays[c], journal.arrival[k] + stop
        if stage == Stage.FOR_BAY:
            if self.queues is not None:
                span, local = self.queues.at(clock.now)
                start = clock.now + span.bays[c].wait(local)
                journal.exam_start[k] = start if start + self.examine(vehicle, k, start)[0] <= due else math.nan
            else:
                lasts = self.examine_at(vehicle, k)
                journal.bay[k] = yield from self.wait(station, lasts, due, self.ident[vehicle])
                journal.exam_start[k] = clock.now if journal.bay[k] >= 0 else math.nan
            if math.isnan(journal.exam_start[k]):
                journal.decision[k] = UNREACHED
                return
            duration, alarm = self.examine(vehicle, k, journal.exam_start[k])
            journal.exam_end[k], journal.alarm[k] = journal.exam_start[k] + duration, alarm
        yield clock.at(journal.exam_end[k], Order.EXAMINED, self.ident[vehicle])
        if self.queues is None:
            station.release(journal.bay[k])
        if self.loaded[vehicle] and not self.taken(vehicle) and journal.alarm[k] and self.found(vehicle, k):
            journal.fate[vehicle], journal.end[vehicle] = SEIZED, clock.now

    def found(self, vehicle: int, k: int) -> bool:
        """Whether an alarm on a consignment is followed up, on a tip always, and no protection or bribe stops it."""
        fleet, c = self.fleet, self.checkpoint[k]
        if not fleet.tipped[k] and fleet.effort[k] >= self.effort_at(vehicle, c):
            return False
        is_protected = int(fleet.protected[vehicle]) >> self.agency[c] & 1
        return not is_protected and bool(fleet.bribe[k] >= self.bribe[c])

    def effort_at(self, vehicle: int, c: int) -> float:
        """Share of alarms on consignments that a checkpoint follows up at the present time [1]."""
        agency = self.world.checkpoints[c].agency
        more = campaigns.factor(self.world.campaigns, agency=agency, time=self.clock.now)
        base: float = self.effort[self.fleet.replication[vehicle]][c]
        return min(1.0, base * more)

    def examine_at(self, vehicle: int, k: int) -> Callable[[float], float]:
        """Time in the bay by the start of the secondary inspection [h]."""
        return lambda now: self.examine(vehicle, k, now)[0]

    def examine(self, vehicle: int, k: int, start: float) -> tuple[float, int]:
        """Time in the bay [h], with all devices in working order on the day and the search after any alarm.

        The alarm is as in `Outcome`.
        """
        fleet, c = self.fleet, self.checkpoint[k]
        day = math.floor(start / HOURS_PER_DAY) - fleet.first_day
        duration, alarm = self.world.detection.handling_time, 0
        for d, device in enumerate(self.world.checkpoints[c].devices):
            if not fleet.available[fleet.replication[vehicle], c, d, min(day, fleet.available.shape[3] - 1)]:
                continue
            duration += float(fleet.device_time[k, d])
            if self.loaded[vehicle]:
                logit = device.intercept + device.slope * float(fleet.log_mass[vehicle])
                logit = logit - device.concealment * float(fleet.concealment[vehicle]) + self.log_odds
                alarm = 1 if fleet.device_draw[k, d] < logit else alarm
            elif fleet.device_draw[k, d] >= device.specificity:
                alarm = 1
        return duration + float(fleet.search[k]) if alarm else duration, alarm

    def resume(self, time: float) -> list[int]:
        """Put every vehicle back at its place in the journal; vehicles yet to enter, in order."""
        journal, under_way, to_come = self.journal, [], []
        for vehicle, parent in enumerate(self.parent):
            if parent >= 0:
                if journal.fate[parent] != SPLIT:
                    continue
                self.entry[vehicle] = journal.end[parent] + float(self.fleet.store[vehicle])
            if self.entry[vehicle] >= time and parent < 0:
                to_come.append(vehicle)
            elif journal.fate[vehicle] == UNDER_WAY:
                visits = range(self.first[vehicle], self.first[vehicle + 1])
                k = next((k for k in visits if math.isnan(journal.departure[k])), visits.stop)
                stage, since = self._stage(k, time) if k < visits.stop else (Stage.ON_THE_ROAD, 0.0)
                stage = Stage.IN_STORE if self.entry[vehicle] >= time else stage
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
        decision = journal.decision[k]
        if decision == BYPASSED:
            return Stage.ROUND, journal.arrival[k]
        if decision < 0 and math.isnan(journal.start[k]):
            return Stage.IN_QUEUE, journal.arrival[k]
        if decision < 0:
            return Stage.IN_LANE, journal.start[k]
        if decision != REFERRED or journal.exam_end[k] < time:
            return Stage.STANDING, journal.arrival[k]
        looked = journal.start[k] + self.service[k]
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
        World of the fleet.
    fleet
        Vehicles with their random numbers.
    state
        State to continue from; by default the country is empty and time starts with the first entry.
    until
        Events before this time happen [h].
    queues
        Background traffic that the vehicles meet without adding to it; by default they queue with one another.

    Returns
    -------
    State
        State at `until`.
    """
    if state is None:
        start = float(np.nanmin(fleet.entry)) if fleet.size else 0.0
        state = State(time=min(start, until), outcome=fates.nothing_yet(fleet))
    simulation = Simulation(world, fleet, state=state, queues=queues)
    to_come = simulation.resume(state.time)
    simulation.clock.process(simulation.traffic(to_come))
    if until > state.time:
        simulation.clock.run(until=None if math.isinf(until) else until)
    return State(time=until, outcome=simulation.journal.close())
