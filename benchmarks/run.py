"""Speed and memory of the engines on the reference work, against named peers in the same run.

`make bench` takes twenty-five minutes, `make bench ARGS=--quick` two or three. Times are CPU times of one process,
medians over rounds in which the engines take turns, so that what else the machine does falls on all alike. The
reference work is a world of flowsim (`work.as_world`); the peers get the same numbers without flowsim and draw their
own random numbers. Whether all engines say the same is tested (`totals.differences`): if not, the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bars import bars
from clock import machine, versions
from engines import COMPILED, ENGINES
from growth import MOST, SIZES, growth, huge_pages, is_too_much, memories, two_processes
from national import national
from speed import PLAN, QUICK, ROUNDS, speeds
from starts import commands, first_runs

RESULTS = Path(__file__).parent / "results"
"""Folder of the results files."""


def main() -> None:
    """Measure all, print the tables and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer vehicles and rounds")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    results: dict[str, Any] = {"quick": quick, "machine": machine(), "versions": versions()}
    results["date"] = datetime.now(UTC).isoformat(timespec="seconds")
    results["speed"] = speeds(QUICK if quick else PLAN)
    results |= grown(quick=quick)
    results["national"] = national(quick=quick)
    results["first_run"] = first_runs(cold=1 if quick else 3, cached=3 if quick else ROUNDS)
    results["commands"] = commands(rounds=ROUNDS, quick=quick)
    results["bars"] = bars(results)
    results["minutes"] = round((time.perf_counter() - started) / 60, 1)
    write(results)
    sys.exit(1 if results["speed"]["differences"] or results["speed"]["unequal_rounds"] else 0)


def grown(*, quick: bool) -> dict[str, Any]:
    """Memory and time of the compiled engine by number of vehicles."""
    slow, fast = QUICK if quick else PLAN
    pairs = [(COMPILED, size) for size in SIZES[1:]]
    pairs += [
        (name, slow if engine.is_slow else fast)
        for name, engine in ENGINES.items()
        if name != COMPILED and not engine.drawn_before
    ]
    found: dict[str, Any] = {"memory": memories(pairs)}
    left_out = "this is a quick run" if quick else is_too_much(found["memory"])
    found["left_out"] = {str(MOST): left_out} if left_out else {}
    if left_out:
        print(f"\n{MOST} vehicles are left out: {left_out}")
    else:
        found["memory"] += memories([(COMPILED, MOST)])
    found["growth"] = growth(SIZES if left_out else (*SIZES, MOST), rounds=3 if quick else ROUNDS)
    size, runs = (SIZES[-2], 2) if quick else (SIZES[-1], 2)
    found["processes"] = two_processes(size, runs=runs)
    found["huge_pages"] = [huge_pages(size, runs=runs)]
    if not left_out:
        found["huge_pages"].append(huge_pages(MOST, runs=1, rounds=3))
    return found


def write(results: dict[str, Any]) -> None:
    """Write the results of today, in place of an earlier run of the day."""
    RESULTS.mkdir(exist_ok=True)
    kind = "-quick" if results["quick"] else ""
    path = RESULTS / f"{results['date'][:10]}{kind}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\n{results['minutes']} minutes; written to {path}")


if __name__ == "__main__":
    main()
