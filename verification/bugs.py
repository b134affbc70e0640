"""Bugs that are injected into the compiled engine one by one: a piece of its source and what takes its place."""

from __future__ import annotations

from verification.mutants import Bug


def _bug(module: str, piece: str, other: str) -> Bug:
    return Bug(module=module, piece=piece, other=other)


AT_THE_LANES = {
    "wave-through threshold off by one": _bug(
        "rules", "turns = wave_through + 1 if", "wave_through += 1\n            turns = wave_through + 1 if"
    ),
    "who starts at that instant still counts as waiting": _bug(
        "steps", "% group.turns] > time", "% group.turns] >= time"
    ),
    "who leaves unserved waits on in the count": _bug(
        "slabs", "join_queue(run, station, min(start, due))", "join_queue(run, station, start)"
    ),
    "waved through is referred": _bug(
        "steps", "return WAVED if run.visits[k].crowded > 0 else REFERRED", "return REFERRED"
    ),
    "one lane too many": _bug(
        "rules", "(group.lanes, self._reserve(group.lanes)", "(group.lanes + 1, self._reserve(group.lanes + 1)"
    ),
    "highest-numbered lane": _bug(
        "steps", "for lane in range(group.lanes):", "for lane in range(group.lanes - 1, -1, -1):"
    ),
    "lane that has been idle longest": _bug(
        "steps", "start = max(time, run.clocks[group.first_lane + lane])", "start = run.clocks[group.first_lane + lane]"
    ),
    "ties in reverse order of number": _bug(
        "calendar", "vehicles[one].ident < vehicles[other].ident", "vehicles[one].ident > vehicles[other].ident"
    ),
    "ties in any order": _bug("calendar", "return vehicles[one].ident < vehicles[other].ident", "return False"),
    "events of a slab in any order": _bug("slabs", "sort(run.vehicles, who, spare, count)", "pass"),
    "many events are not sorted": _bug("calendar", "while run < count:", "while run < 0:"),
    "service twice": _bug("slabs", "        time = start + service\n", "        time = start + 2 * service\n"),
    "service without the wait": _bug(
        "slabs", "        time = start + service\n", "        time = run.visits[k].arrival + service\n"
    ),
    "service of a visit before": _bug(
        "numbers", "return run.drawn[k, _SERVICE]", "return run.drawn[max(0, k - 1), _SERVICE]"
    ),
    "shifts ignored": _bug("steps", "        if group.shifts > 0:\n", "        if False:\n"),
    "shifts last until their end": _bug(
        "steps",
        "run.shifts[number].start <= hour < run.shifts[number].end",
        "run.shifts[number].start < hour <= run.shifts[number].end",
    ),
    "closed posts are waited for": _bug(
        "steps", "if run.stations[station].shifts == 0 or run.posts[post].border > 0:", "if True:"
    ),
    "closed crossings are passed": _bug(
        "steps",
        "if run.stations[station].shifts == 0 or run.posts[post].border > 0:",
        "if run.stations[station].shifts == 0:",
    ),
    "departure of a train ignored at the lanes": _bug("slabs", "if start + service > due:", "if start > due:"),
    "departure of a train ignored at the bays": _bug("slabs", "    if time > due:\n", "    if start > due:\n"),
    "a train leaves when it is looked at": _bug(
        "slabs", "return run.visits[k].arrival + stop if stop < math.inf else time", "return time"
    ),
}
"""Bugs in queues, lanes, shifts and trains."""

