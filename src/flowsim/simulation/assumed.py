"""Numbers of a world that are uncertain: their intervals, draws from these, and the change that sets them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from flowsim import checks
from flowsim.draws import philox
from flowsim.draws.philox import RandomStream
from flowsim.units import kilograms
from flowsim.world.network import Network
from flowsim.world.populations import Population
from flowsim.world.traffic import HEROIN, Traffic
from flowsim.world.world import World
from flowsim.world_tables import populations
from flowsim.world_tables.provenance import Number

VARIED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "inspection": (
            *("targeting", "sensitivity", "effort.", "seals.opened", "seals.notice_", "intelligence.tip_"),
            *("intelligence.cases_", "corruption.bribe_", "corruption.protected_"),
        ),
        "parameters": ("market",),
        "bypass": ("",),
    }
)
"""Tables, and what the keys begin with whose numbers are drawn.

They decide where consignments get through. Honest traffic takes no notice of them, so all draws meet the same queues.
"""


@dataclass(frozen=True, kw_only=True)
class SetNumbers:
    """Change of a world that sets numbers of its inspection and tables to others."""

    values: tuple[tuple[str, float], ...]
    """Names, as from `varied`, and values [unit of each].

    Besides, `patrols:factor` multiplies the probability that a patrol stops a consignment on a bypass, and
    `parameters:` is followed by the flow of heroin in t/year, the spread of its years, or a number of `SIZES`, and
    `populations:` by a drug, a population and a column, as in `populations:heroin/wholesale.load_median`, and
    `streams:` by a drug, an origin and a mode, as in `streams:heroin/kyrgyzstan/road`, for the share of the stream,
    and `routes:` by a route, for its share of the consignments of its origin and mode.
    """

    def apply(self, world: World) -> World:
        """World with the other numbers, whole ones rounded.

        Bypasses of a border keep their proportions if they would exceed all consignments. Populations and
        streams of a drug and routes of an origin and mode keep theirs, if not set, in what the others leave.
        """
        of_streams: dict[str, float] = {}
        of_routes: dict[str, float] = {}
        of_populations: defaultdict[str, dict[str, float]] = defaultdict(dict)
        traffic, detection, patrols = world.traffic, world.detection, 1.0
        shares = {f"{way.border}/{way.way}": way.share for way in world.bypasses}
        for name, value in self.values:
            table, _, key = name.partition(":")
            if table == "bypass":
                checks.known(key, list(shares), thing="a bypass of a border that can be set")
                shares[key] = value
            elif table == "patrols":
                patrols = value
            elif table == "parameters":
                traffic = _with_parameter(traffic, key, value)
            elif table == "populations":
                label, _, column = key.rpartition(".")
                of_populations[label][column] = value
            elif table == "streams":
                of_streams[key.replace("/", ":")] = value
            elif table == "routes":
                of_routes[key] = value
            else:
                detection = _with(detection, key.split("."), value)
        sums: defaultdict[str, float] = defaultdict(float)
        for way in world.bypasses:
            sums[way.border] += shares[f"{way.border}/{way.way}"]
        ways = tuple(
            replace(
                way,
                share=shares[f"{way.border}/{way.way}"] / max(1.0, sums[way.border]),
                patrol=min(1.0, patrols * way.patrol),
            )
            for way in world.bypasses
        )
        traffic = _with_streams(_with_populations(traffic, of_populations), of_streams)
        network = _with_routes(world.network, of_routes)
        return replace(world, traffic=traffic, network=network, detection=detection, bypasses=ways)


SIZES: Mapping[str, str] = MappingProxyType(
    {
        "load_median": "median",
        "load_log_sd": "log_sd",
        "load_tail": "tail_share",
        "load_tail_exponent": "tail_exponent",
        "load_size_selection": "selection",
    }
)
"""Fields of the sizes of consignments of heroin by name of the number."""


NATURE = ("mass_share", "concealment", "rings", "tips")
"""Numbers of a population beside those of its sizes."""


def _with_parameter(traffic: Traffic, name: str, value: float) -> Traffic:
    """Traffic in which a number has another value."""
    if name in SIZES:
        known = any(own.drug == HEROIN for own in traffic.populations)
        rule = "be set by population, as in populations:heroin/NAME.load_median, where heroin has populations"
        checks.require(not known, thing=f"parameters:{name}", rule=rule, value=value)
        return replace(traffic, sizes=replace(traffic.sizes, **{SIZES[name]: value}))
    fields = {"market": "market", "year_flow_log_sd": "year_log_sd", "inflow": "inflow"}
    checks.known(name, (*fields, *SIZES), thing="a number of the parameters that can be set")
    return replace(traffic, **{fields[name]: kilograms(value) if name == "inflow" else value})  # type: ignore[arg-type]


def _with_populations(traffic: Traffic, numbers: Mapping[str, Mapping[str, float]]) -> Traffic:
    """Traffic in which numbers of populations have other values, by label and column."""
    known = [own.label for own in traffic.populations]
    for label, values in numbers.items():
        checks.known(label, known, thing="a population that can be set")
        for column in values:
            checks.known(
                column, (*NATURE, *populations.SIZES.values()), thing="a number of a population that can be set"
            )
    shares = _shares(traffic, {name: own["mass_share"] for name, own in numbers.items() if "mass_share" in own})
    changed = (_with_numbers(own, numbers.get(own.label, {}), share=shares[own.label]) for own in traffic.populations)
    return replace(traffic, populations=tuple(changed))


def _shares(traffic: Traffic, given: Mapping[str, float]) -> dict[str, float]:
    """Shares of mass by label of a population, of which some are given."""
    found: dict[str, float] = {}
    for drug in dict.fromkeys(own.drug for own in traffic.populations):
        found |= _parts({own.label: own.mass_share for own in traffic.populations_of(drug)}, given)
    return found


def _with_streams(traffic: Traffic, given: Mapping[str, float]) -> Traffic:
    """Traffic in which some streams have other shares, by name."""
    known = [stream.name for stream in traffic.streams]
    for name in given:
        checks.known(name, known, thing="a stream that can be set")
    found: dict[str, float] = {}
    for drug in dict.fromkeys(stream.drug for stream in traffic.streams):
        found |= _parts({stream.name: stream.share for stream in traffic.streams if stream.drug == drug}, given)
    streams = tuple(
        replace(own, share=found[own.name], low=min(own.low, found[own.name]), high=max(own.high, found[own.name]))
        for own in traffic.streams
    )
    return replace(traffic, streams=streams)


def _with_routes(network: Network, given: Mapping[str, float]) -> Network:
    """Network in which some routes have other weights, by name."""
    if not given:
        return network
    for name in given:
        checks.known(name, [route.name for route in network.routes], thing="a route that can be set")
    found: dict[str, float] = {}
    for way in dict.fromkeys((route.origin, route.mode) for route in network.routes):
        found |= _parts({r.name: r.weight for r in network.routes if (r.origin, r.mode) == way}, given)
    return replace(network, routes=tuple(replace(route, weight=found[route.name]) for route in network.routes))


def _parts(shares: Mapping[str, float], given: Mapping[str, float]) -> dict[str, float]:
    """Parts of a whole of which some are given; the others keep their proportions in what these leave."""
    if not any(name in given for name in shares):
        return dict(shares)
    others = {name: share for name, share in shares.items() if name not in given}
    left = max(0.0, 1.0 - math.fsum(given[name] for name in shares if name in given))
    rest = math.fsum(others.values())
    return {name: given.get(name, share * left / rest if rest > 0 else share) for name, share in shares.items()}


def _with_numbers(own: Population, values: Mapping[str, float], *, share: float) -> Population:
    """Population with other numbers, by column, and an interval that holds its share."""
    sizes = {field: values[column] for field, column in populations.SIZES.items() if column in values}
    nature: dict[str, Any] = {name: values[name] for name in NATURE if name in values} | {"mass_share": share}
    nature |= {"low": min(own.low, share), "high": max(own.high, share)}
    return replace(own, sizes=replace(own.sizes, **sizes), **nature)


def _with(owner: Any, path: Sequence[str], value: float) -> Any:
    """Dataclass in which the field at the end of a path has another value."""
    first, *rest = path
    if rest:
        return replace(owner, **{first: _with(getattr(owner, first), rest, value)})
    whole = type(getattr(owner, first)) is int
    return replace(owner, **{first: round(value) if whole else value})


def varied(numbers: Sequence[Number]) -> dict[str, tuple[float, float]]:
    """Intervals of the numbers of a world that are drawn; a number that was typed has none and stays.

    Parameters
    ----------
    numbers
        Numbers of the world, as of `Request.numbers`.

    Returns
    -------
    dict
        Ends of the interval by table and key, as in `inspection:effort.south` and `bypass:KG/foot` [unit of each].
    """
    chosen = (n for n in numbers if n.table in VARIED and n.key.startswith(VARIED[n.table]))
    return {f"{n.table}:{n.key}": (n.low, n.high) for n in chosen if n.low is not None and n.high is not None}


def draw(intervals: Mapping[str, tuple[float, float]], *, draws: int, seed: int) -> pd.DataFrame:
    """Draw numbers from their intervals, each by itself: on a logarithmic scale if both ends are above 0, else evenly.

    Parameters
    ----------
    intervals
        Ends of the interval of each number, by name [unit of each].
    draws
        How many draws [1].
    seed
        Seed of the run. Another number that is drawn too changes no draw of this one.

    Returns
    -------
    DataFrame
        A row per draw, a column per number.
    """
    drawn = {}
    for name, (low, high) in intervals.items():
        stream = RandomStream(seed, f"interval:{name}")
        uniform = stream.uniforms(np.arange(draws), replication=0, purpose=philox.PERIOD)[:, 0]
        drawn[name] = low * (high / low) ** uniform if low > 0 else low + (high - low) * uniform
    return pd.DataFrame(drawn, index=pd.RangeIndex(draws, name="draw"))
