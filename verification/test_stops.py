"""Commands stopped at any moment of their life: what is done is kept, and a repeated command gives the same bytes.

The command itself is stopped, with its default launcher: the parent, its workers or all of them, by each signal. A
moment is drawn over the whole life, from the start of Python to the end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import flowsim as fs
from flowsim.results import store
from flowsim.sweeps import lock
from verification.amounts import amount
from verification.test_sweep_faults import PROGRAM, ROOT, begin, check_whole, finish, undisturbed, workers_of

__all__ = ["undisturbed"]

pytestmark = pytest.mark.slow

SMALL = ("world=single_checkpoint", "replications=1", "horizon=300", "workers=2", "out=mine")
COMMANDS = {
    "sweep": (("-m", *SMALL, "seed=range(0,40)"), amount(8, 800)),
    "comparison": (
        (
            *("study=compare", "world=two_routes", "policies=[incentives]", "draws=8", "study.sets=8"),
            *("replications=1", "horizon=700", "traffic_years=0.02", "workers=2", "out=mine"),
        ),
        amount(2, 100),
    ),
    "calibration": (
        ("study=calibrate", "study.chains=2", "study.steps=60", "study.draws=2", "workers=2", "out=mine"),
        amount(2, 100),
    ),
}
"""Arguments of each command, and how often it is stopped."""

LEAST = 0.6
"""Least share of the stops of sweeps that must fall among running jobs, in a full verification [1]."""


def start(folder: Path, typed: tuple[str, ...]) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, sys.path)])}
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*PROGRAM, *typed],
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, said = process.communicate(timeout=600)
    return process.returncode, said.decode()


def results_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def everyone(process: subprocess.Popen[bytes], sign: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sign)


def a_worker(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    for pid in dice.sample(sorted(workers_of(process.pid)), 1) if workers_of(process.pid) else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pause(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    everyone(process, signal.SIGSTOP)
    time.sleep(0.2 * dice.random())
    everyone(process, signal.SIGCONT if dice.random() < 0.5 else signal.SIGKILL)


STOPS = {
    "SIGKILL of the parent": lambda process, dice: process.kill(),
    "SIGKILL of all": lambda process, dice: everyone(process, signal.SIGKILL),
    "SIGKILL of a worker": a_worker,
    "SIGTERM of the parent": lambda process, dice: process.terminate(),
    "SIGTERM of all": lambda process, dice: everyone(process, signal.SIGTERM),
    "SIGINT of all": lambda process, dice: everyone(process, signal.SIGINT),
    "SIGINT of the parent": lambda process, dice: process.send_signal(signal.SIGINT),
    "SIGSTOP of all": pause,
}


def is_among_jobs(folder: Path) -> bool:
    """Whether some jobs of a sweep are begun and others are not done."""
    flags = folder / "mine" / store.SWEEP / store.STATUS
    if not flags.is_dir():
        return False
    found = [flag for _, flag in store.flag_files(flags.parent)]
    return bool(found) and (len(found) < 40 or found.count(store.DONE) < len(found))


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_that_is_stopped_and_repeated_gives_the_same_bytes(tmp_path, kind, say):
    typed, count = COMMANDS[kind]
    begun = time.monotonic()
    assert end(start(tmp_path / "whole", typed))[0] == 0
    life, right = time.monotonic() - begun, results_in(tmp_path / "whole")
    dice, fell, among = random.Random(19), Counter[str](), 0
    for number in range(count):
        how = list(STOPS)[number % len(STOPS)]
        folder = tmp_path / str(number)
        process = start(folder, typed)
        moment = time.monotonic() + life * dice.random()
        while time.monotonic() < moment and process.poll() is None:
            time.sleep(0.005)
        if process.poll() is None:
            fell[how] += 1
            among += is_among_jobs(folder)
            STOPS[how](process, dice)
        _, said = end(process)
        assert "Traceback" not in said, f"{how}: {said}"
        if (folder / "mine").is_dir():
            assert not [path for path in (folder / "mine").iterdir() if path.is_dir() and path.name[0] == "."]
        code, said = end(start(folder, typed))
        assert code == 0, f"{how}: {said}"
        assert results_in(folder) == right, how
        shutil.rmtree(folder)
    say(f"{kind}: {sum(fell.values())} of {count} stops in {life:.1f} s each, {among} among jobs; all the same bytes")
    if kind == "sweep" and count > 100:
        assert among >= LEAST * count


def test_of_two_writers_at_once_one_is_refused_and_the_store_is_whole(tmp_path, say):
    typed = COMMANDS["sweep"][0]
    assert end(start(tmp_path / "whole", typed))[0] == 0
    refused = 0
    for number in range(amount(1, 20)):
        folder = tmp_path / str(number)
        both = [start(folder, typed) for _ in range(2)]
        ends = [end(process) for process in both]
        refused += sum("no other sweep is at work" in said for _, said in ends)
        assert 0 in [code for code, _ in ends], ends
        assert end(start(folder, typed))[0] == 0
        assert results_in(folder) == results_in(tmp_path / "whole")
    say(f"{refused} of {amount(1, 20)} pairs of commands overlapped; one of them was refused")


def test_a_store_may_be_moved_or_copied_and_goes_on_elsewhere(tmp_path, undisturbed):
    made = begin(tmp_path / "sweep")
    finish(made)
    (made.path / store.STATUS / "c.0.0.0").unlink()
    shutil.copytree(tmp_path / "sweep", tmp_path / "copied")
    shutil.move(tmp_path / "sweep", tmp_path / "moved")
    for name in ("copied", "moved"):
        again = type(made)(tmp_path / name / store.SWEEP)
        assert (again.flags() != store.DONE).sum() == 1
        assert finish(again).did == 1
        check_whole(again, undisturbed)


def test_a_folder_without_locks_takes_a_sweep(tmp_path, undisturbed, monkeypatch):
    import fcntl

    def without(handle, kind):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", without)
    made = begin(tmp_path / "sweep")
    with lock.of_run(tmp_path):
        finish(made)
    shutil.rmtree(tmp_path / "sweep" / store.SWEEP / "seizures" / "job.0.0.0")
    again = type(made)(made.path)
    assert finish(again).did == 1
    xr.testing.assert_identical(fs.open_results(made.path, seizures=True).load(), undisturbed[1])
    assert np.all(again.flags() == store.DONE)
