"""Choices among weighted alternatives: routes, classes of vehicle, cities, rings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flowsim.draws.counter import Floats
from flowsim.draws.fleet import Ints
from flowsim.network import Route
from flowsim.world import World

LEAVES = -1
"""Position of the city on the path of a consignment that leaves the country."""


def choose(uniform: Floats, weights: Sequence[float] | Floats) -> Ints:
    """Index of the alternative that each uniform number falls on.

    Parameters
    ----------
    uniform
        Uniform numbers in (0, 1).
    weights
        Weights of the alternatives, in any unit.
    """
    cumulated = np.cumsum(weights)
    chosen = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    within: Ints = np.minimum(chosen, len(weights) - 1)
    return within


def cities_on(world: World, route: Route) -> list[tuple[int, float]]:
    """Positions on the path of a route of the cities that retain consignments, with their weights [1]."""
    weights = dict(world.traffic.city_weights)
    return [(k, weights[place]) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]


def city(cities: Sequence[tuple[int, float]], *, share: float, retained: Floats, which: Floats) -> Ints:
    """Position of the city where each consignment ends, or `LEAVES`.

    Parameters
    ----------
    cities
        Positions of the cities on the path, with their weights [1].
    share
        Share of the consignments that end in one of them [1].
    retained, which
        Uniform numbers that decide whether a consignment ends in a city, and in which.
    """
    if not cities:
        return np.full(len(retained), LEAVES, dtype=np.int64)
    positions = np.array([place for place, _ in cities], dtype=np.int64)
    chosen = positions[choose(which, [weight for _, weight in cities])]
    ends: Ints = np.where(retained < share, chosen, LEAVES)
    return ends
