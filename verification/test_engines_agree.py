"""The reference engine against the recursion in slabs of tests/slabs.py, to the last bit, on thousands of worlds.

Nothing here is statistical: one bit of difference in one world is a failure. Half of the worlds live on a lattice of
quarter hours, where many events coincide and their order decides. So that agreement means something, what the worlds
exercised is counted, and every injected bug of the recursion has to be caught.
"""

from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import slabs

from flowsim.engine import reference
from flowsim.engine.outcome import (
    BYPASSED,
    CLOSED,
    NOT_SELECTED,
    REFERRED,
    RETAINED,
    SEALED,
    SEIZED,
    SPLIT,
    UNREACHED,
    WAVED,
)
from verification.chance import spread
from verification.random_worlds import SHORTEST, everyone, random_world

WORLDS = 1500
"""Random worlds of each kind."""

PART = 125
"""Worlds that one process does at a time."""

MOST = 60
"""Worlds within which a mutant has to be caught."""

BUGS = {
    "wave-through threshold off by one": ("> group.wave_through", ">= group.wave_through"),
    "vehicles that start at that instant still count as waiting": ("earlier > time", "earlier >= time"),
    "waved through is referred": ("return WAVED if crowded else REFERRED", "return REFERRED"),
    "one lane too many": ("[-math.inf] * x.lanes", "[-math.inf] * (x.lanes + 1)"),
    "one bay too many": ("[-math.inf] * post.bays", "[-math.inf] * (post.bays + 1)"),
    "highest-numbered lane": (
        "lane = min(range(len(free)), key=lambda s: (duty(group, s, max(time, free[s])), s))",
        "lane = min(range(len(free)), key=lambda s: (duty(group, s, max(time, free[s])), -s))",
    ),
    "lane that has been idle longest": (
        "lane = min(range(len(free)), key=lambda s: (duty(group, s, max(time, free[s])), s))",
        "lane = min(range(len(free)), key=lambda s: (free[s], s))",
    ),
    "ties at a lane in reverse order of number": (
        "sorted(x for x in at_lane if x[0] < edge)",
        "sorted((x for x in at_lane if x[0] < edge), key=lambda x: (x[0], -x[1]))",
    ),
    "ties at a bay in reverse order of number": (
        "sorted(x for x in at_bay if x[0] < edge)",
        "sorted((x for x in at_bay if x[0] < edge), key=lambda x: (x[0], -x[1]))",
    ),
    "bays by arrival at the checkpoint": (
        "sorted(x for x in at_bay if x[0] < edge)",
        "sorted((x for x in at_bay if x[0] < edge), key=lambda x: log['arrival'][x[3]])",
    ),
    "service twice": ("free[lane] = start + fleet.service[k]", "free[lane] = start + 2 * fleet.service[k]"),
    "service without the wait": ("free[lane] = start + fleet.service[k]", "free[lane] = time + fleet.service[k]"),
    "search takes no time": ("(fleet.search[k] if alarm else 0.0)", "0.0"),
    "only the first device works": (
        "enumerate(world.checkpoints[c].devices)",
        "enumerate(world.checkpoints[c].devices[:1])",
    ),
    "devices never fail": ("if fleet.available[fleet.replication[v], c, d, day]:", "if True:"),
    "concealment helps the device": ("logit - device.concealment", "logit + device.concealment"),
    "every alarm is followed up": ("return fleet.effort[k] < chance and", "return"),
    "honest vehicles are seized": ("if (alarm and loaded and", "if (alarm and"),
    "a seized load goes on": ("seize(v, k, free[bay])", "leave(v, k, free[bay])"),
    "departure of a train ignored": ("if start + fleet.service[k] > due:", "if False:"),
    "state of the seal dropped": ("if fleet.opened[v] else world.detection.seals.false_notice", "if True else 0"),
    "shifts ignored": ("    if not group.shifts:\n        return time", "    return time"),
    "patrols everywhere": ("if fleet.patrol[k] < way.patrol or", "if True or"),
    "campaigns ignored": ("share *= campaign.factor", "pass"),
    "travel counts from the start of the first look": ("leave(v, k, free[lane])", "leave(v, k, start)"),
    "case ignored in store": ("if ripe(fleet, child, release):", "if False:"),
    "case ignored on arrival": ("if ripe(fleet, v, time):\n                seize", "if False:\n                seize"),
    "case ignored after the first look": ("if ripe(fleet, v, free[lane]):", "if False:"),
    "case ignored after the examination": ("or ripe(fleet, v, free[bay]):", "or False:"),
    "case ignored on the way round": ("or ripe(fleet, v, end):", "or False:"),
    "case at the wrong side of a tie": ("return fleet.case_time[v] <= time", "return fleet.case_time[v] < time"),
    "tip ignored": ("    if fleet.tipped[k]:\n        return REFERRED\n", ""),
    "effort decides on a tip": ("1.0 if fleet.tipped[k] else effort", "effort"),
    "protection by checkpoint": ("bit = 1 << AGENCIES.index(post.agency)", "bit = 1 << c"),
    "bribe ignored": (" and not fleet.bribe[k] < bribe", ""),
    "bribe of the agency everywhere": ("post.bribe if post.bribe is not None else bribe", "bribe"),
    "numbers of parts downwards": ("+ fleet.part[v]", "- fleet.part[v]"),
    "parts leave at once": ("release = time + fleet.store[child]", "release = time"),
    "a slab longer than the shortest travel": ("+ slab", "+ 20 * slab"),
}
"""Bugs by name: a piece of the recursion and what takes its place."""


