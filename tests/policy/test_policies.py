"""The policies: each acts on the world of 2010, says where its numbers come from, and composes with all others."""

import math
import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from amounts import rest_slow
from scipy.stats.contingency import odds_ratio
from small_worlds import device, post, road_world
from together import together

from flowsim import api
from flowsim.config import options
from flowsim.config.build import build_policies, build_world, check_policy, every_policy, world_numbers
from flowsim.config.compose import compose_config
from flowsim.config.options import conf_dir
from flowsim.engine.expectation.engine import expect
from flowsim.evidence import load_sources
from flowsim.evidence.controls import REPRESENTED_BY, load_controls
from flowsim.evidence.single_seizures import by
from flowsim.policy import added
from flowsim.policy.agencies import ScaleEffort, ScaleInflow
from flowsim.policy.catalogue import BARE, CHANGES, kind_of, says
from flowsim.policy.differences import differences
from flowsim.policy.policy import BASELINE, AddCheckpoint, Parameter, Policy, compose
from flowsim.policy.posts import AddPosts, ClosePosts, HandOver
from flowsim.policy.switch_off import NEUTRAL
from flowsim.simulation.simulate import Plan, simulate


@cache
def named():
    """Every policy by its name."""
    return {policy.name: policy for policy in every_policy()}


def others():
    """Every policy but the baseline."""
    return every_policy()[1:]


each = together("policy", others, ids=lambda policy: policy.name)

ASKED = (
    *("narcotics_boundaries", "narcotics_boundaries_3", "narcotics_boundaries_8", "ulken_only", "boundaries_rollout"),
    *("border_posts_25", "customs_union", "customs_union_joint_south", "tir_inspection", "tir_electronic_seal"),
    *("scanner_upgrade", "mobile_scanners", "search_liability_waived", "anti_corruption", "caricc", "operation_poppy"),
    *("kyrgyz_border_shift", "dog_teams", "rail_dwell", "evidence_destruction", "route_diversion"),
    "randomised_effort",
)


@pytest.fixture(scope="module")
def world():
    return build_world(compose_config())


@pytest.fixture(scope="module")
def other_world():
    return build_world(compose_config(["reading=posts_in_force"]))


def test_every_policy_of_the_sources_is_there():
    assert set(ASKED) <= set(named())
    assert every_policy()[0].name == "baseline"


@each
def test_each_policy_changes_the_world_of_2010(policy, world):
    changed = policy.apply(world)
    assert changed != world
    assert differences(world, changed)
    assert not differences(world, world)


@each
def test_each_policy_applies_under_the_other_reading_of_what_stood(policy, other_world):
    assert differences(other_world, policy.apply(other_world))


@each
def test_every_number_of_a_policy_is_a_parameter_with_its_origin(policy):
    held = {(use.change, use.field) for use in policy.uses}
    for index, change in enumerate(policy.changes):
        standard = {field.name: field.default for field in fields(change)}
        for name, value in vars(change).items():
            if isinstance(value, float) and value != standard[name]:
                assert (index, name) in held, f"{kind_of(change)}.{name}"
    for parameter in policy.parameters:
        assert parameter.kind == "reported" or parameter.is_uncertain
    assert all(policy.reasons), "each change says where its words come from"
    assert len(policy.reasons) == len(policy.changes)


@each
def test_the_documents_that_a_policy_names_are_those_of_the_ledger(policy):
    known = {key.removeprefix("fad-") for key in load_sources()}
    texts = [*policy.sources, *policy.reasons, *(parameter.source for parameter in policy.parameters)]
    for text in texts:
        named = re.findall(r"\b([a-z]+\d{4})\b(?= (?:\(in fad2016\) )?L\d)", text)
        assert set(named) <= known, text
        assert named or text.startswith("judgement") or "cable 07ASTANA3302" in text, text


