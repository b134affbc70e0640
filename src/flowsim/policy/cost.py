"""What a policy costs: amounts per unit, and how many units it adds to a world."""

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
"""Fields of a device that say what it finds."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One item of the cost of a policy: what is paid once and spread over its life, and what is paid each year."""

    what: str
    """What is paid for."""

    per: str
    """One of `PER`: what there is one amount for each of."""

    kind: str
    """Whether what is said here is reported or assumed; amounts that are parameters have a kind of their own."""

    source: str
    """Where the units and the life come from."""

    capital: float = 0.0
    """Paid once for each unit that is added [USD]."""

    running: float = 0.0
    """Paid each year for each unit that is added, and saved for each that is given up [USD/year]; negative if saved."""

    life: float | None = None
    """Time over which the capital is spread, in equal parts and without interest [year]."""

    device: str = ""
    """Name of the device, where there is an amount for each device."""

    units: float | None = None
    """Number of units, for officers; for devices how many there are, at most as many as checkpoints got one [1]."""

    share: float = 1.0
    """Part of the year in which it runs, a factor on `running` [1]."""

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
        """Units by which two worlds differ; 1 where the worlds do not count them [1].

        Parameters
        ----------
        before, after
            The world before and after the changes that it is a cost of.

        Raises
        ------
        ValueError
            If the cost is of a device that neither world knows.
        """
        if self.device:
            after.device(self.device)
        return PER[self.per](before, after, self.device)

    def annual(self, counted: float) -> float:
        """Cost in a year: `capital / life` of the units that are added, and `running` [USD/year].

        Where units are given up, their running cost is saved and their capital is not got back.

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
    """Checkpoints that stand in both worlds."""
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
"""What there is one amount for each of: the policy; an officer, whose number is given; a post, bay, lane or device more
than before; a post that is not as it was; a device that stands elsewhere or finds otherwise than before; a truck under
seal in a year."""

OF_DEVICES = ("device", "device moved", "device changed")
"""Those that are about one device."""
