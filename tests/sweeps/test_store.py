"""The store of a sweep: labels, units, what is absent, what is damaged, and that reading runs no code."""

from __future__ import annotations

import json
import os
import pickle
import warnings

import numpy as np
import pytest
import sweep_stores as small
import xarray as xr
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flowsim as fs
from flowsim.results import registry, store
from flowsim.sweeps import grid as grids
from flowsim.sweeps import store as stores
from flowsim.sweeps.grid import Axis, Grid
from flowsim.sweeps.template import Shape, union

JOBS = range(8)


@pytest.fixture
def done(tmp_path):
    """A store of which all jobs but the last two are done; the last has failed."""
    made = small.made(tmp_path)
    for number in JOBS[:-2]:
        small.do(made, number)
    made.fail(7, "inflow must lie in [0, 750] t/year, got -1")
    return made


def test_each_job_is_found_by_the_labels_of_its_keys(done):
    opened = fs.open_results(done.path.parent)
    for number in JOBS[:-2]:
        values, own = done.grid.values(number), small.results(number)
        here = opened.sel(policy=own.policy.item(), inflow=float(values["inflow"]), seed=int(values["seed"]))
        for name in small.VARIABLES:
            expected = own[name].squeeze("policy", drop=True)
            posts = expected["checkpoint"].values if "checkpoint" in expected.dims else slice(None)
            stored = here[name].sel(checkpoint=posts) if "checkpoint" in expected.dims else here[name]
            assert np.array_equal(stored.values, expected.values)


def test_the_store_is_complete_with_labels_units_and_words(done):
    opened = fs.open_results(done.path)
    assert opened["delay"].dims == ("policy", "inflow", "seed", "checkpoint")
    assert opened["policy"].values.tolist() == ["baseline", "b+c"]
    assert (opened["inflow"].dtype, opened["seed"].dtype) == (np.dtype("f8"), np.dtype("i8"))
    assert opened["inflow"].attrs == {"units": "t year-1", "long_name": "heroin entering"}
    assert opened["delay"].attrs["units"] == "h"
    assert opened["oblast"].sel(checkpoint="c").item() == "oblast of c"
    assert opened.attrs["title"] == "A sweep of nothing"
    registry.check(opened.drop_vars("status"), swept=["inflow", "seed"])


def test_a_store_opens_without_flowsim_with_its_coordinates_and_without_a_warning(done):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        plain = xr.open_zarr(done.path)
        summed = plain["seized_mass_by_checkpoint"].groupby("oblast").sum().sel(policy="b+c").load()
    assert told == []
    assert {"oblast", "is_checkpoint", "latitude"} <= set(plain["delay"].coords)
    assert set(plain.data_vars) == {*small.VARIABLES, "status"}
    assert "oblast" not in plain["entered_mass"].coords
    ours = fs.open_results(done.path)
    for name in small.VARIABLES:
        assert np.array_equal(plain[name].values, ours[name].values, equal_nan=True)
    number = next(n for n in JOBS[:-2] if done.grid.values(n)["policy"] == "[b,c]")
    own, values = small.results(number), done.grid.values(number)
    here = summed.sel(inflow=float(values["inflow"]), seed=int(values["seed"]), oblast="oblast of c")
    assert np.array_equal(here.values, own["seized_mass_by_checkpoint"].sel(policy="b+c", checkpoint="c").values)
    assert plain["oblast"].attrs["long_name"] == ours["oblast"].attrs["long_name"]
    assert plain.attrs["Conventions"] == ours.attrs["Conventions"] == "CF-1.9"


def test_coordinates_of_a_store_keep_their_kinds_and_meanings(done):
    opened = fs.open_results(done.path)
    assert opened["is_checkpoint"].dtype == bool
    assert opened.isel(checkpoint=~opened["is_checkpoint"])["checkpoint"].values.tolist() == ["c"]
    assert opened["latitude"].attrs["units"] == "degrees_north"
    assert all(opened[name].attrs["long_name"] for name in opened.coords if name != "seed")


