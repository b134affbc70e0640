"""What a run asks of the machine, estimated before it starts."""

from __future__ import annotations

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
    """Memory that a new process could have [bytes], or None where the system does not say."""
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
