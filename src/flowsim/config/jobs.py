"""Jobs of a sweep: their template before the first, and the results of each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config import options, read_files
from flowsim.config.build import build_world, number
from flowsim.config.builder import request_of, with_effect
from flowsim.config.compose import folders_of, naming_files
from flowsim.config.error_line import message
from flowsim.config.schema import build
from flowsim.config.study import find, names
from flowsim.config.world_folders import world_folders
from flowsim.sweeps.grid import value
from flowsim.sweeps.settled import settled
from flowsim.world.detection import Detection
from flowsim.world_tables import provenance

if TYPE_CHECKING:
    import xarray as xr

    from flowsim.config.request import Request
    from flowsim.sweeps.store import Store
    from flowsim.sweeps.template import Shape
    from flowsim.world.world import World

UNITS: Mapping[str, str] = {"inflow": "t year-1", "horizon": "h", "traffic_years": "year", "seed": "1"}
"""CF units of the numeric keys of a run."""


def stored_request(composition: Mapping[str, Any]) -> Request:
    """Rebuild the request of a composition kept as text.

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


@dataclass(frozen=True)
class Prepared:
    """Template and attributes of the jobs of a sweep with the same composition."""

    shape: Shape
    """Variables and labels of their results."""

    attributes: Mapping[str, str]
    """Provenance of their results."""

    files: Mapping[str, str]
    """Digest of each file behind their results."""


def prepare(given: DictConfig, *, hydra: Any, command: str, typed: Sequence[str]) -> Prepared:
    """Prepare a sweep for a composition before its first job.

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
    if not find(study).swept:
        swept = ", ".join(name for name in names() if find(name).swept)
        rule = f"be one of {swept} in one store; hydra/sweeper=basic does others one after another"
        checks.require(False, thing="study", rule=rule, value=study)
    folders = folders_of(hydra)
    parts = [_text(given[part]) for part in ("world", "reading", "inspection")]
    world = _base(parts[0], parts[1], parts[2], folders)
    request = request_of(given, hydra=hydra, command=command, typed=with_effect(typed), world=world)
    tables, overlays = world_folders(given, folders=folders)
    files = read_files.of_package() | read_files.of_tables((tables, *overlays))
    files |= read_files.of_posterior(request.posterior)
    return Prepared(shape_of(request), dict(request.attributes) | {"command": command}, files)


def shape_of(request: Request) -> Shape:
    """Variables and labels of the results of a run.

    Parameters
    ----------
    request
        Request of the run.
    """
    from flowsim.policy.policy import compose
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


@lru_cache(maxsize=8)
def _base(world: str, reading: str, inspection: str, folders: tuple[Path, ...]) -> World:
    """World of parts of a configuration, with its own inflow; cached for the jobs of a process."""
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
        Its composition; the world of this is cached.
    keys
        Keys set by the job itself.
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
    from flowsim.simulation.simulate import with_inflow

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
        Processes sharing the work of one job.

    Raises
    ------
    ValueError
        If the job is refused.
    """
    from flowsim.config.request import simulated

    composed = _composed(store, store.grid.choice(number, store.plan["composed"]))
    given = composed.given.copy()
    own = {key: text for key, text in store.grid.values(number).items() if key not in store.plan["composed"]}
    for key, text in own.items():
        OmegaConf.update(given, key, value(text), merge=True)
    given = settled(given)
    given.workers = workers
    typed, hydra = with_effect(store.grid.typed(number)), composed.hydra
    with naming_files(hydra, typed=typed):
        world = _world(given, composed=composed, keys=list(own))
        request = request_of(given, hydra=hydra, command="", typed=typed, world=world, stamped=False)
    return simulated(request, progress=None)


@dataclass(frozen=True)
class _Composed:
    """A composition shared by jobs."""

    given: DictConfig
    """The configuration, before a job sets keys of its own."""

    hydra: DictConfig
    """Part of its `hydra` node with the choices and the folders of files."""

    texts: Mapping[str, str]
    """Parts of the configuration behind the world."""

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
        The exception.
    number
        Number of the job.
    store
        The store.
    hint
        How to get the traceback of a bug in the program.
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
