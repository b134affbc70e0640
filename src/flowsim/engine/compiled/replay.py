"""Outcomes of consignments in one background traffic under many rules, without records of visits.

The consignments of a world that is simulated under many policies and posterior draws have common random numbers.
Their travel times, waits and scores are cached, see `replay_cache`, and so is all that does not depend on the rules.
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
from flowsim.engine.compiled.arrays import VISIT, Run, consignments_of, enlisted, laid_out
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
"""End of a consignment: time [h], fate, checkpoint of its seizure or -1, how it was seized, and whether there was an
alarm on its way."""

ABSENT = -1
"""Fate of a consignment that does not enter."""

BY_ALARM, ON_TIP, ON_WAY_ROUND, BY_CASE = range(4)
"""How a consignment was seized at a checkpoint."""


_Group: TypeAlias = tuple[Way, int, int, Way | None, int]
"""What vehicles that stand one after another have in common: their way and route, whether they end in a city, and the
way and route on which their consignments came to a hub."""


@dataclass(frozen=True)
class Listed:
    """Vehicles of a roster as arrays for the engine, under any rules."""

    roster: Roster
    """The roster."""

    vehicles: Records
    """Dims (vehicle,); overwritten by each run."""

    consignments: Records
    """Dims (consignment,)."""

    absent: Bools
    """1 for each vehicle that does not enter, dims (vehicle,)."""

    groups: Ints
    """Groups of consecutive vehicles, dims (group, 7): way, route, 1 if they end in a city, way and route on which
    their consignments came to a hub or -1, first vehicle, and the one after the last."""

    @cached_property
    def known(self) -> dict[_Group, list[int]]:
        """First and last but one of the vehicles of each group by what they have in common."""
        return {_group(self.roster, row): row[5:] for row in self.groups.tolist()}

    def in_roster(self, roster: Roster, absent: Bools) -> Listed:
        """List of a roster with other ways, days on which devices work, or cases against rings.

        Parameters
        ----------
        roster
            Roster with the same consignments.
        absent
            1 for each vehicle that does not enter.
        """
        consignments = self.consignments
        if roster.case_time is not self.roster.case_time:
            consignments = consignments.copy()
            consignments["case_time"], consignments["protected"] = roster.case_time, roster.protected
        return replace(self, roster=roster, consignments=consignments, absent=absent)


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
    return Listed(roster, vehicles, consignments_of(roster, vehicles), np.zeros(roster.size, np.bool_), groups)


class Memory:
    """Cache of travel times, waits and scores of the vehicles of a list in one background traffic."""

    def __init__(self, queues: Recorded, kept: Listed, ways: Sequence[Way]) -> None:
        """Begin empty.

        Parameters
        ----------
        queues
            Queues of the background traffic.
        kept
            Cached vehicles.
        ways
            Their ways in the world with this background traffic.
        """
        stops = np.array([len(way.itinerary.stops) + 1 for way in ways], dtype=np.int64)
        self.queues, self.first = queues, np.concatenate([[0], np.cumsum(stops[kept.roster.way])])
        self.table = nothing_met(int(self.first[-1]))


def counterparts(own: Listed, kept: Listed) -> Ints:
    """Counterpart in another list of each vehicle of a list, `NOT_KEPT` if there is none, dims (vehicle,).

    Counterparts have the same random numbers and the same way.

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
    """Find counterparts in two lists; within a group vehicles stand in the order of their numbers.

    Parameters
    ----------
    groups
        First vehicle, and the one after the last, of a group, and of the same group in the other list, dims (group, 4).
    year, number
        Of the vehicles, dims (vehicle,).
    kept_year, kept_number
        Of the other list, dims (vehicle,).
    found
        Filled with the counterpart in the other list if there is one, dims (vehicle,).
    """
    # Both groups are sorted, so that one pass over the two is enough.
    for group in range(len(groups)):
        k, last = groups[group, 2], groups[group, 3]
        for v in range(groups[group, 0], groups[group, 1]):
            while k < last and (kept_year[k] < year[v] or (kept_year[k] == year[v] and kept_number[k] < number[v])):
                k += 1
            if k < last and kept_year[k] == year[v] and kept_number[k] == number[v]:
                found[v] = k


@dataclass(frozen=True)
class Ended:
    """Ends of the consignments of a list."""

    listed: Listed
    """The list."""

    endings: Records
    """Records `ENDING`, dims (vehicle,)."""


