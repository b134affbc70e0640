"""Single seizures of some years by kind of place, size class, oblast, entry and mode, and their chances."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtr

from flowsim import checks
from flowsim.calibration.population_evidence import MODES, Entries, SinglesRequest
from flowsim.evidence.single_seizures import EDGES, SeizureCount
from flowsim.world.traffic import HEROIN

Floats = npt.NDArray[np.float64]

LEAST = 0.1
"""Mass from which on seizures are reported [kg]."""

CLASSES = tuple(edge for edge in EDGES if edge >= LEAST * (1 - 1e-9))
"""Lower edges of the size classes that count [kg]."""

KINDS = ("border", "road", "dwelling")
"""Kinds of place: at crossings and around them, elsewhere on the way, and where heroin is kept and sold."""

GROUPS = (*KINDS, "transit", "any")
"""Groups of seizures: those of a known kind; by rail, at the border or inside; and of no known kind."""

OF_PLACE: Mapping[str, str] = {
    **{"border_crossing": "border", "road": "road", "internal_post": "road", "rail": "transit"},
    **{"dwelling": "dwelling", "street": "dwelling"},
}
"""Group of each kind of place of the table of single seizures; any other is of no known kind."""

MIXED = 0.02
"""Share of the seizures of a composition that are spread evenly, for places a world has no seizure at [1]."""

COMPOSITIONS = ("kinds", "entries", "modes", "oblasts")
"""Compositions of the seizures of a year."""


@dataclass(frozen=True, kw_only=True)
class Singles:
    """Single seizures of one year, as counted."""

    year: int
    """Calendar year."""

    counted: bool
    """Whether the number of seizures is a report of its own."""

    classes: Floats
    """Seizures by group and size class, dims (group, class) [1]."""

    compositions: Mapping[str, Floats]
    """Seizures by kind, entry, mode and oblast, dims (part,) each [1]; only those whose part is known."""

    kg: float
    """Mass of all of them [kg]."""

    @property
    def number(self) -> float:
        """Number of seizures [1]."""
        return float(self.classes.sum())

    @property
    def unknown(self) -> float:
        """Share of them whose kind of place is not named [1]."""
        return float(self.classes[GROUPS.index("any")].sum() / self.number)


@dataclass(frozen=True, kw_only=True)
class ExpectedSingles:
    """Seizures to be expected in a year with a factor of 1; set is a set of parameters."""

    classes: Floats
    """By kind and size class, dims (set, kind, class) [1]."""

    compositions: Mapping[str, Floats]
    """By kind, entry, mode and oblast, dims (set, part) each [1 or any unit common to the parts]."""

    unnamed: Floats
    """How much more often the kind of place is not named in dwellings than elsewhere, dims (set,) [1]."""


def of_year(
    counts: Sequence[SeizureCount], *, request: SinglesRequest, year: int, entries: Entries, oblasts: Sequence[str]
) -> Singles:
    """Single seizures of heroin of a year.

    Parameters
    ----------
    counts
        Counts of single seizures.
    request
        Country and years.
    year
        Calendar year.
    entries
        Entries, whose origins are compared with the countries of departure in lower case.
    oblasts
        Oblasts of the world, in order.

    Raises
    ------
    ValueError
        If the table has no seizure of the country and year.
    """
    own = [
        row
        for row in counts
        if (row.country, row.year, row.drug) == (request.country, year, HEROIN) and row.from_kg >= CLASSES[0]
    ]
    rule = f"have seizures of heroin of {LEAST:g} kg or more in {request.country}"
    checks.require(bool(own), thing=f"the single seizures of {year}", rule=rule, value="none")
    classes = np.zeros((len(GROUPS), len(CLASSES)))
    for row in own:
        classes[GROUPS.index(OF_PLACE.get(row.place_kind, "any")), CLASSES.index(row.from_kg)] += row.seizures
    entry_of = {origin: name for name, origins in entries.origins.items() for origin in origins}
    of_mode = {"road_private": "road", "road_commercial": "road", "rail": "rail"}

    def by(part_of: Callable[[SeizureCount], str], parts: Sequence[str]) -> Floats:
        found = np.zeros(len(parts))
        for row in own:
            if part_of(row) in parts:
                found[parts.index(part_of(row))] += row.seizures
        return found

    return Singles(
        year=year,
        counted=year in request.counted,
        classes=classes,
        compositions={
            "kinds": classes[: len(KINDS)].sum(axis=1),
            "entries": by(lambda row: entry_of.get(row.departure.lower(), ""), entries.names),
            "modes": by(lambda row: of_mode.get(row.mode, ""), MODES),
            "oblasts": by(lambda row: row.region, oblasts),
        },
        kg=math.fsum(row.kg for row in own),
    )


def class_chances(median: Floats, log_sd: Floats, *, maximum: float) -> Floats:
    """Probability of each size class of a lognormal below a maximum, dims (set, class) [1]; the rest is below `LEAST`.

    Parameters
    ----------
    median, log_sd
        Median [kg] and standard deviation of the logarithm, dims (set,).
    maximum
        Largest mass [kg].
    """
    edges = np.log(np.minimum(np.array([*CLASSES, np.inf]), maximum))
    below = ndtr((edges - np.log(median)[:, None]) / log_sd[:, None])
    return np.asarray(np.diff(below, axis=1) / below[:, -1:])


def log_chance(seen: Singles, expected: ExpectedSingles, *, reporter: Floats) -> Floats:
    """Log-chance of sizes and compositions given the numbers in each group, dims (set,).

    Sizes are multinomial given the kind of place. Compositions are Dirichlet-multinomial [Mosimann1962]_: who reports
    differs between years, as much as `reporter` says.

    Parameters
    ----------
    seen
        Single seizures of a year.
    expected
        Expected seizures.
    reporter
        Concentration of all compositions, dims (set,) [1].

    References
    ----------
    .. [Mosimann1962] J. E. Mosimann, "On the compound multinomial distribution, the multivariate beta-distribution, and
       correlations among proportions", Biometrika 49 (1962) 65-82, doi:10.1093/biomet/49.1-2.65.
    """
    found = np.zeros(len(reporter))
    for group, counts in zip(group_chances(expected, unknown=seen.unknown), seen.classes, strict=True):
        own = counts > 0
        found += np.log(np.maximum(group[:, own], 1e-300)) @ counts[own]
    for name, counts in seen.compositions.items():
        alpha = reporter[:, None] * mixed(composition(expected, name, unknown=seen.unknown))
        found += gammaln(reporter) - gammaln(reporter + counts.sum())
        found += (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=1)
    return found


def mixed(expected: Floats) -> Floats:
    """Shares of the parts of a composition, a little of it spread evenly, dims (set, part) [1]."""
    whole = np.maximum(expected.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray((1.0 - MIXED) * expected / whole + MIXED / expected.shape[1])


def composition(expected: ExpectedSingles, name: str, *, unknown: float) -> Floats:
    """Expected seizures by part of a composition, of kinds of place those whose kind is named, dims (set, part) [1].

    Parameters
    ----------
    expected
        Expected seizures.
    name
        One of `COMPOSITIONS`.
    unknown
        Share of the seizures whose kind of place is not named [1].
    """
    if name != "kinds":
        return expected.compositions[name]
    return expected.compositions[name] - _unnamed(expected, unknown=unknown)


def _unnamed(expected: ExpectedSingles, *, unknown: float) -> Floats:
    """Expected seizures by kind whose kind is not named, dims (set, kind) [1]; at most nearly all of a kind."""
    kinds = expected.compositions["kinds"]
    odds = np.ones_like(kinds)
    odds[:, KINDS.index("dwelling")] = expected.unnamed
    share = unknown * kinds.sum(axis=1, keepdims=True) / (kinds * odds).sum(axis=1, keepdims=True)
    return np.asarray(kinds * np.minimum(share * odds, 0.98))


def group_chances(expected: ExpectedSingles, *, unknown: float) -> list[Floats]:
    """Chance of each size class in each group, dims (set, class) each [1].

    Parameters
    ----------
    expected
        Expected seizures.
    unknown
        Share of the seizures whose kind of place is not named [1].
    """
    kinds = expected.classes
    share = _unnamed(expected, unknown=unknown) / np.maximum(kinds.sum(axis=2), 1e-300)
    any_kind = (kinds * share[..., None]).sum(axis=1)
    together = (*(kinds[:, k] for k in range(len(KINDS))), kinds[:, :2].sum(axis=1), any_kind)
    return [part / np.maximum(part.sum(axis=1, keepdims=True), 1e-300) for part in together]
