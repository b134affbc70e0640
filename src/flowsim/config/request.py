"""From a configuration to what a study needs, and from a job of a sweep to its results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks, provenance, studies, terminal
from flowsim.config import diagnose, options, provenance_attrs, relevant_keys
from flowsim.config.build import (
    build_plan,
    build_policies,
    build_world,
    check_policy,
    engine_of,
    every_policy,
    number,
    world_numbers,
)
from flowsim.config.compose import check_experiment, folders_of, naming_files
from flowsim.config.schema import build
from flowsim.config.world_folders import readings_of_world, world_folders
from flowsim.inspection.detection import Detection
from flowsim.readings import label
from flowsim.sweeps.asked import LATER
from flowsim.sweeps.grid import value
from flowsim.sweeps.settled import settled

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
    text = diagnose.as_typed(diagnose.plain(error), arguments)
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
    check_experiment(given)
    study, folders = str(given.study.get("name")), folders_of(hydra)
    checks.known(study, tuple(studies.WRITES), thing="study.name")
    plan, engine = build_plan(given), engine_of(given)
    option = given.study.get(study)
    variant = f"engine={engine}" if study == "run" else "" if option is None else f"study.{study}={option}"
    relevant_keys.check(diagnose.top_keys_of(typed), study=study, variant=variant)
    named = "" if given.out is None else str(given.out)
    terminal.require_folder_name(named)
    world = world or build_world(given, folders=folders)
    policies = build_policies(given)
    for policy in policies:
        check_policy(policy, world)
    chosen = readings_of_world(given)
    from flowsim.config import posterior as calibrated  # after the checks, because xarray takes a second to import
    from flowsim.studies.request import Request

    numbers = (
        calibrated.choose(given, hydra=hydra, typed=typed, readings=chosen) if study in studies.POSTERIOR else None
    )
    crossed = given.draws is not None
    count = given.draws if crossed else None if engine == "expectation" else plan.replications
    count = studies.DRAWS.get(study, count) if not crossed else count
    origin = {"reading": label(chosen), "calibration": numbers.name if numbers else str(given.calibration.name)}
    stamps = provenance_attrs.provenance(title=world.title, seed=plan.seed, configuration=given) if stamped else {}
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
        numbers=partial(world_numbers, given, world, folders=folders, typed=typed),
        worlds=numbers.worlds(count) if numbers else None,
        crossed=crossed,
        draws=count,
        note=numbers.note if numbers else "",
        posterior=numbers.dataset if numbers else None,
        calibration=calibrated.request_of(given, hydra=hydra, typed=typed, workers=plan.workers)
        if study in studies.CALIBRATES
        else None,
        catalogue=partial(every_policy, folders),
        composition=partial(_composition, given, hydra=hydra, typed=typed),
    )


def _composition(given: DictConfig, *, hydra: Any, typed: Sequence[str]) -> dict[str, Any]:
    """A composition as text, from which other processes can build the same request, and what identifies it."""
    whole: Any = OmegaConf.to_container(settled(given))
    kept = {key: part for key, part in whole.items() if key not in LATER}
    folders = folders_of(hydra)
    tables, overlays = world_folders(given, folders=folders)
    digests = {folder.name: _digest(folder) for folder in (tables, *overlays)}
    return {
        "configuration": OmegaConf.to_yaml(OmegaConf.create(whole)),
        "kept": OmegaConf.to_yaml(OmegaConf.create(kept)) + "".join(f"{name}: {d}\n" for name, d in digests.items()),
        "choices": {str(key): str(name) for key, name in hydra.runtime.choices.items()},
        "folders": [str(folder) for folder in folders],
        "typed": _with_effect(typed),
    }


def stored_request(composition: Mapping[str, Any]) -> Request:
    """Request of a composition that was kept as text.

    Parameters
    ----------
    composition
        As `Request.composition` gives it.
    """
    composed = _parsed(
        composition["configuration"], tuple(composition["choices"].items()), tuple(composition["folders"])
    )
    given = composed.given.copy()
    given.workers = 1
    with naming_files(composed.hydra, typed=composition["typed"]):
        return request_of(given, hydra=composed.hydra, command="", typed=composition["typed"], stamped=False)


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
    folders = folders_of(hydra)
    parts = [_text(given[part]) for part in ("world", "reading", "inspection")]
    world = _base(parts[0], parts[1], parts[2], folders)
    request = request_of(given, hydra=hydra, command=command, typed=_with_effect(typed), world=world)
    tables, overlays = world_folders(given, folders=folders)
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
    from flowsim.results.registry import COMPARED, VARIABLES
    from flowsim.sweeps.template import SEIZURE, Shape

    policy = compose(request.policies)
    found = coordinates(policy.apply(request.world))
    expected = request.engine == "expectation"
    ours = [v for v in VARIABLES if SEIZURE not in v.dims and v.name not in COMPARED]
    names = [v.name for v in ours if v.name.startswith("expected_") == expected]
    labels: dict[str, Any] = {name: own for name, own in found.items() if isinstance(own, list)}
    labels["policy"] = [policy.name]
    if not expected:
        labels["replication"] = list(range(request.plan.replications))
    if request.worlds is not None and request.crossed:
        labels["draw"] = list(range(len(request.worlds.changes)))
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


@lru_cache(maxsize=8)
def _base(world: str, reading: str, inspection: str, folders: tuple[Path, ...]) -> World:
    """World of parts of a configuration, with its own inflow; kept, as many jobs of a process have it in common."""
    parts = {"world": world, "reading": reading, "inspection": inspection}
    given = OmegaConf.create({"inflow": None, **{key: json.loads(text) for key, text in parts.items()}})
    return build_world(given, folders=folders)


def _text(node: DictConfig) -> str:
    return json.dumps(OmegaConf.to_container(node, resolve=True))


def _world(given: DictConfig, *, composed: _Composed, keys: Sequence[str]) -> World:
    """World of a job.

    Parameters
    ----------
    given
        Its configuration.
    composed
        Its composition, of which the world is kept.
    keys
        Keys that the job sets itself.
    """
    tops = {key.partition(".")[0] for key in keys}
    texts = {part: _text(given[part]) if part in tops else composed.texts[part] for part in ("world", "reading")}
    own_sources = any(key.startswith("inspection.sources") for key in keys)
    base = _text(given.inspection) if own_sources else composed.texts["inspection"]
    world = _base(texts["world"], texts["reading"], base, composed.folders)
    if "inspection" in tops and not own_sources:
        rest = OmegaConf.masked_copy(given.inspection, [f.name for f in fields(Detection)])
        world = replace(world, detection=build(Detection, rest, key="inspection"))
    inflow = number(given, "inflow", unit=provenance.INFLOW_UNIT)
    if inflow is None:
        return world
    from flowsim.simulate import with_inflow

    return with_inflow(world, inflow)


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

    composed = _composed(store, store.grid.choice(number, store.plan["composed"]))
    given = composed.given.copy()
    own = {key: text for key, text in store.grid.values(number).items() if key not in store.plan["composed"]}
    for key, text in own.items():
        OmegaConf.update(given, key, value(text), merge=True)
    given = settled(given)
    given.workers = workers
    typed, hydra = _with_effect(store.grid.typed(number)), composed.hydra
    with naming_files(hydra, typed=typed):
        world = _world(given, composed=composed, keys=list(own))
        request = request_of(given, hydra=hydra, command="", typed=typed, world=world, stamped=False)
    return simulated(request, progress=None)


@dataclass(frozen=True)
class _Composed:
    """A composition that jobs share."""

    given: DictConfig
    """The configuration, before a job sets keys of its own."""

    hydra: DictConfig
    """What of its `hydra` node says which files it came from."""

    texts: Mapping[str, str]
    """Parts of it that make the world."""

    folders: tuple[Path, ...]
    """Configuration folders."""


def _composed(store: Store, choice: tuple[str, ...]) -> _Composed:
    """Composition of a job."""
    found = store.plan["compositions"][json.dumps(choice)]
    return _parsed(found["configuration"], tuple(found["choices"].items()), tuple(store.plan["folders"]))


@lru_cache(maxsize=64)
def _parsed(configuration: str, choices: tuple[tuple[str, str], ...], folders: tuple[str, ...]) -> _Composed:
    given = OmegaConf.create(configuration)
    assert isinstance(given, DictConfig)
    OmegaConf.set_struct(given, True)
    sources = [{"schema": "file", "path": folder} for folder in folders]
    hydra = OmegaConf.create({"runtime": {"choices": dict(choices), "config_sources": sources}})
    texts = {part: _text(given[part]) for part in ("world", "reading", "inspection")}
    return _Composed(given, hydra, texts, folders_of(hydra))


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
