"""The command line: what is refused and how, what is written and what is not."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
import xarray as xr
from amounts import rest_slow
from described import undescribed

import flowsim as fs
from flowsim import cli
from flowsim.config import options, relevant_keys, study
from flowsim.config.compose import compose_config
from flowsim.results import files

QUICK = ("world=single_checkpoint", "replications=1", "horizon=300", "workers=1")
WORLDS = Path(fs.__file__).parent / "data" / "worlds"


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Run the command in an empty folder; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.answer(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def left_behind():
    return sorted(str(path) for path in Path.cwd().rglob("*"))


@pytest.mark.parametrize(
    ("argument", "wording"),
    rest_slow(
        [
            ("inflow=-1", r"inflow must lie in \[0, 750\] t/year, got -1"),
            ("inflow=nan", r"inflow must lie in \[0, 750\] t/year, got nan"),
            ("inflow=1e99", r"inflow must lie in \[0, 750\] t/year, got 1e99"),
            ("inflow=abc", r"inflow must be a number \[t/year\], got abc"),
            ("inflow=true", r"inflow must be a number \[t/year\], got true"),
            (
                "world=zzyzx",
                r"world must be one of .*single_checkpoint.*, got zzyzx; to take a file of .* --config-dir=DIR",
            ),
            ("world=kazakstan_2010", r"world must .*, got kazakstan_2010; did you mean 'kazakhstan_2010'\?"),
            ("replications=-3", r"replications must be a whole number .*, got -3"),
            ("replications=2.5", r"replications must be a whole number .*, got 2\.5"),
            ("replications=null", r"replications must be a whole number .*, got null"),
            ("seed=abc", r"seed must be a whole number .*, got abc"),
            ("seed=-1", r"seed must be a whole number .*, got -1"),
            ("seed=1,2", r"seed must have one value unless the flag -m is given, got 1,2; to sweep them, .*"),
            ("policyy=baseline", r"the key of policyy=baseline must .*, got 'policyy'; did you mean 'policy'\?"),
            ("policy=nothing", r"policy must be one of .*baseline.*, got nothing; .*"),
            ("policy=null", r"policy must be one of .*baseline.*, got null"),
            ("engine=refernc", r"engine must .*, got refernc; did you mean 'reference'\?"),
            ("study=rum", r"study must .*, got rum; did you mean 'run'\?"),
            ("inspection.sensitivit=0.5", r"the key of inspection.* got 'sensitivit'; did you mean 'sensitivity'\?"),
            ("inspection.sensitivity=high", r"inspection.sensitivity must be a number, got high"),
            ("inspection.sensitivity=-1", r"inspection.sensitivity must be a finite number above 0, got -1"),
            ("inspection.effort.south=2", r"inspection.effort.south must lie in \[0, 1\], got 2"),
            ("inspection.effort=1", r"inspection.effort must be given part by part, got 1"),
            ("seed.low=2", r"the key of seed.low=2 must end before 'low', got seed.low"),
            ("traffic_years=0", r"traffic_years must lie above 0, .*, got 0"),
            ("traffic_years=null", r"traffic_years must be a number \[years\], got null"),
            ("horizon=1e9", r"horizon must lie in \(0, 8760\] hours, got 1e9"),
            ("workers=0", r"workers must be a whole number from 1 to .*, got 0"),
            ("draws=0", r"draws must be null or a whole number from 1 to 10000 with calibration=posterior, got 0"),
            ("experiment=fig99", r"experiment must be one of .*fig2_series.*, got fig99.*"),
            ("experiment=fig2_sereis", r"experiment must .*, got fig2_sereis; did you mean 'fig2_series'\?"),
            ("reading=flow_lo", r"reading must be one of .*, got flow_lo; did you mean 'flow_low'\?"),
            (
                "reading=[flow_low,flow_high]",
                r"reading must have at most one that says how much .*, got 'flow_low,flow_high'",
            ),
            ("reading=[]", r"reading must name one reading or several, got \[\]"),
            (
                "study.words=heroin",
                r"the key of study.words=heroin .* name, title, got 'words'; it is a key of study=evidence",
            ),
            ("out=", r"out must name a folder, got nothing"),
            ("out=null", r"out must name a folder, got null"),
            ("out=/proc/nowhere/mine", r"out must name a folder that can be written .*, got /proc/nowhere/mine"),
            ("world.tables=nowhere", r"world.tables must be one of .*, got nowhere"),
            ("world.year=2050", r"world.year must lie from 1992 to 2011, as no control .*, got 2050"),
            ("world.year=1991", r"world.year must lie from 1992 to 2011, as no control .*, got 1991"),
            (
                "adaptation=none",
                r"the key of adaptation=none must be one of world, .*, got 'adaptation'; did you mean .*",
            ),
            ("world.year=soon", r"world.year must be a calendar year.*, got soon"),
            ("world", r"an argument must read key=value, got world; did you mean world=...\? flowsim --help .*"),
            ("out=[", r"an argument must read key=value with quotes .*, got out=\["),
            ("inflow=${reported:fd16-heroin-2010}", r"inflow must name a figure in t/year, got .*, which is in kg"),
            ("inflow=${reported:fd16-heroin-2019}", r"inflow must name a reported figure .*; did you mean '.*'\?"),
            ("seed=${reported:fd16-heroin-2010}", r"seed must hold no reported figure, as inflow, .* may, got .*"),
            ("+foo=1", r"the key of \+foo=1 must be one of .*, got 'foo'"),
            ("+seed=1", r"seed must be set without a plus, got \+seed=1"),
            ("~seed", r"seed must keep its place in the configuration, got ~seed"),
            ("--flag", r"a flag must be one of --help, .*, got '--flag'.*"),
            ("--cfg=everything", r"argument --cfg/-c: invalid choice: 'everything'.*"),
            ("--config-dir=/nowhere", r"--config-dir must be a folder, got '/nowhere'"),
        ],
        quick=8,
    ),
)
def test_a_mistake_is_one_line_and_leaves_nothing(command, argument, wording):
    code, out, err = command(argument)
    assert code == 1
    assert re.fullmatch(f"flowsim: {wording}\n", err)
    assert not out
    assert not left_behind()


def test_a_mistake_of_the_program_is_one_line_too(command, monkeypatch):
    monkeypatch.setattr("flowsim.studies.run.run", lambda request, progress: 1 / 0)
    code, out, err = command(*QUICK)
    assert code == 1
    assert re.fullmatch(r"flowsim: a mistake in flowsim: ZeroDivisionError: .*HYDRA_FULL_ERROR=1.*\n", err)
    assert not out
    assert not left_behind()


def test_the_environment_variable_shows_where_a_mistake_is(command, monkeypatch):
    monkeypatch.setattr("flowsim.studies.run.run", lambda request, progress: 1 / 0)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ZeroDivisionError):
        command(*QUICK)


def test_stopping_says_so_and_leaves_nothing(command, monkeypatch):
    def stop(request, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr("flowsim.studies.run.run", stop)
    code, _, err = command(*QUICK)
    assert code == 130
    assert err == "flowsim: stopped; nothing is kept, and the same command begins anew\n"
    assert not left_behind()


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 1 TiB"), RuntimeError("can't start new thread")])
def test_a_run_without_memory_says_so_and_leaves_nothing(command, monkeypatch, error):
    def stop(request, progress):
        raise error

    monkeypatch.setattr("flowsim.studies.run.run", stop)
    code, _, err = command(*QUICK)
    assert code == 1
    assert err == (
        "flowsim: memory ran out; allow more of it, or take fewer workers or smaller amounts; "
        "nothing is kept, and the same command begins anew\n"
    )
    assert not left_behind()


@pytest.mark.slow
def test_ctrl_c_stops_a_run_with_its_workers(tmp_path):
    start = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    process = subprocess.Popen(
        [*start, "replications=1000", "traffic_years=0.5", "workers=2", "out=mine"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "mine").exists():
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "flowsim: stopped; nothing is kept, and the same command begins anew"
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_run_prints_its_table_and_where_the_results_lie(command):
    code, out, err = command(*QUICK)
    assert code == 0
    *_, last = out.splitlines()
    folder = Path(last.removeprefix("results: "))
    assert folder.parent == Path("results/run")
    assert {"run.nc", "run.csv"} <= {path.name for path in folder.iterdir()}
    assert "baseline" in out
    assert "Traceback" not in err
    assert Path("results/latest").resolve() == folder.resolve()


@pytest.mark.slow
def test_the_results_say_where_they_come_from(command):
    assert command(*QUICK, "seed=3", "inflow=0.5", "out=mine")[0] == 0
    results = files.open_results("mine")
    attributes = results.attrs
    assert undescribed(results) == []
    with xr.open_dataset("mine/run.nc") as plain:  # without flowsim
        assert undescribed(plain) == []
        assert plain.coords.to_dataset().identical(results.coords.to_dataset().assign_attrs(plain.attrs))
        assert set(plain.groupby("oblast").sum()["oblast"].values) == set(results["oblast"].values)
    assert attributes["seed"] == "3"
    assert attributes["version"] == fs.__version__
    assert attributes["commit"]
    assert attributes["reading"] == "none"
    assert attributes["calibration"] == "prior"
    assert attributes["command"] == "flowsim " + " ".join([*QUICK, "seed=3", "inflow=0.5", "out=mine"])
    assert "inflow: 0.5" in attributes["configuration"]
    assert "hydra" not in attributes["configuration"]
    assert all(isinstance(value, str) for value in attributes.values())


@pytest.mark.slow
def test_only_the_results_are_written_and_only_below_results_is_there_a_link(command):
    assert command(*QUICK, "out=mine")[0] == 0
    assert [path for path in left_behind() if not path.startswith(str(Path.cwd() / "mine"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", rest_slow(["policy=[baseline]", "policy=baseline"]))
def test_a_policy_may_stand_in_brackets(command, policy):
    assert command(*QUICK, policy, "out=mine")[0] == 0
    assert files.open_results("mine")["policy"].values.tolist() == ["baseline"]


@pytest.mark.slow
def test_results_do_not_depend_on_the_workers(command):
    for workers in (1, 2):
        command(*QUICK[:-1], f"workers={workers}", "replications=2", f"out={workers}")
    assert files.open_results("1").equals(files.open_results("2"))


@pytest.mark.slow
@pytest.mark.parametrize("folder", rest_slow(["\u00e9t\u00e9", "my results"]))
def test_a_folder_may_have_letters_and_blanks_that_the_shell_has_let_pass(command, folder):
    assert command(*QUICK, f"out={folder}")[0] == 0
    assert files.open_results(folder).attrs["seed"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "wording"),
    [
        (["study=check", "seed=1"], r"seed= has no effect in study=check; .* one of world, .* there, got seed=1"),
        (["study=check", "engine=reference", "out=x"], r"engine=, out= have no effect in study=check; .*"),
        (["study=check", "replications=2"], r"replications= has no effect in study=check; .*"),
        (["study=evidence", "policy=baseline"], r"policy= has no effect in study=evidence; .*"),
        (["study=evidence", "seed=2", "out=x", "engine=reference"], r"seed=, out=, engine= have no effect .*"),
        (["engine=expectation", "seed=2"], r"seed= has no effect in study=run engine=expectation; .*"),
        (["engine=expectation", "workers=1", "traffic_years=1"], r"workers=, traffic_years= have no effect .*"),
        (["engine=expectation", "replications=2"], r"replications= has no effect .*, got replications=2"),
        (["experiment=fig2_series", "seed=1"], r"seed= has no effect in study=figure study.figure=series; .*"),
        (["experiment=fig2_series", "world=trains"], r"world= has no effect in study=figure study.figure=series; .*"),
        (
            ["experiment=fig2_series", "reading=flow_low"],
            r"reading= has no effect .*; a key must be one of out there, .*",
        ),
        (["experiment=table1_evidence", "world=trains"], r"world= has no effect in .* study.figure=evidence; .*"),
        (["study=new_world", "world=trains", "out=mine"], r"world= has no effect in study=new_world; .*"),
        (["study=new_world", "inspection.targeting=1", "out=mine"], r"inspection= has .*, got inspection.targeting=1"),
    ],
)
def test_a_key_without_effect_is_refused_with_those_that_have_one(command, arguments, wording):
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert re.fullmatch(f"flowsim: {wording}\n", err), err
    assert not left_behind()


@pytest.mark.slow
def test_a_key_without_effect_is_refused_in_the_jobs_of_a_sweep_that_have_it(command):
    sweep = ("-m", "hydra/sweeper=basic", "world=single_checkpoint", "study=check,evidence")
    typed = (*sweep, "policy=baseline", "study.words=kg")
    assert command(*typed)[0] == 1
    code, out, err = command(*typed[:-1])
    assert code == 1
    assert re.fullmatch(r"flowsim: .*study=evidence.*: policy= has no effect in study=evidence; .*\n", err)
    assert "Warnings: none" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        [
            "study=check",
            "inflow=1",
            "inspection=certain",
            "inspection.search_time=2",
            "reading=flow_low",
            "policy=baseline",
        ],
        ["study=evidence", "inflow=1", "inspection.effort.south=0.1", "reading=flow_low", "study.words=inflow"],
        ["engine=expectation", "horizon=300", "inflow=1", "policy=baseline", "out=mine"],
    ],
)
def test_keys_that_have_an_effect_are_accepted(command, arguments):
    code, _, err = command("world=single_checkpoint", *arguments)
    assert (code, err) == (0, "")


@pytest.mark.slow
def test_every_study_says_which_keys_have_an_effect():
    keys = [key.name for key in options.top_keys()]
    others = ("policies", "of", "file", "study", "experiment", "details")
    assert {*relevant_keys.RUN, *relevant_keys.WITH_OUT, *others} == set(keys)
    for name in study.names():
        found = study.find(name)
        assert set(found.keys) <= set(keys)
        own = compose_config([f"study={name}"]).study
        assert own.name == name
        assert set(found.renamed) <= set(own)
        assert not set(found.instead) & set(found.keys) or found.keys_of
    assert set(study.find("run").effective("expectation")) < set(study.find("run").effective("compiled"))
    assert study.find("figure").effective("series") == ("out",)
    with pytest.raises(ValueError, match=r"study.name must be one of .*, got 'terminal'"):
        study.find("terminal")


@pytest.mark.parametrize("arguments", rest_slow([["--help"], ["study=evidence"], ["--cfg", "job"], ["--version"]]))
def test_a_reader_that_leaves_ends_the_program_in_silence(arguments, tmp_path):
    program = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    run = subprocess.Popen([*program, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdout.close()
    with run.stderr:
        said = run.stderr.read()
    assert (run.wait(timeout=60), said) == (0, b"")


@pytest.mark.slow
def test_a_run_whose_reader_leaves_has_its_results(tmp_path):
    program = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    typed = ["world=single_checkpoint", "engine=expectation", "out=results/mine"]
    run = subprocess.Popen([*program, *typed], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    run.stdout.close()
    assert run.wait(timeout=60) == 0
    assert (tmp_path / "results" / "latest" / "run.nc").is_file()


@pytest.mark.slow
def test_hydra_s_own_sweeper_gives_each_job_its_folder(command):
    code, _, err = command("-m", "hydra/sweeper=basic", *QUICK, "seed=1,2", "out=mine")
    assert (code, "flowsim:" in err) == (0, False)
    assert [files.open_results(f"mine/{job}").attrs["seed"] for job in (0, 1)] == ["1", "2"]
    assert sorted(path.name for path in Path("mine").iterdir()) == ["0", "1"]


def test_a_sweep_over_what_does_not_exist_does_not_begin(command):
    code, out, err = command("-m", *QUICK[1:], "world=single_checkpoint,zzyzx")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"flowsim: world must be one of .*, got 'zzyzx'; to take a file of your own, .*\n", err)
    assert not left_behind()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


BUILDERS = {
    "a callback": "callbacks: {x: {_target_: os.mkdir, path: pwned}}",
    "a callback in disguise": "callbacks: {x: '${oc.decode:\"{_target_: os.mkdir, path: pwned}\"}'}",
    "a module behind a plugin": "launcher: {_target_: hydra._internal.core_plugins.basic_launcher.Path}",
    "a module behind flowsim": "callbacks: {x: {_target_: flowsim.config.build.os.mkdir, path: pwned}}",
    "a log handler": "job_logging: {root: {handlers: []}, handlers: {x: {(): os.mkdir, path: pwned}}}",
}


@pytest.mark.parametrize("hydra", BUILDERS.values(), ids=BUILDERS)
def test_a_configuration_cannot_have_other_code_run(command, hydra):
    write(Path("conf/world/evil.yaml"), f"# @package _global_\nworld: {{name: evil}}\nhydra:\n  {hydra}\n")
    code, out, err = command("--config-dir=conf", "world=evil")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"flowsim: hydra\..* must be a class of .*\n", err)
    assert not Path("pwned").exists()


def test_hydra_s_own_targets_are_accepted(command):
    assert command("--cfg", "hydra", "hydra/launcher=basic", "hydra/sweeper=basic")[0] == 0


@pytest.mark.slow
def test_a_world_of_ones_own_has_its_tables_beside_its_file(command):
    shutil.copytree(WORLDS / "single_checkpoint", "conf/world/my_tables")
    write(
        Path("conf/world/mine.yaml"),
        "defaults:\n  - override /inspection@_global_.inspection: certain\n  - _self_\n"
        "name: mine\ntitle: My own\nyear: 2011\ntables: my_tables\n",
    )
    code, out, _ = command("--config-dir", "conf", "world=mine", *QUICK[1:])
    assert code == 0
    assert out.startswith("My own")
    world = fs.load_world("conf/world/mine.yaml")
    assert (world.year, world.detection.effort.south) == (2011, 1.0)


POLICY = "# @package policy.{name}\ntitle: A policy\nsources: [a document]\nin_force: false\nchanges:\n  - {change}\n"


@pytest.mark.slow
def test_policies_compose_in_the_order_written(command):
    change = "{kind: scale_lanes, factor: 2, checkpoints: [gate]}"
    write(Path("conf/policy/wide.yaml"), POLICY.format(name="wide", change=change))
    code, _, _ = command("--config-dir=conf", *QUICK, "policy=[wide,baseline]", "out=mine")
    assert code == 0
    assert files.open_results("mine")["policy"].values.tolist() == ["wide+baseline"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "wording"),
    [
        (POLICY.format(name="odd", change="{kind: scale_lane}"), r"policy.odd.changes.0.kind must .*'scale_lanes'\?"),
        (POLICY.format(name="odd", change="{factor: 2}"), r"policy.odd.changes.0 must be a mapping with a kind, .*"),
        (
            POLICY.format(name="odd", change="{kind: scale_lanes, factor: much, checkpoints: []}"),
            r"policy.odd.changes.0.factor must be a number, got 'much'",
        ),
        (
            POLICY.format(name="odd", change="{kind: scale_lanes, factr: 2, checkpoints: []}"),
            r"policy.odd.changes.0: 2 mistakes\n"
            r"  the key of policy.odd.changes.0 must .*; did you mean 'factor'\?\n"
            r"  policy.odd.changes.0.factor must be given, got None",
        ),
        (
            POLICY.format(name="odd", change="{kind: scale_lanes, factor: 2}"),
            r"policy.odd.changes.0.checkpoints must be given, got None",
        ),
        (
            POLICY.format(name="odd", change="{kind: close_checkpoint, name: nowhere}"),
            r"policy.odd does not fit world=single_checkpoint: checkpoint must be one of gate, got 'nowhere'",
        ),
    ],
)
def test_a_mistake_in_a_policy_file_is_named_with_its_place(command, text, wording):
    write(Path("conf/policy/odd.yaml"), text)
    code, _, err = command("--config-dir=conf", *QUICK, "policy=odd")
    assert code == 1
    assert re.fullmatch(f"flowsim: conf/policy/odd.yaml: {wording}\n", err)


def test_a_mistake_that_was_typed_is_not_one_of_a_file(command):
    err = command(*QUICK, "inspection.effort.south=2")[2]
    assert err == "flowsim: inspection.effort.south must lie in [0, 1], got 2\n"


def test_a_mistake_in_an_inspection_file_is_named(command):
    write(Path("conf/inspection/odd.yaml"), "defaults: [prior, _self_]\nsensitivit: 1\n")
    code, _, err = command("--config-dir=conf", *QUICK, "inspection=odd")
    assert code == 1
    assert re.fullmatch(r"flowsim: .*inspection/odd.*sensitivit.*\n", err)


def test_an_experiment_sets_several_keys(command):
    text = "# @package _global_\ndefaults:\n  - override /world: single_checkpoint\nseed: 7\n"
    write(Path("conf/experiment/small.yaml"), text)
    code, out, _ = command("--config-dir=conf", "--cfg", "job", "experiment=small")
    assert code == 0
    assert "seed: 7\n" in out
    assert "name: single_checkpoint\n" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--cfg", "job"], "replications: 100"),
        (["--cfg", "job", "--package", "inspection.effort", "inspection=certain"], "south: 1"),
        (["--info", "searchpath"], "provider"),
        (["--hydra-help"], "Hydra"),
        (["-sc", "install=bash"], "complete"),
        (["--version"], f"flowsim {fs.__version__}"),
    ],
)
def test_hydra_s_flags_work(arguments, part, tmp_path):
    program = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    run = subprocess.run([*program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert part.lower() in run.stdout.lower()
    assert not list(tmp_path.iterdir())


def test_help_lists_every_key_and_every_option(command):
    code, out, err = command("--help")
    assert (code, err) == (0, "")
    for key in options.top_keys():
        assert re.search(rf"^  {key.name}\b.*\(default: ", out, re.MULTILINE | re.DOTALL)
        if key.is_group:
            for name in options.options(key.name, folders=[options.conf_dir()]):
                assert re.search(rf"^    {name} ", out, re.MULTILINE)
    assert all(len(line) <= 110 for line in out.splitlines())


def test_help_lists_the_options_of_a_folder_of_ones_own(command):
    write(Path("conf/world/mine.yaml"), "name: mine\ntitle: My own\n")
    assert "    mine " in command("--config-dir", "conf", "--help")[1]


@pytest.mark.slow
def test_the_examples_of_the_help_are_accepted(command):
    examples = re.findall(r"^  flowsim (.*?)  +\w", options.HELP, re.MULTILINE)
    assert len(examples) == 7
    for example in examples:
        assert command(*re.sub(r",(?![^[]*\])", "", example.removeprefix("-m ")).split(), "--cfg", "job")[0] == 0


@pytest.mark.slow
def test_the_names_of_the_package_load_when_they_are_used():
    script = (
        "import sys, flowsim as fs\n"
        "assert not {'numpy', 'xarray', 'scipy', 'matplotlib', 'hydra'} & set(sys.modules)\n"
        "assert [getattr(fs, name) for name in fs.__all__]\n"
        "assert callable(fs.simulate) and fs.simulate.__module__ == 'flowsim.api'\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_python_and_the_command_give_the_same_numbers(command):
    command(*QUICK, "seed=5", "out=mine")
    typed = files.open_results("mine")
    world = fs.load_world("single_checkpoint")
    called = fs.simulate(world, replications=1, horizon=300, seed=5)
    assert typed.equals(called)


@pytest.mark.parametrize(
    ("call", "wording"),
    [
        (lambda world: fs.load_world("kazakstan_2010"), "did you mean 'kazakhstan_2010'"),
        (lambda world: fs.load_world("nowhere/world/mine.yaml"), "a world must be the name of one that comes with"),
        (
            lambda world: fs.load_world("nowhere/world"),
            "or a file in a folder named world, as mine/world/mine.yaml, got",
        ),
        (
            lambda world: fs.load_world(Path(__file__).parent),
            "or a file in a folder named world, as mine/world/mine.yaml",
        ),
        (
            lambda world: fs.load_world(overrides=["seed=2"]),
            "seed= has no effect in load_world; a key must be one of world",
        ),
        (lambda world: fs.open_results(__file__), "results must be a file in netCDF4, as a run writes run.nc, got"),
        (lambda world: fs.simulate("single_checkpoint"), "world must be a World"),
        (lambda world: fs.simulate(world, policies=["nothing"]), "policy must be one of"),
        (lambda world: fs.simulate(world, engine="refernc"), "did you mean 'reference'"),
        (lambda world: fs.simulate(world, inflow=-1), "inflow must lie in"),
    ],
)
def test_python_refuses_in_the_same_words(call, wording):
    world = fs.load_world("single_checkpoint")
    with pytest.raises(ValueError, match=re.escape(wording)):
        call(world)


class NewYear(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 1, tzinfo=tz)


@pytest.mark.slow
def test_two_runs_of_one_second_have_a_folder_each(command, monkeypatch):
    """The second finds the folder of the first taken; before, one result was lost with exit code 0."""
    monkeypatch.setattr("hydra.core.utils.datetime", NewYear)
    said = []
    for inflow in (1, 2):
        code, out, err = command("world=single_checkpoint", "engine=expectation", f"inflow={inflow}")
        assert code == 0, err
        said.append(Path(out.rpartition("results: ")[2].strip()))
    assert [path.name for path in said] == ["2026-01-01_00-00-00", "2026-01-01_00-00-00_2"]
    masses = [float(fs.open_results(path)["expected_entered_mass"].sum()) for path in said]
    assert masses == pytest.approx([1000.0, 2000.0])
    assert Path("results/run/latest").resolve() == said[1].resolve()
