"""Devices whose alarms are followed up more than those of the devices of old: one rule, three engines."""

import math
from dataclasses import replace

import numpy as np
import pytest
from engines import ENGINES, followed
from random_worlds import small_world
from scipy.special import expit
from small_worlds import device, post, road_world, with_rings
from together import together

from flowsim.engine.expectation.engine import expect
from flowsim.policy.policy import AddCheckpoint
from flowsim.world.detection import Effort

TRANSFERS = (1.0, 0.0, 0.5)


def transferred(world, transfers=TRANSFERS):
    """World in which the devices of each checkpoint have these transfers in turn."""

    def changed(gate, c):
        tools = (replace(t, transfer=transfers[(c + d) % len(transfers)]) for d, t in enumerate(gate.devices))
        return replace(gate, devices=tuple(tools))

    effort = Effort(crossing=0.2, inside=0.3, south=0.4, almaty=0.1)
    posts = tuple(changed(gate, c) for c, gate in enumerate(world.checkpoints))
    return replace(world, checkpoints=posts, detection=replace(world.detection, effort=effort))


@together("number", range(40), sample=5)
def test_both_engines_follow_up_the_same_alarms(number):
    world, fleet = small_world(number, lattice=number % 2 == 0)
    world = transferred(world)
    first, second = (ENGINES[name].run(world, fleet).outcome for name in ("reference", "compiled"))
    assert first.equals(second)


@pytest.mark.slow
def test_some_of_these_worlds_have_alarms_of_every_level():
    levels = set()
    for number in range(40):
        world, fleet = small_world(number, lattice=False)
        levels |= set(np.unique(ENGINES["compiled"].run(transferred(world), fleet).outcome.alarm))
    assert {0, 1, 2} <= levels


def gate(*transfers, intercept=0.0):
    tools = (device(f"d{k}", intercept=intercept - k, transfer=t) for k, t in enumerate(transfers))
    return post("gate", place="p2", devices=tuple(tools), referral=1.0)


def with_effort(world, effort):
    level = Effort(crossing=effort, inside=effort, south=effort, almaty=effort)
    return replace(world, detection=replace(world.detection, effort=level))


@pytest.mark.parametrize("transfers", [(1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (0.25, 0.25), (0.0, 0.5)])
def test_the_closed_form_gives_the_share_that_follows_from_the_two_chances(transfers):
    effort, alarm = 0.09, expit([0.0, -1.0])
    world = with_effort(road_world(gate(*transfers)), effort)
    world = replace(world, detection=replace(world.detection, year_log_sd=0.0))
    found = expect(world)
    # An alarm of both devices is followed up as that of the one that is heeded more.
    order = np.argsort(transfers)
    first, second = order[0], order[1]
    share = alarm[first] * effort ** transfers[first] + (1 - alarm[first]) * alarm[second] * effort ** transfers[second]
    assert found.seized.sum() / found.entered.sum() == pytest.approx(share, rel=1e-9)


def test_the_engines_agree_in_the_mean():
    posts = (gate(1.0, 0.0), replace(gate(0.5, 1.0), name="other", place="p3", bribe=0.2))
    world = with_rings(
        with_effort(road_world(*posts, inflow=40_000.0), 0.2), rings=5, cases=10.0, tip=0.1, protected=0.3
    )
    expected = expect(world).seized.sum()
    consignments = followed(world, replications=range(40))
    years = consignments.seized.sum(axis=(1, 2))
    error = years.std(ddof=1) / math.sqrt(len(years))
    assert abs(years.mean() - expected) < 4 * error  # 6e-5 to fail by chance


def test_a_transfer_of_one_leaves_the_bits_as_they_are():
    world = road_world(post("a", place="p1", devices=(device(),), referral=0.5))
    old = replace(world.checkpoints[0], devices=(replace(device(), transfer=1.0),))
    assert replace(world, checkpoints=(old,)) == world
    assert world.efforts() == ((world.detection.effort.inside,),)


def test_a_policy_that_adds_a_post_whose_devices_work_as_they_should_adds_more():
    world = with_effort(road_world(gate(1.0)), 0.05)
    extra = [replace(gate(t), name="extra", place="p4") for t in (1.0, 0.5, 0.0)]
    mass = [expect(AddCheckpoint(checkpoint=p).apply(world)).seized.sum() for p in extra]
    assert mass[0] < mass[1] < mass[2]


def test_a_transfer_above_one_is_refused():
    with pytest.raises(ValueError, match=r"Device 'scanner': transfer must lie in \[0, 1\], got 1.5"):
        device(transfer=1.5)
