"""Tallies: what outcomes add up to, by checkpoint, agency, exit and replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.draws.fleet import HONEST, Fleet
from flowsim.engine.outcome import BYPASSED, PASSED, REFERRED, RETAINED, SEIZED, UNDER_WAY, Outcome
from flowsim.inspection.checkpoint import AGENCIES
from flowsim.results.registry import REASONS
from flowsim.traffic import DRUGS
from flowsim.world import World

Floats = npt.NDArray[np.float64]

LEDGER_TOLERANCE = 1e-9
"""Largest difference between the two sides of the ledger relative to the mass entered [1]."""


@dataclass(frozen=True, kw_only=True)
class Loads:
    """Masses of consignments by replication and drug; the last dim, where there is one, is named."""

    entered: Floats
    """Dims (replication, drug) [kg]."""

    seized: Floats
    """Dims (replication, drug, checkpoint) [kg]."""

    patrolled: Floats
    """Part of `seized` that patrols stopped on the way round, dims (replication, drug, checkpoint) [kg]."""

    missed: Floats
    """Mass that passed a checkpoint, by reason and summed over checkpoints, dims (replication, drug, reason) [kg]."""

    count: Floats
    """Seizures, dims (replication, drug, checkpoint) [1]."""

    leaked: Floats
    """Dims (replication, drug, exit) [kg]."""

    retained: Floats
    """Dims (replication, drug) [kg]."""

    underway: Floats
    """Dims (replication, drug) [kg]."""

    seizures: dict[str, npt.NDArray[Any]]
    """Columns replication, drug, checkpoint, mass [kg], time [h], each with dims (seizure,)."""


@dataclass(frozen=True, kw_only=True)
class Posts:
    """What honest traffic met, by checkpoint, in a simulated span."""

    hours: float
    """Length of the span [h]."""

    vehicles: Floats
    """Visits, dims (checkpoint,) [1]."""

    referrals: Floats
    """Referrals, dims (checkpoint,) [1]."""

    false_alarms: Floats
    """Alarms, dims (checkpoint,) [1]."""

    waiting: Floats
    """Time waited in all, dims (checkpoint,) [h]."""

    delays: tuple[Floats, ...]
    """Time at the checkpoint of each visit, one array per checkpoint [h]."""


def exits(world: World) -> tuple[str, ...]:
    """Names of the ways out, in the order of the routes."""
    return tuple(dict.fromkeys(route.exit for route in world.network.routes))


def tally_loads(world: World, fleet: Fleet, outcome: Outcome, *, replications: int, horizon: float) -> Loads:
    """Add up what happened to the consignments of a fleet and close the ledger.

    Parameters
    ----------
    world, fleet, outcome
        What was simulated, until the horizon.
    replications
        Number of replications in the fleet.
    horizon
        End of the span; what entered later is not counted [h].

    Raises
    ------
    ArithmeticError
        If a drug's ledger does not close in a replication to 1e-9 of the mass entered.
    """
    loaded = (fleet.drug != HONEST) & (fleet.entry < horizon)
    shape = (replications, len(DRUGS))

    def total(chosen: npt.NDArray[np.bool_], extra: npt.NDArray[np.int64] | None, size: int) -> Floats:
        where = [fleet.replication[chosen], fleet.drug[chosen], *([] if extra is None else [extra])]
        full = shape if extra is None else (*shape, size)
        index = np.ravel_multi_index(tuple(where), full)
        sums = np.bincount(index, weights=fleet.mass[chosen], minlength=int(np.prod(full)))
        return sums.astype(np.float64).reshape(full)

    seized = loaded & (outcome.fate == SEIZED)
    last = last_visit(fleet, outcome)[seized]
    where_seized = fleet.checkpoint[last]
    by_patrol = seized.copy()
    by_patrol[seized] = outcome.decision[last] == BYPASSED
    where_patrolled = where_seized[outcome.decision[last] == BYPASSED]
    names = exits(world)
    exit_of = np.array([names.index(route.exit) for route in world.network.routes], dtype=np.int64)
    passed = loaded & (outcome.fate == PASSED)
    posts = len(world.checkpoints)
    counted = np.ravel_multi_index((fleet.replication[seized], fleet.drug[seized], where_seized), (*shape, posts))
    loads = Loads(
        entered=total(loaded, None, 0),
        seized=total(seized, where_seized, posts),
        patrolled=total(by_patrol, where_patrolled, posts),
        missed=_missed(fleet, outcome, shape=shape, loaded=loaded),
        count=np.bincount(counted, minlength=int(np.prod(shape)) * posts).reshape(*shape, posts).astype(float),
        leaked=total(passed, exit_of[fleet.route[passed]], len(names)),
        retained=total(loaded & (outcome.fate == RETAINED), None, 0),
        underway=total(loaded & (outcome.fate == UNDER_WAY), None, 0),
        seizures={
            "replication": fleet.replication[seized],
            "drug": fleet.drug[seized],
            "checkpoint": where_seized,
            "patrol": outcome.decision[last] == BYPASSED,
            "mass": fleet.mass[seized],
            "time": outcome.end[seized],
        },
    )
    close(loads)
    return loads


def _missed(fleet: Fleet, outcome: Outcome, *, shape: tuple[int, int], loaded: npt.NDArray[np.bool_]) -> Floats:
    """Mass of the loads that left each checkpoint unseized, by reason."""
    vehicle = fleet.vehicle_of_visit
    last = last_visit(fleet, outcome)
    passed = ~np.isnan(outcome.departure) & loaded[vehicle]
    stopped = np.zeros(len(passed), dtype=np.bool_)
    stopped[last[(outcome.fate == SEIZED) & (last >= 0)]] = True
    passed &= ~stopped
    reason = np.array([REASONS.index(REASON_OF[code]) for code in range(len(REASON_OF))])[outcome.decision[passed]]
    alarmed = (outcome.decision[passed] == REFERRED) & (outcome.alarm[passed] == 1)
    reason = np.where(alarmed, REASONS.index("not followed up"), reason)
    who = vehicle[passed]
    full = (*shape, len(REASONS))
    index = np.ravel_multi_index((fleet.replication[who], fleet.drug[who], reason), full)
    return np.bincount(index, weights=fleet.mass[who], minlength=int(np.prod(full))).astype(float).reshape(full)


REASON_OF = (
    "not selected",
    "missed by the device",
    "waved through",
    "under seal",
    "not reached",
    "bypassed",
    "closed",
)
"""Reason for each decision of an outcome, where no alarm was raised."""


def last_visit(fleet: Fleet, outcome: Outcome) -> npt.NDArray[np.int64]:
    """Visit that each vehicle came to last, -1 if none, dims (vehicle,)."""
    vehicle = fleet.vehicle_of_visit
    reached = ~np.isnan(outcome.arrival)
    last = np.full(fleet.size, -1, dtype=np.int64)
    last[vehicle[reached]] = np.flatnonzero(reached)
    return last


def close(loads: Loads) -> None:
    """Refuse loads whose ledger does not close.

    Raises
    ------
    ArithmeticError
        If entered differs from seized + leaked + retained + under way by more than 1e-9 of entered.
    """
    out = loads.seized.sum(-1) + loads.leaked.sum(-1) + loads.retained + loads.underway
    gap = np.abs(out - loads.entered)
    wrong = np.argwhere(gap > LEDGER_TOLERANCE * np.maximum(loads.entered, 1.0))
    if len(wrong):
        r, d = wrong[0]
        raise ArithmeticError(
            f"ledger of {DRUGS[d]} in replication {r} must close to 1e-9 of the mass entered, "
            f"got {loads.entered[r, d]!r} kg entered and {out[r, d]!r} kg accounted for"
        )


def tally_posts(world: World, fleet: Fleet, outcome: Outcome, *, start: float, end: float) -> Posts:
    """Add up what honest vehicles met that arrived within a span.

    A vehicle still at the checkpoint at the end of the span counts with the time until then.

    Parameters
    ----------
    world, fleet, outcome
        What was simulated, until the end of the span.
    start, end
        Span of arrivals that count [h].
    """
    honest = (fleet.drug == HONEST)[fleet.vehicle_of_visit]
    chosen = honest & (outcome.arrival >= start) & (outcome.arrival < end)
    where = fleet.checkpoint[chosen]
    count = len(world.checkpoints)
    left = np.minimum(np.where(np.isnan(outcome.departure), end, outcome.departure), end)[chosen]
    delay = left - outcome.arrival[chosen]
    looked = outcome.start + fleet.service
    referred = (outcome.decision == REFERRED)[chosen]
    begun = np.where(np.isnan(outcome.start[chosen]), left, outcome.start[chosen])
    waiting = begun - outcome.arrival[chosen]
    for_bay = np.where(np.isnan(outcome.exam_start), end, outcome.exam_start)[chosen] - looked[chosen]
    waiting = waiting + np.where(referred, for_bay, 0.0)
    order = np.argsort(where, kind="stable")
    bounds = np.searchsorted(where[order], np.arange(1, count))
    return Posts(
        hours=end - start,
        vehicles=np.bincount(where, minlength=count).astype(float),
        referrals=np.bincount(where[referred], minlength=count).astype(float),
        false_alarms=np.bincount(where[(outcome.alarm == 1)[chosen]], minlength=count).astype(float),
        waiting=np.bincount(where, weights=waiting, minlength=count).astype(float),
        delays=tuple(np.split(delay[order], bounds)),
    )


def by_channel_and_agency(world: World, loads: Loads) -> Floats:
    """Mass seized, dims (replication, drug, channel, agency) [kg]; what a patrol stops is the Border Guards'."""
    routine = by_agency(world, loads.seized - loads.patrolled)
    patrol = np.zeros(routine.shape)
    patrol[..., AGENCIES.index("Border Guards")] = loads.patrolled.sum(-1)
    return np.stack([routine, patrol], axis=-2)


