"""Identity of a posterior's world, and its comparison with another world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from flowsim.world.world import World
from flowsim.world_tables import provenance
from flowsim.world_tables.readings import NONE

if TYPE_CHECKING:  # xarray takes a second to import, and naming a world does not need it
    import xarray as xr

IDENTIFYING = ("world", "year", "reading", "tables", "inspection")
"""Attributes of a posterior that identify its world."""


def identifying(world: World) -> dict[str, str]:
    """Attributes that identify a posterior's world: name, year, reading, digest of tables, assumed inspection as JSON.

    Parameters
    ----------
    world
        Calibrated world.
    """
    return {
        "world": world.name,
        "year": str(world.year),
        "reading": world.identity.reading or NONE,
        "tables": world.identity.tables,
        "inspection": json.dumps(dict(_leaves(world.detection))),
    }


def _leaves(owner: Any, path: str = "") -> Iterator[tuple[str, object]]:
    """Fields of a dataclass and its nested dataclasses, by dotted name."""
    for field in fields(owner):
        value = getattr(owner, field.name)
        if is_dataclass(value):
            yield from _leaves(value, f"{path}{field.name}.")
        else:
            yield f"{path}{field.name}", float(value) if provenance.is_number(value) else value


def difference(dataset: xr.Dataset, world: World, *, typed: tuple[str, ...] = ()) -> tuple[str, str] | None:
    """First mismatch of a world with a posterior's: value of the world and of the posterior; None if they match.

    Parameters
    ----------
    dataset
        Posterior.
    world
        World.
    typed
        Numbers set by the user, exempt from the comparison.
    """
    own, other = identifying(world), {name: str(dataset.attrs[name]) for name in IDENTIFYING}
    for name in ("world", "year"):
        if own[name] != other[name]:
            return f"{name}={own[name]}", f"{name}={other[name]}"
    if own["tables"] != other["tables"]:
        if own["reading"] != other["reading"]:
            return f"reading={own['reading']}", f"reading={other['reading']}"
        return "the same tables", f"tables with another digest ({other['tables']}, not {own['tables']})"
    mine, theirs = json.loads(own["inspection"]), json.loads(other["inspection"])
    for key in dict.fromkeys((*mine, *theirs)):
        if mine.get(key) != theirs.get(key) and not is_in(f"inspection:{key}", typed):
            return f"inspection.{key}={mine.get(key)}", f"inspection.{key}={theirs.get(key)}"
    return None


def is_in(name: str, typed: tuple[str, ...]) -> bool:
    """Whether a number was set by the user, by itself or through a parent key.

    Parameters
    ----------
    name
        Name of the number, as in `assumed.SetNumbers`.
    typed
        Names set by the user.
    """
    return any(name == word or name.startswith(f"{word}.") for word in typed)
