"""What policies cost: arithmetic by hand, units from the world, what is unknown, and what is refused."""

from dataclasses import replace
from functools import cache

import pytest
from small_worlds import device, post, road_world
from together import together

from flowsim.config.build import build_policies, build_world, every_policy
from flowsim.config.compose import compose_config
from flowsim.config.options import conf_dir
from flowsim.policy.annual_cost import PER, Cost, annual_cost, annual_costs, annual_interval
from flowsim.policy.devices import MoveDevices, PlaceDevices, ScaleSearch
from flowsim.policy.policy import BASELINE, Policy, compose
from flowsim.policy.posts import AddPosts, ClosePosts, HandOver
from flowsim.policy.procedures import ScaleCapacity


@cache
def named():
    """Every policy by its name."""
    return {policy.name: policy for policy in every_policy()}


each = together("policy", every_policy, ids=lambda policy: policy.name)
JUDGED = {"kind": "assumed", "source": "judgement: made up"}


@pytest.fixture(scope="module")
def world():
    return build_world(compose_config())


def item(**given):
    known = {"what": "a thing", "per": "policy", "running": 10.0} | JUDGED
    return Cost(**(known | given))


def small():
    tools = (device("scanner"),)
    gates = (post("gate", place="p1", devices=tools), post("other", place="p3", bays=2), post("third", place="p4"))
    return road_world(*gates, per_day=2.0, classes=("tir",))


def yearly(*costs, changes=(), world=None):
    before = world or small()
    policy = Policy(name="p", title="p", changes=changes or (HandOver(to="Customs"),), costs=costs)
    return annual_cost(policy, before, policy.apply(before))


# Arithmetic ----------------------------------------------------------------------------------------------------------


def test_capital_is_spread_over_its_life_and_running_is_added():
    assert yearly(item(capital=1000.0, life=4.0, running=30.0)) == 1000 / 4 + 30
    assert yearly(item(capital=1000.0, life=4.0, running=0.0)) == 250
    assert yearly(item(running=-30.0)) == -30
    assert yearly(item(running=30.0), item(capital=10.0, life=1.0, running=0.0)) == 40


def test_officers_are_those_that_are_given_for_a_part_of_the_year():
    assert yearly(item(per="officer", units=12.0, running=100.0, share=0.25)) == 300
    assert yearly(item(per="officer", units=12.0, running=100.0, share=0.25, saved=True)) == -300
    assert yearly(item(per="officer", units=12.0, running=100.0, capital=50.0, life=5.0, saved=True)) == -1200


def test_posts_are_counted_in_the_world():
    cost = item(per="post", capital=1000.0, life=10.0, running=7.0)
    opened = AddPosts(places=("p0", "p2", "p5"), like="gate")
    assert yearly(cost, changes=(opened,)) == 3 * (100 + 7)
    kept = AddPosts(places=("p0", "p1"), like="gate", existing="keep")
    assert yearly(cost, changes=(kept,)) == 100 + 7, "a post that stands costs nothing more"


def test_of_posts_that_are_closed_the_running_cost_is_saved_and_the_capital_is_not():
    cost = item(per="post", capital=1000.0, life=10.0, running=7.0)
    assert yearly(cost, changes=(ClosePosts(checkpoints=("gate", "other")),)) == -14


def test_lanes_and_bays_are_counted_in_the_world():
    doubled = ScaleCapacity(factor=2.0)
    assert yearly(item(per="bay", running=5.0), changes=(doubled,)) == 4 * 5
    assert yearly(item(per="lane", running=5.0), changes=(doubled,)) == 3 * 5
    wider = ScaleCapacity(factor=2.0, checkpoints=("other",))
    assert yearly(item(per="post changed", running=5.0), changes=(wider,)) == 5


@pytest.mark.parametrize(("units", "expected"), [(None, 2), (1.0, 1), (0.5, 0.5), (9.0, 2)])
def test_devices_are_those_that_were_placed_and_no_more_than_there_are(units, expected):
    placed = PlaceDevices(device="scanner", checkpoints=("other", "third"), count=1.0, works=1.0)
    cost = item(per="device", device="scanner", units=units, capital=60.0, life=6.0, running=1.0)
    assert yearly(cost, changes=(placed,)) == pytest.approx(expected * 11)


def test_devices_that_move_or_find_otherwise_are_counted():
    moved = MoveDevices(device="scanner", origins=("gate",), targets=("other",))
    better = ScaleSearch(device="scanner", odds=2.0)
    costs = [item(per=per, device="scanner") for per in ("device", "device moved", "device changed")]
    for change, expected in ((moved, (0, 10, 0)), (better, (0, 0, 10))):
        policy = Policy(name="p", title="p", changes=(change,), costs=tuple(costs))
        assert annual_costs(policy, small(), policy.apply(small())) == expected


