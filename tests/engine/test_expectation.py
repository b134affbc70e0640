"""The expectation engine against closed forms and against simulation.

Comparisons with simulation are two-sided z tests with fixed seeds. By the normal approximation each
fails by chance with probability below 1e-5 (|z| < 4.5), any of the fifty or so with probability below 1e-3.
"""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from amounts import amount
from engines import followed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import expit, ndtr
from scipy.stats import norm
from small_worlds import MADE_UP, device, lanes, post, road_world, with_traffic, worlds

import flowsim
from flowsim.engine.expectation.engine import expect
from flowsim.world.detection import Effort
from flowsim.world.traffic import ClassShare
from flowsim.world_tables import reader

FAR = 4.5
"""Standard errors beyond which a comparison fails."""

YEAR = 8760.0
WORLDS = Path(flowsim.__file__).parent / "data" / "worlds"
CERTAIN = 50.0
"""Intercept of a device that always raises an alarm."""


def with_detection(world, **fields):
    return replace(world, detection=replace(world.detection, **fields))


def effort_of(value):
    return Effort(crossing=value, inside=value, south=value, almaty=value)


def logit(probability):
    return math.log(probability / (1 - probability))


def alarming(probability, name="scanner", **fields):
    """Make a device with a sensitivity that depends on nothing, or on what the fields say."""
    return device(name, intercept=logit(probability), **fields)


def always(name, place, probability, **fields):
    """Make a checkpoint that examines everyone and finds a given share."""
    return post(name, place=place, devices=(alarming(probability, **fields),), referral=1.0)


def entering_density(sizes):
    """Density of the mass of entering consignments as `ConsignmentSizes` has it, up to a factor."""
    edge = norm.cdf(math.log(sizes.tail_start / sizes.median) / sizes.log_sd)
    span = 1 - (sizes.tail_start / sizes.maximum) ** sizes.tail_exponent

    def density(mass):
        if mass < sizes.tail_start:
            score = math.log(mass / sizes.median) / sizes.log_sd
            part = (1 - sizes.tail_share) * norm.pdf(score) / (mass * sizes.log_sd) / edge
        else:
            part = sizes.tail_share * sizes.tail_exponent / span
            part *= sizes.tail_start**sizes.tail_exponent * mass ** (-sizes.tail_exponent - 1)
        return part * mass**sizes.selection

    return density


def moment(sizes, power, top):
    """Moment of the mass of entering consignments below a capacity, up to the same factor [kg ** power]."""
    density = entering_density(sizes)
    ends = [1e-6, 0.1, 1.0, 10.0, sizes.tail_start, top] if top > sizes.tail_start else [1e-6, 0.1, 1.0, top]

    def integrand(mass):
        return mass**power * density(mass)

    return math.fsum(quad(integrand, a, b, epsabs=0.0, epsrel=1e-11)[0] for a, b in pairwise(ends))


def simulated(world, *, replications, seed=1):
    """Tally many years of consignments that never queue, by the compiled engine."""
    return followed(world, replications=range(replications), seed=seed)


def assert_means(values, expected, *, variance=None, precision=0.1):
    """Means over replications agree with what is expected, and are precise where something is expected."""
    spread = values.var(axis=0, ddof=1) if variance is None else variance
    error = np.sqrt(spread / len(values))
    assert np.all(error <= precision * expected)
    assert np.all(np.abs(values.mean(axis=0) - expected) <= FAR * error + 1e-9)


def busy_road(**fields):
    """Two routes, two classes, a city halfway, devices that fail, mass, concealment and years that matter."""
    scanner = device("xray", intercept=-1.4, slope=0.5, concealment=1.0, availability=0.7)
    crew = device("hand", intercept=-1.0, slope=0.4, concealment=1.5)
    first = post("first", place="p0", devices=(scanner, crew), referral=0.4)
    second = post("second", place="p2", devices=(crew,), referral=0.5, effort_class="south")
    third = post("third", place="p3", devices=(scanner,), referral=1.0)
    third_too = post("third-too", place="p3", devices=(crew,), referral=0.3, effort_class="almaty")
    world = road_world(first, second, third, third_too, inflow=200.0, places=5)
    long = replace(world.network.routes[0], weight=0.7)
    short = replace(long, name="s", path=("p0", "p1", "p2"), exit="y", weight=0.3)
    classes = (("truck", 0.6, 500.0), ("car", 0.4, 20.0))
    shares = (ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in classes)
    traffic = replace(
        world.traffic,
        class_shares=tuple(shares),
        retained_share=0.3,
        city_weights=(("p1", 1.0), ("p3", 2.0)),
        year_log_sd=0.3,
    )
    effort = Effort(crossing=1.0, inside=0.6, south=0.3, almaty=0.9)
    detection = replace(world.detection, targeting=0.6, sensitivity=1.3, effort=effort, year_log_sd=0.4)
    network = replace(world.network, routes=(long, short))
    return replace(world, network=network, traffic=replace(traffic, **fields), detection=detection)


