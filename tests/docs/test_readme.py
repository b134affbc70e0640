"""The README's numbers: they are those of the reference results, and the baseline still gives these."""

import re

import numpy as np
import pandas as pd
from paths import ROOT
from scipy.stats import binom

import flowsim as fs
from flowsim.comparison.numbers import span, years_text
from flowsim.evidence import reported
from flowsim.studies.fruitless import fruitless

REFERENCE = ROOT / "results" / "reference" / "baseline" / "run.csv"

ROWS = {
    "interdiction rate": ("Interdiction rate [%]", 100, 2),
    "seized": ("Seized [kg]", 1, 0),
    "seized by agency/Committee": ("by the Interior Ministry's Committee [kg]", 1, 0),
    "seized by agency/KNB": ("by the KNB [kg]", 1, 0),
    "seized by agency/Customs": ("by Customs [kg]", 1, 0),
    "seized by oblast/South Kazakhstan": ("in South Kazakhstan [kg]", 1, 0),
    "seized by oblast/Almaty city": ("in Almaty city [kg]", 1, 0),
    "leaked": ("Leaked [t]", 1e-3, 1),
    "retained": ("Retained [t]", 1e-3, 1),
}


def table():
    """Lines of the README's table, from the reference results."""
    results = pd.read_csv(REFERENCE, keep_default_na=False).set_index(["quantity", "item"])
    lines = ["| heroin in a year | mean | s.e. | 90 % prediction interval |", "| --- | --- | --- | --- |"]
    for key, (label, factor, digits) in ROWS.items():
        quantity, _, item = key.partition("/")
        row = results.loc[(quantity, item)]
        mean, error, low, high = (f"{factor * float(row[c]):,.{digits}f}" for c in ("mean", "mcse", "q05", "q95"))
        lines.append(f"| {label} | {mean} | {error} | {low} to {high} |")
    honest = float(results.loc[("honest visits", "")]["mean"]) / 1e6
    delay = float(results.loc[("honest delay", "mean of all visits")]["mean"])
    lines.append(f"| Honest visits [million] | {honest:.1f} | | |")
    lines.append(f"| Mean time of an honest visit [h] | {delay:.2f} | | |")
    return "\n".join(lines)


COMPARED = ROOT / "results" / "reference" / "policies" / "table2.csv"

SHOWN = (
    *("narcotics_boundaries", "border_posts_25", "search_liability_waived", "customs_union_joint_south", "caricc"),
    *("mobile_scanners", "anti_corruption", "tir_electronic_seal", "kyrgyz_border_shift", "customs_union"),
)
"""Policies of which the README tells the effect."""


def policies():
    """Lines of the README's table of policies, from the reference results."""
    results = pd.read_csv(COMPARED).set_index("policy")
    heads = ("change in a year", "heroin seized [kg]", "sets feasible", "honest time [1000 h]")
    heads += ("years to detect", "rests most on")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name in sorted(SHOWN):
        row = {str(key): value for key, value in results.loc[name].items()} | {"policy": name}
        rests = str(row["rests_on"]).partition(".")[2] if isinstance(row["rests_on"], str) else "none shows"
        effect, hours = span(row, "seized"), span(row, "hours", scale=1e-3)
        posts = f" ({row['posts']:+d} posts)" if row["posts"] else ""
        share = f"{100 * row['feasible']:.0f} %"
        cells = (f"`{name}`{posts}", effect, share, hours, years_text(float(row["years"])), rests)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_readme_shows_what_policies_would_change():
    assert policies() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_how_many_pairs_are_distinguishable_and_why():
    pairs = pd.read_csv(COMPARED.with_name("differences.csv"))
    effect = pd.read_csv(COMPARED).set_index("policy")["seized"].abs()
    effect["baseline"] = 0.0
    apart = pairs[pairs["verdict"] == "distinguishable"]
    least = np.minimum(apart["first"].map(effect), apart["second"].map(effect))
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    said = f"Of {len(pairs)} pairs of policies {len(apart)} are distinguishable at 95 %, {(least < 15).sum()} of them"
    assert said in text
    open_ones = pairs[pairs["verdict"] == "too few draws"]
    assert f"for {len(open_ones)} others {pairs['draws'].max()} draws are too few to say" in text


