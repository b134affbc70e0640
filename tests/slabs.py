"""An independent recursion of the event rules: time is cut into slabs no longer than the shortest travel time.

Within a slab no vehicle can reach a second checkpoint, so each checkpoint takes its arrivals in order of (time, number)
and gives each the lane that is free first (Kiefer and Wolfowitz 1955). No event list, nothing shared with SimPy.
"""

import math
from dataclasses import fields

import numpy as np
from scipy.stats import norm

from flowsim.engine.outcome import (
    BYPASSED,
    CLOSED,
    NOT_SELECTED,
    PASSED,
    REFERRED,
    RETAINED,
    SEALED,
    SEIZED,
    SPLIT,
    UNREACHED,
    WAVED,
    Outcome,
    nothing_yet,
)
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.selection import threshold_shifts
from flowsim.world.traffic import VEHICLE_CLASSES


def run(world, fleet, *, slab):
    """Outcome of a fleet by recursion in slabs [h]."""
    log = {field.name: getattr(nothing_yet(fleet), field.name) for field in fields(Outcome)}
    lanes = {(c, g): [-math.inf] * x.lanes for c, p in enumerate(world.checkpoints) for g, x in enumerate(p.groups)}
    bays = {c: [-math.inf] * post.bays for c, post in enumerate(world.checkpoints)}
    leaving = {key: [] for key in lanes}
    at_lane, at_bay = [], []

    children = {v: np.flatnonzero(fleet.parent == v) for v in set(fleet.parent.tolist()) - {-1}}

    def go_on(v, k, left):
        if k < fleet.first[v + 1]:
            at_lane.append((left + fleet.travel[k], number(fleet, v), v, k))
            return
        log["end"][v] = time = left + fleet.tail[v]
        if ripe(fleet, v, time):
            log["fate"][v] = SEIZED
        elif v in children:
            log["fate"][v] = SPLIT
            for child in children[v]:
                release = time + fleet.store[child]
                if ripe(fleet, child, release):
                    log["fate"][child], log["end"][child] = SEIZED, fleet.case_time[child]
                else:
                    go_on(child, fleet.first[child], release)
        else:
            log["fate"][v] = RETAINED if fleet.retained[v] else PASSED

    def leave(v, k, time):
        stop = world.checkpoints[int(fleet.checkpoint[k])].groups[int(fleet.group[k])].stop
        log["departure"][k] = log["arrival"][k] + stop if stop < math.inf else time
        go_on(v, k + 1, log["departure"][k])

    def seize(v, k, time):
        log["departure"][k] = log["end"][v] = time
        log["fate"][v] = SEIZED

    for v in np.flatnonzero(fleet.parent < 0):
        go_on(v, fleet.first[v], fleet.entry[v])
    while at_lane or at_bay:
        edge = min(item[0] for item in at_lane + at_bay) + slab
        now, at_lane[:] = sorted(x for x in at_lane if x[0] < edge), [x for x in at_lane if x[0] >= edge]
        for time, ident, v, k in now:
            c, g = int(fleet.checkpoint[k]), int(fleet.group[k])
            group, free = world.checkpoints[c].groups[g], lanes[c, g]
            log["arrival"][k] = time
            if ripe(fleet, v, time):
                seize(v, k, time)
                continue
            way = way_round(world, fleet, v, k)
            if way is not None:
                log["decision"][k] = BYPASSED
                end = time + way.detour * fleet.detour[k]
                if fleet.patrol[k] < way.patrol or ripe(fleet, v, end):
                    seize(v, k, end)
                else:
                    log["departure"][k] = end
                    go_on(v, k + 1, end)
                continue
            hour = time - 24 * math.floor(time / 24)
            lanes_now = [x.lanes for x in group.shifts if x.start <= hour < x.end] or [group.lanes]
            if not world.checkpoints[c].border and lanes_now[0] == 0:
                log["decision"][k] = CLOSED
                log["departure"][k] = time
                go_on(v, k + 1, time)
                continue
            lane = min(range(len(free)), key=lambda s: (duty(group, s, max(time, free[s])), s))
            start, due = duty(group, lane, max(time, free[lane])), time + group.stop
            crowded = sum(earlier > time for earlier in leaving[c, g][-300:]) > group.wave_through
            log["crowded"][k] = crowded
            if start + fleet.service[k] > due:
                leaving[c, g].append(min(start, due))
                log["decision"][k] = UNREACHED
                leave(v, k, due)
                continue
            leaving[c, g].append(start)
            free[lane] = start + fleet.service[k]
            log["start"][k], log["lane"][k] = start, lane
            if ripe(fleet, v, free[lane]):
                seize(v, k, free[lane])
                continue
            log["decision"][k] = decision(world, fleet, v, k, crowded)
            if log["decision"][k] == REFERRED:
                at_bay.append((free[lane], ident, v, k))
            else:
                leave(v, k, free[lane])
        now, at_bay[:] = sorted(x for x in at_bay if x[0] < edge), [x for x in at_bay if x[0] >= edge]
        for time, _, v, k in now:
            c = int(fleet.checkpoint[k])
            free = bays[c]
            bay = min(range(len(free)), key=lambda s: (max(time, free[s]), s))
            start = max(time, free[bay])
            duration, alarm = examine(world, fleet, v, k, start)
            due = log["arrival"][k] + world.checkpoints[c].groups[int(fleet.group[k])].stop
            if start + duration > due:
                log["decision"][k] = UNREACHED
                leave(v, k, due)
                continue
            free[bay] = start + duration
            log["exam_start"][k], log["exam_end"][k], log["bay"][k], log["alarm"][k] = start, free[bay], bay, alarm
            loaded = fleet.drug[v] >= 0
            if (alarm and loaded and found(world, fleet, v, k, free[bay])) or ripe(fleet, v, free[bay]):
                seize(v, k, free[bay])
            else:
                leave(v, k, free[bay])
    return Outcome(**log)


