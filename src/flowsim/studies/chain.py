"""The study `chain`: fit the annual totals of a chain of countries, and print what each stage seizes and spares."""

from __future__ import annotations

from time import monotonic

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.calibration.posterior import point_change
from flowsim.calibration.sampler import SamplingEffort, sample
from flowsim.chain.stage_detail import detailed
from flowsim.chain.stage_model import ChainModel
from flowsim.chain.stage_results import CHAIN, fact_table, marginal_table, parameter_table, rate_table, to_dataset
from flowsim.chain.stages import RouteChain
from flowsim.config.chain_worlds import CHANGED
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.results import disk, files
from flowsim.simulation.assumed import SetNumbers
from flowsim.simulation.simulate import Progress
from flowsim.studies.chain_listing import ChainFit, fitted
from flowsim.studies.estimates import Amounts

BURN = 5 / 4
"""Kept steps per step of burn-in [1]."""

CHAINS, STEPS, DRAWS = 4, 500, 500
"""Chains, steps and draws of a chain where the study has no such options, as a figure [1]."""

MOVES = 4
"""Moves of every walker to a step [1]."""

EVALUATION = 0.0035
"""CPU time of the likelihood of half an ensemble, of which a move has two [s]."""

STUDY = Study(
    writes=True,
    keys=CHANGED,
    instead={key: "a chain has numbers of its own, in the tables of its world" for key in WORLD[1:]},
    posterior=True,
    draws=1,
)
"""Declaration of the study."""


def work(request: Request) -> Amounts:
    """Moves of the chains, burn-in included."""
    chains, steps = int(request.options.get("chains", CHAINS)), int(request.options.get("steps") or STEPS)
    moves = (1 + 1 / BURN) * chains * steps * MOVES
    return Amounts(evaluated=2 * moves * EVALUATION, most_workers=chains)


def run(request: Request, *, progress: Progress | None) -> str:
    """Fit the annual totals of a chain and write `chain.nc` and its tables.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    str
        Tables of rates, of marginal effects, of regional facts and of the detailed world, to be printed.
    """
    start = monotonic()
    found = fit_chain(request, progress=progress)
    files.write(found.dataset, request.out / CHAIN)
    for name, table in found.tables().items():
        disk.write(request.out / f"{name}.csv", table.to_csv(index=False))
    return "\n".join([*fitted(found), "", f"{monotonic() - start:.0f} s for the fit"])


def fit_chain(request: Request, *, progress: Progress | None) -> ChainFit:
    """Fit the annual totals of the chain of a request.

    Parameters
    ----------
    request
        Request with a chain.
    progress
        Called as the work goes on.

    Raises
    ------
    ValueError
        If its world is no chain.
    """
    chain = request.chain
    if chain is None:
        raise ValueError(f"world must be a chain of countries, as northern_route, got {request.world.name!r}")
    model, options = ChainModel(chain), request.options
    steps = int(options.get("steps") or STEPS)
    effort = SamplingEffort(
        chains=int(options.get("chains", CHAINS)),
        burn=max(1, round(steps / BURN)),
        steps=steps,
        draws=int(options.get("draws") or DRAWS),
        thin=MOVES,
    )
    drawn = sample(model, seed=request.plan.seed, effort=effort, workers=request.plan.workers, progress=progress)
    attributes = {**request.attributes, "command": request.command}
    dataset = to_dataset(model, drawn, seed=request.plan.seed, attributes=attributes)
    return ChainFit(
        chain=chain,
        dataset=dataset,
        rates=rate_table(dataset, chain),
        marginal=marginal_table(dataset, year=chain.base_year),
        parameters=parameter_table(dataset, chain),
        facts=fact_table(dataset, chain),
        detail=_detail(request, dataset, chain),
    )


def _detail(request: Request, dataset: xr.Dataset, chain: RouteChain) -> pd.DataFrame:
    """Masses of the stage with a detailed world, and of that world fed with its inflow and rate."""
    own = dataset.sel(stage=chain.detail_stage, year=chain.base_year)
    inflow = float(own["inflow"].median())
    rate = float(own["seized"].median()) / inflow
    change = point_change(request.posterior) if request.posterior is not None else SetNumbers(values=())
    found = detailed(request.world, change, inflow=inflow, rate=rate)
    rows = [_beside("inflow", own["inflow"], found.inflow), _beside("seized", own["seized"], found.seized)]
    kept = own["consumed"]
    rows += [_beside("consumed or retained", kept, found.retained), _beside("passed on", own["passed"], found.left)]
    rows.append({**_ends("rate in a mean year", _mean_rates(dataset, chain)), "detailed": _mean_rate(request)})
    nothing = {"q05": np.nan, "median": np.nan, "q95": np.nan}
    rows.append({"quantity": "factor on detection", **nothing, "detailed": found.factor})
    return pd.DataFrame(rows)


def _mean_rates(dataset: xr.Dataset, chain: RouteChain) -> xr.DataArray:
    """Mass seized over the inflow, of all years together, in the stage with a detailed world."""
    own = dataset.sel(stage=chain.detail_stage)
    return own["seized"].sum("year") / own["inflow"].sum("year")


def _mean_rate(request: Request) -> float:
    """Interdiction rate in a mean year of the detailed world's posterior; not a number without one."""
    return np.nan if request.posterior is None else float(request.posterior["interdiction_rate"].median())


def _ends(quantity: str, array: xr.DataArray) -> dict[str, str | float]:
    low, middle, high = (float(value) for value in np.quantile(array.values, [0.05, 0.5, 0.95]))
    return {"quantity": quantity, "q05": low, "median": middle, "q95": high}


def _beside(quantity: str, array: xr.DataArray, value: float) -> dict[str, str | float]:
    return {**_ends(quantity, array), "detailed": value}
