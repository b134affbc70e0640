"""Ensemble sampler of the posterior: walkers start in the prior and move by differences of their members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration.diagnostics import bulk_ess, integrated_time, rhat
from flowsim.simulation.processes import mapping

Floats = npt.NDArray[np.float64]

MOST_RHAT, LEAST_ESS = 1.01, 400.0
"""Convergence criteria on every parameter [1]."""

FARTHEST = 8.0
"""Largest score in the support; the prior probability beyond it is 10^-15 [1]."""


class Sampled(Protocol):
    """What the sampler asks of a model whose parameters are functions of standard normal scores."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        ...

    def log_likelihood(self, scores: Floats) -> Floats:
        """Log-likelihood of rows of scores, dims (row,); scores have dims (row, parameter)."""
        ...


@dataclass(frozen=True, kw_only=True)
class SamplingEffort:
    """Length of the sampling."""

    chains: int = 4
    """Number of independent ensembles, each one chain [1]."""

    walkers: int = 48
    """Walkers of an ensemble [1]."""

    burn: int = 500
    """Discarded steps [1]."""

    steps: int = 1500
    """Steps after these [1]."""

    draws: int = 500
    """Draws kept of each chain [1]."""

    thin: int = 1
    """Moves of every walker to a step [1]."""

    def __post_init__(self) -> None:
        for name in ("chains", "walkers", "burn", "steps", "draws", "thin"):
            value = getattr(self, name)
            checks.require(value >= 1, thing=name, rule="be a whole number of at least 1", value=value)
        most = self.steps * self.walkers
        checks.require(self.draws <= most, thing="draws", rule=f"be at most steps x walkers ({most})", value=self.draws)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Draws of standard normal scores of the parameters, with convergence diagnostics."""

    scores: Floats
    """Scores, dims (chain, draw, parameter)."""

    log_likelihood: Floats
    """Log-likelihood of each draw, dims (chain, draw)."""

    rhat: Floats
    """Rank-normalised split R-hat of each parameter [1]."""

    ess: Floats
    """Bulk effective sample size of each parameter, the smaller of that by draws and by walkers [1]."""

    accepted: float
    """Share of accepted moves [1]."""

    @property
    def converged(self) -> bool:
        """Whether every parameter reaches `MOST_RHAT` and `LEAST_ESS`."""
        return bool((self.rhat < MOST_RHAT).all() and (self.ess > LEAST_ESS).all())


def sample(
    model: Sampled,
    *,
    seed: int,
    effort: SamplingEffort | None = None,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Sample:
    """Draw from the posterior of a model.

    The parameters are functions of standard normal scores, so the prior is the same in all directions. Walkers start in
    draws of the prior and move by the difference of two others [TerBraak2006]_, one time in ten by all of it, as
    `emcee` has them [ForemanMackey2013]_. Its snooker move is not used: emcee 3.1 weighs it with half the correct
    exponent, so that the variance is a fifth too small.

    Parameters
    ----------
    model
        Model with its priors and rows.
    seed
        Seed of all random numbers.
    effort
        Length of the sampling.
    workers
        Number of worker processes, without effect on the result.
    progress
        Callback of progress.

    References
    ----------
    .. [TerBraak2006] C. J. F. ter Braak, "A Markov chain Monte Carlo version of the genetic algorithm differential
       evolution", Statistics and Computing 16 (2006) 239-249, doi:10.1007/s11222-006-8769-1.
    .. [ForemanMackey2013] D. Foreman-Mackey, D. W. Hogg, D. Lang and J. Goodman, "emcee: the MCMC hammer",
       Publications of the Astronomical Society of the Pacific 125 (2013) 306-312, doi:10.1086/670067.
    """
    wanted = effort or SamplingEffort()
    tell = progress or (lambda step, done, total: None)
    work = partial(_ensemble, model, wanted, seed)
    step = "chains of the posterior"
    tell(step, 0, wanted.chains)
    found = []
    with mapping(min(workers, wanted.chains)) as jobs:
        for done in jobs(work, range(wanted.chains)):
            found.append(done)
            tell(step, len(found), wanted.chains)
    scores = np.stack([chain[0] for chain in found])
    walkers = np.stack([chain[2] for chain in found])
    dims = range(scores.shape[2])
    return Sample(
        scores=scores,
        log_likelihood=np.stack([chain[1] for chain in found]),
        rhat=np.array([rhat(scores[:, :, k]) for k in dims]),
        ess=np.array([min(bulk_ess(scores[:, :, k]), _ess_of_walkers(walkers[..., k])) for k in dims]),
        accepted=float(np.mean([chain[3] for chain in found])),
    )


def _ensemble(model: Sampled, effort: SamplingEffort, seed: int, chain: int) -> tuple[Floats, Floats, Floats, float]:
    """One ensemble: kept draws and their likelihoods, all walkers thinned, and the share of accepted moves."""
    dims = len(model.names)
    walkers = max(effort.walkers, 2 * dims)
    rng = np.random.default_rng([seed, chain])

    def log_posterior(scores: Floats) -> Floats:
        likelihood = model.log_likelihood(np.clip(scores, -FARTHEST, FARTHEST))
        likelihood[(np.abs(scores) > FARTHEST).any(axis=1)] = -np.inf
        return np.stack([likelihood - 0.5 * (scores**2).sum(axis=1), likelihood], axis=1)

    import emcee  # here, because it takes a second to import, for which a refused calibration would wait

    moves = [(emcee.moves.DEMove(), 0.9), (emcee.moves.DEMove(gamma0=1.0), 0.1)]
    sampler = emcee.EnsembleSampler(walkers, dims, log_posterior, moves=moves, vectorize=True)
    sampler._random = np.random.RandomState(rng.integers(2**32, size=8, dtype=np.uint32))
    start, steps = _start(model, rng=rng, walkers=walkers), effort.burn + effort.steps
    sampler.run_mcmc(start, steps, thin_by=effort.thin, skip_initial_state_check=True)
    chain_of = sampler.get_chain(discard=effort.burn)
    likelihood = sampler.get_blobs(discard=effort.burn).reshape(effort.steps, walkers)
    at = np.linspace(0, effort.steps - 1, effort.draws).astype(np.int64)
    who = np.concatenate([rng.permutation(walkers) for _ in range(-(-effort.draws // walkers))])[: effort.draws]
    thin = max(1, effort.steps // 600)
    return chain_of[at, who], likelihood[at, who], chain_of[::thin], float(sampler.acceptance_fraction.mean())


def _start(model: Sampled, *, rng: np.random.Generator, walkers: int) -> Floats:
    """Draws of the prior with a positive likelihood."""
    kept: list[Floats] = []
    for _ in range(100):
        scores = rng.standard_normal((walkers, len(model.names)))
        kept += list(scores[np.isfinite(model.log_likelihood(scores))])
        if len(kept) >= walkers:
            return np.array(kept[:walkers])
    rule = "be possible under some draws of the prior"
    raise ValueError(f"what is printed must {rule}, got none in {100 * walkers} draws")


def _ess_of_walkers(walkers: Floats) -> float:
    """Effective sample size of all steps of all walkers, by their autocorrelation time [GoodmanWeare2010]_ [1].

    Parameters
    ----------
    walkers
        Steps of the walkers of each chain, dims (chain, step, walker).

    References
    ----------
    .. [GoodmanWeare2010] J. Goodman and J. Weare, "Ensemble samplers with affine invariance", Communications in
       Applied Mathematics and Computational Science 5 (2010) 65-80, doi:10.2140/camcos.2010.5.65.
    """
    return float(sum(chain.size / integrated_time(chain.T) for chain in walkers))
