"""Simulation of policies: honest traffic fills the queues, years of consignments meet them, a Dataset comes out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from flowsim import checks, units
from flowsim.engine.expectation.engine import expect
from flowsim.policy.policy import BASELINE, Change, Policy
from flowsim.results.dataset import (
    consignments_dataset,
    expectation_dataset,
    posts_dataset,
    seizures_dataset,
    with_derived,
)
from flowsim.results.honest_visits import Posts, pool_posts
from flowsim.results.registry import attach
from flowsim.results.tally import ConsignmentTally, pool_consignments
from flowsim.simulation.engines import SIMULATING, Engine, Years, make_ready
from flowsim.simulation.processes import mapping
from flowsim.simulation.resources import OverloadWarning, memory_needed, require_memory
from flowsim.world.dependence import Key, Reader, key
from flowsim.world.utilisation import overloads, utilisations
from flowsim.world.world import World

ENGINES = ("compiled", "reference", "expectation")
"""Engines that a run can choose."""

MOST_INFLOW = 10.0
"""Largest inflow relative to the upper end of the world's interval [1]."""

Progress = Callable[[str, int, int], None]
"""Told the name of a step, how much of it is done and how much there is in all."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is simulated."""

    replications: int = 100
    """Years of consignments [1]."""

    traffic_years: float = 0.08
    """Years of honest traffic [year]; below one rounded to whole weeks spread over the year, else whole years."""

    horizon: float = units.HOURS_PER_YEAR
    """Span of a replication from the first of January [h]."""

    seed: int = 1
    """Seed of all random numbers."""

    workers: int = 1
    """Processes that share the work; the results do not depend on them."""

    def __post_init__(self) -> None:
        for name, least, most in (
            ("replications", 1, 1_000_000),
            ("workers", 1, 1024),
            ("seed", 0, 2**63 - 1),
        ):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
            checks.require(whole, thing=name, rule=f"be a whole number from {least} to {most}", value=value)
        holds = 0 < self.horizon <= units.HOURS_PER_YEAR
        checks.require(holds, thing="horizon", rule="lie in (0, 8760] hours", value=self.horizon)
        years = self.traffic_years
        holds = 0 < years <= self.replications and (years < 1 or years == int(years))
        rule = f"lie above 0, be whole from 1 on, and not exceed replications ({self.replications})"
        checks.require(holds, thing="traffic_years", rule=rule, value=years)

    @property
    def together(self) -> bool:
        """Whether every replication is simulated together with its own year of traffic, which is exact."""
        return self.traffic_years == self.replications

    def spans(self) -> list[tuple[int, float, float]]:
        """Year of traffic, start and end [h] of each span of honest traffic."""
        if self.traffic_years >= 1:
            return [(year, 0.0, self.horizon) for year in range(int(self.traffic_years))]
        weeks = max(1, round(self.traffic_years * units.HOURS_PER_YEAR / units.HOURS_PER_WEEK))
        starts = [units.HOURS_PER_WEEK * math.floor((k + 0.5) * 52 / weeks) for k in range(weeks)]
        return [(0, start, start + units.HOURS_PER_WEEK) for start in starts]


def with_inflow(world: World, inflow: float) -> World:
    """World with another inflow of heroin; further drugs keep theirs.

    Parameters
    ----------
    world
        World to change.
    inflow
        Heroin entering [t/year].

    Raises
    ------
    ValueError
        If the inflow is negative, not finite, or above ten times the world's interval.
    """
    most = MOST_INFLOW * world.traffic.inflow_high / units.KG_PER_TONNE
    holds = checks.is_finite(inflow) and 0 <= inflow <= most
    checks.require(holds, thing="inflow", rule=f"lie in [0, {most:g}] t/year", value=inflow)
    return replace(world, traffic=replace(world.traffic, inflow=units.kilograms(inflow)))


Recorded = Sequence[tuple[Posts, Any]]
"""Tally of each span of traffic, and its queues on record as the engine keeps them."""


