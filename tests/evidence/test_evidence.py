"""The evidence ledger: every number has a unit and a source, and what follows from it follows."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from together import together

from flowsim import checks
from flowsim.evidence import (
    Figure,
    figure,
    in_years,
    load_contradictions,
    load_facts,
    load_figures,
    load_independent,
    load_sources,
    opiates,
    reported,
)
from flowsim.evidence.annual_totals import load_annual_totals
from flowsim.evidence.contradictions import ARITHMETIC, NOT_BY_VALUE
from flowsim.evidence.derived import FORMULAS, derive, load_derived
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.geography import bearing, between, distance
from flowsim.evidence.ledger import COLUMNS, DERIVED, contradiction_table, derived, ledger, outside, written
from flowsim.evidence.single_seizures import by
from flowsim.evidence.targets import load_targets

FIGURES = load_figures()
FACTS = load_facts()
TABLES = ("unodc-annual2021", "unodc-ids2017")
"""Works that are tables, whose rows have no lines."""

PRINTED_FORMS = {"observation", "official-estimate", "plan", "anecdote"}

INSENSITIVE = {
    "derived opiates-maxmin",
    "derived opiates-mean-abs-log-change",
    "derived min-seizures-2009",
    "derived min-seizures-2010",
    "target val-opiates-maxmin",
    "target cal-size-typical",
    "target val-record-2008",
}
"""Extremes, counts and sums of steps, which a small change of an input may leave as they are."""

BY_NAME = {f"contradiction {key}" for key in NOT_BY_VALUE}
"""Contradictions of labels and of dates, which read rows but not their values."""


@pytest.fixture
def folder(tmp_path):
    """A copy of the evidence tables."""
    return shutil.copytree(FOLDER, tmp_path / "evidence")


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def edit(path, key, column, value):
    """Write a cell of a table."""
    rows = rows_of(path)
    row = next(row for row in rows if row[0] == key)
    row[rows[0].index(column)] = value
    write(path, rows)


def all_computed(facts):
    """Everything that is computed from figures, by name."""
    found = {f"derived {key}": derive(key, facts) for key in FORMULAS}
    found |= {f"target {key}": target.recomputed(facts) for key, target in load_targets().items()}
    for key, contradiction in load_contradictions().items():
        checks = contradiction.checks(facts)
        found[f"contradiction {key}"] = [(check.expected, check.computed) for check in checks]
    return found


def depends_on(key):
    """Names of what lists a figure among its inputs."""
    listed = {f"derived {name}" for name, row in load_derived().items() if key in row.inputs}
    targets = load_targets().items()
    listed |= {f"target {name}" for name, row in targets if key in row.inputs and row.value is not None}
    recomputed = [row for row in load_contradictions().values() if row.id in ARITHMETIC]
    return listed | {f"contradiction {row.id}" for row in recomputed if key in row.inputs}


def moved(row, factor):
    ends = {name: getattr(row, name) for name in ("low", "value", "high")}
    return replace(row, **{name: None if end is None else end * factor for name, end in ends.items()})


def test_every_reported_figure_is_there():
    tables = [row for row in FIGURES.values() if row.source in TABLES]
    assert (len(FIGURES) - len(tables), len(tables)) == (241, 52 + 12)
    assert {row.form for row in FIGURES.values()} == PRINTED_FORMS


@together("row", FACTS.values(), ids=lambda row: row.key)
def test_every_number_has_a_unit_a_source_and_a_place_in_it(row):
    assert row.unit
    assert row.locator
    assert row.source


def test_every_source_of_a_figure_exists():
    assert {row.source for row in FIGURES.values()} <= set(load_sources())
    nested = {source.nested_in for source in load_sources().values()} - {""}
    assert nested <= set(load_sources())
    assert [source.key for source in load_sources().values() if source.is_document] == [
        *("silkroad2004", "incsr1996", "fad2016", "cable2005", "irin2007")
    ]
    assert [source.key for source in load_sources().values() if source.is_table] == list(TABLES)
    assert len(load_sources()) == 12


def test_source_keys_end_in_their_year():
    assert all(source.key.endswith(str(source.year)) for source in load_sources().values())


def test_every_figure_says_on_which_line_or_row_it_stands():
    for row in FIGURES.values():
        assert ("of Kazakhstan" in row.locator) if row.source in TABLES else (", L" in row.locator)


def test_the_annual_totals_of_kazakhstan_are_reported_figures():
    for row in load_annual_totals():
        if row.country == "Kazakhstan":
            assert reported(f"unodc-{row.drug}-{row.year}") == row.kg
    assert figure("unodc-heroin-2008").amount == 1639
    assert "hardly reported" in figure("unodc-heroin-1994").note


def test_the_figures_of_single_seizures_are_those_of_their_table():
    for key, row in FIGURES.items():
        if row.source == "unodc-ids2017":
            drug, year, part = key.removeprefix("unodc-ids-").split("-")
            seizures, kg = by(country="Kazakhstan", drug=drug, year=int(year))[()]
            # The masses of the table have four digits, and are sums of many.
            assert row.amount == (seizures if part == "count" else pytest.approx(kg, rel=2e-4))


def test_readings_of_figures_are_readings_of_contradictions():
    contradictions = load_contradictions()
    named = [row.reading.split(":", 1) for row in FIGURES.values() if row.reading]
    assert len(named) > 20
    assert not [(key, reading) for key, reading in named if reading not in contradictions[key].readings]


def test_inputs_of_contradictions_derived_numbers_and_targets_exist():
    tables = (load_contradictions(), load_derived(), load_targets())
    missing = {key for table in tables for row in table.values() for key in row.inputs} - set(FACTS)
    assert not missing


def test_targets_are_calibration_or_hold_out_and_each_has_its_sources():
    targets = load_targets()
    assert [sum(row.use == use for row in targets.values()) for use in ("calibration", "hold-out")] == [20, 23]
    for row in targets.values():
        assert set(row.source.split("; ")) == {FACTS[key].source for key in row.inputs}


def test_independent_numbers_have_a_source_and_a_use():
    rows = load_independent().values()
    assert len(rows) >= 38
    assert all(row.source and row.note and row.form == "independent" for row in rows)


@together("row", load_derived().values(), ids=lambda row: row.key)
def test_derived_numbers_follow_from_the_figures(row):
    span = derive(row.key, FACTS)
    for name in ("value", "low", "high"):
        # The table is rounded to six decimals.
        assert getattr(row.span, name) == pytest.approx(getattr(span, name), abs=6e-7)


def test_every_derived_number_is_on_record():
    assert set(load_derived()) == set(FORMULAS)


@together("row", load_targets().values(), ids=lambda row: row.key)
def test_targets_follow_from_the_figures(row):
    assert row.value == pytest.approx(row.recomputed(FACTS), abs=6e-7)


def test_the_series_reads_as_printed_and_as_corrected():
    corrected, printed = opiates(), opiates("printed")
    assert list(corrected) == list(printed) == list(range(1996, 2007))
    assert list(printed.values()) == list(corrected.values())[::-1]
    assert printed[1996] == corrected[2006] == 1191.4
    assert corrected[2001] == printed[2001] == 173.0


def test_an_unknown_reading_of_the_series_is_refused():
    with pytest.raises(ValueError, match="did you mean 'corrected'"):
        opiates("correct")


def test_a_reported_number_is_the_value_or_the_middle_of_its_range():
    assert reported("fd16-heroin-2010") == 323
    assert reported("fd16-heroin-flow-2010") == 72.5
    assert (figure("fd16-heroin-flow-2010").low, figure("fd16-heroin-flow-2010").high) == (70, 75)


def test_an_unknown_key_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="got 'fd16-heroin-2011'; did you mean 'fd16-heroin-20"):
        reported("fd16-heroin-2011")


def test_an_outside_number_is_not_reported():
    with pytest.raises(ValueError, match="reported figure must be one of"):
        reported("border-uz")


def test_a_figure_with_one_end_has_no_number():
    half = Figure(
        key="half", quantity="mass", value=None, low=3, unit="kg", form="observation", source="x", locator="L1"
    )
    with pytest.raises(ValueError, match="'half' must have a value or both ends"):
        _ = half.amount


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("unit", "", "'unit|unit must not be empty"),
        ("source", "", "source must not be empty"),
        ("locator", "", "locator must not be empty"),
        ("form", "guess", "form must be one of observation"),
        ("value", "much", "must be a finite number, got 'much'"),
        ("value", "nan", "must be a finite number"),
        ("value", "", "have a value, a low or a high"),
        ("low", "1000", "have low <= value <= high"),
        ("period_end", "2009-01-01", "period_end must not lie before 2010-01-01"),
        ("period_start", "January", "must be a date"),
    ],
)
def test_a_broken_figure_is_refused(folder, column, value, rule):
    edit(folder / "figures.csv", "fd16-heroin-2010", column, value)
    with pytest.raises(ValueError, match=rule):
        load_figures(folder)


@pytest.mark.parametrize("table", ["figures", "independent", "sources", "contradictions", "derived", "targets"])
def test_a_key_that_stands_twice_is_refused(folder, table):
    path = folder / f"{table}.csv"
    rows = rows_of(path)
    write(path, [*rows, rows[1]])
    load = {
        "figures": load_figures,
        "independent": load_independent,
        "sources": load_sources,
        "contradictions": load_contradictions,
        "derived": load_derived,
        "targets": load_targets,
    }[table]
    with pytest.raises(ValueError, match="more than once"):
        load(folder)


@pytest.mark.parametrize("key", ["fd16-heroin-2010", "fd16-opiates-series-2004", "cb05-ulken-distance"])
def test_one_figure_changed_in_a_copy_changes_what_depends_on_it(folder, key):
    edit(folder / "figures.csv", key, "value", str(FIGURES[key].value * 1.01))
    before, after = all_computed(FACTS), all_computed(load_facts(folder))
    reached, listed = {name for name in before if before[name] != after[name]}, depends_on(key)
    assert reached
    assert reached <= listed
    assert listed - reached <= INSENSITIVE | BY_NAME


@pytest.mark.slow
def test_a_change_of_any_figure_reaches_what_depends_on_it_and_nothing_else():
    before = all_computed(FACTS)
    for key, row in FIGURES.items():
        after = all_computed({**FACTS, key: moved(row, 1.01)})
        reached, listed = {name for name in before if before[name] != after[name]}, depends_on(key)
        assert reached <= listed, f"{key} reaches {reached - listed}"
        assert listed - reached <= INSENSITIVE | BY_NAME, f"{key} does not reach {listed - reached}"


def test_the_ledger_lists_every_figure_by_key():
    table = ledger()
    assert list(table.columns) == list(COLUMNS)
    assert list(table["key"]) == sorted(FIGURES)
    assert not table.map(lambda cell: not isinstance(cell, str)).any(axis=None)


def test_the_ledger_keeps_rows_with_every_word():
    table = ledger(["HEROIN", "customs"])
    assert "fd16-customs-heroin-2010" in set(table["key"])
    assert all("heroin" in text and "customs" in text for text in table.agg(" ".join, axis=1).str.casefold())
    assert ledger(["no such word"]).empty


@together(
    "key, number, period",
    [
        ("fd16-heroin-flow-2010", "70 to 75", "2010"),
        ("cb05-trap-opium", "> 1250", "2005-01-01 to 2005-12-09"),
        ("fd16-max-seizure-2009-10", "<= 55", "2009 to 2010"),
        ("sr04-cannabis-harvest-1998", ">= 1517", "1998"),
        ("in96-addict-multiplier", ">= 10", "1995"),
        ("cb05-serious-investigators", "13", "2005-01-01 to 2005-12-09"),
        ("fd16-police-1994", "400", "1994"),
        ("fd16-dogs-1994", "100", "1994"),
        ("fd16-investigators-1994", "12", "1994"),
        ("fd16-seized-share-average", "< 1", ""),
        ("fd16-customs-opium-2010", "0.42 [0.42, 39.8]", "2010"),
        ("sr04-population", "15403000", "2004"),
        ("cb05-chu-seizure-2", "1", "2005-08-21"),
        ("sr04-cases-undated", "1320", ""),
    ],
)
def test_numbers_and_periods_are_written_as_printed(key, number, period):
    row = ledger([key]).set_index("key").loc[key]
    assert (row["number"], row["period"]) == (number, period)


@pytest.mark.slow
def test_the_table_of_contradictions_starts_with_the_gravest():
    table = contradiction_table()
    assert len(table) == 51
    assert list(table["severity"].unique()) == ["high", "medium", "low"]
    rows = table.set_index("id")
    assert rows.loc["I-01", ["takes", "weight", "bounds"]].tolist() == [
        *("corrected", "decides"),
        "the text cuts its whole percents off and does not round them; two tables of one year differ by 0.3 % at most",
    ]
    assert rows.loc["I-01", ["numbers", "reasoning"]].tolist() == ["45", "31"]
    assert rows.loc["I-01", "checks"] == "corrected: 21 of 21; printed: 7 of 21"
    assert rows.loc["I-37", "bounds"].startswith("a place on the way lengthens it by a factor of 1.3 at most")
    assert rows.loc["I-24", ["takes", "weight", "checks"]].tolist() == ["exports", "record", ""]
    assert all(rows["claims"])


def test_numbers_from_outside_are_listed_and_found_by_word():
    table = outside()
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 47 + 2 * 19
    assert set(table["form"]) == {"independent", "geography"}
    assert not set(table["key"]) & set(FIGURES)
    assert list(outside(["GAO"])["key"]) == ["scan-rate-us-cars", "scan-rate-us-commercial-2020"]
    assert outside(["opium-per-heroin"])["number"].tolist() == ["10 [7, 10]"]


def test_derived_numbers_are_listed_and_found_by_what_they_rest_on():
    table = derived()
    assert list(table.columns) == list(DERIVED)
    assert list(table["key"]) == sorted(FORMULAS)
    assert "flow-heroin-equivalent-2005" in set(derived(["opium-per-heroin"])["key"])
    assert table.set_index("key").loc["one-case-heroin-2005", "number"] == ">= 0.492308"


@together(
    "ends, closed, text",
    [
        ((None, 3, None), False, "3"),
        ((3, 3, 3), False, "3"),
        ((3, 3, None), False, "> 3"),
        ((None, 3, 3), True, "<= 3"),
        ((3, None, None), True, ">= 3"),
        ((2, 3, None), False, "3, from 2"),
        ((None, 3, 4), False, "3, up to 4"),
        ((2, 3, 4), False, "3 [2, 4]"),
        ((2, None, 4), False, "2 to 4"),
    ],
)
def test_a_number_is_written_with_its_ends(ends, closed, text):
    assert written(*ends, closed=closed) == text


def test_the_series_as_printed_says_so_in_its_reading_and_its_note():
    corrected, printed = in_years("corrected"), in_years("printed")
    moved = [key for key in FIGURES if corrected[key] != printed[key]]
    assert moved == [f"fd16-opiates-series-{year}" for year in range(2006, 1995, -1)]
    for key in moved:
        row, before = printed[key], corrected[key]
        assert (before.reading, row.reading) == ("I-01:corrected", "I-01:printed")
        assert row.period_start.year == row.period_end.year == row.year_printed
        assert "period given here is the corrected year" not in row.note
        if row.year_printed != before.period_start.year:
            assert f"put it in {before.period_start.year} (I-01)" in row.note
        assert row.amount == before.amount


def test_a_word_for_closed_ends_that_does_not_exist_is_refused(folder):
    edit(folder / "figures.csv", "fd16-heroin-2010", "closed", "no")
    with pytest.raises(ValueError, match="column 'closed' must be one of , yes, got 'no'"):
        load_figures(folder)


@pytest.mark.parametrize("source", ["judgement: the tail", " Judgement", "judgement"])
def test_what_is_called_reported_may_not_rest_on_a_judgement(source):
    row = SimpleNamespace(kind="reported", source=source)
    with pytest.raises(ValueError, match=r"source must name a document where kind is reported.*got '[jJ]udgement"):
        checks.sourced(row)
    row.kind = "assumed"
    checks.sourced(row)


def test_distance_and_bearing_on_the_equator_and_along_a_meridian():
    assert distance((0, 0), (0, 90)) == pytest.approx(10007.557, abs=0.01)
    assert bearing((0, 0), (0, 90)) == pytest.approx(90)
    assert bearing((10, 20), (0, 20)) == pytest.approx(180)
    assert between(350, 10) == pytest.approx(20)
