"""Results of comparisons whose truth is known, made without any simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

CHANNELS, AGENCIES = ("routine", "case"), ("Customs", "KNB")
POSTS = {"gate": "South", "bridge": "North", "new": ""}
EXITS = ("west", "east")
PARTS = np.array([[0.5, 0.1], [0.1, 0.3]])
"""Shares of what is seized by channel and agency."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a policy does: a mean effect and what it varies with, all in kg/year, and what it costs."""

    effect: float = 0.0
    calibrated: float = 0.0
    assumed: float = 0.0
    shared_years: float = 0.0
    own_years: float = 0.0
    cost: float = 0.0
    hours: float = 0.0
    opens: bool = False
    slopes: Mapping[str, float] = field(default_factory=dict)
    """Slopes over parameters that are even on [0, 1], zero in the middle; the names are without the policy's."""


def comparison(
    policies: Mapping[str, Truth],
    *,
    sets: int = 40,
    each: int = 5,
    years: int = 20,
    seed: int = 1,
    baseline: float = 400.0,
    year_sd: float = 0.0,
    flow: float = 70_000.0,
) -> xr.Dataset:
    """Dataset of a comparison; each random part has a stream of its own name, so that no policy moves another's."""
    draws, names = sets * each, ("baseline", *policies)
    rng = np.random.default_rng([seed, 0])
    of_draw = np.repeat(np.arange(sets), each)
    parameters = [f"{name}.{short}" for name, truth in policies.items() for short in truth.slopes]
    drawn = rng.permuted(np.tile((np.arange(sets) + 0.5) / sets, (len(parameters), 1)), axis=1).T
    base = baseline + year_sd * rng.standard_normal((draws, years))
    total = np.empty((len(names), draws, years))
    for k, name in enumerate(names):
        truth = policies.get(name, Truth())
        own = np.random.default_rng([seed, k + 1])
        total[k] = base + _effect(truth, name, own, of_draw, years, dict(zip(parameters, drawn.T, strict=True)))
    kinds = {name: policies.get(name, Truth()) for name in names}
    seized = total[..., None, None] * PARTS
    new = np.array([np.nan if not truth.opens else 0.3 for truth in kinds.values()])
    at = np.stack([0.7 - np.nan_to_num(new), np.full(len(names), 0.3), new], axis=-1)
    left = (flow - total)[..., None] * np.array([0.75, 0.25])
    visits = np.array([1e5, 3e5, np.nan])[None, None] * np.ones((len(names), sets, 1))
    delay = 0.5 + np.array([truth.hours / 4e5 for truth in kinds.values()])[:, None, None] * np.ones((1, sets, 3))
    cost = np.array([truth.cost for truth in kinds.values()])[:, None] * np.ones((1, sets))
    honest = ("policy", "set", "checkpoint")
    return xr.Dataset(
        {
            "seized_mass": (("policy", "draw", "replication", "channel", "agency"), seized),
            "entered_mass": (("policy", "draw", "replication"), np.full(total.shape, flow)),
            "released_mass": (("policy", "draw", "replication"), np.zeros(total.shape)),
            "leaked_mass": (("policy", "draw", "replication", "exit"), left),
            "leaked_mass_by_class": (("policy", "draw", "replication", "route_class"), left),
            "seized_by_checkpoint": (("policy", "draw", "checkpoint"), total.mean(2)[..., None] * at[:, None]),
            "delay": (honest, delay),
            "delay_p95": (honest, 3 * delay * np.array([1.0, 2.0, 9.0])),
            "queue_length": (honest, np.nan_to_num(visits) * delay / 8760.0),
            "utilisation": (honest, visits * delay / 1e6),
            "vehicles": (honest, visits),
            "referrals": (honest, visits * 0.1),
            "false_alarms": (honest, visits * 0.01),
            "cost": (honest, visits * 0.01 * 100.0),
            "policy_cost": (("policy", "set"), cost),
            "parameter_value": (("set", "parameter"), drawn),
        },
        coords={
            "policy": list(names),
            "draw": np.arange(draws),
            "set": np.arange(sets),
            "replication": np.arange(years),
            "channel": list(CHANNELS),
            "agency": list(AGENCIES),
            "checkpoint": list(POSTS),
            "oblast": ("checkpoint", list(POSTS.values())),
            "exit": list(EXITS),
            "route_class": ["south rail", "south road"],
            "parameter": parameters,
            "set_of_draw": ("draw", of_draw),
        },
    )


def _effect(
    truth: Truth, name: str, rng: np.random.Generator, of_draw: np.ndarray, years: int, drawn: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Yearly effects, dims (draw, replication)."""
    sets, draws = of_draw.max() + 1, len(of_draw)
    of_set = truth.assumed * rng.standard_normal(sets)
    for short, slope in truth.slopes.items():
        of_set = of_set + slope * (drawn[f"{name}.{short}"] - 0.5)
    found = truth.effect + of_set[of_draw] + truth.calibrated * rng.standard_normal(draws)
    shared = truth.shared_years * rng.standard_normal((sets, years))[of_draw]
    return found[:, None] + shared + truth.own_years * rng.standard_normal((draws, years))


def only(table: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The baseline and some policies."""
    return table.sel(policy=["baseline", *names])
