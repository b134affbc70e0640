"""The compiled engine run by Python instead of compiled, with a piece of its source replaced on request."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

import flowsim.engine.compiled
from flowsim import jit

PACKAGE = "flowsim.engine.compiled"
FOLDER = Path(flowsim.engine.compiled.__file__).parent
ENTRIES = ("kernel", "bare_kernel")
"""Decorators of functions that are called from Python."""


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A piece of the source of a module of the engine, and what takes its place."""

    module: str
    """Name of the module."""

    piece: str
    """Text that stands there once."""

    other: str
    """Text that takes its place."""


def source(module: str) -> str:
    """Source of a module of the compiled engine."""
    return (FOLDER / f"{module}.py").read_text(encoding="utf-8")


class _Loader(SourceFileLoader):
    """Loader of a module with a bug, if there is one for it."""

    bug: Bug | None = None

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source, whatever was compiled before."""
        text = source(fullname.rpartition(".")[2])
        if self.bug is not None and fullname == f"{PACKAGE}.{self.bug.module}":
            text = text.replace(self.bug.piece, self.bug.other)
        return compile(text, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finder of the modules of the engine."""

    def __init__(self, bug: Bug | None) -> None:
        self.bug = bug

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """Find a module of the engine; others are left to other finders."""
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        loader = _Loader(fullname, str(FOLDER / f"{fullname.rpartition('.')[2]}.py"))
        loader.bug = self.bug
        spec: ModuleSpec | None = spec_from_file_location(fullname, loader.path, loader=loader)
        return spec


@contextmanager
def _importing_afresh(bug: Bug | None) -> Iterator[None]:
    """Import modules of the engine anew and uncompiled for a while; those there were come back afterwards."""
    before = {name: module for name, module in sys.modules.items() if name.startswith(PACKAGE)}
    disabled, finder, entries = numba.config.DISABLE_JIT, _Finder(bug), {name: getattr(jit, name) for name in ENTRIES}
    for name in before:
        del sys.modules[name]
    numba.config.DISABLE_JIT = 1
    sys.meta_path.insert(0, finder)
    for name in ENTRIES:
        setattr(jit, name, entry)
    try:
        yield
    finally:
        for name, decorator in entries.items():
            setattr(jit, name, decorator)
        sys.meta_path.remove(finder)
        numba.config.DISABLE_JIT = disabled
        for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
            del sys.modules[name]
        sys.modules.update(before)
        flowsim.engine.compiled = before[PACKAGE]


class Rows(list[Any]):
    """Records as objects, which Python reads and writes several times faster."""

    def __init__(self, records: npt.NDArray[np.void]) -> None:
        """Take over the records of an array."""
        self.records, self.names = records, records.dtype.names or ()
        # Hashes and words of counters have no sign, and keep their type, which decides how they are combined.
        columns = [records[n] if records.dtype[n].kind == "u" else records[n].tolist() for n in self.names]
        super().__init__(
            SimpleNamespace(**dict(zip(self.names, row, strict=True))) for row in zip(*columns, strict=True)
        )

    def write_back(self) -> None:
        """Give the array what has become of its records."""
        for name in self.names:
            self.records[name] = [getattr(row, name) for row in self]


def entry(function: Any) -> Any:
    """Function that is called with arrays of records and itself sees rows."""

    @wraps(function)
    def with_rows(*given: Any) -> Any:
        known: dict[int, Rows] = {}

        def rows(value: Any) -> Any:
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return type(value)(*(rows(item) for item in value))
            if not isinstance(value, np.ndarray) or not value.dtype.names:
                return value
            if value.ndim > 1:
                return value.view(np.recarray)
            if id(value) not in known:
                known[id(value)] = Rows(value)
            return known[id(value)]

        result = function(*(rows(value) for value in given))
        for value in known.values():
            value.write_back()
        return result

    return with_rows


def loaded(bug: Bug | None = None) -> SimpleNamespace:
    """Load the compiled engine as plain Python, with a bug on request.

    Parameters
    ----------
    bug
        What is changed.

    Returns
    -------
    SimpleNamespace
        Modules `engine` and `background` of the compiled engine.
    """
    with _importing_afresh(bug):
        names = ("engine", "background")
        return SimpleNamespace(**{name: importlib.import_module(f"{PACKAGE}.{name}") for name in names})
