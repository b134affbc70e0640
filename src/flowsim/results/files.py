"""Result files: written whole or not at all, opened with the same names and units."""

from __future__ import annotations

import io
from pathlib import Path

import xarray as xr

from flowsim.results import disk, folders, permitted_files
from flowsim.results.coordinates import calendar_of
from flowsim.results.folders import RUN as RUN
from flowsim.results.folders import SWEEP
from flowsim.results.former import converted
from flowsim.results.registry import attach, check


def save(dataset: xr.Dataset, path: Path) -> Path:
    """Write a Dataset to netCDF4; an interrupted run leaves no partial file of this name.

    Parameters
    ----------
    dataset
        Results, valid by the registry.
    path
        File to write; its folder is made if necessary.

    Raises
    ------
    ValueError
        If the Dataset departs from the registry.
    """
    check(dataset)
    return write(_dated(dataset), path)


def _dated(dataset: xr.Dataset) -> xr.Dataset:
    """Dataset with times encoded from the first of January of their year."""
    times = [str(name) for name, array in dataset.variables.items() if array.dtype.kind == "M"]
    encoded = {name: dataset[name].variable.copy(deep=False) for name in times}
    for variable in encoded.values():
        variable.encoding = calendar_of(variable.values)
    return dataset.assign_coords(encoded)


def write(dataset: xr.Dataset, path: Path) -> Path:
    """Write any Dataset to netCDF4, whole or not at all; it is made in memory, as HDF5 does not survive a full disk.

    Parameters
    ----------
    dataset
        Any Dataset.
    path
        File to write; its folder is made if necessary.

    Raises
    ------
    Unwritable
        If the disk is full, or the folder may not be written.
    """
    made = _Open()
    dataset.to_netcdf(made, engine="h5netcdf")
    return disk.write(path, made.getvalue())


class _Open(io.BytesIO):
    """Bytes in memory that stay when the library that wrote them closes its file."""

    def close(self) -> None:
        """Keep the bytes."""


def open_results(path: str | Path | None = None, *, seizures: bool = False) -> xr.Dataset:
    """Open the results of a run, or lazily those of a sweep.

    Parameters
    ----------
    path
        The file or the store, or the folder with `run.nc` or `sweep.zarr`; by default the newest such folder below
        `results/`.
    seizures
        Whether to join the seizures of all jobs of a sweep; a run always has its own.

    Returns
    -------
    Dataset
        The variables of the registry; see `docs/results.md`. Those of a sweep have its keys as dims, NaN where a job
        is not done, and `status`.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says what the folder holds.
    ValueError
        If the file is of another kind, or departs from the registry.
    """
    file = folders.newest() if path is None else Path(path)
    if file.is_dir() and not (file / RUN).is_file():
        from flowsim.results import store

        if store.is_store(file):
            return store.open_store(file, seizures=seizures)
        if not any((file / name).exists() for name in (RUN, SWEEP)):
            rule = f"be a file or a folder that holds {RUN} or {SWEEP}"
            newest = "fs.open_results() finds the newest run"
            raise FileNotFoundError(f"results must {rule}, got {str(path)!r}, {folders.described(file)}; {newest}")
    file = file / RUN if file.is_dir() else file
    if not file.is_file():
        raise FileNotFoundError(f"results must be a file or a folder that holds {RUN} or {SWEEP}, got {str(path)!r}")
    stored = read(file, name=RUN)
    dataset = converted(stored)
    if dataset is stored:
        check(dataset)
        return dataset
    return attach(dataset)


def read(file: Path, *, name: str) -> xr.Dataset:
    """Read a Dataset written by flowsim.

    Parameters
    ----------
    file
        File to read.
    name
        Usual name of such files, for messages.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, or holds what flowsim does not write.
    """
    if not file.is_file():
        raise FileNotFoundError(f"there must be a file like {name} or a folder that holds it, got {str(file)!r}")
    try:
        permitted_files.check(file)
        with xr.open_dataset(file, engine="h5netcdf") as stored:
            return stored.load()
    except (OSError, LookupError, TypeError, AttributeError, RuntimeError, MemoryError):
        raise ValueError(f"results must be a file in netCDF4, as a run writes {name}, got {str(file)!r}") from None
