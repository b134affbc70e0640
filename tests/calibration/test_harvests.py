"""Harvests as a covariate: the areas behind a flow, their effect on reports, and a table that is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import small_country

from flowsim.calibration.harvests import ELASTICITY, Harvests, load
from flowsim.calibration.population_years import factors_of
from flowsim.calibration.priors import values
from flowsim.config.calibration_files import PACKAGED

AREAS = Harvests(areas={2003: 50.0, 2004: 100.0, 2005: 200.0, 2006: 100.0}, reference=2004)


def test_the_harvest_behind_a_flow_is_the_mean_of_the_year_and_the_year_before():
    assert AREAS.relative(2004) == 0.0
    assert AREAS.relative(2005) == pytest.approx(math.log(150 / 75))
    assert AREAS.relative(2003) == pytest.approx(math.log(50 / 75))  # the year before is not known
    assert AREAS.relative(2020) == pytest.approx(math.log(100 / 75))


def test_an_elasticity_of_one_makes_reports_those_of_a_flow_as_much_larger(tmp_path):
    """Events of a year are multiplied; with an elasticity of 0 the model is that without a covariate."""
    plain, more = (small_country.model(tmp_path, quick=True, harvests=own) for own in (None, AREAS))
    assert set(more.names) - set(plain.names) == {ELASTICITY}
    drawn = values(more.priors, np.zeros((1, len(more.names)))) | {ELASTICITY: np.ones(1)}
    before, after = plain.events(drawn), more.events(drawn)
    for k, some in enumerate(more.sums):
        factor = math.exp(AREAS.relative(some.year))
        assert after.mean[0, k] == pytest.approx(factor * before.mean[0, k])
        assert after.counts[0, k] == pytest.approx(factor * before.counts[0, k])
        assert after.cases[0, k] == pytest.approx(factor * before.cases[0, k])
        assert after.taken[0, k] == pytest.approx(before.taken[0, k])
    none = drawn | {ELASTICITY: np.zeros(1)}
    assert more.by_year(none) == pytest.approx(plain.by_year(none), abs=1e-12)


def test_opium_follows_the_same_harvest(tmp_path):
    plain = small_country.model(tmp_path, *small_country.OPIUM_ROWS)
    more = small_country.model(tmp_path, *small_country.OPIUM_ROWS, harvests=AREAS)
    drawn = values(more.priors, np.zeros((1, len(more.names)))) | {ELASTICITY: np.zeros(1)}
    assert more.of_opium(drawn) == pytest.approx(plain.of_opium(drawn), abs=1e-12)
    assert not np.allclose(more.of_opium(drawn | {ELASTICITY: np.ones(1)}), plain.of_opium(drawn))


def test_simulated_years_have_the_factor_of_their_harvest():
    """With neither level nor practice the factor is that of the harvest alone."""
    drawn = {"level_log_sd": 1e-9, "year_log_sd": 1e-9, ELASTICITY: 2.0}
    years = range(2003, 2008)
    found = factors_of(drawn, {"heroin": dict.fromkeys(years, 0.5)}, rng=np.random.default_rng(1), harvests=AREAS)
    for year in years:
        assert found["heroin"][year] == pytest.approx(math.exp(2.0 * AREAS.relative(year)), rel=1e-6)


def test_the_table_of_the_package_begins_in_1997_and_has_no_gap():
    areas = load(PACKAGED / "afghan_poppy.csv")
    assert list(areas) == list(range(1997, 2015))
    assert areas[2001] == 8  # the ban


@pytest.mark.parametrize(
    ("rows", "wording"),
    [
        (["2001,8,x", "2001,9,x"], r"areas.csv line 3, column 'year' must come once, got 2001"),
        (["2001,0,x"], r"areas.csv line 2, column 'area' must be above 0, got 0"),
        (["2001,8,"], r"areas.csv line 2, column 'source' must not be empty"),
        (["2001,8,x", "2003,9,x"], r"areas.csv: year must have no gap, got 2002"),
        (["2001,many,x"], r"areas.csv line 2, column 'area' must be a finite number, got 'many'"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(rows, wording, tmp_path):
    path = tmp_path / "areas.csv"
    path.write_text("\n".join(["year,area,source", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=wording):
        load(path)
