"""Distance and bearing between two points of the globe."""

from __future__ import annotations

import math

from flowsim import units

Point = tuple[float, float]
"""Latitude and longitude [degrees]."""


def distance(start: Point, end: Point) -> float:
    """Great-circle distance by the haversine formula [km]."""
    latitude1, latitude2 = math.radians(start[0]), math.radians(end[0])
    half_latitude = (latitude2 - latitude1) / 2
    half_longitude = math.radians(end[1] - start[1]) / 2
    chord = math.sin(half_latitude) ** 2 + math.cos(latitude1) * math.cos(latitude2) * math.sin(half_longitude) ** 2
    return 2 * units.EARTH_RADIUS * math.asin(math.sqrt(chord))


def bearing(start: Point, end: Point) -> float:
    """Initial bearing of the great circle, clockwise from north in [0, 360) [degrees]."""
    latitude1, latitude2 = math.radians(start[0]), math.radians(end[0])
    longitude = math.radians(end[1] - start[1])
    east = math.sin(longitude) * math.cos(latitude2)
    north = math.cos(latitude1) * math.sin(latitude2) - math.sin(latitude1) * math.cos(latitude2) * math.cos(longitude)
    return math.degrees(math.atan2(east, north)) % 360


def between(first: float, second: float) -> float:
    """Angle between two bearings, at most 180 [degrees]."""
    turn = abs(first - second) % 360
    return min(turn, 360 - turn)
