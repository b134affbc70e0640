"""Detection of consignments: targeting, effort and concealment."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.corruption import NO_CORRUPTION, Corruption
from flowsim.world.intelligence import NO_INTELLIGENCE, Intelligence
from flowsim.world.seals import NO_SEALS, Seals


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Effort: share of alarms on consignments followed up to the find, by class of checkpoint.

    It stands for every loss between the devices' potential finds and the seizures without a mechanism in the model:
    attention, incentives, unfinished searches. The reported totals identify no more than one number per class.
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
    """Detection parameters common to all checkpoints."""

    targeting: float
    """Mean risk score of a vehicle with a consignment, in standard deviations of the honest ones [1]."""

    sensitivity: float
    """Factor on the odds of an alarm by a device on a consignment [1]; 1 leaves the devices unchanged."""

    effort: Effort
    """Share of alarms followed up."""

    year_log_sd: float
    """Standard deviation of the logarithm of a year's effort about its mean [1]."""

    handling_time: float
    """Time to bring a vehicle into a bay and out of it, regardless of the inspection [h]."""

    search_time: float
    """Mean time of the manual search after an alarm [h]."""

    search_cv: float
    """Coefficient of variation of the search time, lognormal [1]."""

    compensation: float
    """Compensation of an honest carrier after a fruitless search [USD]."""

    search_cost: float
    """Cost of a manual search to the agency [USD]."""

    cost_ratio: float = 1.0
    """Cost of a fruitless search to the agency relative to its cost at the observed referral [1]."""

    seals: Seals = NO_SEALS
    """Treatment of TIR trucks at crossings."""

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
