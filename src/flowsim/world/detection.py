"""Detection: how targeting, effort and concealment decide whether a load is found."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.corruption import NO_CORRUPTION, Corruption
from flowsim.world.intelligence import NO_INTELLIGENCE, Intelligence
from flowsim.world.seals import NO_SEALS, Seals


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Share of alarms on loads that are followed up until the load is found, by class of checkpoint.

    It stands for everything between what devices should find and what is seized that no mechanism of the model
    explains: attention, incentives, searches not finished. One number per class is all that the reported totals
    can inform.
    """

    crossing: float
    """At crossings, border stations and ports [1]."""

    inside: float
    """At internal checkpoints elsewhere [1]."""

    south: float
    """At internal checkpoints of South Kazakhstan [1]."""

    almaty: float
    """At internal checkpoints of Almaty city [1]."""

    def __post_init__(self) -> None:
        for name in ("crossing", "inside", "south", "almaty"):
            checks.probability(self, name)

    def of(self, effort_class: str) -> float:
        """Effort of a class of checkpoint [1]."""
        value: float = getattr(self, effort_class)
        return value


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What is common to all checkpoints in finding loads."""

    targeting: float
    """Mean risk score of a loaded vehicle, in standard deviations of the honest ones [1]."""

    sensitivity: float
    """Factor on the odds that a device raises an alarm on a load [1]; 1 leaves the devices as they are."""

    effort: Effort
    """Share of alarms followed up."""

    year_log_sd: float
    """Standard deviation of the logarithm of a year's effort about its mean [1]."""

    handling_time: float
    """Time to bring a vehicle into a bay and out of it, whatever is done there [h]."""

    search_time: float
    """Mean time of the manual search after an alarm [h]."""

    search_cv: float
    """Coefficient of variation of that time, which is lognormal [1]."""

    compensation: float
    """Paid to an honest carrier after a search that found nothing [USD]."""

    search_cost: float
    """Cost of a manual search to the agency [USD]."""

    cost_ratio: float = 1.0
    """Cost of a fruitless search to the agency relative to the cost at which referral was observed [1]."""

    seals: Seals = NO_SEALS
    """How TIR trucks are treated at crossings."""

    intelligence: Intelligence = NO_INTELLIGENCE
    """Rings, the cases against them, and tips."""

    corruption: Corruption = NO_CORRUPTION
    """Bribes, protection, and the leak of the evidence store."""

    def __post_init__(self) -> None:
        checks.finite(self, "targeting")
        checks.positive(self, "sensitivity")
        checks.non_negative(self, "year_log_sd")
        for name in ("handling_time", "search_time", "cost_ratio"):
            checks.positive(self, name)
        for name in ("search_cv", "compensation", "search_cost"):
            checks.non_negative(self, name)
