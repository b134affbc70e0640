"""Corruption: protected rings, alarms bought off, and the leak of the evidence store."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.checkpoint import AGENCIES, agency_key


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """Probabilities of bribery and protection after an alarm, and the leak of the evidence store.

    Neither bribes nor protection reach beyond the bay: cases are not bought off, nor are the patrols of the Border
    Guards on bypasses.
    """

    bribe_customs: float
    """Probability that an alarm on a consignment is bought off at a checkpoint of the Customs [1]."""

    bribe_border_guards: float
    """Probability that an alarm on a consignment is bought off at a checkpoint of the Border Guards [1]."""

    bribe_committee: float
    """Probability that an alarm on a consignment is bought off at a checkpoint of the Committee [1]."""

    bribe_knb: float
    """Probability that an alarm on a consignment is bought off at a checkpoint of the national security service [1]."""

    protected_customs: float
    """Share of the rings protected at all checkpoints of the Customs [1]."""

    protected_border_guards: float
    """Share of the rings protected at all checkpoints of the Border Guards [1]."""

    protected_committee: float
    """Share of the rings protected at all checkpoints of the Committee [1]."""

    protected_knb: float
    """Share of the rings protected at all checkpoints of the national security service [1]."""

    released: float
    """Share of the mass seized that leaks from the evidence store; it stays counted as seized [1]."""

    def __post_init__(self) -> None:
        for agency in AGENCIES:
            checks.probability(self, f"bribe_{agency_key(agency)}")
            checks.probability(self, f"protected_{agency_key(agency)}")
        checks.probability(self, "released")

    def bribe(self, agency: str) -> float:
        """Probability of an alarm on a consignment being bought off at a checkpoint of an agency [1]."""
        chance: float = getattr(self, f"bribe_{agency_key(agency)}")
        return chance

    def protected(self, agency: str) -> float:
        """Share of the rings under an agency's protection [1]."""
        share: float = getattr(self, f"protected_{agency_key(agency)}")
        return share

    @property
    def protects(self) -> bool:
        """Whether any agency protects rings."""
        return any(self.protected(agency) > 0 for agency in AGENCIES)


NO_CORRUPTION = Corruption(
    bribe_customs=0.0,
    bribe_border_guards=0.0,
    bribe_committee=0.0,
    bribe_knb=0.0,
    protected_customs=0.0,
    protected_border_guards=0.0,
    protected_committee=0.0,
    protected_knb=0.0,
    released=0.0,
)
"""No bribes, no protection, and no leak of the evidence store."""
