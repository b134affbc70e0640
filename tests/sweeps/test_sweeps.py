"""Sweeps from the command line: one store, done once, refused with a sentence, and never running other code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sweep_stores as small
import xarray as xr
from amounts import rest_slow
from described import undescribed
from hydra.core.override_parser.overrides_parser import OverridesParser

import flowsim as fs
from flowsim.config import jobs
from flowsim.config.builder import request_of
from flowsim.config.compose import compose_config
from flowsim.results import store
from flowsim.sweeps import designs, lock
from flowsim.sweeps import overrides as asked
from flowsim.sweeps import plan as planning
from flowsim.sweeps.grid import ROW

HERE = "hydra/launcher=in_process"
QUICK = ("-m", HERE, "world=single_checkpoint", "replications=1", "horizon=300", "out=mine")
CLOSED = ("-m", HERE, "world=single_checkpoint", "engine=expectation", "out=mine")
POLICY = "# @package policy.{name}\ntitle: A policy\nsources: [a document]\nin_force: false\nchanges:\n  - {change}\n"
PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def wide():
    """A policy of one's own, in a folder of configuration."""
    change = "{kind: scale_lanes, factor: 2, checkpoints: [gate]}"
    write(Path("conf/policy/wide.yaml"), POLICY.format(name="wide", change=change))
    return "--config-dir=conf"


@pytest.mark.slow
def test_a_sweep_makes_one_store_with_a_dim_for_each_key(command):
    code, out, err = command(wide(), *QUICK, "policy=baseline,[wide,baseline]", "inflow=0.5,2", "seed=1,2")
    assert code == 0
    assert {line.partition(" ")[0] for line in err.splitlines()} <= {"sweep:"}  # said where a job takes long
    assert out == "8 of 8 jobs done (policy 2 x inflow 2 x seed 2)\n\nresults: mine\n"
    assert [path.name for path in Path("mine").iterdir()] == [store.SWEEP]
    opened = fs.open_results("mine")
    assert opened["seized_mass"].dims[:4] == ("policy", "inflow", "seed", "replication")
    assert opened["policy"].values.tolist() == ["baseline", "wide+baseline"]
    assert opened["inflow"].values.tolist() == [0.5, 2.0]
    assert opened["seed"].values.tolist() == [1, 2]
    assert opened["inflow"].attrs == {"long_name": "heroin entering, no other drug", "units": "t year-1"}
    assert (opened["status"] == store.DONE).all()
    assert undescribed(opened) == undescribed(fs.open_results("mine", seizures=True)) == []
    plain = xr.open_zarr("mine/sweep.zarr")
    assert undescribed(plain) == []
    assert set(plain.coords) == set(opened.coords)
    assert all(isinstance(value, str) for value in opened.attrs.values())
    assert "single_checkpoint" in opened.attrs["configuration"]
    assert "hydra" not in opened.attrs["configuration"]
    assert opened.attrs["command"].startswith("flowsim --config-dir=conf -m")
    assert (opened.attrs["seed"], opened.attrs["calibration"]) == ("1, 2", "prior")


@pytest.mark.slow
def test_a_job_of_a_sweep_gives_the_numbers_of_a_run(command):
    assert command(*QUICK, "inflow=0.5,2", "seed=1,2")[0] == 0
    assert command(*QUICK[2:5], "inflow=2", "seed=2", "workers=1", "out=alone")[0] == 0
    swept, alone = fs.open_results("mine", seizures=True), fs.open_results("alone")
    job = swept.sel(inflow=2, seed=2).drop_dims("seizure")
    assert {*alone.data_vars} - {"seizure_mass", "seizure_hours"} == {*job.data_vars} - {"status"}
    assert job["delay_by_class_mcse"].dims == ("policy", "checkpoint", "vehicle_class", "direction")
    for name in job.drop_vars("status"):
        xr.testing.assert_equal(job[name].drop_vars(["inflow", "seed"]), alone[name])
    own = (swept.seizure_inflow == 2) & (swept.seizure_seed == 2)
    assert np.array_equal(swept.seizure_mass[own], alone.seizure_mass)
    assert swept.seizure_checkpoint[own].values.tolist() == alone.seizure_checkpoint.values.tolist()


@pytest.mark.slow
def test_a_sweep_of_one_job_has_no_dims_of_its_own(command):
    code, out, _ = command(*CLOSED)
    assert (code, out.splitlines()[0]) == (0, "1 of 1 jobs done (one job)")
    assert fs.open_results("mine")["expected_rate"].dims == ("policy", "drug")


