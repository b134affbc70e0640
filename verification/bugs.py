"""Bugs that are injected into the compiled engine one by one: a piece of its source and what takes its place."""

from __future__ import annotations

from verification.mutants import Bug


def _bug(module: str, piece: str, other: str) -> Bug:
    return Bug(module=module, piece=piece, other=other)


AT_THE_LANES = {
    "wave-through threshold off by one": _bug(
        "checkpoint_arrays", "turns = wave_through + 1 if", "wave_through += 1\n            turns = wave_through + 1 if"
    ),
    "who starts at that instant still counts as waiting": _bug(
        "rules", "% group.turns] > time", "% group.turns] >= time"
    ),
    "who leaves unserved waits on in the count": _bug(
        "slab_sweep", "join_queue(run, station, min(start, due))", "join_queue(run, station, start)"
    ),
    "waved through is referred": _bug(
        "rules", "return WAVED if run.visits[k].crowded > 0 else REFERRED", "return REFERRED"
    ),
    "one lane too many": _bug(
        "checkpoint_arrays",
        "(group.lanes, self._reserve(group.lanes)",
        "(group.lanes + 1, self._reserve(group.lanes + 1)",
    ),
    "highest-numbered lane": _bug(
        "rules", "for lane in range(group.lanes):", "for lane in range(group.lanes - 1, -1, -1):"
    ),
    "lane that has been idle longest": _bug(
        "rules", "start = max(time, run.clocks[group.first_lane + lane])", "start = run.clocks[group.first_lane + lane]"
    ),
    "ties in reverse order of number": _bug(
        "event_calendar", "vehicles[one].ident < vehicles[other].ident", "vehicles[one].ident > vehicles[other].ident"
    ),
    "ties in any order": _bug("event_calendar", "return vehicles[one].ident < vehicles[other].ident", "return False"),
    "events of a slab in any order": _bug("slab_sweep", "sort(run.vehicles, who, spare, count)", "pass"),
    "many events are not sorted": _bug("event_calendar", "while run < count:", "while run < 0:"),
    "service twice": _bug("slab_sweep", "        time = start + service\n", "        time = start + 2 * service\n"),
    "service without the wait": _bug(
        "slab_sweep", "        time = start + service\n", "        time = run.visits[k].arrival + service\n"
    ),
    "service of a visit before": _bug(
        "visit_variates", "return run.drawn[k, _SERVICE]", "return run.drawn[max(0, k - 1), _SERVICE]"
    ),
    "shifts ignored": _bug("rules", "        if group.shifts > 0:\n", "        if False:\n"),
    "shifts last until their end": _bug(
        "rules",
        "run.shifts[number].start <= hour < run.shifts[number].end",
        "run.shifts[number].start < hour <= run.shifts[number].end",
    ),
    "closed posts are waited for": _bug(
        "rules", "if run.stations[station].shifts == 0 or run.posts[post].border > 0:", "if True:"
    ),
    "closed crossings are passed": _bug(
        "rules",
        "if run.stations[station].shifts == 0 or run.posts[post].border > 0:",
        "if run.stations[station].shifts == 0:",
    ),
    "departure of a train ignored at the lanes": _bug("slab_sweep", "if start + service > due:", "if start > due:"),
    "departure of a train ignored at the bays": _bug("slab_sweep", "    if time > due:\n", "    if start > due:\n"),
    "a train leaves when it is looked at": _bug(
        "slab_sweep", "return run.visits[k].arrival + stop if stop < math.inf else time", "return time"
    ),
}
"""Bugs in queues, lanes, shifts and trains."""

