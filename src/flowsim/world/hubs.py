"""Hubs: storage, splitting and repacking of consignments."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.traffic import VEHICLE_CLASSES, Law, mode_of

MOST_PARTS = 63
"""Largest number of parts of a consignment, within the numbering of vehicles [1]."""

STORE = Law(family="lognormal", cv=0.5)
"""Variation of the time in store above its minimum; assumed, as the reported days in store are a range only."""


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A store of consignments by road, from which parts leave on vehicles and routes of their own."""

    place: str
    """Place of the store."""

    share: float
    """Share of the consignments by road stored at the first hub on their path [1]."""

    store: float
    """Mean time in store [h]."""

    store_minimum: float
    """Certain share of the time in store [1]."""

    part: float
    """Largest mass of a part [kg]; a consignment is split into the least number of equal parts."""

    concealment: float
    """Gain in concealment quality by repacking, with a fresh draw for each part [1]."""

    classes: tuple[tuple[str, float], ...]
    """Classes of vehicle of the parts, and their shares [1]; a TIR truck has had its seal opened."""

    kind: str
    """Whether the figures are reported or assumed."""

    source: str
    """Source of the figures."""

    def __post_init__(self) -> None:
        for name in ("share", "store_minimum"):
            checks.probability(self, name)
        for name in ("store", "part"):
            checks.positive(self, name)
        checks.finite(self, "concealment")
        on_road = [name for name in VEHICLE_CLASSES if mode_of(name) == "road"]
        for vehicle_class, _ in self.classes:
            checks.known(vehicle_class, on_road, thing=f"Hub '{self.place}': classes")
        checks.unique((name for name, _ in self.classes), thing=f"classes of hub '{self.place}'")
        checks.shares((share for _, share in self.classes), thing=f"class shares of hub '{self.place}'")
        checks.sourced(self)

    @property
    def name(self) -> str:
        """Name of its place."""
        return self.place
