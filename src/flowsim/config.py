"""From the Hydra configuration to worlds, policies and plans."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobRuntime, setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from flowsim import checks, evidence, provenance, refusals, world_tables
from flowsim.inspection.detection import Detection
from flowsim.layers import build_readings, world_folders
from flowsim.options import conf_dir, options, top_keys
from flowsim.policy import AddCheckpoint, Change, CloseCheckpoint, Policy, ScaleLanes
from flowsim.schema import build, schema
from flowsim.world import World

if TYPE_CHECKING:
    from flowsim.simulate import Plan

__all__ = [
    "CHANGES",
    "Inspection",
    "Origin",
    "PolicyFile",
    "build_plan",
    "build_policies",
    "build_readings",
    "build_world",
    "check_experiment",
    "check_policy",
    "compose",
    "conf_dir",
    "engine_of",
    "folders_of",
    "number",
    "world_folders",
    "world_numbers",
]

CHANGES: Mapping[str, type[Change]] = {
    "add_checkpoint": AddCheckpoint,
    "close_checkpoint": CloseCheckpoint,
    "scale_lanes": ScaleLanes,
}
"""Kinds of change that a policy file can list."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a number of the configuration comes from."""

    kind: str
    """Whether the number is reported, calibrated or assumed."""

    low: float
    """Lower end of its interval, in its unit."""

    high: float
    """Upper end of its interval, in its unit."""

    source: str
    """Source and locator, or the reason of a judgement."""

    def __post_init__(self) -> None:
        checks.sourced(self)
        checks.finite(self, "low")
        rule = f"be at least low ({self.low:g})"
        checks.require(self.high >= self.low, thing="Origin.high", rule=rule, value=self.high)


@dataclass(frozen=True, kw_only=True)
class Inspection(Detection):
    """A file of `conf/inspection/`: the fields of `Detection` and where each number comes from."""

    title: str
    """What it is, in one line."""

    sources: Any
    """Mapping from each number, nested as they are, to the fields of `Origin`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_sources(self.detection, self.sources, key="Inspection.sources")

    @property
    def detection(self) -> Detection:
        """The part that the engines know."""
        return Detection(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Detection)})


@dataclass(frozen=True, kw_only=True)
class PolicyFile:
    """A file of `conf/policy/`."""

    title: str
    """What it is, in one line."""

    sources: tuple[str, ...]
    """Documents that describe it."""

    in_force: bool
    """Whether it is in force in the world's year."""

    changes: tuple[Any, ...]
    """Changes, each a mapping with its `kind` and the fields of that kind."""

    def __post_init__(self) -> None:
        checks.require(bool(self.sources), thing="PolicyFile.sources", rule="name a source", value=self.sources)


def _check_sources(owner: Any, sources: Any, *, key: str) -> None:
    rule = "be a mapping from names to origins"
    checks.require(isinstance(sources, Mapping), thing=key, rule=rule, value=sources)
    names = [field.name for field in dataclasses.fields(owner)]
    for name in sources:
        checks.known(str(name), names, thing=f"the key of {key}")
    for name in names:
        value = getattr(owner, name)
        checks.require(name in sources, thing=f"{key}.{name}", rule="say where the number comes from", value=None)
        if is_dataclass(value):
            _check_sources(value, sources[name], key=f"{key}.{name}")
        else:
            build(Origin, OmegaConf.create(sources[name]), key=f"{key}.{name}")


OmegaConf.register_new_resolver("reported", evidence.reported, replace=True)
ConfigStore.instance().store(group="hydra/flowsim", name="inspection", node=schema(Inspection))


def compose(
    overrides: Sequence[str] = (),
    *,
    config_dir: Path | None = None,
    config_name: str = "config",
    multirun: bool = False,
) -> DictConfig:
    """Compose the configuration of a run with its `hydra` node, checked before Hydra builds anything from it.

    Parameters
    ----------
    overrides
        Arguments of the form key=value.
    config_dir
        Folder with options that come before those of `conf/`.
    config_name
        Name of the primary file.
    multirun
        Whether an argument may hold several values.

    Raises
    ------
    ValueError
        If an argument or a file is refused.
    """
    version.setbase("1.3")
    setup_globals()
    JobRuntime.instance().set("name", "flowsim")
    path = create_config_search_path(str(conf_dir()))
    if config_dir is not None:
        checks.require(config_dir.is_dir(), thing="--config-dir", rule="be a folder", value=str(config_dir))
        folder = f"file://{config_dir.resolve()}"
        path.prepend(provider="command-line", path=folder, anchor=SearchPathQuery(provider="schema"))
    parsed = refusals.parse(overrides)
    refusals.check_keys(parsed, keys=[key.name for key in top_keys()])
    loader = ConfigLoaderImpl(config_search_path=path)
    mode = RunMode.MULTIRUN if multirun else RunMode.RUN
    try:
        config = loader.load_configuration(config_name, list(overrides), mode, validate_sweep_overrides=False)
    except Exception as error:
        refusals.diagnose(parsed, loader=loader, config_name=config_name)
        raise ValueError(refusals.plain(error)) from None
    refusals.check_targets(config)
    if multirun:
        refusals.diagnose(parsed, loader=loader, config_name=config_name)
    elif config.hydra.mode != RunMode.MULTIRUN:
        refusals.check_single(parsed)
    return config


