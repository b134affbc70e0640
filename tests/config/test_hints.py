"""Refusals that lead on: what a new user types first, and the sentence that says what to type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flowsim as fs
from flowsim import checks
from flowsim.config import compose, hints, options
from flowsim.results.folders import require_folder_name
from flowsim.studies import terminal

MANY = "9" * 5000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "wording"),
    [
        (["--replications", "5"], r"a flag must .*, got '--replications'; did you mean replications=5\?"),
        (["--seed=3"], r"a flag must .*, got '--seed'; did you mean seed=3\?"),
        (["--traffic-years"], r"a flag must .*, got '--traffic-years'; did you mean traffic_years=\.\.\.\?"),
        (["--year", "2009"], r"a flag must .*, got '--year'; did you mean world\.year=2009\?"),
        (["run"], r"an argument must read key=value, got run; did you mean study=run\? flowsim --help .*"),
        (["list"], r"an argument .*, got list; did you mean study=policies\? flowsim --help lists what can be typed"),
        (["help"], r"an argument .*, got help; did you mean --help\? .*"),
        (["seed", "3"], r"an argument .*, got seed; did you mean seed=3\? .*"),
        (["seed 3"], r"an argument .*, got seed 3; did you mean seed=3\? .*"),
        (["fig3_fit"], r"an argument .*, got fig3_fit; did you mean experiment=fig3_fit\? .*"),
        (["carric"], r"an argument .*, got carric; did you mean policy=caricc\? .*"),
        (["abracadabra"], r"an argument must read key=value, got abracadabra; flowsim --help lists .*"),
        (
            ["policy=caricc,dog_teams"],
            r"policy must have one value unless the flag -m is given, got caricc,dog_teams; to apply them together, "
            r"type policy=\[caricc,dog_teams\]; to sweep them, type flowsim -m policy=caricc,dog_teams",
        ),
        (["seed=1,2"], r"seed must have one value .*, got 1,2; to sweep them, type flowsim -m seed=1,2"),
        (
            ["policy=caricc+dog_teams"],
            r"policy must be one of .*, got caricc\+dog_teams; did you mean policy=\[caricc,dog_teams\]\?",
        ),
        (
            ["policy=nine_posts"],
            r"policy .*, got nine_posts; did you mean '(\w+', ')*narcotics_boundaries'.*\?",
        ),
        (["policy=electronic_seals"], r"policy must be .*, got electronic_seals; did you mean 'tir_electronic_seal'\?"),
        (
            ["-m", "policy=[caricc,nine_posts]"],
            r"policy .*, got 'nine_posts'; did you mean .*narcotics_boundaries'.*",
        ),
        (["year=2009"], r"the key of year=2009 must .*, got 'year'; did you mean world\.year=2009\?"),
        (["effort.south=1"], r"the key of .*, got 'effort'; did you mean inspection\.effort\.south=1\?"),
        (["study.words=heroin"], r"the key of study\.words=heroin .*, got 'words'; it is a key of study=evidence"),
        (
            ["world=mine"],
            r"world must be .*, got mine; to take a file of your own, DIR/world/mine\.yaml, type --config-dir=DIR",
        ),
        (
            ["study=figure"],
            r"study\.figure must name what to draw, .*: one of chain, evidence, .*, waterfall, got None",
        ),
        ([f"seed={MANY}"], r"seed must have at most 309 digits in a number, got 9{60}\.\.\. \(5000 characters\)"),
        ([f"world.year=1e{MANY}"], r"world\.year must have at most 309 digits in a number, got .{70,90}"),
        (["-m", f"inflow=1,{MANY}"], r"inflow must have at most 309 digits in a number, got .{70,90}"),
        (["-m", "hydra/sweeper=table", "hydra.sweeper.table=rows.csv"], r"seed must have at most 309 digits in .*"),
        (["out=" + "a" * 256], r"out must have parts of at most 255 bytes, got a{256}"),
        (["out=" + "a" * 400], r"out must have parts of at most 255 bytes, got a{60}\.\.\. \(400 characters\)"),
        (["out=" + "é" * 128], r"out must have parts of at most 255 bytes, got 'é+'"),
        (["out=" + "a/" * 2000], r"out must be at most 3895 bytes long with all above it, got .{70,90}"),
        (["out=a\0b"], "out must hold no NUL, got 'a\0b'"),
        (["--config-dir=" + "a" * 400], r"--config-dir must be a folder, got 'a{59}\.\.\. \(402 characters\)"),
        (["world=" + "a" * 400], r"world must be one of .*, got a{60}\.\.\. \(400 characters\).*"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_refusal_says_what_to_type(command, typed, wording, tmp_path):
    (tmp_path / "rows.csv").write_text(f"seed\n{MANY}\n")
    code, out, err = command(*typed)
    assert (code, out) == (1, "")
    assert re.fullmatch(f"flowsim: {wording}\n", err), err[:2000]
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_refusal_lists_every_option(command):
    _, _, err = command("policy=nothing-like-it")
    listed = err.partition("must be one of ")[2].partition(", got")[0].split(", ")
    assert listed == sorted(options.options("policy", folders=[options.conf_dir()]))


@pytest.mark.slow
def test_a_file_of_ones_own_is_found_below_the_working_folder(command):
    file = Path("own", "world", "mine.yaml")
    file.parent.mkdir(parents=True)
    file.write_text("name: mine\ntitle: Mine\nyear: 2010\ntables: single_checkpoint\n", encoding="utf-8")
    _, _, err = command("world=mine", "study=check")
    assert err.endswith("got mine; did you mean the file own/world/mine.yaml, with --config-dir=own?\n")
    assert command("--config-dir=own", "world=mine", "study=check")[0] == 0
    _, _, err = command("--config-dir=own", "world=yours")
    assert err.endswith("got yours; to take a file of your own, write own/world/yours.yaml\n")


def test_a_file_with_a_number_of_too_many_digits_is_refused_with_its_line(command):
    file = Path("own", "world", "mine.yaml")
    file.parent.mkdir(parents=True)
    file.write_text(f"name: mine\ntitle: Mine\nyear: {MANY}\ntables: single_checkpoint\n", encoding="utf-8")
    _, _, err = command("--config-dir=own", "world=mine")
    assert err.startswith("flowsim: own/world/mine.yaml line 3 must have at most 309 digits in a number, got 9999")
    assert len(err) < 250


def test_python_refuses_numbers_of_thousands_of_digits_in_few_words():
    world = fs.load_world("single_checkpoint")
    for name in ("seed", "inflow", "replications", "horizon", "traffic_years"):
        with pytest.raises(ValueError, match=rf"{name} must .*, got a number of about 5000 digits"):
            fs.simulate(world, **{name: 10**4999})


def test_of_very_many_names_the_nearest_are_listed():
    names = [f"post-{number}" for number in range(100)]
    with pytest.raises(
        ValueError, match=r"must be one of post-77, .* and 90 more, got 'post77'; did you mean 'post-77'"
    ):
        checks.known("post77", names, thing="post")


def test_keys_are_found_by_their_last_parts():
    tree = {
        "seed": 1,
        "world": {"year": 2010, "name": "a"},
        "inspection": {"effort": {"south": 1.0}, "sources": {"x": 1}},
    }
    found = {name: hints.keys_named(name, tree) for name in ("seed", "year", "south", "effort.south", "name", "x")}
    assert found["seed"] == ["seed"]
    assert found["year"] == ["world.year"]
    assert found["south"] == found["effort.south"] == ["inspection.effort.south"]
    assert found["name"] == found["x"] == []
    assert compose.keys_named("traffic_years") == ["traffic_years"]


def test_a_folder_name_of_the_greatest_length_can_be_written(tmp_path):
    longest = str(tmp_path / ("a" * 255))
    require_folder_name(longest)
    with terminal.folder(Path(longest)):
        assert Path(longest).is_dir()
    with pytest.raises(ValueError, match="out must have parts of at most 255 bytes"):
        require_folder_name(longest + "a")
