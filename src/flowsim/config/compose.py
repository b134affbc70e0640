"""Composition of a configuration by Hydra, checked before anything is built from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobRuntime, setup_globals
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config import allowed_classes, diagnose, hints, hydra_node, own_files, yaml_files
from flowsim.config.inspection_files import Inspection
from flowsim.config.loader import Loader
from flowsim.config.options import conf_dir, groups, options, top_keys
from flowsim.config.schema import schema

OWN_SWEEPER = "hydra_plugins.flowsim.StoreSweeper"
"""Flowsim's sweeper, with checks of its own for each composition."""


class _Files(FileConfigSource):
    """Folder of YAML files, with flowsim's own error messages."""

    def is_config(self, config_path: str) -> bool:
        """Whether the file exists; a folder of the same name is refused, as Hydra would report it as unknown."""
        return self._file(config_path).exists()

    def is_group(self, config_path: str) -> bool:
        """Whether the folder is a group of options; other folders, such as results, are not."""
        top = config_path.partition("/")[0]
        return (not top or top in groups()) and super().is_group(config_path)

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a file."""
        text, tree = yaml_files.read(self._file(config_path))
        header = self._get_header_dict(text[:512])
        return ConfigResult(config=tree, path=f"file://{self.path}", provider=self.provider, header=header)

    def _file(self, config_path: str) -> Path:
        return Path(self.path).resolve() / self._normalize_file_name(config_path)


_Files.__name__ = FileConfigSource.__name__  # what Hydra compares when a process of a launcher registers its own again

ConfigStore.instance().store(group="hydra/flowsim", name="inspection", node=schema(Inspection))


def compose_config(
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
        Folder of options with precedence over those of `conf/`.
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
        checks.require(os.path.isdir(config_dir), thing="--config-dir", rule="be a folder", value=str(config_dir))
        own_files.check_folder(config_dir)
        folder = f"file://{config_dir.resolve()}"
        path.prepend(provider="command-line", path=folder, anchor=SearchPathQuery(provider="schema"))
    folders = [*filter(None, [config_dir]), conf_dir()]
    loader = Loader(config_search_path=path)
    parsed = diagnose.parse(overrides, folders=folders)
    diagnose.check_keys(parsed, keys=[key.name for key in top_keys()], named=partial(_keys_named, loader=loader))
    mode = RunMode.MULTIRUN if multirun else RunMode.RUN
    try:
        config = loader.load_configuration(config_name, list(overrides), mode, validate_sweep_overrides=False)
    except yaml_files.Broken:
        raise
    except RecursionError:
        own_files.check_circle(config_dir)
        raise ValueError("the defaults of a file must not lead back to it, got files without end") from None
    except Exception as error:
        diagnose.diagnose(parsed, loader=loader, config_name=config_name)
        raise ValueError(_in_folder(diagnose.plain(error), folders=folders)) from None
    for part in ("sweeper", "launcher"):
        thing, given = f"hydra.{part}._target_", "_target_" in config.hydra[part]
        checks.require(given, thing=thing, rule="be given by the file of its group", value=None)
    allowed_classes.check(config)
    hydra_node.check(config, typed=overrides)
    own_files.check_mixed(config.hydra, folders=folders_of(config.hydra))
    if (multirun or config.hydra.mode == RunMode.MULTIRUN) and config.hydra.sweeper._target_ != OWN_SWEEPER:
        diagnose.check_jobs(config, typed=overrides, loader=loader, config_name=config_name)
    if multirun:
        own_files.check_circle(config_dir)
        diagnose.diagnose(parsed, loader=loader, config_name=config_name)
        for name in diagnose.swept(parsed, loader=loader):
            loader.repository.load_config(name)
    elif config.hydra.mode != RunMode.MULTIRUN:
        diagnose.check_single(parsed)
    return config


def keys_named(name: str) -> list[str]:
    """Keys of the default configuration ending in a name, such as `year`.

    Parameters
    ----------
    name
        Name as it was typed.
    """
    version.setbase("1.3")
    Plugins.instance()
    return _keys_named(name, loader=Loader(config_search_path=create_config_search_path(str(conf_dir()))))


def _keys_named(name: str, *, loader: Loader) -> list[str]:
    tree: Any = OmegaConf.to_container(loader.load_configuration("config", [], RunMode.RUN))
    return hints.keys_named(name, tree)


def _in_folder(message: str, *, folders: Sequence[Path]) -> str:
    """Prefix a message beginning with an option's file with its folder."""
    name = message.partition(": ")[0]
    file = next((folder / name for folder in folders if name.endswith(".yaml") and (folder / name).is_file()), None)
    return message if file is None else f"{yaml_files.shown(file)}{message.removeprefix(name)}"


def folders_of(hydra: Any) -> tuple[Path, ...]:
    """Folders of a composed configuration, in order of precedence.

    Parameters
    ----------
    hydra
        The `hydra` node of the configuration.
    """
    return tuple(Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file")


@contextmanager
def naming_files(hydra: Any, *, typed: Sequence[str] = ()) -> Iterator[None]:
    """Prefix refusals with the file of the refused key, unless the key was typed.

    Parameters
    ----------
    hydra
        The `hydra` node of the configuration.
    typed
        Arguments of the command.

    Raises
    ------
    ValueError
        The error raised within, with the file.
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
    """Refuse an experiment set as a plain value, which composes nothing, and unknown keys added by its file.

    Hydra takes `experiment=name` for a value where no folder `experiment` exists, or a file may set the key. A file
    for the top of the configuration may add keys there.

    Raises
    ------
    ValueError
        If the key holds a name, a key of the top is unknown, or keys of the study or the engine are missing or unknown.
    """
    for key in config:
        checks.known(str(key), [*(known.name for known in top_keys()), "hydra"], thing="a key of the configuration")
    for group in ("study", "engine"):
        own_files.check_keys(config[group], group=group)
    name = config.experiment
    if name is not None:
        known = options("experiment", folders=[conf_dir()])
        rule = "name a file experiment/<name>.yaml, on the command line or in a list of defaults"
        raise ValueError(f"experiment must {rule}, got {str(name)!r}{checks.nearest(str(name), known)}")