def table_world(name):
    detection = replace(road_world().detection, effort=effort_of(0.5), year_log_sd=0.3)
    return reader.load(WORLDS / name, name=name, title=name, year=2010, detection=detection)


def assert_agreement(world, *, replications, precision=0.1):
    mean = expect(world)
    consignments = simulated(world, replications=replications)
    assert_means(consignments.seized, mean.seized, variance=mean.seized_variance, precision=precision)
    assert_means(consignments.count, mean.count, precision=precision)
    assert_means(consignments.leaked, mean.leaked, precision=precision)
    assert_means(consignments.retained, mean.retained, precision=precision)
    assert_means(consignments.entered, mean.entered, precision=precision)
    assert_means(consignments.seized.sum(axis=2), mean.seized.sum(axis=1), variance=mean.total_variance)


def test_means_are_those_of_simulation():
    assert_agreement(busy_road(), replications=600)


@pytest.mark.parametrize(("name", "replications"), [("single_checkpoint", 400), ("two_routes", 400)])
def test_means_are_those_of_simulation_in_a_teaching_world(name, replications):
    assert_agreement(table_world(name), replications=replications, precision=0.2)


def always_working(checkpoint):
    return replace(checkpoint, devices=tuple(replace(d, availability=1.0) for d in checkpoint.devices))


def test_variances_are_those_of_simulation():
    world = busy_road(sizes=replace(busy_road().traffic.sizes, tail_start=20.0, maximum=40.0), inflow=100.0)
    world = replace(world, checkpoints=tuple(always_working(checkpoint) for checkpoint in world.checkpoints))
    mean, consignments = expect(world), simulated(world, replications=1500)
    squares = (consignments.seized - mean.seized) ** 2
    assert_means(squares, mean.seized_variance, precision=0.1)
    total = consignments.seized.sum(axis=2) - mean.seized.sum(axis=1)
    assert_means(total**2, mean.total_variance, precision=0.1)


def test_one_checkpoint_seizes_its_share_of_the_inflow():
    world = road_world(always("a", "p2", 0.3), inflow=800.0)
    sizes, top = world.traffic.sizes, 500.0
    whole, mean, square = (moment(sizes, power, top) for power in range(3))
    rate = 800.0 * whole / mean
    got = expect(world)
    assert got.entered[0] == pytest.approx(800.0)
    assert got.seized[0] == pytest.approx([0.3 * 800.0], rel=1e-9)
    assert got.count[0] == pytest.approx([0.3 * rate], rel=1e-8)
    assert got.seized_variance[0] == pytest.approx([0.3 * rate * square / whole], rel=1e-7)
    assert got.total_variance == pytest.approx(got.seized_variance[:, 0])


@pytest.mark.parametrize("capacity", [4.0, 55.0, 90.0, 500.0, 2000.0])
def test_a_vehicle_carries_no_more_than_it_can_hide(capacity):
    share = ClassShare(mode="road", vehicle_class="truck", share=1.0, capacity=capacity, **MADE_UP)
    world = with_traffic(road_world(always("a", "p2", 0.5)), class_shares=(share,))
    sizes = world.traffic.sizes
    whole, mean = (moment(sizes, power, min(capacity, sizes.maximum)) for power in range(2))
    assert expect(world).count[0, 0] == pytest.approx(0.5 * 1000.0 * whole / mean, rel=1e-7)


def test_layers_without_concealment_are_independent():
    world = road_world(always("a", "p1", 0.3), always("b", "p3", 0.6), inflow=100.0)
    got = expect(world)
    assert got.seized[0] == pytest.approx([30.0, 0.7 * 60.0])
    assert got.seized.sum() == pytest.approx(100.0 * (1 - 0.7 * 0.4))


def test_a_consignment_hidden_from_one_layer_is_hidden_from_the_next():
    first, second = (always(name, place, 0.4, concealment=2.0) for name, place in (("a", "p1"), ("b", "p3")))
    one = expect(road_world(first)).seized.sum() / 1000.0
    two = expect(road_world(first, second)).seized / 1000.0
    assert two[0, 0] == pytest.approx(one)
    assert one < two.sum() < 0.95 * (1 - (1 - one) ** 2)


