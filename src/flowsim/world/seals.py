"""Customs seals: a sealed truck shows its seal in the green lane and is opened only if something is noticed."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks

SEAL_TYPES = ("plain", "electronic")
"""Types of seal."""


@dataclass(frozen=True, kw_only=True)
class Seals:
    """How TIR trucks are treated at crossings."""

    green_lane: bool
    """Whether a seal check takes the place of selection; if not, TIR trucks are selected like others."""

    inspection: bool
    """Whether a sealed truck may be selected and opened besides, which the convention forbids."""

    type: str
    """One of `SEAL_TYPES`."""

    opened: float
    """Share of the loads in TIR trucks whose seal was opened and closed again on the way [1]."""

    notice_plain: float
    """Probability that a check notices a plain seal that was opened and closed [1]."""

    notice_electronic: float
    """Probability that a check notices an electronic seal that was opened and closed [1]."""

    false_notice: float
    """Probability that a check takes an intact seal for a broken one [1]."""

    def __post_init__(self) -> None:
        checks.one_of(self, "type", SEAL_TYPES)
        for name in ("opened", "notice_plain", "notice_electronic", "false_notice"):
            checks.probability(self, name)

    @property
    def notice(self) -> float:
        """Probability that a check notices a seal that was opened and closed, for the type in use [1]."""
        return self.notice_electronic if self.type == "electronic" else self.notice_plain


NO_SEALS = Seals(
    green_lane=False,
    inspection=True,
    type="plain",
    opened=0.0,
    notice_plain=0.0,
    notice_electronic=0.0,
    false_notice=0.0,
)
"""Seals without effect: TIR trucks are selected like all others."""
