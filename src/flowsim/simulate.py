"""Simulation of policies: honest traffic fills the queues, years of consignments meet them, a Dataset comes out."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from flowsim import checks, units
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import join
from flowsim.draws.honest import draw_honest
from flowsim.engine import reference
from flowsim.engine.expectation import expect
from flowsim.engine.queues import Queues, Span, record
from flowsim.inspection.corruption import NO_CORRUPTION
from flowsim.inspection.detection import Effort
from flowsim.inspection.intelligence import NO_INTELLIGENCE
from flowsim.policy import BASELINE, Change, Policy
from flowsim.results.dataset import expectation_dataset, loads_dataset, posts_dataset, seizures_dataset
from flowsim.results.tally import Loads, Posts, pool_loads, pool_posts, tally_loads, tally_posts
from flowsim.world import World

ENGINES = ("reference", "expectation")
"""Engines that a run can choose."""

MOST_INFLOW = 10.0
"""Largest inflow relative to the upper end of the world's interval [1]."""

BATCH = 5
"""Most years of consignments that are drawn at once, which saves time and costs memory [1]."""

Progress = Callable[[str, int, int], None]
"""Told the name of a step, how much of it is done and how much there is in all."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is simulated."""

    replications: int = 20
    """Years of consignments [1]."""

    traffic_years: float = 0.02
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
    holds = math.isfinite(inflow) and 0 <= inflow <= most
    checks.require(holds, thing="inflow", rule=f"lie in [0, {most:g}] t/year", value=inflow)
    return replace(world, traffic=replace(world.traffic, inflow=units.kilograms(inflow)))


