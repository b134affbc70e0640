"""Ways round a crossing: by vehicle, on horse and on foot, with a small chance of meeting a patrol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsim import checks

WAYS_ROUND = ("vehicle", "horse", "foot")
"""How a load goes round a crossing."""


@dataclass(frozen=True, kw_only=True)
class Bypass:
    """One way round the crossings of one section of the border."""

    border: str
    """Neighbour beyond the section, as in `Checkpoint.border`."""

    way: str
    """One of `WAYS_ROUND`."""

    share: float
    """Share of the loads at those crossings that would go this way [1]."""

    maximum: float
    """Largest mass that is carried so [kg]; a heavier load keeps to the crossing."""

    detour: float
    """Mean time that it takes [h]."""

    patrol: float
    """Probability that a patrol of the Border Guards stops it [1]."""

    kind: str
    """Whether the figures are reported or assumed."""

    source: str
    """Where they come from."""

    def __post_init__(self) -> None:
        checks.one_of(self, "way", WAYS_ROUND)
        for name in ("share", "patrol"):
            checks.probability(self, name)
        for name in ("maximum", "detour"):
            checks.positive(self, name)
        checks.sourced(self)


def chosen(ways: Sequence[Bypass], *, uniform: float, mass: float) -> Bypass | None:
    """Way round that a load takes, or None if it goes through the crossing.

    Parameters
    ----------
    ways
        Ways round the crossing, whose shares sum to at most 1.
    uniform
        Uniform random number of the load at the crossing.
    mass
        Mass of the load [kg].
    """
    cumulated = 0.0
    for way in ways:
        cumulated += way.share
        if uniform < cumulated:
            return way if mass <= way.maximum else None
    return None
