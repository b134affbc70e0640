"""Hubs: places where consignments are stored, split and repacked before they go on."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim import checks
from flowsim.world.traffic import VEHICLE_CLASSES, Law, mode_of

MOST_PARTS = 63
"""Largest number of parts that a load is split into, which the numbers of vehicles leave room for [1]."""

STORE = Law(family="lognormal", cv=0.5)
"""Variation of the time in store above its minimum; assumed, as days in store are reported as a range only."""


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A place where loads by road are put in store, to leave it in parts on vehicles and routes of their own."""

    place: str
    """Place of the store."""

    share: float
    """Share of the loads by road through the place that are stored there, at the first hub on their path [1]."""

    store: float
    """Mean time in store [h]."""

    store_minimum: float
    """Share of that time that is certain [1]."""

    part: float
    """Largest mass of a part [kg]; a load leaves in the least number of equal parts."""

    concealment: float
    """What repacking adds to the concealment quality of a part, drawn afresh [1]."""

    classes: tuple[tuple[str, float], ...]
    """Classes of vehicle in which parts leave, and their shares [1]; a TIR truck has had its seal opened."""

    kind: str
    """Whether the figures are reported or assumed."""

    source: str
    """Where they come from."""

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
