"""Shares of the groups of streams of a world in its flow, by entry, mode and sector of exits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration.population_evidence import MODES, OTHER, Entries
from flowsim.world.network import Route
from flowsim.world.traffic import HEROIN, Stream
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

REST = "rest"
"""Group of the streams of no entry; its share of the flow is that of the world."""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Division of the heroin of a world over entries, modes and sectors, and how parameters change it."""

    entries: Entries
    """Entries and sectors of exits."""

    origins: Mapping[tuple[str, str], Floats]
    """By entry and mode the share of each origin and sector in the flow of the world, dims (origin, sector) [1]."""

    rest: Floats
    """Share of each sector in the flow of the world by streams of no entry, dims (sector,) [1]."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups: each entry by mode and sector, and the rest."""
        return (*(":".join((*way, sector)) for way in self.origins for sector in self.entries.all_sectors), REST)

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Position of the entry, mode and sector of each group but the rest, dims (3, group)."""
        names, sectors = self.entries.names, len(self.entries.all_sectors)
        found = [(names.index(e), MODES.index(m), s) for e, m in self.origins for s in range(sectors)]
        return np.array(found, dtype=np.int64).T

    @cached_property
    def shares(self) -> Floats:
        """Share of each group in the flow of the world, dims (group,) [1]."""
        parts = [part.sum(axis=0) for part in self.origins.values()]
        return np.array([*np.concatenate(parts), self.rest.sum()])

    def drawn(self, values: Mapping[str, Floats]) -> Floats:
        """Share of each group in the flow, dims (..., group) [1].

        A route keeps its share of its origin and mode, times the odds of its sector against the first.

        Parameters
        ----------
        values
            Values of the parameters, dims (...).
        """
        whole, odds = 1.0 - self.rest.sum(), self.entries.odds(values)
        found = []
        for share, part in zip(self.entries.ways(values), self.origins.values(), strict=True):
            scaled = part * odds[..., None, :]
            of_origin = part.sum(axis=1) / part.sum()
            each = scaled / np.maximum(scaled.sum(axis=-1, keepdims=True), 1e-300) * of_origin[:, None]
            found.append(whole * share[..., None] * each.sum(axis=-2))
        last = np.broadcast_to(self.rest.sum(), (*found[0].shape[:-1], 1))
        return np.concatenate([*found, last], axis=-1)

    def of_sectors(self, shares: Floats) -> Floats:
        """Share of each named sector in the flow by named sectors, dims (..., sector) [1].

        Parameters
        ----------
        shares
            Share of each group in the flow, dims (..., group) [1].
        """
        named = len(self.entries.sectors)
        found = np.stack([shares[..., :-1][..., self.places[2] == s].sum(axis=-1) for s in range(named)], axis=-1)
        found = found + self.rest[:named]
        return np.asarray(found / found.sum(axis=-1, keepdims=True))

    def numbers(self, values: Mapping[str, float], *, world: World) -> dict[str, float]:
        """Shares of streams and weights of routes by name as in `SetNumbers` [1].

        Parameters
        ----------
        values
            Values of the parameters.
        world
            World of the splits.
        """
        given = {name: np.asarray(values[name]) for name in self.entries.parameters}
        ways = dict(zip(self.origins, self.entries.ways(given), strict=True))
        odds = dict(zip(self.entries.all_sectors, self.entries.odds(given).tolist(), strict=True))
        whole, found = 1.0 - float(self.rest.sum()), dict[str, float]()
        for stream in _streams(world):
            way = self._way_of(stream)
            if way is None:
                continue
            share = stream.share / float(self.origins[way].sum())
            found[f"streams:{stream.name.replace(':', '/')}"] = whole * float(ways[way]) * share
            routes = world.routes_of(stream.origin, mode=stream.mode)
            weights = {route.name: route.weight * odds[self.entries.sector(route.exit)] for route in routes}
            if self.entries.sectors:
                found |= {f"routes:{name}": weight / math.fsum(weights.values()) for name, weight in weights.items()}
        return found

    def alone(self, world: World, group: int) -> World:
        """World in which all heroin comes by one group.

        Parameters
        ----------
        world
            World of the splits.
        group
            Position of the group, with a share above 0.
        """
        way, sector = self._of_group(group)
        streams: list[Stream] = []
        routes: list[Route] = []
        for stream in _streams(world):
            if self._way_of(stream) != way:
                continue
            every = world.routes_of(stream.origin, mode=stream.mode)
            own = [r for r in every if r.weight > 0 and (way is None or self.entries.sector(r.exit) == sector)]
            part = math.fsum(route.weight for route in own)
            if part > 0:
                share = min(1.0, stream.share * part / float(self.shares[group]))
                streams.append(replace(stream, share=share, low=0.0, high=1.0))
                routes += [replace(route, weight=route.weight / part) for route in own]
        traffic = replace(world.traffic.of_heroin(), streams=tuple(streams))
        return replace(world, traffic=traffic, network=replace(world.network, routes=tuple(routes)))

    def _way_of(self, stream: Stream) -> tuple[str, str] | None:
        """Entry and mode of a stream; None for the rest."""
        way = (self.entries.entry(stream.origin), stream.mode)
        return way if way in self.origins else None

    def _of_group(self, group: int) -> tuple[tuple[str, str] | None, str]:
        """Entry and mode of a group, None for the rest, and its sector."""
        if group == len(self.groups) - 1:
            return None, OTHER
        entry, mode, sector = self.places[:, group].tolist()
        return (self.entries.names[entry], MODES[mode]), self.entries.all_sectors[sector]


def of_world(world: World, entries: Entries) -> Splits:
    """Division of the heroin of a world.

    Parameters
    ----------
    world
        The world.
    entries
        Entries and sectors of exits.

    Raises
    ------
    ValueError
        If an entry has no stream by a mode, or a sector no route.
    """
    sectors = entries.all_sectors
    origins: dict[tuple[str, str], list[Floats]] = {(name, mode): [] for name in entries.names for mode in MODES}
    rest = np.zeros(len(sectors))
    for stream in _streams(world):
        part = np.zeros(len(sectors))
        routes = world.routes_of(stream.origin, mode=stream.mode)
        whole = math.fsum(route.weight for route in routes)
        for route in routes:
            part[sectors.index(entries.sector(route.exit))] += stream.share * route.weight / whole
        own = origins.get((entries.entry(stream.origin), stream.mode))
        if own is None:
            rest += part
        else:
            own.append(part)
    for (name, mode), parts in origins.items():
        rule, thing = "have streams of heroin by road and by rail", f"entry {name}"
        checks.require(float(np.sum(parts)) > 0, thing=thing, rule=rule, value=f"none by {mode}")
    found = Splits(entries=entries, origins={way: np.array(parts) for way, parts in origins.items()}, rest=rest)
    reached = sum((part.sum(axis=0) for part in found.origins.values()), rest)
    for name, share in zip(entries.sectors, reached, strict=False):
        rule = "have a route of heroin to one of its exits"
        checks.require(float(share) > 0, thing=f"sector {name}", rule=rule, value=", ".join(entries.sectors[name]))
    return found


def _streams(world: World) -> tuple[Stream, ...]:
    """Streams of heroin of a world."""
    return tuple(stream for stream in world.traffic.streams if stream.drug == HEROIN)
