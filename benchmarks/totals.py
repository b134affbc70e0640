"""What every engine says about the reference work, and whether all engines say the same within chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, variance
from typing import Protocol

from scipy.stats import t as student

ERROR = 1e-3
"""Probability that engines which do the same are said to differ at one size [1]."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What an engine says about the reference work."""

    vehicles: int
    """Vehicles simulated from entry to end [1]."""

    visits: int
    """Visits to stations [1]."""

    wait: float
    """Mean wait for a lane [h]."""

    referred: float
    """Share of visits that end in a bay [1]."""

    seizures: int
    """Consignments seized [1]."""


class Done(Protocol):
    """A run that is over; what it comes to is summed up off the clock."""

    def totals(self) -> Totals:
        """Sum up."""
        ...


def differences(
    totals: Mapping[str, Sequence[Totals]], *, numbers: Mapping[str, str], left_out: Mapping[str, Sequence[str]]
) -> tuple[list[dict[str, str]], dict[str, float]]:
    """Quantities in which engines differ by more than chance, and how large a difference has to be to show.

    Engines that draw the same numbers have to say exactly the same in every round. Those that draw others are
    compared in their means over the rounds with a pooled variance (Student's t); `ERROR` is shared out over all
    comparisons.

    Parameters
    ----------
    totals
        Totals of each round by engine; the others are compared with the first.
    numbers
        Name of the random numbers that an engine draws.
    left_out
        Quantities that an engine does not express.

    Returns
    -------
    tuple
        One row per difference, with both engines, the quantity and the difference in words; and for each quantity
        the difference that chance explains, relative to the quantity.
    """
    found, explained = [], {}
    drawing: dict[str, list[str]] = {}
    for engine in totals:
        drawing.setdefault(numbers[engine], []).append(engine)
    for first, *others in drawing.values():
        for other in others:
            if list(totals[other]) != list(totals[first]):
                found.append(_row(first, other, "totals", "not the same though the numbers are"))
    quantities = [field.name for field in fields(Totals)]
    for quantity in quantities:
        samples = {
            engine: [float(getattr(total, quantity)) for total in totals[engine]]
            for engine, *_ in drawing.values()
            if quantity not in left_out.get(engine, ())
        }
        chance = _by_chance(list(samples.values()), error=ERROR / len(quantities))
        (first, base), *others = ((engine, fmean(sample)) for engine, sample in samples.items())
        explained[quantity] = chance / base if base else 0.0
        for engine, mean in others:
            if abs(mean - base) > chance:
                what = f"{mean - base:+.4g}, where chance explains {chance:.4g}"
                found.append(_row(first, engine, quantity, what))
    return found, explained


def _by_chance(samples: Sequence[Sequence[float]], *, error: float) -> float:
    """Largest difference of a mean from that of the first sample that chance explains."""
    freedom = sum(len(sample) - 1 for sample in samples)
    pooled = sum((len(sample) - 1) * variance(sample) for sample in samples) / freedom
    most = float(student.isf(error / 2 / max(1, len(samples) - 1), freedom))
    return most * (pooled * 2 / min(len(sample) for sample in samples)) ** 0.5


def _row(one: str, other: str, quantity: str, what: str) -> dict[str, str]:
    return {"engine": other, "against": one, "quantity": quantity, "difference": what}