@each
def test_a_policy_drawn_at_the_ends_of_its_intervals_applies(policy, world):
    for end in (0.0, 1.0):
        drawn = policy.drawn({parameter.name: end for parameter in policy.uncertain})
        drawn.apply(world)
        for parameter in drawn.uncertain:
            assert parameter.value == pytest.approx(parameter.high if end else parameter.low)


def test_all_pairs_compose():
    for pair in permutations(every_policy(), 2):
        both = compose(pair)
        assert both.name == "+".join(policy.name for policy in pair)
        assert both.changes == pair[0].changes + pair[1].changes
        drawn = both.drawn({parameter.name: 0.5 for parameter in both.uncertain})
        one = pair[1].drawn({parameter.name: 0.5 for parameter in pair[1].uncertain})
        assert drawn.changes[len(pair[0].changes) :] == one.changes


def test_pairs_apply_in_the_order_in_which_they_are_written(world):
    first, second = named()["narcotics_boundaries"], named()["caricc"]
    composed = compose([first, second])
    assert composed.name == "narcotics_boundaries+caricc"
    assert composed.apply(world) == second.apply(first.apply(world))
    read = compose(build_policies(compose_config(["policy=[narcotics_boundaries,caricc]"])))
    assert read == composed


@pytest.mark.slow
def test_most_pairs_apply_and_the_others_say_what_stands_in_the_way(world):
    refused = []
    for pair in permutations(others(), 2):
        try:
            compose(pair).apply(world)
        except ValueError as error:
            refused.append((pair[0].name, pair[1].name, str(error)))
    assert all(" must " in message for *_, message in refused)
    assert {tuple(sorted(names)) for *names, _ in refused} <= {
        ("customs_union", "customs_union_joint_south"),  # no customs post is left to hand over
        ("narcotics_boundaries_removed", "ulken_only"),  # no post is left whose search could be better
        ("kyrgyz_border_shift", "southern_border_strengthening"),  # a crossing would have two of a device
        ("narcotics_boundaries", "narcotics_boundaries_removed"),  # nothing is left to take the pattern from
        ("narcotics_boundaries_3", "narcotics_boundaries_removed"),
        ("narcotics_boundaries_8", "narcotics_boundaries_removed"),
        ("boundaries_rollout", "narcotics_boundaries_removed"),
        ("operation_poppy", "operation_poppy_ended"),  # no campaign is left to join
    }


# The world before and after ------------------------------------------------------------------------------------------

SMALL = Plan(replications=2, traffic_years=0.02, seed=5)


def same(one, other):
    return all(np.array_equal(one[name].values, other[name].values, equal_nan=True) for name in one.data_vars)


@pytest.mark.parametrize("engine", ["reference", "compiled", "expectation"])
def test_a_policy_that_changes_nothing_makes_no_difference_at_all(engine):
    gate = post("gate", place="p2", devices=(device(),), referral=0.3)
    small = road_world(gate, post("second", place="p3", devices=(device(),), referral=0.3), per_day=20.0)
    idle = Policy(name="idle", title="nothing", changes=(HandOver(to="Customs"),))
    found = simulate(small, policies=[BASELINE, idle], engine=engine, plan=SMALL)
    assert same(found.isel(policy=0), found.isel(policy=1))


def without_customs(world):
    return ClosePosts(borders=("RU",), agencies=("Customs",)).apply(world)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "expectation"])
def test_the_customs_line_removed_and_put_back_gives_the_bits_of_the_baseline(engine, world):
    removed = without_customs(world)
    gone = [gate for gate in world.checkpoints if gate not in removed.checkpoints]
    assert len(gone) == 16
    back = Policy(
        name="back",
        title="put back",
        changes=(
            ClosePosts(borders=("RU",), agencies=("Customs",)),
            *(AddCheckpoint(checkpoint=gate) for gate in gone),
        ),
    )
    found = simulate(world, policies=[BASELINE, back], engine=engine, plan=SMALL)
    for name in ("seized_mass_by_checkpoint", "leaked_mass", "delay", "expected_leaked_mass"):
        if name in found:
            assert np.array_equal(*(found[name].isel(policy=k).values for k in range(2)), equal_nan=True), name
    restored = back.apply(world)
    order = {gate.name: k for k, gate in enumerate(world.checkpoints)}
    assert tuple(sorted(restored.checkpoints, key=lambda gate: order[gate.name])) == world.checkpoints


