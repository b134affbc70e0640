"""Figure 1: widths and areas are proportional to what they show, and labels can be read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import flowsim
from flowsim.figures import basemap
from flowsim.figures.fig1_network import flows_of, network_map
from flowsim.results.dataset import coordinates
from flowsim.results.sites import sites
from flowsim.world.detection import Detection, Effort
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World
from flowsim.world_tables.reader import load

TABLES = Path(flowsim.__file__).parent / "data" / "worlds"
WORLDS = ("kazakhstan_2010", "two_routes", "single_checkpoint")

DETECTION = Detection(
    targeting=0.5,
    sensitivity=1.0,
    effort=Effort(crossing=0.1, inside=0.1, south=0.1, almaty=0.1),
    year_log_sd=0.3,
    handling_time=0.2,
    search_time=1.5,
    search_cv=0.6,
    compensation=500.0,
    search_cost=100.0,
)


def world_of(name):
    return load(TABLES / name, name=name, title=f"World {name}", year=2010, detection=DETECTION)


def results_of(world, *, years=5):
    """Results in which c + 1 kg of heroin are seized at the c-th site in the mean year of the first policy."""
    posts = len(sites(world))
    spread = np.linspace(0.5, 1.5, years)
    mass = np.arange(1.0, posts + 1) * spread[:, None]
    drugs = np.array([1.0, 0.0, 7.0])[: len(world.traffic.drugs), None]
    stacked = np.stack([mass, 100 * mass])[:, :, None, :] * drugs
    given = {name: coordinates(world)[name] for name in ("drug", "checkpoint")}
    coords = given | {"policy": ["baseline", "other"], "replication": np.arange(years)}
    dims = ("policy", "replication", "drug", "checkpoint")
    return xr.Dataset({"seized_mass_by_checkpoint": (dims, stacked)}, coords=coords)


@pytest.fixture(scope="module", params=itertools.product(WORLDS, (False, True)), ids=str)
def drawn(request):
    name, with_results = request.param
    world = world_of(name)
    figure = network_map(world, results_of(world) if with_results else None)
    figure.canvas.draw()
    return world, figure


@pytest.fixture(scope="module")
def kazakhstan():
    return world_of("kazakhstan_2010")


def axes_of(figure: Figure, gid: str):
    return next(axes for axes in figure.axes if axes.get_gid() == gid)


def found(axes, start: str):
    """Artists whose name starts with a text, by the rest of their name."""
    artists = axes.get_children()
    return {str(a.get_gid()).removeprefix(start): a for a in artists if str(a.get_gid()).startswith(start)}


def widths(axes):
    return {tuple(name.split(":")): line.get_linewidth() for name, line in found(axes, "flow:").items()}


def names_of(figure: Figure):
    """Labels of all maps of a figure, with the axes that they belong to."""
    for axes in figure.axes:
        if axes.get_gid() != "key":
            texts = [*found(axes, "label:").values(), *found(axes, "area:").values()]
            yield axes, texts


@pytest.mark.slow
def test_a_figure_is_made_for_every_world(drawn):
    _, figure = drawn
    assert isinstance(figure, Figure)
    assert tuple(figure.get_size_inches()) == (11.0, 7.5)


def test_every_leg_of_a_route_is_as_wide_as_its_flow(drawn):
    world: World = drawn[0]
    expected: dict[tuple[str, ...], float] = {}
    for stream in (stream for stream in world.traffic.streams if stream.drug == HEROIN):
        for route in world.routes_of(stream.origin, mode=stream.mode):
            for ends in itertools.pairwise(route.path):
                key = (route.mode, *sorted(ends))
                expected[key] = expected.get(key, 0.0) + stream.share * route.weight * world.traffic.inflow
    for gid in [axes.get_gid() for axes in drawn[1].axes if axes.get_gid() != "key"]:
        got = widths(axes_of(drawn[1], gid))
        assert got.keys() == expected.keys()
        ratio = [got[key] / expected[key] for key in got]
        assert np.allclose(ratio, ratio[0], rtol=1e-9)


def test_the_widths_of_entering_legs_add_up_to_the_inflow(drawn):
    world, figure = drawn
    got = widths(axes_of(figure, "map"))
    flows = flows_of(world)
    total = 0.0
    for mode, place in flows.entering:
        touching = sum(width for key, width in got.items() if key[0] == mode and place in key[1:])
        total += touching / flows.per_tonne
    # Routes that pass an entry on their way, or end at one, touch it without entering there.
    for stream in (stream for stream in world.traffic.streams if stream.drug == HEROIN):
        for route in world.routes_of(stream.origin, mode=stream.mode):
            flow = stream.share * route.weight * world.traffic.inflow / 1000
            others = [place for place in route.path[1:] if (route.mode, place) in flows.entering]
            total -= sum(flow * (1 if place == route.path[-1] else 2) for place in others)
    assert total == pytest.approx(world.traffic.inflow / 1000, rel=1e-9)


def test_what_enters_equals_what_leaves_over_all_borders(kazakhstan):
    flows = flows_of(kazakhstan)
    assert sum(flows.entering.values()) == pytest.approx(kazakhstan.traffic.inflow / 1000)
    assert sum(flows.leaving.values()) == pytest.approx(kazakhstan.traffic.inflow / 1000)


def test_every_exit_has_an_arrow(drawn):
    world, figure = drawn
    exits = {f"{route.mode}:{route.path[-1]}" for route in world.network.routes}
    assert found(axes_of(figure, "map"), "exit:").keys() == exits


def test_labels_lie_inside_their_map(drawn):
    _, figure = drawn
    for axes, texts in names_of(figure):
        assert texts
        frame = axes.get_window_extent()
        for text in texts:
            box = text.get_window_extent()
            assert frame.x0 <= box.x0, text.get_text()
            assert box.x1 <= frame.x1, text.get_text()
            assert frame.y0 <= box.y0, text.get_text()
            assert box.y1 <= frame.y1, text.get_text()


def test_labels_do_not_overlap_each_other_the_key_or_the_enlarged_part(drawn):
    _, figure = drawn
    covers = [(a.get_gid(), a.get_window_extent()) for a in figure.axes if a.get_gid() != "map"]
    for axes, texts in names_of(figure):
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
        boxes += covers if axes.get_gid() == "map" else []
        for (first, one), (second, other) in itertools.combinations(boxes, 2):
            assert not one.overlaps(other), f"{first} and {second}"


def test_the_key_holds_its_text(drawn):
    key = axes_of(drawn[1], "key")
    frame = key.get_window_extent()
    boxes = [text.get_window_extent() for text in key.texts]
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 and frame.y0 <= b.y0 and b.y1 <= frame.y1 for b in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_captions_stay_on_the_page(drawn):
    _, figure = drawn
    assert figure.texts
    assert all(text.get_window_extent().x1 < figure.bbox.x1 for text in figure.texts)


def test_no_text_is_smaller_than_seven_points(drawn):
    _, figure = drawn
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    assert min(text.get_fontsize() for text in texts) >= 7


@pytest.fixture(scope="module")
def plate(kazakhstan):
    """Figure of Kazakhstan without results."""
    return network_map(kazakhstan)


@pytest.mark.parametrize(
    "place", ["almaty", "astana", "shymkent", "petropavl", "aktobe", "karaganda", "oskemen", "oral"]
)
def test_the_large_cities_are_named(plate, place):
    assert place in found(axes_of(plate, "map"), "label:")


@pytest.mark.parametrize("place", ["kordai", "sypatai-batyr", "zhibek-zholy", "konysbayev"])
def test_the_large_entries_are_named_in_the_enlarged_part(plate, place):
    label = found(axes_of(plate, "inset"), "label:")[place]
    assert "t in" in label.get_text()


def test_circles_have_areas_proportional_to_the_mean_mass_seized_of_the_first_policy(kazakhstan):
    results = results_of(kazakhstan)
    circles = found(axes_of(network_map(kazakhstan, results), "map"), "seized:")
    expected: dict[str, float] = {}
    posts = {checkpoint.name: checkpoint.place for checkpoint in kazakhstan.checkpoints}
    for c, site in enumerate(sites(kazakhstan)):
        place = posts.get(site.name, site.name.removeprefix("at-"))
        expected[place] = expected.get(place, 0.0) + c + 1
    assert circles.keys() == expected.keys()
    ratio = [circles[place].get_radius() ** 2 / mass for place, mass in expected.items()]
    assert np.allclose(ratio, ratio[0])


def test_the_caption_says_that_circles_are_simulated_and_over_how_many_years(kazakhstan):
    figure = network_map(kazakhstan, results_of(kazakhstan, years=3))
    text = " ".join(text.get_text() for text in figure.texts)
    assert "simulated" in text
    assert "mean of 3 years" in text
    assert "baseline" in text


@pytest.mark.slow
def test_there_are_no_circles_without_results_and_none_where_nothing_is_seized(kazakhstan):
    assert not found(axes_of(network_map(kazakhstan), "map"), "seized:")
    nothing = results_of(kazakhstan) * 0
    assert not found(axes_of(network_map(kazakhstan, nothing), "map"), "seized:")


def test_a_checkpoint_that_the_world_does_not_have_is_refused():
    world = world_of("two_routes")
    results = results_of(world).assign_coords(checkpoint=["entry", "north-gate", "east-gate"])
    with pytest.raises(ValueError, match="east-gate"):
        network_map(world, results)


def test_results_without_seizures_by_checkpoint_are_refused():
    with pytest.raises(ValueError, match="seized_mass_by_checkpoint"):
        network_map(world_of("two_routes"), xr.Dataset({"delay": 1.0}))


def test_boundaries_are_credited_only_where_they_are_drawn(drawn):
    world, figure = drawn
    credited = any("Natural Earth" in text.get_text() for text in figure.texts)
    assert credited == (world.name == "kazakhstan_2010")


def test_a_world_on_the_equator_can_be_drawn():
    world = world_of("two_routes")
    places = tuple(replace(place, latitude=place.latitude - 50) for place in world.network.places)
    figure = network_map(replace(world, network=replace(world.network, places=places)))
    assert len(found(axes_of(figure, "map"), "label:")) == len(places)


def test_north_is_up_and_distances_are_true_within_two_per_cent(kazakhstan):
    places = [place for place in kazakhstan.network.places if place.country == "Kazakhstan"]
    degrees = np.array([(place.longitude, place.latitude) for place in places])
    frame = basemap.fit(degrees, width=770.0, height=482.0, reserved=[])
    for place in places:
        here, north = frame.points([(place.longitude, place.latitude), (place.longitude, place.latitude + 0.1)])
        assert abs(np.degrees(np.arctan2(*(north - here)))) < 15
        ground = 0.1 * np.pi / 180 * 6371e3
        assert np.hypot(*(north - here)) * frame.scale == pytest.approx(ground, rel=0.02)


def test_the_oblasts_of_the_boundaries_are_those_of_the_places(kazakhstan):
    areas = {area.name for area in basemap.read("oblasts")}
    oblasts = {place.oblast.removesuffix(" city") for place in kazakhstan.network.places if place.oblast}
    assert oblasts <= areas
