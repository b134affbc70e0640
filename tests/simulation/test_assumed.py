"""Numbers of populations that are set: shares that fill up, sizes and nature, and what is refused."""

from dataclasses import replace

import pytest
from small_worlds import LARGE, road_world, trades, with_traffic

from flowsim.api import load_world
from flowsim.simulation.assumed import SetNumbers
from flowsim.world.world import World

TRADED = with_traffic(road_world(), populations=trades(wholesale=0.7))


def set_to(values, world: World = TRADED):
    """Populations with some numbers set, by name."""
    numbers = tuple((f"populations:heroin/{name}", value) for name, value in values.items())
    return {own.name: own for own in SetNumbers(values=numbers).apply(world).traffic.populations}


def test_the_others_share_what_is_left():
    found = set_to({"wholesale.mass_share": 0.9})
    assert (found["wholesale"].mass_share, found["small"].mass_share) == pytest.approx((0.9, 0.1))
    small, wholesale = trades(wholesale=0.5)
    parts = (replace(small, mass_share=0.2), wholesale, replace(small, name="mules", mass_share=0.3))
    found = set_to({"wholesale.mass_share": 0.8}, with_traffic(road_world(), populations=parts))
    assert [own.mass_share for own in found.values()] == pytest.approx([0.08, 0.8, 0.12])
    given = {"small.mass_share": 0.3, "mules.mass_share": 0.5}
    found = set_to(given, with_traffic(road_world(), populations=parts))
    assert [own.mass_share for own in found.values()] == pytest.approx([0.3, 0.2, 0.5])


def test_shares_that_are_all_set_must_sum_to_one():
    found = set_to({"wholesale.mass_share": 0.1, "small.mass_share": 0.9})
    assert [own.mass_share for own in found.values()] == [0.9, 0.1]
    with pytest.raises(ValueError, match="mass shares of the populations of heroin must be shares"):
        set_to({"wholesale.mass_share": 0.1, "small.mass_share": 0.8})


def test_a_share_outside_the_interval_of_the_table_widens_it():
    narrow = with_traffic(road_world(), populations=trades(wholesale=0.7, low=0.6, high=0.8))
    found = set_to({"wholesale.mass_share": 0.95}, narrow)
    assert (found["wholesale"].low, found["wholesale"].high) == (0.6, 0.95)


def test_sizes_and_nature_are_set_of_one_population_alone():
    values = {"load_median": 90.0, "load_log_sd": 0.5, "load_tail_share": 0.0, "concealment": 1.7, "rings": 0.4}
    found = set_to({f"wholesale.{name}": value for name, value in values.items()} | {"wholesale.tips": 3.0})
    sizes = found["wholesale"].sizes
    assert (sizes.median, sizes.log_sd, sizes.tail_share, sizes.maximum) == (90.0, 0.5, 0.0, LARGE.maximum)
    assert (found["wholesale"].concealment, found["wholesale"].rings, found["wholesale"].tips) == (1.7, 0.4, 3.0)
    assert found["small"] == TRADED.traffic.populations[0]
    assert SetNumbers(values=()).apply(TRADED) == TRADED


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("populations:heroin/retail.rings", 0.5, "a population that can be set must be one of heroin/small, heroin/"),
        ("populations:heroin/small.kind", 0.5, "a number of a population that can be set must be one of mass_share,"),
        ("populations:heroin/small.rings", 1.5, r"rings must lie in \[0, 1\], got 1.5"),
        ("populations:heroin/small.mass_share", 1.5, r"mass_share must lie in \[0, 1\], got 1.5"),
        ("parameters:load_median", 3.0, "must be set by population, as in populations:heroin/NAME.load_median"),
    ],
)
def test_what_cannot_be_set_is_refused(name, value, words):
    with pytest.raises(ValueError, match=words):
        SetNumbers(values=((name, value),)).apply(TRADED)


def test_streams_are_set_and_the_others_share_what_is_left():
    world = load_world("kazakhstan_2010")
    heroin = [stream for stream in world.traffic.streams if stream.drug == "heroin"]
    first, *others = heroin
    change = SetNumbers(values=((f"streams:{first.name.replace(':', '/')}", 0.9),))
    found = [stream for stream in change.apply(world).traffic.streams if stream.drug == "heroin"]
    rest = 1.0 - first.share
    assert [stream.share for stream in found] == pytest.approx([0.9, *(0.1 * other.share / rest for other in others)])
    assert found[0].high >= 0.9
    with pytest.raises(ValueError, match="a stream that can be set must be one of "):
        SetNumbers(values=(("streams:heroin/nowhere/road", 0.8),)).apply(world)
