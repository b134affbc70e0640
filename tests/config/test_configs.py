"""Every file of conf/ composes, builds, and says where its numbers come from."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from paths import ROOT
from small_worlds import SIZES, road_world, with_seals
from together import together

from flowsim import checks
from flowsim.config import options, references
from flowsim.config.build import OF_WORLD, build_plan, build_policies, build_world, engine_of, world_numbers
from flowsim.config.calibration_files import build_calibration
from flowsim.config.chain_worlds import build_chain, is_chain
from flowsim.config.compose import check_experiment, compose_config
from flowsim.config.inspection_files import Inspection
from flowsim.config.options import conf_dir
from flowsim.config.schema import build, schema
from flowsim.config.world_folders import build_readings
from flowsim.evidence import load_figures, reported
from flowsim.policy.policy import compose
from flowsim.world.detection import Detection
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.seals import NO_SEALS
from flowsim.world_tables.provenance import is_number

GROUPS = [key.name for key in options.top_keys() if key.is_group]
FILES = [(group, name) for group in GROUPS for name in options.options(group, folders=[conf_dir()])]
POLICIES = [name for group, name in FILES if group == "policy"]
KEYS = (
    *("world", "policy", "policies", "inflow", "seed", "replications", "traffic_years", "horizon", "draws", "engine"),
    *("calibration", "reading", "workers", "out", "overwrite", "confirm", "details", "experiment"),
)


@pytest.fixture(scope="module")
def world_of():
    """World of a configuration, built once for all whose parts that make a world are the same."""
    built = {}

    def world_of(composed):
        parts = OmegaConf.to_yaml(OmegaConf.masked_copy(composed, list(OF_WORLD)), resolve=True)
        if parts not in built:
            built[parts] = build_world(composed)
        return built[parts]

    return world_of


@pytest.mark.slow
@together("group, name", FILES, ids=[f"{group}={name}" for group, name in FILES], sample=10)
def test_each_file_composes_and_builds(group, name, world_of):
    composed = compose_config([f"{group}={name}"])
    assert composed.hydra.runtime.choices[group] == name
    if is_chain(composed):
        composed_of_stage = compose_config([f"world={build_chain(composed).detail}"])
    world = world_of(composed_of_stage if is_chain(composed) else composed)
    for policy in build_policies(composed):
        policy.apply(world)
    build_plan(composed)
    engine_of(composed)
    build_readings(composed)
    build_calibration(composed)
    if group not in ("policy", "inspection", "reading"):
        assert composed[group].name == name


@together("group, name", FILES, ids=[f"{group}={name}" for group, name in FILES])
def test_each_file_has_a_title(group, name):
    assert options.options(group, folders=[conf_dir()])[name]


def test_the_keys_stand_in_their_order():
    assert tuple(key.name for key in options.top_keys())[: len(KEYS)] == KEYS
    composed = compose_config()
    assert [key for key in composed if key != "hydra"] == [key.name for key in options.top_keys()]


def test_every_key_of_the_file_is_explained():
    declared = yaml.safe_load((conf_dir() / "config.yaml").read_text(encoding="utf-8"))
    assert [key.name for key in options.top_keys()] == [key for key in declared if key not in ("defaults", "hydra")]
    for key in options.top_keys():
        if not key.is_group:
            assert yaml.safe_load(key.default) == declared[key.name]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "names",
    [POLICIES, *(list(pair) for pair in pairwise(POLICIES))],
    ids="+".join,
)
def test_policies_compose(names):  # every pair of them is composed in test_policies.py, without Hydra
    policies = build_policies(compose_config([f"policy=[{','.join(names)}]"]))
    assert compose(policies).name == "+".join(names)


@together("name", POLICIES)
def test_a_policy_file_names_its_package(name):
    text = (conf_dir() / "policy" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# @package policy.{name}\n")


@together("name", [name for group, name in FILES if group == "reading"])
def test_a_reading_file_names_its_package(name):
    text = (conf_dir() / "reading" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# @package reading.{name}\n")


EXPERIMENTS = sorted(options.options("experiment", folders=[conf_dir()]))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_composes_has_a_title_and_writes_into_its_folder(name):
    composed = compose_config([f"experiment={name}"])
    assert composed.out == f"results/experiments/{name}"
    assert options.options("experiment", folders=[conf_dir()])[name]
    assert compose_config([f"experiment={name}", "out=mine"]).out == "mine"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_has_a_page_with_its_command(name):
    page = ROOT / "experiments" / name / "README.md"
    assert f"flowsim experiment={name}\n" in page.read_text(encoding="utf-8")


def test_an_experiment_that_is_a_mere_value_is_refused_with_the_nearest():
    composed = compose_config()
    composed.experiment = "fig2_serie"
    with pytest.raises(
        ValueError, match=r"experiment must name a file .*, got 'fig2_serie'; did you mean 'fig2_series'"
    ):
        check_experiment(composed)


def test_a_reported_figure_is_looked_up_by_its_key(tmp_path):
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    text = "# @package _global_\ninflow: ${reported:fd16-heroin-flow-2010.low}\n"
    (folder / "low.yaml").write_text(text, encoding="utf-8")
    composed = compose_config(["experiment=low"], config_dir=folder.parent)
    assert composed.inflow == reported("fd16-heroin-flow-2010.low") == 70
    assert "${reported:fd16-heroin-flow-2010.low}" in OmegaConf.to_yaml(composed)
    assert build_world(composed).traffic.inflow == 70_000


def test_a_key_that_no_figure_has_is_named():
    bad = OmegaConf.create({"inflow": "${reported:fd16-heroin-flow-2011}"})
    with pytest.raises(
        OmegaConfBaseException,
        match=r"inflow must .*, got 'fd16-heroin-flow-2011'; did you mean 'fd16-heroin-flow-2010'",
    ):
        bad.inflow  # noqa: B018


PERCENT = next(
    key for key, figure in load_figures().items() if figure.unit == "percent" and 0 < (figure.value or 0) < 100
)


def numbers_of(*typed):
    """Numbers of the world of 2010 as the command sets them."""
    composed = compose_config(typed)
    numbers = world_numbers(composed, build_world(composed), typed=typed)
    return {n.key: n for n in numbers if n.table in ("parameters", "inspection")}


def test_a_reported_percentage_becomes_a_share():
    typed = f"inspection.effort.south=${{reported:{PERCENT}}}"
    world = build_world(compose_config([typed]))
    assert world.detection.effort.south == load_figures()[PERCENT].value / 100
    number = numbers_of(typed)["effort.south"]
    assert (number.value, number.kind, number.low) == (world.detection.effort.south, "reported", None)


def test_a_reported_figure_keeps_its_kind_its_source_and_its_range():
    figure = load_figures()["fd16-heroin-flow-2010"]
    number = numbers_of("inflow=${reported:fd16-heroin-flow-2010}")["inflow"]
    assert (number.value, number.low, number.high) == (72.5, 70, 75)
    assert (number.kind, number.source) == ("reported", f"{figure.source}, {figure.locator} ({figure.key})")
    low = numbers_of("inflow=${reported:fd16-heroin-flow-2010.low}")["inflow"]
    assert (low.value, low.low, low.high, low.kind) == (70, None, None, "reported")


def test_a_reported_figure_in_a_file_is_reported_and_keeps_the_interval_of_the_file(tmp_path):
    folder = tmp_path / "inspection"
    folder.mkdir()
    text = f"defaults: [prior, _self_]\neffort: {{south: '${{reported:{PERCENT}}}'}}\n"
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    composed = compose_config(["inspection=mine"], config_dir=tmp_path)
    numbers = world_numbers(composed, build_world(composed))
    (number,) = [n for n in numbers if n.key == "effort.south"]
    origin = composed.inspection.sources.effort.south
    assert (number.kind, number.low, number.high) == ("reported", origin.low, origin.high)
    assert number.source.startswith(load_figures()[PERCENT].source)


def test_a_typed_number_has_no_interval():
    numbers = numbers_of("inflow=60", "inspection.effort.south=0.1")
    for key in ("inflow", "effort.south"):
        assert (numbers[key].low, numbers[key].high, numbers[key].kind) == (None, None, "assumed")
    assert numbers["effort.inside"].low is not None


@together(
    "place, unit",
    [
        ("inflow", "t/year"),
        ("inspection.effort.south", "1"),
        ("inspection.search_time", "h"),
        ("inspection.sources.search_time.low", "h"),
        ("inspection.sources.search_time.source", None),
        ("policy.wide.changes[0].factor", "1"),
        ("policy.wide.changes[0].checkpoint.bays", None),
        ("horizon", None),
        ("world.year", None),
    ],
)
def test_a_place_has_the_unit_of_its_number(place, unit):
    assert references.unit_of(place) == unit


@pytest.mark.parametrize(
    ("typed", "wording"),
    [
        ("inflow=${reported:fd16-heroin-2010}", "inflow must name a figure in t/year, got .*, which is in kg"),
        ("inspection.search_time=${reported:fd16-heroin-2010}", "inspection.search_time must .* in h, .* in kg"),
        ("inspection.targeting=${reported:fd16-heroin-2010}", "inspection.targeting must .* in 1 or percent, .* in kg"),
        ("world.year=${reported:fd16-heroin-2010}", "world.year must hold no reported figure, as inflow, .* may"),
        ("inflow=${reported:fd16-heroin-flow-2010.mid}", "end of the reported figure .* got 'mid'"),
    ],
)
def test_a_reported_figure_in_another_unit_is_refused(typed, wording):
    with pytest.raises((ValueError, OmegaConfBaseException), match=wording):
        build_world(compose_config([typed]))


def test_no_title_says_that_the_efforts_ignore_what_was_reported():
    for group in ("inspection", "calibration"):
        title = options.options(group, folders=[conf_dir()])["prior"]
        assert "efforts chosen by hand near the reported totals" in title
        assert "not a calibration" in title
    origin = compose_config().inspection.sources.effort.inside
    assert origin.kind == "assumed"
    assert "2009's total was looked at, so it is no clean hold-out" in origin.source


def leaves(owner, path=()):
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, (*path, field.name))
        else:
            yield (*path, field.name), value


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for group, name in FILES if group == "inspection"])
def test_every_number_of_an_inspection_file_has_a_source(name):
    composed = compose_config([f"inspection={name}"])
    detection = build(Inspection, composed.inspection, key="inspection").detection
    for path, value in leaves(detection):
        origin = composed.inspection.sources
        for part in path:
            origin = origin[part]
        assert origin.kind in checks.KINDS
        assert origin.source.strip()
        if is_number(value):
            assert origin.low <= value <= origin.high
        else:
            assert "low" not in origin


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        ("inspection.sources.targeting.kind=guessed", "inspection.sources.targeting.kind must be one of"),
        ("inspection.sources.targeting.source=' '", "inspection.sources.targeting.source must name a source"),
        ("inspection.sources.effort.south.high=-1", "inspection.sources.effort.south.high must be at least low"),
        ("inspection.sources.targeting.low=null", "inspection.sources.targeting.low must be a number, got None"),
        ("inspection.sources.seals.opened.high=null", "inspection.sources.seals.opened.high must be a number"),
    ],
)
def test_a_bad_source_is_refused(change, wording):
    composed = compose_config([change])
    with pytest.raises(ValueError, match=wording):
        build_world(composed)


@pytest.mark.parametrize("part", ["type", "green_lane"])
def test_a_word_has_no_interval(part):
    composed = compose_config()
    with open_dict(composed):
        composed.inspection.sources.seals[part].low = None
        build_world(composed)
        composed.inspection.sources.seals[part].low = 1.0
    with pytest.raises(ValueError, match=rf"seals.{part}.low must be null or left out, as only numbers .*, got 1.0"):
        build_world(composed)


@pytest.mark.parametrize("part", ["targeting", "effort.south", "seals.type", "seals"])
def test_a_number_without_a_source_is_refused(part):
    composed = compose_config()
    *path, last = part.split(".")
    origins = composed.inspection.sources
    for name in path:
        origins = origins[name]
    with open_dict(origins):
        del origins[last]
    with pytest.raises(ValueError, match=rf"inspection.sources.{part} must say where it comes from"):
        build_world(composed)


def test_the_twin_has_the_fields_of_the_class_and_can_be_written():
    twin = schema(Detection)
    assert [field.name for field in dataclasses.fields(twin)] == [f.name for f in dataclasses.fields(Detection)]
    assert not twin.__dataclass_params__.frozen


@dataclass(frozen=True, kw_only=True)
class Outer:
    """A class whose default is an object that holds another."""

    inner: ConsignmentSizes = SIZES
    whole: Detection = road_world().detection


def test_a_default_that_is_an_object_may_be_composed_in_part():
    assert build(Outer, OmegaConf.create({}), key="outer") == Outer()
    changed = build(Outer, OmegaConf.create({"whole": {"seals": {"opened": 0.25}}}), key="outer")
    assert changed.whole == with_seals(road_world(), replace(NO_SEALS, opened=0.25)).detection
    assert changed.inner == SIZES
    assert Outer() == build(Outer, OmegaConf.create({}), key="outer")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "field", "value"),
    [("type=electronic", "type", "electronic"), ("inspection=true", "inspection", True), ("opened=1", "opened", 1.0)],
)
def test_seals_can_be_set_on_the_command_line(change, field, value):
    typed = [f"inspection.seals.{change}"]
    composed = compose_config(typed)
    world = build_world(composed)
    assert getattr(world.detection.seals, field) == value
    assert world.detection.seals == replace(build_world(compose_config()).detection.seals, **{field: value})
    numbers = {n.key: n for n in world_numbers(composed, world, typed=typed) if n.table == "inspection"}
    number = numbers[f"seals.{field}"]
    assert (number.kind, number.source) == ("assumed", f"judgement: typed for this run, {typed[0]}")
    shown = {"type": ("electronic", "word"), "inspection": ("true", "word"), "opened": (1.0, "1")}
    assert (number.value, number.unit) == shown[field]
    assert numbers["seals.green_lane"].source.startswith("unodc2012 (in fad2016) L19")


def test_inspection_on_the_command_line_wins_over_the_world():
    chosen = compose_config(["world=single_checkpoint", "inspection=prior"])
    assert chosen.hydra.runtime.choices.inspection == "prior"
    assert compose_config(["world=single_checkpoint"]).hydra.runtime.choices.inspection == "certain"


@pytest.mark.parametrize("layout", ["flowsim", "src/flowsim"])
def test_conf_is_found_in_a_wheel_and_in_a_checkout(layout, tmp_path, monkeypatch):
    package = tmp_path / layout
    conf = (package if layout == "flowsim" else tmp_path) / "conf"
    conf.mkdir(parents=True)
    (conf / "config.yaml").touch()
    monkeypatch.setattr(options, "__file__", str(package / "config" / "options.py"))
    assert conf_dir() == conf


def test_a_missing_conf_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(options, "__file__", str(tmp_path / "src" / "flowsim" / "config" / "options.py"))
    with pytest.raises(FileNotFoundError, match=r"conf/config\.yaml must stand in"):
        conf_dir()


def test_the_configuration_of_the_checkout_is_the_one_used():
    assert conf_dir() == ROOT / "conf"


OWN = {
    **{group: f"{group}/{name}" for group, name in reversed(FILES) if name != "baseline"},
    "hydra": "hydra/sweeper/sobol",
}
"""A file of each group of flowsim."""


def own_file(folder, option, *, title="mine"):
    """A file of flowsim in a folder of one's own, with another title or, of Hydra's part, another seed."""
    text = (conf_dir() / f"{option}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^title: .*$", f"title: {title}", text, flags=re.MULTILINE).replace("seed: 1 ", "seed: 77 ")
    path = folder / f"{option}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("option", OWN.values(), ids=OWN)
def test_a_file_of_ones_own_takes_the_place_of_flowsims_in_every_group(tmp_path, option):
    own_file(tmp_path, option)
    group, _, name = option.rpartition("/")
    composed = compose_config([f"{group}={name}"], config_dir=tmp_path)
    chosen = composed.hydra.sweeper.seed if group == "hydra/sweeper" else composed[group]
    chosen = chosen[name] if group in ("policy", "reading") else chosen
    assert chosen == 77 or chosen.title == "mine"


def test_an_experiment_of_ones_own_takes_the_place_of_flowsims(tmp_path):
    own_file(tmp_path, "experiment/policies").write_text("# @package _global_\nseed: 5\n", encoding="utf-8")
    assert compose_config(["experiment=policies"], config_dir=tmp_path).seed == 5
    assert compose_config(["experiment=policies"]).seed == 1


@pytest.mark.slow
def test_a_file_that_a_world_of_flowsim_chooses_by_name_is_ones_own(tmp_path):
    own_file(tmp_path, "inspection/rings")
    assert compose_config(["world=rings"], config_dir=tmp_path).inspection.title == "mine"
    assert compose_config(["world=rings"]).inspection.title != "mine"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "typed"),
    [("inspection/certain", "inspection=liable"), ("inspection/prior", "world=hub"), ("calibration/prior", "seed=1")],
)
def test_a_file_of_flowsim_builds_on_none_of_ones_own(tmp_path, own, typed):
    path = own_file(tmp_path, own)
    with pytest.raises(
        ValueError, match=r"must exist once, as flowsim's .* builds on it; give yours another name"
    ) as error:
        compose_config([typed], config_dir=tmp_path)
    assert str(error.value).endswith(f", got {path} and {conf_dir() / own}.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("sweeper", ["grid", "basic"])
def test_a_job_of_a_sweep_does_not_build_on_a_file_of_ones_own_either(command, sweeper):
    own_file(Path("own"), "inspection/certain")
    typed = ("-m", "world=single_checkpoint", "inspection=prior,liable", "engine=expectation", "out=run")
    code, _, err = command("--config-dir=own", *typed, f"hydra/sweeper={sweeper}", "hydra/launcher=basic")
    assert code == 1
    assert "inspection/certain.yaml must exist once, as flowsim's inspection/liable.yaml builds on it" in err
    assert "Error" not in err


@pytest.mark.parametrize(
    ("own", "rule"),
    [
        ("config", "stand in one folder; keys of yours belong in a file .*/experiment/<name>.yaml"),
        ("policy/baseline", "stand in one folder, as it changes nothing and every other policy is compared with it"),
        ("hydra/job_logging/none", "have another name than Hydra's own"),
        ("hydra/config", "have another name than Hydra's own"),
    ],
)
def test_a_name_that_no_other_file_may_have_is_refused_with_both_paths(tmp_path, own, rule):
    path = tmp_path / f"{own}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with pytest.raises(ValueError, match=rf"^{own}\.yaml must {rule}, got {re.escape(str(path))} and /.*"):
        compose_config([], config_dir=tmp_path)
    assert compose_config([], config_dir=conf_dir()).seed == 1


@pytest.mark.parametrize("multirun", [False, True])
def test_files_that_build_on_one_another_are_refused(tmp_path, multirun):
    folder = tmp_path / "inspection"
    folder.mkdir()
    (folder / "rings.yaml").write_text("defaults: [mine, _self_]\n", encoding="utf-8")
    (folder / "mine.yaml").write_text("defaults: [rings, _self_]\n", encoding="utf-8")
    (folder / "broken.yaml").write_text("defaults: [\n", encoding="utf-8")
    says = r"must not lead back .*, got inspection/mine.yaml <- inspection/rings.yaml <- inspection/mine.yaml"
    with pytest.raises(ValueError, match=says):
        compose_config(["world=rings,hub" if multirun else "world=rings"], config_dir=tmp_path, multirun=multirun)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{name: compare}", r"study.sets must be given, as in .*/conf/study/compare.yaml, got None"),
        ("{name: check, sets: 3}", r"the key of study must be one of name, .*, got 'sets'"),
    ],
)
def test_a_study_of_ones_own_has_the_keys_of_flowsims(tmp_path, text, says):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        check_experiment(compose_config(["study=mine"], config_dir=tmp_path))
