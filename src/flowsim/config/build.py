"""From the Hydra configuration to worlds, policies and plans."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config import chain_worlds, loader, references, yaml_files
from flowsim.config.compose import compose_config, folders_of
from flowsim.config.inspection_files import Inspection
from flowsim.config.options import conf_dir, options
from flowsim.config.policy_files import policy_of
from flowsim.config.schema import build
from flowsim.config.study import find
from flowsim.config.world_folders import world_folders
from flowsim.policy.policy import BASELINE, Policy
from flowsim.world.world import World
from flowsim.world_tables import provenance, reader, years

if TYPE_CHECKING:
    from flowsim.simulation.simulate import Plan


FLOW = "parameters:inflow"
"""Name of the number that `inflow=` sets."""

OF_WORLD = ("world", "inflow", "reading", "inspection")
"""Keys that make the numbers of a world."""

KEPT = ("inspection", "reading", "inflow")
"""Keys that hold for the worlds of other years too."""

MOST_DRAWS = 10_000
"""Most draws of a posterior that a run can take [1]."""


def build_world(config: DictConfig, *, folders: Sequence[Path] = ()) -> World:
    """Build the world of a configuration, with its inflow.

    Parameters
    ----------
    config
        Composed configuration.
    folders
        Configuration folders, in which tables may lie beside the world's file; those of the package follow.

    Raises
    ------
    ValueError
        If a file or a table is refused.
    """
    node = config.world
    chain_worlds.check_posts(config)
    checks.refuse(list(_world_gaps(node)), thing="world")
    inspection = build(Inspection, config.inspection, key="inspection")
    tables, overlays = world_folders(config, folders=folders)
    world = reader.load(
        tables,
        name=str(node.name),
        title=str(node.title),
        year=node.year,
        detection=inspection.detection,
        overlays=overlays,
    )
    inflow = number(config, "inflow", unit=provenance.INFLOW_UNIT)
    if inflow is None:
        return world
    from flowsim.simulation.simulate import with_inflow  # imports xarray, which takes a second

    return with_inflow(world, inflow)


def identified(world: World, *, hydra: Any, typed: Sequence[str], reading: str) -> World:
    """World with its identity: its files, its reading and the arguments typed for it.

    Parameters
    ----------
    world
        World as built.
    hydra
        The `hydra` node of its configuration.
    typed
        Arguments of the command, or overrides.
    reading
        Label of the readings that apply to it.
    """
    own = [folder for folder in folders_of(hydra) if folder != conf_dir()]
    kept = tuple(word for word in typed if re.split(r"[./@]", key_of(word))[0] in OF_WORLD)
    identity = replace(
        world.identity,
        choice=str(hydra.runtime.choices.world),
        folder=str(own[0]) if own else "",
        typed=kept,
        numbers=tuple(numbers_of(kept)),
        reading=reading,
    )
    return replace(world, identity=identity)


def world_in_year(year: int, name: str, *, hydra: Any, typed: Sequence[str]) -> World:
    """World with the controls of a year.

    Parameters
    ----------
    year
        Calendar year.
    name
        Name of the world to take the tables from; empty for that of the command.
    hydra
        The `hydra` node of the configuration of the command.
    typed
        Arguments of the command.
    """
    kept = [word for word in typed if re.split(r"[./@]", key_of(word))[0] in KEPT]
    folders = folders_of(hydra)
    extra = [folder for folder in folders if folder != conf_dir()]
    chosen = name or str(hydra.runtime.choices.world)
    stamps = tuple(map(loader.stamp, (conf_dir(), *extra)))
    composed = deepcopy(_composed((f"world={chosen}", *kept), extra[0] if extra else None, stamps))
    composed.world.year = year
    return build_world(composed, folders=folders)


@lru_cache(maxsize=8)
def _composed(words: tuple[str, ...], folder: Path | None, stamps: Hashable) -> DictConfig:
    """Composition of a world that several years are made from, as long as the stamps of the files are the same."""
    return compose_config(words, config_dir=folder)


def key_of(word: str) -> str:
    """Key of an argument, without the sign of an addition.

    Parameters
    ----------
    word
        Argument of the form key=value.
    """
    return word.lstrip("+~").partition("=")[0]


def numbers_of(typed: Sequence[str]) -> Iterator[str]:
    """Names of the numbers set by arguments, as in `assumed.SetNumbers`.

    Parameters
    ----------
    typed
        Arguments of the form key=value.
    """
    for key in map(key_of, typed):
        if key == "inflow":
            yield FLOW
        elif key.startswith("inspection."):
            yield key.replace("inspection.", "inspection:", 1)


def set_by_experiment(hydra: Any) -> list[str]:
    """World numbers set by an experiment's file, as arguments; they count as typed.

    Parameters
    ----------
    hydra
        The `hydra` node of the configuration.
    """
    name = hydra.runtime.choices.get("experiment")
    if name is None:
        return []
    files = (folder / "experiment" / f"{name}.yaml" for folder in folders_of(hydra))
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        return []
    tree = OmegaConf.to_container(yaml_files.read(found)[1], resolve=False)
    return [f"{key}={value}" for key, value in _flat(tree) if key == "inflow" or key.startswith("inspection.")]


def _flat(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values of nested mappings by dotted key."""
    if not isinstance(node, dict):
        yield path, node
        return
    for name, value in node.items():
        yield from _flat(value, f"{path}.{name}".lstrip("."))


