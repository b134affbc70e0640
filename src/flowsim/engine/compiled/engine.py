"""The compiled engine: the same bits as the reference engine, in machine code."""

from __future__ import annotations

import math

import numpy as np

from flowsim import checks
from flowsim.draws.fleet import Bools, Fleet
from flowsim.draws.roster import Roster
from flowsim.engine.compiled.arrays import outcome_of, prepare
from flowsim.engine.compiled.background import Recorded, Span, record
from flowsim.engine.compiled.follow import follow
from flowsim.engine.compiled.replay_cache import NO_MEMORY
from flowsim.engine.compiled.slab_sweep import TOO_SHORT, resume, sweep
from flowsim.engine.compiled.visited import Trail, renew, trail_of
from flowsim.engine.outcome import UNDER_WAY, Outcome, State
from flowsim.world.world import World


class Simulation:
    """A run of the compiled engine, from a state on."""

    def __init__(self, world: World, vehicles: Fleet | Roster, *, state: State | None = None) -> None:
        """Lay out the run.

        Parameters
        ----------
        world, vehicles, state
            As in `run`.
        """
        self.world, self.vehicles = world, vehicles
        self._run, self.shortest_travel = prepare(world, vehicles, state=state)
        self._now = -math.inf if state is None else state.time
        self._entry, self._parent = np.ascontiguousarray(vehicles.entry), np.ascontiguousarray(vehicles.parent)

    @property
    def outcome(self) -> Outcome:
        """Outcome so far; its arrays are views of those of the run."""
        return outcome_of(self._run)

    def among_one_another(self, *, until: float = math.inf, slab: float | None = None) -> None:
        """Let the vehicles queue with one another until a time, from the time of the run.

        Parameters
        ----------
        until, slab
            As in `run`.

        Raises
        ------
        ValueError
            If a slab is longer than the shortest travel, or the clock too coarse for that.
        """
        slab = self.shortest_travel if slab is None else slab
        rule = f"be at most the shortest travel between two checkpoints, {self.shortest_travel:g} h"
        checks.require(slab <= self.shortest_travel, thing="slab", rule=rule, value=slab)
        # Dates of 0 send every event to the list of later ones, from which the first turn-over makes intervals.
        self._run.clocks[:], self._run.stations["arrived"], self._run.dates[:] = self._now, 0, 0.0
        resume(self._run, self._entry, self._parent, self._now, float(until))
        self._now = float(until)
        # Made here: kernels without reference counts make no arrays.
        who, spare = np.empty(self.vehicles.size, np.int32), np.empty(self.vehicles.size, np.int32)
        ended = sweep(self._run, who, spare, float(slab), float(until))
        rule = "be long enough to move a clock of hours"
        checks.require(ended != TOO_SHORT, thing="the shortest travel between two checkpoints", rule=rule, value=slab)

    def among_recorded(self, queues: Recorded, *, until: float = math.inf) -> None:
        """Let the vehicles meet background traffic until a time.

        Parameters
        ----------
        queues
            Queues of the background traffic.
        until
            As in `run`.
        """
        follow(self._run, queues, NO_MEMORY, self._entry, self._parent, float(until))

    def trail(self) -> Trail:
        """Vehicles and the numbers of their visits for tallies, up to the time of the run."""
        return trail_of(self._run, self.vehicles)

    def go_on(self, trail: Trail, *, until: float, available: Bools) -> None:
        """Continue a run in which the vehicles queue with one another.

        Parameters
        ----------
        trail
            Their trail, which is renewed.
        until
            As in `run`.
        available
            As in `Fleet`, with the days up to then.
        """
        who = np.flatnonzero(self._run.vehicles["fate"] == UNDER_WAY)
        self._run = self._run._replace(available=np.ascontiguousarray(available))
        self.among_one_another(until=until)
        renew(trail, self._run, who)

    def record(self, trail: Trail, *, start: float, end: float) -> Span:
        """Record the queues of the vehicles, for use as background traffic.

        Parameters
        ----------
        trail
            Their trail.
        start, end
            Recorded span, after the warm-up [h].
        """
        looked = self._run.visits["start"] + trail.service
        places = {"checkpoint": trail.checkpoint, "station": trail.station}
        return record(self.world, self._run.visits, **places, looked=looked, start=start, end=end)


def run(
    world: World,
    fleet: Fleet | Roster,
    *,
    state: State | None = None,
    until: float = math.inf,
    queues: Recorded | None = None,
    slab: float | None = None,
) -> State:
    """Simulate vehicles from a state to a time.

    Parameters
    ----------
    world
        World of the run.
    fleet
        Vehicles with all their random numbers, or a roster, with numbers drawn where they are needed.
    state
        State to continue from; by default the country is empty.
    until
        Events before this time happen [h].
    queues
        Background traffic that the vehicles meet without adding to it; by default they queue with one another.
    slab
        Length of the slabs of time [h], by default the shortest travel between two checkpoints.

    Returns
    -------
    State at `until`.
        State at `until`, with all that has happened.

    Raises
    ------
    ValueError
        If a slab is longer than the shortest travel, or the clock too coarse for that.
    """
    simulation = Simulation(world, fleet, state=state)
    if queues is None:
        simulation.among_one_another(until=until, slab=slab)
    else:
        simulation.among_recorded(queues, until=until)
    return State(time=until, outcome=simulation.outcome)
