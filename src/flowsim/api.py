"""Python interface: from names of worlds and policies to a `World` or a `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xarray as xr
from omegaconf import OmegaConf

from flowsim import checks
from flowsim.calibration import posterior as draws_of
from flowsim.config import diagnose, provenance_attrs, relevant_keys
from flowsim.config.build import FLOW, MOST_DRAWS, build_policies, build_world, check_draws, check_year, identified
from flowsim.config.builder import assemble, request_of
from flowsim.config.calibration_files import PACKAGED, Calibration, build_calibration
from flowsim.config.compose import compose_config, folders_of, naming_files
from flowsim.config.options import conf_dir, options
from flowsim.config.request import Request, simulated_alone
from flowsim.config.world_folders import readings_of_world
from flowsim.policy import policy
from flowsim.policy.policy import Policy
from flowsim.simulation.simulate import Plan, Progress, with_inflow
from flowsim.world.world import World
from flowsim.world_tables.readings import DEFAULT, label

CALIBRATION = "posterior"
"""Default calibration of a run."""


def load_world(name: str | Path = "kazakhstan_2010", *, overrides: Sequence[str] = ()) -> World:
    """World of a configuration file, validated.

    Parameters
    ----------
    name
        Name of a packaged world, or path of your own file `<folder>/world/<name>.yaml`.
    overrides
        Overrides as on the command line, such as `inspection.effort.south=0.2` or `inflow=60`.

    Raises
    ------
    ValueError
        If there is no such world, if it is inconsistent, or if an override has no effect on a world.

    Examples
    --------
    >>> import flowsim as fs
    >>> world = fs.load_world("single_checkpoint")
    >>> [checkpoint.name for checkpoint in world.checkpoints]
    ['gate']
    >>> fs.load_world("single_checkpoint", overrides=["inspection.search_time=2"]).detection.search_time
    2.0
    """
    folder = None
    path = Path(name)
    rule = "be the name of one that comes with flowsim, or a file in a folder named world, as mine/world/mine.yaml"
    if path.suffix == ".yaml":
        holds = path.is_file() and path.parent.resolve().name == "world"
        checks.require(holds, thing="a world", rule=rule, value=str(name))
        folder = path.resolve().parents[1]
    else:
        known = options("world", folders=[conf_dir()])
        is_name = str(name) in known or not (path.is_dir() or len(path.parts) > 1)
        checks.require(is_name, thing="a world", rule=rule, value=str(name))
    relevant_keys.check(diagnose.top_keys_of(overrides), having=relevant_keys.WORLD, where="load_world")
    composed = compose_config([f"world={path.stem}", *overrides], config_dir=folder)
    with naming_files(composed.hydra, typed=overrides):
        check_year(composed, hydra=composed.hydra)
        world = build_world(composed, folders=folders_of(composed.hydra))
        reading = label(readings_of_world(composed, folders=folders_of(composed.hydra)))
        return identified(world, hydra=composed.hydra, typed=overrides, reading=reading)


def load_policy(name: str) -> Policy:
    """Policy of a configuration file, or a composition of several joined by plus signs.

    Parameters
    ----------
    name
        Name, or names with a plus between them.

    Raises
    ------
    ValueError
        If there is no such policy.

    Examples
    --------
    >>> from flowsim.api import load_policy
    >>> load_policy("baseline").title
    'The controls in force, unchanged'
    """
    composed = compose_config([f"policy=[{','.join(name.split('+'))}]"])
    return policy.compose(build_policies(composed))


def simulate(
    world: World,
    *,
    policies: str | Policy | Sequence[str | Policy] = "baseline",
    engine: str = "compiled",
    inflow: float | None = None,
    replications: int = Plan.replications,
    traffic_years: float = Plan.traffic_years,
    horizon: float = Plan.horizon,
    seed: int = Plan.seed,
    draws: int | None = None,
    calibration: str | None = None,
    posterior: xr.Dataset | None = None,
    workers: int = Plan.workers,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Simulate a world under one or several policies, with common random numbers.

    The results are those of the command with the same keys, to the last bit.

    Parameters
    ----------
    world
        World to simulate.
    policies
        Names or policies, each applied to the world alone.
    engine
        `compiled` and `reference` simulate, with the same results; `expectation` computes expected values.
    inflow
        Heroin entering, no other drug [t/year]; by default the world's.
    replications
        Years of consignments [1].
    traffic_years
        Years of honest traffic; below one rounded to whole weeks over the year, else whole years [year].
    horizon
        Span of a replication from the first of January [h].
    seed
        Seed of all random numbers.
    draws
        Draws of the posterior, each with all replications; by default one draw for each replication.
    calibration
        Source of uncertain numbers: `posterior` takes the draws of the world's posterior, `point` its median, `prior`
        the assumed numbers. By default the posterior if the world has one, else the assumed numbers; the attribute
        `calibration` of the results records the choice. A number set by the user, as an override of `load_world` or by
        `inflow`, is never replaced by a draw.
    posterior
        Posterior to use, as from `load_posterior`; it must match the world, its year, reading, tables and inspection.
    workers
        Number of worker processes, without effect on the results.
    progress
        Callback with the name of a step, its progress and its total.

    Returns
    -------
    Dataset
        Results, dims (policy, replication, drug, ...) or (policy, checkpoint); see `docs/results.md`. Draw r of the
        posterior has the coordinates `chain` and `draw`.

    Raises
    ------
    ValueError
        If a name does not exist, a number is out of range, or the posterior is of another world.

    Examples
    --------
    >>> import flowsim as fs
    >>> world = fs.load_world("single_checkpoint")
    >>> results = fs.simulate(world, engine="expectation")
    >>> float(results["expected_entered_mass"].sum()) > 0
    True
    """
    checks.require(isinstance(world, World), thing="world", rule="be a World; see load_world", value=world)
    plan = Plan(replications=replications, traffic_years=traffic_years, horizon=horizon, seed=seed, workers=workers)
    several = [policies] if isinstance(policies, str | Policy) else list(policies)
    chosen = [load_policy(item) if isinstance(item, str) else item for item in several]
    asked: dict[str, Any] = {
        "engine": engine,
        "plan": plan,
        "inflow": inflow,
        "draws": draws,
        "calibration": calibration,
    }
    request = _run_request(world, chosen, **asked, posterior=posterior)
    return simulated_alone(request, chosen, progress=progress)


