"""Devices used in a secondary examination: scanners, dogs and the crew's hands."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.traffic import Law


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that either raises an alarm on a vehicle or does not."""

    name: str
    """Identifier, from which its random numbers derive."""

    label: str
    """Name as it is printed."""

    intercept: float
    """Logit of the sensitivity for a load of 1 kg and median concealment [1]."""

    slope: float
    """Change of the logit per unit of ln(mass / kg) [1]."""

    concealment: float
    """Fall of the logit per standard deviation of a load's concealment quality [1]."""

    specificity: float
    """Probability of no alarm on a vehicle that carries nothing [1]."""

    service_time: float
    """Mean time of one examination [h]."""

    law: Law
    """Variation of that time."""

    availability: float
    """Probability that the device works on a day [1]."""

    kind: str
    """Whether its figures are reported or assumed."""

    source: str
    """Where its figures come from."""

    transfer: float = 1.0
    """Whether its alarms on loads are followed up as those of the devices of old (1) or all of them (0) [1].

    The share that is followed up is the effort of the checkpoint to this power.
    """

    def __post_init__(self) -> None:
        for name in ("intercept", "slope", "concealment"):
            checks.finite(self, name)
        checks.probability(self, "specificity")
        checks.positive(self, "service_time")
        checks.probability(self, "availability")
        checks.probability(self, "transfer")
        checks.sourced(self)
