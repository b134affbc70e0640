"""The page of some results, section by section, and its text as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from omegaconf import OmegaConf

from flowsim.calibration.posterior import PARTLY
from flowsim.config.build import every_policy
from flowsim.config.options import conf_dir
from flowsim.config.recomposed import request_behind
from flowsim.config.request import Request
from flowsim.evidence.figures import COUNTRY
from flowsim.evidence.ledger import contradiction_table
from flowsim.policy.policy import compose
from flowsim.report import comparison_part, figures_part, run_part
from flowsim.report.cells import NOTHING, TableCell, Tile
from flowsim.report.formats import ends, kg, minutes
from flowsim.report.origins import TABLE2, ResultsFolder
from flowsim.report.replay_week import Week, week_of
from flowsim.report.web_map import Map, map_of
from flowsim.report.wording import LANGUAGES, Text, named, plain, text
from flowsim.results.measures import summary
from flowsim.results.reported_totals import reported_totals
from flowsim.results.sites import sites
from flowsim.world.world import World

LIMITS = ("flow", "product", "noise", "assumed", "react", "purpose")
"""Limits, in order."""

GRAVEST = "high"
"""Severity of the contradictions that stand on the page."""

MADE = 2026
"""Year of the citation, as in `CITATION.cff`."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Answer of a run or a comparison."""

    head: Text
    """What gives it."""

    tiles: Sequence[Tile]
    """Its main numbers."""

    sentences: Sequence[Text]
    """Its sentences."""


@dataclass(kw_only=True)
class Page:
    """What stands on a page."""

    title: str
    """Title of the world, or of the figures alone."""

    answers: list[Answer] = field(default_factory=list)
    """The answer, by part."""

    decision: comparison_part.DecisionTable | None = None
    """Decision table of a comparison."""

    map: Map | None = None
    """Map of a run."""

    week: Week | None = None
    """A simulated week on the map."""

    no_map: Text | None = None
    """Reason for a run without a map."""

    results: list[dict[str, Text]] = field(default_factory=list)
    """Rows of the table of results."""

    is_posterior: bool = False
    """Whether the intervals of the table of results are of the posterior, not of single years."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    """Checkpoints, with their numbers."""

    years: int = 0
    """Simulated years behind them [1]."""

    fitted: figures_part.FitTable | None = None
    """Reports that were fitted."""

    held_out: figures_part.FitTable | None = None
    """Reports that were not."""

    identified: list[dict[str, Any]] = field(default_factory=list)
    """What the reports identify."""

    figures: list[figures_part.FolderFigures] = field(default_factory=list)
    """Figures, by folder."""

    contradictions: list[Mapping[str, Any]] = field(default_factory=list)
    """Gravest contradictions of the evidence."""

    all_contradictions: int = 0
    """Number of all contradictions [1]."""

    provenance: list[Mapping[str, str]] = field(default_factory=list)
    """Provenance of each folder with results; a figure alone keeps none."""


def assemble(several: Sequence[ResultsFolder]) -> Page:
    """Page of some results.

    Parameters
    ----------
    several
        Folders of results of one world.
    """
    titles = [one.attributes["title"] for one in several if one.attributes]
    page = Page(title=titles[0] if titles else "flowsim")
    worlds: list[World] = []
    for one in several:
        request = request_behind(one.attributes) if one.attributes else None
        if request is not None:
            worlds.append(request.world)
        if one.dataset is not None and one.is_comparison:
            _add_comparison(page, one, request)
        elif one.dataset is not None:
            _add_run(page, one, request)
        _add_tables(page, one)
        drawn = "fig1_network" if page.map is not None else ""
        page.figures.append(figures_part.figures(one, without=[drawn]))
        if one.attributes:
            page.provenance.append({**_lasting(one), "folder": str(one.folder)})
    if any(_is_of(world) for world in worlds) or not titles:
        found = contradiction_table()
        page.all_contradictions = len(found)
        gravest = found[found["severity"] == GRAVEST]
        page.contradictions = [{str(name): value for name, value in row.items()} for row in gravest.to_dict("records")]
    return page


def _is_of(world: World) -> bool:
    """Whether a world is of the country of the documents."""
    return any(world.place_of(post).country == COUNTRY for post in world.checkpoints)


def _lasting(one: ResultsFolder) -> dict[str, str]:
    names = ("command", "version", "commit", "seed", "reading", "calibration", "configuration")
    return {name: one.attributes.get(name, "") for name in names}


def _add_comparison(page: Page, one: ResultsFolder, request: Request | None) -> None:
    table = one.table(TABLE2)
    if table is None or one.dataset is None:
        return
    policies = every_policy([conf_dir()]) if request is None else request.catalogue()
    catalogue = {policy.name: policy for policy in policies}
    controls = comparison_part.of_controls(table, catalogue)
    reported = run_part.said_totals({} if request is None else reported_totals(request.world))
    page.answers.append(
        Answer(
            head=text("answer.of_comparison"),
            tiles=list(comparison_part.tiles(one.dataset, controls)),
            sentences=list(comparison_part.sentences(one.dataset, controls, reported=reported)),
        )
    )
    page.decision = comparison_part.decisions(table, catalogue)


def _add_run(page: Page, one: ResultsFolder, request: Request | None) -> None:
    results = one.dataset
    if results is None:
        return
    world = None if request is None else compose(request.policies).apply(request.world)
    if world is not None and [site.name for site in sites(world)] != results["checkpoint"].values.tolist():
        request = world = None  # its tables are others by now
    table, posts = summary(results), run_part.posts(results, world)
    expected, horizon = run_part.is_expected(results), float(OmegaConf.create(one.attributes["configuration"]).horizon)
    of_run: dict[str, Any] = {"policy": str(results["policy"].values[0]), "expected": expected, "horizon": horizon}
    totals = {} if world is None else reported_totals(world)
    page.answers.append(
        Answer(
            head=text("answer.of_run"),
            tiles=list(run_part.tiles(table)),
            sentences=list(run_part.sentences(table, **of_run, totals=totals)),
        )
    )
    page.results, page.years, page.is_posterior = run_part.shown(table), run_part.years(results), expected
    page.posts = [_post(row) for row in posts.to_dict("records")]
    if request is None or world is None:
        page.no_map = text("map.no_routes", reason=text("map.moved"))
        return
    page.map = map_of(world, posts, run_part.leaked(table))
    if not expected:
        page.week = week_of(_first(request), page.map, seed=int(one.attributes["seed"]), horizon=horizon)


def _first(request: Request) -> World:
    """World of the first simulated year, under the policies."""
    world = request.world if request.worlds is None else request.worlds.changes[0].apply(request.world)
    return compose(request.policies).apply(world)


def _post(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Row of the table of checkpoints: numbers to sort by, and texts."""
    low, high = row["q05"], row["q95"]
    span = NOTHING if math.isnan(low) else ends(kg(low), kg(high))
    return {
        "place": str(row["place"]),
        "label": str(row["label"]),
        "oblast": named(str(row["oblast"])),
        "kind": named(str(row["kind"])),
        "agency": named(str(row["agency"])),
        "seized": TableCell(value=row["seized"], shown=plain(kg(row["seized"])), span=span),
        "vehicles": _whole(row["vehicles"]),
        "delay": TableCell(value=row["delay"], shown=plain(minutes(row["delay"]))),
        "p95": TableCell(value=row["p95"], shown=plain(minutes(row["p95"]))),
        "alarms": _whole(row["alarms"]),
    }


