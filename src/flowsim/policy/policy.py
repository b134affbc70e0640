"""Policies: ordered, typed changes from one world to another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flowsim import cards, checks
from flowsim.policy.cost import Cost
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.world import World


class Change(Protocol):
    """One change of a world."""

    def apply(self, world: World) -> World:
        """World after the change."""


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """Open a checkpoint."""

    checkpoint: Checkpoint
    """Checkpoint to open."""

    def apply(self, world: World) -> World:
        """World with the checkpoint added.

        Raises
        ------
        ValueError
            If the world already has a checkpoint of that name, or lacks its place.
        """
        return replace(world, checkpoints=(*world.checkpoints, self.checkpoint))


@dataclass(frozen=True, kw_only=True)
class CloseCheckpoint:
    """Close a checkpoint."""

    name: str
    """Name of the checkpoint."""

    def apply(self, world: World) -> World:
        """World without the checkpoint.

        Raises
        ------
        ValueError
            If the world has no checkpoint of that name.
        """
        checks.known(self.name, [post.name for post in world.checkpoints], thing="checkpoint")
        return replace(world, checkpoints=tuple(post for post in world.checkpoints if post.name != self.name))


@dataclass(frozen=True, kw_only=True)
class ScaleLanes:
    """Multiply the number of lanes at some checkpoints, rounding to at least one."""

    factor: float
    """Factor on the number of lanes [1]."""

    checkpoints: tuple[str, ...]
    """Names of the checkpoints."""

    def apply(self, world: World) -> World:
        """World with the scaled number of lanes.

        Raises
        ------
        ValueError
            If the factor is not positive or the world lacks one of the checkpoints.
        """
        checks.positive(self, "factor")
        for name in self.checkpoints:
            checks.known(name, [post.name for post in world.checkpoints], thing="checkpoint")
        return replace(world, checkpoints=tuple(self._scaled(post) for post in world.checkpoints))

    def _scaled(self, post: Checkpoint) -> Checkpoint:
        if post.name not in self.checkpoints:
            return post
        groups = (replace(group, lanes=max(1, round(group.lanes * self.factor))) for group in post.groups)
        return replace(post, groups=tuple(groups))


LAWS = ("uniform", "log-uniform", "triangular", "log-triangular")
"""Law of a parameter over its interval, or of its logarithm; a triangle has its peak, the mode, at the value."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A number of a policy, with its source and, unless the sources give it, its interval."""

    name: str
    """Name of the policy, a dot, and the number's own name."""

    value: float
    """Value in use if none is drawn [unit]."""

    kind: str
    """Whether it is reported or assumed."""

    source: str
    """Source in one line."""

    low: float | None = None
    """Lower end of its interval [unit]; None if it is reported without one."""

    high: float | None = None
    """Upper end of its interval [unit]."""

    law: str = "uniform"
    """One of `LAWS`."""

    unit: str = "1"
    """Its unit."""

    def __post_init__(self) -> None:
        checks.sourced(self)
        checks.one_of(self, "law", LAWS)
        checks.finite(self, "value")
        thing = f"Parameter '{self.name}'"
        if self.low is None or self.high is None:
            both = self.low is None and self.high is None
            checks.require(both, thing=f"{thing}: high", rule="be given where low is, and not without", value=self.high)
            rule = "be given where the number is assumed"
            checks.require(self.kind != "assumed", thing=f"{thing}: low", rule=rule, value=None)
            return
        for name in ("low", "high"):
            checks.finite(self, name)
        checks.require(
            self.low <= self.high, thing=f"{thing}: high", rule=f"be at least low ({self.low:g})", value=self.high
        )
        rule = f"lie in its interval [{self.low:g}, {self.high:g}]"
        checks.require(self.low <= self.value <= self.high, thing=f"{thing}: value", rule=rule, value=self.value)
        holds = not self.law.startswith("log-") or self.low > 0
        checks.require(holds, thing=f"{thing}: low", rule=f"be above 0 for a {self.law} law", value=self.low)

    @property
    def is_uncertain(self) -> bool:
        """Whether it has an interval to draw from."""
        return self.low is not None and self.high is not None and self.low < self.high

    def drawn(self, uniform: float) -> float:
        """Value at a quantile of its law; the value in use without an interval [unit].

        Parameters
        ----------
        uniform
            Quantile, in [0, 1].

        Raises
        ------
        ValueError
            If the quantile lies outside [0, 1].
        """
        checks.require(0 <= uniform <= 1, thing=f"quantile of '{self.name}'", rule="lie in [0, 1]", value=uniform)
        if self.low is None or self.high is None:
            return self.value
        to, back = (math.log, math.exp) if self.law.startswith("log-") else (float, float)
        low, high = to(self.low), to(self.high)
        if self.law.endswith("triangular") and low < high:
            found = _triangular(uniform, low=low, mode=to(self.value), high=high)
        else:
            found = low + uniform * (high - low)
        return min(self.high, max(self.low, back(found)))

    @property
    def is_central(self) -> bool:
        """Whether the value is the mode of its law, or its median to two significant digits.

        Only then do a run at the value and a mean over the law tell of the same policy.
        """
        if not self.is_uncertain or self.law.endswith("triangular"):
            return True
        middle = self.drawn(0.5)
        digit = 10.0 ** (math.floor(math.log10(abs(middle))) - 1) if middle else 0.0
        return abs(self.value - middle) <= 0.5 * digit * (1.0 + 1e-9)


