"""Long checks of the calibration with two populations: ranks of truths, and recovery of a known one.

The small country of the tests has reports of every kind but a share, beyond its exits too; `make verify-full` ranks
the model of Kazakhstan as well. Each truth takes one chain of 400 steps of burn-in and 150 steps, some 25 seconds on
one core for the small country and 40 for Kazakhstan.
"""

import math

import numpy as np
import pytest
import small_country

import flowsim as fs
from flowsim.calibration import data
from flowsim.calibration.population_setup import model_of
from flowsim.calibration.sampler import SamplingEffort, sample
from flowsim.calibration.simulation_based import ranks, repeated, uniformity
from flowsim.config.calibration_files import build_calibration
from flowsim.config.compose import compose_config
from flowsim.studies.calibrate import flow_prior
from verification.amounts import FULL, amount

EFFORT = SamplingEffort(chains=1, walkers=60, burn=400, steps=150, draws=63)
"""Length of the sampling for each truth; 63 draws make 64 ranks."""

WORKERS = 2


def kazakhstan():
    """Model of Kazakhstan with the controls of 2010 in all years, and all its reports."""
    world = fs.load_world("kazakhstan_2010")
    calibration = build_calibration(compose_config([]))
    rows = data.load(calibration.populations.reported)
    priors = {**calibration.priors, "inflow": flow_prior(world)}
    asked = {"rows": rows, "areas": calibration.areas, "priors": priors, "in_year": lambda year, name: world}
    return model_of(world, calibration.populations, **asked)


def ranked(model, trials, say):
    found = ranks(model, trials=range(trials), seed=21, effort=EFFORT, workers=WORKERS)
    chances = uniformity(found, draws=EFFORT.draws)
    for name, chance in chances.items():
        say(f"{name}: p = {chance:.3f}")
    assert chances.min() > 1e-4
    whole = found.to_numpy().ravel()
    say(f"mean rank {whole.mean():.2f} of {EFFORT.draws / 2}")
    assert abs(whole.mean() - EFFORT.draws / 2) < 4 * (EFFORT.draws + 1) / math.sqrt(12 * trials)


def test_ranks_of_truths_of_the_small_country_are_uniform(say, tmp_path):
    """With totals of opium; the smallest of 35 probabilities is above 1e-4 with probability 0.996 if all is right."""
    ranked(small_country.model(tmp_path, *small_country.OPIUM_ROWS, sectors=True, quick=True), amount(100, 500), say)


@pytest.mark.skipif(not FULL, reason="some four hours of two cores")
def test_ranks_of_truths_of_kazakhstan_are_uniform(say):
    """All rows and single seizures; the smallest of 35 probabilities is above 1e-4 with probability 0.997."""
    ranked(kazakhstan(), 500, say)


def test_a_known_truth_is_recovered(say, tmp_path):
    """With twenty reports of one truth, what they identify lies within four posterior standard deviations."""
    model, rng = small_country.model(tmp_path, sectors=True, quick=True), np.random.default_rng(22)
    prior = model.priors
    truth = {name: float(one.value(0.0)) for name, one in prior.items()}
    told = repeated(model, truth, times=20, rng=rng)
    found = sample(
        told, seed=23, effort=SamplingEffort(chains=2, walkers=60, burn=500, steps=300, draws=300), workers=2
    )
    flat = found.scores.reshape(-1, len(model.names))
    for name in (
        "crossing",
        "knb",
        "small_median",
        "retail_median",
        "found_share",
        "entry_east",
        "exit_south",
        "level_log_sd",
    ):
        k = model.names.index(name)
        say(f"{name}: score {flat[:, k].mean():.2f} +- {flat[:, k].std():.2f}, truth 0")
        assert abs(flat[:, k].mean()) < 4 * flat[:, k].std()
        assert flat[:, k].std() < 0.7