IN_THE_DECISION = {
    "seal never checked": _bug("steps", "if vehicle.sealed > 0 and run.posts[post].green > 0:", "if False:"),
    "state of the seal dropped": _bug(
        "steps", "setting.notice if opened else setting.false_notice", "setting.false_notice"
    ),
    "green lane inside the country": _bug("rules", 'world.detection.seals.green_lane and post.border != ""', "True"),
    "sealed vehicles are inspected": _bug("steps", "if setting.seal_inspection == 0:", "if False:"),
    "tip ignored": _bug("steps", "if vehicle.load >= 0 and numbers.is_tipped(run, v, k):", "if False:"),
    "wagons ignored": _bug("steps", "if vehicle.load >= 0 and group.wagons < 1.0 and", "if False and"),
    "wagons decide before the seal": _bug(
        "steps",
        "    if vehicle.sealed > 0 and run",
        "    if vehicle.load >= 0 and numbers.wagon(run, v, k, post) >= group.wagons:\n"
        "        return UNREACHED\n"
        "    if vehicle.sealed > 0 and run",
    ),
    "liability ignored": _bug("rules", "threshold(group.referral, **weighing)", "threshold(group.referral)"),
    "way round ignored": _bug("steps", "    if place.ways == 0:\n", "    if True:\n"),
    "heavy loads go round on foot": _bug("steps", "return STAYS if heavy else number", "return number"),
    "patrols ignored": _bug("slabs", " or patrol < way.patrol)", ")"),
    "all detours alike": _bug("slabs", "+ way.detour * detour", "+ way.detour"),
}
"""Bugs in what decides whether a load is looked at."""

AT_THE_BAYS = {
    "one bay too many": _bug(
        "rules", "(post.bays, self._reserve(post.bays))", "(post.bays + 1, self._reserve(post.bays + 1))"
    ),
    "highest-numbered bay": _bug("steps", "for bay in range(place.bays):", "for bay in range(place.bays - 1, -1, -1):"),
    "search takes no time": _bug("steps", "duration = duration + numbers.search(run, v, k, post)", "pass"),
    "only the first device works": _bug(
        "steps", "for d in range(place.devices):", "for d in range(min(1, place.devices)):"
    ),
    "devices never fail": _bug("steps", "if not run.available[replication, post, d, day]:", "if False:"),
    "devices fail a day later": _bug(
        "steps", "floor(start / DAY) - setting.first_day", "max(0, floor(start / DAY) - 1 - setting.first_day)"
    ),
    "concealment helps the device": _bug("steps", "logit - tool.concealment", "logit + tool.concealment"),
    "mass ignored": _bug("steps", "tool.intercept + tool.slope * run.loads[load].log_mass", "tool.intercept"),
    "no false alarms": _bug("steps", "elif draw >= tool.specificity:", "elif draw > 1.0:"),
    "effort ignored": _bug("steps", "if numbers.effort(run, v, k, post) >= ", "if 0.0 > "),
    "effort decides on a tip": _bug("steps", "if not numbers.is_tipped(run, v, k):", "if True:"),
    "campaigns ignored": _bug("steps", "more = more * run.campaigns[number].factor", "pass"),
    "campaigns never end": _bug("steps", "<= time < run.campaigns[number].end", "<= time"),
    "protection ignored": _bug("steps", "if (load.protected >> place.agency) & 1:", "if False:"),
    "protection by checkpoint": _bug("steps", "load.protected >> place.agency", "load.protected >> post"),
    "bribes ignored": _bug("steps", "return place.bribe <= 0.0 or", "return True or"),
    "bribe of the agency everywhere": _bug(
        "rules", "float(world.bribe_at(post))", "float(world.detection.corruption.bribe(post.agency))"
    ),
    "honest vehicles are seized": _bug("slabs", "if run.vehicles[v].load < 0:", "if False:"),
    "a seized load goes on": _bug(
        "slabs", "if time >= until or ends_here(run, v, k, post, time):", "if time >= until:"
    ),
}
"""Bugs in examinations and in what follows from an alarm."""

