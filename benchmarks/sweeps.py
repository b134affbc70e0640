"""Overheads of sweeps: from a free worker to its simulation, a thousand jobs, the parent's memory, opening a store.

`python benchmarks/sweeps.py` takes four minutes on two cores, as measured on 2026-11-22. Each number
stands beside the bar that it must not exceed. The command is run as users run it; overheads inside a worker are read
from marks that the benchmark puts around the simulation.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")

sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(Path(__file__).parent)]

SMALL = ("world=single_checkpoint", "replications=1", "horizon=720")
"""The small world of a thousand jobs: a month at one checkpoint."""

BARS = {
    "from a free worker to its simulation [s]": 0.1,
    "1,000 jobs on 2 cores [s]": 180.0,
    "growth of the parent's memory [MB]": 30.0,
    "opening a store of 10,000 jobs [s]": 2.0,
}
"""Most that each measurement may come to; memory that grows by less than this is flat."""


def main() -> None:
    """Measure all, print it beside the bars, and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer jobs")
    quick = parser.parse_args().quick
    results: dict[str, Any] = {"quick": quick, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    results["load_before"] = os.getloadavg()
    rows = [*overheads(jobs=20 if quick else 60)]
    with tempfile.TemporaryDirectory() as folder:
        rows += thousand(Path(folder, "thousand"), jobs=200 if quick else 1000)
        rows += many(Path(folder, "many"), jobs=1000 if quick else 10_000)
    results["rows"] = rows
    results["load_after"] = os.getloadavg()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{results['date'][:10]}-sweeps{'-quick' if quick else ''}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\nload of the machine {results['load_before'][0]:.1f} to {results['load_after'][0]:.1f}; written to {path}")


def row(what: str, value: float, *, bar: str | None = None, **more: Any) -> dict[str, Any]:
    """A measurement, printed beside its bar."""
    least = BARS.get(bar or what)
    verdict = "" if least is None else f"   bar {least:g}: {'reached' if value <= least else 'MISSED'}"
    print(f"{what:<64}{value:>10.3f}{verdict}", flush=True)
    return {"what": what, "value": value, "bar": least, **more}


def overheads(*, jobs: int) -> Iterator[dict[str, Any]]:
    """Time of a worker between two simulations, by what is swept and in which world."""
    print(f"\nCPU times, medians of {jobs} jobs in one worker")
    cases = {
        "seed, small world": ("world=single_checkpoint", "replications=1", "horizon=300", f"seed=range(0,{jobs})"),
        "effort, small world": (
            "world=single_checkpoint",
            "replications=1",
            "horizon=300",
            "inspection.effort.south=" + ",".join(f"{(k + 1) / (jobs + 1):.4f}" for k in range(jobs)),
        ),
        "seed, Kazakhstan, closed form": (
            "engine=expectation",
            "inflow=" + ",".join(f"{60 + k / 10:g}" for k in range(jobs)),
        ),
        "effort, Kazakhstan, closed form": (
            "engine=expectation",
            "inspection.effort.south=" + ",".join(f"{(k + 1) / (jobs + 1) / 10:.5f}" for k in range(jobs)),
        ),
    }
    for what, typed in cases.items():
        before, after = between_simulations(typed)
        yield row(f"from a free worker to its simulation, {what}", median(before), bar=next(iter(BARS)), seconds=before)
        yield row(f"from its simulation to a free worker, {what}", median(after), seconds=after)


def between_simulations(typed: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """CPU times before and after the simulation in each job of a sweep but the first, in one worker process [s].

    The sweep runs in a process of its own, with one worker and marks around `simulate`.
    """
    with tempfile.TemporaryDirectory() as folder:
        marks = Path(folder, "marks")
        script = MARKED.format(marks=str(marks), arguments=["-m", *typed, "workers=1", f"out={folder}/out"])
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, env=environment())
        times = [float(line) for line in marks.read_text().split()]
    begins, ends, dones = times[0::3], times[1::3], times[2::3]
    before = [begin - done for begin, done in zip(begins[1:], dones, strict=False)]
    after = [done - end for end, done in zip(ends[1:], dones[1:], strict=True)]
    return before, after


MARKED = """
import sys, time
from flowsim.config import request
from flowsim.sweeps import runner, plugins
from flowsim import simulate
marks = open({marks!r}, 'a', buffering=1)
def marked(*args, **kwargs):
    marks.write(f'{{time.process_time()}}\\n')
    try:
        return inner(*args, **kwargs)
    finally:
        marks.write(f'{{time.process_time()}}\\n')
inner, request.simulate = request.simulate, marked
def attempt(*args, **kwargs):
    done = whole(*args, **kwargs)
    marks.write(f'{{time.process_time()}}\\n')
    return done
whole, runner.attempt = runner.attempt, attempt
from flowsim import cli
sys.exit(cli.answer({arguments!r}))
"""
"""A sweep that notes the begin and the end of each simulation, and when its job is done."""


def thousand(folder: Path, *, jobs: int) -> Iterator[dict[str, Any]]:
    """A sweep of a small world on two cores, as it is typed, from the first line to the last."""
    print(f"\n{jobs} jobs of a small world, 2 workers")
    typed = ["-m", *SMALL, "inflow=0.5,1,2,4,8", f"seed=range(0,{jobs // 5})", "workers=2", f"out={folder}"]
    begun = time.perf_counter()
    process = subprocess.Popen([*PROGRAM, *typed], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, said = process.communicate()
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(said.decode())
    cpu = cpu_of_children()
    scaled = seconds * 1000 / jobs
    yield row(f"{jobs:,} jobs on 2 cores [s]", seconds)
    yield row("1,000 jobs on 2 cores [s]", scaled, said=out.decode().splitlines()[0])
    yield row("CPU time of these jobs on 2 cores, with all that begins [s]", cpu / 2)


def cpu_of_children() -> float:
    """CPU time of the processes that have ended [s]."""
    times = os.times()
    return times.children_user + times.children_system


def many(folder: Path, *, jobs: int) -> Iterator[dict[str, Any]]:
    """Ten thousand jobs that cost nothing: memory of the parent, and the time to open their store."""
    import sweep_stores as stores

    import flowsim as fs
    from flowsim.sweeps import lock, runner
    from flowsim.sweeps.launchers import Processes

    print(f"\n{jobs} jobs that cost nothing but their writing, 2 workers")
    folder.mkdir()
    grid = stores.grid(inflows=tuple(str(k) for k in range(jobs // 20)), seeds=tuple(str(k) for k in range(10)))
    made = stores.made(folder, jobs=grid)
    simulate = partial(stores.simulate, jobs=grid)
    sizes: list[float] = []
    over = threading.Event()
    thread = threading.Thread(target=lambda: [sizes.append(resident()) for _ in iter(lambda: over.wait(0.5), True)])
    thread.start()
    begun = time.perf_counter()
    with lock.of_call(folder):
        runner.run(made, simulate=simulate, explain=stores.explain, launcher=Processes(workers=2))
    seconds = time.perf_counter() - begun
    over.set()
    thread.join()
    tenth = max(1, len(sizes) // 10)
    early, late = max(sizes[tenth : 2 * tenth]), max(sizes[-tenth:])
    yield row(f"{grid.size:,} jobs [s]", seconds)
    yield row("growth of the parent's memory [MB]", late - early, early=early, late=late)
    begun, busy = time.perf_counter(), time.process_time()
    opened = fs.open_results(folder)
    yield row(f"opening a store of {grid.size:,} jobs [s]", time.perf_counter() - begun)
    yield row("opening it, CPU time [s]", time.process_time() - busy)
    begun = time.perf_counter()
    float(opened["delay"].isel(policy=0, inflow=0, seed=0).sum())
    yield row("reading one job of it [s]", time.perf_counter() - begun)
    begun = time.perf_counter()
    left, _ = runner.pending(made)
    assert not left
    yield row("looking through it for what is missing or damaged [s]", time.perf_counter() - begun)


def resident() -> float:
    """Memory of this process [MB]."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


def environment() -> dict[str, str]:
    """Environment in which the checkout is the flowsim that runs."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, sys.path)])}


if __name__ == "__main__":
    main()
