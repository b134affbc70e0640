"""The study evidence and the figures of the evidence: no number without its source, and what is printed is true."""

from __future__ import annotations

import csv
import dataclasses
import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from amounts import rest_slow
from matplotlib.figure import Figure
from paths import ROOT

import flowsim as fs
from flowsim.config.build import build_world, world_numbers
from flowsim.config.compose import compose_config
from flowsim.config.options import conf_dir
from flowsim.config.world_folders import world_folders
from flowsim.evidence import load_contradictions, load_figures, opiates, reported
from flowsim.evidence.contradictions import WEIGHTS
from flowsim.evidence.ledger import derived, outside, tally
from flowsim.evidence.series import TERMS, check_table, series_table
from flowsim.figures.fig2_series import FLOORS, MEANS, TOTALS, opiate_series
from flowsim.studies.layout import WIDTH, columns
from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.corruption import Corruption
from flowsim.world.detection import Detection, Effort
from flowsim.world.devices import Device
from flowsim.world.hubs import Hub
from flowsim.world.intelligence import Intelligence
from flowsim.world.network import Leg, Network, Place, Route, Travel
from flowsim.world.populations import ConsignmentSizes, Population
from flowsim.world.seals import Seals
from flowsim.world.shifts import Shift
from flowsim.world.traffic import ClassShare, Drug, Flow, Law, Profile, Stream, Traffic
from flowsim.world.world import Count, World
from flowsim.world_tables import provenance, reader
from flowsim.world_tables.populations import SIZES
from flowsim.world_tables.table_columns import TABLES

FILES = sorted((conf_dir() / "world").glob("*.yaml"))
WORLDS = [file.stem for file in FILES if "\nchain:" not in file.read_text(encoding="utf-8")]
"""Worlds with posts; a chain of countries has other numbers (test_chain_study.py)."""

ROWS = {
    Place: ("places", lambda o: o.name),
    Leg: ("legs", lambda o: f"{o.start}/{o.end}/{o.mode}"),
    Route: ("routes", lambda o: o.name),
    Checkpoint: ("checkpoints", lambda o: o.name),
    LaneGroup: ("lanes", lambda o: f"{o.direction}/{';'.join(o.classes)}"),
    Shift: ("shifts", lambda o: f"{o.start:g}"),
    Device: ("devices", lambda o: o.name),
    Bypass: ("bypass", lambda o: f"{o.border}/{o.way}"),
    Campaign: ("campaigns", lambda o: o.name),
    Hub: ("hubs", lambda o: o.place),
    Stream: ("streams", lambda o: f"{o.drug}/{o.origin}/{o.mode}"),
    ClassShare: ("classes", lambda o: f"{o.mode}/{o.vehicle_class}"),
    Population: ("populations", lambda o: o.label),
    Flow: ("flows", lambda o: o.name),
    Count: ("counts", lambda o: o.name),
}
"""Table and key of the row behind each kind of object."""

PARAMETERS = {
    (Travel, "minimum"): "travel_minimum",
    (Travel, "cv"): "travel_cv",
    (Travel, "car_speed"): "speed_factor_car",
    (Travel, "within_place"): "travel_within_place",
    (ConsignmentSizes, "median"): "load_median",
    (ConsignmentSizes, "log_sd"): "load_log_sd",
    (ConsignmentSizes, "tail_start"): "load_tail_start",
    (ConsignmentSizes, "tail_exponent"): "load_tail_exponent",
    (ConsignmentSizes, "maximum"): "load_maximum",
    (ConsignmentSizes, "selection"): "load_size_selection",
    (Traffic, "retained_share"): "retained_share",
    (Traffic, "market"): "market",
    (Traffic, "year_log_sd"): "year_flow_log_sd",
    (World, "warm_up"): "warm_up",
}
"""Parameter behind each number that no row of another table holds."""

