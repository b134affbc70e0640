"""Seasons in closed form: entries over the year, in campaigns, and until a ring is dismantled."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from flowsim.engine.expectation import quadrature
from flowsim.units import DAYS_OF_MONTHS, HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world.traffic import Profile
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]


def sent_before(season: Profile | None, time: float, *, ending: float = 0.0, power: int = 1) -> float:
    """Part of the consignments of a year before a time [1]; all years are alike.

    Parameters
    ----------
    season
        Seasonal profile of the entries; None if they are even.
    time
        Time from the first of January [h].
    ending
        Rate at which senders stop for the rest of a year [1/h].
    power
        Power of the rate relative to its mean under the integral; 1 counts consignments [1].
    """
    years, within = divmod(time, HOURS_PER_YEAR)
    whole = _within_year(season, HOURS_PER_YEAR, ending=ending, power=power) if years else 0.0
    return years * whole + _within_year(season, within, ending=ending, power=power)


def _within_year(season: Profile | None, time: float, *, ending: float, power: int) -> float:
    if season is None:
        return time / HOURS_PER_YEAR * float(exprel(-ending * time))
    mean = math.fsum(d * w for d, w in zip(DAYS_OF_MONTHS, season.weights, strict=True)) / sum(DAYS_OF_MONTHS)
    done, start = 0.0, 0.0
    for days, weight in zip(DAYS_OF_MONTHS, season.weights, strict=True):
        lasting = min(days * HOURS_PER_DAY, max(0.0, time - start))
        part = lasting / HOURS_PER_YEAR * math.exp(-ending * start) * float(exprel(-ending * lasting))
        done += (weight / mean) ** power * part
        start += days * HOURS_PER_DAY
    return done


def campaigns(world: World, season: Profile | None, *, horizon: float, ending: float) -> tuple[Floats, Floats]:
    """Campaigns of a year, as spans with constant factors on effort.

    Parameters
    ----------
    world
        World of the campaigns.
    season, ending
        As in `sent_before`.
    horizon
        End of the entries [h].

    Returns
    -------
    tuple
        Factors, dims (checkpoint, span), and the share of each span in the consignments, dims (span,) [1].
    """

    def sent(time: float) -> float:
        return sent_before(season, time, ending=ending)

    # One that changes nothing cuts no span, whose parts would be summed with another rounding than the whole.
    held = [c for c in world.campaigns if c.factor != 1.0]
    days = [[date.fromisoformat(f"2011-{day}") for day in (c.start, c.end)] for c in held]
    hours = [[(day - date(2011, 1, 1)).days * HOURS_PER_DAY for day in pair] for pair in days]
    spans: dict[tuple[float, ...], float] = {}
    for start, end in pairwise(quadrature.between([hour for pair in hours for hour in pair], 0.0, horizon)):
        lasting = [c for c, (first, last) in zip(held, hours, strict=True) if first <= start < last]
        key = tuple(math.prod(c.factor for c in lasting if post.agency in c.agencies) for post in world.checkpoints)
        spans[key] = spans.get(key, 0.0) + sent(end) - sent(start)
    shares = np.array(list(spans.values())) / (sent(horizon) or 1.0)
    return np.array(list(spans), dtype=np.float64).T, shares


def stopping(season: Profile | None, *, horizon: float, ending: float) -> float:
    """Relative variance of the part of its consignments that a ring sends before it stops, within a year [1].

    Parameters
    ----------
    season, horizon, ending
        As in `campaigns`.
    """
    if ending == 0.0:
        return 0.0
    ends = np.append(np.arange(0.0, min(horizon, HOURS_PER_YEAR), HOURS_PER_DAY), min(horizon, HOURS_PER_YEAR))
    done = np.array([sent_before(season, float(end)) if end < HOURS_PER_YEAR else 1.0 for end in ends])
    going_on = np.exp(-ending * (ends[1:] + ends[:-1]) / 2)
    mean, square = float(np.diff(done) @ going_on), float(np.diff(done**2) @ going_on)
    return max(0.0, square / mean**2 - 1.0) if mean > 0 else 0.0
