"""Rings, cases and tips: each at its limits, and what they do to the spread of a year's total."""

from dataclasses import fields, replace

import numpy as np
import pytest
from engines import ENGINES, SLOWER
from scipy.stats import f as f_law
from small_worlds import SIZES, device, hub, post, road_world, ways_round, with_rings, with_seals, with_traffic

from flowsim.draws import quantiles
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import Fleet
from flowsim.draws.rings import draw_rings
from flowsim.engine.outcome import BYPASSED, REFERRED, SEIZED, UNDER_WAY
from flowsim.results.dataset import consignments_dataset, seizures_dataset
from flowsim.results.registry import CHANNELS
from flowsim.results.tally import tally_consignments
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.seals import NO_SEALS

YEAR = 8760.0
SURE = device("sure", intercept=50.0, specificity=1.0)


def wide(name, place, **fields):
    """A checkpoint with lanes enough, where nobody waits."""
    return post(name, place=place, lanes=60, bays=60, **({"devices": (SURE,), "referral": 0.1} | fields))


def country(**fields):
    """A road with a checkpoint of the Customs at p1 and one of the KNB at p3."""
    return road_world(wide("first", "p1"), wide("second", "p3", agency="KNB"), leg_hours=20.0, **fields)


@pytest.fixture(scope="module", params=SLOWER)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def consignments(engine):
    """Consignments of some years and what happens to them."""

    def run(world, *, replications=(0,), seed=1, until=np.inf):
        fleet = draw_consignments(world, seed=seed, replications=replications, horizon=YEAR)
        return fleet, engine.run(world, fleet, until=until).outcome

    return run


@pytest.fixture(scope="module")
def tallied(consignments):
    """Tally of some years of consignments."""

    def add_up(world, *, replications=1, until=np.inf):
        fleet, outcome = consignments(world, replications=range(replications), until=until)
        return tally_consignments(world, fleet, outcome, replications=replications, horizon=min(until, YEAR))

    return add_up


def same_draws(one, other):
    """Whether two fleets are the same to the last bit."""
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(Fleet))
    return all(np.array_equal(mine, theirs, equal_nan=np.asarray(mine).dtype.kind == "f") for mine, theirs in pairs)


def test_rings_without_cases_tips_and_protection_give_the_earlier_bits(consignments):
    plain = country()
    fleet, outcome = consignments(plain)
    quiet = with_rings(plain, rings=50, dismantled=1.0, bribe=0.0)
    assert same_draws(fleet, consignments(quiet)[0])
    assert outcome.equals(consignments(quiet)[1])
    assert (fleet.ring == -1).all()
    assert np.isinf(fleet.case_time).all()


def test_protection_of_no_ring_and_cases_of_another_time_move_no_other_draw(consignments):
    plain, busy = country(), with_rings(country(), rings=9, cases=20.0, tip=0.2, bribe=0.2, protected=0.3)
    one, other = consignments(plain)[0], consignments(busy)[0]
    own = {"ring", "case_time", "case_agency", "protected", "tipped", "bribe"}
    for field in fields(Fleet):
        assert field.name in own or np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_a_case_against_the_only_ring_takes_every_consignment_of_the_country_under_way(consignments):
    world = country(inflow=5000.0)
    with_cases = with_rings(world, cases=8.0)
    (fleet, free), (_, outcome) = consignments(world), consignments(with_cases)
    case = draw_consignments(with_cases, seed=1, replications=[0], horizon=YEAR).case_time
    hit = free.end >= case
    assert 5 < hit.sum() < fleet.size / 2
    assert (outcome.fate[hit] == SEIZED).all()
    assert (outcome.end[hit] >= case[hit]).all()
    assert (outcome.end[hit] <= free.end[hit]).all()
    assert np.array_equal(outcome.end[~hit], free.end[~hit])
    assert np.array_equal(outcome.fate[~hit], free.fate[~hit])


def test_a_consignment_on_the_way_is_taken_at_the_end_of_its_leg_or_service(engine):
    """A case at every second between the first entry and the end is met at the next event of the consignment."""
    world = with_rings(country(), cases=1.0)
    fleet = draw_consignments(world, seed=1, replications=[0], horizon=YEAR)
    free = engine.run(world, replace(fleet, case_time=np.full(fleet.size, np.inf))).outcome
    some = np.flatnonzero((free.decision[fleet.first[:-1]] == REFERRED) & (free.alarm[fleet.first[:-1]] == 1))[:5]
    assert len(some) > 2
    for vehicle in some.tolist():
        k = fleet.first[vehicle]
        events = [free.arrival[k], free.start[k] + fleet.service[k], free.exam_end[k]]
        for before, event in zip([fleet.entry[vehicle], *events[:-1]], events, strict=True):
            time = np.full(fleet.size, np.inf)
            time[vehicle] = (before + event) / 2
            outcome = engine.run(world, replace(fleet, case_time=time)).outcome
            assert outcome.fate[vehicle] == SEIZED
            assert outcome.end[vehicle] == event


