"""Units of the model: hours, kilograms, kilometres and US dollars, and conversions into them."""

MINUTES_PER_HOUR = 60.0
"""Minutes in an hour [min/h]."""

HOURS_PER_DAY = 24.0
"""Hours in a day [h/day]."""

HOURS_PER_WEEK = 168.0
"""Hours in a week [h/week]."""

DAYS_PER_YEAR = 365
"""Days in a model year [day/year]."""

DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days in each month of a model year [day]."""

HOURS_PER_YEAR = 8760.0
"""Hours in a model year of 365 days [h/year]."""

KG_PER_TONNE = 1000.0
"""Kilograms in a tonne [kg/t]."""

EARTH_RADIUS = 6371.0088
"""Mean radius of the Earth [km], IUGG."""


def hours(minutes: float) -> float:
    """Hours in a number of minutes [h]."""
    return minutes / MINUTES_PER_HOUR


def kilograms(tonnes: float) -> float:
    """Kilograms in a number of tonnes [kg]."""
    return tonnes * KG_PER_TONNE
