"""Figure 1: map of a world, with its checkpoints, its routes and the flow on every leg."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from flowsim import checks, units
from flowsim.figures import basemap, style
from flowsim.figures.basemap import Frame
from flowsim.figures.style import INK, LARGE, MARGIN, QUIET, SMALL, Box, Floats, Labels, Look, size_of, write
from flowsim.results import sites
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World

PAGE = (11.0, 7.5)
"""Width and height of the figure [in]."""

MAP = (11.0, 30.0, 770.0, 482.0)
"""Left, bottom, width and height of the map on the page [pt]."""

KEY, KEY_RESULTS = (222.0, 110.0), 66.0
"""Width and height of the key in the lower left corner of the map, and extra width with results [pt]."""

INSET = (288.0, 132.0)
"""Width and height of the enlarged window in the lower right corner of the map [pt]."""

ZOOM = 1.65
"""Scale of the enlarged window relative to the map [1]."""

FEW = 12
"""Number of places below which all of them are labelled [1]."""

WIDEST, LARGEST = 10.0, 17.0
"""Width of the line of the largest flow, and radius of the circle of the largest mass seized [pt]."""

LABELLED = 0.007
"""Smallest share of the inflow with a label at the border crossing [1]."""

GAPS = (3.5, 6.0, 9.0, 12.5, 18.0, 26.0)
"""Candidate distances of a label from its place [pt]."""

LegKey = tuple[str, str, str]
"""Mode and the two ends of a leg in alphabetical order."""


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Assumed flow of a world on every leg and over every border, before any seizure."""

    legs: dict[LegKey, float]
    """Flow on a leg, both directions together [t/year]."""

    entering: dict[tuple[str, str], float]
    """Flow into the country, by mode and place [t/year]."""

    leaving: dict[tuple[str, str], float]
    """Flow out of the country, by mode and place [t/year]."""

    before: dict[tuple[str, str], str]
    """Place before the last on the largest route that leaves there, by mode and place."""

    def over_border(self, place: str) -> float:
        """Flow into and out of the country at a place [t/year]."""
        both = (*self.entering.items(), *self.leaving.items())
        return sum(flow for (_, where), flow in both if where == place)

    @property
    def written(self) -> float:
        """Smallest flow over the border with a label at its crossing [t/year]."""
        return LABELLED * sum(self.entering.values())

    @property
    def per_tonne(self) -> float:
        """Width of a line for each tonne a year [pt]."""
        return WIDEST / (max(self.legs.values(), default=0.0) or 1.0)


def flows_of(world: World) -> Flows:
    """Flows of heroin in a world: stream share x inflow x route weight, summed over the routes on a leg."""
    legs: defaultdict[LegKey, float] = defaultdict(float)
    entering: defaultdict[tuple[str, str], float] = defaultdict(float)
    leaving: defaultdict[tuple[str, str], float] = defaultdict(float)
    largest: dict[tuple[str, str], tuple[float, str]] = {}
    for stream in (stream for stream in world.traffic.streams if stream.drug == HEROIN):
        for route in world.routes_of(stream.origin, mode=stream.mode):
            flow = stream.share * route.weight * world.traffic.inflow / units.KG_PER_TONNE
            for start, end in pairwise(route.path):
                legs[route.mode, min(start, end), max(start, end)] += flow
            entering[route.mode, route.path[0]] += flow
            leaving[route.mode, route.path[-1]] += flow
            if len(route.path) > 1:
                last = route.mode, route.path[-1]
                largest[last] = max(largest.get(last, (0.0, "")), (flow, route.path[-2]))
    before = {last: place for last, (_, place) in largest.items()}
    return Flows(legs=dict(legs), entering=dict(entering), leaving=dict(leaving), before=before)


@dataclass(frozen=True, kw_only=True)
class Seized:
    """Mean mass seized, by place."""

    mass: dict[str, float]
    """Mean annual mass seized at each place [kg/year]."""

    years: int
    """Number of years in the mean [1]."""

    policy: str
    """Simulated policy; empty if absent from the results."""

    @property
    def radius_per_root(self) -> float:
        """Radius of a circle for each square root of a kilogram a year [pt]."""
        return LARGEST / math.sqrt(max(self.mass.values(), default=0.0) or 1.0)


