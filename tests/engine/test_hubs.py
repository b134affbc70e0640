"""Hubs: consignments in store, the parts in which they leave, and the ledger between the two."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from small_worlds import device, hub, lanes, post, road_world, with_rings, with_traffic

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import PER_VISIT, join
from flowsim.draws.honest import draw_honest
from flowsim.engine.outcome import PASSED, RETAINED, SEIZED, SPLIT, UNDER_WAY
from flowsim.results.dataset import consignments_dataset
from flowsim.results.tally import tally_consignments
from flowsim.simulation.simulate import Plan, simulate
from flowsim.world.traffic import VEHICLE_CLASSES

YEAR = 8760.0
FAIR = device("fair", intercept=0.0, specificity=1.0)


def wide(name, place, **fields):
    """A checkpoint with lanes enough, where every vehicle is examined and every other consignment is found."""
    return post(name, place=place, lanes=60, bays=60, **({"devices": (FAIR,), "referral": 1.0} | fields))


def country(*hubs, **fields):
    """A road with checkpoints at p0, p2 and p4."""
    return replace(road_world(*(wide(f"a{i}", f"p{i}") for i in (0, 2, 4)), **fields), hubs=hubs)


@pytest.fixture(scope="module")
def consignments(engine):
    """Consignments of some years and what happens to them."""

    def run(world, *, replications=(0,), seed=1, until=np.inf):
        fleet = draw_consignments(world, seed=seed, replications=replications, horizon=YEAR)
        return fleet, engine.run(world, fleet, until=until).outcome

    return run


def test_a_hub_that_stores_nothing_gives_the_earlier_bits(consignments):
    plain, idle = country(inflow=3000.0), country(hub(share=0.0), inflow=3000.0)
    assert consignments(plain)[1].equals(consignments(idle)[1])
    assert np.array_equal(consignments(plain)[0].ident, 64 * np.arange(1, consignments(idle)[0].size + 1))


def test_consignments_are_stored_with_the_probability_of_the_hub(consignments):
    """Exact binomial interval, error probability 1e-4."""
    fleet = consignments(country(hub("p2", share=0.3), inflow=4000.0))[0]
    roots = fleet.parent < 0
    low, high = binom.interval(1 - 1e-4, int(roots.sum()), 0.3)
    assert low <= fleet.split.sum() <= high


def test_only_the_first_hub_on_the_path_stores_and_none_at_its_end(consignments):
    fleet = consignments(country(hub("p2", share=0.5), hub("p3", share=1.0), hub("p5", share=1.0)))[0]
    assert set(fleet.finish[fleet.split].tolist()) == {2}
    assert set(fleet.finish[~fleet.split].tolist()) == {5}


def test_the_parts_of_a_consignment_are_equal_few_and_have_its_mass(consignments):
    fleet = consignments(country(hub("p2", share=1.0, part=15.0), inflow=5000.0))[0]
    parts = fleet.parent >= 0
    parents = np.flatnonzero(fleet.split)
    count = np.bincount(fleet.parent[parts], minlength=fleet.size)[parents]
    assert np.array_equal(count, np.maximum(1, np.ceil(fleet.mass[parents] / 15.0)))
    assert count.max() > 5
    masses = np.bincount(fleet.parent[parts], weights=fleet.mass[parts], minlength=fleet.size)[parents]
    assert masses == pytest.approx(fleet.mass[parents], rel=1e-12)
    assert np.array_equal(fleet.ident[parts], fleet.ident[fleet.parent[parts]] + fleet.part[parts])
    assert len(np.unique(fleet.ident)) == fleet.size
    assert np.isnan(fleet.entry[parts]).all()


def test_a_hub_that_splits_into_one_finds_as_much_as_none(consignments):
    """Half of the consignments pass each of three checkpoints, stored or not: exact interval at 1e-4."""
    one_part = hub("p2", share=1.0, part=500.0, concealment=0.0)
    fleet, outcome = consignments(country(one_part, inflow=4000.0))
    roots = int((fleet.parent < 0).sum())
    assert (fleet.part <= 1).all()
    assert fleet.size == 2 * roots
    low, high = binom.interval(1 - 1e-4, roots, 0.125)
    assert low <= (outcome.fate == PASSED).sum() <= high
    assert (outcome.fate == PASSED).sum() + (outcome.fate == SEIZED).sum() == roots


def test_a_part_sets_out_after_its_time_in_store_and_meets_the_checkpoints_beyond_the_hub(consignments):
    world = country(hub("p2", share=1.0, store=100.0, store_minimum=0.7), inflow=3000.0)
    fleet, outcome = consignments(world)
    parts = np.flatnonzero((fleet.parent >= 0) & (outcome.fate != UNDER_WAY))
    assert len(parts) > 20
    assert (fleet.store[parts] > 70.0).all()
    release = outcome.end[fleet.parent[parts]] + fleet.store[parts]
    visits = fleet.first[parts]
    assert np.array_equal(outcome.arrival[visits], release + fleet.travel[visits])
    assert set(fleet.checkpoint[visits].tolist()) == {2}
    assert np.array_equal(fleet.first[parts + 1], visits + 1)
    assert fleet.store[parts].mean() == pytest.approx(100.0, rel=0.05)


def test_parts_of_a_consignment_that_did_not_come_to_the_hub_never_set_out(consignments):
    fleet, outcome = consignments(country(hub("p2", share=1.0), inflow=3000.0))
    parts = np.flatnonzero(fleet.parent >= 0)
    never = parts[outcome.fate[fleet.parent[parts]] == SEIZED]
    assert len(never) > 20
    assert (outcome.fate[never] == UNDER_WAY).all()
    assert np.isnan(outcome.arrival[fleet.first[never]]).all()


def test_cities_retain_the_same_share_with_a_hub_as_without(consignments):
    """One consignment, one part: each city's share is that of the world at a normal error probability of 1e-4."""
    cities = {"retained_share": 0.6, "city_weights": (("p1", 1.0), ("p3", 2.0), ("p4", 1.0))}
    world = with_traffic(road_world(inflow=8000.0), **cities)
    for place in ("p1", "p2", "p3"):
        fleet, outcome = consignments(replace(world, hubs=(hub(place, share=0.8, part=500.0),)))
        roots = (fleet.parent < 0).sum()
        for finish, weight in ((1, 0.25), (3, 0.5), (4, 0.25)):
            share = ((outcome.fate == RETAINED) & (fleet.finish == finish)).sum() / roots
            expected = 0.6 * weight
            assert abs(share - expected) < 3.9 * np.sqrt(expected * (1 - expected) / roots), (place, finish)


