"""Template of a store: room for the results of all jobs, and its files before the first job."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from flowsim import checks
from flowsim.results.coordinates import CONVENTIONS, attributes_of
from flowsim.results.registry import OPTIONAL, VARIABLES, Variable
from flowsim.results.seal import digest
from flowsim.results.store import ERROR, FLAGS, RECEIPT, SEIZURES, STATUS
from flowsim.sweeps.grid import Grid

if TYPE_CHECKING:
    import zarr

SEIZURE = "seizure"
"""Dim of the table of seizures, written by each job into a group of its own."""

Label = str | int

Word = str | float | bool
"""Value of a coordinate for a label."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Contents of the results of a run, known before it runs."""

    variables: tuple[str, ...]
    """Names of the variables with labelled dims."""

    labels: Mapping[str, Sequence[Label]]
    """Labels of each dim."""

    along: Mapping[str, tuple[str, Mapping[Label, Word]]] = field(default_factory=dict)
    """Further coordinates by name: their dim, and their word for each label."""


DRAW = "draw"
"""Dim of the draws of a posterior, part of any variable of a policy if there is one."""

OF_THE_FIRST = ("checkpoint_agency", "checkpoint_label", "latitude", "longitude")
"""Words open to change by policies and worlds, but no dims of sums; they are then those of the first."""


def union(shapes: Sequence[Shape]) -> Shape:
    """Shape with room for all, labels in the order of first occurrence.

    Parameters
    ----------
    shapes
        At least one.

    Raises
    ------
    ValueError
        If replications or draws differ in number, or a coordinate has two words for one label.
    """
    labels: dict[str, dict[Label, None]] = {}
    along: dict[str, tuple[str, dict[Label, Word]]] = {}
    for shape in shapes:
        for dim, own in shape.labels.items():
            before = labels.setdefault(dim, dict.fromkeys(own))
            if dim in OPTIONAL and dim != "policy" and list(before) != list(own):
                rule = "be the same in all jobs of one store; sweep them in folders of their own"
                raise ValueError(f"{dim}s must {rule}, got {len(before)} and {len(own)}")
            before.update(dict.fromkeys(own))
        for name, (dim, words) in shape.along.items():
            for label, word in words.items():
                known = along.setdefault(name, (dim, {}))[1].setdefault(label, word)
                if known != word and name not in OF_THE_FIRST:
                    rule = f"have one {name} in all jobs of one store"
                    raise ValueError(f"{dim} {label!r} must {rule}, got {known!r} and {word!r}")
    names = dict.fromkeys(name for shape in shapes for name in shape.variables)
    return Shape(variables=tuple(names), labels={dim: tuple(own) for dim, own in labels.items()}, along=along)


def variables_of(shape: Shape) -> list[Variable]:
    """Variables of a shape in the order of the registry."""
    return [variable for variable in VARIABLES if variable.name in shape.variables]


def inner_dims(variable: Variable, *, shape: Shape, swept: Sequence[str]) -> tuple[str, ...]:
    """Dims of a variable in the store after those of the jobs; draws come next to the policy."""
    dims = tuple(dim for dim in variable.dims if dim in shape.labels and dim not in swept)
    if DRAW not in shape.labels or DRAW in swept or variable.dims[0] != "policy":
        return dims
    return (*dims[:1], DRAW, *dims[1:]) if dims[:1] == ("policy",) else (DRAW, *dims)


def bytes_per_job(shape: Shape, *, swept: Sequence[str]) -> int:
    """Space of a job before compression, without its seizures [byte]."""
    sizes = [
        8 * int(np.prod([len(shape.labels[dim]) for dim in inner_dims(variable, shape=shape, swept=swept)]))
        for variable in variables_of(shape)
    ]
    return sum(sizes)


@dataclass(frozen=True, kw_only=True)
class Template:
    """Contents of a store before the first job."""

    grid: Grid
    """The jobs."""

    shape: Shape
    """Contents of their results."""

    coordinates: Mapping[str, tuple[str, Sequence[Any]]]
    """Coordinates of the swept keys: their dim, and their labels."""

    notes: Mapping[str, Mapping[str, str]]
    """Units and meaning of these coordinates."""

    attributes: Mapping[str, str]
    """Title, version, commit, seed, configuration and reading."""

    plan: Mapping[str, Any]
    """Identity of the sweep: its grid, its compositions and the digests of all that it reads."""

    @property
    def identity(self) -> str:
        """Digest of what the sweep is, whatever the command and the commit."""
        return identity_of(self.plan)


def identity_of(plan: Mapping[str, Any]) -> str:
    """Digest of what a sweep is, by the plan of its store.

    Parameters
    ----------
    plan
        The plan.
    """
    parts = {key: plan.get(key) for key in ("identity", "axes")}
    return digest(json.dumps(parts, sort_keys=True).encode())