def test_a_line_handed_over_and_back_is_the_line_of_before(world):
    names = tuple(gate.name for gate in world.checkpoints if gate.border == "RU" and gate.agency == "Customs")
    there = HandOver(checkpoints=names, to="Border Guards").apply(world)
    assert there != world
    assert HandOver(checkpoints=names, to="Customs").apply(there) == world


def test_the_plan_in_steps_has_one_post_then_three_then_nine():
    rollout = named()["boundaries_rollout"]
    counts = []
    for year in (2009, 2010, 2011):
        world = build_world(compose_config([f"world.year={year}"]))
        counts.append(1 + len(rollout.apply(world).checkpoints) - len(world.checkpoints))
    assert counts == [1, 3, 9]


def test_of_nine_posts_six_stand_on_roads_and_three_on_railways(world):
    after = named()["narcotics_boundaries"].apply(world)
    names = {gate.name for gate in world.checkpoints} - {"ulken"}
    modes = [gate.mode for gate in after.checkpoints if gate.name not in names]
    assert (modes.count("road"), modes.count("rail")) == (6, 3)


def test_the_site_of_the_ninth_post_is_drawn(world):
    policy = named()["narcotics_boundaries"]
    ninth = {
        policy.drawn({"narcotics_boundaries.ninth": u}).apply(world).checkpoints[-1].place for u in (0, 0.3, 0.6, 1)
    }
    assert len(ninth) == 4


@pytest.fixture(scope="module")
def seized_before(world):
    """Mass seized without any policy."""
    return expect(world).seized[0].sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["narcotics_boundaries", "mobile_scanners", "scanner_upgrade", "dog_teams"])
def test_an_asset_shares_the_practice_of_the_posts_that_it_joins(name, world, seized_before):
    policy = named()[name]
    heeded = ScaleEffort(factor=10.0)  # practice is better at every post, so that the asset is worth more
    seized = [expect(policy.apply(one)).seized[0].sum() for one in (world, heeded.apply(world))]
    assert seized_before < seized[0]
    assert seized[0] - seized_before < seized[1] - expect(heeded.apply(world)).seized[0].sum()


def test_a_parameter_can_be_set_on_the_command_line(world):
    typed = "policy.narcotics_boundaries.parameters.ninth.value=0.25"
    (policy,) = build_policies(compose_config(["policy=narcotics_boundaries", typed]), typed=[typed])
    assert policy == named()["narcotics_boundaries"].having({"narcotics_boundaries.ninth": 0.25})
    with pytest.raises(ValueError, match=r"ninth.value must be the median of its law, 0.5 to two digits, .*, got 0.25"):
        build_policies(compose_config(["policy=narcotics_boundaries", typed]))


# Parameters ----------------------------------------------------------------------------------------------------------


def parameter(**given):
    known = {"name": "p.x", "value": 2.0, "kind": "assumed", "source": "judgement: made up", "low": 1.0, "high": 4.0}
    return Parameter(**(known | given))


