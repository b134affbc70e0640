"""The engines of the benchmark, each of which turns the reference work into the same few totals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, reduce
from importlib import import_module
from typing import Any

import numpy as np
from totals import Done, Totals
from work import Task

from flowsim.draws.consignments import consignment_roster
from flowsim.draws.honest import honest_roster
from flowsim.draws.roster import Roster, drawn, joined
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.outcome import REFERRED, SEIZED, Outcome
from flowsim.engine.reference import engine as reference
from flowsim.units import HOURS_PER_YEAR


@dataclass(frozen=True)
class Run:
    """A run of flowsim that is over."""

    outcome: Outcome
    """What happened."""

    def totals(self) -> Totals:
        """Sum up."""
        outcome = self.outcome
        reached = ~np.isnan(outcome.arrival)
        return Totals(
            vehicles=len(outcome.fate),
            visits=int(reached.sum()),
            wait=float((outcome.start - outcome.arrival)[reached].mean()),
            referred=float((outcome.decision == REFERRED).sum() / reached.sum()),
            seizures=int((outcome.fate == SEIZED).sum()),
        )


def roster_of(task: Task) -> Roster:
    """Draw who enters within the horizon: honest traffic in one go, consignments year by year."""
    world, seed, horizon = task.world, task.seed, task.horizon
    honest = honest_roster(world, seed=seed, year=0, start=0.0, end=horizon)
    shared = {"available": honest.available, "year_effort": honest.year_effort}
    consignments = []
    for year in range(int(np.ceil(horizon / HOURS_PER_YEAR))):
        begin = year * HOURS_PER_YEAR
        own = consignment_roster(world, seed=seed, replications=[year], horizon=min(HOURS_PER_YEAR, horizon - begin))
        consignments.append(replace(own, entry=own.entry + begin, **shared))
    return joined(honest, reduce(joined, consignments))


def run_reference(task: Task) -> Run:
    """Draw all that happens, and run the reference engine."""
    return Run(reference.run(task.world, drawn(task.world, roster_of(task))).outcome)


def run_reference_drawn_before(task: Task) -> Callable[[], Run]:
    """Draw all that happens, and get the reference engine ready to run."""
    fleet = drawn(task.world, roster_of(task))
    return lambda: Run(reference.run(task.world, fleet).outcome)


def run_compiled(task: Task) -> Run:
    """Draw who enters, and run the compiled engine, which draws the rest."""
    return Run(compiled.run(task.world, roster_of(task)).outcome)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine of the benchmark."""

    where: str
    """Module and function."""

    numbers: str
    """Name of the random numbers that it draws; engines that draw the same have to say the same."""

    drawn_before: bool = False
    """Whether the random numbers are drawn off the clock."""

    is_slow: bool = False
    """Whether it is given the smallest number of vehicles only."""

    left_out: tuple[str, ...] = ()
    """Totals in which the closest network that it expresses differs."""

    warm_up: int = 100
    """Vehicles of a run before the clock, which loads or compiles what a larger run needs [1]."""

    def ready(self, task: Task) -> Callable[[], Done]:
        """Do what stands before the clock, and return what is timed."""
        module, name = self.where.split(":")
        function: Callable[[Task], Any] = getattr(import_module(module), name)
        return function(task) if self.drawn_before else partial(function, task)

    def warm(self, task: Task) -> None:
        """Run a few vehicles of a task."""
        self.ready(replace(task, vehicles=self.warm_up))()


REFERENCE, COMPILED, IDIOMATIC = "flowsim reference", "flowsim compiled", "SimPy, idiomatic"
TUNED = ("SimPy, tuned", "SimPy, tuned, recursion")

ENGINES = {
    REFERENCE: Engine(where="engines:run_reference", numbers="flowsim"),
    f"{REFERENCE}, drawn before": Engine(
        where="engines:run_reference_drawn_before", numbers="flowsim", drawn_before=True
    ),
    COMPILED: Engine(where="engines:run_compiled", numbers="flowsim", warm_up=20_000),
    IDIOMATIC: Engine(where="peers_simpy:idiomatic_simpy", numbers="idiomatic"),
    TUNED[0]: Engine(where="peers_tuned:tuned_simpy", numbers="tuned"),
    TUNED[1]: Engine(where="peers_tuned:simpy_recursion", numbers="tuned"),
    "salabim": Engine(where="peers_salabim:salabim_peer", numbers="salabim", is_slow=True),
    "Ciw": Engine(where="peers_ciw:ciw_peer", numbers="Ciw", is_slow=True, left_out=("visits", "referred", "seizures")),
}
"""Engines by name."""
