"""From the configuration to the folders that a world is made of: its tables, its overlays and those of readings."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from omegaconf import DictConfig, ListConfig, OmegaConf

from flowsim import checks, readings
from flowsim.config.options import conf_dir
from flowsim.config.schema import build
from flowsim.readings import Reading


def world_folders(config: DictConfig, *, folders: Sequence[Path] = ()) -> tuple[Path, tuple[Path, ...]]:
    """Folder of the tables of a world, and those of the overlays of the world and of its readings, in order.

    Parameters
    ----------
    config
        Composed configuration.
    folders
        Configuration folders, in which tables may lie beside a world's file and overlays beside that of a world
        or a reading; those of the package follow.

    Raises
    ------
    ValueError
        If there is no such folder, or a reading is about other worlds.
    """
    node = config.world
    named = _named(config)
    tables = _folder(str(node.tables), folders=folders, group="world", own="worlds", key="world.tables")
    overlays = [_folder(name, folders=folders, group="world", own="overlays", key="world.overlays") for name in named]
    for reading in build_readings(config):
        overlay = reading.overlay([str(node.tables), *named], world=str(node.name))
        if overlay is not None:
            key = f"reading.{reading.name}.overlays"
            overlays.append(_folder(overlay, folders=folders, group="reading", own="overlays", key=key))
    return tables, tuple(overlays)


def _named(config: DictConfig) -> list[str]:
    """Overlays that the file of a world names."""
    named = config.world.get("overlays")
    if named is None:
        return []
    rule = "be a list of folders with tables"
    checks.require(isinstance(named, ListConfig), thing="world.overlays", rule=rule, value=named)
    return [str(name) for name in named]


def readings_of_world(config: DictConfig) -> tuple[Reading, ...]:
    """Those readings of a configuration that say anything of its world, in order; there may be none.

    Raises
    ------
    ValueError
        If a reading or the list of overlays is refused.
    """
    layers = [str(config.world.tables), *_named(config)]
    return tuple(reading for reading in build_readings(config) if reading.is_about(layers))


def _folder(name: str, *, folders: Sequence[Path], group: str, own: str, key: str) -> Path:
    packaged = Path(str(files("flowsim"))) / "data" / own
    tried = [*(folder / group / name for folder in folders), packaged / name]
    for folder in tried:
        if any(folder.glob("*.csv")):
            return folder
    known = sorted(folder.name for folder in packaged.iterdir() if folder.is_dir())
    rule = f"be one of {', '.join(known)} or a folder with tables, relative to the {group}'s file"
    raise ValueError(f"{key} must {rule}, got {name!r}{checks.nearest(name, known)}")


def build_readings(config: DictConfig) -> tuple[Reading, ...]:
    """Readings of a configuration in the order in which they are laid over a world.

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
