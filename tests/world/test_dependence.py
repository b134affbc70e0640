"""What may be used again when a world changes: declared field by field, true of each, and nothing where it is not."""

from __future__ import annotations

import pickle
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from functools import cache

import numpy as np
import pytest
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

from flowsim.draws import itineraries
from flowsim.draws.consignments import consignment_roster, moved
from flowsim.draws.itineraries import ways_of
from flowsim.draws.rings import draw_rings
from flowsim.draws.roster import PER_ROSTER
from flowsim.draws.visits import draw_availability
from flowsim.engine.compiled import replay
from flowsim.results.tally import Masses
from flowsim.simulation.engines import SIMULATING, Years
from flowsim.simulation.replay import repeated
from flowsim.simulation.simulate import SimulatedTraffic as Simulated
from flowsim.world import world as world_module
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.dependence import READS, Reader, key
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.seals import Seals
from flowsim.world.traffic import ClassShare, Drug, Law, Profile
from flowsim.world.world import Count, Identity, Stops, World

SEED, HORIZON, YEARS = 4, 1200.0, [0, 1]
SPAN = (0, 12.0, 30.0)
SEASON = Profile(name="late", cycle="seasonal", weights=(0.5,) * 6 + (1.5,) * 6)


def everything() -> World:
    """A small world that has an object of every class, and in which every mechanism is at work."""
    tools = (
        device("scanner", specificity=0.6, availability=0.7, slope=0.3, concealment=0.5),
        device("dog", intercept=-0.5, specificity=0.8, availability=0.9),
    )
    spread = Law(family="lognormal", cv=0.8)
    shifted = lanes(
        law=spread, lanes=2, shifts=day_shifts(2, 9), referral=0.4, wave_through=1, wagons=0.6, service_time=0.2
    )
    parts = (replace(shifted, classes=("car", "truck")), lanes(classes=("tir",), referral=0.5, wave_through=2))
    posts = (
        post("gate", place="p0", devices=tools, border="KG", type="crossing", effort_class="crossing", groups=parts),
        post("inner", place="p1", devices=tools[:1], referral=0.6, agency="KNB", bribe=0.3, lanes=2),
        post("last", place="p3", devices=tools[1:], referral=0.3, agency="Committee", stop=0.9, bays=2),
    )
    world = road_world(*posts, per_day=150.0, inflow=60000.0, places=4, leg_hours=1.0, classes=("truck",))
    (flow,), (stream,) = world.traffic.flows, world.traffic.streams
    sealed, back = (
        replace(flow, name=name, vehicle_class=kind, path=path, per_day=80.0)
        for name, kind, path in (("sealed", "tir", flow.path), ("back", "car", flow.path[::-1]))
    )
    rows = (("truck", 0.5, 300.0), ("tir", 0.3, 500.0), ("car", 0.2, 60.0))
    sizes = ConsignmentSizes(
        median=5.0, log_sd=1.0, tail_start=60.0, tail_share=0.02, tail_exponent=1.3, maximum=400.0, selection=0.1
    )
    opium = {"inflow": 9000.0, "inflow_low": 0.0, "inflow_high": 1e6, "sizes": sizes, "season": SEASON}
    world = with_traffic(
        world,
        flows=(flow, sealed, replace(back, timetable=True)),
        streams=(stream, replace(stream, drug="opium", **MADE_UP)),
        class_shares=tuple(
            ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in rows
        ),
        further=(Drug(name="opium", **opium, **MADE_UP),),
        retained_share=0.3,
        city_weights=(("p1", 1.0), ("p2", 2.0)),
        year_log_sd=0.3,
        market=0.2,
        populations=trades(drug="opium", rings=0.6),
    )
    world = with_rings(world, rings=40, cases=30.0, dismantled=0.5, tip=0.1, bribe=0.2, protected=0.2, released=0.1)
    seals = Seals(
        green_lane=True,
        inspection=True,
        type="plain",
        opened=0.5,
        notice_plain=0.3,
        notice_electronic=0.6,
        false_notice=0.2,
    )
    effort = replace(world.detection.effort, crossing=0.6, inside=0.7, south=0.8, almaty=0.5)
    detection = replace(world.detection, effort=effort, seals=seals, year_log_sd=0.3)
    count = {"classes": ("truck",), "direction": "both", "value": 1.0, "low": 0.0, "high": 2.0, "year": "2010"}
    return replace(
        world,
        detection=detection,
        bypasses=ways_round(share=0.2, patrol=0.3),
        campaigns=(Campaign(name="c", start="01-10", end="02-01", agencies=AGENCIES, factor=1.3, **MADE_UP),),
        hubs=(hub("p1", part=10.0),),
        counts=(Count(name="n", checkpoints=("gate",), source="made up", **count),),
        devices=tools,
        identity=Identity(choice="made"),
        warm_up=6.0,
    )


