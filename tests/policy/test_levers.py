"""Levers: each does what it says and nothing else, composes with others, and is refused where it does not apply."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from omegaconf import OmegaConf
from paths import ROOT
from small_worlds import lanes, post, road_world, ways_round, with_seals
from together import together

from flowsim import load_world
from flowsim.config.build import build_policies, check_policy
from flowsim.policy.policy import Policy, compose
from flowsim.policy.seals_trains_patrols import ChangeSeals, ScalePatrols, ScaleSearchCost, ScaleStops, SetWagons
from flowsim.world.seals import NO_SEALS

GREEN = replace(NO_SEALS, green_lane=True, inspection=False, notice_plain=0.1, notice_electronic=0.8)


def world(**seals):
    """A road with a border post, beside it a station where trains leave after two hours and one where they wait."""
    trains = (lanes(classes=("train", "passenger"), stop=2.0), lanes(classes=("car",)))
    posts = (
        post("border", place="p1", border="KG", type="crossing"),
        station("station", place="p2", groups=trains),
        station("halt", place="p3", groups=(lanes(classes=("train", "passenger")),)),
    )
    roads = road_world(*posts, classes=("tir",), bypasses=ways_round(share=0.3, patrol=0.4))
    return with_seals(roads, replace(GREEN, **seals))


def station(name, **fields):
    return replace(post(name, **fields), mode="rail", type="station")


def seals_of(changed):
    return changed.detection.seals


def groups_of(changed, name):
    return next(checkpoint.groups for checkpoint in changed.checkpoints if checkpoint.name == name)


@pytest.mark.parametrize(
    "fields",
    [{"type": "electronic"}, {"inspection": True}, {"green_lane": False}, {"type": "electronic", "inspection": True}],
)
def test_change_seals_changes_what_is_given_and_nothing_else(fields):
    before = world()
    after = ChangeSeals(**fields).apply(before)
    assert seals_of(after) == replace(GREEN, **fields)
    assert with_seals(after, GREEN) == before


def test_electronic_seals_are_noticed_more_often():
    assert seals_of(world()).notice == 0.1
    assert seals_of(ChangeSeals(type="electronic").apply(world())).notice == 0.8


def test_a_green_lane_can_be_opened_with_electronic_seals():
    after = ChangeSeals(green_lane=True, type="electronic").apply(world(green_lane=False))
    assert seals_of(after) == replace(GREEN, type="electronic")


def test_scale_stops_moves_only_trains_that_leave_on_time():
    after = ScaleStops(factor=1.5).apply(world())
    assert [group.stop for group in groups_of(after, "station")] == [3.0, math.inf]
    assert [group.stop for group in groups_of(after, "halt")] == [math.inf]
    assert ScaleStops(factor=1.5, checkpoints=("station",)).apply(world()) == after
    assert ScaleStops(factor=1 / 1.5).apply(after) == world()


def test_set_wagons_sets_the_share_at_stations():
    after = SetWagons(share=0.25).apply(world())
    assert [group.wagons for name in ("station", "halt") for group in groups_of(after, name)] == [0.25] * 3
    assert groups_of(after, "border") == groups_of(world(), "border")
    one = SetWagons(share=0.25, checkpoints=("halt",)).apply(world())
    assert groups_of(one, "station") == groups_of(world(), "station")
    assert groups_of(one, "halt")[0].wagons == 0.25
    assert SetWagons(share=1.0).apply(after) == world()


def test_scale_patrols_stops_at_one_and_leaves_other_borders():
    two = replace(world(), bypasses=(*world().bypasses, replace(world().bypasses[0], border="UZ")))
    assert [way.patrol for way in ScalePatrols(factor=2.0).apply(two).bypasses] == [0.8] * 3
    assert [way.patrol for way in ScalePatrols(factor=9.0, borders=("KG",)).apply(two).bypasses] == [1.0, 1.0, 0.4]
    assert [way.patrol for way in ScalePatrols(factor=0.0, borders=("UZ",)).apply(two).bypasses] == [0.4, 0.4, 0.0]


def test_scale_search_cost_multiplies_the_cost_ratio():
    assert ScaleSearchCost(factor=0.2).apply(world()).detection == replace(world().detection, cost_ratio=0.2)
    twice = compose([Policy(name="p", title="t", changes=(ScaleSearchCost(factor=0.5),))] * 2)
    assert twice.apply(world()).detection.cost_ratio == 0.25


def test_levers_compose_in_any_order_where_they_move_different_things():
    changes = (
        ChangeSeals(inspection=True),
        ScaleStops(factor=2.0),
        SetWagons(share=0.5),
        ScalePatrols(factor=1.5),
        ScaleSearchCost(factor=0.5),
    )
    forward = Policy(name="a", title="a", changes=changes).apply(world())
    assert forward == Policy(name="b", title="b", changes=changes[::-1]).apply(world())
    assert forward != world()


@together(
    "kind, fields, wording",
    [
        (ChangeSeals, {}, "ChangeSeals.green_lane must be given where type and inspection are not, got None"),
        (ChangeSeals, {"type": "wax"}, "ChangeSeals.type must be one of plain, electronic, got 'wax'"),
        (
            ChangeSeals,
            {"green_lane": False, "type": "electronic"},
            "ChangeSeals.type must be left out where green_lane is false, .*, got 'electronic'",
        ),
        (ChangeSeals, {"green_lane": False, "inspection": False}, "ChangeSeals.inspection must be left out .*False"),
        (ScaleStops, {"factor": 0.0}, "ScaleStops.factor must be a finite number above 0, got 0.0"),
        (ScaleStops, {"factor": math.inf}, "ScaleStops.factor must be a finite number above 0, got inf"),
        (SetWagons, {"share": 1.5}, r"SetWagons.share must lie in \[0, 1\], got 1.5"),
        (SetWagons, {"share": math.nan}, r"SetWagons.share must lie in \[0, 1\], got nan"),
        (ScalePatrols, {"factor": -1.0}, "ScalePatrols.factor must be a finite number of at least 0, got -1.0"),
        (ScaleSearchCost, {"factor": 0.0}, "ScaleSearchCost.factor must be a finite number above 0, got 0.0"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(kind, fields, wording):
    with pytest.raises(ValueError, match=wording):
        kind(**fields)


PLAIN = road_world(post("gate", place="p1"))


@together(
    "change, where, wording",
    [
        (ChangeSeals(type="electronic"), PLAIN, "ChangeSeals must change a world with a green lane, or set .*'type'"),
        (ChangeSeals(green_lane=False), PLAIN, "ChangeSeals must change a world with a green lane, .*False"),
        (ScaleStops(factor=2), PLAIN, "ScaleStops must change a world in which .*, got 'world small with none'"),
        (
            ScaleStops(factor=2, checkpoints=("halt",)),
            world(),
            "ScaleStops: checkpoint 'halt' must have trains that leave on time, after a stop that is finite, got inf",
        ),
        (ScaleStops(factor=2, checkpoints=("statoin",)), world(), "checkpoint must be one of .*did you mean 'station'"),
        (SetWagons(share=1), PLAIN, "SetWagons must change a world in which some checkpoints control rail, got"),
        (
            SetWagons(share=1, checkpoints=("border",)),
            world(),
            "SetWagons: checkpoint 'border' must control rail, got 'road'",
        ),
        (ScalePatrols(factor=2), PLAIN, "ScalePatrols must change a world with bypasses of its crossings, got"),
        (ScalePatrols(factor=2, borders=("UZ",)), world(), "a border with bypasses must be one of KG, got 'UZ'"),
        (
            ScaleSearchCost(factor=2),
            replace(PLAIN, detection=replace(PLAIN.detection, targeting=0.0)),
            "ScaleSearchCost must change a world with targeting above 0, got 'targeting 0'",
        ),
    ],
)
def test_a_lever_that_does_not_apply_is_refused_by_name(change, where, wording):
    with pytest.raises(ValueError, match=wording):
        change.apply(where)


WRITTEN = """
title: Everything at the post
sources: [my notes]
in_force: false
changes:
  - {kind: change_seals, type: electronic}
  - {kind: scale_stops, factor: 2, checkpoints: [station]}
  - {kind: set_wagons, share: 0.5}
  - {kind: scale_patrols, factor: 1.5, borders: [KG]}
  - {kind: scale_search_cost, factor: 0.2}
