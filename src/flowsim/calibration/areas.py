"""Areas of a country, and the mass that each part of a component seizes in a mean year."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHARE = "share_"
"""Prefix of the name of the parameter of an area's share."""

INSIDE = "inside"
"""Component that is divided over areas."""


@dataclass(frozen=True, kw_only=True)
class Areas(ABC):
    """Areas of a country with a share of finds inside as a parameter."""

    areas: Mapping[str, str]
    """Oblast of each area with its share of finds inside as a parameter, in order."""

    def area(self, oblast: str) -> str:
        """Area of an oblast, empty for the rest of the country."""
        return next((name for name, where in self.areas.items() if where == oblast), "")

    @property
    @abstractmethod
    def present(self) -> tuple[str, ...]:
        """Components of the world."""

    def parts(self, component: str) -> tuple[str, ...]:
        """Parts of a component with masses of their own: `inside` has one per area and one for the rest."""
        return tuple(f"{INSIDE}:{area}" for area in (*self.areas, "")) if component == INSIDE else (component,)

    def part(self, component: str, oblast: str) -> str:
        """Part of a component that an oblast belongs to."""
        return f"{INSIDE}:{self.area(oblast)}" if component == INSIDE else component

    def kilograms(self, drawn: Mapping[str, Floats]) -> dict[str, Floats]:
        """Mass seized in a mean year under the controls of the reference, by part of a component [kg/year].

        Parameters
        ----------
        drawn
            Values of the parameters, dims (...).
        """
        found = {name: np.asarray(drawn[name]) for name in self.present if name != INSIDE}
        if INSIDE in self.present:
            rest = np.asarray(drawn[INSIDE])
            for area in self.areas:
                found[f"{INSIDE}:{area}"] = rest * drawn[f"{SHARE}{area}"]
                rest = rest * (1.0 - drawn[f"{SHARE}{area}"])
            found[f"{INSIDE}:"] = rest
        return found