def test_no_cases_are_drawn_at_a_rate_of_zero(consignments):
    world = with_rings(country(), rings=5, protected=0.5)
    rings = draw_rings(world, seed=1, replications=[0, 1])
    assert len(rings.time) == 0
    fleet = consignments(world)[0]
    assert set(fleet.ring.tolist()) == set(range(5))
    assert np.isinf(fleet.case_time).all()


def test_a_higher_rate_keeps_the_cases_that_there_were_and_adds_others():
    def cases(rate):
        rings = draw_rings(with_rings(country(), rings=30, cases=rate), seed=4, replications=[0, 3])
        return set(zip(rings.agency.tolist(), rings.group.tolist(), rings.time.tolist(), strict=True))

    few, many = cases(10.0), cases(25.0)
    assert len(few) > 15
    assert few < many
    assert {agency for agency, *_ in few} == {AGENCIES.index("KNB"), AGENCIES.index("Committee")}


def test_replications_do_not_depend_on_which_others_are_drawn(consignments):
    world = with_rings(country(), rings=9, cases=20.0, protected=0.4)
    alone, among = consignments(world, replications=[5])[0], consignments(world, replications=[2, 5])[0]
    for name in ("ring", "case_time", "case_agency", "protected"):
        assert np.array_equal(getattr(alone, name), getattr(among, name)[among.replication == 1]), name


def test_the_case_of_a_consignment_is_the_first_against_its_ring_after_its_entry(consignments):
    world = with_rings(country(), rings=6, cases=12.0)
    rings = draw_rings(world, seed=1, replications=[0])
    fleet = consignments(world)[0]
    for ring, entry, time, agency in zip(fleet.ring, fleet.entry, fleet.case_time, fleet.case_agency, strict=True):
        later = np.flatnonzero((rings.group == ring) & (rings.time > entry))
        assert time == (rings.time[later].min() if len(later) else np.inf)
        assert agency == (rings.agency[later[np.argmin(rings.time[later])]] if len(later) else -1)


def test_a_ring_that_was_dismantled_sends_nothing_more_that_year(consignments):
    world = with_rings(country(), rings=6, cases=6.0)
    rings = draw_rings(world, seed=1, replications=[0])
    end = np.array([rings.time[rings.group == ring].min(initial=np.inf) for ring in range(6)])
    going_on, stopped = (
        consignments(with_rings(country(), rings=6, cases=6.0, dismantled=share))[0] for share in (0.0, 1.0)
    )
    kept = going_on.entry < end[going_on.ring]
    assert 0.1 < kept.mean() < 0.9
    for name in ("entry", "ring", "mass", "case_time"):
        assert np.array_equal(getattr(going_on, name)[kept], getattr(stopped, name)), name


def test_sizes_of_rings_are_pareto(consignments):
    """Kolmogorov-Smirnov test, error probability 1e-4; the consignments of a ring are in proportion to its size."""
    u = (np.arange(2**16) + 0.5) / 2**16
    sizes = quantiles.pareto(1.2)(u)
    assert sizes == pytest.approx((1 - u) ** (-1 / 1.2), rel=1e-3)
    world = with_rings(country(inflow=20_000.0), rings=4, cases=1.0)
    size = draw_rings(world, seed=1, replications=[0]).sizes[0]
    count = np.bincount(consignments(world)[0].ring, minlength=4)
    expected = size / size.sum() * count.sum()
    assert ((count - expected) ** 2 / expected).sum() < 21.1


def test_a_tip_means_referral_whatever_else_would_decide_and_is_always_followed_up(consignments):
    """At the first checkpoint of each agency: no referral, a seal, no wagon examined, a queue, no effort."""
    posts = [wide(f"a{i}", f"p{i}", referral=0.0, wagons=0.0, border="KG", wave_through=0) for i in (1, 2)]
    world = road_world(*posts, wide("k", "p3", agency="KNB", referral=0.0), classes=("tir",))
    seals = replace(NO_SEALS, green_lane=True, inspection=False)
    effort = replace(world.detection.effort, crossing=0.0, inside=0.0)
    world = with_seals(replace(world, detection=replace(world.detection, effort=effort)), seals)
    weak = replace(world.checkpoints[0], devices=())
    world = with_rings(replace(world, checkpoints=(weak, *world.checkpoints[1:])), tip=1.0)
    fleet, outcome = consignments(world)
    decision = outcome.decision.reshape(-1, 3)
    assert (decision[:, 0] == REFERRED).all()
    assert not (decision[:, 1] == REFERRED).any()
    assert (decision[:, 2] == REFERRED).all()
    assert (outcome.fate == SEIZED).all()
    tally = tally_consignments(world, fleet, outcome, replications=1, horizon=YEAR)
    assert tally.channels[0, 0, CHANNELS.index("tip"), AGENCIES.index("KNB")] == pytest.approx(fleet.mass.sum())


def test_tips_come_with_their_probability(consignments):
    """Normal approximation of the binomial law, error probability 1e-4."""
    fleet, outcome = consignments(with_rings(country(inflow=5000.0), tip=0.3))
    tipped = fleet.tipped.reshape(-1, 2)
    for share in tipped.mean(axis=0):
        assert abs(share - 0.3) < 3.9 * np.sqrt(0.21 / fleet.size)
    reached = ~np.isnan(outcome.start)
    assert (outcome.decision[fleet.tipped & reached] == REFERRED).all()