IN_THE_DECISION = {
    "seal never checked": _bug("rules", "if vehicle.sealed > 0 and run.posts[post].green > 0:", "if False:"),
    "state of the seal dropped": _bug(
        "rules", "setting.notice if opened else setting.false_notice", "setting.false_notice"
    ),
    "green lane inside the country": _bug(
        "checkpoint_arrays", 'world.detection.seals.green_lane and post.border != ""', "True"
    ),
    "sealed vehicles are inspected": _bug("rules", "if setting.seal_inspection == 0:", "if False:"),
    "tip ignored": _bug("rules", "if vehicle.consignment >= 0 and visit_variates.is_tipped(run, v, k):", "if False:"),
    "wagons ignored": _bug("rules", "if vehicle.consignment >= 0 and group.wagons < 1.0 and", "if False and"),
    "wagons decide before the seal": _bug(
        "rules",
        "    if vehicle.sealed > 0 and run",
        "    if vehicle.consignment >= 0 and visit_variates.wagon(run, v, k, post) >= group.wagons:\n"
        "        return UNREACHED\n"
        "    if vehicle.sealed > 0 and run",
    ),
    "liability ignored": _bug("checkpoint_arrays", "threshold(group.referral) + shift", "threshold(group.referral)"),
    "way round ignored": _bug("rules", "    if place.ways == 0:\n", "    if True:\n"),
    "heavy loads go round on foot": _bug("rules", "return STAYS if heavy else number", "return number"),
    "patrols ignored": _bug("slab_sweep", " or patrol < way.patrol)", ")"),
    "all detours alike": _bug("slab_sweep", "+ way.detour * detour", "+ way.detour"),
}
"""Bugs in what decides whether a load is looked at."""

AT_THE_BAYS = {
    "one bay too many": _bug(
        "checkpoint_arrays", "(post.bays, self._reserve(post.bays))", "(post.bays + 1, self._reserve(post.bays + 1))"
    ),
    "highest-numbered bay": _bug("rules", "for bay in range(place.bays):", "for bay in range(place.bays - 1, -1, -1):"),
    "search takes no time": _bug("rules", "duration = duration + visit_variates.search(run, v, k, post)", "pass"),
    "only the first device works": _bug(
        "rules", "for d in range(place.devices):", "for d in range(min(1, place.devices)):"
    ),
    "devices never fail": _bug("rules", "if not run.available[replication, post, d, day]:", "if False:"),
    "devices fail a day later": _bug(
        "rules", "floor(start / DAY) - setting.first_day", "max(0, floor(start / DAY) - 1 - setting.first_day)"
    ),
    "concealment helps the device": _bug("rules", "logit - tool.concealment", "logit + tool.concealment"),
    "mass ignored": _bug(
        "rules", "tool.intercept + tool.slope * run.consignments[consignment].log_mass", "tool.intercept"
    ),
    "no false alarms": _bug("rules", "elif draw >= tool.specificity:", "elif draw > 1.0:"),
    "effort ignored": _bug("rules", "if visit_variates.effort(run, v, k, post) >= ", "if 0.0 > "),
    "effort decides on a tip": _bug("rules", "if not visit_variates.is_tipped(run, v, k):", "if True:"),
    "campaigns ignored": _bug("rules", "more = more * run.campaigns[number].factor", "pass"),
    "campaigns never end": _bug("rules", "<= time < run.campaigns[number].end", "<= time"),
    "protection ignored": _bug("rules", "if (consignment.protected >> place.agency) & 1:", "if False:"),
    "protection by checkpoint": _bug("rules", "consignment.protected >> place.agency", "consignment.protected >> post"),
    "bribes ignored": _bug("rules", "return place.bribe <= 0.0 or", "return True or"),
    "bribe of the agency everywhere": _bug(
        "checkpoint_arrays", "float(world.bribe_at(post))", "float(world.detection.corruption.bribe(post.agency))"
    ),
    "honest vehicles are seized": _bug("slab_sweep", "if run.vehicles[v].consignment < 0:", "if False:"),
    "a seized load goes on": _bug(
        "slab_sweep", "if time >= until or ends_here(run, v, k, post, time):", "if time >= until:"
    ),
}
"""Bugs in examinations and in what follows from an alarm."""