def test_values_are_read_when_they_are_used(done):
    opened = fs.open_results(done.path)
    assert not opened["delay"].variable._in_memory
    assert float(opened["delay"].sel(policy="baseline", inflow=60, seed=1, checkpoint="a")) > 0


def test_what_a_job_has_not_is_nan_and_not_zero(done):
    opened = fs.open_results(done.path)
    assert opened["delay"].sel(policy="baseline", checkpoint="c").isnull().all()
    assert opened["delay"].sel(policy="baseline", checkpoint=["a", "b"]).notnull().all()
    assert opened.sel(policy="b+c", inflow=90.5)["entered_mass"].isnull().all()


def test_the_status_says_which_jobs_are_done(done):
    status = fs.open_results(done.path)["status"]
    assert status.attrs["flag_meanings"].split() == list(store.FLAGS)
    assert status.values.ravel().tolist() == [store.DONE] * 6 + [store.MISSING, store.FAILED]
    assert status.values.ravel().tolist() == done.flags().tolist()
    assert done.error(7) == "inflow must lie in [0, 750] t/year, got -1"


def test_a_job_that_runs_has_no_values_yet(done):
    done.begin(6)
    entered = small.results(6)["entered_mass"]
    done._arrays["entered_mass"][done.grid.index(6)] = entered.values[0]
    opened = fs.open_results(done.path)
    assert opened["status"].values.ravel()[6] == store.RUNNING
    assert opened["entered_mass"].sel(policy="b+c", inflow=90.5, seed=1).isnull().all()
    assert xr.open_zarr(done.path, consolidated=False, chunks=None)["status"].values.ravel()[6] == store.RUNNING


def test_seizures_are_joined_on_request(done):
    assert "seizure" not in fs.open_results(done.path).dims
    opened = fs.open_results(done.path, seizures=True)
    assert opened.sizes["seizure"] == 3 * 6
    for number in JOBS[:-2]:
        values, own = done.grid.values(number), small.results(number)
        here = (opened.seizure_policy == own.policy.item()) & (opened.seizure_seed == int(values["seed"]))
        here &= opened.seizure_inflow == float(values["inflow"])
        assert np.array_equal(opened.seizure_mass[here], own.seizure_mass)
        assert np.array_equal(opened.seizure_replication[here], own.seizure_replication)
        assert np.array_equal(opened.seizure_time[here], own.seizure_time)
        assert np.array_equal(opened.seizure_hours[here], own.seizure_hours)
        assert opened.seizure_replication.dtype == own.seizure_replication.dtype
    assert opened["seizure_mass"].attrs["units"] == "kg"
    assert opened["seizure_mass"].resample(seizure_time="YS").sum().item() == pytest.approx(opened.seizure_mass.sum())
    assert len(opened[["seizure_mass", "seizure_inflow"]].to_dataframe()) == 18


def test_a_job_without_seizures_has_none(tmp_path):
    made = small.made(tmp_path)
    for number, seizures in ((0, 0), (1, 2)):
        made.begin(number)
        made.write(number, small.results(number, seizures=seizures))
        assert made.damaged(number) == []
    assert fs.open_results(tmp_path, seizures=True).sizes["seizure"] == 2


def test_one_job_alone_has_a_store_too(tmp_path):
    made = small.made(tmp_path, jobs=Grid(axes=()))
    small.do(made, 0)
    opened = fs.open_results(tmp_path, seizures=True)
    assert opened["delay"].dims == ("policy", "checkpoint")
    assert opened["status"].item() == store.DONE


def damage(file, how):
    data = file.read_bytes()
    match how:
        case "deleted":
            file.unlink()
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case "emptied":
            file.write_bytes(b"")
        case "changed":
            file.write_bytes(bytes([data[0] ^ 1]) + data[1:])


