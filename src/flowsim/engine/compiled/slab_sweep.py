"""Sweep in slabs of time: checkpoint after checkpoint, no event before another that could still change it.

Within a slab no longer than the shortest travel from one checkpoint to another no vehicle comes to a second one.
So all arrivals within it are given their lanes in order of time and number, each the one that is free first (Kiefer
and Wolfowitz 1955), and then all vehicles referred within it their bays. There is no list of events in time.
"""

from __future__ import annotations

import math

import numpy as np

from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints
from flowsim.engine.compiled.event_calendar import NONE, Positions, enter, sort, turn_over
from flowsim.engine.compiled.rules import (
    STAYS,
    decide,
    examine,
    first_bay,
    first_lane,
    found,
    is_crowded,
    is_taken,
    join_queue,
    move_on,
    passes_closed,
    seize,
    way_round,
)
from flowsim.engine.outcome import BYPASSED, CLOSED, PASSED, REFERRED, RETAINED, SEIZED, SPLIT, UNDER_WAY, UNREACHED
from flowsim.jit import bare, bare_kernel

ARRIVAL, LOOKED_AT, ROUND, STANDING, EXAMINED, RELEASE, REFERRAL = range(7)
"""Events: arrival at a checkpoint, end of the primary inspection, of the bypass, of a train's stop and of a
secondary inspection, release from a hub, and, after all others, arrival at the bays."""

STAYS_HERE = math.inf
"""Departure of a vehicle that stays at its checkpoint now, or until the end of the run [h]."""

DONE, TOO_SHORT = range(2)
"""Ends of a sweep: all events done, or a travel time below the resolution of the clock."""


@bare_kernel
def resume(run: Run, entry: Floats, parent: Ints, now: float, until: float) -> None:
    """Put every vehicle at its place at a time: on the road, in a queue, at a server or in store."""
    for v in range(len(run.vehicles)):
        if run.vehicles[v].fate != UNDER_WAY:
            continue
        left = entry[v]
        if parent[v] >= 0:
            if run.vehicles[parent[v]].fate != SPLIT or run.vehicles[parent[v]].end >= now:
                continue
            left = run.vehicles[parent[v]].end + run.consignments[run.vehicles[v].consignment].store
            if left >= now:
                put_in_store(run, v, left, until)
                continue
        while run.vehicles[v].remaining > 0 and run.visits[run.vehicles[v].visit].departure < now:
            left = run.visits[run.vehicles[v].visit].departure
            move_on(run, v)
        k = run.vehicles[v].visit
        if run.vehicles[v].remaining > 0 and run.visits[k].arrival < now:
            put_at_post(run, v, k, now, until)
        else:
            go_on(run, v, left, until)


@bare
def put_at_post(run: Run, v: int, k: int, now: float, until: float) -> None:
    """Put a vehicle at its place at a checkpoint, and enter its next event."""
    visit = run.visits[k]
    post, station = visit_variates.place_of(run, v, k)
    service, _ = visit_variates.first_look(run, v, k, post, station)
    looked = visit.start + service
    event, time = ARRIVAL, visit.arrival
    if visit.decision == BYPASSED:
        event = ROUND
    elif visit.decision < 0 and visit.start < now:
        event, time = LOOKED_AT, looked
        # Servers in use at that time; they are the only clocks that differ from its start.
        run.clocks[run.stations[station].first_lane + visit.lane] = looked
    elif visit.decision >= 0 and (visit.decision != REFERRED or visit.exam_end < now):
        event = STANDING
    elif visit.decision >= 0 and visit.exam_start < now:
        event, time = EXAMINED, visit.exam_end
        run.clocks[run.posts[post].first_bay + visit.bay] = visit.exam_end
    elif visit.decision >= 0:
        event, time = REFERRAL, looked
    if time < until:
        enter(run.heads, run.dates, run.vehicles, v, event, time)


@bare
def put_in_store(run: Run, part: int, release: float, until: float) -> None:
    """Put a part in store until its release, or until a case takes it."""
    time = min(release, run.consignments[run.vehicles[part].consignment].case_time)
    if time < until:
        enter(run.heads, run.dates, run.vehicles, part, RELEASE, time)


