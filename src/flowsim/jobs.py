"""From a configuration to what a study needs, and from a job of a sweep to its results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks, config, effects, options, provenance, refusals, stamp, studies
from flowsim.readings import label
from flowsim.schema import build
from flowsim.sweeps.grid import value

if TYPE_CHECKING:
    import xarray as xr

    from flowsim.studies.request import Request
    from flowsim.sweeps.store import Store
    from flowsim.sweeps.template import Shape
    from flowsim.world import World

UNITS: Mapping[str, str] = {"inflow": "t year-1", "horizon": "h", "traffic_years": "year", "seed": "1"}
"""CF units of the keys of a run that are numbers."""


def message(error: BaseException, arguments: Sequence[str], *, hint: str) -> str:
    """One line, or a few, that says what went wrong in the words of what was typed.

    Parameters
    ----------
    error
        What was raised.
    arguments
        What was typed.
    hint
        What shows where a mistake of the program is.
    """
    text = refusals.as_typed(refusals.plain(error), arguments)
    expected = isinstance(error, ValueError | OSError) or type(error).__module__.startswith(("hydra", "omegaconf"))
    return text if expected else f"a mistake in flowsim: {type(error).__name__}: {text}; {hint}"


def request_of(
    given: DictConfig,
    *,
    hydra: Any,
    command: str,
    typed: Sequence[str],
    world: World | None = None,
    stamped: bool = True,
) -> Request:
    """Build all that a study needs, so that nothing is refused after it has begun.

    Parameters
    ----------
    given
        Composed configuration.
    hydra
        Its `hydra` node.
    command
        The command as typed.
    typed
        Its arguments.
    world
        World of the configuration, if it was built before.
    stamped
        Whether to say of what is written where it comes from.

    Raises
    ------
    ValueError
        If anything of it is refused.
    """
    config.check_experiment(given)
    study, folders = str(given.study.get("name")), config.folders_of(hydra)
    checks.known(study, tuple(studies.WRITES), thing="study.name")
    plan, engine = config.build_plan(given), config.engine_of(given)
    option = given.study.get(study)
    variant = f"engine={engine}" if study == "run" else "" if option is None else f"study.{study}={option}"
    effects.check(refusals.top_keys_of(typed), study=study, variant=variant)
    named = "" if given.out is None else str(given.out)
    checks.require(bool(named.strip()), thing="out", rule="name a folder", value=given.out)
    world = world or config.build_world(given, folders=folders)
    policies = config.build_policies(given)
    for policy in policies:
        config.check_policy(policy, world)
    chosen = config.readings_of_world(given)
    origin = {"reading": label(chosen), "calibration": str(given.calibration.name)}
    stamps = stamp.provenance(title=world.title, seed=plan.seed, configuration=given) if stamped else {}
    from flowsim.studies.request import Request  # after the checks, because figures take a second to import

    return Request(
        world=world,
        policies=policies,
        engine=engine,
        plan=plan,
        out=Path(named),
        attributes=stamps | origin,
        command=command,
        options={str(key): value for key, value in given.study.items()},
        readings=chosen,
        numbers=partial(config.world_numbers, given, world, folders=folders, typed=typed),
    )


def moved(request: Request, name: str) -> Request:
    """Request whose results go into a folder below the one that it named.

    Parameters
    ----------
    request
        What is asked for.
    name
        Name of the folder.
    """
    return replace(request, out=request.out / name)


@dataclass(frozen=True)
class Prepared:
    """What a sweep must know of those of its jobs that share a composition."""

    shape: Shape
    """What their results hold."""

    attributes: Mapping[str, str]
    """Where they come from."""

    tables: Mapping[str, str]
    """Digest of each folder of tables that their world is made of."""


def _with_effect(typed: Sequence[str]) -> list[str]:
    """Arguments of a job without the number of workers, which share the jobs whatever these are."""
    return [word for word in typed if not word.startswith("workers=")]


def prepare(given: DictConfig, *, hydra: Any, command: str, typed: Sequence[str]) -> Prepared:
    """What a sweep must know of a composition before its first job.

    Parameters
    ----------
    given
        Composed configuration.
    hydra
        Its `hydra` node.
    command
        The command as typed.
    typed
        Its arguments.

    Raises
    ------
    ValueError
        If it is refused, or its study has no results for a store.
    """
    study = str(given.study.get("name"))
    rule = f"be one of {', '.join(studies.SWEEPS)} in one store; hydra/sweeper=basic does others one after another"
    checks.require(study in studies.SWEEPS, thing="study", rule=rule, value=study)
    folders = config.folders_of(hydra)
    world = _world(given, inspection=given.inspection, folders=folders)
    request = request_of(given, hydra=hydra, command=command, typed=_with_effect(typed), world=world)
    tables, overlays = config.world_folders(given, folders=folders)
    digests = {folder.name: _digest(folder) for folder in (tables, *overlays)}
    return Prepared(shape_of(request), dict(request.attributes) | {"command": command}, digests)


def shape_of(request: Request) -> Shape:
    """Variables and labels of the results of a run.

    Parameters
    ----------
    request
        What is asked for.
    """
    from flowsim.policy import compose
    from flowsim.results.dataset import coordinates
    from flowsim.results.registry import VARIABLES
    from flowsim.sweeps.template import SEIZURE, Shape

    policy = compose(request.policies)
    found = coordinates(policy.apply(request.world))
    expected = request.engine == "expectation"
    names = [v.name for v in VARIABLES if SEIZURE not in v.dims and v.name.startswith("expected_") == expected]
    labels: dict[str, Any] = {name: own for name, own in found.items() if isinstance(own, list)}
    labels["policy"] = [policy.name]
    if not expected:
        labels["replication"] = list(range(request.plan.replications))
    along = {
        name: (own[0], dict(zip(labels[own[0]], own[1], strict=True)))
        for name, own in found.items()
        if isinstance(own, tuple)
    }
    return Shape(variables=tuple(names), labels=labels, along=along)


def _digest(folder: Path) -> str:
    """Digest of the tables in a folder."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.csv")):
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def _world(given: DictConfig, *, inspection: DictConfig, folders: tuple[Path, ...]) -> World:
    """World of a configuration, of which what other jobs of this process had in common is kept.

    Parameters
    ----------
    given
        Configuration of a job.
    inspection
        How well loads are found in the composition of the job, before it sets keys of its own.
    folders
        Configuration folders.
    """
    world = _base(_text(given.world), _text(given.reading), _text(inspection), folders)
    if given.inspection != inspection:
        found = build(config.Inspection, given.inspection, key="inspection")
        world = replace(world, detection=found.detection)
    inflow = config.number(given, "inflow", unit=provenance.INFLOW_UNIT)
    if inflow is None:
        return world
    from flowsim.simulate import with_inflow

    return with_inflow(world, inflow)


