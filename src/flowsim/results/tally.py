"""Tallies: outcomes summed by checkpoint, agency, exit and replication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import HONEST, Bools, Ints
from flowsim.engine.compiled.visited import Travelled
from flowsim.engine.outcome import PASSED, REFERRED, RETAINED, SEIZED, SPLIT, UNDER_WAY, Outcome
from flowsim.results.missed_kernel import without_alarm
from flowsim.results.registry import CHANNELS, REASONS
from flowsim.results.seizures import CASE, MARKET, PATROL, ROUTINE, TIP, Columns, table, taken
from flowsim.results.sites import final_visit, site_of_place, sites
from flowsim.results.visit_sums import SUMS, ConsignmentVisits
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.traffic import DRUGS
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

LEDGER_TOLERANCE = 1e-9
"""Maximum imbalance of the ledger, relative to the mass entered [1]."""


@dataclass(frozen=True, kw_only=True)
class Masses:
    """Masses of consignments by fate, replication and drug."""

    entered: Floats
    """Dims (replication, drug) [kg]."""

    seized: Floats
    """Dims (replication, drug, site) [kg]; sites are the checkpoints and, where `sites` has them, places."""

    channels: Floats
    """Mass seized by channel and agency, dims (replication, drug, channel, agency) [kg]."""

    leaked: Floats
    """Dims (replication, drug, exit) [kg]."""

    leaked_by_class: Floats
    """The same mass by class of the route, dims (replication, drug, route class) [kg]."""

    retained: Floats
    """Dims (replication, drug) [kg]."""

    stored: Floats
    """Mass in store at hubs, dims (replication, drug) [kg]."""

    underway: Floats
    """Dims (replication, drug) [kg]."""


@dataclass(frozen=True, kw_only=True)
class ConsignmentTally(Masses):
    """Masses of consignments, reasons of passage, and every seizure."""

    patrolled: Floats
    """Part of `seized` taken by patrols on the bypass, dims (replication, drug, checkpoint) [kg]."""

    missed: Floats
    """Mass that passed a checkpoint, by reason and summed over checkpoints, dims (replication, drug, reason) [kg]."""

    count: Floats
    """Seizures, without the many small ones of the market, dims (replication, drug, site) [1]."""

    seizures: dict[str, npt.NDArray[Any]]
    """Columns of `seizures.table`, each with dims (seizure,)."""

    sums: dict[str, Floats]
    """Sums of `visit_sums.SUMS` by result variable, dims (replication, drug, ...)."""


def exits(world: World) -> tuple[str, ...]:
    """Names of the exits, in the order of the routes."""
    return tuple(dict.fromkeys(route.exit for route in world.network.routes))


def route_classes(world: World) -> tuple[str, ...]:
    """Classes of routes (origin and mode), in the order of the routes."""
    return tuple(dict.fromkeys(f"{route.origin} {route.mode}" for route in world.network.routes))


def ends_of_routes(world: World) -> tuple[Ints, Ints]:
    """Index of the exit and of the class of each route, dims (route,)."""
    names, classes, routes = exits(world), route_classes(world), world.network.routes
    exit_of = np.array([names.index(route.exit) for route in routes], dtype=np.int64)
    class_of = np.array([classes.index(f"{route.origin} {route.mode}") for route in routes], dtype=np.int64)
    return exit_of, class_of


def tally_consignments(
    world: World, fleet: Travelled, outcome: Outcome, *, replications: int, horizon: float
) -> ConsignmentTally:
    """Sum the fates of the consignments of a fleet and close the ledger.

    Parameters
    ----------
    world, fleet, outcome
        World, its fleet and the outcome simulated until the horizon.
    replications
        Number of replications in the fleet.
    horizon
        End of the span; later entries are not counted [h].

    Raises
    ------
    ArithmeticError
        If a drug's ledger does not close in a replication to 1e-9 of the mass entered.
    """
    shape = (replications, len(DRUGS))
    counted = _counted(fleet, outcome, horizon=horizon)

    def total(chosen: Bools, extra: Ints | None = None, size: int = 0) -> Floats:
        return _total(fleet, chosen, extra, shape=shape if extra is None else (*shape, size))

    where = len(sites(world))
    consignments = taken(world, fleet, outcome, counted=counted)
    seized = counted & (outcome.fate == SEIZED)
    one_by_one = table(world, fleet, outcome, consignments=consignments)
    names, classes = exits(world), route_classes(world)
    exit_of, class_of = ends_of_routes(world)
    passed = counted & (outcome.fate == PASSED)
    waiting = counted & (outcome.fate == UNDER_WAY)
    stored = waiting & (fleet.parent >= 0) & (outcome.end[fleet.parent] + fleet.store >= horizon)
    retained = counted & (outcome.fate == RETAINED)
    arrested = _market(world, fleet, retained, shape=shape)
    visits = ConsignmentVisits(world=world, fleet=fleet, outcome=outcome, counted=counted, replications=replications)
    at_posts = {
        channel: _at_posts(world, consignments, channel=channel, shape=shape) for channel in (ROUTINE, PATROL, TIP)
    }
    tally = ConsignmentTally(
        entered=total(counted & (fleet.parent < 0)),
        seized=total(seized, consignments["checkpoint"], where) + arrested,
        patrolled=at_posts[PATROL],
        channels=_channels(world, consignments, at_posts, arrested=arrested.sum(-1)),
        missed=_missed(world, fleet, outcome, shape=shape, counted=counted),
        count=_histogram(one_by_one, "checkpoint", shape=(*shape, where)),
        leaked=total(passed, exit_of[fleet.route[passed]], len(names)),
        leaked_by_class=total(passed, class_of[fleet.route[passed]], len(classes)),
        retained=total(retained) - arrested.sum(-1),
        stored=total(stored),
        underway=total(waiting & ~stored),
        seizures=one_by_one,
        sums={name: own(visits) for name, own in SUMS.items()},
    )
    close(tally)
    return tally


def _counted(fleet: Travelled, outcome: Outcome, *, horizon: float) -> Bools:
    """Consignments entered before the horizon, and their parts sent on from hubs."""
    counted: Bools = (fleet.drug != HONEST) & (fleet.entry < horizon)
    parts = np.flatnonzero(fleet.parent >= 0)
    parents = fleet.parent[parts]
    counted[parts] = counted[parents] & (outcome.fate[parents] == SPLIT)
    return counted


def _total(fleet: Travelled, chosen: Bools, extra: Ints | None, *, shape: tuple[int, ...]) -> Floats:
    """Mass of selected vehicles by replication, drug and further keys."""
    where = [fleet.replication[chosen], fleet.drug[chosen], *([] if extra is None else [extra])]
    index = np.ravel_multi_index(tuple(where), shape)
    sums = np.bincount(index, weights=fleet.mass[chosen], minlength=int(np.prod(shape)))
    return sums.astype(np.float64).reshape(shape)


def _histogram(rows: Columns, name: str, *, shape: tuple[int, ...], weights: Floats | None = None) -> Floats:
    """Number or weight of the rows by replication, drug and one more column."""
    index = np.ravel_multi_index((rows["replication"], rows["drug"], rows[name]), shape)
    return np.bincount(index, weights=weights, minlength=int(np.prod(shape))).astype(float).reshape(shape)


def _market(world: World, fleet: Travelled, retained: Bools, *, shape: tuple[int, int]) -> Floats:
    """Mass taken by retail arrests out of the mass retained, dims (replication, drug, site) [kg]."""
    full = (*shape, len(sites(world)))
    if world.traffic.market == 0.0:
        return np.zeros(full)
    city = site_of_place(world)[fleet.finish[retained]]
    return world.traffic.market * _total(fleet, retained, city, shape=full)


def _at_posts(world: World, consignments: Columns, *, channel: int, shape: tuple[int, int]) -> Floats:
    """Mass seized through a channel at checkpoints, dims (replication, drug, checkpoint) [kg]."""
    rows = {name: column[consignments["channel"] == channel] for name, column in consignments.items()}
    return _histogram(rows, "checkpoint", shape=(*shape, len(world.checkpoints)), weights=rows["mass"])


def _channels(world: World, consignments: Columns, at_posts: dict[int, Floats], *, arrested: Floats) -> Floats:
    """Mass seized, dims (replication, drug, channel, agency) [kg]; patrols belong to the Border Guards."""
    by_case = {name: column[consignments["channel"] == CASE] for name, column in consignments.items()}
    by_case_agency = _histogram(by_case, "agency", shape=(*arrested.shape, len(AGENCIES)), weights=by_case["mass"])
    return channels_of(world, at_posts, by_case=by_case_agency, arrested=arrested)


def channels_of(world: World, at_posts: Mapping[int, Floats], *, by_case: Floats, arrested: Floats) -> Floats:
    """Mass seized, dims (replication, drug, channel, agency) [kg]; patrols belong to the Border Guards.

    Parameters
    ----------
    world
        Simulated world.
    at_posts
        Mass seized through each channel at checkpoints, dims (replication, drug, checkpoint) [kg].
    by_case
        Mass taken in cases, dims (replication, drug, agency) [kg].
    arrested
        Mass taken from retail sellers, dims (replication, drug) [kg].
    """
    channels = np.zeros((*arrested.shape, len(CHANNELS), len(AGENCIES)))
    for channel in (ROUTINE, TIP):
        channels[..., channel, :] = by_agency(world, at_posts[channel])
    channels[..., PATROL, AGENCIES.index("Border Guards")] = at_posts[PATROL].sum(-1)
    channels[..., CASE, :] = by_case
    channels[..., MARKET, AGENCIES.index("Committee")] = arrested
    return channels


def _missed(world: World, fleet: Travelled, outcome: Outcome, *, shape: tuple[int, int], counted: Bools) -> Floats:
    """Mass of consignments missed at checkpoints, by reason."""
    final = final_visit(fleet, outcome)
    reasons = np.array([REASONS.index(REASON_OF[code]) for code in range(len(REASON_OF))], dtype=np.int64)
    cell = np.ravel_multi_index((np.where(counted, fleet.replication, 0), np.where(counted, fleet.drug, 0)), shape)
    sums = np.zeros((int(np.prod(shape)), len(REASONS)))
    alarms = int(np.count_nonzero(outcome.alarm > 0))
    visit, who = np.empty(alarms, np.int64), np.empty(alarms, np.int64)
    found = without_alarm(
        fleet.first,
        counted,
        np.where(outcome.fate == SEIZED, final, -1),
        cell,
        np.ascontiguousarray(fleet.mass),
        np.ascontiguousarray(outcome.departure),
        np.ascontiguousarray(outcome.decision),
        np.ascontiguousarray(outcome.alarm),
        reasons,
        REFERRED,
        sums,
        visit,
        who,
    )
    visit, who = visit[:found], who[:found]
    np.add.at(sums, (cell[who], _why(world, fleet, outcome, visit=visit, who=who)), fleet.mass[who])
    return sums.reshape(*shape, len(REASONS))


REASON_OF = (
    "not selected",
    "missed by the device",
    "waved through",
    "under seal",
    "not reached",
    "bypassed",
    "closed",
)
"""Reason for each decision of an outcome without an alarm."""


def _why(world: World, fleet: Travelled, outcome: Outcome, *, visit: Ints, who: Ints) -> Ints:
    """Reason for which an alarm on a consignment failed: not followed up, protected ring, or bribe."""
    where, time = fleet.checkpoint[visit], outcome.exam_end[visit]
    effort = np.array(world.efforts())[where] * fleet.year_effort[fleet.replication[who]]
    more = np.ones(len(visit))
    for campaign in world.campaigns:
        start, end = campaign.span
        takes_part = np.array([post.agency in campaign.agencies for post in world.checkpoints])[where]
        more = more * np.where(takes_part & (start <= time) & (time < end), campaign.factor, 1.0)
    idle = ~fleet.tipped[visit] & (fleet.effort[visit] >= np.minimum(1.0, effort * more))
    agency = np.array([AGENCIES.index(post.agency) for post in world.checkpoints], dtype=np.int64)[where]
    is_protected = (fleet.protected[who] >> agency) & 1 == 1
    bought = np.where(is_protected, REASONS.index("protected"), REASONS.index("bought off"))
    why: Ints = np.where(idle, REASONS.index("not followed up"), bought)
    return why


def close(consignments: Masses) -> None:
    """Refuse consignments with an open ledger, or with different seizures by channel and by checkpoint.

    Raises
    ------
    ArithmeticError
        If entered differs from seized + leaked + retained + stored + under way by more than 1e-9 of entered, or the
        mass seized by channel and agency from the mass by checkpoint.
    """
    out = (
        consignments.seized.sum(-1)
        + consignments.leaked.sum(-1)
        + consignments.retained
        + consignments.stored
        + consignments.underway
    )
    tolerance = LEDGER_TOLERANCE * np.maximum(consignments.entered, 1.0)
    apart = np.abs(consignments.channels.sum((-1, -2)) - consignments.seized.sum(-1))
    if np.any(apart > tolerance):
        rule = "be the same by channel and agency as by checkpoint"
        raise ArithmeticError(f"mass seized must {rule}, got a difference of {apart.max()!r} kg")
    wrong = np.argwhere(np.abs(out - consignments.entered) > tolerance)
    if len(wrong):
        r, d = wrong[0]
        raise ArithmeticError(
            f"ledger of {DRUGS[d]} in replication {r} must close to 1e-9 of the mass entered, "
            f"got {consignments.entered[r, d]!r} kg entered and {out[r, d]!r} kg accounted for"
        )


def by_agency(world: World, seized: Floats) -> Floats:
    """Mass seized by agency, dims (..., agency), from mass by checkpoint, dims (..., checkpoint) [kg]."""
    matrix = np.zeros((len(world.checkpoints), len(AGENCIES)))
    for c, checkpoint in enumerate(world.checkpoints):
        matrix[c, AGENCIES.index(checkpoint.agency)] = 1.0
    product: Floats = seized @ matrix
    return product


def pool_consignments(parts: Sequence[ConsignmentTally], *, replications: Sequence[Sequence[int]]) -> ConsignmentTally:
    """Merge the consignments of batches of replications, in the order of the replications.

    Parameters
    ----------
    parts
        Consignments of each batch.
    replications
        Replications of each batch, together 0, 1, 2, ... in any order.
    """
    order = np.argsort(np.concatenate([np.array(batch) for batch in replications]))
    names = [field.name for field in fields(ConsignmentTally) if field.name not in ("seizures", "sums")]
    whole = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    sums = {name: np.concatenate([part.sums[name] for part in parts])[order] for name in parts[0].sums}
    tables = [
        part.seizures | {"replication": np.array(batch)[part.seizures["replication"]]}
        for part, batch in zip(parts, replications, strict=True)
    ]
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    by_time = np.lexsort((columns["time"], columns["replication"]))
    seizures = {name: column[by_time] for name, column in columns.items()}
    return ConsignmentTally(**whole, seizures=seizures, sums=sums)
