"""Differences between two worlds, as made by a policy: posts, devices and numbers, old and new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from flowsim.world.bypass import Bypass
from flowsim.world.checkpoint import LaneGroup
from flowsim.world.traffic import Stream
from flowsim.world.world import World

NOTHING = "none"
"""Word for an absent thing."""

_UNSAID = ("kind", "source", "network", "counts")
"""Fields left out of differences."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One number, word or thing not shared by two worlds."""

    thing: str
    """Owner of the difference, kind before name; empty for the world."""

    part: str
    """Part of the owner that differs, after any part that contains it."""

    before: str
    """Old value, or `NOTHING`."""

    after: str
    """New value, or `NOTHING`."""


def differences(before: World, after: World) -> tuple[Difference, ...]:
    """Differences between two worlds, in the order of their fields.

    Parameters
    ----------
    before, after
        The worlds.
    """
    found = []
    for field in fields(World):
        if field.name in _UNSAID or field.name == "devices":
            continue
        old, new = getattr(before, field.name), getattr(after, field.name)
        found += list(_between(old, new, path=() if field.name in ("detection", "traffic") else (_one(field.name),)))
    return tuple(found)


def _between(old: Any, new: Any, *, path: tuple[str, ...]) -> Iterator[Difference]:
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new):
        for field in fields(old):
            if field.name not in _UNSAID:
                mine, other = getattr(old, field.name), getattr(new, field.name)
                several = isinstance(mine, tuple) and any(map(is_dataclass, (*mine, *other)))
                yield from _between(mine, other, path=(*path, _one(field.name) if several else field.name))
    elif isinstance(old, tuple) and isinstance(new, tuple) and all(map(is_dataclass, (*old, *new))):
        yield from _among(_keyed(old), _keyed(new), path=path)
    else:
        yield _difference(path, _shown(old), _shown(new))


def _among(old: Mapping[str, Any], new: Mapping[str, Any], *, path: tuple[str, ...]) -> Iterator[Difference]:
    *head, last = path
    for key in dict.fromkeys((*old, *new)):
        own = (*head, f"{last} {key}")
        if key in old and key in new:
            yield from _between(old[key], new[key], path=own)
        else:
            there = old.get(key, new.get(key))
            shown = (_described(there), NOTHING) if key in old else (NOTHING, _described(there))
            yield _difference(own, *shown)


def _keyed(things: Sequence[Any]) -> dict[str, Any]:
    return {_key(thing, index): thing for index, thing in enumerate(things)}


def _key(thing: Any, index: int) -> str:
    match thing:
        case LaneGroup():
            return f"{thing.direction} {';'.join(thing.classes)}"
        case Bypass():
            return f"{thing.border} {thing.way}"
        case Stream():
            return f"{thing.drug} {thing.origin} {thing.mode}"
    return str(getattr(thing, "name", getattr(thing, "place", index)))


def _described(thing: Any) -> str:
    """Description of a thing added or removed."""
    match thing:
        case _ if hasattr(thing, "devices"):
            tools = ", ".join(_tool(tool) for tool in thing.devices) or "hands of nobody"
            return f"{thing.mode}, {thing.agency}, effort {thing.effort_class}: {tools}"
        case _ if hasattr(thing, "availability"):
            return _tool(thing)
        case _ if hasattr(thing, "factor"):
            return f"{thing.start} to {thing.end}, {', '.join(thing.agencies)} x {thing.factor:g}"
    return "there"


def _tool(tool: Any) -> str:
    return f"{tool.name} ({100 * tool.availability:.3g} % of days)"


def _difference(path: tuple[str, ...], before: str, after: str) -> Difference:
    thing = path[0] if " " in path[0] else ""
    return Difference(thing=thing, part=": ".join(path[1:] if thing else path), before=before, after=after)


def _one(name: str) -> str:
    """Singular word for an element of a field."""
    return {"bypasses": "way round", "groups": "lanes", "checkpoints": "checkpoint"}.get(name, name.removesuffix("s"))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:.5g}"
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or NOTHING
    return NOTHING if value in ("", None) else str(value)
