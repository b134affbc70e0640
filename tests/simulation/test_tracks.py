"""Tracks of consignments: along the legs, in the order of time, with the fates of a run."""

import numpy as np
import pytest
from small_worlds import device, post, road_world

import flowsim as fs
from flowsim.simulation.simulate import Plan, simulate
from flowsim.simulation.tracks import AFTER, tracks

HOURS = 720.0


@pytest.fixture(scope="module")
def world():
    """A road with a post that stops a part of those who pass, without queues that matter."""
    own = road_world(
        post("a", place="p2", devices=(device("scanner", intercept=50.0),), referral=0.5, bays=9),
        per_day=24.0,
        inflow=30_000.0,
    )
    return own


@pytest.fixture(scope="module")
def found(world):
    return tracks(world, seed=3, start=0.0, end=HOURS)


def test_tracks_follow_the_legs_in_the_order_of_time(world, found):
    legs = {frozenset((leg.start, leg.end)) for leg in world.network.legs}
    assert len(found) > 50
    for track in found:
        assert len(track.times) == len(track.places)
        assert all(np.diff(track.times) >= 0)
        pairs = zip(track.places, track.places[1:], strict=False)
        assert all(one == other or frozenset((one, other)) in legs for one, other in pairs)
        assert track.places[0] == "p0"


def test_fates_are_those_of_a_run_with_the_same_seed(world):
    horizon = HOURS + AFTER
    found = tracks(world, seed=3, start=0.0, end=horizon)
    run = simulate(world, plan=Plan(replications=1, traffic_years=0.02, seed=3, horizon=horizon))
    # Those that a run leaves under way at its end are followed here.
    found = [track for track in found if track.times[-1] < horizon]
    by_fate = {fate: [track for track in found if track.fate == fate] for fate in ("seized", "left", "stayed")}
    assert len(by_fate["seized"]) == int(run["seizure_count"].sum()) > 0
    assert sum(track.mass for track in by_fate["seized"]) == pytest.approx(float(run["seized_mass"].sum()))
    assert sum(track.mass for track in by_fate["left"]) == pytest.approx(float(run["leaked_mass"].sum()))
    assert {track.places[-1] for track in by_fate["seized"]} == {"p2"}
    assert {track.places[-1] for track in by_fate["left"]} == {"p5"}


def test_the_span_decides_which_are_told_and_not_where_they_were(found, world):
    half = tracks(world, seed=3, start=HOURS / 2, end=HOURS)
    assert {track.times[0] for track in half} < {track.times[0] for track in found}
    assert all(track.times[-1] > HOURS / 2 for track in half)
    assert {track.fate for track in half} <= {"seized", "left", "stayed"}  # followed to their end


@pytest.mark.slow
def test_parts_begin_at_their_hub_and_every_world_of_the_package_has_tracks():
    told = tracks(fs.load_world("kazakhstan_2010"), seed=1, start=4344.0, end=4512.0)
    assert {track.fate for track in told} >= {"left", "stored"}
    hubs = {track.places[-1] for track in told if track.fate == "stored"}
    assert hubs == {hub.place for hub in fs.load_world("kazakhstan_2010").hubs if hub.share > 0}
    assert any(track.places[0] in hubs for track in told)
