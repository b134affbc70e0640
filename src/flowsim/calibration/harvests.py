"""Harvests as a covariate of the flow: the area under poppy of a year and the year before, relative to a reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowsim import checks, csv_tables

ELASTICITY = "harvest"
"""Parameter: change of the logarithm of the flow with that of the area under poppy [1]."""


@dataclass(frozen=True, kw_only=True)
class Harvests:
    """Areas under poppy, and the harvest behind a year's flow relative to that of a reference year."""

    areas: Mapping[int, float]
    """Area by year, without gaps [1000 ha]."""

    reference: int
    """Reference year."""

    def relative(self, year: int) -> float:
        """Logarithm of the area behind the flow of a year relative to the reference's [1].

        The harvest of a summer is on its way until the next, so the area behind a flow is the mean of the year and the
        year before; where one of them is not known, the nearest known.
        """
        return math.log(self._behind(year) / self._behind(self.reference))

    def _behind(self, year: int) -> float:
        first, last = min(self.areas), max(self.areas)
        return 0.5 * sum(self.areas[min(max(one, first), last)] for one in (year - 1, year))


def load(path: Path) -> dict[int, float]:
    """Areas under poppy by year, ascending [1000 ha].

    Parameters
    ----------
    path
        Table with columns year, area and source.

    Raises
    ------
    ValueError
        If an area is not above 0, a year comes twice, a year between is missing, or a source is empty.
    """
    found: dict[int, float] = {}
    for row in csv_tables.read(path, columns=("year", "area", "source")):
        year, area = row.whole("year"), row.number("area")
        checks.require(year not in found, thing=row.where("year"), rule="come once", value=year)
        checks.require(area > 0, thing=row.where("area"), rule="be above 0", value=area)
        row.text("source")
        found[year] = area
    gaps = set(range(min(found), max(found) + 1)) - set(found)
    checks.require(not gaps, thing=f"{path.name}: year", rule="have no gap", value=min(gaps, default=0))
    return dict(sorted(found.items()))
