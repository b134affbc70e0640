"""Prior distributions of the parameters of a calibration, each a function of one standard normal score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr, ndtri

from flowsim import checks

Floats = npt.NDArray[np.float64]

FAMILIES = ("lognormal", "logit_normal", "half_normal")
"""Families of priors: for positive numbers, for shares, and for non-negative numbers most likely small."""

FIFTH = 1.6448536269514722
"""Score of the 95 % point of the standard normal distribution [1]."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Prior of a parameter."""

    title: str
    """Meaning in a few words."""

    family: str
    """One of `FAMILIES`."""

    low: float
    """q05; 0 of a half-normal distribution [unit]."""

    high: float
    """q95 [unit]."""

    unit: str
    """Unit."""

    source: str
    """Source and locator, or the reason for a judgement."""

    def __post_init__(self) -> None:
        checks.one_of(self, "family", FAMILIES)
        for name in ("title", "unit", "source"):
            text = getattr(self, name)
            checks.require(bool(text.strip()), thing=f"Prior.{name}", rule="not be empty", value=text)
        rule = f"be above low ({self.low:g})"
        checks.require(
            math.isfinite(self.high) and self.high > self.low, thing="Prior.high", rule=rule, value=self.high
        )
        if self.family == "half_normal":
            checks.require(self.low == 0, thing="Prior.low", rule="be 0 of a half-normal prior", value=self.low)
        else:
            checks.positive(self, "low")
        if self.family == "logit_normal":
            checks.require(self.high < 1, thing="Prior.high", rule="be below 1 of a share", value=self.high)

    def value(self, score: npt.ArrayLike) -> Floats:
        """Values of the parameter at standard normal scores [unit].

        Parameters
        ----------
        score
            Scores, any dims.
        """
        z = np.asarray(score, dtype=np.float64)
        if self.family == "half_normal":
            scale = self.high / float(-ndtri(0.025))
            return np.asarray(-scale * ndtri(ndtr(-z) / 2))
        to, back = (np.log, np.exp) if self.family == "lognormal" else (logit, expit)
        low, high = float(to(self.low)), float(to(self.high))
        return np.asarray(back((low + high) / 2 + (high - low) / (2 * FIFTH) * z))

    def interval(self) -> tuple[float, float, float]:
        """Prior q05, median and q95 [unit]."""
        low, middle, high = self.value([-FIFTH, 0.0, FIFTH]).tolist()
        return low, middle, high


Priors = Mapping[str, Prior]
"""Priors by name of the parameter, in order."""


def values(priors: Priors, scores: Floats) -> dict[str, Floats]:
    """Values of all parameters, dims (...) each [unit of each].

    Parameters
    ----------
    priors
        Priors in order.
    scores
        Standard normal scores, dims (..., parameter).
    """
    return {name: prior.value(scores[..., k]) for k, (name, prior) in enumerate(priors.items())}