@pytest.mark.slow
def test_the_same_command_does_what_failed_alone(command):
    assert command(*CLOSED, "inflow=0.5,2,3")[0] == 0
    status = Path("mine", store.SWEEP, store.STATUS)
    before = {path.name: path.stat().st_mtime_ns for path in status.iterdir()}
    (status / "c.1").unlink()
    code, out, _ = command(*CLOSED, "inflow=0.5,2,3")
    assert (code, out.splitlines()[0]) == (0, "3 of 3 jobs done, 2 of them earlier (inflow 3)")
    after = {path.name: path.stat().st_mtime_ns for path in status.iterdir()}
    assert {name for name in before if before[name] == after[name]} == {"zarr.json", "c.0", "c.2"}


def test_a_failure_does_not_stop_the_others_and_the_end_says_why(command):
    code, out, err = command(*CLOSED, "inflow=-1,0.5,99", "inspection.effort.south=0.5,2")
    assert code == 1
    lines = err.splitlines()
    assert lines[0].startswith("flowsim: inflow=-1 inspection.effort.south=0.5: inflow must lie in [0, 10] t/year")
    assert "flowsim: inflow=-1 inspection.effort.south=2 and 2 more: inspection.effort.south must lie in" in err
    assert re.fullmatch(r"flowsim: 5 of 6 jobs failed; to repeat them: flowsim -m .* out=mine .*", lines[-1])
    assert out.startswith("1 of 6 jobs done (inflow 3 x south 2)")
    assert fs.open_results("mine")["status"].values.tolist() == [[3, 3], [2, 3], [3, 3]]


@pytest.mark.slow
def test_the_status_says_what_is_done_failed_and_missing_and_how_to_finish(command):
    assert command(*CLOSED, "inflow=-1,0.5,2,3")[0] == 1
    (Path("mine", store.SWEEP, store.STATUS) / "c.2").unlink()
    (Path("mine", store.SWEEP, "expected_rate") / "c.3.0.0").write_bytes(b"cut")
    code, out, err = command("study=sweep_status", "out=mine")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "mine: inflow 4, 4 jobs",
        "",
        "done           1",
        "failed         1",
        "         inflow=-1: inflow must lie in [0, 10] t/year, got -1",
        "damaged        1",
        "         inflow=3: expected_rate",
        "stopped        0",
        "missing        1",
        "         inflow=2",
        "",
        "To finish it: flowsim " + " ".join([*CLOSED, "inflow=-1,0.5,2,3"]),
    ]
    code, _, err = command(*CLOSED, "inflow=-1,0.5,2,3")
    assert "inflow=3 runs again: expected_rate damaged or missing" in err
    assert fs.open_results("mine")["status"].values.tolist() == [3, 2, 2, 2]
    with lock.of_call(Path("mine")):
        assert command("study=sweep_status", "out=mine")[1].endswith("A call is at work on it now.\n")


def test_the_status_of_what_is_no_sweep_is_refused(command):
    code, _, err = command("study=sweep_status", "out=nowhere")
    assert (code, err) == (1, "flowsim: out must be the folder of a sweep, which holds sweep.zarr, got nowhere\n")
    assert not Path("nowhere").exists()


@pytest.mark.slow
def test_another_configuration_in_an_old_folder_is_refused_with_the_difference(command):
    assert command(*CLOSED, "inflow=0.5,2")[0] == 0
    for typed, shown in (
        (["inflow=0.5,3"], ["  - inflow: 0.5, 2", "  + inflow: 0.5, 3"]),
        (["inflow=0.5,2", "inspection.effort.south=0.5"], ["  -     south: 1.0", "  +     south: 0.5"]),
    ):
        code, out, err = command(*CLOSED, *typed)
        assert (code, out) == (1, "")
        assert err.startswith("flowsim: out must be a new folder or that of the same sweep, got 'mine', whose sweep")
        assert set(shown) <= set(err.splitlines()), err
    assert command(*CLOSED, "inflow=0.5,2", "workers=1")[0] == 0


