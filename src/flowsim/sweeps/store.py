"""Store of a sweep, for writing: a template first, then of each job its own chunks and at last its status."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.results.store import (
    DONE,
    ERROR,
    FAILED,
    RECEIPT,
    RUNNING,
    SEIZURES,
    STATUS,
    SWEEP,
    Flags,
    chunk_name,
    digest_of_seizures,
    metadata,
    read_flags,
    read_receipt,
    seizures_group,
)
from flowsim.sweeps.grid import Axis, Grid
from flowsim.sweeps.template import SEIZURE, Template, known_labels, write

if TYPE_CHECKING:
    import xarray as xr
    import zarr

LONGEST = 2000
"""Longest part of an error's message kept [characters]."""


class Unwritable(OSError):
    """A store closed to writing, as on a full disk, so that continuing makes no sense."""


@dataclass(frozen=True)
class Store:
    """Store of a sweep, written by its jobs."""

    path: Path
    """Folder of the store, `sweep.zarr`."""

    def __reduce__(self) -> tuple[Callable[..., Store], tuple[Path, tuple[int, int]]]:
        stat = (self.path / "plan" / "zarr.json").stat()
        return opened, (self.path, (stat.st_ino, stat.st_mtime_ns))

    @cached_property
    def plan(self) -> dict[str, Any]:
        """Identity of the sweep."""
        found: dict[str, Any] = metadata(self.path, "plan")["attributes"]
        return found

    @cached_property
    def grid(self) -> Grid:
        """The jobs."""
        axes = tuple(
            Axis(name=axis["name"], keys=tuple(axis["keys"]), texts=tuple(tuple(row) for row in axis["texts"]))
            for axis in self.plan["axes"]
        )
        return Grid(axes=axes, fixed=tuple(self.plan["fixed"]))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Arrays written by each job: the variables, and its seizures."""
        return tuple(metadata(self.path, "jobs")["attributes"]["parts"])

    @cached_property
    def _arrays(self) -> dict[str, zarr.Array[Any]]:
        import zarr

        root = zarr.open_group(self.path, mode="r+", zarr_format=3, use_consolidated=False)
        names = (*self.parts[:-1], STATUS, RECEIPT, ERROR)
        with zarr.config.set({"array.write_empty_chunks": True}):
            return {name: root[name] for name in names}  # type: ignore[misc]

    @cached_property
    def _labels(self) -> dict[str, list[Any]]:
        """Labels of the unswept dims."""
        import zarr

        root = zarr.open_group(self.path, mode="r", zarr_format=3, use_consolidated=False)
        dims = {dim for name in self.parts[:-1] for dim in self._dims(name)}
        found = {dim: np.asarray(root[dim][:]) for dim in dims}  # type: ignore[index]
        return {dim: values.astype(object).tolist() for dim, values in found.items()}

    def _dims(self, name: str) -> tuple[str, ...]:
        """Dims of a variable after the swept ones."""
        given: Sequence[str] = self._arrays[name].metadata.dimension_names  # type: ignore[union-attr, assignment]
        return tuple(given)[len(self.grid.axes) :]

    def flags(self) -> Flags:
        """Status flags of the jobs by number."""
        return read_flags(self.path, shape=self.grid.shape).ravel()

    def begin(self, number: int) -> None:
        """Record the start of a job, and remove the rest of an earlier attempt."""
        with _writing(self.path):
            self._wipe(number)
            self._flag(number, RUNNING)

    def write(self, number: int, results: xr.Dataset) -> None:
        """Write the results of a job, then its status as done.

        Parameters
        ----------
        number
            Number of the job.
        results
            Variables of the registry, with room in the template.

        Raises
        ------
        Unwritable
            If the disk is full or may not be written; nothing of the job stays but what will be written again.
        ValueError
            If there is no room for a variable or a label.
        """
        index = self.grid.index(number)
        known = {str(name) for name, array in results.data_vars.items() if SEIZURE not in array.dims}
        for name in sorted(known):
            checks.known(name, self.parts, thing="a variable of a job's results")
        with _writing(self.path):
            digests = []
            for name in self.parts[:-1]:
                values = self._placed(name, results[name]) if name in known else np.nan
                self._arrays[name][index] = values
                file = self.path / name / chunk_name(index, inner=len(self._dims(name)))
                digests.append(zlib.crc32(file.read_bytes()))
            if SEIZURE in results.dims:
                _write_seizures(seizures_group(self.path, number), results)
            digests.append(digest_of_seizures(seizures_group(self.path, number)))
            self._arrays[RECEIPT][index] = np.array(digests, dtype=np.uint32)
            self._flag(number, DONE)

    def fail(self, number: int, message: str) -> None:
        """Record the reason of a job's failure.

        Raises
        ------
        Unwritable
            If the store cannot be written.
        """
        with _writing(self.path):
            self._wipe(number)
            self._arrays[ERROR][self.grid.index(number)] = message[:LONGEST]
            self._flag(number, FAILED)

    def forget(self, number: int) -> None:
        """Make a job missing again."""
        with _writing(self.path):
            (self.path / STATUS / chunk_name(self.grid.index(number))).unlink(missing_ok=True)
            self._wipe(number)

    def size_of(self, number: int) -> int:
        """Disk space of the files of a job, in blocks of 4 kB [byte]."""
        index = self.grid.index(number)
        files = [self.path / name / chunk_name(index, inner=len(self._dims(name))) for name in self.parts[:-1]]
        files += [file for file in seizures_group(self.path, number).rglob("*") if file.is_file()]
        sizes = [file.stat().st_size for file in files if file.exists()]
        return sum(4096 * (1 + size // 4096) for size in sizes)

    def error(self, number: int) -> str:
        """Reason of a job's failure."""
        try:
            return str(np.asarray(self._arrays[ERROR][self.grid.index(number)]).item())
        except (ValueError, RuntimeError):
            return "for a reason that is no longer to be read"

    def damaged(self, number: int) -> list[str]:
        """Parts of a job done with files cut, gone, or with other contents than written."""
        index = self.grid.index(number)
        receipt = read_receipt(self.path, index)
        if receipt is None or len(receipt) != len(self.parts):
            return [RECEIPT]
        found = []
        for name, digest in zip(self.parts[:-1], receipt[:-1], strict=True):
            file = self.path / name / chunk_name(index, inner=len(self._dims(name)))
            try:
                whole = zlib.crc32(file.read_bytes()) == digest
            except OSError:
                whole = False
            if not whole:
                found.append(name)
        if digest_of_seizures(seizures_group(self.path, number)) != receipt[-1]:
            found.append(SEIZURES)
        return found

    def _placed(self, name: str, array: xr.DataArray) -> npt.NDArray[np.float64]:
        """Values of a job with the dims and labels of the store."""
        dims = self._dims(name)
        for dim in self.grid.names:
            if dim in array.dims:
                array = array.squeeze(dim)
        given = array.transpose(*dims)
        own = [known_labels(array[dim].values.tolist(), self._labels[dim], dim=dim) for dim in dims]
        lengths = tuple(len(self._labels[dim]) for dim in dims)
        if all(len(part) == length for part, length in zip(own, lengths, strict=True)) and all(
            part == sorted(part) for part in own
        ):
            return np.asarray(given.values, dtype=np.float64)
        values = np.full(lengths, np.nan)
        values[np.ix_(*own)] = given.values
        return values

    def _flag(self, number: int, flag: int) -> None:
        self._arrays[STATUS][self.grid.index(number)] = flag

    def _wipe(self, number: int) -> None:
        """Remove the chunks of a job."""
        index = self.grid.index(number)
        places = [(name, len(self._dims(name))) for name in self.parts[:-1]]
        for name, inner in [*places, (RECEIPT, 1), (ERROR, 0)]:
            (self.path / name / chunk_name(index, inner=inner)).unlink(missing_ok=True)
        group = seizures_group(self.path, number)
        if group.exists():
            shutil.rmtree(group)


