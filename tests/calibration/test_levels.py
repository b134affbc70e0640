"""Levels of years: the chain over the points against the closed form of a Gaussian state space."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from flowsim.calibration import levels

YEARS = (1997, 1998, 1999, 2003, 2004)
SEEN = np.array([-0.4, 0.3, 0.1, 0.8, -0.2])
NOISE = 0.35
CASES = [(0.8, 0.3, 0.6), (0.4, 0.02, 0.2), (0.05, 0.5, 0.5), (1.2, 0.6, 0.9), (0.7, 0.2, 0.97)]


def rows_of(level, year):
    """Log-chances of years seen with a Gaussian error, at each point of the whole factor."""
    points = max(1e-6, np.hypot(level, year)) * levels.SCORES
    return -0.5 * ((SEEN[:, None] - points) / NOISE) ** 2 - np.log(NOISE) - 0.5 * np.log(2 * np.pi)


def covariance(level, rho, years):
    gaps = np.abs(np.subtract.outer(years, years))
    return level**2 * rho**gaps


@pytest.mark.parametrize(("level", "year", "rho"), CASES)
def test_the_chance_of_all_years_is_that_of_the_gaussian(level, year, rho):
    """Points at a third of the error apart leave less than 0.05 of a log-chance of some -5."""
    cov = covariance(level, rho, np.array(YEARS)) + (year**2 + NOISE**2) * np.eye(len(YEARS))
    exact = multivariate_normal(np.zeros(len(YEARS)), cov).logpdf(SEEN)
    gaps = np.diff(np.array(YEARS), prepend=YEARS[0])
    one = np.ones(1)
    found = levels.log_chance(
        rows_of(level, year)[None], gaps, level * one, year * one, rho * one, levels.SCORES, *levels.HERMITE
    )
    assert found[0] == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize(("level", "year", "rho"), CASES[:2])
def test_paths_given_the_reports_have_the_mean_and_spread_of_the_gaussian(level, year, rho):
    """4,000 paths: means to 4 standard errors and a tenth of a point, spreads within a tenth; seed fixed."""
    every = np.arange(1996, 2007)
    at = np.array([np.flatnonzero(every == one)[0] for one in YEARS])
    prior = covariance(1.0, rho, every)
    gain = level * prior[:, at]
    inner = np.linalg.inv(level**2 * prior[np.ix_(at, at)] + (year**2 + NOISE**2) * np.eye(len(at)))
    mean, cov = gain @ inner @ SEEN, prior - gain @ inner @ gain.T
    seen, before, *_ = levels.smoothed(rows_of(level, year), YEARS, every=every, level=level, year=year, rho=rho)
    rng = np.random.default_rng(1)
    paths = levels.SCORES[[levels.draw_levels(seen, before, rho=rho, rng=rng) for _ in range(4000)]]
    sd = np.sqrt(np.diag(cov))
    assert paths.mean(axis=0) == pytest.approx(mean, abs=4 * sd.max() / np.sqrt(4000) + 0.1 * levels.STEP)
    assert paths.std(axis=0) == pytest.approx(sd, rel=0.1)


def test_a_year_without_reports_changes_nothing():
    level, year, rho = 0.7, 0.2, 0.5
    gaps = np.diff(np.array(YEARS), prepend=YEARS[0])
    one, points = np.ones(1), (levels.SCORES, *levels.HERMITE)
    rows = rows_of(level, year)
    alone = levels.log_chance(rows[None], gaps, level * one, year * one, rho * one, *points)
    more = np.insert(rows, 3, 0.0, axis=0)  # 2001
    gaps = np.diff(np.array([*YEARS[:3], 2001, *YEARS[3:]]), prepend=YEARS[0])
    assert levels.log_chance(more[None], gaps, level * one, year * one, rho * one, *points) == pytest.approx(alone)


def test_the_moves_keep_the_stationary_distribution():
    moving = levels.transition(0.6, levels.SCORES)
    assert moving.sum(axis=0) == pytest.approx(np.ones(levels.NODES))
    stationary = levels.stationary(levels.SCORES)
    assert moving @ stationary == pytest.approx(stationary, abs=2e-3)


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.95, 0.98])
def test_moves_between_points_have_the_mean_and_variance_of_the_process(rho):
    """From points in the middle: means to a hundredth of a point, variances to 5 % (27 % too much if not corrected)."""
    moving = levels.transition(rho, levels.SCORES)
    for k in (7, 10, 13):
        mean = levels.SCORES @ moving[:, k]
        assert mean == pytest.approx(rho * levels.SCORES[k], abs=0.01)
        variance = levels.SCORES**2 @ moving[:, k] - mean**2
        assert variance == pytest.approx(1.0 - rho**2, rel=0.05)


def test_between_points_a_cubic_is_exact_and_a_cliff_is_not_overshot():
    row = (np.arange(9.0) - 4.0) ** 3 / 10.0
    assert levels.between_points(row, 3.3, row.max()) == pytest.approx((3.3 - 4.0) ** 3 / 10.0)
    cliff = np.array([-1e4, -1e4, -200.0, -5.0, -1.0, -3.0])
    assert levels.between_points(cliff, 2.5, -1.0) == pytest.approx(-102.5)
