"""The study `calibrate`, its posterior, and runs that take the worlds of its draws."""

import numpy as np
import own_calibration
import pytest
import xarray as xr
from described import undescribed

import flowsim as fs
from flowsim.calibration import posterior, predictive
from flowsim.calibration.posterior import point_change, spread, world_change
from flowsim.engine.expectation.engine import expect
from flowsim.evidence.targets import load_targets

QUICK = ("study.chains=2", "study.steps=60", "study.draws=4", "workers=1")


@pytest.fixture
def mine(tmp_path):
    """Folder with a calibration of one's own."""
    return own_calibration.write(tmp_path / "mine")


@pytest.fixture(scope="module")
def shipped():
    return fs.load_posterior()


def calibrated(command, folder, *arguments):
    world = ("world=single_checkpoint", "calibration=mine", "--config-dir", str(folder))
    return command("study=calibrate", *world, *QUICK, *arguments)


@pytest.mark.slow
def test_a_table_of_ones_own_is_calibrated_and_run(command, mine):
    code, out, err = calibrated(command, mine, "out=fitted")
    assert code == 0, err
    assert "seized at crossings" not in out
    assert "calibration on mine.csv" in out
    fitted = fs.load_posterior("fitted")
    assert undescribed(fitted) == []
    assert fitted.sizes["chain"] == 2
    assert 2 <= fitted.sizes["draw"] <= 4  # without those whose effort would lie above 1
    assert fitted.attrs["world"] == "single_checkpoint"
    assert float(fitted["residual"].max()) < 1e-3
    given = ("calibration.numbers=posterior", "calibration.posterior=fitted")
    run = ("world=single_checkpoint", "calibration=mine", "--config-dir", str(mine), *given)
    code, out, err = command(*run, "replications=4", "out=ran", "workers=1")
    assert code == 0, err
    assert "draws of the posterior" in out
    results = fs.open_results("ran")
    assert results["chain"].values.tolist() == [0, 1, 0, 1]
    assert results["draw"].values.tolist() == [0, 0, 1, 1]


@pytest.mark.slow
def test_the_command_names_the_row_that_is_refused(command, mine):
    table = mine / "calibration" / "mine.csv"
    table.write_text(
        own_calibration.TABLE.replace("total,fit,kg,heroin,,", "total,fit,kg,heroin,Ruritania,"), encoding="utf-8"
    )
    code, _, err = calibrated(command, mine)
    assert code == 1
    assert "mine.csv line 3 ('total') must be something that a route of the world can produce, got 'Ruritania'" in err


def test_a_prior_that_is_missing_or_unknown_is_named(command, mine):
    file = mine / "calibration" / "mine.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  crossing:", "  crosing:"), encoding="utf-8")
    code, _, err = calibrated(command, mine)
    assert code == 1
    assert "got 'crosing'; did you mean 'crossing'?" in err


def test_too_few_steps_are_refused_before_the_chains(command):
    code, _, err = command("study=calibrate", "study.steps=10")
    assert (code, err) == (1, "flowsim: study.steps must be at least 11, as 500 draws are kept of each chain, got 10\n")


def test_draws_need_a_posterior(command):
    code, _, err = command("world=single_checkpoint", "draws=3")
    assert code == 1
    assert "calibration=posterior must be that of a world and reading with a posterior" in err
    code, _, err = command("calibration=prior", "draws=3")
    assert code == 1
    assert "draws must be null or a whole number from 1 to 1 with calibration=prior, got 3" in err


@pytest.mark.slow
def test_a_world_without_a_posterior_says_so(command):
    code, out, err = command("world=single_checkpoint", "engine=expectation")
    assert code == 0, err
    assert "There is no posterior of world=single_checkpoint" in out