@lru_cache(maxsize=4)
def opened(path: Path, stamp: tuple[int, int]) -> Store:
    """Store in a process for jobs, opened once.

    Parameters
    ----------
    path
        The store.
    stamp
        Stamp of the store, different for another made later at the same place.
    """
    return Store(path)


def _write_seizures(folder: Path, results: xr.Dataset) -> None:
    """Write a job's table of seizures as two arrays, its numbers and its words."""
    import zarr

    columns = {str(name): array.values for name, array in results.variables.items() if array.dims == (SEIZURE,)}
    numbers = {name: column for name, column in columns.items() if column.dtype.kind in "iufM"}
    words = {name: column for name, column in columns.items() if name not in numbers}
    length = results.sizes[SEIZURE]
    attributes = {
        "numbers": {name: str(column.dtype) for name, column in numbers.items()},
        "words": list(words),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.create_group(folder, zarr_format=3, attributes=attributes)
        kinds: tuple[tuple[str, Mapping[str, npt.NDArray[Any]], Any], ...] = (
            ("numbers", numbers, np.float64),
            ("words", words, np.dtypes.StringDType()),
        )
        for name, own, kind in kinds:
            array = group.create_array(
                name,
                shape=(length, len(own)),
                chunks=(max(1, length), len(own)),
                dtype=str if name == "words" else "float64",
                dimension_names=(SEIZURE, name[:-1]),
                config={"write_empty_chunks": True},
            )
            if length:
                array[:] = np.column_stack([_plain(column).astype(kind) for column in own.values()])


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Column of dates in whole microseconds, exact to the last one in a float."""
    return column.astype("datetime64[us]").astype(np.int64) if column.dtype.kind == "M" else column


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Name the store in the system's message when it cannot be written."""
    try:
        yield
    except Unwritable:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unwritable(f"{path} cannot be written ({reason})") from None


def make(template: Template, folder: Path) -> Store:
    """Make the store of a sweep in a folder, whole or not at all.

    Parameters
    ----------
    template
        Contents before the first job.
    folder
        Folder of the sweep.

    Raises
    ------
    Unwritable
        If the folder cannot be written.
    """
    with _writing(folder):
        made = _made(template, folder)
        os.rename(made, folder / SWEEP)
    return Store(folder / SWEEP)


def _made(template: Template, folder: Path) -> Path:
    """Write a template under a temporary name."""
    made = Path(tempfile.mkdtemp(prefix=f".{SWEEP}-", dir=folder))
    try:
        write(template, made)
        made.chmod(0o755)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def mend(template: Template, store: Store) -> list[str]:
    """Restore damaged or missing files of the template, and remove half-written ones of killed jobs.

    Parameters
    ----------
    template
        Contents of the store before the first job.
    store
        Store of the same sweep.

    Returns
    -------
    list of str
        Names of the restored files.

    Raises
    ------
    Unwritable
        If the store cannot be written.
    """
    found = []
    with _writing(store.path):
        for left in [*store.path.parent.glob(f".{SWEEP}-*")]:
            shutil.rmtree(left)
        for left in [*store.path.glob("*/*.partial"), *store.path.glob("jobs/*/*.partial")]:
            left.unlink()
        made = _made(template, store.path.parent)
        try:
            for file in sorted(path for path in made.rglob("*") if path.is_file()):
                name = file.relative_to(made)
                kept = store.path / name
                if not (kept.is_file() and (_is_own(name, kept) or filecmp.cmp(file, kept, shallow=False))):
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(file, kept)
                    found.append(str(name))
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return found


def _is_own(name: Path, kept: Path) -> bool:
    """Whether a file is whole and holds the command and the commit, which may differ between calls."""
    if str(name) not in ("zarr.json", str(Path("plan", "zarr.json"))):
        return False
    try:
        metadata(kept.parent)
    except ValueError:
        return False
    return True
