"""Annual totals of opium: a second series, with a level of its own and the practice of the year that heroin has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.calibration import levels
from flowsim.calibration.data import Reported
from flowsim.calibration.kernel import TOP, limited_mean, of_total, on_grid
from flowsim.calibration.model import row_tables
from flowsim.calibration.synthetic_reports import draw_masses
from flowsim.jit import kernel
from flowsim.world.traffic import HEROIN, OPIUM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MEAN = "opium"
"""Parameter: opium seized in a mean year [kg/year]."""

SIZES = ("opium_median", "opium_log_sd")
"""Parameters of the sizes of opium consignments found."""

LEVELS: Mapping[str, tuple[str, str]] = {
    HEROIN: ("level_log_sd", "level_rho"),
    OPIUM: ("opium_level_log_sd", "opium_level_rho"),
}
"""Parameters of the level of each drug: its log-sd and its autocorrelation."""

PARAMETERS = (MEAN, *SIZES, *LEVELS[OPIUM])
"""Parameters of the series; practice has none besides `year_log_sd`."""

BINS = 48
"""Points of the mass grid below a printed total [1].

A consignment far below a step of the grid is spread over two points, which adds a step times its mass to the variance
of a total: to the spread of its logarithm 1 / sqrt(48), 0.14, in quadrature.
"""


@kernel
def of_totals(
    sizes: Floats, count: Floats, level: Floats, year: Floats, rows: Floats, grid: Ints, scores: Floats, years: int
) -> Floats:
    """Log-chance of the printed totals of each year at each point of its factor, dims (set, year, node).

    Parameters
    ----------
    sizes
        Parameters of sizes, dims (set, column), as in `calibration.kernel`.
    count
        Mean number of consignments in the year of each row with a factor of 1, dims (set, row) [1].
    level, year
        Standard deviations of the level and of a year's practice, dims (set,) [1].
    rows, grid
        Totals and their grids, as in `calibration.kernel.of_rows`.
    scores
        Points of the factor, dims (node,).
    years
        Number of years.
    """
    found = np.zeros((len(sizes), years, len(scores)))
    nothing = np.zeros(len(scores))
    for k in range(len(sizes)):
        factor = levels.factors(level[k], year[k], scores)
        for r in range(len(grid)):
            step, rate = grid[r, 5] * 1e-6, count[k, r] * factor
            here = of_total(on_grid(sizes[k], step, grid[r, 4]), rate, nothing, rows[r], step)
            for q in range(len(scores)):
                found[k, grid[r, 0], q] += max(here[q], levels.FLOOR)
    return found


@dataclass(frozen=True, kw_only=True)
class OpiumTotals:
    """Reported annual totals of opium of the whole country."""

    rows: tuple[Reported, ...]
    """Fitted rows."""

    printed: tuple[float, ...]
    """Number of each row [kg]."""

    maximum: float
    """Largest consignment [kg]."""

    @property
    def years(self) -> frozenset[int]:
        """Years with a total."""
        return frozenset(row.year for row in self.rows)

    def sizes(self, drawn: Mapping[str, Floats]) -> Floats:
        """Parameters of the sizes, dims (set, column), as in `calibration.kernel`."""
        median, sd = (np.asarray(drawn[name], dtype=np.float64) for name in SIZES)
        start, nothing = np.full_like(median, self.maximum), np.zeros_like(median)
        return np.stack([median, sd, start, nothing, nothing + 1.0, start + 1.0, nothing], axis=-1)

    def consignments(self, drawn: Mapping[str, Floats]) -> Floats:
        """Consignments found in a mean year, dims (set,) [1/year]."""
        means = [limited_mean(row, row[TOP]) for row in self.sizes(drawn)]
        return np.asarray(drawn[MEAN] / np.array(means), dtype=np.float64)

    def by_year(self, drawn: Mapping[str, Floats], *, years: Sequence[int], harvest: Floats) -> Floats:
        """Log-chance of the totals at each point of the factor of their year, dims (set, year, node).

        Given its factor, a total is a compound Poisson sum of consignments with lognormal masses. A year without a
        total has 0.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        years
            Years of the result.
        harvest
            Factor of the harvest on the flow of the year of each row, dims (set, row) [1].
        """
        nothing = ((0, 0),) * len(self.rows)
        rows, grid = row_tables(
            self.rows, self.printed, of_row=nothing, years=years, reach=(0.0,) * len(self.rows), bins=BINS
        )
        level, year = (np.ascontiguousarray(drawn[name]) for name in (LEVELS[OPIUM][0], "year_log_sd"))
        sizes, count = np.ascontiguousarray(self.sizes(drawn)), harvest * self.consignments(drawn)[:, None]
        return of_totals(sizes, count, level, year, rows, grid, levels.SCORES, len(years))

    def simulate(self, drawn: Mapping[str, float], *, factor: float, rng: np.random.Generator) -> float:
        """Opium seized in a simulated year [kg].

        Parameters
        ----------
        drawn
            Values of the parameters.
        factor
            The year's factor on all events [1].
        rng
            Random numbers.
        """
        one = {name: np.array([drawn[name]]) for name in PARAMETERS}
        count = rng.poisson(factor * float(self.consignments(one)[0]))
        return float(draw_masses(self.sizes(one)[0], rng=rng, count=count).sum())