"""


def policies_of(text):
    return build_policies(OmegaConf.create({"policy": {"mine": OmegaConf.create(text)}}))


def test_a_policy_file_may_list_levers():
    (policy,) = policies_of(WRITTEN)
    assert policy.changes == (
        ChangeSeals(type="electronic"),
        ScaleStops(factor=2.0, checkpoints=("station",)),
        SetWagons(share=0.5),
        ScalePatrols(factor=1.5, borders=("KG",)),
        ScaleSearchCost(factor=0.2),
    )
    check_policy(policy, world())


def test_the_policy_of_the_page_can_be_used():
    page = (ROOT / "docs" / "post.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    (policy,) = policies_of(text)
    assert {type(change) for change in policy.changes} == {
        *(ChangeSeals, ScaleStops, SetWagons, ScalePatrols, ScaleSearchCost)
    }
    assert policy.changes[1].checkpoints[0] in [post.name for post in load_world().checkpoints]


@pytest.mark.parametrize(
    ("right", "wrong", "wording"),
    [
        ("type: electronic}", "typ: electronic}", "the key of .*0 must be one of type, .*'typ'"),
        ("type: electronic}", "type: wax}", "policy.mine.changes.0.type must be one of plain, electronic, got 'wax'"),
        ("type: electronic}", "inspection: perhaps}", "changes.0.inspection must be true or false, got 'perhaps'"),
        ("share: 0.5", "share: 2", r"policy.mine.changes.2.share must lie in \[0, 1\], got 2"),
        ("factor: 1.5", "factor: many", "policy.mine.changes.3.factor must be a number, got 'many'"),
        ("kind: scale_search_cost", "kind: scale_cost", "changes.4.kind must be one of .*, got .*; did you mean"),
    ],
)
def test_a_mistake_in_a_lever_of_a_file_names_its_place(right, wrong, wording):
    assert right in WRITTEN
    with pytest.raises(ValueError, match=wording):
        policies_of(WRITTEN.replace(right, wrong))


def test_a_lever_that_does_not_fit_the_world_names_policy_and_world():
    (policy,) = policies_of(WRITTEN)
    with pytest.raises(ValueError, match=r"policy\.mine does not fit world=small: ChangeSeals must change"):
        check_policy(policy, PLAIN)
