"""Commands stopped at any moment of their life: what is done is kept, and a repeated command gives the same bytes.

The command itself is stopped, with its default launcher: the parent, its workers or all of them, by each signal. A
command is stopped a few times, each time after it went on from the stop before, and is then left alone; after every
stop what lies in its folder is compared with what an undisturbed command leaves, and in the end all of it.
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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import own_calibration  # shared with the tests
import pytest
import xarray as xr

import flowsim as fs
from flowsim.results import store
from flowsim.sweeps import lock
from verification.amounts import amount
from verification.test_sweep_faults import PROGRAM, ROOT, begin, check_whole, finish, undisturbed

__all__ = ["undisturbed"]

pytestmark = pytest.mark.slow

SMALL = ("world=single_checkpoint", "replications=1", "workers=2", "out=mine")
COMMANDS = {
    "sweep": (("-m", *SMALL, "horizon=300", "seed=range(0,24)"), amount(40, 700)),
    "comparison": (
        (
            *("study=compare", "policies=[incentives]", "draws=8", "study.sets=8", *SMALL, "horizon=200"),
            "traffic_years=0.02",
        ),
        amount(8, 150),
    ),
    "calibration": (
        (
            *("study=calibrate", "world=single_checkpoint", "calibration=mine", "--config-dir=../own"),
            *("study.chains=2", "study.steps=60", "study.draws=4", "workers=2", "out=mine"),
        ),
        amount(8, 150),
    ),
}
"""Arguments of each command, and how often it is stopped; in all 1,000 times, or 56 times with reduced amounts."""

LEAST = 0.6
"""Least share of the stops that must fall among running jobs [1]."""

IN_A_ROW = 8
"""Most stops of one command, of which the first falls anywhere in its life and the others among its jobs [1]."""

GROWING = (".flowsim.json", "seal", "zarr.json")
"""Files that are written again as a command goes on."""


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


def workers_of(parent: int) -> list[int]:
    """Processes at work for a command, whatever began them."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
            if int(fields[1]) == parent and (b"LokyProcess" in words or b"spawn_main" in words):
                found.append(int(folder.name))
    return sorted(found)


def everyone(process: subprocess.Popen[bytes], sign: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sign)


