"""Reports for a calibration with two populations, read from the node `populations` of a calibration's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flowsim import checks
from flowsim.calibration.population_evidence import AbroadRequest, Entries, PopulationEvidence, SinglesRequest

NODE = "calibration.populations"
"""Name of the node."""

KEYS = ("reported", "entries", "exits", "abroad", "harvests", "singles")
"""Keys of the node."""

OPTIONAL = ("exits", "abroad", "harvests")
"""Keys that may be left out."""


def read(node: Mapping[str, Any], *, table: Path, harvests: Path | None) -> PopulationEvidence:
    """Reports for a calibration with two populations.

    Parameters
    ----------
    node
        The node.
    table
        Table of reported seizures that it names.
    harvests
        Table of areas under poppy that it names; None if it names none.

    Raises
    ------
    ValueError
        If a key is missing or unknown, or a value of the wrong type.
    """
    _keys(node, NODE, known=KEYS, optional=OPTIONAL)
    singles, where = _mapping(node["singles"], f"{NODE}.singles"), f"{NODE}.singles"
    _keys(singles, where, known=("country", "counted", "sized", "held_out"), optional=("counted", "held_out"))
    own = {key: _years(singles.get(key, ()), f"{where}.{key}") for key in ("counted", "sized", "held_out")}
    return PopulationEvidence(
        reported=table,
        entries=Entries(
            origins=_lists(node["entries"], f"{NODE}.entries"),
            sectors=_lists(node["exits"], f"{NODE}.exits") if node.get("exits") else {},
        ),
        singles=SinglesRequest(country=_text(singles["country"], f"{where}.country"), **own),
        abroad=_abroad(node["abroad"]) if node.get("abroad") else None,
        harvests=harvests,
    )


def _abroad(given: object) -> AbroadRequest:
    where = f"{NODE}.abroad"
    node = _mapping(given, where)
    _keys(node, where, known=("country", "regions", "fitted", "held_out"), optional=("held_out",))
    return AbroadRequest(
        country=_text(node["country"], f"{where}.country"),
        regions=_lists(node["regions"], f"{where}.regions"),
        fitted=_years(node["fitted"], f"{where}.fitted"),
        held_out=_years(node.get("held_out", ()), f"{where}.held_out"),
    )


def _keys(node: Mapping[str, Any], where: str, *, known: Sequence[str], optional: Sequence[str]) -> None:
    for key in node:
        checks.known(str(key), known, thing=f"a key of {where}")
    for key in known:
        if key not in optional:
            checks.require(node.get(key) is not None, thing=f"{where}.{key}", rule="be given", value="nothing")


def _mapping(given: object, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} must be keys with values, got {given!r}")
    return given


def _lists(given: object, where: str) -> dict[str, tuple[str, ...]]:
    """Names by key."""
    found = {}
    for key, names in _mapping(given, where).items():
        several = isinstance(names, Sequence) and not isinstance(names, str)
        checks.require(several and len(names) > 0, thing=f"{where}.{key}", rule="be a list of names", value=names)
        found[str(key)] = tuple(_text(name, f"{where}.{key}") for name in names)
    return found


def _text(given: object, where: str) -> str:
    holds = isinstance(given, str) and bool(given.strip())
    checks.require(holds, thing=where, rule="be a name", value=given)
    return str(given)


def _years(given: object, where: str) -> tuple[int, ...]:
    """Calendar years of a list."""
    several = isinstance(given, Sequence) and not isinstance(given, str)
    checks.require(several, thing=where, rule="be a list of calendar years", value=given)
    assert isinstance(given, Sequence)
    for year in given:
        whole = isinstance(year, int) and not isinstance(year, bool) and 1900 <= year <= 2100
        checks.require(whole, thing=where, rule="be a list of calendar years", value=year)
    return tuple(given)
