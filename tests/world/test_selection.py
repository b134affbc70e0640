"""Thresholds of selection: the cost of a fruitless search, and bays that hold no more than they can."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm
from small_worlds import device, lanes, post, road_world

from flowsim.world.honest_work import arrivals, bay_time
from flowsim.world.selection import MOST_BUSY, share_above, threshold, threshold_shifts
from flowsim.world.utilisation import utilisations

DOG = device("dog", specificity=0.9)


def world(*, bays=1, targeting=0.8, cost_ratio=0.5, per_day=60.0, **fields):
    """A road with one post; two classes of vehicle, each with lanes and a referral of its own."""
    groups = (lanes(classes=("truck",), referral=0.2), lanes(classes=("car",), referral=0.05))
    made = road_world(post("a", place="p1", devices=(DOG,), bays=bays, groups=groups), per_day=per_day, **fields)
    (trucks,) = made.traffic.flows
    flows = (trucks, replace(trucks, name="cars", vehicle_class="car"))
    detection = replace(made.detection, targeting=targeting, cost_ratio=cost_ratio)
    return replace(made, traffic=replace(made.traffic, flows=flows), detection=detection)


def busy(made):
    """Mean utilisation of the bays."""
    return next(each.mean for each in utilisations(made) if each.part == "bays")


@pytest.mark.parametrize(("targeting", "ratio"), [(0.5, 0.5), (1.5, 3.0)])
def test_the_threshold_is_where_the_likelihood_ratio_has_grown_by_the_factor(targeting, ratio):
    (shift,) = threshold_shifts(world(bays=1000, targeting=targeting, cost_ratio=ratio))
    before, after = threshold(0.2), threshold(0.2) + shift
    likelihood = [norm.pdf(s, targeting) / norm.pdf(s) for s in (before, after)]
    assert likelihood[1] == pytest.approx(ratio * likelihood[0], rel=1e-12)


def test_the_observed_cost_moves_nothing_to_the_bit():
    assert threshold_shifts(world(cost_ratio=1.0, targeting=0.0)) == (0.0,)
    assert share_above(0.2, 0.0) == 0.2
    assert share_above(0.2, -0.3) == pytest.approx(norm.sf(norm.isf(0.2) - 0.3))


def test_a_cost_without_targeting_is_refused():
    with pytest.raises(ValueError, match="targeting must be above 0"):
        threshold_shifts(world(targeting=0.0))


@pytest.mark.parametrize("targeting", [1.0, 0.1, 1e-3, 1e-9])
def test_searches_stay_within_the_bays_as_targeting_vanishes(targeting):
    made = world(targeting=targeting, cost_ratio=0.3)
    assert busy(replace(made, detection=replace(made.detection, cost_ratio=1.0))) < MOST_BUSY
    assert busy(made) <= MOST_BUSY + 1e-9
    if targeting < 0.2:
        assert busy(made) == pytest.approx(MOST_BUSY)


def test_a_post_that_is_too_busy_searches_as_before():
    made = world(per_day=2000.0)
    assert busy(made) > MOST_BUSY
    assert threshold_shifts(made) == (0.0,)


def test_dearer_searches_are_fewer_whatever_the_bays():
    made = world(cost_ratio=2.0, per_day=2000.0)
    assert threshold_shifts(made)[0] == pytest.approx(np.log(2.0) / 0.8)


@pytest.mark.parametrize("ratio", [0.9, 0.3])
def test_no_other_thresholds_of_the_lanes_find_more_for_their_cost_within_the_bays(ratio):
    """By brute force: the value of a find in a lane is that for which its observed referral is best without limits."""
    made, d = world(cost_ratio=ratio), 0.8
    rates, hours = arrivals(made), bay_time(made, made.checkpoints[0])
    work = np.array([rates[0, g].mean() for g in range(2)])
    base = np.array([threshold(group.referral) for group in made.checkpoints[0].groups])
    value = norm.pdf(base) / norm.pdf(base - d)  # of a find times the share of loads, for a cost of 1

    def loss(limits):
        return -float(work @ (value * norm.sf(limits - d) - ratio * norm.sf(limits)))

    def room(limits):
        return MOST_BUSY - float(work @ norm.sf(limits)) * hours

    found = minimize(loss, base, constraints={"type": "ineq", "fun": room}, method="SLSQP", options={"ftol": 1e-14})
    assert found.success
    (shift,) = threshold_shifts(made)
    assert found.x - base == pytest.approx([shift, shift], abs=2e-4)
