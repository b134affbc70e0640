"""The sampler and its diagnostics against distributions that are known, and a posterior on disk."""

import numpy as np
import pytest

from flowsim.calibration.diagnostics import bulk_ess, integrated_time, rhat
from flowsim.calibration.sampler import SamplingEffort, sample


def autoregressive(rng, *, chains, length, memory):
    draws = np.empty((chains, length))
    draws[:, 0] = rng.standard_normal(chains)
    for k in range(1, length):
        draws[:, k] = memory * draws[:, k - 1] + np.sqrt(1 - memory**2) * rng.standard_normal(chains)
    return draws


def test_independent_draws_have_their_number_as_effective_size():
    draws = np.random.default_rng(1).standard_normal((4, 1000))
    assert rhat(draws) < 1.005
    assert bulk_ess(draws) == pytest.approx(4000, rel=0.15)


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_the_effective_size_of_an_autoregression(memory):
    """N (1 - r) / (1 + r) draws; the autocorrelation time is its inverse."""
    draws = autoregressive(np.random.default_rng(2), chains=4, length=20_000, memory=memory)
    share = (1 - memory) / (1 + memory)
    assert bulk_ess(draws) == pytest.approx(80_000 * share, rel=0.15)
    assert integrated_time(draws) == pytest.approx(1 / share, rel=0.15)


def test_ranks_do_not_care_for_the_scale():
    draws = autoregressive(np.random.default_rng(3), chains=4, length=2000, memory=0.6)
    assert rhat(np.exp(3 * draws)) == pytest.approx(rhat(draws), rel=0.01)
    assert bulk_ess(np.exp(3 * draws)) == pytest.approx(bulk_ess(draws), rel=1e-9)


@pytest.mark.parametrize("spoil", ["place", "spread", "trend"])
def test_chains_that_differ_are_noticed(spoil):
    draws = np.random.default_rng(4).standard_normal((4, 1000))
    if spoil == "place":
        draws[0] += 1.0
    elif spoil == "spread":
        draws[0] *= 3.0
    else:
        draws += np.linspace(-1, 1, 1000)
    assert rhat(draws) > 1.01


class Known:
    """Each score is seen with an error of 1, so its posterior is normal about half of what is seen."""

    names = ("a", "b", "c")
    seen = np.array([1.0, -2.0, 0.0])

    def log_likelihood(self, scores):
        return -0.5 * ((scores - self.seen) ** 2).sum(axis=1)


@pytest.mark.slow
def test_the_sampler_finds_a_posterior_that_is_known():
    """Mean and variance within five standard errors, by the effective sizes."""
    found = sample(Known(), seed=5, effort=SamplingEffort(chains=4, walkers=12, burn=200, steps=1000, draws=1000))
    assert found.converged
    assert found.scores.shape == (4, 1000, 3)
    flat = found.scores.reshape(-1, 3)
    error = np.sqrt(0.5 / found.ess)
    assert (np.abs(flat.mean(axis=0) - Known.seen / 2) < 5 * error).all()
    assert (np.abs(flat.var(axis=0) - 0.5) < 5 * 0.5 * np.sqrt(2 / found.ess)).all()


class Wide:
    """Seventeen scores of which five are seen with an error of 0.5; the others keep their prior."""

    names = tuple("abcdefghijklmnopq")

    def log_likelihood(self, scores):
        return -0.5 * (((scores[:, :5] - 1.0) / 0.5) ** 2).sum(axis=1)


@pytest.mark.slow
def test_what_is_not_seen_keeps_the_variance_of_its_prior():
    """Five standard errors of each variance; a move with a wrong weight loses a fifth of it."""
    found = sample(Wide(), seed=9, effort=SamplingEffort(chains=4, walkers=48, burn=300, steps=1000, draws=500))
    variance = found.scores.reshape(-1, 17).var(axis=0)
    expected = np.where(np.arange(17) < 5, 0.2, 1.0)
    assert (np.abs(variance / expected - 1) < 5 * np.sqrt(2 / found.ess)).all()
    assert variance[5:].mean() == pytest.approx(1.0, abs=0.06)


def test_the_same_seed_gives_the_same_draws():
    first, second = (
        sample(Known(), seed=5, effort=SamplingEffort(chains=2, walkers=8, burn=5, steps=20, draws=20)) for _ in "ab"
    )
    assert (first.scores == second.scores).all()


def test_a_short_run_says_that_it_has_not_converged():
    found = sample(Known(), seed=6, effort=SamplingEffort(chains=2, walkers=8, burn=1, steps=12, draws=12))
    assert not found.converged


class Impossible(Known):
    """Model under which what is printed cannot be."""

    def log_likelihood(self, scores):
        return np.full(len(scores), -np.inf)


def test_reports_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="what is printed must be possible under some draws of the prior"):
        sample(Impossible(), seed=7, effort=SamplingEffort(chains=1, walkers=8, burn=1, steps=2, draws=2))


@pytest.mark.parametrize(("field", "value"), [("chains", 0), ("draws", 10**9)])
def test_an_effort_that_cannot_be_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        SamplingEffort(**{field: value})