def _whole(value: float) -> TableCell:
    return TableCell(value=value, shown=plain("" if math.isnan(value) else f"{value:,.0f}"))


def _add_tables(page: Page, one: ResultsFolder) -> None:
    """Tables of the fit, of the reports held out and of what is identified, if the folder has them."""
    fitted, held_out, identified = (one.table(f"{name}.csv") for name in ("fit", "hold_outs", "identified"))
    page.fitted = page.fitted if fitted is None else figures_part.fit(fitted)
    page.held_out = page.held_out if held_out is None else figures_part.fit(held_out)
    page.identified = page.identified if identified is None else figures_part.identified(identified)


def render(page: Page) -> str:
    """A page as HTML, whole in itself.

    Parameters
    ----------
    page
        What stands on it.
    """
    environment = Environment(
        loader=PackageLoader("flowsim.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["both"] = _both
    environment.filters["data"] = Markup
    folder = files("flowsim.report") / "page"
    parts = {name: Markup((folder / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js")}
    return environment.get_template("page.html").render(
        page=page,
        text=text,
        named=named,
        limits=LIMITS,
        partly=f"{PARTLY:g}",
        style=parts["page.css"],
        script=parts["page.js"],
        year=MADE,
    )


def _both(found: Text) -> Markup:
    """A text in all languages, of which the style shows one."""
    if found.en == found.ru:
        return Markup("<span>{}</span>").format(found.en)
    spans = (Markup('<span lang="{}">{}</span>').format(code, getattr(found, code)) for code in LANGUAGES)
    return Markup("").join(spans)
