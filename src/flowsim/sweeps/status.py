"""Status of a sweep: jobs done, failed and missing, with reasons, and the command to finish it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from flowsim.results.store import DONE, RUNNING, SWEEP
from flowsim.sweeps import lock
from flowsim.sweeps.runner import SweepOutcome, outcome
from flowsim.sweeps.store import Store

MOST = 5
"""Largest number of missing or damaged jobs listed."""


def reasons(outcome: SweepOutcome, *, store: Store) -> Iterator[str]:
    """Reasons of failure, each with its first job, number of jobs and text.

    Parameters
    ----------
    outcome
        State of the sweep.
    store
        Its store.
    """
    jobs: dict[str, list[int]] = {}
    for number, message in outcome.failed.items():
        jobs.setdefault(message, []).append(number)
    for message, numbers in jobs.items():
        more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
        yield f"{store.grid.own(numbers[0])}{more}: {message}"


def finishing(store: Store) -> str:
    """Command to finish a sweep."""
    command = str(store.plan["command"])
    named = any(word.startswith("out=") for word in shlex.split(command))
    return command if named else f"{command} {shlex.quote(f'out={store.path.parent}')}"


def report(folder: Path) -> str:
    """Text on the state of the sweep in a folder.

    Parameters
    ----------
    folder
        Folder of the sweep.

    Raises
    ------
    ValueError
        If there is no sweep in it.
    """
    if not (folder / SWEEP).is_dir():
        raise ValueError(f"out must be the folder of a sweep, which holds {SWEEP}, got {str(folder)!r}")
    store = Store(folder / SWEEP)
    found, flags = outcome(store), store.flags()
    at_work = lock.is_held(folder)
    damaged = {int(n): parts for n in np.flatnonzero(flags == DONE) if (parts := store.damaged(int(n)))}
    running = np.flatnonzero(flags == RUNNING).tolist()
    lines = [f"{folder}: {store.grid.describe()}, {found.size} jobs", ""]
    lines.append(f"done     {found.done - len(damaged):>7}")
    lines.append(f"failed   {len(found.failed):>7}")
    lines += [f"         {text}" for text in reasons(found, store=store)]
    lines.append(f"damaged  {len(damaged):>7}")
    lines += [f"         {store.grid.own(n)}: {', '.join(damaged[n])}" for n in list(damaged)[:MOST]]
    word = "running" if at_work else "stopped"
    lines.append(f"{word}  {len(running):>7}")
    lines.append(f"missing  {found.left - len(running):>7}")
    lines += _first(store, flags)
    if at_work:
        lines += ["", "A call is at work on it now."]
    elif found.done - len(damaged) < found.size:
        lines += ["", f"To finish it: {finishing(store)}"]
    return "\n".join(lines)


def _first(store: Store, flags: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[str]:
    missing = np.flatnonzero(flags == 0).tolist()
    lines = [f"         {store.grid.own(number)}" for number in missing[:MOST]]
    return lines + ([f"         and {len(missing) - MOST} more"] if len(missing) > MOST else [])
