"""Text of a number with its interval, as all studies and figures print it."""

from __future__ import annotations

import math
from collections.abc import Callable

Form = str | Callable[[float], str]
"""Format of a number, as `.3g`, or a function that writes it."""


def ends(low: float, high: float, form: Form = ".3g", *, missing: str = "") -> str:
    """Both ends of an interval, as in `1.2 to 3.4`.

    Parameters
    ----------
    low, high
        The ends, NaN for none [unit].
    form
        Format of both.
    missing
        Text in place of an interval without a lower end.
    """
    return missing if math.isnan(low) else f"{_text(low, form)} to {_text(high, form)}"


def with_ends(middle: float, low: float, high: float, form: Form = ".3g", *, unit: str = "", missing: str = "") -> str:
    """A number with its interval, as in `2.3 kg (1.2 to 3.4)`.

    Parameters
    ----------
    middle, low, high
        The number and the ends [unit].
    form
        Format of all three.
    unit
        Unit in print.
    missing
        Text in place of an interval without a lower end.
    """
    named = f"{_text(middle, form)} {unit}".rstrip()
    return f"{named} ({ends(low, high, form, missing=missing)})"


def _text(value: float, form: Form) -> str:
    return format(value, form) if isinstance(form, str) else form(value)
