"""Suggestions behind a refused argument: the likely intention and the words to type."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowsim.config import options
from flowsim.config.yaml_files import shown

MOST = 3
"""Largest number of suggestions."""

LISTS = ("policy", "policies", "reading", "study.words")
"""Keys whose value may be a list."""

OWN = ("world", "policy", "inspection", "reading", "calibration", "experiment")
"""Groups in which users have files of their own."""

ELSEWHERE: Mapping[str, str] = {"help": "--help", "version": "--version", "list": "study=policies"}
"""Words of other programs and their equivalents here."""

HELP = "flowsim --help lists what can be typed"

_SPELLING, _LIKE = 0.75, 0.5
"""Lowest similarity of a misspelling, and of a suggestion if there is no better one."""


def of_flag(flag: str, following: Sequence[str], *, keys: Callable[[str], Sequence[str]]) -> str:
    """Hint for an unknown flag with the name of a key.

    Parameters
    ----------
    flag
        Flag as typed, such as `--replications` or `--seed=3`.
    following
        Arguments behind it.
    keys
        Function from a name to candidate keys.
    """
    name, equals, value = flag.lstrip("-").partition("=")
    after = value if equals else next((text for text in following[:1] if not text.startswith("-")), "...")
    found = keys(name.replace("-", "_"))
    return _did_you_mean(f"{key}={after}" for key in found)


def of_word(text: str, following: Sequence[str], *, folders: Sequence[Path]) -> str:
    """Hint for an argument not of the form key=value.

    Parameters
    ----------
    text
        Text as typed.
    following
        Arguments behind it.
    folders
        Folders of configuration.
    """
    key, _, rest = text.partition(" ")
    if text in ELSEWHERE:
        found = [ELSEWHERE[text]]
    elif key in [known.name for known in options.top_keys()]:
        after = rest.strip() or next((word for word in following[:1] if not re.search(r"^-|=", word)), "...")
        found = [f"{key}={after}"]
    else:
        groups = [known.name for known in options.top_keys() if known.is_group or known.name == "experiment"]
        every = {group: options.options(group, folders=folders) for group in ("study", *groups)}
        found = [f"{group}={text}" for group, names in every.items() if text in names]
        if not found:
            names = {f"{group}={name}": name for group, names in every.items() for name in names}
            close = difflib.get_close_matches(text, list(names.values()), n=1, cutoff=_SPELLING)
            found = [typed for typed, name in names.items() if name in close]
    return _did_you_mean(found, end=f" {HELP}") or f"; {HELP}"


def of_key(key: str, value: str, *, keys: Callable[[str], Sequence[str]]) -> str:
    """Hint for an unknown top-level key.

    Parameters
    ----------
    key
        Text as typed.
    value
        Its value as typed.
    keys
        Function from a name to candidate keys.
    """
    return _did_you_mean(f"{found}={value}" for found in keys(key))


def keys_named(name: str, tree: Mapping[str, Any]) -> list[str]:
    """Keys of numbers, texts or lists ending in a name, the shortest first.

    Parameters
    ----------
    name
        Name, as `year` or `effort.south`.
    tree
        Configuration as plain mappings.
    """
    tops = [key for key in tree if key == name]
    found = [
        key
        for key in _leaves(tree, "")
        if key.endswith(f".{name}")
        and not re.match(r"hydra\.|calibration\.|inspection\.sources\.|\w+\.(name|title)$", key)
    ]
    return tops or sorted(found, key=lambda key: (key.count("."), key))[:MOST]


def of_subkey(key: str, *, folders: Sequence[Path]) -> str:
    """Hint for a key of another study.

    Parameters
    ----------
    key
        Key as typed, such as `study.words`.
    folders
        Folders of configuration.
    """
    group, _, name = key.partition(".")
    if group != "study":
        return ""
    own = re.compile(rf"^{re.escape(name)}:", re.MULTILINE)
    files = {path.stem: path for folder in reversed(folders) for path in sorted((folder / group).glob("*.yaml"))}
    found = [stem for stem, path in files.items() if own.search(path.read_text(encoding="utf-8", errors="replace"))]
    return f"; it is a key of study={' and study='.join(found)}" if found and len(found) <= MOST else ""


def of_option(group: str, name: str, *, titles: Mapping[str, str], config_dir: Path | None) -> str:
    """Hint for an unknown option of a group.

    Parameters
    ----------
    group
        Name of the group.
    name
        Text as typed.
    titles
        Titles of the existing options, by name.
    config_dir
        Folder of the user's own options.
    """
    parts = [part.strip() for part in name.split("+")]
    if len(parts) > 1 and group in LISTS and all(part in titles for part in parts):
        return _did_you_mean([f"{group}=[{','.join(parts)}]"])
    slips = difflib.get_close_matches(name, titles, n=1, cutoff=_SPELLING)
    found = slips or (_by_words(name, titles) if group in OWN else [])
    file = _own_file(group, name)
    if not found and file is not None:
        return f"; did you mean the file {file}, with --config-dir={file.parents[1]}?"
    found = found or difflib.get_close_matches(name, titles, n=1, cutoff=_LIKE)
    if found or group not in OWN or name == "null":
        return _did_you_mean(repr(one) for one in found)
    where = f"{'DIR' if config_dir is None else shown(config_dir)}/{group}/{name}.yaml"
    if config_dir is not None:
        return f"; to take a file of your own, write {where}"
    return f"; to take a file of your own, {where}, type --config-dir=DIR"


def of_several(key: str, value: str) -> str:
    """Hint for several values in a single run.

    Parameters
    ----------
    key
        The key.
    value
        Its values as typed.
    """
    together = f"to apply them together, type {key}=[{value}]; " if key in LISTS else ""
    return f"; {together}to sweep them, type flowsim -m {key}={value}"


def _did_you_mean(found: Iterable[str], *, end: str = "") -> str:
    offered = list(dict.fromkeys(found))[:MOST]
    if not offered:
        return ""
    *most, last = offered
    return f"; did you mean {', '.join(most)}{' or ' if most else ''}{last}?{end}"


def _by_words(name: str, titles: Mapping[str, str]) -> list[str]:
    """Options with all typed words in their names and titles, the shortest names first."""
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if len(word) > 2 or word.isdigit()]
    if not words:
        return []
    found = []
    for option, title in titles.items():
        own = re.split(r"[\W_]+", f"{option} {title}".casefold())
        if all(any(one.startswith(word.removesuffix("s")) for one in own) for word in words):
            found.append(option)
    return sorted(found, key=lambda option: (len(option), option))[:MOST]


def _own_file(group: str, name: str) -> Path | None:
    """A user's file of this name below the working folder, if there is one."""
    if not re.fullmatch(r"[\w-]+", name):
        return None
    found = [*Path().glob(f"{group}/{name}.yaml"), *sorted(Path().glob(f"*/{group}/{name}.yaml"))]
    return next((Path("./") / path for path in found), None)


def _leaves(node: Mapping[str, Any], place: str) -> Iterator[str]:
    for key, value in node.items():
        own = f"{place}.{key}".lstrip(".")
        if isinstance(value, Mapping):
            yield from _leaves(value, own)
        else:
            yield own
