"""Sweeps that are really killed, starved and damaged: nothing done is lost or wrong, and a rerun completes them.

Jobs cost nothing but their writing, so that most kills hit a write. A rerun must give what an undisturbed sweep gives,
to the last bit of every file that jobs write.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import flowsim as fs
from flowsim.results import store
from flowsim.sweeps import lock, runner
from flowsim.sweeps.launchers import InProcess
from flowsim.sweeps.store import Store, Unwritable

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

import sweep_stores as small  # noqa: E402  # shared with the tests

from verification.amounts import amount  # noqa: E402

pytestmark = pytest.mark.slow

KILLS = amount(10, 50)
"""Kills in all, of workers and of parents."""

INFLOWS = tuple(str(number) for number in range(1, 31))
"""Values of one key; with two policies and two seeds there are 120 jobs."""

SCRIPT = """
import sys
from functools import partial
from pathlib import Path
import sweep_stores as small
from flowsim.sweeps import lock, runner
from flowsim.sweeps.launchers import InProcess, Processes
from flowsim.sweeps.store import Store

made = Store(Path(sys.argv[1]) / "sweep.zarr")
launcher = Processes(workers=2) if sys.argv[2] == "processes" else InProcess()
simulate = partial(small.simulate, jobs=made.grid, seconds=float(sys.argv[3]))
with lock.of_call(made.path.parent):
    outcome = runner.run(made, simulate=simulate, explain=small.explain, launcher=launcher)
sys.exit(outcome.done < outcome.size)
"""
"""A call of a sweep in a process of its own, with a store that is there already."""


def jobs():
    return small.grid(inflows=INFLOWS)


def begin(folder: Path) -> Store:
    folder.mkdir(parents=True)
    return small.made(folder, jobs=jobs())


def call(folder: Path, *, launcher: str = "processes", seconds: float = 0.0, **more: object) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src"), *filter(None, sys.path)])
    command = [sys.executable, "-c", SCRIPT, str(folder), launcher, str(seconds)]
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload, no-any-return]


def finish(made: Store) -> runner.SweepOutcome:
    """Do what is left, in this process."""
    simulate = partial(small.simulate, jobs=made.grid)
    with lock.of_call(made.path.parent):
        return runner.run(made, simulate=simulate, explain=small.explain, launcher=InProcess(), say=lambda text: None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What jobs write when nothing goes wrong, the opened results, and how long two workers take [s]."""
    made = begin(tmp_path_factory.mktemp("undisturbed") / "sweep")
    process = call(made.path.parent)
    begun = wait_for_first(made, process)
    assert process.wait() == 0
    process.stderr.close()
    return small.contents(made.path), fs.open_results(made.path, seizures=True).load(), time.monotonic() - begun


def wait_for_first(made: Store, process: subprocess.Popen[bytes]) -> float:
    """Time at which the first job begins."""
    status = made.path / store.STATUS
    while not any(file.name.startswith("c") for file in status.iterdir()):
        assert process.poll() is None
        time.sleep(0.002)
    return time.monotonic()


def is_hit(made: Store) -> bool:
    """Whether a job was in the middle of its writing."""
    running = [int(number) for number in np.flatnonzero(made.flags() == store.RUNNING)]
    parts = [(name, len(made._dims(name))) for name in made.parts[:-1]]
    begun = any(
        (made.path / name / store.chunk_name(made.grid.index(number), inner=inner)).exists()
        for number in running
        for name, inner in parts
    )
    return begun or bool(list(made.path.rglob("*.partial")))