@pytest.mark.parametrize("how", ["deleted", "cut", "emptied", "changed"])
@pytest.mark.parametrize("part", ["delay", "seizures", "receipt"])
def test_damage_to_what_a_job_wrote_is_found_and_refused_when_it_is_read(done, part, how):
    index = done.grid.index(3)
    places = {
        "delay": done.path / "delay" / store.chunk_name(index, inner=1),
        "seizures": store.seizures_group(done.path, index) / "numbers" / "c" / "0" / "0",
        "receipt": done.path / store.RECEIPT / store.chunk_name(index, inner=1),
    }
    damage(places[part], how)
    assert done.damaged(3)
    assert done.damaged(2) == []
    with pytest.raises(ValueError, match=r"got (a file|files) that (is|are) damaged or gone; the same command"):
        fs.open_results(done.path, seizures=True).load()
    here = fs.open_results(done.path).isel(policy=0, inflow=1, seed=0)
    assert here["delay"].notnull().any()


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_damaged_label_is_never_read_as_another_and_is_put_back(done, how):
    before = fs.open_results(done.path).load()
    damage(done.path / "inflow" / "c.0", how)
    with pytest.raises(ValueError, match=r"inflow|buffer|size|shape"):
        fs.open_results(done.path)
    assert stores.mend(small.template(), done) == ["inflow/c.0"]
    xr.testing.assert_identical(fs.open_results(done.path).load(), before)


def test_metadata_that_are_gone_are_put_back(done):
    (done.path / "delay" / "zarr.json").unlink()
    assert stores.mend(small.template(), done) == ["delay/zarr.json"]
    assert stores.mend(small.template(), done) == []
    assert fs.open_results(done.path)["delay"].dims[-1] == "checkpoint"


def test_what_killed_jobs_left_is_removed(done):
    (done.path / "delay" / "c.0.0.0.abc.partial").touch()
    (done.path / "plan" / ".seal-abc").touch()
    stores.mend(small.template(), done)
    assert not [*done.path.parent.glob("**/*.partial"), *done.path.glob("**/.*")]
    assert [path.name for path in done.path.parent.iterdir()] == [store.SWEEP]


def test_a_result_without_room_in_the_store_is_refused(done):
    strange = small.results(6).assign_coords(checkpoint=["b", "nowhere"])
    done.begin(6)
    with pytest.raises(ValueError, match="checkpoint of a job must be among those of the store, got 'nowhere'"):
        done.write(6, strange)
    with pytest.raises(ValueError, match="a variable of a job's results must be one of entered_mass"):
        done.write(6, small.results(6).assign(leaked_mass=small.results(6).entered_mass))
    assert done.flags()[6] == store.RUNNING


def test_no_pickle_is_read_from_a_store(tmp_path):
    """Zarr's second format has a codec that runs code when it is read; the third takes codecs by name."""

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "pwned"),)

    made = small.made(tmp_path)
    small.do(made, 0)
    file = made.path / "delay" / "zarr.json"
    text = json.loads(file.read_text())
    text["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]
    file.write_text(json.dumps(text))
    small.reseal(made.path)
    with pytest.raises(ValueError, match=r"codec must be one of bytes, vlen-utf8, zstd, got 'numcodecs.pickle'"):
        fs.open_results(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = zarr.create_group(tmp_path / "old" / store.SWEEP, zarr_format=2)
        array = old.create_array("delay", shape=(1,), dtype="f8", filters=None)
    (tmp_path / "old" / store.SWEEP / array.path / "0").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="plan/seal must hold what flowsim wrote, got none"):
        fs.open_results(tmp_path / "old")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["60", "90"], [60, 90]),
        (["60", "9e1"], [60.0, 90.0]),
        (["a", "[a,b]"], ["a", "a+b"]),
        (["null", "60"], ["null", "60"]),
        (["true", "false"], ["true", "false"]),
        (["007", "'x y'"], ["007", "x y"]),
        (["nan", "-.5"], [float("nan"), -0.5]),
    ],
)
def test_labels_are_numbers_if_all_values_are(texts, labels):
    found = grids.labels(texts)
    assert np.array_equal(found, labels, equal_nan=all(isinstance(label, float) for label in labels))
    assert [type(label) for label in found] == [type(label) for label in labels]