@pytest.mark.slow
def test_detection_by_mass_and_concealment_is_integrated_over_both():
    scanner = device(intercept=-1.0, slope=0.7, concealment=1.5)
    world = road_world(post("a", place="p0", devices=(scanner,), referral=1.0))
    sizes = world.traffic.sizes
    density = entering_density(sizes)

    def caught(q, m):
        return m * density(m) * norm.pdf(q) * expit(-1.0 + 0.7 * math.log(m) - 1.5 * q)

    ends = [1e-3, 1.0, 10.0, 55.0, 500.0]
    pieces = [dblquad(caught, a, b, -8, 8, epsrel=1e-7)[0] for a, b in pairwise(ends)]
    expected = math.fsum(pieces) / moment(sizes, 1, 500.0)
    assert expect(world).seized.sum() / 1000.0 == pytest.approx(expected, rel=2e-5)


def test_several_devices_and_their_days_are_independent():
    one, other = alarming(0.5, "one", availability=0.6), alarming(0.2, "other", availability=0.5)
    world = road_world(post("a", place="p0", devices=(one, other), referral=1.0))
    assert expect(world).seized.sum() == pytest.approx(1000.0 * (1 - (1 - 0.3) * (1 - 0.1)))


def test_sensitivity_multiplies_the_odds():
    world = with_detection(road_world(always("a", "p0", 0.2)), sensitivity=4.0)
    assert expect(world).seized.sum() == pytest.approx(1000.0 * 0.5)


@pytest.mark.parametrize(("referral", "share"), [(0.0, 0.0), (1.0, 1.0), (0.5, norm.cdf(0.8)), (0.1, None)])
def test_targeting_raises_the_share_selected(referral, share):
    checkpoint = post("a", place="p0", devices=(device(intercept=CERTAIN),), referral=referral)
    world = with_detection(road_world(checkpoint), targeting=0.8)
    expected = norm.sf(norm.isf(referral) - 0.8) if share is None else share
    assert expect(world).seized.sum() == pytest.approx(1000.0 * expected, rel=1e-12)


def test_crowding_waves_consignments_through():
    world = road_world(always("a", "p0", 0.5), always("b", "p1", 0.5))
    got = expect(world, crowded={(0, 0): 1.0, (1, 0): 0.25})
    assert got.seized[0] == pytest.approx([0.0, 1000.0 * 0.5 * 0.75])


def test_no_effort_seizes_nothing():
    got = expect(with_detection(busy_road(), effort=effort_of(0.0)))
    assert not got.seized.any()
    assert not got.count.any()
    assert not got.total_variance.any()
    assert got.leaked.sum() + got.retained.sum() == pytest.approx(got.entered.sum(), rel=1e-12)


@pytest.mark.parametrize("log_sd", [0.05, 0.3, 0.8])
def test_effort_of_a_year_is_capped_at_one(log_sd):
    world = with_detection(road_world(always("a", "p0", 0.5)), year_log_sd=log_sd)
    # E min(1, Y) of a lognormal Y with mean 1.
    assert expect(world).seized.sum() == pytest.approx(500.0 * 2 * ndtr(-log_sd / 2), rel=1e-6)


def test_years_of_flow_add_to_the_variance():
    calm = road_world(always("a", "p1", 0.3), always("b", "p3", 0.6))
    changing = with_traffic(calm, year_log_sd=0.4)
    before, after = expect(calm), expect(changing)
    factor = math.exp(0.4**2) - 1
    assert after.seized == pytest.approx(before.seized)
    assert after.seized_variance == pytest.approx(before.seized_variance + factor * before.seized**2)
    total = before.total_variance + factor * before.seized.sum(axis=1) ** 2
    assert after.total_variance == pytest.approx(total)


def test_years_of_small_effort_add_to_the_variance_as_those_of_flow():
    low = with_detection(road_world(always("a", "p1", 0.3)), effort=effort_of(0.01))
    with_flow = expect(with_traffic(low, year_log_sd=0.4))
    with_effort = expect(with_detection(low, year_log_sd=0.4))
    both = expect(with_detection(with_traffic(low, year_log_sd=0.4), year_log_sd=0.4))
    assert with_effort.seized_variance == pytest.approx(with_flow.seized_variance, rel=1e-6)
    poisson = expect(low).seized_variance
    factor = (math.exp(2 * 0.4**2) - 1) / (math.exp(0.4**2) - 1)
    expected = factor * (with_flow.seized_variance - poisson)
    assert both.seized_variance - poisson == pytest.approx(expected, rel=1e-6)


