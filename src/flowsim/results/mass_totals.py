"""Masses of consignments by fate, without their visits: the same sums as a tally."""

from __future__ import annotations

from typing import Any

import numpy as np

from flowsim.draws.roster import Roster
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints, Records
from flowsim.engine.compiled.replay import ABSENT, BY_ALARM, BY_CASE, ON_TIP, ON_WAY_ROUND
from flowsim.engine.outcome import PASSED, RETAINED, SEIZED, SPLIT, UNDER_WAY
from flowsim.jit import kernel
from flowsim.results.seizures import PATROL, ROUTINE, TIP
from flowsim.results.sites import site_of_place, sites
from flowsim.results.tally import Masses, channels_of, close, ends_of_routes, exits, route_classes
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.traffic import DRUGS
from flowsim.world.world import World


def masses(world: World, roster: Roster, ended: Records, *, horizon: float) -> Masses:
    """Sum the masses of a roster by fate, and close the ledger.

    Parameters
    ----------
    world, roster
        World and simulated roster, until the horizon.
    ended
        Fate of each consignment, dims (vehicle,).
    horizon
        End of the span; all consignments entered before it [h].

    Raises
    ------
    ArithmeticError
        As in `tally.tally_consignments`.
    """
    years, where = len(roster.year_effort), len(sites(world))
    (names, classes), (exit_of, class_of) = (exits(world), route_classes(world)), ends_of_routes(world)

    def zeros(*last: int) -> Floats:
        return np.zeros((years * len(DRUGS), *last))

    sums: dict[str, Any] = {name: zeros() for name in ("entered", "retained", "stored", "underway")}
    sums |= {"seized": zeros(where), "kept": zeros(where), "leaked": zeros(len(names))}
    sums |= {"leaked_by_class": zeros(len(classes)), "by_case": zeros(len(AGENCIES))}
    sums["at_posts"] = zeros(BY_CASE, len(world.checkpoints))
    cell, places = roster.replication * len(DRUGS) + roster.drug, site_of_place(world)[roster.finish]
    ends = places, exit_of[roster.route], class_of[roster.route]
    each = cell, roster.mass, roster.parent, roster.store, roster.case_agency
    add_up(ended, *each, *ends, float(horizon), *sums.values())
    found = {name: values.reshape(years, len(DRUGS), *values.shape[1:]) for name, values in sums.items()}
    at_posts = {
        channel: np.ascontiguousarray(found["at_posts"][..., how, :])
        for channel, how in ((ROUTINE, BY_ALARM), (TIP, ON_TIP), (PATROL, ON_WAY_ROUND))
    }
    arrested = world.traffic.market * found["kept"]
    own = {name: found[name] for name in ("entered", "leaked", "leaked_by_class", "stored", "underway")}
    added = Masses(
        **own,
        seized=found["seized"] + arrested,
        retained=found["retained"] - arrested.sum(-1),
        channels=channels_of(world, at_posts, by_case=found["by_case"], arrested=arrested.sum(-1)),
    )
    close(added)
    return added


@kernel
def add_up(
    ended: Records,
    cell: Ints,
    mass: Floats,
    parent: Ints,
    store: Floats,
    agency: Ints,
    place: Ints,
    way_out: Ints,
    route_class: Ints,
    horizon: float,
    entered: Floats,
    retained: Floats,
    stored: Floats,
    underway: Floats,
    seized: Floats,
    kept: Floats,
    leaked: Floats,
    leaked_by_class: Floats,
    by_case: Floats,
    at_posts: Floats,
) -> None:
    """Sum masses in the order of the vehicles.

    Parameters
    ----------
    ended
        Fate of each consignment, dims (vehicle,).
    cell
        Row of the sums (a replication and a drug), dims (vehicle,).
    mass, parent, store
        As in a roster, dims (vehicle,).
    agency
        Agency of the case against the ring of each consignment, dims (vehicle,).
    place, way_out, route_class
        Site of the last place, exit, and class of the route, dims (vehicle,).
    horizon
        End of the span [h].
    entered, retained, stored, underway
        Filled, dims (cell,) [kg].
    seized, kept
        Filled, dims (cell, site) [kg].
    leaked, leaked_by_class, by_case
        Filled, dims (cell, exit), (cell, route class) and (cell, agency) [kg].
    at_posts
        Filled by channel of seizure, dims (cell, channel, checkpoint) [kg].
    """
    for v in range(len(ended)):
        row, kg, fate = cell[v], mass[v], ended[v].fate
        if fate == ABSENT:
            continue
        release = -np.inf
        if parent[v] < 0:
            entered[row] += kg
        else:
            if ended[parent[v]].fate != SPLIT:
                continue
            release = ended[parent[v]].time + store[v]
        if fate == PASSED:
            leaked[row, way_out[v]] += kg
            leaked_by_class[row, route_class[v]] += kg
        elif fate == RETAINED:
            retained[row] += kg
            if place[v] >= 0:
                kept[row, place[v]] += kg
        elif fate == UNDER_WAY:
            if release >= horizon:
                stored[row] += kg
            else:
                underway[row] += kg
        elif fate == SEIZED:
            site = ended[v].post
            if site < 0:
                site = place[parent[v]] if ended[v].time <= release else place[v]
            seized[row, site] += kg
            if ended[v].how == BY_CASE:
                by_case[row, agency[v]] += kg
            else:
                at_posts[row, ended[v].how, ended[v].post] += kg