def test_a_part_leaves_on_any_route_through_the_hub_in_proportion_to_its_weight(consignments):
    """Exact binomial interval, error probability 1e-4."""
    world = road_world(inflow=5000.0)
    (route,) = world.network.routes
    short = replace(route, name="s", path=("p0", "p1"), weight=0.5, exit="y")
    other = replace(route, name="t", path=("p3", "p2", "p1", "p0"), weight=0.125, exit="z")
    network = replace(world.network, routes=(replace(route, weight=0.375), short, other))
    fleet, outcome = consignments(replace(world, network=network, hubs=(hub("p2", share=1.0),)))
    parts = fleet.parent >= 0
    assert set(fleet.route[fleet.split].tolist()) == {0, 2}
    assert set(fleet.route[parts].tolist()) == {0, 2}
    low, high = binom.interval(1 - 1e-4, int(parts.sum()), 0.25)
    assert low <= (fleet.route[parts] == 2).sum() <= high
    assert set(fleet.finish[parts & (fleet.route == 2)].tolist()) == {0}
    assert (outcome.fate[parts] == PASSED).all()


def test_a_part_in_a_tir_truck_has_had_its_seal_opened(consignments):
    fleet = consignments(country(hub(share=1.0)))[0]
    parts = fleet.parent >= 0
    tir = fleet.vehicle_class == VEHICLE_CLASSES.index("tir")
    assert 0.2 < tir[parts].mean() < 0.8
    assert np.array_equal(fleet.opened[parts], tir[parts])
    assert not fleet.opened[~parts].any()


def test_repacking_adds_to_concealment_drawn_afresh(consignments):
    """Mean and correlation at an error probability of 1e-4."""
    fleet = consignments(country(hub("p2", share=1.0, part=500.0, concealment=0.75), inflow=8000.0))[0]
    parts = np.flatnonzero(fleet.parent >= 0)
    assert abs(fleet.concealment[parts].mean() - 0.75) < 3.9 / np.sqrt(len(parts))
    both = np.corrcoef(fleet.concealment[parts], fleet.concealment[fleet.parent[parts]])
    assert abs(both[0, 1]) < 3.9 / np.sqrt(len(parts))


