"""Posteriors under other readings side by side."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from paths import ROOT

import flowsim as fs
from flowsim.calibration.by_reading import by_reading, cells
from flowsim.config.calibration_files import PACKAGED
from flowsim.studies.calibrate import flow_prior
from flowsim.world_tables.readings import DEFAULT


def posterior(rate, *, refused=0, **more):
    values = rate * np.linspace(0.4, 1.6, 101)[np.newaxis]
    names = {"interdiction_rate": ("1", values), **{name: ("kg/year", values * scale) for name, scale in more.items()}}
    made = {name: (("chain", "draw"), array, {"units": unit}) for name, (unit, array) in names.items()}
    return xr.Dataset(made, attrs={"refused": str(refused), "drawn": "200"})


def test_readings_stand_beside_the_first_with_intervals_and_ratios():
    table = by_reading({"one": posterior(0.01, crossing=1e4), "other": posterior(0.02, refused=50)})
    rows = table.set_index(["reading", "quantity"])
    assert set(rows.index) == {("one", "interdiction_rate"), ("one", "crossing"), ("other", "interdiction_rate")}
    other = rows.loc[("other", "interdiction_rate")]
    assert other[["q05", "median", "q95"]].tolist() == pytest.approx([0.0092, 0.02, 0.0308])
    assert (other["ratio"], other["refused"]) == pytest.approx((2.0, 0.25))
    head, one, last = cells(table)
    assert len(head) == len(one) == len(last)
    assert one[:2] == ("one", "1 (0.46 to 1.5)")
    assert "100 (46 to 154)" in one
    assert last[-1] == "25 %"


@pytest.mark.slow
def test_a_reading_that_changes_no_table_has_the_posterior_of_those_that_do(command):
    def seized(*arguments):
        code, out, _ = command("engine=expectation", "calibration=point", *arguments, "out=mine", "overwrite=true")
        assert code == 0
        return next(line.split()[-1] for line in out.splitlines() if line.startswith("seized [kg]"))

    assert seized("reading=truck_dominant") == seized("reading=two_populations") == seized()
    assert seized("reading=[truck_dominant,posts_in_force]") == seized("reading=posts_in_force")
    code, _, err = command("engine=expectation", "calibration=point", "reading=[flow_low,rail_dominant]", "out=none")
    assert (code, "reading=flow_low+rail_dominant" in err) == (1, True)


@pytest.mark.slow
def test_the_documentation_holds_the_table_of_all_readings_that_come_with_flowsim():
    names = [path.stem.partition("-")[2] for path in PACKAGED.glob("kazakhstan_2010-*.nc")]
    assert set(names) == {
        "posts_in_force",
        "rail_dominant",
        "flow_low",
        "flow_high",
        "flow_two_thirds",
        "flow_three_halves",
        "one_population",
    }
    opened = {DEFAULT: fs.load_posterior()} | {name: fs.load_posterior(reading=name) for name in sorted(names)}
    page = ROOT.joinpath("docs", "calibration.md").read_text(encoding="utf-8")
    head, *rows = cells(by_reading(opened))
    lines = ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
    lines += [f"| `{reading}` | " + " | ".join(others) + " |" for reading, *others in rows]
    assert "\n".join(lines) in page


@pytest.mark.slow
def test_a_flow_at_one_end_of_its_interval_is_drawn_there():
    whole, low = (flow_prior(fs.load_world(overrides=words)) for words in ([], ["reading=flow_low"]))
    assert (whole.low, whole.high) == pytest.approx((70.0, 75.0))
    assert (low.low, low.high) == pytest.approx((70.0, 70.0), rel=1e-5)


def test_a_posterior_of_ones_own_that_is_not_there_is_refused_by_name(command):
    code, _, err = command("calibration.posterior=nothing.nc", "out=mine")
    assert (code, err) == (
        1,
        "flowsim: calibration.posterior must name a file of a posterior, or a folder with a posterior.nc, "
        "got nothing.nc\n",
    )
    assert not Path("mine").exists()
