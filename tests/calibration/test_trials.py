"""Trials of the calibration on simulated reports: ranks that are uniform, and what more data teach."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import flowsim as fs
from flowsim.calibration import data
from flowsim.calibration.components import cells_of
from flowsim.calibration.model import Setting, build
from flowsim.calibration.predictive import POINTS, SUMS, histories, log_scores, noise_floor, of_hold_outs, of_rows
from flowsim.calibration.priors import values
from flowsim.calibration.simulation_based import QUICK, ranks, repeated, truth_of, uniformity
from flowsim.calibration.synthetic_reports import simulate_reports, simulate_year
from flowsim.config.calibration_files import PACKAGED, build_calibration
from flowsim.config.compose import compose_config
from flowsim.figures.fig3_fig4_calibration import FITTED, rank_histograms
from flowsim.figures.style import SEIZED
from flowsim.studies.calibrate import flow_prior


@pytest.fixture(scope="module")
def rows():
    return data.load(PACKAGED / "kazakhstan_2010.csv")


@pytest.fixture(scope="module")
def model(rows):
    """The shipped model, but for the controls of earlier years, which are those of 2010 here."""
    world = fs.load_world("kazakhstan_2010")
    calibration, cells = build_calibration(compose_config([])), cells_of(world)
    setting = Setting(
        areas=dict(calibration.areas),
        reference=cells,
        years=dict.fromkeys((2004, 2005, 2006, 2009, 2010), cells),
        sizes=world.traffic.sizes,
        size_exponent=world.detection.intelligence.size_exponent,
    )
    return build(rows, setting=setting, priors={**calibration.priors, "inflow": flow_prior(world)})


@pytest.fixture(scope="module")
def middle(model):
    scores = np.zeros(len(model.names))
    return {name: float(value) for name, value in values(model.priors, scores).items()}


@pytest.mark.slow
def test_ranks_of_eight_truths_are_uniform(model):
    """All rows and priors as shipped; the smallest of 17 probabilities is above 1e-4 with probability 0.998.

    The verification ranks 500 truths.
    """
    found = ranks(model, trials=range(8), seed=3)
    assert uniformity(found, draws=QUICK.draws).min() > 1e-4
    mean = found.to_numpy().mean()
    assert abs(mean - QUICK.draws / 2) < 5 * (QUICK.draws + 1) / math.sqrt(12 * 8)


def test_uniformity_accepts_uniform_ranks_and_notices_others():
    rng = np.random.default_rng(1)
    even = pd.DataFrame({"a": rng.integers(0, 64, 400)})
    narrow = pd.DataFrame({"a": rng.binomial(63, 0.5, 400)})
    moved = pd.DataFrame({"a": rng.integers(8, 64, 400)})
    assert uniformity(even, draws=63)["a"] > 1e-4
    assert uniformity(narrow, draws=63)["a"] < 1e-6
    assert uniformity(moved, draws=63)["a"] < 1e-6


@pytest.mark.slow
def test_simulated_reports_have_the_means_of_the_model(model, middle):
    """Five standard errors of 400 years of each year's total; the model says what the sums of its rows expect."""
    rng = np.random.default_rng(2)
    told = np.array([simulate_reports(model, middle, rng=rng).printed for _ in range(400)])
    kg = {
        name: float(mass[0])
        for name, mass in model.setting.kilograms({n: np.array([v]) for n, v in middle.items()}).items()
    }
    for k, some in enumerate(model.sums):
        expected = sum(kg[name] * share for name, share in some.kg.items())
        error = told[:, k].std() / math.sqrt(len(told))
        assert abs(told[:, k].mean() - expected) < 5 * error


@pytest.mark.slow
def test_a_simulated_report_is_likeliest_near_its_truth(model):
    """Thirty reports of one truth: its likelihood is above that of truths of other prior draws."""
    rng = np.random.default_rng(4)
    scores, truth = truth_of(model, rng=rng)
    several = repeated(model, truth, times=30, rng=rng)
    others = rng.standard_normal((40, len(scores)))
    found = several.log_likelihood(np.vstack([scores, others]))
    assert (found[0] > found[1:]).all()


