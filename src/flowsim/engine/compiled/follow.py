"""Vehicles in background traffic without adding to it, each followed from its entry to its end."""

from __future__ import annotations

import math

from flowsim.engine.compiled import replay_cache, visit_variates
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.background import Recorded
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints, Records
from flowsim.engine.compiled.event_calendar import NONE
from flowsim.engine.compiled.replay_cache import NOT_KEPT
from flowsim.engine.compiled.rules import (
    STAYS,
    decide,
    examine,
    found,
    is_taken,
    move_on,
    passes_closed,
    seize,
    way_round,
)
from flowsim.engine.outcome import BYPASSED, CLOSED, PASSED, REFERRED, RETAINED, SEIZED, SPLIT, UNDER_WAY, UNREACHED
from flowsim.jit import bare, bare_kernel

NEVER = math.inf
"""Departure of a consignment that is seized, at a checkpoint or in store, or never comes there [h]."""


@bare_kernel
def follow(run: Run, recorded: Recorded, kept: Records, entry: Floats, parent: Ints, until: float) -> None:
    """Follow every vehicle to its end or to a time [h]; a part, listed after its consignment, from its release on.

    An interrupted visit is repeated from its arrival, with the same result. Nothing is cached.
    """
    # One vehicle after another, not by time: those that add nothing to queues cannot meet.
    for v in range(len(run.vehicles)):
        if run.vehicles[v].fate != UNDER_WAY:
            continue
        left = entry[v] if parent[v] < 0 else release(run, v, parent[v], until)
        while run.vehicles[v].remaining > 0 and not math.isnan(run.visits[run.vehicles[v].visit].departure):
            left = run.visits[run.vehicles[v].visit].departure
            move_on(run, v)
        while left < until:
            k = run.vehicles[v].visit
            time = left + visit_variates.travel(run, v, k)
            if time >= until:
                break
            if run.vehicles[v].remaining == 0:
                end(run, v, time)
                break
            left = visit(run, recorded, kept, NOT_KEPT, v, k, time, until)
            if left < until:
                run.visits[k].departure = left
                move_on(run, v)


@bare
def release(run: Run, v: int, parent: int, until: float) -> float:
    """Release of a part from its hub, or `NEVER` if it did not come there or a case takes it in store [h]."""
    if run.vehicles[parent].fate != SPLIT:
        return NEVER
    left: float = run.vehicles[parent].end + run.consignments[run.vehicles[v].consignment].store
    case = run.consignments[run.vehicles[v].consignment].case_time
    if case <= left:
        # A case that ripens later is left to the run that continues from here.
        if case < until:
            run.vehicles[v].fate, run.vehicles[v].end = SEIZED, case
        return NEVER
    return left


@bare
def end(run: Run, v: int, time: float) -> None:
    """Record the end of a vehicle's way at a time [h]."""
    run.vehicles[v].end = time
    run.vehicles[v].fate = PASSED
    consignment = run.vehicles[v].consignment
    if consignment < 0:
        return
    if run.consignments[consignment].case_time <= time:
        run.vehicles[v].fate = SEIZED
    elif run.consignments[consignment].first_part != NONE:
        run.vehicles[v].fate = SPLIT
    elif run.consignments[consignment].retained > 0:
        run.vehicles[v].fate = RETAINED


@bare
def visit(run: Run, recorded: Recorded, kept: Records, row: int, v: int, k: int, time: float, until: float) -> float:
    """Pass a checkpoint from an arrival on; the departure, or `NEVER` [h]."""
    post, station = visit_variates.place_of(run, v, k)
    run.visits[k].arrival = time
    # A case comes first: it takes the consignment whatever the checkpoint would decide.
    if is_taken(run, v, time):
        seize(run, v, k, time)
        return NEVER
    if run.vehicles[v].consignment >= 0:
        way = way_round(run, v, k, post)
        if way != STAYS:
            return go_round(run, v, k, post, way, until)
    if passes_closed(run, post, station, time):
        run.visits[k].decision = CLOSED
        return time
    due = time + run.stations[station].stop
    service, score = replay_cache.first_look(run, kept, row, v, k, post, station)
    waiting, wait = replay_cache.queue(run, recorded, kept, row, station, time)
    run.visits[k].crowded = waiting > run.stations[station].wave_through
    looked = look(run, k, time + wait, due, service)
    # Nothing is decided after `until`: a run that continues repeats the visit.
    if looked >= until:
        return NEVER
    if run.visits[k].decision == UNREACHED:
        return due
    if is_taken(run, v, looked):
        seize(run, v, k, looked)
        return NEVER
    run.visits[k].decision = decide(run, v, k, post, station, score)
    left = looked
    if run.visits[k].decision == REFERRED:
        left = examination(run, recorded, kept, row, v, k, post, looked, due)
        if left >= until:
            return NEVER
        if run.visits[k].decision == REFERRED and is_stopped(run, v, k, post, left):
            seize(run, v, k, left)
            return NEVER
    # A train leaves by its timetable, however early its inspection ends.
    return due if due < math.inf else left


@bare
def go_round(run: Run, v: int, k: int, post: int, way: int, until: float) -> float:
    """Bypass a checkpoint; the end of the bypass, or `NEVER` if a patrol or a case stops the consignment [h]."""
    run.visits[k].decision = BYPASSED
    patrol, detour = visit_variates.on_the_way_round(run, v, k, post)
    time = run.visits[k].arrival + run.ways_round[way].detour * detour
    if time < until and (is_taken(run, v, time) or patrol < run.ways_round[way].patrol):
        seize(run, v, k, time)
        return NEVER
    return time


@bare
def look(run: Run, k: int, start: float, due: float, service: float) -> float:
    """End of the primary inspection [h], or the arrival if a train leaves before it could end."""
    if start + service > due:
        run.visits[k].decision = UNREACHED
        return run.visits[k].arrival
    run.visits[k].start = start
    return start + service


@bare
def examination(
    run: Run, recorded: Recorded, kept: Records, row: int, v: int, k: int, post: int, looked: float, due: float
) -> float:
    """End of the secondary inspection [h], or of the primary one if a train leaves before it could end."""
    start = looked + replay_cache.bay(run, recorded, kept, row, post, looked)
    duration, alarm = examine(run, v, k, post, start)
    if start + duration > due:
        run.visits[k].decision = UNREACHED
        return looked
    run.visits[k].exam_start, run.visits[k].exam_end = start, start + duration
    run.visits[k].alarm = alarm
    return start + duration


@bare
def is_stopped(run: Run, v: int, k: int, post: int, time: float) -> bool:
    """Whether a consignment is seized at the end of its secondary inspection."""
    if run.vehicles[v].consignment < 0:
        return False
    return is_taken(run, v, time) or (run.visits[k].alarm > 0 and found(run, v, k, post, time))
