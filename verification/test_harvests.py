"""Whether the Afghan areas under poppy help to predict the annual totals of heroin of Kazakhstan.

An AR(1) of the logarithms with the logarithm of the area as a covariate is compared with one without, by the log scores
of `population_predictive.log_scores`: fitted years left out in turn, held-out years predicted from the fitted ones.
"""

import math

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import t as student

from flowsim.calibration.harvests import load
from flowsim.calibration.population_predictive import predictive_density
from flowsim.config.calibration_files import PACKAGED
from flowsim.evidence.annual_totals import annual_series

AREAS = load(PACKAGED / "afghan_poppy.csv")
"""Opium poppy cultivation in Afghanistan [1000 ha]."""

FITTED = (*range(1998, 2009), 2010, 2011, 2012)
ALONE = (*range(1998, 2005), 2007, 2008)
HELD_OUT = (2009, 2013, 2014)
RHOS = np.linspace(-0.95, 0.95, 77)


def density(logs, year, value, covariates):
    """Log-density of a year by an AR(1) with covariates, flat priors of their coefficients, mean and log-sd.

    As `predictive_density`, with a regression in place of the mean (A. Gelman and others, Bayesian Data Analysis, third
    edition, sections 14.2 and 14.7).
    """
    years = np.array([*sorted(logs), year])
    seen = np.array([logs[int(one)] for one in years[:-1]])
    design = np.column_stack([np.ones(len(years)), *([of(int(one)) for one in years] for of in covariates)])
    gaps, free = np.abs(np.subtract.outer(years, years)), len(seen) - design.shape[1]
    weights, densities = [], []
    for rho in RHOS:
        cov = np.sign(rho) ** gaps * np.abs(rho) ** gaps if rho else np.eye(len(years))
        inner, x = np.linalg.inv(cov[:-1, :-1]), design[:-1]
        precision = x.T @ inner @ x
        coefficients = np.linalg.solve(precision, x.T @ inner @ seen)
        away = seen - x @ coefficients
        square, gain = float(away @ inner @ away), cov[-1, :-1] @ inner
        left = design[-1] - gain @ x
        spread = 1.0 - gain @ cov[:-1, -1] + left @ np.linalg.solve(precision, left)
        centre = design[-1] @ coefficients + gain @ away
        densities.append(student.logpdf(value, free, loc=centre, scale=math.sqrt(square / free * spread)))
        determinants = np.linalg.slogdet(cov[:-1, :-1])[1] + np.linalg.slogdet(precision)[1]
        weights.append(-0.5 * determinants - 0.5 * free * math.log(square))
    return float(logsumexp(np.array(weights) - logsumexp(weights) + np.array(densities)))


def score(covariates, years):
    """Sum of the log scores of totals from 1998 on, as no area before 1997 is at hand."""
    logs = {year: math.log(kg) for year, kg in annual_series("Kazakhstan", "heroin").items()}
    known = {year: logs[year] for year in FITTED}
    left = {year: {other: log for other, log in known.items() if other != year} for year in ALONE}
    return sum(density(left.get(year, known), year, logs[year], covariates) for year in years)


def test_the_mean_area_of_two_years_helps_and_that_of_the_year_before_does_not(say):
    """By the fitted totals alone; no chance is involved, and a covariate helps if it adds more than 1 to the sum."""
    last, two = (lambda year, of=of: math.log(np.mean([AREAS[year - k] for k in of])) for of in ((1,), (0, 1)))
    choices = ([], [last], [two])
    alone, before, both = (score(covariates, ALONE) for covariates in choices)
    say(f"fitted totals: alone {alone:.1f}, with that of the year before {before:.1f}, with the mean {both:.1f}")
    held = [f"{score(covariates, HELD_OUT):.1f}" for covariates in choices]
    say(f"held-out totals, of which nothing was chosen: {', '.join(held)}")
    assert before < alone + 1.0
    assert both > alone + 1.0


def test_without_covariates_the_density_is_that_of_the_model():
    logs = {2001: 0.3, 2002: -0.2, 2004: 0.9, 2005: 0.4}
    assert density(logs, 2003, 0.6, []) == pytest.approx(predictive_density(logs, 2003, 0.6, rhos=RHOS))


def test_a_covariate_that_tells_the_totals_helps():
    """A level that follows what is known of it, in twelve years."""
    logs = {year: 2.0 * math.sin(3.0 * year) + 0.05 * math.cos(11.0 * year) for year in range(1997, 2009)}
    known = density(logs, 2009, 2.0 * math.sin(3.0 * 2009), [lambda year: math.sin(3.0 * year)])
    assert known > density(logs, 2009, 2.0 * math.sin(3.0 * 2009), []) + 1.0
