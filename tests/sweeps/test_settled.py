"""References of a configuration: what jobs in other processes read is what the command meant."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from amounts import rest_slow
from omegaconf import OmegaConf

import flowsim as fs
from flowsim.config.builder import request_of
from flowsim.config.compose import compose_config
from flowsim.sweeps.grid import Axis, Grid
from flowsim.sweeps.settled import settled, settled_grid

SMALL = ("world=single_checkpoint", "engine=expectation")
SOUTH = "inspection.effort.south"
CROSSING = "inspection.effort.crossing"


@pytest.fixture
def clock():
    """A resolver that other processes do not know, as Hydra's `now`."""
    OmegaConf.register_new_resolver("clock", lambda text: f"{text} o'clock")
    yield
    OmegaConf.clear_resolver("clock")


def test_references_are_followed_but_for_those_to_swept_keys_and_to_reported_figures(clock, monkeypatch):
    monkeypatch.setenv("FLOWSIM_TEST", "${a}")
    config = OmegaConf.create(
        {
            "swept": 1,
            "name": "run",
            "time": "results/${name}/${clock:9}",
            "node": "${group}",
            "group": {"of": ["${name}", "${swept}"]},
            "relative": {"own": 5, "other": "${.own}"},
            "through": "${copied}",
            "copied": "${swept}",
            "both": "${clock:9}: ${swept}",
            "decoded": "${oc.decode:'${swept}'}",
            "chosen": "${oc.select:swept,0}",
            "number": "${oc.decode:'2'}",
            "literal": "${oc.env:FLOWSIM_TEST}",
            "source": "${reported:some-figure}",
            "broken": "${nothing}",
        }
    )
    found = settled(config, swept=["swept"])
    kept = OmegaConf.to_container(found)
    assert kept["time"] == "results/run/9 o'clock"
    assert (kept["relative"]["other"], kept["number"]) == (5, 2)
    assert kept["group"]["of"] == ["run", "${swept}"]
    assert kept["both"] == "9 o'clock: ${swept}"
    assert (kept["source"], kept["broken"]) == ("${reported:some-figure}", "${nothing}")
    found.swept = 7
    assert (found.through, found.decoded, found.chosen, found.both) == (7, 7, 7, "9 o'clock: 7")
    assert list(found.node.of) == ["run", 7]
    assert found.literal == "${a}"


def test_swept_values_are_followed_before_they_become_labels(clock, monkeypatch):
    monkeypatch.setenv("FLOWSIM_TEST", "two words, it's")
    texts = ("5", "$\\{oc.env\\:FLOWSIM_TEST\\}", "${clock:9}", "$\\{other\\}", "${oc.decode:'6'}")
    axis = settled_grid(Grid(axes=(Axis(name="x", keys=("x",), texts=tuple((text,) for text in texts)),))).axes[0]
    assert axis.labels(0) == ["5", "two words, it's", "9 o'clock", "${other}", "6"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "typed",
    rest_slow(
        (typed,)
        for typed in (
            ("hydra/launcher=in_process", "inflow=0.5,2"),
            ("hydra/launcher=basic", "inflow=0.5,2"),
            ("hydra/launcher=in_process", "hydra/sweeper=sobol", "hydra.sweeper.samples=2", "inflow=interval(1,2)"),
            ("hydra/launcher=in_process", "hydra/sweeper=table", "hydra.sweeper.table=rows.csv"),
            ("hydra/launcher=in_process", "inflow=0.5,2", "out=${oc.env:FLOWSIM_TEST}/${now:%Y}/${hydra:job.name}"),
            (
                "hydra/launcher=in_process",
                f"{SOUTH}=${{inspection.effort.crossing}}",
                "inspection.effort.crossing=0.1,0.2",
            ),
            ("inflow=0.5,2",),
        )
    ),
    ids=" ".join,
)
def test_a_sweep_without_out_runs_with_every_launcher_and_sweeper(command, monkeypatch, tmp_path, typed):
    monkeypatch.setenv("FLOWSIM_TEST", "own")
    (tmp_path / "rows.csv").write_text("inflow\n1\n2\n")
    code, out, err = command("-m", *SMALL, *typed)
    assert code == 0, err
    folder = tmp_path / out.rpartition("results: ")[2].strip()
    plan = json.loads((folder / "sweep.zarr/plan/zarr.json").read_text())["attributes"]
    for composition in plan["compositions"].values():
        left = [line for line in composition["configuration"].splitlines() if "${" in line]
        assert left == (["    south: ${inspection.effort.crossing}"] if any(SOUTH in text for text in typed) else [])
    opened = fs.open_results(folder)
    assert bool((opened["status"] == 2).all())


@pytest.mark.slow
@pytest.mark.long
def test_a_sweep_without_out_runs_with_hydras_launcher_of_joblib(tmp_path):
    """In a process of its own, as this launcher pickles classes by value and leaves others in their place."""
    program = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    typed = ["-m", *SMALL, "hydra/launcher=joblib", "inflow=0.5,2"]
    run = subprocess.run([*program, *typed], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    folder = tmp_path / run.stdout.rpartition("results: ")[2].strip()
    assert bool((fs.open_results(folder)["status"] == 2).all())


@pytest.mark.slow
def test_the_composition_that_jobs_of_a_comparison_read_holds_no_reference(monkeypatch):
    monkeypatch.setenv("FLOWSIM_TEST", "own")
    typed = ["study=compare", "out=${oc.env:FLOWSIM_TEST}/${now:%Y}", "world=single_checkpoint"]
    composed = compose_config(typed)
    given = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    request = request_of(given, hydra=composed.hydra, command="", typed=typed, stamped=False)
    assert re.fullmatch(r"own/20\d\d", str(request.out))
    configuration = request.composition()["configuration"]
    assert f"out: {request.out}\n" in configuration
    assert "${" not in configuration
