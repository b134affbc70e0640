"""Rosters: each vehicle and each visit against a plain calculation, one at a time, with numbers drawn by name."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import fields, replace
from itertools import accumulate

import numpy as np
import pytest
from small_worlds import MADE_UP, device, hub, lanes, post, road_world, trades, with_rings, with_seals, with_traffic

import flowsim
from flowsim import units
from flowsim.draws import itineraries, philox, poisson, quantiles
from flowsim.draws.consignments import consignment_roster, consignments_per_year, draw_consignments
from flowsim.draws.fleet import Fleet, join
from flowsim.draws.honest import daily_means, draw_honest, honest_roster
from flowsim.draws.philox import RandomStream
from flowsim.draws.rings import draw_rings
from flowsim.draws.roster import PER_ROSTER, Roster, drawn, joined
from flowsim.draws.visits import DETOUR, draw_years, passes_otherwise
from flowsim.world import hubs
from flowsim.world.bypass import Bypass
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.seals import NO_SEALS
from flowsim.world.traffic import DRUGS, VEHICLE_CLASSES, ClassShare, Law, Profile

YEAR = units.HOURS_PER_YEAR


def everything():
    """A world in which every mechanism draws: two crossings, rings, tips, bribes, a hub, cities, seals and wagons."""
    both = {"devices": (device("x", availability=0.7), device("y")), "agency": "KNB"}
    groups = (lanes(classes=("car",)), lanes(classes=("truck", "tir"), wagons=0.5, referral=0.2))
    world = road_world(
        post("in", place="p0", border="KG", groups=groups, bribe=0.5, agency="Customs"),
        post("mid", place="p2", **both),
        post("again", place="p2", groups=groups, agency="KNB"),
        post("out", place="p5", border="RU", groups=groups, agency="Customs"),
        per_day=60.0,
        inflow=3000.0,
    )
    (flow,), (route,) = world.traffic.flows, world.network.routes
    shares = (("truck", 0.5, 500.0), ("tir", 0.3, 200.0), ("car", 0.2, 60.0))
    short = replace(route, name="short", path=route.path[:4], weight=0.3)
    way = Bypass(border="KG", way="vehicle", share=0.3, maximum=1e4, detour=3.0, patrol=0.4, **MADE_UP)
    world = with_traffic(
        replace(
            world,
            network=replace(world.network, routes=(replace(route, weight=0.7), short)),
            bypasses=(way,),
            hubs=(hub("p1", classes=(("truck", 0.4), ("tir", 0.6))),),
        ),
        flows=(flow, replace(flow, name="b", path=flow.path[::-1], vehicle_class="car", timetable=True)),
        class_shares=tuple(
            ClassShare(mode="road", vehicle_class=name, share=share, capacity=capacity, **MADE_UP)
            for name, share, capacity in shares
        ),
        retained_share=0.5,
        city_weights=(("p0", 1.0), ("p1", 2.0), ("p3", 3.0)),
        year_log_sd=0.4,
    )
    world = with_rings(world, rings=4, cases=30.0, dismantled=0.3, tip=0.3, bribe=0.4, protected=0.3)
    return with_seals(world, replace(NO_SEALS, opened=0.5, green_lane=True, notice_plain=0.3, false_notice=0.1))


@pytest.fixture(scope="module", params=["everything", "traded", "hub", "rings", "two_drugs", "sealed_trucks"])
def world(request):
    made = {"everything": everything, "traded": lambda: with_traffic(everything(), populations=trades())}
    return made[request.param]() if request.param in made else flowsim.load_world(request.param)


def pick(uniform, weights):
    """Index of the alternative that a uniform number falls on."""
    sums = list(accumulate(weights))
    return min(bisect_right(sums, uniform * sums[-1]), len(sums) - 1)


def log(mass):
    return float(quantiles.logarithm(mass))


def plain_itinerary(world, path, *, kind, direction, mode, start=None, end=None):
    """Stops, legs, class and start of vehicles on a path."""
    last = len(path) - 1 if end is None else end
    stops = world.stops(path, vehicle_class=kind, direction=direction, mode=mode)
    stops = tuple(stop for stop in stops if (start is None or stop.place > start) and stop.place <= last)
    return stops, world.network.legs_of(path, mode=mode, owner="test")[start:last], kind, start or 0


def plain_honest(world, *, start, **plan):
    """Rows of the roster of honest vehicles, in the order of quarter hours and in each by flow."""
    return sorted(by_flow(world, start=start, **plan), key=lambda row: math.floor(4 * (row["entry"] - start)))


def by_flow(world, *, seed, year, start, end):
    """Rows of honest vehicles flow by flow."""
    days = np.arange(math.floor(start / 24), math.ceil(end / 24))
    for flow in world.traffic.flows:
        stream = RandomStream(seed, f"honest:{flow.name}")
        entries = []
        if flow.timetable:
            entries = [(n, (n + 0.5) / flow.per_day * 24.0) for n in range(-5000, 5000)]
        else:
            for day, mean in zip(days.tolist(), daily_means(world, flow, days=days), strict=True):
                uniform = stream.uniforms(day, replication=year, purpose=philox.PERIOD)[:1]
                numbers = [day * 2**13 + k for k in range(poisson.quantile(uniform, mean=mean)[0])]
                hours = np.concatenate([[0.0], np.cumsum(flow.daily.weights)])
                for n in numbers:
                    u = stream.uniforms(n, replication=year, purpose=philox.ENTRY)[0]
                    entries.append((n, day * 24.0 + np.interp(u, hours / hours[-1], np.arange(25.0))))
        way = plain_itinerary(world, flow.path, kind=flow.vehicle_class, direction=flow.direction, mode=flow.mode)
        fixed = {"vehicle_class": VEHICLE_CLASSES.index(flow.vehicle_class), "drug": -1, "route": -1, "mass": 0.0}
        fixed |= {"retained": False, "opened": False, "log_mass": 0.0, "concealment": 0.0, "replication": 0}
        fixed |= {"finish": world.network.index(flow.path[-1]), "parent": -1, "part": 0, "store": 0.0, "ring": -1}
        fixed |= {"case_time": math.inf, "case_agency": -1, "protected": 0, "year": year, "population": -1}
        for number, entry in entries:
            if start <= entry < end:
                yield fixed | {"number": number, "entry": entry, "way": (way, stream.name, False)}


def plain_season(uniform, weights):
    """Part of the year that has passed when a part of the consignments has entered, by numpy's own interpolation."""
    days = np.array([0, *units.DAYS_OF_MONTHS])
    entered = np.cumsum(days * np.array([0.0, *weights]))
    return float(np.interp(uniform, entered / entered[-1], np.cumsum(days) / units.DAYS_PER_YEAR))


