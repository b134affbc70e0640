"""Result variables that are sums over visits of consignments, each by one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import Bools
from flowsim.engine.compiled.visited import Travelled
from flowsim.engine.outcome import BYPASSED, Outcome
from flowsim.results.sites import sites
from flowsim.world.traffic import DRUGS
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ConsignmentVisits:
    """Visits of consignments to checkpoints, and their outcome."""

    world: World
    """World of the visits."""

    fleet: Travelled
    """Vehicles with their visits."""

    outcome: Outcome
    """Outcome until the horizon."""

    counted: Bools
    """Consignments entered before the horizon, dims (vehicle,)."""

    replications: int
    """Number of replications in the fleet."""

    def at_sites(self, chosen: Bools, *, weights: Floats | None = None) -> Floats:
        """Number or weight of some visits of counted consignments, dims (replication, drug, site).

        Parameters
        ----------
        chosen
            Visits to count, dims (visit,).
        weights
            Weight of each visit, by default 1, dims (visit,).
        """
        who = np.repeat(np.arange(len(self.counted)), np.diff(self.fleet.first))
        here = self.counted[who] & chosen
        rows = (self.fleet.replication[who[here]], self.fleet.drug[who[here]], self.fleet.checkpoint[here])
        shape = (self.replications, len(DRUGS), len(sites(self.world)))
        index = np.ravel_multi_index(rows, shape)
        own = None if weights is None else weights[here]
        return np.bincount(index, weights=own, minlength=int(np.prod(shape))).astype(np.float64).reshape(shape)


def _loaded_vehicles(visits: ConsignmentVisits) -> Floats:
    """Loaded vehicles that came to a checkpoint, not by a bypass."""
    outcome = visits.outcome
    return visits.at_sites(~np.isnan(outcome.arrival) & (outcome.decision != BYPASSED))


SUMS: Mapping[str, Callable[[ConsignmentVisits], Floats]] = {
    "loaded_vehicles": _loaded_vehicles,
}
"""Sums by result variable, dims (replication, drug, ...) as in the registry."""