WORLD = everything()


def objects(owner) -> dict[str, object]:
    """First object of each class within an object."""
    found = {}
    if isinstance(owner, tuple):
        for own in owner:
            found |= objects(own) | found
    elif is_dataclass(owner):
        found[type(owner).__name__] = owner
        for own in fields(owner):
            found |= objects(getattr(owner, own.name)) | found
    return found


OBJECTS = objects(WORLD)


def with_first(owner, kind, change):
    """Object in which every object that equals the first of a class is changed."""
    if owner == OBJECTS[kind]:
        return change(owner)
    if isinstance(owner, tuple):
        return tuple(with_first(own, kind, change) for own in owner)
    if not is_dataclass(owner):
        return owner
    new = {own.name: with_first(getattr(owner, own.name), kind, change) for own in fields(owner) if own.init}
    same = all(getattr(owner, name) is value for name, value in new.items())
    return owner if same else replace(owner, **{n: v for n, v in new.items() if v is not getattr(owner, n)})


@cache
def wider(kind):
    """Class with a field more."""
    more = ("more", object, field(default=0.0))
    return make_dataclass("Wider", [more], bases=(kind,), frozen=True, kw_only=True, repr=False)


def widened(own, value):
    """Object whose class has a field more, with a value there."""
    given = {f.name: getattr(own, f.name) for f in fields(own) if f.init}
    return wider(type(own))(**given, more=value)


def test_every_field_of_every_class_of_a_world_is_declared():
    declared = {kind: set(reads) for kind, reads in READS.items()}
    assert declared == {kind: {own.name for own in fields(found)} for kind, found in OBJECTS.items()}


@pytest.mark.parametrize("kind", READS)
def test_where_a_class_has_a_new_field_nothing_is_used_again(kind):
    one, other = (with_first(WORLD, kind, lambda own, v=value: widened(own, v)) for value in (1.0, 2.0))
    for reader in Reader:
        assert key(one, reader) != key(other, reader), reader
        assert key(one, reader) == key(with_first(WORLD, kind, lambda own: widened(own, 1.0)), reader), reader
    span = {"replications": YEARS, "horizon": 200.0}
    roster = consignment_roster(one, seed=SEED, **span)
    assert moved(roster, one, ways_of(one), replace(one), **span) is not None
    assert moved(roster, one, ways_of(one), other, **span) is None
    assert ways_of(one) is ways_of(replace(one))
    assert ways_of(one) is not ways_of(other)
    assert replay.differs_after_alarms(one, replace(one))
    assert not replay.differs_after_alarms(one, other)
    traffic = Simulated()
    traffic.keep(one, ["simulated"])
    assert traffic.of(replace(one)) == ["simulated"]
    assert not traffic.of(other)
    again = remembering()
    for world in (one, other):
        again.masses(0, world, recorded())
    assert [among.lanes for among in again.known] == [key(one, Reader.QUEUES), key(other, Reader.QUEUES)]


@pytest.mark.parametrize("kind", [kind for kind in READS if kind in objects(WORLD.checkpoints)])
def test_where_a_checkpoint_has_a_new_field_no_path_is_followed_as_before(kind):
    one, other = (with_first(WORLD, kind, lambda own, v=value: widened(own, v)) for value in (1.0, 2.0))
    assert one.paths is replace(one, year=2011).paths
    assert one.paths is not other.paths


@pytest.mark.parametrize("value", [{}, [1.0], np.zeros(2), Plain := make_dataclass("Plain", ["x"])(1.0)])
def test_a_value_that_may_change_is_never_taken_for_the_same(value):
    one, other = (with_first(WORLD, "Seals", lambda own: widened(own, value)) for _ in range(2))
    assert key(one, Reader.HONEST) == key(one, Reader.HONEST)
    assert key(one, Reader.HONEST) != key(other, Reader.HONEST)


def test_a_field_of_a_known_class_is_read_whole_where_it_is_new():
    """What nobody but honest traffic reads of a law elsewhere may be read by anybody in a field that is new."""
    law = OBJECTS["Law"]
    laws = law, replace(law, family="lognormal", cv=0.4)
    one, other = (with_first(WORLD, "Effort", lambda own, new=new: widened(own, new)) for new in laws)
    assert key(law, Reader.CASES) == key(laws[1], Reader.CASES)
    assert key(one, Reader.CASES) != key(other, Reader.CASES)


def test_keys_stay_behind_when_a_world_is_sent_elsewhere():
    before = len(pickle.dumps(everything()))
    world = everything()
    for reader in Reader:
        key(world, reader)
    assert len(pickle.dumps(world)) < 1.2 * before
    for reader in Reader:
        assert key(pickle.loads(pickle.dumps(world)), reader) == key(world, reader)


