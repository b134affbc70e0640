"""Random small worlds and their fleets, by a plain seeded generator, which is faster than hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from small_worlds import (
    MADE_UP,
    day_shifts,
    device,
    hub,
    lanes,
    post,
    road_world,
    ways_round,
    with_rings,
    with_traffic,
)

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import Fleet, join
from flowsim.draws.honest import draw_honest
from flowsim.engine.queues import Queue, Queues, Span
from flowsim.inspection.campaigns import Campaign
from flowsim.inspection.checkpoint import AGENCIES, EFFORT_CLASSES, LaneGroup
from flowsim.inspection.detection import Effort
from flowsim.inspection.seals import SEAL_TYPES, Seals
from flowsim.traffic import ClassShare
from flowsim.units import HOURS_PER_YEAR
from flowsim.world import World

HORIZON = 12.0
"""Span of entry times [h]."""

LATTICE = 0.25
"""Step of the lattice on which many events coincide [h]."""

SHORTEST = 0.1
"""Shortest travel time between two checkpoints, and so the longest slab [h]."""

MANY = 400.0
"""Factor on the inflow, so that twelve hours see many loads [1]."""


def random_world(rng: np.random.Generator) -> World:
    """World of up to five checkpoints with one or two lane groups, traffic both ways, and devices that fail.

    Every second one has rings, cases, tips, bribes and protection, and every second of all a hub.
    """
    posts = []
    for i in range(rng.integers(1, 6)):
        devices = tuple(
            device(
                f"d{d}", specificity=rng.random(), availability=rng.random(), slope=rng.uniform(-1, 1), concealment=1.0
            )
            for d in range(rng.integers(0, 3))
        )
        apart = (("car",), ("truck", "tir")) if rng.random() < 0.5 else (("car", "truck", "tir"),)
        groups = tuple(_group(rng, classes) for classes in apart)
        where = {"place": f"p{rng.integers(0, 4)}", "effort_class": str(rng.choice(EFFORT_CLASSES))}
        where["border"] = "KG" if rng.random() < 0.5 else ""
        where["agency"] = str(rng.choice(AGENCIES))
        where["bribe"] = 0.5 if rng.random() < 0.2 else None
        posts.append(post(f"post{i}", devices=devices, bays=int(rng.integers(1, 3)), groups=groups, **where))
    world = road_world(*posts, per_day=rng.uniform(0, 350), inflow=rng.uniform(0, 3000), places=4)
    (there,) = world.traffic.flows
    back = replace(there, name="b", path=there.path[::-1], per_day=rng.uniform(0, 200), vehicle_class="car")
    there = replace(there, vehicle_class=str(rng.choice(("truck", "tir"))))
    classes = (("truck", 0.4, 500.0), ("tir", 0.3, 500.0), ("car", 0.3, 60.0))
    shares = tuple(ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in classes)
    effort = Effort(**{name: rng.uniform(0.2, 1.0) for name in EFFORT_CLASSES})
    spread = {"targeting": rng.uniform(-0.5, 1.5), "year_log_sd": rng.uniform(0, 0.6)}
    if spread["targeting"] > 0.2:
        spread["cost_ratio"] = float(rng.choice((1.0, 0.7, 1.5)))
    world = with_traffic(
        replace(world, detection=replace(world.detection, effort=effort, seals=_seals(rng), **spread), **_ways(rng)),
        flows=(there, back),
        class_shares=shares,
        retained_share=rng.random(),
        city_weights=(("p1", 1.0), ("p3", 2.0)) if rng.random() < 0.5 else (),
        year_log_sd=rng.uniform(0, 0.6),
    )
    return _organised(rng, world)


def _organised(rng: np.random.Generator, world: World) -> World:
    """World with a hub, with cases against rings, and with agencies that know or are bought, each half of the time."""
    if rng.random() < 0.5:
        shares = (("truck", 0.4), ("tir", 0.3), ("car", 0.3))
        fields = {"share": rng.uniform(0.3, 1.0), "store": rng.uniform(0.5, 6.0), "part": rng.uniform(8.0, 40.0)}
        world = replace(world, hubs=(hub(f"p{rng.integers(0, 3)}", classes=shares, **fields),))
        world = with_traffic(world, market=rng.random())
    cases = float(rng.choice((0.0, 300.0, 1500.0)))
    chances = {name: rng.random() if rng.random() < 0.5 else 0.0 for name in ("tip", "bribe", "protected")}
    return with_rings(world, rings=int(rng.integers(1, 6)), cases=cases, dismantled=0.3 * rng.random(), **chances)


def _group(rng: np.random.Generator, classes: tuple[str, ...]) -> LaneGroup:
    """Lanes of which every second works in shifts, and every third has vehicles that leave on time."""
    count, hour = int(rng.integers(1, 4)), int(rng.integers(1, 12))
    return lanes(
        classes=classes,
        lanes=count,
        referral=rng.random(),
        wave_through=int(rng.integers(0, 4)),
        service_time=rng.uniform(0.02, 0.2),
        shifts=day_shifts(count, hour) if rng.random() < 0.5 else (),
        stop=float(rng.choice((np.inf, np.inf, 0.75))),
        wagons=float(rng.choice((1.0, 1.0, 0.5))),
    )


def _seals(rng: np.random.Generator) -> Seals:
    """Seals that may be opened and noticed."""
    chances = {name: rng.random() for name in ("opened", "notice_plain", "notice_electronic", "false_notice")}
    return Seals(
        green_lane=bool(rng.random() < 0.6),
        inspection=bool(rng.random() < 0.5),
        type=str(rng.choice(SEAL_TYPES)),
        **chances,
    )


def _ways(rng: np.random.Generator) -> dict[str, Any]:
    """Ways round and a campaign, each in part of the worlds."""
    campaign = Campaign(name="c", start="01-01", end="01-02", agencies=("Customs",), factor=rng.random(), **MADE_UP)
    return {
        "bypasses": ways_round(share=0.3, patrol=0.4) if rng.random() < 0.5 else (),
        "campaigns": (campaign,) if rng.random() < 0.3 else (),
    }


def everyone(world: World, *, seed: int, lattice: bool) -> Fleet:
    """Honest vehicles and consignments together, on request with all times on a lattice."""
    busy = with_traffic(world, inflow=MANY * world.traffic.inflow)
    loads = draw_consignments(busy, seed=seed, replications=[0], horizon=HORIZON)
    fleet = join(draw_honest(world, seed=seed, year=0, start=0.0, end=HORIZON), loads)
    if not lattice:
        return fleet
    names = ("entry", "travel", "service", "search", "device_time", "tail", "store", "case_time")
    return replace(fleet, **{name: np.ceil(getattr(fleet, name) / LATTICE) * LATTICE for name in names})


def nobody(world: World) -> Queues:
    """Queues in which nobody stands."""
    empty, posts = Queue([], [], []), range(len(world.checkpoints))
    groups = {(c, g): empty for c in posts for g in range(len(world.checkpoints[c].groups))}
    return Queues((Span(0.0, HOURS_PER_YEAR, groups, dict.fromkeys(posts, empty)),))