def a_worker(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    found = workers_of(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(dice.choice(found) if found else process.pid, signal.SIGKILL)


def pause(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    everyone(process, signal.SIGSTOP)
    time.sleep(0.2 * dice.random())
    everyone(process, signal.SIGCONT if dice.random() < 0.5 else signal.SIGKILL)


STOPS = {
    "SIGKILL of the parent": lambda process, dice: process.kill(),
    "SIGKILL of all": lambda process, dice: everyone(process, signal.SIGKILL),
    "SIGTERM of the parent": lambda process, dice: process.terminate(),
    "SIGINT of all": lambda process, dice: everyone(process, signal.SIGINT),
    "SIGKILL of a worker": a_worker,
    "SIGTERM of all": lambda process, dice: everyone(process, signal.SIGTERM),
    "SIGINT of the parent": lambda process, dice: process.send_signal(signal.SIGINT),
    "SIGSTOP of all": pause,
}


@dataclass(frozen=True)
class Life:
    """An undisturbed command."""

    typed: tuple[str, ...]
    """Its arguments."""

    whole: float
    """How long it takes [s]."""

    jobs: float
    """How long its jobs take [s]."""

    left: dict[str, bytes]
    """Files that it leaves."""


def is_among_jobs(folder: Path, process: subprocess.Popen[bytes], *, begun: float) -> bool:
    """Whether a job that this call has begun is not done; of a calibration, whether processes are at work."""
    flags = folder / "mine" / store.SWEEP / store.STATUS
    if not flags.is_dir():
        return (folder / "mine" / ".flowsim.json").exists() and bool(workers_of(process.pid))
    with contextlib.suppress(FileNotFoundError):
        for index, flag in store.flag_files(flags.parent):
            file = flags / ".".join(["c", *map(str, index)])
            if flag == store.RUNNING and file.stat().st_mtime >= begun:
                return True
    return False


def undisturbed_life(folder: Path, typed: tuple[str, ...]) -> Life:
    begun, wall, among = time.monotonic(), time.time(), []
    process = start(folder, typed)
    while process.poll() is None:
        if is_among_jobs(folder, process, begun=wall):
            among.append(time.monotonic())
        time.sleep(0.05)
    assert process.returncode == 0, end(process)
    end(process)
    return Life(typed, time.monotonic() - begun, among[-1] - among[0], results_in(folder))


def stopped(
    life: Life, folder: Path, *, how: str, dice: random.Random, anywhere: bool
) -> tuple[bool, bool, int | None, str]:
    """Start a command and stop it; whether it was stopped, and among its jobs; its exit code and what it said."""
    wall = time.time()
    process = start(folder, life.typed)
    moment = time.monotonic() + life.whole * dice.random()
    if not anywhere:
        while process.poll() is None and not is_among_jobs(folder, process, begun=wall):
            time.sleep(0.02)
        moment = time.monotonic() + 0.4 * life.jobs * dice.random()
    while time.monotonic() < moment and process.poll() is None:
        time.sleep(0.005)
    fell = process.poll() is None
    among = fell and is_among_jobs(folder, process, begun=wall)
    if fell and (anywhere or among):
        STOPS[how](process, dice)
    return fell and (anywhere or among), among, *end(process)


def check_left(life: Life, folder: Path) -> None:
    """Every file with the name of a result is that result, whole; others say how far the command is, and grow."""
    for name, data in results_in(folder).items():
        path = Path(name)
        if name in life.left and path.name not in GROWING and store.STATUS not in path.parts:
            assert data == life.left[name], name


def is_of_python(said: str) -> bool:
    """Whether Python itself was stopped by Ctrl-C, before the command began to answer."""
    return "KeyboardInterrupt" in said and ", in answer" not in said


PARTS = {"sweep": 4, "comparison": 1, "calibration": 1}
"""Tests among which the stops of each command are divided, so that several processes share them."""


@pytest.mark.parametrize(("kind", "part"), [(kind, part) for kind in COMMANDS for part in range(PARTS[kind])])
def test_a_command_that_is_stopped_and_repeated_gives_the_same_bytes(tmp_path, kind, part, say):
    typed, count = COMMANDS[kind]
    count //= PARTS[kind]
    own_calibration.write(tmp_path / "own")
    life = undisturbed_life(tmp_path / "whole", typed)
    dice, fell, among, begun = random.Random(19 + part), Counter[str](), 0, time.monotonic()
    while fell.total() < count:
        folder = tmp_path / "stopped"
        for number in range(IN_A_ROW):
            how = list(STOPS)[fell.total() % len(STOPS)]
            was, hit, code, said = stopped(life, folder, how=how, dice=dice, anywhere=number == 0)
            fell[how] += was
            among += was and hit
            assert "Traceback" not in said or is_of_python(said), said
            assert code in (0, 1, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT), (how, code, said)
            assert "a mistake in flowsim" not in said, (how, said)
            check_left(life, folder)
            if code == 0 or fell.total() == count:
                break
        code, said = end(start(folder, typed))
        assert code == 0, said
        assert results_in(folder) == life.left
        shutil.rmtree(folder)
    took = (time.monotonic() - begun) / count
    say(f"{kind}: {count} stops in lives of {life.whole:.0f} s, {took:.0f} s each, {among} among running jobs")
    say(", ".join(f"{how}: {number}" for how, number in fell.items()))
    assert among >= LEAST * count


WRITERS = {"sweep": "no other sweep is at work", "comparison": "no other command is at work"}
"""Commands with a store, and what the second writer of one is told."""


@pytest.mark.parametrize("kind", WRITERS)
def test_a_second_writer_is_refused_while_the_first_is_at_its_jobs(tmp_path, kind, say):
    """The parent of the first is halted until the second has ended, so that they overlap; its workers go on."""
    life = undisturbed_life(tmp_path / "whole", COMMANDS[kind][0])
    pairs = amount(1, 10)
    for number in range(pairs):
        folder, wall = tmp_path / str(number), time.time()
        first = start(folder, life.typed)
        while not is_among_jobs(folder, first, begun=wall):
            assert first.poll() is None
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)
        code, said = end(start(folder, life.typed))
        first.send_signal(signal.SIGCONT)
        assert code == 1
        assert f"out must be a folder in which {WRITERS[kind]}, got mine" in said
        assert end(first)[0] == 0
        assert results_in(folder) == life.left
    say(f"{kind}: {pairs} second writers refused")


def test_of_two_writers_that_begin_at_once_one_is_refused_or_both_finish(tmp_path, say):
    life = undisturbed_life(tmp_path / "whole", COMMANDS["sweep"][0])
    refused = 0
    for number in range(amount(1, 10)):
        folder = tmp_path / str(number)
        both = [end(process) for process in [start(folder, life.typed) for _ in range(2)]]
        refused += sum(code == 1 and WRITERS["sweep"] in said for code, said in both)
        assert sorted(code for code, _ in both) in ([0, 0], [0, 1]), both
        assert results_in(folder) == life.left
    say(f"{refused} of {amount(1, 10)} pairs overlapped, and one of each was refused")


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
