"""What decides whether a consignment is looked at: seals, trains, ways round, liability, hours; each at its limits."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from small_worlds import CONSTANT, MADE_UP, device, post, road_world, ways_round, with_seals, with_traffic

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import join
from flowsim.draws.honest import draw_honest
from flowsim.engine.outcome import BYPASSED, CLOSED, REFERRED, SEALED, SEIZED, UNREACHED, WAVED
from flowsim.engine.reference.background import record
from flowsim.results.dataset import consignments_dataset
from flowsim.results.honest_visits import tally_posts
from flowsim.results.tally import tally_consignments
from flowsim.world.campaigns import Campaign
from flowsim.world.seals import Seals
from flowsim.world.shifts import Shift

YEAR = 8760.0
SURE = device("sure", intercept=50.0, specificity=1.0)
SEALED_LANES = Seals(
    green_lane=True,
    inspection=False,
    type="plain",
    opened=0.5,
    notice_plain=0.2,
    notice_electronic=0.9,
    false_notice=0.1,
)


@pytest.fixture(scope="module")
def consignments(engine):
    """Consignments of some years, alone in a country with lanes enough, and what happens to them."""

    def run(world, *, seed=1, replications=(0,)):
        fleet = draw_consignments(world, seed=seed, replications=replications, horizon=YEAR)
        return fleet, engine.run(world, fleet).outcome

    return run


@pytest.fixture(scope="module")
def honest(engine):
    """Honest vehicles of a year, and what happens to them."""

    def run(world, *, end=YEAR, seed=1):
        fleet = draw_honest(world, seed=seed, year=0, start=0.0, end=end)
        return fleet, engine.run(world, fleet, until=end).outcome

    return run


def gate(**fields):
    """A crossing towards KG where every consignment that is examined is found."""
    given = {"devices": (SURE,), "lanes": 40, "bays": 40, "referral": 0.3, "border": "KG", "classes": ("truck", "tir")}
    return post("gate", place="p1", **(given | fields))


@pytest.mark.slow
@pytest.mark.parametrize("world_of", ["honest", "consignments"])
def test_neutral_settings_give_the_earlier_bits(consignments, honest, world_of):
    all_day = (Shift(start=0.0, end=8.0, lanes=2), Shift(start=8.0, end=24.0, lanes=2))
    plain = road_world(gate(lanes=2, bays=1), post("inside", place="p3", devices=(SURE,), referral=0.3), per_day=200.0)
    groups = tuple(replace(g, shifts=all_day, wagons=1.0) for g in plain.checkpoints[0].groups)
    neutral = replace(
        plain,
        checkpoints=(replace(plain.checkpoints[0], groups=groups), plain.checkpoints[1]),
        bypasses=ways_round(share=0.0, patrol=0.5),
        campaigns=(Campaign(name="c", start="05-20", end="10-20", agencies=("Customs",), factor=1.0, **MADE_UP),),
        detection=replace(plain.detection, cost_ratio=1.0, seals=replace(SEALED_LANES, green_lane=False)),
    )
    run = honest if world_of == "honest" else consignments
    assert run(plain)[1].equals(run(neutral)[1])


def test_a_search_that_costs_nothing_is_made_of_everybody(honest):
    world = road_world(gate())
    free = replace(world, detection=replace(world.detection, cost_ratio=1e-9))
    assert (honest(free, end=200.0)[1].decision[:100] == REFERRED).all()


def tir_world(**fields):
    """A road of TIR trucks through the gate."""
    return with_seals(road_world(gate(), classes=("tir",)), replace(SEALED_LANES, **fields))


def test_an_unopened_seal_that_is_never_doubted_passes(consignments):
    _, outcome = consignments(tir_world(opened=0.0, false_notice=0.0))
    assert (outcome.decision == SEALED).all()
    assert not (outcome.fate == SEIZED).any()


def test_a_check_that_always_notices_refers_every_opened_seal(consignments):
    fleet, outcome = consignments(tir_world(notice_plain=1.0, false_notice=0.0))
    opened = fleet.opened
    assert 0.4 < opened.mean() < 0.6
    assert (outcome.decision[opened] == REFERRED).all()
    assert (outcome.decision[~opened] == SEALED).all()


def test_an_electronic_seal_is_noticed_with_its_own_probability(consignments):
    """Exact binomial interval, error probability 1e-4."""
    fleet, outcome = consignments(tir_world(type="electronic", opened=1.0))
    low, high = binom.interval(1 - 1e-4, fleet.size, 0.9)
    assert low <= (outcome.decision == REFERRED).sum() <= high


def test_where_inspection_is_allowed_sealed_trucks_are_selected_like_others(consignments):
    world = tir_world(inspection=True, opened=0.0, false_notice=0.0)
    unsealed = with_seals(world, replace(world.detection.seals, green_lane=False))
    assert consignments(world)[1].equals(consignments(unsealed)[1])


def test_a_doubted_seal_is_referred_however_many_wait(honest):
    busy = road_world(gate(lanes=1, bays=9, wave_through=0, referral=1.0), classes=("tir",), per_day=280.0)
    world = with_seals(busy, replace(SEALED_LANES, false_notice=1.0))
    _, outcome = honest(world, end=300.0)
    assert (outcome.crowded == 1).any()
    assert not (outcome.decision == WAVED).any()


def rail(*, stop, lanes=3, mean=0.5, **fields):
    """Trains that stop for a time at one station."""
    group = {"service_time": mean, "law": CONSTANT, "stop": stop, "lanes": lanes} | fields
    return road_world(post("station", place="p0", **group), per_day=96.0, places=1)


@pytest.mark.parametrize("lanes", [1, 3])
def test_teams_that_must_begin_at_once_lose_trains_as_erlang_b_says(honest, lanes):
    """A stop of just the time of the work leaves no time to wait: a loss system (Erlang 1917), at 1e-4."""
    _, outcome = honest(rail(stop=0.5, lanes=lanes))
    load = 4.0 * 0.5
    terms = [load**k / math.factorial(k) for k in range(lanes + 1)]
    reached = ~np.isnan(outcome.arrival)
    missed = (outcome.decision[reached] == UNREACHED).astype(float)
    batches = missed[: len(missed) // 60 * 60].reshape(60, -1).mean(axis=1)
    error = batches.std(ddof=1) / np.sqrt(60)
    assert error < 0.03
    assert abs(batches.mean() - terms[-1] / sum(terms)) < 3.9 * error


def test_a_train_leaves_on_time_whatever_was_done(honest):
    _, outcome = honest(rail(stop=1.7), end=2000.0)
    gone = ~np.isnan(outcome.departure)
    assert np.array_equal(outcome.departure[gone], outcome.arrival[gone] + 1.7)
    begun = ~np.isnan(outcome.start)
    assert (outcome.start[begun] + 0.5 <= outcome.arrival[begun] + 1.7).all()


def test_a_train_that_never_leaves_is_looked_at_like_any_vehicle(honest):
    patient, never = honest(rail(stop=1e6), end=1000.0)[1], honest(rail(stop=math.inf), end=1000.0)[1]
    assert np.array_equal(patient.start, never.start, equal_nan=True)
    assert not (patient.decision == UNREACHED).any()


def test_a_consignment_in_a_wagon_that_is_not_examined_is_not_reached(consignments):
    """Exact binomial interval, error probability 1e-4."""
    world = road_world(gate(wagons=0.25, referral=1.0))
    fleet, outcome = consignments(world)
    low, high = binom.interval(1 - 1e-4, fleet.size, 0.25)
    assert low <= (outcome.fate == SEIZED).sum() <= high
    assert (outcome.decision[outcome.fate[fleet.vehicle_of_visit] != SEIZED] == UNREACHED).all()


def test_trains_of_a_timetable_enter_at_even_intervals(honest):
    world = rail(stop=1.0)
    flow = replace(world.traffic.flows[0], timetable=True, per_day=6.0)
    fleet, _ = honest(with_traffic(world, flows=(flow,)), end=240.0)
    assert np.diff(np.sort(fleet.entry)) == pytest.approx(4.0)
    assert fleet.size == 60


def test_all_consignments_take_a_way_round_of_share_one_and_patrols_stop_their_part(consignments):
    """Exact binomial interval, error probability 1e-4; what a patrol stops is the Border Guards'."""
    way = replace(ways_round(share=1.0, patrol=0.3)[0], maximum=1e6)
    world = replace(road_world(gate(referral=1.0)), bypasses=(way,))
    fleet, outcome = consignments(world)
    assert (outcome.decision == BYPASSED).all()
    low, high = binom.interval(1 - 1e-4, fleet.size, 0.3)
    assert low <= (outcome.fate == SEIZED).sum() <= high
    tally = tally_consignments(world, fleet, outcome, replications=1, horizon=YEAR)
    seized = consignments_dataset(world, tally, policy="baseline").seized_mass
    assert float(seized.sel(channel="patrol", agency="Border Guards").sum()) == pytest.approx(float(seized.sum()))


