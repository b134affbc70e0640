"""Years of a world: range of its tables' dates of controls, and the year in its title."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowsim import checks
from flowsim.world_tables import reader

DATED = ("checkpoints", "campaigns")
"""Tables of rows in force from one date to another."""


def dated(tables: Path, *, overlays: Sequence[Path] = ()) -> tuple[int, ...]:
    """Calendar years of all first and last dates of controls, the earliest first.

    Parameters
    ----------
    tables
        Folder of the tables of a world.
    overlays
        Folders with rows laid over them, in order.

    Raises
    ------
    ValueError
        As for `reader.read_tables`.
    """
    rows = reader.read_tables(tables, overlays=overlays)
    days = (row.cells[column] for name in DATED for row in rows[name] for column in ("from", "to"))
    return tuple(sorted({int(day[:4]) for day in days if day[:4].isdigit()}))


def check(year: int, *, own: int, title: str, tables: Path, overlays: Sequence[Path] = ()) -> None:
    """Refuse a year beyond every date of the tables, and a title with the year of the world's file.

    Controls without dates are in force in all years; a world without dated controls takes any year.

    Parameters
    ----------
    year
        Requested year, in place of the year of the world's file.
    own
        Year of the world's file.
    title
        Title of the world in this year.
    tables, overlays
        As in `dated`.

    Raises
    ------
    ValueError
        If the year lies before the first or after the last known year, or the title does not follow it.
    """
    found = dated(tables, overlays=overlays)
    if found:
        first, last = min(*found, own), max(*found, own)
        rule = f"lie from {first} to {last}, as no control of the tables has a date before or after"
        checks.require(first <= year <= last, thing="world.year", rule=rule, value=year)
    rule = f"follow world.year ({year}), as with ${{world.year}} in place of {own}"
    checks.require(str(own) not in title or str(year) in title, thing="world.title", rule=rule, value=title)
