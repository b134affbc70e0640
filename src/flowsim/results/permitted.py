"""What a store from a stranger may hold: dims, types, codecs and attributes; anything else is refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowsim import checks

CODECS = ("bytes", "vlen-utf8", "zstd")
"""Codecs written by flowsim; others, such as pickle, can run code when read."""

NUMBERS, LABELS = ("float64",), ("bool", "int64", "float64", "string")
"""Types of variables, and of labels."""

NODE = (
    *("zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs"),
    *("attributes", "dimension_names", "storage_transformers"),
)
"""Entries of the metadata of an array."""

OF_ARRAY = (
    *("units", "long_name", "description", "kind", "coordinates", "standard_name", "axis", "cf_role"),
    *("flag_values", "flag_meanings", "calendar"),
)
"""Attributes of an array; none of them changes its values when it is read."""

OF_STORE = (
    *("Conventions", "title", "version", "commit", "command", "seed", "configuration", "reading", "calibration"),
    "swept",
)
"""Attributes of a store."""

MOST_JOBS, MOST_VALUES = 10**7, 2**31
"""Most jobs of a store, and values of an array in one job [1]."""

MOST_DEEP = "be nested no deeper than flowsim writes it"


def metadata(path: Path, node: str = "") -> dict[str, Any]:
    """Metadata in `zarr.json` of an array or a group.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read.
    """
    file = path / node / "zarr.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{file} must {MOST_DEEP}, got a deeper one") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cut or overwritten"
        raise ValueError(f"{file} must be readable metadata of a sweep, got none ({reason})") from None
    if not isinstance(found, dict) or found.get("zarr_format") != 3:
        raise ValueError(f"{file} must be of zarr format 3, as flowsim writes it, got another")
    return found


def check_array(path: Path, name: str, *, types: Collection[str], swept: Sequence[str] | None = None) -> None:
    """Refuse an array of a store that holds anything but what flowsim writes.

    Parameters
    ----------
    path
        The store.
    name
        Array.
    types
        Types that it may have.
    swept
        Dims of the jobs, of which each has a chunk; None for labels, in one chunk.

    Raises
    ------
    ValueError
        If there is anything else.
    """
    thing, node = str(path / name / "zarr.json"), metadata(path, name)
    _known(node, NODE, thing=thing)
    checks.require(node.get("node_type") == "array", thing=thing, rule="be of an array", value=node.get("node_type"))
    codecs = [codec.get("name") if isinstance(codec, dict) else codec for codec in _listed(node, "codecs", thing=thing)]
    for codec in codecs:
        checks.known(str(codec), CODECS, thing=f"{thing}: codec")
    kind = node.get("data_type")
    checks.known(kind if isinstance(kind, str) else json.dumps(kind), tuple(types), thing=f"{thing}: data_type")
    checks.require(not node.get("storage_transformers"), thing=thing, rule="have no storage transformer", value="one")
    _known(_mapping(node, "attributes", thing=thing), OF_ARRAY, thing=f"{thing}: attribute")
    dims, shape = list(node.get("dimension_names") or ()), _listed(node, "shape", thing=thing)
    rule = "name its dims, and give each a length"
    whole = all(isinstance(dim, str) for dim in dims) and all(type(n) is int and n >= 0 for n in shape)
    checks.require(whole and len(dims) == len(shape), thing=thing, rule=rule, value=(dims, shape))
    outer = len(swept or ())
    checks.require(dims[:outer] == list(swept or ()), thing=thing, rule=f"have dims {swept} first", value=dims)
    jobs, values = math.prod(shape[:outer]), math.prod(shape[outer:])
    rule = f"hold at most {MOST_JOBS:,} jobs of {MOST_VALUES:,} values"
    checks.require(jobs <= MOST_JOBS and values <= MOST_VALUES, thing=thing, rule=rule, value=shape)
    chunks = _mapping(_mapping(node, "chunk_grid", thing=thing), "configuration", thing=thing).get("chunk_shape")
    own = [*[1] * outer, *shape[outer:]]
    checks.require(chunks in (own, [max(1, n) for n in own]), thing=thing, rule="have a chunk a job", value=chunks)


def check_group(path: Path, name: str, *, known: Collection[str]) -> Mapping[str, Any]:
    """Attributes of a group, none of them unknown.

    Parameters
    ----------
    path
        The store.
    name
        Group.
    known
        Attributes that it may have.

    Raises
    ------
    ValueError
        If it has others.
    """
    thing = str(path / name / "zarr.json")
    attributes = _mapping(metadata(path, name), "attributes", thing=thing)
    _known(attributes, known, thing=f"{thing}: attribute")
    return attributes


def names(attributes: Mapping[str, Any], key: str, *, thing: str) -> tuple[str, ...]:
    """Names listed in an attribute, each of one part of a path.

    Parameters
    ----------
    attributes
        Attributes of a group.
    key
        The attribute.
    thing
        The group, for messages.

    Raises
    ------
    ValueError
        If it is no list of names.
    """
    found = _listed(attributes, key, thing=thing)
    plain = all(isinstance(name, str) and name and "/" not in name and name[0] != "." for name in found)
    checks.require(plain, thing=f"{thing}: {key}", rule="be a list of names", value=found)
    return tuple(found)


def _known(given: Mapping[str, Any], known: Collection[str], *, thing: str) -> None:
    for key in given:
        checks.known(str(key), tuple(known), thing=thing)


def _mapping(node: Mapping[str, Any], key: str, *, thing: str) -> Mapping[str, Any]:
    found = node.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"{thing}: {key} must be a mapping, got {checks.shown(found)}")
    return found


def _listed(node: Mapping[str, Any], key: str, *, thing: str) -> list[Any]:
    found = node.get(key)
    if not isinstance(found, list):
        raise ValueError(f"{thing}: {key} must be a list, got {checks.shown(found)}")
    return found
