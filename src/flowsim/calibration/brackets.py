"""Bracket of an effort in [0, 1]: where a step of the secant method leaves it, the root is sought between its ends."""

from __future__ import annotations

from dataclasses import dataclass, field

NARROW = 1e-6
"""Width of a bracket that holds no root any more, because other efforts have moved it [1]."""


@dataclass
class Bracket:
    """Ends between which an effort gives a mass, as far as they are known."""

    low: float = 0.0
    """Largest effort tried that gives too little [1]."""

    high: float = 1.0
    """Smallest effort tried that gives too much [1]."""

    tried: set[float] = field(default_factory=set)
    """Efforts tried since the bracket was opened [1]."""

    def following(self, effort: float, *, short: bool, proposed: float) -> float:
        """Effort to try next: the proposed one if it lies inside, else an end not tried yet, else the middle.

        Parameters
        ----------
        effort
            Effort tried last [1].
        short
            Whether it gave too little.
        proposed
            Effort proposed by the secant method, anywhere [1].
        """
        if self.high - self.low < NARROW:
            self.low, self.high, self.tried = 0.0, 1.0, set()
        self.tried.add(effort)
        if short:
            self.low = max(self.low, effort)
        else:
            self.high = min(self.high, effort)
        if self.low < proposed < self.high:
            return proposed
        end = self.high if short else self.low
        return end if end not in self.tried else 0.5 * (self.low + self.high)


def is_exhausted(effort: float, *, short: bool) -> bool:
    """Whether an effort is at the end of [0, 1] beyond which the mass would lie.

    Parameters
    ----------
    effort
        The effort [1].
    short
        Whether it gives too little.
    """
    return effort >= 1.0 if short else effort <= 0.0
