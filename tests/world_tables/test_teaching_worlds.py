"""The teaching worlds: each shows one mechanism alone, against what can be worked out by hand.

Shares are held to exact binomial intervals with an error probability of 1e-4 each; seeds are fixed.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from amounts import rest_slow
from scipy.special import expit
from scipy.stats import binom, norm, poisson

import flowsim as fs
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.honest import draw_honest
from flowsim.draws.rings import draw_rings
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.expectation.engine import expect
from flowsim.engine.outcome import BYPASSED, REFERRED, RETAINED, SEALED, SEIZED, SPLIT
from flowsim.policy.switch_off import active, switched_off
from flowsim.world.traffic import DRUGS, VEHICLE_CLASSES

YEAR = 8760.0
TEACHING = (
    *("sealed_trucks", "trains", "ways_round", "liability", "opening_hours"),
    *("one_ring", "rings", "hub", "bribery", "market", "two_drugs", "wholesale"),
)


def consignments(name):
    """Consignments of five years, alone on the road, and what happens to them."""
    world = fs.load_world(name)
    fleet = draw_consignments(world, seed=3, replications=range(5), horizon=YEAR)
    return fleet, compiled.run(world, fleet).outcome


def honest(name, *, hours):
    """Honest traffic from the first of January, and what happens to it."""
    world = fs.load_world(name)
    fleet = draw_honest(world, seed=3, year=0, start=0.0, end=hours)
    return fleet, compiled.run(world, fleet).outcome


def assert_share(chosen, probability):
    low, high = binom.interval(1 - 1e-4, len(chosen), probability)
    assert low <= chosen.sum() <= high, (chosen.mean(), probability)


def test_seals_that_nobody_noticed_pass():
    fleet, outcome = consignments("sealed_trucks")
    tir = fleet.vehicle_class == VEHICLE_CLASSES.index("tir")
    assert_share(outcome.decision[tir] == SEALED, 1 - (0.4 * 0.5 + 0.6 * 0.02))
    assert not (outcome.decision[~tir] == SEALED).any()


def test_of_two_trains_at_once_the_team_reaches_one():
    fleet, outcome = honest("trains", hours=480.0)
    rail = np.isin(fleet.vehicle_class, [VEHICLE_CLASSES.index(name) for name in ("train", "passenger")])
    arrival, start, departure = (getattr(outcome, name)[rail] for name in ("arrival", "start", "departure"))
    assert len(arrival) == 480
    times, which = np.unique(arrival, return_inverse=True)
    assert (np.bincount(which, weights=~np.isnan(start)) == 1).all()
    assert len(times) == 240
    assert departure == pytest.approx(arrival + 3.0)


def test_consignments_go_round_by_their_mass():
    fleet, outcome = consignments("ways_round")
    light = fleet.mass <= 8
    assert_share(outcome.decision[light] == BYPASSED, 0.3 + 0.2)
    assert_share(outcome.decision[~light] == BYPASSED, 0.3)
    assert_share(outcome.fate[outcome.decision == BYPASSED] == SEIZED, 0.1)


def test_no_train_goes_round():
    world = fs.load_world("trains")
    ways = fs.load_world("ways_round").bypasses
    fleet = draw_consignments(replace(world, bypasses=ways), seed=3, replications=[0], horizon=YEAR)
    outcome = compiled.run(replace(world, bypasses=ways), fleet).outcome
    assert fleet.size > 50
    assert not (outcome.decision == BYPASSED).any()
    assert not expect(replace(world, bypasses=ways)).patrolled.any()


def test_a_dear_search_is_made_of_few():
    _, outcome = consignments("liability")
    assert_share(outcome.decision == REFERRED, norm.sf(norm.isf(0.1) + math.log(5) - 1))
    _, cleared = honest("liability", hours=YEAR / 10)
    assert_share(cleared.decision == REFERRED, norm.sf(norm.isf(0.1) + math.log(5)))


def test_nobody_is_looked_at_before_eight():
    _, outcome = honest("opening_hours", hours=720.0)
    assert (outcome.start % 24 >= 8).all()
    assert (outcome.arrival % 24 < 8).any()


def test_half_of_the_alarms_of_a_campaign_of_leave_are_followed_up():
    fleet, outcome = consignments("opening_hours")
    alarm = outcome.alarm == 1
    days = outcome.exam_end[alarm] / 24
    on_leave = (days >= 181) & (days < 243)
    seized = outcome.fate[fleet.vehicle_of_visit[alarm]] == SEIZED
    assert seized[~on_leave].all()
    assert_share(seized[on_leave], 0.5)


def cases_of(name):
    """Consignments of five years and what happens to them without cases, and each case against a ring."""
    world = fs.load_world(name)
    free = switched_off("cases").apply(world)
    fleet = draw_consignments(world, seed=3, replications=range(5), horizon=YEAR)
    alone = compiled.run(free, replace(fleet, case_time=np.full(fleet.size, math.inf))).outcome
    rings = draw_rings(world, seed=3, replications=range(5))
    return fleet, alone, compiled.run(world, fleet).outcome, rings


def test_a_case_against_the_only_ring_takes_all_that_it_has_under_way():
    fleet, alone, outcome, _ = cases_of("one_ring")
    hit = alone.end >= fleet.case_time
    assert (outcome.fate[hit] == SEIZED).all()
    assert np.array_equal(outcome.fate[~hit], alone.fate[~hit])
    rate = fs.load_world("one_ring").detection.intelligence.cases_knb / YEAR
    apart, last = [], (-1, 0.0)  # consignments that are never under way together, so that no case takes two of them
    for consignment in np.lexsort((fleet.entry, fleet.replication)).tolist():
        year, entry = int(fleet.replication[consignment]), float(fleet.entry[consignment])
        if (year, entry) > last:
            apart.append(consignment)
            last = (year, float(alone.end[consignment]))
    exposed = np.minimum(alone.end[apart], YEAR) - fleet.entry[apart]
    assert len(apart) > 300
    # Chances that differ spread less than equal ones of the same mean.
    assert_share(hit[apart], np.mean(1 - np.exp(-rate * exposed)))


def test_a_case_takes_a_third_of_what_three_rings_have_under_way_and_takes_it_in_bursts():
    """A burst takes N of K under way, binomially; the sum of N^2 lies within 3.9 standard deviations (1e-4)."""
    fleet, alone, outcome, rings = cases_of("rings")
    under_way, taken = [], []
    for group, time in zip(rings.group, rings.time, strict=True):
        year, ring = divmod(int(group), 3)
        there = (fleet.replication == year) & (fleet.entry < time) & (alone.end >= time)
        own = there & (fleet.ring == ring)
        assert (outcome.fate[own] == SEIZED).all()
        under_way.append(there.sum())
        taken.append(own.sum())
    low, high = poisson.interval(1 - 1e-4, 5 * (24 + 12))
    assert low <= len(taken) <= high
    low, high = binom.interval(1 - 1e-4, sum(under_way), 1 / 3)
    assert low <= sum(taken) <= high
    squares = [binom.expect(lambda n: n**2, (int(k), 1 / 3)) for k in under_way]
    fourths = [binom.expect(lambda n: n**4, (int(k), 1 / 3)) for k in under_way]
    spread = math.sqrt(sum(fourths) - sum(square**2 for square in squares))
    assert abs(sum(n**2 for n in taken) - sum(squares)) < 3.9 * spread
    assert sum(squares) > 2 * sum(under_way) / 3  # single consignments would have N^2 = N


def test_half_of_the_consignments_through_the_town_leave_it_in_cars():
    fleet, outcome = consignments("hub")
    through = (fleet.parent < 0) & (fleet.route == 0)
    came = through & (outcome.fate != SEIZED) & ~fleet.retained
    stored = outcome.fate == SPLIT
    assert_share(stored[came], 0.5)
    parts = np.flatnonzero(fleet.parent >= 0)
    parts = parts[stored[fleet.parent[parts]]]
    of = fleet.parent[parts]
    assert set(fleet.vehicle_class[parts]) == {VEHICLE_CLASSES.index("car")}
    assert set(fleet.route[parts]) == {0}
    count = np.bincount(of, minlength=fleet.size)[stored]
    assert np.array_equal(count, np.ceil(fleet.mass[stored] / 20))
    assert fleet.mass[parts] == pytest.approx(fleet.mass[of] / np.ceil(fleet.mass[of] / 20))
    days = fleet.store[parts]
    assert days.min() >= 36
    assert abs(days.mean() - 72) < 3.9 * 0.5 * 36 / math.sqrt(len(days))  # 1e-4
    posts = fleet.checkpoint[np.isin(fleet.vehicle_of_visit, parts)]
    assert set(posts) == {1}


def test_an_alarm_comes_to_nothing_where_the_ring_is_protected_or_somebody_pays():
    fleet, outcome = consignments("bribery")
    world = fs.load_world("bribery")
    bits = draw_rings(world, seed=3, replications=range(5)).protected.ravel()
    assert set(bits) == {0, 1}  # the Customs, which are the first of the agencies
    assert_share(bits == 1, 0.25)
    alarm = np.flatnonzero(outcome.alarm == 1)
    vehicle = fleet.vehicle_of_visit[alarm]
    found = (outcome.fate[vehicle] == SEIZED) & (outcome.departure[alarm] == outcome.end[vehicle])
    customs = fleet.checkpoint[alarm] < 2
    is_protected = fleet.protected[vehicle] == 1
    assert (customs & is_protected).sum() > 20
    assert not found[customs & is_protected].any()
    assert_share(found[customs & ~is_protected], 1 - 0.4)
    assert_share(found[~customs], 1 - 0.8)


def test_retail_arrests_take_two_fifths_of_what_the_town_retains():
    _, outcome = consignments("market")
    ended = outcome.fate != SEIZED
    assert_share(outcome.fate[ended] == RETAINED, 0.5)
    results = fs.simulate(fs.load_world("market"), replications=2, seed=1)
    arrested = results.seized_mass.sel(channel="market", agency="Committee", policy="baseline", drug="heroin").values
    retained = results.retained_mass.sel(policy="baseline", drug="heroin").values
    assert arrested == pytest.approx(0.4 * (arrested + retained))
    assert (arrested > 0).all()
    at_town = results.seized_mass_by_checkpoint.sel(checkpoint="at-town", policy="baseline", drug="heroin").values
    assert at_town == pytest.approx(arrested)


def test_cannabis_comes_in_three_months_and_heroin_all_year():
    fleet, _ = consignments("two_drugs")
    day = fleet.entry / 24
    harvest = (day >= 212) & (day < 304)
    cannabis = fleet.drug == DRUGS.index("cannabis")
    assert harvest[cannabis].all()
    assert_share(harvest[~cannabis], 92 / 365)
    assert_share((day[cannabis] >= 243) & (day[cannabis] < 273), 30 / 92)


def test_wholesale_is_few_and_large_and_hidden_and_alone_struck_by_cases():
    """Alarms by the logistic of ln m and the concealment q, which wholesale has 2 more of."""
    fleet, outcome = consignments("wholesale")
    small, wholesale = (fleet.population == k for k in range(2))
    assert (small | wholesale).all()
    for chosen, mass, median, log_sd in ((small, 1000.0, 2.0, 0.5), (wholesale, 4000.0, 40.0, 0.3)):
        low, high = poisson.interval(1 - 1e-4, 5 * mass / (median * math.exp(log_sd**2 / 2)))
        assert low <= chosen.sum() <= high
        assert_share(fleet.mass[chosen] < median, 0.5)
    q = np.linspace(-8, 8, 2001)
    weight = norm.pdf(q) / norm.pdf(q).sum()
    examined = ~np.isnan(outcome.exam_end)
    who = fleet.vehicle_of_visit
    for chosen, ease in ((small, 0.0), (wholesale, -2.0)):
        visits = np.flatnonzero(examined & chosen[who])
        logit = -0.921 + 0.4 * fleet.log_mass[who[visits]][:, None] - q + ease
        assert_share(outcome.alarm[visits] == 1, float(np.mean(expit(logit) @ weight)))
    by_case = (outcome.fate == SEIZED) & (outcome.end >= fleet.case_time)
    assert by_case[wholesale].sum() > 10
    assert not by_case[small].any()


@pytest.mark.parametrize("name", rest_slow(list(TEACHING), quick=3))
def test_a_teaching_world_runs_and_says_what_it_teaches(name):
    assert "for teaching" in fs.load_world(name).title
    results = fs.simulate(fs.load_world(name), replications=1, seed=1)
    assert float(results.entered_mass.sum()) > 0


@pytest.mark.parametrize(
    ("name", "mechanisms"),
    [
        ("one_ring", ("cases",)),
        ("rings", ("cases",)),
        ("hub", ("hubs",)),
        ("bribery", ("bribes", "protection")),
        ("market", ("market",)),
        ("two_drugs", ()),
        ("wholesale", ("cases",)),
    ],
)
def test_a_teaching_world_has_one_mechanism_at_work(name, mechanisms):
    assert active(fs.load_world(name)) == mechanisms