def plain_ring(world, rings, u, *, position, entry, members):
    """Fields of a consignment that come from its ring, and whether the ring is active."""
    if rings is None or u >= members:
        return {"ring": -1, "case_time": math.inf, "case_agency": -1, "protected": 0}, True
    ring = pick(u / members, rings.sizes[position].tolist())
    group = position * world.detection.intelligence.rings + ring
    later = [k for k in range(len(rings.time)) if rings.group[k] == group and rings.time[k] > entry]
    first = min(later, key=lambda k: rings.time[k], default=None)
    case = (math.inf, -1) if first is None else (rings.time[first], rings.agency[first])
    own = {"ring": ring, "case_time": case[0], "case_agency": case[1], "protected": rings.protected[position, ring]}
    return own, entry < rings.dismantled[group]


def plain_hub(world, route):
    """First hub on a route by road and its position."""
    found = [(h, k) for k, place in enumerate(route.path[:-1]) for h in world.hubs if h.place == place and h.share > 0]
    return found[0] if found and route.mode == "road" else (None, None)


def plain_end(cities, *, share, retained, which):
    """Position where a consignment ends in a city, or -1."""
    return cities[pick(which, [w for _, w in cities])][0] if cities and retained < share else -1


def plain_consignments(world, *, seed, replications, horizon):
    """Rows of the roster of consignments: those of each stream in the order of their ways, then their parts."""
    flow = draw_years(world, seed=seed, replications=replications)[0]
    rings = draw_rings(world, seed=seed, replications=replications)
    rows = []
    for sent in world.traffic.population_streams:
        origin, drug, trade = sent.stream.origin, sent.stream.drug, sent.population
        mode = sent.stream.mode
        known = [own.label for own in world.traffic.populations]
        stream = RandomStream(seed, f"consignment:{sent.name}")
        routes, classes = world.routes_of(origin, mode=mode), world.traffic.classes_of(mode)
        found = []
        for position, year in enumerate(replications):
            uniform = stream.uniforms(0, replication=year, purpose=philox.PERIOD)[:1]
            for number in range(poisson.quantile(uniform, mean=consignments_per_year(world, sent) * flow[position])[0]):

                def draw(purpose, item="", number=number, year=year, stream=stream):
                    return stream.uniforms(number, replication=year, purpose=purpose, item=item)

                u = draw(philox.ENTRY)
                season = world.traffic.season_of(drug)
                entry = (u[0] if season is None else plain_season(u[0], season.weights)) * YEAR
                where = {"position": position, "entry": entry, "members": trade.rings}
                own, active = plain_ring(world, rings, draw(philox.ENTRY, "ring")[0], **where)
                if not active or entry >= horizon:
                    continue
                choosing = draw(philox.ROUTE)
                r = pick(choosing[0], [route.weight for route in routes])
                c = pick(choosing[1], [share.share for share in classes])
                route, share = routes[r], classes[c]
                weights = dict(world.traffic.city_weights)
                cities = [(k, weights[p]) for k, p in enumerate(route.path) if weights.get(p, 0) > 0]
                end = plain_end(cities, share=world.traffic.retained_share, retained=u[3], which=choosing[2])
                store, place = plain_hub(world, route)
                split = bool(world.hubs) and store is not None and draw(philox.ROUTE, "hub")[0] < store.share
                split = split and (end == -1 or end > place)
                end = place if split else end
                mass = float(quantiles.mass(trade.sizes, share.capacity)(u[1]))
                last = None if end == -1 else end
                kind = {"kind": share.vehicle_class, "direction": "through", "mode": route.mode}
                way = plain_itinerary(world, route.path, **kind, end=last)
                sealed = share.vehicle_class == "tir"
                row = own | {"entry": entry, "replication": position, "year": year, "number": number, "mass": mass}
                row |= {"vehicle_class": VEHICLE_CLASSES.index(share.vehicle_class), "log_mass": log(mass)}
                row |= {"population": known.index(trade.label) if trade.name else -1}
                row |= {"drug": DRUGS.index(drug), "route": world.network.routes.index(route), "store": 0.0}
                row |= {"retained": end != -1 and not split, "concealment": float(quantiles.normal()(u[2]))}
                row["concealment"] += trade.concealment
                row |= {"opened": sealed and draw(philox.ENTRY, "seal")[0] < world.detection.seals.opened}
                row |= {"finish": world.network.index(route.path[end]), "parent": -1, "part": 0}
                row |= {"way": (way, stream.name, True), "order": (r, c, end, split), "hub": store if split else None}
                found.append(row)
        rows += [row | {"sent": sent} for row in sorted(found, key=lambda row: row["order"])]
    stored = {}
    for v, row in enumerate(rows):
        if row["hub"] is not None:
            stored.setdefault((row["sent"].name, row["order"]), []).append((v, row))
    for group in stored.values():
        rows = rows + plain_parts(world, group, seed=seed)
    return rows


