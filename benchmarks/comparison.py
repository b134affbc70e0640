"""Speed of a comparison of all policies: what is remembered from world to world, and the whole command.

`python benchmarks/comparison.py` takes about a quarter of an hour on two cores, `--quick` leaves out the command. The
peer is the same engine that simulates each world anew, on the same worlds and traffic, turn by turn in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PROGRAM = (sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())")

sys.path[:0] = [str(ROOT / "src"), str(Path(__file__).parent)]

from clock import machine, timed  # noqa: E402

import flowsim as fs  # noqa: E402
from flowsim.calibration.posterior import spread, world_change  # noqa: E402
from flowsim.config.build import every_policy  # noqa: E402
from flowsim.results.tally import Masses  # noqa: E402
from flowsim.simulation.engines import SIMULATING, Years  # noqa: E402
from flowsim.simulation.replay import repeated  # noqa: E402
from flowsim.simulation.simulate import Plan, SimulatedTraffic  # noqa: E402

WHOLE = ("study=compare", "draws=200", "replications=20", "study.sets=20", "workers=2")
"""All policies with 200 draws of the posterior and 20 years of consignments, honest traffic under 20 of the draws."""

BAR = 600.0
"""Most seconds that it may take on two cores."""


def main() -> None:
    """Measure, print, and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the whole command")
    quick = parser.parse_args().quick
    results: dict[str, Any] = {"quick": quick, "date": datetime.now(UTC).isoformat(timespec="seconds")}
    results |= {"machine": machine(), "load_before": os.getloadavg()}
    results["remembered"] = remembered(draws=5, years=20)
    if not quick:
        results["command"] = command()
    results["load_after"] = os.getloadavg()
    path = RESULTS / f"{results['date'][:10]}-comparison{'-quick' if quick else ''}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"load of the machine {results['load_before'][0]:.1f} to {results['load_after'][0]:.1f}; written to {path}")


def remembered(*, draws: int, years: int) -> dict[str, Any]:
    """CPU time of the consignments of all policies under some draws: remembered, and each world anew."""
    engine, plan = SIMULATING["compiled"], Plan()
    world = fs.load_world("kazakhstan_2010")
    world = replace(world, traffic=world.traffic.of_heroin())
    posterior = fs.load_posterior()
    bases = [world_change(posterior, chain=c, draw=d).apply(world) for c, d in spread(posterior, draws)]
    again = repeated("compiled", bases, seed=plan.seed, horizon=plan.horizon, years=range(years))
    known = SimulatedTraffic()
    ours, anew, differing = 0.0, 0.0, 0
    for policy in every_policy():
        first = policy.apply(bases[0])
        traffic = known.of(first)
        if not traffic:
            honest = Years(world=first, seed=plan.seed, horizon=plan.horizon)
            traffic = [engine.traffic(honest, span) for span in plan.spans()]
            known.keep(first, traffic)
        queues = engine.queues([span for _, span in traffic])
        for draw, base in enumerate(bases):
            changed = policy.apply(base)
            own = Years(world=changed, seed=plan.seed, horizon=plan.horizon)
            time_ours, found = timed(lambda: again.masses(draw, changed, traffic))  # noqa: B023
            time_anew, plain = timed(lambda: engine.alone(own, range(years), queues))  # noqa: B023
            ours, anew = ours + time_ours, anew + time_anew
            names = [field.name for field in fields(Masses)]
            differing += not all(np.array_equal(getattr(found, name), getattr(plain, name)) for name in names)
    count = len(every_policy()) * draws * years
    print(f"years of consignments, {count} under {len(every_policy())} policies and {draws} draws")
    each = f"remembered {1e3 * ours / count:.2f} ms, each world anew {1e3 * anew / count:.2f} ms"
    print(f"  {each}: {anew / ours:.1f} times")
    print(f"  results that differ in any bit: {differing}")
    return {"years": count, "seconds": ours, "seconds_anew": anew, "ratio": anew / ours, "differing": differing}


def command() -> dict[str, Any]:
    """The whole comparison as it is typed, from the first line to the last."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        subprocess.run([*PROGRAM, *WHOLE, f"out={folder}/out"], check=True, capture_output=True)
        taken = time.perf_counter() - begun
    verdict = "reached" if taken <= BAR else "MISSED"
    print(f"flowsim {' '.join(WHOLE)}: {taken:.0f} s, bar {BAR:g}: {verdict}")
    return {"arguments": WHOLE, "seconds": taken, "bar": BAR, "verdict": verdict}


if __name__ == "__main__":
    main()
