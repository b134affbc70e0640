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

    Draws d are nested in sets s; years r, common to all draws, are crossed with both:
    :math:`y_{sdr} = \mu + A_s + B_{d(s)} + C_r + (AC)_{sr} + E_{sdr}`. With S sets of m draws and R years, the mean
    squares have the expectations (Searle, Casella and McCulloch, Variance Components, 1992, chapters 4 and 5)

    .. math::
        M_S = e + m a + R b + m R \sigma_A^2, \quad M_D = e + R b, \quad
        M_R = e + m a + S m c, \quad M_{SR} = e + m a, \quad M_E = e

    with e, a, b, c the variances of E, (AC), B and C. Assumed is :math:`\sigma_A^2`, calibrated b, yearly c + a + e.
    Were years drawn anew for each draw, a and c would be 0 and the split that of the nested design.

    Parameters
    ----------
    yearly
        Effects of single years, dims (draw, replication) [kg].
    sets
        Set of each draw, dims (draw).
    levers
        Whether the policy has assumed parameters. If not, all sets are identical and count as one.

    Returns
    -------
    Split
        Components, none below 0, and the names of those with a negative estimate.

    Raises
    ------
    ValueError
        If there are fewer than two years, two draws of a set, or two sets, or if sets differ in size.
    """
    values = np.asarray(yearly, dtype=np.float64)
    labels = np.asarray(sets) if levers else np.zeros(len(values), dtype=int)
    names, counts = np.unique(labels, return_counts=True)
    years, each = values.shape[1], int(counts[0])
    checks.require(years > 1, thing="years of an effect", rule="be at least 2", value=years)
    even = bool((counts == each).all()) and each > 1
    checks.require(even, thing="draws of the sets", rule="be as many in each, and at least 2", value=counts.tolist())
    checks.require(not levers or len(names) > 1, thing="sets of levers", rule="be at least 2", value=len(names))
    if (values == values.flat[0]).all():
        return Split(calibrated=0.0, assumed=0.0, yearly=0.0)
    cube = np.stack([values[labels == name] for name in names])
    squares = _mean_squares(cube)
    found = {
        "calibrated": (squares["draw"] - squares["rest"]) / years,
        "assumed": 0.0,
        "yearly": float(values.var(axis=1, ddof=1).mean()),
    }
    if levers:
        between = squares["set"] - squares["draw"] - squares["set year"] + squares["rest"]
        found["assumed"] = between / (each * years)
    # An exact 0 may come out as a negative rounding error, not worth reporting.
    noise = 1e-12 * float(values.var())
    negative = tuple(name for name in SOURCES if found[name] < -noise)
    return Split(**{name: max(0.0, value) for name, value in found.items()}, negative=negative)


def _mean_squares(cube: Floats) -> dict[str, float]:
    """Mean squares of effects, dims (set, draw of the set, year), NaN between sets if there is only one."""
    sets, each, years = cube.shape
    middle = cube.mean()
    of_set, of_draw, of_year = cube.mean(axis=(1, 2)), cube.mean(axis=2), cube.mean(axis=(0, 1))
    of_both = cube.mean(axis=1)
    crossed = of_both - of_set[:, None] - of_year + middle
    rest = cube - of_draw[:, :, None] - of_both[:, None, :] + of_set[:, None, None]
    return {
        "set": each * years * float(((of_set - middle) ** 2).sum()) / (sets - 1) if sets > 1 else np.nan,
        "draw": years * float(((of_draw - of_set[:, None]) ** 2).sum()) / (sets * (each - 1)),
        "set year": each * float((crossed**2).sum()) / ((sets - 1) * (years - 1)) if sets > 1 else np.nan,
        "rest": float((rest**2).sum()) / (sets * (each - 1) * (years - 1)),
    }
