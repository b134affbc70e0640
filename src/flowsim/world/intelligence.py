"""Intelligence: rings of senders, cases against rings that mature in the year, and tips on single consignments."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.checkpoint import AGENCIES, agency_key

CASE_AGENCIES = ("KNB", "Committee")
"""Agencies with cases against rings."""

MOST_RINGS = 100_000
"""Largest number of rings [1]."""


@dataclass(frozen=True, kw_only=True)
class Intelligence:
    """Rings, cases against them by agencies, and tips.

    A mature case takes all consignments of its ring: those in store at once, those under way at the end of their
    current leg or service. Its chance does not depend on the size of the ring, nor on effort.
    """

    rings: int
    """Rings behind the consignments of a year [1]."""

    size_exponent: float
    """Exponent of the Pareto distribution of the rings' sizes [1]."""

    cases_knb: float
    """Cases of the national security service that mature [1/year]."""

    cases_committee: float
    """Cases of the Interior Ministry's Committee that mature [1/year]."""

    dismantled: float
    """Probability that a ring sends nothing more in the year of a case against it [1]."""

    tip_customs: float
    """Probability of a tip to the Customs on a consignment [1]."""

    tip_border_guards: float
    """Probability of a tip to the Border Guards on a consignment [1]."""

    tip_committee: float
    """Probability of a tip to the Committee on a consignment [1]."""

    tip_knb: float
    """Probability of a tip to the national security service on a consignment [1]."""

    def __post_init__(self) -> None:
        checks.keeps(self, "rings", checks.between(1, MOST_RINGS))
        checks.keeps(self, "size_exponent", checks.between(0.1, 100))
        for agency in CASE_AGENCIES:
            checks.non_negative(self, f"cases_{agency_key(agency)}")
        for agency in AGENCIES:
            checks.probability(self, f"tip_{agency_key(agency)}")
        checks.probability(self, "dismantled")

    def cases(self, agency: str) -> float:
        """Number of cases of an agency maturing in a year [1/year]."""
        rate: float = getattr(self, f"cases_{agency_key(agency)}") if agency in CASE_AGENCIES else 0.0
        return rate

    def tip(self, agency: str) -> float:
        """Probability of a tip to an agency on a consignment [1]."""
        chance: float = getattr(self, f"tip_{agency_key(agency)}")
        return chance

    @property
    def has_cases(self) -> bool:
        """Whether the expected number of cases is positive."""
        return any(self.cases(agency) > 0 for agency in CASE_AGENCIES)


NO_INTELLIGENCE = Intelligence(
    rings=1,
    size_exponent=1.2,
    cases_knb=0.0,
    cases_committee=0.0,
    dismantled=0.0,
    tip_customs=0.0,
    tip_border_guards=0.0,
    tip_committee=0.0,
    tip_knb=0.0,
)
"""No cases and no tips."""
