"""Years to detect an effect, against formulas and tests that share nothing with the simulation behind them."""

import math

import numpy as np
import pytest
import xarray as xr
from comparisons import comparison
from scipy import stats

from flowsim.comparison.conclusions import visible
from flowsim.comparison.power import LEVELS, YEARS, detection

pytestmark = pytest.mark.usefixtures("all_paths")

TAIL, MIDDLE = stats.norm.ppf(0.975), stats.norm.ppf(0.8)

# Medians over 80 draws of what is estimated from 200 series each: standard error 0.013, and a small bias of quantiles.
NEAR = 0.06


def years_of(log_sd=None, *, cv=None, rho=0.0, draws=80, years=200):
    """Comparison whose baseline has gamma totals, or totals that follow a lognormal level with an autocorrelation."""
    found = comparison({}, sets=draws, each=1, years=years)
    rng = np.random.default_rng(3)
    shape = (1, draws, years)
    total = np.full(shape, 400.0) if cv is None else rng.gamma(1 / cv**2, 400 * cv**2, size=shape)
    level = np.exp(log_sd * rng.standard_normal(shape)) if log_sd else np.ones(shape)
    dims = ("policy", "draw", "replication")
    found["seized_mass"] = found["seized_mass"] / 400 * xr.DataArray(total * level, dims=dims)
    found["entered_mass"] = found["entered_mass"] * xr.DataArray(level, dims=dims)
    if log_sd is None:
        return found
    levels = zip(LEVELS, (log_sd, rho), strict=True)
    return found.assign_coords({name: ("draw", np.full(draws, x)) for name, x in levels})


@pytest.mark.parametrize(("effect", "cv"), [(0.15, 0.5), (0.4, 0.5), (0.25, 0.2), (-0.2, 0.5)])
def test_independent_years_need_as_many_as_the_formula_says(effect, cv):
    """Guenther, The American Statistician 35, 243-244, 1981, with the variance of the logarithm of a mean."""
    needed = float(np.median(detection(years_of(cv=cv)).needed(1 + effect)))
    expected = (TAIL + MIDDLE) ** 2 * 2 * cv**2 / math.log1p(effect) ** 2 + TAIL**2 / 4
    assert needed == pytest.approx(expected, rel=2 * NEAR, abs=2)


@pytest.mark.parametrize(("effect", "cv"), [(0.15, 0.5), (0.375, 0.5), (0.25, 0.2)])
def test_t_tests_show_the_effect_with_four_fifths_probability(effect, cv):
    """Brute force: t tests of gamma years, with as many years as are needed and with two thirds of them."""
    tries, rng = 4000, np.random.default_rng(7)
    needed = int(np.median(detection(years_of(cv=cv)).needed(1 + effect)))

    def power(count):
        before, after = (m * rng.gamma(1 / cv**2, cv**2, size=(tries, count)) for m in (1, 1 + effect))
        return float((stats.ttest_ind(before, after, axis=1, equal_var=False).pvalue < 0.05).mean())

    # Errors of 2 * NEAR in the years move the power by 0.06; the rest is skewness.
    assert 0.72 < power(needed) < 0.90
    assert power(2 * needed // 3) < 0.74


@pytest.mark.parametrize("rho", [0.0, 0.44, 0.8, -0.3])
def test_years_that_follow_one_another_need_more_by_the_closed_form(rho):
    """With small levels, the ratio is normal, with the variance of the difference of two means of an AR(1) process."""
    log_sd, found = 0.05, np.median(detection(years_of(0.05, rho=rho)).least, axis=0)
    for count in (2, 5, 12, 200):
        lag = np.abs(np.subtract.outer(np.arange(2 * count), np.arange(2 * count)))
        weights = np.repeat([-1 / count, 1 / count], count)
        sd = log_sd * math.sqrt(weights @ (rho**lag if rho else np.eye(2 * count)) @ weights)
        assert found[np.searchsorted(YEARS, count)] == pytest.approx((TAIL + MIDDLE) * sd, rel=NEAR)


def test_a_level_that_lasts_takes_several_times_as_many_years():
    """Ten years on each side of a level with autocorrelation 0.8 tell what two or three independent ones do."""
    independent, lasting = (detection(years_of(0.6, rho=rho, cv=0.3)).needed(1.3) for rho in (0.0, 0.8))
    assert 3 < np.median(lasting) / np.median(independent) < 9


def test_no_effect_is_never_seen_and_a_visible_one_in_the_years_asked():
    found = detection(years_of(cv=0.4, draws=30))
    assert np.isinf(found.needed(1.0)).all()
    assert np.isinf(found.needed(np.full(30, np.nan))).all()
    assert (found.needed(1e9) == YEARS[0]).all()
    assert (found.needed(0.0) == YEARS[0]).all()
    for years in (2, 10, 20):
        assert (found.needed(1 + found.visible(years) * 1.0001) <= years).all()
    with pytest.raises(ValueError, match=r"years of reports must be one of .* that are simulated, got 1"):
        found.visible(1)
    some = found.needed(1.2, draws=[3, 7])
    assert some.tolist() == found.needed(1.2)[[3, 7]].tolist()
    ratios = 1 + np.geomspace(1e-4, 10, 60)
    assert (np.diff([found.needed(ratio) for ratio in ratios], axis=0) <= 0).all()


def test_beyond_the_simulated_years_four_times_as_many_show_half_the_effect():
    found = detection(years_of(cv=0.5, draws=30))
    some, more = (found.needed(np.exp(size)) for size in (0.02, 0.01))
    assert (some > YEARS[-1]).all()
    assert more == pytest.approx(4 * some, rel=1e-2)


def test_years_without_any_seizure_show_nothing():
    found = years_of(cv=0.5, draws=3)
    found["seized_mass"] = 0 * found["seized_mass"]
    assert detection(found).visible(10) == pytest.approx(0.0)


def test_a_few_years_of_totals_that_may_be_nothing_show_no_rise():
    """One year in ten has a seizure: of twenty years every eighth span has none, of two hundred hardly one."""
    found = years_of(cv=0.5, draws=20)
    some = np.random.default_rng(4).random((1, 20, 200)) < 0.1
    found["seized_mass"] = found["seized_mass"].where(xr.DataArray(some, dims=("policy", "draw", "replication")), 0.0)
    seen = detection(found)
    assert np.isinf(seen.visible(20)).all()
    assert np.isfinite(seen.visible(200)).all()
    assert (seen.needed(1.5) > 20).all()
    assert np.isfinite(seen.needed(1.5)).all()
    assert math.isinf(visible(found, seen))
