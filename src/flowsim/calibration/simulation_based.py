"""Simulation-based calibration: ranks of known parameters, and contraction under more data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from flowsim.calibration import population_reports, synthetic_reports
from flowsim.calibration.model import Model
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.priors import values
from flowsim.calibration.sampler import SamplingEffort, sample
from flowsim.simulation.processes import mapping

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Reporting = Model | PopulationModel
"""Reporting model of one or two populations of consignments."""

QUICK = SamplingEffort(chains=1, walkers=36, burn=200, steps=150, draws=63)
"""Length of the sampling for each simulated data set; 63 draws make 64 ranks."""

RANK_BINS = 8
"""Bins of a histogram of ranks [1]."""


@dataclass(frozen=True)
class Several:
    """Several independent reports of one set of parameters, to test contraction."""

    models: tuple[Reporting, ...]
    """Models with different printed numbers."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.models[0].names

    def log_likelihood(self, scores: Floats) -> Floats:
        """Log-likelihood of all reports, dims (set,).

        Parameters
        ----------
        scores
            Standard normal scores of the parameters, dims (set, parameter).
        """
        each = [model.log_likelihood(scores) for model in self.models]
        return np.asarray(np.sum(each, axis=0), dtype=np.float64)


def truth_of(model: Reporting, *, rng: np.random.Generator) -> tuple[Floats, dict[str, float]]:
    """Draw of the prior: scores, dims (parameter,), and values.

    Parameters
    ----------
    model
        Model.
    rng
        Random numbers.
    """
    scores = rng.standard_normal(len(model.names))
    return scores, {name: float(value) for name, value in values(model.priors, scores).items()}


def simulated(model: Reporting, truth: dict[str, float], *, rng: np.random.Generator) -> Reporting:
    """Model with simulated reports in place of the printed ones.

    Parameters
    ----------
    model
        Model.
    truth
        Values of the parameters.
    rng
        Random numbers.
    """
    if isinstance(model, PopulationModel):
        return population_reports.simulate_reports(model, truth, rng=rng)
    return synthetic_reports.simulate_reports(model, truth, rng=rng)


def repeated(model: Reporting, truth: dict[str, float], *, times: int, rng: np.random.Generator) -> Several:
    """Several simulated reports of one set of parameters.

    Parameters
    ----------
    model
        Model.
    truth
        Values of the parameters.
    times
        Number of reports of each row.
    rng
        Random numbers.
    """
    return Several(tuple(simulated(model, truth, rng=rng) for _ in range(times)))


def ranks(
    model: Reporting, *, trials: Sequence[int], seed: int, effort: SamplingEffort = QUICK, workers: int = 1
) -> pd.DataFrame:
    """Ranks of simulation-based calibration [TaltsEtAl2018]_: prior draws ranked among their posterior draws.

    Each trial draws true parameters from the prior, simulates all printed numbers consignment by consignment, and
    samples the posterior from chains started in the prior. Under a correct implementation, ranks are uniform on 0 to
    the number of draws.

    Parameters
    ----------
    model
        Model with its priors and rows.
    trials
        Indices of the trials, the keys of their random numbers.
    seed
        Seed of all random numbers.
    effort
        Length of the sampling in each trial.
    workers
        Number of worker processes.

    Returns
    -------
    DataFrame
        A row per trial, a column per parameter.

    References
    ----------
    .. [TaltsEtAl2018] S. Talts, M. Betancourt, D. Simpson, A. Vehtari and A. Gelman, "Validating Bayesian inference
       algorithms with simulation-based calibration", arXiv:1804.06788.
    """
    work = partial(_rank, model, seed, effort)
    with mapping(workers) as jobs:
        found = list(jobs(work, trials))
    return pd.DataFrame(found, columns=list(model.names), index=pd.Index(trials, name="trial"))


def _rank(model: Reporting, seed: int, effort: SamplingEffort, trial: int) -> Ints:
    rng = np.random.default_rng([seed, trial])
    scores, truth = truth_of(model, rng=rng)
    told = simulated(model, truth, rng=rng)
    found = sample(told, seed=int(rng.integers(2**31)), effort=effort)
    rank: Ints = (found.scores.reshape(-1, len(scores)) < scores).sum(axis=0)
    return rank


def uniformity(found: pd.DataFrame, *, draws: int) -> pd.Series:
    """Chi-square p-value of the uniformity of ranks, by parameter [1].

    Parameters
    ----------
    found
        Ranks, as from `ranks`.
    draws
        Draws of each trial; one more must be a multiple of `RANK_BINS`.
    """
    expected = len(found) / RANK_BINS
    edges = np.linspace(0, draws + 1, RANK_BINS + 1) - 0.5
    statistic = {
        str(name): float(((np.histogram(column, bins=edges)[0] - expected) ** 2 / expected).sum())
        for name, column in found.items()
    }
    return pd.Series({name: float(chi2.sf(value, RANK_BINS - 1)) for name, value in statistic.items()})
