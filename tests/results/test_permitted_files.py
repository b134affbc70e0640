"""A netCDF file from a stranger holds plain arrays of numbers and texts, or is refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import flowsim as fs
from flowsim.results import files, permitted_files
from flowsim.results.folders import RUN

POSTERIOR = Path(fs.__file__).parent / "data" / "calibration" / "kazakhstan_2010.nc"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Files that flowsim writes: a run of each engine with its seizures."""
    folder, world = tmp_path_factory.mktemp("files"), fs.load_world("single_checkpoint")
    for engine in ("compiled", "expectation"):
        results = fs.simulate(world, engine=engine, replications=2, traffic_years=0.01)
        files.save(results, folder / f"{engine}.nc")
    return folder


@pytest.mark.slow
def test_what_flowsim_writes_is_permitted(whole):
    for file in (*whole.iterdir(), *POSTERIOR.parent.glob("*.nc")):
        permitted_files.check(file)


def scaled(opened):
    opened["entered_mass"].attrs["scale_factor"] = 2.0


def shifted(opened):
    opened["entered_mass"].attrs["add_offset"] = 1.0


def external(opened):
    opened.create_dataset("x", (4,), dtype="i1", external=[("/etc/passwd", 0, 4)])


def linked(opened):
    opened["x"] = h5py.ExternalLink("/tmp/other.nc", "/x")


def soft(opened):
    opened["x"] = h5py.SoftLink("/entered_mass")


def grouped(opened):
    opened.create_group("x")


def compound(opened):
    opened.create_dataset("x", data=np.zeros(1, dtype=[("a", "f8"), ("b", "f8")]))


def opaque(opened):
    opened.create_dataset("x", data=np.void(b"abc"))


def referring(opened):
    opened.create_dataset("x", data=opened.ref, dtype=h5py.ref_dtype)


def filtered(opened):
    opened.create_dataset("x", data=np.zeros(8), chunks=(8,), compression="lzf")


def vast(opened):
    opened.create_dataset("x", (10**12,), dtype="f8", chunks=(10**6,))


def noted(opened):
    opened.attrs["evil"] = "pickle"


STRANGE = {
    scaled: "entered_mass: attribute must be one of .*, got 'scale_factor'",
    shifted: "entered_mass: attribute must be one of .*, got 'add_offset'",
    external: "x must be in the file itself, got 'values in other files'",
    linked: "x must be in the file itself, got 'a link'",
    soft: "x must be in the file itself, got 'a link'",
    grouped: "x must be an array, got 'a group'",
    compound: "x must hold numbers or texts",
    opaque: "x must hold numbers or texts",
    referring: "x must hold numbers or texts",
    filtered: "x must have filters of codes",
    vast: "must hold at most .* bytes of values, got 80000",
    noted: "attribute must be one of .*, got 'evil'",
}


@pytest.mark.parametrize("change", STRANGE, ids=lambda change: change.__name__)
def test_anything_else_is_refused_by_name(whole, tmp_path, change):
    file = shutil.copy(whole / "compiled.nc", tmp_path / RUN)
    with h5py.File(file, "a") as opened:
        change(opened)
    with pytest.raises(ValueError, match=STRANGE[change]):
        fs.open_results(tmp_path)


def test_a_damaged_file_is_one_sentence(whole, tmp_path):
    """Cut at some places, or with some bytes overwritten; HDF5 notices what breaks its structure."""
    dice, data = np.random.default_rng(1), (whole / "compiled.nc").read_bytes()
    for _ in range(40):
        place = int(dice.integers(len(data)))
        (tmp_path / RUN).write_bytes(data[:place] if dice.random() < 0.5 else data[:place] + b"\xff" * 64)
        with pytest.raises(ValueError, match=r"results must be a file in netCDF4|must"):
            fs.open_results(tmp_path)
