"""Numbers of a page with their intervals: in tables and as main numbers."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim.report.wording import Text

NOTHING = Text("", "")
"""No text."""


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """A number of a table."""

    value: float
    """The number, by which the table is sorted; NaN if it is missing."""

    shown: Text
    """The number in print."""

    span: Text = NOTHING
    """Its interval in print; empty if it has none."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A main number."""

    number: Text
    """The number with its unit."""

    span: Text
    """Its interval, or a word on its kind."""

    says: Text
    """What it is."""
