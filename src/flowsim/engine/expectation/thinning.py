"""Thinning: follow the consignments of a drug along all branches and add up the mass taken at each checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.engine.expectation.checkpoint import BOUGHT, MISSED, NOT_FOLLOWED, PROTECTED, Passing, Post
from flowsim.engine.expectation.route_tree import KEPT, LEAVES, STORED, Branch, Crossing, End
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Met = tuple[int, ...]
"""Agencies that protect rings, in the order in which consignments met them."""

ROUTINE, PATROL, TIP, CASE, MARKET = range(5)
"""Channels of a seizure, in the order of the results."""


@dataclass(frozen=True, kw_only=True)
class States:
    """States of consignments of one kind: the agencies that protect their ring, and the year and season.

    Bit k of the kind of a ring is set if `agencies[k]` protects it. A state is a kind times the number of years and
    seasons, plus the year and season.
    """

    agencies: tuple[int, ...]
    """Agencies that protect rings, as indices in `AGENCIES`."""

    kinds: Floats
    """Share of the rings of each kind, dims (kind,) [1]."""

    effort: Floats
    """Share of alarms followed up, dims (checkpoint, year and season) [1]."""

    weight: Floats
    """Probability of each year and season, dims (year and season,) [1]."""

    @property
    def weights(self) -> Floats:
        """Probability of each state, dims (state,) [1]."""
        return np.outer(self.kinds, self.weight).ravel()

    def spread(self, met: Sequence[int]) -> Ints:
        """Position of each state among the states told apart by the agencies met so far, dims (state,)."""
        kind, among = np.arange(len(self.kinds)), np.zeros(len(self.kinds), dtype=np.int64)
        for k, agency in enumerate(met):
            among |= (kind >> self.agencies.index(agency) & 1) << k
        position: Ints = (among[:, None] * len(self.weight) + np.arange(len(self.weight))).ravel()
        return position


def protection(world: World) -> tuple[tuple[int, ...], Floats]:
    """Agencies that protect rings, and the share of each kind of ring by protecting agencies, dims (kind,) [1]."""
    chances = [world.detection.corruption.protected(agency) for agency in AGENCIES]
    kinds = np.ones(1)
    for chance in chances:
        if chance > 0:
            kinds = np.concatenate([kinds * (1.0 - chance), kinds * chance])
    return tuple(k for k, chance in enumerate(chances) if chance > 0), kinds


@dataclass
class Sums:
    """Mass taken by site and channel, and mass by end."""

    moments: Floats
    """Masses taken to the powers 0, 1 and 2, dims (power, site, state) [kg ** power]."""

    by_case: Floats
    """Mass taken by cases, dims (site, state) [kg]."""

    channels: Floats
    """Mass taken, dims (channel, agency) [kg]."""

    missed: Floats
    """Mass that passes checkpoints, dims (reason,) [kg]."""

    patrolled: Floats
    """Mass stopped by patrols, dims (checkpoint,) [kg]."""

    loaded: Floats
    """Loaded vehicles that come to checkpoints, dims (checkpoint,) [1]."""

    leaked: Floats
    """Mass that leaves the country, dims (exit,) [kg]."""

    stored: list[Floats]
    """Consignments that come into store, one array per hub with dims (mass, state) [1]."""

    retained: float = 0.0
    """Mass that stays in cities [kg]."""


class Thinning:
    """Consignments of one drug, or the parts in which they leave one hub, on their ways."""

    def __init__(self, world: World, post: Post, *, states: States, sums: Sums, sent: Floats | None = None) -> None:
        """Set out.

        Parameters
        ----------
        world, post, states
            World, its checkpoints as the consignments meet them, and the states of their rings and years.
        sums
            Sums to add to.
        sent
            Consignments from store, dims (mass, state); None if the branches hold numbers and not shares.
        """
        self.world, self.post, self.states, self.sums, self.sent = world, post, states, sums, sent
        self.weights, self.powers = states.weights, post.points.powers
        self.spread = cache(states.spread)
        rates = np.array([world.detection.intelligence.cases(agency) for agency in AGENCIES])
        self.case_agencies = rates / (rates.sum() or 1.0)

    def follow(self, root: Branch) -> None:
        """Follow consignments from the root of their branches to their ends.

        Arrays of the surviving have dims (mass, state, quality), with only such states as the agencies met so far tell
        apart.
        """
        points, years = self.post.points, len(self.states.weight)
        came: dict[tuple[Crossing, Met], Floats] = {}
        ended: dict[tuple[End, Met], Floats] = {}
        surviving = np.ones((len(points.mass), years, len(points.concealment)))
        for end, coming in root.ends.items():
            self._end(end, np.repeat(coming[:, None], years, axis=1), met=())
        todo: list[tuple[Branch, Floats, Met]] = [(root, surviving, ())]
        while todo:
            branch, surviving, met = todo.pop()
            for check, onward in branch.onward.items():
                passing = self.post.passing(check)
                sums = surviving @ passing.kernel
                _add(came, (check, met), onward.coming[:, None, None] * sums)
                if not (onward.ends or onward.onward):
                    continue
                followed, later = self._followed(check, passing, met=met)
                passed = passing.missed.sum(axis=0)
                stopped = passing.lost[:, None] + passing.heard[:, None] * followed
                if onward.ends:
                    tiles = stopped.shape[1] // sums.shape[1]
                    left = passed[:, None] * np.tile(sums[..., 0], tiles) - stopped * np.tile(sums[..., 1], tiles)
                for end, coming in onward.ends.items():
                    _add(ended, (end, later), coming[:, None] * left)
                if onward.onward:
                    every = np.broadcast_to(passed[:, None], stopped.shape)
                    share = np.stack([every, -stopped], axis=2) @ passing.line
                    kinds = share.reshape(len(share), -1, *surviving.shape[1:])
                    kinds *= surviving[:, None]
                    todo.append((onward, share, later))
        for (check, met), here in came.items():
            self._take(check, whole=here[..., 0], alarmed=here[..., 1], met=met)
        for (end, met), consignments in ended.items():
            self._end(end, consignments, met=met)

    def _followed(self, check: Crossing, passing: Passing, *, met: Met) -> tuple[Floats, Met]:
        """Share of alarms after the search that lead to a seizure, dims (state,), and the agencies met so far."""
        agency = AGENCIES.index(self.world.checkpoints[check.checkpoint].agency)
        later = (*met, agency) if agency in self.states.agencies and agency not in met else met
        kind = np.arange(2 ** len(later))
        free = 1.0 - (kind >> later.index(agency) & 1) if agency in later else np.ones(len(kind))
        heeded = passing.tipped + (1.0 - passing.tipped) * self.states.effort[check.checkpoint]
        bribe = self.world.bribe_at(self.world.checkpoints[check.checkpoint])
        return np.outer(free, (1.0 - bribe) * heeded).ravel(), later

    def _summed(self, rows: Floats, left: Floats, *, met: Met) -> Floats:
        """Sums over masses of rows times the surviving consignments, dims (row, state), of all states."""
        spread = self.spread(met)
        sums: Floats = (rows @ left)[:, spread] if self.sent is None else rows @ (left[:, spread] * self.sent)
        return sums

    def _take(self, check: Crossing, *, whole: Floats, alarmed: Floats, met: Met) -> None:
        """Add the mass taken at a checkpoint from its arrivals, of which some are `alarmed`."""
        passing, powers, sums, c = self.post.passing(check), self.powers, self.sums, check.checkpoint
        post = self.world.checkpoints[c]
        agency, bribe = AGENCIES.index(post.agency), self.world.bribe_at(post)
        rows = [powers * passing.patrolled, powers * passing.case, powers[1] * passing.missed[: MISSED + 1]]
        by_patrol, by_case, missed = np.split(self._summed(np.concatenate(rows), whole, met=met), [3, 6])
        rows = [powers * passing.heard, powers * passing.lost]
        heard, searched = np.split(self._summed(np.concatenate(rows), alarmed, met=met), 2)
        by_case = by_case + searched
        effort = np.tile(self.states.effort[c], len(self.states.kinds)) * (1.0 - passing.tipped)
        free = 1.0 - self._protected(agency)
        routine, tip = (heard * (free * (1.0 - bribe) * share) for share in (effort, passing.tipped))
        heeded = heard[1] * (effort + passing.tipped) * self.weights
        sums.moments[:, c] += routine + tip + by_patrol + by_case
        sums.by_case[c] += by_case[1]
        sums.channels[ROUTINE, agency] += routine[1] @ self.weights
        sums.channels[TIP, agency] += tip[1] @ self.weights
        sums.channels[PATROL, AGENCIES.index("Border Guards")] += by_patrol[1] @ self.weights
        sums.channels[CASE] += by_case[1] @ self.weights * self.case_agencies
        sums.patrolled[c] += by_patrol[1] @ self.weights
        sums.loaded[c] += self._summed(powers[:1] * passing.through, whole, met=met)[0] @ self.weights
        sums.missed[: MISSED + 1] += missed @ self.weights
        sums.missed[MISSED] -= (heard[1] + searched[1]) @ self.weights
        sums.missed[NOT_FOLLOWED] += heard[1] @ self.weights - heeded.sum()
        sums.missed[PROTECTED] += heeded @ (1.0 - free)
        sums.missed[BOUGHT] += bribe * (heeded @ free)

    def _protected(self, agency: int) -> Floats:
        """1 for states of rings that an agency protects, else 0, dims (state,)."""
        if agency not in self.states.agencies:
            return np.zeros(len(self.weights))
        bit = np.arange(len(self.states.kinds)) >> self.states.agencies.index(agency) & 1
        return np.repeat(bit.astype(np.float64), len(self.states.weight))

    def _end(self, end: End, consignments: Floats, *, met: Met) -> None:
        """Add the outcome of consignments after their last checkpoint; they have dims (mass, state)."""
        sums, market = self.sums, self.world.traffic.market
        if end.kind == STORED:
            sums.stored[end.which] += end.arriving * consignments[:, self.spread(met)]
        ending = self._summed(self.powers, consignments, met=met)
        if end.arriving < 1.0:
            self.take_by_case(end.site, (1.0 - end.arriving) * ending)
        mass = end.arriving * float(ending[1] @ self.weights)
        if end.kind == LEAVES:
            sums.leaked[end.which] += mass
        elif end.kind == KEPT:
            sums.retained += (1.0 - market) * mass
            if market > 0:
                arrested = np.array([0.0, market, market**2])[:, None] * ending
                sums.moments[:, end.which] += end.arriving * arrested
                sums.channels[MARKET, AGENCIES.index("Committee")] += market * mass

    def take_by_case(self, site: int, taken: Floats) -> None:
        """Add seizures by cases at a site: sums of masses to the powers 0, 1 and 2, dims (power, state)."""
        self.sums.moments[:, site] += taken
        self.sums.by_case[site] += taken[1]
        self.sums.channels[CASE] += taken[1] @ self.weights * self.case_agencies


Key = TypeVar("Key")


def _add(sums: dict[Key, Floats], key: Key, more: Floats) -> None:
    sums[key] = sums[key] + more if key in sums else more