ON_THE_WAY = {
    "a slab longer than the shortest travel": _bug(
        "engine", "float(slab), float(until)", "20 * float(slab), float(until)"
    ),
    "what happens at the edge of a slab belongs to it": _bug(
        "slab_sweep", "if run.vehicles[v].when < edge and (run", "if run.vehicles[v].when <= edge and (run"
    ),
    "calendar that begins late": _bug(
        "event_calendar",
        "= first, intervals / max(last - first, least)",
        "= last, intervals / max(last - first, least)",
    ),
    "case at the wrong side of a tie": _bug(
        "rules", "run.consignments[consignment].case_time <= time", "run.consignments[consignment].case_time < time"
    ),
    "case at the wrong side of a tie at the end": _bug(
        "slab_sweep",
        "elif run.consignments[consignment].case_time <= time:",
        "elif run.consignments[consignment].case_time < time:",
    ),
    "case ignored on arrival": _bug(
        "slab_sweep",
        "        run.visits[k].arrival = time\n        if is_taken(run, v, time):",
        "        run.visits[k].arrival = time\n        if False:",
    ),
    "case ignored after the first look": _bug(
        "slab_sweep",
        "    if is_taken(run, v, time):\n        seize(run, v, k, time)\n        return STAYS_HERE\n    decision",
        "    decision",
    ),
    "case ignored after the examination": _bug(
        "slab_sweep", "    if is_taken(run, v, time) or (run.visits", "    if (run.visits"
    ),
    "case ignored on the way round": _bug("slab_sweep", "(is_taken(run, v, time) or patrol", "(patrol"),
    "case ignored at the end": _bug(
        "slab_sweep", "elif run.consignments[consignment].case_time <= time:", "elif False:"
    ),
    "case ignored in store": _bug(
        "slab_sweep", "if not is_taken(run, v, time):\n            return time", "if True:\n            return time"
    ),
    "case in store counts at the release": _bug(
        "slab_sweep",
        "time = min(release, run.consignments[run.vehicles[part].consignment].case_time)",
        "time = release",
    ),
    "parts leave at once": _bug(
        "slab_sweep", "time + run.consignments[run.vehicles[part].consignment].store, until", "time, until"
    ),
    "only the first part leaves": _bug(
        "slab_sweep", "part = run.consignments[run.vehicles[part].consignment].next_part", "part = NONE"
    ),
    "numbers of parts ignored": _bug("arrays", 'vehicles["ident"] = fleet.ident', "pass"),
    "travel counts from the arrival": _bug(
        "slab_sweep",
        "        go_on(run, who[i], time, until)",
        "        go_on(run, who[i], run.vehicles[who[i]].when, until)",
    ),
}
"""Bugs in slabs, cases, stores and travel."""

RESUMED = {
    "end of a run included": _bug(
        "slab_sweep",
        "    if time >= until:\n        return\n    if run.vehicles[v].remaining",
        "    if time > until:\n        return\n    if run.vehicles[v].remaining",
    ),
    "busy lanes forgotten": _bug(
        "slab_sweep", "run.clocks[run.stations[station].first_lane + visit.lane] = looked", "pass"
    ),
    "busy bays forgotten": _bug(
        "slab_sweep", "run.clocks[run.posts[post].first_bay + visit.bay] = visit.exam_end", "pass"
    ),
    "crowd counted again": _bug(
        "slab_sweep",
        "        if run.visits[k].crowded < 0:\n            run.visits[k].crowded = is_crowded",
        "        if True:\n            run.visits[k].crowded = is_crowded",
    ),
    "who waits for a bay is let go": _bug(
        "slab_sweep", "event, time = REFERRAL, looked", "event, time = STANDING, looked"
    ),
    "who is examined is examined again": _bug(
        "slab_sweep", "event, time = EXAMINED, visit.exam_end", "event, time = REFERRAL, looked"
    ),
    "parts in store set out at once": _bug(
        "slab_sweep", "put_in_store(run, v, left, until)", "put_in_store(run, v, now, until)"
    ),
    "visits that are over come again": _bug("slab_sweep", "run.visits[run.vehicles[v].visit].departure < now", "False"),
}
"""Bugs that only a run shows which ends early or goes on from a state."""

