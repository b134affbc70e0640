"""Fruitless searches in closed form, against a simulation and against a budget worked out by hand."""

import math
from dataclasses import replace

import pytest

import flowsim as fs
from flowsim.evidence import reported
from flowsim.studies.fruitless import fruitless, text


def test_they_are_those_that_a_simulation_counts():
    """In a year of traffic at one checkpoint whose queue stays short; four standard errors, chance 6e-5."""
    plain = fs.load_world("single_checkpoint")
    (post,) = plain.checkpoints
    devices = tuple(replace(device, specificity=0.8) for device in post.devices)
    detection = replace(plain.detection, search_cost=100.0, compensation=500.0)
    world = replace(plain, checkpoints=(replace(post, devices=devices),), detection=detection)
    run = fs.simulate(world, replications=1, traffic_years=1, seed=3)
    (found,) = fruitless(world)
    for expected, name in ((found.referrals, "referrals"), (found.alarms, "false_alarms")):
        assert float(run[name].sum()) == pytest.approx(expected, abs=4 * math.sqrt(expected))
    assert float(run["cost"].sum()) == pytest.approx(found.cost, abs=4 * found.cost / math.sqrt(found.alarms))


def test_each_agency_has_its_posts_and_the_committee_what_it_asked_for():
    world = fs.load_world("kazakhstan_2010")
    found = {each.agency: each for each in fruitless(world)}
    assert set(found) == {post.agency for post in world.checkpoints}
    committee = found["Committee"]
    price = world.detection.search_cost + world.detection.compensation
    assert committee.cost == pytest.approx(committee.alarms * price)
    a_year = reported("cb05-budget-request") * 1e6 / 3
    lines = " ".join(" ".join(text(world)).split())
    assert "asked for 16.5 million USD for all its work of 2006 to 2008 (cable2005, para 6 (printed 16), L45)" in lines
    assert f"would take {100 * committee.cost / a_year:.0f} % of a year's part" in lines
    assert "Printed beside it" not in " ".join(text(fs.load_world("single_checkpoint")))
