"""Reader of the YAML files of a configuration; every error names file, line, rule and value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from flowsim import checks
from flowsim.config import references

PACKAGED = ("policy", "reading")
"""Groups with several files per run; each file must name the package of its keys in its first line."""

MOST_BYTES = 25_000
"""Most bytes of a file, which take up to half a second to read; the largest of flowsim's own has below 15,000 [1]."""

MOST_DEEP = 200
"""Most brackets within one another [1]."""

MOST_VALUES = 100_000
"""Most keys and values of a file, aliases written out; the largest of flowsim's own has below a thousand [1]."""

_RULES = (
    (r"found duplicate key", "have each key once"),
    (r"found character '\\t'", "be indented with spaces and not with tabs"),
    (r"while parsing a flow", "close its bracket, with commas between what is in it"),
    (r"while scanning a quoted scalar", "close its quotation mark"),
    (
        r"mapping values are not allowed",
        "have quotation marks around a text with a colon in it, and keys of one level at one indentation",
    ),
    (r"could not find expected ':'|while parsing a block mapping", "have a colon and a space behind each key"),
)
"""What PyYAML says, as a pattern, and the rule that is broken."""

_STARTS = ("while parsing a flow", "while scanning a quoted scalar")
"""Mistakes that are found far behind the line on which what is left open begins."""


class Broken(ValueError):
    """An unreadable file of the configuration."""


def read(path: Path) -> tuple[str, DictConfig]:
    """Text of a file in UTF-8, with its keys and values.

    Parameters
    ----------
    path
        File in the folder of its group, as `world/mine.yaml`.

    Raises
    ------
    Broken
        If it is no file, not UTF-8 or not YAML, if its top holds something else than keys with values, if it refers
        to a figure that does not exist, or if its name or its first line is not what its group asks for.
    """
    text = _decoded(path)
    _check_digits(path, text)
    _check_depth(path, text)
    try:
        data = _parsed(text)
    except yaml.YAMLError as error:
        raise _unreadable(path, text, error) from None
    except RecursionError:
        raise Broken(f"{shown(path)} must be nested less deeply, got brackets or aliases without end") from None
    size = _size(data)
    if size > MOST_VALUES:
        rule = f"hold at most {MOST_VALUES:,} keys and values with its aliases written out"
        raise Broken(f"{shown(path)} must {rule}, got {size:,}")
    if not isinstance(data, dict | None):
        kind = "a list" if isinstance(data, list) else f"the text {str(data)[:60]!r}"
        raise Broken(f"{shown(path)} must hold keys with values at its top, got {kind}")
    _check_first_line(path, text)
    _check_references(path, text)
    if path.parent.name == "world" and data and data.get("name", path.stem) != path.stem:
        where = _at(path, _line_of(text, r"name\s*:"))
        raise Broken(f"{where}: name must be that of the file ({path.stem}), got {data['name']!r}")
    try:
        return text, OmegaConf.create(data or {})
    except (OmegaConfBaseException, RecursionError) as error:
        raise _not_taken(path, text, data, error) from None


def _check_depth(path: Path, text: str) -> None:
    """Refuse brackets within brackets beyond measure, for which a parser takes the square of their number."""
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > MOST_DEEP:
            raise Broken(f"{shown(path)} must be nested less deeply, got more than {MOST_DEEP} brackets within another")


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    """What a text holds, which nobody changes: reading the same files takes a third of the time of composing them."""
    return yaml.load(text, Loader=get_yaml_loader())


def _size(data: Any) -> int:
    """Keys and values with aliases written out; counted once for each alias, or a few lines would take for ever."""
    known: dict[int, int] = {}

    def size(value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        if id(value) not in known:
            known[id(value)] = 1  # of one that holds itself, which is refused elsewhere
            parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
            known[id(value)] = 1 + sum(size(part) for part in parts)
        return known[id(value)]

    return size(data)


def shown(path: Path) -> str:
    """Path for a message: relative to the working folder if the file lies below it."""
    given, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(given, here) if given.startswith(here + os.sep) else given


def _at(path: Path, line: int) -> str:
    return f"{shown(path)} line {line}"


def _line(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line - 1].rstrip()[:60] if line <= len(lines) else ""


def _line_of(text: str, pattern: str) -> int:
    found = re.search(rf"^{pattern}", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _decoded(path: Path) -> str:
    if not path.is_file():
        raise Broken(f"{shown(path)} must be a file, got {'a folder' if path.is_dir() else 'none'}")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            rule = f"have at most {MOST_BYTES:,} bytes, as what is longer belongs into a table"
            raise Broken(f"{shown(path)} must {rule}, got {size:,}")
        data = path.read_bytes()
    except OSError as error:
        raise Broken(f"{shown(path)} must be a file that can be read, got {error.strerror}") from None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        where = _at(path, data.count(b"\n", 0, error.start) + 1)
        byte = f"byte 0x{data[error.start]:02x} of another encoding (byte {error.start + 1} of the file)"
        raise Broken(f"{where} must be UTF-8, got {byte}") from None


def _unreadable(path: Path, text: str, error: yaml.YAMLError) -> Broken:
    """Error for a text not in YAML."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Broken(f"{_at(path, line)} must hold no control characters, got {chr(error.character)!r}")
    context, problem = str(getattr(error, "context", "")), str(getattr(error, "problem", error))
    start, mark = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    if start is not None and context.startswith(_STARTS):
        mark = start
    line = mark.line + 1 if mark is not None else 1
    said = f"{problem}; {context}"
    rule = next((rule for pattern, rule in _RULES if re.search(pattern, said)), f"be YAML ({problem})")
    return Broken(f"{_at(path, line)} must {rule}, got {_line(text, line)!r}")


def _check_first_line(path: Path, text: str) -> None:
    group = path.parent.name
    package = re.match(r"# *@package +(\S+)", text)
    named = package.group(1) if package else ""
    if group in PACKAGED and named not in (f"{group}.{path.stem}", "_global_"):
        rule = f"begin with the line '# @package {group}.{path.stem}'"
        raise Broken(f"{shown(path)} must {rule}, got {_line(text, 1)!r}")


def _check_digits(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            checks.digits(line, thing=_at(path, number))
        except ValueError as error:
            raise Broken(str(error)) from None


def _check_references(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        for found in references.REFERENCE.finditer(re.sub(r"(^|\s)#.*", "", line)):
            try:
                references.known(found["key"], thing=_at(path, number))
            except ValueError as error:
                raise Broken(str(error)) from None


def _not_taken(path: Path, text: str, data: Any, error: Exception) -> Broken:
    """Error for YAML beyond text, numbers, lists and mappings, or with a broken reference."""
    if isinstance(error, RecursionError):
        return Broken(f"{shown(path)} must be nested less deeply, got a value that holds itself")
    for value in _texts(data):
        try:
            OmegaConf.create({"value": value})
        except OmegaConfBaseException:
            line = _line_of(text, rf".*{re.escape(value.splitlines()[0])}")
            return Broken(f"{_at(path, line)} must close its reference, as in ${{name}}, got {value[:60]!r}")
    return Broken(f"{shown(path)} must hold text, numbers, lists and mappings, got {str(error).splitlines()[0]}")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _texts(part)
    elif isinstance(node, str) and "${" in node:
        yield node
