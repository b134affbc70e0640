"""Numbers of the page: masses, shares and spans as text, in English."""

from __future__ import annotations

import math
from collections.abc import Callable

from flowsim.report.wording import Text, plain, text


def kg(value: float) -> str:
    """Mass with at most three significant digits below a hundred [kg]."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def percent(value: float) -> str:
    """Share as a percentage, to hundredths below ten [1]."""
    share = 100 * value
    if share == 0 or share >= 10:
        return f"{share:.0f}"
    return f"{share:.2f}" if share >= 0.01 else f"{share:.1g}"


def large(value: float) -> Text:
    """Count in millions from a million on."""
    if abs(value) < 1e6:
        return plain(f"{value:,.0f}")
    return text("answer.million", number=f"{value / 1e6:.1f}")


def span(low: float, high: float, shown: Callable[[float], str] = kg) -> Text:
    """Both ends of an interval in brackets, empty if one is missing.

    Parameters
    ----------
    low, high
        The ends [unit].
    shown
        Function from a number to its text.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return Text("", "")
    return text("answer.span", low=shown(low), high=shown(high))


def ends(low: str, high: str) -> Text:
    """Both ends of an interval, as `a to b`."""
    return text("answer.ends", low=low, high=high)


def minutes(hours: float) -> str:
    """Time in minutes [h]."""
    return "" if math.isnan(hours) else f"{60 * hours:.0f}"