def _triangular(uniform: float, *, low: float, mode: float, high: float) -> float:
    width = high - low
    if uniform * width <= mode - low:
        return low + math.sqrt(uniform * width * (mode - low))
    return high - math.sqrt((1.0 - uniform) * width * (high - mode))


@dataclass(frozen=True, kw_only=True)
class Use:
    """A field of a change, or of a cost, set by a parameter."""

    change: int
    """Index of the change, or of the cost."""

    field: str
    """Name of the field."""

    parameter: str
    """Name of the parameter."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A named list of changes."""

    name: str
    """Name, the label of its results."""

    title: str
    """Description in one line."""

    changes: tuple[Change, ...] = ()
    """Changes in the order of application."""

    parameters: tuple[Parameter, ...] = ()
    """Numbers of the policy."""

    uses: tuple[Use, ...] = ()
    """Places of these numbers in the changes."""

    sources: tuple[str, ...] = ()
    """Documents behind it."""

    in_force: bool = False
    """Whether it is in force in the world's year, according to the documents."""

    changes_flow: bool = False
    """Whether it may change the inflow, which is refused otherwise."""

    reasons: tuple[str, ...] = ()
    """Source of each change; empty if none is stated."""

    costs: tuple[Cost, ...] = ()
    """Costs; empty if they are unknown, or if there is no change."""

    costs_unknown: str = ""
    """Reason for an unknown cost; empty if the cost is known."""

    cost_uses: tuple[Use, ...] = ()
    """Places of its numbers in the costs."""

    cost_spans: tuple[tuple[int, int], ...] = ()
    """Range of changes (first, one past the last) of the part behind each cost; empty for a single part."""

    def __post_init__(self) -> None:
        checks.unique((parameter.name for parameter in self.parameters), thing=f"parameters of policy '{self.name}'")
        rule = "be left out where costs are given"
        holds = not (self.costs and self.costs_unknown)
        checks.require(holds, thing=f"policy '{self.name}': costs_unknown", rule=rule, value=self.costs_unknown)

    def __repr__(self) -> str:
        return cards.card(f"Policy {self.name}", [*self._facts()])

    def _repr_html_(self) -> str:
        return cards.html_card(f"Policy {self.name}", [*self._facts()])

    def _facts(self) -> Iterator[tuple[str, str]]:
        """Main facts for a card, see `cards.card`."""
        yield "title", self.title
        yield "in force", "yes" if self.in_force else "no"
        kinds, reasons = [_words(change) for change in self.changes], self.reasons or ("",) * len(self.changes)
        told = [": ".join(filter(None, pair)) for pair in zip(kinds, reasons, strict=True)]
        for text in cards.few(told) or ["none"]:
            yield "changes", text
        if self.changes_flow:
            yield "", "it may change what enters the country"
        if self.parameters:
            yield "numbers", f"{len(self.parameters)}, of which {len(self.uncertain)} are drawn from intervals"
        if self.cost_is_unknown:
            yield "costs", f"unknown: {self.costs_unknown or 'none is given'}"
        for text in cards.few([f"{cost.what}, per {cost.per}" for cost in self.costs], most=5):
            yield "costs", text
        for text in cards.few(self.sources, most=5):
            yield "sources", text

    @property
    def cost_is_unknown(self) -> bool:
        """Whether its cost is unknown; a policy without changes costs nothing."""
        return bool(self.costs_unknown) or bool(self.changes and not self.costs)

    @property
    def of_costs(self) -> Policy:
        """Its costs and their numbers, without its changes."""
        held = {use.parameter for use in self.cost_uses}
        numbers = tuple(parameter for parameter in self.parameters if parameter.name in held)
        return replace(self, changes=(), uses=(), reasons=(), parameters=numbers, cost_spans=())

    @property
    def of_changes(self) -> Policy:
        """Its changes and their numbers, without its costs."""
        held = {use.parameter for use in self.uses}
        numbers = tuple(parameter for parameter in self.parameters if parameter.name in held)
        return replace(self, costs=(), costs_unknown="", cost_uses=(), cost_spans=(), parameters=numbers)

    def apply(self, world: World) -> World:
        """World under the policy.

        Raises
        ------
        ValueError
            If a change does not apply to the world, or changes the inflow without `changes_flow`.
        """
        changed = world
        for change in self.changes:
            changed = change.apply(changed)
        if not self.changes_flow:
            rule = "leave what enters the country as it is, or say changes_flow: true"
            checks.require(_entry(changed) == _entry(world), thing=f"policy '{self.name}'", rule=rule, value="another")
        return changed

    def having(self, values: Mapping[str, float]) -> Policy:
        """The same policy with other values of some parameters.

        Parameters
        ----------
        values
            Values by name of the parameter [unit of each].

        Raises
        ------
        ValueError
            If there is no such parameter, or a value lies outside its interval or is refused by a change or a cost.
        """
        for name in values:
            checks.known(name, [parameter.name for parameter in self.parameters], thing="parameter")
        changes = list(self.changes)
        for use in (use for use in self.uses if use.parameter in values):
            changes[use.change] = replace(changes[use.change], **{use.field: float(values[use.parameter])})  # type: ignore[type-var]
        costs = list(self.costs)
        for use in (use for use in self.cost_uses if use.parameter in values):
            costs[use.change] = replace(costs[use.change], **{use.field: float(values[use.parameter])})  # type: ignore[arg-type]
        parameters = (replace(p, value=float(values.get(p.name, p.value))) for p in self.parameters)
        return replace(self, changes=tuple(changes), costs=tuple(costs), parameters=tuple(parameters))

    def drawn(self, uniforms: Mapping[str, float]) -> Policy:
        """The same policy with some parameters drawn from their intervals.

        Parameters
        ----------
        uniforms
            Quantile of the law of each parameter to be drawn, by its name, in [0, 1].

        Raises
        ------
        ValueError
            If there is no such parameter, or a quantile lies outside [0, 1].
        """
        named = {parameter.name: parameter for parameter in self.parameters}
        for name in uniforms:
            checks.known(name, tuple(named), thing="parameter")
        return self.having({name: named[name].drawn(uniform) for name, uniform in uniforms.items()})

    @property
    def uncertain(self) -> tuple[Parameter, ...]:
        """Parameters with an interval to draw from."""
        return tuple(parameter for parameter in self.parameters if parameter.is_uncertain)