def test_a_key_is_named_by_its_last_part_where_that_is_unique():
    keys = ["inflow", "inspection.effort.south", "inspection.tip_knb", "inspection.bribe.knb", "x.knb"]
    assert grids.names(keys, taken=["inflow", "drug"]) == {
        "inflow": "inflow_swept",
        "inspection.effort.south": "south",
        "inspection.tip_knb": "tip_knb",
        "inspection.bribe.knb": "bribe_knb",
        "x.knb": "x_knb",
    }


@given(lengths=st.lists(st.integers(1, 5), max_size=4))
def test_numbers_and_positions_of_jobs_are_each_other_s_inverse(lengths):
    axes = tuple(small.axis(f"k{i}", *map(str, range(length))) for i, length in enumerate(lengths))
    jobs = Grid(axes=axes)
    assert [jobs.number(jobs.index(number)) for number in range(jobs.size)] == list(range(jobs.size))
    assert len({tuple(jobs.values(number).items()) for number in range(jobs.size)}) == jobs.size
    if lengths:
        assert [jobs.index(n) for n in range(jobs.size)] == [*np.ndindex(*lengths)]


@given(data=st.data(), lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_every_combination_of_some_keys_is_named_once_with_a_job_that_has_it(data, lengths):
    rows = data.draw(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("uv")), min_size=1, max_size=6))
    axes = [small.axis(f"k{i}", *map(str, range(length))) for i, length in enumerate(lengths)]
    jobs = Grid(axes=(*axes, Axis(name=grids.ROW, keys=("p", "u"), texts=tuple(rows))))
    keys = data.draw(st.lists(st.sampled_from(["k0", "p", "u"]), unique=True))
    found = jobs.choices(keys)
    assert set(found) == {jobs.choice(number, keys) for number in range(jobs.size)}
    assert all(jobs.choice(number, keys) == choice for choice, number in found.items())


@pytest.mark.slow
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations(list(JOBS)))
def test_the_order_of_the_jobs_makes_no_difference(tmp_path_factory, order):
    stored = []
    for numbers in (JOBS, order):
        folder = tmp_path_factory.mktemp("sweep")
        made = small.made(folder)
        for number in numbers:
            small.do(made, number)
        stored.append(small.contents(folder))
    assert stored[0] == stored[1]


def test_labels_are_the_union_in_the_order_in_which_they_first_occur():
    shapes = [Shape(variables=("delay",), labels={"checkpoint": own}) for own in (("b", "a"), ("c", "a"))]
    assert union(shapes).labels == {"checkpoint": ("b", "a", "c")}


def test_what_changes_a_length_is_refused_in_one_store():
    shapes = [Shape(variables=("entered_mass",), labels={"replication": tuple(range(n))}) for n in (5, 10)]
    with pytest.raises(ValueError, match=r"replications must be the same in all jobs of one store; .*, got 5 and 10"):
        union(shapes)


def test_a_label_with_two_words_is_refused():
    shapes = [
        Shape(variables=(), labels={"checkpoint": ("a",)}, along={"oblast": ("checkpoint", {"a": word})})
        for word in ("North", "South")
    ]
    with pytest.raises(
        ValueError, match=r"checkpoint 'a' must have one oblast in all jobs .*, got 'North' and 'South'"
    ):
        union(shapes)


@pytest.mark.parametrize("texts", [("1", "1"), ("1.0", "1e0"), ("a", "'a'")])
def test_a_value_twice_is_refused(texts):
    with pytest.raises(ValueError, match=r"seed must have different names, got .* more than once"):
        small.axis("seed", *texts)
