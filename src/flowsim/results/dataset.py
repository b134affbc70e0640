"""From tallies to a Dataset with names, units and provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from flowsim.engine.expectation import Expectation
from flowsim.inspection.checkpoint import AGENCIES, Checkpoint
from flowsim.results.registry import CHANNELS, REASONS, attach
from flowsim.results.tally import Floats, Loads, Posts, by_channel_and_agency, exits, per_year
from flowsim.traffic import DRUGS
from flowsim.world import World


def coordinates(world: World) -> dict[str, object]:
    """Coordinates of a world's results: names, and place, oblast, mode, kind and agency of each checkpoint."""
    posts = world.checkpoints
    return {
        "drug": list(DRUGS),
        "exit": list(exits(world)),
        "agency": list(AGENCIES),
        "channel": list(CHANNELS),
        "reason": list(REASONS),
        "checkpoint": [post.name for post in posts],
        "oblast": ("checkpoint", [world.place_of(post).oblast for post in posts]),
        "mode": ("checkpoint", [post.mode for post in posts]),
        "kind": ("checkpoint", [post.type for post in posts]),
        "checkpoint_agency": ("checkpoint", [post.agency for post in posts]),
    }


def loads_dataset(world: World, loads: Loads, *, policy: str) -> xr.Dataset:
    """Dataset of consignments, dims (policy, replication, ...)."""
    entered, seized = loads.entered, loads.seized
    leading = ("policy", "replication", "drug")
    rate = np.divide(seized.sum(-1), entered, out=np.full(entered.shape, np.nan), where=entered > 0)
    nothing = np.zeros(entered.shape)
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "entered_mass": (leading, entered),
        "seized_mass": ((*leading, "channel", "agency"), by_channel_and_agency(world, loads)),
        "seized_mass_by_checkpoint": ((*leading, "checkpoint"), seized),
        "seizure_count": ((*leading, "checkpoint"), loads.count),
        "missed_mass": ((*leading, "reason"), loads.missed),
        "leaked_mass": ((*leading, "exit"), loads.leaked),
        "retained_mass": (leading, loads.retained),
        "stored_mass": (leading, nothing),
        "underway_mass": (leading, loads.underway),
        "released_mass": (leading, nothing),
        "interdiction_rate": (leading, rate),
    }
    return _dataset(world, variables, policy=policy, replications=len(entered))


def posts_dataset(world: World, posts: Posts, *, policy: str) -> xr.Dataset:
    """Dataset of honest traffic, dims (policy, checkpoint)."""
    yearly = per_year(posts)
    leading = ("policy", "checkpoint")
    false_alarms = posts.false_alarms * yearly
    price = world.detection.search_cost + world.detection.compensation
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "vehicles": (leading, posts.vehicles * yearly),
        "referrals": (leading, posts.referrals * yearly),
        "false_alarms": (leading, false_alarms),
        "delay": (leading, np.array([_mean(delay) for delay in posts.delays])),
        "delay_p95": (leading, np.array([_quantile(delay, 0.95) for delay in posts.delays])),
        "queue_length": (leading, posts.waiting / posts.hours),
        "cost": (leading, false_alarms * price),
    }
    return _dataset(world, variables, policy=policy, replications=None)


def seizures_dataset(world: World, loads: Loads, *, policy: str) -> xr.Dataset:
    """Table of seizures, dim `seizure`; `.to_dataframe()` turns it into pandas."""
    table = loads.seizures
    posts = [world.checkpoints[int(c)] for c in table["checkpoint"]]
    patrols = [bool(patrol) for patrol in table["patrol"]]
    coords = {
        "seizure_policy": ("seizure", _text([policy] * len(posts))),
        "seizure_replication": ("seizure", table["replication"].astype(np.int64)),
        "seizure_drug": ("seizure", _text([DRUGS[int(d)] for d in table["drug"]])),
        "seizure_checkpoint": ("seizure", _text([post.name for post in posts])),
        "seizure_oblast": ("seizure", _text([world.place_of(post).oblast for post in posts])),
        "seizure_agency": (
            "seizure",
            _text([_agency(post, patrol) for post, patrol in zip(posts, patrols, strict=True)]),
        ),
        "seizure_channel": ("seizure", _text([CHANNELS[int(patrol)] for patrol in patrols])),
        "seizure_mode": ("seizure", _text([post.mode for post in posts])),
    }
    variables = {"seizure_mass": ("seizure", table["mass"]), "seizure_time": ("seizure", table["time"])}
    return attach(xr.Dataset(variables, coords=coords))


def expectation_dataset(world: World, expected: Expectation, *, policy: str) -> xr.Dataset:
    """Dataset of the closed form, means and variances without `replication`, dims (policy, drug, ...)."""
    total = expected.seized.sum(-1)
    rate = np.divide(total, expected.entered, out=np.full(total.shape, np.nan), where=expected.entered > 0)
    spread = np.sqrt(expected.total_variance)
    leading = ("policy", "drug")
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {
        "expected_entered_mass": (leading, expected.entered),
        "expected_seized_mass": ((*leading, "checkpoint"), expected.seized),
        "expected_seized_variance": ((*leading, "checkpoint"), expected.seized_variance),
        "expected_leaked_mass": ((*leading, "exit"), expected.leaked),
        "expected_retained_mass": (leading, expected.retained),
        "expected_rate": (leading, rate),
        "expected_rate_cv": (
            leading,
            np.divide(spread, total, out=np.full(total.shape, np.nan), where=total > 0),
        ),
    }
    return _dataset(world, variables, policy=policy, replications=None)


def _agency(post: Checkpoint, patrol: bool) -> str:
    return "Border Guards" if patrol else post.agency


def _text(words: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(words, dtype=object)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


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
    arrays = {name: (dims, values[None, ...]) for name, (dims, values) in variables.items()}
    return attach(xr.Dataset(arrays, coords=coords))
