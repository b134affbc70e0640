"""A check: a number recomputed from the figures, beside what a reading says it should be."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flowsim import checks, csv_tables
from flowsim.evidence.figures import FOLDER, Figure

Facts = Mapping[str, Figure]
"""Figures by key."""

LEDGER = "ledger"
"""Reading of the checks that only compare a number with its record, and speak for no reading."""

FLOAT_NOISE = 1e-9
"""Part of a number that rounding in binary arithmetic may change."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A recomputed number beside the expected one."""

    name: str
    """What is compared."""

    reading: str
    """Reading that needs it to hold, or `LEDGER`."""

    expected: float
    """What the reading or the record says [unit]."""

    computed: float
    """What the figures give [unit]."""

    tolerance: float
    """Largest difference that the rounding of the printed numbers explains [unit]."""

    unit: str
    """Unit of both."""

    cut: bool = False
    """Whether the printed digits are cut off and not rounded, so that the computed number is up to a unit higher."""

    two_sided: bool = True
    """Whether a number that is too low breaks it as well as one that is too high."""

    bound: str = ""
    """What is assumed in it beyond the printed numbers and their rounding, empty if nothing is."""

    @property
    def accepted(self) -> tuple[float, float]:
        """Least and largest computed number for which it holds [unit]; if digits are cut off, the largest is not."""
        if self.cut:
            return self.expected, self.expected + 2 * self.tolerance
        return self.expected - self.tolerance, self.expected + self.tolerance

    @property
    def holds(self) -> bool:
        """Whether both agree within the tolerance."""
        noise = FLOAT_NOISE * max(1.0, abs(self.expected))
        least, most = self.accepted
        return least - noise <= self.computed <= most + (-noise if self.cut else noise)


def at_most(name: str, *, reading: str, value: float, limit: float, unit: str, bound: str = "") -> Check:
    """Check that a value does not exceed a limit: the excess must be nothing.

    Parameters
    ----------
    name
        What is compared.
    reading
        Reading that needs it to hold.
    value, limit
        The value and what it must not exceed [unit].
    unit
        Unit of both.
    bound
        What is assumed in the limit, if anything is.
    """
    excess = max(0.0, value - limit)
    return Check(
        name=name,
        reading=reading,
        expected=0.0,
        computed=excess,
        tolerance=0.0,
        unit=unit,
        two_sided=False,
        bound=bound,
    )


def agree(
    name: str,
    *,
    reading: str,
    expected: float,
    computed: float,
    tolerance: float = 0.0,
    unit: str,
    cut: bool = False,
    bound: str = "",
) -> Check:
    """Check that two numbers agree within what rounding explains.

    Parameters
    ----------
    name
        What is compared.
    reading
        Reading that needs it to hold.
    expected, computed
        What is printed and what the figures give [unit].
    tolerance
        Largest difference that rounding explains [unit].
    unit
        Unit of all three.
    cut
        Whether the printed digits are cut off and not rounded.
    bound
        What is assumed in it, if anything is.
    """
    return Check(
        name=name,
        reading=reading,
        expected=expected,
        computed=computed,
        tolerance=tolerance,
        unit=unit,
        cut=cut,
        bound=bound,
    )


def numbers(contradiction: str, computed: Mapping[str, float]) -> tuple[Check, ...]:
    """Checks that recomputed numbers are those on record, within half a unit of the record's last digit.

    Parameters
    ----------
    contradiction
        Identifier, as "I-01".
    computed
        Recomputed numbers by name.

    Raises
    ------
    ValueError
        If a number is not on record.
    """
    record = {name: (text, unit) for (key, name), (text, unit) in recorded().items() if key == contradiction}
    found = []
    for name, value in computed.items():
        checks.known(name, sorted(record), thing=f"recorded.csv, {contradiction}: number")
        text, unit = record[name]
        found.append(
            agree(name, reading=LEDGER, expected=float(text), computed=value, tolerance=half_digit(text), unit=unit)
        )
    return tuple(found)


def half_digit(text: str) -> float:
    """Half a unit of the last digit of a printed number: all that its rounding can hide."""
    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)


@functools.cache
def recorded() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Numbers on record by contradiction and name: their text, whose last digit counts, and their unit."""
    rows = csv_tables.read(FOLDER / "recorded.csv", columns=("contradiction", "number", "value", "unit"))
    keys = [(row.text("contradiction"), row.text("number")) for row in rows]
    checks.unique(keys, thing="recorded.csv")
    return {key: (row.text("value"), row.text("unit")) for key, row in zip(keys, rows, strict=True)}


def amount(facts: Facts, key: str) -> float:
    """Number of a figure [its unit].

    Raises
    ------
    ValueError
        If there is no such figure, or if it has one end only.
    """
    checks.known(key, sorted(facts), thing="figure")
    return facts[key].amount
