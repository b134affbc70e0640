"""Every file of conf/ composes, builds, and says where its numbers come from."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from flowsim import checks, config, options
from flowsim.evidence import reported
from flowsim.inspection.detection import Detection
from flowsim.policy import compose
from flowsim.schema import build, schema

GROUPS = [key.name for key in options.top_keys() if key.is_group]
FILES = [(group, name) for group in GROUPS for name in options.options(group, folders=[config.conf_dir()])]
POLICIES = [name for group, name in FILES if group == "policy"]
KEYS = (
    *("world", "policy", "inflow", "seed", "replications", "traffic_years", "horizon", "draws", "engine"),
    *("calibration", "reading", "adaptation", "workers", "out", "experiment"),
)


@pytest.mark.parametrize(("group", "name"), FILES, ids=[f"{group}={name}" for group, name in FILES])
def test_each_file_composes_and_builds(group, name):
    composed = config.compose([f"{group}={name}"])
    assert composed.hydra.runtime.choices[group] == name
    world = config.build_world(composed)
    for policy in config.build_policies(composed):
        policy.apply(world)
    config.build_plan(composed)
    config.engine_of(composed)
    config.build_readings(composed)
    if group not in ("policy", "inspection", "reading"):
        assert composed[group].name == name


@pytest.mark.parametrize(("group", "name"), FILES, ids=[f"{group}={name}" for group, name in FILES])
def test_each_file_has_a_title(group, name):
    assert options.options(group, folders=[config.conf_dir()])[name]


def test_the_keys_stand_in_their_order():
    assert tuple(key.name for key in options.top_keys())[: len(KEYS)] == KEYS
    composed = config.compose()
    assert [key for key in composed if key != "hydra"] == [key.name for key in options.top_keys()]


def test_every_key_of_the_file_is_explained():
    declared = yaml.safe_load((config.conf_dir() / "config.yaml").read_text(encoding="utf-8"))
    assert [key.name for key in options.top_keys()] == [key for key in declared if key not in ("defaults", "hydra")]
    for key in options.top_keys():
        if not key.is_group:
            assert yaml.safe_load(key.default) == declared[key.name]


@pytest.mark.parametrize("pair", list(combinations(POLICIES, 2)) or [(name,) for name in POLICIES])
def test_policies_compose(pair):
    policies = config.build_policies(config.compose([f"policy=[{','.join(pair)}]"]))
    assert compose(policies).name == "+".join(pair)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_file_names_its_package(name):
    text = (config.conf_dir() / "policy" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# @package policy.{name}\n")


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "reading"])
def test_a_reading_file_names_its_package(name):
    text = (config.conf_dir() / "reading" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# @package reading.{name}\n")


EXPERIMENTS = sorted(options.options("experiment", folders=[config.conf_dir()]))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_composes_has_a_title_and_writes_into_its_folder(name):
    composed = config.compose([f"experiment={name}"])
    assert composed.out == f"results/experiments/{name}"
    assert options.options("experiment", folders=[config.conf_dir()])[name]
    assert config.compose([f"experiment={name}", "out=mine"]).out == "mine"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_has_a_page_with_its_command(name):
    page = Path(__file__).parents[1] / "experiments" / name / "README.md"
    assert f"flowsim experiment={name}\n" in page.read_text(encoding="utf-8")


def test_an_experiment_that_is_a_mere_value_is_refused_with_the_nearest():
    composed = config.compose()
    composed.experiment = "fig2_serie"
    with pytest.raises(
        ValueError, match=r"experiment must name a file .*, got 'fig2_serie'; did you mean 'fig2_series'"
    ):
        config.check_experiment(composed)


def test_a_reported_figure_is_looked_up_by_its_key(tmp_path):
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    text = "# @package _global_\ninflow: ${reported:fd16-heroin-flow-2010.low}\n"
    (folder / "low.yaml").write_text(text, encoding="utf-8")
    composed = config.compose(["experiment=low"], config_dir=folder.parent)
    assert composed.inflow == reported("fd16-heroin-flow-2010.low") == 70
    assert "${reported:fd16-heroin-flow-2010.low}" in OmegaConf.to_yaml(composed)
    assert config.build_world(composed).traffic.inflow == 70_000


def test_a_key_that_no_figure_has_is_named():
    bad = OmegaConf.create({"inflow": "${reported:fd16-heroin-flow-2011}"})
    with pytest.raises(
        OmegaConfBaseException, match="got 'fd16-heroin-flow-2011'; did you mean 'fd16-heroin-flow-2010'"
    ):
        bad.inflow  # noqa: B018


def leaves(owner, path=()):
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, (*path, field.name))
        else:
            yield (*path, field.name), value


@pytest.mark.parametrize("name", [name for group, name in FILES if group == "inspection"])
def test_every_number_of_an_inspection_file_has_a_source(name):
    composed = config.compose([f"inspection={name}"])
    detection = build(config.Inspection, composed.inspection, key="inspection").detection
    for path, value in leaves(detection):
        origin = composed.inspection.sources
        for part in path:
            origin = origin[part]
        assert origin.kind in checks.KINDS
        assert origin.source.strip()
        assert origin.low <= value <= origin.high


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        ("inspection.sources.targeting.kind=guessed", "inspection.sources.targeting.kind must be one of"),
        ("inspection.sources.targeting.source=' '", "inspection.sources.targeting.source must name a source"),
        ("inspection.sources.effort.south.high=-1", "inspection.sources.effort.south.high must be at least low"),
    ],
)
def test_a_bad_source_is_refused(change, wording):
    composed = config.compose([change])
    with pytest.raises(ValueError, match=wording):
        config.build_world(composed)


@pytest.mark.parametrize("part", ["targeting", "effort.south"])
def test_a_number_without_a_source_is_refused(part):
    composed = config.compose()
    *path, last = part.split(".")
    origins = composed.inspection.sources
    for name in path:
        origins = origins[name]
    with open_dict(origins):
        del origins[last]
    with pytest.raises(ValueError, match=rf"inspection.sources.{part} must say where the number comes from"):
        config.build_world(composed)


def test_the_twin_has_the_fields_of_the_class_and_can_be_written():
    twin = schema(Detection)
    assert [field.name for field in dataclasses.fields(twin)] == [f.name for f in dataclasses.fields(Detection)]
    assert not twin.__dataclass_params__.frozen


def test_inspection_on_the_command_line_wins_over_the_world():
    chosen = config.compose(["world=single_checkpoint", "inspection=prior"])
    assert chosen.hydra.runtime.choices.inspection == "prior"
    assert config.compose(["world=single_checkpoint"]).hydra.runtime.choices.inspection == "certain"


@pytest.mark.parametrize("layout", ["flowsim", "src/flowsim"])
def test_conf_is_found_in_a_wheel_and_in_a_checkout(layout, tmp_path, monkeypatch):
    package = tmp_path / layout
    conf = (package if layout == "flowsim" else tmp_path) / "conf"
    conf.mkdir(parents=True)
    (conf / "config.yaml").touch()
    monkeypatch.setattr(options, "__file__", str(package / "options.py"))
    assert config.conf_dir() == conf


def test_a_missing_conf_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(options, "__file__", str(tmp_path / "src" / "flowsim" / "options.py"))
    with pytest.raises(FileNotFoundError, match=r"conf/config\.yaml must stand in"):
        config.conf_dir()


def test_the_configuration_of_the_checkout_is_the_one_used():
    assert config.conf_dir() == Path(__file__).parents[1] / "conf"
