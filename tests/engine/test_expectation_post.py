"""What happens at the post in the expectation engine: each mechanism alone in closed form, all against simulation.

Comparisons with simulation are two-sided z tests with fixed seeds. By the normal approximation each
fails by chance with probability below 1e-5 (|z| < 4.5), any of the hundred or so with probability below 1e-3.
"""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import expon, lognorm, norm
from small_worlds import (
    MADE_UP,
    day_shifts,
    device,
    lanes,
    post,
    road_world,
    ways_round,
    with_seals,
    with_traffic,
    worlds,
)
from test_expectation import (
    CERTAIN,
    alarming,
    assert_ledger_closes,
    assert_means,
    busy_road,
    effort_of,
    moment,
    simulated,
    with_detection,
)

from flowsim.engine.expectation.engine import expect
from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.seals import Seals
from flowsim.world.shifts import Shift
from flowsim.world.traffic import ClassShare

FIRST_HALF = 182 / 365
"""Share of a year from 1 January to the end of 1 July [1]."""

WAY = {"border": "KG", "way": "vehicle", "share": 1.0, "maximum": 1e4, "detour": 2.0, "patrol": 0.3} | MADE_UP
GREEN = {"green_lane": True, "inspection": False, "type": "plain", "opened": 0.0}
GREEN |= {"notice_plain": 0.0, "notice_electronic": 0.0, "false_notice": 0.0}


def inside(name, place, probability, **fields):
    """Make a checkpoint inside the country that examines everyone and finds a given share."""
    return post(name, place=place, devices=(alarming(probability),), referral=1.0, **fields)


def crossing(name, place, probability, **fields):
    """Make such a crossing to KG."""
    return inside(name, place, probability, border="KG", **fields)


def crossing_that_selects(referral, **fields):
    """Make a crossing to KG that finds whatever it examines."""
    return post("a", place="p0", devices=(device(intercept=CERTAIN),), referral=referral, border="KG", **fields)


def seized(world, **options):
    """Share of the mass entered that is seized at each checkpoint."""
    got = expect(world, **options)
    assert_ledger_closes(got)
    return got.seized[0] / got.entered[0]


def sealed(*posts, classes=("tir",), **fields):
    return with_seals(road_world(*posts, classes=classes), Seals(**GREEN | fields))


def half_year(factor, **fields):
    given = {"name": "half", "start": "01-01", "end": "07-02", "agencies": ("Customs",)} | MADE_UP | fields
    return Campaign(factor=factor, **given)


def below(world, maximum):
    """Share of the mass that enters in consignments of at most a maximum."""
    return moment(world.traffic.sizes, 1, maximum) / moment(world.traffic.sizes, 1, 500.0)


def test_patrols_seize_their_share_of_consignments_that_all_go_round():
    world = road_world(crossing("a", "p0", 0.9), bypasses=(Bypass(**WAY),))
    got = expect(world)
    assert got.seized[0] == pytest.approx([300.0], rel=1e-12)
    assert got.patrolled == pytest.approx(got.seized, rel=1e-12)
    consignments = 1000.0 * moment(world.traffic.sizes, 0, 500.0) / moment(world.traffic.sizes, 1, 500.0)
    assert got.count[0] == pytest.approx([0.3 * consignments], rel=1e-7)


@pytest.mark.parametrize("maximum", [0.5, 8.0, 100.0])
def test_only_light_consignments_go_round(maximum):
    world = road_world(crossing("a", "p0", 0.6), bypasses=(Bypass(**WAY | {"maximum": maximum}),))
    light = below(world, maximum)
    got = expect(world)
    assert got.patrolled.sum() == pytest.approx(1000.0 * 0.3 * light, rel=1e-7)
    assert got.seized.sum() == pytest.approx(1000.0 * (0.3 * light + 0.6 * (1 - light)), rel=1e-7)


def test_a_consignment_too_heavy_for_its_way_keeps_to_the_crossing():
    foot = Bypass(**WAY | {"way": "foot", "share": 0.5, "maximum": 4.0, "patrol": 0.8})
    vehicle = Bypass(**WAY | {"share": 0.3, "patrol": 0.1})
    world = road_world(crossing("a", "p0", 0.6), bypasses=(foot, vehicle))
    light = below(world, 4.0)
    stopped = 0.5 * 0.8 * light + 0.3 * 0.1
    through = 0.5 * (1 - light) + 0.2
    assert expect(world).patrolled.sum() == pytest.approx(1000.0 * stopped, rel=1e-7)
    assert seized(world) == pytest.approx([stopped + 0.6 * through], rel=1e-7)