@pytest.mark.slow
def test_changed_tables_in_an_old_folder_are_refused(command):
    source = Path(fs.__file__).parent / "data" / "worlds" / "single_checkpoint"
    for file in source.glob("*.csv"):
        write(Path("conf/world/tables") / file.name, file.read_text(encoding="utf-8"))
    own = "defaults:\n  - override /inspection@_global_.inspection: certain\n  - _self_\n"
    write(Path("conf/world/own.yaml"), f"{own}name: own\ntitle: My own\nyear: 2010\ntables: tables\n")
    typed = ("--config-dir=conf", "-m", HERE, "world=own", "engine=expectation", "out=mine", "inflow=0.5,2")
    assert command(*typed)[0] == 0
    places = Path("conf/world/tables/places.csv")
    places.write_text(places.read_text().replace("Example", "Elsewhere"))
    code, _, err = command(*typed)
    assert code == 1
    assert re.search(r"^  \+ table world/tables/places.csv: \w+$", err, re.MULTILINE), err


def test_two_calls_in_one_folder_at_once_are_refused(command):
    Path("mine").mkdir()
    with lock.of_call(Path("mine")):
        code, _, err = command(*CLOSED, "inflow=0.5,2")
    assert (code, err) == (1, "flowsim: out must be a folder in which no other sweep is at work, got mine\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "wording"),
    [
        (["replications=5,10"], r"replications must have one value in one store, as it changes the length .*"),
        (["draws=1,2"], r"draws must have one value in one store, as it changes the length of the dim draw; .*"),
        (["out=a,b"], r"out must have one value in a sweep, got .*"),
        (["seed=1,1"], r"seed must have different names, got '1' more than once"),
        (["inflow=interval(1,2)"], r"an interval must have a design, as hydra/sweeper=sobol, got 'inflow'"),
        (["study=check,evidence"], r"study must be one of run in one store; hydra/sweeper=basic .*"),
        (["study=check", "inflow=1,2"], r"study must be one of run in one store; .*, got check"),
        (["engine=expectation", "seed=1,2"], r"seed= has no effect in study=run engine=expectation; .*"),
        (["inflow=1,2", "inspection.effort.suoth=0.1,0.2"], r"the key of inspection.effort.suoth=.* mean 'south'\?"),
        (
            ["hydra/sweeper=table", "hydra.sweeper.table=no.csv"],
            r"hydra.sweeper.table must be a CSV table .*, got no.csv",
        ),
        (["hydra/sweeper=sobol", "inflow=interval(2,1)"], r"interval must have a finite low end .*"),
        (["hydra/sweeper=sobol", "hydra.sweeper.samples=3", "inflow=interval(1,2)"], r".* be a power of 2 .*, got 3"),
        (["hydra/sweeper=morris", "inflow=1,2"], r"a design must have a range, as inflow=interval\(60,90\), got .*"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line_and_leaves_nothing(command, arguments, wording):
    given = ["world=single_checkpoint", *arguments]
    code, out, err = command("-m", HERE, *given, *([] if "out=a,b" in arguments else ["out=mine"]))
    assert (code, out) == (1, "")
    assert re.fullmatch(f"flowsim: {wording}\n", err), err
    assert not list(Path.cwd().iterdir())


@pytest.mark.slow
def test_labels_are_the_union_over_worlds_and_policies(command):
    change = "{kind: close_checkpoint, name: gate}"
    write(Path("conf/policy/shut.yaml"), POLICY.format(name="shut", change=change))
    typed = ("--config-dir=conf", "-m", HERE, "engine=expectation", "out=mine", "policy=baseline,shut")
    code, _, err = command(*typed, "world=single_checkpoint,two_routes")
    assert code == 1
    assert "policy=shut world=two_routes: " in err
    opened = fs.open_results("mine")
    seized = opened["expected_seized_mass"]
    assert opened["world"].values.tolist() == ["single_checkpoint", "two_routes"]
    assert set(opened["checkpoint"].values) > {"gate"}
    own = seized.sel(policy="baseline", world="two_routes")
    assert own.sel(checkpoint="gate").isnull().all()
    assert own.notnull().any()


@pytest.mark.slow
def test_policies_that_hand_crossings_to_another_agency_share_a_store(command):
    code, out, _ = command("-m", HERE, "engine=expectation", "out=mine", "policy=baseline,customs_union")
    assert (code, out.splitlines()[0]) == (0, "2 of 2 jobs done (policy 2)")
    seized = fs.open_results("mine")["expected_seized_mass_by_channel"].sel(drug="heroin", agency="Customs")
    before, after = (float(seized.sel(policy=name).sum()) for name in ("baseline", "customs_union"))
    assert 0 < after < before


@pytest.mark.slow
def test_engines_share_a_store_each_with_its_own_variables(command):
    assert (
        command("-m", HERE, "world=single_checkpoint", "horizon=300", "out=mine", "engine=reference,expectation")[0]
        == 0
    )
    opened = fs.open_results("mine")
    assert opened["entered_mass"].sel(engine="expectation").isnull().all()
    assert opened["expected_entered_mass"].sel(engine="reference").isnull().all()
    assert opened["expected_entered_mass"].sel(engine="expectation").notnull().all()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["reference", "expectation"])
@pytest.mark.parametrize("world", ["single_checkpoint", "one_ring", "two_drugs"])
def test_the_template_has_exactly_what_a_run_gives(world, engine):
    composed = compose_config([f"world={world}", f"engine={engine}", "replications=2", "horizon=200"])
    typed = [f"world={world}"]
    request = request_of(composed, hydra=composed.hydra, command="", typed=typed, stamped=False)
    shape = jobs.shape_of(request)
    results = fs.simulate(request.world, engine=engine, replications=2, horizon=200)
    assert set(shape.variables) == {name for name, array in results.items() if "seizure" not in array.dims}
    for dim in {dim for name in shape.variables for dim in results[name].dims}:
        assert list(shape.labels[dim]) == results[dim].values.tolist()
    for name, (dim, words) in shape.along.items():
        if name in results.coords:
            assert [words[label] for label in results[dim].values.tolist()] == results[name].values.tolist()


@pytest.mark.slow
def test_labels_that_appear_with_cases_have_room(command):
    typed = ("inspection.intelligence.cases_knb=0,0.5,2", "world=one_ring", "inspection.intelligence.cases_committee=0")
    code, _, err = command("-m", HERE, "engine=expectation", "out=mine", *typed)
    assert (code, err) == (0, "")
    opened = fs.open_results("mine")
    assert any(name.startswith("at-") for name in opened["checkpoint"].values)
    assert opened["cases_knb"].attrs["units"] == "year-1"


@pytest.mark.slow
def test_rows_of_a_table_are_jobs_with_the_values_as_coordinates(command):
    write(Path("rows.csv"), "inflow,inspection.effort.south\n0.5,0.1\n2,0.1\n2,0.3\n")
    code, out, _ = command(*CLOSED, "hydra/sweeper=table", "hydra.sweeper.table=rows.csv")
    assert (code, out.splitlines()[0]) == (0, "3 of 3 jobs done (row 3)")
    opened = fs.open_results("mine")
    assert opened["expected_entered_mass"].dims[0] == ROW
    assert opened["inflow"].dims == opened["south"].dims == (ROW,)
    assert opened["south"].values.tolist() == [0.1, 0.1, 0.3]
    entered = opened["expected_entered_mass"].sum(["policy", "drug"])
    assert np.allclose(entered[1] / entered[0], 4)


@pytest.mark.slow
def test_rows_cross_with_other_keys(command):
    write(Path("rows.csv"), "inflow,engine\n0.5,expectation\n2,expectation\n")
    typed = ("-m", HERE, "world=single_checkpoint", "out=mine", "hydra/sweeper=table", "hydra.sweeper.table=rows.csv")
    assert command(*typed, "inspection.effort.south=0.5,1")[0] == 0
    opened = fs.open_results("mine")
    assert opened["expected_rate"].dims[:2] == ("south", ROW)
    assert opened["engine"].values.tolist() == ["expectation"] * 2


@pytest.mark.parametrize(
    ("text", "wording"),
    rest_slow(
        [
            ("inflow,seed\n1\n", r"rows.csv line 2 must have 2 cells, got 1"),
            ("inflow,seed\n1,\n", r"rows.csv line 2 must give inflow, seed, got .*"),
            ("inflow,inflow\n1,2\n", r"rows.csv line 1 must have each column once, got 'inflow' 2 times"),
            ("inflow\n", r"hydra.sweeper.table must be a CSV table .* \(rows.csv must have at least one row, .*"),
            ("inflwo\n1\n", r"the key of inflwo=1 must .*; did you mean 'inflow'\?"),
            ("replications\n1\n2\n", r"replications must have one value in one store, .*"),
        ],
        quick=2,
    ),
)
def test_a_mistake_in_a_table_is_named(command, text, wording):
    write(Path("rows.csv"), text)
    code, _, err = command(*CLOSED, "hydra/sweeper=table", "hydra.sweeper.table=rows.csv")
    assert code == 1
    assert re.fullmatch(f"flowsim: {wording}\n", err), err
    assert [path.name for path in Path.cwd().iterdir()] == ["rows.csv"]


@pytest.mark.parametrize(
    ("kind", "samples", "rows"), [("sobol", 8, 8 * 4), ("latin_hypercube", 8, 8), ("morris", 5, 5 * 3)]
)
def test_a_design_lies_in_its_ranges_and_depends_on_its_seed_alone(kind, samples, rows):
    ranges = {"inflow": designs.Range(low=60.0, high=90.0), "x": designs.Range(low=1e-3, high=1.0, log=True)}
    axis, again, other = (designs.sampled(kind, ranges, samples=samples, seed=seed) for seed in (1, 1, 2))
    values = np.array([axis.labels(column) for column in (0, 1)])
    assert values.shape == (2, rows)
    assert ((values[0] >= 60) & (values[0] <= 90)).all()
    assert ((values[1] >= 1e-3) & (values[1] <= 1)).all()
    assert axis == again
    assert axis != other


def test_a_log_range_is_even_in_the_logarithm():
    """Each decade holds a third of a Latin hypercube, up to one row at each of its ends."""
    ranges = {"x": designs.Range(low=1e-3, high=1.0, log=True)}
    values = np.array(designs.sampled("latin_hypercube", ranges, samples=300, seed=1).labels(0))
    assert np.histogram(values, bins=[1e-3, 1e-2, 1e-1, 1.0])[0].tolist() == pytest.approx([100] * 3, abs=1)


@pytest.mark.slow
def test_a_designed_sweep_makes_rows(command):
    typed = ("inflow=interval(0.5,5)", "inspection.effort.south=tag(log,interval(0.1,1))")
    own = ("hydra/sweeper=latin_hypercube", "hydra.sweeper.samples=4")
    assert command(*CLOSED, *own, *typed)[0] == 0
    opened = fs.open_results("mine")
    assert opened["expected_entered_mass"].sizes[ROW] == 4
    entered = opened["expected_entered_mass"].sum(["policy", "drug"])
    assert np.allclose(entered / opened["inflow"], (entered / opened["inflow"])[0])


@pytest.mark.slow
def test_the_values_of_an_experiment_are_swept_without_a_flag(command):
    text = "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params: {inflow: '0.5,2'}\n"
    write(Path("conf/experiment/small.yaml"), text)
    typed = (HERE, "world=single_checkpoint", "engine=expectation", "out=mine")
    assert command("--config-dir=conf", *typed, "experiment=small")[0] == 0
    assert fs.open_results("mine")["inflow"].values.tolist() == [0.5, 2.0]
    assert command("--config-dir=conf", *typed[:-1], "out=other", "experiment=small", "inflow=1")[0] == 0
    assert "inflow" not in fs.open_results("other").coords


class Counting:
    """A loader of Hydra that counts what it composes."""

    def __init__(self, groups):
        self.groups, self.count = groups, 0

    def get_group_options(self, key):
        return ["a"] if key in self.groups else []

    def load_sweep_config(self, master, overrides):
        self.count += 1
        return compose_config(["world=single_checkpoint", "engine=expectation"])


class Nothing:
    """A task that prepares a shape without building a world."""

    def check(self, config):
        pass

    def check_keys(self, texts):
        pass

    def prepare(self, config, *, typed):
        attributes = {"version": "1", "command": "flowsim"}
        return jobs.Prepared(small.shape(), attributes, {})

    def notes(self, keys, *, short):
        return {}


@pytest.mark.slow
def test_each_combination_of_options_is_composed_once():
    texts = ["policy=a,b,c", "world=u,v", "inflow=range(0,100)", "seed=range(0,20)"]
    grid = asked.grid_of(OverridesParser.create().parse_overrides(texts), settings=asked.Settings())
    loader = Counting(("policy", "world"))
    master = compose_config(["world=single_checkpoint"])
    composer = planning.Composer(loader, master, grid.fixed)
    plan = planning.plan_of(grid, composer=composer, task=Nothing())
    assert (grid.size, loader.count) == (12000, 6)
    assert plan.template.grid.names == ("policy", "world", "inflow", "seed")


def in_a_process_of_its_own(*arguments):
    """The command in another process: its exit code and what it prints."""
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    ["processes", *(pytest.param(name, marks=pytest.mark.long) for name in ("in_process", "basic", "joblib"))],
)
def test_every_launcher_writes_the_same_store_and_finishes_it(command, launcher):
    if launcher == "joblib":  # Hydra's pickles classes by value and leaves others in their place in this process
        command = in_a_process_of_its_own
    typed = (f"hydra/launcher={launcher}", *QUICK[2:-1], "seed=1,2,3", "workers=2")
    assert command("-m", *typed, "out=mine")[0] == 0
    assert command("-m", HERE, *typed[1:], "out=other")[0] == 0
    assert small.contents(Path("mine")) == small.contents(Path("other"))
    (Path("mine", store.SWEEP, store.STATUS) / "c.1").unlink()
    code, out, _ = command("-m", *typed, "out=mine")
    assert (code, out.splitlines()[0]) == (0, "3 of 3 jobs done, 2 of them earlier (seed 3)")
    assert small.contents(Path("mine")) == small.contents(Path("other"))


@pytest.mark.slow
@pytest.mark.parametrize("sweep", rest_slow([[], ["hydra/sweeper=basic"]]), ids=["our sweeper", "hydra's sweeper"])
@pytest.mark.parametrize(
    "hydra",
    [
        "callbacks: {x: {_target_: os.mkdir, path: pwned}}",
        "job_logging: {root: {handlers: []}, handlers: {x: {(): os.mkdir, path: pwned}}}",
        "launcher: {_target_: hydra._internal.core_plugins.basic_launcher.Path}",
    ],
    ids=["callback", "log", "launcher"],
)
def test_an_option_that_is_swept_cannot_have_other_code_run(command, sweep, hydra):
    text = "# @package _global_\ndefaults: [single_checkpoint, _self_]\nworld: {name: evil}\n"
    write(Path("conf/world/evil.yaml"), f"{text}hydra:\n  {hydra}\n")
    code, out, err = command("--config-dir=conf", "-m", *sweep, "world=single_checkpoint,evil", "out=mine")
    assert (code, out) == (1, "")
    assert re.fullmatch(r"flowsim: hydra\..* must be a class of .*\n", err), err
    assert not Path("pwned").exists()
    assert not Path("mine").exists()


def test_what_an_experiment_sweeps_cannot_have_other_code_run(command):
    basic = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
    params = "{'+hydra.job_logging.handlers.x.class': os.mkdir, seed: '1,2'}"
    for sweeper_of in (f"{{_target_: {basic}, max_batch_size: null, params: {params}}}", f"{{params: {params}}}"):
        text = f"# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper: {sweeper_of}\n"
        write(Path("conf/experiment/evil.yaml"), text)
        code, out, err = command("--config-dir=conf", *QUICK[1:], "experiment=evil")
        assert (code, out) == (1, "")
        assert "hydra.sweeper.params must name keys outside of hydra, got '+hydra.job_logging.handlers.x.class'" in err
        assert not Path("pwned").exists()


def test_a_launcher_of_another_plugin_is_accepted_and_one_of_another_package_is_not(command):
    assert command("--cfg", "hydra", "hydra/launcher=joblib")[0] == 0
    code, _, err = command("-m", "hydra.launcher._target_=subprocess.Popen", "seed=1,2")
    assert code == 1
    assert "must be a class of flowsim or of Hydra's plugins, got subprocess.Popen" in err


@pytest.mark.slow
def test_ctrl_c_stops_a_sweep_and_the_same_command_goes_on(tmp_path):
    typed = ["-m", "world=single_checkpoint", "replications=2", "horizon=2000", "seed=range(0,40)", "workers=2"]
    typed.append("out=mine")
    process = subprocess.Popen(
        [*PROGRAM, *typed], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    status = tmp_path / "mine" / store.SWEEP / store.STATUS
    while not status.is_dir() or sum(file.name.startswith("c") for file in status.iterdir()) < 4:
        assert process.poll() is None
    os.killpg(process.pid, 2)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        "flowsim: stopped; what is done is kept, and the same command with out=mine resumes it"
    )
    assert "leaked" not in said
    assert "Traceback" not in said
    assert {path.name for path in (tmp_path / "mine").iterdir()} <= {store.SWEEP, lock.JOBS}
    done = int((store.read_flags(status.parent, shape=[40]) == store.DONE).sum())
    assert 0 < done < 40
    again = subprocess.run([*PROGRAM, *typed], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert again.stdout.startswith(f"40 of 40 jobs done, {done} of them earlier (seed 40)")


def test_what_hydra_finds_of_flowsim_is_light():
    """Every command imports it."""
    script = (
        "import sys, hydra_plugins.flowsim as found\n"
        "assert not {'numpy', 'xarray', 'zarr', 'joblib', 'SALib'} & set(sys.modules)\n"
        "print(json := sorted(name for name in dir(found) if name[0].isupper()))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert {"InProcess", "Processes", "StoreSweeper"} <= set(json.loads(run.stdout.replace("'", '"')))
