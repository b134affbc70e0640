"""The study `chain` and figure 13: a chain of countries from the command to its files."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from paths import ROOT

import flowsim as fs
from flowsim import cli
from flowsim.config.chain_worlds import build_chain
from flowsim.config.compose import compose_config
from flowsim.figures.fig13_chain import chain_figure

SHORT = ("world=northern_route", "study.chains=1", "study.steps=5", "study.draws=20", "workers=1")


def run_into(folder):
    """What a short run prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        assert cli.answer([*SHORT, f"out={folder}"]) == 0
    return text.getvalue()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a short run, with what is printed."""
    folder = tmp_path_factory.mktemp("chains") / "first"
    return folder, run_into(folder)


@pytest.mark.slow
def test_the_world_alone_prints_the_table_of_its_stages(written):
    _, out = written
    assert out.startswith("Northern route, heroin from Afghanistan to Russia by country: 1998 to 2014, 20 draws")
    assert "NOT CONVERGED" in out
    for words in ("Share seized by year", "A kilogram stopped in a stage of 2010", "only flow times rate is seen"):
        assert words in out


@pytest.mark.slow
def test_one_seed_gives_one_result(written, tmp_path):
    run_into(tmp_path / "second")
    first, second = (xr.open_dataset(folder / "chain.nc").drop_attrs() for folder in (written[0], tmp_path / "second"))
    xr.testing.assert_identical(first, second)


@pytest.mark.slow
def test_the_file_has_labels_units_and_meanings(written):
    found = xr.open_dataset(written[0] / "chain.nc")
    assert found["rate"].dims == ("chain", "draw", "stage", "year")
    assert found["stage"].values.tolist()[::6] == ["Afghanistan", "Russia"]
    assert all(array.attrs["units"] and array.attrs["long_name"] for array in found.data_vars.values())
    assert found["fate_share"].sum("fate").values == pytest.approx(1.0, abs=1e-6)
    whole = found["inflow"].sel(stage="Afghanistan")
    out = found["seized"] + found["consumed"] + found["off_route"]
    assert (out.sum("stage") + found["passed"].sel(stage="Russia")).values == pytest.approx(whole.values, rel=1e-5)


@pytest.mark.slow
def test_what_was_reported_is_what_was_seized_over_completeness(written):
    found = xr.open_dataset(written[0] / "chain.nc")
    table = pd.read_csv(written[0] / "chain.csv").set_index(["stage", "year"])
    part = found["parameter_value"].sel(parameter="completeness: Kazakhstan")
    seized = found["seized"].sel(stage="Kazakhstan", year=2010)
    assert (seized * part).values == pytest.approx(table.loc[("Kazakhstan", 2010), "reported_kg"], rel=1e-4)


@pytest.mark.slow
def test_the_stage_and_its_detailed_world_seize_the_same_mass(written):
    table = pd.read_csv(written[0] / "detail.csv").set_index("quantity")
    assert table.loc["seized", "detailed"] == pytest.approx(table.loc["seized", "median"], rel=1e-3)
    assert table.loc["inflow", "detailed"] == pytest.approx(table.loc["inflow", "median"], rel=1e-6)


@pytest.mark.slow
def test_parameters_that_nothing_teaches_stay_assumed(written):
    table = pd.read_csv(written[0] / "parameters.csv")
    assert ((table["kind"] == "assumed") == (table["identified"] == "no")).all()
    assert table["source"].str.len().min() > 0
    assert np.isfinite(table["contraction"]).all()


@pytest.mark.slow
def test_the_check_lists_stages_and_gaps(command):
    code, out, err = command("world=northern_route", "study=check")
    assert (code, err) == (0, "")
    assert "Afghanistan  13 reports, none for 1998, 1999, 2000, 2001; to Tajikistan 0.84 of it" in out
    assert "world=kazakhstan_2010 is Kazakhstan" in out


REFUSED = {
    (
        "world=northern_route",
        "study=run",
    ): "study must be one of chain, check, evidence, figure with",
    (
        "study=chain",
    ): "flowsim: study=chain must have a chain of countries, as world=northern_route, got world=kazakhstan",
    ("world=northern_route", "inflow=3"): "inflow= has no effect in study=chain world=northern_route",
    ("world=northern_route", "study=figure", "study.figure=series"): "study.figure must be chain",
    ("world=northern_route", "world.years=[2014,1998]"): "world.years must be the first and the last year",
    ("world=northern_route", "world.chain=balkan"): "world.chain must be one of northern_route",
    ("world=northern_route", "study.chains=0"): "chains must be a whole number of at least 1",
}


@pytest.mark.slow
@pytest.mark.parametrize("words", REFUSED)
def test_what_a_chain_cannot_do_is_refused_in_a_sentence(words, command):
    code, _, err = command(*words)
    assert code == 1
    assert REFUSED[words] in err
    assert err.count("\n") == err.count("flowsim: ")


def test_a_chain_is_no_world_with_posts():
    with pytest.raises(ValueError, match="world=kazakhstan_2010 is its stage Kazakhstan post by post"):
        fs.load_world("northern_route")


@pytest.mark.slow
def test_figure_13_is_drawn_with_its_data(tmp_path, written):
    tables = [pd.read_csv(written[0] / f"{name}.csv") for name in ("chain", "marginal")]
    chain = build_chain(compose_config(["experiment=fig13_chain"]))
    drawn = chain_figure(*tables, chain=chain)
    panels = {str(axes.get_gid()) for axes in drawn.axes}
    assert panels == {*(f"rate:{stage}" for stage in chain.stages), "inflow", "fates"}
    drawn.savefig(Path(tmp_path) / "figure.png")


def test_the_page_shows_the_reference_results():
    """The table of the page, made anew from the tables of reference."""
    folder = ROOT / "results" / "reference" / "fig13_chain"
    table = pd.read_csv(folder / "chain.csv").set_index(["stage", "year"])
    fates = pd.read_csv(folder / "marginal.csv").set_index(["stage", "fate"])
    page = (ROOT / "docs" / "chain.md").read_text(encoding="utf-8")

    def three(row, name, scale, digits):
        low, middle, high = (row[f"{name}{end}"] * scale for end in ("q05", "median", "q95"))
        return f"{middle:{digits}} ({low:{digits}} to {high:{digits}})"

    for stage in table.index.unique("stage"):
        row = table.loc[(stage, 2010)]
        cells = [stage, three(row, "rate_", 100, ".2g"), three(row, "inflow_", 1e-3, ".0f")]
        cells.append(three(row, "consumed_", 1e-3, ".2g") if row["consumed_median"] > 0 else "not modelled")
        last = three(fates.loc[(stage, "arrives")], "", 1, ".2g") if stage != "Russia" else "1, at the end"
        assert f"| {' | '.join([*cells, last])} |" in page
