"""Formats of the printed numbers of a comparison: short, with an interval, and in years."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from flowsim.results import intervals

Row = Mapping[str, Any]


def short(value: float, *, sign: bool = True) -> str:
    """A number with two or three significant digits.

    Parameters
    ----------
    value
        The number [unit].
    sign
        Whether to show a plus sign.
    """
    if not math.isfinite(value):
        return "n/a" if math.isnan(value) else "inf"
    if value == 0:
        return "0"
    plus, power = "+" if sign else "", math.floor(math.log10(abs(value)))
    if power < -3:
        return f"{value:{plus}.0e}"
    return f"{value:{plus},.{max(0, (2 if power >= 0 else 1) - power)}f}"


def span(row: Row, name: str, *, scale: float = 1.0, always: bool = False) -> str:
    """Mean and interval of a column, as in `+12 (+3 to +20)`; `+12 (n/a)` with too few draws or sets.

    Parameters
    ----------
    row
        Row of a table with the columns NAME, NAME_q05 and NAME_q95.
    name
        Name of the column.
    scale
        Factor of all three.
    always
        Whether to write an interval of zero width too.
    """
    middle, low, high = (scale * float(row[key]) for key in (name, f"{name}_q05", f"{name}_q95"))
    if not math.isfinite(middle) or (low == high == middle and not always):
        return short(middle)
    return intervals.with_ends(middle, low, high, short, missing="n/a")


def ends(low: float, high: float, *, sign: bool = True) -> str:
    """Both ends of an interval, or `n/a`.

    Parameters
    ----------
    low, high
        The ends, NaN if draws or sets are too few [unit].
    sign
        Whether to show a plus sign.
    """
    return intervals.ends(low, high, partial(short, sign=sign), missing="n/a")


def years_text(years: float) -> str:
    """Text of the years of reports to detect an effect, in thousands (k) from ten thousand on [year]."""
    if math.isnan(years):
        return "n/a"
    if math.isinf(years):
        return "never"
    return ">999k" if years >= 999_500 else f"{years / 1000:.0f}k" if years > 9999 else f"{years:.0f}"
