"""The study `compare`: paired simulation of policies, job by job into a store, and their effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import xarray as xr

from flowsim import checks
from flowsim.comparison.design import STATED, Design, chosen, described
from flowsim.comparison.power import LEVELS
from flowsim.comparison.replications import PRIOR, Comparison, shape_of, simulated
from flowsim.config import read_files
from flowsim.config.error_line import message
from flowsim.config.jobs import stored_request
from flowsim.config.relevant_keys import RUN
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.figures.save import save
from flowsim.policy import added
from flowsim.policy.policy import Policy
from flowsim.results import files
from flowsim.results.coordinates import describe
from flowsim.simulation.assumed import SetNumbers, draw, varied
from flowsim.simulation.engines import SIMULATING
from flowsim.simulation.processes import Unfinished
from flowsim.simulation.replay import is_ready, make_ready
from flowsim.simulation.simulate import Progress
from flowsim.studies.estimates import COMPARED_VISIT, Amounts, traffic
from flowsim.sweeps import lock, resume, runner
from flowsim.sweeps.grid import Axis, Grid
from flowsim.sweeps.launchers import InProcess, Launcher, Processes
from flowsim.sweeps.plan import SweepPlan, identity_of
from flowsim.sweeps.progress import on_stderr
from flowsim.sweeps.status import reasons
from flowsim.sweeps.store import Store
from flowsim.sweeps.template import Template

SET = "set"
"""Dim of the sets of values of the levers, one job each."""

STUDY = Study(
    writes=True,
    keys=("policies", *(key for key in RUN if key != "policy")),
    instead={"policy": "policies=[...] names what is compared"},
    renamed={"policies": "policies", "replications": "replications"},
    posterior=True,
    draws=200,
)
"""Declaration of the study."""


def work(request: Request) -> Amounts:
    """Honest traffic of each policy and set, and years of consignments of each policy and draw."""
    several = len(request.catalogue()) if request.compared is None else 1 + len(request.compared)
    sets = 1 + min(int(request.options.get("sets") or 1), request.draws or 1)  # one for the stated values
    visits = traffic(request)
    return Amounts(
        visits=several * sets * visits,
        compared=several * request.plan.replications * ((request.draws or 1) + 2 * sets),
        most_workers=sets,
        kept=COMPARED_VISIT * visits,
    )


def run(request: Request, *, progress: Progress | None) -> str:
    """Compare policies with the baseline.

    Makes `sweep.zarr` in the folder, or goes on with it, and writes `effects.nc`, the tables and the figures.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called before the first job; the job runner reports progress.

    Returns
    -------
    str
        Tables and words, to be printed.

    Raises
    ------
    ValueError
        If a policy is unknown or incompatible, the engine does not simulate, or the folder holds another comparison.
    Unfinished
        If a job fails; finished jobs are kept.
    """
    comparison, found = results_of(request, progress=progress)
    # After the checks and the jobs, because these take seconds to import.
    from flowsim.comparison.analysis import analyse
    from flowsim.comparison.dataset import EFFECTS, labelled
    from flowsim.figures import comparison_figures

    effects = labelled(found.posterior).assign_attrs(request.attributes, command=request.command)
    files.write(effects, request.out / EFFECTS)
    analysis = analyse(found.posterior, prior=found.prior, stated=found.stated)
    analysis.save(request.out)
    for name, figure in comparison_figures.figures(found.posterior, analysis, title=request.world.title).items():
        save(figure, request.out, name)
    return "\n".join((*_head(comparison, request), "", *analysis.lines))


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Results of a comparison; each has dims (policy, draw, replication, ...) and (policy, set, checkpoint)."""

    posterior: xr.Dataset
    """Under draws of the posterior and values of the levers from their laws."""

    prior: xr.Dataset | None
    """The same under draws of the prior; None if the draws are from it anyway."""

    stated: xr.Dataset | None
    """Under draws of the posterior and the stated values; None if no lever has an interval."""


