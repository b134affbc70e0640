"""Folder of results as reserved by a command: for one configuration, for one call at a time, free of foreign files."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from flowsim import checks
from flowsim.results import disk
from flowsim.results.folders import SWEEP
from flowsim.sweeps import lock, resume
from flowsim.sweeps.overrides import LATER

RECORD = ".flowsim.json"
"""File that says what a folder of results holds: study, configuration, names of the files."""

_OURS = (RECORD, lock.RUN, lock.CALL, lock.JOBS)
"""Files that are no results."""

_MOST = 3
"""Most files named in a refusal."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a folder of results holds by its record."""

    study: str
    """Study."""

    configuration: str
    """Configuration, without what may differ between two calls."""

    finished: bool
    """Whether the study came to its end, so that all its files are named."""

    files: tuple[str, ...]
    """Names of its files."""


def fixed(configuration: str) -> str:
    """Part of a configuration that two calls of one command share.

    Parameters
    ----------
    configuration
        Configuration as in the attributes of results.
    """
    found: Mapping[str, Any] = yaml.safe_load(configuration) or {}
    kept = {key: part for key, part in found.items() if key not in LATER}
    return str(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


@contextlib.contextmanager
def reserved(out: Path, *, study: str, configuration: str, overwrite: bool) -> Iterator[None]:
    """Reserve a folder for the results of a study.

    Parameters
    ----------
    out
        The folder, which exists.
    study
        The study.
    configuration
        Its configuration, as in the attributes of results.
    overwrite
        Whether other results and foreign files may be written over.

    Raises
    ------
    ValueError
        If another call works in the folder, or it holds results of another configuration or foreign files.
    """
    with lock.of_run(out):
        disk.remove_left(out)
        before, there = _read(out), _names(out)
        wanted = Content(study=study, configuration=fixed(configuration), finished=False, files=())
        same = before is not None and (before.study, before.configuration) == (study, wanted.configuration)
        own = set() if before is None else set(there) if same and not before.finished else set(before.files)
        foreign = {name: stamp for name, stamp in there.items() if name not in own}
        if not overwrite:
            _check(out, before, wanted, foreign=sorted(foreign), same=same)
        _write(out, wanted)
        try:
            yield
        except BaseException:
            _give_back(out, before, there)
            raise
        now = _names(out)
        stale = [] if same or before is None else [name for name in before.files if there.get(name) == now.get(name)]
        for name in stale:
            _remove(out / name)
        written = [name for name in now if foreign.get(name) != now[name] and name not in stale]
        _write(out, Content(**{**vars(wanted), "finished": True, "files": tuple(sorted(written))}))


def check_sweep(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder for a sweep that holds other things than a sweep.

    Parameters
    ----------
    out
        The folder.
    overwrite
        Whether they may lie beside it.

    Raises
    ------
    ValueError
        If there are others.
    """
    others = sorted(name for name in _names(out) if name != SWEEP)
    if others and not overwrite:
        _refuse_foreign(out, others)


def _check(out: Path, before: Content | None, wanted: Content, *, foreign: list[str], same: bool) -> None:
    if before is not None and not same and (before.files or not before.finished):
        rule = f"be a new folder or that of the same command, got {str(out)!r}, whose results differ"
        old, new = (f"study: {own.study}\n{own.configuration}".splitlines() for own in (before, wanted))
        told = f"out must {rule}; overwrite=true replaces them (- there, + typed):"
        raise checks.Refused(f"{told}\n{resume.difference(old, new)}")
    if foreign:
        _refuse_foreign(out, foreign)


def _refuse_foreign(out: Path, names: list[str]) -> None:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    held = f"it holds {', '.join(names[:_MOST])}{more}; overwrite=true writes beside and over them"
    rule = f"be a new folder, an empty one or that of the same command ({held})"
    raise ValueError(f"out must {rule}, got {str(out)!r}")


def _names(out: Path) -> dict[str, tuple[int, int]]:
    """Names in a folder, each with a stamp that changes when it is written."""
    found = {path.name: path.lstat() for path in out.iterdir() if path.name not in _OURS}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def _remove(path: Path) -> None:
    """Remove a file or a store of replaced results."""
    with disk.writing(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _read(out: Path) -> Content | None:
    """Record of a folder; None if there is none that can be read."""
    try:
        found = json.loads((out / RECORD).read_text(encoding="utf-8"))
        whole = isinstance(found["finished"], bool) and all(isinstance(name, str) for name in found["files"])
        texts = {key: str(found[key]) for key in ("study", "configuration")}
        plain = whole and all(Path(name).name == name for name in found["files"])
        return Content(**texts, finished=found["finished"], files=tuple(found["files"])) if plain else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _write(out: Path, content: Content) -> None:
    disk.write(out / RECORD, json.dumps(vars(content), indent=1, ensure_ascii=False) + "\n")


def _give_back(out: Path, before: Content | None, there: Mapping[str, tuple[int, int]]) -> None:
    """Put back the record of what was there if a study ends before it has written anything."""
    with contextlib.suppress(OSError):
        if _names(out) == there:
            if before is None:
                (out / RECORD).unlink(missing_ok=True)
            else:
                _write(out, before)
