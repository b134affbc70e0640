"""A check: a number recomputed from the figures beside the number expected under a reading."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flowsim import checks, csv_tables
from flowsim.evidence.figures import Figure
from flowsim.evidence.folder import FOLDER

Facts = Mapping[str, Figure]
"""Figures by key."""

LEDGER = "ledger"
"""Reading of checks of a number against its record only, in favour of no reading."""

FLOAT_NOISE = 1e-9
"""Relative rounding error of binary arithmetic."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A recomputed number beside the expected one."""

    name: str
    """Subject of the comparison."""

    reading: str
    """Reading supported by the check, or `LEDGER`."""

    expected: float
    """Number under the reading or on record [unit]."""

    computed: float
    """Number from the figures [unit]."""

    tolerance: float
    """Largest difference explained by the rounding of the printed numbers [unit]."""

    unit: str
    """Unit of both."""

    cut: bool = False
    """Whether the printed digits are truncated rather than rounded, so that the computed number is up to a unit
    higher."""

    two_sided: bool = True
    """Whether the check fails for a number too low as well as for one too high."""

    bound: str = ""
    """Assumption beyond the printed numbers and their rounding, empty if none."""

    @property
    def accepted(self) -> tuple[float, float]:
        """Accepted range of the computed number [unit]; its upper end is excluded for truncated digits."""
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
    """Check of a value against an upper limit: the excess must be 0.

    Parameters
    ----------
    name
        Subject of the comparison.
    reading
        Reading supported by the check.
    value, limit
        The value and its upper limit [unit].
    unit
        Unit of both.
    bound
        Assumption in the limit, if any.
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
    """Check of the agreement of two numbers within rounding.

    Parameters
    ----------
    name
        Subject of the comparison.
    reading
        Reading supported by the check.
    expected, computed
        Printed number and number from the figures [unit].
    tolerance
        Largest difference explained by rounding [unit].
    unit
        Unit of all three.
    cut
        Whether the printed digits are truncated rather than rounded.
    bound
        Assumption in the check, if any.
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
    """Checks of recomputed numbers against the record, within half a unit of its last digit.

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
    """Half a unit of the last digit of a printed number: its rounding error."""
    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)


@functools.cache
def recorded() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Numbers on record by contradiction and name: text, significant to its last digit, and unit."""
    rows = csv_tables.read(FOLDER / "recorded.csv", columns=("contradiction", "number", "value", "unit"))
    keys = [(row.text("contradiction"), row.text("number")) for row in rows]
    checks.unique(keys, thing="recorded.csv")
    return {key: (row.text("value"), row.text("unit")) for key, row in zip(keys, rows, strict=True)}


def amount(facts: Facts, key: str) -> float:
    """Number of a figure [its unit].

    Raises
    ------
    ValueError
        If there is no such figure, or it has a single end.
    """
    checks.known(key, sorted(facts), thing="figure")
    return facts[key].amount
