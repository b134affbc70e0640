"""The posteriors that come with flowsim: a part of each is made again, and each says cleanly what it was made from."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from amounts import rest_slow
from scipy.optimize import brentq

import flowsim as fs
from flowsim.calibration import population_inversion
from flowsim.calibration import posterior as posteriors
from flowsim.calibration.inversion import TOLERANCE, solve
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.priors import values
from flowsim.calibration.sampler import FARTHEST, SamplingEffort, sample
from flowsim.config.builder import request_of
from flowsim.config.calibration_files import PACKAGED
from flowsim.config.compose import compose_config, naming_files
from flowsim.simulation.assumed import draw, varied
from flowsim.studies import calibrate

SHIPPED = sorted(path.name for path in PACKAGED.glob("*.nc"))

STORED = 2.0**-23
"""Relative step of the numbers in a file [1]."""


@cache
def asked(reading):
    """Request of a calibration as typed, and the model that it fits."""
    typed = ["study=calibrate", f"reading={reading}"]
    composed = compose_config(typed)
    with naming_files(composed.hydra, typed=typed):
        request = request_of(composed, hydra=composed.hydra, command="", typed=typed)
    return request, calibrate.setup(request.world, calibrate.calibration_of(request)).model


def drawn(shipped, *, chain, position):
    """Numbers of a draw in the file, by name of the variable."""
    return {str(name): float(array.values[chain, position]) for name, array in shipped.data_vars.items()}


def world_of(model, parameters, *, request, nuisance):
    """World of a draw, as the study solves for it."""
    solver = population_inversion.solve if isinstance(model, PopulationModel) else solve
    return solver(model, parameters, world=request.world, nuisance=nuisance)


def score(prior, value):
    """Standard normal score at which a prior has a value."""
    return brentq(lambda z: float(prior.value(z)) - value, -FARTHEST, FARTHEST, xtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("reading", ["posts_absent", "one_population"])
def test_the_density_and_the_world_of_a_draw_are_computed_again(reading):
    """Of two chains, from the numbers as stored.

    The file rounds parameters to 2^-24 of themselves. A score is at most 1 / 0.02 as far off, the logarithm of the
    likelihood at most some hundred times that; the numbers of a world follow its masses, which are solved for, and are
    as far off as the parameters, times ten at most.
    """
    shipped = fs.load_posterior(reading=reading)
    request, model = asked(reading)
    assert model.names == tuple(name for name, array in shipped.data_vars.items() if "prior_low" in array.attrs)
    for chain, position in ((0, 5), (3, 40)):
        stored = drawn(shipped, chain=chain, position=position)
        scores = np.array([[score(prior, stored[name]) for name, prior in model.priors.items()]])
        assert model.log_likelihood(scores)[0] == pytest.approx(stored["log_likelihood"], abs=2e-3)
        parameters = {name: float(value[0]) for name, value in values(model.priors, scores).items()}
        masses = model.setting.kilograms(values(model.priors, scores))
        seized = sum(float(mass[0]) for mass in masses.values())
        assert seized == pytest.approx(stored["seized"], rel=10 * STORED)
        assert seized / (1000 * stored["inflow"]) == pytest.approx(stored["interdiction_rate"], rel=10 * STORED)
        nuisance = {
            array.attrs["sets"]: stored[str(name)]
            for name, array in shipped.data_vars.items()
            if array.attrs["kind"] == "assumed"
        }
        solved = world_of(model, parameters, request=request, nuisance=nuisance)
        assert solved.refused == ""
        assert solved.residual == pytest.approx(stored["residual"], abs=1e-2 * TOLERANCE)
        for name, value in solved.numbers.items():
            assert value == pytest.approx(stored[posteriors.variable_of(name)], rel=10 * STORED), name


@pytest.mark.slow
@pytest.mark.parametrize("reading", ["posts_absent", "one_population"])
def test_the_first_draw_of_a_chain_is_made_again_from_its_seed(reading):
    """The steps before it and its world, to the last bit that the file keeps."""
    shipped = fs.load_posterior(reading=reading)
    request, model = asked(reading)
    burn = int(request.options["steps"]) // calibrate.BURN
    again = sample(model, seed=request.plan.seed, effort=SamplingEffort(chains=1, burn=burn, steps=8, draws=8))
    stored = drawn(shipped, chain=0, position=0)
    parameters = {name: float(value[0, 0]) for name, value in values(model.priors, again.scores).items()}
    known = varied(request.numbers()).items()
    intervals = {name: ends for name, ends in known if not name.partition(":")[2].startswith(calibrate.SOLVED)}
    nuisance = draw(intervals, draws=int(shipped.attrs["drawn"]), seed=request.plan.seed).to_dict("records")[0]
    solved = world_of(model, parameters, request=request, nuisance=nuisance)
    assert solved.refused == ""
    made = {**parameters, "log_likelihood": again.log_likelihood[0, 0], "residual": solved.residual}
    made |= {posteriors.variable_of(name): value for name, value in solved.numbers.items()}
    for name, value in made.items():
        assert np.float32(value) == pytest.approx(stored[name], rel=STORED), name


@pytest.mark.parametrize("name", rest_slow(SHIPPED))
def test_a_posterior_carries_the_commit_that_it_was_made_from(name):
    """Nothing that ran differed from it; else it has to be made again from a clean checkout, and copied only then."""
    made = posteriors.open_posterior(Path(PACKAGED) / name).attrs["commit"]
    assert re.fullmatch(r"(v[\w.]+(-\d+-g[0-9a-f]{7,40})?|[0-9a-f]{7,40})", made), made
