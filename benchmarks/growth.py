"""How the compiled engine grows: time by number of vehicles, against the floor of its sampler, with shifts; memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from clock import memory_of, once_more, probe, repeating, timed
from engines import COMPILED, ENGINES, roster_of
from speed import ROUNDS
from work import Task, as_world, reference_work, with_shifts

from flowsim.engine.compiled import engine as compiled
from flowsim.engine.compiled.lower_bound import without_queues
from flowsim.world.world import World

SIZES = (10_000, 100_000, 1_000_000)
"""Numbers of vehicles."""

MOST = 10_000_000
"""Number of vehicles of a full run on a machine whose memory holds them."""

PARTS = ("roster", "run", "floor", "shifts", "even_shifts")
"""What is timed of the compiled engine."""

RATIOS = (
    ("run/floor", "run", "floor"),
    ("shifts/run", "shifts", "run"),
    ("even/run", "even_shifts", "run"),
)
"""Ratios of the times of one round, by name."""

SPARE = 2.0
"""Memory that has to be there, relative to what the peak at the largest size measured suggests [1]."""

HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Setting by which glibc asks for huge pages."""


def memories(pairs: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Peak memory of engines, each in a process of its own, above that of the imports and a run of few vehicles.

    Parameters
    ----------
    pairs
        Engine and number of vehicles.
    """
    print("\npeak memory above that of the imports")
    rows = []
    for name, size in pairs:
        said = probe("memory", name, str(size))
        vehicles, above = said["vehicles"], said["peak"] - said["before"]
        row = {"engine": name, "size": size, "above": above, "bytes_per_vehicle": above / vehicles}
        row |= {key: said[key] for key in ("before", "inputs", "outputs") if key in said}
        line = f"{name:<34}{size:>9} vehicles{above / 2**20:>9.1f} MiB{above / vehicles:>9.0f} bytes each"
        if "outputs" in said:
            row["times_outputs"] = above / said["outputs"]
            line += f", {row['times_outputs']:.2f} x the outputs ({said['outputs'] / vehicles:.0f} bytes)"
        if "inputs" in said:
            line += f", roster {said['inputs'] / vehicles:.0f} bytes"
        print(line, flush=True)
        rows.append(row)
    return rows


def is_too_much(memory: Sequence[dict[str, Any]]) -> str:
    """Why the largest number of vehicles is left out, or nothing if it fits into the memory."""
    largest = max((row for row in memory if row["engine"] == COMPILED), key=lambda row: row["size"])
    need = SPARE * largest["above"] * MOST / largest["size"]
    free = memory_of("MemAvailable")
    if free is None:
        return "this system does not say how much memory is available"
    if need > free:
        return f"they need {need / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are available"
    return ""


def growth(sizes: Sequence[int], *, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """CPU times of drawing the roster, the run, the floor of its sampler, and runs with shifts [s].

    Of the two runs with shifts, one changes who is on duty, and one, with even shifts, changes nothing.
    """
    work = reference_work()
    task = Task(work=work, world=as_world(work), vehicles=ENGINES[COMPILED].warm_up, seed=1)
    others = {"shifts": with_shifts(task.world), "even_shifts": with_shifts(task.world, all_on_duty=True)}
    _once(task, others)
    times: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for seed in range(1, rounds + 1):
        for size in sizes:
            times[size].append(_once(replace(task, vehicles=size, seed=seed), others if size < MOST else {}))
    print(f"\ncompiled engine, CPU s, medians of {rounds} rounds")
    columns = (*PARTS, *(ratio for ratio, _, _ in RATIOS))
    print("".join(f"{head:>12}" for head in ("vehicles", *columns)))
    rows = []
    for size, each in times.items():
        seconds = {part: [own[part] for own in each if part in own] for part in PARTS}
        row: dict[str, Any] = {"size": size, "cpu_seconds": seconds}
        row |= {part: median(values) for part, values in seconds.items() if values}
        row["total"] = median(own["roster"] + own["run"] for own in each)
        for ratio, above, below in RATIOS:
            if above in row and below in row:
                row[ratio] = median(own[above] / own[below] for own in each)
        numbers = (f"{row[column]:.4f}" if column in row else "" for column in columns)
        print(f"{size:>12}" + "".join(f"{number:>12}" for number in numbers), flush=True)
        rows.append(row)
    return rows


def _once(task: Task, others: Mapping[str, World]) -> dict[str, float]:
    """CPU times of one round [s]; without other worlds, of the roster and the run alone."""
    own = {}
    own["roster"], roster = timed(partial(roster_of, task))
    own["run"] = timed(partial(compiled.run, task.world, roster))[0]
    if others:
        own["floor"] = timed(partial(without_queues, task.world, roster))[0]
    for part, world in others.items():
        own[part] = timed(partial(compiled.run, world, roster))[0]
    return own


def two_processes(size: int, *, runs: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """CPU time of one run with two processes at once against one alone [s]."""
    alone, both = [], []
    with repeating(str(size), str(runs)) as one, repeating(str(size), str(runs)) as other:
        for _ in range(rounds):
            alone += once_more([one])
            both.append(sum(once_more([one, other])) / 2)
    ratio = median(b / a for a, b in zip(alone, both, strict=True))
    print(f"\ntwo processes at once, {size} vehicles: {ratio:.2f} x the CPU time of one alone")
    return {"size": size, "alone": alone, "both": both, "ratio": ratio}


def huge_pages(size: int, *, runs: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """CPU time of one run without and with huge pages [s]."""
    without, with_them = [], []
    with repeating(str(size), str(runs)) as plain, repeating(str(size), str(runs), environment=HUGE_PAGES) as huge:
        for _ in range(rounds):
            without += once_more([plain])
            with_them += once_more([huge])
    ratio = median(a / b for a, b in zip(without, with_them, strict=True))
    print(f"huge pages (GLIBC_TUNABLES={HUGE_PAGES['GLIBC_TUNABLES']}), {size} vehicles: {ratio:.2f} x as fast")
    return {"size": size, "without": without, "with": with_them, "times_as_fast": ratio}
