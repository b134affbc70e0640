"""Shares of groups of streams: those of the world at neutral odds, those of a changed world at others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsim.api import load_world
from flowsim.calibration import splits
from flowsim.calibration.population_evidence import Entries
from flowsim.simulation.assumed import SetNumbers

ORIGINS = {"kyrgyzstan": ("kyrgyzstan",), "uzbekistan": ("uzbekistan", "tajikistan")}
SECTORS = {"volga": ("oral", "aktobe", "ganyushkino"), "urals": ("kostanay", "petropavl"), "altai": ("pavlodar",)}
ENTRIES = Entries(origins=ORIGINS, sectors=SECTORS)

SHARE = st.floats(0.02, 0.98)
ODDS = st.floats(0.1, 10.0)


@pytest.fixture(scope="module")
def world():
    return load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def division(world):
    return splits.of_world(world, ENTRIES)


def test_the_shares_of_all_groups_make_the_whole_and_are_those_of_routes(world, division):
    assert division.shares.sum() == pytest.approx(1.0, abs=1e-12)
    by_hand = dict.fromkeys(division.groups, 0.0)
    for stream in (one for one in world.traffic.streams if one.drug == "heroin"):
        entry = ENTRIES.entry(stream.origin)
        for route in world.routes_of(stream.origin, mode=stream.mode):
            group = f"{entry}:{stream.mode}:{ENTRIES.sector(route.exit)}" if entry else splits.REST
            by_hand[group] += stream.share * route.weight
    assert division.shares == pytest.approx(np.array(list(by_hand.values())), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(entry=SHARE, rails=st.tuples(SHARE, SHARE), odds=st.tuples(ODDS, ODDS))
def test_a_world_with_the_numbers_of_a_draw_has_the_shares_of_the_draw(world, division, entry, rails, odds):
    """To rounding; shares of streams of no entry stay."""
    drawn = {"entry_kyrgyzstan": entry, "rail_kyrgyzstan": rails[0], "rail_uzbekistan": rails[1]}
    drawn |= {"exit_urals": odds[0], "exit_altai": odds[1]}
    changed = SetNumbers(values=tuple(division.numbers(drawn, world=world).items())).apply(world)
    got = splits.of_world(changed, ENTRIES)
    wanted = division.drawn({name: np.array(value) for name, value in drawn.items()})
    assert got.shares == pytest.approx(wanted, abs=1e-12)
    assert got.rest == pytest.approx(division.rest, abs=1e-12)
    assert wanted.sum() == pytest.approx(1.0, abs=1e-12)


def test_neutral_numbers_change_nothing(world, division):
    own = {way: float(part.sum()) for way, part in division.origins.items()}
    both = sum(own.values())
    first = own["kyrgyzstan", "road"] + own["kyrgyzstan", "rail"]
    drawn = {
        "entry_kyrgyzstan": np.array(first / both),
        "rail_kyrgyzstan": np.array(own["kyrgyzstan", "rail"] / first),
        "rail_uzbekistan": np.array(own["uzbekistan", "rail"] / (both - first)),
        **{"exit_urals": np.array(1.0), "exit_altai": np.array(1.0)},
    }
    assert division.drawn(drawn) == pytest.approx(division.shares, abs=1e-12)
    numbers = division.numbers({name: float(value) for name, value in drawn.items()}, world=world)
    for route in world.network.routes:
        assert numbers.get(f"routes:{route.name}", route.weight) == pytest.approx(route.weight, abs=1e-12)


def test_larger_odds_of_a_sector_send_more_there(division):
    drawn = {
        "entry_kyrgyzstan": np.full(3, 0.6),
        "rail_kyrgyzstan": np.full(3, 0.1),
        "rail_uzbekistan": np.full(3, 0.5),
    }
    drawn |= {"exit_urals": np.array([0.5, 1.0, 2.0]), "exit_altai": np.ones(3)}
    leaving = division.of_sectors(division.drawn(drawn))
    assert leaving.sum(axis=1) == pytest.approx(np.ones(3))
    assert (np.diff(leaving[:, 1]) > 0).all()
    assert (np.diff(leaving[:, 0]) < 0).all()


def test_without_sectors_exits_keep_the_weights_of_the_world(world):
    plain = splits.of_world(world, Entries(origins=ORIGINS))
    assert len(plain.groups) == 5
    drawn = {"entry_kyrgyzstan": 0.6, "rail_kyrgyzstan": 0.1, "rail_uzbekistan": 0.5}
    assert not any(name.startswith("routes:") for name in plain.numbers(drawn, world=world))


def test_the_world_of_a_group_has_its_streams_and_routes_alone(world, division):
    group = division.groups.index("uzbekistan:rail:volga")
    alone = division.alone(world, group)
    assert {stream.origin for stream in alone.traffic.streams} == {"uzbekistan", "tajikistan"}
    assert {stream.mode for stream in alone.traffic.streams} == {"rail"}
    assert {route.exit for route in alone.network.routes} <= set(SECTORS["volga"])
    assert sum(stream.share for stream in alone.traffic.streams) == pytest.approx(1.0)


def test_a_sector_without_a_route_is_refused(world):
    wrong = Entries(origins=ORIGINS, sectors={"volga": ("oral",), "moon": ("crater",)})
    with pytest.raises(ValueError, match="sector moon must have a route of heroin to one of its exits, got 'crater'"):
        splits.of_world(world, wrong)
    with pytest.raises(ValueError, match="exits of the sectors"):
        Entries(origins=ORIGINS, sectors={"a": ("oral",), "b": ("oral",)})


def test_a_route_that_is_set_leaves_the_others_their_proportions(world):
    own = world.routes_of("kyrgyzstan", mode="road")
    changed = SetNumbers(values=(("routes:kg2-omsk", 0.5),)).apply(world)
    got = {route.name: route.weight for route in changed.routes_of("kyrgyzstan", mode="road")}
    assert got["kg2-omsk"] == 0.5
    others = {route.name: route.weight for route in own if route.name != "kg2-omsk"}
    for name, weight in others.items():
        assert got[name] == pytest.approx(0.5 * weight / sum(others.values()))
    with pytest.raises(ValueError, match=r"a route that can be set must be one of .*, got 'nowhere'"):
        SetNumbers(values=(("routes:nowhere", 0.5),)).apply(world)