@pytest.mark.parametrize(
    ("law", "middle"),
    [
        ("uniform", 2.5),
        ("log-uniform", 2.0),
        ("triangular", 4 - math.sqrt(0.5 * 3 * 2)),
        ("log-triangular", 2.0),
    ],
)
def test_a_law_spreads_a_parameter_over_its_interval(law, middle):
    spread = parameter(law=law)
    assert [spread.drawn(u) for u in (0, 0.5, 1)] == pytest.approx([1.0, middle, 4.0])
    values = [spread.drawn(u) for u in np.linspace(0, 1, 50)]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("given", "central"),
    [
        ({"value": 2.5}, True),
        ({"value": 2.4}, False),
        ({"value": 2.0, "law": "log-uniform"}, True),
        ({"value": 2.5, "law": "log-uniform"}, False),
        ({"value": 1.0, "law": "triangular"}, True),
        ({"value": 3.5, "law": "log-triangular"}, True),
        ({"value": 0.0, "low": -1.0, "high": 1.0}, True),
        ({"value": 370_000.0, "low": 78_000.0, "high": 1_800_000.0, "law": "log-uniform"}, True),
        ({"value": 3.0, "low": 3.0, "high": 3.0}, True),
    ],
)
def test_a_value_is_central_if_it_is_the_median_to_two_digits_or_the_mode(given, central):
    assert parameter(**given).is_central is central


def test_what_is_reported_without_an_interval_is_not_drawn():
    reported = parameter(kind="reported", source="cable2005 L51", low=None, high=None)
    assert not reported.is_uncertain
    assert reported.drawn(0.9) == 2.0


@pytest.mark.parametrize(
    ("given", "wording"),
    [
        ({"low": 3.0, "high": 1.0}, "'p.x': high must be at least low"),
        ({"value": 5.0}, r"'p.x': value must lie in its interval \[1, 4\], got 5.0"),
        ({"low": None, "high": None}, "'p.x': low must be given where the number is assumed"),
        ({"high": None}, "'p.x': high must be given where low is"),
        ({"law": "normal"}, "law must be one of uniform, log-uniform, triangular, log-triangular, got 'normal'"),
        ({"law": "log-uniform", "low": 0.0}, "'p.x': low must be above 0 for a log-uniform law"),
        ({"kind": "guessed"}, "kind must be one of"),
        ({"kind": "reported"}, "source must name a document where kind is reported"),
    ],
)
def test_a_bad_parameter_is_refused(given, wording):
    with pytest.raises(ValueError, match=wording):
        parameter(**given)


def test_an_unknown_parameter_is_refused_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"parameter must be one of .*, got 'caricc.case'; did you mean 'caricc.cases'"
    ):
        named()["caricc"].drawn({"caricc.case": 0.5})
    with pytest.raises(ValueError, match=r"quantile of 'caricc.cases' must lie in \[0, 1\], got 2"):
        named()["caricc"].drawn({"caricc.cases": 2})


# Files that are refused ----------------------------------------------------------------------------------------------

GOOD = """\
# @package policy.mine
title: mine
sources: [cable2005 L51]
in_force: false
parameters:
  factor: {value: 2, kind: assumed, low: 1, high: 3, source: "judgement: mine"}
changes:
  - kind: scale_referral
    checkpoints: [ulken]
    factor: {parameter: factor}
    source: "judgement: mine"
"""


def read(tmp_path, text):
    (tmp_path / "policy").mkdir(exist_ok=True)
    (tmp_path / "policy" / "mine.yaml").write_text(text, encoding="utf-8")
    return build_policies(compose_config(["policy=mine"], config_dir=tmp_path))


def test_a_file_of_ones_own_is_read(tmp_path, world):
    (policy,) = read(tmp_path, GOOD)
    assert [parameter.name for parameter in policy.uncertain] == ["mine.factor"]
    assert policy.reasons == ("judgement: mine",)
    assert differences(world, policy.apply(world))


