"""References of the configuration to reported figures, `${reported:KEY}`, in the unit of the referring key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, Node, OmegaConf

from flowsim import checks
from flowsim.evidence import load_figures, reported
from flowsim.world_tables.overlays import converted
from flowsim.world_tables.provenance import INFLOW_UNIT, UNITS

REFERENCE = re.compile(r"\$\{reported:\s*(?P<key>[^}\s]*)\s*\}")
"""A reference as it is written."""


def unit_of(place: str) -> str | None:
    """Unit of the number at a place of the configuration, or None if it cannot hold a reported figure.

    Parameters
    ----------
    place
        Place of the number, such as `inspection.effort.south` or `policy.wide.changes[0].factor`.
    """
    match re.split(r"[.\[\]]+", place):
        case ["inflow"]:
            return INFLOW_UNIT
        case ["inspection", "sources", name, *_, "low" | "high"] | ["inspection", name, *_]:
            return UNITS.get(name)
        case ["policy", _, "changes", _, "factor" | "share"]:
            return "1"
    return None


def known(key: str, *, thing: str) -> None:
    """Refuse an unknown key of a figure; `.low` or `.high` for an end of its range may follow.

    Raises
    ------
    ValueError
        If there is none; the message gives the nearest, as a list of all would fill pages.
    """
    name, figures = key.partition(".")[0], load_figures()
    if name not in figures:
        rule = "name a reported figure (study=evidence lists them)"
        raise ValueError(f"{thing} must {rule}, got {key!r}{checks.nearest(name, figures)}")


def look_up(key: str, *, _node_: Node) -> float:
    """Reported number for a reference in the configuration, in the unit of the referring key.

    Parameters
    ----------
    key
        Identifier of the figure; with `.low` or `.high` behind it an end of its range.
    _node_
        The reference, as passed by OmegaConf.

    Raises
    ------
    ValueError
        If there is no such figure, if its unit differs, or if the key cannot hold a reported figure.
    """
    text, place = str(key), _node_._get_full_key(None)
    known(text, thing=place)
    if place.startswith("hydra."):  # a copy of the command
        return reported(text)
    unit = _own_unit(_node_, place) or unit_of(place)
    rule = "hold no reported figure, as inflow, numbers of inspection and of policies may"
    checks.require(unit is not None, thing=place, rule=rule, value=f"${{reported:{text}}}")
    return converted(text, unit=unit, thing=place)


def _own_unit(node: Node, place: str) -> str | None:
    """Unit given for a parameter of a policy itself, or None for any other number."""
    match re.split(r"[.\[\]]+", place):
        case ["policy", _, "parameters", _, "value" | "low" | "high"]:
            parent: Any = node._get_parent()
            return str(parent.get("unit", "1"))
    return None


def of(config: DictConfig) -> dict[str, str]:
    """Keys of the reported figures in a configuration, by the place of each reference."""
    return dict(_found(OmegaConf.to_container(config, resolve=False), place=""))


def _found(node: Any, *, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _found(value, place=f"{place}.{name}".lstrip("."))
    elif isinstance(node, str) and (match := REFERENCE.fullmatch(node)):
        yield place, match["key"]


OmegaConf.register_new_resolver("reported", look_up, replace=True)