COLUMNS = {(Flow, "low"): ("per_day", "low"), (Flow, "high"): ("per_day", "high")}
COLUMNS |= {(Stream, "low"): ("share", "low"), (Stream, "high"): ("share", "high")}
COLUMNS |= {(Population, "low"): ("mass_share", "low"), (Population, "high"): ("mass_share", "high")}
COLUMNS |= {(Leg, "distance_low"): ("distance", "low"), (Leg, "distance_high"): ("distance", "high")}
"""Column, and end of its interval, behind the fields that are not called as their column."""

MINUTES = {(LaneGroup, "service_time"), (LaneGroup, "stop"), (Device, "service_time")}
"""Numbers that stand in minutes in the tables."""


class Ledger:
    """Numbers of a world by table, key and column."""

    def __init__(self, numbers):
        self.numbers = {(n.table, n.key, n.name): n for n in numbers}
        self.asked = set()

    def value(self, table, key, name, end="value"):
        self.asked.add((table, key, name))
        return getattr(self.numbers[table, key, name], end)

    def parameter(self, name, end="value"):
        return self.value("parameters", name, "value", end)


def expected(ledger, owner, name, inside):
    """What the ledger says of a number of an object; `inside` are the objects that it belongs to."""
    kind = type(owner)
    end = {"inflow": "value"}.get(name, name.removeprefix("inflow_"))
    if kind is Drug:
        return 1000 * ledger.value("drugs", owner.name, "inflow", end)
    if kind is ConsignmentSizes and inside and type(inside[-1]) is Population:
        return ledger.value("populations", inside[-1].label, SIZES[name])
    of = partial(ledger.value, "drugs", inside[-1].name) if inside and type(inside[-1]) is Drug else ledger.parameter
    if (kind, name) in PARAMETERS:
        return of(PARAMETERS[kind, name])
    if kind is ConsignmentSizes and name == "tail_share":
        return of("load_tail_rate") / of("detected_loads_per_year")
    if kind is Traffic and name.startswith("inflow"):
        return 1000 * ledger.parameter("inflow", end)
    if kind is World and name == "year":
        return ledger.value("world", owner.name, "year")
    if kind is Count and name in ("low", "high"):
        value = ledger.value("counts", owner.name, "value", name)
        value = ledger.value("counts", owner.name, "value") if value is None else value
        return value * ledger.parameter("backcast_factor", name)
    if kind is Law:
        return expected(ledger, inside[-1], "service_cv", inside[:-1])
    table, key = ROWS[kind][0], ROWS[kind][1](owner)
    if kind is LaneGroup:
        key = f"{inside[-1].name}/{key}"
    if kind is Shift:
        key = f"{inside[-2].name}/{ROWS[LaneGroup][1](inside[-1])}/{key}"
        if name == "start":  # it is a part of the key
            return float(next(k for t, k, _ in ledger.numbers if (t, k) == (table, key)).rpartition("/")[2])
    column, end = COLUMNS.get((kind, name), (name, "value"))
    value = ledger.value(table, key, column, end)
    return value / 60 if (kind, name) in MINUTES else value


INSPECTION = {
    Detection: "",
    Effort: "effort.",
    Seals: "seals.",
    Intelligence: "intelligence.",
    Corruption: "corruption.",
}
"""What the keys of the numbers of `conf/inspection/` begin with, by the object that holds them."""

STATED = ("cost_ratio", "intelligence", "corruption")
"""Fields with a default that the configuration states all the same."""


def walk(owner, inside=()):
    """Every number of an object and of what it consists of, with the objects around it."""
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        if not field.init:  # an index over the other fields
            continue
        if field.default is not dataclasses.MISSING and value == field.default and field.name not in STATED:
            continue  # the neutral setting of a mechanism that the world does not have
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield owner, field.name, value, inside
        elif dataclasses.is_dataclass(value):
            yield from walk(value, (*inside, owner))
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            for part in value:
                yield from walk(part, (*inside, owner))
        elif not isinstance(value, bool | str | tuple | type(None)):
            pytest.fail(f"{type(owner).__name__}.{field.name} is of a kind that nobody looks into")
        elif isinstance(value, tuple) and not all(isinstance(part, str) for part in value):
            assert (type(owner), field.name) in {
                (Profile, "weights"),
                (Traffic, "city_weights"),
                (Hub, "classes"),
            }


