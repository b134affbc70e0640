"""Stages of a chain of countries, and the flow through them in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration.priors import Priors

Floats = npt.NDArray[np.float64]

OFF_ROUTE = "off route"
"""Name of all that lies beside the chain."""

QUANTITIES = ("inflow_over_passed", "part_of_inflow", "seized_upstream", "seized_share", "mean_rate", "rate_over")
"""What a fact can be about (`regional_facts`)."""

USES = ("fitted", "check")
"""Uses of a fact."""


@dataclass(frozen=True, kw_only=True)
class ChainFact:
    """A number of a source about several stages together."""

    key: str
    """Identifier."""

    quantity: str
    """One of `QUANTITIES`."""

    stage: str
    """Stage that it is about."""

    of: str
    """Other stage, empty if there is none."""

    year: int
    """Calendar year; the base year if none is printed."""

    value: float
    """Number [1]."""

    low: float
    """q05 of a fitted fact; lower end of a check [1]."""

    high: float
    """q95 of a fitted fact; upper end of a check [1]."""

    use: str
    """One of `USES`."""

    kind: str
    """Reported or assumed."""

    source: str
    """Source and locator."""

    def __post_init__(self) -> None:
        checks.one_of(self, "quantity", QUANTITIES)
        checks.one_of(self, "use", USES)
        checks.sourced(self)
        holds = (self.low <= self.value <= self.high and self.low < self.high) or self.use == "check"
        checks.require(holds, thing="ChainFact.value", rule="lie within [low, high]", value=self.value)
        if self.use == "fitted":
            for name in ("value", "low"):
                checks.positive(self, name)
            rule = f"be one of {', '.join(QUANTITIES[:2])} of a fitted fact"
            checks.require(self.quantity in QUANTITIES[:2], thing="ChainFact.quantity", rule=rule, value=self.quantity)


@dataclass(frozen=True, kw_only=True)
class RouteChain:
    """A chain of stages: what each passes on to later ones, what is reported of it, and the priors of the rest."""

    name: str
    """Name as in `world=`."""

    title: str
    """Title in a few words."""

    detail: str
    """World of the stage `detail_stage`, post by post."""

    detail_stage: str
    """Stage that has a detailed world."""

    base_year: int
    """Year of the prior of the flow."""

    stages: tuple[str, ...]
    """Stages, each before those that it passes on to."""

    years: tuple[int, ...]
    """Calendar years without a gap."""

    branches: Mapping[str, tuple[str, ...]]
    """Where a stage passes on to, the last taking the rest; none for the market at the end."""

    priors: Priors
    """Priors of the parameters, by names as from `named`."""

    reported: Mapping[str, Mapping[int, float]]
    """Mass reported as seized, by stage and year [kg]; a year that is lacking has no report."""

    facts: tuple[ChainFact, ...]
    """Numbers of the sources about several stages together."""

    def __post_init__(self) -> None:
        checks.unique(self.stages, thing="RouteChain.stages")
        checks.known(self.detail_stage, self.stages, thing="RouteChain.detail_stage")
        whole = tuple(range(self.years[0], self.years[-1] + 1)) if self.years else ()
        rule = "be two calendar years or more, one after another"
        checks.require(len(whole) > 1 and whole == self.years, thing="RouteChain.years", rule=rule, value=self.years)
        rule = f"be one of {self.years[0]} to {self.years[-1]}"
        checks.require(self.base_year in self.years, thing="RouteChain.base_year", rule=rule, value=self.base_year)
        for at, stage in enumerate(self.stages):
            allowed = (*self.stages[at + 1 :], OFF_ROUTE)
            checks.unique(self.branches.get(stage, ()), thing=f"branches of {stage}")
            for to in self.branches.get(stage, ()):
                checks.known(to, allowed, thing=f"a branch of {stage}, which passes on to later stages only,")
            ends = not self.branches.get(stage)
            rule = f"pass on to a later stage or {OFF_ROUTE}, except the last"
            checks.require(ends == (at == len(self.stages) - 1), thing=stage, rule=rule, value=self.branches.get(stage))
            for name in (named("rate", stage), named("spread", stage)):
                checks.known(name, tuple(self.priors), thing="a parameter of every stage")
        for fact in self.facts:
            for name in (fact.stage, fact.of) if fact.of else (fact.stage,):
                checks.known(name, self.stages, thing=f"stage of the fact {fact.key}")
            rule = f"be one of {self.years[0]} to {self.years[-1]}"
            checks.require(fact.year in self.years, thing=f"year of the fact {fact.key}", rule=rule, value=fact.year)

    def position(self, stage: str) -> int:
        """Position of a stage in the chain, from 0."""
        return self.stages.index(stage)


@dataclass(frozen=True, kw_only=True)
class Onward:
    """Shares of what is not seized."""

    consumed: Floats
    """Consumed in a stage, dims (..., stage) [1]."""

    split: Floats
    """Of what is passed on, to each stage and off the route, dims (..., stage, to) [1]; the last stage has zeros."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Mass through the stages in each year, dims (..., stage, year)."""

    inflow: Floats
    """Received [kg/year]."""

    seized: Floats
    """Seized [kg/year]."""

    consumed: Floats
    """Consumed [kg/year]."""

    passed: Floats
    """Passed on, or left over at the end [kg/year]."""

    @property
    def rate(self) -> Floats:
        """Share of the inflow that is seized [1]."""
        inflow = np.where(self.inflow > 0, self.inflow, 1.0)
        return np.asarray(np.where(self.inflow > 0, self.seized / inflow, 0.0))