def test_the_readme_quotes_what_the_comparison_prints():
    printed = " ".join(COMPARED.with_suffix(".txt").read_text(encoding="utf-8").split())
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    mean, low, high = re.search(r"The baseline seizes (\d+) kg a year \((\d+) to (\d+) over draws\)", printed).groups()
    assert f"The baseline seizes {mean} kg in these years ({low} to {high})" in text
    (least,) = re.search(r"detect a rise of at least ([\d,]+) kg a year \(80 % power at 5 %, median", printed).groups()
    assert re.search(r"median of draws\); 0 of \d+ median effects are as large", printed)
    hidden = re.search(r"10 years of reports on each side would not show the effect: ([^.]+)\.", printed).group(1)
    effects = pd.read_csv(COMPARED).set_index("policy")
    said = f"({least} kg a year: more than the baseline seizes), and "
    said += f"{len(hidden.split(','))} of the {len(effects)} stay below it"
    assert said in text
    nine, border = (effects.loc[name, "points"] for name in ("narcotics_boundaries", "border_posts_25"))
    assert f"`narcotics_boundaries` adds {nine:.2f} and `border_posts_25` {border:.2f}" in text


def test_the_reference_verdicts_are_those_that_the_draws_allow():
    """By sums of the binomial: how probable so much agreement would be if nineteen of twenty draws agreed."""
    for folder in ("policies", "policies_posts_in_force"):
        pairs = pd.read_csv(COMPARED.parents[1] / folder / "differences.csv")
        pairs = pairs[pairs["draws"] > 0]
        agree = pairs["draws"] * np.maximum(pairs["p"], 1 - pairs["p"])
        apart, alike = (pairs["verdict"] == verdict for verdict in ("distinguishable", "indistinguishable"))
        assert apart.any()
        assert (binom.sf(np.ceil(agree[apart]) - 1, pairs["draws"][apart], 0.95) <= 0.05).all()  # a tie counts by half
        assert (binom.cdf(np.floor(agree[alike]), pairs["draws"][alike], 0.95) <= 0.05).all()


def test_the_readme_gives_the_posts_under_the_other_reading_of_what_stood():
    results = pd.read_csv(COMPARED.parents[1] / "policies_posts_in_force" / "table2.csv").set_index("policy")
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name in ("narcotics_boundaries", "narcotics_boundaries_removed"):
        row = {str(key): value for key, value in results.loc[name].items()} | {"policy": name}
        assert f"{span(row, 'seized')} kg" in text
    words = {2: "two", 7: "seven", 8: "eight"}
    missing, standing = (int(results.loc[f"narcotics_boundaries{end}", "posts"]) for end in ("", "_removed"))
    assert f"If {words[-standing]} of the nine did (`reading=posts_in_force`" in text
    assert f"the {words[missing]} that were missing add" in text
    new = pd.read_csv(COMPARED).set_index("policy").loc["narcotics_boundaries", "posts"]
    assert f"the {words[new]} posts that `narcotics_boundaries` adds (Ulken, the ninth, stands)" in text


def test_the_readme_shows_the_reference_results():
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_gives_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in text
    assert "make test" in text


def test_the_readme_says_what_fruitless_searches_would_cost():
    found = {each.agency: each for each in fruitless(fs.load_world())}
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    alarms, cost = (sum(getattr(each, name) for each in found.values()) for name in ("alarms", "cost"))
    assert f"searched and paid: {alarms:,.0f} a year, {cost / 1e6:.1f} million USD by the closed form" in text
    part = found["Committee"].cost / (reported("cb05-budget-request") * 1e6 / 3)
    assert f"The Committee's alone take {100 * part:.0f} % of a year's part" in text
