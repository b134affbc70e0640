"""Seizures: place, agency and channel of each consignment taken, and their grouping into seizures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.engine.compiled.visited import Travelled
from flowsim.engine.outcome import BYPASSED, SEIZED, Outcome
from flowsim.results.registry import CHANNELS
from flowsim.results.sites import final_visit, site_of_place
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.world import World

Columns = dict[str, npt.NDArray[Any]]

ROUTINE, PATROL, TIP, CASE, MARKET = range(len(CHANNELS))
"""Indices of the channels."""


def taken(world: World, fleet: Travelled, outcome: Outcome, *, counted: npt.NDArray[np.bool_]) -> Columns:
    """Seized consignments, one row each in the order of the fleet.

    A consignment is taken by a case if it was seized at the time of the case; else by a patrol if it had bypassed its
    last checkpoint; else on a tip if the agency had one.

    Parameters
    ----------
    world, fleet, outcome
        World, its fleet and the simulated outcome.
    counted
        Vehicles to count, dims (vehicle,).

    Returns
    -------
    dict
        Columns vehicle, replication, drug, population, checkpoint (index in `sites`), channel, agency, mass [kg] and
        time [h].
    """
    vehicle = np.flatnonzero(counted & (outcome.fate == SEIZED))
    final = final_visit(fleet, outcome)[vehicle]
    somewhere = final >= 0
    visits, there = final[somewhere], vehicle[somewhere]
    stored = in_store(fleet, outcome)[vehicle]
    place = fleet.finish[np.where(stored, fleet.parent[vehicle], vehicle)]
    site = site_of_place(world)[place]
    site[somewhere] = fleet.checkpoint[visits]
    channel = np.full(len(vehicle), CASE, dtype=np.int64)
    agency = fleet.case_agency[vehicle]
    by_case = outcome.end[there] >= fleet.case_time[there]
    on_tip = np.where(fleet.tipped[visits], TIP, ROUTINE)
    at_post = np.where(outcome.decision[visits] == BYPASSED, PATROL, on_tip)
    channel[somewhere] = np.where(by_case, CASE, at_post)
    agencies = np.array([AGENCIES.index(post.agency) for post in world.checkpoints], dtype=np.int64)
    own = np.where(at_post == PATROL, AGENCIES.index("Border Guards"), agencies[fleet.checkpoint[visits]])
    agency[somewhere] = np.where(by_case, agency[somewhere], own)
    return {
        "vehicle": vehicle,
        "replication": fleet.replication[vehicle],
        "drug": fleet.drug[vehicle],
        "population": fleet.population[vehicle],
        "checkpoint": site,
        "channel": channel,
        "agency": agency,
        "mass": fleet.mass[vehicle],
        "time": outcome.end[vehicle],
    }


def in_store(fleet: Travelled, outcome: Outcome) -> npt.NDArray[np.bool_]:
    """Whether each part of a consignment ended before its departure from its hub, dims (vehicle,)."""
    release = np.where(fleet.parent < 0, -np.inf, outcome.end[fleet.parent] + fleet.store)
    inside: npt.NDArray[np.bool_] = outcome.end <= release
    return inside


def table(world: World, fleet: Travelled, outcome: Outcome, *, consignments: Columns) -> Columns:
    """Seizures: the finds of a case in one store of its ring count as one, any other consignment alone.

    Parameters
    ----------
    world, fleet, outcome
        World, its fleet and the simulated outcome.
    consignments
        Seized consignments, as from `taken`.

    Returns
    -------
    dict
        Columns replication, drug, population (of the first consignment), checkpoint, channel, agency, mode (index of
        the route), mass [kg] and time [h].
    """
    vehicle = consignments["vehicle"]
    rows = {name: column for name, column in consignments.items() if name != "vehicle"} | {
        "route": fleet.route[vehicle]
    }
    together = in_store(fleet, outcome)[vehicle]
    if not together.any():
        return rows
    keys = ("replication", "drug", "checkpoint", "agency", "time")
    key = np.column_stack([*(consignments[name][together] for name in keys), fleet.ring[vehicle][together]])
    _, first, seizure = np.unique(key, axis=0, return_index=True, return_inverse=True)
    chosen = np.concatenate([np.flatnonzero(~together), np.flatnonzero(together)[first]])
    merged = {name: column[chosen] for name, column in rows.items()}
    sums = np.bincount(seizure.ravel(), weights=consignments["mass"][together])
    merged["mass"] = np.concatenate([consignments["mass"][~together], sums])
    return merged