@lru_cache(maxsize=8)
def _base(world: str, reading: str, inspection: str, folders: tuple[Path, ...]) -> World:
    parts = {"world": world, "reading": reading, "inspection": inspection}
    given = OmegaConf.create({"inflow": None, **{key: json.loads(text) for key, text in parts.items()}})
    return config.build_world(given, folders=folders)


def _text(node: DictConfig) -> str:
    return json.dumps(OmegaConf.to_container(node, resolve=True))


def results_of(store: Store, number: int, *, workers: int) -> xr.Dataset:
    """Results of a job of a sweep.

    Parameters
    ----------
    store
        The store, which holds the configuration.
    number
        Number of the job.
    workers
        Processes that share the work of one job.

    Raises
    ------
    ValueError
        If the job is refused.
    """
    from flowsim.studies.request import simulated

    composed, hydra = _composed(store, store.grid.choice(number, store.plan["composed"]))
    given = composed.copy()
    for key, text in store.grid.values(number).items():
        if key not in store.plan["composed"]:
            OmegaConf.update(given, key, value(text), merge=True)
    given.workers = workers
    typed = _with_effect(store.grid.typed(number))
    with config.naming_files(hydra, typed=typed):
        world = _world(given, inspection=composed.inspection, folders=config.folders_of(hydra))
        request = request_of(given, hydra=hydra, command="", typed=typed, world=world, stamped=False)
    return simulated(request, progress=None)


def _composed(store: Store, choice: tuple[str, ...]) -> tuple[DictConfig, DictConfig]:
    """Composition of a job, and of its `hydra` node what says which files it came from."""
    return _parsed(json.dumps(store.plan["compositions"][json.dumps(choice)]), tuple(store.plan["folders"]))


@lru_cache(maxsize=64)
def _parsed(composition: str, folders: tuple[str, ...]) -> tuple[DictConfig, DictConfig]:
    found = json.loads(composition)
    given = OmegaConf.create(found["configuration"])
    OmegaConf.set_struct(given, True)
    sources = [{"schema": "file", "path": folder} for folder in folders]
    hydra = OmegaConf.create({"runtime": {"choices": found["choices"], "config_sources": sources}})
    assert isinstance(given, DictConfig)
    return given, hydra


def explain(error: Exception, number: int, *, store: Store, hint: str) -> str:
    """Message for an error of a job.

    Parameters
    ----------
    error
        What was raised.
    number
        Number of the job.
    store
        The store.
    hint
        What shows where a mistake of the program is.
    """
    return message(error, store.grid.typed(number), hint=hint)


def notes(keys: Sequence[str], *, short: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Meaning and units of the coordinates of swept keys.

    Parameters
    ----------
    keys
        Keys as typed.
    short
        Name of each key in the store.
    """
    meanings = {key.name: key.meaning for key in options.top_keys()}
    found = {}
    for key in keys:
        found[short[key]] = {"long_name": re.split(r" \[|;", meanings.get(key, key))[0]}
        unit = UNITS.get(key)
        if key.startswith("inspection."):
            part = key.removeprefix("inspection.")
            unit = provenance.UNITS.get(part) or provenance.UNITS.get(part.partition(".")[0])
        if unit is not None:
            found[short[key]]["units"] = "year-1" if unit == "1/year" else unit
    return found