@bare
def go_on(run: Run, v: int, left: float, until: float) -> None:
    """Send a vehicle to its next checkpoint or, if there is none, to its end, where a consignment may be stored."""
    time = left + visit_variates.travel(run, v, run.vehicles[v].visit)
    if time >= until:
        return
    if run.vehicles[v].remaining > 0:
        enter(run.heads, run.dates, run.vehicles, v, ARRIVAL, time)
        return
    run.vehicles[v].end = time
    consignment = run.vehicles[v].consignment
    if consignment < 0:
        run.vehicles[v].fate = PASSED
    elif run.consignments[consignment].case_time <= time:
        run.vehicles[v].fate = SEIZED
    elif run.consignments[consignment].first_part == NONE:
        run.vehicles[v].fate = RETAINED if run.consignments[consignment].retained > 0 else PASSED
    else:
        run.vehicles[v].fate = SPLIT
        part = run.consignments[consignment].first_part
        while part != NONE:
            put_in_store(run, part, time + run.consignments[run.vehicles[part].consignment].store, until)
            part = run.consignments[run.vehicles[part].consignment].next_part


@bare
def at_post(run: Run, v: int, until: float) -> float:
    """Process an event of a vehicle up to a bay; its departure from the checkpoint, or `STAYS_HERE` [h]."""
    time, k, event = run.vehicles[v].when, run.vehicles[v].visit, run.vehicles[v].event
    if event == RELEASE:
        if not is_taken(run, v, time):
            return time
        run.vehicles[v].fate, run.vehicles[v].end = SEIZED, time
        return STAYS_HERE
    post, station = visit_variates.place_of(run, v, k)
    # Whoever was in the queue before the run began has passed these decisions already.
    if event == ARRIVAL and run.visits[k].crowded < 0:
        run.visits[k].arrival = time
        if is_taken(run, v, time):
            seize(run, v, k, time)
            return STAYS_HERE
        if run.vehicles[v].consignment >= 0 and way_round(run, v, k, post) != STAYS:
            run.visits[k].decision, event = BYPASSED, ROUND
        elif passes_closed(run, post, station, time):
            run.visits[k].decision = CLOSED
            return time
    if event == ROUND:
        return come_round(run, v, k, post, until)
    if event <= LOOKED_AT:
        return look(run, v, k, post, station, event, until)
    if event == EXAMINED and ends_here(run, v, k, post, time):
        return STAYS_HERE
    return leaves(run, k, station, time)


@bare
def leaves(run: Run, k: int, station: int, time: float) -> float:
    """Departure of a vehicle ready at a time: for a train the end of its stop [h]."""
    stop = run.stations[station].stop
    return run.visits[k].arrival + stop if stop < math.inf else time


@bare
def come_round(run: Run, v: int, k: int, post: int, until: float) -> float:
    """End of a consignment's bypass of a checkpoint, unless a patrol stops it there [h]."""
    way = run.ways_round[way_round(run, v, k, post)]
    patrol, detour = visit_variates.on_the_way_round(run, v, k, post)
    time = run.visits[k].arrival + way.detour * detour
    if time < until and (is_taken(run, v, time) or patrol < way.patrol):
        seize(run, v, k, time)
        return STAYS_HERE
    return time


@bare
def look(run: Run, v: int, k: int, post: int, station: int, event: int, until: float) -> float:
    """Give a vehicle its lane and primary inspection, and decide on it; its departure, or `STAYS_HERE` [h]."""
    time = run.vehicles[v].when
    service, score = visit_variates.first_look(run, v, k, post, station)
    if event == ARRIVAL:
        if run.visits[k].crowded < 0:
            run.visits[k].crowded = is_crowded(run, station, time)
        start, lane = first_lane(run, station, time)
        due = time + run.stations[station].stop
        join_queue(run, station, min(start, due))
        # A train that leaves before takes no lane, but stays in the queue until it leaves.
        if start + service > due:
            if min(start, due) >= until:
                return STAYS_HERE
            run.visits[k].decision = UNREACHED
            return due
        time = start + service
        # Even for a start after the end of the run: later arrivals queue behind.
        run.clocks[run.stations[station].first_lane + lane] = time
        if start >= until:
            return STAYS_HERE
        run.visits[k].start, run.visits[k].lane = start, lane
        if time >= until:
            return STAYS_HERE
    if is_taken(run, v, time):
        seize(run, v, k, time)
        return STAYS_HERE
    decision = decide(run, v, k, post, station, score)
    run.visits[k].decision = decision
    if decision == REFERRED:
        enter(run.heads, run.dates, run.vehicles, v, REFERRAL, time)
        return STAYS_HERE
    return leaves(run, k, station, time)


