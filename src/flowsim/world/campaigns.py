"""Campaigns: periods in which agencies follow up more of their alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flowsim import checks
from flowsim.units import HOURS_PER_DAY


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A yearly campaign of some agencies."""

    name: str
    """Identifier."""

    start: str
    """First day, month and day as MM-DD."""

    end: str
    """First day after it, as MM-DD; later in the year than `start`."""

    agencies: tuple[str, ...]
    """Participating agencies."""

    factor: float
    """Factor on their effort during the campaign [1]."""

    kind: str
    """Whether the factor is reported or assumed."""

    source: str
    """Source of the dates and the factor."""

    def __post_init__(self) -> None:
        checks.non_negative(self, "factor")
        first, last = (_hour(day, thing=f"Campaign '{self.name}'") for day in (self.start, self.end))
        rule = "end after it starts in the same year"
        checks.require(first < last, thing=f"Campaign '{self.name}'", rule=rule, value=(self.start, self.end))
        checks.sourced(self)

    @property
    def span(self) -> tuple[float, float]:
        """Start and end from the first of January [h]."""
        thing = f"Campaign '{self.name}'"
        return _hour(self.start, thing=thing), _hour(self.end, thing=thing)


def factor(campaigns: Sequence[Campaign], *, agency: str, time: float) -> float:
    """Factor on the effort of an agency at a time [1].

    Parameters
    ----------
    campaigns
        Campaigns of the world.
    agency
        Name of the agency.
    time
        Time from the first of January [h].
    """
    product = 1.0
    for campaign in campaigns:
        start, end = campaign.span
        if agency in campaign.agencies and start <= time < end:
            product *= campaign.factor
    return product


def _hour(day: str, *, thing: str) -> float:
    try:
        parsed = date.fromisoformat(f"2010-{day}")
    except ValueError:
        raise ValueError(f"{thing} must have days of the form MM-DD, got {day!r}") from None
    return (parsed - date(2010, 1, 1)).days * HOURS_PER_DAY