def plain_parts(world, group, *, seed):
    """Rows of the parts of consignments that came to a hub on the same way."""
    found = []
    sent, store = group[0][1]["sent"], group[0][1]["hub"]
    stream = RandomStream(seed, f"consignment:{sent.name}:parts")
    shares = {s.origin: s.share for s in world.traffic.streams if s.drug == sent.stream.drug and s.mode == "road"}
    passing = [(r, k) for r, k in world.routes_through(store.place) if r.origin in shares]
    for v, row in group:
        count = max(1, math.ceil(row["mass"] / store.part))
        for part in range(1, count + 1):
            who = {"vehicle": 64 * row["number"] + part, "replication": row["year"]}
            leaving, choosing = (stream.uniforms(**who, purpose=p) for p in (philox.ENTRY, philox.ROUTE))
            r = pick(choosing[0], [shares[route.origin] * route.weight for route, _ in passing])
            c = pick(choosing[1], [share for _, share in store.classes])
            (route, start), kind = passing[r], store.classes[c][0]
            weights = dict(world.traffic.city_weights)
            cities = [(k, weights[p]) for k, p in enumerate(route.path) if weights.get(p, 0) > 0]
            beyond = [(k, w) for k, w in cities if k > start]
            whole, share = sum(w for _, w in cities), 0.0
            if beyond:
                passed = world.traffic.retained_share * sum(w for k, w in cities if k <= start) / whole
                share = world.traffic.retained_share * sum(w for _, w in beyond) / whole / (1.0 - passed)
            end = plain_end(beyond, share=share, retained=leaving[3], which=choosing[2])
            last = None if end == -1 else end
            way = {"kind": kind, "direction": "through", "mode": route.mode, "start": start, "end": last}
            time = float(quantiles.duration(hubs.STORE)(leaving[0]))
            mass = row["mass"] / count
            own = {"entry": math.nan, "parent": v, "part": part, "number": who["vehicle"], "hub": None, "mass": mass}
            own |= {"store": store.store * (store.store_minimum + (1.0 - store.store_minimum) * time)}
            gain = store.concealment + sent.population.concealment
            own |= {
                "concealment": float(quantiles.normal()(leaving[2])) + gain,
                "log_mass": log(mass),
            }
            own |= {"vehicle_class": VEHICLE_CLASSES.index(kind), "opened": kind == "tir", "retained": end != -1}
            own |= {"route": world.network.routes.index(route), "finish": world.network.index(route.path[end])}
            own |= {"way": (plain_itinerary(world, route.path, **way), stream.name, True), "order": (r, c, end)}
            found.append(row | own)
    return sorted(found, key=lambda row: row["order"])


