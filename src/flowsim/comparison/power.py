"""Power analysis: years of reported seizures needed to detect an effect, as years follow one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from flowsim import checks

LEVEL, POWER = 0.05, 0.8
"""Significance level of the two-sided test, and its power [1]."""

LEAST, MOST = 2, 200
"""Years on each side that are simulated, at least and at most [year]."""

PATHS = 200
"""Series of years that are simulated for each draw [1]."""

SEED = 20
"""Seed of their random numbers."""

LEVELS = ("level_log_sd", "level_rho")
"""Coordinates of a draw: log-sd of the level of the flow, and its autocorrelation from year to year [1]."""

YEARS = np.union1d(np.arange(LEAST, 21), np.geomspace(LEAST, MOST, 60).astype(np.int64))
"""Years on each side for which the smallest detectable change is simulated, dims (years,) [year]."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Detectable:
    """Smallest detectable changes by draw and number of years of reports, as many before a policy as after.

    The test compares the logarithm of the ratio of the mean totals, after over before, with its distribution without
    a policy, simulated from the process of the years in a draw, which it knows.
    """

    least: Floats
    """Smallest detectable logarithm of the ratio, of a rise or a fall, dims (draw, years) [1]."""

    def needed(self, ratio: npt.ArrayLike, *, draws: npt.ArrayLike | None = None) -> Floats:
        """Years on each side to detect a change, infinite where there is none, dims (draw,) [year].

        Beyond the simulated years, the smallest detectable change falls with the root of their number.

        Parameters
        ----------
        ratio
            Mean total with the policy over that without it, dims (draw,) or of all alike [1].
        draws
            Draws of the ratios, by position; by default all.
        """
        own = self.least if draws is None else self.least[np.asarray(draws)]
        # More years never show less: what noise of the simulation says against it is smoothed away.
        least = np.minimum.accumulate(own, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.nan_to_num(np.abs(np.log(np.asarray(ratio, dtype=np.float64))), nan=0.0, posinf=np.inf)
            size = np.broadcast_to(size, len(least))
            seen = (least <= size[:, None]) & (size > 0)[:, None]
            beyond = np.ceil(YEARS[-1] * (least[:, -1] / size) ** 2)
        found: Floats = np.where(seen.any(axis=1), YEARS[seen.argmax(axis=1)], np.where(size > 0, beyond, np.inf))
        return found

    def visible(self, years: int) -> Floats:
        """Smallest detectable rise, relative to the mean total, dims (draw,) [1].

        Parameters
        ----------
        years
            Years on each side, one of `YEARS` [year].
        """
        rule = "be one of the numbers of years that are simulated"
        checks.require(years in YEARS, thing="years of reports", rule=rule, value=years)
        found: Floats = np.expm1(self.least[:, np.searchsorted(YEARS, years)])
        return found


def detection(results: xr.Dataset, *, level: float = LEVEL, power: float = POWER) -> Detectable:
    """Smallest detectable changes in series of years like those of the baseline.

    A year's total is the share of the flow that a draw seizes in one of its simulated years, times a level of the flow
    that follows an AR(1) process of its logarithm with the draw's standard deviation and autocorrelation. Without the
    coordinates `LEVELS`, whole totals follow one another independently.

    Parameters
    ----------
    results
        Results of a comparison, with two years or more.
    level
        Significance level of the two-sided test [1].
    power
        Probability of detecting the effect [1].
    """
    own = results.sel(policy="baseline")
    total = own["seized_mass"].sum(["channel", "agency"]).transpose("draw", "replication").values
    log_sd, rho = np.zeros(len(total)), np.zeros(len(total))
    if all(name in results.coords for name in LEVELS):
        log_sd, rho = (results[name].values for name in LEVELS)
        entered = own["entered_mass"].transpose("draw", "replication").values
        total = np.divide(total, entered, out=np.zeros_like(total), where=entered > 0)
    rng = np.random.default_rng(SEED)
    levels = _levels(log_sd, rho, rng=rng)
    least = np.empty((len(total), len(YEARS)))
    for d, drawn in enumerate(total):
        series = levels[d] * drawn[rng.integers(len(drawn), size=levels[d].shape)]
        halves = (series[:, MOST - 1 :: -1], series[:, MOST:])
        before, after = (half.cumsum(axis=1)[:, YEARS - 1] for half in halves)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.nan_to_num(np.log(after / before), nan=0.0, posinf=np.inf, neginf=-np.inf)
        # A series is as probable as its reverse, so that falls are as detectable as rises.
        both = np.concatenate([found, -found])
        # No interpolation: where totals may be 0, some of the ratios are infinite.
        sure: dict[str, Any] = {"axis": 0, "method": "higher"}
        least[d] = np.quantile(np.abs(found), 1 - level, **sure) + np.quantile(both, power, **sure)
    return Detectable(least=least)


def _levels(log_sd: Floats, rho: Floats, *, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Levels of the flow with mean 1 in twice `MOST` years in a row, dims (draw, path, year) [1]."""
    found = rng.standard_normal((2 * MOST, len(rho), PATHS), dtype=np.float32)
    kept = rho.astype(np.float32)[:, None]
    fresh = np.sqrt(1.0 - kept**2)
    for year in range(1, 2 * MOST):
        found[year] = kept * found[year - 1] + fresh * found[year]
    sd = log_sd.astype(np.float32)[:, None]
    return np.ascontiguousarray(np.moveaxis(np.exp(sd * found - sd**2 / 2), 0, -1))
