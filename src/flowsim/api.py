"""The Python interface: names of worlds and policies go in, a `World` or a `Dataset` comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import xarray as xr

from flowsim import checks, config, effects, policy, refusals, stamp
from flowsim.options import options
from flowsim.policy import Policy
from flowsim.simulate import Plan, Progress, with_inflow
from flowsim.simulate import simulate as simulate_policies
from flowsim.world import World


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
    dataset = simulate_policies(asked, policies=chosen, engine=engine, plan=plan, progress=progress)
    names = [item.name for item in chosen]
    asked_for = {"world": world.name, "policies": names, "inflow": inflow, "engine": engine} | asdict(plan)
    dataset.attrs.update(stamp.provenance(title=world.title, seed=seed, configuration=asked_for))
    return dataset
