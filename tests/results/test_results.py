"""Results: the registry, margins of one total, files that are whole or absent, selection by names."""

import os
from datetime import datetime, timedelta

import numpy as np
import pytest
import xarray as xr
from small_worlds import device, post, road_world

import flowsim as fs
from flowsim.policy.policy import AddCheckpoint, Policy
from flowsim.results import coordinates, files, measures, registry
from flowsim.simulation.simulate import Plan, simulate
from flowsim.world.checkpoint import TYPES


@pytest.fixture(scope="module")
def results():
    """Six years of a small world under two policies."""
    world = road_world(post("a", place="p1", devices=(device("x"),), referral=0.2, agency="KNB"), per_day=100.0)
    second = post("b", place="p3", devices=(device("x"),), referral=0.2, agency="Customs")
    policies = [
        Policy(name="baseline", title=""),
        Policy(name="two", title="", changes=(AddCheckpoint(checkpoint=second),)),
    ]
    return simulate(world, policies=policies, plan=Plan(replications=6, seed=3))


def test_names_select_numbers(results):
    one = results.seized_mass.sel(policy="two", agency="Customs", channel="routine", drug="heroin")
    assert one.dims == ("replication",)
    assert float(one.mean()) > 0
    assert float(results.seized_mass.sel(policy="baseline", agency="Customs").sum()) == 0


def test_margins_of_one_total_are_equal(results):
    by_agency = results.seized_mass.sum(["channel", "agency"])
    by_checkpoint = results.seized_mass_by_checkpoint.sum("checkpoint")
    xr.testing.assert_allclose(by_agency, by_checkpoint, rtol=1e-12)
    out = by_agency + results.leaked_mass.sum("exit") + results.retained_mass + results.underway_mass
    xr.testing.assert_allclose(out, results.entered_mass, rtol=1e-9)
    grouped = results.seized_mass_by_checkpoint.groupby("oblast").sum().sum("oblast")
    xr.testing.assert_allclose(grouped, by_checkpoint, rtol=1e-12)


def test_policies_meet_the_same_consignments(results):
    entered = results.entered_mass
    assert np.array_equal(entered.sel(policy="baseline"), entered.sel(policy="two"))
    assert (measures.seized(results).sel(policy="two") >= measures.seized(results).sel(policy="baseline")).all()


def test_a_checkpoint_of_one_policy_is_missing_under_the_other(results):
    assert results.seized_mass_by_checkpoint.sel(policy="baseline", checkpoint="b").isnull().all()


def test_seizures_become_a_table_in_one_line_and_add_up(results):
    table = results[["seizure_mass", "seizure_time"]].to_dataframe()
    assert str(table["seizure_time"].dtype).startswith("datetime64")
    assert {"seizure_mass", "seizure_checkpoint", "seizure_agency", "seizure_replication"} <= set(table.columns)
    total = table.groupby(["seizure_policy", "seizure_replication"])["seizure_mass"].sum()
    yearly = measures.seized(results).sel(drug="heroin")
    for (policy, replication), mass in total.items():
        assert mass == pytest.approx(float(yearly.sel(policy=policy, replication=replication)))


def test_every_variable_has_units_and_a_meaning(results):
    for name in results.data_vars:
        assert results[name].attrs["units"]
        assert results[name].attrs["long_name"].endswith(".")


def test_every_coordinate_says_what_it_is(results):
    assert results.attrs["Conventions"] == "CF-1.9"
    for name in results.coords:
        assert results[name].attrs["long_name"].endswith("."), name
    for name in ("channel", "reason", "kind", "policy"):
        assert ":" in results[name].attrs["description"], name
    for word in registry.CHANNELS:
        assert f"{word}: " in results["channel"].attrs["description"]
    for word in registry.REASONS:
        assert f"{word}: " in results["reason"].attrs["description"]
    for word in (*TYPES, "place"):
        assert f"{word}: " in results["kind"].attrs["description"]


def test_every_coordinate_of_a_comparison_and_of_a_posterior_says_what_it_is():
    told = {one.name: one for one in coordinates.COORDINATES}
    assert len(told) == len(coordinates.COORDINATES)
    posterior = fs.load_posterior()
    assert {*map(str, posterior.coords), "set", "set_of_draw", "parameter", "row", "route_class"} <= told.keys()
    for name in posterior.coords:
        assert posterior[name].attrs["long_name"] == told[str(name)].meaning
    assert posterior.attrs["Conventions"] == "CF-1.9"


