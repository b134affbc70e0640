"""Works behind the reported figures, independent numbers, and coordinates."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.evidence.figures import Figure, load_figures, optional
from flowsim.evidence.folder import FOLDER

CONFIDENCE = {
    "H": "an official page or a journal abstract",
    "M": "a reputable secondary source",
    "L": "press, one official's word or a judgement",
}
"""Confidence in an independent number, and the reason."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A work behind figures."""

    key: str
    """Identifier, ending in the year."""

    title: str
    """Title."""

    author: str
    """Author or publisher."""

    year: int
    """Year of publication."""

    nested_in: str
    """Work from which it is quoted, empty if read itself."""

    lines: str
    """Lines of its text, empty for a table."""

    note: str
    """Caveats for its use."""

    @property
    def is_document(self) -> bool:
        """Whether it is a text read itself, not a table and not a work quoted in a text."""
        return not self.is_table and not self.nested_in

    @property
    def is_table(self) -> bool:
        """Whether it is a table, whose figures stand in rows and not on lines."""
        return not self.lines


def load_sources(folder: Path | None = None) -> Mapping[str, Source]:
    """Works behind the figures, by key.

    Raises
    ------
    ValueError
        If a row is broken or a key stands twice.
    """
    columns = ("key", "title", "author", "year", "nested_in", "lines")
    rows = csv_tables.read((folder or FOLDER) / "sources.csv", columns=columns)
    checks.unique((row.cells["key"] for row in rows), thing="sources.csv")
    words = ("key", "title", "author", "nested_in", "lines", "note")
    return MappingProxyType(
        {
            row.text("key"): Source(**{word: row.cells.get(word, "") for word in words}, year=row.whole("year"))
            for row in rows
        }
    )


def load_independent(folder: Path | None = None) -> Mapping[str, Figure]:
    """Numbers from outside the sources, by key: grounds for priors, never calibration targets.

    Raises
    ------
    ValueError
        If a row is broken, a key stands twice or a confidence is not one of H, M and L.
    """
    columns = ("key", "quantity", "value", "low", "high", "unit", "place", "year", "source", "confidence", "use")
    rows = csv_tables.read((folder or FOLDER) / "independent.csv", columns=columns)
    checks.unique((row.cells["key"] for row in rows), thing="independent.csv")
    found = {}
    for row in rows:
        cells = row.cells
        checks.known(cells["confidence"], tuple(CONFIDENCE), thing=f"independent.csv line {row.line}, 'confidence'")
        found[cells["key"]] = Figure(
            key=cells["key"],
            quantity=cells["quantity"],
            place=cells["place"],
            value=optional(row, "value"),
            low=optional(row, "low"),
            high=optional(row, "high"),
            unit=cells["unit"],
            form="independent",
            source=cells["source"],
            locator=f"{cells['year']}; {CONFIDENCE[cells['confidence']]}",
            note=cells["use"],
        )
    return MappingProxyType(found)


def load_coordinates(folder: Path | None = None) -> Mapping[str, Figure]:
    """Latitude and longitude [degrees] of the places in contradictions, as `almaty-latitude`.

    Raises
    ------
    ValueError
        If a row is broken or a place stands twice.
    """
    columns = ("place", "label", "latitude", "longitude", "uncertainty", "source")
    rows = csv_tables.read((folder or FOLDER) / "coordinates.csv", columns=columns)
    checks.unique((row.cells["place"] for row in rows), thing="coordinates.csv")
    found = {}
    for row in rows:
        for axis in ("latitude", "longitude"):
            key = f"{row.text('place')}-{axis}"
            found[key] = Figure(
                key=key,
                quantity=axis,
                place=row.text("label"),
                value=row.number(axis),
                unit="degrees",
                form="geography",
                source=row.text("source"),
                locator=f"map, within {row.number('uncertainty'):g} km",
            )
    return MappingProxyType(found)


def load_facts(folder: Path | None = None) -> Mapping[str, Figure]:
    """All inputs of contradictions and derived numbers.

    Parameters
    ----------
    folder
        Folder of the evidence tables; the package's own by default.

    Returns
    -------
    Mapping of str to Figure
        Reported figures, independent numbers, coordinates, and the years of publication as `published-KEY`.

    Raises
    ------
    ValueError
        If a table is broken or two of them share a key.
    """
    return _own_facts() if folder is None else _facts(folder)


@functools.cache
def _own_facts() -> Mapping[str, Figure]:
    return _facts(FOLDER)


def _facts(folder: Path) -> Mapping[str, Figure]:
    parts = [load_figures(folder), load_independent(folder), load_coordinates(folder), _publications(folder)]
    checks.unique((key for part in parts for key in part), thing="evidence tables")
    return MappingProxyType({key: row for part in parts for key, row in part.items()})


def _publications(folder: Path) -> Mapping[str, Figure]:
    return {
        f"published-{key}": Figure(
            key=f"published-{key}",
            quantity="year of publication",
            value=source.year,
            unit="year",
            form="publication",
            source=key,
            locator="title",
        )
        for key, source in load_sources(folder).items()
    }
