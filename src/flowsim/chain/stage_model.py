"""Likelihood of annual totals in a chain: flows and shares are drawn, and the rates follow from what was seized."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from flowsim.calibration.priors import FIFTH, values
from flowsim.chain.regional_facts import said_of
from flowsim.chain.stages import Floats, Followed, Onward, RouteChain, follow, named, onward
from flowsim.units import KG_PER_TONNE

STEP = "flow step"
"""Parameter of the flow's change to a year from the year before; score [1]."""

MISSING = "missing rate"
"""Parameter of a rate without a report; score [1]."""


class ChainModel:
    """Model of the annual totals of a chain.

    The logarithm of the flow is a random walk through the base year. A total, divided by its completeness and times
    the part that was bound for the chain, is what was seized; over the stage's inflow it gives the rate, without an
    error of its own. Logits of a stage's rates are a stationary autoregressive series of order one about a level, of
    which the level is integrated out. The density of a total is that of the logit of its rate times the derivative of
    the logit by the logarithm of the total, `1 / (1 - rate)`; the determinant is the product of these, because the
    inflow of a stage depends on earlier stages only. Rates without a report are parameters.

    Parameters
    ----------
    chain
        The chain with its priors and reports.
    """

    def __init__(self, chain: RouteChain) -> None:
        self.chain = chain
        self.totals = np.full((len(chain.stages), len(chain.years)), np.nan)
        for at, stage in enumerate(chain.stages):
            for year, kg in chain.reported.get(stage, {}).items():
                self.totals[at, chain.years.index(year)] = kg
        self.missing = np.isnan(self.totals)
        rates = {named("rate", stage) for stage in chain.stages}
        self.sampled = {name: prior for name, prior in chain.priors.items() if name not in rates}
        ends = [self._level(stage) for stage in chain.stages]
        self.middle, self.width = (np.array(column) for column in zip(*ends, strict=True))

    def _level(self, stage: str) -> tuple[float, float]:
        """Mean and standard deviation of the logit of a stage's level under its prior."""
        low, _, high = logit(self.chain.priors[named("rate", stage)].interval())
        return float((low + high) / 2), float((high - low) / (2 * FIFTH))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Sampled parameters: those with a prior of their own, steps of the flow, and rates without report."""
        chain = self.chain
        steps = [f"{STEP}: {year}" for year in chain.years[1:]]
        gaps = [f"{MISSING}: {chain.stages[i]} {chain.years[t]}" for i, t in np.argwhere(self.missing)]
        return (*self.sampled, *steps, *gaps)

    def drawn(self, scores: Floats) -> dict[str, Floats]:
        """Values of the sampled parameters with a prior of their own, dims (...) each [unit of each].

        Parameters
        ----------
        scores
            Standard normal scores, dims (..., parameter).
        """
        return values(self.sampled, scores)

    def flow(self, scores: Floats, drawn: Mapping[str, Floats]) -> Floats:
        """Heroin bound for the chain in each year, dims (..., year) [kg/year].

        Parameters
        ----------
        scores
            Standard normal scores, dims (..., parameter).
        drawn
            Values of the parameters.
        """
        first, base = len(self.sampled), self.chain.years.index(self.chain.base_year)
        walk = np.zeros((*scores.shape[:-1], len(self.chain.years)))
        steps = scores[..., first : first + len(self.chain.years) - 1]
        np.cumsum(drawn["flow_spread"][..., None] * steps, axis=-1, out=walk[..., 1:])
        return np.asarray(KG_PER_TONNE * drawn["flow"][..., None] * np.exp(walk - walk[..., base, None]))

    def each(self, quantity: str, drawn: Mapping[str, Floats]) -> Floats:
        """Values of a quantity in every stage, 1 where it is lacking, dims (..., stage).

        Parameters
        ----------
        quantity
            Quantity, as `spread`.
        drawn
            Values of the parameters.
        """
        found = np.ones((*drawn["flow"].shape, len(self.chain.stages)))
        for at, stage in enumerate(self.chain.stages):
            found[..., at] = drawn.get(named(quantity, stage), 1.0)
        return found

    def follow(self, scores: Floats, drawn: Mapping[str, Floats]) -> tuple[Followed, Onward]:
        """Mass through the stages in every year, with the rates that the totals imply.

        Parameters
        ----------
        scores
            Standard normal scores, dims (..., parameter).
        drawn
            Values of the parameters.
        """
        shares = onward(self.chain, drawn)
        part = self.each("on_route", drawn) / self.each("completeness", drawn)
        seized = self.totals * part[..., None]
        imputed = np.zeros((*scores.shape[:-1], *self.missing.shape))
        gaps = scores[..., len(self.names) - int(self.missing.sum()) :]
        of_gap = np.argwhere(self.missing)[:, 0]
        imputed[..., self.missing] = expit(self.middle[of_gap] + self.width[of_gap] * gaps)

        def rate_of(at: int, inflow: Floats) -> Floats:
            rate = np.minimum(seized[..., at, :] / inflow, 1.0)
            return np.asarray(np.where(self.missing[at], imputed[..., at, :], rate))

        with np.errstate(invalid="ignore", divide="ignore"):  # where an earlier stage seizes all
            return follow(self.flow(scores, drawn), shares, rate_of), shares

    def log_likelihood(self, scores: Floats) -> Floats:
        """Log-likelihood of the totals and the fitted facts, dims (row,).

        Parameters
        ----------
        scores
            Standard normal scores, dims (row, parameter).
        """
        drawn = self.drawn(scores)
        followed, shares = self.follow(scores, drawn)
        rates = followed.rate
        possible = np.asarray(((rates > 0) & (rates < 1)).all(axis=(-2, -1)))
        rates = np.where(possible[..., None, None], rates, 0.5)
        away = logit(rates) - self.middle[:, None]
        whitened = Whitened(away, spread=self.each("spread", drawn), persistence=drawn["persistence"])
        found = whitened.log_density(self.width).sum(axis=-1)
        found -= np.where(self.missing, 0.0, np.log1p(-rates)).sum(axis=(-2, -1))
        # Scores of missing rates have a standard normal prior already, which the series takes the place of.
        found += 0.5 * np.where(self.missing, (away / self.width[:, None]) ** 2, 0.0).sum(axis=(-2, -1))
        with np.errstate(invalid="ignore", divide="ignore"):
            for fact in (fact for fact in self.chain.facts if fact.use == "fitted"):
                width = np.log(fact.high / fact.low) / (2 * FIFTH)
                said = said_of(fact, self.chain, followed, shares)
                found -= 0.5 * (np.log(said / fact.value) / width) ** 2
        return np.asarray(np.where(possible & np.isfinite(found), found, -np.inf))

    def levels(self, scores: Floats, *, rng: np.random.Generator) -> dict[str, Floats]:
        """Draws of the levels of the rates, given the sampled parameters, dims (...) each [1].

        Parameters
        ----------
        scores
            Standard normal scores, dims (..., parameter).
        rng
            Random numbers.
        """
        drawn = self.drawn(scores)
        followed, _ = self.follow(scores, drawn)
        away = logit(followed.rate) - self.middle[:, None]
        whitened = Whitened(away, spread=self.each("spread", drawn), persistence=drawn["persistence"])
        mean, sd = whitened.level(self.width)
        found = expit(self.middle + mean + sd * rng.standard_normal(mean.shape))
        return {named("rate", stage): found[..., at] for at, stage in enumerate(self.chain.stages)}


class Whitened:
    """Stationary autoregressive series of order one, as independent numbers of one variance.

    Parameters
    ----------
    away
        Departures from the prior mean of the level, dims (..., stage, year) [1].
    spread
        Stationary standard deviations, dims (..., stage) [1].
    persistence
        Correlations of neighbouring years, dims (...) [1].
    """

    def __init__(self, away: Floats, *, spread: Floats, persistence: Floats) -> None:
        keep = persistence[..., None]
        count = away.shape[-1]
        news = (away[..., 1:] - keep[..., None] * away[..., :-1]) / spread[..., None]
        first = away[..., 0] / spread
        slope = (1 - keep) / (1 + keep)
        self._squares = first**2 + (news**2).sum(axis=-1) / (1 - keep**2)
        self._product = (first + news.sum(axis=-1) / (1 + keep)) / spread
        self._weight = (1 + (count - 1) * slope) / spread**2
        self._scales = count * np.log(spread) + 0.5 * (count - 1) * np.log1p(-(keep**2))

    def log_density(self, width: Floats) -> Floats:
        """Logarithm of the density without its constant, the level integrated out, dims (..., stage).

        Parameters
        ----------
        width
            Prior standard deviation of the level about its prior mean, dims (stage,) [1].
        """
        pull = self._product**2 / (1 / width**2 + self._weight)
        return np.asarray(-0.5 * (self._squares - pull) - self._scales - 0.5 * np.log1p(width**2 * self._weight))

    def level(self, width: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the level's departure from its prior mean, dims (..., stage) [1].

        Parameters
        ----------
        width
            Prior standard deviation of the level, dims (stage,) [1].
        """
        precision = 1 / width**2 + self._weight
        return np.asarray(self._product / precision), np.asarray(precision**-0.5)