def test_the_shipped_posterior_has_converged(shipped):
    for name, array in shipped.data_vars.items():
        if "rhat" in array.attrs:
            assert array.attrs["rhat"] < 1.01, name
            assert array.attrs["ess"] > 400, name
    assert float(shipped["residual"].max()) < 1e-3
    efforts = [array for array in shipped.data_vars.values() if "effort." in array.attrs.get("sets", "")]
    assert len(efforts) == 4
    assert all(bool(((array > 0) & (array <= 1)).all()) for array in efforts)


def test_every_variable_says_what_it_is(shipped):
    posterior.check(shipped)
    for array in shipped.data_vars.values():
        assert array.attrs["kind"] in ("calibrated", "assumed")
        assert array.attrs["units"]
    broken = shipped.copy(deep=True)
    broken["seized"].attrs.pop("units")
    with pytest.raises(ValueError, match="units must be given"):
        posterior.check(broken)


@pytest.mark.slow
def test_the_world_of_a_draw_seizes_what_was_drawn(shipped):
    """The whole closed form, all drugs and years included, gives the mass that the solver left within 2e-3."""
    world = fs.load_world()
    for chain, draw in spread(shipped, 3):
        changed = world_change(shipped, chain=chain, draw=draw).apply(world)
        expected = expect(changed)
        assert expected.seized[0].sum() == pytest.approx(float(shipped["seized"][chain, draw]), rel=5e-3)
        rate = expected.seized[0].sum() / expected.entered[0]
        assert rate == pytest.approx(float(shipped["interdiction_rate"][chain, draw]), rel=5e-3)


@pytest.mark.slow
def test_the_middle_of_the_posterior_lies_in_its_middle(shipped):
    expected = expect(point_change(shipped).apply(fs.load_world()))
    low, high = np.quantile(shipped["seized"], [0.2, 0.8])
    assert low < expected.seized[0].sum() < high


def test_draws_take_the_chains_in_turn(shipped):
    chains, draws = shipped.sizes["chain"], shipped.sizes["draw"]
    pairs = spread(shipped, chains * draws)
    assert len(set(pairs)) == chains * draws
    assert [chain for chain, _ in pairs[:chains]] == list(range(chains))
    assert spread(shipped, chains * draws + 1)[-1] == pairs[0]


def test_a_posterior_of_another_world_is_refused(shipped):
    with pytest.raises(ValueError, match="posterior must be that of the world, with world=single_checkpoint"):
        fs.simulate(fs.load_world("single_checkpoint"), posterior=shipped)


def test_a_file_that_is_no_posterior_is_refused(tmp_path):
    xr.Dataset({"a": ("x", [1.0])}).to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="posterior variable 'a' must have dims"):
        fs.load_posterior(tmp_path)
    with pytest.raises(FileNotFoundError):
        fs.load_posterior(tmp_path / "nothing")
    with pytest.raises(ValueError, match="reading of a posterior that comes with flowsim must be one of"):
        fs.load_posterior(reading="posts_abroad")


@pytest.mark.slow
def test_a_reading_that_changes_no_table_has_the_posterior_of_the_default():
    for reading in ("two_populations", "truck_dominant"):
        xr.testing.assert_identical(fs.load_posterior(reading=reading), fs.load_posterior())


@pytest.mark.slow
def test_numbers_that_are_typed_are_set_by_no_draw(command):
    code, _, err = command("engine=expectation", "draws=2", "inflow=60", "out=typed")
    assert code == 0, err
    results = fs.open_results("typed")
    assert results["expected_entered_mass"].sel(drug="heroin").values.ravel() == pytest.approx([60_000, 60_000])
    assert results.sizes["draw"] == 2


def test_every_hold_out_of_the_evidence_is_predicted_or_has_a_reason():
    held = {key for key, target in load_targets().items() if target.use == "hold-out"}
    done = {*predictive.POINTS, *predictive.EVENTS, *predictive.SKIPPED}
    assert held - done == {"val-national-heroin-2009", "val-record-2008"}  # both by name in `of_hold_outs`
    assert done <= held
