"""Compiled log-chances of printed totals of two populations, cases and retail finds, given the factor of their year."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowsim.calibration.kernel import LARGEST, TOTAL, of_largest, of_share, of_total, on_grid, panjer
from flowsim.calibration.levels import FLOOR, factors
from flowsim.jit import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SMALL, WHOLESALE, RETAIL = range(3)
"""Rows of the sizes: of the two populations, and of what is taken from retail sellers."""

FAR = 3.5
"""Excess of the logarithm of an expected total over that of the printed one beyond which its chance is taken for 0.

Totals far above their mean are kept, as one wholesale consignment can make them.
"""


@kernel
def event(
    sizes: Floats, counts: Floats, cases: float, taken: Floats, ring: Floats, share: Floats, step: float, bins: int
) -> Floats:
    """Probabilities on a grid of the mass of one event: a consignment found, a retail find, or a case.

    A case takes a Poisson number of consignments with a mean proportional to the size of its ring.

    Parameters
    ----------
    sizes
        Parameters of the sizes of both populations and of retail finds, dims (population, column), as in
        `calibration.kernel`.
    counts
        Mean numbers of consignments of each population and of retail finds that are found singly, dims (3,) [1].
    cases
        Mean number of cases [1].
    taken
        Mean numbers of consignments of each population per case, dims (2,) [1].
    ring, share
        Sizes of rings relative to their mean and the share of the rings of each, dims (ring,) [1].
    step, bins
        Grid, as in `kernel.on_grid`.
    """
    total = counts.sum() + cases
    mixed, by_case = np.zeros(bins), np.zeros(bins)
    together = taken.sum()
    for k in range(len(counts)):
        ripe = cases > 0.0 and k < len(taken) and taken[k] > 0.0
        if counts[k] > 0.0 or ripe:
            one = on_grid(sizes[k], step, bins)
            mixed += counts[k] / total * one
            if ripe:
                by_case += taken[k] / together * one
    if cases > 0.0:
        if together > 0.0:
            sums, offset = panjer(by_case, ring * together, bins)
            for k in range(len(ring)):
                mixed += cases / total * share[k] * math.exp(-offset[k]) * sums[k]
        else:
            mixed[0] += cases / total
    return mixed


@kernel
def of_rows(
    sizes: Floats,
    counts: Floats,
    cases: Floats,
    taken: Floats,
    mean: Floats,
    level: Floats,
    year: Floats,
    ring: Floats,
    share: Floats,
    rows: Floats,
    grid: Ints,
    scores: Floats,
    years: int,
) -> Floats:
    """Log-chance of the printed numbers of each year at each point of its factor, dims (set, year, node).

    Parameters
    ----------
    sizes
        Parameters of sizes, dims (set, population, column).
    counts, cases, taken
        As in `event`, dims (set, sum, 3), (set, sum) and (set, sum, 2).
    mean
        Expected mass of each sum in a year with a factor of 1, dims (set, sum) [kg].
    level, year
        Standard deviations of the level and of a year's practice, dims (set,) [1].
    ring, share
        As in `event`.
    rows, grid
        Rows and their grids, as in `kernel.of_rows`.
    scores
        Points of the factor, dims (node,).
    years
        Number of years.
    """
    found = np.zeros((len(sizes), years, len(scores)))
    nothing = np.zeros(len(scores))
    for k in range(len(sizes)):
        factor = factors(level[k], year[k], scores)
        for r in range(len(grid)):
            a, b, bins, step = grid[r, 2], grid[r, 3], grid[r, 4], grid[r, 5] * 1e-6
            first = event(sizes[k], counts[k, a], cases[k, a], taken[k, a], ring, share, step, bins)
            rate = counts[k, a].sum() + cases[k, a]
            here = np.full(len(scores), FLOOR)
            if grid[r, 1] == TOTAL:
                middle = math.log(max(0.5 * (rows[r, 0] + rows[r, 1]), 1.0))
                near = np.log(np.maximum(factor * mean[k, a], 1e-9)) - middle < FAR
                some = np.flatnonzero(near)
                if len(some):
                    here[some] = of_total(first, factor[some] * rate, nothing[: len(some)], rows[r], step)
            elif grid[r, 1] == LARGEST:
                here = of_largest(first, factor * rate, rows[r], step)
            else:
                rest = event(sizes[k], counts[k, b], cases[k, b], taken[k, b], ring, share, step, bins)
                rates = np.empty((2, len(scores)))
                rates[0], rates[1] = factor * rate, factor * (counts[k, b].sum() + cases[k, b])
                here = of_share(first, rest, rates, np.zeros((2, len(scores))), rows[r], step)
            for q in range(len(scores)):
                found[k, grid[r, 0], q] += max(here[q], FLOOR)
    return found
