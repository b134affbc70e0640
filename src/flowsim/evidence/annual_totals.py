"""Heroin, opium and morphine seized in a year in Kazakhstan and six countries about it, as reported to UNODC."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence.folder import FOLDER

COUNTRIES = ("Afghanistan", "Tajikistan", "Uzbekistan", "Turkmenistan", "Kyrgyzstan", "Kazakhstan", "Russia")
"""Countries of the table, from source to market."""

DRUGS = ("heroin", "opium", "morphine")
"""Drugs of the table."""

FIRST_YEAR, LAST_YEAR = 1980, 2019
"""First and last year of the table."""

LEAST_REPORT: Mapping[str, float] = MappingProxyType({"heroin": 0.1, "opium": 0.1, "morphine": 0.0})
"""Smallest total that is taken for the report of a year [kg].

Assumed: single seizures are reported from 0.1 kg on, so a year with less has no report of them. That leaves out the
heroin of Kazakhstan in 1994, 0.026 kg, and that of Afghanistan in 1980. Of morphine a few grams can be a year's total.
"""


@dataclass(frozen=True, kw_only=True)
class AnnualTotal:
    """Mass of a drug seized in a country and year, as reported."""

    country: str
    """One of `COUNTRIES`."""

    year: int
    """Calendar year."""

    drug: str
    """One of `DRUGS`."""

    kg: float
    """Mass as reported, of any purity [kg]."""

    source: str
    """Key of the work."""

    locator: str
    """Row of the source."""

    def __post_init__(self) -> None:
        """Refuse an unknown country or drug, a year outside the table, a mass of 0 or below, or an empty source."""
        checks.one_of(self, "country", COUNTRIES)
        checks.one_of(self, "drug", DRUGS)
        checks.keeps(self, "year", checks.between(FIRST_YEAR, LAST_YEAR))
        # A year without a report has no row: a zero would pass for a year without a seizure.
        checks.positive(self, "kg")
        for name in ("source", "locator"):
            given = bool(getattr(self, name))
            checks.require(given, thing=f"AnnualTotal.{name}", rule="not be empty", value="")

    @property
    def is_report(self) -> bool:
        """Whether the mass is taken for the total of the year, and not for a year hardly reported."""
        return self.kg >= LEAST_REPORT[self.drug]


def load_annual_totals(folder: Path | None = None) -> tuple[AnnualTotal, ...]:
    """Annual totals of all countries and drugs, in file order.

    Parameters
    ----------
    folder
        Folder with `annual_totals.csv`; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken, or a country has two rows of one drug and year.
    """
    return _load_own() if folder is None else _load(folder)


def annual_series(country: str, drug: str, *, totals: tuple[AnnualTotal, ...] | None = None) -> dict[int, float]:
    """Mass of a drug seized in a country in each reported year [kg].

    A year that is not in the result has no report: it is unknown, not a year without seizures.

    Parameters
    ----------
    country
        One of `COUNTRIES`.
    drug
        One of `DRUGS`.
    totals
        Totals to choose from; the package's own by default.

    Raises
    ------
    ValueError
        If the country or the drug is not in the table.
    """
    checks.known(country, COUNTRIES, thing="country of the annual totals")
    checks.known(drug, DRUGS, thing="drug of the annual totals")
    known = load_annual_totals() if totals is None else totals
    rows = [row for row in known if (row.country, row.drug) == (country, drug) and row.is_report]
    return {row.year: row.kg for row in sorted(rows, key=lambda row: row.year)}


@functools.cache
def _load_own() -> tuple[AnnualTotal, ...]:
    return _load(FOLDER)


def _load(folder: Path) -> tuple[AnnualTotal, ...]:
    columns = ("country", "year", "drug", "kg", "source", "locator")
    rows = csv_tables.read(folder / "annual_totals.csv", columns=columns)
    found = tuple(_total(row) for row in rows)
    checks.unique(((row.country, row.drug, row.year) for row in found), thing="annual_totals.csv")
    return found


def _total(row: Row) -> AnnualTotal:
    texts = {name: row.text(name) for name in ("country", "drug", "source", "locator")}
    try:
        return AnnualTotal(**texts, year=row.whole("year"), kg=row.number("kg"))
    except ValueError as error:
        place = "" if str(error).startswith(row.table) else f"{row.where()}: "
        raise ValueError(f"{place}{error}") from None