DRAWN = {
    "times seen ignored": _bug(
        "visit_variates", "purpose | (run.stops[run.vehicles[v].stop].seen << _SEEN)", "purpose"
    ),
    "times seen of a leg ignored": _bug("visit_variates", "TRAVEL | (leg.seen << _SEEN)", "TRAVEL"),
    "year ignored": _bug("visit_variates", "np.uint64(vehicle.year)", "NOTHING"),
    "targeting ignored": _bug("visit_variates", "return service, score + shift(run, v)", "return service, score"),
    "bribes drawn as services": _bug("visit_variates", "SERVICE | BRIBE", "SERVICE"),
    "wagons drawn as ways round": _bug("visit_variates", "ROUND | WAGON", "ROUND"),
    "one tip for all agencies": _bug("visit_variates", "ENTRY | stop.tip_item", "ENTRY"),
    "tips at every checkpoint of an agency": _bug(
        "itinerary_arrays", "-1 if agency in met else AGENCIES.index(agency)", "AGENCIES.index(agency)"
    ),
    "cars as fast as trucks": _bug(
        "itinerary_arrays", 'travel.car_speed if itinerary.vehicle_class == "car" else 1.0', "1.0"
    ),
    "no certain part of a travel time": _bug(
        "visit_variates", "(setting.certain + (1.0 - setting.certain) * varying)", "varying"
    ),
    "no travel within a place": _bug("itinerary_arrays", "travel.within_place if together else 0.0", "0.0"),
    "one number for all devices": _bug("visit_variates", "DEVICE | tool.hash", "DEVICE"),
}
"""Bugs in the random numbers that are drawn where they are needed."""

ON_RECORD = {
    "who comes at that instant counts": _bug(
        "background", "if times[first + middle] < time:", "if times[first + middle] <= time:"
    ),
    "one too few wait": _bug("follow", "waiting > run", "waiting - 1 > run"),
    "wait of the one before": _bug(
        "background", "row.first_free + arrived - 1]", "row.first_free + max(0, arrived - 2)]"
    ),
    "lanes off duty serve": _bug(
        "background",
        "best = min(best, on_duty_from(run, queue, lane, max(time, free)))",
        "best = min(best, max(time, free))",
    ),
    "an empty queue is open at night": _bug("background", "wait = on_duty_from(run, queue, 0, time) - time", "pass"),
    "another hour of the week": _bug(
        "background", "math.floor((time - start) / WEEK) * WEEK", "math.floor((time - start) / 24.0) * 24.0"
    ),
    "the span that is last": _bug("background", "if distance < least:", "if True:"),
    "bays without a queue": _bug("replay_cache", "len(run.stations) + post", "post"),
    "who left unserved stands in the queue": _bug(
        "background", 'np.where(lost, visits["departure"][queued], begun)', "begun"
    ),
    "who passed a closed post stands in its queue": _bug("background", "(decision != CLOSED) & ", ""),
    "the first lane is always free first": _bug("background", "first = np.argmin(busy)", "first = 0"),
    "who waits at the end takes no lane": _bug("background", "busy[:] = np.maximum(busy, end)", "pass"),
    "service left out of the record": _bug(
        "engine", 'self._run.visits["start"] + trail.service', 'self._run.visits["start"]'
    ),
    "the trail is one visit behind": _bug(
        "visited",
        "for k in range(first[v], first[v + 1]):",
        "for k in range(first[v], max(first[v], first[v + 1] - 1)):",
    ),
    "departure of a train ignored": _bug("follow", "if start + service > due:", "if False:"),
    "case ignored on the way": _bug("follow", "    if is_taken(run, v, time):\n", "    if False:\n"),
    "case ignored in a store": _bug("follow", "if case <= left:", "if False:"),
    "every part begins at its entry": _bug(
        "follow",
        "run.vehicles[parent].end + run.consignments[run.vehicles[v].consignment].store",
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
