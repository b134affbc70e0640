"""At its neutral numbers a change has exactly no effect, whatever its other numbers, in each engine."""

from dataclasses import replace

import numpy as np
import pytest
from engines import ENGINES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_worlds import device, lanes, post, road_world, ways_round, with_rings, with_seals

import flowsim as fs
from flowsim.config.build import every_policy
from flowsim.engine.expectation.engine import expect
from flowsim.policy.agencies import (
    EndCampaign,
    ScaleCorruption,
    ScaleEffort,
    ScaleInflow,
    ScaleIntelligence,
    ScaleTargeting,
    SetCampaign,
    SetDismantled,
    SetRelease,
)
from flowsim.policy.catalogue import CHANGES
from flowsim.policy.devices import ImproveDevice, MoveDevices, PlaceDevices, ScaleSearch
from flowsim.policy.policy import AddCheckpoint, CloseCheckpoint, ScaleLanes
from flowsim.policy.posts import AddPosts, AddSearchPosts, AddUnservedPost, ClosePosts, HandOver
from flowsim.policy.procedures import EvenReferral, OpenSealed, ScaleCapacity, ScaleReferral
from flowsim.policy.seals_trains_patrols import (
    ChangeSeals,
    ScalePatrols,
    ScaleSearchCost,
    ScaleStops,
    ScaleWagons,
    SetWagons,
)
from flowsim.simulation.simulate import Plan, simulate
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.detection import Effort
from flowsim.world.seals import NO_SEALS

XRAY = device("xray", intercept=-1.0, slope=0.2, specificity=0.8)
BETTER = device("portal", intercept=1.0, slope=0.3, specificity=0.9)
PLAN = Plan(replications=2, traffic_years=0.03, horizon=500.0, seed=5)
PART, FACTOR = st.floats(0.0, 1.0), st.floats(0.1, 8.0)
SOME_AGENCIES = st.sets(st.sampled_from(AGENCIES), min_size=1).map(lambda found: tuple(sorted(found)))


def world():
    """A road with crossing, post and hub of agencies, and a station; devices, seals, cases, bribes and a campaign."""
    trucks = lanes(classes=("truck",), referral=0.4)
    sealed = lanes(classes=("tir",), referral=0.2)
    posts = (
        post("border", place="p1", border="KG", type="crossing", devices=(XRAY,), groups=(trucks, sealed)),
        post("inside", place="p2", devices=(XRAY, device("dog")), referral=0.5),
        replace(post("halt", place="p3", groups=(lanes(classes=("train",), stop=2.0),)), mode="rail", type="station"),
    )
    road = road_world(
        *posts, classes=("truck", "tir"), bypasses=ways_round(share=0.3, patrol=0.4), inflow=30_000.0, per_day=20.0
    )
    road = replace(road, devices=(XRAY, BETTER, device("dog"), device("manual")))
    seals = replace(NO_SEALS, green_lane=True, inspection=True, notice_plain=0.1, notice_electronic=0.8)
    told = with_rings(with_seals(road, seals), rings=5, cases=4.0, dismantled=0.2, tip=0.05, protected=0.2)
    corruption = replace(told.detection.corruption, bribe_customs=0.1, released=0.03)
    held = Campaign(
        name="held",
        start="01-05",
        end="01-15",
        agencies=("Customs",),
        factor=1.5,
        kind="assumed",
        source="judgement: ours",
    )
    effort = Effort(crossing=0.3, inside=0.4, south=0.5, almaty=0.6)
    detection = replace(told.detection, corruption=corruption, targeting=0.6, effort=effort)
    return replace(told, detection=detection, campaigns=(held,))


WORLD = world()


def taking(cls, **chosen):
    """Changes of a class with some fields drawn."""
    return st.builds(cls, **chosen)


def just(**fields):
    return {name: st.just(value) for name, value in fields.items()}


NEUTRAL = {
    "add_posts": taking(AddPosts, referral=FACTOR, **just(places=("p4",), like="inside", start="2090-01-01")),
    "add_search_posts": taking(AddSearchPosts, referral=FACTOR, **just(units=0.0, search="manual")),
    "close_posts": taking(ClosePosts, **just(checkpoints=("nowhere",), missing="skip")),
    "hand_over": taking(HandOver, **just(checkpoints=("border",), to="Customs", referral=1.0, service=1.0)),
    "place_devices": taking(
        PlaceDevices, count=FACTOR, **just(device="portal", checkpoints=("border", "inside"), works=0.0)
    ),
    "improve_device": taking(ImproveDevice, **just(device="xray", towards="portal", quality=0.0)),
    "scale_search": taking(ScaleSearch, device=st.sampled_from(("xray", "dog")), **just(odds=1.0, time=1.0)),
    "scale_lanes": taking(ScaleLanes, **just(factor=1.0, checkpoints=("border", "inside"))),
    "scale_capacity": taking(ScaleCapacity, **just(factor=1.0)),
    "scale_referral": taking(ScaleReferral, **just(factor=1.0)),
    "even_referral": taking(EvenReferral, **just(share=0.0)),
    "change_seals": taking(ChangeSeals, **just(type="plain", notice=0.1, inspection=True, green_lane=True)),
    "open_sealed": taking(OpenSealed, **just(share=0.0)),
    "scale_stops": taking(ScaleStops, **just(factor=1.0)),
    "scale_wagons": taking(ScaleWagons, **just(factor=1.0)),
    "set_wagons": taking(SetWagons, **just(share=1.0)),
    "scale_patrols": taking(ScalePatrols, **just(factor=1.0)),
    "scale_search_cost": taking(ScaleSearchCost, **just(factor=1.0)),
    "scale_corruption": taking(ScaleCorruption, **just(bribes=1.0, protection=1.0)),
    "set_release": taking(SetRelease, **just(share=0.03)),
    "scale_intelligence": taking(ScaleIntelligence, **just(cases=1.0, tips=1.0)),
    "set_dismantled": taking(SetDismantled, **just(share=0.2)),
    "scale_targeting": taking(ScaleTargeting, **just(factor=1.0)),
    "set_campaign": taking(
        SetCampaign,
        agencies=SOME_AGENCIES,
        start=st.sampled_from(("01-02", "01-09")),
        end=st.sampled_from(("01-12", "03-01")),
        **just(name="new", factor=1.0),
    ),
    "scale_effort": taking(ScaleEffort, **just(factor=1.0)),
    "scale_inflow": taking(ScaleInflow, **just(factor=1.0)),
}
"""Changes of each kind at their neutral numbers, with all others over their intervals."""

