"""Rings: their sizes, the cases ripening against them in a year, and the agencies protecting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowsim import units
from flowsim.draws import philox, poisson, quantiles
from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats, RandomStream
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.intelligence import CASE_AGENCIES
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class Rings:
    """Rings of some replications with the cases against them, in order of replication, ring and time."""

    sizes: Floats
    """Relative numbers of consignments, dims (replication, ring) [1]."""

    protected: Ints
    """Agencies that protect a ring, bit k standing for agency k of `AGENCIES`, dims (replication, ring)."""

    group: Ints
    """Ring of each case, counted through all replications, dims (case,)."""

    time: Floats
    """Time of ripeness of each case, dims (case,) [h]."""

    agency: Ints
    """Index of the agency of each case in `AGENCIES`, dims (case,)."""

    dismantled: Floats
    """Time at which a ring stops sending, dims (replication * ring,) [h]; infinity if none."""


def draw_rings(world: World, *, seed: int, replications: Sequence[int]) -> Rings | None:
    """Draw the rings of some replications, or nothing if no case may ripen and no ring is protected.

    A higher rate of cases keeps the existing ones, with their times and rings, and adds others.

    Parameters
    ----------
    world
        World of the rings.
    seed
        Seed of the run.
    replications
        Replications to draw.
    """
    intelligence, corruption = world.detection.intelligence, world.detection.corruption
    if not intelligence.has_cases and not corruption.protects:
        return None
    stream, rings = RandomStream(seed, "ring"), np.arange(intelligence.rings)
    years = np.array(replications, dtype=np.int64)
    uniform = stream.uniforms(rings, replication=years[:, None], purpose=philox.PERIOD)[..., 0]
    protected = np.zeros(uniform.shape, dtype=np.int64)
    for bit, agency in enumerate(AGENCIES):
        if corruption.protected(agency) > 0:
            bought = stream.uniforms(rings, replication=years[:, None], purpose=philox.PERIOD, item=agency)[..., 0]
            protected |= (bought < corruption.protected(agency)).astype(np.int64) << bit
    drawn = [_cases(world, agency, seed=seed, years=years) for agency in CASE_AGENCIES]
    group, time, agencies, ends = (np.concatenate(columns) for columns in zip(*drawn, strict=True))
    dismantled = np.full(uniform.size, np.inf)
    np.minimum.at(dismantled, group[ends], time[ends])
    order = np.lexsort((time, group))
    sizes = quantiles.pareto(intelligence.size_exponent)(uniform)
    return Rings(
        sizes=sizes,
        protected=protected,
        group=group[order],
        time=time[order],
        agency=agencies[order],
        dismantled=dismantled,
    )


def _cases(world: World, agency: str, *, seed: int, years: Ints) -> tuple[Ints, Floats, Ints, Bools]:
    """Ring through all replications, time, agency and end of the ring for each case of an agency."""
    intelligence, stream = world.detection.intelligence, RandomStream(seed, f"cases:{agency}")
    uniform = stream.uniforms(0, replication=years, purpose=philox.PERIOD)[:, 0]
    counts = poisson.quantile(uniform, mean=intelligence.cases(agency))
    position = np.repeat(np.arange(len(years)), counts)
    number = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
    drawn = stream.uniforms(number, replication=years[position], purpose=philox.ENTRY)
    ring = np.minimum((drawn[:, 1] * intelligence.rings).astype(np.int64), intelligence.rings - 1)
    group = position * intelligence.rings + ring
    time = drawn[:, 0] * units.HOURS_PER_YEAR
    agencies = np.full(len(group), AGENCIES.index(agency), dtype=np.int64)
    return group, time, agencies, drawn[:, 2] < intelligence.dismantled