@pytest.mark.slow
@together(
    "old, new, wording",
    [
        ("# @package policy.mine\n", "", "begin with the line '# @package policy.mine'"),
        ("scale_referral", "scale_refferal", r"policy.mine.changes.0.kind must be .*; did you mean 'scale_referral'"),
        ("checkpoints:", "checkpoint:", r"key of policy.mine.changes.0 must be .*; did you mean 'checkpoints'"),
        ("parameter: factor", "parameter: facto", r"changes.0.factor.parameter must be one of factor, .*'facto'"),
        ("{parameter: factor}", "2.0", r"policy.mine.parameters.factor must stand in a change"),
        ("low: 1, high: 3", "low: 3, high: 1", r"policy.mine.parameters.factor.high must be at least low"),
        ("value: 2", "value: 7", r"policy.mine.parameters.factor.value must lie in its interval \[1, 3\], got 7"),
        (", low: 1, high: 3", "", "policy.mine.parameters.factor.low must be given where the number is assumed"),
        ("kind: assumed, ", "", "policy.mine.parameters.factor.kind must be given"),
        ("in_force: false", "in_forse: false", "key of policy.mine must be one of .*did you mean 'in_force'"),
        ("sources: [cable2005 L51]", "sources: []", "policy.mine.sources must name a source"),
        ("kind: scale_referral", "title: x", "policy.mine.changes.0 must be a mapping with a kind"),
        ('low: 1, high: 3, source: "judgement: mine"', "low: 1, high: 3", "parameters.factor.source must be given"),
    ],
    sample=4,
)
def test_a_bad_file_is_refused_in_its_place(old, new, wording, tmp_path):
    assert old in GOOD
    with pytest.raises(ValueError, match=wording):
        read(tmp_path, GOOD.replace(old, new, 1))


CHANGE = GOOD.partition("parameters:")[0] + "changes:\n  - "


@pytest.mark.slow
@together(
    "change, wording",
    [
        (
            "{kind: add_posts, places: [ulken], like: ulken}",
            "new post at ulken must be at a place without one, .*ulken",
        ),
        ("{kind: add_posts, places: [ulke], like: ulken}", "place of a post must be .*; did you mean 'ulken'"),
        ("{kind: add_posts, places: [otar], like: ulke}", "pattern of a post must be .*; did you mean 'ulken'"),
        ("{kind: add_posts, places: [otar], like: ulken, devices: [xrai]}", "device must be .* did you mean 'xray"),
        ("{kind: close_posts, checkpoints: [nowhere]}", "checkpoint must be one of .*, got 'nowhere'"),
        ("{kind: improve_device, checkpoints: [ulken], device: xray, towards: xray-portal}", "'ulken' must have a dev"),
        (
            "{kind: place_devices, device: dog, checkpoints: [ulken], count: 1, works: 1}",
            "go to .* without one, .*ulken",
        ),
        ("{kind: move_devices, device: xray, origins: [ulken], targets: [otar]}", "checkpoint must be .*'otar'"),
        ("{kind: move_devices, device: xray, origins: [ulken], targets: [auyl-road]}", "'ulken' must have a device"),
        ("{kind: add_search_posts, modes: [road], units: 99, search: manual}", "units must be at most the"),
        ("{kind: end_campaign, name: operation-popy}", "campaign must be one of .*did you mean 'operation-poppy'"),
        ("{kind: hand_over, borders: [XX]}", "border must be one of"),
        ("{kind: scale_wagons, checkpoints: [ulken], factor: 2.0}", "checkpoint 'ulken' must control rail, got 'road'"),
        ("{kind: scale_inflow, factor: 1.2}", "policy 'mine' must leave what enters the country as it is, or say"),
    ],
)
def test_a_change_that_does_not_apply_is_refused_by_name(change, wording, tmp_path, world):
    (policy,) = read(tmp_path, CHANGE + change + "\n")
    with pytest.raises(ValueError, match=f"policy.mine does not fit world=kazakhstan_2010: .*{wording}"):
        check_policy(policy, world)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "wording"),
    [
        ("{kind: close_posts}", "ClosePosts must say which|changes.0 must say which"),
        ("{kind: scale_effort, factor: 2.0, classes: [insied]}", "must be one of .*did you mean 'inside'"),
        ("{kind: scale_corruption, agencies: [KGB]}", "must be one of .*, got 'KGB'"),
        ("{kind: set_release, share: 1.5}", r"share must lie in \[0, 1\], got 1.5"),
        ("{kind: improve_device, device: xray, towards: xray-portal, quality: 2.0}", r"quality must lie in \[0, 1\]"),
        ("{kind: add_posts, places: [otar], like: ulken, existing: maybe}", "existing must be one of refuse, keep"),
        ("{kind: change_seals, notice: 0.5, inspection: true}", "type must be given where notice is"),
    ],
)
def test_a_change_that_is_wrong_in_any_world_is_refused_as_it_is_read(change, wording, tmp_path):
    with pytest.raises(ValueError, match=wording):
        read(tmp_path, CHANGE + change + "\n")