def _run_request(
    world: World,
    policies: Sequence[Policy],
    *,
    engine: str,
    plan: Plan,
    inflow: float | None,
    draws: int | None,
    calibration: str | None,
    posterior: xr.Dataset | None,
) -> Request:
    """Request of a run; the parameters are those of `simulate`."""
    found = _calibration(calibration or CALIBRATION, folder=world.identity.folder)
    check_draws(draws, calibration=found.name, most=MOST_DRAWS if found.numbers == "posterior" else 1)
    asked_for = {
        **{"world": world.name, "typed": list(world.identity.typed), "policies": [item.name for item in policies]},
        **{"inflow": inflow, "engine": engine, "draws": draws, "calibration": found.name},
        **asdict(plan),
    }
    return assemble(
        world if inflow is None else with_inflow(world, inflow),
        study="run",
        policies=tuple(policies),
        engine=engine,
        plan=plan,
        calibration=found,
        asked=calibration is not None or draws not in (None, 1),
        draws=draws,
        posterior=posterior,
        replaced=() if inflow is None else (FLOW,),
        attributes=provenance_attrs.provenance(title=world.title, seed=plan.seed, configuration=asked_for),
        warning=True,
        out=Path(),
        command="flowsim.simulate",
    )


def compare(
    world: World,
    *,
    policies: Sequence[str] | None = None,
    draws: int = 200,
    replications: int = 20,
    sets: int = 20,
    traffic_years: float = Plan.traffic_years,
    horizon: float = Plan.horizon,
    seed: int = Plan.seed,
    calibration: str = CALIBRATION,
    workers: int | None = None,
    out: str | Path | None = None,
) -> xr.Dataset:
    """Compare policies with the baseline, paired by draw and common random numbers, like `study=compare`.

    Parameters
    ----------
    world
        World from `load_world`.
    policies
        Names, as `caricc` or `customs_union+caricc` for two together; by default every policy compatible with the
        world.
    draws
        Draws of the posterior, or of the intervals of the assumed numbers for a world without a posterior [1].
    replications
        Years of consignments of each draw [1].
    sets
        Most sets of values of the assumed levers, each with honest traffic of its own [1].
    traffic_years, horizon, seed, calibration
        As in `simulate`.
    workers
        Number of worker processes; by default one for each core.
    out
        Folder for the store, for resumption; by default a temporary one.

    Returns
    -------
    Dataset
        Levels and changes, heroin alone: of consignments by (policy, draw), of honest traffic by (policy, set); see
        `comparison.dataset.labelled`. The 90 % credible interval of an effect is
        `ds.seized_mass_change.quantile([0.05, 0.95], "draw")`.

    Raises
    ------
    ValueError
        If a policy is unknown or does not fit, the draws cannot be divided, or the world was changed in Python.
    RuntimeError
        If a job fails.
    """
    from flowsim.comparison.dataset import labelled
    from flowsim.studies.compare import results_of

    named = [] if policies is None else [f"policies=[{','.join(policies)}]"]
    amounts = {"draws": draws, "replications": replications, "study.sets": sets, "seed": seed, "horizon": horizon}
    amounts |= {"traffic_years": traffic_years}
    typed = ["study=compare", *_chosen(calibration), *named, *_typed(amounts), *_workers(workers)]
    with TemporaryDirectory() as scratch:
        request = _request(world, [*typed, f"out={_quoted(out or Path(scratch) / 'comparison')}"])
        request.out.mkdir(parents=True, exist_ok=True)
        found = labelled(results_of(request)[1].posterior)
    return found.assign_attrs(request.attributes, command="flowsim.compare")