@pytest.mark.slow
@pytest.mark.parametrize("name", rest_slow(WORLDS))
@pytest.mark.parametrize("reading", ["posts_absent", "[posts_in_force,rail_dominant,flow_three_halves]"])
def test_every_number_of_a_world_has_a_kind_a_source_and_a_unit(name, reading):
    """All fields of the world are walked; each must be the number that the ledger gives for it."""
    if reading != "posts_absent" and not name.startswith("kazakhstan"):
        reading = "flow_three_halves"
    composed = compose_config([f"world={name}", f"reading={reading}"])
    world = build_world(composed)
    numbers = world_numbers(composed, world)
    ledger = Ledger(numbers)
    assert len(ledger.numbers) == len(numbers)
    seen = 0
    for owner, field, value, inside in walk(world):
        if type(owner) in INSPECTION:
            assert value == ledger.value("inspection", f"{INSPECTION[type(owner)]}{field}", field)
        else:
            assert value == pytest.approx(expected(ledger, owner, field, inside), rel=1e-12), (type(owner), field)
        seen += 1
    for flow in world.traffic.flows:
        for cycle in ("daily", "weekly", "seasonal"):
            profile = getattr(flow, cycle)
            for slot, weight in enumerate(profile.weights, start=cycle == "seasonal"):
                assert weight == ledger.value("profiles", f"{profile.name}/{cycle}/{slot}", "weight")
    for place, weight in world.traffic.city_weights:
        assert weight == ledger.value("cities", place, "weight")
    for hub in world.hubs:
        for vehicle_class, share in hub.classes:
            assert share == ledger.value("hub_classes", f"{hub.place}/{vehicle_class}", "share")
    assert seen > 50
    assert all(number.source and number.unit and number.kind for number in numbers)


@pytest.mark.slow
def test_the_walk_meets_every_kind_of_object():
    kinds = {type(owner) for name in WORLDS for owner, *_ in walk(fs.load_world(name))}
    assert kinds >= {*ROWS, Travel, ConsignmentSizes, Traffic, World, Law, *INSPECTION}
    assert Network not in kinds


@pytest.mark.parametrize("name", ["kazakhstan_2010", "two_routes"])
def test_every_numeric_cell_of_the_tables_is_in_the_ledger(name):
    """Cells are found by their look, not by what the code takes for a number."""
    composed = compose_config([f"world={name}"])
    world = build_world(composed)
    tables, _ = world_folders(composed)
    numbers = {(n.table, n.key, n.name) for n in world_numbers(composed, world)}
    standing = {post.name for post in world.checkpoints}
    lasting = {campaign.name for campaign in world.campaigns}
    for table, rows in reader.read_tables(tables).items():
        ends = {end for pair in provenance.INTERVALS.get(table, {}).values() for end in pair}
        for row in rows:
            key = "/".join(row.cells[column] for column in TABLES[table].key)
            for column, text in row.cells.items():
                look = re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?|([0-9]{4}-)?[0-9]{2}-[0-9]{2}", text)
                if not look or column in (*TABLES[table].key, *ends, "unit", "year", "source", "note"):
                    continue
                if row.cells.get("checkpoint", "") not in standing and table in ("checkpoints", "lanes", "shifts"):
                    continue
                if row.cells.get("campaign", "") not in lasting and table == "campaigns":
                    continue
                assert (table, key, column) in numbers


def test_a_number_without_kind_source_or_unit_is_refused():
    given = {
        "table": "t",
        "key": "k",
        "name": "n",
        "value": 1.0,
        "unit": "kg",
        "kind": "assumed",
        "source": "judgement",
    }
    provenance.Number(**given)
    for field, wording in (("kind", "kind must be one of"), ("source", "must name a source"), ("unit", "have a unit")):
        with pytest.raises(ValueError, match=wording):
            provenance.Number(**given | {field: ""})