def test_patrols_need_no_effort_and_stand_only_at_their_section_of_the_border():
    posts = crossing("a", "p0", 0.6), replace(crossing("b", "p2", 0.6), border="UZ"), inside("c", "p4", 0.6)
    world = road_world(*posts, bypasses=(Bypass(**WAY),))
    assert seized(with_detection(world, effort=effort_of(0.0))) == pytest.approx([0.3, 0.0, 0.0])
    assert seized(world) == pytest.approx([0.3, 0.7 * 0.6, 0.7 * 0.4 * 0.6])


@pytest.mark.parametrize("options", [{}, {"crowded": {(0, 0): 1.0}}])
def test_a_check_that_always_notices_an_opened_seal_is_certain_referral(options):
    groups = (lanes(referral=0.1, wagons=0.5),)
    checked = post("a", place="p0", devices=(alarming(0.4),), groups=groups, border="KG")
    assert seized(sealed(checked, opened=1.0, notice_plain=1.0), **options) == pytest.approx([0.4], rel=1e-12)


@pytest.mark.parametrize("kind", ["plain", "electronic"])
def test_the_type_of_seal_decides_what_is_noticed(kind):
    world = sealed(crossing("a", "p0", 0.5), opened=0.8, type=kind, notice_plain=0.25, notice_electronic=0.75)
    assert seized(world) == pytest.approx([0.5 * 0.8 * (0.25 if kind == "plain" else 0.75)], rel=1e-12)


def test_nothing_is_found_under_seals_that_nobody_opened():
    world = sealed(crossing("a", "p0", 0.9), inside("b", "p2", 0.5), notice_plain=1.0)
    assert seized(world) == pytest.approx([0.0, 0.5])


def test_only_sealed_trucks_use_the_green_lane():
    shares = (("truck", 0.6), ("tir", 0.4))
    both = [ClassShare(mode="road", vehicle_class=v, share=s, capacity=500.0, **MADE_UP) for v, s in shares]
    world = with_traffic(sealed(crossing("a", "p0", 0.5), classes=("truck",)), class_shares=tuple(both))
    assert seized(world) == pytest.approx([0.5 * 0.6], rel=1e-12)
    closed = with_seals(world, replace(world.detection.seals, green_lane=False))
    assert seized(closed) == pytest.approx([0.5], rel=1e-12)


def test_a_consignment_shows_the_same_seal_at_every_crossing():
    chances = {"opened": 0.4, "notice_plain": 0.7, "false_notice": 0.2}
    world = sealed(crossing("a", "p0", 0.5), inside("b", "p1", 0.1), crossing("c", "p3", 0.3), **chances)
    found = np.zeros(3)
    for share, noticed in ((0.4, 0.7), (0.6, 0.2)):
        one, other, last = 0.5 * noticed, 0.1, 0.3 * noticed
        found += share * np.array([one, (1 - one) * other, (1 - one) * (1 - other) * last])
    assert seized(world) == pytest.approx(found, rel=1e-12)


def test_inspection_selects_among_seals_that_show_nothing():
    chances = {"opened": 0.4, "notice_plain": 0.7, "false_notice": 0.2, "inspection": True}
    world = with_detection(sealed(crossing_that_selects(0.5), **chances), targeting=0.8)
    selected = norm.cdf(0.8) * 0.9
    expected = sum(share * (n + (1 - n) * selected) for share, n in ((0.4, 0.7), (0.6, 0.2)))
    assert seized(world, crowded={(0, 0): 0.1}) == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize("wagons", [0.0, 0.25, 1.0])
def test_a_team_finds_in_the_wagons_that_it_examines(wagons):
    groups = (lanes(referral=1.0, wagons=wagons),)
    world = road_world(*(post(n, place=n, devices=(alarming(0.4),), groups=groups) for n in ("p1", "p2")))
    one = 0.4 * wagons
    assert seized(world) == pytest.approx([one, (1 - one) * one], rel=1e-12)


