"""What is composed once and copied is what Hydra composes each time."""

from __future__ import annotations

import shutil

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.types import RunMode
from omegaconf import OmegaConf

from flowsim.config import loader as loaders
from flowsim.config import options
from flowsim.config.compose import compose_config
from flowsim.config.loader import Loader
from flowsim.config.options import conf_dir

TYPED = (
    (),
    ("world=two_routes",),
    ("world=two_routes", "inflow=3", "seed=2"),
    ("seed=2", "world=two_routes", "inflow=3"),
    ("policy=[caricc,dog_teams]", "policy.caricc.in_force=true"),
    ("experiment=policies",),
    ("hydra/launcher=basic", "hydra.job.name=x", "out=abc"),
    ("hydra/sweeper=sobol", "hydra.sweeper.samples=2"),
    ("world=two_routes", "hydra/launcher=basic", "policy=[caricc]", "hydra/sweeper=sobol"),
    ("hydra.job.config.override_dirname.kv_sep=:", "seed=3"),
    ("hydra.job.env_copy=[HOME]",),
    ("world=rings", "inspection=prior", "inspection.targeting=1"),
    ("+policy@x=caricc",),
    ("~policy",),
    ("seed=1,2", "world=hub,rings"),
    ("inflow=${reported:fd16-heroin-flow-2010}",),
    ("world=nowhere",),
    ("sede=1",),
    ("inflow=many",),
    ("world={name: mine}",),
)


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    """Begin with nothing composed, and with the readers of `compose_config`."""
    compose_config()
    monkeypatch.setattr(loaders, "_kept", {})


def composed(kind, typed, mode):
    """What a loader composes: values, flags and types of all nodes, or how it fails."""
    loader = kind(config_search_path=create_config_search_path(str(conf_dir())))
    try:
        config = loader.load_configuration("config", list(typed), mode, validate_sweep_overrides=False)
    except Exception as error:
        return type(error), str(error)
    return OmegaConf.to_yaml(config), list(nodes(config))


def nodes(node):
    """Metadata of a node and of all below it."""
    about = node._metadata
    yield about.key, about.ref_type, about.object_type, about.optional, about.flags
    content = node._content if OmegaConf.is_config(node) else None
    for child in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from nodes(child)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [RunMode.RUN, RunMode.MULTIRUN])
def test_what_is_kept_is_what_hydra_composes(mode):
    chosen = TYPED if mode is RunMode.RUN else TYPED[2:3] + TYPED[14:18]
    for typed in chosen:
        first, second = composed(Loader, typed, mode), composed(Loader, typed, mode)
        assert first == second == composed(ConfigLoaderImpl, typed, mode), typed
    assert len(loaders._kept) == (9 if mode is RunMode.RUN else 2)


def test_what_is_done_with_a_configuration_changes_no_other(tmp_path, monkeypatch):
    config = compose_config(["inflow=3"])
    config.world.title, config.inspection.targeting = "other", 0.25
    monkeypatch.chdir(tmp_path)
    other = compose_config()
    assert (other.inflow, other.hydra.runtime.cwd) == (None, str(tmp_path))
    assert other.world.title != "other"
    assert other.inspection.targeting != 0.25
    assert len(loaders._kept) == 1


def test_a_file_that_is_changed_is_read_again(tmp_path, monkeypatch):
    folder = shutil.copytree(conf_dir(), tmp_path / "conf")
    for module in (options, loaders):
        monkeypatch.setattr(module, "conf_dir", lambda: folder)

    def seed():
        loader = Loader(config_search_path=create_config_search_path(str(folder)))
        return loader.load_configuration("config", [], RunMode.RUN).seed

    assert seed() == 1
    file = folder / "config.yaml"
    text = file.read_text(encoding="utf-8")
    assert "\nseed: 1 " in text
    file.write_text(text.replace("\nseed: 1 ", "\nseed: 12 "), encoding="utf-8")
    assert seed() == 12


@pytest.mark.slow
def test_a_run_of_the_command_and_a_sweep_of_it_compose_the_options_once(command):
    typed = ("world=single_checkpoint", "engine=expectation", "hydra/launcher=in_process")
    assert command(*typed, "out=alone")[0] == 0
    assert command("-m", *typed, "inflow=1,2", "out=swept")[0] == 0
    assert len(loaders._kept) == 1


@pytest.mark.slow
def test_no_more_is_kept_than_said(monkeypatch):
    monkeypatch.setattr(loaders, "MOST_KEPT", 2)
    for world in ("two_routes", "rings", "hub"):
        compose_config([f"world={world}"])
    assert [key[1] for key in loaders._kept] == [("world=rings",), ("world=hub",)]


def test_options_of_ones_own_are_composed_each_time(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nseed: 5\n", encoding="utf-8")
    assert compose_config(["experiment=mine"], config_dir=tmp_path).seed == 5
    assert [key[1] for key in loaders._kept] == [()]  # flowsim's own, with which the node of Hydra is compared
