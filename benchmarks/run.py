"""Speed of the engines on the reference work, against named peers in the same run.

`make bench` takes about a quarter of an hour, `make bench ARGS=--quick` about a minute. Times are CPU times of one
process, medians over rounds in which the engines take turns, so that what else the machine does falls on all alike.
The reference work is a world of flowsim (`work.as_world`) whose vehicles come from `draw_honest` and
`draw_consignments`; the peers get the same numbers without flowsim and draw their own random numbers as they go.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

BAR = 7000.0
"""Least speed of the reference engine on the reference work, drawing included [vehicles/s]."""

PLAN = {10_000: 5, 100_000: 5}
"""Rounds by number of vehicles."""

QUICK = {1_000: 3, 10_000: 3}
"""Rounds by number of vehicles of a quick run."""

MOST_FOR_CIW = {False: 10_000, True: 1_000}
"""Vehicles that Ciw is given at most, by whether the run is quick."""

DRAWN = "flowsim reference, drawn before"
"""Name of the reference engine without the drawing of its random numbers."""

RESULTS = Path(__file__).parent / "results"
FLOWSIM = Path(sys.executable).with_name("flowsim")


def main() -> None:
    """Measure all, print the tables and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer vehicles and rounds")
    parser.add_argument("--memory", nargs=2, metavar=("ENGINE", "VEHICLES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory:
        print(peak_memory(asked.memory[0], vehicles=int(asked.memory[1])))
        return
    started = time.perf_counter()
    plan = QUICK if asked.quick else PLAN
    results: dict[str, Any] = {"quick": asked.quick, "machine": machine(), "versions": versions()}
    results["date"] = datetime.now(UTC).isoformat(timespec="seconds")
    results["speed"] = speeds(plan, most_for_ciw=MOST_FOR_CIW[asked.quick])
    results["bar"] = judge(results["speed"])
    results["memory"] = memories(plan, most_for_ciw=MOST_FOR_CIW[asked.quick])
    results["other"] = others(rounds=3 if asked.quick else 5)
    results["minutes"] = round((time.perf_counter() - started) / 60, 1)
    write(results)


def speeds(plan: dict[int, int], *, most_for_ciw: int) -> list[dict[str, Any]]:
    """CPU times of the engines by number of vehicles."""
    from engines import ENGINES

    rows = []
    for vehicles, rounds in plan.items():
        names = [name for name in ENGINES if name != "Ciw" or vehicles <= most_for_ciw]
        times, totals = _rounds(names, vehicles=vehicles, rounds=rounds)
        base = median(times["SimPy, idiomatic"])
        print(
            f"\n{vehicles} vehicles, median of {rounds} rounds (the last round's totals, to see that all do the same)"
        )
        print(f"{'engine':<34}{'CPU s':>8}{'vehicles/s':>12}{'x SimPy':>9}{'visits':>9}{'wait h':>8}{'seized':>8}")
        for name, seconds in sorted(times.items(), key=lambda item: median(item[1])):
            total, middle = totals[name], median(seconds)
            row = {"engine": name, "size": vehicles, "vehicles": total.vehicles, "cpu_seconds": seconds}
            row |= {"vehicles_per_second": total.vehicles / middle, "times_simpy": base / middle}
            row |= {"visits": total.visits, "mean_wait_h": total.wait, "seizures": total.seizures}
            rows.append(row)
            speed = f"{middle:>8.2f}{row['vehicles_per_second']:>12.0f}{row['times_simpy']:>9.3f}"
            print(f"{name:<34}{speed}{total.visits:>9}{total.wait:>8.4f}{total.seizures:>8}", flush=True)
    return rows


def _rounds(names: list[str], *, vehicles: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """CPU times of engines that take turns [s], and their totals of the last round."""
    from engines import ENGINES, draw, run_fleet
    from work import as_world, reference_work

    work = reference_work()
    world = as_world(work)
    times: dict[str, list[float]] = {name: [] for name in [*names, DRAWN]}
    totals: dict[str, Any] = {}
    for seed in range(1, rounds + 1):
        for name in names:
            seconds, totals[name] = timed(partial(ENGINES[name], work, vehicles=vehicles, seed=seed))
            times[name].append(seconds)
        fleet = draw(world, horizon=vehicles / work.per_hour, seed=seed)
        seconds, totals[DRAWN] = timed(partial(run_fleet, world, fleet))
        times[DRAWN].append(seconds)
    return times, totals


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """CPU time of a call [s], and what it returns."""
    gc.collect()
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def judge(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether the reference engine reaches its bar at the largest size."""
    row = [row for row in rows if row["engine"] == "flowsim reference"][-1]
    reached = row["vehicles_per_second"] >= BAR
    verdict = "reached" if reached else "MISSED"
    print(f"\nbar of the reference engine, {BAR:.0f} vehicles/s: {verdict} with {row['vehicles_per_second']:.0f}")
    return {"least": BAR, "measured": row["vehicles_per_second"], "reached": reached}


def peak_memory(engine: str, *, vehicles: int) -> int:
    """Largest resident memory of this process after a run of an engine [KiB]; no engine is the imports alone."""
    from engines import ENGINES
    from work import reference_work

    if engine in ENGINES:
        ENGINES[engine](reference_work(), vehicles=vehicles, seed=1)
    # Linux hands ru_maxrss of the parent on to a child, so the child's own high-water mark is read where there is one.
    status = Path("/proc/self/status")
    if status.exists():
        marks = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(next(marks).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memories(plan: dict[int, int], *, most_for_ciw: int) -> list[dict[str, Any]]:
    """Peak memory of each engine in a process of its own, above that of the imports."""
    names = ("flowsim reference", "SimPy, idiomatic", "Ciw")
    pairs = [(name, size) for size in plan for name in names if name != "Ciw" or size <= most_for_ciw]
    empty = _peak("none", 0)
    print(f"\npeak memory above {empty / 1024:.0f} MiB for Python and its imports")
    rows = []
    for name, size in pairs:
        above = _peak(name, size) - empty
        rows.append({"engine": name, "size": size, "above_imports_kib": above, "imports_kib": empty})
        print(f"{name:<34}{size:>9} vehicles{above / 1024:>8.0f} MiB{1024 * above / size:>9.0f} bytes a vehicle")
    return rows


def _peak(engine: str, vehicles: int) -> int:
    command = [sys.executable, __file__, "--memory", engine, str(vehicles)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def others(*, rounds: int) -> list[dict[str, Any]]:
    """Times of the expectation engine, of national traffic, and of the command line."""
    import flowsim as fs
    from flowsim.draws.consignments import draw_consignments
    from flowsim.draws.honest import draw_honest
    from flowsim.engine import reference
    from flowsim.engine.expectation import expect
    from flowsim.engine.queues import Queues, record

    world = fs.load_world("kazakhstan_2010")
    day = {"start": 4368.0, "end": 4392.0}
    fleet = draw_honest(world, seed=1, year=0, **day)
    loads = draw_consignments(world, seed=1, replications=[0], horizon=8760.0)
    outcome = reference.run(world, fleet).outcome
    queues = Queues((record(world, fleet, outcome, **day),))
    seconds = {
        "expectation engine, kazakhstan_2010": lambda: expect(world),
        "a day of honest traffic, kazakhstan_2010": lambda: reference.run(world, fleet),
        "a year of consignments, kazakhstan_2010": lambda: reference.run(world, loads, queues=queues),
    }
    print()
    rows = []
    for name, run in seconds.items():
        times = [timed(run)[0] for _ in range(rounds)]
        rows.append({"what": name, "clock": "CPU", "seconds": times})
    rows += commands(rounds=rounds)
    for row in rows:
        print(f"{row['what']:<52}{median(row['seconds']):>8.3f} s {row['clock']}, median of {len(row['seconds'])}")
    return rows


def commands(*, rounds: int) -> list[dict[str, Any]]:
    """Wall-clock times of the command line, first with nothing cached."""
    if not FLOWSIM.exists():
        print(f"no {FLOWSIM}: the command line is left out")
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        small = ["world=single_checkpoint", "replications=2", "workers=1", f"out={folder}/out"]
        for what, arguments in (("flowsim --help", ["--help"]), ("flowsim world=single_checkpoint", small)):
            cold, warm = [], []
            for k in range(rounds):
                cache = Path(folder, "cache", f"{len(arguments)}-{k}")
                cold.append(_wall(arguments, cache=cache))
                warm.append(_wall(arguments, cache=cache))
            rows.append({"what": f"{what}, nothing compiled", "clock": "wall", "seconds": cold})
            rows.append({"what": f"{what}, again", "clock": "wall", "seconds": warm})
    return rows


def _wall(arguments: list[str], *, cache: Path) -> float:
    """Wall-clock time of the command line with its caches in a folder [s]."""
    caches = {"PYTHONPYCACHEPREFIX": str(cache), "MPLCONFIGDIR": str(cache / "mpl"), "XDG_CACHE_HOME": str(cache)}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([FLOWSIM, *arguments], check=True, capture_output=True, env=kept | caches)
    return time.perf_counter() - start


def machine() -> dict[str, Any]:
    """Processor and system, without the name of the host."""
    return {"cpu": _processor(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Versions of what is measured."""
    names = ("flowsim", "simpy", "ciw", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def write(results: dict[str, Any]) -> None:
    """Write the results of today, in place of an earlier run of the day."""
    RESULTS.mkdir(exist_ok=True)
    kind = "-quick" if results["quick"] else ""
    path = RESULTS / f"{results['date'][:10]}{kind}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\n{results['minutes']} minutes; written to {path}")


if __name__ == "__main__":
    main()
