"""From the Hydra configuration to worlds, policies and plans."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobRuntime, setup_globals
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig

from flowsim import checks, provenance, references, refusals, studies, world_tables, world_years, yaml_files
from flowsim.inspection_files import Inspection, Origin
from flowsim.layers import build_readings, readings_of_world, world_folders
from flowsim.options import conf_dir, options, top_keys
from flowsim.policies.kinds import CHANGES
from flowsim.policy import BASELINE, Policy
from flowsim.policy_files import PolicyFile, policy_of
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
    "check_year",
    "compose",
    "conf_dir",
    "engine_of",
    "folders_of",
    "naming_files",
    "number",
    "readings_of_world",
    "world_folders",
    "world_numbers",
]

MOST_DRAWS = 10_000
"""Most draws of a posterior that a run can take [1]."""

OWN_SWEEPER = "hydra_plugins.flowsim.StoreSweeper"
"""The sweeper that checks each composition itself before it uses it."""


class _Files(FileConfigSource):
    """Folder of YAML files, which are refused in our own words."""

    def is_config(self, config_path: str) -> bool:
        """Whether there is such a file; a folder of that name is refused, as Hydra would call it unknown."""
        return self._file(config_path).exists()

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a file."""
        text, tree = yaml_files.read(self._file(config_path))
        header = self._get_header_dict(text[:512])
        return ConfigResult(config=tree, path=f"file://{self.path}", provider=self.provider, header=header)

    def _file(self, config_path: str) -> Path:
        return Path(self.path).resolve() / self._normalize_file_name(config_path)


_Files.__name__ = FileConfigSource.__name__  # what Hydra compares when a process of a launcher registers its own again

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
    Plugins.instance()  # registers Hydra's own reader of files, which ours replaces
    SourcesRegistry.instance().types["file"] = _Files
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
    except yaml_files.Broken:
        raise
    except Exception as error:
        refusals.diagnose(parsed, loader=loader, config_name=config_name)
        raise ValueError(_in_folder(refusals.plain(error), folders=[*filter(None, [config_dir]), conf_dir()])) from None
    refusals.check_targets(config)
    if (multirun or config.hydra.mode == RunMode.MULTIRUN) and config.hydra.sweeper._target_ != OWN_SWEEPER:
        refusals.check_jobs(config, typed=overrides, loader=loader, config_name=config_name)
    if multirun:
        refusals.diagnose(parsed, loader=loader, config_name=config_name)
        for name in refusals.swept(parsed, loader=loader):
            loader.repository.load_config(name)
    elif config.hydra.mode != RunMode.MULTIRUN:
        refusals.check_single(parsed)
    return config


def _in_folder(message: str, *, folders: Sequence[Path]) -> str:
    """Message that begins with a file of a group, with the folder of that file before it."""
    name = message.partition(": ")[0]
    file = next((folder / name for folder in folders if name.endswith(".yaml") and (folder / name).is_file()), None)
    return message if file is None else f"{yaml_files.shown(file)}{message.removeprefix(name)}"


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
    checks.refuse(list(_world_gaps(node)), thing="world")
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
    inflow = number(config, "inflow", unit=provenance.INFLOW_UNIT)
    if inflow is None:
        return world
    from flowsim.simulate import with_inflow  # imports xarray, which takes a second

    return with_inflow(world, inflow)


