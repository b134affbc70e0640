"""The study `calibrate`: fit the table of reported seizures and write the posterior with the worlds of its draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

import numpy as np
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.calibration import data, population_inversion, population_setup, posterior
from flowsim.calibration.abroad import CLOSENESS
from flowsim.calibration.areas import SHARE
from flowsim.calibration.components import COMPONENTS, Cell, cells_of
from flowsim.calibration.data import Reported
from flowsim.calibration.harvests import ELASTICITY
from flowsim.calibration.identity import identifying
from flowsim.calibration.inversion import Pair, Solved, solve, solve_all
from flowsim.calibration.model import Model, Setting, build, needed
from flowsim.calibration.opium import PARAMETERS
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setting import FURTHER, SIZES
from flowsim.calibration.posterior import Draws
from flowsim.calibration.priors import Prior, values
from flowsim.calibration.sampler import LEAST_ESS, MOST_RHAT, Sample, SamplingEffort, sample
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import CalibrationRequest, Request
from flowsim.config.study import Study
from flowsim.results import disk
from flowsim.results.intervals import ends, with_ends
from flowsim.simulation.assumed import draw, varied
from flowsim.simulation.simulate import Progress
from flowsim.studies.estimates import Amounts
from flowsim.studies.layout import columns, paragraph
from flowsim.units import KG_PER_TONNE
from flowsim.world.world import World

BURN = 3
"""Kept steps per step of burn-in [1]."""

SOLVED = ("effort.", "intelligence.cases_", "market", "intelligence.tip_")
"""Prefixes of the numbers of a world not drawn from their intervals: solved for, except tips.

Tips stay fixed, as no effort compensates for them: the upper ends of their intervals would exceed reported seizures.
"""

WIDTHS = (44, 10, 22, 22, 12, 10)
"""Columns of the table: parameter, unit, prior and posterior interval, contraction, identified [characters]."""

NARROW = 1e-6
"""Half of the least width of the prior of the flow, relative to the flow [1]."""

STUDY = Study(
    writes=True,
    keys=(*WORLD, "calibration", "seed", "workers", "out"),
    instead={"draws": "study.draws= is the number of draws of each chain whose worlds are kept"},
    calibrates=True,
)
"""Declaration of the study."""


OF_POPULATIONS = (7.5, 6.0)
"""Times as long that a likelihood and the world of a draw take with two populations [1]."""


def work(request: Request) -> Amounts:
    """Steps of the chains, burn-in included, and the worlds of the kept draws."""
    options = request.options
    chains, steps = int(options["chains"]), int(options["steps"])
    longer = OF_POPULATIONS if population_setup.populations_of(request.world) else (1.0, 1.0)
    return Amounts(
        likelihoods=longer[0] * (1 + 1 / BURN) * chains * steps, solutions=longer[1] * chains * int(options["draws"])
    )


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Data and model of a calibration, before sampling."""

    rows: Mapping[str, Reported]
    """Rows of the table of reported seizures."""

    model: Model | PopulationModel
    """Model of the fitted ones."""