NETWORK, TRAFFIC = WORLD.network, WORLD.traffic
ELSE = {
    "Stream.low": 0.5,
    "Checkpoint.groups": OBJECTS["Checkpoint"].groups[::-1],
    "ConsignmentSizes.maximum": 550.0,
    "LaneGroup.lanes": 3,
    "LaneGroup.stop": 0.9,
    "LaneGroup.shifts": day_shifts(2, 15),
    "LaneGroup.classes": ("truck", "car"),
    "Checkpoint.type": "internal",
    "Checkpoint.border": "CN",
    "Checkpoint.agency": "Border Guards",
    "Checkpoint.effort_class": "almaty",
    "Checkpoint.place": "p2",
    "Checkpoint.bribe": 0.7,
    "Checkpoint.start": "1999-01-01",
    "Checkpoint.end": "2020-01-01",
    "Device.law": replace(OBJECTS["Law"], family="exponential", cv=1.0),
    "Detection.cost_ratio": 1.4,
    "Seals.type": "electronic",
    "Hub.place": "p2",
    "Hub.classes": (("truck", 0.2), ("tir", 0.8)),
    "Bypass.way": "horse",
    "Bypass.border": "CN",
    "Campaign.start": "01-12",
    "Campaign.end": "01-20",
    "Count.direction": "in",
    "Count.classes": ("car",),
    "Flow.vehicle_class": "car",
    "Flow.path": ("p0", "p1", "p2"),
    "Flow.direction": "in",
    "Route.path": ("p0", "p1", "p2"),
    "Route.approach": ("p3",),
    "Profile.weights": (0.5,) * 12 + (1.5,) * 12,
    "Traffic.class_shares": TRAFFIC.class_shares[::-1],
    "Traffic.streams": TRAFFIC.streams[::-1],
    "Population.low": 0.1,
    "Traffic.populations": TRAFFIC.populations[::-1],
    "Traffic.city_weights": (("p1", 3.0), ("p2", 1.0)),
    "Traffic.further": tuple(replace(own, inflow=100.0) for own in TRAFFIC.further),
    "Network.places": NETWORK.places[::-1],
    "Network.legs": (*NETWORK.legs, replace(NETWORK.legs[0], start="p0", end="p2")),
    "Network.routes": (
        replace(NETWORK.routes[0], weight=0.4),
        replace(NETWORK.routes[0], name="s", path=("p0", "p1"), exit="y", weight=0.6),
    ),
    "Drug.season": None,
}
"""Other values where that of the rule would be refused, or none follows from it."""

BOUND = {
    *("Place.name", "Leg.start", "Leg.end", "Leg.mode", "Route.origin", "Route.mode", "Route.weight"),
    *("Stream.drug", "Stream.origin", "Stream.mode", "Stream.share", "Drug.name", "Profile.cycle", "Law.family"),
    *("Population.drug", "Population.mass_share"),
    *("ClassShare.mode", "ClassShare.vehicle_class", "ClassShare.share"),
    *("Checkpoint.mode", "LaneGroup.direction", "Shift.start", "Shift.end"),
}
"""Fields that cannot be changed alone; all of them decide what is sent or met."""