def named(quantity: str, stage: str = "", to: str = "") -> str:
    """Name of a parameter, as `split: Tajikistan to Kyrgyzstan`.

    Parameters
    ----------
    quantity
        Quantity, as `rate`.
    stage
        Stage, empty for the whole chain.
    to
        Next stage, for a split.
    """
    place = f"{stage} to {to}" if to else stage
    return f"{quantity}: {place}" if place else quantity


def onward(chain: RouteChain, drawn: Mapping[str, npt.ArrayLike]) -> Onward:
    """Shares of a chain from the values of its parameters.

    A split names the share of what the branches before it leave; the last branch of a stage takes the rest, so shares
    sum to one.

    Parameters
    ----------
    chain
        The chain.
    drawn
        Values by name, dims (...) each; consumption that is lacking is 0.
    """
    shape = np.broadcast_shapes(*(np.shape(value) for value in drawn.values()))
    count = len(chain.stages)
    consumed = np.zeros((*shape, count))
    split = np.zeros((*shape, count, count + 1))
    columns = {name: at for at, name in enumerate((*chain.stages, OFF_ROUTE))}
    for at, stage in enumerate(chain.stages):
        consumed[..., at] = drawn.get(named("consumed", stage), 0.0)
        branches = chain.branches.get(stage, ())
        left = np.ones(shape)
        for to in branches[:-1]:
            part = left * np.asarray(drawn[named("split", stage, to)])
            split[..., at, columns[to]] = part
            left = left - part
        if branches:
            split[..., at, columns[branches[-1]]] = left
    return Onward(consumed=consumed, split=split)


def follow(flow: Floats, shares: Onward, rate_of: Callable[[int, Floats], Floats]) -> Followed:
    """Follow the flow of each year from the first stage to the last.

    A stage seizes `rate x inflow`, consumes a share of the rest and passes on what is then left; all that is passed on
    in a year arrives in it.

    Parameters
    ----------
    flow
        Inflow of the first stage, dims (..., year) [kg/year].
    shares
        Shares of what is not seized.
    rate_of
        Function from the position of a stage and its inflow, dims (..., year), to the share seized [1].
    """
    count = shares.consumed.shape[-1]
    whole = np.zeros((*flow.shape[:-1], count, flow.shape[-1]))
    inflow, seized, consumed, passed = whole, whole.copy(), whole.copy(), whole.copy()
    inflow[..., 0, :] = flow
    for at in range(count):
        taken = rate_of(at, inflow[..., at, :]) * inflow[..., at, :]
        left = inflow[..., at, :] - taken
        used = shares.consumed[..., at, None] * left
        seized[..., at, :], consumed[..., at, :], passed[..., at, :] = taken, used, left - used
        inflow[..., at + 1 :, :] += shares.split[..., at, at + 1 : count, None] * passed[..., at, None, :]
    return Followed(inflow=inflow, seized=seized, consumed=consumed, passed=passed)


def with_rates(flow: Floats, shares: Onward, rates: Floats) -> Followed:
    """Follow the flow under known rates.

    Parameters
    ----------
    flow
        Inflow of the first stage, dims (..., year) [kg/year].
    shares
        Shares of what is not seized.
    rates
        Share seized, dims (..., stage, year) [1].

    Raises
    ------
    ValueError
        If a rate lies outside [0, 1].
    """
    low, high = float(np.min(rates)), float(np.max(rates))
    checks.require(low >= 0 and high <= 1, thing="a rate", rule="lie in [0, 1]", value=low if low < 0 else high)
    return follow(flow, shares, lambda at, inflow: rates[..., at, :])


def off_route(followed: Followed, shares: Onward) -> Floats:
    """Mass that leaves the chain beside its end, dims (..., stage, year) [kg/year].

    Parameters
    ----------
    followed
        Mass through the stages.
    shares
        Shares of what is not seized.
    """
    return np.asarray(followed.passed * shares.split[..., -1, None])


def consecutive(years: Sequence[int]) -> tuple[int, ...]:
    """All years from the first to the last of a pair.

    Raises
    ------
    ValueError
        If it is not a pair of whole numbers in ascending order.
    """
    pair = list(years)
    holds = len(pair) == 2 and all(type(year) is int for year in pair) and pair[0] < pair[1]
    checks.require(holds, thing="world.years", rule="be the first and the last year, as [1997, 2014]", value=pair)
    return tuple(range(pair[0], pair[1] + 1))