def test_trucks_under_seal_are_those_of_a_year():
    assert yearly(item(per="TIR truck", running=0.5)) == 0.5 * 2 * 365
    assert yearly(item(per="TIR truck", running=0.5), world=road_world(post("gate", place="p1"), per_day=2.0)) == 0


def test_a_device_that_the_world_lacks_is_refused():
    with pytest.raises(ValueError, match=r"must be .*'skanner'"):
        yearly(item(per="device", device="skanner"))


# What is unknown, and compositions -----------------------------------------------------------------------------------

ONE = Policy(
    name="one",
    title="one",
    changes=(AddPosts(places=("p0",), like="gate", existing="keep"),),
    costs=(item(per="post", running=7.0),),
)
TWO = Policy(
    name="two",
    title="two",
    changes=(AddPosts(places=("p0", "p2"), like="gate", existing="keep"),),
    costs=(item(per="post", running=100.0),),
)


def costs_of(policy):
    return annual_cost(policy, small(), policy.apply(small()))


def test_an_unknown_cost_is_none_and_not_zero():
    unknown = replace(ONE, costs=(), costs_unknown="nobody says")
    for policy in (unknown, replace(unknown, costs_unknown="")):
        assert policy.cost_is_unknown
        assert costs_of(policy) is None
        assert annual_interval(policy, small(), policy.apply(small())) is None
    both = compose([unknown, TWO])
    assert costs_of(both) is None
    assert both.costs_unknown == "one: nobody says"
    assert costs_of(BASELINE) == 0
    assert costs_of(compose([BASELINE, ONE])) == 7


def test_each_part_of_a_composition_is_counted_over_its_own_changes():
    assert (costs_of(ONE), costs_of(TWO)) == (7, 200)
    assert costs_of(compose([ONE, TWO])) == 7 + 100
    assert costs_of(compose([TWO, ONE])) == 200
    assert costs_of(compose([compose([ONE, BASELINE]), TWO])) == 7 + 100


# The files -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@each
def test_each_policy_has_costs_or_says_why_not(policy, world):
    after = policy.apply(world)
    assert bool(policy.costs) + bool(policy.costs_unknown) + (policy == named()["baseline"]) == 1
    found, ends = annual_cost(policy, world, after), annual_interval(policy, world, after)
    if policy.costs_unknown:
        assert (found, ends) == (None, None)
    else:
        assert ends[0] <= found <= ends[1]
    for index, cost in enumerate(policy.costs):
        held = {use.field for use in policy.cost_uses if use.change == index}
        assert {name for name in ("capital", "running") if getattr(cost, name)} <= held, "amounts are parameters"
        assert cost.counted(world, after) != 0 or policy.name == "ulken_only"


@pytest.mark.slow
@each
def test_assumed_amounts_vary_by_factors_and_reported_ones_are_in_the_ledger(policy):
    for parameter in policy.of_costs.parameters:
        if parameter.unit == "USD":
            assert (parameter.law.startswith("log-") and parameter.high >= 3 * parameter.low) or (
                parameter.kind == "reported"
            )


@pytest.mark.slow
def test_a_price_is_the_same_wherever_it_stands():
    seen = {}
    for policy in every_policy():
        for parameter in policy.of_costs.parameters:
            if parameter.unit == "USD":
                known = (parameter.value, parameter.low, parameter.high, parameter.law, parameter.source)
                assert seen.setdefault(parameter.name.partition(".")[2], known) == known, parameter.name


def test_the_centre_costs_what_the_cable_prints(world):
    policy = named()["caricc"]
    assert annual_cost(policy, world, policy.apply(world)) == pytest.approx(6.5e6 / 4)


def test_eight_posts_are_paid_for_as_ulken_stands(world):
    policy = named()["narcotics_boundaries"]
    assert annual_cost(policy, world, policy.apply(world)) == pytest.approx(8 * (370_000 / 20 + 40_000))
    removed = named()["narcotics_boundaries_removed"]
    assert annual_cost(removed, world, removed.apply(world)) == -40_000


def test_costs_are_drawn_and_typed_like_all_numbers(world):
    policy = named()["committee_staff"]
    name = "committee_staff.officer_running"
    assert name in {parameter.name for parameter in policy.uncertain}
    after = policy.apply(world)
    assert annual_cost(policy.drawn({name: 1.0}), world, after) == pytest.approx(171 * 20_000)
    assert annual_cost(policy.having({name: 10_000.0}), world, after) == 1_710_000
    low, high = annual_interval(policy, world, after, level=1.0)
    assert 171 * 3_000 <= low < high <= 171 * 20_000
    assert policy.of_changes.apply(world) == after
    assert name not in {parameter.name for parameter in policy.of_changes.parameters}


