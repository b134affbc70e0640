"""The Python interface: names of worlds and policies go in, a `World` or a `Dataset` comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import xarray as xr

from flowsim import checks, config, effects, policy, refusals, stamp
from flowsim.calibration import posterior as draws
from flowsim.calibration_files import PACKAGED
from flowsim.intervals import SetNumbers
from flowsim.options import options
from flowsim.policy import Policy
from flowsim.readings import DEFAULT
from flowsim.simulate import Plan, Progress, with_inflow
from flowsim.simulate import simulate as simulate_policies
from flowsim.world import World

FLOW = "parameters:inflow"
"""Name of the number that a flow that is asked for takes the place of."""


def load_world(name: str | Path = "kazakhstan_2010", *, overrides: Sequence[str] = ()) -> World:
    """World of a configuration file, validated.

    Parameters
    ----------
    name
        Name of a world that comes with flowsim, or path of a file `<folder>/world/<name>.yaml` of one's own.
    overrides
        Changes as on the command line, such as `inspection.effort.south=0.2` or `inflow=60`.

    Raises
    ------
    ValueError
        If there is no such world, if it does not hold together, or if a change has no effect on a world.

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
        known = options("world", folders=[config.conf_dir()])
        is_name = str(name) in known or not (path.is_dir() or len(path.parts) > 1)
        checks.require(is_name, thing="a world", rule=rule, value=str(name))
    effects.check(refusals.top_keys_of(overrides), study="load_world")
    composed = config.compose([f"world={path.stem}", *overrides], config_dir=folder)
    with config.naming_files(composed.hydra, typed=overrides):
        config.check_year(composed, hydra=composed.hydra)
        return config.build_world(composed, folders=config.folders_of(composed.hydra))


def load_policy(name: str) -> Policy:
    """Policy of a configuration file, or several joined with a plus that apply in that order.

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
    composed = config.compose([f"policy=[{','.join(name.split('+'))}]"])
    return policy.compose(config.build_policies(composed))


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
    workers: int = Plan.workers,
    progress: Progress | None = None,
    posterior: xr.Dataset | None = None,
) -> xr.Dataset:
    """Simulate a world under one policy or several that share all random numbers.

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
    workers
        Processes that share the work; the results do not depend on them.
    progress
        Called with the name of a step, how much of it is done and how much there is in all.
    posterior
        Posterior of the world, as from `load_posterior`: replication r takes its draw r, the chains in turn, and has
        the coordinates `chain` and `draw`; the closed form takes its middle. By default the world's own numbers.

    Returns
    -------
    Dataset
        Results, dims (policy, replication, drug, ...) or (policy, checkpoint); see `docs/results.md`.

    Raises
    ------
    ValueError
        If a name does not exist or a number is out of its range.

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
    asked = world if inflow is None else with_inflow(world, inflow)
    worlds, coords = _worlds_of(posterior, asked, count=1 if engine == "expectation" else replications)
    if inflow is not None:
        worlds = [SetNumbers(values=tuple(pair for pair in w.values if pair[0] != FLOW)) for w in worlds]
    dataset = simulate_policies(asked, policies=chosen, engine=engine, plan=plan, progress=progress, worlds=worlds)
    dataset = dataset if engine == "expectation" else dataset.assign_coords(coords)
    names = [item.name for item in chosen]
    asked_for = {"world": world.name, "policies": names, "inflow": inflow, "engine": engine} | asdict(plan)
    dataset.attrs.update(stamp.provenance(title=world.title, seed=seed, configuration=asked_for))
    return dataset


def _worlds_of(posterior: xr.Dataset | None, world: World, *, count: int) -> tuple[list[SetNumbers], dict[str, Any]]:
    """Changes that make the worlds of the first draws, and the coordinates of these."""
    if posterior is None:
        return [], {}
    known = posterior.attrs.get("world")
    rule = f"be the posterior of the world ({world.name})"
    checks.require(known == world.name, thing="posterior", rule=rule, value=known)
    if count == 1:
        return [draws.point_change(posterior)], {}
    pairs = draws.spread(posterior, count)
    changes = [draws.world_change(posterior, chain=chain, draw=draw) for chain, draw in pairs]
    chain, draw = ([pair[k] for pair in pairs] for k in range(2))
    return changes, {"chain": ("replication", chain), "draw": ("replication", draw)}


def load_posterior(path: str | Path | None = None, *, reading: str = DEFAULT) -> xr.Dataset:
    """Posterior of the world of Kazakhstan that comes with flowsim, or one of one's own.

    Parameters
    ----------
    path
        A file that `study=calibrate` wrote, or its folder; by default the one that comes with flowsim.
    reading
        Reading under which the one that comes with flowsim was calibrated.

    Returns
    -------
    Dataset
        Parameters, what follows from them, and the numbers of the world of each draw, dims (chain, draw).

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
        return draws.open_posterior(path)
    suffix = "" if reading == DEFAULT else f"-{reading}"
    known = sorted(file.stem.partition("-")[2] or DEFAULT for file in PACKAGED.glob("kazakhstan_2010*.nc"))
    checks.known(reading, known, thing="reading of a posterior that comes with flowsim")
    return draws.open_posterior(PACKAGED / f"kazakhstan_2010{suffix}.nc")
