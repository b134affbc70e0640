"""Grid of a sweep: values of each key, and the job of each combination."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flowsim import checks

ROW = "row"
"""Name of the dim of the rows of a table or a design."""

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d*)")
_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")

Labels = list[int] | list[float] | list[str]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A dim of the jobs in the store: the values of one key, or rows with values of several keys."""

    name: str
    """Name of the dim."""

    keys: tuple[str, ...]
    """Keys set along it."""

    texts: tuple[tuple[str, ...], ...]
    """Values as typed, one for each key, by position along the dim."""

    def __post_init__(self) -> None:
        checks.require(bool(self.texts), thing=f"{self.name}", rule="have a value", value=())
        for row in self.texts:
            rule = f"set {', '.join(self.keys)}"
            checks.require(len(row) == len(self.keys), thing=f"a row of {self.name}", rule=rule, value=row)
        if not self.is_rows:
            checks.unique((str(label) for label in self.labels(0)), thing=self.keys[0])

    @property
    def is_rows(self) -> bool:
        """Whether its positions are rows, so that the values of the keys are coordinates along it."""
        return self.name == ROW

    def labels(self, column: int) -> Labels:
        """Labels of a key by position: numbers if all are, else texts."""
        return labels([row[column] for row in self.texts])


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Jobs of a sweep, numbered with the last axis fastest."""

    axes: tuple[Axis, ...]
    """Dims of the jobs; none if there is one job."""

    fixed: tuple[str, ...] = ()
    """Arguments common to all jobs, as typed."""

    def __post_init__(self) -> None:
        checks.unique((axis.name for axis in self.axes), thing="swept dims")
        checks.unique((key for axis in self.axes for key in axis.keys), thing="swept keys")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the dims."""
        return tuple(axis.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of positions along each dim."""
        return tuple(len(axis.texts) for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of jobs."""
        return math.prod(self.shape)

    def index(self, number: int) -> tuple[int, ...]:
        """Position of a job along each dim."""
        found: list[int] = []
        for length in reversed(self.shape):
            number, position = divmod(number, length)
            found.insert(0, position)
        return tuple(found)

    def number(self, index: Sequence[int]) -> int:
        """Number of the job at a position."""
        found = 0
        for position, length in zip(index, self.shape, strict=True):
            found = found * length + position
        return found

    def values(self, number: int) -> dict[str, str]:
        """Keys set by a job, with the values as typed."""
        rows = [axis.texts[position] for axis, position in zip(self.axes, self.index(number), strict=True)]
        pairs = (zip(axis.keys, row, strict=True) for axis, row in zip(self.axes, rows, strict=True))
        return {key: text for axis in pairs for key, text in axis}

    def typed(self, number: int) -> list[str]:
        """Arguments of a run of this job."""
        return [*self.fixed, *(f"{key}={text}" for key, text in self.values(number).items())]

    def own(self, number: int) -> str:
        """Settings of a job, in one line."""
        return " ".join(f"{key}={text}" for key, text in self.values(number).items()) or "the only job"

    def choices(self, keys: Sequence[str]) -> dict[tuple[str, ...], int]:
        """Occurring combinations of the values of some keys, each with the number of its first job."""
        found: dict[tuple[str, ...], int] = {}
        parts = [[tuple(k for k in axis.keys if k in keys), axis] for axis in self.axes]
        index = [0] * len(self.axes)
        used = [i for i, (own, _) in enumerate(parts) if own]
        firsts = [_firsts(self.axes[i], keys) for i in used]
        for positions in _product(firsts):
            for i, position in zip(used, positions, strict=True):
                index[i] = position
            number = self.number(index)
            found.setdefault(self.choice(number, keys), number)
        return found

    def choice(self, number: int, keys: Sequence[str]) -> tuple[str, ...]:
        """Values of some keys in a job, in the order of the keys; keys outside the grid are left out."""
        values = self.values(number)
        return tuple(values[key] for key in keys if key in values)

    def describe(self) -> str:
        """Number of positions along each dim in words, as `policy 2 x inflow 3`."""
        return " x ".join(f"{axis.name} {len(axis.texts)}" for axis in self.axes) or "one job"


def _firsts(axis: Axis, keys: Sequence[str]) -> list[int]:
    """First position along an axis of each combination of the values of some keys."""
    columns = [column for column, key in enumerate(axis.keys) if key in keys]
    found: dict[tuple[str, ...], int] = {}
    for position, row in enumerate(axis.texts):
        found.setdefault(tuple(row[column] for column in columns), position)
    return list(found.values())


def _product(lists: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    from itertools import product

    return product(*lists)


def names(keys: Iterable[str], *, taken: Iterable[str]) -> dict[str, str]:
    """Name of each key in the store: its last part if unique, else more of it, with underscores.

    Parameters
    ----------
    keys
        Keys as typed, such as `inspection.effort.south`.
    taken
        Names already in use.
    """
    keys, taken = list(keys), set(taken)
    parts = {key: re.split(r"[./]", key) for key in keys}
    tails = Counter("_".join(own[-n:]) for own in parts.values() for n in range(1, len(own) + 1))
    found = {}
    for key, own in parts.items():
        tried = ["_".join(own[-n:]) for n in range(1, len(own) + 1)]
        free = [name for name in tried if tails[name] == 1 and name not in taken]
        found[key] = free[0] if free else f"{tried[-1]}_swept"
    return found


def value(text: str) -> Any:
    """Value of an argument from its text, as Hydra reads it."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and not text.isdigit():
        return float(text)
    return _parsed(text)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(f"key={text}").value()


def labels(texts: Sequence[str]) -> Labels:
    """Labels of values: numbers if all are, else texts, with a plus between the parts of a list.

    Parameters
    ----------
    texts
        Values as typed.
    """
    values = [value(text) for text in texts]
    if all(type(item) is int for item in values):
        return [int(item) for item in values]
    if all(type(item) in (int, float) for item in values):
        return [float(item) for item in values]
    return [_shown(item) for item in values]


def _shown(item: Any) -> str:
    if item is None or isinstance(item, bool):
        return {None: "null", True: "true", False: "false"}[item]
    if isinstance(item, list):
        return "+".join(_shown(part) for part in item)
    return str(item)


def coordinates(grid: Grid, *, short: Mapping[str, str]) -> dict[str, tuple[str, Labels]]:
    """Coordinates of a store by name: their dim, and their labels.

    Parameters
    ----------
    grid
        The jobs.
    short
        Name of each swept key in the store.
    """
    found: dict[str, tuple[str, Labels]] = {}
    for axis in grid.axes:
        if axis.is_rows:
            found[ROW] = (ROW, list(range(len(axis.texts))))
        for column, key in enumerate(axis.keys):
            found[short[key]] = (axis.name, axis.labels(column))
    return found
