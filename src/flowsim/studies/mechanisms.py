"""The study `mechanisms`: effect of each mechanism in a world, against its neutral setting."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.config.relevant_keys import RUN
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.engine.expectation.engine import expect
from flowsim.policy.policy import BASELINE, compose
from flowsim.policy.switch_off import NEUTRAL, active, switched_off
from flowsim.results import disk, files
from flowsim.results.measures import seized
from flowsim.simulation.engines import SIMULATING
from flowsim.simulation.simulate import Plan, Progress, simulate_with_spans
from flowsim.studies.estimates import Amounts, visits
from flowsim.studies.layout import paragraph
from flowsim.studies.run import amounts, spans_of
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.traffic import DRUGS
from flowsim.world.world import World

COLUMNS = ("mechanism", "neutral", "seized", "mcse", "relative", "expected", "delay", "delay_mcse")
"""Columns of the differences."""

STUDY = Study(writes=True, keys=tuple(key for key in RUN if key not in ("calibration", "draws")))
"""Declaration of the study."""


def work(request: Request) -> Amounts:
    """The world with all mechanisms, and without each in turn, both simulated and in closed form."""
    several = 1 + len(active(compose(request.policies).apply(request.world)))
    return Amounts(visits=several * visits(request), solutions=2 * several)


def run(request: Request, *, progress: Progress | None) -> str:
    """Simulate a world with each mechanism switched off in turn, with common random numbers.

    Writes `run.nc` and `mechanisms.csv` into the folder.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    str
        Table of the differences, to be printed.

    Raises
    ------
    ValueError
        If the engine does not simulate: the study gives the closed form beside the simulation.
    """
    rule = "be one that simulates in this study, which gives the closed form beside it"
    checks.require(request.engine in SIMULATING, thing="engine", rule=rule, value=request.engine)
    policy = compose(request.policies)
    world = policy.apply(request.world)
    table, results = differences(world, engine=request.engine, plan=request.plan, progress=progress)
    results.attrs.update(request.attributes, command=request.command)
    files.save(results, request.out / files.RUN)
    disk.write(request.out / "mechanisms.csv", table.to_csv(index=False))
    return "\n".join(_lines(table, title=f"{world.title}: policy {policy.name}", plan=request.plan))


def differences(
    world: World, *, plan: Plan, engine: str = "compiled", drug: str = "heroin", progress: Progress | None = None
) -> tuple[pd.DataFrame, xr.Dataset]:
    """Effect of each mechanism: with it minus without it, everything else equal.

    Parameters
    ----------
    world
        World with its mechanisms.
    plan
        Simulation plan.
    engine
        A simulating engine.
    drug
        Drug to count.
    progress
        Called as the work goes on.

    Returns
    -------
    DataFrame
        A row per mechanism, columns mechanism, neutral (whether it is off already), seized and its Monte Carlo
        standard error over years [kg], relative to the mass seized without it [1], expected, the same in closed form
        [kg], delay and its standard error over spans of honest traffic, NaN if there is one span [h].
    Dataset
        Results of the policies `baseline` and `no <mechanism>`, the latter for mechanisms not off already.
    """
    on = active(world)
    policies = [BASELINE, *(switched_off(name) for name in on)]
    results, honest = simulate_with_spans(world, policies=policies, engine=engine, plan=plan, progress=progress)
    yearly = seized(results).sel(drug=drug)
    rows = []
    for name in NEUTRAL:
        if name not in on:
            rows.append((name, True, *[0.0] * 6))
            continue
        policy = f"no {name}"
        without = yearly.sel(policy=policy).values
        pairs = yearly.sel(policy="baseline").values - without
        relative = pairs.mean() / without.mean() if without.mean() > 0 else math.nan
        expected = _expected(world, drug, plan) - _expected(NEUTRAL[name](world), drug, plan)
        waited = _delay(honest, policy=policy)
        rows.append((name, False, pairs.mean(), _error(pairs), relative, expected, *waited))
    return pd.DataFrame(rows, columns=list(COLUMNS)), results


def _expected(world: World, drug: str, plan: Plan) -> float:
    return float(expect(world, horizon=plan.horizon).seized[DRUGS.index(drug)].sum())


def _error(values: npt.NDArray[np.float64]) -> float:
    """Standard error of the mean of values, NaN for one value."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def _delay(honest: xr.Dataset, *, policy: str) -> tuple[float, float]:
    """Difference of the mean delay over all visits, and its standard error over spans, as of a ratio of means [h]."""
    means, residuals = [], []
    for name in ("baseline", policy):
        hours, visits = (honest[part].sel(policy=name).values for part in ("hours", "visits"))
        if not visits.any():
            return 0.0, 0.0
        means.append(hours.sum() / visits.sum())
        residuals.append((hours - means[-1] * visits) / visits.mean())
    return float(means[0] - means[1]), _error(residuals[0] - residuals[1])


def _lines(table: pd.DataFrame, *, title: str, plan: Plan) -> Iterator[str]:
    yield from (f"{title}, effect of each mechanism: with it minus without it", "")
    yield from (f"{amounts(plan)}; common random numbers throughout", "")
    head = f"{'mechanism':14}{'seized [kg]':>12}{'s.e.':>10}{'change [%]':>13}{'closed form [kg]':>19}"
    head += f"{'honest delay [h]':>19}{'s.e.':>11}"
    on = table[~table["neutral"]]
    if len(on):
        yield from (head, "-" * len(head))
    for row in on.to_dict("records"):
        relative = 100 * float(row["relative"])
        line = f"{row['mechanism']:14}{row['seized']:>+12,.1f}{_plus_minus(row['mcse'], 1):>10}{relative:>+13.1f}"
        line += f"{row['expected']:>+19,.1f}{row['delay']:>+19.4f}{_plus_minus(row['delay_mcse'], 4):>11}"
        yield line.rstrip()
    for sentence in _notes(table, plan=plan):
        yield ""
        yield from paragraph(sentence)


def _plus_minus(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"+-{value:,.{digits}f}"


def _notes(table: pd.DataFrame, *, plan: Plan) -> Iterator[str]:
    off, on = table[table["neutral"]], table[~table["neutral"]]
    if len(off):
        yield f"At their neutral setting already, so that they change nothing: {_listed(off)}."
    if not len(on):
        return
    if plan.replications > 1:
        unclear = on[~(on["seized"].abs() > 2 * on["mcse"])]
        yield f"Seizures within two standard errors of no change: {_listed(unclear)}."
    else:
        yield "One year alone gives no standard error of the seizures."
    if len(plan.spans()) == 1:
        spans = f"{spans_of(plan)} of honest traffic is simulated; traffic_years=0.1 has five"
        yield f"The delay has no standard error, as {spans}."
    if plan.horizon < HOURS_PER_YEAR:
        yield f"Seizures are those of consignments of the first {plan.horizon:g} h of a year."
    yield (
        "The closed form has no Monte Carlo error but leaves queues out: it includes the wagons but not the stop of "
        "trains, and of shifts only the hours in which an internal post is closed. Standard errors are Monte Carlo "
        "errors of the simulation and say nothing about the assumptions."
    )


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, rows["mechanism"])) or "none"