def results_of(request: Request, *, progress: Progress | None = None) -> tuple[Comparison, Gathered]:
    """Requested comparison, and its results.

    Jobs stored in the folder of the request are not repeated.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called before the first job.

    Raises
    ------
    ValueError, Unfinished
        As for `run`.
    """
    checks.known(request.engine, tuple(SIMULATING), thing="engine of study=compare")
    comparison = comparison_of(request)
    simulate(comparison, request, progress=progress)
    found = gathered(request.out, comparison)
    if request.worlds is not None and request.worlds.draw:
        worlds = request.worlds
        of_draw = {"chain": worlds.chain, "draw_in_chain": worlds.draw}
        of_draw |= {name: getattr(worlds, name) for name in LEVELS if getattr(worlds, name)}
        coords = {name: ("draw", list(own)) for name, own in of_draw.items()}
        found = replace(found, posterior=found.posterior.assign_coords(coords))
    return comparison, found


def comparison_of(request: Request) -> Comparison:
    """What a request asks to be compared.

    Parameters
    ----------
    request
        What is asked for; `sets` is an option of the study.

    Raises
    ------
    ValueError
        If a policy is unknown or does not fit, or the draws cannot be shared out.
    """
    seed = request.plan.seed
    policies = chosen(request.compared, catalogue=request.catalogue(), world=request.world)
    count, years = request.draws or 1, request.plan.replications
    most = request.options["sets"]
    design = Design(policies=policies, draws=count, replications=years, most=most, seed=seed)
    intervals = varied(request.numbers())
    drawn = draw(intervals, draws=count, seed=seed)
    names = [str(name) for name in drawn.columns]
    assumed = tuple(SetNumbers(values=tuple(zip(names, map(float, row), strict=True))) for row in drawn.to_numpy())
    worlds = request.worlds
    return Comparison(
        world=replace(request.world, traffic=request.world.traffic.of_heroin()),
        design=design,
        draws=assumed if worlds is None else worlds.changes,
        prior=() if worlds is None else assumed[: design.sets],
        plan=replace(request.plan, workers=1),
        engine=request.engine,
    )


def results(store: Store, number: int) -> xr.Dataset:
    """Results of a job.

    Parameters
    ----------
    store
        Store of the comparison.
    number
        Number of the job, as of `Design.labels`.

    Returns
    -------
    Dataset
        As of `replications.simulated`.
    """
    return simulated(_opened(*_stamp(store)), number)


def _stamp(store: Store) -> tuple[Path, int]:
    return store.path, (store.path / "plan" / "zarr.json").stat().st_mtime_ns


@lru_cache(maxsize=2)
def _opened(path: Path, stamp: int) -> Comparison:
    """Comparison of a store, which a process reads once."""
    return comparison_of(stored_request(Store(path).plan))


def _head(comparison: Comparison, request: Request) -> Iterator[str]:
    """Title, and size of the comparison."""
    design = comparison.design
    yield f"{request.world.title}: {len(design.policies) - 1} policies against the baseline, heroin alone"
    yield ""
    kind = "posterior" if comparison.prior else "intervals of the assumed numbers"
    yield f"{design.draws} draws of the {kind}, each with {design.replications} years of consignments, with common"
    yield f"random numbers across policies; {design.sets} sets of values of the levers, each with own years and traffic"
    yield from filter(None, [request.note])


def simulate(comparison: Comparison, request: Request, *, progress: Progress | None = None) -> Store:
    """Run the missing jobs of a comparison.

    Parameters
    ----------
    comparison
        The comparison.
    request
        Request of the study.
    progress
        Called before the first job.

    Raises
    ------
    ValueError
        If the folder holds another comparison, or another call works in it.
    Unfinished
        If a job fails.
    """
    with lock.of_call(request.out):
        if not is_ready(comparison.engine):
            on_stderr("sweep: making machine code, once on this machine (about a minute)")
            make_ready(comparison.engine, comparison.world)
        store = resume.ready(_plan(comparison, request), request.out, overwrite=request.overwrite)
        if progress is not None:
            progress("", 0, 0)  # prints the estimate, only now that nothing can be refused
        workers = min(request.plan.workers, comparison.design.jobs)
        launcher: Launcher = InProcess() if workers == 1 else Processes(workers=workers)
        outcome = runner.run(
            store, simulate=partial(results, store), explain=_explain, launcher=launcher, estimate=False
        )
    if outcome.done < outcome.size:
        why = "; ".join(reasons(outcome, store=store))
        raise Unfinished(f"{outcome.size - outcome.done} of {outcome.size} jobs failed: {why}")
    return store