WITHOUT = {"add_checkpoint": AddCheckpoint, "close_checkpoint": CloseCheckpoint, "end_campaign": EndCampaign}
WITHOUT |= {"move_devices": MoveDevices}
"""Kinds without a number that could be neutral: a post or a campaign is there or not, a device moves or not."""


def test_every_kind_of_change_is_tried():
    assert NEUTRAL.keys() | WITHOUT.keys() | {"add_unserved_post"} == CHANGES.keys()
    assert not NEUTRAL.keys() & WITHOUT.keys()


RESULTS = ("seized_mass", "leaked_mass", "seized_mass_by_checkpoint", "false_alarms", "referrals", "delay", "cost")


@pytest.fixture(scope="module")
def before():
    """Results under each engine, and the closed form, all without any change."""
    return {name: simulate(WORLD, plan=PLAN, engine=name) for name in ENGINES}, expect(WORLD)


@pytest.mark.parametrize("kind", NEUTRAL)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_neutral_change_has_exactly_no_effect(kind, data, before):
    after = data.draw(NEUTRAL[kind]).apply(WORLD)
    if after == WORLD:
        return
    results, closed = before
    found = expect(after)
    for name in ("seized", "leaked"):
        np.testing.assert_array_equal(getattr(found, name), getattr(closed, name))
    for engine, mine in results.items():
        again = simulate(after, plan=PLAN, engine=engine)
        for name in RESULTS:
            np.testing.assert_array_equal(again[name], mine[name], err_msg=f"{name} of {engine}")


@pytest.mark.parametrize(("start", "end"), [("05-01", "06-01"), ("08-15", "09-15"), ("11-02", "12-02")])
def test_a_neutral_campaign_cuts_no_span_of_the_closed_form(start, end, before):
    """The parts of a year that it cuts would be summed with another rounding than the whole."""
    change = SetCampaign(name="new", agencies=("Customs",), start=start, end=end, factor=1.0)
    again = expect(change.apply(WORLD))
    for name in ("seized", "count", "missed", "leaked", "total_variance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(before[1], name), err_msg=name)


@pytest.mark.parametrize(
    "kind", ["set_campaign", "place_devices", "add_posts", "scale_search", "improve_device", "scale_effort"]
)
def test_these_changes_have_an_effect_at_other_numbers(kind):
    """Else the test of their neutral numbers could not fail."""
    changes = {
        "set_campaign": SetCampaign(name="new", agencies=AGENCIES, start="01-02", end="12-01", factor=1.3),
        "place_devices": PlaceDevices(device="portal", checkpoints=("inside",), count=1.0, works=0.5),
        "add_posts": AddPosts(places=("p4",), like="inside"),
        "scale_search": ScaleSearch(device="xray", odds=1.1),
        "improve_device": ImproveDevice(device="xray", towards="portal", quality=0.1),
        "scale_effort": ScaleEffort(factor=1.1),
    }
    assert expect(changes[kind].apply(WORLD)).seized.sum() > expect(WORLD).seized.sum()


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(referral=FACTOR, pick=PART)
def test_a_post_that_opens_later_leaves_kazakhstan_as_it_is(referral, pick):
    country = fs.load_world("kazakhstan_2010")
    change = AddUnservedPost(like="karaganda-station", pick=pick, referral=referral, start="2090-01-01")
    assert change.apply(country) == country


NEUTRAL_VALUES = {
    "caricc": {"cases": 1.0, "tips": 1.0},
    "committee_staff": {"cases": 1.0},
    "controlled_delivery": {"tips": 1.0},
    "incentives": {"effort": 1.0},
    "joint_operations": {"cases": 1.0},
    "route_diversion": {"inflow": 1.0},
    "union_intelligence": {"tips": 1.0, "targeting": 1.0},
}
"""Numbers of policies whose intervals hold the neutral ones."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NEUTRAL_VALUES)
def test_a_policy_at_its_neutral_numbers_leaves_kazakhstan_as_it_is(name):
    country = fs.load_world("kazakhstan_2010")
    policy = next(one for one in every_policy() if one.name == name)
    after = policy.having({f"{name}.{short}": value for short, value in NEUTRAL_VALUES[name].items()}).apply(country)
    assert after == country
