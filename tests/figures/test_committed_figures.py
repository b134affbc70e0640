"""The figures that the documentation shows are those that the code draws from the reference results."""

import io
import runpy

import matplotlib
import numpy as np
import pandas as pd
import pytest
from amounts import rest_slow
from paths import ROOT
from PIL import Image

from flowsim.figures.save import SCREEN

DOCS = ROOT / "docs"
MADE = runpy.run_path(str(DOCS / "figures.py"), run_name="figures")
FIGURES = MADE["FIGURES"]

SEEN = 48
"""Difference of a pixel in one of its colours that the eye sees [of 255]."""

SAME, OTHER = 1e-5, 0.08
"""Most pixels that may differ so, if the file was made by the matplotlib that draws now, and if by another, whose
letters are of other widths [1]."""

HUE = 3e-4
"""Least share of the pixels that have a hue which must be found again [1]."""


def saved(figure):
    """A figure as an image, as it would be saved."""
    file = io.BytesIO()
    figure.savefig(file, dpi=SCREEN)
    return Image.open(file)


def hues(image):
    """Share of the pixels that are strongly coloured, by hue in steps of 30 degrees."""
    hue, saturation, value = np.moveaxis(np.asarray(image.convert("RGB").convert("HSV")).astype(np.int64), -1, 0)
    strong = (saturation > 127) & (value > 76)
    return np.bincount(hue[strong] * 12 // 256, minlength=12) / hue.size


def departures(committed, drawn):
    """In what an image departs from one that is drawn now; empty if it is the same figure."""
    if committed.size != drawn.size:
        return [f"size {committed.size}, not {drawn.size}"]
    old, new = (np.asarray(image.convert("RGB")).astype(np.int64) for image in (committed, drawn))
    known = f"version{matplotlib.__version__}," in committed.info.get("Software", "")
    share = float((np.abs(old - new).max(axis=-1) > SEEN).mean())
    found = [f"{share:.2%} of the pixels"] if share > (SAME if known else OTHER) else []
    have, wanted = hues(committed), hues(drawn)
    lost = np.flatnonzero((wanted >= HUE) & (have < wanted / 2))
    return found + [f"hue {30 * step} to {30 * step + 30}" for step in lost]


def test_every_figure_of_the_documentation_has_a_way_to_draw_it():
    assert {file.stem for file in DOCS.glob("*.png")} == set(FIGURES)


@pytest.mark.parametrize(
    "name", [name for name in FIGURES if name != "fig1_network"] + rest_slow(["fig1_network"], quick=0)
)
def test_a_committed_figure_is_the_one_that_the_code_draws(name):
    """If this fails after the reference results or the code of a figure changed: `make figures`."""
    with Image.open(DOCS / f"{name}.png") as committed:
        assert departures(committed, saved(FIGURES[name]())) == []


@pytest.fixture(scope="module")
def drawn():
    """Figure 5 as it is."""
    return saved(FIGURES["fig5_policies"]())


def test_a_lost_colour_is_noticed(drawn):
    """As when the colours of a file are made fewer, and the line of what was reported turns grey."""
    pixels = np.asarray(drawn.convert("RGB")).copy()
    red, green, blue = np.moveaxis(pixels.astype(np.int64), -1, 0)
    reported = (red - green > 40) & (blue - green > 20)
    pixels[reported] = pixels[reported].mean(axis=-1, keepdims=True).astype(np.uint8)
    grey = Image.fromarray(pixels)
    assert departures(grey, drawn) == ["hue 300 to 330"]  # whichever version made it
    grey.info["Software"] = drawn.info["Software"]
    assert "hue 300 to 330" in departures(grey, drawn)
    assert len(departures(grey, drawn)) == 2


@pytest.mark.slow
def test_another_number_is_noticed(drawn, monkeypatch):
    table = FIGURES["fig5_policies"].__globals__["table"]

    def changed(name):
        found = table(name)
        found.loc[found["policy"] == "caricc", "seized"] *= 1.1
        return found

    monkeypatch.setitem(FIGURES["fig5_policies"].__globals__, "table", changed)
    assert departures(drawn, saved(FIGURES["fig5_policies"]())) != []


def test_what_the_map_shows_adds_up_to_the_table_of_the_same_run():
    there = pd.read_csv(ROOT / "results" / "reference" / "baseline" / "fig1_network.csv")
    run = pd.read_csv(ROOT / "results" / "reference" / "baseline" / "run.csv", keep_default_na=False)
    seized = run.set_index(["quantity", "item"])["mean"].astype(float)
    assert there["seized"].sum() == pytest.approx(seized["seized", ""], rel=1e-9)
    oblasts = there.groupby("oblast")["seized"].sum()
    oblasts = oblasts[oblasts > 0]
    assert len(oblasts) > 10
    for oblast, mass in oblasts.items():
        assert mass == pytest.approx(seized["seized by oblast", oblast], rel=1e-9)
