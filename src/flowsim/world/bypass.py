"""Bypasses of a crossing: by vehicle, on horse and on foot, with a small chance of meeting a patrol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsim import checks

WAYS_ROUND = ("vehicle", "horse", "foot")
"""Means of bypassing a crossing."""


@dataclass(frozen=True, kw_only=True)
class Bypass:
    """One bypass of the crossings of one section of the border."""

    border: str
    """Neighbour beyond the section, as in `Checkpoint.border`."""

    way: str
    """One of `WAYS_ROUND`."""

    share: float
    """Share of the consignments at those crossings diverted to the bypass [1]."""

    maximum: float
    """Largest mass carried on the bypass [kg]; a heavier consignment keeps to the crossing."""

    detour: float
    """Mean duration of the bypass [h]."""

    patrol: float
    """Probability of being stopped by a patrol of the Border Guards [1]."""

    kind: str
    """Whether the figures are reported or assumed."""

    source: str
    """Source of the figures."""

    def __post_init__(self) -> None:
        checks.one_of(self, "way", WAYS_ROUND)
        for name in ("share", "patrol"):
            checks.probability(self, name)
        for name in ("maximum", "detour"):
            checks.positive(self, name)
        checks.sourced(self)


def chosen(ways: Sequence[Bypass], *, uniform: float, mass: float) -> Bypass | None:
    """Bypass of a consignment, or None if it uses the crossing.

    Parameters
    ----------
    ways
        Bypasses of the crossing, with shares that sum to at most 1.
    uniform
        Uniform random number of the consignment at the crossing.
    mass
        Mass of the consignment [kg].
    """
    cumulated = 0.0
    for way in ways:
        cumulated += way.share
        if uniform < cumulated:
            return way if mass <= way.maximum else None
    return None
