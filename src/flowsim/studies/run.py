"""The study `run`: simulate a world under one policy and write results, table and map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

import pandas as pd
import xarray as xr

from flowsim.config.relevant_keys import EXPECTED, RUN
from flowsim.config.request import Request, simulated
from flowsim.config.study import Study
from flowsim.figures.save import save
from flowsim.policy.added import said
from flowsim.policy.policy import compose
from flowsim.results import disk, files
from flowsim.results.intervals import ends
from flowsim.results.measures import ALL_VISITS, THROUGH, seized_at, summary
from flowsim.simulation.engines import FOLLOWED, SIMULATING
from flowsim.simulation.simulate import Plan, Progress
from flowsim.studies import conclusion
from flowsim.studies.estimates import Amounts, visits
from flowsim.studies.layout import paragraph
from flowsim.world.traffic import DRUGS
from flowsim.world.utilisation import utilisations
from flowsim.world.world import World
from flowsim.world_tables.readings import DEFAULT, label

STUDY = Study(
    writes=True,
    keys=(*RUN, "details"),
    variant="engine",
    keys_of=lambda engine: (*(EXPECTED if engine == "expectation" else RUN), "details"),
    instead={
        "policies": "policy=[a,b] applies both together, -m policy=a,b runs one after the other, and "
        "study=compare compares them",
        "replications": "engine=compiled simulates",
        "seed": "engine=compiled draws random numbers",
    },
    posterior=True,
    swept=True,
)
"""Declaration of the study."""


def work(request: Request) -> Amounts:
    """Draws and visits; draws crossed with all replications have honest traffic of their own."""
    draws = len(request.worlds.changes) if request.worlds is not None else 1
    if request.engine not in SIMULATING:
        return Amounts(solutions=draws)
    return Amounts(visits=visits(request) * (draws if request.crossed else 1), worlds=draws)


def run(request: Request, *, progress: Progress | None) -> str:
    """Simulate a world under one policy, write its results, table and map.

    Writes `run.nc`, `run.csv` and `fig1_network.png` and `.pdf` into the folder, and the data of the map's circles as
    `fig1_network.csv`.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    str
        Table of the results, to be printed.
    """
    policy, results = compose(request.policies), simulated(request, progress=progress)
    table = summary(results)
    files.save(results, request.out / files.RUN)
    disk.write(request.out / "run.csv", table.to_csv(index=False))
    seized = results if "seized_mass_by_checkpoint" in results else None
    if seized is not None:
        disk.write(request.out / "fig1_network.csv", seized_at(seized).to_csv(index=False))
    from flowsim.figures.fig1_network import network_map  # here, because matplotlib takes a second to import

    save(network_map(policy.apply(request.world), seized), request.out, "fig1_network")
    return describe(request, results, table)


def describe(request: Request, results: xr.Dataset, table: pd.DataFrame) -> str:
    """Text of a run: policies, amounts simulated, table of results, and provenance of the numbers.

    Parameters
    ----------
    request
        Request of the study.
    results
        Results of the run.
    table
        Its summary.
    """
    policy = compose(request.policies)
    lines = [f"{request.world.title}: policy {policy.name}", *paragraph(_policy(request)), ""]
    if request.engine == "expectation":
        lines.append("Closed form: expected values of a year; queues are left out, so no delay is computed.")
    else:
        lines.append(amounts(request.plan))
    lines += [*_readings(request), *_drugs(results), *filter(None, [request.note]), ""]
    expected = request.engine == "expectation"
    horizon = request.plan.horizon
    concluded = conclusion.sentences(table, request.world, policy=policy.name, expected=expected, horizon=horizon)
    lines += [line for sentence in concluded for line in paragraph(sentence)]
    short = [_is_short(*pair) for pair in zip(table["quantity"], table["item"], strict=True)]
    shown = table if request.details else table[short]
    lines += ["", *_rows(shown, titles=_titles(request.world), years=_meaning(request)), ""]
    if len(shown) < len(table):
        lines += [f"{len(table) - len(shown)} more rows in run.csv; details=true prints them.", ""]
    if request.engine != "expectation":
        for sentence in (*overloaded(policy.apply(request.world)), *unfinished(results)):
            lines += [*paragraph(sentence), ""]
    return "\n".join([*lines, *paragraph(_kinds(request))])


def overloaded(world: World) -> Iterator[str]:
    """Warning about overloaded lanes or bays, with their utilisation and the meaning of the delay there.

    Parameters
    ----------
    world
        World as simulated.
    """
    found = [load for load in utilisations(world) if load.overloaded]
    if not found:
        return
    posts = []
    for name, parts in groupby(found, key=lambda load: load.checkpoint):
        busy = (f"{part.part} at a utilisation of {100 * part.mean:,.0f} %" for part in parts)
        posts.append(f"{name} ({', '.join(busy)})")
    yield (
        f"Overloaded: {', '.join(posts)}. Utilisation ignores wave-through: unless enough are waved through, the queue "
        "grows without bound; the delay there, and the mean of all visits, is a warning and no forecast."
    )


def unfinished(results: xr.Dataset) -> Iterator[str]:
    """Warning about unfinished visits and missing delays.

    Parameters
    ----------
    results
        Results of a run.
    """
    share = results["unfinished"].max([dim for dim in results["unfinished"].dims if dim != "checkpoint"])
    late = share.where(share > 0, drop=True)
    if late.size:
        names = (f"{100 * float(part):.1f} % at {part['checkpoint'].item()}" for part in late)
        after = f"{FOLLOWED} times the simulated time"
        yield f"Visits not over after {after}: {', '.join(names)}. No delay is given there, nor for all visits."


def _policy(request: Request) -> str:
    """Titles of the policies, with the additions of each to the world left by its predecessors; "" for the baseline."""
    world, lines = request.world, []
    for policy in request.policies:
        if policy.changes:
            found = said(policy, world)
            lines.append(f"{policy.title}{': ' * bool(found)}{found}")
            world = policy.apply(world)
    return ". ".join(lines)


def _meaning(request: Request) -> str:
    """Name of the interval of a row."""
    if request.engine == "expectation":
        return "90 % credible interval"
    return "90 % prediction interval"


def _kinds(request: Request) -> str:
    """Sentences on the provenance of the numbers: assumed, or calibrated with or without uncertainty."""
    routes = "Flow, routes and traffic are assumed unless a table says reported."
    if request.worlds is None:
        errors = "" if request.engine == "expectation" else " s.e.: Monte Carlo standard error of the mean."
        return f"{routes} So is all detection; none of it is calibrated.{errors}"
    if not request.worlds.draw:
        return f"{routes} Seizures are calibrated; this run uses the posterior median, without its uncertainty."
    return (
        f"{routes} Seizures are calibrated: draws of the posterior; numbers not identified by the reports keep their "
        "priors. s.e.: Monte Carlo standard error of the mean, over years and draws."
    )


def _readings(request: Request) -> Sequence[str]:
    """Lines on the readings of a run, if they differ from the default."""
    if label(request.readings) in ("", DEFAULT):
        return []
    return [
        f"reading {reading.name}: {reading.title}"
        + ("" if reading.changes_worlds else f"; no effect on this run, as it changes {reading.changes}")
        for reading in request.readings
    ]


def _drugs(results: xr.Dataset) -> Sequence[str]:
    """Line on the drugs of a run, if there are others than heroin."""
    further = results["drug"].values[1:]
    return [f"Rows that name no drug are of heroin; {' and '.join(further)} in short."] if len(further) else []


def amounts(plan: Plan) -> str:
    """Amounts simulated by a plan, in words."""
    years = "year" if plan.replications == 1 else "years"
    return f"{plan.replications} {years} of consignments, {spans_of(plan)} of honest traffic, seed {plan.seed}"


def spans_of(plan: Plan) -> str:
    """Amount of honest traffic simulated by a plan, in words."""
    count = len(plan.spans())
    return f"{count} {'year' if plan.traffic_years >= 1 else 'week'}{'s' if count > 1 else ''}"


SHORT = ("entered", "seized", "seized by agency", "interdiction rate", "leaked", "retained", "honest visits")
"""Quantities of the rows that are printed without `details`, besides those of further drugs and what honest visits
last and cost."""


def _is_short(quantity: str, item: str) -> bool:
    """Whether a row is printed without `details`."""
    of_another_drug = quantity.split(" ")[0] in DRUGS
    of_all = quantity == "honest delay" and item == ALL_VISITS
    return quantity in SHORT or of_another_drug or of_all or quantity == "cost of fruitless searches"


def _titles(world: World) -> Mapping[str, str]:
    """Names in print of checkpoints and places, by key."""
    labels = {place.name: place.label for place in world.network.places}
    labels |= {post.name: post.label for post in world.checkpoints}
    return {name: label for name, label in labels.items() if label}


def _rows(table: pd.DataFrame, *, titles: Mapping[str, str], years: str) -> Sequence[str]:
    years = years if table["q05"].notna().any() else ""
    lines = [f"{'':44}{'mean':>12}  {'s.e.' if years else '':>9}  {years:>24}".rstrip(), "-" * (94 if years else 56)]
    previous = ""
    for row in table.to_dict("records"):
        quantity, unit = str(row["quantity"]), str(row["unit"])
        item = titles.get(str(row["item"]), str(row["item"]))
        if item and quantity != previous and quantity != "honest delay":
            lines.append(f"{quantity} [{'% of mass at checkpoints' if quantity == THROUGH else unit}]")
        head = f"{quantity} [{_unit(unit)}]" if not item or quantity == "honest delay" else f"  {item}"
        if quantity == "honest delay":
            head = f"honest delay, {item} [h]"
        numbers = [_number(float(row[column]), unit) for column in ("mean", "mcse")]
        interval = ends(float(row["q05"]), float(row["q95"]), partial(_number, unit=unit))
        lines.append(
            f"{head:44}{numbers[0]:>12}  {'+-' + numbers[1] if numbers[1] else '':>9}  {interval:>24}".rstrip()
        )
        previous = quantity
    return lines


def _unit(unit: str) -> str:
    return "%" if unit == "1" else unit


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return ""
    if unit == "1":
        return f"{100 * value:.2f}"
    if unit == "h":
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:,.1f}"
