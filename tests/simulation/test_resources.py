"""What a run asks of the machine: memory is estimated before it starts, and overloaded checkpoints are named."""

import warnings

import pytest
from small_worlds import post, road_world

from flowsim.simulation import resources
from flowsim.simulation.resources import OverloadWarning, memory_needed, require_memory
from flowsim.simulation.simulate import Plan, simulate

AMOUNT = {"engine": "compiled", "hours": 168.0, "years": 5, "processes": 1}


def test_a_run_that_does_not_fit_is_refused_with_what_it_needs_and_what_there_is():
    with pytest.raises(
        ValueError, match=r"fit into memory: .*traffic_years=.*, got about 2.0 GiB needed and 1.0 GiB free"
    ):
        require_memory(2 * 2**30, free=2**30)
    require_memory(2**30, free=2 * 2**30)


def test_simulation_refuses_before_it_starts(monkeypatch):
    monkeypatch.setattr(resources, "free_memory", lambda: 1000.0)
    steps = []
    with pytest.raises(ValueError, match="fit into memory"):
        simulate(
            road_world(post("gate", place="p1")), plan=Plan(replications=1), progress=lambda *step: steps.append(step)
        )
    assert not steps


def test_memory_grows_with_traffic_consignments_and_processes():
    world = road_world(post("gate", place="p1"), per_day=100.0)
    least = memory_needed(world, **AMOUNT)
    assert least > 0
    for more in ({"hours": 336.0}, {"years": 10}, {"processes": 2}, {"engine": "reference"}):
        assert memory_needed(world, **AMOUNT | more) > least
    twice = memory_needed(road_world(post("gate", place="p1"), per_day=200.0), **AMOUNT)
    assert least < twice < 2 * least


def test_free_memory_is_known_here():
    free = resources.free_memory()
    assert free is None or free > 2**20


def test_an_overloaded_checkpoint_is_named_with_its_utilisation():
    busy = road_world(post("gate", place="p1"), per_day=5000.0)
    with pytest.warns(
        OverloadWarning,
        match=r"checkpoint 'gate': its lanes .* have a mean utilisation of \d+ %; the queue is unstable",
    ):
        simulate(busy, plan=Plan(replications=1, horizon=24.0))


def test_nothing_is_said_of_a_world_that_can_do_its_work():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(road_world(post("gate", place="p1"), per_day=50.0), plan=Plan(replications=1, horizon=24.0))