PRIOR_POINTS = {"prior_q05": "prior_low", "prior_median": "prior_median", "prior_q95": "prior_high"}
"""Columns of the table of parameters, and their attributes in a posterior."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Fit the reported seizures, solve the worlds of the draws, and write `posterior.nc` and `posterior.csv`.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    str
        Table of the parameters, to be printed.
    """
    start = monotonic()
    fitted = fit(request, progress=progress)
    posterior.save(fitted.dataset, request.out / posterior.POSTERIOR)
    table = summary(fitted.dataset)
    disk.write(request.out / "posterior.csv", table.to_csv(index=False))
    times = f"{fitted.sampled:.0f} s for the chains, {monotonic() - start - fitted.sampled:.0f} s for the worlds"
    return "\n".join(_lines(request, fitted.dataset, table, sampled=fitted.sample, times=times))


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Posterior with the chains behind it."""

    dataset: xr.Dataset
    """Posterior."""

    sample: Sample
    """Chains."""

    sampled: float
    """Sampling time of the chains [s]."""


def fit(request: Request, *, progress: Progress | None) -> Fitted:
    """Fit the reported seizures and solve the worlds of the draws.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.
    """
    asked = calibration_of(request)
    start, effort = monotonic(), _effort(request)
    found = setup(request.world, asked)
    drawn = sample(found.model, seed=request.plan.seed, effort=effort, workers=asked.workers, progress=progress)
    sampled = monotonic() - start
    draws = worlds(request, found.model, drawn, workers=asked.workers, progress=progress)
    attributes = {**request.attributes, **identifying(request.world), "command": request.command}
    return Fitted(dataset=posterior.to_dataset(draws, attributes=attributes), sample=drawn, sampled=sampled)


def calibration_of(request: Request) -> CalibrationRequest:
    """Calibration part of a request.

    Raises
    ------
    ValueError
        If it has none.
    """
    found = request.calibration
    if found is None:
        raise ValueError("a study of calibration must be given what was reported, got nothing")
    return found


def setup(world: World, asked: CalibrationRequest) -> Setup:
    """Model of the fitted rows for a world.

    Parameters
    ----------
    world
        World to calibrate.
    asked
        Reported seizures, and the priors.

    Raises
    ------
    ValueError
        If the table or a prior is refused.
    """
    if population_setup.populations_of(world) is not None:
        return _of_populations(world, asked)
    rows = data.load(asked.reported)
    reference = cells_of(world)
    flows = {row.year: row for row in rows.values() if row.use == "flow"}
    used = data.years_of([row for row in rows.values() if row.use != "flow"])
    years = {}
    for year in used:
        name = flows[year].world if year in flows else ""
        same = year == world.year and not name
        years[year] = reference if same else of_year(asked.in_year(year, name), world=world)
    setting = Setting(
        areas=dict(asked.areas),
        reference=reference,
        years=years,
        sizes=world.traffic.sizes,
        size_exponent=world.detection.intelligence.size_exponent,
    )
    priors = {**asked.priors, "inflow": flow_prior(world)}
    possible = (*COMPONENTS, "cases", *(f"{SHARE}{area}" for area in asked.areas), *needed(setting))
    possible += _of_others(asked)
    for name in priors:
        checks.known(name, possible, thing="calibration.parameters: a parameter")
    return Setup(rows=rows, model=build(rows, setting=setting, priors=priors))


def _of_others(asked: CalibrationRequest) -> tuple[str, ...]:
    """Names of the parameters that a world with two populations would need besides."""
    if asked.populations is None:
        return ()
    sizes = tuple(name for name in asked.priors if name.endswith(tuple(f"_{of}" for of in SIZES)))
    return (*FURTHER, *asked.populations.entries.parameters, *sizes, *PARAMETERS, CLOSENESS, ELASTICITY)


def _of_populations(world: World, asked: CalibrationRequest) -> Setup:
    """Model of the fitted rows and single seizures for a world whose heroin has two populations."""
    evidence = asked.populations
    rule = "name reports for worlds with two populations of heroin (calibration.populations)"
    checks.require(evidence is not None, thing="the calibration", rule=rule, value="none")
    assert evidence is not None
    rows = data.load(evidence.reported)
    priors = {**asked.priors, "inflow": flow_prior(world)}
    model = population_setup.model_of(
        world, evidence, rows=rows, areas=asked.areas, priors=priors, in_year=asked.in_year
    )
    return Setup(rows=rows, model=model)


def of_year(found: World, *, world: World) -> dict[Cell, float]:
    """Masses by cell in the world of another year, at the flow of the calibrated world [kg/year].

    Parameters
    ----------
    found
        World of the year.
    world
        World to calibrate.
    """
    level = world.traffic.inflow / found.traffic.inflow
    return {cell: mass * level for cell, mass in cells_of(found).items()}


def flow_prior(world: World) -> Prior:
    """Prior of the flow: the world's interval, or near zero width if the world takes one end, as some readings do."""
    low, high = world.traffic.inflow_low / KG_PER_TONNE, world.traffic.inflow_high / KG_PER_TONNE
    middle = world.traffic.inflow / KG_PER_TONNE
    if high - low < 2 * NARROW * middle or middle in (low, high):
        low, high = middle * (1 - NARROW), middle * (1 + NARROW)
    return Prior(
        title="flow of heroin",
        family="lognormal",
        low=low,
        high=high,
        unit="t/year",
        source="the interval of the inflow of the world; seizures say nothing of it",
    )


