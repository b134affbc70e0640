"""Loads that meet recorded queues again and again under other rules: what became of each, but no record of visits.

The loads of a world that is simulated under many policies and draws of a posterior have the same random numbers each
time. What they met on their ways is kept, see `memory`, and so is all that does not depend on the rules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from flowsim.draws.fleet import Bools
from flowsim.draws.roster import Roster, Way
from flowsim.engine.compiled import replay_cache as memory_of
from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import VISIT, Run, enlisted, laid_out, loads_of
from flowsim.engine.compiled.background import Recorded
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints, Records, rules_of
from flowsim.engine.compiled.follow import end, release, visit
from flowsim.engine.compiled.itinerary_arrays import ways_of_roster
from flowsim.engine.compiled.replay_cache import NOT_KEPT, nothing_met
from flowsim.engine.compiled.rules import move_on
from flowsim.engine.outcome import BYPASSED, SEIZED, UNDER_WAY
from flowsim.jit import bare, bare_kernel, kernel
from flowsim.world.dependence import Reader, key
from flowsim.world.world import World

ENDING = np.dtype([("time", "f8"), ("post", "i4"), ("fate", "i1"), ("how", "i1"), ("alarmed", "i1")], align=True)
"""How a load ended: when [h], as which fate, and where it was seized: at which checkpoint, -1 at none, and how; and
whether there was an alarm on its way."""

ABSENT = -1
"""Fate of a load that does not enter."""

BY_ALARM, ON_TIP, ON_WAY_ROUND, BY_CASE = range(4)
"""How a load was seized at a checkpoint."""


_Group: TypeAlias = tuple[Way, int, int, Way | None, int]
"""What vehicles that stand one after another have in common: their way and route, whether they end in a city, and the
way and route on which their loads came to a hub."""


@dataclass(frozen=True)
class Listed:
    """Vehicles of a roster as the engine reads them, whatever the rules."""

    roster: Roster
    """The roster."""

    vehicles: Records
    """Dims (vehicle,); what happens to them is written over each time."""

    loads: Records
    """Dims (load,)."""

    absent: Bools
    """Whether each does not enter, dims (vehicle,)."""

    groups: Ints
    """Groups of vehicles that stand one after another, dims (group, 7): their way, their route, whether they end in a
    city, the way and route on which their loads came to a hub or -1, the first vehicle, and the one after the last."""

    @cached_property
    def known(self) -> dict[_Group, list[int]]:
        """First and last but one of the vehicles of each group by what they have in common."""
        return {_group(self.roster, row): row[5:] for row in self.groups.tolist()}

    def in_roster(self, roster: Roster, absent: Bools) -> Listed:
        """List of a roster that differs in its ways, the days on which devices work and the cases against rings.

        Parameters
        ----------
        roster
            Roster with the same loads.
        absent
            Whether each does not enter, dims (vehicle,).
        """
        loads = self.loads
        if roster.case_time is not self.roster.case_time:
            loads = loads.copy()
            loads["case_time"], loads["protected"] = roster.case_time, roster.protected
        return replace(self, roster=roster, loads=loads, absent=absent)


def listed(roster: Roster) -> Listed:
    """List the vehicles of a roster.

    Parameters
    ----------
    roster
        Consignments, and the parts in which they leave hubs, each kind in the order of their ways.
    """
    nowhere = np.zeros(roster.size + 1, np.int64), np.zeros(len(roster.ways), np.int64)
    vehicles = enlisted(roster, np.empty(0, VISIT), *nowhere)
    before = [np.where(roster.parent < 0, -1, column[roster.parent]) for column in (roster.way, roster.route)]
    columns = (roster.way, roster.route, roster.retained.astype(np.int64), *before)
    begins = np.ones(roster.size, dtype=np.bool_)
    begins[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    first = np.flatnonzero(begins)
    last = np.append(first, roster.size)[1:]
    groups = np.column_stack([*(column[first] for column in columns), first, last])
    return Listed(roster, vehicles, loads_of(roster, vehicles), np.zeros(roster.size, np.bool_), groups)


class Memory:
    """What the vehicles of a list met among the queues of one recorded traffic."""

    def __init__(self, queues: Recorded, kept: Listed, ways: Sequence[Way]) -> None:
        """Begin with nothing.

        Parameters
        ----------
        queues
            Recorded queues.
        kept
            Vehicles that are remembered.
        ways
            Their ways in the world with these queues.
        """
        stops = np.array([len(way.itinerary.stops) + 1 for way in ways], dtype=np.int64)
        self.queues, self.first = queues, np.concatenate([[0], np.cumsum(stops[kept.roster.way])])
        self.table = nothing_met(int(self.first[-1]))


def counterparts(own: Listed, kept: Listed) -> Ints:
    """Vehicle of another list that is the same as each of a list, `NOT_KEPT` where none is, dims (vehicle,).

    Those are the same whose random numbers are the same and whose way is.

    Parameters
    ----------
    own, kept
        The list, and the other one, of two worlds with the same checkpoints, lanes and routes.
    """
    mine, theirs, known = own.roster, kept.roster, kept.known
    pairs = [(row[5:], known.get(_group(mine, row))) for row in own.groups.tolist()]
    both = np.array([(*ours, *others) for ours, others in pairs if others], dtype=np.int64).reshape(-1, 4)
    found = np.full(mine.size, NOT_KEPT, dtype=np.int64)
    match(both, mine.year, mine.number, theirs.year, theirs.number, found)
    return found


def _group(roster: Roster, row: list[int]) -> _Group:
    """What the vehicles of a group have in common, whatever the numbers of their ways."""
    way, route, retained, before, route_before, *_ = row
    return roster.ways[way], route, retained, None if before < 0 else roster.ways[before], route_before


@kernel
def match(groups: Ints, year: Ints, number: Ints, kept_year: Ints, kept_number: Ints, found: Ints) -> None:
    """Find the same vehicles in two lists; within a group they stand in the order of their numbers.

    Parameters
    ----------
    groups
        First and last but one of the vehicles of a group, and of the same group in the other list, dims (group, 4).
    year, number
        Of the vehicles, dims (vehicle,).
    kept_year, kept_number
        Of those of the other list, dims (vehicle,).
    found
        Filled with the vehicle of the other list where there is one, dims (vehicle,).
    """
    for group in range(len(groups)):
        k, last = groups[group, 2], groups[group, 3]
        for v in range(groups[group, 0], groups[group, 1]):
            while k < last and (kept_year[k] < year[v] or (kept_year[k] == year[v] and kept_number[k] < number[v])):
                k += 1
            if k < last and kept_year[k] == year[v] and kept_number[k] == number[v]:
                found[v] = k


@dataclass(frozen=True)
class Ended:
    """How the loads of a list have ended."""

    listed: Listed
    """The list."""

    endings: Records
    """Records `ENDING`, dims (vehicle,)."""


def endings(
    world: World, own: Listed, memory: Memory, same: Ints, *, until: float, before: Ended | None = None
) -> Ended:
    """How the loads of a list end among recorded queues.

    Parameters
    ----------
    world
        World in which they move.
    own
        Vehicles, drawn in that world.
    memory
        Recorded queues, and what vehicles have met among them, to which this adds.
    same
        Vehicle that is remembered as each of the list, or `NOT_KEPT`, dims (vehicle,).
    until
        Events before this time happen [h].
    before
        How the same loads ended among the same queues in a world that `differs_after_alarms`, if that is known.
    """
    roster, found = own.roster, np.zeros(own.roster.size, ENDING)
    kept = memory.queues, memory.table, memory.first, same
    known = (np.zeros(0, ENDING), np.zeros(0)) if before is None else (before.endings, before.listed.roster.case_time)
    pass_again(_run(world, own), *kept, roster.entry, roster.parent, own.absent, *known, float(until), found)
    return Ended(own, found)


UP_TO_ALARMS = Reader.WAYS | Reader.SENT | Reader.AVAILABLE | Reader.ALARM
"""Readers of all that a load meets up to an alarm but cases against rings, whose times the lists hold."""


def differs_after_alarms(one: World, other: World) -> bool:
    """Whether two worlds differ in nothing that a load meets but cases against rings and what follows an alarm."""
    return key(one, UP_TO_ALARMS) == key(other, UP_TO_ALARMS)


def _run(world: World, own: Listed) -> Run:
    """Arrays of a run of which only a few visits are kept, in the same rows for all vehicles."""
    ways, rules = ways_of_roster(world, own.roster), rules_of(world, visits=0, first_day=own.roster.first_day)
    visits = np.zeros(int(ways.ways["stops"].max(initial=0)) + 1, VISIT)
    return laid_out(world, own.roster, ways, rules, vehicles=own.vehicles, loads=own.loads, visits=visits)


@bare_kernel
def pass_again(
    run: Run,
    recorded: Recorded,
    kept: Records,
    first: Ints,
    same: Ints,
    entry: Floats,
    parent: Ints,
    absent: Bools,
    before: Records,
    case_before: Floats,
    until: float,
    found: Records,
) -> None:
    """Follow every vehicle from its entry as `alone.follow` does, each in the same few rows of visits.

    One that ended before without an alarm, and is not met by a case, ends as it did.
    """
    for v in range(len(run.vehicles)):
        set_out(run, v)
        found[v].post, found[v].how, found[v].alarmed = -1, BY_CASE, 0
        if absent[v]:
            found[v].fate, found[v].alarmed = ABSENT, 1
            continue
        if len(before) > 0 and ends_as_before(run, v, parent[v], before, case_before[v], until, found):
            copy(before, v, found)
            run.vehicles[v].fate, run.vehicles[v].end = before[v].fate, before[v].time
            continue
        left = entry[v] if parent[v] < 0 else release(run, v, parent[v], until)
        while left < until:
            k = run.vehicles[v].visit
            row = first[same[v]] + k if same[v] >= 0 else NOT_KEPT
            time = left + memory_of.travel(run, kept, row, v, k)
            if time >= until:
                break
            if run.vehicles[v].remaining == 0:
                end(run, v, time)
                if k > 0 and run.vehicles[v].fate == SEIZED and left == time:
                    found[v].post = run.stops[run.vehicles[v].stop - 1].post
                break
            run.visits[k].decision, run.visits[k].alarm = -1, -1
            left = visit(run, recorded, kept, row, v, k, time, until)
            if run.visits[k].alarm > 0:
                found[v].alarmed = 1
            if left < until:
                move_on(run, v)
            elif run.vehicles[v].fate == SEIZED:
                found[v].post = run.stops[run.vehicles[v].stop].post
                found[v].how = seized_by(run, v, k)
        found[v].fate, found[v].time = run.vehicles[v].fate, run.vehicles[v].end


@bare
def ends_as_before(
    run: Run, v: int, parent: int, before: Records, case_before: float, until: float, found: Records
) -> bool:
    """Whether nothing that differs after alarms can have changed how a vehicle ended."""
    if before[v].alarmed or (parent >= 0 and not ended_alike(before, parent, found)):
        return False
    case = run.loads[run.vehicles[v].load].case_time
    if case == case_before:
        return True
    last = until if before[v].fate == UNDER_WAY else before[v].time
    return bool(min(case, case_before) > last)


@bare
def ended_alike(before: Records, v: int, found: Records) -> bool:
    """Whether a vehicle has ended as it did before."""
    one, other = before[v], found[v]
    return bool(one.fate == other.fate and (one.time == other.time or one.fate == UNDER_WAY))


@bare
def copy(before: Records, v: int, found: Records) -> None:
    """Write down that a vehicle ended as before."""
    found[v].time, found[v].post, found[v].alarmed = before[v].time, before[v].post, before[v].alarmed
    found[v].fate, found[v].how = before[v].fate, before[v].how


@bare
def set_out(run: Run, v: int) -> None:
    """Put a vehicle where its way begins."""
    way = run.ways[run.vehicles[v].way]
    run.vehicles[v].visit, run.vehicles[v].stop, run.vehicles[v].remaining = 0, way.first_stop, way.stops
    run.vehicles[v].fate, run.vehicles[v].end = UNDER_WAY, math.nan


@bare
def seized_by(run: Run, v: int, k: int) -> int:
    """How a load was seized at the visit where it is."""
    if run.loads[run.vehicles[v].load].case_time <= run.vehicles[v].end:
        return BY_CASE
    if run.visits[k].decision == BYPASSED:
        return ON_WAY_ROUND
    return ON_TIP if visit_variates.is_tipped(run, v, k) else BY_ALARM
