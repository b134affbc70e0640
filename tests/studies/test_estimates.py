"""What a study says that it will take before it begins, and how it says how far it is where there is no terminal."""

from __future__ import annotations

import re
import time

import pytest
from omegaconf import OmegaConf

import flowsim as fs
from flowsim import task
from flowsim.config.builder import request_of
from flowsim.config.compose import compose_config
from flowsim.studies import estimates, terminal
from flowsim.studies.calibrate import OF_POPULATIONS

SMALL = ("world=two_routes", "workers=1")


def asked(*typed):
    """Request of a command."""
    composed = compose_config(typed)
    own = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return request_of(own, hydra=composed.hydra, command="", typed=typed, stamped=False)


def test_the_visits_of_a_plan_are_those_that_are_simulated():
    request = asked(*SMALL, "replications=2", "traffic_years=0.02", "horizon=8760")
    results = fs.simulate(request.world, replications=2, traffic_years=0.02, seed=3)
    weeks = 168 / 8760  # results are scaled from the week that is simulated to a year
    simulated = float(results["vehicles"].sum()) * weeks * (168 + request.world.warm_up) / 168
    expected = estimates.traffic(request)
    assert expected == pytest.approx(simulated, abs=5 * expected**0.5)  # Poisson: five standard errors, 6e-7
    assert expected < estimates.visits(request)


@pytest.mark.slow
def test_the_work_of_a_study_is_a_product_of_its_amounts():
    one = estimates.amounts_of("run", asked(*SMALL, "replications=1", "traffic_years=0.02"))
    assert one.worlds == 1
    four = estimates.amounts_of("run", asked(*SMALL, "replications=1", "traffic_years=0.08"))
    alone = asked(*SMALL, "replications=1", "traffic_years=0.02")
    consignments = one.visits - estimates.traffic(alone)
    assert four.visits - consignments == pytest.approx(4 * (one.visits - consignments))
    kazakhstan = asked("draws=5", "replications=3", "traffic_years=0.02")
    assert estimates.amounts_of("run", kazakhstan).worlds == 5
    assert estimates.amounts_of("run", asked("replications=7", "traffic_years=0.02")).worlds == 7
    assert estimates.amounts_of("run", asked("engine=expectation", "draws=4")).solutions == 4
    fitted = ("study=calibrate", "study.chains=2", "study.steps=60", "study.draws=4")
    found = estimates.amounts_of("calibrate", asked(*fitted, "reading=one_population"))
    assert (found.likelihoods, found.solutions) == (160.0, 8)
    longer = estimates.amounts_of("calibrate", asked(*fitted))
    assert (longer.likelihoods / 160, longer.solutions / 8) == pytest.approx(OF_POPULATIONS)
    mechanisms = estimates.amounts_of("mechanisms", asked(*SMALL, "study=mechanisms", "replications=2"))
    assert mechanisms.solutions % 2 == 0
    assert mechanisms.visits > 0


@pytest.mark.slow
def test_more_work_takes_longer_and_more_processes_take_less_time_and_more_memory():
    one, two = (estimates.estimate("run", asked("replications=200", f"workers={count}")) for count in (1, 2))
    few = estimates.estimate("run", asked("replications=20", "workers=1"))
    assert few.seconds < two.seconds < one.seconds
    assert one.memory < two.memory
    assert (
        estimates.estimate("run", asked("replications=20", "workers=1", "engine=reference")).seconds > 2 * few.seconds
    )


@pytest.mark.slow
def test_short_work_is_done_in_one_process():
    short, long = ("replications=2", "traffic_years=0.02"), ("replications=100", "traffic_years=1")
    for typed, workers in ((short, 1), ((*short, "workers=2"), 2), ((*long, "workers=2"), 2)):
        request = asked("world=two_routes", *typed)
        assert estimates.with_useful_workers("run", request).plan.workers == workers
    request = asked(*long)
    assert estimates.with_useful_workers("run", request) is request


@pytest.mark.slow
def test_a_comparison_of_all_policies_takes_what_it_took_when_it_was_measured():
    found = estimates.estimate("compare", asked("study=compare", "draws=200", "workers=2"))
    assert 200 < found.seconds < 1700  # 550 s on two cores, docs/comparison.md
    assert 2e9 < found.memory / 2 < 4e9  # 2.5 GB for each of two processes


def test_only_a_long_study_says_what_it_will_take(capsys):
    long = estimates.Estimate(seconds=720.0, workers=2, memory=2.5e9)
    task.announce(long, study="compare")
    assert capsys.readouterr().err == "compare: about 12 min on 2 cores, 2.5 GB of memory\n"
    task.announce(estimates.Estimate(seconds=19.0, workers=1, memory=1e9), study="run")
    assert not capsys.readouterr().err


@pytest.mark.slow
def test_a_study_says_it_before_it_begins(command, monkeypatch):
    monkeypatch.setattr(estimates, "WORTH_SAYING", 0.0)
    code, _, err = command(*SMALL, "replications=1", "traffic_years=0.02", "horizon=300", "out=mine")
    assert code == 0
    assert re.match(r"run: about \d+ s on 1 core, \d+ MB of memory\n", err)


@pytest.mark.slow
def test_what_is_refused_is_not_said_to_take_time(command, monkeypatch):
    monkeypatch.setattr(estimates, "WORTH_SAYING", 0.0)
    waterfall = ("study=figure", "study.figure=waterfall", "world=bribery", "draws=1001")
    for typed in (waterfall, ("study=compare", "policies=[carric]", "world=two_routes"), ("study=figure",)):
        code, out, err = command(*typed, "out=mine")
        assert (code, out) == (1, "")
        assert re.fullmatch(r"flowsim: .*\n", err)


def test_off_a_terminal_a_line_is_said_now_and_then_however_many_steps_there_are(capsys):
    with terminal.Log("run", first=0.05, every=0.3).telling() as tell:
        for step in range(400):
            tell(f"step {step}", 1, 1)
            time.sleep(0.001)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 10  # one for each 0.3 s of a loop of some 0.4 s, however slow the machine
    assert all(re.fullmatch(r"run: \d+ s, step \d+, 1 of 1", line) for line in lines)


def test_a_study_that_is_short_or_tells_nothing_is_silent(capsys):
    with terminal.progress("run") as tell:
        tell("step", 1, 1)
    with terminal.Log("run", first=0.0, every=0.0).telling():
        pass
    assert not capsys.readouterr().err
