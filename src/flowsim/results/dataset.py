"""Datasets with names, units and provenance from tallies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from flowsim.engine.expectation.engine import Expectation
from flowsim.results.coordinates import dates
from flowsim.results.honest_visits import VISITS, Posts, mean_delay, per_year
from flowsim.results.registry import CHANNELS, REASONS, attach, variable
from flowsim.results.sites import along, sites
from flowsim.results.tally import ConsignmentTally, Floats, Masses, exits, route_classes
from flowsim.units import HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world.checkpoint import AGENCIES, WAYS
from flowsim.world.traffic import DRUGS, VEHICLE_CLASSES
from flowsim.world.world import World


def coordinates(world: World) -> dict[str, object]:
    """Coordinates of a world's results: labels, and attributes of each checkpoint."""
    where = sites(world)
    return {
        "drug": list(world.traffic.drugs),
        "exit": list(exits(world)),
        "agency": list(AGENCIES),
        "channel": list(CHANNELS),
        "reason": list(REASONS),
        "hour": list(range(int(HOURS_PER_DAY))),
        "vehicle_class": list(VEHICLE_CLASSES),
        "direction": list(WAYS),
        "checkpoint": [site.name for site in where],
        **along(where),
    }


def consignments_dataset(world: World, consignments: ConsignmentTally, *, policy: str) -> xr.Dataset:
    """Dataset of consignments, dims (policy, replication, ...)."""
    entered, seized = consignments.entered, consignments.seized
    leading = ("policy", "replication", "drug")
    rate = np.divide(seized.sum(-1), entered, out=np.full(entered.shape, np.nan), where=entered > 0)
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "entered_mass": (leading, entered),
        "seized_mass": ((*leading, "channel", "agency"), consignments.channels),
        "seized_mass_by_checkpoint": ((*leading, "checkpoint"), seized),
        "seizure_count": ((*leading, "checkpoint"), consignments.count),
        **{name: (variable(name).dims, values) for name, values in consignments.sums.items()},
        "missed_mass": ((*leading, "reason"), consignments.missed),
        "leaked_mass": ((*leading, "exit"), consignments.leaked),
        "retained_mass": (leading, consignments.retained),
        "stored_mass": (leading, consignments.stored),
        "underway_mass": (leading, consignments.underway),
        "released_mass": (leading, world.detection.corruption.released * seized.sum(-1)),
        "interdiction_rate": (leading, rate),
    }
    return _dataset(world, variables, policy=policy, replications=len(entered))


def masses_dataset(world: World, masses: Masses, *, policy: str) -> xr.Dataset:
    """Dataset of the masses of consignments alone, by class of route too, dims (policy, replication, ...)."""
    leading, seized = ("policy", "replication", "drug"), masses.seized
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "entered_mass": (leading, masses.entered),
        "seized_mass": ((*leading, "channel", "agency"), masses.channels),
        "seized_mass_by_checkpoint": ((*leading, "checkpoint"), seized),
        "leaked_mass": ((*leading, "exit"), masses.leaked),
        "leaked_mass_by_class": ((*leading, "route_class"), masses.leaked_by_class),
        "released_mass": (leading, world.detection.corruption.released * seized.sum(-1)),
    }
    found = _dataset(world, variables, policy=policy, replications=len(masses.entered))
    return found.assign_coords(route_class=list(route_classes(world)))


def posts_dataset(world: World, posts: Posts, *, policy: str) -> xr.Dataset:
    """Dataset of honest traffic, dims (policy, checkpoint, ...); zero or NaN at places without a checkpoint."""
    yearly = per_year(posts)
    leading: tuple[str, ...] = ("policy", "checkpoint")
    elsewhere = len(sites(world)) - len(world.checkpoints)
    delays = (*posts.delays, *[np.zeros(0)] * elsewhere)

    def everywhere(values: Floats, missing: float) -> Floats:
        return np.concatenate([values, np.full((elsewhere, *values.shape[1:]), missing)])

    def counts(values: Floats) -> Floats:
        return everywhere(values, 0.0)

    false_alarms = counts(posts.false_alarms * yearly)
    price = world.detection.search_cost + world.detection.compensation
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "vehicles": (leading, counts(posts.vehicles * yearly)),
        "referrals": (leading, counts(posts.referrals * yearly)),
        "false_alarms": (leading, false_alarms),
        "delay": (leading, np.array([_mean(delay) for delay in delays])),
        "delay_p95": (leading, np.array([_quantile(delay, 0.95) for delay in delays])),
        "delay_mcse": (leading, everywhere(mean_delay(posts.by_hour.sum(-1))[1], np.nan)),
        "unfinished": (leading, everywhere(_share(posts.unfinished, posts.vehicles), np.nan)),
        "queue_length": (leading, counts(posts.waiting / posts.hours)),
        "cost": (leading, false_alarms * price),
    }
    parts = {"hour": (posts.by_hour, ("hour",)), "class": (posts.by_class, ("vehicle_class", "direction"))}
    for name, (spans, dims) in parts.items():
        mean, error = (everywhere(values, np.nan) for values in mean_delay(spans))
        variables[f"vehicles_by_{name}"] = (leading + dims, counts(spans[:, VISITS].sum(0) * yearly))
        variables |= {f"delay_by_{name}": (leading + dims, mean), f"delay_by_{name}_mcse": (leading + dims, error)}
    return _dataset(world, variables, policy=policy, replications=None)