def test_a_tip_is_spent_on_a_consignment_that_goes_round_its_checkpoint(consignments):
    way = replace(ways_round(share=1.0, patrol=0.0)[0], maximum=1e6)
    world = road_world(wide("gate", "p1", border="KG"), wide("inside", "p3", referral=0.0))
    fleet, outcome = consignments(with_rings(replace(world, bypasses=(way,)), tip=1.0))
    assert (outcome.decision.reshape(-1, 2)[:, 0] == BYPASSED).all()
    assert not (outcome.fate == SEIZED).any()
    assert fleet.tipped.sum() == fleet.size


def test_seizures_by_channel_agency_and_place_have_one_total(tallied):
    world = with_rings(replace(country(inflow=4000.0), hubs=(hub(),)), rings=3, cases=20.0, tip=0.3)
    world = with_traffic(world, retained_share=0.2, city_weights=(("p2", 1.0),), market=0.25)
    tally = tallied(world, replications=2)
    data = consignments_dataset(world, tally, policy="b")
    both = data.seized_mass.sum(["channel", "agency"]).values, data.seized_mass_by_checkpoint.sum("checkpoint").values
    assert both[0] == pytest.approx(both[1], rel=1e-12)
    by_channel = data.seized_mass.sum(["policy", "replication", "drug", "agency"])
    assert (by_channel.sel(channel=["routine", "tip", "case", "market"]) > 0).all()
    assert float(data.seized_mass.sel(channel="market").drop_sel(agency="Committee").sum()) == 0
    seizures = seizures_dataset(world, tally, policy="b")
    one_by_one = float(data.seized_mass.drop_sel(channel="market").sum())
    assert float(seizures.seizure_mass.sum()) == pytest.approx(one_by_one, rel=1e-12)
    assert seizures.sizes["seizure"] == float(data.seizure_count.sum())
    at_places = data.seized_mass_by_checkpoint.sel(checkpoint=["at-p1", "at-p2", "at-p5"])
    assert (at_places.sum(["policy", "replication", "drug"]) > 0).all()
    assert set(at_places.kind.values) == {"place"}


def test_arrests_in_retail_trade_take_their_share_of_what_is_retained(tallied):
    cities = {"retained_share": 0.5, "city_weights": (("p2", 1.0), ("p4", 3.0))}
    none, some = (tallied(with_traffic(country(), market=market, **cities)) for market in (0.0, 0.25))
    assert some.retained == pytest.approx(0.75 * none.retained)
    assert some.seized[..., :2] == pytest.approx(none.seized)
    assert some.seized[..., 2:].sum() == pytest.approx(0.25 * none.retained.sum())
    assert np.array_equal(some.count[..., :2], none.count)
    assert not some.count[..., 2:].any()


def test_places_are_no_checkpoints_in_a_world_without_cases_hubs_and_market(tallied):
    world = with_rings(country(), rings=5, tip=0.5, bribe=0.5, protected=0.5)
    data = consignments_dataset(world, tallied(world), policy="b")
    assert data.checkpoint.values.tolist() == ["first", "second"]


def test_rings_make_the_total_of_a_year_at_least_twice_as_variable_as_independent_consignments(tallied):
    """Three rings against 3000 of one size with as many cases each: consignments share their luck, or all but none do.

    The ratio of variances is at least two at an error probability of 1e-4 (F law), the means agree at 1e-4.
    """
    years, alike = 120, replace(SIZES, log_sd=0.3, tail_share=0.0)
    world = with_traffic(road_world(inflow=1000.0, places=4), sizes=alike)
    world = replace(world, hubs=(hub(share=1.0, store=500.0, part=500.0),))
    totals = []
    for rings, exponent in ((3, 1.2), (3000, 100.0)):
        some = with_rings(world, rings=rings, cases=float(rings))
        intelligence = replace(some.detection.intelligence, size_exponent=exponent)
        some = replace(some, detection=replace(some.detection, intelligence=intelligence))
        tally = tallied(some, replications=years)
        totals.append(tally.channels[:, 0, CHANNELS.index("case")].sum(-1))
    variances = [np.var(total, ddof=1) for total in totals]
    assert variances[0] / variances[1] > 2 * f_law.ppf(1 - 1e-4, years - 1, years - 1)
    error = np.sqrt(sum(variances) / years)
    assert abs(totals[0].mean() - totals[1].mean()) < 3.9 * error


def test_a_run_cut_while_consignments_are_in_store_has_the_same_bits(consignments, engine):
    world = with_rings(replace(country(), hubs=(hub(store=300.0),)), rings=2, cases=10.0)
    fleet, whole = consignments(world, until=YEAR)
    state = None
    for time in [*np.arange(500.0, YEAR, 500.0), YEAR]:
        state = engine.run(world, fleet, state=state, until=time)
    assert state.outcome.equals(whole)
    assert (whole.fate == UNDER_WAY).any()
