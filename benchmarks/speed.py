"""Speed of the engines on the reference work: rounds in which they take turns, and whether all say the same."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from clock import timed
from engines import COMPILED, ENGINES, IDIOMATIC, REFERENCE
from totals import Totals, differences
from work import Task, as_world, reference_work

ROUNDS = 5
"""Rounds of every measurement that is cheap enough [1]."""

PLAN = (10_000, 100_000)
"""Numbers of vehicles; slow engines get the first."""

QUICK = (500, 10_000)
"""Numbers of vehicles of a quick run."""


def speeds(sizes: Sequence[int], *, rounds: int = ROUNDS) -> dict[str, Any]:
    """CPU times of the engines by number of vehicles, what they say, and where they differ."""
    work = reference_work()
    world = as_world(work)
    rows: list[dict[str, Any]] = []
    differing: list[dict[str, Any]] = []
    by_chance: dict[str, dict[str, float]] = {}
    unequal = 0
    for size in sizes:
        names = [name for name, engine in ENGINES.items() if not engine.is_slow or size == sizes[0]]
        tasks = [Task(work=work, world=world, vehicles=size, seed=seed) for seed in range(1, rounds + 1)]
        times, totals, not_equal = _rounds(names, tasks)
        unequal += not_equal
        rows += _rows(times, totals, size=size)
        _print(rows[-len(names) :], size=size, rounds=rounds)
        numbers = {name: ENGINES[name].numbers for name in names}
        left_out = {name: ENGINES[name].left_out for name in names}
        more, by_chance[str(size)] = differences(totals, numbers=numbers, left_out=left_out)
        for row in more:
            print("DIFFERENT: {engine} against {against}, {quantity}: {difference}".format(**row))
            differing.append({"size": size} | row)
        if not more:
            shares = ", ".join(f"{quantity} {share:.1%}" for quantity, share in by_chance[str(size)].items())
            print(f"all engines say the same within chance, which explains differences up to: {shares}")
    found = {"rows": rows, "differences": differing, "explained_by_chance": by_chance}
    return found | {"rounds": rounds * len(sizes), "unequal_rounds": unequal}


def _rounds(names: Sequence[str], tasks: Sequence[Task]) -> tuple[dict[str, list[float]], dict[str, list[Totals]], int]:
    """CPU times of engines that take turns [s], their totals, and the rounds in which flowsim's own are not equal."""
    times: dict[str, list[float]] = {name: [] for name in names}
    totals: dict[str, list[Totals]] = {name: [] for name in names}
    unequal = 0
    for name in names:
        ENGINES[name].warm(tasks[0])
    for task in tasks:
        outcomes = {}
        for name in names:
            seconds, done = timed(ENGINES[name].ready(task))
            times[name].append(seconds)
            totals[name].append(done.totals())
            if name in (REFERENCE, COMPILED):
                outcomes[name] = done.outcome
        unequal += not outcomes[REFERENCE].equals(outcomes[COMPILED])
    return times, totals, unequal


def _rows(times: dict[str, list[float]], totals: dict[str, list[Totals]], *, size: int) -> list[dict[str, Any]]:
    """One row per engine, the fastest first."""
    base = median(times[IDIOMATIC])
    rows = []
    for name, seconds in sorted(times.items(), key=lambda item: median(item[1])):
        middle, rounds = median(seconds), len(seconds)
        row = {"engine": name, "size": size, "cpu_seconds": seconds, "median": middle}
        row |= {"vehicles_per_second": sum(total.vehicles for total in totals[name]) / rounds / middle}
        row |= {"times_simpy": base / middle}
        for quantity in ("vehicles", "visits", "wait", "referred", "seizures"):
            row[quantity] = sum(getattr(total, quantity) for total in totals[name]) / rounds
        rows.append(row)
    return rows


def _print(rows: Sequence[dict[str, Any]], *, size: int, rounds: int) -> None:
    print(f"\n{size} vehicles, medians of {rounds} rounds; means of what the engines say")
    heads = f"{'CPU s':>9}{'vehicles/s':>12}{'x SimPy':>9}{'vehicles':>11}{'visits':>11}{'wait h':>9}"
    print(f"{'engine':<34}{heads}{'referred':>10}{'seized':>8}")
    for row in rows:
        speed = "{median:>9.4f}{vehicles_per_second:>12.0f}{times_simpy:>9.3g}".format(**row)
        said = "{vehicles:>11.1f}{visits:>11.1f}{wait:>9.5f}{referred:>10.5f}{seizures:>8.1f}".format(**row)
        print(f"{row['engine']:<34}{speed}{said}", flush=True)
