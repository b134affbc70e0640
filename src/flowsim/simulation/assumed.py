"""Numbers of a world that are uncertain: their intervals, draws from these, and the change that sets them."""

from __future__ import annotations

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
from flowsim.world.traffic import Traffic
from flowsim.world.world import World
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
    `parameters:` is followed by the flow of heroin in t/year, the spread of its years, or a number of `SIZES`.
    """

    def apply(self, world: World) -> World:
        """World with the other numbers, whole ones rounded.

        Bypasses of a border keep their proportions if they would exceed all consignments.
        """
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
        return replace(world, traffic=traffic, detection=detection, bypasses=ways)


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


def _with_parameter(traffic: Traffic, name: str, value: float) -> Traffic:
    """Traffic in which a number has another value."""
    if name in SIZES:
        return replace(traffic, sizes=replace(traffic.sizes, **{SIZES[name]: value}))
    fields = {"market": "market", "year_flow_log_sd": "year_log_sd", "inflow": "inflow"}
    checks.known(name, (*fields, *SIZES), thing="a number of the parameters that can be set")
    return replace(traffic, **{fields[name]: kilograms(value) if name == "inflow" else value})  # type: ignore[arg-type]


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
