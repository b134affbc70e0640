"""User files beside those of flowsim: a file replaces another of its name, or both are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from flowsim import checks
from flowsim.config.options import conf_dir, groups
from flowsim.config.yaml_files import shown

PRIMARY = "config"
"""Name of the file that gives every key its default."""

UNCHANGED = "policy/baseline"
"""The policy that changes nothing, with which all others are compared."""

HYDRA = "hydra"
"""Group of which Hydra has files of its own, which come before all others."""


def own_folders(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Folders of a configuration other than flowsim's own, in order.

    Parameters
    ----------
    folders
        Folders of the configuration.
    """
    return tuple(folder for folder in folders if folder.resolve() != conf_dir().resolve())


def owner(option: str, *, folders: Sequence[Path]) -> Path | None:
    """User's own file of an option; None if it is flowsim's.

    Parameters
    ----------
    option
        Group and name, as `world/mine`.
    folders
        Folders of the configuration, in order of precedence.
    """
    found = next((folder for folder in folders if (folder / f"{option}.yaml").is_file()), None)
    return found / f"{option}.yaml" if found is not None and own_folders([found]) else None


def either(
    own: Sequence[Path], packaged: Path | None, *, key: str, option: str, folders: Sequence[Path]
) -> Path | None:
    """The file or folder named by an option: the user's own, or flowsim's; None if there is neither.

    A user's option names the user's own first. If flowsim's option names a file both have, the two would be mixed.

    Parameters
    ----------
    own
        Existing files of this name of the user's own, in order.
    packaged
        Flowsim's file of this name, if it exists.
    key
        Key of the name.
    option
        Group and name of the option with this key, such as `world/mine`.
    folders
        Folders of the configuration.

    Raises
    ------
    ValueError
        If flowsim's option names a file that exists twice; the message has both paths.
    """
    if not own or packaged is None or own[0].resolve() == packaged.resolve():
        return own[0] if own else packaged
    if owner(option, folders=folders) is None:
        rule = (
            f"name what exists once, as {option}.yaml is flowsim's own; rename yours, or name it in a file of yours, "
            f"{shown(own_folders(folders)[0] / option)}.yaml"
        )
        raise ValueError(f"{key} must {rule}, got {shown(own[0])} and {packaged}")
    return own[0]


def check_folder(folder: Path) -> None:
    """Refuse a user's folder with a file of a reserved name.

    Parameters
    ----------
    folder
        Folder of `--config-dir`.

    Raises
    ------
    ValueError
        If it has a primary file, a baseline or a file of Hydra's own; the message has both paths.
    """
    if folder.resolve() == conf_dir().resolve():
        return
    rules = {
        PRIMARY: f"stand in one folder; keys of yours belong in a file {shown(folder)}/experiment/<name>.yaml",
        UNCHANGED: "stand in one folder, as it changes nothing and every other policy is compared with it",
    }
    for name, rule in rules.items():
        own, packaged = folder / f"{name}.yaml", conf_dir() / f"{name}.yaml"
        if own.exists():
            raise ValueError(f"{name}.yaml must {rule}, got {shown(own)} and {packaged}")
    hydra = Path(str(files("hydra"))) / "conf"
    for own in sorted((folder / HYDRA).rglob("*.yaml")):
        place = own.relative_to(folder)
        other = hydra / "__init__.py" if place == Path(HYDRA, "config.yaml") else hydra / place
        if other.is_file():
            raise ValueError(f"{place} must have another name than Hydra's own, got {shown(own)} and {other}")


def check_mixed(hydra: Any, *, folders: Sequence[Path]) -> None:
    """Refuse a chosen file of flowsim built on a file with a duplicate name.

    Parameters
    ----------
    hydra
        The `hydra` node of a configuration.
    folders
        Folders of the configuration.

    Raises
    ------
    ValueError
        If there is one; the message has both paths.
    """
    if not own_folders(folders):
        return
    for group, chosen in hydra.runtime.choices.items():
        place = str(group).partition("@")[0]
        for name in [chosen] if isinstance(chosen, str) else chosen or []:
            if owner(f"{place}/{name}", folders=folders) is None:
                _check_bases(f"{place}/{name}", folders=folders)


def _check_bases(option: str, *, folders: Sequence[Path]) -> None:
    for base in _bases(option, folders=[conf_dir()]):
        own = owner(base, folders=folders)
        if own is not None:
            rule = f"exist once, as flowsim's {option}.yaml builds on it; give yours another name"
            raise ValueError(f"{base}.yaml must {rule}, got {shown(own)} and {conf_dir() / base}.yaml")
        _check_bases(base, folders=folders)


def _bases(option: str, *, folders: Sequence[Path]) -> Iterator[str]:
    """Options of the same group in the defaults of a file."""
    file = next((folder / f"{option}.yaml" for folder in folders if (folder / f"{option}.yaml").is_file()), None)
    node = _read(file) if file is not None else {}
    listed = node.get("defaults")
    for name in listed if isinstance(listed, list) else ():
        if isinstance(name, str) and name != "_self_":
            yield f"{option.rpartition('/')[0]}/{name}"


def _read(file: Path) -> dict[Any, Any]:
    """Keys of a file; none if it cannot be read (reported on use)."""
    try:
        node = yaml.safe_load(file.read_bytes())
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return node if isinstance(node, dict) else {}


def check_keys(node: Mapping[str, Any], *, group: str) -> None:
    """Refuse a file of a group with keys missing from, or unknown to, flowsim's own file of the same name.

    Parameters
    ----------
    node
        The group in a configuration, with the name of an option of flowsim.
    group
        Name of the group.

    Raises
    ------
    ValueError
        If a key is missing or unknown.
    """
    file = conf_dir() / group / f"{node.get('name')}.yaml"
    whole = _read(file)
    inner = whole.get(group)  # where the file is for the top of the configuration
    keys = {
        str(key): value for key, value in (inner if isinstance(inner, dict) else whole).items() if key != "defaults"
    }
    for key, value in keys.items():
        given = key in node or key == "title" or value is None
        checks.require(given, thing=f"{group}.{key}", rule=f"be given, as in {file}", value=None)
    for key in node if keys else ():
        checks.known(str(key), [*keys, "title"], thing=f"the key of {group}")


def check_circle(folder: Path | None) -> None:
    """Refuse user files with circular defaults.

    Parameters
    ----------
    folder
        Folder of `--config-dir`, if there is one.

    Raises
    ------
    ValueError
        If the defaults of a file lead back to it.
    """
    if folder is None:
        return
    for own in sorted(file for group in groups() for file in (folder / group).glob("*.yaml")):
        ways = [[str(own.relative_to(folder).with_suffix(""))]]
        while ways:
            way = ways.pop()
            if way[-1] in way[:-1]:
                rule = "not lead back to the file itself; what builds on a file of flowsim has another name"
                shown_way = " <- ".join(f"{name}.yaml" for name in way)
                raise ValueError(f"the defaults of a file must {rule}, got {shown_way}")
            ways += [[*way, base] for base in _bases(way[-1], folders=[folder, conf_dir()])]
