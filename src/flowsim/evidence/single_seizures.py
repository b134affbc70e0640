"""Single seizures as counts and kilograms by place, mode, departure and size class, as reported to UNODC."""

from __future__ import annotations

import bisect
import csv
import functools
import io
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence.folder import FOLDER

EDGES = (0.0, *(float(f"{0.1 * 2.0**power:.10g}") for power in range(-10, 16)))
"""Lower edges of the size classes [kg]: 0, then 0.1 kg times each power of two from 1/1,024 to 32,768.

Powers of two, as finer classes would show what agencies round to. Most countries report seizures of 0.1 kg or more,
so that is an edge. A class holds its lower edge, not its upper one; the last has none.
"""

DRUGS = ("heroin", "opium")
"""Drugs of the table."""

PLACE_KINDS = (
    *("border_crossing", "internal_post", "road", "rail", "airport", "post", "dwelling", "street", "other", "unknown"),
)
"""Kinds of place. `post` is one of the mail, `internal_post` a control inside the country, `road` any other road."""

MODES = ("road_private", "road_commercial", "rail", "air", "foot", "mail", "other", "unknown")
"""Modes of transport."""

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""First and last year accepted; a year outside them is a slip of the pen."""

ROUNDING = 0.5e-3
"""Largest relative error of a mass in the table, which has four digits."""

UPPER: Mapping[float, float] = MappingProxyType(dict(zip(EDGES, (*EDGES[1:], math.inf), strict=True)))
"""Upper edge of each size class [kg], by its lower edge."""


@dataclass(frozen=True, kw_only=True)
class SeizureCount:
    """Seizures of one drug, year and place in one size class, second reports left out."""

    country: str
    """Country of the seizures."""

    year: int
    """Calendar year."""

    drug: str
    """One of `DRUGS`."""

    region: str
    """Oblast as flowsim spells it, or province as printed; empty if none is named."""

    place_kind: str
    """One of `PLACE_KINDS`."""

    mode: str
    """One of `MODES`."""

    departure: str
    """Country of departure as printed, empty if none is named."""

    from_kg: float
    """Lower edge of the size class, one of `EDGES` [kg]."""

    seizures: int
    """Number of seizures [1]."""

    kg: float
    """Their mass, of any purity [kg]."""

    source: str
    """Key of the work."""

    def __post_init__(self) -> None:
        """Refuse an unknown word, a year or an edge that does not exist, or a mass that its class cannot hold."""
        for name in ("country", "source"):
            checks.require(bool(getattr(self, name)), thing=f"SeizureCount.{name}", rule="not be empty", value="")
        checks.keeps(self, "year", checks.between(FIRST_YEAR, LAST_YEAR))
        checks.one_of(self, "drug", DRUGS)
        checks.one_of(self, "place_kind", PLACE_KINDS)
        checks.one_of(self, "mode", MODES)
        checks.positive(self, "kg")
        checks.positive(self, "seizures")
        rule = "be the lower edge of a size class, 0 or 0.1 kg times a power of two"
        checks.require(self.from_kg in UPPER, thing="SeizureCount.from_kg", rule=rule, value=self.from_kg)
        least, most = self.seizures * self.from_kg * (1 - ROUNDING), self.seizures * self.to_kg * (1 + ROUNDING)
        rule = f"be the mass of {self.seizures} seizures of {self.from_kg:g} to {self.to_kg:g} kg"
        checks.require(least <= self.kg <= most, thing="SeizureCount.kg", rule=rule, value=self.kg)

    @property
    def to_kg(self) -> float:
        """Upper edge of the size class, infinite for the last [kg]."""
        return UPPER[self.from_kg]


DIMENSIONS = ("country", "year", "drug", "region", "place_kind", "mode", "departure", "from_kg")
"""Columns by which seizures are counted."""

COLUMNS = tuple(field.name for field in fields(SeizureCount))
"""Columns of the table."""


def edge_below(kg: float) -> float:
    """Lower edge of the size class of a mass [kg].

    Parameters
    ----------
    kg
        Mass of a seizure [kg].
    """
    return EDGES[bisect.bisect_right(EDGES, kg) - 1]


def counted(seizures: Iterable[tuple[Sequence[str | int], float]], *, source: str) -> tuple[SeizureCount, ...]:
    """Counts of seizures by all dimensions, in the order of these.

    Parameters
    ----------
    seizures
        Country, year, drug, region, kind of place, mode and departure of each seizure, and its mass [kg].
    source
        Key of the work.
    """
    groups: dict[tuple[str | int | float, ...], list[float]] = {}
    for words, kg in seizures:
        groups.setdefault((*words, edge_below(kg)), []).append(kg)
    return tuple(
        SeizureCount(
            country=str(key[0]),
            year=int(key[1]),
            drug=str(key[2]),
            region=str(key[3]),
            place_kind=str(key[4]),
            mode=str(key[5]),
            departure=str(key[6]),
            from_kg=float(key[7]),
            seizures=len(masses),
            kg=math.fsum(masses),
            source=source,
        )
        for key, masses in sorted(groups.items())
    )


def written(counts: Iterable[SeizureCount]) -> str:
    """Text of the table, masses to four digits.

    Parameters
    ----------
    counts
        Rows in their order.
    """
    text = io.StringIO()
    file = csv.writer(text, lineterminator="\n")
    file.writerow(COLUMNS)
    for row in counts:
        cells = {**vars(row), "from_kg": f"{row.from_kg:.10g}", "kg": f"{row.kg:.4g}"}
        file.writerow([cells[column] for column in COLUMNS])
    return text.getvalue()


def load_seizure_counts(path: Path | None = None) -> tuple[SeizureCount, ...]:
    """Counts of single seizures, in file order.

    Parameters
    ----------
    path
        Table of counts, as `study=seizures` writes it; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken or stands twice.
    """
    return _load_own() if path is None else _load(path)


def by(
    *dimensions: str, counts: Iterable[SeizureCount] | None = None, **kept: str | int | float | Collection[str | int]
) -> Mapping[tuple[str | int | float, ...], tuple[int, float]]:
    """Number of seizures and their mass [kg] by some dimensions, summed over the others, in ascending order.

    Parameters
    ----------
    dimensions
        Names of the dimensions, of `DIMENSIONS`; none for the total, under an empty key.
    counts
        Counts to sum; the package's own by default.
    kept
        For a dimension its word, or several, to keep only these, as `country="Kazakhstan", year=(2011, 2012)`.

    Raises
    ------
    ValueError
        If there is no such dimension.

    Examples
    --------
    >>> seizures, kg = by(country="Kazakhstan", drug="heroin", year=2014)[()]
    >>> seizures, round(kg)
    (78, 428)
    """
    for name in (*dimensions, *kept):
        checks.known(name, DIMENSIONS, thing="dimension of the single seizures")
    allowed = {name: {value} if isinstance(value, str | int | float) else set(value) for name, value in kept.items()}
    found: dict[tuple[str | int | float, ...], list[SeizureCount]] = {}
    for row in load_seizure_counts() if counts is None else counts:
        if all(getattr(row, name) in values for name, values in allowed.items()):
            found.setdefault(tuple(getattr(row, name) for name in dimensions), []).append(row)
    return {
        key: (sum(row.seizures for row in rows), math.fsum(row.kg for row in rows))
        for key, rows in sorted(found.items())
    }


@functools.cache
def _load_own() -> tuple[SeizureCount, ...]:
    return _load(FOLDER / "seizure_classes.csv")


def _load(path: Path) -> tuple[SeizureCount, ...]:
    rows = csv_tables.read(path, columns=COLUMNS)
    found = tuple(_count(row) for row in rows)
    checks.unique((tuple(getattr(row, name) for name in DIMENSIONS) for row in found), thing=path.name)
    return found


def _count(row: Row) -> SeizureCount:
    cells = row.cells
    try:
        return SeizureCount(
            country=cells["country"],
            year=row.whole("year"),
            drug=cells["drug"],
            region=cells["region"],
            place_kind=cells["place_kind"],
            mode=cells["mode"],
            departure=cells["departure"],
            from_kg=row.number("from_kg"),
            seizures=row.whole("seizures"),
            kg=row.number("kg"),
            source=cells["source"],
        )
    except ValueError as error:
        place = "" if str(error).startswith(row.table) else f"{row.where()}: "
        raise ValueError(f"{place}{error}") from None