def _explain(error: Exception, number: int) -> str:
    return message(error, (), hint="within a job")


def _plan(comparison: Comparison, request: Request) -> SweepPlan:
    """Store of a comparison before its first job."""
    design, composition = comparison.design, request.composition()
    axis = Axis(name=SET, keys=(SET,), texts=tuple((str(label),) for label in design.labels))
    grid = Grid(axes=(axis,))
    kept = "\n".join((composition["kept"], *described(design)))
    files = composition["files"] | read_files.of_posterior(request.posterior)
    plan = {
        "axes": [{"name": SET, "keys": [SET], "texts": [list(row) for row in axis.texts]}],
        "fixed": [],
        "identity": identity_of(version=request.attributes["version"], compositions={"": kept}, files=files),
        "command": request.command,
        **composition,
    }
    template = Template(
        grid=grid,
        shape=shape_of(comparison),
        coordinates={SET: (SET, design.labels)},
        notes={SET: {"long_name": f"set of values of the assumed levers; {STATED} for the stated values"}},
        attributes={**request.attributes, "command": request.command},
        plan=plan,
    )
    return SweepPlan(template)


def gathered(path: Path, comparison: Comparison) -> Gathered:
    """Results of all jobs.

    Parameters
    ----------
    path
        Folder of the comparison.
    comparison
        The comparison.

    Returns
    -------
    Gathered
        Datasets with dims (policy, draw, replication, ...) for heroin and (policy, set, checkpoint) for honest
        traffic, with the coordinates `set_of_draw`, and of each policy `adds`, its additions to the world, in words,
        and `posts`, added posts [1].
    """
    from flowsim.results.files import open_results

    opened = open_results(path).drop_vars(["status"], errors="ignore").sel(drug="heroin", drop=True).load()
    labels, sets = opened["draw"].values.tolist(), opened[SET].values.tolist()
    drawn, own = opened.sel({SET: [label for label in sets if label != STATED]}), [d for d in labels if d != PRIOR]
    return Gathered(
        posterior=_stacked(drawn.sel(draw=own), comparison),
        prior=_stacked(drawn.sel(draw=[PRIOR]), comparison) if PRIOR in labels else None,
        stated=_stacked(opened.sel({SET: [STATED], "draw": own}), comparison) if STATED in sets else None,
    )


def _stacked(opened: xr.Dataset, comparison: Comparison) -> xr.Dataset:
    """Draws of all sets along one dim; variables common to the draws of a set along `set`."""
    honest = [name for name in opened.data_vars if "replication" not in opened[name].dims]
    of_set = opened[honest].isel(draw=0, drop=True)
    of_year = opened.drop_vars(honest).stack(all=(SET, "draw"))
    sets = of_year["set"].values
    of_year = of_year.drop_vars(["all", SET, "draw"]).rename(all="draw")
    found = xr.merge([of_year, of_set]).assign_coords(draw=range(len(sets)), set_of_draw=("draw", sets))
    acting = [policy.of_changes for policy in comparison.design.policies]
    names = list(dict.fromkeys(parameter.name for policy in acting for parameter in policy.uncertain))
    numbers = comparison.design.labels
    values = [_values(comparison.design.in_set(numbers.index(label))) for label in opened[SET].values.tolist()]
    table = [[own[name] for name in names] for own in values]
    found["parameter_value"] = ((SET, "parameter"), table)
    found["seized_by_checkpoint"] = found["seized_mass_by_checkpoint"].mean("replication")
    found = found.drop_vars("seized_mass_by_checkpoint").assign_coords(parameter=names)
    named = {policy.name: policy for policy in comparison.design.policies}
    order = [named[str(name)] for name in found["policy"].values]
    world = comparison.world
    found = found.assign_coords(
        adds=("policy", [added.said(policy, world) for policy in order]),
        posts=("policy", [added.posts(policy, world) for policy in order]),
    )
    return describe(found.transpose("policy", "draw", SET, "replication", ..., "checkpoint", "parameter"))


def _values(policies: tuple[Policy, ...]) -> dict[str, float]:
    """Values of the levers of some policies by name."""
    return {parameter.name: parameter.value for policy in policies for parameter in policy.parameters}
