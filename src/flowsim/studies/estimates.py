"""Estimates of a study's time and memory before it begins: amounts of work times measured unit costs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from flowsim import units
from flowsim.config.jobs import shape_of
from flowsim.config.request import Request
from flowsim.config.study import find
from flowsim.draws.consignments import consignments_per_year
from flowsim.policy.policy import compose
from flowsim.simulation.resources import VISITS_PER_CONSIGNMENT, free_memory, memory_needed
from flowsim.sweeps.progress import amount, span
from flowsim.sweeps.template import bytes_per_job
from flowsim.world import utilisation

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

WORTH_MEASURING = 10.0
"""Least estimated time for which the speed of this machine is measured [s]."""

HOURS = 3600.0
"""Longest estimated time of a study that begins without being confirmed [s]."""

MEASURED, TRIED = 0.0106, 3
"""CPU time of the measurement of speed on the machine behind the unit costs [s], and how often it is taken."""

SLOWEST = 8.0
"""Largest factor by which this machine counts as slower, or faster, than that one [1]."""

COPIES = 3.0
"""Copies of the results of a run in memory at once [1]."""

ALONE = 8.0
"""Longest work done in one process unless the number of workers is typed [s]: twice what a process takes to begin."""

LIKELIHOOD, PREDICTIONS = 0.023, 40.0
"""CPU time of an evaluation of the likelihood of the reported seizures, and of the histories of figure 3 [s]."""

COMPARED_YEAR, COMPARED_VISIT = 7.2e-3, 2_500.0
"""CPU time of a year of consignments of a comparison [s], and memory of a process per visit [bytes]."""


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

    evaluated: float = 0.0
    """CPU time that the study knows itself [s]."""

    most_workers: int | None = None
    """Largest useful number of processes; None if there is no limit [1]."""

    kept: float = 0.0
    """Memory kept by each process, if it is not a simulation's [bytes]."""

    def seconds(self, *, engine: str, workers: int) -> float:
        """Duration of the work, shared by processes [s]."""
        parts = (
            self.visits * VISIT.get(engine, 0.0),
            self.worlds * WORLD,
            self.solutions * CLOSED_FORM,
            self.likelihoods * LIKELIHOOD,
            self.compared * COMPARED_YEAR,
            self.predicted * PREDICTIONS,
            self.evaluated,
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


def with_useful_workers(study: str, request: Request) -> Request:
    """Request whose work is done in one process if more would take longer to begin than they save.

    Parameters
    ----------
    study
        Name of the study.
    request
        Request of the study.
    """
    seconds = amounts_of(study, request).seconds(engine=request.engine, workers=1) - START
    if request.workers_typed or seconds > ALONE:
        return request
    return replace(request, plan=replace(request.plan, workers=1))


def estimate(study: str, request: Request) -> Estimate:
    """Estimate a study's time and memory on this machine, whose speed is measured if the study is long.

    Parameters
    ----------
    study
        Name of the study.
    request
        Request of the study.
    """
    amounts = amounts_of(study, request)
    workers = min(request.plan.workers, amounts.most_workers or request.plan.workers)
    seconds = amounts.seconds(engine=request.engine, workers=workers)
    if seconds > WORTH_MEASURING:
        seconds *= slowness()
    return Estimate(seconds=seconds, workers=workers, memory=_memory(amounts, request, study=study, workers=workers))


def slowness() -> float:
    """CPU time that this machine takes for a fixed work, over that of the machine behind the unit costs [1]."""
    taken = min(_taken() for _ in range(TRIED))
    return min(SLOWEST, max(1 / SLOWEST, taken / MEASURED))


def _taken() -> float:
    """CPU time of the fixed work: steps of Python, and passes over an array [s]."""
    begun = time.thread_time()
    total = sum(number * number % 7 for number in range(60_000))
    values = np.arange(120_000, dtype=np.float64) * 7919 % (10_007 + total % 2)
    np.cumsum(np.sqrt(np.sort(values)))
    return time.thread_time() - begun


def require(found: Estimate, *, study: str, confirm: bool, free: float | None = None) -> None:
    """Refuse a study that needs more memory than there is, or hours, unless these are confirmed.

    Parameters
    ----------
    found
        Its cost.
    study
        Name of the study.
    confirm
        Whether hours are confirmed.
    free
        Memory that it can have [bytes], by default what there is.

    Raises
    ------
    ValueError
        If it needs too much.
    """
    there = free_memory() if free is None else free
    need = found.memory - IMPORTS  # this process has its imports already
    if there is not None and need > there:
        rule = "fit into memory: ask for less with replications=, traffic_years=, draws= or workers="
        raise ValueError(f"study={study} must {rule}, got about {amount(need)} needed and {amount(there)} free")
    if found.seconds > HOURS and not confirm:
        took = f"about {span(found.seconds)} on {found.workers} at once, {amount(found.memory)} of memory"
        raise ValueError(f"study={study} must be asked for by confirm=true where it takes hours, got {took}")


def amounts_of(study: str, request: Request) -> Amounts:
    """Amounts of work of a study, from its function `work`; zero for a study without one.

    Parameters
    ----------
    study
        Name of the study.
    request
        Request of the study.
    """
    work = getattr(import_module(f"flowsim.studies.{study}"), "work", None)
    found: Amounts = work(request) if work else Amounts()
    return found


def traffic(request: Request) -> float:
    """Honest visits simulated under the policies of a request, the warm-up of each span included [1]."""
    plan, world = request.plan, compose(request.policies).apply(request.world)
    spans = [(0, 0.0, plan.horizon)] * plan.replications if plan.together else plan.spans()
    hours = math.fsum(end - start + (0.0 if plan.together else world.warm_up) for _, start, end in spans)
    return math.fsum(utilisation.visits(world).values()) * hours / units.HOURS_PER_DAY


def visits(request: Request) -> float:
    """Visits simulated under the policies of a request, with an upper bound of the visits of consignments [1]."""
    plan, world = request.plan, compose(request.policies).apply(request.world)
    consignments = math.fsum(consignments_per_year(world, stream) for stream in world.traffic.population_streams)
    part = plan.horizon / units.HOURS_PER_YEAR
    return traffic(request) + plan.replications * part * VISITS_PER_CONSIGNMENT * consignments


def _memory(amounts: Amounts, request: Request, *, study: str, workers: int) -> float:
    """Memory of all processes [bytes]."""
    processes = workers + (workers > 1)
    world, plan = request.world, request.plan
    found = IMPORTS * processes + workers * amounts.kept
    if find(study).swept:
        found += COPIES * bytes_per_job(shape_of(request), swept=())
    if amounts.kept or not amounts.visits or request.engine not in VISIT:
        return found
    hours = max(end - start for _, start, end in plan.spans()) + world.warm_up
    return found + memory_needed(world, engine=request.engine, hours=hours, years=1, processes=workers)
