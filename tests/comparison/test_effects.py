"""Effects of policies on results whose truth is known: paired, split, with their noise floor and their assumptions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from comparisons import Truth, comparison
from scipy import stats

from flowsim.comparison import paired
from flowsim.comparison.analysis import analyse
from flowsim.comparison.assumptions import break_even, regression, sensitivities
from flowsim.comparison.confidence import DRAWS, ERROR, SETS, SURE, bounds, chance, fewest
from flowsim.comparison.effects import ACROSS_ZERO, INFEASIBLE, PER_HOUR, PER_MILLION, SAVED, UNKNOWN, Prices, effects
from flowsim.comparison.effects import TOO_FEW as FEW_SETS
from flowsim.comparison.ranking import (
    APART,
    NOT_APART,
    SAME,
    TOO_FEW,
    TOO_FEW_DRAWS,
    by_draws,
    differences,
    superiority,
)
from flowsim.comparison.variance import split

PRICES = Prices(low=0.2, high=0.5, source="judgement: an example")


def table_of(results, policy, **given):
    """Rows of a policy by quantity and item."""
    table = effects(results, **given)
    return table[table["policy"] == policy].set_index(["quantity", "item"])


def test_a_policy_like_the_baseline_has_exactly_no_effect():
    results = comparison({"nothing": Truth(slopes={"x": 0.0})}, year_sd=80.0)
    rows = table_of(results, "nothing", prices=PRICES)
    plain = rows.drop(index=[(PER_MILLION, ""), (PER_HOUR, "")])
    assert (plain[["mean", "q05", "q95"]] == 0).all(axis=None)
    assert (plain["mcse"].dropna() == 0).all()
    assert set(rows.loc[[(PER_MILLION, ""), (PER_HOUR, "")], "note"]) == {ACROSS_ZERO}
    assert differences(results)["verdict"].tolist() == [SAME]
    found = split(paired.changes(paired.levels(results))["yearly"].sel(policy="nothing").values, results["set_of_draw"])
    assert found.total == 0
    assert not any(found.shares.values())


def test_effects_are_paired_so_that_what_differs_between_years_cancels():
    rows = table_of(comparison({"more": Truth(effect=50.0, opens=True)}, year_sd=200.0), "more", prices=PRICES)
    for column in ("median", "mean", "q05", "q95"):
        assert rows.loc[("seized", ""), column] == pytest.approx(50.0)
        assert rows.loc[("points of flow seized", ""), column] == pytest.approx(100 * 50 / 70_000)
        assert rows.loc[("seized by channel", "routine"), column] == pytest.approx(30.0)
        assert rows.loc[("seized by agency", "KNB"), column] == pytest.approx(20.0)
        assert rows.loc[("leaked by exit", "east"), column] == pytest.approx(-12.5)
        assert rows.loc[("leaked by route class", "south rail"), column] == pytest.approx(-37.5)
        assert rows.loc[("leaked by mode", "road"), column] == pytest.approx(-12.5)
        assert rows.loc[("leaked through other exits than before", ""), column] == pytest.approx(0.0, abs=1e-9)
    oblasts = rows.loc["seized by oblast", "mean"]
    assert oblasts.sum() == pytest.approx(50.0)
    levels = paired.levels(comparison({"more": Truth(effect=50.0, opens=True)}, year_sd=200.0))["seized"]
    assert oblasts["elsewhere"] == pytest.approx(
        0.3 * float(levels.sel(policy="more").mean())
    )  # at the post that is opened
    tax = rows.loc[("risk tax", "share of the price")]
    assert 0.2 * 100 * 50 / 70_000 < tax["q05"] < tax["mean"] < tax["q95"] < 0.5 * 100 * 50 / 70_000


def test_ninety_percent_of_draws_lie_in_the_interval_and_the_error_is_that_of_the_years():
    truth = Truth(effect=50.0, calibrated=20.0, shared_years=30.0)
    row = table_of(comparison({"more": truth}, sets=200, each=10), "more").loc[("seized", "")]
    spread = math.hypot(20.0, 30.0 / math.sqrt(20))  # the mean of a draw's twenty years is off by their error
    assert row["q95"] - row["q05"] == pytest.approx(2 * 1.645 * spread, rel=0.08)  # 5 standard errors of the quantiles
    # Ten draws share their years: 4,000 years in all, not 40,000.
    assert row["mcse"] == pytest.approx(30.0 / math.sqrt(20 * 200), rel=0.05)  # chi2(3800): 1e-5
    assert abs(row["mean"] - 50.0) < 4 * math.hypot(row["mcse"], 20.0 / math.sqrt(2000))  # 6e-5


def test_differences_between_sets_are_no_error_of_the_years():
    row = table_of(comparison({"more": Truth(effect=50.0, assumed=90.0, shared_years=30.0)}), "more")
    assert row.loc[("seized", ""), "mcse"] == pytest.approx(30.0 / math.sqrt(20 * 40), rel=0.11)  # chi2(760): 1e-4


@pytest.mark.slow
def test_ratios_are_left_out_where_the_denominator_may_be_zero_or_is_unknown():
    truths = {
        "dear": Truth(effect=30.0, cost=2e6, hours=1000.0),
        "free": Truth(effect=30.0),
        "unknown": Truth(effect=30.0, cost=math.nan),
        "faster": Truth(effect=-30.0, hours=-1000.0),
    }
    results = comparison(truths)
    dear = table_of(results, "dear")
    assert dear.loc[(PER_MILLION, ""), ["mean", "q05", "q95"]].tolist() == pytest.approx([15.0] * 3)
    assert dear.loc[(PER_HOUR, ""), "mean"] == pytest.approx(0.03)
    assert table_of(results, "free").loc[(PER_MILLION, ""), "note"] == ACROSS_ZERO
    assert table_of(results, "unknown").loc[(PER_MILLION, ""), "note"] == UNKNOWN
    assert np.isnan(table_of(results, "unknown").loc[("cost of the policy", ""), "mean"])
    faster = table_of(results, "faster").loc[(PER_HOUR, "")]
    assert faster["note"] == SAVED
    assert faster["mean"] == pytest.approx(-0.03)


def test_a_ratio_is_not_formed_across_zero():
    results = comparison({"either": Truth(effect=30.0, hours=1000.0)})
    signs = np.where(results["set"] % 3 == 0, -1.0, 1.0)
    change = results["delay"].sel(policy="either") - results["delay"].sel(policy="baseline")
    results["delay"].loc[{"policy": "either"}] = results["delay"].sel(policy="baseline") + change * signs[:, None]
    row = table_of(results, "either").loc[(PER_HOUR, "")]
    assert row["note"] == ACROSS_ZERO
    assert np.isnan(row["mean"])


def test_honest_hours_are_vehicles_times_delay_and_the_worst_post_is_one_that_is_visited():
    rows = table_of(comparison({"slow": Truth(hours=1000.0)}), "slow")
    assert rows.loc[("honest hours at checkpoints", ""), "mean"] == pytest.approx(1000.0)
    assert rows.loc[("delay of a mean visit", ""), "mean"] == pytest.approx(1000.0 / 4e5)
    worst = rows.loc["95 % point of the delay at the worst checkpoint"]
    assert list(worst.index) == ["bridge"]
    assert worst["mean"].iloc[0] == pytest.approx(6 * 1000.0 / 4e5)


@pytest.mark.slow
def test_a_policy_under_which_visits_are_not_over_has_no_honest_hours_and_the_others_keep_theirs():
    kinds = {"stuck": Truth(hours=1000.0), "slow": Truth(hours=1000.0)}
    results = comparison(kinds)
    for name in ("delay", "delay_p95"):
        results[name].loc[{"policy": "stuck", "set": results["set"][0], "checkpoint": "gate"}] = np.nan
    stuck, slow = (table_of(results, name) for name in kinds)
    worst = "95 % point of the delay at the worst checkpoint"
    for row in (("honest hours at checkpoints", ""), ("delay of a mean visit", ""), (worst, "gate")):
        assert np.isnan(stuck.loc[row, ["level", "mean", "q05", "q95"]].astype(float)).all(), row
        assert stuck.loc[row, "note"] == "unknown"
    assert stuck.loc[(PER_HOUR, ""), "note"] == UNKNOWN
    assert slow.loc[("honest hours at checkpoints", ""), "mean"] == pytest.approx(1000.0)
    assert slow.loc[(worst, "bridge"), "mean"] == pytest.approx(6 * 1000.0 / 4e5)
    before = table_of(comparison(kinds), "stuck")
    assert stuck.loc["seized"].equals(before.loc["seized"])
    assert any("n/a" in line for line in analyse(results).lines)


@pytest.mark.parametrize(
    "truth",
    [
        Truth(calibrated=20.0, assumed=30.0, own_years=60.0),
        Truth(calibrated=20.0, assumed=30.0, shared_years=50.0, own_years=30.0),
        Truth(calibrated=20.0, own_years=60.0),
        Truth(assumed=30.0, shared_years=50.0),
    ],
)
def test_the_split_finds_the_components_of_the_truth(truth):
    """The mean over 60 results lies within 4 standard errors of each component: error probability 1e-3 in all."""
    results = [comparison({"a": truth}, seed=seed, sets=20, each=5, years=8) for seed in range(60)]
    found = []
    for one in results:
        yearly = (one["seized_mass"] - one["seized_mass"].sel(policy="baseline")).sum(["channel", "agency"])
        part = split(yearly.sel(policy="a").values, one["set_of_draw"].values)
        assert sum(part.shares.values()) == pytest.approx(1.0)
        assert min(part.calibrated, part.assumed, part.yearly) >= 0
        found.append((part.calibrated, part.assumed, part.yearly))
    wanted = (truth.calibrated**2, truth.assumed**2, truth.shared_years**2 + truth.own_years**2)
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    for k, value in enumerate(wanted):
        # Estimates that are cut off at 0 are too large in the mean, by less than their spread.
        cut = np.std(found, axis=0)[k] if value == 0 else 0.0
        assert abs(mean[k] - value) < 4 * error[k] + cut + 1e-9


def test_a_negative_component_is_zero_and_said():
    rng = np.random.default_rng(3)
    noise = [split(rng.standard_normal((40, 6)), np.repeat(np.arange(8), 5)) for _ in range(40)]
    said = {name for one in noise for name in one.negative}
    assert said == {"calibrated", "assumed"}
    assert all(getattr(one, name) == 0 for one in noise for name in one.negative)


@pytest.mark.parametrize(("sets", "each"), [(40, 5), (200, 1), (1, 200)])
def test_a_policy_without_levers_has_no_assumed_part(sets, each):
    truth = Truth(calibrated=20.0, own_years=10.0, shared_years=10.0)
    results = comparison({"a": truth}, sets=sets, each=each)
    yearly = paired.changes(paired.levels(results))["yearly"].sel(policy="a").values
    found = split(yearly, results["set_of_draw"].values, levers=False)
    assert found.assumed == 0
    assert found.calibrated == pytest.approx(400.0, rel=0.45)  # chi2(160): 1e-4
    assert found.yearly == pytest.approx(200.0, rel=0.9 if sets == 1 else 0.15)  # chi2(19), chi2(760): 1e-4


def test_pairs_are_told_apart_by_draws_and_years():
    truths = {
        "much": Truth(effect=200.0, calibrated=10.0),
        "some": Truth(effect=50.0, calibrated=10.0),
        "like": Truth(effect=51.0, calibrated=10.0),
        "accident": Truth(effect=50.0, calibrated=0.1, shared_years=20.0),
        "twin": Truth(effect=200.0),
        "double": Truth(effect=200.0),
    }
    results = comparison(truths, seed=2)
    table = differences(results, prior=results)
    found = {frozenset((row.first, row.second)): row for row in table.itertuples()}
    assert found[frozenset(("much", "some"))].verdict == APART
    assert found[frozenset(("some", "like"))].verdict == NOT_APART
    assert found[frozenset(("twin", "double"))].verdict == SAME
    assert found[frozenset(("twin", "double"))].p == 0.5
    assert (table["p"] == table["p_prior"]).all()
    assert (table["difference"] >= 0).all()
    # Draws agree on which is more, as all met the same years, yet these say nothing.
    lucky = differences(comparison({"a": Truth(effect=0.0, shared_years=50.0)}, sets=1, each=200, years=20, seed=4))
    assert lucky["p"].iloc[0] in (0.0, 1.0)
    assert lucky["verdict"].tolist() == [TOO_FEW]


def test_a_verdict_needs_as_many_draws_as_the_binomial_says():
    """By brute force: so many draws that all agree are what a policy with P 0.95 has with a chance of 5 % at most."""
    assert DRAWS == fewest() == next(n for n in range(1, 100) if SURE**n <= ERROR) == 59
    assert [by_draws(1.0, n) for n in (6, DRAWS - 1, DRAWS)] == [TOO_FEW_DRAWS, TOO_FEW_DRAWS, APART]
    assert [by_draws(0.0, n) for n in (6, DRAWS)] == [TOO_FEW_DRAWS, APART]
    assert [by_draws(share, 200) for share in (0.98, 0.975, 0.02, 0.5, 0.9)] == [
        *(APART, TOO_FEW_DRAWS, APART, NOT_APART, NOT_APART)
    ]
    assert by_draws(1.0, 1000, sets=SETS - 1) == by_draws(0.5, 1000, sets=SETS - 1) == TOO_FEW_DRAWS
    assert by_draws(1.0, 1000, sets=SETS) == APART
    with pytest.raises(ValueError, match=r"share of a bound must lie in \(0, 1\), got 1"):
        fewest(1)


@pytest.mark.parametrize("draws", [6, 59, 200])
def test_each_bound_is_wrong_with_at_most_its_error(draws):
    """Against sums of the binomial: no share that the bounds leave out is as probable as the error."""
    for agree in range(draws + 1):
        low, high = bounds(agree / draws, draws)
        assert low == 0 if agree == 0 else stats.binom.sf(agree - 1, draws, low) == pytest.approx(ERROR)
        assert high == 1 if agree == draws else stats.binom.cdf(agree, draws, high) == pytest.approx(ERROR)


@pytest.mark.parametrize("p", [0.94, 0.96])
@pytest.mark.parametrize("draws", [60, 200])
def test_a_verdict_is_wrong_in_one_of_twenty_comparisons_at_most(p, draws):
    """Calibrated effects of known P: 4,000 binomial comparisons; 5 standard errors are 0.017."""
    agree = np.random.default_rng(11).binomial(draws, p, size=4000)
    counts = np.bincount(agree, minlength=draws + 1)
    wrong = APART if p < SURE else NOT_APART
    share = sum(counts[k] for k in range(draws + 1) if by_draws(k / draws, draws) == wrong) / len(agree)
    assert share < ERROR + 0.017


def test_few_draws_of_a_true_difference_give_no_verdict_and_many_do():
    """A true effect of 200 kg with a spread of 10 between draws, P 1.00 beyond doubt."""
    truth = {"more": Truth(effect=200.0, calibrated=10.0), "lever": Truth(effect=300.0, slopes={"x": 10.0})}
    few, many = (differences(comparison(truth, sets=sets, each=each)) for sets, each in ((6, 1), (20, 3)))
    assert set(few["verdict"]) == {TOO_FEW_DRAWS}
    assert few["p"].tolist() == [1.0] * 3
    assert few[["q05", "q95"]].isna().all(axis=None)
    assert set(many["verdict"]) == {APART}
    assert many[["q05", "q95"]].notna().all(axis=None)
    # Sixty draws that share two values of what is assumed say nothing on the other values.
    two = differences(comparison(truth, sets=2, each=30)).set_index(["first", "second"])["verdict"]
    assert two[("more", "baseline")] == APART
    assert two[("lever", "baseline")] == two[("lever", "more")] == TOO_FEW_DRAWS


@pytest.mark.slow
def test_an_effect_that_rests_on_one_assumed_number_is_never_told_apart_by_accident():
    """Sets are a Latin hypercube: with P 0.94 at least one of 20 sets, and so ten of 200 draws, go against it."""
    for seed in range(40):
        truth = {"lever": Truth(effect=44.0, slopes={"x": 100.0}, calibrated=0.01)}
        table = differences(comparison(truth, sets=20, each=10, seed=seed))
        assert table["verdict"].tolist() != [APART]


def test_few_draws_have_no_interval_but_a_mean():
    truths = {"more": Truth(effect=50.0, calibrated=20.0, slopes={"x": 9.0}, cost=2e6, hours=1000.0)}
    results = comparison(truths, sets=6, each=1)
    change = results["delay"].sel(policy="more") * (1 + 0.01 * results["set"])
    results["delay"].loc[{"policy": "more"}] = change.transpose("set", "checkpoint")
    rows = table_of(results, "more")
    for key in [("seized", ""), ("points of flow seized", ""), ("honest hours at checkpoints", "")]:
        assert np.isfinite(rows.loc[key, "mean"])
        assert rows.loc[key, ["q05", "q95"]].isna().all()
    assert rows.loc[(PER_HOUR, ""), "note"] == FEW_SETS
    assert rows.loc[(PER_MILLION, ""), ["q05", "q95"]].isna().all()
    alone = table_of(comparison({"more": Truth(effect=50.0)}, sets=1, each=1), "more").loc[("seized", "")]
    assert np.isnan([alone["q05"], alone["q95"]]).all()
    # What no draw changes needs no more than two.
    assert rows.loc[("cost of the policy", ""), ["mean", "q05", "q95"]].tolist() == [2e6] * 3


def test_a_share_of_few_draws_is_printed_as_so_many_of_so_many():
    assert [chance(p, n) for p, n in ((1.0, 6), (0.75, 6), (0.966, 200), (math.nan, 0))] == [
        "6/6",
        "4.5/6",
        "0.97",
        "-",
    ]


def test_probabilities_are_shares_of_draws_and_complementary():
    results = comparison({"a": Truth(effect=10.0, calibrated=20.0), "b": Truth(effect=0.0, calibrated=20.0)})
    seized = paired.levels(results)["seized"]
    p, q = (superiority(seized.sel(policy=one), seized.sel(policy=other)) for one, other in ("ab", "ba"))
    assert p + q == pytest.approx(1.0)
    assert superiority(seized.sel(policy="a"), seized.sel(policy="a")) == 0.5
    expected = stats.norm.cdf(10 / (20 * math.sqrt(2)))
    assert p == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(200))


def overloaded(results, policy, sets):
    """Results in which a post is above its capacity under a policy in some sets."""
    utilisation = results["utilisation"].copy()
    utilisation.loc[{"policy": policy, "set": sets, "checkpoint": "gate"}] = 1.2
    return results.assign(utilisation=utilisation)


@pytest.mark.slow
def test_no_number_of_a_policy_is_of_a_set_in_which_a_post_is_above_its_capacity():
    truths = {"a": Truth(effect=50.0, calibrated=10.0, slopes={"x": 400.0}), "b": Truth(effect=20.0, calibrated=10.0)}
    plain = comparison(truths)
    values = plain["parameter_value"].sel(parameter="a.x").values
    sets = np.flatnonzero(values > 0.5)
    results = overloaded(plain, "a", sets)
    assert paired.feasible(results).sum("set").to_series().to_dict() == {"baseline": 40, "a": 20, "b": 40}
    analysis = analyse(results)
    row = analysis.table.set_index("policy").loc["a"]
    assert (row["feasible"], row["draws"]) == (0.5, 100)
    left = plain.sel(policy=["baseline", "a"], draw=~np.isin(plain["set_of_draw"].values, sets))
    seized = paired.changes(paired.levels(left.sel(set=np.flatnonzero(values <= 0.5))))["seized"].sel(policy="a")
    assert row["seized"] == float(np.median(seized))
    assert row["seized"] == pytest.approx(50.0 - 100.0, abs=10.0)  # x is below a half, and 0.25 in the mean
    same = analyse(plain).table.set_index("policy").loc["b"]
    assert analysis.table.set_index("policy").loc["b"].equals(same)
    pairs = analysis.differences.set_index(["first", "second"])["draws"]
    assert {pairs[pair] for pair in pairs.index if "a" in pair} == {100}
    assert pairs[("b", "baseline")] == 200
    rests = analysis.assumptions.set_index("policy").loc["a"]
    assert rests["high"] < 0.5


@pytest.mark.slow
def test_a_policy_that_no_set_can_staff_has_no_numbers_and_says_why():
    results = comparison({"a": Truth(effect=50.0), "b": Truth(effect=20.0)})
    analysis = analyse(overloaded(results, "a", results["set"].values))
    rows = analysis.effects.set_index("policy").loc["a"]
    assert rows[["level", "median", "mean", "q05", "q95", "mcse"]].isna().all(axis=None)
    assert set(rows["note"]) == {INFEASIBLE}
    row = analysis.table.set_index("policy").loc["a"]
    assert (row["feasible"], row["draws"]) == (0.0, 0)
    assert np.isnan(row["seized"])
    assert any("0 %" in line and line.startswith("a ") for line in analysis.lines)


def test_the_assumption_that_an_effect_rests_on_most_and_its_break_even_are_found():
    truths = {
        "lever": Truth(effect=30.0, slopes={"strong": 200.0, "weak": 5.0}, calibrated=2.0),
        "sure": Truth(effect=300.0, slopes={"strong": 200.0}, calibrated=2.0),
        "idle": Truth(effect=30.0, slopes={"nothing": 0.0}, calibrated=20.0),
        "dear": Truth(effect=30.0, slopes={"strong": 200.0}, cost=1e6),
        "bare": Truth(effect=30.0),
    }
    table = sensitivities(comparison(truths)).set_index(["policy", "parameter"])
    lever = table.loc[("lever", "lever.strong")]
    assert lever["most"]
    assert lever["slope"] == pytest.approx(200.0, abs=4 * lever["mcse"])
    assert lever["swing"] == pytest.approx(200.0, rel=0.1)
    assert lever["break_even"] == pytest.approx(0.5 - 30 / 200, abs=0.03)
    assert not table.loc[("lever", "lever.weak"), "most"]
    assert np.isnan(table.loc[("lever", "lever.weak"), "break_even"])
    assert np.isnan(table.loc[("sure", "sure.strong"), "break_even"])
    assert not table.loc["idle", "most"].any()
    assert "bare" not in table.index.get_level_values("policy")
    # Where 30 kg a million dollars are what "dear" gives in the mean, it gives just that in the middle.
    asked = sensitivities(comparison(truths), against="dear").set_index(["policy", "parameter"])
    assert asked.loc[("dear", "dear.strong"), "break_even"] == pytest.approx(0.5, abs=0.03)
    with pytest.raises(ValueError, match="known cost that is not 0, from 20 sets or more, got 'bare'"):
        sensitivities(comparison(truths), against="bare")


def test_an_effect_that_fades_out_has_no_break_even_though_a_line_through_it_crosses_zero():
    values = (np.arange(40) + 0.5) / 40
    fading = 2000 * np.exp(-8 * values)
    slope = regression(values[:, None], fading)[0][0]
    assert 0 < 0.5 - fading.mean() / slope < 1
    assert np.isnan(break_even(values, fading))
    # Between two sets, which lie that far apart.
    assert break_even(values, fading - fading[20]) == pytest.approx(values[20], abs=1 / 40)


def test_results_that_cannot_be_compared_are_refused():
    results = comparison({"a": Truth()}, sets=4)
    with pytest.raises(ValueError, match="first policy of a comparison must be baseline, got 'a'"):
        effects(results.sel(policy=["a", "baseline"]))
    with pytest.raises(ValueError, match="set_of_draw must give each set as many draws"):
        effects(results.isel(draw=slice(1, None)))
    with pytest.raises(ValueError, match=r"Prices.high must be finite and at least low \(0.5\), got 0.2"):
        Prices(low=0.5, high=0.2, source="judgement: an example")
