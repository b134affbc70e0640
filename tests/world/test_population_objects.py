"""Populations of consignments as objects, and in the traffic of a world."""

from dataclasses import replace

import pytest
from small_worlds import LARGE, SIZES, hub, road_world, trades, with_traffic

from flowsim.draws.consignments import consignments_per_year
from flowsim.world.populations import whole
from flowsim.world.traffic import HEROIN

SMALL, WHOLESALE = trades(wholesale=0.7)


def test_a_drug_without_populations_has_one_with_its_own_sizes():
    traffic = road_world().traffic
    assert traffic.populations_of(HEROIN) == (whole(HEROIN, sizes=SIZES),)
    (only,) = traffic.population_streams
    assert (only.name, only.share) == (traffic.streams[0].name, traffic.streams[0].share)


def test_each_stream_is_sent_once_for_each_population():
    world = with_traffic(road_world(), populations=(SMALL, WHOLESALE))
    found = {own.name: own.share for own in world.traffic.population_streams}
    assert found == pytest.approx({"heroin:o:road:small": 0.3, "heroin:o:road:wholesale": 0.7})
    counts = [consignments_per_year(world, own) for own in world.traffic.population_streams]
    assert counts[1] < 0.3 * counts[0]
    assert world.traffic.of_heroin() == world.traffic


def test_a_tip_is_certain_at_most():
    assert (WHOLESALE.tip(0.2), WHOLESALE.tip(0.9)) == pytest.approx((0.3, 1.0))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mass_share": 1.2}, r"mass_share must lie in \[0, 1\], got 1.2"),
        ({"low": 0.75}, r"Population 'heroin/wholesale': mass_share must lie in its interval \[0.75, 1\], got 0.7"),
        ({"rings": -0.1}, r"rings must lie in \[0, 1\], got -0.1"),
        ({"tips": -1.0}, "tips must be a finite number of at least 0, got -1.0"),
        ({"concealment": float("nan")}, "concealment must be a finite number, got nan"),
        ({"kind": "guessed"}, "kind must be one of"),
        ({"source": ""}, "source must"),
    ],
)
def test_a_population_out_of_range_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        replace(WHOLESALE, **fields)


@pytest.mark.parametrize(
    ("populations", "words"),
    [
        ((SMALL,), "mass shares of the populations of heroin must be shares of at least 0 that sum to 1, got 0.3"),
        ((SMALL, SMALL), "populations must"),
        (trades(drug="opium"), "Population 'opium/small': drug must be one of heroin"),
    ],
)
def test_populations_that_do_not_go_together_are_refused(populations, words):
    with pytest.raises(ValueError, match=words):
        with_traffic(road_world(), populations=populations)


def test_a_hub_must_be_able_to_split_the_largest_consignment_of_any_population():
    large = replace(WHOLESALE, sizes=replace(LARGE, maximum=5000.0))
    world = replace(road_world(), hubs=(hub(),))
    with pytest.raises(ValueError, match=r"split the largest consignment \(5000 kg\) into at most 63 parts"):
        with_traffic(world, populations=(SMALL, large))
