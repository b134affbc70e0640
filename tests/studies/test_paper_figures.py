"""Figures and tables of the paper: each is declared by its own module and has an experiment and a page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from paths import ROOT
from PIL import Image

from flowsim.config.compose import compose_config
from flowsim.config.options import conf_dir, top_keys
from flowsim.figures.axes import sheet
from flowsim.figures.save import FORMATS, PRINT, save
from flowsim.studies import figure

each_figure = pytest.mark.parametrize("name", figure.names())


@each_figure
def test_a_figure_has_an_experiment_and_a_page(name):
    found = figure.figure_of(name)
    composed = compose_config([f"experiment={found.name}"])
    assert (composed.study.name, composed.study.figure) == ("figure", name)
    assert Path(composed.out).name == found.name
    page = (ROOT / "experiments" / found.name / "README.md").read_text(encoding="utf-8")
    assert f"flowsim experiment={found.name}\n" in page
    assert f"{found.name}." in page


@each_figure
def test_a_figure_names_keys_that_there_are(name):
    keys = figure.figure_of(name).keys
    assert set(keys) <= {key.name for key in top_keys()}
    assert "out" not in keys


def test_every_experiment_that_draws_one_figure_is_of_a_figure_that_is_declared():
    drawn = [file.stem for file in (conf_dir() / "experiment").glob("*.yaml") if "study: figure" in file.read_text()]
    assert sorted(drawn) == sorted(figure.figure_of(name).name for name in figure.names())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["series", "evidence"])
def test_all_that_belongs_to_a_figure_is_written(name, command):
    """Of those that simulate and fit, test_waterfall.py and test_fitted.py hold the same."""
    code, out, err = command("study=figure", f"study.figure={name}", "out=mine")
    assert (code, err) == (0, "")
    written = {file.name for file in Path("mine").iterdir()}
    own = figure.figure_of(name).name
    ends = (".md",) if name == "evidence" else tuple(f".{suffix}" for suffix in FORMATS)
    assert written >= {f"{own}{end}" for end in ends}
    assert all(len(pd.read_csv(file)) > 0 for file in Path("mine").glob("*.csv"))
    assert "as corrected 10" in out or "reported figures" in out


def test_a_figure_is_saved_in_each_format_and_as_fine_as_print_needs(tmp_path):
    with sheet((2.0, 1.0)) as drawn:
        drawn.text(0.1, 0.1, "x")
    save(drawn, tmp_path, "one")
    assert {file.name for file in tmp_path.iterdir()} == {f"one.{suffix}" for suffix in FORMATS}
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (2 * PRINT, PRINT)
