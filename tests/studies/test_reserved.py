"""Folders of results: one configuration, one call at a time, nothing foreign lost, nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import flowsim as fs
from flowsim.results import disk
from flowsim.studies import reserved
from flowsim.sweeps import lock

QUICK = ("world=single_checkpoint", "engine=expectation", "out=mine")
SWEEP = ("-m", *QUICK, "hydra/launcher=in_process", "inflow=1,2")
PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")


def contents(folder=Path("mine")):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_the_same_command_may_be_repeated_and_another_is_refused(command):
    assert command(*QUICK)[0] == 0
    before = contents()
    assert command(*QUICK)[0] == 0
    assert set(contents()) == set(before)
    before = contents()
    code, out, err = command(*QUICK, "inflow=3")
    assert (code, out) == (1, "")
    assert err.startswith("flowsim: out must be a new folder or that of the same command, got 'mine', whose results")
    assert {"  - inflow: null", "  + inflow: 3"} <= set(err.splitlines())
    assert contents() == before
    assert command(*QUICK, "inflow=3", "overwrite=true")[0] == 0
    assert fs.open_results("mine").attrs["configuration"].count("inflow: 3\n") == 1
    assert "overwrite" not in fs.open_results("mine").attrs["configuration"]
    assert command(*QUICK, "inflow=3")[0] == 0


@pytest.mark.slow
def test_foreign_files_are_never_lost(command):
    Path("mine").mkdir()
    Path("mine/run.nc").write_text("mine")
    for typed in (QUICK, SWEEP):
        code, _, err = command(*typed)
        assert code == 1
        rule = "be a new folder, an empty one or that of the same command"
        held = "it holds run.nc; overwrite=true writes beside and over them"
        assert err == f"flowsim: out must {rule} ({held}), got mine\n"
        assert contents() == {"run.nc": b"mine"}
    Path("mine/run.nc").rename("mine/notes.txt")
    assert command(*QUICK, "overwrite=true")[0] == 0
    assert contents()["notes.txt"] == b"mine"
    assert "it holds notes.txt; overwrite=true" in command(*QUICK)[2]
    Path("mine/notes.txt").unlink()
    assert command(*QUICK)[0] == 0


@pytest.mark.slow
def test_a_run_and_a_sweep_do_not_share_a_folder(command):
    assert command(*SWEEP)[0] == 0
    assert "out must be a new folder, an empty one or" in command(*QUICK)[2]
    assert command(*QUICK, "overwrite=true")[0] == 0
    assert fs.open_results("mine/sweep.zarr")["inflow"].size == 2
    assert "it holds " in command(*SWEEP)[2]


@pytest.mark.slow
def test_another_sweep_is_replaced_only_when_that_is_asked_for(command):
    assert command(*SWEEP)[0] == 0
    assert "whose sweep differs" in command(*SWEEP[:-1], "inflow=5,6")[2]
    assert command(*SWEEP[:-1], "inflow=5,6", "overwrite=true")[0] == 0
    assert fs.open_results("mine")["inflow"].values.tolist() == [5, 6]


def test_a_folder_in_use_is_refused(command):
    Path("mine").mkdir()
    with lock.of_run(Path("mine")):
        code, _, err = command(*QUICK)
    assert (code, err) == (1, "flowsim: out must be a folder in which no other command is at work, got mine\n")
    assert not list(Path("mine").iterdir())


@pytest.mark.slow
def test_a_killed_study_may_be_repeated_and_replaced_by_no_other(command, monkeypatch):
    assert command(*QUICK)[0] == 0
    record = Path("mine", reserved.RECORD)
    record.write_text(record.read_text().replace('"finished": true', '"finished": false'))
    Path("mine/run.csv").unlink()
    assert "whose results differ" in command(*QUICK, "inflow=3")[2]
    assert command(*QUICK)[0] == 0


@pytest.mark.slow
def test_files_that_a_killed_study_was_writing_are_gone_after_the_next(command, monkeypatch):
    """By the names that files have while they are written; what only resembles one is a stranger's."""
    seen, rename = [], os.replace

    def replaced(old, new):
        seen.append(Path(old).name)
        rename(old, new)

    with monkeypatch.context() as patched:
        patched.setattr(disk.os, "replace", replaced)
        assert command(*QUICK)[0] == 0
    names = set(contents())
    for name in ("run.nc", reserved.RECORD):
        Path("mine", next(own for own in seen if own.startswith(f".{name}-"))).write_bytes(b"half")
    assert command(*QUICK)[0] == 0
    assert set(contents()) == names
    Path("mine", ".run.nc-notes.partial").touch()
    assert "it holds .run.nc-notes.partial" in command(*QUICK)[2]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"study": 1}', '{"study": "", "files": ["../x"]}'])
