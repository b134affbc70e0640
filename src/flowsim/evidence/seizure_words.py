"""Words of printed seizure reports and their meaning: countries, drugs, units, places and modes of transport."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.single_seizures import DRUGS, MODES, PLACE_KINDS

MEANINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "country": (),
        "drug": DRUGS,
        "unit": (),
        "region": (),
        "province": ("",),
        "place_kind": PLACE_KINDS,
        "installation": PLACE_KINDS,
        "mode": MODES,
        "mode_of_place": MODES,
    }
)
"""Fields of a report that words are looked up for, and the meanings allowed; any for an empty list."""

MATCHES = ("whole", "part")
"""Whether a word is the whole text or begins a word of it."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """A printed word and its meaning."""

    field: str
    """One of `MEANINGS`."""

    country: str
    """Country whose reports it is looked up in, empty for all."""

    match: str
    """One of `MATCHES`."""

    word: str
    """The word, in any case."""

    means: str
    """Its meaning; of a unit its mass [kg]."""

    def __post_init__(self) -> None:
        """Refuse an unknown field, match or meaning, or an empty word."""
        checks.one_of(self, "field", tuple(MEANINGS))
        checks.one_of(self, "match", MATCHES)
        checks.require(bool(self.word), thing="Word.word", rule="not be empty", value="")
        if MEANINGS[self.field]:
            checks.one_of(self, "means", MEANINGS[self.field])

    def stands_in(self, text: str) -> bool:
        """Whether it is a text, or begins a word of it."""
        own, other = self.word.casefold(), text.casefold()
        return own == other if self.match == "whole" else re.search(rf"(?<!\w){re.escape(own)}", other) is not None


class Dictionary:
    """Words by field, looked up in the order of their table: the first that fits counts."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self._words = words
        self._found: dict[tuple[str, str, str], str | None] = {}

    def meaning(self, field: str, text: str, *, country: str = "") -> str | None:
        """Meaning of a printed text, None if no word of the field stands in it.

        Parameters
        ----------
        field
            One of `MEANINGS`.
        text
            Printed text.
        country
            Country of the report.
        """
        key = field, text, country
        if key not in self._found:
            own = (word for word in self._words if word.field == field and word.country in ("", country))
            self._found[key] = next((word.means for word in own if word.stands_in(text)), None)
        return self._found[key]

    def words(self, field: str) -> tuple[str, ...]:
        """Words of a field in their order.

        Parameters
        ----------
        field
            One of `MEANINGS`.
        """
        return tuple(word.word for word in self._words if word.field == field)

    def regional(self, country: str) -> bool:
        """Whether the regions of a country are known by words, and not taken as printed.

        Parameters
        ----------
        country
            Country of the report.
        """
        return any(word.field == "region" and word.country == country for word in self._words)


def load_words(folder: Path | None = None) -> Dictionary:
    """Words of the table `seizure_words.csv`.

    Parameters
    ----------
    folder
        Folder of the table; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken, or a word of a field stands twice.
    """
    rows = csv_tables.read(
        (folder or FOLDER) / "seizure_words.csv", columns=("field", "country", "match", "word", "means")
    )
    keys = ((row.cells["field"], row.cells["country"], row.cells["word"].casefold()) for row in rows)
    checks.unique(keys, thing="seizure_words.csv")
    found = []
    for row in rows:
        cells = {name: row.cells[name] for name in ("field", "country", "match", "word", "means")}
        try:
            found.append(Word(**cells))
        except ValueError as error:
            raise ValueError(f"{row.where()}: {error}") from None
    return Dictionary(tuple(found))


@functools.cache
def load_layouts() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Layouts of files of single seizures: for each field of a report its possible columns, by layout and field.

    Raises
    ------
    ValueError
        If a row is broken.
    """
    rows = csv_tables.read(FOLDER / "seizure_layouts.csv", columns=("layout", "field", "column"))
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in rows:
        own = found.setdefault(row.text("layout"), {})
        own[row.text("field")] = (*own.get(row.text("field"), ()), row.text("column"))
    return MappingProxyType(found)
