"""Reader of a sweep's store: opened lazily, with missing jobs as NaN and damaged chunks refused."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from flowsim import checks
from flowsim.results import permitted, seal
from flowsim.results.folders import SWEEP as SWEEP
from flowsim.results.former import converted
from flowsim.results.permitted import metadata as metadata
from flowsim.results.registry import attach, check

FLAGS = ("missing", "running", "done", "failed")
"""Status of a job, by its flag."""

MISSING, RUNNING, DONE, FAILED = range(len(FLAGS))
"""Flags of a job's status."""

STATUS, RECEIPT, ERROR, SEIZURES = "status", "jobs/receipt", "jobs/error", "seizures"
"""Places in the store: flags; checksums of what each job wrote; why jobs failed; one group of seizures per job."""

Flags = npt.NDArray[np.uint8]


def chunk_name(index: Sequence[int], *, inner: int = 0) -> str:
    """File name of a job's chunk, ending in a zero for each of the variable's own dims."""
    return ".".join(["c", *map(str, index), *["0"] * inner])


def read_flags(path: Path, *, shape: Sequence[int]) -> Flags:
    """Status flags of all jobs, dims as in the store.

    The chunks of the status are read as files of one byte, in a tenth of zarr's time.

    Parameters
    ----------
    path
        The store.
    shape
        Number of positions along each swept dim.
    """
    flags = np.zeros(tuple(shape), dtype=np.uint8)
    for index, flag in flag_files(path):
        if len(index) != flags.ndim or any(i >= n for i, n in zip(index, shape, strict=True)):
            raise ValueError(f"{path}: {STATUS}/{chunk_name(index)} must be of a job of the sweep, got another")
        flags[index] = flag
    return flags


def check_flags(path: Path, flags: Flags) -> None:
    """Refuse flags that no job has written, and a job not done that left the checksums of one done.

    Raises
    ------
    ValueError
        If there is such a flag; the message names it.
    """
    written = {name for name in os.listdir(path / STATUS) if name.partition(".")[0] == "c"}
    written = {name for name in written if not name.endswith("partial")}
    known = {chunk_name(index): flag for index, flag in flag_files(path)}
    receipts = os.listdir(path / RECEIPT) if flags.ndim else []
    finished = {name.rpartition(".")[0] for name in receipts if name.partition(".")[0] == "c"}
    for name in written:
        flag = known.get(name, MISSING)
        if flag == MISSING or (flag == FAILED and name in finished):
            rule = "hold what its job wrote, got another flag"
            raise ValueError(f"{path}: {STATUS}/{name} must {rule}; {seal.AGAIN}")


def flag_files(path: Path, *, known: Mapping[tuple[int, ...], int] | None = None) -> list[tuple[tuple[int, ...], int]]:
    """Index and flag of each job begun, except jobs known to be done or failed."""
    found = []
    folder = str(path / STATUS) + os.sep
    for name in os.listdir(folder):
        head, *parts = name.split(".")
        if head != "c" or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
            continue
        index = tuple(map(int, parts))
        if known is not None and known.get(index) in (DONE, FAILED):
            continue
        with open(folder + name, "rb", buffering=0) as file:  # unbuffered: a store may hold ten thousand of them
            data = file.read(2)
        if len(data) == 1 and data[0] < len(FLAGS):
            found.append((index, data[0]))
    return found


def digest_of_seizures(folder: Path) -> int:
    """Checksum of the names and contents of all files of a job's seizures."""
    crc, top = 0, str(folder)
    files = [os.path.join(place, name) for place, _, names in os.walk(top) for name in names]
    for file in sorted(files):
        with open(file, "rb") as opened:
            crc = zlib.crc32(opened.read(), zlib.crc32(file[len(top) :].encode(), crc))
    return crc


def seizures_group(path: Path, index: Sequence[int]) -> Path:
    """Folder of the seizures of a job, by its position along each swept dim."""
    return path / SEIZURES / ".".join(["job", *map(str, index)])


