"""Sweeper: make the store of a sweep or resume it, and do its jobs."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim import checks

if TYPE_CHECKING:
    from flowsim.sweeps.launchers import Launcher
    from flowsim.sweeps.plan import SweepPlan, Task
    from flowsim.sweeps.store import Store

MOST_LINES = 20
"""Longest difference shown [lines]."""


def run(plan: SweepPlan, *, out: Path, task: Task, launcher: Callable[[Store], Launcher], workers: int) -> None:
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

    Raises
    ------
    ValueError
        If the folder holds another sweep, or another call works in it.
    Unwritable
        If the disk is full or may not be written.
    """
    from flowsim.sweeps import lock, runner

    with task.folder(out), lock.of_call(out):
        store = ready(plan, out)
        outcome = runner.run(
            store,
            simulate=task.simulate(store, workers=workers),
            explain=task.explain(store),
            launcher=launcher(store),
        )
    task.tell(outcome, store=store)


def ready(plan: SweepPlan, out: Path) -> Store:
    """Store in a folder, made if there is none.

    Parameters
    ----------
    plan
        The sweep before its first job.
    out
        Folder of the sweep.

    Raises
    ------
    ValueError
        If the folder holds another sweep; the message shows the differences.
    """
    from flowsim.results.store import SWEEP
    from flowsim.sweeps.store import Store, make, mend

    path = out / SWEEP
    if not path.exists():
        return make(plan.template, out)
    store = Store(path)
    before = str(store.plan.get("identity", ""))
    if before != plan.identity:
        rule = f"be a new folder or that of the same sweep, got {str(out)!r}, whose sweep differs (- there, + typed):"
        raise checks.Refused(f"out must {rule}\n{difference(before, plan.identity)}")
    mend(plan.template, store)
    return store


def difference(old: str, new: str) -> str:
    """Lines of difference between two sweeps, at most `MOST_LINES`."""
    lines = [line.rstrip() for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")]
    lines = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    shown = [f"  {line[0]} {line[1:]}"[:200] for line in lines[:MOST_LINES]]
    return "\n".join([*shown, *([f"  and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else [])])