def number(fleet, v):
    """Number that orders simultaneous events: steps of 64, and parts right after their consignment."""
    if fleet.parent[v] >= 0:
        return number(fleet, fleet.parent[v]) + fleet.part[v]
    return 64 * (1 + int((fleet.parent[:v] < 0).sum()))


def ripe(fleet, v, time):
    """Whether the ring of a consignment has met a case by a time."""
    return fleet.case_time[v] <= time


def found(world, fleet, v, k, time):
    """Whether an alarm on a consignment leads to a seizure."""
    c = int(fleet.checkpoint[k])
    post = world.checkpoints[c]
    chance = 1.0 if fleet.tipped[k] else effort(world, fleet, v, c, time)
    bit = 1 << AGENCIES.index(post.agency)
    corruption = world.detection.corruption
    bribe = getattr(corruption, "bribe_" + "_".join(post.agency.lower().split()))
    bribe = post.bribe if post.bribe is not None else bribe
    return fleet.effort[k] < chance and not fleet.protected[v] & bit and not fleet.bribe[k] < bribe


def way_round(world, fleet, v, k):
    """Way round the crossing that a consignment takes, or None."""
    post = world.checkpoints[int(fleet.checkpoint[k])]
    ways = [way for way in world.bypasses if post.border and way.border == post.border and post.mode == "road"]
    if fleet.drug[v] < 0 or not ways:
        return None
    index = int(np.searchsorted(np.cumsum([way.share for way in ways]), fleet.way_round[k], side="right"))
    return ways[index] if index < len(ways) and fleet.mass[v] <= ways[index].maximum else None


def duty(group, lane, time):
    """First time from a time on at which a lane is on duty."""
    if not group.shifts:
        return time
    for day in range(3):
        for shift in group.shifts:
            begin, end = (24 * (math.floor(time / 24) + day) + hour for hour in (shift.start, shift.end))
            if lane < shift.lanes and end > time:
                return max(time, begin)
    return math.inf


def decision(world, fleet, v, k, crowded):
    """What follows from the first look."""
    c = int(fleet.checkpoint[k])
    checkpoint = world.checkpoints[c]
    group = checkpoint.groups[int(fleet.group[k])]
    if fleet.tipped[k]:
        return REFERRED
    tir = VEHICLE_CLASSES[fleet.vehicle_class[v]] == "tir"
    if tir and world.detection.seals.green_lane and checkpoint.border:
        chance = world.detection.seals.notice if fleet.opened[v] else world.detection.seals.false_notice
        if fleet.notice[k] < chance:
            return REFERRED
        if not world.detection.seals.inspection:
            return SEALED
    if fleet.drug[v] >= 0 and fleet.wagon[k] >= group.wagons:
        return UNREACHED
    limit = norm.ppf(1 - group.referral)
    limit += threshold_shifts(world)[c]
    if fleet.score[k] <= limit:
        return NOT_SELECTED
    return WAVED if crowded else REFERRED


def effort(world, fleet, v, c, time):
    """Probability that an alarm is followed up."""
    checkpoint = world.checkpoints[c]
    share = getattr(world.detection.effort, checkpoint.effort_class) * fleet.year_effort[fleet.replication[v]]
    for campaign in world.campaigns:
        if checkpoint.agency in campaign.agencies and campaign.span[0] <= time < campaign.span[1]:
            share *= campaign.factor
    return min(1.0, share)


def examine(world, fleet, v, k, start):
    """Length of an examination and whether there was an alarm."""
    c = int(fleet.checkpoint[k])
    duration, alarm = world.detection.handling_time, 0
    for d, device in enumerate(world.checkpoints[c].devices):
        day = min(int(np.floor(start / 24)) - fleet.first_day, fleet.available.shape[3] - 1)
        if fleet.available[fleet.replication[v], c, d, day]:
            duration += fleet.device_time[k, d]
            if fleet.drug[v] >= 0:
                logit = device.intercept + device.slope * fleet.log_mass[v]
                alarm |= int(fleet.device_draw[k, d] < logit - device.concealment * fleet.concealment[v])
            else:
                alarm |= int(fleet.device_draw[k, d] >= device.specificity)
    return duration + (fleet.search[k] if alarm else 0.0), alarm