def source():
    return Path(slabs.__file__).read_text(encoding="utf-8")


def mutant(piece, other):
    """Recursion with one piece of its source replaced."""
    namespace = {"__name__": "mutant"}
    exec(compile(source().replace(piece, other), "mutant of slabs.py", "exec"), namespace)
    return SimpleNamespace(**namespace)


def small_world(number, *, lattice):
    world = random_world(np.random.default_rng([number, lattice]))
    return world, everyone(world, seed=number, lattice=lattice)


def compare(lattice, numbers):
    """Numbers of the worlds where the two differ, and counts of what happened in all."""
    differing, seen = [], Counter()
    for number in numbers:
        world, fleet = small_world(number, lattice=lattice)
        outcome = reference.run(world, fleet).outcome
        if not outcome.equals(slabs.run(world, fleet, slab=SHORTEST)):
            differing.append(number)
        seen += exercised(fleet, outcome)
    return differing, seen


def exercised(fleet, outcome):
    """Counts of the rules that a world exercised."""
    reached = ~np.isnan(outcome.arrival)
    stopped = outcome.fate == SEIZED
    waited = outcome.exam_start > outcome.start + fleet.service
    return Counter(
        worlds=1,
        visits=int(reached.sum()),
        queued=int((outcome.start > outcome.arrival).sum()),
        passed=int((outcome.decision == NOT_SELECTED).sum()),
        referred=int((outcome.decision == REFERRED).sum()),
        waved=int((outcome.decision == WAVED).sum()),
        sealed=int((outcome.decision == SEALED).sum()),
        unreached=int((outcome.decision == UNREACHED).sum()),
        bypassed=int((outcome.decision == BYPASSED).sum()),
        closed=int((outcome.decision == CLOSED).sum()),
        queued_for_a_bay=int(waited.sum()),
        alarms=int((outcome.alarm == 1).sum()),
        seized=int(stopped.sum()),
        by_case=int((stopped & (outcome.end >= fleet.case_time)).sum()),
        in_store=int((outcome.end <= outcome.end[fleet.parent] + fleet.store)[stopped & (fleet.parent >= 0)].sum()),
        split=int((outcome.fate == SPLIT).sum()),
        parts_on_the_road=int(reached[fleet.parent[fleet.vehicle_of_visit] >= 0].sum()),
        tipped=int((reached & fleet.tipped).sum()),
        retained=int((outcome.fate == RETAINED).sum()),
        simultaneous_arrivals=int(reached.sum() - len(np.unique(outcome.arrival[reached]))),
        beside_another_lane=int((outcome.lane > 0).sum()),
    )


@pytest.mark.parametrize("lattice", [False, True], ids=["continuous", "lattice"])
def test_the_reference_engine_and_the_recursion_have_the_same_bits(lattice, say):
    parts = [range(k, k + PART) for k in range(0, WORLDS, PART)]
    results = spread(partial(compare, lattice), parts)
    seen = sum((counts for _, counts in results), Counter())
    say(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in seen.items()))
    assert seen["worlds"] == WORLDS
    assert not [number for differing, _ in results for number in differing]
    for rule in ("queued", "passed", "referred", "waved", "queued_for_a_bay", "alarms"):
        assert seen[rule] > 0.02 * seen["visits"], rule
    often = ("seized", "retained", "sealed", "unreached", "bypassed", "closed", "by_case", "split", "tipped")
    assert min(seen[name] for name in (*often, "in_store", "parts_on_the_road")) > WORLDS / 2
    assert (seen["simultaneous_arrivals"] > 0.05 * seen["visits"]) == lattice


def caught(name):
    """Worlds until a mutant differs from the reference engine, continuous and on the lattice; -1 is never."""
    engine, found = mutant(*BUGS[name]), []
    for lattice in (False, True):
        differs = (number for number in range(MOST) if _differs(engine, number, lattice=lattice))
        found.append(next(differs, -1) + 1)
    return found


def _differs(engine, number, *, lattice):
    world, fleet = small_world(number, lattice=lattice)
    return not reference.run(world, fleet).outcome.equals(engine.run(world, fleet, slab=SHORTEST))


def test_every_injected_bug_is_caught(say):
    """Each is found among the first 60 worlds, some only where times coincide."""
    for name, (piece, _) in BUGS.items():
        assert source().count(piece) == 1, f"{name}: {piece!r} is no longer in tests/slabs.py once"
    escaped = []
    for name, (continuous, lattice) in zip(BUGS, spread(caught, BUGS), strict=True):
        say(f"{name}: world {continuous or 'none'} continuous, {lattice or 'none'} on the lattice")
        if not continuous and not lattice:
            escaped.append(name)
    assert not escaped
