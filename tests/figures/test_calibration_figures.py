"""Figures 3 and 4 with many rows: their texts stay on the page and apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flowsim.config.calibration_files import build_calibration
from flowsim.config.compose import compose_config
from flowsim.figures.fig3_fig4_calibration import fit, identified

TITLES = [prior.title for prior in build_calibration(compose_config([])).priors.values()]
"""Titles of all parameters of the package, of which the longest need two lines."""


def boxes(figure):
    """Extents of all texts of a figure by text [pixels], and those of the page."""
    figure.canvas.draw()
    page = figure.bbox
    texts = [t for t in figure.findobj(lambda a: hasattr(a, "get_text")) if t.get_visible() and t.get_text().strip()]
    return {t.get_text(): t.get_window_extent() for t in texts}, page


@pytest.mark.parametrize("rows", [8, 60])
def test_a_long_caption_of_figure_3_stays_on_the_page(rows):
    numbers = {"held_out": False, "reported": 9.0, "q05": 1.0, "median": 5.0, "q95": 8.0, "inside": False}
    table = pd.DataFrame([{"what": f"row {k}", "probability": 0.01, **numbers} for k in range(rows)])
    sentence = " ".join(f"missed number {k};" for k in range(rows))
    found, page = boxes(fit(table, table[:3], table, title="Title", sentence=sentence))
    (caption,) = (box for text, box in found.items() if text.startswith("missed number 0"))
    assert page.y0 <= caption.y0
    (axis,) = (box for text, box in found.items() if text.startswith("probability of it"))
    assert caption.y1 < axis.y0


def test_rows_of_masses_and_of_shares_are_of_one_height_however_many_there_are():
    numbers = {"held_out": False, "reported": 0.3, "q05": 0.1, "median": 0.2, "q95": 0.5, "inside": True}
    table = pd.DataFrame([{"what": f"row {k}", "probability": 0.5, **numbers} for k in range(40)])
    figure = fit(table, table[:4], table[:5], title="Title", sentence="Caption.")
    panels = {axes.get_gid(): axes for axes in figure.axes}
    figure.canvas.draw()
    heights = [panels[name].get_window_extent().height / count for name, count in (("masses", 40), ("shares", 4))]
    assert heights[1] < 1.3 * heights[0]


@pytest.mark.parametrize("rows", [5, 17, len(TITLES)])
def test_names_and_key_of_figure_4_stay_on_the_page_and_off_the_rows(rows):
    interval = {"prior_q05": 1.0, "prior_median": 2.0, "prior_q95": 4.0, "q05": 1.5, "median": 2.0, "q95": 3.0}
    titles = sorted(TITLES, key=len)[-rows:]
    own = [{"title": title, "unit": "1", "contraction": 0.5, "identified": "partly"} for title in titles]
    table = pd.DataFrame([row | interval for row in own])
    found, page = boxes(identified(table, title="Title", sentence="Caption."))
    names = [box for text, box in found.items() if text.endswith("[1]") and text != "contraction [1]"]
    assert len(names) == rows
    assert min(box.x0 for box in names) >= page.x0
    keys = [box for text, box in found.items() if "identified:" in text]
    assert min(box.y0 for box in keys) > max(box.y1 for box in names)
    assert found["Title"].y0 > max(box.y1 for box in keys)
    assert np.all([box.y0 >= page.y0 for box in found.values()])
