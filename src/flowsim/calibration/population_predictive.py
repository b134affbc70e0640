"""Posterior predictive check of two populations: totals and single seizures, and log scores of years."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp

from flowsim.calibration import levels
from flowsim.calibration.abroad import CLOSENESS, Abroad
from flowsim.calibration.data import Reported
from flowsim.calibration.population_evidence import MODES
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_reports import (
    PopulationYear,
    counted,
    largest,
    prepare,
    simulate_year,
)
from flowsim.calibration.population_setting import windows
from flowsim.calibration.population_years import draw_scores, factors_of, smooth
from flowsim.calibration.predictive import History
from flowsim.calibration.predictive_rows import COLUMNS, check_rows, point_row
from flowsim.calibration.singles import CLASSES, KINDS, Singles, composition, mixed
from flowsim.evidence.annual_totals import annual_series
from flowsim.world.traffic import HEROIN, OPIUM

Floats = npt.NDArray[np.float64]

FIRST, LAST = 1996, 2014
"""Simulated years of each draw."""

LARGEST = 4
"""Oblasts with the most seizures, whose shares are compared [1]."""

MIDDLE = 0.5
"""Quantile that is compared for the sizes [1]."""


def stacked(draws: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    """Values of the parameters of several draws, dims (set,) each."""
    return {name: np.array([drawn[name] for drawn in draws]) for name in draws[0]}


def histories(model: PopulationModel, draws: Sequence[Mapping[str, float]], *, seed: int) -> list[History]:
    """Years simulated seizure by seizure at levels drawn given the reports, one history for each draw.

    Each year has a practice of its own, those with reports too: a year is predicted as if it came again. Heroin and
    opium have it in common.

    Parameters
    ----------
    model
        Model.
    draws
        Values of the parameters of each draw.
    seed
        Seed of all random numbers.
    """
    rng = np.random.default_rng(seed)
    found = []
    for drawn in draws:
        scores = draw_scores(model, drawn, every=range(FIRST, LAST + 1), rng=rng)
        factors = factors_of(drawn, scores, rng=rng, harvests=model.harvests)
        draw = prepare(model, drawn)
        years = {
            year: simulate_year(draw, year=year, rng=rng, factor=factor) for year, factor in factors[HEROIN].items()
        }
        for year, factor in factors.get(OPIUM, {}).items():
            assert model.opium is not None  # the drugs of the factors are those of the model
            years[year] = replace(years[year], opium=model.opium.simulate(drawn, factor=factor, rng=rng))
        found.append(History(years=years))
    return found


def of_rows(model: PopulationModel, rows: Mapping[str, Reported], found: Sequence[History]) -> pd.DataFrame:
    """Posterior predictive check of each row of a table of reported seizures.

    Parameters
    ----------
    model
        Model.
    rows
        Rows by key.
    found
        Simulated years.

    Returns
    -------
    DataFrame
        Columns `predictive_rows.COLUMNS`; for bounds on consignments, `probability` is the probability of the bound.
    """
    return check_rows(
        rows,
        masses=lambda row: _masses(model, rows, row, found),
        largest=lambda row: np.array([_largest(history, row, model=model, rows=rows) for history in found]),
    )


def _masses(model: PopulationModel, rows: Mapping[str, Reported], row: Reported, found: Sequence[History]) -> Floats:
    """Masses of a row, or for a share their part of the whole, dims (history,) [unit of the row]."""
    years = [_year(history, row.year) for history in found]
    if row.drug == OPIUM:
        return np.array([year.opium for year in years])
    parts = windows(row, rows=rows, setting=model.setting)
    masses = np.array([counted(year, parts).sum() for year in years])
    if row.of:
        whole = windows(rows[row.of], rows=rows, setting=model.setting)
        masses /= [max(1e-9, counted(year, whole).sum()) for year in years]
    return masses


def _year(history: History, year: int) -> PopulationYear:
    found = history.years[year]
    assert isinstance(found, PopulationYear)
    return found


def _largest(history: History, row: Reported, *, model: PopulationModel, rows: Mapping[str, Reported]) -> float:
    """Mass of the largest consignment or case in the period of a row, possibly of several years [kg]."""
    if row.start.year == row.end.year:
        year = _year(history, row.year)
        return largest(year, counted(year, windows(row, rows=rows, setting=model.setting)))
    years = (_year(history, year) for year in range(row.start.year, row.end.year + 1))
    return max(largest(year, year.mass) for year in years)


def _median_of(year: PopulationYear, kinds: Sequence[str]) -> float:
    """Median mass of the reported seizures at some kinds of place, NaN without any [kg]."""
    own = np.isin(year.kind, [KINDS.index(name) for name in kinds]) & year.reported()
    return float(np.median(year.mass[own])) if own.any() else math.nan


SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"": KINDS, " on the way": ("border", "road"), " in dwellings": ("dwelling",)}
)
"""Kinds of place whose sizes are compared, by their name in a row."""


def of_singles(
    model: PopulationModel,
    seen: Sequence[Singles],
    found: Sequence[History],
    draws: Sequence[Mapping[str, float]],
    *,
    seed: int,
) -> pd.DataFrame:
    """Posterior predictive check of the single seizures of some years: number, sizes, places, entries and modes.

    Medians of what was reported are taken within the size class in the middle, evenly on the logarithm of the mass.

    Parameters
    ----------
    model
        Model.
    seen
        Single seizures as reported.
    found
        Simulated years.
    draws
        Values of the parameters of each history.
    seed
        Seed of the shares of those who report.

    Returns
    -------
    DataFrame
        Columns `predictive_rows.COLUMNS`.
    """
    rng = np.random.default_rng([seed, 1])
    fitted = {one.year: one for one in model.singles}
    table = []
    for one in seen:
        years, held = [_year(history, one.year) for history in found], one.year not in fitted

        def add(what: str, predicted: Floats, value: float, *, held: bool, year: int = one.year) -> None:
            known = predicted[np.isfinite(predicted)]
            table.append(point_row(f"{year} {what}", known, value, held=held))

        numbers = np.array([float(year.reported().sum()) for year in years])
        if held or one.counted:
            add("number of seizures of 0.1 kg or more", numbers, one.number, held=held)
        for name, kinds in SIZES.items():
            groups = [KINDS.index(kind) for kind in kinds] if name else list(range(len(one.classes)))
            add(
                f"median of a seizure{name} [kg]",
                np.array([_median_of(year, kinds) for year in years]),
                middle(one.classes[groups].sum(axis=0)),
                held=held,
            )
        for what, value, predicted in _compositions(model, one, stacked(draws), rng=rng):
            add(what, predicted, value, held=held)
    return pd.DataFrame(table, columns=list(COLUMNS))


def _compositions(
    model: PopulationModel, one: Singles, drawn: Mapping[str, Floats], *, rng: np.random.Generator
) -> list[tuple[str, float, Floats]]:
    """Description, reported value and predictions of shares of single seizures by number, as reporters mix them."""
    setting, expected = model.setting, model.expected(drawn, year=one.year)
    first = setting.entries.names[0].title()
    chosen = [("kinds", KINDS.index("dwelling"), "in dwellings of known kinds of place")]
    chosen += [("entries", 0, f"by {first} of both entries"), ("modes", MODES.index("rail"), "by rail of known modes")]
    for k in np.argsort(-one.compositions["oblasts"], kind="stable")[:LARGEST].tolist():
        chosen.append(("oblasts", k, f"in {setting.oblasts[k]} of known oblasts"))
    found = []
    for name, part, what in chosen:
        counts = one.compositions[name]
        share = mixed(composition(expected, name, unknown=one.unknown))[:, part]
        mixing = rng.beta(drawn["reporter"] * share, drawn["reporter"] * (1.0 - share))
        predicted = rng.binomial(int(counts.sum()), mixing) / counts.sum()
        found.append((f"share {what}", float(counts[part] / counts.sum()), predicted))
    return found


def of_abroad(
    model: PopulationModel, seen: Sequence[Abroad], draws: Sequence[Mapping[str, float]], *, country: str, seed: int
) -> pd.DataFrame:
    """Posterior predictive check of the sectors of the single seizures beyond the exits.

    Parameters
    ----------
    model
        Model.
    seen
        Single seizures as reported.
    draws
        Values of the parameters.
    country
        Country beyond the exits.
    seed
        Seed of the differences between sectors.

    Returns
    -------
    DataFrame
        Columns `predictive_rows.COLUMNS`.
    """
    rng, drawn = np.random.default_rng([seed, 2]), stacked(draws)
    fitted = {one.year for one in model.abroad}
    table = []
    for one in seen:
        leaving, number = model.leaving(drawn, year=one.year), int(one.sectors.sum())
        for k, sector in enumerate(model.setting.entries.sectors):
            share = np.clip(leaving[:, k], 1e-9, 1.0 - 1e-9)
            mixing = rng.beta(drawn[CLOSENESS] * share, drawn[CLOSENESS] * (1.0 - share))
            predicted = rng.binomial(number, mixing) / number
            what = f"{one.year} share behind the {sector.title()} of those near the border in {country}"
            table.append(point_row(what, predicted, float(one.sectors[k]) / number, held=one.year not in fitted))
    return pd.DataFrame(table, columns=list(COLUMNS))


def middle(counts: Floats) -> float:
    """Median of masses by size class, evenly on their logarithm within a class [kg].

    Parameters
    ----------
    counts
        Seizures by size class, dims (class,) [1].
    """
    sums = np.cumsum(counts)
    k = int(np.searchsorted(sums, MIDDLE * sums[-1]))
    within = (MIDDLE * sums[-1] - (sums[k - 1] if k else 0.0)) / counts[k]
    return float(CLASSES[k] * 2.0**within)


def left_out(model: PopulationModel, draws: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Log-chance of the heroin of each fitted year given all reports of other years, by importance sampling.

    A draw counts for a year as much as the inverse of the chance it gives to all reports of the year, of opium too
    [VehtariEtAl2017]_; weights are cut at the square root of the number of draws times their mean [Ionides2008]_.

    Parameters
    ----------
    model
        Model.
    draws
        Values of the parameters of each draw.

    Returns
    -------
    DataFrame
        Columns year; log_chance, of the reports of heroin as printed [1]; and draws, the effective number of draws [1].

    References
    ----------
    .. [VehtariEtAl2017] A. Vehtari, A. Gelman and J. Gabry, "Practical Bayesian model evaluation using leave-one-out
       cross-validation and WAIC", Statistics and Computing 27 (2017) 1413-1432, doi:10.1007/s11222-016-9696-4.
    .. [Ionides2008] E. L. Ionides, "Truncated importance sampling", Journal of Computational and Graphical Statistics
       17 (2008) 295-311, doi:10.1198/106186008X320456.
    """
    whole, chances = given_others(model, draws)
    rows = []
    for k, year in enumerate(model.years):
        weight = -whole[:, k] - logsumexp(-whole[:, k])
        weight = np.minimum(weight, -0.5 * math.log(len(weight)))
        weight -= logsumexp(weight)
        rows.append((year, float(logsumexp(weight + chances[:, k])), float(np.exp(-logsumexp(2.0 * weight)))))
    return pd.DataFrame(rows, columns=["year", "log_chance", "draws"])


