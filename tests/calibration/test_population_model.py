"""Reporting model of two populations: sums, likelihood and simulation say the same of a small country."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import small_country
from scipy.stats import t as student

from flowsim.calibration import levels, population_predictive
from flowsim.calibration.population_predictive import predictive_density
from flowsim.calibration.population_reports import (
    counted,
    largest,
    prepare,
    simulate_reports,
    simulate_singles,
    simulate_year,
)
from flowsim.calibration.population_setting import exposure, windows
from flowsim.calibration.population_years import factors_of, simulate_levels
from flowsim.calibration.priors import values

pytestmark = pytest.mark.slow

YEARS = 1200
"""Simulated years of a comparison."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_country.model(tmp_path_factory.mktemp("country"))


@pytest.fixture(scope="module")
def middle(model):
    return values(model.priors, np.zeros((1, len(model.names))))


@pytest.fixture(scope="module")
def drawn(middle):
    return {name: float(value[0]) for name, value in middle.items()}


@pytest.fixture(scope="module")
def simulated(model, drawn):
    """Years at a factor of 1, by calendar year."""
    rng, draw = np.random.default_rng(1), prepare(model, drawn)
    return {
        year: [simulate_year(draw, year=year, rng=rng, factor=1.0) for _ in range(YEARS)] for year in (2005, 2006, 2010)
    }


def row_of(model, key):
    return next(k for k, row in enumerate(model.rows) if row.key == key)


def test_the_whole_year_at_the_reference_is_the_mass_of_the_draw(model, middle):
    behind = model.events(middle)
    sums = model.of_row[row_of(model, "total-2006")][0]
    assert behind.mean[0, sums] == pytest.approx(
        sum(float(mass[0]) for mass in model.setting.kilograms(middle).values())
    )


def test_a_part_and_what_is_left_make_the_whole(model, middle):
    """The KNB until November and the rest of 2005, which holds its December, are the year."""
    behind = model.events(middle).mean[0]
    part, rest = (behind[model.of_row[row_of(model, key)][0]] for key in ("knb-2005", "rest-2005"))
    masses = model.setting.kilograms(middle).items()
    whole = sum(float(mass[0]) * (0.5 if name.startswith("inside") else 1.0) for name, mass in masses)
    assert part + rest == pytest.approx(whole)
    assert part == pytest.approx(float(middle["knb"][0]) * 334 / 365)


def test_finds_of_an_entry_follow_its_share(model, middle):
    more = {**middle, "entry_east": np.array([0.9])}
    for changed, year in ((more, 2006), (middle, 2006)):
        assert model.setting.weights(changed, year=year).sum() == pytest.approx(1.0)
    before, after = (model.expected(one, year=2011).compositions["entries"][0] for one in (middle, more))
    assert after[0] / after.sum() > before[0] / before.sum()
    assert model.setting.weights(middle, year=2004)[0, 0] < model.setting.weights(middle)[0, 0]


def test_simulated_years_have_the_expected_masses_and_numbers(model, middle, simulated):
    """Means of 1,200 years to four standard errors."""
    behind = model.events(middle)
    for key, year in (("total-2006", 2006), ("knb-2005", 2005), ("rest-2005", 2005)):
        index = row_of(model, key)
        masses = np.array([counted(one, model.windows[index][0]).sum() for one in simulated[year]])
        expected = behind.mean[0, model.of_row[index][0]]
        assert masses.mean() == pytest.approx(expected, abs=4 * masses.std() / np.sqrt(YEARS))
    expected = model.expected(middle, year=2010)
    numbers = np.array([one.reported().sum() for one in simulated[2010]])
    assert numbers.mean() == pytest.approx(expected.classes.sum(), abs=4 * numbers.std() / np.sqrt(YEARS))
    kinds = np.array([np.bincount(one.kind[one.reported()], minlength=3) for one in simulated[2010]])
    error = 4 * kinds.std(axis=0) / np.sqrt(YEARS)
    assert (np.abs(kinds.mean(axis=0) - expected.compositions["kinds"][0]) < error).all()