def calibrate(
    world: World,
    *,
    chains: int = 4,
    steps: int = 1500,
    draws: int = 150,
    seed: int = Plan.seed,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Posterior of a world given the reported seizures, as from `study=calibrate`.

    Parameters
    ----------
    world
        World from `load_world`.
    chains
        Independent chains [1].
    steps
        Steps of each chain, after a burn-in of a third as many [1].
    draws
        Draws of each chain with solved worlds [1].
    seed
        Seed of all random numbers.
    workers
        Number of worker processes; by default one for each core.
    progress
        Callback of progress.

    Returns
    -------
    Dataset
        Posterior, dims (chain, draw), as from `load_posterior`.

    Raises
    ------
    ValueError
        If nothing is reported for the world, or it was changed in Python.
    """
    from flowsim.studies.calibrate import fit

    amounts = {"study.chains": chains, "study.steps": steps, "study.draws": draws, "seed": seed}
    typed = ["study=calibrate", *_typed(amounts), *_workers(workers)]
    return fit(_request(world, typed), progress=progress).dataset.assign_attrs(command="flowsim.calibrate")


def _request(world: World, typed: Sequence[str]) -> Request:
    """Request of the command with these arguments, for a world unchanged since `load_world`.

    Raises
    ------
    ValueError
        If the world was not loaded, or was changed since.
    """
    own = world.identity
    rule = "be as load_world gave it, without changes by hand"
    checks.require(bool(own.choice), thing="world", rule=rule, value=f"the world {world.name!r}, made in Python")
    arguments = [f"world={own.choice}", *own.typed, *typed]
    composed = compose_config(arguments, config_dir=Path(own.folder) if own.folder else None)
    given = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    request = request_of(given, hydra=composed.hydra, command="flowsim", typed=arguments)
    checks.require(request.world == world, thing="world", rule=rule, value=f"another world {world.name!r}")
    return request


def _typed(amounts: Mapping[str, float]) -> list[str]:
    return [f"{key}={value}" for key, value in amounts.items()]


def _chosen(calibration: str) -> list[str]:
    return [] if calibration == CALIBRATION else [f"calibration={calibration}"]


def _workers(count: int | None) -> list[str]:
    return [] if count is None else [f"workers={count}"]


def _quoted(path: str | Path) -> str:
    """Path as a value for Hydra's parser."""
    escaped = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _calibration(name: str, *, folder: str) -> Calibration:
    """Calibration by name, from the user's folder, or cached from the package."""
    return _read(name, folder) if folder else _packaged(name)


def _read(name: str, folder: str) -> Calibration:
    composed = compose_config([f"calibration={name}"], config_dir=Path(folder) if folder else None)
    return build_calibration(composed, folders=folders_of(composed.hydra))


@lru_cache(maxsize=8)
def _packaged(name: str) -> Calibration:
    return _read(name, "")


def load_posterior(path: str | Path | None = None, *, reading: str = DEFAULT) -> xr.Dataset:
    """Posterior packaged for Kazakhstan, or read from a file.

    Parameters
    ----------
    path
        A file from `study=calibrate`, or its folder; by default the packaged one.
    reading
        Reading of the sources behind the packaged posterior; one that changes no table has that of the default.

    Returns
    -------
    Dataset
        Parameters, derived quantities, and the numbers of the world of each draw, dims (chain, draw).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no posterior, or there is none for the reading.

    Examples
    --------
    >>> from flowsim.api import load_posterior
    >>> posterior = load_posterior()
    >>> posterior["interdiction_rate"].dims
    ('chain', 'draw')
    """
    if path is not None:
        return draws_of.open_posterior(path)
    known = {file.stem.partition("-")[2] or DEFAULT: file for file in PACKAGED.glob("kazakhstan_2010*.nc")}
    if reading not in known and reading in options("reading", folders=[conf_dir()]):
        (found,) = readings_of_world(compose_config([f"reading={reading}"]))
        reading = reading if found.changes_worlds else DEFAULT
    checks.known(reading, sorted(known), thing="reading of a posterior that comes with flowsim")
    return draws_of.open_posterior(known[reading])