def test_trains_that_leave_first_are_not_examined_whatever_their_seals_show():
    world = sealed(crossing("a", "p0", 0.5), inside("b", "p2", 0.5), opened=1.0, notice_plain=1.0)
    got = seized(world, unreached={(0, 0): 1.0, (1, 0): 0.25})
    assert got == pytest.approx([0.0, 0.5 * 0.75])


@pytest.mark.parametrize(("ratio", "targeting", "referral"), [(0.5, 0.8, 0.1), (3.0, 0.4, 0.5), (2.0, 2.0, 0.02)])
def test_liability_moves_the_likelihood_ratio_at_which_vehicles_are_referred(ratio, targeting, referral):
    def log_likelihood_ratio(score):
        return norm.logpdf(score - targeting) - norm.logpdf(score)

    level = log_likelihood_ratio(norm.isf(referral)) + math.log(ratio)
    threshold = brentq(lambda score: log_likelihood_ratio(score) - level, -50.0, 50.0)
    world = road_world(crossing_that_selects(referral), per_day=1.0)  # bays do not limit the searches
    world = with_detection(world, targeting=targeting, cost_ratio=ratio)
    assert seized(world) == pytest.approx([norm.sf(threshold - targeting)], rel=1e-9)


def test_liability_leaves_posts_that_refer_all_or_none():
    posts = crossing("a", "p0", 0.3), post("b", place="p1", devices=(alarming(0.5),), referral=0.0)
    assert seized(with_detection(road_world(*posts), cost_ratio=0.2)) == pytest.approx([0.3, 0.0])


def test_liability_without_targeting_is_refused():
    world = with_detection(busy_road(), targeting=0.0, cost_ratio=2.0)
    with pytest.raises(ValueError, match=r"Detection.targeting must be above 0 .* got 0.0"):
        expect(world)


def test_a_post_that_is_never_open_finds_nothing():
    never = (Shift(start=0.0, end=8.1, lanes=0), Shift(start=8.1, end=24.0, lanes=0))
    assert seized(road_world(inside("a", "p1", 0.9, shifts=never))) == pytest.approx([0.0], abs=1e-12)


@pytest.mark.parametrize("hour", [6, 18])
def test_a_post_finds_in_the_hours_in_which_it_is_open(hour):
    world = road_world(inside("a", "p1", 0.8, shifts=day_shifts(1, hour)))
    assert seized(world) == pytest.approx([0.8 * (1 - hour / 24)], rel=1e-12)


def test_fewer_lanes_and_closed_crossings_only_delay():
    half_staffed = inside("a", "p1", 0.8, lanes=2, shifts=day_shifts(2, 6))
    closed_at_night = crossing("b", "p2", 0.8, shifts=day_shifts(1, 6))
    assert seized(road_world(half_staffed, closed_at_night)) == pytest.approx([0.8, 0.2 * 0.8])


@pytest.mark.parametrize(("effort", "factor"), [(1.0, 0.0), (0.3, 2.0), (0.8, 2.0)])
def test_a_campaign_acts_in_its_share_of_the_year(effort, factor):
    world = with_detection(road_world(inside("a", "p1", 0.5)), effort=effort_of(effort))
    world = replace(world, campaigns=(half_year(factor),))
    lasting, before = 0.5 * min(1.0, effort * factor), 0.5 * effort
    assert seized(world) == pytest.approx([FIRST_HALF * lasting + (1 - FIRST_HALF) * before], rel=1e-12)
    assert seized(world, horizon=1000.0) == pytest.approx([lasting], rel=1e-12)
    two_years = lasting * FIRST_HALF / 2 + before * (1 - FIRST_HALF / 2)
    assert seized(world, horizon=2 * 8760.0) == pytest.approx([two_years], rel=1e-12)


