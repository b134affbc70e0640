"""Every byte of a store that matters is under a checksum, and what is damaged is named and mended."""

from __future__ import annotations

import json
import os
import shutil
import time

import numpy as np
import pytest
import sweep_stores as small
import xarray as xr

import flowsim as fs
from flowsim.results import disk, seal, store
from flowsim.sweeps import resume
from flowsim.sweeps import store as stores
from flowsim.sweeps.plan import SweepPlan, identity_of

JOBS = range(8)


def template(jobs=None, **more):
    """Template with an identity."""
    found = small.template(jobs, **more)
    identity = identity_of(version="1", compositions={"": "world: none"}, files={"table w/places.csv": "abc"})
    return stores.Template(**{**vars(found), "plan": {**found.plan, "identity": identity}})


@pytest.fixture
def done(tmp_path):
    """A store with all jobs done."""
    made = resume.ready(SweepPlan(template()), tmp_path)
    for number in JOBS:
        small.do(made, number)
    return made


def everything(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def of_template(path):
    """Files of a store that no job wrote."""
    return [name for name in everything(path) if name.endswith("zarr.json") or name.endswith("/c.0") or "seal" in name]


@pytest.mark.slow
def test_one_flipped_bit_anywhere_is_refused_by_name_or_shows_where_it_stands(done):
    """Of each file of the template, a byte; the files of a job are checked when they are read."""
    dice = np.random.default_rng(1)
    whole = everything(done.path)
    sealed = [name for name in of_template(done.path) if not name.startswith("seizures/job")]
    assert {"seed/c.0", "inflow/c.0", "oblast/c.0", "delay/zarr.json", "zarr.json", "jobs/zarr.json"} <= set(sealed)
    for name in sealed:
        data = bytearray(whole[name])
        data[dice.integers(len(data))] ^= 1 << int(dice.integers(8))
        (done.path / name).write_bytes(data)
        with pytest.raises(ValueError, match=f"sweep.zarr: {name} must hold what flowsim wrote, got other bytes; the"):
            fs.open_results(done.path)
        resume.ready(SweepPlan(template()), done.path.parent)
        assert everything(done.path) == whole, name


def test_a_scale_factor_is_refused_even_under_a_seal(done):
    file = done.path / "delay" / "zarr.json"
    node = json.loads(file.read_text())
    node["attributes"]["scale_factor"] = 2.0
    file.write_text(json.dumps(node))
    with pytest.raises(ValueError, match=r"delay/zarr.json must hold what flowsim wrote, got other bytes"):
        fs.open_results(done.path)
    small.reseal(done.path)
    with pytest.raises(ValueError, match=r"delay/zarr.json: attribute must be one of .*, got 'scale_factor'"):
        fs.open_results(done.path)


def changed(**more):
    def change(node):
        return node | more

    return change


STRANGE = {
    "a type": ("delay", changed(data_type="float32"), "data_type must be one of float64, got 'float32'"),
    "an object": ("oblast", changed(data_type={"name": "object"}), "data_type must be one of bool, int64, .*"),
    "a transformer": ("delay", changed(storage_transformers=[{"name": "sharding"}]), "have no storage transformer"),
    "an entry": ("delay", changed(must_understand=False), "must be one of zarr_format, .*, got 'must_understand'"),
    "a shape": ("delay", changed(shape=[10**9] * 4), "hold at most 10,000,000 jobs of 2,147,483,648 values"),
    "a negative shape": ("delay", changed(shape=[-1, 2, 2, 3]), "name its dims, and give each a length"),
    "dims": ("delay", changed(dimension_names=["x", "y", "z", "checkpoint"]), "must have dims .* first"),
    "a chunk": (
        "delay",
        changed(chunk_grid={"name": "regular", "configuration": {"chunk_shape": [1, 1, 1, 1]}}),
        "have a chunk a job",
    ),
    "attributes": ("delay", changed(attributes=[]), "attributes must be a mapping"),
    "codecs": ("delay", changed(codecs="zstd"), "codecs must be a list"),
    "a group": ("", changed(attributes={"swept": "policy inflow seed", "evil": 1}), "got 'evil'"),
    "parts": ("jobs", changed(attributes={"parts": ["../../etc"], "labels": []}), "be a list of names"),
    "no parts": ("jobs", changed(attributes={"labels": []}), "parts must be a list"),
    "a status": ("status", changed(data_type="int64"), "data_type must be one of uint8"),
}


def test_what_flowsim_does_not_write_is_refused_by_name(done):
    for what, (name, change, wording) in STRANGE.items():
        file = done.path / name / "zarr.json"
        before = file.read_bytes()
        file.write_text(json.dumps(change(json.loads(before))))
        small.reseal(done.path)
        with pytest.raises(ValueError, match=wording):
            print(what, fs.open_results(done.path))
        file.write_bytes(before)
    deep = done.path / "delay" / "zarr.json"
    deep.write_text("[" * 200_000)
    small.reseal(done.path)
    with pytest.raises(ValueError, match="must be nested no deeper than flowsim writes it"):
        fs.open_results(done.path)


def test_a_flag_that_no_job_wrote_is_refused(done):
    file = done.path / store.STATUS / "c.0.1.0"
    for flag in (b"\0", b"\3", b"\7", b"", b"\2\2"):
        file.write_bytes(flag)
        with pytest.raises(ValueError, match=r"status/c\.0\.1\.0 must hold what its job wrote, got another flag"):
            fs.open_results(done.path)
    (done.path / store.STATUS / "c.9.0.0").write_bytes(b"\2")
    with pytest.raises(ValueError, match=r"status/c\.9\.0\.0 must be of a job of the sweep, got another"):
        fs.open_results(done.path)


def test_stores_of_the_same_command_are_the_same_bytes(tmp_path, done):
    (tmp_path / "other").mkdir()
    other = resume.ready(SweepPlan(template()), tmp_path / "other")
    for number in reversed(JOBS):
        small.do(other, number)
    assert everything(other.path) == everything(done.path)


@pytest.mark.slow
def test_damage_is_one_sentence_and_the_same_command_mends_it(done):
    """Files of the template are emptied, overwritten or gone, one after another; then all but the seal at once."""
    whole, plan = everything(done.path), SweepPlan(template())
    names = [name for name in of_template(done.path) if not name.startswith("seizures/job")]
    names.sort(key=lambda name: name == seal.SEAL)
    bad = (None, b"", b"garbage", b"[" * 100_000, b'{"zarr_format": 3}', b'{"zarr_format": 3, "shape": [1e300]}')
    for k, data in enumerate(bad):
        for group in (names[:-1], *([name] for name in names[k :: len(bad)])):
            for name in group:
                (done.path / name).unlink() if data is None else (done.path / name).write_bytes(data)
            with pytest.raises(ValueError, match=r"must hold what flowsim wrote, got .*; the same command"):
                fs.open_results(done.path)
            resume.ready(plan, done.path.parent)
            assert everything(done.path) == whole, group


def test_a_plan_that_is_lost_with_the_seal_is_refused(done):
    (done.path / "plan" / "zarr.json").write_bytes(b"")
    (done.path / seal.SEAL).write_bytes(b"")
    with pytest.raises(ValueError, match=r"plan/zarr.json must hold the plan of its sweep, got a damaged one"):
        resume.ready(SweepPlan(template()), done.path.parent)


def test_a_store_whose_making_was_killed_is_made_again(tmp_path, monkeypatch):
    """At each file: no hidden folder stays, and the next command begins anew."""
    plan = SweepPlan(template())
    resume.ready(plan, tmp_path)
    whole = everything(tmp_path)
    shutil.rmtree(tmp_path / store.SWEEP)
    files = stores.files_of(template())
    order = sorted(files, key=lambda name: name != "plan/zarr.json")
    for count in (0, 1, 2, 7, len(order) - 1):
        for name in order[:count]:
            file = tmp_path / store.SWEEP / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(files[name][: None if name != order[count - 1] else 5])
        (tmp_path / store.SWEEP).mkdir(exist_ok=True)
        resume.ready(plan, tmp_path)
        assert everything(tmp_path) == whole


def test_a_foreign_folder_of_this_name_is_left_alone(tmp_path):
    (tmp_path / store.SWEEP / "array").mkdir(parents=True)
    (tmp_path / store.SWEEP / "array" / "c.0").write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"plan/zarr.json must hold the plan of its sweep"):
        resume.ready(SweepPlan(template()), tmp_path)
    assert (tmp_path / store.SWEEP / "array" / "c.0").read_bytes() == b"mine"


