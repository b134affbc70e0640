"""Sweeper: make the store of a sweep or resume it, and do its jobs."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim import checks

if TYPE_CHECKING:
    from flowsim.sweeps.grid import Axis, Grid
    from flowsim.sweeps.launchers import Launcher
    from flowsim.sweeps.plan import SweepPlan, Task
    from flowsim.sweeps.store import Store

MOST_LINES = 20
"""Longest difference shown [lines]."""


def run(
    plan: SweepPlan,
    *,
    out: Path,
    task: Task,
    launcher: Callable[[Store], Launcher],
    workers: int,
    overwrite: bool = False,
) -> None:
    """Make the store of a sweep or resume it, do its jobs, and report the outcome.

    Parameters
    ----------
    plan
        The sweep before its first job.
    out
        Folder of the sweep.
    task
        The command's functions.
    launcher
        Launcher of jobs, for a store.
    workers
        Processes for the work of one job.
    overwrite
        Whether another sweep in the folder is replaced, and foreign files may lie beside it.

    Raises
    ------
    ValueError
        If the folder holds another sweep, or another call works in it.
    Unwritable
        If the disk is full or may not be written.
    """
    from flowsim.sweeps import lock, runner

    with task.folder(out, overwrite=overwrite), lock.of_call(out):
        store = ready(plan, out, overwrite=overwrite)
        outcome = runner.run(
            store,
            simulate=task.simulate(store, workers=workers),
            explain=task.explain(store),
            launcher=launcher(store),
        )
    task.tell(outcome, store=store)


def continued(grid: Grid, out: Path) -> Grid:
    """Jobs of a command, those of an earlier one in its folder first, for a store that grows at its ends.

    Parameters
    ----------
    grid
        The jobs as typed.
    out
        Folder of the sweep.
    """
    from flowsim.results.store import SWEEP
    from flowsim.sweeps.settled import settled_grid
    from flowsim.sweeps.store import Store

    if not (out / SWEEP / "plan").is_dir():
        return grid
    try:
        before = {axis.keys: axis for axis in Store(out / SWEEP).grid.axes}
    except (ValueError, LookupError, TypeError):  # said when the store is opened
        return grid
    axes = [_after(before[axis.keys], axis) if axis.keys in before else axis for axis in settled_grid(grid).axes]
    order = list(before)
    axes.sort(key=lambda axis: order.index(axis.keys) if axis.keys in before else len(order))
    return replace(grid, axes=tuple(axes))


def _after(before: Axis, typed: Axis) -> Axis:
    """Values as typed, with those of an earlier call first if all of them are there; rows keep their order."""
    if typed.is_rows or not set(before.texts) <= set(typed.texts):
        return typed
    return replace(typed, texts=(*before.texts, *(row for row in typed.texts if row not in before.texts)))


def ready(plan: SweepPlan, out: Path, *, overwrite: bool = False) -> Store:
    """Store in a folder, made if there is none, mended or grown if there is one.

    Parameters
    ----------
    plan
        The sweep before its first job.
    out
        Folder of the sweep.
    overwrite
        Whether another sweep is replaced.

    Raises
    ------
    ValueError
        If the folder holds another sweep, and the message shows the differences, or one whose plan is damaged.
    """
    from flowsim.results import disk
    from flowsim.results.store import SWEEP
    from flowsim.sweeps.store import Store, make, mend, remove_unfinished

    path = out / SWEEP
    remove_unfinished(path)
    if not path.exists():
        return make(plan.template, out)
    try:
        _check_same(plan, path)
    except ValueError:
        if not overwrite:
            raise
        with disk.writing(path):
            shutil.rmtree(path)
        return make(plan.template, out)
    store = Store(path)
    mend(plan.template, store)
    return store


def _check_same(plan: SweepPlan, path: Path) -> None:
    """Refuse a store of another sweep than that of a plan, or than one that the plan continues."""
    from flowsim.results import seal
    from flowsim.results.store import metadata
    from flowsim.sweeps.template import identity_of

    try:
        stored = metadata(path, "plan")["attributes"]
        before, jobs = stored["identity"], [_axis(axis) for axis in stored["axes"]]
        texts = _lines(before, jobs)
        own = identity_of(stored)
    except (ValueError, LookupError, TypeError, AttributeError):
        texts, own = [], ""
    if own == plan.template.identity:
        return
    try:
        sealed = seal.read(path)
    except ValueError:
        sealed = {}
    if sealed.get(seal.IDENTITY) == plan.template.identity:
        return
    if not texts or own != sealed.get(seal.IDENTITY):
        rule = "hold the plan of its sweep, got a damaged one, which only the command that made it mends"
        raise ValueError(f"{path}: plan/zarr.json must {rule}")
    axes = [{"name": axis.name, "keys": axis.keys, "texts": axis.texts} for axis in plan.template.grid.axes]
    typed = _lines(plan.identity, axes)
    if not _continues(before, jobs, plan.identity, [_axis(axis) for axis in axes]):
        rule = f"be a new folder or that of the same sweep, got {str(path.parent)!r}, whose sweep differs"
        raise checks.Refused(f"out must {rule} (- there, + typed):\n{difference(texts, typed)}")
    _check_room(plan, path)


def _axis(axis: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": axis["name"], "keys": list(axis["keys"]), "texts": [list(row) for row in axis["texts"]]}


def _continues(before: Mapping[str, Any], jobs: Sequence[Any], typed: Mapping[str, Any], axes: Sequence[Any]) -> bool:
    """Whether a sweep has all that an earlier one has, and more jobs at the ends of its axes."""
    if [(axis["name"], axis["keys"]) for axis in jobs] != [(axis["name"], axis["keys"]) for axis in axes]:
        return False
    pairs = zip(jobs, axes, strict=True)
    if not all(old["texts"] == new["texts"][: len(old["texts"])] for old, new in pairs) or jobs == axes:
        return False
    parts = (before[name].items() <= typed[name].items() for name in ("compositions", "files"))
    return before["version"] == typed["version"] and all(parts)


def _check_room(plan: SweepPlan, path: Path) -> None:
    """Refuse more jobs whose results have other labels than a store has room for."""
    from flowsim.results.store import metadata
    from flowsim.sweeps.template import files_of, inner_dims, variables_of

    swept, shape = plan.template.grid.names, plan.template.shape
    files = files_of(plan.template)
    dims = {dim for own in variables_of(shape) for dim in inner_dims(own, shape=shape, swept=swept)}
    there = metadata(path, "jobs")["attributes"]["parts"][:-1]
    names = [own.name for own in variables_of(shape)]
    other = [] if there == names else ["variables"]
    for dim in sorted(dims):
        file = path / dim / "c.0"
        other += [] if file.is_file() and file.read_bytes() == files[f"{dim}/c.0"] else [dim]
    rule = "be a folder whose store has room for more jobs, or a new one for jobs with other labels"
    checks.require(not other, thing="out", rule=rule, value=f"{path.parent}, with other labels of {', '.join(other)}")


def _lines(identity: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything fixed between two calls of a sweep, as lines for a comparison."""
    lines = [f"version: {identity['version']}"]
    lines += [f"{axis['name']}: {', '.join(' '.join(row) for row in axis['texts'])}" for axis in axes]
    for chosen, text in identity["compositions"].items():
        lines += [f"{chosen}: {line}" if chosen else line for line in text.splitlines()]
    return [*lines, *(f"{name}: {digest}" for name, digest in identity["files"].items())]


def difference(old: Sequence[str], new: Sequence[str]) -> str:
    """Lines of difference between two sweeps, at most `MOST_LINES`."""
    lines = [line.rstrip() for line in difflib.unified_diff(old, new, n=0, lineterm="")]
    lines = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    shown = [f"  {line[0]} {line[1:]}"[:200] for line in lines[:MOST_LINES]]
    return "\n".join([*shown, *([f"  and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else [])])
