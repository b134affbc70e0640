"""Reported numbers, with period, unit, source and locator, by key."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence.annual_totals import AnnualTotal, load_annual_totals
from flowsim.evidence.folder import FOLDER

FORMS = ("observation", "official-estimate", "plan", "anecdote", "independent", "geography", "publication")
"""Form of a number: the first four are printed in the sources, the others come from outside them."""

COLUMNS = (
    *("key", "quantity", "drug", "place", "agency", "mode", "period_start", "period_end", "value", "low", "high"),
    *("closed", "unit", "form", "reading", "source", "locator", "year_printed"),
)
"""Columns of the table of figures, `note` besides."""

READINGS = ("corrected", "printed")
"""The two readings of the years of the opiate series 1996 to 2006."""

SERIES = "fd16-opiates-series-"
"""Prefix of the keys of the opiate series."""

COUNTRY = "Kazakhstan"
"""Country whose rows of the tables of UNODC are reported figures."""

SERIES_CONTRADICTION = "I-01"
"""Contradiction about the years of the opiate series."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number as printed in a source."""

    key: str
    """Identifier."""

    quantity: str
    """Quantity counted or measured."""

    drug: str = ""
    """Drug in the words of the source, or n/a."""

    place: str = ""
    """Country, region or place of the number."""

    agency: str = ""
    """Agency responsible for the act or the count."""

    mode: str = ""
    """Mode of transport."""

    period_start: date | None = None
    """First day of the period, None if undated."""

    period_end: date | None = None
    """Last day of the period, None if undated."""

    value: float | None
    """The number [unit], None if only a range is printed."""

    low: float | None = None
    """Lower end or "more than" [unit]."""

    high: float | None = None
    """Upper end or "less than" [unit]."""

    closed: bool = False
    """Whether a single printed end belongs to the range: "at least" rather than "more than"."""

    unit: str
    """Unit of the number."""

    form: str
    """One of `FORMS`."""

    reading: str = ""
    """Contradiction and reading of the row, joined by a colon; empty if none."""

    source: str
    """Key of the work, or origin of an outside number."""

    locator: str
    """Section or paragraph of the source, and as Lnn the line of its text, headings and blank lines counted."""

    note: str = ""
    """Caveats for its use."""

    year_printed: int | None = None
    """Year printed beside the number, if not its true year."""

    def __post_init__(self) -> None:
        """Refuse a number without unit, source or locator, or with reversed ends."""
        for name in ("key", "quantity", "unit", "source", "locator"):
            checks.require(
                bool(getattr(self, name)), thing=f"Figure '{self.key}': {name}", rule="not be empty", value=""
            )
        checks.known(self.form, FORMS, thing=f"Figure '{self.key}': form")
        given = [number for number in (self.low, self.value, self.high) if number is not None]
        thing = f"Figure '{self.key}'"
        checks.require(bool(given), thing=thing, rule="have a value, a low or a high", value="none")
        checks.require(given == sorted(given), thing=thing, rule="have low <= value <= high", value=given)
        if self.period_start and self.period_end:
            checks.require(
                self.period_start <= self.period_end,
                thing=f"{thing}: period_end",
                rule=f"not lie before {self.period_start}",
                value=str(self.period_end),
            )

    @property
    def amount(self) -> float:
        """The value, or the midpoint of a printed range [unit].

        Raises
        ------
        ValueError
            If the source gives a single end.
        """
        if self.value is not None:
            return self.value
        if self.low is None or self.high is None:
            raise ValueError(f"Figure '{self.key}' must have a value or both ends of a range, got one end only")
        return (self.low + self.high) / 2

    @property
    def least(self) -> float:
        """Lower end of the range, or the amount if there is none [unit]."""
        return self.amount if self.low is None else self.low

    @property
    def most(self) -> float:
        """Upper end of the range, or the amount if there is none [unit]."""
        return self.amount if self.high is None else self.high


def load_figures(folder: Path | None = None) -> Mapping[str, Figure]:
    """Reported figures by key.

    Parameters
    ----------
    folder
        Folder with `figures.csv`; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken or a key stands twice.
    """
    return _load_own() if folder is None else _load(folder)


def figure(key: str, *, figures: Mapping[str, Figure] | None = None) -> Figure:
    """Reported figure by key.

    Parameters
    ----------
    key
        Identifier.
    figures
        Figures to search; the package's own by default.

    Raises
    ------
    ValueError
        If there is no such key; the message gives the nearest.
    """
    known = load_figures() if figures is None else figures
    checks.known(key, sorted(known), thing="reported figure")
    return known[key]