@pytest.mark.slow
def test_checkpoints_have_positions_and_printed_names():
    world = fs.load_world()
    results = fs.simulate(world, engine="expectation")
    for own in world.checkpoints:
        here = results.sel(checkpoint=own.name)
        place = world.place_of(own)
        assert (here.latitude.item(), here.longitude.item()) == (place.latitude, place.longitude)
        assert here.checkpoint_label.item() == own.label
    assert results.latitude.attrs["units"] == "degrees_north"
    assert results.longitude.attrs["standard_name"] == "longitude"


@pytest.mark.slow
def test_places_that_are_no_checkpoints_are_told_apart():
    world = fs.load_world()
    results = fs.simulate(world, engine="expectation")
    posts = results.isel(checkpoint=results.is_checkpoint)
    assert posts.checkpoint.values.tolist() == [post.name for post in world.checkpoints]
    others = results.isel(checkpoint=~results.is_checkpoint)
    labels = {f"at-{place.name}": place.label for place in world.network.places}
    assert others.sizes["checkpoint"] > 0
    assert set(others.kind.values) == {"place"}
    assert [labels[name] for name in others.checkpoint.values] == others.checkpoint_label.values.tolist()


def test_a_policy_that_adds_a_checkpoint_leaves_its_coordinates_whole(results):
    assert results.is_checkpoint.dtype == bool
    assert results.latitude.dtype == float
    assert results.checkpoint_agency.sel(checkpoint=["a", "b"]).values.tolist() == ["KNB", "Customs"]
    assert results.latitude.notnull().all()


def test_seizures_have_dates_that_resample_and_group(results):
    start = np.datetime64("2010-01-01")
    hours = (results.seizure_time.values - start) / np.timedelta64(1, "h")
    assert hours == pytest.approx(results.seizure_hours.values, abs=0.5e-6 / 3600 + 1e-9)
    monthly = results.seizure_mass.resample(seizure_time="MS").sum()
    assert monthly.seizure_time.values[0].astype("datetime64[M]") == results.seizure_time.values.min().astype(
        "datetime64[M]"
    )
    months = results.seizure_mass.groupby("seizure_time.month").sum()
    plain = [
        results.seizure_mass.values[(hours / 24 >= low) & (hours / 24 < high)].sum()
        for low, high in ((0, 31), (31, 59))
    ]
    assert months.sel(month=[1, 2]).values == pytest.approx(plain)
    assert monthly.values[:2] == pytest.approx(plain)


@pytest.mark.parametrize("hours", [[], [0.0], [0.1, 1234.5678901234567, 8759.999999999999]])
def test_dates_are_those_of_the_calendar(hours):
    found = coordinates.dates(np.array(hours), year=2008)
    for hour, date in zip(hours, found, strict=True):
        plain = datetime(2008, 1, 1) + timedelta(hours=hour)
        assert abs(date - np.datetime64(plain)) <= np.timedelta64(1, "us")


def test_a_file_comes_back_as_it_went(results, tmp_path):
    path = files.save(results.assign_attrs(title="t", seed="3"), tmp_path / "deep" / "run.nc")
    again = files.open_results(path.parent)
    xr.testing.assert_equal(again, results)
    assert again.seizure_time.dtype == results.seizure_time.dtype
    assert np.array_equal(again.seizure_hours.values.view(np.int64), results.seizure_hours.values.view(np.int64))
    assert {name: again[name].attrs for name in again.coords} == {name: results[name].attrs for name in results.coords}
    raw = xr.open_dataset(path, decode_times=False)
    assert raw.seizure_time.attrs["units"] == "microseconds since 2010-01-01"
    raw.close()
    assert again.attrs["seed"] == "3"
    assert [p.name for p in path.parent.iterdir()] == ["run.nc"]


