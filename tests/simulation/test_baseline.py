"""The baseline of Kazakhstan in 2010: what it must reproduce before anything is read off it.

The reported figures: 323 kg of heroin seized in 2010 and 730 kg in 2009 over 70-75 t transiting (UNODC 2012, line 73
of the compilation) are 0.45 % and 1.01 % of 72.5 t; Customs took 39.8 of 323 kg (line 77).
"""

import numpy as np
import pandas as pd
import pytest
from paths import ROOT

import flowsim as fs
from flowsim.calibration.posterior import point_change
from flowsim.engine.expectation.engine import expect
from flowsim.evidence.annual_totals import annual_series
from flowsim.policy.policy import BASELINE, Policy, ScaleLanes
from flowsim.results import measures
from flowsim.simulation.resources import OverloadWarning
from flowsim.simulation.simulate import Plan, simulate
from flowsim.world.checkpoint import AGENCIES

REFERENCE = ROOT / "results" / "reference" / "baseline" / "run.csv"
REPORTED_2010 = 323 / 72_500
REPORTED_2009 = 730 / 72_500


def reported_totals():
    """Annual totals of heroin from the first year that is fitted to the last of the single seizures [kg]."""
    return {year: kg for year, kg in annual_series("Kazakhstan", "heroin").items() if 1997 <= year <= 2014}


@pytest.fixture(scope="module")
def world():
    """The baseline world."""
    return fs.load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def expected(world):
    """Its closed form at the posterior median."""
    return expect(point_change(fs.load_posterior()).apply(world))


@pytest.fixture(scope="module")
def results(world):
    """What `make run` simulates: a hundred years of consignments that meet four weeks of national traffic."""
    return fs.simulate(world, seed=1)


@pytest.mark.slow
def test_long_run_rate_lies_between_half_and_four_fifths_of_a_percent(expected):
    assert 0.005 <= expected.seized[0].sum() / expected.entered[0] <= 0.008


@pytest.mark.slow
def test_yearly_totals_vary_as_the_reported_ones(expected):
    """Within a factor of one and a half of the coefficient of variation of the reported totals."""
    reported = np.array(list(reported_totals().values()))
    known = reported.std(ddof=1) / reported.mean()
    assert known / 1.5 <= np.sqrt(expected.total_variance[0]) / expected.seized[0].sum() <= 1.5 * known


@pytest.mark.slow
def test_customs_take_five_to_thirty_per_cent(expected):
    customs = expected.by_channel[0, :, AGENCIES.index("Customs")].sum()
    assert 0.05 <= customs / expected.seized[0].sum() <= 0.30


@pytest.mark.slow
@pytest.mark.parametrize("agency", ["KNB", "Committee"])
def test_both_agencies_that_build_cases_take_at_least_a_twentieth(expected, agency):
    own = expected.by_channel[0, :, AGENCIES.index(agency)].sum()
    assert own >= 0.05 * expected.seized[0].sum()


@pytest.mark.slow
def test_one_case_may_be_most_of_a_quarter_of_south_kazakhstan(results):
    """As the Shymkent ring in the first quarter of 2005: 36 of 37 kg of heroin (cable2005 L67)."""
    names = ("replication", "drug", "oblast", "channel")
    table = pd.DataFrame({name: results[f"seizure_{name}"].values for name in names})
    table["mass"], table["time"] = results.seizure_mass.values, results.seizure_hours.values
    south = table[(table.drug == "heroin") & (table.oblast == "South Kazakhstan")]
    quarter = [south.replication, (south.time // (8760 / 4)).astype(int)]
    whole = south.groupby(quarter)["mass"].sum()
    largest = south.mass.where(south.channel == "case", 0.0).groupby(quarter).max()
    assert len(whole) > 100
    assert (largest > 0.5 * whole).mean() > 0.05


@pytest.mark.slow
def test_simulated_years_seize_what_their_draws_say(results):
    """Each year against the closed form of its own draw: the mean difference is below 3.9 standard errors.

    The error probability is 1e-4 for normal means; years are skewed, so that it is somewhat larger.
    """
    posterior = fs.load_posterior()
    yearly = measures.seized(results).sel(policy="baseline", drug="heroin").values
    difference = yearly - posterior["seized"].values[results["chain"].values, results["draw"].values]
    assert abs(difference.mean()) < 3.9 * difference.std(ddof=1) / np.sqrt(len(difference))


@pytest.mark.slow
def test_single_years_span_the_two_reported_ones(results):
    low, high = results.interdiction_rate.sel(policy="baseline", drug="heroin").quantile([0.05, 0.95]).values
    assert low <= REPORTED_2010 <= high
    assert low <= REPORTED_2009 <= high


@pytest.mark.slow
def test_single_years_range_as_far_as_the_reported_totals(results):
    """Their 5 and 95 % points are within a factor of two of the least and the largest total that was reported."""
    reported = list(reported_totals().values())
    low, high = measures.seized(results).sel(policy="baseline", drug="heroin").quantile([0.05, 0.95]).values
    assert min(reported) / 2 <= low <= 2 * min(reported)
    assert max(reported) / 2 <= high <= 2 * max(reported)


@pytest.mark.slow
@pytest.mark.parametrize("oblast", ["South Kazakhstan", "Almaty city"])
def test_the_two_steady_oblasts_lead_in_at_least_half_the_years(results, oblast):
    share = measures.share_of_years_leading(results, oblast, first=3)
    assert float(share.sel(policy="baseline", drug="heroin")) >= 0.5


@pytest.mark.slow
def test_honest_traffic_of_four_weeks_scales_to_the_national_visits(results):
    assert 2.5e6 <= float(results.vehicles.sum()) <= 10e6


@pytest.mark.slow
def test_half_the_lanes_at_the_busiest_crossing_at_least_double_its_delay(world):
    half = ScaleLanes(factor=0.5, checkpoints=("kordai-road",))
    policies = [BASELINE, Policy(name="half", title="Half the lanes at Kordai", changes=(half,))]
    with pytest.warns(
        OverloadWarning, match="'kordai-road': its lanes .* have a mean utilisation of 1.. %; the queue is unstable"
    ):
        results = simulate(world, policies=policies, plan=Plan(replications=1, seed=1))
    visits = results.vehicles.sel(policy="baseline").where(results.kind == "crossing")
    busiest = visits.idxmax("checkpoint").item()
    delay = results.delay
    assert busiest == "kordai-road"
    assert delay.sel(policy="half", checkpoint=busiest) >= 2 * delay.sel(policy="baseline", checkpoint=busiest)


@pytest.mark.slow
def test_the_reference_results_come_out_again(world):
    """A hundred years with draws of the posterior are those of `make run`."""
    reference = pd.read_csv(REFERENCE, keep_default_na=False, na_values=[""]).fillna({"item": ""})
    again = measures.summary(fs.simulate(world, seed=1, posterior=fs.load_posterior()))
    assert list(again.quantity) == list(reference.quantity)
    assert list(again.item) == list(reference.item)
    for column in ("mean", "mcse", "q05", "q95"):
        np.testing.assert_allclose(again[column], reference[column], rtol=1e-9)
