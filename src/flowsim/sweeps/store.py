"""Store of a sweep, for writing: a template first, then of each job its own chunks and at last its status."""

from __future__ import annotations

import shutil
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.results import disk, seal
from flowsim.results.disk import Unwritable as Unwritable
from flowsim.results.disk import writing
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
from flowsim.sweeps.template import SEIZURE, Template, files_of, known_labels

if TYPE_CHECKING:
    import xarray as xr
    import zarr

LONGEST = 2000
"""Longest part of an error's message kept [characters]."""


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
        with writing(self.path):
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
        with writing(self.path):
            digests = []
            for name in self.parts[:-1]:
                values = self._placed(name, results[name]) if name in known else np.nan
                self._arrays[name][index] = values
                file = self.path / name / chunk_name(index, inner=len(self._dims(name)))
                digests.append(zlib.crc32(file.read_bytes()))
            if SEIZURE in results.dims:
                _write_seizures(seizures_group(self.path, index), results)
            digests.append(digest_of_seizures(seizures_group(self.path, index)))
            self._arrays[RECEIPT][index] = np.array(digests, dtype=np.uint32)
            self._flag(number, DONE)
            disk.flush_all(self.path, parts=self._written(index))

    def _written(self, index: Sequence[int]) -> Iterator[Path]:
        """Files of a job and their folders, its status last."""
        inner = {**{name: len(self._dims(name)) for name in self.parts[:-1]}, RECEIPT: 1}
        for name, count in inner.items():
            yield self.path / name / chunk_name(index, inner=count)
            yield self.path / name
        group = seizures_group(self.path, index)
        yield from group.rglob("*")
        yield from (part for part in (group, group.parent) if part.exists())
        yield self.path / STATUS / chunk_name(index)
        yield self.path / STATUS

    def fail(self, number: int, message: str) -> None:
        """Record the reason of a job's failure.

        Raises
        ------
        Unwritable
            If the store cannot be written.
        """
        with writing(self.path):
            self._wipe(number)
            self._arrays[ERROR][self.grid.index(number)] = message[:LONGEST]
            self._flag(number, FAILED)

    def forget(self, number: int) -> None:
        """Make a job missing again."""
        with writing(self.path):
            (self.path / STATUS / chunk_name(self.grid.index(number))).unlink(missing_ok=True)
            self._wipe(number)

    def size_of(self, number: int) -> int:
        """Disk space of the files of a job, in blocks of 4 kB [byte]."""
        index = self.grid.index(number)
        files = [self.path / name / chunk_name(index, inner=len(self._dims(name))) for name in self.parts[:-1]]
        files += [file for file in seizures_group(self.path, index).rglob("*") if file.is_file()]
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
        if digest_of_seizures(seizures_group(self.path, index)) != receipt[-1]:
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
        group = seizures_group(self.path, index)
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


def make(template: Template, folder: Path) -> Store:
    """Make the store of a sweep in a folder; it is whole when it has a seal.

    Parameters
    ----------
    template
        Contents before the first job.
    folder
        Folder of the sweep.

    Raises
    ------
    Unwritable
        If the folder cannot be written; nothing stays.
    """
    path = folder / SWEEP
    with writing(folder):
        path.mkdir()
        try:
            files = files_of(template)
            for name in sorted(files, key=lambda name: name != "plan/zarr.json"):  # the plan tells whose store it is
                file = path / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(files[name])
            disk.flush_all(path, parts=iter([*path.rglob("*"), path, folder]))
            disk.write(path / seal.SEAL, _sealed(files, path, identity=template.identity))
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
    return Store(path)


def remove_unfinished(path: Path) -> None:
    """Remove a store whose making was interrupted, before any of its jobs.

    Parameters
    ----------
    path
        The store.

    Raises
    ------
    Unwritable
        If it cannot be removed.
    """
    if not path.is_dir() or (path / seal.SEAL).exists():
        return
    names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    begun = not names or any(name.startswith("plan/") for name in names)
    own = all(name.endswith(("zarr.json", "/c.0")) or Path(name).name[0] == "." for name in names)
    jobs = any(name.startswith(f"{STATUS}/c") for name in names)
    if begun and own and not jobs:
        with writing(path):
            shutil.rmtree(path)


def _sealed(files: Collection[str], path: Path, *, identity: str) -> bytes:
    """Seal of the files of a template as they lie in a store."""
    digests = {name: seal.digest((path / name).read_bytes()) for name in files}
    return seal.lines_of(digests | {seal.IDENTITY: identity})


def mend(template: Template, store: Store) -> list[str]:
    """Restore damaged or missing files of the template, and remove half-written ones of killed jobs.

    A template with more jobs, whose first ones are those of the store, makes it grow.

    Parameters
    ----------
    template
        Contents of the store before the first job.
    store
        Store of the same sweep, or of one that this continues.

    Returns
    -------
    list of str
        Names of the restored files.

    Raises
    ------
    Unwritable
        If the store cannot be written.
    """
    path, found = store.path, []
    with writing(path):
        tidy(store)
        for name in {"zarr.json", seal.SEAL, *(files := files_of(template))}:
            for left in (path / name).parent.glob(".*"):  # of a call that was killed as it wrote
                left.unlink()
        digests = _digests(path)
        same = digests.get(seal.IDENTITY) == template.identity
        for name, data in sorted(files.items(), key=lambda item: item[0] in _OF_CALL):
            kept = _content(path / name)
            is_own = same and name in _OF_CALL and kept is not None and seal.digest(kept) == digests.get(name)
            if kept != data and not is_own:
                disk.write(path / name, data)
                found.append(name)
        sealed = _sealed(files, path, identity=template.identity)
        if _content(path / seal.SEAL) != sealed:
            disk.write(path / seal.SEAL, sealed)
    return found


_OF_CALL = ("zarr.json", "plan/zarr.json")
"""Files with the command and the commit, which may differ between calls."""


def _digests(path: Path) -> dict[str, str]:
    """Checksums of a store; none if its seal is damaged."""
    try:
        return seal.read(path)
    except ValueError:
        return {}


def _content(file: Path) -> bytes | None:
    """Contents of a file; None if it is gone."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def tidy(store: Store) -> None:
    """Remove what processes that were killed left half-written; none may be at work.

    Parameters
    ----------
    store
        The store.
    """
    for left in [*store.path.glob("*/*.partial"), *store.path.glob("jobs/*/*.partial")]:
        left.unlink(missing_ok=True)
