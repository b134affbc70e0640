"""Trail of vehicles: the properties of their visits that tallies need, beside the outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np

from flowsim.draws.fleet import Bools, Fleet, Vehicles
from flowsim.draws.roster import Roster
from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints
from flowsim.jit import bare_kernel


@dataclass(frozen=True, kw_only=True)
class Trail(Vehicles):
    """Vehicles and the numbers of their visits in use, with the names of a `Fleet`."""

    first: Ints
    """First visit of each vehicle and, last, the number of visits, dims (vehicle + 1,)."""

    checkpoint: Ints
    """Index of the checkpoint, dims (visit,)."""

    station: Ints
    """Index of the lane group, counted through all checkpoints, dims (visit,)."""

    service: Floats
    """Time of the primary inspection, 0 if there was none, dims (visit,) [h]."""

    tipped: Bools
    """Whether a tip held, dims (visit,)."""

    effort: Floats
    """Uniform number for the comparison with the effort, 0 without a secondary inspection, dims (visit,) [1]."""

    @property
    def vehicle_of_visit(self) -> Ints:
        """Vehicle of each visit, dims (visit,)."""
        return np.repeat(np.arange(self.size, dtype=np.int64), np.diff(self.first))


Travelled: TypeAlias = Fleet | Trail
"""Vehicles whose visits can be tallied."""


def trail_of(run: Run, vehicles: Fleet | Roster) -> Trail:
    """Trail of the vehicles of a run.

    Parameters
    ----------
    run
        Run at its end.
    vehicles
        Fleet or roster at its start.
    """
    visits, first = len(run.visits), vehicles.first
    checkpoint, station = np.zeros(visits, np.int64), np.zeros(visits, np.int64)
    service, effort, tipped = np.zeros(visits), np.zeros(visits), np.zeros(visits, np.bool_)
    tell(run, np.arange(vehicles.size), first, checkpoint, station, service, effort, tipped)
    once: dict[str, Any] = {field.name: getattr(vehicles, field.name) for field in fields(Vehicles)}
    told: dict[str, Any] = {"service": service, "effort": effort, "tipped": tipped}
    return Trail(**once, first=first, checkpoint=checkpoint, station=station, **told)


def renew(trail: Trail, run: Run, who: Ints) -> None:
    """Renew a trail by the visits since it was made.

    Parameters
    ----------
    trail
        Trail of all vehicles of a run.
    run
        The continued run.
    who
        Vehicles still under way before, dims (vehicle,).
    """
    tell(run, who, trail.first, trail.checkpoint, trail.station, trail.service, trail.effort, trail.tipped)


@bare_kernel
def tell(
    run: Run, who: Ints, first: Ints, checkpoint: Ints, station: Ints, service: Floats, effort: Floats, tipped: Bools
) -> None:
    """Fill in the arrays of a trail; vehicles are turned back to their first visit, to each in turn, and back again."""
    for v in who:
        run.vehicles[v].stop -= run.vehicles[v].visit - first[v]
        for k in range(first[v], first[v + 1]):
            checkpoint[k], station[k] = visit_variates.place_of(run, v, k)
            # Only numbers that were used: any other would be drawn here for the first time.
            if not math.isnan(run.visits[k].start):
                service[k] = visit_variates.first_look(run, v, k, checkpoint[k], station[k])[0]
            if run.vehicles[v].consignment >= 0:
                tipped[k] = visit_variates.is_tipped(run, v, k)
                if run.visits[k].alarm >= 0:
                    effort[k] = visit_variates.effort(run, v, k, checkpoint[k])
            run.vehicles[v].stop += 1
        # A run that goes on finds the place of each vehicle from its first visit on.
        run.vehicles[v].stop -= first[v + 1] - first[v]
        run.vehicles[v].visit, run.vehicles[v].remaining = first[v], first[v + 1] - first[v]
