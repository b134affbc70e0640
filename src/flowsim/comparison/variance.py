"""Variance components of an effect: calibrated, assumed and year-to-year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim import checks

Floats = npt.NDArray[np.float64]

SOURCES = ("calibrated", "assumed", "yearly")
"""Parts of the variance."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Components of the variance of a single year's effect."""

    calibrated: float
    """Between draws of the posterior within a set [kg2]."""

    assumed: float
    """Between sets of the assumed parameters [kg2]."""

    yearly: float
    """Between years within a draw [kg2]."""

    negative: tuple[str, ...] = ()
    """Components with a negative estimate, set to 0."""

    @property
    def total(self) -> float:
        """Sum of the components [kg2]."""
        return self.calibrated + self.assumed + self.yearly

    @property
    def shares(self) -> dict[str, float]:
        """Share of each component in the total [1]; all 0 if there is no variance."""
        total = self.total
        return {name: getattr(self, name) / total if total > 0 else 0.0 for name in SOURCES}


def split(yearly: Floats, sets: npt.ArrayLike, *, levers: bool = True) -> Split:
    r"""Split the variance of yearly effects by the method of moments of an analysis of variance.

    Draws d and years r are nested in sets s and crossed with each other within a set:
    :math:`y_{sdr} = \mu + A_s + B_{d(s)} + C_{r(s)} + E_{sdr}`. With S sets of m draws and R years, the mean squares
    have the expectations (Searle, Casella and McCulloch, Variance Components, 1992, chapters 4 and 5)

    .. math::
        M_S = e + R b + m c + m R \sigma_A^2, \quad M_D = e + R b, \quad M_R = e + m c, \quad M_E = e

    with e, b, c the variances of E, B and C. Assumed is :math:`\sigma_A^2`, calibrated b, yearly c + e.

    Parameters
    ----------
    yearly
        Effects of single years, dims (draw, replication) [kg].
    sets
        Set of each draw, dims (draw).
    levers
        Whether the policy has assumed parameters. If not, sets differ by their draws and years alone.

    Returns
    -------
    Split
        Components, none below 0, and the names of those with a negative estimate.

    Raises
    ------
    ValueError
        If there are fewer than two years; with levers fewer than two sets or two draws of each, without them two draws
        in all; or if sets differ in size.
    """
    values, labels = np.asarray(yearly, dtype=np.float64), np.asarray(sets)
    names, counts = np.unique(labels, return_counts=True)
    years, each = values.shape[1], int(counts[0])
    checks.require(years > 1, thing="years of an effect", rule="be at least 2", value=years)
    least = 2 if levers or len(names) == 1 else 1
    even = bool((counts == each).all()) and each >= least
    rule = f"be as many in each, and at least {least}"
    checks.require(even, thing="draws of the sets", rule=rule, value=counts.tolist())
    checks.require(not levers or len(names) > 1, thing="sets of levers", rule="be at least 2", value=len(names))
    if (values == values.flat[0]).all():
        return Split(calibrated=0.0, assumed=0.0, yearly=0.0)
    squares = _mean_squares(np.stack([values[labels == name] for name in names]))
    # With one draw in each set, draws differ as sets do, and years as the rest.
    between = squares["draw"] - squares["rest"] if each > 1 else squares["set"] - squares["year"]
    found = {
        "calibrated": between / years,
        "assumed": 0.0,
        "yearly": float(values.var(axis=1, ddof=1).mean()),
    }
    if levers:
        rest = squares["set"] - squares["draw"] - squares["year"] + squares["rest"]
        found["assumed"] = rest / (each * years)
    # An exact 0 may come out as a negative rounding error, not worth reporting.
    noise = 1e-12 * float(values.var())
    negative = tuple(name for name in SOURCES if found[name] < -noise)
    return Split(**{name: max(0.0, value) for name, value in found.items()}, negative=negative)


def _mean_squares(cube: Floats) -> dict[str, float]:
    """Mean squares of effects, dims (set, draw of the set, year of the set); NaN with but one of something."""
    sets, each, years = cube.shape
    of_set, of_draw, of_year = cube.mean(axis=(1, 2)), cube.mean(axis=2), cube.mean(axis=1)
    rest = cube - of_draw[:, :, None] - of_year[:, None, :] + of_set[:, None, None]
    sums = {
        "set": (each * years * float(((of_set - cube.mean()) ** 2).sum()), sets - 1),
        "draw": (years * float(((of_draw - of_set[:, None]) ** 2).sum()), sets * (each - 1)),
        "year": (each * float(((of_year - of_set[:, None]) ** 2).sum()), sets * (years - 1)),
        "rest": (float((rest**2).sum()), sets * (each - 1) * (years - 1)),
    }
    return {name: total / free if free else np.nan for name, (total, free) in sums.items()}