def check_rows(roster, rows):
    """Hold a roster against plain rows."""
    assert roster.size == len(rows)
    for name in PER_ROSTER:
        if name != "way":
            expected = np.array([row[name] for row in rows])
            assert np.array_equal(getattr(roster, name), expected, equal_nan=name == "entry"), name
    for v, row in enumerate(rows):
        way = roster.ways[roster.way[v]]
        own = way.itinerary
        assert ((own.stops, own.legs, own.vehicle_class, own.start), way.stream, way.loaded) == row["way"]


def test_consignments_and_their_parts_are_those_of_a_plain_calculation(world):
    busy = with_traffic(world, inflow=0.3 * world.traffic.inflow)
    plan = {"seed": 3, "replications": [4, 1], "horizon": 5000.0}
    rows = plain_consignments(busy, **plan)
    assert len(rows) > 30
    check_rows(consignment_roster(busy, **plan), rows)


def test_the_plain_calculation_meets_every_case():
    rows = plain_consignments(everything(), seed=3, replications=[4, 1], horizon=5000.0)
    for name in ("retained", "opened", "protected", "part"):
        assert 0 < np.count_nonzero([row[name] for row in rows]) < len(rows), name
    parts = [row for row in rows if row["part"] > 0]
    assert {row["vehicle_class"] for row in parts} == {1, 2}
    assert {row["retained"] for row in parts} == {True, False}
    assert {row["case_agency"] for row in rows} == {AGENCIES.index("Committee"), AGENCIES.index("KNB")}


