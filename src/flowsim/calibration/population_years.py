"""Levels and practice of years, drawn from their process or given the reports of a model of two populations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.calibration import joint_levels, levels
from flowsim.calibration.harvests import ELASTICITY, Harvests
from flowsim.calibration.opium import LEVELS
from flowsim.calibration.population_model import PopulationModel
from flowsim.world.traffic import HEROIN

Floats = npt.NDArray[np.float64]


def factors_of(
    drawn: Mapping[str, float],
    scores: Mapping[str, Mapping[int, float]],
    *,
    rng: np.random.Generator,
    harvests: Harvests | None = None,
) -> dict[str, dict[int, float]]:
    """Factors of years on all events of each drug, lognormal with mean 1 over the years of one harvest [1].

    Practice is drawn for each year and the same for all drugs, and so is the harvest.

    Parameters
    ----------
    drawn
        Values of the parameters.
    scores
        Scores of the levels of each drug, of the same years [standard deviations].
    rng
        Random numbers for the practice of the years.
    harvests
        Harvests behind the flow of a year; None if the flow has no covariate.
    """
    year_sd = drawn["year_log_sd"]
    practice = {year: year_sd * rng.standard_normal() for year in scores[HEROIN]}

    elastic = drawn[ELASTICITY] if harvests else 0.0
    harvest = {year: elastic * harvests.relative(year) if harvests else 0.0 for year in practice}

    def factor(flow: float, level: float, year: int) -> float:
        return float(np.exp(harvest[year] + flow * level + practice[year] - (flow**2 + year_sd**2) / 2))

    return {
        drug: {year: factor(drawn[LEVELS[drug][0]], level, year) for year, level in own.items()}
        for drug, own in scores.items()
    }


def simulate_levels(rho: float, *, years: Sequence[int], rng: np.random.Generator) -> dict[int, float]:
    """Simulate the scores of the levels of consecutive years [standard deviations].

    Parameters
    ----------
    rho
        Autocorrelation of two years in a row [1].
    years
        First year to last.
    rng
        Random numbers.
    """
    score, found = float(rng.standard_normal()), {}
    for year in range(min(years), max(years) + 1):
        found[year] = score
        score = rho * score + float(np.sqrt(1.0 - rho**2) * rng.standard_normal())
    return found


def draw_scores(
    model: PopulationModel, drawn: Mapping[str, float], *, every: Sequence[int], rng: np.random.Generator
) -> dict[str, dict[int, float]]:
    """Draw the scores of the levels of years given the reports, by drug [standard deviations].

    Parameters
    ----------
    model
        Model.
    drawn
        Values of the parameters.
    every
        Consecutive years, those of the model among them.
    rng
        Random numbers.
    """
    found = smooth(model, drawn, every=every)
    rhos = [drawn[LEVELS[drug][1]] for drug in model.drugs]
    if len(rhos) == 1:
        paths = levels.draw_levels(found.seen, found.before, rho=rhos[0], rng=rng)[None]
    else:
        paths = joint_levels.draw_levels(found.seen, found.before, rho=(rhos[0], rhos[1]), rng=rng)
    within = levels.STEP * (rng.uniform(size=paths.shape) - 0.5)
    drawn_scores = (levels.SCORES[paths] + within).tolist()
    return {drug: dict(zip(every, own, strict=True)) for drug, own in zip(model.drugs, drawn_scores, strict=True)}


class Smoothed(NamedTuple):
    """Levels of years given the reports, for one set of parameters; each dims (year, node) or (year, node, node) [1].

    With a second drug its nodes are the last dim.
    """

    seen: Floats
    """Chance of the reports of the year at each level, relative to its largest."""

    before: Floats
    """Chance of each level given the reports of earlier years."""

    after: Floats
    """Relative chance of the reports of later years at each level."""

    highest: Floats
    """Logarithm of the largest chance of the reports of the year, dims (year,)."""

    of_heroin: Floats
    """Log-chance of the reports of heroin of the model's years at each point of its factor, dims (year, node)."""


def smooth(model: PopulationModel, drawn: Mapping[str, float], *, every: Sequence[int]) -> Smoothed:
    """Levels of years given the reports.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of the parameters.
    every
        Consecutive years, those of the model among them.
    """
    one = {name: np.array([value]) for name, value in drawn.items()}
    heroin, year = model.by_year(one)[0], drawn["year_log_sd"]
    (level, rho), *others = ([drawn[name] for name in LEVELS[drug]] for drug in model.drugs)
    if model.opium is None:
        parts = levels.smoothed(heroin, model.years, every=every, level=level, year=year, rho=rho)
    else:
        ((own, moves),) = others
        beside = model.of_opium(one)[0]
        pair = {"level": (level, own), "rho": (rho, moves)}
        parts = joint_levels.smoothed(heroin, beside, model.years, every=every, year=year, **pair)
    return Smoothed(*parts, of_heroin=heroin)