def seized_of(world: World, results: xr.Dataset) -> Seized:
    """Mean mass of heroin seized at each place, over all years of the first policy.

    Parameters
    ----------
    world
        Simulated world.
    results
        Dataset with `seized_mass_by_checkpoint`; `checkpoint` is its only required dim.

    Raises
    ------
    ValueError
        If the variable is missing or names a checkpoint unknown to the world.
    """
    checks.known("seized_mass_by_checkpoint", [str(name) for name in results.data_vars], thing="results: variable")
    mass = results["seized_mass_by_checkpoint"]
    policy = str(np.ravel(mass["policy"].values)[0]) if "policy" in mass.coords else ""
    mass = mass.isel(policy=0) if "policy" in mass.dims else mass
    mass = mass.sel(drug=HEROIN) if "drug" in mass.dims else mass
    over = [dim for dim in mass.dims if dim != "checkpoint"]
    years = int(np.prod([mass.sizes[dim] for dim in over], dtype=int))
    mean = mass.mean(over)
    places = {checkpoint.name: checkpoint.place for checkpoint in world.checkpoints}
    places |= {sites.site_name(place): place.name for place in sites.places(world)}
    totals: defaultdict[str, float] = defaultdict(float)
    for name, value in zip(mean["checkpoint"].values, mean.values, strict=True):
        checks.known(str(name), list(places), thing="results: checkpoint")
        totals[places[str(name)]] += float(np.nan_to_num(value))
    return Seized(mass=dict(totals), years=years, policy=policy)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One map on the page: the whole, or the enlarged window."""

    axes: Axes
    """Axes measured in points of the page."""

    frame: Frame
    """Extent on the ground."""

    world: World
    """World on the map."""

    flows: Flows
    """Its flows."""

    seized: Seized | None
    """Mass seized, if there are results."""

    labels: Labels
    """Labels placed so far."""

    at: dict[str, Floats]
    """Position of every place in use [pt]."""


def network_map(world: World, results: xr.Dataset | None = None) -> Figure:
    """Map of checkpoints, routes and flows, and of seizures if there are results.

    The width of a line is proportional to the assumed flow of heroin, before any seizure.

    Parameters
    ----------
    world
        World to draw. Boundaries are drawn if its country is a real one.
    results
        Dataset with `seized_mass_by_checkpoint`; circles then show the mean mass seized in a year [kg/year].

    Returns
    -------
    Figure
        11 x 7.5 inches, for A4 landscape.

    Raises
    ------
    ValueError
        If the results lack the variable or name a checkpoint unknown to the world.
    """
    figure = Figure(figsize=PAGE, facecolor="white")
    FigureCanvasAgg(figure)
    seized = None if results is None else seized_of(world, results)
    names = sorted(_used(world))
    degrees = np.array([(world.network.place(n).longitude, world.network.place(n).latitude) for n in names])
    key = (0.0, 0.0, KEY[0] + (0.0 if seized is None else KEY_RESULTS), KEY[1])
    corner = (MAP[2] - INSET[0], 0.0, MAP[2], INSET[1])
    frame, window = basemap.layout(degrees, size=MAP[2:], key=key, corner=corner, zoom=ZOOM)
    sheet = Sheet(
        axes=basemap.axes_on(figure, MAP, frame, gid="map"),
        frame=frame,
        world=world,
        flows=flows_of(world),
        seized=seized,
        labels=Labels(width=frame.width, height=frame.height, taken=[key]),
        at=dict(zip(names, frame.points(degrees), strict=True)),
    )
    if window:
        sheet.labels.taken.append(corner)
        _enlarge(figure, sheet, window)
    _draw(sheet, quiet=window)
    _key(figure, sheet, width=key[2])
    _captions(figure, sheet)
    return figure


def _enlarge(figure: Figure, sheet: Sheet, window: Box) -> None:
    """Draw part of the map once more, larger, in its lower right corner."""
    frame = sheet.frame.enlarged(window, zoom=ZOOM)
    box = (MAP[0] + MAP[2] - INSET[0], MAP[1], *INSET)
    axes = basemap.axes_on(figure, box, frame, gid="inset")
    axes.set_zorder(5)
    at = {name: (point - window[:2]) * ZOOM for name, point in sheet.at.items()}
    labels = Labels(width=frame.width, height=frame.height)
    note = f"enlarged {ZOOM:g} times"
    width, height = size_of(note, size=SMALL)
    labels.taken.append((INSET[0] - width - 9, 0.0, INSET[0], height + 6))
    write(axes, note, at=(INSET[0] - 4, 4 + height / 2), side="right", colour=QUIET, gid="note")
    _draw(replace(sheet, axes=axes, frame=frame, labels=labels, at=at), quiet=None)
    left, bottom, right, top = window
    outline = Rectangle((left, bottom), right - left, top - bottom, fill=False, edgecolor=INK)
    outline.set(linewidth=0.7, zorder=15)
    sheet.axes.add_artist(outline)
    for start, end in ((left, MAP[2] - INSET[0]), (right, MAP[2])):
        joint = Line2D([start, end], [bottom, INSET[1]], color=INK, linewidth=0.5, linestyle=(0, (2, 2)))
        sheet.axes.add_artist(joint)


def _used(world: World) -> set[str]:
    """Names of the places on the map: those with a checkpoint, a leg or a route."""
    routes = world.network.routes
    names = {name for route in routes for name in (*route.approach, *route.path)}
    names |= {end for leg in world.network.legs for end in (leg.start, leg.end)}
    return names | {checkpoint.place for checkpoint in world.checkpoints}


def _draw(sheet: Sheet, *, quiet: Box | None) -> None:
    """Draw all layers; inside the `quiet` box, redrawn elsewhere, only cities are labelled."""
    areas = basemap.ground(sheet.axes, sheet.frame, home=_home(sheet.world))
    _approach(sheet)
    _flows(sheet)
    _circles(sheet)
    _markers(sheet)
    _name_places(sheet, quiet=quiet)
    basemap.name_areas(sheet.axes, areas, labels=sheet.labels)


def _home(world: World) -> str:
    """Country of the checkpoints."""
    return Counter(world.place_of(checkpoint).country for checkpoint in world.checkpoints).most_common(1)[0][0]


def _approach(sheet: Sheet) -> None:
    """Draw the approach to the border, not simulated, as a thin dashed line."""
    pairs = set()
    for route in sheet.world.network.routes:
        way = (*route.approach, route.path[0])
        pairs |= set(pairwise(way))
    for start, end in sorted(pairs):
        ends = np.array([sheet.at[start], sheet.at[end]])
        look: Look = dict(linewidth=0.9, color=QUIET, linestyle=(0, (3.5, 1.8)), zorder=2.5)
        sheet.axes.add_artist(Line2D(*ends.T, gid=f"approach:{start}:{end}", **look))
        steps = np.linspace(0, 1, 2 + int(np.hypot(*(ends[1] - ends[0])) / 3))[:, None]
        sheet.labels.ink(ends[0] + steps * (ends[1] - ends[0]))


def _flows(sheet: Sheet) -> None:
    """Draw the flow on every leg, the largest first, and an arrow at every exit."""
    flows = sheet.flows
    widths = {key: flow * flows.per_tonne for key, flow in flows.legs.items()}
    sent = {(stream.origin, stream.mode) for stream in sheet.world.traffic.streams if stream.drug == HEROIN}
    routes = [route for route in sheet.world.network.routes if (route.origin, route.mode) in sent]
    paths = [route.path for route in routes if route.mode != "road"]
    beside = basemap.beside(sheet.at, widths=widths, paths=paths)
    for (mode, *ends), width in sorted(widths.items(), key=lambda item: -item[1]):
        points = np.array([(sheet.at if mode == "road" else beside)[place] for place in ends])
        ink = style.band(sheet.axes, points, mode=mode, width=width, gid=f"flow:{mode}:{ends[0]}:{ends[1]}")
        sheet.labels.ink(ink)
    centre = np.mean([sheet.at[checkpoint.place] for checkpoint in sheet.world.checkpoints], axis=0)
    for (mode, place), flow in sorted(flows.leaving.items()):
        where = sheet.at if mode == "road" else beside
        last = where[place] - where[flows.before.get((mode, place), place)]
        # A last leg of a few points gives no direction for the arrow.
        onward = basemap.unit(last) if np.hypot(*last) > 6 else np.zeros(2)
        along = basemap.unit(onward + basemap.unit(where[place] - centre))
        look: Look = dict(mode=mode, width=flow * flows.per_tonne, gid=f"exit:{mode}:{place}")
        head, ink = style.arrow(sheet.axes, where[place], along=along, **look)
        sheet.labels.taken.append(head)
        sheet.labels.ink(ink)


def _circles(sheet: Sheet) -> None:
    """Draw a circle at each place of seizures, its area the mean annual mass."""
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    if sheet.seized is None:
        return
    for place, mass in sheet.seized.mass.items():
        if mass > 0:
            radius = sheet.seized.radius_per_root * math.sqrt(mass)
            style.circle(sheet.axes, sheet.at[place], radius=radius, gid=f"seized:{place}")
            sheet.labels.ink(sheet.at[place] + radius * ring)


def _markers(sheet: Sheet) -> None:
    """Draw the types of checkpoint of each place side by side, and a dot for other places."""
    types: dict[str, set[str]] = {place: set() for place in sheet.at}
    for checkpoint in sheet.world.checkpoints:
        types[checkpoint.place].add(checkpoint.type)
    large = {place for place, _ in sheet.world.traffic.city_weights}
    large |= {place for route in sheet.world.network.routes for place in route.approach}
    for place, found in types.items():
        for box in style.markers(sheet.axes, sheet.at[place], types=found, large=place in large, gid=place):
            sheet.labels.taken.append(box)


def _importance(sheet: Sheet) -> dict[str, float]:
    """Priority of a place for labels: its flow, its people and the presence of controls."""
    score = dict.fromkeys(sheet.at, 0.0)
    peak = max([*sheet.flows.legs.values(), 1e-9])
    for (_, start, end), flow in sheet.flows.legs.items():
        for place in (start, end):
            score[place] = max(score[place], 0.3 * flow / peak)
    for flows in (sheet.flows.entering, sheet.flows.leaving):
        for (_, place), flow in flows.items():
            score[place] += 0.4 + flow / peak if flow >= sheet.flows.written else 0.0
    weights = dict(sheet.world.traffic.city_weights)
    for place, weight in weights.items():
        if place in score:
            score[place] += 0.5 + weight / max(weights.values())
    for place in {checkpoint.place for checkpoint in sheet.world.checkpoints}:
        score[place] += 0.5
    for route in sheet.world.network.routes:
        for place in route.approach:
            score[place] = max(score[place], 0.55)
    return score


def _name_places(sheet: Sheet, *, quiet: Box | None) -> None:
    """Label places, the most important first; one without room is left unnamed."""
    score = _importance(sheet)
    cities = dict(sheet.world.traffic.city_weights)
    least = 0.0 if len(score) < FEW else 0.1
    named: list[Floats] = []
    border = sorted(place for place in score if sheet.flows.over_border(place) >= sheet.flows.written)
    for place in sorted(score, key=lambda name: -score[name]):
        point = sheet.at[place]
        within = quiet is not None and quiet[0] <= point[0] <= quiet[2] and quiet[1] <= point[1] <= quiet[3]
        close = any(np.hypot(*(point - other)) < style.MARKER for other in named)
        if score[place] < least or (within and place not in cities) or close or not sheet.frame.holds(point):
            continue
        home = sheet.world.network.place(place).country == _home(sheet.world)
        together = [other for other in border if np.hypot(*(sheet.at[other] - point)) < style.MARKER]
        text = _text(
            sheet,
            [place, *(other for other in together if other != place and not within)],
            amounts=not within,
        )
        weight = "bold" if score[place] >= 1.2 and place in cities else "normal"
        extent = size_of(text, size=SMALL, weight=weight)
        gaps = GAPS if score[place] > 0.5 else GAPS[:3]
        box = sheet.labels.find(extent, at=tuple(point), gaps=gaps, tolerance=6 + 8 * score[place])
        if box is None:
            continue
        named.append(point)
        look: Look = dict(colour=INK, weight=weight) if home else dict(colour=QUIET, style="italic")
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        write(sheet.axes, text, at=middle, halo="white", gid=f"label:{place}", **look)
        near = np.clip(point, np.array(box[:2]) + MARGIN, np.array(box[2:]) - MARGIN)
        if np.hypot(*(near - point)) > style.LEADER:
            ends = np.array([point, near])
            sheet.axes.add_artist(Line2D(*ends.T, color=INK, linewidth=0.5, zorder=9, gid=f"leader:{place}"))


def _text(sheet: Sheet, places: list[str], *, amounts: bool) -> str:
    """Names of neighbouring places, and their flow over the border."""
    labels = [sheet.world.network.place(place).label.split(" (")[0].split(",")[0] for place in places]
    # For Aktau and Aktau port the first is enough.
    lines = [", ".join(label for label in labels if label == labels[0] or not label.startswith(labels[0]))]
    for flows, way in ((sheet.flows.entering, "in"), (sheet.flows.leaving, "out")):
        flow = sum(value for (_, where), value in flows.items() if where in places)
        if amounts and flow >= sheet.flows.written:
            lines.append(f"{flow:.2g} t {way}" if flow >= 1 else f"{flow:.1g} t {way}")
    return "\n".join(lines)


def _key(figure: Figure, sheet: Sheet, *, width: float) -> None:
    """Draw the key in the lower left corner of the map."""
    frame = replace(sheet.frame, width=width, height=KEY[1])
    axes = basemap.axes_on(figure, (*MAP[:2], width, KEY[1]), frame, gid="key")
    axes.set_zorder(6)
    top = KEY[1] - 11
    style.key_types(axes, {checkpoint.type for checkpoint in sheet.world.checkpoints}, left=9, top=top)
    modes = {mode for mode, _, _ in sheet.flows.legs}
    style.key_flows(axes, modes, per_tonne=sheet.flows.per_tonne, widest=WIDEST, left=93, top=top)
    if sheet.seized is not None:
        style.key_circles(axes, largest=LARGEST, per_root=sheet.seized.radius_per_root, left=208, top=top)
    style.key_scale(axes, sheet.frame.scale, left=10, bottom=10)


def _captions(figure: Figure, sheet: Sheet) -> None:
    """Write the title above the map and the sources below it."""
    total = sum(sheet.flows.entering.values())
    real = to_rgb(sheet.axes.get_facecolor()) == to_rgb(style.WATER)
    sources = ["Positions: public geography", "Made with Natural Earth"] if real else ["Positions: made up"]
    if sheet.seized is not None:
        policy = f", policy {sheet.seized.policy}" if sheet.seized.policy else ""
        years = f"{sheet.seized.years} year{'s' if sheet.seized.years > 1 else ''}"
        sources.insert(0, f"Circles: simulated mass seized, mean of {years}{policy}")
    lines = [
        f"Width of lines: assumed shares of {total:.3g} t of heroin a year, before seizures; in, out: over the border;"
        f" hairline: under {style.HAIR / sheet.flows.per_tonne:.2g} t.",
        ". ".join(sources) + ".",
    ]
    look: Look = dict(family=style.FAMILY, color=INK, ha="left", va="center")
    left, page = MAP[0] / (72 * PAGE[0]), 72 * PAGE[1]
    figure.text(left, (MAP[1] + MAP[3] + 13) / page, sheet.world.title, fontsize=LARGE, fontweight="bold", **look)
    for row, line in enumerate(lines):
        figure.text(left, (20 - 11 * row) / page, line, fontsize=SMALL, **look)
