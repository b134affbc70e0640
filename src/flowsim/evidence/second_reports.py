"""Second reports of the same seizure, as when two agencies report it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from flowsim.evidence.seizure_reports import SeizureReport

SAME_MASS = 0.01
"""Largest relative difference of two masses of one seizure on one day (assumed)."""

ROUNDED = 0.05
"""Largest relative difference of a mass from the same mass rounded (assumed)."""

DAYS_APART = 1
"""Largest difference of two days of one seizure in one region (assumed) [day]."""

NOISE = 1e-9
"""Relative rounding error of binary arithmetic."""


def second_reports(reports: Sequence[SeizureReport], *, by_region: Collection[str]) -> frozenset[int]:
    """Indices of the reports that are second ones of a seizure that another report tells.

    Of the reports of a seizure the one is kept that names most of region, kind of place, mode and departure, then the
    one with more digits, then the first in the file. A report is a second one if it agrees with one that is kept, so a
    chain of nearly equal masses is no single seizure.

    Parameters
    ----------
    reports
        Reports of a file.
    by_region
        Countries with so many seizures that pairs of one day and mass occur by chance: there two reports must be of
        one region and day, and a rounded mass counts as another.
    """
    order = sorted(range(len(reports)), key=lambda k: (-reports[k].named, reports[k].step, reports[k].line))
    kept: dict[tuple[str, str, int], list[SeizureReport]] = {}
    found = set()
    for index in order:
        own = reports[index]
        days = (own.day + timedelta(days=apart) for apart in range(-DAYS_APART, DAYS_APART + 1))
        others = (other for day in days for other in kept.get((own.country, own.drug, day.toordinal()), ()))
        if any(same_seizure(own, other, by_region=own.country in by_region) for other in others):
            found.add(index)
        else:
            kept.setdefault((own.country, own.drug, own.day.toordinal()), []).append(own)
    return frozenset(found)


def same_seizure(first: SeizureReport, second: SeizureReport, *, by_region: bool) -> bool:
    """Whether two reports of one country and drug are of one seizure.

    They are if they are of one day and their masses differ by at most `SAME_MASS`. So they are if they name one region,
    are at most `DAYS_APART` days apart, and one mass is the other within the rounding of its digits and `ROUNDED`.

    Parameters
    ----------
    first, second
        The reports.
    by_region
        Whether the region must be the same, and a rounded mass counts as another.
    """
    gap, most = abs(first.kg - second.kg), max(first.kg, second.kg)
    one_region = first.region == second.region
    if first.day == second.day and gap <= (SAME_MASS + NOISE) * most:
        return one_region or not by_region
    if by_region or not one_region or not first.region:
        return False
    rounding = 0.5 * max(first.step, second.step)
    return (
        abs(first.day - second.day) <= timedelta(days=DAYS_APART)
        and gap <= min(rounding, ROUNDED * most) + NOISE * most
    )
