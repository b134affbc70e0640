"""Speed on the world of Kazakhstan 2010: a span of all traffic, years of consignments, and the expectation engine."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

from clock import timed
from speed import ROUNDS

import flowsim as fs
from flowsim.draws.consignments import consignment_roster
from flowsim.draws.honest import honest_roster
from flowsim.draws.roster import joined
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.compiled.background import Recorded, pooled
from flowsim.engine.expectation.engine import expect
from flowsim.engine.outcome import Outcome
from flowsim.units import HOURS_PER_WEEK, HOURS_PER_YEAR
from flowsim.world.world import World

WEEK = {"start": 26 * HOURS_PER_WEEK, "end": 27 * HOURS_PER_WEEK}
"""Week whose queues are recorded."""

BATCH = 5
"""Years of consignments that are drawn at once [1]."""


def national(*, quick: bool, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """CPU times of work on the national world [s]."""
    world = fs.load_world("kazakhstan_2010")
    horizon = HOURS_PER_WEEK if quick else HOURS_PER_YEAR
    queues = recorded_week(world)
    span = "a week" if quick else "a year"
    works = {
        f"{span} of all traffic, compiled": (partial(traffic, world, horizon=horizon), 1),
        "a year of consignments in recorded queues, compiled": (partial(consignments, world, queues), BATCH),
        "the expectation engine": (partial(expect, world), 1),
    }
    print("\nkazakhstan_2010, drawing included, medians")
    rows = []
    for what, (run, parts) in works.items():
        run()
        times = [timed(run)[0] / parts for _ in range(rounds)]
        rows.append({"what": what, "cpu_seconds": times, "median": median(times)})
        print(f"{what:<55}{median(times):>9.4f} s CPU, {1 / median(times):>9.2f} per second and core", flush=True)
    return rows


def recorded_week(world: World) -> Recorded:
    """Queues of a week of honest traffic."""
    roster = honest_roster(world, seed=1, year=0, start=WEEK["start"] - world.warm_up, end=WEEK["end"])
    simulation = compiled.Simulation(world, roster)
    simulation.among_one_another(until=WEEK["end"])
    return pooled([simulation.record(simulation.trail(), **WEEK)])


def traffic(world: World, *, horizon: float) -> Outcome:
    """Honest vehicles and consignments that queue with one another, from an empty country."""
    honest = honest_roster(world, seed=1, year=0, start=0.0, end=horizon)
    consignments = consignment_roster(world, seed=1, replications=[0], horizon=horizon)
    return compiled.run(world, joined(honest, consignments), until=horizon).outcome


def consignments(world: World, queues: Recorded) -> Outcome:
    """Years of consignments that meet recorded queues without adding to them."""
    consignments = consignment_roster(world, seed=1, replications=range(BATCH), horizon=HOURS_PER_YEAR)
    return compiled.run(world, consignments, until=HOURS_PER_YEAR, queues=queues).outcome
