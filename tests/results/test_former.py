"""Results that earlier versions wrote are opened under the names of today."""

import numpy as np
import pytest
import xarray as xr

import flowsim as fs
from flowsim.results import files
from flowsim.results.former import RENAMED, converted


@pytest.fixture(scope="module")
def results():
    return fs.simulate(fs.load_world("single_checkpoint"), replications=3, traffic_years=0.05, seed=4)


def as_before(results: xr.Dataset) -> xr.Dataset:
    """The results as they were written before: former names, and times of seizures as hours alone."""
    names = {new: old for old, new in RENAMED.items() if new in results}
    old = results.drop_vars("seizure_time").rename_vars(names | {"seizure_hours": "seizure_time"})
    return old.assign_attrs(configuration="policy: []\nworld:\n  name: single_checkpoint\n  year: 2010\nseed: 4\n")


@pytest.mark.slow
def test_a_run_with_former_names_opens_as_one_of_today(results, tmp_path):
    assert len(results["seizure_mass"]) > 10
    files.write(as_before(results), tmp_path / "run.nc")
    opened = fs.open_results(tmp_path)
    assert "delay_mcse" in opened
    for name, array in results.variables.items():
        assert array.identical(opened[name].variable) or array.equals(opened[name].variable), name
    assert opened["delay_mcse"].attrs == results["delay_mcse"].attrs
    assert set(opened.variables) == set(results.variables)


@pytest.mark.slow
def test_times_without_a_year_are_refused_as_they_were(results, tmp_path):
    files.write(as_before(results).assign_attrs(configuration=""), tmp_path / "run.nc")
    with pytest.raises(ValueError, match=r"result variable must be one of .*seizure_time"):
        fs.open_results(tmp_path)


def test_results_of_today_are_left_as_they_are(results):
    assert converted(results) is results


def test_a_comparison_with_its_former_name(results):
    values = np.ones((1, 1))
    old = xr.Dataset({"load": (("policy", "checkpoint"), values)}, coords={"policy": ["x"], "checkpoint": ["gate"]})
    assert converted(old)["utilisation"].values.tolist() == values.tolist()