ON_THE_WAY = {
    "a slab longer than the shortest travel": _bug(
        "compiled", "float(slab), float(until)", "20 * float(slab), float(until)"
    ),
    "what happens at the edge of a slab belongs to it": _bug(
        "slabs", "if run.vehicles[v].when < edge and (run", "if run.vehicles[v].when <= edge and (run"
    ),
    "calendar that begins late": _bug(
        "calendar", "= first, intervals / max(last - first, least)", "= last, intervals / max(last - first, least)"
    ),
    "case at the wrong side of a tie": _bug(
        "steps", "run.loads[load].case_time <= time", "run.loads[load].case_time < time"
    ),
    "case at the wrong side of a tie at the end": _bug(
        "slabs", "elif run.loads[load].case_time <= time:", "elif run.loads[load].case_time < time:"
    ),
    "case ignored on arrival": _bug(
        "slabs",
        "        run.visits[k].arrival = time\n        if is_taken(run, v, time):",
        "        run.visits[k].arrival = time\n        if False:",
    ),
    "case ignored after the first look": _bug(
        "slabs",
        "    if is_taken(run, v, time):\n        seize(run, v, k, time)\n        return STAYS_HERE\n    decision",
        "    decision",
    ),
    "case ignored after the examination": _bug(
        "slabs", "    if is_taken(run, v, time) or (run.visits", "    if (run.visits"
    ),
    "case ignored on the way round": _bug("slabs", "(is_taken(run, v, time) or patrol", "(patrol"),
    "case ignored at the end": _bug("slabs", "elif run.loads[load].case_time <= time:", "elif False:"),
    "case ignored in store": _bug(
        "slabs", "if not is_taken(run, v, time):\n            return time", "if True:\n            return time"
    ),
    "case in store counts at the release": _bug(
        "slabs", "time = min(release, run.loads[run.vehicles[part].load].case_time)", "time = release"
    ),
    "parts leave at once": _bug("slabs", "time + run.loads[run.vehicles[part].load].store, until", "time, until"),
    "only the first part leaves": _bug("slabs", "part = run.loads[run.vehicles[part].load].next_part", "part = NONE"),
    "numbers of parts ignored": _bug("record", 'vehicles["ident"] = fleet.ident', "pass"),
    "travel counts from the arrival": _bug(
        "slabs",
        "        go_on(run, who[i], time, until)",
        "        go_on(run, who[i], run.vehicles[who[i]].when, until)",
    ),
}
"""Bugs in slabs, cases, stores and travel."""

RESUMED = {
    "end of a run included": _bug(
        "slabs",
        "    if time >= until:\n        return\n    if run.vehicles[v].remaining",
        "    if time > until:\n        return\n    if run.vehicles[v].remaining",
    ),
    "busy lanes forgotten": _bug("slabs", "run.clocks[run.stations[station].first_lane + visit.lane] = looked", "pass"),
    "busy bays forgotten": _bug("slabs", "run.clocks[run.posts[post].first_bay + visit.bay] = visit.exam_end", "pass"),
    "crowd counted again": _bug(
        "slabs",
        "        if run.visits[k].crowded < 0:\n            run.visits[k].crowded = is_crowded",
        "        if True:\n            run.visits[k].crowded = is_crowded",
    ),
    "who waits for a bay is let go": _bug("slabs", "event, time = REFERRAL, looked", "event, time = STANDING, looked"),
    "who is examined is examined again": _bug(
        "slabs", "event, time = EXAMINED, visit.exam_end", "event, time = REFERRAL, looked"
    ),
    "parts in store set out at once": _bug(
        "slabs", "put_in_store(run, v, left, until)", "put_in_store(run, v, now, until)"
    ),
    "visits that are over come again": _bug("slabs", "run.visits[run.vehicles[v].visit].departure < now", "False"),
}
"""Bugs that only a run shows which ends early or goes on from a state."""