def test_a_write_that_fails_leaves_nothing_behind(results, tmp_path, monkeypatch):
    def breaks(self, name, **_):
        name.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.Dataset, "to_netcdf", breaks)
    with pytest.raises(KeyboardInterrupt):
        files.save(results, tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.assign(rubbish=ds.entered_mass), "result variable must be one of"),
        (  # as files were before seizures had dates
            lambda ds: ds.drop_vars("seizure_time").rename(seizure_hours="seizure_time"),
            "result variable must be one of .* got 'seizure_time'",
        ),
        (
            lambda ds: ds.assign(leaked_mass=ds.leaked_mass.sum("exit", keep_attrs=True)),
            "'leaked_mass' must have dims",
        ),
        (
            lambda ds: ds.assign(delay=ds.delay.assign_attrs(units="min")),
            "'delay' must have units 'h', got 'min'",
        ),
    ],
)
def test_a_dataset_that_departs_from_the_registry_is_refused_by_name(results, change, message):
    with pytest.raises(ValueError, match=message):
        registry.check(change(results))


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds run\.nc or sweep\.zarr, got"):
        files.open_results(tmp_path)


def test_the_registry_has_each_name_once():
    names = [variable.name for variable in registry.VARIABLES]
    assert len(names) == len(set(names))
    assert all(name in registry.markdown() for name in names)


def test_measures_agree_with_plain_numpy(results):
    yearly = measures.seized(results).sel(policy="two", drug="heroin").values
    entered = results.entered_mass.sel(policy="two", drug="heroin").values
    rate = measures.interdiction_rate(results).sel(policy="two", drug="heroin")
    assert float(rate) == pytest.approx(yearly.sum() / entered.sum())
    cv = measures.variation(results).sel(policy="two", drug="heroin")
    assert float(cv) == pytest.approx(yearly.std(ddof=1) / yearly.mean())
    assert float(measures.share_of_years_leading(results, "Akmola").sel(policy="two", drug="heroin")) == 1.0


def test_summary_states_error_and_interval(results):
    table = measures.summary(results.sel(policy=["two"])).set_index(["quantity", "item"])
    row = table.loc[("seized", "")]
    yearly = measures.seized(results).sel(policy="two", drug="heroin").values
    assert row["mean"] == pytest.approx(yearly.mean())
    assert row["mcse"] == pytest.approx(yearly.std(ddof=1) / np.sqrt(6))
    assert row["q05"] <= row["mean"] <= row["q95"]


@pytest.mark.slow
def test_without_a_path_the_newest_run_below_results_is_opened(command, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a run or a sweep below 'results', got none; `flowsim` makes one"):
        fs.open_results()
    closed = ("world=single_checkpoint", "engine=expectation")
    assert command(*closed, "inflow=2", "out=results/own/two")[0] == 0
    assert command("study=figure", "study.figure=series")[0] == 0
    assert float(fs.open_results()["expected_entered_mass"].sum()) == pytest.approx(2000.0)
    assert (tmp_path / "results/run/latest").resolve() == tmp_path / "results/own/two"
    assert (tmp_path / "results/latest").resolve() == (tmp_path / "results/figure/latest").resolve()
    xr.testing.assert_identical(fs.open_results("results/run/latest"), fs.open_results())
    holds = r"holds run\.nc or sweep\.zarr, got 'results/latest', a folder with .*series\.csv of study=figure; pandas"
    with pytest.raises(FileNotFoundError, match=rf"{holds}.*fs\.open_results\(\) finds the newest run"):
        fs.open_results("results/latest")
    assert command("-m", "hydra/launcher=in_process", *closed, "inflow=0.5,3")[0] == 0
    assert fs.open_results()["inflow"].values.tolist() == [0.5, 3.0]
    assert (tmp_path / "results/run/latest/sweep.zarr").is_dir()
    os.utime(tmp_path / "results/own/two/run.nc", (4e9, 4e9))
    assert "inflow" not in fs.open_results().dims


def test_an_empty_folder_and_a_posterior_are_said_to_be_such(tmp_path):
    with pytest.raises(FileNotFoundError, match="an empty folder; fs"):
        fs.open_results(tmp_path)
    (tmp_path / "posterior.nc").touch()
    with pytest.raises(FileNotFoundError, match=r"a folder with posterior\.nc; fs\.load_posterior opens it; fs"):
        fs.open_results(tmp_path)