def given_others(model: PopulationModel, draws: Sequence[Mapping[str, float]]) -> tuple[Floats, Floats]:
    """Log-chance of the reports of each year given the parameters and all reports of other years.

    Parameters
    ----------
    model
        Model.
    draws
        Values of the parameters of each draw.

    Returns
    -------
    tuple of ndarray
        Of all reports of the year, and of those of heroin alone, dims (set, year) each.
    """
    every = range(model.years[0], model.years[-1] + 1)
    whole, alone = (np.zeros((len(draws), len(model.years))) for _ in range(2))
    for k, one in enumerate(draws):
        found = smooth(model, one, every=every)
        sds = (one["level_log_sd"], one["year_log_sd"])
        for t, own in enumerate(model.years):
            place = own - every[0]
            others = found.before[place] * found.after[place]
            others = others / others.sum()
            row = np.ascontiguousarray(found.of_heroin[t])
            given = levels.given_level(row, *sds, levels.SCORES, *levels.HERMITE)
            highest = given.max()
            heroin = others.reshape(len(given), -1).sum(axis=1)
            alone[k, t] = highest + math.log(float(heroin @ np.exp(given - highest)))
            whole[k, t] = found.highest[place] + math.log(float((others * found.seen[place]).sum()))
    return whole, alone


