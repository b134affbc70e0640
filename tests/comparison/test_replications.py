"""The study `compare`: its design, its jobs against plain simulations, and what happens when it is stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from described import undescribed

import flowsim as fs
from flowsim.calibration.posterior import world_change
from flowsim.comparison import replications as jobs
from flowsim.comparison.design import Design, chosen
from flowsim.comparison.replications import Comparison, simulated
from flowsim.config.build import every_policy
from flowsim.policy.policy import BASELINE, Change, Policy
from flowsim.simulation.simulate import Plan, simulate
from flowsim.world.selection import MOST_BUSY
from flowsim.world.traffic import HEROIN
from flowsim.world.utilisation import busiest

PLAN = Plan(replications=2, traffic_years=0.02, seed=3, horizon=700.0)


class Nothing:
    """A change that changes nothing."""

    def apply(self, world):
        """The world as it is."""
        return replace(world)


@pytest.fixture(scope="module")
def world():
    """Kazakhstan in 2010."""
    return fs.load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def catalogue():
    """Every policy."""
    return every_policy()


def design(*policies, draws=4, replications=2, seed=3, most=40):
    """Design of a comparison."""
    return Design(policies=(BASELINE, *policies), draws=draws, replications=replications, most=most, seed=seed)


def named(catalogue, *names):
    """Policies by name."""
    of = {policy.name: policy for policy in catalogue}
    return [of[name] for name in names]


@pytest.mark.parametrize(
    ("draws", "each", "sets"), [(1, 1, 1), (40, 1, 40), (41 * 2, 3, None), (80, 2, 40), (200, 5, 40)]
)
def test_draws_are_shared_out_evenly(draws, each, sets):
    if sets is None:
        with pytest.raises(ValueError, match=r"draws must be at most 40, or a multiple of 3 .*, got 82"):
            design(draws=draws)
        return
    own = design(draws=draws)
    assert (own.draws_of_set, own.sets) == (each, sets)
    assert [d for number in range(sets) for d in own.draws_in(number)] == list(range(draws))
    assert [year for number in range(sets) for year in own.years_in(number)] == list(range(2 * sets))


def test_the_values_of_a_lever_fill_its_interval_evenly(catalogue):
    own = design(*named(catalogue, "caricc", "customs_union"), draws=40)
    table = [own.quantiles(number) for number in range(40)]
    for name in table[0]:
        assert sorted(int(40 * row[name]) for row in table) == list(range(40))
    alone = design(*named(catalogue, "caricc"), draws=40)
    assert alone.quantiles(7) == {name: value for name, value in own.quantiles(7).items() if name.startswith("caricc.")}


def test_policies_are_those_that_fit_and_the_baseline_comes_first(catalogue, world):
    every = chosen(None, catalogue=catalogue, world=world)
    assert [policy.name for policy in every] == [policy.name for policy in catalogue]
    assert every[0].name == "baseline"
    two = chosen(["caricc+dog_teams"], catalogue=catalogue, world=world)
    assert [policy.name for policy in two] == ["baseline", "caricc+dog_teams"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["carric"], r"policies must be one of .*, got 'carric'; did you mean 'caricc'\?"),
        (["caricc", "caricc"], "policies must .* once"),
        (["baseline"], r"policies must name a policy besides the baseline, got \['baseline'\]"),
    ],
)
def test_policies_that_cannot_be_compared_are_refused(catalogue, world, names, message):
    with pytest.raises(ValueError, match=message):
        chosen(names, catalogue=catalogue, world=world)


def test_a_policy_that_does_not_fit_is_refused_by_name(catalogue):
    small = fs.load_world("single_checkpoint")
    with pytest.raises(ValueError, match=r"policies: scanner_upgrade does not fit world=single_checkpoint: "):
        chosen(["scanner_upgrade"], catalogue=catalogue, world=small)


@pytest.fixture(scope="module")
def results(world, catalogue):
    """A job with two draws of the posterior and one of the prior."""
    posterior = fs.load_posterior()
    draws: tuple[Change, ...] = tuple(world_change(posterior, chain=chain, draw=0) for chain in range(2))
    same = Policy(name="same", title="Nothing else", changes=(Nothing(),))
    policies = (same, *named(catalogue, "customs_union", "narcotics_boundaries"))
    comparison = Comparison(
        world=replace(world, traffic=world.traffic.of_heroin()),
        design=design(*policies, draws=2),
        draws=draws,
        prior=(draws[0], draws[1]),
        plan=PLAN,
        engine="compiled",
    )
    return comparison, simulated(comparison, 1)


@pytest.mark.slow
@pytest.mark.long
def test_a_job_gives_what_plain_simulations_of_all_drugs_give(results, world):
    comparison, found = results
    base = comparison.draws[1].apply(world)
    policies = comparison.design.in_set(1)
    plain = simulate(base, policies=policies, plan=replace(PLAN, replications=4)).sel(drug=HEROIN)
    plain = plain.sel(replication=[2, 3]).assign_coords(replication=[0, 1])  # those of the second set
    for policy in policies:
        one, other = found.isel(draw=0).sel(policy=policy.name), plain.sel(policy=policy.name)
        for name in ("entered_mass", "seized_mass", "leaked_mass", "released_mass"):
            np.testing.assert_array_equal(one[name].sel(drug=HEROIN), other[name], err_msg=name)
        by_way = found.leaked_mass_by_class.isel(draw=0).sel(policy=policy.name, drug=HEROIN).sum("route_class")
        np.testing.assert_allclose(by_way, other.leaked_mass.sum("exit"), rtol=1e-12)
        there = [name for name in other.checkpoint.values if np.isfinite(other.vehicles.sel(checkpoint=name))]
        for name in ("vehicles", "delay", "delay_p95", "queue_length", "false_alarms", "cost"):
            np.testing.assert_array_equal(one[name].sel(checkpoint=there), other[name].sel(checkpoint=there))


@pytest.mark.slow
@pytest.mark.long
def test_a_policy_that_changes_nothing_has_exactly_the_baseline(results):
    _, found = results
    xr.testing.assert_equal(
        found.sel(policy="same", drop=True).drop_vars("policy_cost"),
        found.sel(policy="baseline", drop=True).drop_vars("policy_cost"),
    )
    visits = found.vehicles.sum("checkpoint")
    assert (visits.sel(policy="narcotics_boundaries") > visits.sel(policy="baseline")).all()


@pytest.mark.slow
@pytest.mark.long
def test_the_draw_of_the_prior_comes_last(results):
    _, found = results
    assert found["draw"].values.tolist() == [0, jobs.PRIOR]


SMALL = ("study=compare", "world=two_routes", "draws=2", "replications=2", "horizon=700", "workers=1", "out=c")


@pytest.mark.slow
@pytest.mark.long
def test_the_command_compares_resumes_and_refuses_another_comparison(command):
    code, out, err = command(*SMALL, "policies=[incentives]")
    assert code == 0, err
    assert "1 policies against the baseline" in out or "1 policy against the baseline" in out
    assert "There is no posterior of world=two_routes" in out
    plain = xr.open_zarr("c/sweep.zarr")
    assert undescribed(plain) == []
    assert {"oblast", "is_checkpoint", "latitude", "checkpoint_label"} <= set(plain["delay"].coords)
    table = Path("c/table2.csv").read_bytes()
    times = {path: path.stat().st_mtime_ns for path in Path("c/sweep.zarr").rglob("c.*")}
    code, again, _ = command(*SMALL, "policies=[incentives]")
    assert (code, again) == (0, out)
    assert Path("c/table2.csv").read_bytes() == table
    assert {path: path.stat().st_mtime_ns for path in Path("c/sweep.zarr").rglob("c.*")} == times
    code, _, err = command(*SMALL, "policies=[incentives]", "seed=2")
    assert code == 1
    assert "out must be a new folder or that of the same command" in err
    assert "seed: 2" in err
    for broken, message in (
        ("policies=[nowhere]", "policies must be one of"),
        ("study.sets=0", "study.sets must be a whole number from 1 to 10000, got 0"),
        ("replications=0", "replications must be a whole number"),
        ("engine=expectation", "engine of study=compare must be one of compiled, reference, got 'expectation'"),
    ):
        code, _, err = command(*SMALL[:-1], broken, "out=d")
        assert code == 1
        assert message in err
        assert not Path("d").exists()


@pytest.mark.slow
def test_a_job_that_is_lost_is_done_again_with_the_same_bits(command):
    asked = (*SMALL, "policies=[incentives]")
    assert command(*asked)[0] == 0
    before = fs.open_results("c").load()
    Path("c/sweep.zarr/status/c.1").unlink()
    assert command(*asked)[0] == 0
    xr.testing.assert_identical(before, fs.open_results("c").load())


def test_the_utilisation_of_bays_follows_what_a_fruitless_search_costs(world):
    """With costs of the search below those of a miss more vehicles are referred, up to what bays can do."""
    cheap = replace(world, detection=replace(world.detection, targeting=0.8, cost_ratio=0.6))
    before, after = busiest(world), busiest(cheap)
    assert all(after[name] >= before[name] for name in before)
    assert sum(after.values()) > sum(before.values())
    assert all(after[name] <= max(before[name], MOST_BUSY) + 1e-9 for name in before)
