"""From the configuration to the folders of a world: its tables, its overlays and the overlays of readings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

from omegaconf import DictConfig, ListConfig, OmegaConf

from flowsim import checks
from flowsim.config import own_files
from flowsim.config.options import conf_dir
from flowsim.config.schema import build
from flowsim.world_tables import readings
from flowsim.world_tables.readings import Reading

DATA = Path(str(files("flowsim"))) / "data"
"""Folder of the package's own tables."""


def world_folders(config: DictConfig, *, folders: Sequence[Path] = ()) -> tuple[Path, tuple[Path, ...]]:
    """Folder of the tables of a world, and the folders of its overlays and of its readings' overlays, in order.

    Parameters
    ----------
    config
        Composed configuration.
    folders
        Configuration folders, searched for tables beside a world's file and overlays beside the file of a world or
        a reading; those of the package follow.

    Raises
    ------
    ValueError
        If there is no such folder, or a reading applies to other worlds only.
    """
    tables, *overlays = _of_world(config, folders=folders)
    for reading in build_readings(config):
        layers = _layers(config, reading, folders=folders)
        overlay = reading.overlay(layers, world=str(config.world.name))
        if overlay is not None:
            key, option = f"reading.{reading.name}.overlays", f"reading/{reading.name}"
            overlays.append(_folder(overlay, folders=folders, option=option, own="overlays", key=key))
    return tables, tuple(overlays)


def _of_world(config: DictConfig, *, folders: Sequence[Path]) -> list[Path]:
    """Folders of the tables and overlays named in a world's file."""
    found = partial(_folder, folders=folders, option=f"world/{config.world.name}")
    tables = found(str(config.world.tables), own="worlds", key="world.tables")
    return [tables, *(found(name, own="overlays", key="world.overlays") for name in _named(config))]


def _layers(config: DictConfig, reading: Reading, *, folders: Sequence[Path]) -> list[str]:
    """Names of a world's tables and overlays open to a reading; flowsim's own readings never apply to a user's tables.

    Parameters
    ----------
    config
        Composed configuration.
    reading
        The reading.
    folders
        Configuration folders.
    """
    names = [str(config.world.tables), *_named(config)]
    if own_files.owner(f"reading/{reading.name}", folders=folders) is not None:
        return names
    found = zip(names, _of_world(config, folders=folders), strict=True)
    return [name for name, folder in found if folder.is_relative_to(DATA)]


def _named(config: DictConfig) -> list[str]:
    """Overlays named in a world's file."""
    named = config.world.get("overlays")
    if named is None:
        return []
    rule = "be a list of folders with tables"
    checks.require(isinstance(named, ListConfig), thing="world.overlays", rule=rule, value=named)
    return [str(name) for name in named]


def readings_of_world(config: DictConfig, *, folders: Sequence[Path] = ()) -> tuple[Reading, ...]:
    """Readings of a configuration that apply to its world, in order; there may be none.

    Parameters
    ----------
    config
        Composed configuration.
    folders
        Configuration folders, as for `world_folders`.

    Raises
    ------
    ValueError
        If a reading, the tables or the list of overlays is refused.
    """
    every = build_readings(config)
    return tuple(one for one in every if one.is_about(_layers(config, one, folders=folders)))


def _folder(name: str, *, folders: Sequence[Path], option: str, own: str, key: str) -> Path:
    """Folder of tables named by an option, the user's own or flowsim's."""
    group, packaged = option.partition("/")[0], DATA / own
    mine = [folder / group / name for folder in own_files.own_folders(folders)]
    found = own_files.either(
        [folder for folder in mine if any(folder.glob("*.csv"))],
        packaged / name if any((packaged / name).glob("*.csv")) else None,
        key=key,
        option=option,
        folders=folders,
    )
    if found is not None:
        return found
    known = sorted(folder.name for folder in packaged.iterdir() if folder.is_dir())
    rule = f"be one of {', '.join(known)} or a folder with tables, relative to the {group}'s file"
    raise ValueError(f"{key} must {rule}, got {name!r}{checks.nearest(name, known)}")


def build_readings(config: DictConfig) -> tuple[Reading, ...]:
    """Readings of a configuration in their order of application to a world.

    Raises
    ------
    ValueError
        If there is none, a file is refused, or two are of one kind.
    """
    found = []
    for name, node in config.reading.items():
        rule = f"begin with the line '# @package reading.<name>', as in {conf_dir() / 'reading' / 'posts_absent.yaml'}"
        checks.require(isinstance(node, DictConfig), thing="a reading file", rule=rule, value=f"{name}: {node}")
        found.append(build(Reading, OmegaConf.merge({"name": name}, node), key=f"reading.{name}"))
    checks.require(bool(found), thing="reading", rule="name one reading or several", value=None)
    readings.check(found)
    return tuple(found)
