"""The tables of chains: the packaged ones, and what is refused."""

import shutil
from pathlib import Path

import pytest

import flowsim
from flowsim.chain.stage_tables import load_chain
from flowsim.chain.stages import named
from flowsim.evidence.sources import load_facts

TABLES = Path(flowsim.__file__).parent / "data" / "chains" / "northern_route"
ASKED = {
    "name": "northern_route",
    "title": "Northern route",
    "detail": "kazakhstan_2010",
    "detail_stage": "Kazakhstan",
    "base_year": 2010,
    "years": range(1998, 2015),
}


def edited(tmp_path, table, old, new):
    """The packaged tables with a change in one of them."""
    folder = shutil.copytree(TABLES, tmp_path / "chain")
    text = (folder / table).read_text(encoding="utf-8")
    assert old in text
    (folder / table).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_the_northern_route_ends_in_russia():
    chain = load_chain(TABLES, **ASKED)
    assert (chain.stages[0], chain.stages[-2:]) == ("Afghanistan", ("Kazakhstan", "Russia"))
    lacking = {(stage, year) for stage in chain.stages for year in chain.years if year not in chain.reported[stage]}
    assert lacking == {*(("Afghanistan", year) for year in range(1998, 2002)), ("Uzbekistan", 2005)}


def test_numbers_of_the_ledger_are_what_it_holds():
    chain, ledger = load_chain(TABLES, **ASKED), load_facts()
    whole = ledger["heroin-central-asia-2010"].amount
    assert chain.priors["flow"].interval()[::2] == pytest.approx((whole / 1.5, whole * 1.5))
    facts = {fact.key: fact for fact in chain.facts}
    assert facts["kazakh-part-2010"].value == pytest.approx(ledger["fd16-heroin-flow-2010"].amount / whole, abs=1e-4)
    assert facts["tajik-part-2010"].value == pytest.approx(77.5 / whole, abs=1e-3)
    assert facts["upstream-2010"].value == ledger["fd16-upstream-share"].amount / 100
    assert facts["kazakh-rate-average"].high == ledger["fd16-seized-share-average"].amount / 100
    assert facts["seized-central-asia-2010"].high == ledger["seized-share-central-asia-2010"].high
    kept = chain.priors[named("consumed", "Kazakhstan")]
    assert kept.low < ledger["cb05-retained-share"].amount / 100 < kept.high


def test_almost_ninety_per_cent_is_what_the_annual_totals_say():
    """The fact of the report is arithmetic on the totals that are fitted: it is a check and no further evidence."""
    reported = load_chain(TABLES, **ASKED).reported
    before = [reported[stage][2010] for stage in ("Tajikistan", "Turkmenistan", "Uzbekistan", "Kyrgyzstan")]
    assert sum(before) / (sum(before) + reported["Kazakhstan"][2010]) == pytest.approx(0.876, abs=5e-4)


REFUSED = {
    (
        "parameters.csv",
        "flow,,,60",
        "flow,,,-60",
    ): r"parameters\.csv line 2.*Prior\.low must be a finite number above 0",
    ("parameters.csv", "flow,,,60", "river,,,60"): r"parameters\.csv line 2, column 'quantity' must be one of flow",
    ("parameters.csv", "consumed,Tajikistan", "consumed,Tajikstan"): r"column .stage. must be one of Afghanistan",
    ("parameters.csv", "persistence,,,0.1", "flow,,,0.1"): r"must be the only row of its parameter, got 'flow'",
    ("parameters.csv", "assumed", "calibrated"): r"line 2, column 'kind' must be one of assumed",
    ("parameters.csv", "Afghanistan,Turkmenistan,,", "Afghanistan,Turkmenistan,0.1,0.2"): "which takes the rest",
    ("facts.csv", "part_of_inflow", "part_of_river"): r"facts\.csv line 4: ChainFact\.quantity must be one of",
    ("facts.csv", ",2012,", ",1912,"): "year of the fact kyrgyz-entry-2012 must be one of 1998 to 2014",
    ("left_out.csv", "Uzbekistan,2005", "Uzbekistan,1905"): r"left_out\.csv line 2 must be a country and year",
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_broken_table_is_refused_with_its_line(change, tmp_path):
    with pytest.raises(ValueError, match=REFUSED[change]):
        load_chain(edited(tmp_path, *change), **ASKED)
