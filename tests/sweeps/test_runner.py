"""The job runner: it does what is missing and nothing else, and a failure or a killed process stops nothing."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import sweep_stores as small
from paths import TESTS

from flowsim.results import store
from flowsim.simulation import processes
from flowsim.sweeps import launchers, lock, runner
from flowsim.sweeps.launchers import InProcess, Processes
from flowsim.sweeps.progress import Watch, amount, span
from flowsim.sweeps.store import Unwritable


@pytest.fixture
def trouble(tmp_path):
    folder = tmp_path / "trouble"
    folder.mkdir()
    return folder


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "sweep"
    folder.mkdir()
    return small.made(folder)


def go(made, trouble=None, *, launcher=None, said=None, seconds=0.0):
    simulate = partial(small.simulate, jobs=made.grid, trouble=trouble, seconds=seconds)
    lines = [] if said is None else said
    with lock.of_call(made.path.parent):
        return runner.run(
            made, simulate=simulate, explain=small.explain, launcher=launcher or InProcess(), say=lines.append
        )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = small.made(tmp_path_factory.mktemp("undisturbed"))
    go(made)
    return small.contents(made.path)


def test_a_worker_whose_call_was_killed_begins_no_other_job(made, monkeypatch):
    """Another call may be at work as soon as the lock is free: the parent is looked for once the lock is held."""

    class Ended(BaseException):
        """End of the process."""

    def end(code):
        raise Ended(code)

    monkeypatch.setattr(processes, "_watched", [os.getppid() + 1])
    monkeypatch.setattr(processes.os, "_exit", end)
    with pytest.raises(Ended):
        runner.attempt(made, 0, simulate=lambda number: pytest.fail("it was simulated"), explain=str)
    assert (made.flags() == store.MISSING).all()
    monkeypatch.setattr(processes, "_watched", [os.getppid()])
    processes.end_if_orphaned()
    monkeypatch.setattr(processes, "_watched", [])
    processes.end_if_orphaned()


@pytest.mark.parametrize("launcher", [InProcess(), Processes(workers=2)], ids=["in_process", "processes"])
def test_all_jobs_are_done_and_the_launcher_makes_no_difference(made, launcher, undisturbed):
    outcome = go(made, launcher=launcher)
    assert (outcome.size, outcome.done, outcome.did, outcome.failed, outcome.left) == (8, 8, 8, {}, 0)
    assert small.contents(made.path) == undisturbed
    assert [path.name for path in made.path.parent.iterdir()] == [store.SWEEP]


def test_a_second_call_does_nothing(made):
    go(made)
    before = {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}
    assert go(made).did == 0
    assert {path: path.stat().st_mtime_ns for path in made.path.rglob("*")} == before


def test_a_failure_stops_nothing_and_a_second_call_does_what_failed_alone(made, trouble, undisturbed):
    (trouble / "3").write_text("no such thing")
    outcome = go(made, trouble)
    assert (outcome.done, outcome.failed) == (7, {3: "ValueError: no such thing"})
    assert not (made.path / "delay" / store.chunk_name(made.grid.index(3), inner=1)).exists()
    (trouble / "3").unlink()
    outcome = go(made, trouble)
    assert (outcome.did, outcome.done, outcome.failed) == (1, 8, {})
    assert small.contents(made.path) == undisturbed


def test_a_call_does_what_is_missing_was_killed_or_is_damaged_and_nothing_else(made, undisturbed):
    for number in range(6):
        small.do(made, number)
    made.begin(6)
    made._arrays["delay"][made.grid.index(6)] = 1.0
    (made.path / "delay" / store.chunk_name(made.grid.index(2), inner=1)).write_bytes(b"cut")
    said = []
    outcome = go(made, said=said)
    assert (outcome.did, outcome.done) == (3, 8)
    assert [line for line in said if "again" in line] == [
        "sweep: policy=baseline inflow=90.5 seed=1 runs again: delay damaged or missing"
    ]
    assert small.contents(made.path) == undisturbed


@pytest.mark.slow
def test_a_killed_process_costs_nothing_but_time(made, trouble, undisturbed):
    for number in (2, 5):
        (trouble / str(number)).write_text("die once")
    outcome = go(made, trouble, launcher=Processes(workers=2))
    assert (outcome.done, outcome.failed) == (8, {})
    assert small.contents(made.path) == undisturbed


@pytest.mark.slow
def test_a_job_that_kills_its_process_every_time_fails_and_the_others_are_done(made, trouble):
    (trouble / "2").write_text("die")
    outcome = go(made, trouble, launcher=Processes(workers=2))
    assert (outcome.done, outcome.failed) == (7, {2: runner.KILLED})


def test_a_disk_that_is_full_stops_the_sweep_with_a_sentence_and_loses_nothing(made, monkeypatch, undisturbed):
    written = []
    write = type(made).write

    def full(self, number, results):
        written.append(number)
        if number == 3:
            made._arrays["delay"][made.grid.index(3)] = 1.0
            raise Unwritable(f"{made.path} cannot be written (No space left on device)")
        write(self, number, results)

    with monkeypatch.context() as patch:
        patch.setattr(type(made), "write", full)
        with pytest.raises(Unwritable, match=r"cannot be written \(No space left on device\)"):
            go(made)
    assert written == [0, 1, 2, 3]
    assert made.flags().tolist() == [store.DONE] * 3 + [store.RUNNING] + [store.MISSING] * 4
    assert go(made).did == 5
    assert small.contents(made.path) == undisturbed


def test_two_calls_in_one_folder_at_once_are_refused(tmp_path):
    with lock.of_call(tmp_path):
        assert lock.is_held(tmp_path)
        with pytest.raises(ValueError, match="folder in which no other sweep is at work"), lock.of_call(tmp_path):
            pass
    assert not lock.is_held(tmp_path)
    with lock.of_call(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_call_waits_for_the_jobs_of_one_that_was_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    with lock.of_job(tmp_path):
        with pytest.raises(ValueError, match="no job of an earlier call is left; wait"), lock.of_call(tmp_path):
            pass
        with lock.of_job(tmp_path):
            pass
    with lock.of_call(tmp_path):
        pass


def test_the_system_lets_go_of_the_lock_of_a_killed_call(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from flowsim.sweeps import lock\n"
        "with lock.of_call(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    call = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with call.stdout:
        assert call.stdout.readline() == "held\n"
        assert lock.is_held(tmp_path)
        call.kill()
        call.wait()
    with lock.of_call(tmp_path):
        pass


def test_a_long_sweep_is_estimated_from_its_first_job(tmp_path):
    jobs = small.grid(inflows=("1", "2", "3"), seeds=("1", "2", "3", "4"))
    said = []
    go(small.made(tmp_path, jobs=jobs), said=said, seconds=0.01)
    assert len(said) == 1
    assert "for 20 jobs, 1 at once; " in said[0]
    assert "of memory each; " in said[0]
    assert "of disk, " in said[0]


def test_a_long_sweep_that_has_no_room_on_the_disk_is_not_begun(tmp_path, monkeypatch):
    jobs = small.grid(inflows=("1", "2", "3"), seeds=("1", "2", "3", "4"))
    made = small.made(tmp_path, jobs=jobs)
    monkeypatch.setattr(runner.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1000})())
    with pytest.raises(Unwritable, match=r"needs about .* of disk space, but 1\.0 kB is free"):
        go(made)
    assert (made.flags() == store.DONE).sum() == runner.FEW


def test_progress_comes_from_the_flags_in_the_store(made):
    small.do(made, 0)
    watch = Watch(made, pending=range(8))
    assert watch.counts() == (1, 0, 0)
    made.begin(1)
    assert watch.counts() == (1, 0, 1)
    made.fail(1, "no")
    time.sleep(0.01)
    assert watch.counts() == (1, 1, 0)
    assert "1 of 8 jobs done, 1 failed, " in watch.line()
    assert watch.line().endswith(" left")


def test_a_line_comes_now_and_then_where_there_is_no_terminal(made, monkeypatch):
    monkeypatch.setattr("flowsim.sweeps.progress.FIRST", 0.05)
    said = []
    go(made, said=said, seconds=0.1)
    assert 2 <= len(said) <= 7
    assert all(line.startswith("sweep: ") and "of 8 jobs done" in line for line in said)


class Terminal(io.StringIO):
    """A terminal of which what it shows can be read."""

    def isatty(self):
        return True


def test_a_terminal_has_a_bar_with_rate_and_time_left(made, trouble, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("flowsim.sweeps.progress.ON_TERMINAL", 0.05)
    (trouble / "0").write_text("no")
    simulate = partial(small.simulate, jobs=made.grid, trouble=trouble, seconds=0.1)
    with lock.of_call(made.path.parent):
        runner.run(made, simulate=simulate, explain=small.explain, launcher=InProcess())
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", terminal.getvalue())
    assert re.search(r"sweep [^\r\n]* [1-7]/8 1 failed, \d[\d.]* a (second|minute), \d+ s left", shown), shown


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (120, "2 min"), (7200, "2.0 h"), (10 * 86400, "10.0 days")])
def test_times_are_said_in_fitting_units(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(("size", "words"), [(2000, "2.0 kB"), (45e6, "45 MB"), (3e12, "3000 GB")])
def test_amounts_are_said_in_fitting_units(size, words):
    assert amount(size) == words


@pytest.mark.slow
def test_a_worker_ends_when_its_parent_is_killed(tmp_path):
    """Otherwise it would write into the store while the next call does."""
    folder = tmp_path / "sweep"
    folder.mkdir()
    small.made(folder)
    script = (
        "import sys; from functools import partial; from pathlib import Path\n"
        "import sweep_stores as small\n"
        "from flowsim.sweeps import lock, runner\n"
        "from flowsim.sweeps.launchers import Processes\n"
        "from flowsim.sweeps.store import Store\n"
        "made = Store(Path(sys.argv[1]) / 'sweep.zarr')\n"
        "simulate = partial(small.simulate, jobs=made.grid, seconds=30)\n"
        "with lock.of_call(made.path.parent):\n"
        "    runner.run(made, simulate=simulate, explain=small.explain, launcher=Processes(workers=2))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    call = subprocess.Popen([sys.executable, "-c", script, str(folder)], env=environment)
    made = small.stores.Store(folder / store.SWEEP)
    while (made.flags() == store.RUNNING).sum() < 2:
        time.sleep(0.05)
        assert call.poll() is None
    call.kill()
    call.wait()
    begun = time.monotonic()
    with lock.of_call(folder):
        assert time.monotonic() - begun < 10
    assert np.count_nonzero(made.flags() == store.DONE) == 0


def test_a_sweep_that_need_not_be_estimated_is_not(tmp_path):
    jobs = small.grid(inflows=("1", "2", "3"), seeds=("1", "2", "3", "4"))
    made, said = small.made(tmp_path, jobs=jobs), []
    simulate = partial(small.simulate, jobs=made.grid, trouble=None, seconds=0.01)
    with lock.of_call(tmp_path):
        outcome = runner.run(
            made, simulate=simulate, explain=small.explain, launcher=InProcess(), say=said.append, estimate=False
        )
    assert (outcome.done, said) == (jobs.size, [])


@pytest.mark.parametrize("own", [None, "glibc.malloc.check=0"])
def test_processes_begin_with_large_pages_unless_the_user_says_otherwise(monkeypatch, own):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if own is not None:
        monkeypatch.setenv("GLIBC_TUNABLES", own)
    with launchers.given_large_pages():
        assert os.environ["GLIBC_TUNABLES"] == (own or launchers.LARGE_PAGES)
    assert os.environ.get("GLIBC_TUNABLES") == own
