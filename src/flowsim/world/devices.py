"""Devices of secondary inspection: scanners, dogs and manual checks."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.traffic import Law


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device with a binary alarm."""

    name: str
    """Identifier, and address of its random numbers."""

    label: str
    """Name in print."""

    intercept: float
    """Logit of the sensitivity for a consignment of 1 kg and median concealment [1]."""

    slope: float
    """Change of the logit per unit of ln(mass / kg) [1]."""

    concealment: float
    """Fall of the logit per standard deviation of concealment quality [1]."""

    specificity: float
    """Probability of no alarm on an honest vehicle [1]."""

    service_time: float
    """Mean time of one inspection [h]."""

    law: Law
    """Variation of that time."""

    availability: float
    """Probability that the device works on a day [1]."""

    kind: str
    """Whether its figures are reported or assumed."""

    source: str
    """Source of its figures."""

    def __post_init__(self) -> None:
        for name in ("intercept", "slope", "concealment"):
            checks.finite(self, name)
        checks.probability(self, "specificity")
        checks.positive(self, "service_time")
        checks.probability(self, "availability")
        checks.sourced(self)
