"""Random small worlds with their traffic, by a plain seeded generator, and counts of the rules that they exercise."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import slabs
from small_worlds import (
    MADE_UP,
    day_shifts,
    device,
    hub,
    lanes,
    post,
    road_world,
    trades,
    ways_round,
    with_rings,
    with_traffic,
)

from flowsim.draws.consignments import consignment_roster
from flowsim.draws.fleet import Fleet
from flowsim.draws.honest import honest_roster
from flowsim.draws.roster import Roster, drawn, joined
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
    Outcome,
)
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import AGENCIES, EFFORT_CLASSES, LaneGroup
from flowsim.world.detection import Effort
from flowsim.world.seals import SEAL_TYPES, Seals
from flowsim.world.traffic import VEHICLE_CLASSES, ClassShare
from flowsim.world.world import World

HORIZON = 12.0
"""Span of entry times [h]."""

LATTICE = 0.25
"""Step of the lattice on which many events coincide [h]."""

SHORTEST = 0.1
"""Shortest travel time between two checkpoints, and so the longest slab [h]."""

MANY = 400.0
"""Factor on the inflow, so that twelve hours see many consignments [1]."""

NAMED = ("waved", "referred", "sealed", "missed_by_a_train", "by_case", "bought_off")
"""Fates of which each is met by a twentieth of the vehicles or more, on average over the worlds."""


def random_world(rng: np.random.Generator) -> World:
    """World of up to five checkpoints with one or two lane groups, traffic both ways, and devices that fail.

    Rings, cases, tips, bribes, protection, hubs and populations are each there in part of the worlds.
    """
    posts = [_post(rng, i) for i in range(rng.integers(1, 6))]
    world = road_world(*posts, per_day=rng.uniform(0, 220), inflow=rng.uniform(500, 4000), places=4)
    (there,) = world.traffic.flows
    back = replace(there, name="b", path=there.path[::-1], per_day=rng.uniform(0, 150), vehicle_class="car")
    there = replace(there, vehicle_class=str(rng.choice(("truck", "tir", "tir"))))
    if rng.random() < 0.3:
        there = replace(there, path=("p0", "p1", "p2", "p1", "p0"))
    classes = (("truck", 0.3, 500.0), ("tir", 0.4, 500.0), ("car", 0.3, 60.0))
    shares = tuple(ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in classes)
    effort = Effort(**{name: rng.uniform(0.5, 1.0) for name in EFFORT_CLASSES})
    spread = {"targeting": rng.uniform(-0.5, 1.5), "year_log_sd": rng.uniform(0, 0.6)}
    if spread["targeting"] > 0.2:
        spread["cost_ratio"] = float(rng.choice((1.0, 0.7, 1.5)))
    travel = replace(world.network.travel, car_speed=float(rng.choice((1.0, 1.3))))
    world = replace(world, network=replace(world.network, travel=travel))
    world = with_traffic(
        replace(world, detection=replace(world.detection, effort=effort, seals=_seals(rng), **spread), **_ways(rng)),
        flows=(there, back),
        class_shares=shares,
        retained_share=rng.random(),
        city_weights=(("p1", 1.0), ("p3", 2.0)) if rng.random() < 0.5 else (),
        year_log_sd=rng.uniform(0, 0.6),
    )
    return _organised(rng, world)


def _post(rng: np.random.Generator, number: int) -> Any:
    """Checkpoint, mostly a crossing, with up to two devices."""
    devices = tuple(
        device(
            f"d{d}",
            intercept=rng.uniform(0.5, 4),
            specificity=rng.random(),
            availability=rng.uniform(0.3, 1.0),
            slope=rng.uniform(-1, 1),
            concealment=1.0,
        )
        for d in range(rng.choice((0, 1, 1, 2, 2)))
    )
    apart = (("car",), ("truck", "tir")) if rng.random() < 0.5 else (("car", "truck", "tir"),)
    return post(
        f"post{number}",
        place=f"p{rng.integers(0, 4)}",
        devices=devices,
        bays=int(rng.integers(1, 4)),
        groups=tuple(_group(rng, classes) for classes in apart),
        effort_class=str(rng.choice(EFFORT_CLASSES)),
        border="KG" if rng.random() < 0.7 else "",
        agency=str(rng.choice(AGENCIES)),
        bribe=0.8 if rng.random() < 0.4 else None,
    )


def _organised(rng: np.random.Generator, world: World) -> World:
    """World with a hub, with cases against rings, and with agencies that know or are bought, each in part of them."""
    if rng.random() < 0.5:
        shares = (("truck", 0.4), ("tir", 0.3), ("car", 0.3))
        fields = {"share": rng.uniform(0.3, 1.0), "store": rng.uniform(0.5, 6.0), "part": rng.uniform(8.0, 40.0)}
        world = replace(world, hubs=(hub(f"p{rng.integers(0, 3)}", classes=shares, **fields),))
        world = with_traffic(world, market=rng.random())
    cases = float(rng.choice((0.0, 200.0, 700.0)))
    often = {"tip": 0.5, "bribe": 0.9, "protected": 0.3}
    chances = {name: rng.random() if rng.random() < share else 0.0 for name, share in often.items()}
    world = with_rings(world, rings=int(rng.integers(1, 6)), cases=cases, dismantled=0.3 * rng.random(), **chances)
    return with_traffic(world, populations=trades(wholesale=rng.random())) if rng.random() < 0.3 else world


def _group(rng: np.random.Generator, classes: tuple[str, ...]) -> LaneGroup:
    """Lanes of which every second works in shifts, and every fourth has vehicles that leave on time."""
    count, hour = int(rng.integers(1, 4)), int(rng.integers(1, 12))
    return lanes(
        classes=classes,
        lanes=count,
        referral=rng.random(),
        wave_through=int(rng.integers(0, 4)),
        service_time=rng.uniform(0.02, 0.2),
        shifts=day_shifts(count, hour) if rng.random() < 0.5 else (),
        stop=float(rng.choice((np.inf, np.inf, np.inf, 0.75))),
        wagons=float(rng.choice((1.0, 1.0, 1.0, 0.5))),
    )


def _seals(rng: np.random.Generator) -> Seals:
    """Seals that may be opened and noticed."""
    chances = {name: rng.random() for name in ("opened", "notice_plain", "notice_electronic", "false_notice")}
    return Seals(
        green_lane=bool(rng.random() < 0.8),
        inspection=bool(rng.random() < 0.3),
        type=str(rng.choice(SEAL_TYPES)),
        **chances,
    )


def _ways(rng: np.random.Generator) -> dict[str, Any]:
    """Ways round and a campaign, each in part of the worlds."""
    campaign = Campaign(name="c", start="01-01", end="01-02", agencies=("Customs",), factor=rng.random(), **MADE_UP)
    return {
        "bypasses": ways_round(share=0.2, patrol=0.4) if rng.random() < 0.5 else (),
        "campaigns": (campaign,) if rng.random() < 0.3 else (),
    }


def rosters(world: World, *, seed: int) -> tuple[Roster, Roster]:
    """Honest vehicles, and consignments of a raised inflow."""
    busy = with_traffic(world, inflow=MANY * world.traffic.inflow)
    consignments = consignment_roster(busy, seed=seed, replications=[seed % 3], horizon=HORIZON)
    return honest_roster(world, seed=seed, year=seed % 3, start=0.0, end=HORIZON), consignments


def everyone(world: World, *, seed: int, lattice: bool) -> Fleet:
    """Honest vehicles and consignments together, on request with all times on a lattice."""
    return on_lattice(drawn(world, joined(*rosters(world, seed=seed))), lattice=lattice)


def on_lattice(fleet: Fleet, *, lattice: bool = True, step: float = LATTICE) -> Fleet:
    """Fleet with all times on a lattice, if that is asked for."""
    names = ("entry", "travel", "service", "search", "device_time", "tail", "store", "case_time")
    return replace(fleet, **{name: np.ceil(getattr(fleet, name) / step) * step for name in names if lattice})


def small_world(number: int, *, lattice: bool) -> tuple[World, Fleet]:
    """World of a number, and all who move in it."""
    world = random_world(np.random.default_rng([number, lattice]))
    return world, everyone(world, seed=number, lattice=lattice)


def exercised(world: World, fleet: Fleet, outcome: Outcome) -> Counter[str]:
    """How many met which rule; `visits` and `vehicles` are those that reached a checkpoint."""
    vehicle, reached = fleet.vehicle_of_visit, ~np.isnan(outcome.arrival)
    decision, stopped = outcome.decision, outcome.fate == SEIZED
    late = (decision == UNREACHED) & np.isnan(outcome.start)
    sealed = (fleet.vehicle_class == VEHICLE_CLASSES.index("tir"))[vehicle] & (decision == SEALED)
    visits = {
        "visits": reached,
        "queued": outcome.start > outcome.arrival,
        "passed": decision == NOT_SELECTED,
        "unreached": decision == UNREACHED,
        "bypassed": decision == BYPASSED,
        "closed": decision == CLOSED,
        "queued_for_a_bay": outcome.exam_start > outcome.start + fleet.service,
        "alarms": outcome.alarm == 1,
        "tipped": reached & fleet.tipped,
        "parts_on_the_road": reached & (fleet.parent >= 0)[vehicle],
        "beside_another_lane": outcome.lane > 0,
    }
    vehicles = {
        "vehicles": reached,
        "waved": decision == WAVED,
        "referred": decision == REFERRED,
        "sealed": sealed,
        "missed_by_a_train": late,
        "bought_off": bought_off(world, fleet, outcome),
    }
    counts = Counter(
        worlds=1,
        seized=int(stopped.sum()),
        by_case=int((stopped & (outcome.end >= fleet.case_time)).sum()),
        in_store=int((outcome.end <= outcome.end[fleet.parent] + fleet.store)[stopped & (fleet.parent >= 0)].sum()),
        split=int((outcome.fate == SPLIT).sum()),
        retained=int((outcome.fate == RETAINED).sum()),
        simultaneous_arrivals=int(reached.sum() - len(np.unique(outcome.arrival[reached]))),
    )
    counts.update({name: int(chosen.sum()) for name, chosen in visits.items()})
    counts.update({name: len(np.unique(vehicle[chosen])) for name, chosen in vehicles.items()})
    return counts


def bought_off(world: World, fleet: Fleet, outcome: Outcome) -> np.ndarray:
    """Visits of consignments whose alarm was followed up, and which a bribe alone let go."""
    vehicle = fleet.vehicle_of_visit
    seized_here = (outcome.fate == SEIZED)[vehicle] & (outcome.departure == outcome.end[vehicle])
    alarmed = (outcome.alarm == 1) & fleet.loaded[vehicle] & ~np.isnan(outcome.departure) & ~seized_here
    free = replace(fleet, bribe=np.ones(len(vehicle)))
    for k in np.flatnonzero(alarmed):
        alarmed[k] = slabs.found(world, free, vehicle[k], k, outcome.exam_end[k])
    return alarmed


def average(seen: Counter[str]) -> dict[str, float]:
    """Share of the vehicles that met each of the `NAMED` fates."""
    return {name: round(seen[name] / seen["vehicles"], 4) for name in NAMED}