def reported(key: str, *, figures: Mapping[str, Figure] | None = None) -> float:
    """Reported number by key, in the unit of its figure: the value, or the midpoint of a printed range.

    Parameters
    ----------
    key
        Identifier; with the suffix `.low` or `.high` an end of the range.
    figures
        Figures to search; the package's own by default.

    Raises
    ------
    ValueError
        If there is no such key, or if only one end of a range is printed.
    """
    name, _, end = key.partition(".")
    found = figure(name, figures=figures)
    if not end:
        return found.amount
    checks.known(end, ("low", "high"), thing=f"end of the reported figure '{name}'")
    return found.least if end == "low" else found.most


def opiates(reading: str = "corrected", *, figures: Mapping[str, Figure] | None = None) -> dict[int, float]:
    """Opiates seized in Kazakhstan in each year from 1996 to 2006 [kg].

    Parameters
    ----------
    reading
        "corrected" puts each value in the year implied by the stated totals and means, "printed" in the year printed
        beside it (contradiction I-01).
    figures
        Figures to take the values from; the package's own by default.

    Raises
    ------
    ValueError
        If the reading is unknown.
    """
    checks.known(reading, READINGS, thing="reading of the opiate series")
    known = load_figures() if figures is None else figures
    rows = [known[key] for key in known if key.startswith(SERIES)]
    if reading == "printed":
        years = {row.year_printed: row.amount for row in rows}
    else:
        years = {row.period_start.year if row.period_start else None: row.amount for row in rows}
    return {year: years[year] for year in sorted(year for year in years if year is not None)}


def in_years(reading: str, *, figures: Mapping[str, Figure] | None = None) -> Mapping[str, Figure]:
    """Figures with the opiate series of 1996 to 2006 in the years of a reading, under unchanged keys.

    Parameters
    ----------
    reading
        "corrected" changes nothing, "printed" moves each value to the year printed beside it, with a remark in its
        reading and its note.
    figures
        Figures to move; the package's own by default.

    Raises
    ------
    ValueError
        If the reading is unknown.
    """
    checks.known(reading, READINGS, thing="reading of the opiate series")
    known = load_figures() if figures is None else figures
    if reading == READINGS[0]:
        return known
    moved = dict(known)
    for key, row in known.items():
        if key.startswith(SERIES) and row.year_printed is not None:
            year = row.year_printed
            moved[key] = replace(
                row,
                period_start=date(year, 1, 1),
                period_end=date(year, 12, 31),
                reading=f"{SERIES_CONTRADICTION}:{reading}",
                note=_printed_note(row),
            )
    return MappingProxyType(moved)


def _printed_note(row: Figure) -> str:
    if row.period_start is None or row.period_start.year == row.year_printed:
        return row.note
    year = row.period_start.year
    return f"In the year beside which it is printed; the totals of the texts put it in {year} ({SERIES_CONTRADICTION})."


@functools.cache
def _load_own() -> Mapping[str, Figure]:
    return _load(FOLDER)


def _load(folder: Path) -> Mapping[str, Figure]:
    rows = csv_tables.read(folder / "figures.csv", columns=COLUMNS)
    found = [_figure(row) for row in rows]
    found += [_total(row) for row in load_annual_totals(folder) if row.country == COUNTRY]
    checks.unique((row.key for row in found), thing="figures.csv")
    return MappingProxyType({row.key: row for row in found})


def _total(row: AnnualTotal) -> Figure:
    """Annual total as a reported figure, under a key such as `unodc-heroin-2008`."""
    return Figure(
        key=f"unodc-{row.drug}-{row.year}",
        quantity=f"{row.drug} seized",
        drug=row.drug,
        place=row.country,
        agency="all agencies",
        period_start=date(row.year, 1, 1),
        period_end=date(row.year, 12, 31),
        value=row.kg,
        unit="kg",
        form="observation",
        source=row.source,
        locator=row.locator,
        note="" if row.is_report else "Taken for a year hardly reported, not for its total.",
    )


def _figure(row: Row) -> Figure:
    words = ("key", "quantity", "drug", "place", "agency", "mode", "unit", "form", "reading", "source", "locator")
    start, end = _day(row, "period_start"), _day(row, "period_end")
    return Figure(
        **{word: row.cells[word] for word in words},
        period_start=start,
        period_end=end,
        value=optional(row, "value"),
        low=optional(row, "low"),
        high=optional(row, "high"),
        closed=_closed(row),
        note=row.cells.get("note", ""),
        year_printed=row.whole("year_printed") if row.cells["year_printed"] else None,
    )


def optional(row: Row, column: str) -> float | None:
    """Number in an optional cell."""
    return row.number(column) if row.cells[column] else None


def _closed(row: Row) -> bool:
    checks.known(row.cells["closed"], ("", "yes"), thing=row.where("closed"))
    return row.cells["closed"] == "yes"


def _day(row: Row, column: str) -> date | None:
    text = row.cells[column]
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(
            f"{row.table} line {row.line}, column '{column}' must be a date as 2010-12-31, got {text!r}"
        ) from None