def test_a_policy_changes_the_flow_only_if_it_says_so(world):
    more = Policy(name="more", title="more", changes=(ScaleInflow(factor=1.1),))
    with pytest.raises(ValueError, match="changes_flow: true"):
        more.apply(world)
    assert replace(more, changes_flow=True).apply(world).traffic.inflow == pytest.approx(1.1 * world.traffic.inflow)
    assert [policy.name for policy in every_policy() if policy.changes_flow] == ["route_diversion"]


# What the sources speak of -------------------------------------------------------------------------------------------

CONTROLS = load_controls()


def numbers():
    composed = compose_config()
    return {(n.table, n.key) for n in world_numbers(composed, build_world(composed))}


@pytest.fixture(scope="module")
def known():
    return numbers()


@together("control", CONTROLS.values(), ids=lambda control: control.control)
def test_each_control_of_the_sources_is_a_policy_a_mechanism_or_a_number(control, known):
    if control.represented_by == "policy":
        assert control.name in named()
    elif control.represented_by == "mechanism":
        assert control.name in NEUTRAL
    else:
        table, _, key = control.name.partition(":")
        folder = conf_dir().parent / "src" / "flowsim" / "data" / "worlds" / "kazakhstan_2010"
        in_words = table in ("routes_excluded",) and f"\n{key}," in (folder / f"{table}.csv").read_text("utf-8")
        assert in_words or any(t == table and (k == key or k.startswith(f"{key}/")) for t, k in known)


def test_the_controls_are_those_of_the_evidence():
    assert len(CONTROLS) == 52
    assert {control.represented_by for control in CONTROLS.values()} == set(REPRESENTED_BY)


# What is shown -------------------------------------------------------------------------------------------------------


def test_every_kind_of_change_is_documented_and_in_the_guide():
    text = (conf_dir().parent / "docs" / "policies.md").read_text(encoding="utf-8")
    for kind in CHANGES:
        assert says(kind).endswith((".", ";", ":"))
        assert f"`{kind}`" in text
    for policy in every_policy():
        assert f"`{policy.name}`" in text
    assert set(BARE) <= set(CHANGES)


def test_kinds_are_dataclasses_whose_numbers_a_parameter_can_hold():
    assert all(is_dataclass(cls) for cls in CHANGES.values())
    assert [policy.name for policy in every_policy() if any(kind_of(c) in BARE for c in policy.changes)] == [
        "incentives"
    ]


@pytest.mark.slow
def test_a_policy_is_loaded_by_name():
    assert api.load_policy("caricc+dog_teams").name == "caricc+dog_teams"
    assert set(options.options("policy", folders=[conf_dir()])) == set(named())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["narcotics_boundaries", "customs_union_joint_south"])
def test_both_engines_have_the_same_bits_under_a_policy(name, world):
    plan = Plan(replications=3, traffic_years=0.02, seed=2)
    one, other = (simulate(world, policies=[named()[name]], engine=e, plan=plan) for e in ("reference", "compiled"))
    assert same(one, other)


