"""What a run asks of the machine, estimated before it starts."""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

from flowsim import units
from flowsim.draws.consignments import consignments_per_year
from flowsim.world import utilisation
from flowsim.world.world import World

PER_VISIT = {"compiled": 300, "reference": 1000}
"""Memory for each visit that is simulated at once, with its share of the vehicle, by engine [bytes].

Measured as the peak of a process that simulates, records and adds up honest traffic of Kazakhstan, above its peak
after one hour of it, and rounded up: 265 bytes by the compiled engine (533,540 visits) and 888 by the reference engine
(138,720 visits).
"""

VISITS_PER_CONSIGNMENT = 8.0
"""Visits for which each consignment counts, those of its parts among them [1]; more than the routes of any world."""

GIB = 2**30


class OverloadWarning(UserWarning):
    """Lanes or bays have more work than they can do, so that their queue grows for as long as the run lasts."""


def memory_needed(world: World, *, engine: str, hours: float, years: int, processes: int) -> float:
    """Estimate the memory that a run needs above that of its imports [bytes].

    Parameters
    ----------
    world
        World that is simulated.
    engine
        Engine that simulates it.
    hours
        Honest traffic that is simulated at once, the warm-up included [h].
    years
        Years of consignments that are simulated at once [1].
    processes
        Processes that do so at the same time [1].
    """
    honest = sum(utilisation.visits(world).values()) * hours / units.HOURS_PER_DAY
    yearly = sum(consignments_per_year(world, own) for own in world.traffic.population_streams)
    consignments = years * VISITS_PER_CONSIGNMENT * yearly
    return PER_VISIT[engine] * processes * (honest + consignments)


def require_memory(needed: float, *, free: float | None = None) -> None:
    """Refuse a run that needs more memory than there is.

    Parameters
    ----------
    needed
        Memory that it needs [bytes].
    free
        Memory that it can have [bytes], by default what the machine has free.

    Raises
    ------
    ValueError
        If there is not enough.
    """
    there = free_memory() if free is None else free
    if there is not None and needed > there:
        rule = "fit into memory: ask for less with traffic_years=, horizon= or workers="
        got = f"about {needed / GIB:.1f} GiB needed and {there / GIB:.1f} GiB free"
        raise ValueError(f"the run must {rule}, got {got}")


def free_memory() -> float | None:
    """Memory that a new process could have [bytes], or None where the system does not say.

    It is the least of what the machine has free, what is left to the control group of this process, and what
    `ulimit -v` leaves to it.
    """
    known = [left for left in (_of_machine(), of_group("memory"), _of_process()) if left is not None]
    return min(known, default=None)


def cores() -> int:
    """Cores available to this process, by its affinity and its control group."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.floor(min(given, of_group("cpu") or given)))


def of_group(kind: str, *, own: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Memory left to the control groups of this process [bytes], or the cores they give it [1]; None without a limit.

    Parameters
    ----------
    kind
        `memory` or `cpu`.
    own
        File that names the groups.
    root
        Folder of all groups.
    """
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    found: list[float] = []
    for _, controllers, place in lines:
        if controllers and kind not in controllers.split(","):
            continue
        base = root / controllers if controllers else root
        folder = base / place.strip("/")
        left = _left_in_version_1 if controllers else _left_in_version_2
        for each in (folder, *(part for part in folder.parents if part.is_relative_to(base))):
            with contextlib.suppress(OSError, ValueError, IndexError):
                found.append(left(each, kind))
    return min(found, default=None)


def _left_in_version_2(folder: Path, kind: str) -> float:
    """Memory or cores left in a group of the second version of control groups."""
    if kind == "cpu":
        quota, period = _words(folder / "cpu.max")
        return float(quota) / float(period)
    cache = dict(zip(*[iter(_words(folder / "memory.stat"))] * 2, strict=False)).get("inactive_file", "0")
    return float(_words(folder / "memory.max")[0]) - float(_words(folder / "memory.current")[0]) + float(cache)


def _left_in_version_1(folder: Path, kind: str) -> float:
    """Memory or cores left in a group of the first version; a limit near 2^63 is none, and larger than any machine."""
    if kind == "cpu":
        quota = float(_words(folder / "cpu.cfs_quota_us")[0])
        return quota / float(_words(folder / "cpu.cfs_period_us")[0]) if quota > 0 else math.inf
    limit, used = (float(_words(folder / f"memory.{name}_in_bytes")[0]) for name in ("limit", "usage"))
    return limit - used


def _words(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split()


def _of_process() -> float | None:
    """Memory that `ulimit -v` leaves to this process [bytes]; None if it sets no limit."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        used = float(_words(Path("/proc/self/statm"))[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError, ValueError):
        return None
    return None if limit == resource.RLIM_INFINITY else max(0.0, limit - used)


def _of_machine() -> float | None:
    """Memory that the machine has free [bytes]."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        lines = (line.split() for line in meminfo.read_text(encoding="utf-8").splitlines())
        found = next((words for words in lines if words[0] == "MemAvailable:"), None)
        if found is not None:
            return float(found[1]) * 1024
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