def test_only_small_consignments_are_carried_round_on_foot(consignments):
    world = replace(road_world(gate(referral=1.0)), bypasses=ways_round(share=0.5, patrol=0.0, maximum=5.0)[1:])
    fleet, outcome = consignments(world)
    round_it = outcome.decision == BYPASSED
    assert (fleet.mass[round_it] <= 5.0).all()
    assert round_it[fleet.mass <= 5.0].mean() == pytest.approx(0.5, abs=0.2)


def test_honest_vehicles_never_go_round(honest):
    world = replace(road_world(gate()), bypasses=ways_round(share=0.5, patrol=0.5))
    assert not (honest(world, end=300.0)[1].decision == BYPASSED).any()


def test_an_internal_post_that_is_never_open_is_passed(consignments):
    closed = post("inside", place="p1", devices=(SURE,), referral=1.0, shifts=(Shift(start=0, end=24, lanes=0),))
    _, outcome = consignments(road_world(closed))
    assert (outcome.decision == CLOSED).all()
    assert not (outcome.fate == SEIZED).any()


def test_a_crossing_that_is_never_open_is_refused():
    with pytest.raises(ValueError, match="open for some hours"):
        gate(shifts=(Shift(start=0, end=24, lanes=0),))


def test_at_a_crossing_that_closes_by_night_vehicles_wait_for_the_morning(honest):
    shifts = (Shift(start=0, end=7, lanes=0), Shift(start=7, end=24, lanes=3))
    _, outcome = honest(road_world(gate(lanes=3, shifts=shifts), per_day=60.0), end=500.0)
    hour = outcome.start[~np.isnan(outcome.start)] % 24
    assert len(hour) > 500
    assert (hour >= 7).all()
    assert (hour == 7).any()