def test_what_is_typed_counts_as_assumed():
    typed = ["inflow=60", "inspection.effort.south=0.1"]
    composed = compose_config(typed)
    world = build_world(composed)
    numbers = {(n.table, n.key): n for n in world_numbers(composed, world, typed=typed)}
    inflow, south = numbers["parameters", "inflow"], numbers["inspection", "effort.south"]
    assert (inflow.value, inflow.kind, inflow.source) == (60, "assumed", "judgement: typed for this run, inflow=60")
    assert (south.value, south.kind) == (0.1, "assumed")
    assert "typed for this run, inspection.effort.south=0.1" in south.source
    assert numbers["inspection", "effort.inside"].source.startswith("judgement: chosen by hand with one population")


@pytest.mark.slow
def test_the_ledger_begins_with_the_counts_and_holds_everything(command):
    code, out, err = command("study=evidence")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "305 reported figures of 5 documents (which quote 5 other works) and 2 tables",
        "85 numbers from outside: 47 of 31 references, the others coordinates",
        "53 derived numbers, 51 contradictions",
    ]
    assert max(map(len, lines)) <= WIDTH
    assert set(load_figures()) <= {line.split(" ")[0] for line in lines}
    assert set(load_contradictions()) <= {line.split(" ")[0] for line in lines}
    assert {*outside()["key"], *derived()["key"]} <= {line.split(" ")[0] for line in lines}
    world = build_world(compose_config())
    numbers = world_numbers(compose_config(), world)
    assert f"{len(numbers):,} numbers of the world kazakhstan_2010" in lines[3]
    total = re.search(r"^all +([\d,]+) +([\d,]+) +([\d,]+)$", out, re.MULTILINE)
    counts = [int(text.replace(",", "")) for text in total.groups()]
    assert counts == [sum(n.kind == kind for n in numbers) for kind in ("reported", "calibrated", "assumed")]
    assert not Path("results").exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", ["study.words=heroin,2006", "study.words=[heroin,2006]", "study.words='heroin,2006'"])
def test_words_keep_what_has_all_of_them(command, words):
    code, out, _ = command("study=evidence", words)
    assert code == 0
    assert "with heroin and 2006: 19 figures, 0 from outside, 10 derived, 7 contradictions" in out
    assert "\nfd16-heroin-2006 " in out
    assert "554.7 [kg]" in out
    assert "fd16-heroin-2010 " not in out
    assert "\nI-01  high" in out
    assert "\nI-19" not in out


def test_one_word_may_be_the_name_of_a_checkpoint(command):
    out = command("study=evidence", "study.words=kordai-road")[1]
    assert "    kordai-road: bays 4" in out
    assert "\nContradictions: 0\n" in out


@pytest.mark.parametrize(
    ("arguments", "wording"),
    [
        (["study=evidence", "study.wrods=a"], "the key of study.wrods=a must be .*; did you mean 'words'"),
        (
            ["study=figure", "study.figure=seris"],
            "study.figure must be one of chain, evidence, fit, identified, series, waterfall, got seris.*'series'",
        ),
        (["study=evidence", "study.words=[[a]]"], "study.words must be a word or several"),
        (["-m", "study=evidence", "study.words=a,b", "study.word=c"], "did you mean 'words'"),
    ],
)
def test_a_mistake_in_an_option_of_a_study_is_named(command, arguments, wording):
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert re.search(wording, err)


