"""The conclusion with which a run begins its table, and the rows that it prints."""

from dataclasses import replace

import pandas as pd
import pytest
from paths import ROOT
from small_worlds import post, road_world

import flowsim as fs
from flowsim.studies.conclusion import sentences

WORLD = fs.load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def table():
    """Rows of the reference run of the baseline."""
    return pd.read_csv(ROOT / "results" / "reference" / "baseline" / "run.csv", keep_default_na=False).replace("", None)


def numbers(table):
    """Table with its numbers as such and words where there are none."""
    columns = ["mean", "mcse", "q05", "q95"]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in columns}, item=table["item"].fillna(""))


def test_it_says_what_the_table_says_beside_what_was_reported(table):
    rows = numbers(table).set_index(["quantity", "item"])
    first, second = sentences(numbers(table), WORLD, policy="baseline", expected=False)
    seized = rows.loc[("seized", "")]
    rate = rows.loc[("interdiction rate", ""), "mean"]
    assert f"{seized['mean']:,.0f} kg, {100 * rate:.2f} % of what enters" in first
    assert f"of single years: {seized['q05']:,.0f} to {seized['q95']:,.0f} kg" in first
    assert first.startswith("Under the controls in force, ")
    assert first.endswith("reported: 323 kg in 2010, 732 kg in 2009.")
    cost = rows.loc[("cost of fruitless searches", ""), "mean"]
    assert second.endswith(f"fruitless searches cost {cost / 1e6:.1f} million USD a year.")


def test_it_names_the_policy_and_the_kind_of_interval(table):
    (only,) = sentences(numbers(table), WORLD, policy="caricc", expected=True)
    assert only.startswith("Under policy caricc, ")
    assert "nine tenths of the posterior: " in only


def test_a_country_without_annual_totals_has_none_beside_it(table):
    world = road_world(post("a", place="p1"))
    places = tuple(replace(place, country="Elsewhere") for place in world.network.places)
    abroad = replace(world, network=replace(world.network, places=places))
    first = next(sentences(numbers(table), abroad, policy="baseline", expected=False))
    assert "reported" not in first
    first = next(sentences(numbers(table), replace(WORLD, year=2030), policy="baseline", expected=False))
    assert "reported" not in first


def test_a_part_of_a_year_is_called_so_and_no_annual_total_stands_beside_it(table):
    first = next(sentences(numbers(table), WORLD, policy="baseline", expected=False, horizon=300.0))
    assert "are seized in a mean span of 300 hours (nine tenths of single spans: " in first
    assert "year" not in first
    assert "reported" not in first


def test_it_says_nothing_where_no_heroin_enters(table):
    rows = numbers(table)
    none = rows.assign(mean=rows["mean"].where(rows["quantity"] != "entered", 0.0))
    assert list(sentences(none, WORLD, policy="baseline", expected=False)) == []


def test_all_rows_are_printed_when_asked_for_and_written_either_way(command):
    asked = ("world=two_routes", "engine=expectation")
    code, short, err = command(*asked, "out=short")
    assert code == 0, err
    code, long, err = command(*asked, "details=true", "out=long")
    assert code == 0, err
    assert "19.49" in short
    assert "seized by agency" in short
    assert "seized by channel" not in short
    assert "7 more rows in run.csv; details=true prints them." in short
    assert "seized by channel" in long
    assert "more rows" not in long
    with open("short/run.csv") as one, open("long/run.csv") as other:
        assert one.read() == other.read()


def test_details_say_nothing_of_results_and_have_no_effect_elsewhere(command):
    asked = ("world=two_routes", "engine=expectation")
    command(*asked, "details=true", "out=told")
    assert "details" not in fs.open_results("told").attrs["configuration"]
    code, _, err = command("study=check", "details=true")
    assert code == 1
    assert "details= has no effect in study=check" in err
    code, _, err = command(*asked, "details=perhaps")
    assert (code, err) == (1, "flowsim: details must be true or false, got perhaps\n")