def test_the_guide_says_what_can_be_counted():
    text = (conf_dir().parent / "docs" / "policies.md").read_text(encoding="utf-8")
    assert all(f"`{per}`" in text for per in PER)


# What is refused -----------------------------------------------------------------------------------------------------

GOOD = """\
# @package policy.mine
title: mine
sources: [cable2005 L51]
in_force: false
parameters:
  price: {value: 20, unit: USD, kind: assumed, low: 10, high: 30, law: triangular, source: "judgement: mine"}
changes:
  - {kind: hand_over, borders: [RU], to: Customs, source: "judgement: mine"}
costs:
  - what: a thing
    per: device
    device: dog
    capital: {parameter: price}
    running: 2
    life: 4
    kind: assumed
    source: "judgement: mine"
"""


def read(tmp_path, text):
    (tmp_path / "policy").mkdir(exist_ok=True)
    (tmp_path / "policy" / "mine.yaml").write_text(text, encoding="utf-8")
    (policy,) = build_policies(compose_config(["policy=mine"], config_dir=tmp_path))
    return policy


def test_a_file_of_ones_own_is_read(tmp_path):
    (cost,) = read(tmp_path, GOOD).costs
    assert (cost.capital, cost.life, cost.running, cost.per, cost.device) == (20, 4, 2, "device", "dog")


@pytest.mark.slow
@together(
    "old, new, wording",
    [
        ("life: 4", "life: -4", r"policy.mine.costs.0.life must be a finite number above 0, got -4"),
        ("    life: 4\n", "", r"policy.mine.costs.0.life must be given where capital is, and not without, got None"),
        ("per: device", "per: devise", r"policy.mine.costs.0.per must be one of policy, .*'devise'; did you mean 'dev"),
        ("per: device", "per: post", r"policy.mine.costs.0.device must be given where per is one of .*, got 'dog'"),
        ("    device: dog\n", "", r"policy.mine.costs.0.device must be given where per is one of .*, got ''"),
        ("per: device\n    device: dog", "per: officer", r"costs.0.units must be given where per is officer, .*None"),
        ("low: 10, high: 30", "low: 30, high: 10", r"policy.mine.parameters.price.high must be at least low"),
        (
            "unit: USD",
            "unit: kg",
            r"policy.mine.costs.0.capital must be in USD, as 'mine.price' stands there, got 'kg'",
        ),
        ("parameter: price", "parameter: prize", r"costs.0.capital.parameter must be one of price, got 'prize'"),
        ("capital: {parameter: price}", "capital: 3", r"parameters.price must stand in a change or a cost"),
        ("running: 2", "runnings: 2", r"key of policy.mine.costs.0 must be one of .*did you mean 'running'"),
        ("running: 2", "running: 2\n    share: 1.5", r"policy.mine.costs.0.share must lie in \[0, 1\], got 1.5"),
        ("running: 2", "running: 2\n    units: -1", r"costs.0.units must be a finite number of at least 0, got -1"),
        ("what: a thing", 'what: ""', r"policy.mine.costs.0.what must say what is paid for"),
        ("costs:\n", "costs_unknown: nobody says\ncosts:\n", r"policy.mine.costs_unknown must be left out where costs"),
        ("  - what: a thing", "  - a thing\n  - what: a thing", r"policy.mine.costs.0 must be a mapping"),
    ],
    sample=5,
)
def test_a_bad_cost_is_refused_in_its_place(old, new, wording, tmp_path):
    assert old in GOOD
    with pytest.raises(ValueError, match=wording):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_neither_costs_nor_a_reason_is_refused_where_the_list_is_empty(tmp_path):
    head = GOOD.partition("parameters:")[0] + "changes:" + GOOD.partition("changes:")[2].partition("costs:")[0]
    with pytest.raises(ValueError, match=r"policy.mine.costs_unknown must say why no cost can be named .*, got ''"):
        read(tmp_path, head + "costs: []\n")
    assert read(tmp_path, head + "costs: []\ncosts_unknown: nobody says\n").costs_unknown == "nobody says"
    assert read(tmp_path, head).cost_is_unknown


def test_a_cost_without_an_amount_is_refused():
    with pytest.raises(ValueError, match=r"Cost.capital must be given where running is not.*got 0"):
        item(running=0.0)
    with pytest.raises(ValueError, match=r"policy 'one': costs_unknown must be left out where costs are given"):
        replace(ONE, costs_unknown="nobody says")