def simulate(
    world: World,
    *,
    policies: Sequence[Policy] = (BASELINE,),
    engine: str = "reference",
    plan: Plan | None = None,
    progress: Progress | None = None,
    worlds: Sequence[Change] = (),
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
    if engine == "reference":
        asked = {"policies": policies, "plan": plan or Plan(), "progress": progress, "worlds": worlds}
        return simulate_with_spans(world, **asked)[0]  # type: ignore[arg-type]
    checks.unique((policy.name for policy in policies), thing="policies")
    horizon = (plan or Plan()).horizon
    base = worlds[0].apply(world) if worlds else world
    changed = {policy.name: policy.apply(base) for policy in policies}
    return _joined([_expected(world, horizon=horizon, policy=name) for name, world in changed.items()])


def simulate_with_spans(
    world: World,
    *,
    policies: Sequence[Policy],
    plan: Plan,
    progress: Progress | None = None,
    worlds: Sequence[Change] = (),
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate a world under policies with the reference engine, and say what honest traffic met in each span.

    The recorded traffic of the first policy serves every other under which it is the same.

    Parameters
    ----------
    world, policies, plan, progress, worlds
        As in `simulate`.

    Returns
    -------
    tuple of Dataset
        What `simulate` returns; and the honest visits [1] and the time they took in all [h] as counted in each
        span of traffic, variables `visits` and `hours`, dims (policy, span).

    Raises
    ------
    ValueError
        If two policies share a name.
    """
    checks.unique((policy.name for policy in policies), thing="policies")
    parts, honest = [], []
    first: tuple[World, Recorded] | None = None
    with _workers(plan) as jobs:
        for policy in policies:
            changed = policy.apply(world)
            known: Recorded = ()
            if first is not None and _as_honest_see_it(first[0]) == _as_honest_see_it(changed):
                known = first[1]
            drawn = _Drawn(base=world, policy=policy, worlds=tuple(worlds)) if worlds else None
            work = _Work(world=changed, plan=plan, policy=policy.name, jobs=jobs, progress=progress, drawn=drawn)
            results, posts, recorded = _simulated(work, recorded=known)
            first = first or (changed, recorded)
            parts.append(results)
            honest.append([(part.vehicles.sum(), sum(delay.sum() for delay in part.delays)) for part in posts])
    visits, hours = np.moveaxis(np.array(honest), 2, 0)
    dims = ("policy", "span")
    names = [policy.name for policy in policies]
    return _joined(parts), xr.Dataset({"visits": (dims, visits), "hours": (dims, hours)}, coords={"policy": names})


def _as_honest_see_it(world: World) -> World:
    """World without what honest traffic takes no notice of.

    Ways round and hubs are for loads alone; whether an alarm is followed up, bought off or tipped, how well devices
    tell loads, and whether a seal that was opened is noticed make no difference to who carries nothing.
    """
    detection = world.detection
    score = {"targeting": 0.0} if detection.cost_ratio == 1.0 else {}
    return replace(
        world,
        bypasses=(),
        campaigns=(),
        hubs=(),
        traffic=replace(world.traffic, market=0.0),
        checkpoints=tuple(replace(post, bribe=None) for post in world.checkpoints),
        detection=replace(
            detection,
            sensitivity=1.0,
            effort=Effort(crossing=1.0, inside=1.0, south=1.0, almaty=1.0),
            seals=replace(detection.seals, opened=0.0, notice_plain=0.0, notice_electronic=0.0),
            intelligence=NO_INTELLIGENCE,
            corruption=NO_CORRUPTION,
            **score,
        ),
    )


def _joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """One Dataset of those of several policies."""
    if len(parts) == 1:
        return parts[0]
    tables = [part[["seizure_mass", "seizure_time"]] for part in parts if "seizure" in part.dims]
    panels = [part.drop_dims("seizure", errors="ignore") for part in parts]
    how: dict[str, Any] = {"data_vars": "all", "coords": "minimal", "compat": "no_conflicts", "join": "outer"}
    joined = xr.concat(panels, dim="policy", **how)
    names = dict.fromkeys(name for panel in panels for name in panel["checkpoint"].values.tolist())
    joined = joined.sel(checkpoint=list(names))  # an outer join sorts labels that are not all the same
    return xr.merge([joined, xr.concat(tables, dim="seizure")], compat="equals", join="exact") if tables else joined


def _expected(world: World, *, horizon: float, policy: str) -> xr.Dataset:
    return expectation_dataset(world, expect(world, horizon=horizon), policy=policy)


Recorded = Sequence[tuple[Posts, Span]]


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Worlds of the replications, which differ."""

    base: World
    policy: Policy
    worlds: tuple[Change, ...]

    def of(self, replication: int) -> World:
        """World of a replication under the policy."""
        return self.policy.apply(self.worlds[replication % len(self.worlds)].apply(self.base))


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What is to be simulated, and who does it."""

    world: World
    plan: Plan
    policy: str
    jobs: Callable[..., Iterator[Any]]
    progress: Progress | None
    drawn: _Drawn | None = None


def _simulated(work: _Work, *, recorded: Recorded) -> tuple[xr.Dataset, Sequence[Posts], Recorded]:
    """Simulate a world among honest traffic, which is simulated first unless it was recorded before."""
    world, plan, policy, jobs = work.world, work.plan, work.policy, work.jobs
    tell = work.progress or (lambda step, done, total: None)
    if plan.together:
        step = f"{policy}: years of traffic with consignments"
        whole = partial(_year_together, work.drawn or world, plan)
        pairs = list(_told(jobs(whole, range(plan.replications)), tell, step, plan.replications))
        loads, posts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        batches = [[replication] for replication in range(plan.replications)]
    else:
        spans = plan.spans()
        step = f"{policy}: honest traffic"
        if not recorded:
            recorded = list(_told(jobs(partial(_traffic, world, plan), spans), tell, step, len(spans)))
        posts = [part for part, _ in recorded]
        years = sorted({year for year, _, _ in spans})
        queues = {
            year: Queues(tuple(span for (y, _, _), (_, span) in zip(spans, recorded, strict=True) if y == year))
            for year in years
        }
        batches = _batches(plan, years=len(years), most=1 if work.drawn else BATCH)
        pairs_of_work = [(batch, queues[years[batch[0] % len(years)]]) for batch in batches]
        step = f"{policy}: years of consignments"
        alone = partial(_years_alone, work.drawn or world, plan)
        loads = list(_told(jobs(alone, pairs_of_work), tell, step, len(pairs_of_work)))
    pooled = pool_loads(loads, replications=batches)
    panels = [
        loads_dataset(world, pooled, policy=policy),
        posts_dataset(world, pool_posts(posts), policy=policy),
    ]
    table = seizures_dataset(world, pooled, policy=policy)
    return xr.merge([*panels, table], compat="equals", join="exact"), posts, recorded


def _traffic(world: World, plan: Plan, span: tuple[int, float, float]) -> tuple[Posts, Span]:
    """Simulate a span of honest traffic and record its queues."""
    year, start, end = span
    fleet = draw_honest(world, seed=plan.seed, year=year, start=start - world.warm_up, end=end)
    outcome = reference.run(world, fleet, until=end).outcome
    posts = tally_posts(world, fleet, outcome, start=start, end=end)
    return posts, record(world, fleet, outcome, start=start, end=end)


def _batches(plan: Plan, *, years: int, most: int) -> list[list[int]]:
    """Replications that are drawn at once; those of a batch meet the same year of traffic."""
    own = [list(range(year, plan.replications, years)) for year in range(years)]
    size = min(most, math.ceil(plan.replications / plan.workers))
    return [some[k : k + size] for some in own for k in range(0, len(some), size)]


def _years_alone(base: World | _Drawn, plan: Plan, work: tuple[list[int], Queues]) -> Loads:
    """Simulate years of consignments that meet recorded queues."""
    batch, queues = work
    world = base.of(batch[0]) if isinstance(base, _Drawn) else base
    fleet = draw_consignments(world, seed=plan.seed, replications=batch, horizon=plan.horizon)
    outcome = reference.run(world, fleet, until=plan.horizon, queues=queues).outcome
    return tally_loads(world, fleet, outcome, replications=len(batch), horizon=plan.horizon)


def _year_together(base: World | _Drawn, plan: Plan, replication: int) -> tuple[Loads, Posts]:
    """Simulate a year of consignments among its own honest traffic."""
    world = base.of(replication) if isinstance(base, _Drawn) else base
    first_day = math.floor(-world.warm_up / units.HOURS_PER_DAY)
    honest = draw_honest(world, seed=plan.seed, year=replication, start=-world.warm_up, end=plan.horizon)
    loads = draw_consignments(
        world, seed=plan.seed, replications=[replication], horizon=plan.horizon, first_day=first_day
    )
    fleet = join(honest, loads)
    outcome = reference.run(world, fleet, until=plan.horizon).outcome
    tally = tally_loads(world, fleet, outcome, replications=1, horizon=plan.horizon)
    return tally, tally_posts(world, fleet, outcome, start=0.0, end=plan.horizon)


Mapped = TypeVar("Mapped")


@contextmanager
def _workers(plan: Plan) -> Iterator[Callable[..., Iterator[Any]]]:
    """Map over processes, or in this one if there is one worker."""
    if plan.workers == 1:
        yield map
        return
    with ProcessPoolExecutor(plan.workers, mp_context=get_context("spawn"), initializer=_leave_stopping) as pool:
        yield partial(_mapped, pool)


def _mapped(pool: ProcessPoolExecutor, work: Callable[..., Any], *items: Any) -> Iterator[Any]:
    """Map over a pool whose processes, which begin here, are born deaf to Ctrl-C until they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.map(work, *items)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(work, *items)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_stopping() -> None:
    """Let the parent alone answer Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _told(results: Iterator[Mapped], tell: Progress, step: str, total: int) -> Iterator[Mapped]:
    tell(step, 0, total)
    for done, result in enumerate(results, start=1):
        tell(step, done, total)
        yield result
