"""Populations of consignments: small trade and wholesale, with sizes, concealment and rings of their own."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks


@dataclass(frozen=True, kw_only=True)
class ConsignmentSizes:
    """Masses of consignments: a lognormal body and a truncated Pareto tail.

    The body and tail describe *detected* consignments; the entering density at mass m is proportional to this density
    times m ** selection, because detection is taken to fall with mass as m ** -selection.
    """

    median: float
    """Median of the body of detected consignments [kg]."""

    log_sd: float
    """Standard deviation of the logarithm of the body [1]."""

    tail_start: float
    """Mass between the body and the tail [kg]."""

    tail_share: float
    """Share of detected consignments in the tail [1]."""

    tail_exponent: float
    """Exponent of the Pareto tail [1]."""

    maximum: float
    """Largest consignment [kg]."""

    selection: float
    """Exponent of the fall of detection with mass [1]."""

    def __post_init__(self) -> None:
        for name in ("median", "log_sd", "tail_start", "tail_exponent", "maximum"):
            checks.positive(self, name)
        checks.probability(self, "tail_share")
        checks.non_negative(self, "selection")
        rule = f"be above tail_start ({self.tail_start} kg)"
        checks.require(self.maximum > self.tail_start, thing="ConsignmentSizes.maximum", rule=rule, value=self.maximum)
        apart = abs(self.tail_exponent - self.selection) > 1e-6
        checks.require(
            apart, thing="ConsignmentSizes.selection", rule="differ from tail_exponent", value=self.selection
        )


@dataclass(frozen=True, kw_only=True)
class Population:
    """Consignments of one trade in a drug: a share of the mass of each of its streams.

    By default its consignments are hidden as any others, all belong to rings, and tips are as frequent as on others.
    """

    name: str
    """Identifier among the populations of the drug; empty for the only one of a drug."""

    drug: str
    """The drug."""

    mass_share: float
    """Share of the mass of each stream of the drug [1]."""

    low: float
    """Lower end of the interval of the share [1]."""

    high: float
    """Upper end of the interval of the share [1]."""

    sizes: ConsignmentSizes
    """Masses of its consignments."""

    concealment: float = 0.0
    """Mean of the concealment quality, in standard deviations of that of one population [1]."""

    rings: float = 1.0
    """Share of its consignments that belong to rings, which cases strike and agencies protect [1]."""

    tips: float = 1.0
    """Factor on the probability of a tip; the product is at most 1 [1]."""

    kind: str
    """Whether the numbers are reported or assumed."""

    source: str
    """Source of the numbers."""

    def __post_init__(self) -> None:
        for name in ("mass_share", "rings"):
            checks.probability(self, name)
        rule = f"lie in its interval [{self.low:g}, {self.high:g}]"
        holds = self.low <= self.mass_share <= self.high
        checks.require(holds, thing=f"Population '{self.label}': mass_share", rule=rule, value=self.mass_share)
        checks.finite(self, "concealment")
        checks.non_negative(self, "tips")
        checks.sourced(self)

    @property
    def label(self) -> str:
        """Its drug and its name."""
        return f"{self.drug}/{self.name}"

    def tip(self, probability: float) -> float:
        """Probability of a tip on one of its consignments, from that on others [1]."""
        return min(1.0, self.tips * probability)


def whole(drug: str, *, sizes: ConsignmentSizes) -> Population:
    """All consignments of a drug as a single population.

    Parameters
    ----------
    drug
        The drug.
    sizes
        Masses of its consignments.
    """
    source = f"{checks.JUDGEMENT}: all consignments of the drug are alike"
    shares = {"mass_share": 1.0, "low": 1.0, "high": 1.0}
    return Population(name="", drug=drug, sizes=sizes, kind="assumed", source=source, **shares)