def log_scores(
    model: PopulationModel, draws: Sequence[Mapping[str, float]], found: Sequence[History], *, country: str
) -> pd.DataFrame:
    """Log scores of annual totals of heroin by the model, a lognormal and an AR(1) of the logarithms; larger is better.

    Fitted years with a total and no other report are left out in turn, by `left_out`; totals that are held out are
    predicted from all that is fitted. The lognormal and the AR(1) are fitted anew to all other fitted years, see
    `predictive_density`.

    Parameters
    ----------
    model
        Model.
    draws
        Values of the parameters of each draw.
    found
        Simulated years.
    country
        Country of the annual totals.

    Returns
    -------
    DataFrame
        Columns year, held_out, model, lognormal, ar1; scores are of the density of the logarithm of the total [1].
    """
    from scipy.stats import gaussian_kde  # here, because it takes a second to import

    series = annual_series(country, HEROIN)
    fitted = {year: total for year, total in series.items() if year <= LAST and _alone(model, year)}
    held = {year: total for year, total in series.items() if year <= LAST and year not in model.years}
    known = {year: total for year, total in series.items() if year in model.years}
    scores = left_out(model, draws).set_index("year")["log_chance"]
    rows: list[dict[str, Any]] = []
    for year, total in fitted.items():
        (row,) = (row for row in model.rows if row.year == year)
        others = {other: value for other, value in known.items() if other != year}
        # The chance of the printed number is that of an interval as wide as its rounding.
        density = float(scores[year]) + math.log(total / row.rounding)
        rows.append({"year": year, "held_out": False, "model": density, **_peers(others, year, total)})
    for year, total in held.items():
        predicted = np.log([max(1e-3, history.total(year)) for history in found])
        density = float(gaussian_kde(predicted).logpdf(math.log(total))[0])
        rows.append({"year": year, "held_out": True, "model": density, **_peers(known, year, total)})
    return pd.DataFrame(rows)