def read_receipt(path: Path, index: Sequence[int]) -> npt.NDArray[np.uint32] | None:
    """Checksums of a job's chunks, in the order of the parts; None if missing or incomplete."""
    file = path / RECEIPT / chunk_name(index, inner=1)
    try:
        return np.frombuffer(file.read_bytes(), dtype="<u4")
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class _Seal:
    """Readability of chunks: those of finished jobs, verified by checksum."""

    path: Path
    swept: int
    parts: Sequence[str]
    flags: Flags
    digests: Mapping[str, str]

    def passed(self, key: str, data: bytes | None) -> bool:
        """Whether a file may be read; a chunk not yet written may not, and is NaN.

        Raises
        ------
        ValueError
            If a chunk of a finished job, a label or metadata are damaged.
        """
        name, _, chunk = key.partition("/")
        if key in self.digests:
            if data is None or seal.digest(data) != self.digests[key]:
                raise ValueError(f"{self.path}: {key} must hold what flowsim wrote, got other bytes; {seal.AGAIN}")
            return True
        if "/" in chunk or chunk.partition(".")[0] != "c":
            return True
        index = tuple(int(part) for part in chunk.split(".")[1 : 1 + self.swept])
        if self.flags[index] != DONE:
            return False
        receipt = read_receipt(self.path, index)
        part = self.parts.index(name)
        if data is None or receipt is None or len(receipt) <= part or receipt[part] != zlib.crc32(data):
            rule = "hold what its job wrote, got a file that is damaged or gone"
            raise ValueError(f"{self.path}: chunk {chunk} of '{name}' must {rule}; {seal.AGAIN}")
        return True


def is_store(path: Path) -> bool:
    """Whether a folder is a store, or holds one."""
    return path.name == SWEEP or (path / SWEEP).is_dir()