def test_a_damaged_record_is_none(command, text):
    Path("mine").mkdir()
    Path("mine", reserved.RECORD).write_text(text)
    assert command(*QUICK)[0] == 0
    Path("mine", reserved.RECORD).write_text(text)
    assert "it holds fig1_network.pdf, fig1_network.png, run.csv and 1 more" in command(*QUICK)[2]


def test_overwrite_is_true_or_false_and_needs_a_study_that_writes(command):
    assert "overwrite must be true or false, got 3" in command(*QUICK, "overwrite=3")[2]
    assert "overwrite= has no effect in study=check" in command(*QUICK[:1], "study=check", "overwrite=true")[2]
    assert "overwrite" in command("--help")[1]


def test_of_many_commands_at_once_each_has_a_folder_or_is_refused(tmp_path):
    def take(number):
        try:
            with reserved.reserved(tmp_path, study="run", configuration=f"seed: {number}", overwrite=False):
                (tmp_path / "run.nc").write_text(str(number))
        except ValueError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(32))) == 1


class Full:
    """A layer of files whose disk is full after some bytes."""

    def __init__(self, room, error=errno.ENOSPC):
        self.room, self.error = room, error

    def fsync(self, handle):
        self.room -= os.fstat(handle).st_size
        if self.room < 0:
            raise OSError(self.error, os.strerror(self.error))


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_one_sentence_and_leaves_what_was_there(command, monkeypatch, error):
    assert command(*QUICK)[0] == 0
    before = contents()
    with monkeypatch.context() as patch:
        patch.setattr(disk.os, "fsync", Full(20_000, error).fsync)
        code, out, err = command(*QUICK)
    assert (code, out) == (1, "")
    assert re.fullmatch(rf"flowsim: mine/.* cannot be written \({os.strerror(error)}\)\n", err), err
    after = contents()
    assert set(after) == set(before)
    assert after["run.nc"] == before["run.nc"]
    assert fs.open_results("mine")["expected_rate"].notnull().all()


def test_a_file_is_whole_or_as_before_wherever_writing_it_ends(tmp_path, monkeypatch):
    file = disk.write(tmp_path / "a.csv", "old")
    for name in ("fsync", "chmod", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(disk.os, name, lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
            with pytest.raises(disk.Unwritable, match=r"a\.csv cannot be written \(Input/output error\)"):
                disk.write(file, "new")
        assert contents(tmp_path) == {"a.csv": b"old"}
    assert disk.write(file, "new").read_text() == "new"


def in_a_process(folder, limit, *typed):
    """The command in a process with a limit on the size of files."""
    setting = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # noqa: E731
    return subprocess.run(
        [*PROGRAM, *typed], cwd=folder, capture_output=True, text=True, preexec_fn=setting, check=False, timeout=300
    )


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_ends_a_run_with_a_sentence(tmp_path):
    done = in_a_process(tmp_path, 24_000, *QUICK)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"flowsim: mine/run\.nc cannot be written \(File too large\)\n", done.stderr), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_full_disk_ends_a_run_with_a_sentence(tmp_path):
    """A disk in memory of 24 kB, on which HDF5 itself ends in a segmentation fault."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("no disk in memory can be mounted here")
    try:
        done = subprocess.run([*PROGRAM, *QUICK], cwd=place, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 1
        assert re.fullmatch(r"flowsim: mine/run\.nc cannot be written \(No space left on device\)\n", done.stderr)
        assert not list(place.iterdir())
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_netcdf_file_made_in_memory_holds_the_same_numbers(tmp_path):
    results = fs.simulate(fs.load_world("single_checkpoint"), engine="expectation")
    fs.results.files.save(results, tmp_path / "run.nc")
    stored = fs.open_results(tmp_path)
    for name, array in results.data_vars.items():
        assert np.array_equal(array.values, stored[name].values, equal_nan=True)