def test_more_values_make_a_store_grow_and_the_bytes_of_its_jobs_stay(done):
    before, opened = small.contents(done.path), fs.open_results(done.path, seizures=True).load()
    grown = small.grid(inflows=("60", "90.5", "100"), seeds=("1", "2", "3"))
    more = resume.ready(SweepPlan(template(grown)), done.path.parent)
    assert (more.flags() == store.DONE).sum() == len(JOBS)
    after = small.contents(done.path)
    jobs = {name for name in before if "/c.0." in name or "/c.1." in name or name.startswith("seizures/")}
    assert {name: after[name] for name in jobs} == {name: before[name] for name in jobs}
    partly = fs.open_results(done.path, seizures=True)
    assert partly["inflow"].values.tolist() == [60.0, 90.5, 100.0]
    old = partly.sel(inflow=[60.0, 90.5], seed=[1, 2]).load()
    for name in small.VARIABLES:
        assert np.array_equal(old[name].values, opened[name].values, equal_nan=True)
    assert np.array_equal(partly["seizure_mass"], opened["seizure_mass"])
    for number in np.flatnonzero(more.flags() != store.DONE):
        small.do(more, int(number))
    assert not fs.open_results(done.path)["entered_mass"].isnull().any()
    with pytest.raises(ValueError, match="whose sweep differs"):
        resume.ready(SweepPlan(template()), done.path.parent)