@bare
def at_bay(run: Run, v: int, until: float) -> float:
    """Give a referred vehicle its bay and inspect it; its departure from the checkpoint, or `STAYS_HERE` [h].

    A train leaves on time, whether or not the inspection can end before.
    """
    k = run.vehicles[v].visit
    post, station = visit_variates.place_of(run, v, k)
    start, bay = first_bay(run, post, run.vehicles[v].when)
    duration, alarm = examine(run, v, k, post, start)
    due = run.visits[k].arrival + run.stations[station].stop
    time = start + duration
    if time > due:
        if min(start, due) >= until:
            return STAYS_HERE
        run.visits[k].decision = UNREACHED
        return due
    run.clocks[run.posts[post].first_bay + bay] = time
    if start >= until:
        return STAYS_HERE
    run.visits[k].exam_start, run.visits[k].exam_end = start, time
    run.visits[k].bay, run.visits[k].alarm = bay, alarm
    if time >= until or ends_here(run, v, k, post, time):
        return STAYS_HERE
    return leaves(run, k, station, time)


@bare
def ends_here(run: Run, v: int, k: int, post: int, time: float) -> bool:
    """Whether a consignment is seized at the end of its secondary inspection."""
    if run.vehicles[v].consignment < 0:
        return False
    if is_taken(run, v, time) or (run.visits[k].alarm > 0 and found(run, v, k, post, time)):
        seize(run, v, k, time)
        return True
    return False


@bare_kernel
def sweep(run: Run, who: Positions, spare: Positions, slab: float, until: float) -> int:
    """Process all events in slabs no longer than the shortest travel between two checkpoints [h]; `DONE` or why not."""
    # Intervals no shorter than a slab as long as there are few events; infinity where no vehicle travels.
    least = 64.0 * slab if slab < math.inf else 64.0
    intervals = turn_over(run.heads, run.dates, run.vehicles, least)
    while intervals > 0:
        for interval in range(intervals):
            while run.heads[interval] != NONE:
                # Slabs begin at the earliest event that is left, so that empty time costs nothing.
                v, first = np.int64(run.heads[interval]), math.inf
                while v != NONE:
                    first = min(first, run.vehicles[v].when)
                    v = np.int64(run.vehicles[v].next)
                if first + slab <= first:
                    return TOO_SHORT
                for_bays, count = take(run, interval, first + slab, who)
                sort(run.vehicles, who, spare, count)
                for i in range(count):
                    time = at_bay(run, who[i], until) if for_bays else at_post(run, who[i], until)
                    if time < until:
                        depart(run, who[i], time)
                        go_on(run, who[i], time, until)
        intervals = turn_over(run.heads, run.dates, run.vehicles, least)
    return DONE


@bare
def depart(run: Run, v: int, time: float) -> None:
    """Let a vehicle leave its checkpoint, or a part its hub."""
    if run.vehicles[v].event != RELEASE:
        run.visits[run.vehicles[v].visit].departure = time
        move_on(run, v)


@bare
def take(run: Run, interval: int, edge: float, who: Positions) -> tuple[bool, int]:
    """Take the events of an interval before a time, except at bays; if there are none, those at bays."""
    # Bays last: any other event before the edge may still refer a vehicle to them earlier.
    others = 0
    v = np.int64(run.heads[interval])
    while v != NONE:
        others += run.vehicles[v].event != REFERRAL and run.vehicles[v].when < edge
        v = np.int64(run.vehicles[v].next)
    for_bays, count = others == 0, 0
    v = np.int64(run.heads[interval])
    run.heads[interval] = NONE
    while v != NONE:
        following = np.int64(run.vehicles[v].next)
        if run.vehicles[v].when < edge and (run.vehicles[v].event == REFERRAL) == for_bays:
            who[count] = v
            count += 1
        else:
            run.vehicles[v].next = run.heads[interval]
            run.heads[interval] = v
        v = following
    return for_bays, count
