"""A country of one's own: the template that `new_world` writes, and what `check` says of a world."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import broken
import numpy as np
import pytest
from amounts import rest_slow
from small_worlds import device, lanes, post, road_world

import flowsim as fs
from flowsim import calibration
from flowsim.config.compose import compose_config
from flowsim.config.options import conf_dir
from flowsim.draws.honest import daily_means
from flowsim.results import files
from flowsim.world import hashes, honest_work, utilisation
from flowsim.world.traffic import Profile
from flowsim.world.world import Count
from flowsim.world_tables.forms import SOURCED
from flowsim.world_tables.parameters import PARAMETERS
from flowsim.world_tables.table_columns import TABLES

MINE = ("world=mine", "--config-dir", "mine")


@pytest.fixture
def mine(command):
    """The template, written into the folder `mine`."""
    code, _, err = command("study=new_world", "out=mine")
    assert (code, err) == (0, "")
    return Path("mine")


def change(table, old, new):
    """Replace a text that stands once in a table of the template."""
    path = Path(f"mine/world/mine/{table}.csv")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_the_template_is_a_world_with_its_tables_and_a_readme(command):
    code, out, _ = command("study=new_world", "out=mine")
    assert code == 0
    assert "flowsim study=check world=mine --config-dir mine" in out
    found = {str(path.relative_to("mine")) for path in Path("mine").rglob("*") if path.is_file()}
    assert found == {"README.md", "world/mine.yaml", *(f"world/mine/{table}.csv" for table in TABLES)}
    assert not Path("results").exists()


@pytest.mark.slow
def test_the_template_runs_and_its_check_has_no_warnings(command, mine):
    assert command("study=check", *MINE)[0] == 0
    code, out, _ = command(*MINE, "replications=1", "horizon=300", "workers=1", "out=run")
    assert code == 0
    assert out.startswith("Midland, an invented country: policy baseline")
    assert "Overloaded" not in out
    assert fs.load_world("mine/world/mine.yaml").name == "mine"


def test_the_template_says_what_every_column_and_parameter_is(mine):
    text = (mine / "README.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        for column in (*table.columns, *SOURCED):
            assert f"| `{column.name}` | {column.meaning} |" in text
            assert all(word in text for word in column.words)
    for name, expected in PARAMETERS.items():
        assert f"| `{name}` | {expected.unit} |" in text
    assert "{" not in text


@pytest.mark.slow
def test_every_table_of_the_template_has_comments_and_its_line_numbers_are_those_of_the_file(command, mine):
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in mine.glob("world/mine/*.csv"))
    change("lanes", "south-gate,in,truck,2,12", "south-gate,in,truck,2,-12")
    code, _, err = command("study=check", *MINE)
    assert code == 1
    assert "lanes.csv line 7, column 'service_time' must be a finite number above 0, got '-12'" in err
    assert (
        Path("mine/world/mine/lanes.csv").read_text(encoding="utf-8").splitlines()[6].startswith("south-gate,in,truck")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("out", "wording"),
    [
        ("mine", r"out must name a new folder or an empty one, and this one holds notes\.txt, got mine"),
        ("My-Country", r"out must name a folder whose name .*; it must begin with .*, got My-Country"),
        ("2010", r"out must name a folder whose name .*; it must begin with .*, got 2010"),
        ("my land", r"out must name a folder whose name .*; it must begin with .*, got my land"),
        ("'null'", r"out must name a folder whose name YAML takes for text, and not one of null, .*, got 'null'"),
        ("yes", r"out must name a folder whose name YAML takes for text, and not one of .*, yes, .*, got yes"),
        ("kazakhstan_2010", r"out must have another name than the worlds that come with flowsim, got kazakhstan_2010"),
        ("/proc/nowhere/mine", r"out must name a folder that can be written \(.*\), got /proc/nowhere/mine"),
        ("mine/notes.txt/yours", r"out must name a folder that can be written \(.*\), got mine/notes\.txt/yours"),
    ],
)
def test_a_folder_that_will_not_do_is_refused_and_nothing_is_written(command, out, wording):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine", encoding="utf-8")
    code, said, err = command("study=new_world", f"out={out}")
    assert (code, said) == (1, "")
    assert re.fullmatch(f"flowsim: {wording}\n", err)
    assert [str(path) for path in sorted(Path().rglob("*"))] == ["mine", "mine/notes.txt"]
    assert Path("mine/notes.txt").read_text(encoding="utf-8") == "mine"


def test_without_a_folder_the_template_is_refused(command):
    code, _, err = command("study=new_world")
    assert code == 1
    assert "as in out=mine" in err
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_a_name_of_one_letter_will_do(command):
    assert command("study=new_world", "out=y")[0] == 0
    assert command("study=check", "world=y", "--config-dir", "y")[0] == 0


@pytest.mark.slow
def test_a_world_that_no_reading_is_about_has_none(command, mine):
    assert "\nreading: none, as no reading is about this world\n" in command("study=evidence", *MINE)[1]
    code, out, _ = command("study=evidence", *MINE, "reading=[flow_high,series_as_printed]")
    assert (code, "reading flow_high: " in out, "reading: none" in out) == (0, True, False)
    assert command(*MINE, "engine=expectation", "out=run")[0] == 0
    assert files.open_results("run").attrs["reading"] == "none"
    code, _, err = command("study=check", *MINE, "reading=truck_dominant")
    assert (code, "must be used with worlds made from kazakhstan_2010, got 'world=mine'" in err) == (1, True)


def test_an_empty_folder_will_do(command):
    Path("mine").mkdir()
    assert command("study=new_world", "out=mine")[0] == 0


def test_a_writing_that_fails_leaves_nothing(command, monkeypatch):
    def fail(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flowsim.studies.new_world.Path.rename", fail)
    code, _, err = command("study=new_world", "out=somewhere/mine")
    assert code == 1
    assert err == "flowsim: out must name a folder that can be written (No space left on device), got somewhere/mine\n"
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_check_prints_utilisation_routes_visits_counts_and_kinds(command, mine):
    code, out, err = command("study=check", *MINE)
    assert (code, err) == (0, "")
    assert re.search(r"^south-gate +lanes in truck +130\.0 +54\.2 +121\.3  Sep 9 h$", out, re.MULTILINE)
    assert re.search(r"^to-north +road +356 +7\.1 +63\.00  south-gate, junction-post, north-gate$", out, re.MULTILINE)
    assert re.search(r"^crossing +401,500 +160,600 +0 +0 +0 +562,100$", out, re.MULTILINE)
    assert re.search(r"^south-trucks-in +130\.0 +99\.0 +165\.0$", out, re.MULTILINE)
    assert re.search(r"^parameters +0 +0 +22$", out, re.MULTILINE)
    assert "Warnings: none" in out
    assert (
        "checkpoint 'south-gate': its lanes in truck have a utilisation of 121 % in the busiest hour (Sep 9 h)" in out
    )
    assert not Path("results").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::flowsim.simulation.resources.OverloadWarning")
def test_work_above_capacity_is_a_warning_with_the_checkpoint_and_its_utilisation(command, mine):
    change("lanes", "south-gate,in,car,3,5,", "south-gate,in,car,1,5,")
    code, out, err = command("study=check", *MINE)
    assert (code, err) == (0, "")
    assert "Warnings: 1\n" in out
    assert "checkpoint 'south-gate': its lanes in car have a mean utilisation of 139 %" in out
    code, out, _ = command(*MINE, "replications=1", "horizon=300", "out=run")
    assert code == 0
    said = " ".join(out.split())
    assert "Overloaded: south-gate (lanes in car at a utilisation of 139 %). Utilisation ignores wave-through" in said
    assert "the delay there, and the mean of all visits, is a warning and no forecast." in said
    assert "Overloaded" not in command(*MINE, "engine=expectation", "out=closed")[1]


@pytest.mark.slow
def test_a_count_outside_its_interval_and_a_route_without_checkpoints_are_warnings(command, mine):
    change("counts", "130,110,150", "530,510,550")
    out = command("study=check", *MINE)[1]
    assert "count 'south-trucks-in': 130.0 modelled vehicles a day lie outside [459.0, 605.0]" in out


@pytest.mark.slow
def test_check_looks_at_the_world_under_the_policy(command, mine):
    text = "# @package policy.wide\ntitle: Wide\nsources: [a test]\nin_force: false\nchanges:\n"
    path = Path("mine/policy/wide.yaml")
    path.parent.mkdir()
    path.write_text(text + "  - {kind: scale_lanes, factor: 2, checkpoints: [south-gate]}\n", encoding="utf-8")
    out = command("study=check", *MINE, "policy=wide")[1]
    assert "policy wide" in out
    assert re.search(r"^south-gate +lanes in truck +130\.0 +27\.1 ", out, re.MULTILINE)


@pytest.mark.parametrize("name", rest_slow(["single_checkpoint", "two_routes", "kazakhstan_2010"], quick=2))
def test_the_worlds_of_the_package_have_no_warnings(command, name):
    code, out, _ = command("study=check", f"world={name}")
    assert code == 0
    assert "Warnings: none" in out


def test_the_packaged_template_is_read_as_it_is_written():
    folder = Path(fs.__file__).parent / "data" / "template"
    assert {path.name for path in folder.iterdir()} == {"README.md", "world.yaml", *(f"{t}.csv" for t in TABLES)}


@pytest.mark.slow
def test_a_template_with_a_table_removed_says_which(command, mine):
    Path("mine/world/mine/parameters.csv").unlink()
    code, _, err = command("study=check", *MINE)
    assert code == 1
    assert re.search(r"parameters\.csv must be a file in .*mine, got none", err)


def test_utilisation_of_lanes_is_arrivals_times_service_over_lanes():
    """Utilisation rho = lambda s / c: 240 a day of 0.08 h at one lane are 0.8."""
    world = road_world(post("a", place="p1"))
    load, bays = utilisation.utilisations(world)
    assert (load.per_day, load.mean, load.peak) == pytest.approx((240.0, 0.8, 0.8))
    assert (bays.per_day, bays.mean) == (0.0, 0.0)


def test_utilisation_of_bays_counts_handling_devices_that_work_and_searches_after_false_alarms():
    """Mean time in a bay: handling + availability x examination + P(alarm) x search."""
    dog = device("dog", specificity=0.8, availability=0.5, service_time=0.2)
    world = road_world(post("a", place="p1", devices=(dog,), bays=2, referral=0.1))
    expected = 0.25 + 0.5 * 0.2 + 0.5 * 0.2 * 0.5
    assert honest_work.bay_time(world, world.checkpoints[0]) == pytest.approx(expected)
    assert utilisation.utilisations(world)[1].mean == pytest.approx(10 * 0.1 * expected / 2)


def test_the_busiest_hour_comes_later_by_the_travel_time():
    """Two legs of 2 h: what starts at 9 h is busiest at 13 h."""
    peak = Profile(name="nine", cycle="daily", weights=tuple(12.5 if hour == 9 else 0.5 for hour in range(24)))
    world = road_world(post("a", place="p0"), post("b", place="p2"))
    flow = replace(world.traffic.flows[0], daily=peak)
    found = utilisation.utilisations(replace(world, traffic=replace(world.traffic, flows=(flow,))))
    assert [load.when for load in found if load.part != "bays"] == ["9 h", "13 h"]
    assert found[0].peak == pytest.approx(12.5 * found[0].mean)


def test_visits_of_the_check_are_those_of_the_draws():
    world = fs.load_world("kazakhstan_2010")
    year = np.arange(365)
    drawn = sum(
        daily_means(world, flow, days=year).sum() * len(world.stops_of_flow(flow)) for flow in world.traffic.flows
    )
    assert sum(utilisation.visits(world).values()) * 365 == pytest.approx(drawn, rel=0.01)


def test_a_count_takes_its_direction_and_classes():
    border = post("a", place="p0", groups=(lanes(direction="in"), lanes(direction="out")))
    world = road_world(replace(border, border="X"))
    count = Count(
        name="c",
        checkpoints=("a",),
        classes=("truck",),
        direction="in",
        value=1.0,
        low=0.0,
        high=2.0,
        year="2010",
        source="a test",
    )
    assert utilisation.counted(world, count) == 240.0
    assert utilisation.counted(world, replace(count, direction="out")) == 0.0
    assert utilisation.counted(world, replace(count, direction="both")) == 240.0
    assert utilisation.counted(world, replace(count, classes=("car",))) == 0.0


@pytest.mark.parametrize(
    ("fields", "wording"),
    [
        ({"direction": "up"}, "must be one of in, out, both"),
        ({"low": 3.0}, "must be at least low"),
        ({"value": -1.0}, "must be a finite number of at least 0"),
        ({"classes": ("cart",)}, "did you mean 'car'"),
    ],
)
def test_a_count_validates(fields, wording):
    given = {"name": "c", "checkpoints": ("a",), "classes": ("car",), "direction": "in", "value": 1.0, "low": 0.0}
    given |= {"high": 2.0, "year": "2010", "source": "a test"}
    with pytest.raises(ValueError, match=wording):
        Count(**given | fields)


def test_a_world_in_python_refuses_cities_that_are_not_there():
    world = road_world(post("a", place="p1"))
    with pytest.raises(ValueError, match="cities: place must be one of"):
        replace(world, traffic=replace(world.traffic, city_weights=(("nowhere", 1.0),)))


def test_a_copy_of_the_template_is_the_same_world(mine, tmp_path):
    shutil.copytree(mine, tmp_path / "yours")
    first, second = (fs.load_world(Path(folder) / "world" / "mine.yaml") for folder in ("mine", tmp_path / "yours"))
    assert first == second


def test_names_whose_random_numbers_would_coincide_are_refused_in_python_too():
    first, second = broken.collide(hashes.long_hash, "post-{}")
    with pytest.raises(ValueError, match=f"names of checkpoints must differ .*, got '{first}' and '{second}'"):
        road_world(post(first, place="p1"), post(second, place="p2"))
    first, second = broken.collide(hashes.short_hash, "device-{}")
    with pytest.raises(ValueError, match=f"devices must differ in the hash .*, got '{first}' and '{second}'"):
        post("a", place="p1", devices=(device(first), device(second)))
    assert post("a", place="p1", devices=(device(first),)) != post("b", place="p1", devices=(device(second),))


@pytest.mark.parametrize(
    ("fields", "wording"),
    [
        ({"end": "p0"}, "end must differ from its start"),
        ({"distance": 1e-300, "distance_low": 1e-300, "speed": 1e300}, "must take a finite time above 0"),
    ],
)
def test_a_leg_that_goes_nowhere_is_refused_in_python_too(fields, wording):
    leg = road_world(post("a", place="p1")).network.legs[0]
    with pytest.raises(ValueError, match=wording):
        replace(leg, **fields)


def test_a_checkpoint_that_ends_before_it_begins_is_refused_in_python_too():
    with pytest.raises(ValueError, match="end must be after the first day in force"):
        replace(post("a", place="p1"), start="2011-01-01", end="2010-01-01")


def named(name, *, folder="own"):
    """The template under another name, in a folder of configuration."""
    tables = Path(folder, "world", name)
    shutil.copytree("mine/world/mine", tables)
    text = Path("mine/world/mine.yaml").read_text(encoding="utf-8")
    text = text.replace("name: mine", f"name: {name}").replace("tables: mine", f"tables: {name}")
    tables.with_suffix(".yaml").write_text(text, encoding="utf-8")
    return tables


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kazakhstan_2010", "hub", "trains"])
def test_a_world_with_the_name_of_another_is_ones_own_wholly(command, mine, name):
    named(name)
    world = fs.load_world(f"own/world/{name}.yaml")
    expected = fs.load_world("mine/world/mine.yaml")
    assert replace(world, name="mine") == expected
    code, out, err = command(f"world={name}", "--config-dir=own", "engine=expectation", "out=run")
    assert (code, err) == (0, "")
    assert out.startswith("Midland, an invented country: policy baseline")
    found = files.open_results("run").load()
    assert (found.attrs["reading"], found.attrs["calibration"]) == ("none", "prior")
    assert found.equals(fs.simulate(expected, engine="expectation", calibration="prior"))


@pytest.mark.slow
def test_a_reading_of_flowsim_is_about_no_tables_of_ones_own(command, mine):
    named("kazakhstan_2010")
    own = ("world=kazakhstan_2010", "--config-dir=own", "study=check")
    code, _, err = command(*own, "reading=posts_in_force")
    assert code == 1
    assert "must be used with worlds made from kazakhstan_2010" in err
    Path("own/reading").mkdir()
    head = "# @package reading.posts_in_force\ntitle: Mine\nkind: controls\nsources: ['judgement: mine']\n"
    text = f"{head}changes: a post\noverlays: {{kazakhstan_2010: posts}}\n"
    Path("own/reading/posts_in_force.yaml").write_text(text, encoding="utf-8")
    posts = Path("own/reading/posts/cities.csv")
    posts.parent.mkdir()
    posts.write_text("place,weight,kind,source\ncapital,800,assumed,judgement: mine\n", encoding="utf-8")
    assert command(*own, "reading=posts_in_force")[0] == 0


SHARED = {
    "the tables of a world": ("world/two_routes/", "world=two_routes", "worlds/two_routes"),
    "the tables of another world": ("world/two_routes/", "world=hub", "worlds/two_routes"),
    "an overlay of a world": ("world/hub/", "world=hub", "overlays/hub"),
    "an overlay of a reading": ("reading/posts_in_force/", "reading=posts_in_force", "overlays/posts_in_force"),
    "a table of reports": (
        "calibration/kazakhstan_2010.csv",
        "world=kazakhstan_2010",
        "calibration/kazakhstan_2010.csv",
    ),
    "a posterior": ("calibration/kazakhstan_2010.nc", "world=kazakhstan_2010", "calibration/kazakhstan_2010.nc"),
}
"""One's own file or folder, what is asked for, and flowsim's of that name."""


@pytest.mark.slow
@pytest.mark.parametrize(("own", "asked", "other"), SHARED.values(), ids=SHARED)
def test_what_a_file_of_flowsim_names_must_not_exist_twice(command, own, asked, other):
    packaged = Path(calibration.__file__).parents[1] / "data" / other
    target = Path("own", own)
    target.parent.mkdir(parents=True)
    (shutil.copytree if packaged.is_dir() else shutil.copy)(packaged, target)
    code, out, err = command(asked, "--config-dir=own", "engine=expectation", "out=run")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert re.search(rf" must name what exists once, .*; rename yours, or .*, got {target} and {packaged}$", err), err
    assert not Path("run").exists()


@pytest.mark.slow
def test_a_world_of_ones_own_may_name_tables_of_flowsim(command):
    text = (conf_dir() / "world" / "hub.yaml").read_text(encoding="utf-8")
    Path("own/world").mkdir(parents=True)
    Path("own/world/hub.yaml").write_text(text.replace("A town", "My town"), encoding="utf-8")
    assert command("world=hub", "--config-dir=own", "study=check")[1].startswith("My town")
    assert replace(fs.load_world("own/world/hub.yaml"), title="") == replace(fs.load_world("hub"), title="")


@pytest.mark.slow
def test_results_may_lie_in_the_folder_of_the_configuration(command, mine):
    typed = (*MINE, "engine=expectation", "out=mine/out")
    for _ in range(2):
        assert command(*typed)[0] == 0
    assert files.open_results("mine/out").attrs["reading"] == "none"
    assert (
        command("-m", *MINE, "engine=expectation", "inflow=1,2", "out=mine/seed", "hydra/launcher=in_process")[0] == 0
    )
    assert command(*typed, "inflow=1")[0] == 1
    assert command(*typed, "inflow=1", "overwrite=true")[0] == 0


@pytest.mark.slow
def test_folders_that_are_no_groups_are_not_looked_into(command, mine):
    keys = ("seed", "replications", "inflow", "out", "draws", "workers", "horizon", "traffic_years")
    for name in (*keys, "results", ".git", "hydra", "engine", "study", "experiment", "my notes"):
        folder = mine / name
        folder.mkdir()
        (folder / "1.yaml").write_text("name: [", encoding="utf-8")
    typed = ("seed=3", "replications=4", "inflow=2", "draws=null", "workers=1", "horizon=300", "traffic_years=0.02")
    given = compose_config(["world=mine", *typed, "out=mine/out"], config_dir=mine)
    assert (given.seed, given.replications, given.inflow, given.out) == (3, 4, 2, "mine/out")
    compose_config(["world=mine", "seed=1,2", *typed[1:]], config_dir=mine, multirun=True)
    sweep = ("engine=expectation", "inflow=1,2", "out=mine/sweep", "hydra/launcher=in_process")
    assert command("-m", *MINE, *sweep)[0] == 0