def other_value(kind, name):
    """Another value of a field of the first object of a class; nothing where the value holds objects of a class."""
    value = getattr(OBJECTS[kind], name)
    if f"{kind}.{name}" in ELSE:
        return ELSE[f"{kind}.{name}"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        opposite = 1.0 - value if abs(1.0 - 2.0 * value) > 0.3 else value / 3.0
        return opposite if 0.0 <= value < 1.0 else 1.5 * value
    if isinstance(value, str):
        return "reported" if name == "kind" else f"{value}x"
    return (value[:-1] if value else ("x",)) if isinstance(value, tuple) else None


def changed(kind, names):
    """The world in which some fields of the first object of a class have other values."""
    new = {name: other_value(kind, name) for name in names}
    return with_first(WORLD, kind, lambda found: replace(found, **new))


def fields_of(kind):
    """Names of the fields of a class that can be changed alone, but of those that hold what is changed itself."""
    names = [name for name in READS[kind] if not name.startswith("_") and f"{kind}.{name}" not in BOUND]
    return [name for name in names if f"{kind}.{name}" in ELSE or not is_dataclass(getattr(OBJECTS[kind], name))]


def unread(reader):
    """Worlds that differ in all fields of a class at once which a step does not read, by name of the class."""
    for kind in READS:
        names = [name for name in fields_of(kind) if key(changed(kind, [name]), reader) == key(WORLD, reader)]
        if names:
            yield f"{kind}: {' '.join(names)}", changed(kind, names)


def test_fields_that_are_not_changed_here_cannot_be():
    for bound in BOUND:
        kind, name = bound.split(".")
        with pytest.raises(ValueError, match="must"):
            changed(kind, [name])
    for kind in READS:
        for name in fields_of(kind):
            assert getattr(OBJECTS[kind], name) != other_value(kind, name)


def same(one, other) -> bool:
    """Whether two results are the same to the last bit, whatever they consist of."""
    if is_dataclass(one):
        one, other = ([getattr(own, f.name) for f in fields(own)] for own in (one, other))
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return one == other


def forget():
    """Let nothing be used again that is kept for all worlds."""
    itineraries._kept.cache_clear()
    world_module._kept.cache_clear()


def stops(world):
    """Stops along the paths of the world as it was."""
    known = Stops(world.checkpoints)
    paths = [(flow.path, flow.vehicle_class, flow.direction) for flow in TRAFFIC.flows]
    paths += [(route.path, "truck", "through") for route in NETWORK.routes]
    return [known.along(path, vehicle_class=kind, direction=way, mode="road") for path, kind, way in paths]


def ways(world):
    """All that consignments choose among, and every way of theirs."""
    known, found = itineraries.Itineraries(world), []
    for stream in world.traffic.population_streams:
        for options in (known.of_stream(stream), *(known.of_parts(stream, hub=own) for own in world.hubs)):
            own = [known.way(options, k).itinerary for k in range(len(options.arrays.way_end))]
            found.append((list(options.arrays), [(way.stops, [(g.label, g.time) for g in way.legs]) for way in own]))
    return found


def sent(world):
    """Consignments as they are drawn, but of rings that send nothing any more."""
    forget()
    roster = consignment_roster(world, seed=SEED, replications=YEARS, horizon=HORIZON)
    return [getattr(roster, name) for name in (*NOT_OF_CASES, "year_effort")]


NOT_OF_CASES = [name for name in PER_ROSTER if name not in ("protected", "case_time", "case_agency")]


def available(world):
    """Days on which devices work."""
    return draw_availability(world, seed=SEED, replications=YEARS, first_day=-1, days=20)


def cases(world):
    """Cases against rings."""
    return draw_rings(world, seed=SEED, replications=YEARS)


def honest(world):
    """What honest traffic met, and its queues on record."""
    forget()
    return SIMULATING["compiled"].traffic(Years(world=world, seed=SEED, horizon=HORIZON), SPAN)


STEPS = {
    Reader.STOPS: stops,
    Reader.WAYS: ways,
    Reader.SENT | Reader.CASES: sent,
    Reader.AVAILABLE: available,
    Reader.CASES: cases,
    Reader.HONEST: honest,
}


@pytest.mark.parametrize("reader", STEPS, ids=lambda reader: reader.name)
def test_what_a_step_does_not_read_changes_no_bit_of_it(reader):
    of = STEPS[reader]
    before, count = of(WORLD), 0
    for what, world in unread(reader):
        assert same(before, of(world)), what
        count += 1
    assert count > len(READS) / 2


@cache
def recorded():
    """Honest traffic of the world."""
    return [honest(WORLD)]


RESHAPED = ("World.checkpoints", "Checkpoint.groups", "LaneGroup.lanes", "LaneGroup.shifts", "Shift.lanes")
"""Fields with other values of which a world has queues that are recorded in other arrays."""


def remembering():
    """Years of consignments in the world and in others."""
    return repeated("compiled", [WORLD], seed=SEED, horizon=HORIZON, years=YEARS)


def alone(world, traffic):
    """The same years in one world by themselves."""
    forget()
    years = Years(world=world, seed=SEED, horizon=HORIZON)
    engine = SIMULATING["compiled"]
    return engine.alone(years, YEARS, engine.queues([span for _, span in traffic]))


MASSES = [own.name for own in fields(Masses)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", READS)
def test_consignments_that_are_used_again_are_those_of_each_world_by_itself(kind, monkeypatch):
    """Under another value of each field, whatever reads it: where each ended and when, and the sums."""
    ended, plainly = [], replay.endings
    monkeypatch.setattr(replay, "endings", lambda *given, **more: ended.append(plainly(*given, **more)) or ended[-1])
    again = remembering()
    again.masses(0, WORLD, recorded())
    for name in fields_of(kind):
        world = changed(kind, [name])
        traffic = [honest(world)] if f"{kind}.{name}" in RESHAPED else recorded()
        found, plain = again.masses(0, world, traffic), alone(world, traffic)
        for own in MASSES:
            assert same(getattr(found, own), getattr(plain, own)), f"{kind}.{name}: {own}"
        repeated("compiled", [replace(world)], seed=SEED, horizon=HORIZON, years=YEARS).masses(0, world, traffic)
        one, other = (
            [own.endings[column][own.endings["fate"] != replay.ABSENT] for column in ENDS] for own in ended[-2:]
        )
        assert same(one, other), f"{kind}.{name}"


ENDS = ("time", "post", "fate", "how")