def _world_gaps(node: DictConfig) -> Iterator[str]:
    """Messages for all errors in the keys of a world's file."""
    for name in node:
        try:
            checks.known(str(name), ("name", "title", "year", "tables", "overlays"), thing="the key of world")
        except ValueError as error:
            yield str(error)
    for name in ("name", "title", "year", "tables"):
        value = node.get(name)
        if value is None:
            yield f"world.{name} must be given, got None"
        elif name == "year":
            if type(value) is not int or not 1900 <= value <= 2100:
                yield f"world.year must be a calendar year from 1900 to 2100, got {value!r}"
        elif not isinstance(value, str) or not value.strip():
            yield f"world.{name} must be text, got {value!r}"
        elif name == "name" and not checks.WORLD_NAME.fullmatch(value):
            yield f"world.name must {checks.WORLD_NAME_RULE}, got {value!r}"


def check_year(config: DictConfig, *, hydra: Any) -> None:
    """Refuse a year other than the file's if the tables do not cover it or the title names the file's year.

    Parameters
    ----------
    config
        Composed configuration.
    hydra
        Its `hydra` node.

    Raises
    ------
    ValueError
        As for `years.check`.
    """
    folders, node = folders_of(hydra), config.world
    files = [folder / "world" / f"{hydra.runtime.choices.get('world')}.yaml" for folder in folders]
    own = next((yaml_files.read(file)[1].get("year") for file in files if file.is_file()), None)
    if type(own) is int and type(node.get("year")) is int and node.year != own:  # else the world itself is refused
        tables, overlays = world_folders(config, folders=folders)
        years.check(node.year, own=own, title=str(node.title), tables=tables, overlays=overlays)


def world_numbers(
    config: DictConfig, world: World, *, folders: Sequence[Path] = (), typed: Sequence[str] = ()
) -> tuple[provenance.Number, ...]:
    """Every number of a world with its kind and its source.

    Parameters
    ----------
    config
        Configuration of the world.
    world
        The world.
    folders
        Configuration folders, as for `build_world`.
    typed
        Arguments of the command.

    Raises
    ------
    ValueError
        If a number has no source.
    """
    tables, overlays = world_folders(config, folders=folders)
    rows = reader.read_tables(tables, overlays=overlays)
    inspection = build(Inspection, config.inspection, key="inspection")
    inflow = number(config, "inflow", unit=provenance.INFLOW_UNIT)
    places = references.of(config)
    found = provenance.of_tables(rows, world=world, inflow=inflow, reported=places.get("inflow"))
    reported = {place.removeprefix("inspection."): key for place, key in places.items()}
    return found + provenance.of_detection(
        inspection.detection, sources=inspection.sources, typed=typed, reported=reported
    )


