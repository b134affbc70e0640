"""Estimates of a study's time and memory before it begins: amounts of work times measured unit costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from flowsim import units
from flowsim.config.request import Request
from flowsim.draws.consignments import loads_per_year
from flowsim.policy import switch_off
from flowsim.policy.policy import compose
from flowsim.simulation.engines import SIMULATING
from flowsim.simulation.resources import VISITS_PER_LOAD, memory_needed
from flowsim.world import utilisation
from flowsim.world.world import World

WORTH_SAYING = 20.0
"""Least estimated time worth printing before a study begins [s]."""

START = 5.0
"""Time of imports, of the world, of figures and tables [s]."""

IMPORTS = 3.5e8
"""Memory of a process with all imports [bytes]."""

VISIT: Mapping[str, float] = {"compiled": 1.2e-6, "reference": 0.5e-4}
"""CPU time of a visit of honest traffic or of a consignment, by engine, its share of tallies included [s].

All unit costs were measured on two cores of a Xeon, 2026-11-29, by runs of Kazakhstan differing in one amount.
"""

WORLD, CLOSED_FORM = 0.08, 0.55
"""CPU time to make a world of a draw ready and draw its consignments, and to solve it in closed form [s]."""

LIKELIHOOD, PREDICTIONS = 0.023, 40.0
"""CPU time of an evaluation of the likelihood of the reported seizures, and of the histories of figure 3 [s]."""

COMPARED_YEAR, COMPARED_VISIT = 7.2e-3, 2_500.0
"""CPU time of a year of consignments of a comparison [s], and memory of a process per visit [bytes]."""

WARM_UP = 4 / 3
"""Steps of a chain per kept step, burn-in included [1]."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """Work of a study."""

    visits: float = 0.0
    """Simulated visits, honest ones and those of consignments [1]."""

    worlds: float = 0.0
    """Worlds to prepare [1]."""

    solutions: float = 0.0
    """Worlds to solve in closed form [1]."""

    likelihoods: float = 0.0
    """Evaluations of the likelihood [1]."""

    compared: float = 0.0
    """Years of consignments of a comparison [1]."""

    predicted: float = 0.0
    """Figures of posterior predictive checks [1]."""

    def seconds(self, *, engine: str, workers: int) -> float:
        """Duration of the work, shared by processes [s]."""
        parts = (
            self.visits * VISIT.get(engine, 0.0),
            self.worlds * WORLD,
            self.solutions * CLOSED_FORM,
            self.likelihoods * LIKELIHOOD,
            self.compared * COMPARED_YEAR,
            self.predicted * PREDICTIONS,
        )
        return START + sum(parts) / workers


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Estimated time and memory of a study."""

    seconds: float
    """Time [s]."""

    workers: int
    """Worker processes."""

    memory: float
    """Memory of all processes [bytes]."""


def estimate(study: str, request: Request) -> Estimate:
    """Estimate a study's time and memory on a machine like the one behind the unit costs.

    Parameters
    ----------
    study
        Name of the study.
    request
        Request of the study.
    """
    workers = request.plan.workers
    if study == "compare":
        workers = min(workers, _sets(request))
    amounts = amounts_of(study, request)
    seconds = amounts.seconds(engine=request.engine, workers=workers)
    return Estimate(seconds=seconds, workers=workers, memory=_memory(study, request, workers=workers))


def amounts_of(study: str, request: Request) -> Amounts:
    """Amounts of work of a study; zero without simulation and fitting.

    Parameters
    ----------
    study
        Name of the study.
    request
        Request of the study.
    """
    world = compose(request.policies).apply(request.world)
    options = request.options
    if study == "run":
        return _run(request, world)
    if study == "mechanisms":
        several = 1 + len(switch_off.active(world))
        return Amounts(visits=several * visits(request, world), solutions=2 * several)
    if study == "calibrate":
        chains = int(options["chains"])
        steps = WARM_UP * chains * int(options["steps"])
        return Amounts(likelihoods=steps, solutions=chains * int(options["draws"]))
    if study == "compare":
        several, years = _compared(request), request.plan.replications
        honest = several * _sets(request) * traffic(request, world)
        return Amounts(visits=honest, compared=several * years * ((request.draws or 1) + _sets(request)))
    if study == "figure" and options.get("figure") == "waterfall":
        several = 1 + (request.draws or 1)
        return Amounts(visits=several * visits(request, world), worlds=several)
    fit = study == "figure" and options.get("figure") == "fit"
    return Amounts(predicted=float(fit))


def _run(request: Request, world: World) -> Amounts:
    """Work of a run; draws crossed with all replications have honest traffic of their own."""
    draws = len(request.worlds.changes) if request.worlds is not None else 1
    if request.engine not in SIMULATING:
        return Amounts(solutions=draws)
    if request.crossed:
        return Amounts(visits=draws * visits(request, world), worlds=draws)
    return Amounts(visits=visits(request, world), worlds=draws)


def traffic(request: Request, world: World) -> float:
    """Honest visits simulated by a plan in a world, the warm-up of each span included [1]."""
    plan = request.plan
    spans = [(0, 0.0, plan.horizon)] * plan.replications if plan.together else plan.spans()
    hours = math.fsum(end - start + (0.0 if plan.together else world.warm_up) for _, start, end in spans)
    return math.fsum(utilisation.visits(world).values()) * hours / units.HOURS_PER_DAY


def visits(request: Request, world: World) -> float:
    """Visits simulated by a plan in a world, an upper bound of the visits of consignments included [1]."""
    plan = request.plan
    loads = math.fsum(loads_per_year(world, stream) for stream in world.traffic.streams)
    part = plan.horizon / units.HOURS_PER_YEAR
    return traffic(request, world) + plan.replications * part * VISITS_PER_LOAD * loads


def _compared(request: Request) -> int:
    """Policies of a comparison, the baseline among them [1]."""
    names = request.compared
    return len(request.catalogue()) if names is None else 1 + len(names)


def _sets(request: Request) -> int:
    """Sets of values of the levers of a comparison [1]."""
    return min(int(request.options.get("sets") or 1), request.draws or 1)


def _memory(study: str, request: Request, *, workers: int) -> float:
    """Memory of all processes [bytes]."""
    processes = workers + (workers > 1)
    world, plan = request.world, request.plan
    found = IMPORTS * processes
    if request.engine not in SIMULATING or study in ("calibrate", "evidence"):
        return found
    if study == "compare":
        return found + workers * COMPARED_VISIT * traffic(request, world)
    spans = plan.spans()
    hours = max(end - start for _, start, end in spans) + world.warm_up
    return found + memory_needed(world, engine=request.engine, hours=hours, years=1, processes=workers)
