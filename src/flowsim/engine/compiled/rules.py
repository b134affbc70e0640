"""Rules of the model for one vehicle at one event, in machine code."""

from __future__ import annotations

import math

from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.outcome import NOT_SELECTED, REFERRED, SEALED, SEIZED, UNREACHED, WAVED
from flowsim.jit import bare
from flowsim.units import HOURS_PER_DAY

DAY = float(HOURS_PER_DAY)

STAYS = -1
"""Bypass of a consignment that keeps to the checkpoint."""


@bare
def lanes_on_duty(run: Run, station: int, time: float) -> int:
    """Lanes of a station with shifts that are on duty at a time [1]."""
    group = run.stations[station]
    hour = time - math.floor(time / DAY) * DAY
    last = group.first_shift + group.shifts - 1
    for number in range(group.first_shift, last + 1):
        if run.shifts[number].start <= hour < run.shifts[number].end:
            return run.shifts[number].lanes
    return run.shifts[last].lanes


@bare
def next_shift(run: Run, station: int, time: float) -> float:
    """First start of a shift after a time [h]."""
    group = run.stations[station]
    midnight = math.floor(time / DAY) * DAY
    for day in range(2):
        for number in range(group.first_shift, group.first_shift + group.shifts):
            start = midnight + day * DAY + run.shifts[number].start
            if start > time:
                return start
    return math.inf


@bare
def on_duty_from(run: Run, station: int, lane: int, time: float) -> float:
    """First time from a time on with a lane on duty [h]."""
    # A lane on no shift of the day is never on duty; the bound ends the search.
    for _ in range(run.stations[station].shifts + 1):
        if lane < lanes_on_duty(run, station, time):
            return time
        time = next_shift(run, station, time)
    return math.inf


@bare
def first_lane(run: Run, station: int, time: float) -> tuple[float, int]:
    """Start of the next service [h], and the lowest-numbered lane for it."""
    group = run.stations[station]
    best, chosen = math.inf, -1
    for lane in range(group.lanes):
        start = max(time, run.clocks[group.first_lane + lane])
        if group.shifts > 0:
            start = on_duty_from(run, station, lane, start)
        if start < best:
            best, chosen = start, lane
            # No lane can start earlier, and the strict comparison keeps the lowest number.
            if best == time:
                break
    return best, chosen


@bare
def first_bay(run: Run, post: int, time: float) -> tuple[float, int]:
    """Start of the next secondary inspection [h], and the lowest-numbered bay for it."""
    place = run.posts[post]
    best, chosen = math.inf, -1
    for bay in range(place.bays):
        start = max(time, run.clocks[place.first_bay + bay])
        if start < best:
            best, chosen = start, bay
            if best == time:
                break
    return best, chosen


@bare
def is_crowded(run: Run, station: int, time: float) -> bool:
    """Whether more wait at a station than its threshold, as the earliest of the last arrivals has yet to start."""
    # A ring of turns needs no count of the queue, which would change at starts as well as at arrivals.
    group = run.stations[station]
    if group.turns == 0 or group.arrived < group.turns:
        return False
    return run.clocks[group.first_turn + group.arrived % group.turns] > time


@bare
def join_queue(run: Run, station: int, turn: float) -> None:
    """Record the time at which a new arrival at a station stops waiting [h]."""
    group = run.stations[station]
    if group.turns > 0:
        run.clocks[group.first_turn + group.arrived % group.turns] = turn
        run.stations[station].arrived += 1


@bare
def passes_closed(run: Run, post: int, station: int, time: float) -> bool:
    """Whether an internal checkpoint has no lane on duty, so that vehicles pass; at a border they wait."""
    if run.stations[station].shifts == 0 or run.posts[post].border > 0:
        return False
    return lanes_on_duty(run, station, time) == 0


@bare
def way_round(run: Run, v: int, k: int, post: int) -> int:
    """Bypass of a checkpoint that a consignment takes, or `STAYS`."""
    place = run.posts[post]
    if place.ways == 0:
        return STAYS
    drawn = visit_variates.choice_of_way(run, v, k, post)
    for number in range(place.first_way, place.first_way + place.ways):
        if drawn < run.ways_round[number].upto:
            # One too heavy for the bypass drawn keeps to the checkpoint: there is no second draw.
            heavy = run.consignments[run.vehicles[v].consignment].mass > run.ways_round[number].maximum
            return STAYS if heavy else number
    return STAYS