def folders_of(hydra: Any) -> tuple[Path, ...]:
    """Folders that a configuration was composed from, the first of which wins.

    Parameters
    ----------
    hydra
        The `hydra` node of the configuration.
    """
    return tuple(Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file")


def build_world(config: DictConfig, *, folders: Sequence[Path] = ()) -> World:
    """World of a configuration, with the inflow that it asks for.

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
    for name in node:
        checks.known(str(name), ("name", "title", "year", "tables", "overlays"), thing="the key of world")
    for name in ("name", "title", "year", "tables"):
        checks.require(node.get(name) is not None, thing=f"world.{name}", rule="be given", value=None)
    for name in ("name", "title", "tables"):
        text = isinstance(node[name], str) and node[name].strip()
        checks.require(bool(text), thing=f"world.{name}", rule="be text", value=node[name])
    whole = type(node.year) is int and 1900 <= node.year <= 2100
    checks.require(whole, thing="world.year", rule="be a calendar year from 1900 to 2100", value=node.year)
    inspection = build(Inspection, config.inspection, key="inspection")
    tables, overlays = world_folders(config, folders=folders)
    world = world_tables.load(
        tables,
        name=str(node.name),
        title=str(node.title),
        year=node.year,
        detection=inspection.detection,
        overlays=overlays,
    )
    inflow = number(config, "inflow", unit="t/year")
    if inflow is None:
        return world
    from flowsim.simulate import with_inflow  # imports xarray, which takes a second

    return with_inflow(world, inflow)


def world_numbers(
    config: DictConfig, world: World, *, folders: Sequence[Path] = (), typed: Sequence[str] = ()
) -> tuple[provenance.Number, ...]:
    """Every number of a world with its kind and its source.

    Parameters
    ----------
    config
        Configuration that the world was built from.
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
    rows = world_tables.read_tables(tables, overlays=overlays)
    inspection = build(Inspection, config.inspection, key="inspection")
    inflow = number(config, "inflow", unit="t/year")
    found = provenance.of_tables(rows, world=world, inflow=inflow)
    return found + provenance.of_detection(inspection.detection, sources=inspection.sources, typed=typed)


def number(config: DictConfig, key: str, *, unit: str) -> float | None:
    """Value of a top-level key that is a number or null.

    Raises
    ------
    ValueError
        If the value is anything else.
    """
    value = config[key]
    holds = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    checks.require(holds, thing=key, rule=f"be a number [{unit}]", value=value)
    return None if value is None else float(value)


def build_policies(config: DictConfig) -> tuple[Policy, ...]:
    """Policies of a configuration in the order in which they apply.

    Raises
    ------
    ValueError
        If a policy file lacks its package line, has an unknown key, or lists a change that is refused.
    """
    policies = []
    for name, node in config.policy.items():
        rule = f"begin with the line '# @package policy.<name>', as in {conf_dir() / 'policy' / 'baseline.yaml'}"
        checks.require(isinstance(node, DictConfig), thing="a policy file", rule=rule, value=f"{name}: {node}")
        read = build(PolicyFile, node, key=f"policy.{name}")
        changes = tuple(
            _change(change, key=f"policy.{name}.changes.{index}") for index, change in enumerate(read.changes)
        )
        policies.append(Policy(name=str(name), title=read.title, changes=changes))
    return tuple(policies)


def check_policy(policy: Policy, world: World) -> None:
    """Refuse a policy that does not fit a world.

    Raises
    ------
    ValueError
        If one of its changes names what the world lacks, or the changed world does not hold together.
    """
    try:
        policy.apply(world)
    except ValueError as error:
        raise ValueError(f"policy.{policy.name} does not fit world={world.name}: {error}") from None


def _change(fields: Any, *, key: str) -> Change:
    rule = "be a mapping with a kind"
    checks.require(isinstance(fields, dict) and "kind" in fields, thing=key, rule=rule, value=fields)
    checks.known(fields["kind"], tuple(CHANGES), thing=f"{key}.kind")
    rest = {name: value for name, value in fields.items() if name != "kind"}
    return build(CHANGES[fields["kind"]], OmegaConf.create(rest), key=key)


def engine_of(config: DictConfig) -> str:
    """Name of the engine.

    Raises
    ------
    ValueError
        If there is no such engine.
    """
    from flowsim.simulate import ENGINES

    checks.known(str(config.engine.get("name")), ENGINES, thing="engine.name")
    return str(config.engine.name)


def build_plan(config: DictConfig) -> Plan:
    """How much is simulated; unless workers are given, one per core and at most one per replication.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    from flowsim.simulate import Plan

    draws = config.draws
    rule = f"be null or 1, because calibration={config.calibration.name} is one point and not a posterior"
    checks.require(draws is None or (type(draws) is int and draws == 1), thing="draws", rule=rule, value=draws)
    given: dict[str, Any] = {key: config[key] for key in ("seed", "replications")}
    for key, unit in (("traffic_years", "years"), ("horizon", "h")):
        given[key] = number(config, key, unit=unit)
        checks.require(given[key] is not None, thing=key, rule=f"be a number [{unit}]", value=None)
    plan = Plan(**given, workers=1 if config.workers is None else config.workers)
    if config.workers is None:
        return dataclasses.replace(plan, workers=min(_cores(), plan.replications))
    return plan


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_experiment(config: DictConfig) -> None:
    """Refuse the name of an experiment that was set as a value, which composes nothing.

    Hydra takes `experiment=name` for a value where no folder `experiment` exists, or a file may set the key.

    Raises
    ------
    ValueError
        If the key holds a name.
    """
    name = config.experiment
    if name is not None:
        known = options("experiment", folders=[conf_dir()])
        rule = "name a file experiment/<name>.yaml, on the command line or in a list of defaults"
        raise ValueError(f"experiment must {rule}, got {str(name)!r}{checks.nearest(str(name), known)}")
