"""Ends before the end: a comparison and a calibration whose workers are killed, starved or stopped by Ctrl-C."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowsim.results import store

PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")
COMPARED = (
    *("study=compare", "world=single_checkpoint", "policies=[incentives]", "draws=8", "study.sets=8"),
    *("replications=1", "horizon=700", "traffic_years=0.02", "workers=2", "out=mine"),
)
CALIBRATED = ("study=calibrate", "study.chains=2", "study.steps=500", "study.draws=2", "workers=2", "out=mine")
RESUMES = "what is done is kept, and the same command with out=mine resumes it"
ANEW = "nothing is kept, and the same command begins anew"

pytestmark = [pytest.mark.slow, pytest.mark.long]


def begin(folder, typed, **more):
    return subprocess.Popen(
        [*PROGRAM, *typed],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **more,
    )


def end(process):
    """Exit code, output, and the lines that say why a command ended."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err
    return process.returncode, out, [line for line in err.splitlines() if line.startswith("flowsim: ")]


def workers_of(parent):
    """Processes at work for a command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields, words = (folder / "stat").read_text().rpartition(")")[2].split(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and (b"LokyProcess" in words or b"spawn_main" in words):
            found.append(int(folder.name))
    return found


def flags(folder):
    """How many jobs are done, and how many others are at work."""
    path = folder / "mine" / store.SWEEP
    found = [flag for _, flag in store.flag_files(path)] if (path / store.STATUS).is_dir() else []
    return found.count(store.DONE), found.count(store.RUNNING)


def wait(process, true):
    while not true():
        assert process.poll() is None
        time.sleep(0.02)


def test_ctrl_c_stops_a_comparison_and_the_same_command_goes_on(tmp_path):
    process = begin(tmp_path, COMPARED)
    wait(process, lambda: flags(tmp_path)[0] > 1 and flags(tmp_path)[1])
    os.killpg(process.pid, signal.SIGINT)
    assert end(process) == (130, "", [f"flowsim: stopped; {RESUMES}"])
    done, status = flags(tmp_path)[0], tmp_path / "mine" / store.SWEEP / store.STATUS
    assert 0 < done < 8
    kept = {
        file.name: file.stat().st_mtime_ns for file in status.glob("c*") if file.read_bytes() == bytes([store.DONE])
    }
    code, out, said = end(begin(tmp_path, COMPARED))
    assert (code, said) == (0, [])
    assert "results: mine" in out
    assert {name: (status / name).stat().st_mtime_ns for name in kept} == kept


def test_a_comparison_goes_on_without_a_worker_that_is_killed(tmp_path):
    process = begin(tmp_path, COMPARED)
    wait(process, lambda: flags(tmp_path)[1] and workers_of(process.pid))
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    code, out, said = end(process)
    assert (code, said) == (0, [])
    assert "results: mine" in out


def test_a_comparison_whose_workers_are_killed_again_and_again_says_so_and_is_resumed(tmp_path):
    process = begin(tmp_path, COMPARED)
    wait(process, lambda: flags(tmp_path)[0])
    while process.poll() is None:
        for pid in workers_of(process.pid) if flags(tmp_path)[1] else ():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
    code, out, said = end(process)
    assert (code, out) == (1, "")
    [line] = said
    assert "jobs failed: " in line
    assert "its process was killed again and again; perhaps it needs more memory than there is" in line
    assert line.endswith(RESUMES)
    assert end(begin(tmp_path, COMPARED))[0] == 0


def test_a_calibration_whose_worker_is_killed_ends_in_a_sentence_and_leaves_nothing(tmp_path):
    process = begin(tmp_path, CALIBRATED)
    wait(process, lambda: (tmp_path / "mine").is_dir() and len(workers_of(process.pid)) == 2)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    sentence = "flowsim: a worker process was killed, perhaps because it needs more memory than there is"
    assert end(process) == (1, "", [f"{sentence}; {ANEW}"])
    assert not list(tmp_path.iterdir())


def test_ctrl_c_stops_a_calibration_and_its_workers(tmp_path):
    process = begin(tmp_path, CALIBRATED)
    wait(process, lambda: (tmp_path / "mine").is_dir() and len(workers_of(process.pid)) == 2)
    os.killpg(process.pid, signal.SIGINT)
    assert end(process) == (130, "", [f"flowsim: stopped; {ANEW}"])
    assert not list(tmp_path.iterdir())


def test_starved_workers_cost_time_or_are_named_and_the_same_command_finishes(tmp_path):
    """The limit is set on the workers alone; those that die of it are replaced, and those that notice it fail a job."""
    process = begin(tmp_path, COMPARED)
    wait(process, lambda: flags(tmp_path)[0] and workers_of(process.pid))
    for pid in workers_of(process.pid):
        resource.prlimit(pid, resource.RLIMIT_AS, (2**27, 2**27))
    code, out, said = end(process)
    assert code in (0, 1)
    assert ("results: mine" in out) == (code == 0)
    assert [line.endswith(RESUMES) and ("memory" in line) for line in said] == [True] * code
    assert end(begin(tmp_path, COMPARED))[0] == 0
