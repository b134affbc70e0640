"""Cost of a policy: amounts per unit, and the number of units added to a world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flowsim import checks, units
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.devices import Device
from flowsim.world.world import World

SENSES = ("intercept", "slope", "concealment")
"""Fields of a device that determine its detection."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One item of the cost of a policy: capital, spread over its life, and annual running cost."""

    what: str
    """Description."""

    per: str
    """Unit of the amounts, one of `PER`."""

    kind: str
    """Whether the item is reported or assumed; amounts that are parameters have a kind of their own."""

    source: str
    """Source of the units and the life."""

    capital: float = 0.0
    """Capital cost of each unit added [USD]."""

    running: float = 0.0
    """Annual cost of each unit added, and saving for each given up [USD/year]; negative for a saving."""

    life: float | None = None
    """Life over which the capital is spread, in equal parts and without interest [year]."""

    device: str = ""
    """Name of the device, for amounts per device."""

    units: float | None = None
    """Number of units, for officers; for devices their stock, at most the number of checkpoints that gained one [1]."""

    share: float = 1.0
    """Share of the year in operation, a factor on `running` [1]."""

    saved: bool = False
    """Whether the units are given up instead of added."""

    def __post_init__(self) -> None:
        checks.require(bool(self.what.strip()), thing="Cost.what", rule="say what is paid for", value=self.what)
        checks.one_of(self, "per", tuple(PER))
        checks.sourced(self)
        checks.non_negative(self, "capital")
        checks.finite(self, "running")
        checks.probability(self, "share")
        rule = "be given where running is not, as a cost has one of them or both"
        checks.require(self.capital != 0 or self.running != 0, thing="Cost.capital", rule=rule, value=self.capital)
        if self.life is not None:
            checks.positive(self, "life")
        rule = "be given where capital is, and not without"
        checks.require((self.life is not None) == (self.capital > 0), thing="Cost.life", rule=rule, value=self.life)
        rule = f"be given where per is one of {', '.join(OF_DEVICES)}, and not without"
        checks.require(bool(self.device) == (self.per in OF_DEVICES), thing="Cost.device", rule=rule, value=self.device)
        if self.units is not None:
            checks.non_negative(self, "units")
        rule = "be given where per is officer, and may be where it is device, and not otherwise"
        holds = self.per == "device" or (self.units is not None) == (self.per == "officer")
        checks.require(holds, thing="Cost.units", rule=rule, value=self.units)

    def counted(self, before: World, after: World) -> float:
        """Number of units by which two worlds differ; 1 for units not counted in worlds [1].

        Parameters
        ----------
        before, after
            The world before and after the changes behind the cost.

        Raises
        ------
        ValueError
            If the device is unknown in both worlds.
        """
        if self.device:
            after.device(self.device)
        return PER[self.per](before, after, self.device)

    def annual(self, counted: float) -> float:
        """Annual cost: `capital / life` of the units added, and `running` [USD/year].

        Units given up save their running cost; their capital is sunk.

        Parameters
        ----------
        counted
            Units by which the worlds differ, from `counted` [1].
        """
        number = counted if self.per != "officer" else 1.0
        if self.units is not None:
            number = self.units if self.per == "officer" else min(self.units, max(0.0, counted))
        number = -number if self.saved else number
        spread = 0.0 if self.life is None else self.capital / self.life * max(0.0, number)
        return spread + self.running * self.share * number


def _one(before: World, after: World, device: str) -> float:
    return 1.0


def _posts(before: World, after: World, device: str) -> float:
    return float(len(after.checkpoints) - len(before.checkpoints))


def _posts_changed(before: World, after: World, device: str) -> float:
    return float(sum(old != new for old, new in _both(before, after)))


def _bays(before: World, after: World, device: str) -> float:
    return float(sum(post.bays for post in after.checkpoints) - sum(post.bays for post in before.checkpoints))


def _lanes(before: World, after: World, device: str) -> float:
    old, new = (sum(group.lanes for post in w.checkpoints for group in post.groups) for w in (before, after))
    return float(new - old)


def _devices(before: World, after: World, device: str) -> float:
    return float(_having(after, device).total() - _having(before, device).total())


def _devices_moved(before: World, after: World, device: str) -> float:
    gained, lost = _having(after, device) - _having(before, device), _having(before, device) - _having(after, device)
    return float(min(gained.total(), lost.total()))


def _devices_changed(before: World, after: World, device: str) -> float:
    pairs = [(_tool(old, device), _tool(new, device)) for old, new in _both(before, after)]
    there = [(old, new) for old, new in pairs if old is not None and new is not None]
    return float(sum(any(getattr(old, name) != getattr(new, name) for name in SENSES) for old, new in there))


def _sealed_trucks(before: World, after: World, device: str) -> float:
    return units.DAYS_PER_YEAR * sum(flow.per_day for flow in after.traffic.flows if flow.vehicle_class == "tir")


def _both(before: World, after: World) -> list[tuple[Checkpoint, Checkpoint]]:
    """Pairs of checkpoints present in both worlds."""
    old = {post.name: post for post in before.checkpoints}
    return [(old[post.name], post) for post in after.checkpoints if post.name in old]


def _having(world: World, device: str) -> Counter[str]:
    return Counter(post.name for post in world.checkpoints if _tool(post, device) is not None)


def _tool(post: Checkpoint, device: str) -> Device | None:
    return next((tool for tool in post.devices if tool.name == device), None)


PER: Mapping[str, Callable[[World, World, str], float]] = MappingProxyType(
    {
        "policy": _one,
        "officer": _one,
        "post": _posts,
        "post changed": _posts_changed,
        "bay": _bays,
        "lane": _lanes,
        "device": _devices,
        "device moved": _devices_moved,
        "device changed": _devices_changed,
        "TIR truck": _sealed_trucks,
    }
)
"""Units of cost: the policy; an officer, with a given number; a post, bay, lane or device more than before; a post
changed; a device moved, or with changed detection; a truck under seal in a year."""

OF_DEVICES = ("device", "device moved", "device changed")
"""Units of cost for one device."""
