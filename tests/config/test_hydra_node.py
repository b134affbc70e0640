"""A configuration folder is data: what its files may say of Hydra's own node, and how large they may be."""

import re
import time
from pathlib import Path

import pytest
from amounts import rest_slow

QUICK = ("world=single_checkpoint", "engine=expectation", "hydra/launcher=in_process")


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def experiment(hydra, *, more=""):
    write("conf/experiment/evil.yaml", f"# @package _global_\n{more}hydra:\n  {hydra}\n")


REFUSED = {
    "environment": ("job: {env_set: {PYTHONPATH: evil}}", "hydra.job.env_set.PYTHONPATH", "'evil'"),
    "copied environment": ("job: {env_copy: [HOME]}", "hydra.job.env_set.HOME", None),
    "log file": (
        "job_logging: {handlers: {x: {class: logging.FileHandler, filename: precious.txt, mode: w}}}",
        "hydra.job_logging.handlers",
        "{'x': {'class': 'logging.FileHandler', 'filename': 'precious.txt', 'mode': 'w'}}",
    ),
    "folder of its own files": ("output_subdir: precious", "hydra.output_subdir", "'precious'"),
    "folder of a run": ("run: {dir: precious}", "hydra.run.dir", "'precious'"),
    "folder of a sweep": ("sweep: {dir: precious}", "hydra.sweep.dir", "'precious'"),
    "working folder": ("job: {chdir: true}", "hydra.job.chdir", "True"),
    "callback": ("callbacks: {x: {_target_: hydra.experimental.callback.Callback}}", "hydra.callbacks.x", None),
}


@pytest.mark.slow
@pytest.mark.parametrize(("hydra", "key", "value"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("sweep", rest_slow([((),), (("-m", "inflow=1,2"),)]), ids=["run", "sweep"])
def test_a_file_of_ones_own_sets_nothing_of_hydra_but_mode_sweeper_and_launcher(command, sweep, hydra, key, value):
    experiment(hydra)
    write("precious.txt", "text of years")
    write("precious/config.yaml", "text of years")
    before = sorted(str(path) for path in Path().rglob("*"))
    code, out, err = command("--config-dir=conf", *sweep, *QUICK, "experiment=evil", "out=mine")
    assert (code, out) == (1, "")
    assert err.startswith(f"flowsim: {key}"), err
    if value is not None:
        rule = "be left as it is by a file of --config-dir, which may set hydra.mode, hydra.sweeper and hydra.launcher"
        assert err == f"flowsim: {key} must {rule}, got {value}\n"
    assert sorted(str(path) for path in Path().rglob("*")) == before
    assert Path("precious.txt").read_text() == Path("precious/config.yaml").read_text() == "text of years"


def test_no_code_of_a_folder_is_run_in_the_workers_of_a_sweep(command):
    write("evil/sitecustomize.py", "open('pwned', 'w').close()\n")
    experiment("job: {env_set: {PYTHONPATH: evil}}", more="defaults: [{override /hydra/launcher: joblib}]\n")
    for typed in (("seed=1,2",), ("hydra/sweeper=basic", "seed=1,2")):
        code, _, err = command("--config-dir=conf", "-m", *QUICK[:2], *typed, "experiment=evil", "out=mine")
        assert code == 1, typed
        assert "hydra.job.env_set.PYTHONPATH must be left as it is" in err
    assert not Path("pwned").exists()
    assert not Path("mine").exists()


@pytest.mark.slow
def test_a_world_that_is_swept_is_looked_at_too(command):
    head = "# @package _global_\ndefaults: [single_checkpoint, _self_]\nworld: {name: evil}\n"
    write("conf/world/evil.yaml", head + "hydra: {job: {env_set: {PYTHONPATH: evil}}}\n")
    for sweeper in ((), ("hydra/sweeper=basic",)):
        typed = (*sweeper, *QUICK[1:], "world=single_checkpoint,evil", "out=mine")
        code, _, err = command("--config-dir=conf", "-m", *typed)
        assert (code, "hydra.job.env_set.PYTHONPATH must be left as it is" in err) == (1, True), err
        assert not Path("mine").exists()


BUILT = {
    "a class without a name": (
        "launcher: {_target_: hydra_plugins.flowsim.StoreSweeper}",
        r"hydra.launcher._target_ must be one of .*hydra_plugins.flowsim.InProcess.*, got 'hydra_plugins.flowsim.S.*",
    ),
    "an option that it does not have": (
        "launcher: {shell: rm}",
        r"hydra.launcher must have no option shell, as hydra_plugins.flowsim.InProcess has none of this name",
    ),
    "a sweep over Hydra itself": (
        "mode: MULTIRUN\n  sweeper: {params: {+hydra.job.env_set.PYTHONPATH: 'a,b', seed: '1,2'}}",
        r"hydra.sweeper.params must name keys outside of hydra, got '\+hydra.job.env_set.PYTHONPATH'",
    ),
}


@pytest.mark.parametrize(("hydra", "says"), BUILT.values(), ids=BUILT)
def test_sweeper_and_launcher_are_those_with_a_name_and_their_own_options(command, hydra, says):
    experiment(hydra)
    code, out, err = command("--config-dir=conf", *QUICK, "experiment=evil", "out=mine")
    assert (code, out) == (1, "")
    assert re.fullmatch(f"flowsim: {says}\n", err), err
    assert not Path("mine").exists()


@pytest.mark.slow
def test_what_is_allowed_and_what_is_typed_holds(command):
    experiment(
        "mode: MULTIRUN\n  sweeper: {params: {inflow: '1,2'}}\n",
        more="defaults: [{override /hydra/launcher: in_process}]\n",
    )
    code, out, err = command("--config-dir=conf", *QUICK[:2], "experiment=evil", "out=mine")
    assert code == 0, err
    assert out.startswith("2 of 2 jobs done (inflow 2)")
    write("conf/experiment/plain.yaml", "# @package _global_\ninflow: 2\n")
    typed = ("+hydra.job.env_set.MINE=1", "hydra/launcher=basic", "experiment=plain", "out=plain")
    assert command("--config-dir=conf", *QUICK[:2], *typed)[0] == 0


def bomb(levels, width):
    """Lists of aliases of lists: a text of a few lines with width ** levels values."""
    lines = ["a0: &a0 [" + ", ".join("x" * width) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("group", ["world", "experiment", "inspection"])
def test_an_alias_bomb_is_refused_by_its_size_within_a_second(command, group):
    write(f"conf/{group}/bomb.yaml", bomb(9, 9))
    begin = time.process_time()
    code, out, err = command("--config-dir=conf", f"{group}=bomb", "out=mine")
    assert (code, out) == (1, "")
    assert re.search(
        r"bomb.yaml must hold at most 100,000 keys and values with its aliases written out, got 4\d\d,", err
    )
    assert time.process_time() - begin < 10  # for ever without the rule; a second on a quiet machine
    assert not Path("mine").exists()


@pytest.mark.slow
def test_a_few_aliases_are_no_bomb(command):
    write("conf/experiment/few.yaml", "# @package _global_\ninflow: &a 2\nseed: *a\n")
    assert command("--config-dir=conf", *QUICK, "experiment=few", "out=mine")[0] == 0