def open_store(path: Path, *, seizures: bool = False) -> xr.Dataset:
    """Open the store of a sweep lazily.

    Parameters
    ----------
    path
        The store, or its folder.
    seizures
        Whether to join the seizures of all jobs, which reads them, dim `seizure`.

    Returns
    -------
    Dataset
        Variables of the registry, dims of the swept keys first, NaN where a job is not done; `status` says which.

    Raises
    ------
    ValueError
        If it is no store of this format, holds a foreign codec, or departs from the registry.
    """
    path = path if path.name == SWEEP else path / SWEEP
    with _readable(path):
        return _opened(path, seizures=seizures)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Refuse what cannot be read at all with a sentence that names the store."""
    try:
        yield
    except (
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        ArithmeticError,
        MemoryError,
        RuntimeError,
    ) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}".rstrip(": ")
        raise ValueError(
            f"{path} must be a store as flowsim writes it, got one that cannot be read ({reason})"
        ) from None


def _opened(path: Path, *, seizures: bool) -> xr.Dataset:
    """Dataset of a store, with all its labels and metadata verified."""
    digests = seal.check(path)
    seal.require(digests, ["zarr.json", "jobs/zarr.json", f"{STATUS}/zarr.json"], path=path)
    root = permitted.check_group(path, "", known=permitted.OF_STORE)
    swept = str(root.get("swept", "")).split()
    jobs = permitted.check_group(path, "jobs", known=("parts", "labels"))
    parts, labels = (permitted.names(jobs, key, thing=f"{path}: jobs") for key in ("parts", "labels"))
    for name in parts[:-1]:
        permitted.check_array(path, name, types=permitted.NUMBERS, swept=swept)
    for name in labels:
        permitted.check_array(path, name, types=permitted.LABELS)
    permitted.check_array(path, STATUS, types=("uint8",), swept=swept)
    sealed = [f"{name}/zarr.json" for name in (*parts[:-1], *labels)] + [f"{name}/c.0" for name in labels]
    seal.require(digests, sealed, path=path)
    lengths = dict(zip(_dims(path, STATUS), metadata(path, STATUS)["shape"], strict=True))
    flags = read_flags(path, shape=[lengths[name] for name in swept])
    check_flags(path, flags)
    from flowsim.results.guarded import Guarded  # here, as it imports zarr, which a run never needs

    store = Guarded(path, passed=_Seal(path, len(swept), parts, flags, digests).passed)
    dataset = xr.open_zarr(store, consolidated=False, chunks=None, drop_variables=[STATUS], zarr_format=3)
    dataset = dataset.set_coords([name for name in dataset.data_vars if name not in parts])[list(parts[:-1])]
    for name, coordinate in dataset.coords.items():
        if coordinate.dtype.kind not in "iufb":
            dataset = dataset.assign_coords(
                {name: (coordinate.dims, coordinate.values.astype(object).astype(str), coordinate.attrs)}
            )
    dataset = converted(dataset)
    check(dataset, swept=swept)
    dataset[STATUS] = (tuple(swept), flags, metadata(path, STATUS)["attributes"])
    return joined(dataset, path=path, swept=swept) if seizures else dataset


def _dims(path: Path, name: str) -> list[str]:
    return [str(dim) for dim in metadata(path, name).get("dimension_names") or ()]


def joined(dataset: xr.Dataset, *, path: Path, swept: Sequence[str]) -> xr.Dataset:
    """Dataset with the seizures of all finished jobs, in order of time, labelled by job.

    Parameters
    ----------
    dataset
        An opened store.
    path
        The store.
    swept
        Swept dims.

    Raises
    ------
    ValueError
        If the seizures of a job are damaged or missing.
    """
    shape = dataset[STATUS].shape
    coordinates = {str(name): array for name, array in dataset.coords.items() if set(array.dims) & set(swept)}
    tables: list[dict[str, npt.NDArray[Any]]] = []
    notes: dict[str, Mapping[str, Any]] = {}
    for number in np.flatnonzero(dataset[STATUS].values == DONE):
        index = np.unravel_index(number, shape)
        table = read_seizures(path, [int(part) for part in index])
        if table is None:
            continue
        here = dict(zip(swept, index, strict=True))
        for name, array in coordinates.items():
            value = array.values[tuple(here[str(dim)] for dim in array.dims)]
            if f"seizure_{name}" not in table:
                table[f"seizure_{name}"] = np.full(len(table["seizure_mass"]), value)
                notes[f"seizure_{name}"] = array.attrs
        tables.append(table)
    if not tables:
        return dataset
    columns = {
        name: ("seizure", np.concatenate([table[name] for table in tables]), notes.get(name, {})) for name in tables[0]
    }
    variables = {name: columns.pop(name) for name in ("seizure_mass", "seizure_hours")}
    together = attach(xr.Dataset(variables, coords=columns)).sortby(["seizure_time", "seizure_hours"])
    return dataset.merge(together, combine_attrs="override")


def read_seizures(path: Path, index: Sequence[int]) -> dict[str, npt.NDArray[Any]] | None:
    """Columns of the seizures of a job; None if its engine makes none.

    Parameters
    ----------
    path
        The store.
    index
        Position of the job along each swept dim.

    Raises
    ------
    ValueError
        If they are damaged or missing, or hold what flowsim does not write.
    """
    folder = seizures_group(path, index)
    receipt = read_receipt(path, index)
    if receipt is None or not len(receipt) or receipt[-1] != digest_of_seizures(folder):
        rule = "hold what its job wrote, got files that are damaged or gone"
        raise ValueError(f"{folder} must {rule}; {seal.AGAIN}")
    if not folder.is_dir():
        return None
    permitted.check_group(folder, "", known=("numbers", "words"))
    permitted.check_array(folder, "numbers", types=permitted.NUMBERS)
    permitted.check_array(folder, "words", types=("string",))
    import zarr  # here, as a run never needs it

    group = zarr.open_group(folder, mode="r", zarr_format=3)
    table: dict[str, npt.NDArray[Any]] = {}
    numbers, words = np.asarray(group["numbers"][:]), np.asarray(group["words"][:])  # type: ignore[index]
    for column, (name, kind) in enumerate(group.attrs["numbers"].items()):  # type: ignore[union-attr]
        checks.require(np.dtype(kind).kind in "iufM", thing=f"{folder}: {name}", rule="be numbers", value=kind)
        own = numbers[:, column]
        dates = np.dtype(kind).kind == "M"  # stored as whole microseconds
        table[name] = own.astype(np.int64).astype("datetime64[us]").astype(kind) if dates else own.astype(kind)
    for column, name in enumerate(group.attrs["words"]):  # type: ignore[arg-type]
        table[str(name)] = words[:, column].astype(object)
    return table
