"""Readings: how a run takes what the sources leave open, one reading of each kind at most."""

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
}
"""What the readings are about; a run has at most one of each."""

DEFAULT = "posts_absent"
"""Reading of a run that names none."""

NONE = "none"
"""What is said of a world that leaves nothing open."""

ANY = "any"
"""Key of the overlay that a reading lays over whatever tables."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way of taking what the sources leave open."""

    name: str
    """Identifier."""

    title: str
    """What it says, in one line."""

    kind: str
    """One of `KINDS`."""

    sources: tuple[str, ...]
    """Where it is printed, or the reason of a judgement."""

    changes: str
    """What it changes."""

    overlays: dict[str, str] = field(default_factory=dict)
    """Folder of the overlay for each folder of tables or overlay of a world, or for `ANY`; empty if it has none."""

    worlds: tuple[str, ...] = ()
    """Tables of the worlds that it is about besides those of its overlays; empty if it is about all."""

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
        """Whether it says anything of a world that is made of these tables and overlays."""
        return not self._about or not set(self._about).isdisjoint(layers)

    @property
    def _about(self) -> tuple[str, ...]:
        """Tables and overlays of the worlds that it is about; empty if these are all."""
        return () if ANY in self.overlays else (*self.overlays, *self.worlds)

    def overlay(self, layers: Sequence[str], *, world: str) -> str | None:
        """Name of the overlay for a world, if the reading has any.

        Parameters
        ----------
        layers
            Tables of the world and its overlays, the last of which decides.
        world
            Name of the world, for the message.

        Raises
        ------
        ValueError
            If the reading is about other worlds; the default one then says nothing.
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
