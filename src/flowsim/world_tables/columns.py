"""Specification of a column of a table: form, unit, words and range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flowsim import checks, units
from flowsim.checks import Rule
from flowsim.csv_tables import Row

FORMS: Mapping[str, str] = {
    "text": "text",
    "name": "a name of lower-case letters, digits and hyphens",
    "names": "names separated by semicolons",
    "word": "one of the words",
    "words": "some of the words, separated by semicolons",
    "number": "a number with a decimal point",
    "whole": "a whole number",
    "date": "a date, YYYY-MM-DD",
    "day": "a day of the year, MM-DD",
    "years": "a year or a span of years, YYYY or YYYY-YYYY",
}
"""Forms of a cell and their meanings."""

COMMON_YEAR = 2010
"""A year of 365 days, for the calendar of a day of the year."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    """Name in the header."""

    form: str
    """One of the keys of `FORMS`."""

    meaning: str
    """Meaning, in one line."""

    unit: str = ""
    """Unit of a number."""

    rule: Rule | None = None
    """Range of a number."""

    words: tuple[str, ...] = ()
    """Allowed words."""

    table: str = ""
    """Table with the allowed names in its first column."""

    optional: bool = False
    """Whether a cell may be empty."""

    may_be_absent: bool = False
    """Whether a file may omit the column; it then counts as empty."""

    def read(self, row: Row) -> Any:
        """Value of a cell in the units of the model; None for a number that is not given."""
        if self.form in ("names", "words"):
            return row.words(self.name)
        if self.optional and not row.cells[self.name]:
            return None if self.form in ("number", "whole") else ""
        if self.form == "whole":
            return row.whole(self.name)
        if self.form == "number":
            number = row.number(self.name)
            return units.hours(number) if self.unit == "min" else number
        return row.text(self.name)

    def check(self, row: Row) -> None:
        """Refuse a cell not of the column's form.

        Raises
        ------
        ValueError
            If the cell is empty, of another form, out of its range or no allowed word.
        """
        text = row.text(self.name, default="" if self.optional else None)
        where = row.where(self.name)
        if not text:
            return
        if self.form in ("number", "whole"):
            number = row.whole(self.name) if self.form == "whole" else row.number(self.name)
            if self.rule is not None and not self.rule.holds(number):
                raise ValueError(f"{where} must {self.rule.text}, got {text!r}")
        elif self.form in ("name", "names"):
            for part in text.split(";") if self.form == "names" else [text]:
                if not checks.SLUG.fullmatch(part.strip()):
                    raise ValueError(f"{where} must {checks.SLUG_RULE}, got {part.strip()!r}")
        elif self.form in ("word", "words"):
            for part in text.split(";") if self.form == "words" else [text]:
                checks.known(part.strip(), self.words, thing=where)
        elif self.form == "date":
            _check_date(text, where=where)
        elif self.form == "day":
            _check_day(text, where=where)
        elif self.form == "years" and not re.fullmatch(r"[12][0-9]{3}(-[12][0-9]{3})?", text):
            raise ValueError(f"{where} must be a year or a span of years, got {text!r}")


def _check_date(text: str, *, where: str) -> None:
    try:
        holds = date.fromisoformat(text).isoformat() == text
    except ValueError:
        holds = False
    if not holds:
        raise ValueError(f"{where} must be an ISO date (YYYY-MM-DD), got {text!r}")


def _check_day(text: str, *, where: str) -> None:
    try:
        holds = date.fromisoformat(f"{COMMON_YEAR}-{text}").isoformat() == f"{COMMON_YEAR}-{text}"
    except ValueError:
        holds = False
    if not holds:
        raise ValueError(f"{where} must be a day of a year of 365 days (MM-DD), got {text!r}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a world."""

    meaning: str
    """Meaning of a row, in one line."""

    columns: tuple[Column, ...]
    """Its columns, in order, without those of `SOURCED`."""

    key: tuple[str, ...]
    """Columns identifying a row."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Column behind each field of its object that has another name."""

    may_be_empty: bool = False
    """Whether it may have no rows."""

    may_be_absent: bool = False
    """Whether its file may be missing; the table then has no rows."""