def workers_of(parent: int) -> list[int]:
    """Processes of a parent that do jobs."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"LokyProcess" in words:
            found.append(int(folder.name))
    return found


def check_done(made: Store, undisturbed: tuple[dict[str, bytes], xr.Dataset, float]) -> int:
    """Number of jobs that are done, whose results are there and right; no other has any."""
    flags = made.flags().reshape(made.grid.shape)
    assert not [number for number in np.flatnonzero(flags.ravel() == store.DONE) if made.damaged(int(number))]
    opened, right = fs.open_results(made.path).load(), undisturbed[1]
    done = xr.DataArray(flags == store.DONE, dims=made.grid.names)
    for name in small.VARIABLES:
        xr.testing.assert_equal(opened[name], right[name].where(done))
    return int(done.sum())


def check_whole(made: Store, undisturbed: tuple[dict[str, bytes], xr.Dataset, float]) -> None:
    """All is there as if nothing had happened."""
    assert small.contents(made.path) == undisturbed[0]
    xr.testing.assert_identical(fs.open_results(made.path, seizures=True).load(), undisturbed[1])
    assert {path.name for path in made.path.parent.iterdir()} == {store.SWEEP}


VICTIMS: dict[str, Callable[[subprocess.Popen[bytes], random.Random], None]] = {
    "the parent": lambda process, dice: process.kill(),
    "the parent and its workers": lambda process, dice: os.killpg(process.pid, signal.SIGKILL),
    "a worker": lambda process, dice: (
        [os.kill(pid, signal.SIGKILL) for pid in dice.sample(sorted(workers_of(process.pid)), 1)] and None
    ),
}


def test_kills_at_random_moments_cost_nothing_but_time(tmp_path, undisturbed, say):
    dice = random.Random(7)
    hits, kills, missed = Counter[str](), Counter[str](), 0
    order = [list(VICTIMS)[k % len(VICTIMS)] for k in range(KILLS)]
    for k, victim in enumerate(order):
        made = begin(tmp_path / str(k))
        process = call(made.path.parent)
        begun = wait_for_first(made, process)
        moment = begun + dice.random() * undisturbed[2]
        while time.monotonic() < moment and process.poll() is None:
            time.sleep(0.001)
        if process.poll() is None and (victim != "a worker" or workers_of(process.pid)):
            VICTIMS[victim](process, dice)
            kills[victim] += 1
            hits[victim] += is_hit(made)
        else:
            missed += 1
        if victim == "a worker":
            assert process.wait(timeout=300) == 0, process.stderr.read().decode()
            assert (made.flags() == store.DONE).all()
        else:
            process.wait(timeout=60)
            with lock.of_call(made.path.parent):  # waits until no worker of the killed call is left
                check_done(made, undisturbed)
        process.stderr.close()
        outcome = finish(made)
        assert (outcome.done, outcome.failed) == (made.grid.size, {})
        check_whole(made, undisturbed)
        shutil.rmtree(made.path.parent)
    for victim in VICTIMS:
        say(f"SIGKILL of {victim}: {kills[victim]} times, {hits[victim]} hit a running write; nothing lost or wrong")
    if missed:
        say(f"{missed} of {KILLS} came when the sweep had ended")
    assert sum(hits.values()) >= KILLS // 5


def test_several_workers_of_one_call_may_be_killed(tmp_path, undisturbed, say):
    """Each after some more jobs; one job whose process is killed whenever it is tried fails in the end."""
    made = begin(tmp_path / "sweep")
    process = call(made.path.parent, seconds=0.05)
    kills = 0
    while process.poll() is None:
        before = int((made.flags() == store.DONE).sum())
        while process.poll() is None and (made.flags() == store.DONE).sum() < before + 15:
            time.sleep(0.05)
        for pid in workers_of(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
            kills += 1
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=600) == 0, said
    say(f"{kills} workers of one call killed; it did all {made.grid.size} jobs")
    assert kills >= 3
    check_whole(made, undisturbed)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A disk in memory, which only root may make."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no disk in memory can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def fill(file: Path) -> None:
    """Take all that is left of a disk."""
    with contextlib.suppress(OSError), file.open("wb", 0) as ballast:
        while ballast.write(bytes(4096)):
            pass


@pytest.mark.parametrize("launcher", ["processes", "in_process"])
def test_a_disk_that_fills_up_stops_a_sweep_and_loses_nothing(tmp_path, undisturbed, launcher, say):
    disk = tmp_path / "disk"
    with mounted(disk, "size=20m"):
        made = begin(disk / "sweep")
        process = call(made.path.parent, launcher=launcher, seconds=0.05)
        while (made.flags() == store.DONE).sum() < 10:
            assert process.poll() is None
            time.sleep(0.01)
        fill(disk / "ballast")
        said = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(timeout=120) != 0
        assert "No space left on device" in said
        done = check_done(made, undisturbed)
        say(f"a disk was full after {done} of {made.grid.size} jobs ({launcher})")
        assert 10 <= done < made.grid.size
        with pytest.raises((Unwritable, ValueError), match="No space left on device"):
            finish(made)
        assert check_done(made, undisturbed) >= done
        (disk / "ballast").unlink()
        assert finish(made).done == made.grid.size
        check_whole(made, undisturbed)


def test_a_disk_without_room_for_the_whole_sweep_stops_it_after_its_first_jobs(tmp_path, undisturbed):
    disk = tmp_path / "disk"
    with mounted(disk, "size=3m"):
        made = begin(disk / "sweep")
        with pytest.raises(Unwritable, match=r"needs about 3\.\d MB of disk space, but [23]\.\d MB is free"):
            finish(made)
        assert check_done(made, undisturbed) == runner.FEW
        remount(disk, "size=100m")
        assert finish(made).did == made.grid.size - runner.FEW
        check_whole(made, undisturbed)


def test_a_disk_too_small_for_the_template_leaves_nothing(tmp_path):
    disk = tmp_path / "disk"
    with mounted(disk, "size=40k"):
        with pytest.raises(Unwritable, match="No space left on device"):
            begin(disk / "sweep")
        assert list((disk / "sweep").iterdir()) == []


def test_a_limit_on_the_size_of_files_stops_a_sweep_and_loses_nothing(tmp_path, undisturbed):
    made = begin(tmp_path / "sweep")
    for number in range(3):
        small.do(made, number)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (60, 60))
    process = call(made.path.parent, launcher="in_process", preexec_fn=limit)
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=120) != 0
    assert "File too large" in said
    assert check_done(made, undisturbed) == 3
    assert finish(made).did == made.grid.size - 3
    check_whole(made, undisturbed)


def test_a_read_only_folder_is_refused_with_a_sentence_and_can_be_read(tmp_path, undisturbed):
    disk = tmp_path / "disk"
    with mounted(disk, "size=100m"):
        made = begin(disk / "sweep")
        for number in range(3):
            small.do(made, number)
        (disk / "another").mkdir()
        remount(disk, "ro")
        with pytest.raises(ValueError, match=r"out must name a folder that can be written \(Read-only file system\)"):
            finish(made)
        assert check_done(made, undisturbed) == 3
        with pytest.raises(Unwritable, match="Read-only file system"):
            small.made(disk / "another", jobs=jobs())
        remount(disk, "rw")
        assert finish(made).did == made.grid.size - 3
        check_whole(made, undisturbed)


def test_a_file_that_is_cut_or_deleted_is_never_read_as_something_else(tmp_path, undisturbed, say):
    """Of each kind of file some, chosen at random, one after another in a store that is whole."""
    dice = random.Random(11)
    made = begin(tmp_path / "sweep")
    finish(made)
    files: dict[str, list[Path]] = {}
    for path in sorted(made.path.rglob("*")):
        name = path.relative_to(made.path)
        if path.is_file() and name.parts[0] != "plan":
            kind = "metadata" if path.name == "zarr.json" else name.parts[0]
            files.setdefault("seizures" if name.parts[0] == store.SEIZURES else kind, []).append(path)
    refused, tried = 0, 0
    for own in files.values():
        for path in dice.sample(own, min(4, len(own))):
            for how in ("deleted", "cut"):
                data = path.read_bytes()
                path.unlink() if how == "deleted" else path.write_bytes(data[: dice.randrange(len(data))])
                tried += 1
                try:
                    opened = fs.open_results(made.path, seizures=True).load()
                except (ValueError, OSError, KeyError, TypeError, RuntimeError):
                    refused += 1
                else:
                    check_read(opened, undisturbed[1], file=path)
                again = Store(made.path)
                mend(again)
                finish(again)
                check_whole(again, undisturbed)
    say(f"{tried} files cut or deleted: {refused} refused when read, the others without effect; all were put back")
    assert refused >= tried // 2


def check_read(opened: xr.Dataset, right: xr.Dataset, *, file: Path) -> None:
    """What is read is right, or absent where the status says so."""
    done = opened["status"] == store.DONE
    for name in small.VARIABLES:
        xr.testing.assert_equal(opened[name], right[name].where(done), check_dim_order=True)
    for name in right.coords:
        if not str(name).startswith("seizure"):
            xr.testing.assert_equal(opened[name], right[name])
    assert done.all() or file.parent.name == store.STATUS


def mend(made: Store) -> None:
    """What a call does before its jobs."""
    from flowsim.sweeps.store import mend

    mend(small.template(jobs()), made)


PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")


def test_the_command_goes_on_from_where_it_was_killed_or_stopped(tmp_path, say):
    """The model itself, through the command line: a kill of everything, then Ctrl-C, then a call that is left alone."""
    typed = ["-m", "world=single_checkpoint", "replications=2", "inflow=0.5,2", "seed=range(0,20)", "workers=2"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, sys.path)])}
    start = partial(
        subprocess.Popen, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    whole = start([*PROGRAM, *typed, "out=whole"])
    whole.communicate()
    assert whole.returncode == 0
    before = 0
    for sign, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        process = start([*PROGRAM, *typed, "out=mine"], start_new_session=True)
        made = tmp_path / "mine" / store.SWEEP
        while not (made / store.STATUS).is_dir() or done_in(made) < before + 5:
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, sign)
        _, said = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Traceback" not in said
        before = done_in(made)
        say(f"the command was stopped by {sign.name} with {before} of 40 jobs done")
    last = start([*PROGRAM, *typed, "out=mine"])
    out, said = last.communicate()
    assert last.returncode == 0, said
    assert out.startswith(f"40 of 40 jobs done, {before} of them earlier")
    assert small.contents(tmp_path / "mine") == small.contents(tmp_path / "whole")


def done_in(path: Path) -> int:
    return int((store.read_flags(path, shape=[2, 20]) == store.DONE).sum())
