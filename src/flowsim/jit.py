"""Compilation of Python functions to machine code, cached on disk until their sources change."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import caching

Function = TypeVar("Function", bound=Callable[..., Any])

_njit: Any = numba.njit
# Without reference counts, which the stubs do not know: counting arrays costs more than all else in a kernel.
_UNCOUNTED = {"nogil": True, "fastmath": False, "_nrt": False}

PACKAGE = Path(__file__).parent
"""Folder of flowsim."""


def kernel(function: Function) -> Function:
    """Compile a function at its first call with arguments of new types, and cache the machine code on disk.

    It runs without the interpreter's lock, and its sums are those of Python: nothing is reordered or contracted.
    """
    return cast(Function, _kept(_njit(nogil=True, fastmath=False)(function)))


def inlined(function: Function) -> Function:
    """Compile a small function into each calling kernel."""
    return cast(Function, _njit(inline="always", fastmath=False)(function))


def bare_kernel(function: Function) -> Function:
    """Compile as `kernel` does, without reference counts, for a function without new arrays."""
    return cast(Function, _kept(_njit(**_UNCOUNTED)(function)))


def embedded(function: Function) -> Function:
    """Compile a function for embedding in the machine code of each calling kernel, by the compiler's order."""
    return cast(Function, _njit(forceinline=True, nogil=True, fastmath=False)(function))


def bare(function: Function) -> Function:
    """Compile as `embedded` does, for bare kernels."""
    return cast(Function, _njit(forceinline=True, **_UNCOUNTED)(function))


def called(function: Function) -> Function:
    """Compile a function of a few numbers once, for calls from all bare kernels."""
    return cast(Function, _njit(**_UNCOUNTED)(function))


@cache
def cache_folder() -> Path:
    """Folder of the machine code: the user's cache, or a temporary one if the cache is read-only.

    numba looks for changes only in the file of the function that it loads. As a function may call others, or use
    constants of other modules, the name of the folder holds a digest of them all.
    """
    name = f"{_digest(sources())}-numba{numba.__version__}"
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(given) if given else _user_folder()
    for parent in (user, Path(tempfile.gettempdir()) / f"flowsim-{_user()}"):
        folder = parent / name
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        # What lies there is run: in a folder that all may write to, another user could have made it.
        if not hasattr(os, "getuid") or all(path.lstat().st_uid == os.getuid() for path in (parent, folder)):
            return folder
    return Path(tempfile.mkdtemp(prefix="flowsim-"))


def is_kept(*kernels: str) -> bool:
    """Presence of machine code on disk for kernels, each named by its module and its own name."""
    return all(any(cache_folder().rglob(f"{name}-*.nbi")) for name in kernels)


class _Locator(caching._CacheLocator):
    """Place of a function's machine code by its module's name, the same for every copy of the package.

    numba's own locators name it by the path of the module, so that each checkout would compile anew.
    """

    def __init__(self, function: Callable[..., Any], path: str) -> None:
        self._path, self._line = path, function.__code__.co_firstlineno
        self._folder = cache_folder() / function.__module__.rpartition(".")[0]

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return _contents(self._path)

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Locator:
        return cls(py_func, py_file)


class _Results(caching.CompileResultCacheImpl):
    """Compiled functions in the folder of the locator above."""

    def __init__(self, py_func: Callable[..., Any]) -> None:
        self._locator_classes = [_Locator]
        base: Any = super()
        base.__init__(py_func)


class _Cache(caching.FunctionCache):
    """Cache of one function's machine code."""

    _impl_class = _Results


def _kept(compiled: Any) -> Any:
    """A dispatcher of numba whose machine code is cached on disk."""
    cached: Any = _Cache
    compiled._cache = cached(compiled.py_func)
    return compiled


@cache
def _contents(path: str) -> str:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()


def _user_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "flowsim" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "flowsim"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowsim"


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _digest(paths: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        digest.update(str(path.relative_to(PACKAGE)).encode() + path.read_bytes())
    return digest.hexdigest()


def sources() -> list[Path]:
    """Modules of flowsim with compiled functions, and modules from which they import names."""
    compiling = {path for path in PACKAGE.rglob("*.py") if b"from flowsim.jit import" in path.read_bytes()}
    return sorted(compiling.union(*(_imported(path) for path in compiling)))


def _imported(path: Path) -> set[Path]:
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE.name:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = {PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py") for name in names}
    return {found for found in paths if found.is_file()}