def test_honest_vehicles_are_those_of_a_plain_calculation(world):
    plan = {"seed": 3, "year": 2, "start": -30.5, "end": 40.25}
    rows = plain_honest(world, **plan)
    assert len(rows) > 100
    check_rows(honest_roster(world, **plan), rows)


def test_seasons_and_rhythms_are_followed():
    weights = tuple(12.0 * w for w in (0, 0, 0.1, 0.2, 0.05, 0, 0, 0.3, 0.35, 0, 0, 0))
    daily = tuple(24.0 * w / 10 for w in (0, 0, 1, 2, 0, 0, 3, 4, *([0] * 16)))
    base = flowsim.load_world("two_drugs")
    (more,) = base.traffic.further
    season = Profile(name="s", cycle="seasonal", weights=weights)
    flows = tuple(replace(f, daily=Profile(name="d", cycle="daily", weights=daily)) for f in base.traffic.flows)
    world = with_traffic(base, further=(replace(more, season=season),), flows=flows)
    plan = {"seed": 5, "replications": [0], "horizon": YEAR}
    check_rows(consignment_roster(world, **plan), plain_consignments(world, **plan))
    plan = {"seed": 5, "year": 0, "start": 0.0, "end": 60.0}
    check_rows(honest_roster(world, **plan), plain_honest(world, **plan))


def plain_travel(world, itinerary, draw):
    """Travel time to each stop and after the last."""
    variation = world.network.travel
    law = quantiles.duration(Law(family="lognormal", cv=variation.cv))
    times, passed, position, pending = [], [], itinerary.start, 0.0
    places = [*(stop.place for stop in itinerary.stops), itinerary.start + len(itinerary.legs)]
    for k, place in enumerate(places):
        pending = variation.within_place if 0 < k < len(itinerary.stops) and place == position else 0.0
        for leg in itinerary.legs[position - itinerary.start : place - itinerary.start]:
            u = draw(philox.TRAVEL, place=leg.label, seen=passed.count(leg.label))[0]
            relative = variation.minimum + (1.0 - variation.minimum) * float(law(u))
            speed = variation.car_speed if itinerary.vehicle_class == "car" else 1.0
            pending += leg.time / speed * relative
            passed.append(leg.label)
        times.append(pending)
        position = place
    return times


def plain_visits(world, roster, v):
    """Fields of the visits of a vehicle, and its tail."""
    way = roster.ways[roster.way[v]]
    stream, detection, own = RandomStream(roster.seed, way.stream), world.detection, way.itinerary

    def draw(purpose, **where):
        return stream.uniforms(roster.number[v], replication=roster.year[v], purpose=purpose, **where)

    *travel, tail = plain_travel(world, own, draw)
    visits = []
    for k, stop in enumerate(own.stops):
        checkpoint = world.checkpoints[stop.checkpoint]
        group = checkpoint.groups[stop.group]
        before = [other.checkpoint for other in own.stops[:k]]
        where = {"place": checkpoint.name, "seen": before.count(stop.checkpoint)}
        u = draw(philox.SERVICE, **where)
        search = quantiles.duration(Law(family="lognormal", cv=detection.search_cv))
        row = {"checkpoint": stop.checkpoint, "group": stop.group, "travel": travel[k], "effort": u[3]}
        row["service"] = group.service_time * quantiles.duration(group.law)(u[0])
        row["score"] = quantiles.normal()(u[1]) + (detection.targeting if way.loaded else 0.0)
        row["search"] = detection.search_time * search(u[2])
        bribed = way.loaded and world.bribe_at(checkpoint) > 0
        row["bribe"] = draw(philox.SERVICE, item="bribe", **where)[0] if bribed else 0.0
        row |= dict.fromkeys(("way_round", "patrol", "detour", "notice", "wagon"), 0.0)
        if passes_otherwise(world, stop, vehicle_class=own.vehicle_class):
            row["way_round"], row["patrol"], relative, row["notice"] = draw(philox.ROUND, **where)
            row["detour"] = quantiles.duration(DETOUR)(relative)
            row["wagon"] = draw(philox.ROUND, item="wagon", **where)[0]
        first = all(world.checkpoints[c].agency != checkpoint.agency for c in before)
        trade = next((own for own in world.traffic.populations if f":{own.name}" in way.stream), None)
        factor = 1.0 if trade is None else trade.tips
        chance = factor * detection.intelligence.tip(checkpoint.agency) if way.loaded and first else 0.0
        row["tipped"] = draw(philox.ENTRY, item=f"tip:{checkpoint.agency}")[0] < chance
        row["device_draw"], row["device_time"] = np.zeros((2, 2))
        for d, one in enumerate(checkpoint.devices):
            u = draw(philox.DEVICE, item=one.name, **where)
            row["device_draw"][d] = quantiles.logistic()(u[0]) if way.loaded else u[0]
            row["device_time"][d] = one.service_time * quantiles.duration(one.law)(u[1])
        visits.append(row)
    return visits, tail