def test_another_checkpoint_changes_no_draw_of_any_part(consignments):
    few = country(hub("p2", share=1.0))
    more = replace(few, checkpoints=(*few.checkpoints, wide("new", "p3")))
    one, other = consignments(few)[0], consignments(more)[0]
    for name in ("mass", "store", "concealment", "route", "vehicle_class", "part", "ident", "finish"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    old = other.checkpoint != 3
    for name in set(PER_VISIT) - {"travel"}:
        assert np.array_equal(getattr(one, name), getattr(other, name)[old]), name


def test_the_ledger_closes_with_mass_in_store(consignments):
    world = with_traffic(
        country(hub(store=700.0), inflow=3000.0), retained_share=0.3, city_weights=(("p3", 1.0),), market=0.1
    )
    for until in (1000.0, 5000.0, YEAR):
        fleet, outcome = consignments(world, until=until)
        tally = tally_consignments(world, fleet, outcome, replications=1, horizon=until)
        entered = fleet.mass[fleet.entry < until].sum()
        parts = np.flatnonzero(fleet.parent >= 0)
        arrived = outcome.fate[fleet.parent[parts]] == SPLIT
        inside = arrived & (outcome.end[fleet.parent[parts]] + fleet.store[parts] >= until)
        assert tally.entered.sum() == pytest.approx(entered, rel=1e-12)
        assert tally.stored.sum() == pytest.approx(fleet.mass[parts[inside]].sum(), rel=1e-12)
        assert tally.stored.sum() > 10.0
        data = consignments_dataset(world, tally, policy="b")
        assert float(data.stored_mass.sum()) == tally.stored.sum()


def test_what_a_case_finds_of_a_ring_in_store_at_one_place_is_one_seizure(consignments):
    world = with_rings(replace(road_world(inflow=5000.0), hubs=(hub(share=1.0, store=300.0, part=8.0),)), cases=6.0)
    fleet, outcome = consignments(world)
    tally = tally_consignments(world, fleet, outcome, replications=1, horizon=YEAR)
    parts = (fleet.parent >= 0) & (outcome.fate == SEIZED)
    stored = parts & (outcome.end == fleet.case_time)
    times = np.unique(outcome.end[stored])
    assert stored.sum() > 20 * len(times) > 0
    table = tally.seizures
    at_hub = np.isin(table["time"], times)
    assert at_hub.sum() == len(times)
    assert table["mass"][at_hub].sum() == pytest.approx(fleet.mass[stored].sum())
    assert set(table["checkpoint"][at_hub].tolist()) == {0}
    assert consignments_dataset(world, tally, policy="b").checkpoint.values.tolist() == ["at-p1", "at-p5"]
    assert tally.count.sum() == len(times) + ((outcome.fate == SEIZED) & ~stored).sum()


def test_joining_fleets_keeps_parts_with_their_consignments():
    world = country(hub(share=1.0), inflow=50_000.0)
    honest = draw_honest(world, seed=1, year=0, start=0.0, end=100.0)
    some = draw_consignments(world, seed=1, replications=[0], horizon=100.0)
    both = join(honest, some)
    parts = np.flatnonzero(both.parent >= 0)
    assert np.array_equal(both.parent[parts] - honest.size, some.parent[some.parent >= 0])
    assert both.loaded[both.parent[parts]].all()
    assert (both.ident[: honest.size] == 64 * np.arange(1, honest.size + 1)).all()


@pytest.mark.parametrize("traffic_years", [0.02, 2.0])
def test_both_plans_of_a_run_know_parts_and_cases(traffic_years):
    world = with_rings(country(hub(store=100.0), inflow=3000.0, per_day=20.0), rings=3, cases=4.0)
    plan = Plan(replications=2, traffic_years=traffic_years, horizon=1500.0)
    data = simulate(world, plan=plan)
    out = data.seized_mass.sum(["channel", "agency"]) + data.leaked_mass.sum("exit") + data.retained_mass
    out = out + data.stored_mass + data.underway_mass
    assert out.values == pytest.approx(data.entered_mass.values)
    assert float(data.stored_mass.sum()) > 0
    assert not data.vehicles.sel(checkpoint=["at-p1", "at-p5"]).any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"part": 7.0}, r"Hub 'p1': part must split the largest consignment \(500 kg\) into at most 63 parts, got 7.0"),
        ({"place": "nowhere"}, "hubs: place must be one of"),
        ({"classes": (("train", 1.0),)}, "Hub 'p1': classes must be one of car, truck, tir"),
        ({"classes": (("truck", 0.5),)}, "class shares of hub 'p1' must be shares"),
        ({"share": 1.5}, r"Hub 'p1': share must lie in \[0, 1\], got 1.5"),
        ({"store": 0.0}, "Hub 'p1': store must be a finite number above 0"),
        ({"store_minimum": 2.0}, "Hub 'p1': store_minimum must lie"),
    ],
)
def test_a_hub_that_cannot_work_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        country(hub(**fields))


def test_a_hub_whose_vehicles_find_no_lanes_beyond_it_is_refused():
    gate = post("gate", place="p3", groups=(lanes(classes=("truck",)),))
    with pytest.raises(ValueError, match="'gate' must have lanes for class tir"):
        replace(road_world(gate), hubs=(hub(),))