def seizures_dataset(world: World, consignments: ConsignmentTally, *, policy: str) -> xr.Dataset:
    """Table of seizures in order of time, dim `seizure`, with dates in the year of the world."""
    order = np.argsort(consignments.seizures["time"], kind="stable")
    table = {name: column[order] for name, column in consignments.seizures.items()}
    where, routes = sites(world), world.network.routes
    taken_at = [where[int(c)] for c in table["checkpoint"]]
    populations = [*(population.name for population in world.traffic.populations), ""]  # the last one for none
    coords = {
        "seizure_time": ("seizure", dates(table["time"], year=world.year)),
        "seizure_policy": ("seizure", _text([policy] * len(taken_at))),
        "seizure_replication": ("seizure", table["replication"].astype(np.int64)),
        "seizure_drug": ("seizure", _text([DRUGS[int(d)] for d in table["drug"]])),
        "seizure_population": ("seizure", _text([populations[int(p)] for p in table["population"]])),
        "seizure_checkpoint": ("seizure", _text([site.name for site in taken_at])),
        "seizure_oblast": ("seizure", _text([site.oblast for site in taken_at])),
        "seizure_agency": ("seizure", _text([AGENCIES[int(a)] for a in table["agency"]])),
        "seizure_channel": ("seizure", _text([CHANNELS[int(c)] for c in table["channel"]])),
        "seizure_mode": ("seizure", _text([routes[int(r)].mode for r in table["route"]])),
    }
    variables = {"seizure_mass": ("seizure", table["mass"]), "seizure_hours": ("seizure", table["time"])}
    return attach(xr.Dataset(variables, coords=coords))


def expectation_dataset(world: World, expected: Expectation, *, policy: str) -> xr.Dataset:
    """Dataset of the closed form: means and variances, without `replication`, dims (policy, drug, ...)."""
    total = expected.seized.sum(-1)
    rate = np.divide(total, expected.entered, out=np.full(total.shape, np.nan), where=expected.entered > 0)
    spread = np.sqrt(expected.total_variance)
    leading = ("policy", "drug")
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "expected_entered_mass": (leading, expected.entered),
        "expected_seized_mass": ((*leading, "checkpoint"), expected.seized),
        "expected_seized_mass_by_channel": ((*leading, "channel", "agency"), expected.by_channel),
        "expected_seized_variance": ((*leading, "checkpoint"), expected.seized_variance),
        "expected_loaded_vehicles": ((*leading, "checkpoint"), _at_every_site(world, expected.loaded)),
        "expected_missed_mass": ((*leading, "reason"), expected.missed),
        "expected_leaked_mass": ((*leading, "exit"), expected.leaked),
        "expected_retained_mass": (leading, expected.retained),
        "expected_released_mass": (leading, world.detection.corruption.released * total),
        "expected_rate": (leading, rate),
        "expected_rate_cv": (
            leading,
            np.divide(spread, total, out=np.full(total.shape, np.nan), where=total > 0),
        ),
    }
    return _dataset(world, variables, policy=policy, replications=None)


def with_derived(results: xr.Dataset, *, horizon: float) -> xr.Dataset:
    """Results with the variables derived from consignments and honest traffic together.

    The prevalence at a checkpoint has dims (policy, replication, checkpoint).

    Parameters
    ----------
    results
        Results with loaded vehicles of a span, and honest vehicles of a year.
    horizon
        The span [h].
    """
    loaded = results["loaded_vehicles"].sum("drug") * (HOURS_PER_YEAR / horizon)
    every = loaded + results["vehicles"]
    share = (loaded / every.where(every > 0)).transpose(*results["interdiction_rate"].dims[:-1], "checkpoint")
    return attach(results.assign(prevalence=share))


def _at_every_site(world: World, at_posts: Floats) -> Floats:
    """Numbers at checkpoints as numbers at all sites, zero at places without one, dims (..., site)."""
    elsewhere = len(sites(world)) - len(world.checkpoints)
    return np.concatenate([at_posts, np.zeros((*at_posts.shape[:-1], elsewhere))], axis=-1)


def _text(words: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(words, dtype=object)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _share(parts: Floats, wholes: Floats) -> Floats:
    share: Floats = np.divide(parts, wholes, out=np.full(wholes.shape, np.nan), where=wholes > 0)
    return share


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


def _dataset(
    world: World,
    variables: Mapping[str, tuple[tuple[str, ...], Floats]],
    *,
    policy: str,
    replications: int | None,
) -> xr.Dataset:
    used = {dim for dims, _ in variables.values() for dim in dims}
    coords = {
        name: value
        for name, value in coordinates(world).items()
        if name in used or (isinstance(value, tuple) and value[0] in used)
    }
    coords["policy"] = [policy]
    if replications is not None:
        coords["replication"] = np.arange(replications)
    arrays = {name: (dims, _sent(world, dims, values[None, ...])) for name, (dims, values) in variables.items()}
    return attach(xr.Dataset(arrays, coords=coords))


def _sent(world: World, dims: tuple[str, ...], values: Floats) -> Floats:
    """Values of the drugs with streams in the world, out of those of all drugs."""
    if "drug" not in dims:
        return values
    return values.take([DRUGS.index(drug) for drug in world.traffic.drugs], axis=dims.index("drug"))
