"""Readings, years and overlays: what each changes, what it leaves alone, and what is refused."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from amounts import rest_slow
from omegaconf import OmegaConf
from together import together

import flowsim as fs
from flowsim.config import options
from flowsim.config.build import build_world
from flowsim.config.compose import compose_config, folders_of
from flowsim.config.options import conf_dir
from flowsim.config.world_folders import build_readings, readings_of_world
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import PER_VISIT
from flowsim.draws.honest import draw_honest
from flowsim.engine.expectation.engine import expect
from flowsim.evidence import load_figures, reported
from flowsim.evidence.folder import FOLDER as EVIDENCE
from flowsim.results import files
from flowsim.world.traffic import HEROIN
from flowsim.world_tables import reader, readings, table_columns
from flowsim.world_tables.overlays import REPORTED, key_of, lay

DATA = Path(fs.__file__).parent / "data"
TABLES = DATA / "worlds" / "kazakhstan_2010"
NAMES = list(options.options("reading", folders=[conf_dir()]))
POSTS = {"syrdarya", "kyzyltu", "kargaly", "ayagoz", "leninskiy", "sary-arka"}
UNAFFECTED = ("kordai-road", "ulken", "shymkent-police", "kairak-road", "petropavl-rail")


@cache
def of_flowsim():
    """Readings that come with flowsim, by name."""
    composed = compose_config([f"reading=[{','.join(NAMES)}]"]).reading
    return {name: build_readings(OmegaConf.create({"reading": {name: composed[name]}}))[0] for name in NAMES}


def world_of(*names: str, world: str = "kazakhstan_2010"):
    return fs.load_world(world, overrides=[f"reading=[{','.join(names)}]"])


@pytest.fixture(scope="module")
def default():
    """The world of 2010 under the default reading."""
    return fs.load_world("kazakhstan_2010")


@pytest.mark.slow
@pytest.mark.parametrize("world", ["kazakhstan_2010", pytest.param("kazakhstan_2006", marks=pytest.mark.slow)])
@together("pair", combinations(NAMES, 2), ids="+".join)
def test_readings_of_different_kinds_combine_and_two_of_one_kind_are_refused(pair, world):
    if of_flowsim()[pair[0]].kind == of_flowsim()[pair[1]].kind:
        with pytest.raises(ValueError, match=rf"reading must have at most one that .*, got '{','.join(pair)}'"):
            world_of(*pair, world=world)
    else:
        assert world_of(*pair, world=world).checkpoints


def test_every_reading_says_its_source_and_what_it_changes():
    for reading in of_flowsim().values():
        assert all(len(source) > 20 for source in reading.sources)
        assert reading.changes
    assert {reading.kind for reading in of_flowsim().values()} == set(readings.KINDS)


@pytest.mark.slow
@together("name", lambda: [name for name in NAMES if not of_flowsim()[name].changes_worlds])
def test_a_reading_without_overlay_leaves_the_world_as_it_is(name, default):
    assert world_of(name) == default


@pytest.mark.slow
def test_the_posts_in_force_of_a_year_are_those_that_their_dates_allow(default):
    names = {post.name for post in default.checkpoints}
    for world, posts in (("kazakhstan_2010", POSTS), ("kazakhstan_2006", POSTS - {"sary-arka"})):
        assert {post.name for post in world_of("posts_in_force", world=world).checkpoints} - names == posts
    composed = compose_config(["reading=posts_in_force", "world.year=2005"])
    assert {post.name for post in build_world(composed).checkpoints} & POSTS == set()


@pytest.mark.parametrize("name", ["kazakhstan_2010", "kazakhstan_2006"])
def test_every_control_with_a_date_says_where_the_date_comes_from(name):
    for post in world_of("posts_in_force", world=name).checkpoints:
        assert not post.start or "start" in post.source, post.name
        assert not post.end or "in force to" in post.source, post.name


def visits_at(world, fleet, name):
    """All numbers drawn for visits at a checkpoint, one row per vehicle."""
    index = [post.name for post in world.checkpoints].index(name)
    chosen = fleet.checkpoint == index
    # A tip is drawn alike, but a new post of its agency may come first on the way, and then the tip is spent there.
    others = ("checkpoint", "travel", "tipped")
    return {field: getattr(fleet, field)[chosen] for field in PER_VISIT if field not in others}


@pytest.mark.parametrize("kind", rest_slow(["honest", "consignments"]))
def test_posts_in_force_change_no_draw_at_the_other_checkpoints(kind, default):
    other = world_of("posts_in_force")

    def draw(world):
        if kind == "honest":
            return draw_honest(world, seed=1, year=0, start=0.0, end=24.0)
        return draw_consignments(world, seed=1, replications=[0], horizon=8760.0)

    before, after = draw(default), draw(other)
    assert before.size == after.size > 1000
    assert np.array_equal(before.entry, after.entry, equal_nan=True)
    assert np.array_equal(before.mass, after.mass)
    for name in UNAFFECTED:
        own = visits_at(default, before, name)
        assert len(own["service"]) > 0
        for field, values in own.items():
            assert np.array_equal(values, visits_at(other, after, name)[field]), (name, field)


@pytest.mark.parametrize(
    ("name", "inflow", "low"),
    rest_slow(
        [
            ("flow_low", 70.0, 70.0),
            ("flow_high", 75.0, 70.0),
            ("flow_two_thirds", 72.5 * 2 / 3, 70 * 2 / 3),
            ("flow_three_halves", 72.5 * 1.5, 105),
        ]
    ),
)
def test_a_reading_of_the_flow_changes_the_inflow_alone(name, inflow, low, default):
    changed = world_of(name)
    assert changed.traffic.inflow == pytest.approx(1000 * inflow)
    assert changed.traffic.inflow_low == pytest.approx(1000 * low)
    same = {field: getattr(default.traffic, field) for field in ("inflow", "inflow_low", "inflow_high")}
    assert replace(changed, traffic=replace(changed.traffic, **same)) == default


@pytest.mark.parametrize("world", rest_slow(["kazakhstan_2010", "kazakhstan_2006"]))
def test_rail_dominant_keeps_what_each_origin_sends_and_puts_three_fifths_on_rails(world):
    before, after = fs.load_world(world), world_of("rail_dominant", world=world)

    def share(of, **wanted):
        wanted |= {"drug": HEROIN}
        return sum(s.share for s in of.traffic.streams if all(getattr(s, k) == v for k, v in wanted.items()))

    for origin in {stream.origin for stream in before.traffic.streams}:
        assert share(after, origin=origin) == pytest.approx(share(before, origin=origin), abs=1e-9)
    beside = share(after, origin="turkmenistan") + share(after, origin="caspian")
    assert share(after, mode="rail") == pytest.approx(0.6 * (1 - beside), abs=2e-4)
    assert share(before, mode="rail") == pytest.approx(0.25 * (1 - beside), abs=4e-4)
    assert (before.checkpoints, before.network) == (after.checkpoints, after.network)


@pytest.mark.slow
def test_heroin_is_of_two_populations_unless_the_reading_says_one(default):
    def names(world):
        return [population.name for population in world.traffic.populations_of(HEROIN)]

    one, two = world_of("one_population"), world_of("two_populations")
    assert (names(default), len(names(one))) == (["small", "wholesale"], 1)
    assert (two.identity.tables, two.traffic) == (default.identity.tables, default.traffic)
    assert replace(one, traffic=replace(one.traffic, populations=default.traffic.populations)) == default
    assert len(names(world_of("one_population", world="kazakhstan_2006"))) == 1


@pytest.mark.parametrize("name", ["rail_dominant", "truck_dominant", "posts_in_force", "one_population"])
def test_a_reading_of_kazakhstan_is_refused_elsewhere(name):
    with pytest.raises(ValueError, match=f"reading={name} must be used with worlds made from kazakhstan_2010"):
        world_of(name, world="single_checkpoint")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "chosen", "kept"),
    [
        ("kazakhstan_2010", "posts_absent", ["posts_absent"]),
        ("kazakhstan_2006", "[posts_absent,truck_dominant]", ["posts_absent", "truck_dominant"]),
        ("single_checkpoint", "posts_absent", []),
        ("single_checkpoint", "[posts_absent,flow_high]", ["flow_high"]),
    ],
)
def test_the_default_reading_says_nothing_of_other_worlds(world, chosen, kept):
    composed = compose_config([f"world={world}", f"reading={chosen}"])
    assert [reading.name for reading in readings_of_world(composed)] == kept
    assert readings.label(readings_of_world(composed)) == ("+".join(kept) or "none")


QUICK = ("replications=1", "horizon=300", "workers=1")


@pytest.mark.slow
def test_the_results_name_the_readings_and_the_table_says_them(command):
    code, out, _ = command("world=single_checkpoint", "reading=[flow_high,series_as_printed]", *QUICK, "out=mine")
    assert code == 0
    assert "reading flow_high: the upper end" in out
    assert "reading series_as_printed: " in out
    assert "no effect on this run" in out
    assert files.open_results("mine").attrs["reading"] == "flow_high+series_as_printed"


@pytest.mark.slow
def test_the_table_says_nothing_of_the_default_reading(command):
    assert "reading" not in command("world=single_checkpoint", *QUICK, "out=mine")[1]


@pytest.mark.slow
def test_a_reading_of_ones_own_has_its_overlay_beside_its_file(command, tmp_path):
    folder = tmp_path / "conf" / "reading"
    (folder / "slow").mkdir(parents=True)
    text = "# @package reading.slow\ntitle: Slow\nkind: controls\nsources: [a document]\nchanges: the gate\n"
    (folder / "slow.yaml").write_text(text + "overlays: {any: slow}\n")
    rows = "checkpoint,direction,classes,service_time,kind,source\n"
    (folder / "slow" / "lanes.csv").write_text(rows + "gate,in,truck,99,assumed,judgement: a test\n")
    composed = compose_config(["world=single_checkpoint", "reading=slow"], config_dir=folder.parent)
    before = build_world(compose_config(["world=single_checkpoint"]))
    key = before.checkpoints[0].groups[0]
    (folder / "slow" / "lanes.csv").write_text(
        rows + f"gate,{key.direction},{';'.join(key.classes)},99,assumed,judgement: a test\n"
    )
    world = build_world(composed, folders=folders_of(composed.hydra))
    assert world.checkpoints[0].groups[0] == replace(key, service_time=99 / 60, source="judgement: a test")
    (folder / "slow.yaml").write_text(text.partition("\n")[2])
    code, _, err = command("--config-dir=conf", "reading=slow")
    assert (code, "slow.yaml must begin with the line '# @package reading.slow'" in err) == (1, True)


@pytest.mark.slow
def test_the_world_of_2006_expects_seizures_of_the_size_reported():
    """A sanity interval and no fit: 554.7 kg, reported for 2006, lie within a factor of two of the mean."""
    world = fs.load_world("kazakhstan_2006")
    expected = expect(world).seized[0].sum()
    assert expected / 2 <= reported("fd16-heroin-2006") <= 2 * expected
    assert world.traffic.inflow == 92_000
    assert (world.traffic.inflow_low, world.traffic.inflow_high) == (60_000, 140_000)


def test_the_world_of_2006_differs_from_2010_in_what_its_overlay_says(default):
    world = fs.load_world("kazakhstan_2006")
    assert world.year == 2006
    assert world.network == default.network
    assert {post.name for post in world.checkpoints} == {post.name for post in default.checkpoints}
    assert not [post.name for post in world.checkpoints for device in post.devices if device.name == "xray"]
    ratios = [a.per_day / b.per_day for a, b in zip(world.traffic.flows, default.traffic.flows, strict=True)]
    assert ratios == pytest.approx([0.8] * len(ratios))
    assert all(flow.kind == "assumed" and "0.8 [0.6, 1.0]" in flow.source for flow in world.traffic.flows)


@pytest.fixture
def base():
    """The tables of a small world."""
    return reader.read_tables(DATA / "worlds" / "two_routes")


def overlay(folder, **tables):
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def laid(base, folder):
    return lay(base, folders=[folder], columns=reader.COLUMNS)


def test_a_row_with_a_known_key_replaces_in_place_and_another_is_added_at_the_end(base, tmp_path):
    first = base["parameters"][0].cells
    text = "parameter,value,low,high,unit,kind,source\n{},7,base:value,,1,assumed,base:source; more\n"
    text += "new,1,,,1,assumed,a test\n"
    after = laid(base, overlay(tmp_path / "o", parameters=text.format(first["parameter"])))["parameters"]
    assert [row.cells["parameter"] for row in after] == [
        *(row.cells["parameter"] for row in base["parameters"]),
        "new",
    ]
    assert (after[0].cells["value"], after[0].cells["low"]) == ("7", first["value"])
    assert after[0].cells["source"] == first["source"] + "; more"
    assert after[0].table == "o/parameters.csv"
    assert after[1:-1] == base["parameters"][1:]


def test_rows_are_dropped_and_scaled_by_the_beginning_of_their_key(base, tmp_path):
    post = base["lanes"][0].cells["checkpoint"]
    folder = overlay(
        tmp_path / "o",
        dropped=f"table,key,kind,source\nlanes,{post},assumed,a test\n",
        scaled="table,key,column,factor,kind,source\nflows,,per_day,0.5,assumed,half of it\n",
    )
    after = laid(base, folder)
    assert after["lanes"] == tuple(row for row in base["lanes"] if row.cells["checkpoint"] != post)
    for old, new in zip(base["flows"], after["flows"], strict=True):
        assert new.number("per_day") == 0.5 * old.number("per_day")
        assert new.cells["source"] == old.cells["source"] + "; half of it"
    assert {name: rows for name, rows in after.items() if name not in ("lanes", "flows")} == {
        name: rows for name, rows in base.items() if name not in ("lanes", "flows")
    }


@together(
    "tables, wording",
    [
        ({}, "overlay o must have a table"),
        ({"lane": "a\n1\n"}, "overlay o: table must be one of .*'lane'; did you mean 'lanes'"),
        (
            {"parameters": "parameter,value,kind,source\nnew,1,assumed,a test\n"},
            "which is no row of parameters.csv and",
        ),
        ({"parameters": "parameter,vale,kind,source\ninflow,1,assumed,a test\n"}, "got 'vale'|have a column 'value'"),
        (
            {"parameters": "parameter,value,kind,source\ninflow,1,assumed,a\ninflow,2,assumed,a\n"},
            "must have different names, got 'inflow'",
        ),
        ({"parameters": "parameter,value,kind,source\ninflow,base:vale,assumed,a\n"}, "did you mean 'value'"),
        (
            {"parameters": "parameter,value,kind,source\ninflow,reported:fd16-heroin-2006,assumed,a\n"},
            "must name a figure in t/year, got 'fd16-heroin-2006', which is in kg",
        ),
        (
            {"parameters": "parameter,value,kind,source\ninflow,reported:fd16-heroin-flow-2100,assumed,a\n"},
            "column 'value': reported figure must be one of .*; did you mean 'fd16-heroin-flow-2010'",
        ),
        ({"dropped": "table,key,kind,source\nflows,nobody,assumed,a\n"}, "key must begin the key of a row of flows"),
        ({"dropped": "table,key,kind,source\nflow,nobody,assumed,a\n"}, "did you mean 'flows'"),
        ({"scaled": "table,key,column,factor,kind,source\nflows,,day,1,assumed,a\n"}, "column must be one of"),
    ],
)
def test_a_mistake_in_an_overlay_is_refused_with_its_place(base, tmp_path, tables, wording):
    with pytest.raises(ValueError, match=f"(?s){wording}"):
        laid(base, overlay(tmp_path / "o", **tables))


def test_the_rows_of_the_tables_have_different_keys():
    for name in ("kazakhstan_2010", "two_routes", "single_checkpoint"):
        for table, rows in reader.read_tables(DATA / "worlds" / name).items():
            keys = [key_of(row, table=table) for row in rows]
            assert len(set(keys)) == len(keys), table
    assert set(table_columns.TABLES) == set(reader.COLUMNS)


def test_lanes_that_stand_twice_are_refused_below_an_overlay(tmp_path):
    """An overlay tells rows apart by their keys, and would leave out one of two that have the same."""
    shutil.copytree(DATA / "worlds" / "two_routes", tmp_path / "tables")
    lanes = tmp_path / "tables" / "lanes.csv"
    lines = lanes.read_text(encoding="utf-8").splitlines()
    lanes.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    over = overlay(tmp_path / "o", scaled="table,key,column,factor,kind,source\nflows,,per_day,1,assumed,a\n")
    own = {"name": "twice", "title": "Twice", "year": 2010, "detection": fs.load_world("two_routes").detection}
    rule = rf"lanes\.csv line {len(lines) + 1}, column 'classes' must give \w+ one group of lanes in direction \w+, got"
    for overlays in ([], [over]):  # the lanes serve both directions, which are two mistakes
        with pytest.raises(ValueError, match=rf": 2 mistakes\n  {rule} another in line 2\n  {rule} another in line 2$"):
            reader.load(tmp_path / "tables", **own, overlays=overlays)


def references():
    """Cells of the world of 2010 that refer to a reported figure: table, row, column and key."""
    for path in sorted(TABLES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for column, text in row.items():
                    if text and text.startswith(REPORTED):
                        key = text.removeprefix(REPORTED).partition(".")[0]
                        yield key, (path.stem, tuple(row[name] for name in table_columns.TABLES[path.stem].key), column)


def cells_of(figures):
    rows = reader.read_tables(TABLES, figures=figures)
    return {
        (name, key_of(row, table=name), c): text for name in rows for row in rows[name] for c, text in row.cells.items()
    }


def scaled(figure):
    ends = {name: getattr(figure, name) for name in ("value", "low", "high")}
    return replace(figure, **{name: None if end is None else 1.01 * end for name, end in ends.items()})


@pytest.mark.slow
def test_a_reported_figure_that_changes_changes_the_cells_that_refer_to_it_and_nothing_else():
    figures = load_figures()
    before = cells_of(figures)
    found = list(references())
    assert {"fd16-heroin-flow-2010", "cb05-retained-share", "fd16-max-seizure-2009-10"} == {key for key, _ in found}
    for key in figures:
        if any(key == other for other, _ in found) or key.startswith("fd16-heroin"):
            after = cells_of({**figures, key: scaled(figures[key])})
            changed = {cell for cell in before if before[cell] != after[cell]}
            assert changed == {cell for other, cell in found if other == key}, key


def test_the_flow_is_typed_in_one_place(tmp_path):
    """In a copy of the evidence the flow is 80-90 t; the world follows, in its inflow alone."""
    folder = shutil.copytree(EVIDENCE, tmp_path / "evidence")
    text = (folder / "figures.csv").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("fd16-heroin-flow-2010,")]
    (folder / "figures.csv").write_text(text.replace(line, line.replace(",70,75,", ",80,90,")), encoding="utf-8")
    default = fs.load_world("kazakhstan_2010")
    given = {"name": default.name, "title": default.title, "year": 2010, "detection": default.detection}
    world = reader.load(TABLES, figures=load_figures(folder), **given)
    traffic = replace(default.traffic, inflow=85_000, inflow_low=80_000, inflow_high=90_000)
    assert world == replace(default, traffic=traffic)
    assert "72.5" not in (TABLES / "parameters.csv").read_text(encoding="utf-8")