DRAWN = {
    "times seen ignored": _bug("numbers", "purpose | (run.stops[run.vehicles[v].stop].seen << _SEEN)", "purpose"),
    "times seen of a leg ignored": _bug("numbers", "TRAVEL | (leg.seen << _SEEN)", "TRAVEL"),
    "year ignored": _bug("numbers", "np.uint64(vehicle.year)", "NOTHING"),
    "targeting ignored": _bug("numbers", "return service, score + shift(run, v)", "return service, score"),
    "bribes drawn as services": _bug("numbers", "SERVICE | BRIBE", "SERVICE"),
    "wagons drawn as ways round": _bug("numbers", "ROUND | WAGON", "ROUND"),
    "one tip for all agencies": _bug("numbers", "ENTRY | stop.tip_item", "ENTRY"),
    "tips at every checkpoint of an agency": _bug(
        "ways", "-1 if agency in met else AGENCIES.index(agency)", "AGENCIES.index(agency)"
    ),
    "cars as fast as trucks": _bug("ways", 'travel.car_speed if itinerary.vehicle_class == "car" else 1.0', "1.0"),
    "no certain part of a travel time": _bug(
        "numbers", "(setting.certain + (1.0 - setting.certain) * varying)", "varying"
    ),
    "no travel within a place": _bug("ways", "travel.within_place if together else 0.0", "0.0"),
    "one number for all devices": _bug("numbers", "DEVICE | tool.hash", "DEVICE"),
}
"""Bugs in the random numbers that are drawn where they are needed."""

ON_RECORD = {
    "who comes at that instant counts": _bug(
        "recorded", "if times[first + middle] < time:", "if times[first + middle] <= time:"
    ),
    "one too few wait": _bug("alone", "waiting > run", "waiting - 1 > run"),
    "wait of the one before": _bug(
        "recorded", "row.first_free + arrived - 1]", "row.first_free + max(0, arrived - 2)]"
    ),
    "lanes off duty serve": _bug(
        "recorded",
        "best = min(best, on_duty_from(run, queue, lane, max(time, free)))",
        "best = min(best, max(time, free))",
    ),
    "an empty queue is open at night": _bug("recorded", "wait = on_duty_from(run, queue, 0, time) - time", "pass"),
    "another hour of the week": _bug(
        "recorded", "math.floor((time - start) / WEEK) * WEEK", "math.floor((time - start) / 24.0) * 24.0"
    ),
    "the span that is last": _bug("recorded", "if distance < least:", "if True:"),
    "bays without a queue": _bug("memory", "len(run.stations) + post", "post"),
    "who left unserved stands in the queue": _bug(
        "recorded", 'np.where(lost, visits["departure"][queued], begun)', "begun"
    ),
    "who passed a closed post stands in its queue": _bug("recorded", "(decision != CLOSED) & ", ""),
    "the first lane is always free first": _bug("recorded", "first = np.argmin(busy)", "first = 0"),
    "who waits at the end takes no lane": _bug("recorded", "busy[:] = np.maximum(busy, end)", "pass"),
    "service left out of the record": _bug(
        "compiled", 'self._run.visits["start"] + trail.service', 'self._run.visits["start"]'
    ),
    "the trail is one visit behind": _bug(
        "trail", "for k in range(first[v], first[v + 1]):", "for k in range(first[v], max(first[v], first[v + 1] - 1)):"
    ),
    "departure of a train ignored": _bug("alone", "if start + service > due:", "if False:"),
    "case ignored on the way": _bug("alone", "    if is_taken(run, v, time):\n", "    if False:\n"),
    "case ignored in a store": _bug("alone", "if case <= left:", "if False:"),
    "every part begins at its entry": _bug(
        "alone",
        "run.vehicles[parent].end + run.loads[run.vehicles[v].load].store",
        "run.vehicles[parent].end",
    ),
}
"""Bugs in recorded queues and in following those who meet them."""

BUGS = {
    "whole": AT_THE_LANES | IN_THE_DECISION | AT_THE_BAYS | ON_THE_WAY,
    "cut": RESUMED,
    "from_a_roster": DRAWN,
    "among_recorded_queues": ON_RECORD,
}
"""All bugs, by the trial that has to show them and by what is wrong."""
