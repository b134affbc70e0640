"""The reference work: what every engine of the benchmark is given, as plain numbers and as a world of flowsim."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise

from flowsim.draws.consignments import consignments_per_year
from flowsim.units import HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.detection import Detection, Effort
from flowsim.world.devices import Device
from flowsim.world.network import Leg, Network, Place, Route, Travel
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.shifts import Shift
from flowsim.world.traffic import ClassShare, Flow, Law, Profile, Stream, Traffic
from flowsim.world.world import World

VEHICLES = 1_000_000
"""Vehicles in a year, honest and loaded [1/year]."""

LOADED = 0.01
"""Share of vehicles that carry a consignment [1]."""

STATIONS, ENTRIES, ROUTES = 39, 12, 20

TRAVEL_CERTAIN, TRAVEL_CV = 0.5, 0.5
"""Certain share of a mean travel time, and coefficient of variation of the lognormal rest [1]."""

SERVICE_CV = 0.7
"""Coefficient of variation of the lognormal times of first looks, examinations and searches [1]."""

HANDLING, EXAMINATION, SEARCH = 0.05, 0.25, 0.5
"""Fixed time in the bay, mean time of the device, mean time of the search after an alarm [h]."""

SENSITIVITY, FALSE_ALARM = 0.7310585786300049, 0.05
"""Probability of an alarm on a loaded vehicle (logit 1) and on an honest one [1]."""

WAVE_THROUGH = 10
"""No vehicle is referred that finds more than this many waiting [1]."""

MADE_UP = {"kind": "assumed", "source": "made up for the benchmark"}

CLOSED_EVERY = 13
"""Of so many stations one closes at night where shifts are on [1]."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One station of the reference work."""

    lanes: int
    """Servers of the first look [1]."""

    service_time: float
    """Mean time of a first look [h]."""

    referral: float
    """Share of vehicles referred [1]."""

    bays: int
    """Servers of the examination [1]."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One route of the reference work."""

    entry: int
    """Number of the entry."""

    posts: tuple[int, ...]
    """Numbers of the stations in order."""

    hours: tuple[float, ...]
    """Mean travel time to each station from the one before, or from the entry [h]."""

    per_hour: float
    """Vehicles, honest and loaded [1/h]."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Stations and routes of the reference work."""

    posts: tuple[Post, ...]
    """Stations."""

    ways: tuple[Way, ...]
    """Routes."""

    @property
    def per_hour(self) -> float:
        """Vehicles on all routes [1/h]."""
        return sum(way.per_hour for way in self.ways)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an engine is asked to do: so many vehicles of the reference work, by one seed."""

    work: Work
    """Reference work as plain numbers, for the peers."""

    world: World
    """The same as a world, for flowsim."""

    vehicles: int
    """Vehicles that enter on average [1]."""

    seed: int
    """Seed of the random numbers."""

    @property
    def horizon(self) -> float:
        """Span in which they enter [h]."""
        return self.vehicles / self.work.per_hour


def reference_work(seed: int = 1) -> Work:
    """Draw the reference work: 39 stations with 1-6 lanes, 12 entries and 20 routes of 4-7 stations.

    Parameters
    ----------
    seed
        Seed of the layout.
    """
    rng = random.Random(seed)
    used = [0.0] * STATIONS
    hours: dict[tuple[str, str], float] = {}
    shares = [rng.uniform(0.7, 1.3) for _ in range(ROUTES)]
    ways = []
    for number, share in enumerate(shares):
        entry = number % ENTRIES
        order = sorted(range(STATIONS), key=lambda post: (used[post], rng.random()))
        posts = rng.sample(order[:10], rng.randint(4, 7))
        per_hour = VEHICLES / HOURS_PER_YEAR * share / sum(shares)
        names = [f"entry{entry}", *(f"post{post}" for post in posts)]
        for start, end in pairwise(names):
            hours.setdefault((min(start, end), max(start, end)), rng.uniform(1.0, 8.0))
        times = tuple(hours[min(a, b), max(a, b)] for a, b in pairwise(names))
        ways.append(Way(entry=entry, posts=tuple(posts), hours=times, per_hour=per_hour))
        for post in posts:
            used[post] += per_hour
    return Work(posts=tuple(_post(rng, per_hour=rate) for rate in used), ways=tuple(ways))


def _post(rng: random.Random, *, per_hour: float) -> Post:
    """Station with a utilisation of 0.6-0.9 at its lanes, whose first look takes 2-18 minutes."""
    load = rng.uniform(0.6, 0.9)
    fits = [lanes for lanes in range(1, 7) if 2 / 60 <= load * lanes / per_hour <= 18 / 60]
    lanes = rng.choice(fits)
    referral = rng.uniform(0.01, 0.25)
    in_bay = per_hour * referral * (HANDLING + EXAMINATION + FALSE_ALARM * SEARCH)
    return Post(lanes=lanes, service_time=load * lanes / per_hour, referral=referral, bays=int(in_bay / 0.8) + 1)


def as_world(work: Work) -> World:
    """World of flowsim that is the reference work."""
    detection = Detection(
        targeting=0.0,
        sensitivity=1.0,
        effort=Effort(crossing=1.0, inside=1.0, south=1.0, almaty=1.0),
        year_log_sd=0.0,
        handling_time=HANDLING,
        search_time=SEARCH,
        search_cv=SERVICE_CV,
        compensation=0.0,
        search_cost=0.0,
    )
    posts = tuple(_checkpoint(number, post) for number, post in enumerate(work.posts))
    world = World(
        name="reference_work",
        title="The reference work of the benchmark",
        year=2010,
        network=_network(work),
        traffic=_traffic(work),
        checkpoints=posts,
        detection=detection,
        warm_up=0.0,
    )
    consignments = sum(consignments_per_year(world, stream) for stream in world.traffic.population_streams)
    inflow = world.traffic.inflow * LOADED * VEHICLES / consignments
    return replace(world, traffic=replace(world.traffic, inflow=inflow))


def with_shifts(world: World, *, all_on_duty: bool = False) -> World:
    """World of the reference work with three shifts a day.

    Parameters
    ----------
    world
        World of the reference work.
    all_on_duty
        Whether all lanes are on duty in every shift, so that nothing changes. Otherwise one lane less, all, and one
        more are where there are several, so that as many are on average, and some stations close at night.
    """
    posts = []
    for number, post in enumerate(world.checkpoints):
        (group,) = post.groups
        several = 0 if all_on_duty else int(group.lanes > 1)
        night = 0 if number % CLOSED_EVERY == 0 and not all_on_duty else group.lanes - several
        on_duty = (night, group.lanes, group.lanes + several)
        shifts = tuple(Shift(start=8.0 * k, end=8.0 * (k + 1), lanes=lanes) for k, lanes in enumerate(on_duty))
        posts.append(replace(post, groups=(replace(group, lanes=group.lanes + several, shifts=shifts),)))
    return replace(world, checkpoints=tuple(posts))


def _path(way: Way) -> tuple[str, ...]:
    return (f"entry{way.entry}", *(f"post{post}" for post in way.posts))


def _network(work: Work) -> Network:
    names = [*(f"entry{k}" for k in range(ENTRIES)), *(f"post{k}" for k in range(STATIONS))]
    where = {"country": "Kazakhstan", "oblast": "Akmola", "uncertainty": 0.0, "latitude": 48.0} | MADE_UP
    hours = {}
    for way in work.ways:
        for start, end, time in zip(_path(way), _path(way)[1:], way.hours, strict=False):
            hours[min(start, end), max(start, end)] = time
    span = {"mode": "road", "distance_low": 0.1, "distance_high": 1000.0, "speed": 50.0} | MADE_UP
    own = [sum(w.per_hour for w in work.ways if w.entry == way.entry) for way in work.ways]
    return Network(
        places=tuple(Place(name=name, label=name, longitude=50.0 + k / 2, **where) for k, name in enumerate(names)),
        legs=tuple(Leg(start=a, end=b, distance=50.0 * time, **span) for (a, b), time in hours.items()),
        routes=tuple(
            Route(
                name=f"route{k}",
                label=f"route {k}",
                origin=f"origin{way.entry}",
                mode="road",
                approach=(),
                path=_path(way),
                exit=f"exit{k}",
                weight=way.per_hour / own[k],
                evidence=(),
                **MADE_UP,
            )
            for k, way in enumerate(work.ways)
        ),
        travel=Travel(minimum=TRAVEL_CERTAIN, cv=TRAVEL_CV, car_speed=1.0, within_place=0.1),
    )


def _traffic(work: Work) -> Traffic:
    flat = {
        cycle: Profile(name=f"flat-{cycle}", cycle=cycle, weights=(1.0,) * slots)
        for cycle, slots in (("daily", 24), ("weekly", 7), ("seasonal", 12))
    }
    flows = []
    for k, way in enumerate(work.ways):
        volume = (1 - LOADED) * way.per_hour * HOURS_PER_DAY
        kind = {"vehicle_class": "truck", "direction": "through", "low": 0.0, "high": 6000.0} | flat | MADE_UP
        flows.append(Flow(name=f"flow{k}", path=_path(way), per_day=volume, **kind))
    shares = [sum(w.per_hour for w in work.ways if w.entry == k) / work.per_hour for k in range(ENTRIES)]
    interval = {"drug": "heroin", "mode": "road", "low": 0.0, "high": 1.0} | MADE_UP
    sizes = ConsignmentSizes(
        median=3.0, log_sd=1.2, tail_start=55.0, tail_share=0.01, tail_exponent=1.1, maximum=500.0, selection=0.2
    )
    return Traffic(
        flows=tuple(flows),
        streams=tuple(Stream(origin=f"origin{k}", share=share, **interval) for k, share in enumerate(shares)),
        class_shares=(ClassShare(mode="road", vehicle_class="truck", share=1.0, capacity=500.0, **MADE_UP),),
        sizes=sizes,
        inflow=1.0,
        inflow_low=1.0,
        inflow_high=1e9,
        retained_share=0.0,
        city_weights=(),
        year_log_sd=0.0,
    )


def _checkpoint(number: int, post: Post) -> Checkpoint:
    law = Law(family="lognormal", cv=SERVICE_CV)
    group = LaneGroup(
        direction="both",
        classes=("car", "truck", "tir"),
        lanes=post.lanes,
        service_time=post.service_time,
        law=law,
        referral=post.referral,
        wave_through=WAVE_THROUGH,
        **MADE_UP,
    )
    device = Device(
        name="device",
        label="device",
        intercept=1.0,
        slope=0.0,
        concealment=0.0,
        specificity=1 - FALSE_ALARM,
        service_time=EXAMINATION,
        law=law,
        availability=1.0,
        **MADE_UP,
    )
    given = {"type": "internal", "border": "", "mode": "road", "agency": "Customs", "effort_class": "inside"}
    given |= {"start": "", "end": "", "groups": (group,), "bays": post.bays, "devices": (device,)} | MADE_UP
    return Checkpoint(name=f"post{number}", label=f"post {number}", place=f"post{number}", **given)