@pytest.mark.slow
def test_the_series_as_printed_stands_in_other_years(command):
    corrected = command("study=evidence", "study.words=series-1996")[1]
    printed = command("study=evidence", "study.words=series-1996", "reading=series_as_printed")[1]
    assert re.search(r"fd16-opiates-series-1996 .* 1996 +501\.5 \[kg\]", corrected)
    assert re.search(r"fd16-opiates-series-1996 .* 2006 +501\.5 \[kg\]", printed)
    assert "reading corrected: 21 of 21 checks hold, taken; in use" in corrected
    assert "reading printed: 7 of 21 checks hold; in use" in printed
    assert "stands in its printed years" in printed
    assert ("I-01:printed" in printed, "I-01:corrected" in printed) == (True, False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "key", "says"),
    [
        ("GAO", "scan-rate-us-cars", "0.08 [0.02,"),
        ("opium-per-heroin", "opium-per-heroin", "10 [7, 10]"),
        ("ulken-latitude", "ulken-latitude", "45.21"),
        ("share-heroin-2009-10", "share-heroin-2009-10", "526.5/flow"),
    ],
)
def test_numbers_from_outside_and_derived_ones_are_found(command, word, key, says):
    out = command("study=evidence", f"study.words={word}")[1]
    (line,) = [line for line in out.splitlines() if line.startswith(f"{key} ")]
    assert says in line
    assert "0 from outside" not in out or "0 derived" not in out


def test_each_contradiction_says_how_far_arithmetic_carries_it_and_on_what_it_rests(command):
    out = command("study=evidence", "study.words=I-")[1]
    for weight, text in WEIGHTS.items():
        rows = [row for row in load_contradictions().values() if row.weight() == weight]
        assert out.count(f"    {text}\n") == len(rows)
    said = " ".join(out.split())
    for row in load_contradictions().values():
        head = "assumed, in a check that is not needed" if row.weight() == "decides" else "rests on"
        assert not row.bounds() or f"{head}: {'; '.join(row.bounds())}" in said


def test_the_checks_of_a_contradiction_are_counted_by_reading():
    assert tally(load_contradictions()["I-01"]) == {"corrected": (21, 21), "printed": (7, 21)}


def test_columns_are_wrapped_and_none_is_lost():
    lines = list(columns([("a-key", "some words that are long", "x")], widths=(6, 10, 3)))
    assert lines == ["a-key  some words x", "       that are", "       long"]


def test_the_table_of_the_series_is_the_series_in_both_readings():
    table = series_table().set_index("year")
    assert table["printed"].to_dict() == opiates("printed")
    assert table["corrected"].to_dict() == opiates("corrected")


def test_the_table_of_checks_has_what_the_texts_state():
    table = check_table().set_index("check")
    assert (int(table["printed_holds"].sum()), int(table["corrected_holds"].sum()), len(table)) == (4, 10, 10)
    assert table.loc["mean 2002-2006", "stated"] == reported("fd16-opiates-mean-2002-06")
    floors = table[table["rule"] == "at least"]
    for reading in ("printed", "corrected"):
        assert ((floors[reading] >= floors["stated"]) == floors[f"{reading}_holds"]).all()
    equal = table[table["rule"] == "equal"]
    for reading in ("printed", "corrected"):
        inside = equal[reading].between(equal["accepted_from"] - 1e-6, equal["accepted_to"] + 1e-6)
        assert (inside == equal[f"{reading}_holds"]).all()


def test_the_table_of_checks_says_which_numbers_are_our_sums():
    table = check_table().set_index("check")
    for name, keys in TERMS.items():
        terms = [reported(key) for key in keys]
        assert table.loc[name, "stated"] == pytest.approx(sum(terms))
        assert table.loc[name, "terms"] == (" + ".join(f"{term:g}" for term in terms) if len(terms) > 1 else "")
    assert table.loc["2005 is at least what two agencies seized", "terms"] == "214 + 581 + 130"
    assert set(table.index[table["terms"] == ""]) == set(table.index) - {
        name for name, keys in TERMS.items() if len(keys) > 1
    }


@pytest.fixture(scope="module")
def figure():
    """Figure 2."""
    drawn = opiate_series(series_table(), checks=check_table())
    drawn.canvas.draw()
    return drawn


def test_the_bars_are_the_values_of_each_reading(figure):
    for reading in ("printed", "corrected"):
        (axes,) = [axes for axes in figure.axes if axes.get_gid() == f"series:{reading}"]
        heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches}
        assert heights == opiates(reading)
        assert max(heights.values()) < axes.get_ylim()[1]


