"""What is measured in a process of its own, which writes one line for each measurement.

probes.py memory ENGINE VEHICLES    resident memory before and at its peak, and the bytes of the outputs [bytes]
probes.py first                     wall-clock time of the compiled engine's first run in this process [s]
probes.py repeat VEHICLES RUNS      after "ready", for every line of stdin the CPU time of one of so many runs [s]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from engines import COMPILED, ENGINES, roster_of, run_compiled
from work import Task, as_world, reference_work

from flowsim.engine.compiled import engine as compiled


def task_of(vehicles: int) -> Task:
    """Reference work with a number of vehicles."""
    work = reference_work()
    return Task(work=work, world=as_world(work), vehicles=vehicles, seed=1)


def memory(engine: str, *, vehicles: int) -> dict[str, Any]:
    """Memory of a run, above what the imports and a run of few vehicles need [bytes]."""
    task = task_of(vehicles)
    ENGINES[engine].warm(task)
    before = _resident("VmRSS")
    done = ENGINES[engine].ready(task)()
    said = {"before": before, "peak": _resident("VmHWM"), "vehicles": done.totals().vehicles}
    if hasattr(done, "outcome"):
        said["outputs"] = _bytes_of(done.outcome)
    if engine == COMPILED:
        said["inputs"] = _bytes_of(roster_of(task))
    return said


def _bytes_of(columns: Any) -> int:
    """Memory of the arrays of a dataclass [bytes]."""
    values = (getattr(columns, field.name) for field in fields(columns))
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


def _resident(entry: str) -> int:
    """Resident memory of this process [bytes]: VmRSS now, VmHWM at its peak.

    Linux hands the peak that getrusage reports of a parent on to its child, so the child's own is read where it is.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        return next(1024 * int(words[1]) for words in lines if words[0] == f"{entry}:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def first() -> dict[str, Any]:
    """Wall-clock times of the first and second run of the compiled engine in this process, drawing included [s]."""
    task, times = task_of(ENGINES[COMPILED].warm_up), []
    for _ in range(2):
        start = time.perf_counter()
        run_compiled(task)
        times.append(time.perf_counter() - start)
    return {"first": times[0], "second": times[1]}


def repeat(vehicles: int, *, runs: int) -> None:
    """Run the compiled engine on one roster whenever a line comes in."""
    task = task_of(vehicles)
    ENGINES[COMPILED].warm(task)
    roster = roster_of(task)
    print(0.0, flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        for _ in range(runs):
            compiled.run(task.world, roster)
        print((time.process_time() - start) / runs, flush=True)


def main() -> None:
    """Measure what the arguments ask for."""
    what, *rest = sys.argv[1:]
    if what == "memory":
        print(json.dumps(memory(rest[0], vehicles=int(rest[1]))))
    elif what == "first":
        print(json.dumps(first()))
    else:
        repeat(int(rest[0]), runs=int(rest[1]))


if __name__ == "__main__":
    main()
