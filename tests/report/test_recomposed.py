"""The request behind results: composed again from their command, or none."""

from pathlib import Path

import pytest

from flowsim.config.compose import compose_config
from flowsim.config.provenance_attrs import resolved
from flowsim.config.recomposed import _parted, request_behind

QUICK = ("world=single_checkpoint", "engine=expectation", "inflow=3")


def attributes(*typed, flags="", config_dir=None):
    """What results of a command keep."""
    composed = compose_config(typed, config_dir=config_dir)
    kept = {key: part for key, part in composed.items() if key != "hydra"}
    return {"command": " ".join(["flowsim", *typed, flags]), "configuration": resolved(kept)}


def test_the_command_gives_its_world_again():
    request = request_behind(attributes(*QUICK))
    assert request.world.name == "single_checkpoint"
    assert request.world.traffic.inflow == 3000
    assert request.engine == "expectation"


@pytest.mark.parametrize("flags", [["--config-dir", "own"], ["--config-dir=own"], ["-cd", "own"]])
def test_the_folder_of_ones_own_is_told_from_the_arguments(flags):
    assert _parted(["seed=1", *flags, "out=mine"]) == (["seed=1", "out=mine"], Path("own"))


@pytest.mark.slow
def test_a_folder_of_ones_own_is_found_again(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "policy").mkdir(parents=True)
    file = tmp_path / "own" / "policy" / "mine.yaml"
    rows = ("# @package policy.mine", "title: Mine", 'sources: ["judgement: mine"]', "in_force: false", "changes: []")
    file.write_text("\n".join((*rows, "costs: []", "")), encoding="utf-8")
    found = attributes(*QUICK, "policy=mine", flags="--config-dir own", config_dir=tmp_path / "own")
    assert [policy.title for policy in request_behind(found).policies] == ["Mine"]
    file.write_text(file.read_text(encoding="utf-8").replace("Mine", "Another"), encoding="utf-8")
    assert request_behind(found) is None


def test_another_command_gives_none():
    found = attributes(*QUICK)
    for other in ("flowsim.simulate", "", "flowsim world=nowhere", "flowsim world=two_routes", "flowsim -m seed=1,2"):
        assert request_behind({**found, "command": other}) is None
