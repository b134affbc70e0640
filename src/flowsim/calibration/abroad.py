"""Single seizures beyond the exits of a country, by sector, and their chances given the flow that leaves there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from flowsim import checks
from flowsim.calibration.population_evidence import AbroadRequest
from flowsim.calibration.singles import CLASSES
from flowsim.evidence.single_seizures import SeizureCount
from flowsim.world.traffic import HEROIN

Floats = npt.NDArray[np.float64]

CLOSENESS = "abroad"
"""Parameter: concentration of the seizures beyond the exits about the flow that leaves there [1]."""


@dataclass(frozen=True, kw_only=True)
class Abroad:
    """Single seizures beyond the exits in one year, as counted."""

    year: int
    """Calendar year."""

    sectors: Floats
    """Seizures by sector, dims (sector,) [1]."""


def of_year(counts: Sequence[SeizureCount], *, request: AbroadRequest, year: int) -> Abroad:
    """Single seizures of heroin of a year beyond the exits.

    Parameters
    ----------
    counts
        Counts of single seizures.
    request
        Country and regions.
    year
        Calendar year.

    Raises
    ------
    ValueError
        If the table has no seizure in a region of a sector.
    """
    own = [row for row in counts if (row.country, row.year, row.drug) == (request.country, year, HEROIN)]
    found = [
        float(sum(row.seizures for row in own if row.region in regions and row.from_kg >= CLASSES[0]))
        for regions in request.regions.values()
    ]
    for (sector, regions), number in zip(request.regions.items(), found, strict=True):
        rule = f"have a seizure of heroin in {year} in one of its regions of {request.country}"
        checks.require(number > 0, thing=f"sector {sector}", rule=rule, value=", ".join(regions))
    return Abroad(year=year, sectors=np.array(found))


def log_chance(seen: Abroad, leaving: Floats, *, closeness: Floats) -> Floats:
    """Log-chance of the sectors of seizures beyond the exits, dims (set,).

    Dirichlet-multinomial about the shares of the flow: police, consumption and other ways into a region differ by
    sector as much as `closeness` says.

    Parameters
    ----------
    seen
        Single seizures of a year.
    leaving
        Share of each sector in the flow that leaves, dims (set, sector) [1].
    closeness
        Concentration, dims (set,) [1].
    """
    alpha, counts = closeness[:, None] * leaving, seen.sectors
    found = gammaln(closeness) - gammaln(closeness + counts.sum())
    return np.asarray(found + (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=1))
