"""Events behind sums of seizures of two populations, and their numbers per kilogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.calibration import kernel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events behind sums in a year with a factor of 1; set is a set of parameters."""

    counts: Floats
    """Consignments of each population and retail finds found singly, dims (set, sum, 3) [1]."""

    cases: Floats
    """Cases, dims (set, sum) [1]."""

    taken: Floats
    """Consignments of each population per case, dims (set, sum, 2) [1]."""

    mean: Floats
    """Mass, dims (set, sum) [kg]."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Numbers per kilogram; dims (set,) [1/kg]."""

    found: tuple[Floats, Floats]
    """Consignments of each population per kilogram found at checkpoints."""

    patrol: tuple[Floats, Floats]
    """The same of what patrols seize: as in the flow."""

    case: tuple[Floats, Floats]
    """The same of what cases take: as in the flow of rings."""

    retail: Floats
    """Retail finds per kilogram."""


def mean_masses(sizes: Floats) -> Floats:
    """Mean mass of both populations and of retail finds, dims (set, 3) [kg].

    Parameters
    ----------
    sizes
        Parameters of sizes, dims (set, 3, column).
    """
    return np.array([[kernel.limited_mean(row, row[kernel.TOP]) for row in one] for one in sizes], dtype=np.float64)
