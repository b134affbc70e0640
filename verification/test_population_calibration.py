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

TOLD = (
    *("crossing", "inside", "knb", "small_median", "small_log_sd", "wholesale_median"),
    *("entry_east", "exit_south", "unnamed", "reporter", "abroad"),
)
"""Parameters that five reports tell: at least half of the prior variance of their scores is gone."""


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
    ranked(small_country.model(tmp_path, *small_country.OPIUM_ROWS, sectors=True, quick=True), amount(26, 500), say)


@pytest.mark.skipif(not FULL, reason="some four hours of two cores")
def test_ranks_of_truths_of_kazakhstan_are_uniform(say):
    """All rows and single seizures; the smallest of 35 probabilities is above 1e-4 with probability 0.997."""
    ranked(kazakhstan(), 500, say)


def test_a_known_truth_is_recovered(say, tmp_path):
    """With five reports of one truth: all within four posterior standard deviations, and what reports tell is narrow.

    The likelihood does not hold the flow, so that its score keeps the spread of the prior. It does not where the chain
    is too short for sharp reports: with twenty of them and half the steps, the spread was 1.4.
    """
    model, rng = small_country.model(tmp_path, sectors=True, quick=True), np.random.default_rng(22)
    truth = {name: float(one.value(0.0)) for name, one in model.priors.items()}
    told = repeated(model, truth, times=5, rng=rng)
    effort = SamplingEffort(chains=2, walkers=60, burn=1000, steps=400, draws=300)
    found = sample(told, seed=23, effort=effort, workers=WORKERS)
    flat = found.scores.reshape(-1, len(model.names))
    mean, spread = (dict(zip(model.names, own, strict=True)) for own in (flat.mean(axis=0), flat.std(axis=0)))
    for name in model.names:
        say(f"{name}: score {mean[name]:.2f} +- {spread[name]:.2f}, truth 0")
    assert max(abs(mean[name]) / spread[name] for name in model.names) < 4
    assert max(spread[name] for name in TOLD) < 0.7
    assert spread["inflow"] == pytest.approx(1.0, abs=0.2)
    assert abs(mean["inflow"]) < 0.3
