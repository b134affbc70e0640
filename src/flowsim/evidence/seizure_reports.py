"""Reports of single seizures in a file as downloaded from UNODC and saved as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence.seizure_words import Dictionary, load_layouts, load_words
from flowsim.evidence.single_seizures import DRUGS, FIRST_YEAR, LAST_YEAR

NEEDED = ("country", "day", "drug", "amount", "unit")
"""Fields that a layout must have; the others may be missing."""

MOST_KG = 50_000.0
"""Largest mass accepted in one seizure [kg]; one above it is printed in another unit."""

MOST_LISTED = 20
"""Largest number of mistakes of a file in one message."""

UNKNOWN = "unknown"
"""Kind of place or mode that no word tells."""

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})([ T][0-9:.]+)?")
_DOTS = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_SLASHES = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})([ T][0-9:.]+)?")


@dataclass(frozen=True, kw_only=True)
class SeizureReport:
    """A report of one seizure."""

    line: int
    """Line of the file."""

    country: str
    """Country of the seizure, as flowsim spells it."""

    day: date
    """Day of the seizure."""

    drug: str
    """One of `single_seizures.DRUGS`."""

    kg: float
    """Mass, of any purity [kg]."""

    step: float
    """Unit of the last digit of the mass that is not zero [kg]."""

    region: str
    """Oblast, or province as printed; empty if none is named."""

    place_kind: str
    """One of `single_seizures.PLACE_KINDS`."""

    mode: str
    """One of `single_seizures.MODES`."""

    departure: str
    """Country of departure, empty if none is named."""

    @property
    def named(self) -> int:
        """Number of region, kind of place, mode and departure that it tells."""
        return sum(text not in ("", UNKNOWN) for text in (self.region, self.place_kind, self.mode, self.departure))

    @property
    def words(self) -> tuple[str, int, str, str, str, str, str]:
        """Country, year, drug, region, kind of place, mode and departure."""
        return self.country, self.day.year, self.drug, self.region, self.place_kind, self.mode, self.departure


@dataclass(frozen=True)
class Reports:
    """Reports in a file."""

    layout: str
    """Name of the layout of its columns."""

    rows: int
    """Rows of the file, of any country and drug."""

    reports: tuple[SeizureReport, ...]
    """Reports of the chosen country, in file order."""


def read_reports(path: Path, *, country: str | None) -> Reports:
    """Reports of heroin and opium in a file of single seizures.

    Rows of other drugs and countries are passed over unread.

    Parameters
    ----------
    path
        File of UNODC, saved as CSV.
    country
        Country whose reports are read, in the words of the file or of flowsim; None for all.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column, has no report of the country, or has a wrong date, unit or mass;
        the message names each with its line and column.
    """
    rows, words = csv_tables.read(path, columns=None), load_words()
    layout, columns = _layout(path, tuple(rows[0].cells))
    chosen = None if country is None else _country(words, country)
    own = [row for row in rows if words.meaning("drug", row.cells[columns["drug"][0]]) is not None]
    rule = f"have a seizure of {' or '.join(DRUGS)}"
    checks.require(bool(own), thing=f"{path.name}, column '{columns['drug'][0]}'", rule=rule, value="none")
    countries = [_country(words, row.cells[columns["country"][0]]) for row in own]
    if chosen is not None:
        checks.known(chosen, sorted(set(countries)), thing=f"study.country, for {path.name},")
        own = [row for row, name in zip(own, countries, strict=True) if name == chosen]
    # The chosen rows tell first, as other countries may print their dates in another way.
    days = next((told for part in (own, rows) if (told := _days(part, columns["day"][0])) is not None), None)
    found, mistakes = [], []
    for row in own:
        try:
            found.append(_report(row, columns, words, month_first=days))
        except ValueError as error:
            mistakes.append(str(error))
    if len(mistakes) > MOST_LISTED:
        mistakes[MOST_LISTED:] = [f"and {len(mistakes) - MOST_LISTED} more"]
    checks.refuse_all(mistakes, thing=f"table {path.name} in {path.parent}")
    return Reports(layout, len(rows), tuple(found))


def _layout(path: Path, header: Sequence[str]) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """Layout with the most of its needed columns in a header, and the columns of each field there."""
    there = {_plain(name): name for name in header}
    known = {
        name: {
            field: tuple(there[_plain(own)] for own in own_columns if _plain(own) in there)
            for field, own_columns in layout.items()
        }
        for name, layout in load_layouts().items()
    }
    name = max(
        known,
        key=lambda name: (sum(bool(known[name][field]) for field in NEEDED), sum(map(bool, known[name].values()))),
    )
    missing = [" or ".join(map(repr, load_layouts()[name][field])) for field in NEEDED if not known[name][field]]
    rule = f"have the columns of the layout '{name}', and lacks {', '.join(missing)}"
    checks.require(not missing, thing=f"{path.name} line 1", rule=rule, value=", ".join(header))
    return name, known[name]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _country(words: Dictionary, text: str) -> str:
    known = words.meaning("country", text)
    return text if known is None else known


def _days(rows: Sequence[Row], column: str) -> bool | None:
    """Whether dates with slashes have the month first, None if nothing tells."""
    pairs = [found for row in rows if (found := _SLASHES.fullmatch(row.cells[column]))]
    firsts, seconds = ([int(found[k]) for found in pairs] for k in (1, 2))
    day_first, month_first = max(firsts, default=0) > 12, max(seconds, default=0) > 12
    return None if day_first == month_first else month_first


def _report(
    row: Row, columns: Mapping[str, tuple[str, ...]], words: Dictionary, *, month_first: bool | None
) -> SeizureReport:
    country = _country(words, row.text(columns["country"][0]))
    kg, step = _mass(row, columns, words)
    places = [row.cells[name] for name in (*columns.get("place", ()), *columns.get("region", ())) if row.cells[name]]
    place = ", ".join(places)
    installation, printed = (
        " ".join(row.cells[name] for name in columns.get(field, ())) for field in ("installation", "mode")
    )
    departure = next((row.cells[name] for name in columns.get("departure", ()) if row.cells[name]), "")
    mode = words.meaning("mode", printed) or words.meaning("mode_of_place", place) or UNKNOWN
    kind = words.meaning("place_kind", place) or words.meaning("installation", installation) or UNKNOWN
    return SeizureReport(
        line=row.line,
        country=country,
        day=_day(row, columns["day"][0], month_first=month_first),
        drug=words.meaning("drug", row.cells[columns["drug"][0]]) or "",
        kg=kg,
        step=step,
        region=_region(row, columns, words, country=country, place=place),
        place_kind=kind,
        mode=mode,
        departure=_country(words, departure),
    )


def _region(row: Row, columns: Mapping[str, tuple[str, ...]], words: Dictionary, *, country: str, place: str) -> str:
    """Region by words of the place, or as printed: in its column, or the part of the place that says it is one."""
    if words.regional(country):
        return words.meaning("region", place, country=country) or ""
    printed = next((row.cells[name] for name in columns.get("region", ()) if row.cells[name]), "")
    parts = [part.strip() for part in place.split(",") if part.strip()]
    named = next((part for part in parts if words.meaning("province", part) is not None), "")
    return printed or named or (parts[-1] if parts else "")


def _mass(row: Row, columns: Mapping[str, tuple[str, ...]], words: Dictionary) -> tuple[float, float]:
    """Mass, and the unit of its last digit that is not zero [kg]."""
    (amount, *_), (unit, *_) = columns["amount"], columns["unit"]
    row.number(amount)  # refuses what is no number
    factor = words.meaning("unit", row.text(unit))
    rule = f"be a unit of mass, one of {', '.join(words.words('unit'))}"
    checks.require(factor is not None, thing=row.where(unit), rule=rule, value=row.cells[unit])
    exact = Decimal(row.cells[amount]) * Decimal(factor or 0)
    kg = float(exact)
    rule = f"be above 0 and at most {MOST_KG:,.0f} kg"
    checks.require(
        0 < kg <= MOST_KG, thing=row.where(amount), rule=rule, value=f"{row.cells[amount]} {row.cells[unit]}"
    )
    return kg, 10.0 ** int(exact.normalize().as_tuple().exponent)


def _day(row: Row, column: str, *, month_first: bool | None) -> date:
    text = row.text(column)
    try:
        year, month, day = next(_parts(text, month_first=month_first))
        found = date(int(year), int(month), int(day))
    except (StopIteration, ValueError):
        rule = "be a date, as 2011-12-31, 31.12.2011 or 31/12/2011"
        if _SLASHES.fullmatch(text) and month_first is None:
            rule += ", and of dates with slashes one must tell, for all, which number is the day"
        raise ValueError(f"{row.where(column)} must {rule}, got {text!r}") from None
    rule = f"lie in {FIRST_YEAR} to {LAST_YEAR}"
    checks.require(FIRST_YEAR <= found.year <= LAST_YEAR, thing=row.where(column), rule=rule, value=text)
    return found


def _parts(text: str, *, month_first: bool | None) -> Iterator[tuple[str, str, str]]:
    """Year, month and day of a printed date."""
    if iso := _ISO.fullmatch(text):
        yield iso[1], iso[2], iso[3]
    if dots := _DOTS.fullmatch(text):
        yield dots[3], dots[2], dots[1]
    slashes = _SLASHES.fullmatch(text)
    if slashes and month_first is not None:
        yield slashes[3], slashes[1 if month_first else 2], slashes[2 if month_first else 1]