def _alone(model: PopulationModel, year: int) -> bool:
    """Whether the only report of a year is its total."""
    rows = [row for row in model.rows if row.year == year]
    whole = len(rows) == 1 and not (rows[0].places or rows[0].agencies or rows[0].channels or rows[0].minus)
    return whole and year not in {one.year for one in model.singles}


def _peers(known: Mapping[int, float], year: int, total: float) -> dict[str, float]:
    """Log-densities of the logarithm of a year's total by a lognormal and an AR(1) fitted to other years."""
    logs, value = {one: math.log(kg) for one, kg in known.items()}, math.log(total)
    return {
        "lognormal": predictive_density(logs, year, value, rhos=np.zeros(1)),
        "ar1": predictive_density(logs, year, value, rhos=np.linspace(-0.95, 0.95, 77)),
    }


def predictive_density(logs: Mapping[int, float], year: int, value: float, *, rhos: Floats) -> float:
    """Log-density of a value of a year by a stationary Gaussian AR(1), given other years before and after it.

    With a flat prior of the mean and of the logarithm of the standard deviation, the year has a Student's t
    distribution for each autocorrelation, and the autocorrelation, even on its values, the weight of its integrated
    likelihood [GelmanEtAl2013]_.

    Parameters
    ----------
    logs
        Logarithms of the totals by year.
    year
        Calendar year, none of these.
    value
        Logarithm of its total.
    rhos
        Autocorrelations of two years in a row, dims (rho,) [1]; 0 alone is the lognormal.

    References
    ----------
    .. [GelmanEtAl2013] A. Gelman and others, Bayesian Data Analysis, third edition, Chapman & Hall 2013, sections 3.2
       and 14.7.
    """
    from scipy.stats import t as student  # here, because it takes a second to import

    years = np.array([*sorted(logs), year])
    seen = np.array([logs[int(one)] for one in years[:-1]])
    gaps, free = np.abs(np.subtract.outer(years, years)), len(seen) - 1
    weights, densities = [], []
    for rho in rhos:
        cov = np.sign(rho) ** gaps * np.abs(rho) ** gaps if rho else np.eye(len(years))
        inner = np.linalg.inv(cov[:-1, :-1])
        precision = inner.sum()
        mean = float(inner.sum(axis=0) @ seen / precision)
        square = float((seen - mean) @ inner @ (seen - mean))
        gain = cov[-1, :-1] @ inner
        left = 1.0 - gain.sum()
        scale = square / free * (1.0 - gain @ cov[:-1, -1] + left**2 / precision)
        densities.append(student.logpdf(value, free, loc=mean + gain @ (seen - mean), scale=math.sqrt(scale)))
        determinant = np.linalg.slogdet(cov[:-1, :-1])[1]
        weights.append(-0.5 * (determinant + math.log(precision)) - 0.5 * free * math.log(square))
    chance = np.array(weights) - logsumexp(weights)
    return float(logsumexp(chance + np.array(densities)))