@pytest.mark.parametrize("kind", ["consignments", "honest"])
def test_visits_are_those_of_a_plain_calculation(kind):
    world = everything()
    if kind == "consignments":
        roster = consignment_roster(world, seed=2, replications=[0, 5], horizon=600.0)
    else:
        roster = honest_roster(world, seed=2, year=5, start=0.0, end=20.0)
    fleet = drawn(world, roster)
    assert 40 < roster.size < 400
    assert np.array_equal(fleet.first, roster.first)
    for v in range(roster.size):
        visits, tail = plain_visits(world, roster, v)
        assert tail == fleet.tail[v]
        assert fleet.first[v + 1] - fleet.first[v] == len(visits)
        for k, row in enumerate(visits, start=fleet.first[v]):
            for name, value in row.items():
                assert np.array_equal(getattr(fleet, name)[k], value), (v, name)
    once = {agency for agency in AGENCIES if world.detection.intelligence.tip(agency) > 0}
    assert once
    assert fleet.tipped.any() == (kind == "consignments")


def test_a_fleet_is_its_roster_with_all_visits_drawn(world):
    consignments = {"seed": 1, "replications": [2, 0], "horizon": 900.0, "first_day": -1}
    honest = {"seed": 1, "year": 3, "start": 5.0, "end": 30.0}
    pairs = [(draw_consignments(world, **consignments), consignment_roster(world, **consignments))]
    pairs.append((draw_honest(world, **honest), honest_roster(world, **honest)))
    for fleet, roster in pairs:
        same(fleet, drawn(world, roster))
        for name in {field.name for field in fields(Fleet)} & {field.name for field in fields(Roster)}:
            assert np.array_equal(getattr(fleet, name), getattr(roster, name), equal_nan=name == "entry"), name


def same(one, other):
    """Hold two fleets against each other, bit for bit and type for type."""
    for field in fields(Fleet):
        a, b = np.asarray(getattr(one, field.name)), np.asarray(getattr(other, field.name))
        assert a.dtype == b.dtype, field.name
        assert np.array_equal(a, b, equal_nan=field.name == "entry"), field.name


def test_visits_do_not_depend_on_the_order_of_the_vehicles():
    world = everything()
    roster = consignment_roster(world, seed=2, replications=[0], horizon=2000.0)
    order = np.random.default_rng(0).permutation(roster.size)
    mixed = replace(roster, **{name: getattr(roster, name)[order] for name in PER_ROSTER if name != "parent"})
    fleet, other = drawn(world, roster), drawn(world, mixed)
    for v, w in enumerate(order.tolist()):
        for name in ("travel", "score", "tipped", "device_draw"):
            one = getattr(fleet, name)[fleet.first[w] : fleet.first[w + 1]]
            assert np.array_equal(one, getattr(other, name)[other.first[v] : other.first[v + 1]])