def test_a_bound_that_a_simulated_year_does_not_reach_becomes_a_ceiling(model, middle):
    rng = np.random.default_rng(5)
    k = [row.key for row in model.rows].index("heroin-2005-committee")
    seen = {simulate_reports(model, middle, rng=rng).rows[k].at_least for _ in range(60)}
    assert seen == {None, 64.0}


@pytest.mark.slow
def test_years_of_a_model_share_no_chance_but_the_factor(model, middle):
    rng = np.random.default_rng(6)
    cells = frozenset(model.setting.reference)
    still = {**middle, "year_log_sd": 0.0}
    totals = [simulate_year(model, still, year=2010, rng=rng).total(cells) for _ in range(300)]
    halves = [
        (year.total(cells, end=0.5), year.total(cells, start=0.5))
        for year in (simulate_year(model, still, year=2010, rng=rng) for _ in range(300))
    ]
    assert abs(np.corrcoef(np.array(halves).T)[0, 1]) < 5 / math.sqrt(300)
    assert np.std(totals) > 0


def test_predictions_have_a_row_for_everything_reported(model, middle, rows):
    found = histories(model, [middle] * 12, seed=7)
    table = of_rows(model, rows, found)
    printed = [key for key, row in rows.items() if row.use != "flow" and row.value is not None]
    assert [what for what in table["what"] if "largest" not in what] == printed
    assert table["probability"].between(0, 1).all()
    held = of_hold_outs(found)
    assert held["held_out"].all()
    assert held["what"].str.contains("730 kg or more and none above 55 kg in 2009").any()
    fitted = of_hold_outs(found, rows=["opium-1997"])
    assert set(held["what"]) - set(fitted["what"]) == {POINTS[key][0] for key in SUMS}
    scores = log_scores(found, level=400.0)
    assert scores["year"].tolist() == [*range(1996, 2007), 2009]
    assert np.isfinite(scores[["lognormal", "model"]].to_numpy()).all()


def test_constant_detection_leaves_single_years_wide(model, middle):
    shares = noise_floor(model, middle, years=300, seed=8, flow=72_500)
    low, high = np.quantile(shares, [0.05, 0.95])
    assert high > 1.5 * low


def test_a_share_that_is_printed_is_simulated_as_one(model, middle, rows):
    share = replace(rows["heroin-2010-customs"], key="share", unit="1", value=0.12, of="heroin-2010-all", rounding=0.01)
    whole = replace(rows["heroin-2010-rest"], key="heroin-2010-all", use="hold-out", minus=())
    table = {**{key: row for key, row in rows.items() if row.use == "flow"}, "share": share, "heroin-2010-all": whole}
    made = build(table, setting=model.setting, priors=model.priors)
    told = simulate_reports(made, middle, rng=np.random.default_rng(9))
    assert 0 <= told.printed[0] <= 1
    assert np.isfinite(made.log_likelihood(np.zeros((1, len(made.names))))).all()


def test_bins_of_ranks_outside_the_band_of_uniform_ones_are_red():
    """A bin of uniform ranks lies in the band with probability 0.98; all ranks of `wrong` lie in two bins of eight."""
    found = pd.DataFrame({"even": np.arange(400) % 64, "wrong": np.arange(400) % 16})
    even, wrong, empty = rank_histograms(found, draws=63, bins=8, sentence="").axes[:3]
    colours = [{to_hex(bar.get_facecolor()) for bar in axes.patches[:8]} for axes in (even, wrong)]
    assert colours == [{FITTED}, {SEIZED}]
    assert sum(bar.get_height() for bar in wrong.patches[:8]) == 400
    assert (even.get_title(), wrong.get_title(), empty.axison) == ("even", "wrong", False)