@bare
def decide(run: Run, v: int, k: int, post: int, station: int, score: float) -> int:
    """Decision after the primary inspection, by a tip, then the seal, then the wagon, then the score."""
    vehicle, group, setting = run.vehicles[v], run.stations[station], run.setting[0]
    if vehicle.consignment >= 0 and visit_variates.is_tipped(run, v, k):
        return REFERRED
    if vehicle.sealed > 0 and run.posts[post].green > 0:
        opened = vehicle.consignment >= 0 and run.consignments[vehicle.consignment].opened > 0
        if visit_variates.notice(run, v, k, post) < (setting.notice if opened else setting.false_notice):
            return REFERRED
        if setting.seal_inspection == 0:
            return SEALED
    if vehicle.consignment >= 0 and group.wagons < 1.0 and visit_variates.wagon(run, v, k, post) >= group.wagons:
        return UNREACHED
    if score > group.threshold:
        return WAVED if run.visits[k].crowded > 0 else REFERRED
    return NOT_SELECTED


@bare
def examine(run: Run, v: int, k: int, post: int, start: float) -> tuple[float, int]:
    """Time in the bay of a secondary inspection from a time on [h], and the alarm as in `Outcome`."""
    place, setting, consignment = run.posts[post], run.setting[0], run.vehicles[v].consignment
    day = min(floor(start / DAY) - setting.first_day, run.available.shape[3] - 1)
    replication = run.consignments[consignment].replication if consignment >= 0 else 0
    # Times are summed in the order of the devices, as in the reference engine: other orders differ in the last bit.
    duration, alarm = setting.handling_time, 0
    for d in range(place.devices):
        if not run.available[replication, post, d, day]:
            continue
        draw, time = visit_variates.device(run, v, k, post, d)
        tool = run.devices[place.first_device + d]
        duration = duration + time
        if consignment >= 0:
            # A logistic number against the logit: no exponential, which C libraries round differently.
            logit = tool.intercept + tool.slope * run.consignments[consignment].log_mass
            logit = logit - tool.concealment * run.consignments[consignment].concealment + setting.log_odds
            if draw < logit:
                alarm = 1
        elif draw >= tool.specificity:
            alarm = 1
    if alarm > 0:
        duration = duration + visit_variates.search(run, v, k, post)
    return duration, alarm


@bare
def floor(value: float) -> int:
    """Largest whole number not above a value."""
    return math.floor(value)


@bare
def found(run: Run, v: int, k: int, post: int, time: float) -> bool:
    """Seizure of a consignment after an alarm."""
    place, consignment = run.posts[post], run.consignments[run.vehicles[v].consignment]
    if not visit_variates.is_tipped(run, v, k):
        more = 1.0
        for number in range(place.first_campaign, place.first_campaign + place.campaigns):
            if run.campaigns[number].start <= time < run.campaigns[number].end:
                more = more * run.campaigns[number].factor
        if visit_variates.effort(run, v, k, post) >= min(1.0, run.effort[consignment.replication, post] * more):
            return False
    # One bit for each agency that protects the ring.
    if (consignment.protected >> place.agency) & 1:
        return False
    return place.bribe <= 0.0 or visit_variates.bribe(run, v, k, post) >= place.bribe


@bare
def is_taken(run: Run, v: int, time: float) -> bool:
    """Whether a case takes a consignment at a time."""
    consignment = run.vehicles[v].consignment
    return consignment >= 0 and run.consignments[consignment].case_time <= time


@bare
def seize(run: Run, v: int, k: int, time: float) -> None:
    """Record the seizure of a consignment at a visit."""
    run.visits[k].departure = time
    run.vehicles[v].fate = SEIZED
    run.vehicles[v].end = time


@bare
def move_on(run: Run, v: int) -> None:
    """Turn a vehicle to its next visit."""
    run.vehicles[v].visit += 1
    run.vehicles[v].stop += 1
    run.vehicles[v].remaining -= 1