def test_values_in_another_order_are_those_of_the_store_first(done):
    typed = small.grid(inflows=("100", "90.5", "60"), seeds=("2", "1"))
    found = resume.continued(typed, done.path.parent)
    assert [[row[0] for row in axis.texts] for axis in found.axes] == [
        ["baseline", "[b,c]"],
        ["60", "90.5", "100"],
        ["1", "2"],
    ]


def test_more_jobs_with_other_labels_are_refused(done):
    grown = template(small.grid(inflows=("60", "90.5", "100")), room=small.shape(("a", "b", "c", "d")))
    with pytest.raises(ValueError, match=r"room for more jobs, or a new one .*, with other labels of checkpoint'"):
        resume.ready(SweepPlan(grown), done.path.parent)


def test_a_crash_of_the_machine_loses_at_most_the_job_under_way(tmp_path, monkeypatch):
    """What was not flushed is gone after a crash; each file is flushed alone here, to tell which were."""
    monkeypatch.setattr(disk, "_at_once", lambda: None)
    layer = Layer(tmp_path / "disk")
    monkeypatch.setattr(os, "fsync", layer.fsync)
    (tmp_path / "disk").mkdir()
    layer.keep(tmp_path / "disk")
    plan = SweepPlan(template())
    made = resume.ready(plan, tmp_path / "disk")
    for number in (0, 1, 5):
        made.begin(number)
        after_crash(layer, tmp_path / f"begun {number}", plan, done=[n for n in (0, 1, 5) if n < number])
        made.write(number, small.results(number))
        after_crash(layer, tmp_path / f"done {number}", plan, done=[n for n in (0, 1, 5) if n <= number])


def after_crash(layer, folder, plan, *, done):
    layer.crash(folder)
    again = resume.ready(plan, folder)
    assert np.flatnonzero(again.flags() == store.DONE).tolist() == done
    assert not [n for n in done if again.damaged(n)]
    opened = fs.open_results(folder)
    for number in done:
        values = opened["entered_mass"].values[again.grid.index(number)]
        assert np.array_equal(values, small.results(number)["entered_mass"].values[0])


class Layer:
    """A disk that keeps what was flushed: contents of files, and names in folders."""

    def __init__(self, root):
        self.root, self.files, self.folders = root, {}, {}

    def fsync(self, handle):
        self.keep(os.readlink(f"/proc/self/fd/{handle}"))

    def keep(self, path):
        inode = os.stat(path).st_ino
        if os.path.isdir(path):
            self.folders[inode] = {entry.name: entry.inode() for entry in os.scandir(path)}
        else:
            with open(path, "rb") as file:
                self.files[inode] = file.read()

    def crash(self, folder):
        """What is there after a crash, in another folder; a file that was not flushed is empty."""
        self._copy(os.stat(self.root).st_ino, folder)

    def _copy(self, inode, place):
        place.mkdir()
        here = {entry.inode(): entry for path, _, _ in os.walk(self.root) for entry in os.scandir(path)}
        for name, own in self.folders.get(inode, {}).items():
            if own in self.files:
                (place / name).write_bytes(self.files[own])
            elif own in here and here[own].is_dir():
                self._copy(own, place / name)
            else:
                (place / name).write_bytes(b"")


@pytest.mark.slow
def test_opening_a_store_of_ten_thousand_jobs_takes_no_two_seconds(tmp_path):
    axes = (small.axis("seed", *map(str, range(10_000))),)
    made = stores.make(template(small.Grid(axes=axes)), tmp_path)
    data = np.uint8(store.DONE).tobytes()
    for number in range(10_000):
        for folder in (store.STATUS, store.RECEIPT):
            (made.path / folder / f"c.{number}{'.0' * (folder == store.RECEIPT)}").write_bytes(data)
    begun = time.process_time()
    fs.open_results(tmp_path)
    assert time.process_time() - begun < 2


def test_a_plain_reader_finds_the_same_store(done):
    xr.testing.assert_equal(xr.open_zarr(done.path)["delay"].load(), fs.open_results(done.path)["delay"].load())