def test_efforts_that_reach_one_together_are_integrated_once():
    nearly = Effort(crossing=0.5, inside=0.5, south=0.5 + 1e-15, almaty=0.5 + 1e-7)
    got, same = (expect(with_detection(busy_road(), effort=effort)) for effort in (nearly, effort_of(0.5)))
    assert got.seized == pytest.approx(same.seized, rel=1e-6)


def test_consignments_that_stay_in_a_city_meet_no_later_checkpoint():
    world = road_world(always("a", "p1", 0.5), always("b", "p2", 0.5), inflow=100.0)
    got = expect(with_traffic(world, retained_share=0.4, city_weights=(("p1", 1.0), ("p5", 3.0))))
    assert got.seized[0] == pytest.approx([50.0, 25.0 * 0.9])
    assert got.retained[0] == pytest.approx(50.0 * 0.1 + 25.0 * 0.3)
    assert got.leaked[0] == pytest.approx([25.0 * 0.6])


def test_classes_split_the_consignments_by_number_and_not_by_mass():
    groups = (lanes(classes=("truck",), referral=1.0), lanes(classes=("car",), referral=0.0))
    world = road_world(post("a", place="p0", devices=(alarming(0.5),), groups=groups))
    given = (("truck", 0.8, 500.0), ("car", 0.2, 4.0))
    shares = [ClassShare(mode="road", vehicle_class=v, share=s, capacity=c, **MADE_UP) for v, s, c in given]
    sizes = world.traffic.sizes
    truck, car = (s * moment(sizes, 1, top) / moment(sizes, 0, top) for _, s, top in given)
    got = expect(with_traffic(world, class_shares=tuple(shares)))
    assert got.seized.sum() == pytest.approx(0.5 * 1000.0 * truck / (truck + car), rel=1e-7)


def test_exits_leak_by_the_weight_of_their_routes_where_nothing_is_found():
    got = expect(with_detection(busy_road(retained_share=0.0), effort=effort_of(0.0)))
    assert got.leaked[0] == pytest.approx([200.0 * 0.7, 200.0 * 0.3])


def test_means_grow_with_the_horizon():
    year, quarter = expect(busy_road()), expect(busy_road(), horizon=YEAR / 4)
    for name in ("entered", "seized", "count", "leaked", "retained"):
        assert getattr(quarter, name) == pytest.approx(getattr(year, name) / 4)


def assert_ledger_closes(got):
    out = got.seized.sum(axis=1) + got.leaked.sum(axis=1) + got.retained
    assert out == pytest.approx(got.entered, rel=1e-9, abs=1e-9)


@given(world=worlds())
@settings(deadline=None, max_examples=amount(60, quick=10))
def test_the_ledger_closes(world):
    assert_ledger_closes(expect(world))


@given(world=worlds(), where=st.integers(0, 3), log_sd=st.floats(0, 0.8), effort=st.floats(0, 1))
@settings(deadline=None, max_examples=amount(60, quick=10))
def test_another_device_never_lowers_the_total_seized(world, where, log_sd, effort):
    world = with_detection(world, year_log_sd=log_sd, effort=effort_of(effort))
    index = where % len(world.checkpoints)
    more = device("another", slope=0.5, concealment=1.0, availability=0.5)
    equipped = replace(world.checkpoints[index], devices=(*world.checkpoints[index].devices, more))
    posts = (*world.checkpoints[:index], equipped, *world.checkpoints[index + 1 :])
    before, after = expect(world), expect(replace(world, checkpoints=posts))
    assert_ledger_closes(after)
    assert after.seized.sum() >= before.seized.sum() * (1 - 1e-6) - 1e-9


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"horizon": 0.0}, "horizon must be a finite number above 0, got 0.0"),
        ({"crowded": {(0, 7): 0.1}}, r"crowded must name a checkpoint and its lane group, got \(0, 7\)"),
        ({"crowded": {(0, 0): 1.5}}, r"crowded\[\(0, 0\)\] must lie in \[0, 1\], got 1.5"),
    ],
)
def test_bad_arguments_are_refused_by_name(fields, named):
    with pytest.raises(ValueError, match=named):
        expect(busy_road(), **fields)


def test_a_class_that_can_hold_no_consignment_is_refused():
    world = busy_road(sizes=replace(busy_road().traffic.sizes, tail_share=1.0))
    with pytest.raises(ValueError, match=r"ClassShare.capacity must be above tail_start \(55.0 kg\)"):
        expect(world)
