"""Annual totals reported for the country of a world."""

from __future__ import annotations

from flowsim.evidence.annual_totals import COUNTRIES, annual_series
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World


def reported_totals(world: World) -> dict[int, float]:
    """Heroin seized in the country of the checkpoints in the world's year and the one before, as reported [kg].

    Parameters
    ----------
    world
        A world; one of several countries, or of one without reports, has no totals.
    """
    countries = {world.place_of(post).country for post in world.checkpoints}
    if len(countries) != 1 or not countries <= set(COUNTRIES):
        return {}
    series = annual_series(countries.pop(), HEROIN)
    return {year: series[year] for year in (world.year, world.year - 1) if year in series}