@pytest.mark.parametrize(("key", "year"), [("total-2006", 2006), ("knb-2005", 2005), ("rest-2005", 2005)])
def test_the_chance_of_a_total_is_that_of_simulated_years(model, middle, drawn, simulated, key, year):
    """Within 30 kg, at a factor of 1: four binomial errors of 1,200 years, and 15 % for the grid of the masses."""
    index = row_of(model, key)
    masses = np.array([counted(one, model.windows[index][0]).sum() for one in simulated[year]])
    most = np.array([largest(one, counted(one, model.windows[index][0])) for one in simulated[year]])
    row = model.rows[index]
    found = []
    for value in np.arange(60.0, 700.0, 60.0):
        near = np.abs(masses - value) < 30.0
        if row.at_least:
            near &= most >= row.at_least
        one = _only(model, index, rounding=60.0)
        scores = one.by_year(middle, printed=[value])[0, one.years.index(year)]
        sd = np.hypot(drawn["level_log_sd"], drawn["year_log_sd"])
        at = sd / 2  # score of a factor of 1
        chance = np.exp(levels.between_points(scores, (at - levels.SCORES[0]) / levels.STEP, scores.max()))
        error = 4 * np.sqrt(max(chance, 1 / YEARS) / YEARS) + 0.15 * chance
        found.append((value, near.mean(), chance, error))
    table = pd.DataFrame(found, columns=["value", "simulated", "likelihood", "error"])
    assert (np.abs(table["simulated"] - table["likelihood"]) < table["error"]).all(), table
    assert table["simulated"].sum() > 0.3


def _only(model, index, *, rounding):
    """Model of one of the rows, with another rounding."""
    first, second = model.of_row[index]
    return replace(
        model,
        rows=(replace(model.rows[index], rounding=rounding),),
        sums=(model.sums[first], model.sums[second]),
        of_row=((0, 1 if second != first else 0),),
        windows=(model.windows[index],),
        printed=(model.printed[index],),
        singles=(),
    )


def test_windows_and_exposures_are_of_the_same_cells(model, tmp_path):
    rows = small_country.table(tmp_path)
    for row in model.rows:
        parts = windows(row, rows=rows, setting=model.setting)
        exposed = exposure(row, rows=rows, setting=model.setting)
        assert exposed.keys() <= parts[0].cells
        for cell, times in exposed.items():
            taken = sum(part.end - part.start for part in parts[1:] if cell in part.cells)
            assert times == pytest.approx(parts[0].end - parts[0].start - taken)


def test_levels_and_practice_have_a_mean_of_1_and_their_spread(drawn):
    rng = np.random.default_rng(2)
    factors = []
    for _ in range(20_000):
        scores = {"heroin": simulate_levels(0.6, years=[2000, 2001], rng=rng)}
        factors.append(factors_of(drawn, scores, rng=rng)["heroin"][2001])
    logs = np.log(factors)
    sd = np.hypot(drawn["level_log_sd"], drawn["year_log_sd"])
    assert logs.mean() == pytest.approx(-(sd**2) / 2, abs=4 * sd / np.sqrt(20_000))
    assert logs.std() == pytest.approx(sd, rel=0.03)


def test_simulated_singles_keep_what_is_not_modelled(model, drawn):
    rng = np.random.default_rng(3)
    counted_year, sized = model.singles
    again = [simulate_singles(model, drawn, sized, factor=2.0, rng=rng) for _ in range(50)]
    assert {one.number for one in again} == {sized.number}
    numbers = [simulate_singles(model, drawn, counted_year, factor=2.0, rng=rng).number for _ in range(400)]
    middle = {name: np.array([value]) for name, value in drawn.items()}
    mean = 2.0 * drawn["completeness"] * model.expected(middle, year=2011).classes.sum()
    assert np.mean(numbers) == pytest.approx(mean, abs=4 * np.sqrt(mean / 400))  # Poisson