@pytest.mark.parametrize(
    ("reading", "name", "words"),
    rest_slow(
        [
            ("posts_absent", "narcotics_boundaries", "adds 8 posts to 1 that stands already (Ulken)"),
            ("posts_absent", "narcotics_boundaries_8", "adds 7 posts to 1 that stands already (Ulken)"),
            ("posts_absent", "boundaries_rollout", "adds 2 posts to 1 that stands already (Ulken)"),
            ("posts_absent", "narcotics_boundaries_removed", "closes 1 post (Ulken)"),
            ("posts_absent", "ulken_only", "closes no post, as none that it names stands"),
            ("posts_absent", "caricc", ""),
            ("posts_in_force", "narcotics_boundaries_3", "adds 1 post to 2 that stand already (Ulken, Kyzyltu)"),
            ("posts_in_force", "narcotics_boundaries", "adds 2 posts to 7 that stand already (Ulken, Syrdarya, .*)"),
        ],
        quick=2,
    ),
)
def test_what_a_policy_adds_is_counted_in_the_world_and_the_reading(reading, name, words):
    there = build_world(compose_config([f"reading={reading}"]))
    policy = named()[name]
    assert re.fullmatch(words.replace("(", r"\(").replace(")", r"\)"), added.said(policy, there))
    new, old = ({post.name for post in one.checkpoints} for one in (policy.apply(there), there))
    assert added.posts(policy, there) == len(new - old) - len(old - new)
    assert added.entitled(policy, there) == (f"{policy.title}: {added.said(policy, there)}" if words else policy.title)
    # A post that stands and is named by the policy stays as it is.
    without = [
        replace(change, places=tuple(place for place in change.places if place != "ulken"))
        for change in policy.changes
        if isinstance(change, AddPosts) and set(change.places) > {"ulken"}
    ]
    for change in without:
        ready = next(
            one for one in policy.changes if isinstance(one, AddPosts) and set(one.places) > set(change.places)
        )
        assert change.apply(there) == ready.apply(there)


def test_devices_and_campaigns_that_are_there_already_are_told_from_those_that_come(world):
    having = {post.name for post in world.checkpoints if any(tool.name == "dog" for tool in post.devices)}
    inside = [post for post in world.checkpoints if post.type == "internal" and post.mode == "road"]
    there = sum(post.name in having for post in inside)
    words = f"adds dog team at {len(inside) - there} posts, besides {there} that have one"
    assert added.said(named()["dog_teams"], world) == words
    words = "adds Customs and KNB to operation-poppy, which Committee holds already"
    assert added.said(named()["operation_poppy"], world) == words
    assert added.said(named()["border_posts_25"], world) == "adds search post at 25 posts"


def test_a_title_of_a_policy_that_does_not_fit_stands_alone():
    small = api.load_world("single_checkpoint")
    assert added.entitled(named()["narcotics_boundaries"], small) == named()["narcotics_boundaries"].title


LINE = ("Aktobe", "Atyrau", "East Kazakhstan", "Kostanay", "North Kazakhstan", "Pavlodar", "West Kazakhstan")
"""Oblasts on the border with Russia."""


@pytest.mark.parametrize("name", ["customs_union", "customs_union_joint_south"])
def test_what_is_kept_without_customs_is_what_finds_on_the_line_allow(name):
    """The counts quoted as its source, and the least that the exact interval of their odds ratio allows."""
    told = {"country": "Kazakhstan", "drug": "heroin", "place_kind": "border_crossing"}
    line, every = (
        [sum(count for count, _ in by(**told, year=years, **where).values()) for years in ((2011,), (2012, 2014))]
        for where in ({"region": LINE}, {})
    )
    (kept,) = (one for one in named()[name].parameters if one.name == f"{name}.kept")
    assert f"{line[0]} of {every[0]} were in oblasts of the Russian line in 2011" in kept.source
    assert f"{line[1]} of {every[1]} in 2012 and 2014" in kept.source
    others = [all_ - there for all_, there in zip(every, line, strict=True)]
    found = odds_ratio([[line[1], others[1]], [line[0], others[0]]])
    assert found.statistic > 1  # no fall shows
    assert kept.low <= found.confidence_interval(0.95, "greater").low < kept.value
