"""Lower bound of any engine's time: draw the numbers of all visits and record their outcome."""

from __future__ import annotations

import math

from flowsim.draws.roster import Roster
from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import Run, outcome_of, prepare
from flowsim.engine.compiled.checkpoint_arrays import Floats
from flowsim.engine.compiled.rules import examine, move_on
from flowsim.engine.outcome import NOT_SELECTED, PASSED, REFERRED, Outcome
from flowsim.jit import bare_kernel
from flowsim.world.world import World


def without_queues(world: World, roster: Roster) -> Outcome:
    """Outcome without any wait or seizure, from the same random numbers as the engine.

    Its cost is that of an engine that spends no time on queues; it serves no other purpose.

    Parameters
    ----------
    world
        World in which the vehicles move.
    roster
        Vehicles.
    """
    run, _ = prepare(world, roster, state=None)
    pass_through(run, roster.entry)
    return outcome_of(run)


@bare_kernel
def pass_through(run: Run, entry: Floats) -> None:
    """Let each vehicle pass all its checkpoints, one vehicle after another."""
    for v in range(len(run.vehicles)):
        time = entry[v]
        # Parts wait for a hub that nobody comes to here: they have no time of entry.
        if math.isnan(time):
            continue
        while run.vehicles[v].remaining > 0:
            k = run.vehicles[v].visit
            time = time + visit_variates.travel(run, v, k)
            post, station = visit_variates.place_of(run, v, k)
            service, score = visit_variates.first_look(run, v, k, post, station)
            visit = run.visits[k]
            visit.arrival, visit.start, visit.lane, visit.crowded = time, time, 0, 0
            time = time + service
            visit.decision = NOT_SELECTED
            if score > run.stations[station].threshold:
                duration, alarm = examine(run, v, k, post, time)
                visit.decision, visit.bay, visit.alarm, visit.exam_start = REFERRED, 0, alarm, time
                time = time + duration
                visit.exam_end = time
            visit.departure = time
            move_on(run, v)
        run.vehicles[v].end = time + visit_variates.travel(run, v, run.vehicles[v].visit)
        run.vehicles[v].fate = PASSED