def by_agency(world: World, seized: Floats) -> Floats:
    """Mass seized by agency, dims (..., agency), from mass by checkpoint, dims (..., checkpoint) [kg]."""
    matrix = np.zeros((len(world.checkpoints), len(AGENCIES)))
    for c, checkpoint in enumerate(world.checkpoints):
        matrix[c, AGENCIES.index(checkpoint.agency)] = 1.0
    product: Floats = seized @ matrix
    return product


def pool_loads(parts: Sequence[Loads], *, replications: Sequence[Sequence[int]]) -> Loads:
    """Loads of batches of replications as one, in the order of the replications.

    Parameters
    ----------
    parts
        Loads of each batch.
    replications
        Replications of each batch, together 0, 1, 2, ... in any order.
    """
    order = np.argsort(np.concatenate([np.array(batch) for batch in replications]))
    names = ("entered", "seized", "patrolled", "missed", "count", "leaked", "retained", "underway")
    whole = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    tables = [
        part.seizures | {"replication": np.array(batch)[part.seizures["replication"]]}
        for part, batch in zip(parts, replications, strict=True)
    ]
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    by_time = np.lexsort((columns["time"], columns["replication"]))
    return Loads(**whole, seizures={name: column[by_time] for name, column in columns.items()})


def pool_posts(parts: list[Posts]) -> Posts:
    """Posts of several spans as one."""
    sums = {
        name: np.sum([getattr(part, name) for part in parts], axis=0)
        for name in ("vehicles", "referrals", "false_alarms", "waiting")
    }
    delays = tuple(np.concatenate(columns) for columns in zip(*(part.delays for part in parts), strict=True))
    return Posts(hours=sum(part.hours for part in parts), **sums, delays=delays)


def per_year(posts: Posts) -> float:
    """Factor that scales what was counted in a span to a year [1]."""
    return units.HOURS_PER_YEAR / posts.hours
