"""Small worlds for the tests: a straight road of checkpoints, built in code, and random ones for hypothesis."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st

from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import AGENCIES, Checkpoint, LaneGroup, agency_key
from flowsim.world.corruption import NO_CORRUPTION
from flowsim.world.detection import Detection, Effort
from flowsim.world.devices import Device
from flowsim.world.hubs import Hub
from flowsim.world.intelligence import NO_INTELLIGENCE
from flowsim.world.network import Leg, Network, Place, Route, Travel
from flowsim.world.populations import ConsignmentSizes, Population
from flowsim.world.seals import SEAL_TYPES, Seals
from flowsim.world.shifts import Shift
from flowsim.world.traffic import ClassShare, Flow, Law, Profile, Stream, Traffic
from flowsim.world.world import World

MADE_UP = {"kind": "assumed", "source": "made up for a test"}
EXPONENTIAL = Law(family="exponential", cv=1.0)
CONSTANT = Law(family="constant", cv=0.0)
FLAT = {
    cycle: Profile(name=f"flat-{cycle}", cycle=cycle, weights=(1.0,) * slots)
    for cycle, slots in (("daily", 24), ("weekly", 7), ("seasonal", 12))
}
SIZES = ConsignmentSizes(
    median=3.0, log_sd=1.2, tail_start=55.0, tail_share=0.01, tail_exponent=1.1, maximum=500.0, selection=0.2
)


LARGE = ConsignmentSizes(
    median=60.0, log_sd=0.6, tail_start=200.0, tail_share=0.1, tail_exponent=1.5, maximum=400.0, selection=0.0
)


def trades(drug: str = "heroin", *, wholesale: float = 0.7, **fields: object) -> tuple[Population, ...]:
    """Small trade, of which a third belongs to rings, and wholesale, well hidden and often tipped, by its fields."""
    small = {"name": "small", "sizes": SIZES, "rings": 0.3, "mass_share": 1.0 - wholesale}
    large = {"name": "wholesale", "sizes": LARGE, "concealment": 0.8, "tips": 1.5, "mass_share": wholesale} | fields
    return tuple(Population(**{"drug": drug, "low": 0.0, "high": 1.0} | own, **MADE_UP) for own in (small, large))


def device(name: str = "scanner", **fields: object) -> Device:
    """A device that raises an alarm on about 73 % of consignments, whatever their mass."""
    given = {"intercept": 1.0, "slope": 0.0, "concealment": 0.0, "specificity": 0.9, "service_time": 0.1}
    given |= {"label": name, "law": CONSTANT, "availability": 1.0} | MADE_UP | fields
    return Device(name=name, **given)


def lanes(**fields: object) -> LaneGroup:
    """One lane for all road vehicles in both directions, exponential with a mean of 0.08 h."""
    given = {"direction": "both", "classes": ("car", "truck", "tir"), "lanes": 1, "service_time": 0.08}
    given |= {"law": EXPONENTIAL, "referral": 0.0, "wave_through": 1000} | MADE_UP | fields
    return LaneGroup(**given)


def post(name: str, *, place: str, devices: tuple[Device, ...] = (), bays: int = 1, **fields: object) -> Checkpoint:
    """An internal checkpoint; fields that it does not know go to its one lane group."""
    known = ("agency", "effort_class", "type", "border", "groups", "bribe")
    own = {key: fields.pop(key) for key in known if key in fields}
    given = {"label": name, "type": "internal", "border": "", "mode": "road", "agency": "Customs"}
    given |= {"effort_class": "inside", "groups": (lanes(**fields),), "start": "", "end": ""} | MADE_UP | own
    return Checkpoint(name=name, place=place, devices=devices, bays=bays, **given)


def road_world(
    *posts: Checkpoint,
    per_day: float = 240.0,
    inflow: float = 1000.0,
    places: int = 6,
    leg_hours: float = 2.0,
    classes: tuple[str, ...] = ("truck",),
    **fields: object,
) -> World:
    """A road of places p0, p1, ... with honest trucks and consignments from the first to the last."""
    path = tuple(f"p{i}" for i in range(places))
    where = {"country": "Kazakhstan", "oblast": "Akmola", "uncertainty": 1.0} | MADE_UP
    network = Network(
        places=tuple(Place(name=p, label=p, latitude=45.0, longitude=60.0 + i, **where) for i, p in enumerate(path)),
        legs=tuple(
            Leg(
                start=a,
                end=b,
                mode="road",
                distance=50.0 * leg_hours,
                distance_low=1.0,
                distance_high=1000.0,
                speed=50.0,
                **MADE_UP,
            )
            for a, b in pairwise(path)
        ),
        routes=(
            Route(
                name="r",
                label="r",
                origin="o",
                mode="road",
                approach=(),
                path=path,
                exit="x",
                weight=1.0,
                evidence=(),
                **MADE_UP,
            ),
        ),
        travel=Travel(minimum=0.5, cv=0.5, car_speed=1.0, within_place=0.1),
    )
    flow = Flow(
        name="f",
        vehicle_class=classes[0],
        path=path,
        direction="through",
        per_day=per_day,
        low=0.0,
        high=1e5,
        **FLAT,
        **MADE_UP,
    )
    traffic = Traffic(
        flows=(flow,),
        streams=(Stream(drug="heroin", origin="o", mode="road", share=1.0, low=1.0, high=1.0, **MADE_UP),),
        class_shares=(ClassShare(mode="road", vehicle_class=classes[0], share=1.0, capacity=500.0, **MADE_UP),),
        sizes=SIZES,
        inflow=inflow,
        inflow_low=inflow,
        inflow_high=inflow,
        retained_share=0.0,
        city_weights=(),
        year_log_sd=0.0,
    )
    detection = Detection(
        targeting=0.5,
        sensitivity=1.0,
        effort=Effort(crossing=1.0, inside=1.0, south=1.0, almaty=1.0),
        year_log_sd=0.0,
        handling_time=0.25,
        search_time=0.5,
        search_cv=0.5,
        compensation=1.0,
        search_cost=1.0,
    )
    given = {"traffic": traffic, "detection": detection, "warm_up": 0.0} | fields
    return World(name="small", title="A small world", year=2010, network=network, checkpoints=posts, **given)


def with_traffic(world: World, **fields: object) -> World:
    """World with other fields of its traffic."""
    return replace(world, traffic=replace(world.traffic, **fields))


@st.composite
def worlds(draw: st.DrawFn, rings: bool = True) -> World:
    """Random small worlds in which every mechanism may be at work; rings, hubs and populations on request not."""
    chance = st.floats(0.0, 1.0)
    posts = []
    for i in range(draw(st.integers(1, 4))):
        devices = tuple(
            device(
                f"d{d}",
                specificity=draw(chance),
                availability=draw(chance),
                slope=draw(st.floats(-1, 1)),
                concealment=1.0,
            )
            for d in range(draw(st.integers(0, 2)))
        )
        place = f"p{draw(st.integers(0, 3))}"
        given = {"referral": draw(chance), "wave_through": draw(st.integers(0, 3)), "lanes": draw(st.integers(1, 3))}
        given["shifts"] = draw(st.sampled_from([(), (), day_shifts(given["lanes"], draw(st.integers(1, 23)))]))
        given["stop"] = draw(st.sampled_from([math.inf, math.inf, 0.75, 2.5]))
        given["wagons"] = draw(st.sampled_from([1.0, 1.0, 0.5]))
        own = {"bays": draw(st.integers(1, 2)), "border": draw(st.sampled_from(["", "KG"]))}
        if rings:
            own |= {"agency": draw(st.sampled_from(AGENCIES)), "bribe": draw(st.sampled_from([None, None, 0.5]))}
        posts.append(post(f"post{i}", place=place, devices=devices, **own, **given))
    classes = draw(st.sampled_from([("truck",), ("tir",)]))
    world = road_world(
        *posts, per_day=draw(st.floats(0, 900)), inflow=draw(st.floats(0, 3000)), places=4, classes=classes
    )
    cities = (("p1", 1.0), ("p3", 2.0)) if draw(st.booleans()) else ()
    world = with_traffic(world, retained_share=draw(chance), city_weights=cities, year_log_sd=draw(st.floats(0, 0.6)))
    seals = Seals(
        green_lane=draw(st.booleans()),
        inspection=draw(st.booleans()),
        type=draw(st.sampled_from(SEAL_TYPES)),
        opened=draw(chance),
        notice_plain=draw(chance),
        notice_electronic=draw(chance),
        false_notice=draw(chance),
    )
    bypasses = draw(st.sampled_from([(), ways_round(share=0.3, patrol=0.4)]))
    campaign = Campaign(name="c", start="01-01", end="01-02", agencies=("Customs",), factor=draw(chance), **MADE_UP)
    ratio = draw(st.sampled_from([1.0, 1.0, 0.5, 2.0]))
    detection = replace(world.detection, cost_ratio=ratio, seals=seals)
    if rings:
        detection = with_rings(
            replace(world, detection=detection),
            rings=draw(st.integers(1, 5)),
            cases=draw(st.sampled_from([0.0, 0.0, 600.0, 3000.0])),
            dismantled=draw(st.sampled_from([0.0, 0.0, 0.5])),
            tip=draw(st.sampled_from([0.0, 0.3])),
            protected=draw(st.sampled_from([0.0, 0.4])),
            bribe=draw(st.sampled_from([0.0, 0.4])),
        ).detection
        market, hubs = draw(st.sampled_from([0.0, 0.2])), draw(st.sampled_from([(), (hub(),)]))
        populations = draw(st.sampled_from([(), (), trades(wholesale=0.5)]))
        world = with_traffic(replace(world, hubs=hubs), market=market, populations=populations)
    return replace(world, bypasses=bypasses, detection=detection, campaigns=draw(st.sampled_from([(), (campaign,)])))


def with_seals(world: World, seals: Seals) -> World:
    """World with other seals."""
    return replace(world, detection=replace(world.detection, seals=seals))


def with_rings(world: World, *, rings: int = 1, cases: float = 0.0, dismantled: float = 0.0, **chances: float) -> World:
    """World with rings and cases of both agencies, and the same `tip`, `bribe` and `protected` for all agencies."""
    keys = [agency_key(agency) for agency in AGENCIES]
    tips = {f"tip_{key}": chances.get("tip", 0.0) for key in keys}
    bought = {f"{name}_{key}": chances.get(name, 0.0) for name in ("bribe", "protected") for key in keys}
    rates = {"cases_knb": cases, "cases_committee": cases / 2}
    intelligence = replace(NO_INTELLIGENCE, rings=rings, dismantled=dismantled, **rates, **tips)
    corruption = replace(NO_CORRUPTION, released=chances.get("released", 0.0), **bought)
    return replace(world, detection=replace(world.detection, intelligence=intelligence, corruption=corruption))


def hub(place: str = "p1", **fields: object) -> Hub:
    """A hub that stores every other consignment for hours, to leave in parts of 20 kg in trucks and TIR trucks."""
    given = {"share": 0.5, "store": 6.0, "store_minimum": 0.5, "part": 20.0, "concealment": 0.5}
    given |= {"classes": (("truck", 0.5), ("tir", 0.5))} | MADE_UP | fields
    return Hub(place=place, **given)


def day_shifts(lanes: int, hour: int) -> tuple[Shift, ...]:
    """One lane fewer, down to none, before an hour of the day."""
    return (Shift(start=0.0, end=hour, lanes=lanes - 1), Shift(start=hour, end=24.0, lanes=lanes))


def ways_round(*, share: float, patrol: float, maximum: float = 8.0) -> tuple[Bypass, ...]:
    """A way by vehicle for any consignment and one on foot for small ones, round the border with KG."""
    given = {"border": "KG", "share": share, "patrol": patrol, "detour": 3.0} | MADE_UP
    return (Bypass(way="vehicle", maximum=1e4, **given), Bypass(way="foot", maximum=maximum, **given))
