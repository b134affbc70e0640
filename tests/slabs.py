"""An independent recursion of the event rules: time is cut into slabs no longer than the shortest travel time.

Within a slab no vehicle can reach a second checkpoint, so each checkpoint takes its arrivals in order of (time, number)
and gives each the lane that is free first (Kiefer and Wolfowitz 1955). No event list, nothing shared with SimPy.
"""

import math
from dataclasses import fields

import numpy as np

from flowsim.engine.outcome import (
    NOT_SELECTED,
    PASSED,
    REFERRED,
    RETAINED,
    SEIZED,
    WAVED,
    Outcome,
    nothing_yet,
)


def run(world, fleet, *, slab):
    """Outcome of a fleet by recursion in slabs [h]."""
    log = {field.name: getattr(nothing_yet(fleet), field.name) for field in fields(Outcome)}
    lanes = {(c, g): [-math.inf] * x.lanes for c, p in enumerate(world.checkpoints) for g, x in enumerate(p.groups)}
    bays = {c: [-math.inf] * post.bays for c, post in enumerate(world.checkpoints)}
    starts = {key: [] for key in lanes}
    at_lane, at_bay = [], []

    def go_on(v, k, left):
        if k < fleet.first[v + 1]:
            at_lane.append((left + fleet.travel[k], fleet.ident[v], v, k))
        else:
            log["fate"][v] = RETAINED if fleet.retained[v] else PASSED
            log["end"][v] = left + fleet.tail[v]

    def leave(v, k, time):
        log["departure"][k] = time
        go_on(v, k + 1, time)

    for v in range(fleet.size):
        go_on(v, fleet.first[v], fleet.entry[v])
    while at_lane or at_bay:
        edge = min(item[0] for item in at_lane + at_bay) + slab
        now, at_lane[:] = sorted(x for x in at_lane if x[0] < edge), [x for x in at_lane if x[0] >= edge]
        for time, ident, v, k in now:
            c, g = int(fleet.checkpoint[k]), int(fleet.group[k])
            group, free = world.checkpoints[c].groups[g], lanes[c, g]
            lane = min(range(len(free)), key=lambda s: (max(time, free[s]), s))
            start = max(time, free[lane])
            free[lane] = start + fleet.service[k]
            crowded = sum(earlier > time for earlier in starts[c, g][-300:]) > group.wave_through
            starts[c, g].append(start)
            log["arrival"][k], log["start"][k], log["lane"][k], log["crowded"][k] = time, start, lane, crowded
            selected = fleet.score[k] > quantile(1 - group.referral)
            log["decision"][k] = (WAVED if crowded else REFERRED) if selected else NOT_SELECTED
            if selected and not crowded:
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
            free[bay] = start + duration
            log["exam_start"][k], log["exam_end"][k], log["bay"][k], log["alarm"][k] = (
                start,
                free[bay],
                bay,
                alarm,
            )
            if alarm and fleet.drug[v] >= 0 and fleet.effort[k] < effort(world, fleet, v, c):
                log["departure"][k] = log["end"][v] = free[bay]
                log["fate"][v] = SEIZED
            else:
                leave(v, k, free[bay])
    return Outcome(**log)


def quantile(share):
    """Normal quantile by scipy.stats, which the engine does not use."""
    from scipy.stats import norm

    return norm.ppf(share)


def effort(world, fleet, v, c):
    """Probability that an alarm is followed up."""
    return min(
        1.0,
        getattr(world.detection.effort, world.checkpoints[c].effort_class) * fleet.year_effort[fleet.replication[v]],
    )


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