def _effort(request: Request) -> SamplingEffort:
    """Sampling effort."""
    asked = {}
    for name in ("chains", "steps", "draws"):
        value = request.options.get(name)
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 2
        checks.require(whole, thing=f"study.{name}", rule="be a whole number of at least 2", value=value)
        asked[name] = int(str(value))
    kept = max(500, asked["draws"])
    least = math.ceil(kept / SamplingEffort.walkers)
    rule = f"be at least {least}, as {kept} draws are kept of each chain"
    checks.require(asked["steps"] >= least, thing="study.steps", rule=rule, value=asked["steps"])
    return SamplingEffort(chains=asked["chains"], burn=max(1, asked["steps"] // BURN), steps=asked["steps"], draws=kept)


def worlds(
    request: Request, model: Model | PopulationModel, drawn: Sample, *, workers: int, progress: Progress | None = None
) -> Draws:
    """Worlds of draws spread evenly over the chains, and of the posterior median.

    Parameters
    ----------
    request
        Request of the study; its option `draws` is the number per chain.
    model
        Model of the draws.
    drawn
        Draws of the parameters.
    workers
        Worker processes.
    progress
        Called as the work goes on.
    """
    count = int(request.options["draws"])
    chains, length = drawn.log_likelihood.shape
    chosen = np.unique(np.linspace(0, length - 1, count).astype(np.int64))
    intervals = {
        name: ends for name, ends in varied(request.numbers()).items() if not name.partition(":")[2].startswith(SOLVED)
    }
    nuisance = draw(intervals, draws=chains * len(chosen), seed=request.plan.seed)
    chances = [{str(name): float(value) for name, value in row.items()} for row in nuisance.to_dict("records")]
    one = values(model.priors, drawn.scores[:, chosen].reshape(-1, len(model.names)))
    sets = [{name: float(found[k]) for name, found in one.items()} for k in range(chains * len(chosen))]
    solver = partial(_solve, model, request.world)
    found = solve_all(solver, sets, nuisance=chances, workers=workers, progress=progress)
    point = _point(model, solver, drawn)
    return Draws(
        model=model,
        sample=drawn,
        chosen=chosen,
        solved=[found[k * len(chosen) : (k + 1) * len(chosen)] for k in range(chains)],
        point=point,
        calibrated=tuple(name for name in point.numbers if name not in intervals),
    )


NEAREST = 10
"""Draws tried in place of a posterior median that no world can produce [1]."""


def _point(model: Model | PopulationModel, solver: Callable[[Pair], Solved], drawn: Sample) -> Solved:
    """World of the posterior median, or of the draw nearest to it that a world can produce."""
    flat = drawn.scores.reshape(-1, drawn.scores.shape[2])
    median = np.median(flat, axis=0)
    nearest = flat[np.argsort(((flat - median) ** 2).sum(axis=1), kind="stable")[:NEAREST]]
    refused = ""
    for scores in (median, *nearest):
        found = solver(({name: float(value) for name, value in values(model.priors, scores).items()}, {}))
        if not found.refused:
            return found
        refused = refused or found.refused
    raise ValueError(f"the posterior median must be a world that can produce it, got {refused}")


def _solve(
    model: Model | PopulationModel, world: World, pair: tuple[Mapping[str, float], Mapping[str, float]]
) -> Solved:
    """World of a draw with its nuisance parameters."""
    drawn, nuisance = pair
    if isinstance(model, PopulationModel):
        return population_inversion.solve(model, drawn, world=world, nuisance=nuisance)
    return solve(model, drawn, world=world, nuisance=nuisance)


def summary(dataset: xr.Dataset) -> pd.DataFrame:
    """Table of the parameters of a posterior and of quantities derived from them.

    Parameters
    ----------
    dataset
        Posterior.

    Returns
    -------
    DataFrame
        Columns parameter, title, unit, prior_q05, prior_median, prior_q95, q05, median, q95 (5 %, 50 % and 95 %
        points), contraction [1], identified, rhat, ess, kind.
    """
    rows = []
    for name, array in dataset.data_vars.items():
        attrs = array.attrs
        low, middle, high = np.quantile(array.values, [0.05, 0.5, 0.95])
        rows.append(
            {
                "parameter": str(name),
                "title": attrs["long_name"],
                "unit": attrs["units"],
                **{key: attrs.get(old, np.nan) for key, old in PRIOR_POINTS.items()},
                **{"q05": low, "median": middle, "q95": high},
                **{key: attrs.get(key, np.nan) for key in ("contraction", "identified", "rhat", "ess")},
                "kind": attrs["kind"],
            }
        )
    return pd.DataFrame(rows)


def _lines(request: Request, dataset: xr.Dataset, table: pd.DataFrame, *, sampled: Sample, times: str) -> Iterator[str]:
    asked = calibration_of(request)
    of_two = asked.populations if population_setup.populations_of(request.world) else None
    reported = asked.reported if of_two is None else of_two.reported
    yield from (f"{request.world.title}: calibration on {reported.name}", "")
    cells: list[Sequence[str]] = [("parameter", "unit", "prior 90 %", "posterior 90 %", "contraction", "identified")]
    rows = table.to_dict("records")
    for row in rows:
        if isinstance(row["identified"], str):
            prior = ends(row["prior_q05"], row["prior_q95"])
            after = ends(row["q05"], row["q95"])
            share = f"{max(0.0, row['contraction']):.2f}"
            cells.append((row["title"], row["unit"], prior, after, share, row["identified"]))
    yield from columns(cells, widths=WIDTHS)
    yield ""
    yield from _found(dataset)
    yield ""
    yield f"chains: R-hat at most {sampled.rhat.max():.4f}, bulk ESS at least {sampled.ess.min():.0f}; {times}"
    if not sampled.converged:
        yield f"NOT CONVERGED: R-hat must be below {MOST_RHAT} and ESS above {LEAST_ESS:g}; take more study.steps"
    yield f"worlds: {dataset.attrs['refused']} of {dataset.attrs['drawn']} draws refused" + (
        f" ({dataset.attrs['why_refused']})" if dataset.attrs["why_refused"] else ""
    )


def _found(dataset: xr.Dataset) -> Iterator[str]:
    """Lines on the posterior of totals, efforts and identified directions."""
    for named, factor, unit in (("seized", 1.0, "kg/year"), ("interdiction_rate", 100.0, "%")):
        low, middle, high = (factor * np.quantile(dataset[named], [0.05, 0.5, 0.95])).tolist()
        yield f"{dataset[named].attrs['long_name']}  {with_ends(middle, low, high, unit=unit)}"
    for array in dataset.data_vars.values():
        effort = str(array.attrs.get("sets", "")).partition("effort.")[2]
        if effort and float(array.max()) > 0:
            low, middle, high = (100 * np.quantile(array.values, [0.05, 0.5, 0.95])).tolist()
            yield f"effort {effort:10} {with_ends(middle, low, high, '.2g', unit='%')} of alarms followed up"
    shares = [float(text) for text in dataset.attrs["directions"].split()]
    strong = sum(share > posterior.YES for share in shares)
    text = (
        f"{strong} of {len(shares)} directions lose half of their prior variance or more; the other numbers of a world "
        "are nuisance parameters and keep their priors. Effort is the residual, given devices, targeting, bribes and "
        "all else as assumed."
    )
    yield from paragraph(text)
