"""Readings: interpretations of ambiguous sources, at most one of each kind in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowsim import checks
from flowsim.evidence.figures import READINGS

KINDS: Mapping[str, str] = {
    "controls": "which internal posts stood",
    "flow": "how much heroin enters",
    "mode": "how much of it goes by road and how much by rail",
    "series": "which years the opiate series of 1996 to 2006 belongs to",
    "consignments": "whether small trade and wholesale differ in more than size",
}
"""Kinds of readings and their questions; a run has at most one reading of each."""

DEFAULT = "posts_absent"
"""Default reading of a run."""

NONE = "none"
"""Label of a world without readings."""

ANY = "any"
"""Key of a reading's overlay for all tables."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One interpretation of ambiguous sources."""

    name: str
    """Identifier."""

    title: str
    """Description, in one line."""

    kind: str
    """One of `KINDS`."""

    sources: tuple[str, ...]
    """Documents, or the reason of a judgement."""

    changes: str
    """Description of its changes."""

    overlays: dict[str, str] = field(default_factory=dict)
    """Folder of the overlay for each folder of tables or overlay of a world, or for `ANY`; empty if it has none."""

    worlds: tuple[str, ...] = ()
    """Tables of further worlds it applies to, besides the keys of its overlays; empty if it applies to all."""

    series: str = ""
    """Years of the opiate series, one of `evidence.figures.READINGS`; empty if it says nothing of them."""

    def __post_init__(self) -> None:
        checks.one_of(self, "kind", tuple(KINDS))
        thing = f"Reading '{self.name}'"
        checks.require(bool(self.sources), thing=f"{thing}: sources", rule="name a source", value=self.sources)
        checks.require(bool(self.changes), thing=f"{thing}: changes", rule="say what it changes", value=self.changes)
        if self.series:
            checks.one_of(self, "series", READINGS)

    @property
    def changes_worlds(self) -> bool:
        """Whether a world can differ under this reading."""
        return bool(self.overlays)

    def is_about(self, layers: Sequence[str]) -> bool:
        """Whether it applies to a world made of these tables and overlays."""
        return not self._about or not set(self._about).isdisjoint(layers)

    @property
    def _about(self) -> tuple[str, ...]:
        """Tables and overlays of the worlds it applies to; empty for all worlds."""
        return () if ANY in self.overlays else (*self.overlays, *self.worlds)

    def overlay(self, layers: Sequence[str], *, world: str) -> str | None:
        """Name of the overlay for a world, if the reading has any.

        Parameters
        ----------
        layers
            Tables of the world, then its overlays; the last match decides.
        world
            Name of the world, for the message.

        Raises
        ------
        ValueError
            If the reading applies to other worlds only; the default reading is then ignored instead.
        """
        for layer in reversed(layers):
            if layer in self.overlays:
                return self.overlays[layer]
        if self.name != DEFAULT and not self.is_about(layers):
            rule = f"be used with worlds made from {' or '.join(self._about)}"
            checks.require(False, thing=f"reading={self.name}", rule=rule, value=f"world={world}")
        return self.overlays.get(ANY)


def check(readings: Sequence[Reading]) -> None:
    """Refuse two readings of one kind.

    Raises
    ------
    ValueError
        If there are two; the message names both.
    """
    seen: dict[str, Reading] = {}
    for reading in readings:
        other = seen.setdefault(reading.kind, reading)
        rule = f"have at most one that says {KINDS[reading.kind]}"
        checks.require(other is reading, thing="reading", rule=rule, value=f"{other.name},{reading.name}")


def label(readings: Sequence[Reading]) -> str:
    """Names of readings in order, joined with a plus; `none` if there is none."""
    return "+".join(reading.name for reading in readings) or NONE


def series_of(readings: Sequence[Reading]) -> str:
    """Years of the opiate series under these readings: corrected unless one of them says otherwise."""
    return next((reading.series for reading in readings if reading.series), READINGS[0])
