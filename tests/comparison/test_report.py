"""Table 2 of a comparison and its words: what is printed is what was computed, on 100 columns."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from comparisons import Truth, comparison, only

from flowsim.comparison import report
from flowsim.comparison.analysis import analyse
from flowsim.comparison.effects import effects
from flowsim.comparison.numbers import short, years_text
from flowsim.comparison.report import WIDTH, rests_text
from flowsim.comparison.table2 import summary
from flowsim.comparison.verdicts import pair_verdicts
from flowsim.figures import comparison_figures

TRUTHS = {
    "little": Truth(effect=5.0, calibrated=20.0, own_years=50.0, hours=-1000.0),
    "southern_border_strengthening+narcotics_boundaries": Truth(effect=1234.0, calibrated=900.0, hours=123456.0),
    "lever": Truth(effect=150.0, slopes={"works": 400.0}, calibrated=5.0, cost=3e6, hours=2e5),
    "harm": Truth(effect=-1500.0, calibrated=5.0, cost=math.nan),
    "nothing": Truth(slopes={"x": 0.0}),
}


@pytest.fixture(scope="module")
def results():
    return comparison(TRUTHS, year_sd=150.0)


@pytest.fixture(scope="module")
def found(results):
    return analyse(results, prior=comparison(TRUTHS, year_sd=150.0, seed=2))


def test_table_2_is_sorted_by_name_and_holds_what_the_table_of_effects_holds(found):
    assert found.table["policy"].tolist() == sorted(TRUTHS)
    long = found.effects[found.effects["quantity"] == "seized"].set_index(["policy", "quantity"])
    for row in found.table.to_dict("records"):
        of_effects = long.loc[(row["policy"], "seized")]
        assert row["seized"] == of_effects["median"]
        assert row["seized_mean"] == of_effects["mean"]
        assert row["seized_q95"] == of_effects["q95"]
        shares = [row[f"share_{name}"] for name in ("calibrated", "assumed", "yearly")]
        assert sum(shares) == pytest.approx(1.0 if row["policy"] != "nothing" else 0.0)
    table = found.table.set_index("policy")
    assert table["kind"].to_dict()["lever"] == "assumed"
    assert table.loc["harm", "kind"] == "calibrated"
    assert table.loc["lever", "rests_on"] == "lever.works"
    assert np.isinf(table.loc["nothing", "years"])
    assert table.loc["harm", "p_prior"] == 0


def test_lines_fit_the_terminal_and_lead_with_what_is_computed(found):
    assert max(map(len, found.lines)) <= WIDTH
    heads = [
        found.lines.index(line) for line in found.lines if line.startswith(("Computed:", "Seizures:", "Uncertainty:"))
    ]
    assert [found.lines[k].partition(":")[0] for k in heads] == ["Computed", "Seizures", "Uncertainty"]
    whole = "\n".join(found.lines)
    assert "beside the 323 kg reported" in whole
    assert "unknown" in whole
    assert " s " in whole


def test_the_words_say_which_pairs_are_distinguishable(found, results):
    pairs = only(results, ["lever", "nothing", "harm"])
    lines = list(pair_verdicts(analyse(pairs).differences))
    apart = "Of 6 pairs, the baseline among them, 3 are distinguishable at 95 %"
    assert lines[0] == f"{apart}; 2 indistinguishable; 1 the same in every draw."
    assert lines[1].startswith("Distinguishable: lever over harm (+1,6")
    assert lines[2].startswith("Indistinguishable: lever over ")
    assert lines[3].startswith("The same in every draw: ")
    many = " ".join(pair_verdicts(found.differences))
    assert "Of 15 pairs" in many
    assert "Distinguishable by the reports alone" in many


@pytest.mark.slow
def test_a_comparison_of_six_draws_gives_no_verdict_no_probability_and_no_interval():
    few = comparison({"more": Truth(effect=200.0, calibrated=10.0), "lever": Truth(slopes={"x": 9.0})}, sets=6, each=1)
    found = analyse(few, prior=few)
    whole = " ".join(" ".join(found.lines).split())
    assert "0 are distinguishable at 95 %; 3 too few draws to say whether P reaches 0.95." in whole
    assert "Too few draws: intervals, and P as a number, need 59 of them" in whole
    assert "Distinguishable:" not in whole
    assert "P 1.00" not in whole
    assert "P 6/6)" in whole
    assert "undetectable policies: too few draws to say" in whole
    (line,) = (line for line in found.lines if line.startswith("more ") and "/6" in line)
    assert line.split()[1:3] == ["6/6", "6/6"]
    assert max(map(len, found.lines)) <= WIDTH
    (row,) = (line for line in found.lines if line.startswith("more ") and "(n/a)" in line)
    assert "+200 (n/a)" in row or "+20" in row
    for figure in comparison_figures.figures(few, found, title="A world").values():
        figure.canvas.draw()


@pytest.mark.slow
def test_what_policies_add_in_the_world_is_said_and_stands_beside_their_names(results):
    names = [str(name) for name in results["policy"].values]
    adds = ["adds 8 posts to 1 that stands already (Ulken)" if name == "lever" else "" for name in names]
    given = results.assign_coords(adds=("policy", adds), posts=("policy", [8 * bool(words) for words in adds]))
    found = analyse(given)
    row = found.table.set_index("policy").loc["lever"]
    assert (row["adds"], row["posts"]) == (adds[names.index("lever")], 8)
    whole = " ".join(" ".join(found.lines).split())
    assert "What policies add in this world: lever adds 8 posts to 1 that stands already (Ulken)." in whole
    made = comparison_figures.figures(given, found, title="A world")
    effects_of, trade = made["fig5_policies"], made["fig9_trade_offs"]
    drawn = [label.get_text() for label in effects_of.axes[0].get_yticklabels()]
    assert "lever (+8 posts)" in drawn
    assert "harm" in drawn
    assert any(text.get_text().endswith("lever (+8 posts)") for text in trade.texts)
    assert "What policies add" not in " ".join(analyse(results).lines)


@pytest.mark.slow
def test_a_policy_that_overloads_a_post_is_named_with_the_post(results):
    name = str(results["policy"].values[1])
    assert not list(report.overloaded(results))
    utilisation = results["utilisation"].copy()
    utilisation.loc[{"policy": name, "set": [0, 3], "checkpoint": "gate"}] = [1.02, 1.4]
    (sentence,) = report.overloaded(results.assign(utilisation=utilisation))
    assert sentence.startswith(
        f"{name}: in 2 of {results.sizes['set']} sets a post has a utilisation of 1 or more (gate up to "
    )
    assert "140 %" in sentence
    assert sentence in " ".join(" ".join(analyse(results.assign(utilisation=utilisation)).lines).split())


def test_all_tables_are_written(found, tmp_path):
    found.save(tmp_path)
    names = {"effects.csv", "table2.csv", "differences.csv", "assumptions.csv", "table2.txt"}
    assert {path.name for path in tmp_path.iterdir()} == names
    read = pd.read_csv(tmp_path / "table2.csv")
    assert read["seized"].tolist() == pytest.approx(found.table["seized"].tolist())


def test_a_comparison_without_sets_or_with_one_year_says_what_it_cannot_know():
    one = analyse(comparison({"a": Truth(effect=10.0, slopes={"x": 1.0}, own_years=5.0)}, sets=1, each=8))
    assert np.isnan(one.table.loc[0, "share_assumed"])
    alone = analyse(comparison({"a": Truth(effect=10.0, own_years=5.0)}, sets=4, each=2, years=1))
    assert np.isnan(alone.table.loc[0, "years"])
    assert max(map(len, (*one.lines, *alone.lines))) <= WIDTH


def test_the_sensitivities_are_printed_one_at_a_time(found):
    lines = list(report.assumptions(found.assumptions))
    line = next(line for line in lines if line.startswith("lever.works"))
    assert line.endswith("most")
    assert next(line for line in lines if line.startswith("nothing.x")).endswith("none")
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0.0, "0"), (1234.5, "+1,234"), (-12.34, "-12.3"), (0.0123, "+0.012"), (math.nan, "n/a"), (-3e-5, "-3e-05")],
)
def test_numbers_are_short(value, printed):
    assert short(value) == printed


def test_words_for_years_and_break_even():
    values = (7.0, 9999.0, 12345.0, 999_499.0, 1e6, math.inf, math.nan)
    assert [years_text(value) for value in values] == ["7", "9999", "12k", "999k", ">999k", "never", "n/a"]
    row = {"policy": "a", "rests_on": "a.x", "swing": 20.0, "break_even": math.nan}
    assert rests_text(row) == "x: +20.0, never 0 in it"
    assert rests_text(row | {"policy": "a+b", "break_even": 0.5}) == "a.x: +20.0, 0 at 0.50"


@pytest.mark.slow
def test_table_2_can_be_made_of_effects_without_prices_and_of_a_prior_with_one_draw_in_each_set(results):
    prior = comparison(TRUTHS, each=1, year_sd=150.0, seed=2)
    table = summary(results, prior=prior, table=effects(results))
    assert table["risk_tax"].isna().all()
    assert table.set_index("policy").loc["harm", "p_prior"] == 0


def test_single_years_that_go_against_the_mean_are_counted_and_said(results, found):
    yearly = results.seized_mass.sum(["channel", "agency"])
    for name in TRUTHS:
        effect = (yearly.sel(policy=name) - yearly.sel(policy="baseline")).values
        share = (effect < 0).mean() if effect.mean() > 0 else (effect > 0).mean()
        row = found.table.set_index("policy").loc[name]
        assert row["against"] == pytest.approx(0.0 if name == "nothing" else share)
        said = f"{name} {100 * row['against']:.1f} %" in " ".join(" ".join(found.lines).split())
        assert said == (row["against"] >= 0.0005)