def number(config: DictConfig, key: str, *, unit: str) -> float | None:
    """Value of a numeric or null top-level key.

    Raises
    ------
    ValueError
        If the value is anything else.
    """
    value = config[key]
    holds = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    checks.require(holds, thing=key, rule=f"be a number [{unit}]", value=value)
    return None if value is None else float(value)


def build_policies(config: DictConfig, *, typed: Sequence[str] = ()) -> tuple[Policy, ...]:
    """Policies of a configuration in their order of application.

    Parameters
    ----------
    config
        Composed configuration.
    typed
        Arguments by which it was composed.

    Raises
    ------
    ValueError
        If a policy file lacks its package line, has an unknown key, or lists a change that is refused.
    """
    keys = [key_of(word) for word in typed]
    return tuple(policy_of(str(name), node, typed=keys) for name, node in config.policy.items())


def every_policy(folders: Sequence[Path] = ()) -> tuple[Policy, ...]:
    """All available policies, the baseline first, then by name.

    Parameters
    ----------
    folders
        Configuration folders, the first of which wins; those of the package follow.

    Raises
    ------
    ValueError
        If a file is refused.
    """
    own = [folder for folder in folders if folder != conf_dir()]
    if not own:
        return _packaged_policies(loader.stamp(conf_dir()))
    return _policies_of([*folders, conf_dir()], own[0])


@lru_cache(maxsize=1)
def _packaged_policies(stamp: Hashable) -> tuple[Policy, ...]:
    """Every policy of flowsim, as long as the stamp of its files is the same."""
    return _policies_of([conf_dir()], None)


def _policies_of(folders: Sequence[Path], own: Path | None) -> tuple[Policy, ...]:
    names = sorted(options("policy", folders=folders), key=lambda name: (name != BASELINE.name, name))
    return build_policies(compose_config([f"policy=[{','.join(names)}]"], config_dir=own))


def check_policy(policy: Policy, world: World) -> None:
    """Refuse a policy incompatible with a world.

    Raises
    ------
    ValueError
        If one of its changes names what the world lacks, or the changed world does not hold together.
    """
    try:
        policy.apply(world)
    except ValueError as error:
        raise ValueError(f"policy.{policy.name} does not fit world={world.name}: {error}") from None


def engine_of(config: DictConfig) -> str:
    """Name of the engine.

    Raises
    ------
    ValueError
        If there is no such engine.
    """
    from flowsim.simulation.simulate import ENGINES

    checks.known(str(config.engine.get("name")), ENGINES, thing="engine.name")
    return str(config.engine.name)


def build_plan(config: DictConfig) -> Plan:
    """Simulation plan; by default one worker per core, at most one per replication.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    from flowsim.simulation.simulate import Plan

    draws, numbers = config.draws, str(config.calibration.get("numbers"))
    most = MOST_DRAWS if numbers == "posterior" or find(str(config.study.get("name"))).draws else 1
    check_draws(draws, calibration=str(config.calibration.name), most=most)
    given: dict[str, Any] = {key: config[key] for key in ("seed", "replications")}
    for key, unit in (("traffic_years", "years"), ("horizon", "h")):
        given[key] = number(config, key, unit=unit)
        checks.require(given[key] is not None, thing=key, rule=f"be a number [{unit}]", value=None)
    plan = Plan(**given, workers=1 if config.workers is None else config.workers)
    if config.workers is None:
        return replace(plan, workers=min(_cores(), plan.replications))
    return plan


def check_draws(draws: object, *, calibration: str, most: int) -> None:
    """Refuse an invalid number of posterior draws.

    Parameters
    ----------
    draws
        Number of draws, or None for one per replication.
    calibration
        Name of the calibration.
    most
        Largest number of draws available from it [1].

    Raises
    ------
    ValueError
        If it is no whole number or too large.
    """
    rule = f"be null or a whole number from 1 to {most} with calibration={calibration}"
    holds = draws is None or (type(draws) is int and 1 <= draws <= most)
    checks.require(holds, thing="draws", rule=rule, value=draws)


def _cores() -> int:
    """Cores available to this process; imported here, because a refused command need not know them."""
    from flowsim.simulation.resources import cores

    return cores()
