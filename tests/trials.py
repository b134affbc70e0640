"""Trials in which an engine has to do as the reference engine does, to the last bit, in a random small world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np
from random_worlds import LATTICE, on_lattice, random_world, rosters

from flowsim.draws.fleet import Fleet, join
from flowsim.draws.roster import Roster, drawn, joined
from flowsim.engine.compiled import background
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.outcome import Outcome
from flowsim.engine.reference import engine as reference
from flowsim.engine.reference.background import Queue, Queues, record
from flowsim.world.world import World

COMPILED = SimpleNamespace(engine=compiled, background=background)
"""Modules of the compiled engine."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Vehicles, with all their random numbers and, unless they live on the lattice, without."""

    fleet: Fleet
    roster: Roster | None

    @property
    def undrawn(self) -> Fleet | Roster:
        """Roster if there is one: the compiled engine then draws the numbers itself."""
        return self.fleet if self.roster is None else self.roster


@dataclass(frozen=True, kw_only=True)
class Case:
    """A random small world with its traffic, and what the reference engine makes of it."""

    world: World
    everyone: Traffic
    honest: Traffic
    consignments: Traffic
    outcome: Outcome
    """What happens to everyone."""

    cuts: tuple[float, float]
    """Two times at which a run may be cut [h]."""

    slab: float
    """Length of slabs relative to the longest [1]."""


def case(number: int, *, lattice: bool) -> Case:
    """Random world of a number, on the lattice or not."""
    world = random_world(np.random.default_rng([number, lattice]))
    of = rosters(world, seed=number)
    fleets = [on_lattice(drawn(world, roster), lattice=lattice) for roster in of]
    fleet = join(*fleets)
    rng = np.random.default_rng([number, lattice, 1])
    early, late = np.sort(rng.uniform(0, 16, 2)).tolist()
    if lattice:
        early, late = (round(time / LATTICE) * LATTICE for time in (early, late))
    return Case(
        world=world,
        everyone=Traffic(fleet=fleet, roster=None if lattice else joined(*of)),
        honest=Traffic(fleet=fleets[0], roster=None if lattice else of[0]),
        consignments=Traffic(fleet=fleets[1], roster=None if lattice else of[1]),
        outcome=reference.run(world, fleet).outcome,
        cuts=(early, late),
        slab=rng.uniform(0.02, 1),
    )


def differing(one: Outcome, other: Outcome) -> list[str]:
    """Fields in which two outcomes differ."""
    pairs = ((field.name, getattr(one, field.name), getattr(other, field.name)) for field in fields(Outcome))
    return [name for name, mine, theirs in pairs if not np.array_equal(mine, theirs, equal_nan=True)]


def whole(case: Case, modules: Any = COMPILED) -> list[str]:
    """All events at once."""
    return differing(case.outcome, modules.engine.run(case.world, case.everyone.fleet).outcome)


def short_slabs(case: Case, modules: Any = COMPILED) -> list[str]:
    """All events in slabs shorter than they may be."""
    simulation = modules.engine.Simulation(case.world, case.everyone.fleet)
    simulation.among_one_another(slab=case.slab * min(simulation.shortest_travel, 1.0))
    return differing(case.outcome, simulation.outcome)


def from_a_roster(case: Case, modules: Any = COMPILED) -> list[str]:
    """Random numbers drawn where they are needed."""
    return differing(case.outcome, modules.engine.run(case.world, case.everyone.undrawn).outcome)


def cut(case: Case, modules: Any = COMPILED) -> list[str]:
    """Three spans of time, and after each the engines hand their states to one another."""
    world, traffic, other = case.world, case.everyone, modules.engine
    theirs = reference.run(world, traffic.fleet, until=case.cuts[0])
    mine = other.run(world, traffic.undrawn, until=case.cuts[0])
    for until in (case.cuts[1], np.inf):
        wrong = differing(theirs.outcome, mine.outcome)
        if wrong:
            return wrong
        before = theirs
        theirs = reference.run(world, traffic.fleet, state=mine, until=until)
        mine = other.run(world, traffic.undrawn, state=before, until=until)
    return differing(theirs.outcome, mine.outcome) + differing(case.outcome, mine.outcome)


def among_recorded_queues(case: Case, modules: Any = COMPILED) -> list[str]:
    """Queues of honest traffic that both engines record, and which the loads meet, in one span of time or two."""
    world, consignments, until = case.world, case.consignments, case.cuts[1]
    theirs, mine, wrong = _recorded(case, modules, end=4.0 + case.cuts[0] / 2)
    if wrong:
        return wrong
    run = modules.engine.run
    outcome = reference.run(world, consignments.fleet, queues=theirs).outcome
    before = reference.run(world, consignments.fleet, queues=theirs, until=until)
    return [
        *differing(outcome, run(world, consignments.undrawn, queues=mine).outcome),
        *differing(before.outcome, run(world, consignments.undrawn, queues=mine, until=until).outcome),
        *differing(outcome, run(world, consignments.undrawn, queues=mine, state=before).outcome),
    ]


def _recorded(case: Case, modules: Any, *, end: float) -> tuple[Queues, Any, list[str]]:
    """Queues of two spans with time before and between, as both engines record them, and those that differ."""
    theirs, mine, wrong = [], [], []
    for start, stop in ((end / 4, end / 2), (3 * end / 4, end)):
        outcome = reference.run(case.world, case.honest.fleet, until=stop).outcome
        theirs.append(record(case.world, case.honest.fleet, outcome, start=start, end=stop))
        simulation = modules.engine.Simulation(case.world, case.honest.undrawn)
        simulation.among_one_another(until=stop)
        mine.append(simulation.record(simulation.trail(), start=start, end=stop))
        pairs = zip([*theirs[-1].groups.values(), *theirs[-1].bays.values()], mine[-1].queues, strict=True)
        wrong += [f"queue {k}" for k, (one, other) in enumerate(pairs) if not _is_same(one, other)]
    return Queues(tuple(theirs)), modules.background.pooled(mine), wrong


def _is_same(queue: Queue, arrays: Any) -> bool:
    """Whether a queue of the reference engine is that of the compiled one."""
    return all(np.array_equal(getattr(queue, name), getattr(arrays, name)) for name in ("arrivals", "starts", "free"))


TRIALS: dict[str, Callable[..., list[str]]] = {
    trial.__name__: trial for trial in (whole, short_slabs, from_a_roster, cut, among_recorded_queues)
}
"""All trials, by name."""