def test_campaigns_multiply_where_they_overlap_and_bind_their_agencies():
    posts = inside("a", "p1", 0.5), replace(inside("b", "p3", 0.4), agency="KNB")
    summer = half_year(3.0, name="summer", start="05-20", end="10-20", agencies=("Customs", "KNB"))
    world = with_detection(road_world(*posts), effort=effort_of(0.25))
    world = replace(world, campaigns=(half_year(0.5), summer))
    days = {(0.5, 1.0): 139, (1.5, 3.0): 43, (3.0, 3.0): 110, (1.0, 1.0): 73}
    found = np.zeros(2)
    for (customs, knb), count in days.items():
        one, other = 0.5 * 0.25 * customs, 0.4 * 0.25 * knb
        found += count / 365 * np.array([one, (1 - one) * other])
    assert sum(days.values()) == 365
    assert seized(world) == pytest.approx(found, rel=1e-12)


def test_campaigns_add_nothing_to_the_variance_of_a_year_but_seizures():
    low = with_detection(road_world(inside("a", "p1", 0.3)), effort=effort_of(0.01), year_log_sd=0.4)
    world = replace(low, campaigns=(half_year(4.0),))
    mean = FIRST_HALF * 4.0 + 1 - FIRST_HALF
    before, got = expect(low), expect(world)
    between = (math.exp(0.4**2) - 1) * before.seized**2
    poisson = before.seized_variance - between
    assert got.seized == pytest.approx(mean * before.seized, rel=1e-6)
    assert got.seized_variance == pytest.approx(mean * poisson + mean**2 * between, rel=1e-6)


def test_a_campaign_that_lifts_effort_to_one_in_some_years_is_integrated_up_to_that_year():
    world = with_detection(road_world(inside("a", "p0", 0.5)), effort=effort_of(0.4), year_log_sd=0.5)
    world = replace(world, campaigns=(half_year(2.0),))
    # E min(1, e Y) of a lognormal Y with mean 1.
    capped = [e * norm.cdf(-math.log(e) / 0.5 - 0.25) + norm.sf(-math.log(e) / 0.5 + 0.25) for e in (0.8, 0.4)]
    expected = 0.5 * (FIRST_HALF * capped[0] + (1 - FIRST_HALF) * capped[1])
    assert seized(world) == pytest.approx([expected], rel=1e-6)


def test_neutral_mechanisms_change_nothing():
    world = busy_road()
    posts = (replace(world.checkpoints[0], border="KG"), *world.checkpoints[1:])
    always_on = (Shift(start=0.0, end=24.0, lanes=1),)
    on = [replace(p, groups=tuple(replace(g, shifts=always_on, stop=9.0) for g in p.groups)) for p in posts]
    campaign = half_year(1.0)
    seals = Seals(**GREEN | {"opened": 0.5})
    neutral = with_seals(replace(world, checkpoints=tuple(on), campaigns=(campaign,)), seals)
    neutral = replace(neutral, bypasses=ways_round(share=0.0, patrol=1.0))
    before, after = expect(world), expect(neutral)
    for name in ("entered", "seized", "seized_variance", "count", "leaked", "retained", "total_variance"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-12)
    assert not after.patrolled.any()


@pytest.mark.slow
@given(world=worlds())
@settings(deadline=None, max_examples=amount(60, quick=10))
def test_patrols_seize_part_of_what_is_seized_and_only_at_crossings(world):
    got = expect(world)
    assert_ledger_closes(got)
    assert np.all(got.patrolled <= got.seized[:, : len(world.checkpoints)] * (1 + 1e-12))
    internal = [checkpoint.border == "" for checkpoint in world.checkpoints]
    assert not got.patrolled[:, internal].any()


@pytest.mark.parametrize("fields", [{(0, 7): 0.1}, {(0, 0): -0.5}])
def test_bad_chances_of_a_train_are_refused_by_name(fields):
    with pytest.raises(ValueError, match="unreached"):
        expect(busy_road(), unreached=fields)


def too_late(stop):
    """Probability that look, handling, one device and search of `small_worlds` take longer than a stop."""
    sd = math.sqrt(math.log(1 + 0.5**2))
    search = lognorm(sd, scale=0.5 * math.exp(-(sd**2) / 2))
    rest = stop - 0.25 - 0.1
    within = quad(lambda look: expon.pdf(look, scale=0.08) * search.cdf(rest - look), 0.0, rest)[0]
    return 1.0 - within


def assert_agreement(world, *, replications, seed=1, precision=0.1, **options):
    mean, consignments = expect(world, **options), simulated(world, replications=replications, seed=seed)
    assert_means(consignments.seized, mean.seized, variance=mean.seized_variance, precision=precision)
    for name in ("patrolled", "count", "leaked", "retained", "entered"):
        assert_means(getattr(consignments, name), getattr(mean, name), precision=precision)