def test_fewer_lanes_on_duty_are_a_smaller_checkpoint(honest):
    two_of_five = road_world(gate(lanes=5, shifts=(Shift(start=0, end=24, lanes=2),)), per_day=400.0)
    two = road_world(gate(lanes=2), per_day=400.0)
    assert honest(two_of_five, end=300.0)[1].equals(honest(two, end=300.0)[1])


@pytest.mark.parametrize(
    "shifts",
    [
        ((0, 8, 1),),
        ((0, 8, 1), (9, 24, 1)),
        ((0, 24, 4),),
    ],
    ids=["ends early", "gap", "too many lanes"],
)
def test_shifts_that_do_not_cover_the_day_are_refused(shifts):
    with pytest.raises(ValueError, match="shifts must"):
        gate(lanes=3, shifts=tuple(Shift(start=a, end=b, lanes=c) for a, b, c in shifts))


def test_a_campaign_changes_what_is_followed_up_between_its_dates_only(consignments):
    world = road_world(gate(referral=1.0))
    poppy = Campaign(name="poppy", start="05-20", end="10-20", agencies=("Customs",), factor=0.0, **MADE_UP)
    fleet, without = consignments(world)
    _, during = consignments(replace(world, campaigns=(poppy,)))
    examined = without.exam_end[fleet.first[:-1]]
    inside = (examined >= poppy.span[0]) & (examined < poppy.span[1])
    assert (without.fate == SEIZED).all()
    assert np.array_equal(during.fate == SEIZED, ~inside)
    assert inside.mean() == pytest.approx(153 / 365, abs=0.1)


def test_every_consignment_that_passes_has_one_reason_at_each_checkpoint(engine):
    world = replace(
        road_world(gate(), post("inside", place="p3", devices=(SURE,), referral=0.3)),
        bypasses=ways_round(share=0.2, patrol=0.5),
    )
    fleet = join(
        draw_honest(world, seed=1, year=0, start=0.0, end=100.0),
        draw_consignments(world, seed=1, replications=[0], horizon=100.0),
    )
    outcome = engine.run(world, fleet, until=YEAR).outcome
    tally = tally_consignments(world, fleet, outcome, replications=1, horizon=100.0)
    left = ~np.isnan(outcome.departure) & fleet.loaded[fleet.vehicle_of_visit]
    mass = fleet.mass[fleet.vehicle_of_visit]
    assert tally.missed.sum() + tally.seized.sum() == pytest.approx(mass[left].sum())


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("closed by night", {"shifts": (Shift(start=0, end=8, lanes=0), Shift(start=8, end=24, lanes=1))}),
        ("trains that leave", {"stop": 0.12}),
    ],
)
def test_who_left_unserved_stands_in_no_recorded_queue(honest, name, fields):
    world = road_world(post("inside", place="p0", **fields), per_day=200.0, places=1)
    fleet, outcome = honest(world, end=200.0)
    queue = record(world, fleet, outcome, start=0.0, end=200.0).groups[0, 0]
    served = np.flatnonzero(~np.isnan(outcome.start))
    assert len(served) > 500, name
    for k in served:
        assert queue.wait(outcome.arrival[k]) == pytest.approx(outcome.start[k] - outcome.arrival[k], abs=1e-12)
    assert max(queue.waiting(time) for time in np.arange(0.0, 200.0, 0.5)) < 40
    one_flow = np.zeros(fleet.size, dtype=np.int64)
    posts = tally_posts(world, fleet, outcome, flow=one_flow, start=0.0, end=200.0)
    assert posts.waiting.sum() <= sum(delay.sum() for delay in posts.delays)