def files_of(template: Template) -> dict[str, bytes]:
    """Files of a store before its first job, by name; the same for the same template to the last byte.

    Parameters
    ----------
    template
        Contents of the store.
    """
    import zarr
    from zarr.storage import MemoryStore

    files: dict[str, Any] = {}
    path = MemoryStore(files)
    swept = template.grid.names
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attributes = {"Conventions": CONVENTIONS, **template.attributes, "swept": " ".join(swept)}
        root = zarr.create_group(path, zarr_format=3, attributes=attributes)
        constants = [*_coordinates(template)]
        for name, dims, values, notes in constants:
            _constant(root, name, dims=dims, values=values, attributes=notes)
        found = variables_of(template.shape)
        further = {name: set(dims) for name, dims, *_ in constants if dims != (name,)}
        for variable in found:
            _values(root, variable, template=template, further=further)
        _flags(root, template.grid)
        zarr.consolidate_metadata(path, zarr_format=3)  # before what readers of results need not know of
        parts = [*(variable.name for variable in found), SEIZURES]
        jobs = root.create_group("jobs", attributes={"parts": parts, "labels": [name for name, *_ in constants]})
        _records(jobs, template.grid, parts=len(found) + 1)
        root.create_group(SEIZURES)
        root.create_group("plan", attributes=dict(template.plan))
    return {name: files[name].to_bytes() for name in sorted(files)}


def _coordinates(template: Template) -> Iterator[tuple[str, tuple[str, ...], Sequence[Any], Mapping[str, str]]]:
    """Name, dims, values and attributes of all coordinates."""
    swept, shape = template.grid.names, template.shape
    for name, (dim, values) in template.coordinates.items():
        yield name, (dim,), values, attributes_of(name) | dict(template.notes.get(name, {}))
    used = dict.fromkeys(dim for v in variables_of(shape) for dim in inner_dims(v, shape=shape, swept=swept))
    for dim in used:
        yield dim, (dim,), shape.labels[dim], attributes_of(dim)
    for name, (dim, words) in shape.along.items():
        if dim in used:
            yield name, (dim,), [words[label] for label in shape.labels[dim]], attributes_of(name)


def _constant(
    root: zarr.Group, name: str, *, dims: Sequence[str], values: Sequence[Any], attributes: Mapping[str, str]
) -> None:
    """Write a coordinate, in one chunk that is there even if it holds nothing but zeros."""
    flags = all(isinstance(item, bool) for item in values)
    numbers = all(isinstance(item, int | float) for item in values)
    whole = numbers and all(isinstance(item, int) for item in values)
    kind: Any = "bool" if flags else "int64" if whole else "float64" if numbers else str
    array = root.create_array(
        name,
        shape=(len(values),),
        chunks=(len(values),),
        dtype=kind,
        compressors=None,
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=tuple(dims),
        attributes=dict(attributes),
        config={"write_empty_chunks": True},
    )
    array[:] = np.array(values, dtype=kind if numbers else np.dtypes.StringDType())


def _values(
    root: zarr.Group, variable: Variable, *, template: Template, further: Mapping[str, Collection[str]]
) -> None:
    """Make a variable with one chunk for each job, and the names of its coordinates other than dims."""
    swept, labels = template.grid.names, template.shape.labels
    inner = inner_dims(variable, shape=template.shape, swept=swept)
    lengths = tuple(len(labels[dim]) for dim in inner)
    attributes: dict[str, Any] = {"units": variable.units, "long_name": variable.meaning, "kind": variable.kind}
    beside = [name for name, dims in further.items() if set(dims) <= {*swept, *inner}]
    if beside:
        attributes["coordinates"] = " ".join(beside)
    root.create_array(
        variable.name,
        shape=(*template.grid.shape, *lengths),
        chunks=(*(1,) * len(swept), *lengths),
        dtype="float64",
        fill_value=float("nan"),
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=(*swept, *inner),
        attributes=attributes,
    )


def _flags(root: zarr.Group, grid: Grid) -> None:
    root.create_array(
        STATUS,
        shape=grid.shape,
        chunks=(1,) * len(grid.shape),
        dtype="uint8",
        fill_value=0,
        compressors=None,
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=grid.names,
        attributes={
            "long_name": "Whether each job is done; the values of others are NaN.",
            "flag_values": list(range(len(FLAGS))),
            "flag_meanings": " ".join(FLAGS),
        },
    )


def _records(jobs: zarr.Group, grid: Grid, *, parts: int) -> None:
    """Make arrays for the checksums of each job's arrays, and for the reasons of failures."""
    encoding = {"name": "default", "separator": "."}
    one, names = (1,) * len(grid.shape), grid.names
    jobs.create_array(
        RECEIPT.partition("/")[2],
        shape=(*grid.shape, parts),
        chunks=(*one, parts),
        dtype="uint32",
        fill_value=0,
        compressors=None,
        chunk_key_encoding=encoding,  # type: ignore[arg-type]
        dimension_names=(*names, "part"),
    )
    jobs.create_array(
        ERROR.partition("/")[2],
        shape=grid.shape,
        chunks=one,
        dtype=str,
        compressors=None,
        chunk_key_encoding=encoding,  # type: ignore[arg-type]
        dimension_names=names,
    )


def known_labels(own: Sequence[Label], labels: Sequence[Label], *, dim: str) -> list[int]:
    """Positions of labels among those of the store.

    Raises
    ------
    ValueError
        If the store has no room for one of them.
    """
    places = {label: position for position, label in enumerate(labels)}
    for label in own:
        checks.require(label in places, thing=f"{dim} of a job", rule="be among those of the store", value=label)
    return [places[label] for label in own]