def random_world(seed):
    """Two crossings and two posts inside on a road, with every mechanism at work at random."""
    draw = np.random.default_rng(seed)
    chance = iter(draw.uniform(0.1, 0.9, 100))

    def somewhere(name, place, *, more=(), **fields):
        scanner = device(slope=0.3, concealment=1.0, intercept=draw.uniform(-1, 2))
        groups = (lanes(referral=next(chance), wagons=next(chance) ** 0.5, **fields),)
        agency = str(draw.choice(["Customs", "KNB"]))
        border = "" if name.startswith("inside") else "KG"
        return post(name, place=place, devices=(scanner, *more), groups=groups, agency=agency, border=border)

    dog = device("dog", intercept=draw.uniform(-2, 1), concealment=0.5, availability=next(chance))
    hour, stop = int(draw.integers(4, 21)), draw.uniform(0.6, 1.2)
    posts = (
        somewhere("in", "p0", more=(dog,), shifts=day_shifts(1, hour)),
        somewhere("inside", "p1", more=(dog,), shifts=day_shifts(1, hour)),
        somewhere("inside-too", "p2", shifts=day_shifts(2, hour), lanes=2),
        somewhere("out", "p3", stop=stop),
    )
    world = road_world(*posts, inflow=1500.0, places=4)
    shares = [("truck", 0.5, 500.0), ("tir", 0.5, 200.0)]
    shares = [ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in shares]
    cities = (("p1", 1.0), ("p3", 2.0))
    sizes = replace(world.traffic.sizes, tail_start=20.0, maximum=200.0)
    given = {"class_shares": tuple(shares), "city_weights": cities, "retained_share": 0.3, "year_log_sd": 0.2}
    world = with_traffic(world, sizes=sizes, **given)
    effort = {"effort": effort_of(next(chance)), "year_log_sd": 0.3}
    world = with_detection(world, cost_ratio=2 * next(chance), targeting=0.5 + next(chance), **effort)
    names = ("opened", "notice_plain", "notice_electronic", "false_notice")
    seals = GREEN | {name: next(chance) for name in names} | {"inspection": bool(seed % 2), "type": "electronic"}
    ways = ways_round(share=0.4 * next(chance), patrol=next(chance), maximum=5.0)
    some = half_year(2 * next(chance), start="03-05", end="11-02"), half_year(2 * next(chance), agencies=("KNB",))
    world = with_seals(replace(world, bypasses=ways, campaigns=some), Seals(**seals))
    return world, {"unreached": {(3, 0): too_late(stop)}}


@pytest.mark.parametrize("seed", range(4))
def test_means_are_those_of_simulation_with_every_mechanism_at_work(seed):
    world, options = random_world(seed)
    assert_agreement(world, replications=100, seed=seed, precision=0.25, **options)


@pytest.mark.parametrize("stop", [0.65, 0.8, 1.2])
def test_an_examination_that_cannot_end_before_departure_is_not_begun(stop):
    world = road_world(inside("a", "p1", 0.7, stop=stop), inside("b", "p3", 0.5))
    unreached = {(0, 0): too_late(stop)}
    assert 0.05 < unreached[0, 0] < 0.95
    assert_agreement(world, replications=60, precision=0.2, unreached=unreached)


@pytest.mark.parametrize(("inspection", "green_lane"), list(product((False, True), repeat=2)))
def test_seals_are_those_of_simulation(inspection, green_lane):
    chances = {"opened": 0.6, "notice_plain": 0.5, "false_notice": 0.2}
    posts = (post(n, place=n, devices=(alarming(0.6),), referral=0.3, border="KG") for n in ("p0", "p3"))
    world = sealed(*posts, inspection=inspection, green_lane=green_lane, **chances)
    assert_agreement(world, replications=60)


def test_ways_round_are_those_of_simulation():
    posts = (post(n, place=n, devices=(alarming(0.6),), referral=0.7, border="KG") for n in ("p0", "p3"))
    assert_agreement(road_world(*posts, bypasses=ways_round(share=0.4, patrol=0.3)), replications=100)
