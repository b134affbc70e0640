"""Pages of the model with two populations say what its posterior and reference results say."""

import runpy

import numpy as np
import pytest
from paths import ROOT

import flowsim as fs


@pytest.fixture(scope="module")
def made():
    return runpy.run_path(str(ROOT / "docs" / "two_populations.py"), run_name="two_populations")


@pytest.mark.slow
def test_the_pages_are_those_of_the_files(made):
    page = made["PAGE"].read_text(encoding="utf-8")
    assert page == made["page"](page), "make pages writes it anew"
    assert made["HOLDOUTS"].read_text(encoding="utf-8") == made["holdouts"]()
    with pytest.raises(ValueError, match=r"two_populations.md must have the line"):
        made["page"]("")


def test_readme_gives_the_headline_of_two_populations(made):
    posterior = fs.load_posterior()
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    low, middle, high = np.quantile(posterior.seized, [0.05, 0.5, 0.95])
    assert f"{middle:.0f} kg ({low:.0f} to {high:.0f})" in text
    low, middle, high = 100 * np.quantile(posterior.interdiction_rate, [0.05, 0.5, 0.95])
    assert f"{middle:.2f} % ({low:.2f} to {high:.2f})" in text


def test_what_must_hold_of_the_fit_holds(made):
    """Median found, number in a mean year, and sizes by kind of place, as they are reported for 2011 and 2012."""
    import pandas as pd

    singles = pd.read_csv(made["REFERENCE"] / "singles.csv").set_index("what")
    for year in (2011, 2012):
        assert 0.7 <= singles.loc[f"{year} median of a seizure [kg]", "median"] <= 1.6
        way, dwelling = (
            singles.loc[f"{year} median of a seizure {where} [kg]", "median"]
            for where in ("on the way", "in dwellings")
        )
        assert way > dwelling
    assert 60 <= singles.loc["2011 number of seizures of 0.1 kg or more", "median"] <= 130
    scores = pd.read_csv(made["REFERENCE"] / "log_scores.csv")[["model", "lognormal"]].sum()
    assert scores["model"] > scores["lognormal"]


@pytest.mark.slow
def test_the_chains_have_converged():
    posterior = fs.load_posterior()
    assert float(posterior.attrs["worst_rhat"]) < 1.01
    assert float(posterior.attrs["least_ess"]) > 400
    assert sum(float(text) > 0.5 for text in posterior.attrs["directions"].split()) >= 8
