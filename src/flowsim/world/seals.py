"""Customs seals: a sealed truck shows its seal in the green lane and is opened only after a suspicious check."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks

SEAL_TYPES = ("plain", "electronic")
"""Types of seal."""


@dataclass(frozen=True, kw_only=True)
class Seals:
    """Treatment of TIR trucks at crossings."""

    green_lane: bool
    """Whether a seal check replaces selection; if not, TIR trucks are selected like others."""

    inspection: bool
    """Whether a sealed truck may also be selected and opened, contrary to the TIR convention."""

    type: str
    """One of `SEAL_TYPES`."""

    opened: float
    """Share of the consignments in TIR trucks with a seal opened and closed again on the way [1]."""

    notice_plain: float
    """Probability that a check notices a plain seal opened and closed again [1]."""

    notice_electronic: float
    """Probability that a check notices an electronic seal opened and closed again [1]."""

    false_notice: float
    """Probability of a false notice on an intact seal [1]."""

    def __post_init__(self) -> None:
        checks.one_of(self, "type", SEAL_TYPES)
        for name in ("opened", "notice_plain", "notice_electronic", "false_notice"):
            checks.probability(self, name)

    @property
    def notice(self) -> float:
        """Probability of noticing a seal opened and closed again, for the type in use [1]."""
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