@dataclass
class SimulatedTraffic:
    """Honest traffic that was simulated, for worlds in which honest vehicles see the same."""

    recorded: dict[Key, Recorded] = field(default_factory=dict)
    """Tallies and queues on record by the key of what they read of a world."""

    plan: Plan | None = None
    """Plan with which all of it was simulated."""

    def of(self, world: World) -> Recorded:
        """Tallies and queues of a world; none if no such traffic was simulated yet."""
        return self.recorded.get(key(world, Reader.HONEST), ())

    def keep(self, world: World, recorded: Recorded) -> None:
        """Keep the tallies and queues of a world."""
        self.recorded[key(world, Reader.HONEST)] = recorded


def simulate(
    world: World,
    *,
    policies: Sequence[Policy] = (BASELINE,),
    engine: str = "compiled",
    plan: Plan | None = None,
    progress: Progress | None = None,
    worlds: Sequence[Change] = (),
    traffic: SimulatedTraffic | None = None,
) -> xr.Dataset:
    """Simulate a world under policies that share all random numbers.

    Parameters
    ----------
    world
        World to simulate.
    policies
        Policies, each applied to the world alone.
    engine
        One of `ENGINES`.
    plan
        How much is simulated.
    progress
        Called as the work goes on.
    worlds
        What is changed in the world of each replication before the policy, such as the draws of a posterior, in turn;
        honest traffic takes no notice of it. The closed form takes the first. By default nothing.
    traffic
        Honest traffic of earlier calls with the same plan, to which that of this call is added.

    Returns
    -------
    Dataset
        Variables of the registry, dims (policy, replication, drug, ...) or (policy, checkpoint).

    Raises
    ------
    ValueError
        If the engine is unknown or two policies share a name.
    """
    checks.known(engine, ENGINES, thing="engine")
    if engine in SIMULATING:
        plan = plan or Plan()
        asked: dict[str, Any] = {"policies": policies, "engine": engine, "plan": plan, "progress": progress}
        return simulate_with_spans(world, **asked, worlds=worlds, traffic=traffic)[0]
    checks.unique((policy.name for policy in policies), thing="policies")
    horizon = (plan or Plan()).horizon
    base = worlds[0].apply(world) if worlds else world
    changed = {policy.name: policy.apply(base) for policy in policies}
    return side_by_side([_expected(world, horizon=horizon, policy=name) for name, world in changed.items()])