def test_the_fleet_of_joined_rosters_is_the_joined_fleet(world):
    honest = honest_roster(world, seed=1, year=0, start=0.0, end=48.0)
    consignments = consignment_roster(world, seed=1, replications=[0], horizon=48.0)
    together = joined(honest, consignments)
    assert together.size == honest.size + consignments.size
    same(drawn(world, together), join(drawn(world, honest), drawn(world, consignments)))
    same(drawn(world, joined(consignments, honest)), join(drawn(world, consignments), drawn(world, honest)))


def test_rosters_that_do_not_fit_are_not_joined():
    world = everything()
    honest = honest_roster(world, seed=1, year=0, start=0.0, end=48.0)
    with pytest.raises(ValueError, match="must share their seed, got 1 and 2"):
        joined(honest, consignment_roster(world, seed=2, replications=[0], horizon=48.0))
    with pytest.raises(ValueError, match="must share the days"):
        joined(honest, consignment_roster(world, seed=1, replications=[0], horizon=72.0))


def content(way):
    """What a way is, whichever object holds it."""
    own = way.itinerary
    return own.stops, own.legs, own.vehicle_class, own.start, way.stream, way.loaded


def test_ways_that_are_kept_change_no_roster(world):
    consignments = {"seed": 1, "replications": [0, 1], "horizon": YEAR}
    honest = {"seed": 1, "year": 3, "start": 5.0, "end": 30.0}
    other = replace(world, detection=replace(world.detection, sensitivity=0.5))
    for draw, plan in ((consignment_roster, consignments), (honest_roster, honest)):
        itineraries._kept.cache_clear()
        fresh = draw(world, **plan)
        itineraries._kept.cache_clear()
        draw(other, **plan)
        kept = draw(world, **plan)
        assert [content(way) for way in kept.ways] == [content(way) for way in fresh.ways]
        for name in PER_ROSTER:
            assert np.array_equal(getattr(kept, name), getattr(fresh, name), equal_nan=name == "entry"), name
        assert all(one is same for one, same in zip(kept.ways, draw(other, **plan).ways, strict=True))


def faster(legs):
    """Legs of which the first has twice the speed."""
    return (replace(legs[0], speed=2.0 * legs[0].speed), *legs[1:])


@pytest.mark.parametrize(
    "change",
    [
        lambda world: replace(world, checkpoints=world.checkpoints[1:]),
        lambda world: replace(world, traffic=replace(world.traffic, retained_share=0.5)),
        lambda world: replace(world, network=replace(world.network, legs=faster(world.network.legs))),
        lambda world: replace(world, hubs=()),
    ],
)
def test_ways_are_not_kept_for_another_network_other_posts_or_other_ends(change):
    world = flowsim.load_world("hub")
    assert itineraries.ways_of(world) is itineraries.ways_of(replace(world, warm_up=1.0))
    assert itineraries.ways_of(world) is itineraries.ways_of(replace(world, network=replace(world.network)))
    assert itineraries.ways_of(change(world)) is not itineraries.ways_of(world)


def test_no_way_of_a_route_stands_in_a_roster_twice_and_each_is_taken(world):
    roster = consignment_roster(world, seed=1, replications=range(3), horizon=YEAR)
    assert len({id(way) for way in roster.ways}) == len(roster.ways)
    if not world.hubs:
        assert len({content(way) for way in roster.ways}) == len(roster.ways)
    assert set(roster.way.tolist()) == set(range(len(roster.ways)))


def test_a_roster_may_be_empty():
    world = everything()
    honest = honest_roster(world, seed=1, year=0, start=0.25, end=0.2501)
    assert honest_roster(world, seed=1, year=0, start=24.0, end=24.0).size == 0
    consignments = consignment_roster(world, seed=1, replications=[0], horizon=1e-6)
    for roster in (honest, consignments):
        assert roster.size == 0
        assert drawn(world, roster).size == 0
    assert joined(honest, replace(consignments, available=honest.available, first_day=honest.first_day)).size == 0