def endings(
    world: World, own: Listed, memory: Memory, same: Ints, *, until: float, before: Ended | None = None
) -> Ended:
    """Ends of the consignments of a list in background traffic.

    Parameters
    ----------
    world
        World of the run.
    own
        Vehicles, drawn in that world.
    memory
        Background traffic, and the cache of vehicles in it, to which this adds.
    same
        Cached counterpart of each vehicle, or `NOT_KEPT`, dims (vehicle,).
    until
        Events before this time happen [h].
    before
        Ends of the same consignments in the same traffic in a world that `differs_after_alarms`, if known.
    """
    roster, found = own.roster, np.zeros(own.roster.size, ENDING)
    kept = memory.queues, memory.table, memory.first, same
    known = (np.zeros(0, ENDING), np.zeros(0)) if before is None else (before.endings, before.listed.roster.case_time)
    pass_again(_run(world, own), *kept, roster.entry, roster.parent, own.absent, *known, float(until), found)
    return Ended(own, found)


UP_TO_ALARMS = Reader.WAYS | Reader.SENT | Reader.AVAILABLE | Reader.ALARM
"""Readers of all that a consignment meets up to an alarm but cases against rings, whose times the lists hold."""


def differs_after_alarms(one: World, other: World) -> bool:
    """Equality of two worlds for a consignment, but for cases against rings and events after an alarm."""
    return key(one, UP_TO_ALARMS) == key(other, UP_TO_ALARMS)


def _run(world: World, own: Listed) -> Run:
    """Arrays of a run with only a few visits, in the same rows for all vehicles."""
    ways, rules = ways_of_roster(world, own.roster), rules_of(world, visits=0, first_day=own.roster.first_day)
    visits = np.zeros(int(ways.ways["stops"].max(initial=0)) + 1, VISIT)
    return laid_out(world, own.roster, ways, rules, vehicles=own.vehicles, consignments=own.consignments, visits=visits)


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
    """Follow every vehicle from its entry as `follow` does, each in the same few rows of visits.

    A vehicle that ended before without an alarm, and meets no case, ends as it did.
    """
    for v in range(len(run.vehicles)):
        set_out(run, v)
        found[v].post, found[v].how, found[v].alarmed = -1, BY_CASE, 0
        if absent[v]:
            # Marked as alarmed, so that no later run takes this for its ending: there the consignment may enter.
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
                # Taken as it leaves, for the travel to the end is 0: the seizure is the last checkpoint's.
                if k > 0 and run.vehicles[v].fate == SEIZED and left == time:
                    found[v].post = run.stops[run.vehicles[v].stop - 1].post
                break
            # The rows are shared: clear the two fields that are read without being written at this visit.
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
    """Whether a vehicle's ending cannot depend on anything that differs after alarms."""
    if before[v].alarmed or (parent >= 0 and not ended_alike(before, parent, found)):
        return False
    # The same case, or one too late in both worlds to meet it on its way.
    case = run.consignments[run.vehicles[v].consignment].case_time
    if case == case_before:
        return True
    last = until if before[v].fate == UNDER_WAY else before[v].time
    return bool(min(case, case_before) > last)


@bare
def ended_alike(before: Records, v: int, found: Records) -> bool:
    """Equality of the endings of a vehicle in two runs."""
    one, other = before[v], found[v]
    return bool(one.fate == other.fate and (one.time == other.time or one.fate == UNDER_WAY))


@bare
def copy(before: Records, v: int, found: Records) -> None:
    """Copy the ending of a vehicle from the run before."""
    found[v].time, found[v].post, found[v].alarmed = before[v].time, before[v].post, before[v].alarmed
    found[v].fate, found[v].how = before[v].fate, before[v].how


@bare
def set_out(run: Run, v: int) -> None:
    """Put a vehicle at the beginning of its way."""
    way = run.ways[run.vehicles[v].way]
    run.vehicles[v].visit, run.vehicles[v].stop, run.vehicles[v].remaining = 0, way.first_stop, way.stops
    run.vehicles[v].fate, run.vehicles[v].end = UNDER_WAY, math.nan


@bare
def seized_by(run: Run, v: int, k: int) -> int:
    """Cause of the seizure of a consignment at its present visit."""
    # In the order in which the rules take it: a case before a patrol, a patrol before an inspection.
    if run.consignments[run.vehicles[v].consignment].case_time <= run.vehicles[v].end:
        return BY_CASE
    if run.visits[k].decision == BYPASSED:
        return ON_WAY_ROUND
    return ON_TIP if visit_variates.is_tipped(run, v, k) else BY_ALARM