def _world_gaps(node: DictConfig) -> Iterator[str]:
    """Messages for all that is wrong with the keys of a world's file."""
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
    """Refuse another year than that of the world's file if the tables know nothing of it or the title names the other.

    Parameters
    ----------
    config
        Composed configuration.
    hydra
        Its `hydra` node.

    Raises
    ------
    ValueError
        As of `world_years.check`.
    """
    folders, node = folders_of(hydra), config.world
    files = [folder / "world" / f"{hydra.runtime.choices.get('world')}.yaml" for folder in folders]
    own = next((yaml_files.read(file)[1].get("year") for file in files if file.is_file()), None)
    if type(own) is int and type(node.get("year")) is int and node.year != own:  # else the world itself is refused
        tables, overlays = world_folders(config, folders=folders)
        world_years.check(node.year, own=own, title=str(node.title), tables=tables, overlays=overlays)


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
    inflow = number(config, "inflow", unit=provenance.INFLOW_UNIT)
    places = references.of(config)
    found = provenance.of_tables(rows, world=world, inflow=inflow, reported=places.get("inflow"))
    reported = {place.removeprefix("inspection."): key for place, key in places.items()}
    return found + provenance.of_detection(
        inspection.detection, sources=inspection.sources, typed=typed, reported=reported
    )


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
    return tuple(policy_of(str(name), node) for name, node in config.policy.items())


def every_policy(folders: Sequence[Path] = ()) -> tuple[Policy, ...]:
    """Every policy that can be chosen, the baseline first, then by name.

    Parameters
    ----------
    folders
        Configuration folders, the first of which wins; those of the package follow.

    Raises
    ------
    ValueError
        If a file is refused.
    """
    every = [*folders, conf_dir()]
    names = sorted(options("policy", folders=every), key=lambda name: (name != BASELINE.name, name))
    own = [folder for folder in folders if folder != conf_dir()]
    composed = compose([f"policy=[{','.join(names)}]"], config_dir=own[0] if own else None)
    return build_policies(composed)


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

    draws, numbers = config.draws, str(config.calibration.get("numbers"))
    most = MOST_DRAWS if numbers == "posterior" or str(config.study.get("name")) in studies.DRAWS else 1
    rule = f"be null or a whole number from 1 to {most} with calibration={config.calibration.name}"
    holds = draws is None or (type(draws) is int and 1 <= draws <= most)
    checks.require(holds, thing="draws", rule=rule, value=draws)
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


@contextmanager
def naming_files(hydra: Any, *, typed: Sequence[str] = ()) -> Iterator[None]:
    """Put the file that a refused key stands in before the message, unless the key was typed.

    Parameters
    ----------
    hydra
        The `hydra` node of the configuration.
    typed
        Arguments of the command.

    Raises
    ------
    ValueError
        What was raised within, with the file.
    """
    try:
        yield
    except ValueError as error:
        file = _file_of(str(error), hydra=hydra, typed=typed)
        if file is None:
            raise
        raise type(error)(f"{yaml_files.shown(file)}: {error}") from None


def _file_of(message: str, *, hydra: Any, typed: Sequence[str]) -> Path | None:
    """File behind the key at the beginning of a message, if there is one."""
    found = re.match(r"(the key of )?(?P<key>(?P<group>world|inspection|policy|reading)(\.[\w.]+)?)[: ]", message)
    if found is None or ("." in found["key"] and any(word.startswith(f"{found['key']}=") for word in typed)):
        return None
    group, rest = found["group"], found["key"].split(".")[1:]
    name = rest[0] if group in yaml_files.PACKAGED and rest else hydra.runtime.choices.get(group)
    files = [folder / group / f"{name}.yaml" for folder in folders_of(hydra)]
    return next((file for file in files if file.is_file()), None)


def check_experiment(config: DictConfig) -> None:
    """Refuse the name of an experiment that was set as a value, which composes nothing, and keys that it made up.

    Hydra takes `experiment=name` for a value where no folder `experiment` exists, or a file may set the key. A file
    for the top of the configuration may add keys there.

    Raises
    ------
    ValueError
        If the key holds a name, or a key of the top is unknown.
    """
    for key in config:
        checks.known(str(key), [*(known.name for known in top_keys()), "hydra"], thing="a key of the configuration")
    name = config.experiment
    if name is not None:
        known = options("experiment", folders=[conf_dir()])
        rule = "name a file experiment/<name>.yaml, on the command line or in a list of defaults"
        raise ValueError(f"experiment must {rule}, got {str(name)!r}{checks.nearest(str(name), known)}")