def _words(change: Change) -> str:
    """Kind of a change in words, as "add checkpoint"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(change).__name__).lower()


def _entry(world: World) -> tuple[object, ...]:
    """Inflow of the world: masses, streams, classes and sizes."""
    traffic = world.traffic
    masses = traffic.sizes, traffic.populations
    return traffic.inflow, traffic.streams, traffic.class_shares, *masses, traffic.further, traffic.year_log_sd


BASELINE = Policy(name="baseline", title="The controls in force, unchanged", in_force=True)
"""The policy without changes."""


def compose(policies: Sequence[Policy]) -> Policy:
    """Composition of several policies in order, named with a plus between their names.

    Its cost is the sum of theirs, unknown if any of them is.

    Parameters
    ----------
    policies
        Policies to apply; none gives the baseline.
    """
    if not policies:
        return BASELINE
    if len(policies) == 1:
        return policies[0]
    unknown = [f"{one.name}: {one.costs_unknown or 'no cost is given'}" for one in policies if one.cost_is_unknown]
    uses, reasons, count = [], [], 0
    costs: list[Cost] = []
    cost_uses, spans = [], []
    for policy in policies:
        if not unknown:
            cost_uses += [replace(use, change=use.change + len(costs)) for use in policy.cost_uses]
            own = policy.cost_spans or ((0, len(policy.changes)),) * len(policy.costs)
            spans += [(first + count, last + count) for first, last in own]
            costs += policy.costs
        uses += [replace(use, change=use.change + count) for use in policy.uses]
        reasons += [*policy.reasons, *([""] * (len(policy.changes) - len(policy.reasons)))]
        count += len(policy.changes)
    return Policy(
        name="+".join(policy.name for policy in policies),
        title="; ".join(policy.title for policy in policies),
        changes=tuple(change for policy in policies for change in policy.changes),
        parameters=tuple(parameter for policy in policies for parameter in policy.parameters),
        uses=tuple(uses),
        sources=tuple(dict.fromkeys(source for policy in policies for source in policy.sources)),
        in_force=all(policy.in_force for policy in policies),
        changes_flow=any(policy.changes_flow for policy in policies),
        reasons=tuple(reasons),
        costs=tuple(costs),
        costs_unknown="; ".join(unknown),
        cost_uses=tuple(cost_uses),
        cost_spans=tuple(spans),
    )