def test_marks_and_bands_stand_at_what_the_texts_state(figure):
    stated = check_table().set_index("check")["stated"]
    for axes in figure.axes[:2]:
        drawn = {line.get_gid(): line.get_ydata()[0] for line in axes.lines if line.get_gid()}
        for name in MEANS:
            assert drawn[f"mean:{name}"] == stated[name]
        for name, year in TOTALS.items():
            assert drawn[f"total:{year}"] == stated[name]
        for name, year in FLOORS.items():
            assert drawn[f"floor:{year}"] == stated[name]


def test_every_failure_of_the_printed_order_is_said_in_words_too(figure):
    (table,) = [axes for axes in figure.axes if axes.get_gid() == "checks"]
    texts = [text.get_text() for text in table.texts]
    assert (texts.count("fails ×"), texts.count("passes")) == (6, 14)


def test_nothing_is_cut_off_and_no_texts_of_the_table_overlap(figure: Figure):
    page = figure.bbox
    for axes in figure.axes:
        for text in [*axes.texts, axes.title, axes._left_title]:
            if text.get_text():
                box = text.get_window_extent()
                assert page.x0 <= box.x0, text
                assert box.x1 <= page.x1, text
    legend = figure.legends[0].get_window_extent()
    assert page.x0 <= legend.x0
    assert legend.x1 <= page.x1
    (table,) = [axes for axes in figure.axes if axes.get_gid() == "checks"]
    boxes = [text.get_window_extent() for text in table.texts]
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])


def artists(axes, start):
    return [line for line in axes.lines if str(line.get_gid()).startswith(start)]


def test_failures_can_be_told_without_colour(figure):
    for axes in figure.axes[:2]:
        failing = "printed" in axes.get_gid()
        filled = [line for line in artists(axes, "total:") if line.get_markerfacecolor() != "white"]
        dotted = {line.get_gid() for line in artists(axes, "mean:") if line.get_linestyle() == ":" or line.is_dashed()}
        assert len(filled) == (1 if failing else 0)
        assert dotted == ({f"mean:{name}" for name in MEANS} if failing else set())


def test_every_mark_in_a_panel_is_a_number_of_the_list_or_of_the_texts(figure):
    """No mark floats where nothing is stated."""
    table = check_table().set_index("check")
    known = {float(number) for name in ("stated", "printed", "corrected") for number in table[name]}
    for axes in figure.axes[:2]:
        assert all(float(height) in known for line in axes.lines for height in line.get_ydata())


def test_the_line_of_a_mean_leaves_out_the_year_that_the_mean_leaves_out(figure):
    for axes in figure.axes[:2]:
        runs = [line.get_xdata() for line in artists(axes, "mean:mean 1996-2000 without 1997")]
        covered = {year for year in range(1996, 2007) for start, end in runs if start <= year <= end}
        assert covered == {1996, 1998, 1999, 2000}


def test_the_key_says_which_marks_are_our_sums_and_numbers_stand_at_the_lines(figure):
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sum("our sum" in text for text in texts) == 2
    (axes,) = [axes for axes in figure.axes if axes.get_gid() == "series:printed"]
    numbers = {text.get_gid(): text.get_text() for text in axes.texts if text.get_gid()}
    assert sorted(numbers.values()) == ["bars 502.9", "bars 770.7", "sum 1,191.5", "text 367.9", "text 875.4"]
    marks = [line.get_window_extent() for line in (*artists(axes, "floor:"), *artists(axes, "total:"))]
    for text in axes.texts:
        if text.get_gid():
            assert not any(text.get_window_extent().overlaps(mark) for mark in marks), text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("fig2_series", {"fig2_series.png", "fig2_series.pdf", "series.csv", "checks.csv"}),
        (
            "table1_evidence",
            {
                *("evidence.csv", "outside.csv", "derived.csv", "contradictions.csv", "counts.csv"),
                "table1_evidence.md",
            },
        ),
    ],
)
def test_an_experiment_writes_its_files_and_the_reference_results_come_out_again(command, name, names):
    code, out, err = command(f"experiment={name}")
    folder = Path("results/experiments") / name
    assert (code, err) == (0, "")
    assert out.endswith(f"results: {folder}\n")
    assert {path.name for path in folder.iterdir() if path.name[0] != "."} == names
    for reference in (ROOT / "results" / "reference" / name).glob("*.csv"):
        pd.testing.assert_frame_equal(pd.read_csv(reference), pd.read_csv(folder / reference.name), rtol=1e-12)


