"""Convergence of chains: rank-normalised split R-hat and bulk effective sample size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]


def rhat(chains: Floats) -> float:
    """Rank-normalised split R-hat [VehtariEtAl2021]_: the larger of the bulk and folded values [1].

    Parameters
    ----------
    chains
        Draws, dims (chain, draw).

    References
    ----------
    .. [VehtariEtAl2021] A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner, "Rank-normalization,
       folding, and localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16 (2021)
       667-718, doi:10.1214/20-BA1221.
    """
    halves = _split(chains)
    folded = np.abs(halves - np.median(halves))
    return max(_plain(_normal(halves)), _plain(_normal(folded)))


def bulk_ess(chains: Floats) -> float:
    """Bulk effective sample size of rank-normalised split chains [VehtariEtAl2021]_ [1].

    Autocorrelations are summed in pairs as long as the sums are positive and do not rise [Geyer1992]_.

    Parameters
    ----------
    chains
        Draws, dims (chain, draw).

    References
    ----------
    .. [Geyer1992] C. J. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7 (1992) 473-483,
       doi:10.1214/ss/1177011137.
    """
    scores = _normal(_split(chains))
    count, length = scores.shape
    within, total = _variances(scores)
    if total == 0.0:
        return float(scores.size)
    covariance = _autocovariance(scores).mean(axis=0)
    correlation = 1.0 - (within - covariance * length / (length - 1)) / total
    correlation[0] = 1.0
    pairs = correlation[: length // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs < 0)
    kept = np.minimum.accumulate(pairs[: negative[0] if len(negative) else len(pairs)])
    tau = max(-1.0 + 2.0 * float(kept.sum()), 1.0 / np.log10(count * length))
    return float(count * length / tau)


def integrated_time(walkers: Floats) -> float:
    """Integrated autocorrelation time of the mean autocorrelation over all walkers [Sokal1997]_ [step].

    Parameters
    ----------
    walkers
        Steps of each walker, dims (walker, step).

    References
    ----------
    .. [Sokal1997] A. Sokal, "Monte Carlo methods in statistical mechanics: foundations and new algorithms", in
       Functional Integration, Springer 1997, 131-192, doi:10.1007/978-1-4899-0319-8_6.
    """
    covariance = _autocovariance(walkers).mean(axis=0)
    tau = 2.0 * np.cumsum(covariance / covariance[0]) - 1.0
    enough = np.flatnonzero(np.arange(len(tau)) >= 5.0 * tau)
    return float(max(1.0, tau[enough[0]] if len(enough) else tau[-1]))


def _split(chains: Floats) -> Floats:
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, chains.shape[1] - half :]])


def _normal(draws: Floats) -> Floats:
    """Normal scores of the ranks of all draws [Blom1958]_.

    References
    ----------
    .. [Blom1958] G. Blom, "Statistical Estimates and Transformed Beta-Variables", Wiley 1958.
    """
    from scipy.stats import rankdata  # here, because it takes a second to import

    rank = rankdata(draws, method="average").reshape(draws.shape)
    return np.asarray(ndtri((rank - 0.375) / (draws.size + 0.25)))


def _variances(draws: Floats) -> tuple[float, float]:
    """Within-chain variance, and the pooled estimate of the marginal variance."""
    length = draws.shape[1]
    within = float(draws.var(axis=1, ddof=1).mean())
    between = float(draws.mean(axis=1).var(ddof=1)) if len(draws) > 1 else 0.0
    return within, within * (length - 1) / length + between


def _plain(draws: Floats) -> float:
    within, total = _variances(draws)
    return float(np.sqrt(total / within)) if within > 0 else 1.0


def _autocovariance(draws: Floats) -> Floats:
    """Autocovariance of each chain at each lag, dims (chain, lag)."""
    length = draws.shape[1]
    size = 2 ** int(np.ceil(np.log2(2 * length)))
    transform = np.fft.rfft(draws - draws.mean(axis=1, keepdims=True), size, axis=1)
    return np.asarray(np.fft.irfft(np.abs(transform) ** 2, size, axis=1)[:, :length] / length)