def test_reports_simulated_from_a_draw_are_likelier_under_it_than_far_from_it(model, drawn):
    """Twenty reports; a truth two prior standard deviations off loses at least nineteen times, seed fixed."""
    rng = np.random.default_rng(4)
    scores = np.zeros((2, len(model.names)))
    scores[1, model.names.index("small_median")] = 2.0
    scores[1, model.names.index("found_share")] = 2.0
    wins = 0
    for _ in range(20):
        told = simulate_reports(model, drawn, rng=rng)
        here, there = told.log_likelihood(scores)
        wins += here > there
    assert wins >= 19


def test_a_year_given_the_others_is_the_ratio_of_likelihoods(model):
    """Of one set of parameters: leaving a year out and dividing gives the same as the smoothing."""
    plain = replace(model, singles=())
    drawn = {
        name: float(value[0])
        for name, value in values(plain.priors, np.full((1, 30), 0.3)[:, : len(plain.names)]).items()
    }
    scores = np.full((1, len(plain.names)), 0.3)
    whole = plain.log_likelihood(scores)[0]
    found, of_heroin = (rows[0] for rows in population_predictive.given_others(plain, [drawn]))
    assert of_heroin == pytest.approx(found)
    keep = [k for k, row in enumerate(plain.rows) if row.year != 2006]
    rest = replace(
        plain,
        rows=tuple(plain.rows[k] for k in keep),
        of_row=tuple(plain.of_row[k] for k in keep),
        windows=tuple(plain.windows[k] for k in keep),
        printed=tuple(plain.printed[k] for k in keep),
    )
    assert found[plain.years.index(2006)] == pytest.approx(whole - rest.log_likelihood(scores)[0], abs=1e-6)


def test_peers_of_the_log_scores_are_those_of_the_closed_forms():
    """Without autocorrelation Student's t of a normal sample; a year between two high ones is predicted high."""
    known = {year: 5.0 + 0.5 * np.sin(7.0 * year) for year in range(1997, 2009)}
    logs = np.array(list(known.values()))
    scale = logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs))
    exact = student(len(logs) - 1, logs.mean(), scale).logpdf(5.2)
    assert predictive_density(known, 2009, 5.2, rhos=np.zeros(1)) == pytest.approx(exact)
    steady = {year: 4.0 + 0.3 * (year - 1997) for year in range(1997, 2009) if year != 2003}
    close, far = (predictive_density(steady, 2003, value, rhos=np.linspace(-0.9, 0.9, 19)) for value in (5.8, 4.0))
    assert close > far + 2


def test_the_density_of_an_autocorrelated_year_is_that_of_brute_force():
    """By the posterior of mean and log-sd on a grid, at one autocorrelation."""
    known, rho = {2001: 0.3, 2002: -0.2, 2004: 0.9, 2005: 0.4}, 0.5
    years = np.array([*known, 2003])
    cov = rho ** np.abs(np.subtract.outer(years, years))
    mean, log_sd = np.meshgrid(np.linspace(-12, 12, 481), np.linspace(-3.5, 4.5, 161), indexing="ij")
    seen = np.array(list(known.values()))
    points = []
    for value in (None, 0.6):
        at = slice(None, -1) if value is None else slice(None)
        values = seen if value is None else np.append(seen, value)
        inner = np.linalg.inv(cov[at, at])
        away = values - mean[..., None]
        square = np.einsum("...i,ij,...j->...", away, inner, away)
        log = -0.5 * square / np.exp(2 * log_sd) - len(values) * log_sd
        log -= 0.5 * np.linalg.slogdet(cov[at, at])[1] + 0.5 * len(values) * np.log(2 * np.pi)
        points.append(np.exp(log).sum())
    found = predictive_density(known, 2003, 0.6, rhos=np.array([rho]))
    assert found == pytest.approx(np.log(points[1] / points[0]), abs=0.01)