@pytest.mark.slow
def test_the_table_of_evidence_can_be_read(command):
    command("experiment=table1_evidence", "reading=series_as_printed", "out=mine")
    text = Path("mine/table1_evidence.md").read_text(encoding="utf-8")
    assert "Opiate series in its printed years." in text
    assert "I-01:corrected" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 305 + 85 + 53 + 51 + 2 * (5 + 2 + 3)
    assert max(len(re.findall(r"(?<!\\)\|", row)) for row in rows) == 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows if row.startswith("| I-")} == {5}
    found = load_contradictions()
    for row in found.values():
        (line,) = [line for line in rows if line.startswith(f"| {row.id}<br>")]
        assert row.claims in line
        assert f"*{row.weight()}*" in line
        assert f"**{row.takes}**" in line or not row.takes
    assert "## Reported figures: 305 of 5 documents and 2 tables" in text
    for table, count in (("evidence", 305), ("outside", 85), ("derived", 53), ("contradictions", 51)):
        assert len(pd.read_csv(f"mine/{table}.csv")) == count


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_pages_of_the_experiments_quote_the_reference_results():
    text = (ROOT / "experiments" / "fig2_series" / "README.md").read_text(encoding="utf-8")
    checks = {row["check"]: row for row in rows_of(ROOT / "results/reference/fig2_series/checks.csv")}
    names = {"heroin and opium of 2006": "2006 is heroin and opium of 2006"}
    look = r"^\| ([a-z][^|]*\d) \| ([\d,.+= ]+) (?:kg|%)(?: \(our sum\))? \| ([\d,.]+) \| ([\d,.]+) \|$"
    quoted = re.findall(look, text, re.MULTILINE)
    assert len(quoted) == 4
    for name, stated, *numbers in quoted:
        row = checks[names.get(name, name)]
        terms, _, total = stated.rpartition(" = ")
        assert (terms, float(total.replace(",", ""))) == (row["terms"], float(row["stated"]))
        digits = 2 if row["unit"] == "percent/year" else 1
        assert [f"{float(row[column]):,.{digits}f}" for column in ("printed", "corrected")] == numbers
    page = (ROOT / "experiments" / "table1_evidence" / "README.md").read_text(encoding="utf-8")
    counts = pd.read_csv(ROOT / "results" / "reference" / "table1_evidence" / "counts.csv").set_index("severity")
    total = counts.sum()
    assert (counts[list(WEIGHTS)].sum(axis=1) == counts["contradictions"]).all()
    said = [int(number) for number in re.findall(r"\d+", page.split("```")[0].partition("**Claim.**")[2])]
    weights = [total[weight] for weight in WEIGHTS]
    grave = counts.loc["high", "contradictions"]
    whole = total["contradictions"]
    assert said == [305, whole, grave, weights[0], whole, *weights[1:], total["numbers"], total["reasoning"]]
    outer = [len(outside()[outside()["form"] == form]) for form in ("independent", "geography")]
    assert [int(number) for number in re.findall(r"(\d+) (?:numbers of|coordinates)", page)] == outer
    first = (ROOT / "experiments" / "fig1_network" / "README.md").read_text(encoding="utf-8")
    baseline = pd.read_csv(ROOT / "results" / "reference" / "baseline" / "run.csv")
    row = baseline[baseline["quantity"] == "interdiction rate"].iloc[0]
    assert f"{100 * row['mean']:.2f} % of it, between {100 * row['q05']:.2f} and\n{100 * row['q95']:.2f} %" in first
