"""Both engines that simulate behind one call, and queues for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from flowsim.draws.consignments import consignment_roster
from flowsim.engine.compiled import background
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.compiled.background import Recorded
from flowsim.engine.reference import engine as reference
from flowsim.engine.reference.background import Queue, Queues, Span
from flowsim.results.tally import ConsignmentTally, tally_consignments
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.world import World


def nobody(world: World) -> Queues:
    """Queues in which nobody stands."""
    posts = list(enumerate(world.checkpoints))
    groups = {
        (c, g): Queue([], [], [], group if group.shifts else None)
        for c, post in posts
        for g, group in enumerate(post.groups)
    }
    return Queues((Span(0.0, HOURS_PER_YEAR, groups, {c: Queue([], [], []) for c, _ in posts}),))


def as_recorded(queues: Queues) -> Recorded:
    """Queues of the reference engine as the compiled one reads them."""
    spans = []
    for span in queues.spans:
        every = [span.groups[key] for key in sorted(span.groups)] + [span.bays[c] for c in sorted(span.bays)]
        spans.append(background.Span(span.start, span.end, tuple(_arrays(queue) for queue in every)))
    return background.pooled(spans)


def _arrays(queue: Queue) -> background.Queue:
    """Queue of the reference engine as arrays."""
    columns = (np.array(column, dtype=np.float64) for column in (queue.arrivals, queue.starts, queue.free))
    return background.Queue(*columns, 1 if queue.group is None else queue.group.lanes)


def _run(world: World, vehicles: Any, *, queues: Queues | None = None, **options: Any) -> Any:
    """Run the compiled engine, with queues as the reference engine records them."""
    return compiled.run(world, vehicles, queues=None if queues is None else as_recorded(queues), **options)


ENGINES = {"reference": SimpleNamespace(run=reference.run), "compiled": SimpleNamespace(run=_run)}
"""Engines whose runs take and give the same."""

SLOWER = ("compiled", pytest.param("reference", marks=(pytest.mark.slow, pytest.mark.long)))
"""Both, the reference engine in `.ci/run long` only: other tests hold its bits to those of the compiled one."""


def always_open(world: World) -> World:
    """World whose crossings never close, so that where nobody stands nobody waits."""

    def at_a_crossing(post: Checkpoint) -> Checkpoint:
        return replace(post, groups=tuple(replace(group, shifts=()) for group in post.groups))

    posts = (at_a_crossing(post) if post.border else post for post in world.checkpoints)
    return replace(world, checkpoints=tuple(posts))


def followed(
    world: World, *, replications: Sequence[int], seed: int = 1, queues: Recorded | None = None
) -> ConsignmentTally:
    """Tally of years of consignments that are all followed to their end, by the compiled engine.

    By default they never wait.
    """
    if queues is None:
        world = always_open(world)
    roster = consignment_roster(world, seed=seed, replications=replications, horizon=HOURS_PER_YEAR)
    simulation = compiled.Simulation(world, roster)
    if world.checkpoints:
        simulation.among_recorded(as_recorded(nobody(world)) if queues is None else queues)
    else:
        simulation.among_one_another()
    trail, outcome = simulation.trail(), simulation.outcome
    return tally_consignments(world, trail, outcome, replications=len(replications), horizon=HOURS_PER_YEAR)