def simulate_with_spans(
    world: World,
    *,
    policies: Sequence[Policy],
    engine: str = "compiled",
    plan: Plan,
    progress: Progress | None = None,
    worlds: Sequence[Change] = (),
    traffic: SimulatedTraffic | None = None,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate a world under policies, and say what honest traffic met in each span.

    Recorded traffic serves every other policy under which it is the same.

    Parameters
    ----------
    world, policies, plan, progress, worlds, traffic
        As in `simulate`.
    engine
        One that simulates.

    Returns
    -------
    tuple of Dataset
        What `simulate` returns; and the honest visits [1] and the time they took in all [h] as counted in each
        span of traffic, variables `visits` and `hours`, dims (policy, span).

    Raises
    ------
    ValueError
        If two policies share a name, or the traffic is that of another plan.
    """
    checks.unique((policy.name for policy in policies), thing="policies")
    known = SimulatedTraffic() if traffic is None else traffic
    known.plan = known.plan or plan
    checks.require(known.plan == plan, thing="traffic", rule=f"be that of {plan}", value=known.plan)
    _look_ahead(world, policies, engine=engine, plan=plan)
    if not SIMULATING[engine].is_ready():
        step = "making machine code, once on this machine (about a minute)"
        tell = progress or _tell_nobody
        tell(step, 0, 1)
        make_ready(Years(world=world, seed=0, horizon=plan.horizon), SIMULATING[engine])
        tell(step, 1, 1)
    parts, honest = [], []
    with mapping(plan.workers) as jobs:
        for policy in policies:
            changed = policy.apply(world)
            years = Years(world=changed, seed=plan.seed, horizon=plan.horizon)
            drawn = _Drawn(base=world, policy=policy, worlds=tuple(worlds)) if worlds else None
            work = _Work(
                years=years, engine=engine, plan=plan, policy=policy.name, jobs=jobs, progress=progress, drawn=drawn
            )
            results, posts = _simulated(work, traffic=known)
            parts.append(results)
            honest.append([(part.vehicles.sum(), sum(delay.sum() for delay in part.delays)) for part in posts])
    visits, hours = np.moveaxis(np.array(honest), 2, 0)
    dims = ("policy", "span")
    names = [policy.name for policy in policies]
    return side_by_side(parts), xr.Dataset({"visits": (dims, visits), "hours": (dims, hours)}, coords={"policy": names})


def _look_ahead(world: World, policies: Sequence[Policy], *, engine: str, plan: Plan) -> None:
    """Refuse a run for which there is not enough memory, and warn of queues that will grow without end."""
    spans = plan.spans()
    years = 1 if plan.together else min(SIMULATING[engine].batch, math.ceil(plan.replications / plan.workers))
    hours = max(end - start for _, start, end in spans) + world.warm_up
    processes = min(plan.workers, max(len(spans), math.ceil(plan.replications / years)))
    amount: dict[str, Any] = {"hours": hours, "years": years, "processes": processes}
    told = set()
    for policy in policies:
        changed = policy.apply(world)
        require_memory(memory_needed(changed, engine=engine, **amount))
        for text in overloads(utilisations(changed)):
            if text not in told:
                warnings.warn(text, OverloadWarning, stacklevel=4)
            told.add(text)


def met(
    years: Years,
    *,
    engine: str,
    plan: Plan,
    traffic: SimulatedTraffic,
    jobs: Callable[..., Iterator[Any]] = map,
    tell: Progress | None = None,
    step: str = "",
) -> Recorded:
    """Recorded honest traffic of a world, simulated unless that of another is the same.

    Parameters
    ----------
    years
        World, seed and horizon.
    engine
        Name of the engine.
    plan
        How much is simulated.
    traffic
        Honest traffic that was simulated before with this plan, to which this is added.
    jobs
        What does the work, as `map` does.
    tell, step
        Told how far it is, under this name.
    """
    recorded = traffic.of(years.world)
    if not recorded:
        spans = plan.spans()
        parts = jobs(partial(SIMULATING[engine].traffic, years), spans)
        recorded = list(_told(parts, tell or _tell_nobody, step, len(spans)))
        traffic.keep(years.world, recorded)
    return recorded


def side_by_side(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """One Dataset of those of several policies.

    Parameters
    ----------
    parts
        Results of each policy; checkpoints that one lacks are NaN under it.
    """
    if len(parts) == 1:
        return parts[0]
    tables = [part[["seizure_mass", "seizure_hours"]] for part in parts if "seizure" in part.dims]
    panels = [part.drop_dims("seizure", errors="ignore") for part in parts]
    words = _words(panels)
    names = list(dict.fromkeys(name for panel in panels for name in panel["checkpoint"].values.tolist()))
    how: dict[str, Any] = {"data_vars": "all", "coords": "minimal", "compat": "no_conflicts", "join": "outer"}
    joined = xr.concat([panel.drop_vars(words) for panel in panels], dim="policy", **how)
    joined = joined.sel(checkpoint=names)  # an outer join sorts labels that are not all the same
    along = {word: ("checkpoint", [own[name] for name in names]) for word, own in words.items()}
    joined = attach(joined.assign_coords(along))
    if not tables:
        return joined
    table = xr.concat(tables, dim="seizure").sortby("seizure_hours")
    return xr.merge([joined, table], compat="equals", join="exact")


def _words(panels: Sequence[xr.Dataset]) -> dict[str, dict[str, object]]:
    """Value of each coordinate along `checkpoint` for each label, under the first policy that has the label."""
    found: dict[str, dict[str, object]] = {}
    for panel in panels:
        labels = panel["checkpoint"].values.tolist()
        for name, array in panel.coords.items():
            if array.dims == ("checkpoint",) and name != "checkpoint":
                own = dict(zip(labels, array.values.tolist(), strict=True))
                found[str(name)] = own | found.get(str(name), {})
    return found


def _expected(world: World, *, horizon: float, policy: str) -> xr.Dataset:
    return expectation_dataset(world, expect(world, horizon=horizon), policy=policy)


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Worlds of the replications, which differ."""

    base: World
    policy: Policy
    worlds: tuple[Change, ...]

    def of(self, replication: int) -> World:
        """World of a replication under the policy."""
        return self.policy.apply(self.worlds[replication % len(self.worlds)].apply(self.base))


def _own(years: Years, drawn: _Drawn | None, replication: int) -> Years:
    """Years of the world of a replication."""
    return years if drawn is None else replace(years, world=drawn.of(replication))


def _alone(engine: Engine, years: Years, drawn: _Drawn | None, batch: list[int], queues: Any) -> ConsignmentTally:
    """Simulate years of consignments that meet recorded queues, in the world of the first of them."""
    return engine.alone(_own(years, drawn, batch[0]), batch, queues)


def _together(engine: Engine, years: Years, drawn: _Drawn | None, replication: int) -> tuple[ConsignmentTally, Posts]:
    """Simulate a year of consignments among its own honest traffic, in its own world."""
    return engine.together(_own(years, drawn, replication), replication)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What is to be simulated, and who does it."""

    years: Years
    engine: str
    plan: Plan
    policy: str
    jobs: Callable[..., Iterator[Any]]
    progress: Progress | None
    drawn: _Drawn | None = None


def _simulated(work: _Work, *, traffic: SimulatedTraffic) -> tuple[xr.Dataset, Sequence[Posts]]:
    """Simulate a world among honest traffic, which is simulated first unless it was recorded before."""
    world, plan, policy, jobs = work.years.world, work.plan, work.policy, work.jobs
    engine = SIMULATING[work.engine]
    tell = work.progress or _tell_nobody
    if plan.together:
        step = f"{policy}: years of traffic with consignments"
        whole = partial(_together, engine, work.years, work.drawn)
        pairs = list(_told(jobs(whole, range(plan.replications)), tell, step, plan.replications))
        tallies, posts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        batches = [[replication] for replication in range(plan.replications)]
    else:
        spans = plan.spans()
        how: dict[str, Any] = {"engine": work.engine, "plan": plan, "jobs": jobs, "tell": tell}
        recorded = met(work.years, **how, traffic=traffic, step=f"{policy}: honest traffic")
        posts = [part for part, _ in recorded]
        years = sorted({year for year, _, _ in spans})
        of_year = {
            year: engine.queues([span for (y, _, _), (_, span) in zip(spans, recorded, strict=True) if y == year])
            for year in years
        }
        batches = _batches(plan, years=len(years), most=1 if work.drawn else engine.batch)
        step = f"{policy}: years of consignments"
        queues = [of_year[years[batch[0] % len(years)]] for batch in batches]
        alone = partial(_alone, engine, work.years, work.drawn)
        tallies = list(_told(jobs(alone, batches, queues), tell, step, len(batches)))
    pooled = pool_consignments(tallies, replications=batches)
    panels = [
        consignments_dataset(world, pooled, policy=policy),
        posts_dataset(world, pool_posts(posts), policy=policy),
    ]
    table = seizures_dataset(world, pooled, policy=policy)
    merged = xr.merge([*panels, table], compat="equals", join="exact")
    return with_derived(merged, horizon=plan.horizon), posts


def _batches(plan: Plan, *, years: int, most: int) -> list[list[int]]:
    """Replications that are drawn at once; those of a batch meet the same year of traffic."""
    own = [list(range(year, plan.replications, years)) for year in range(years)]
    size = min(most, math.ceil(plan.replications / plan.workers))
    return [some[k : k + size] for some in own for k in range(0, len(some), size)]


def _tell_nobody(step: str, done: int, total: int) -> None:
    """Leave progress unsaid."""


Mapped = TypeVar("Mapped")


def _told(results: Iterator[Mapped], tell: Progress, step: str, total: int) -> Iterator[Mapped]:
    tell(step, 0, total)
    for done, result in enumerate(results, start=1):
        tell(step, done, total)
        yield result
