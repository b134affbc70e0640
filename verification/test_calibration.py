"""Long checks of the calibration: ranks, recovery, contraction, hold-outs, and the event engine at posterior draws."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import flowsim as fs
from flowsim.calibration import data
from flowsim.calibration.components import cells_of
from flowsim.calibration.model import Setting, build
from flowsim.calibration.predictive import histories, log_scores, noise_floor, of_hold_outs
from flowsim.calibration.priors import values
from flowsim.calibration.sampler import SamplingEffort, sample
from flowsim.calibration.simulation_based import QUICK, RANK_BINS, ranks, repeated, truth_of, uniformity
from flowsim.config.calibration_files import PACKAGED, build_calibration
from flowsim.config.compose import compose_config
from flowsim.evidence import reported as figure
from flowsim.figures.fig3_fig4_calibration import ranks_of_trials
from flowsim.studies.calibrate import flow_prior, of_year
from flowsim.studies.figure_fit import REPORTED_SHARES, SHARES, draws_of
from verification.amounts import amount

TRIALS = amount(20, 500)
"""Trials of simulation-based calibration of this model, which is no longer the default [1]."""

READING = "one_population"
"""Reading whose model and posterior are verified; those with two populations have a module of their own."""

WORKERS = 2

MADE = Path(__file__).parents[1] / "build" / "verification"
"""Folder of the ranks and their figure."""


@cache
def shipped_model():
    """The model of one population that comes with flowsim: world, priors, all rows, the controls of each year."""
    world, earlier = (fs.load_world(f"kazakhstan_{year}", overrides=[f"reading={READING}"]) for year in (2010, 2006))
    calibration = build_calibration(compose_config([]))
    now, before = cells_of(world), of_year(earlier, world=world)
    setting = Setting(
        areas=dict(calibration.areas),
        reference=now,
        years={2004: now, 2005: before, 2006: before, 2009: now, 2010: now},
        sizes=world.traffic.sizes,
        size_exponent=world.detection.intelligence.size_exponent,
    )
    priors = {**calibration.priors, "inflow": flow_prior(world)}
    return build(data.load(PACKAGED / "kazakhstan_2010.csv"), setting=setting, priors=priors)


def test_ranks_of_truths_are_uniform(say):
    """Truths from the prior, reports simulated load by load with all rows; chi-square of each parameter.

    The smallest of 17 probabilities is above 1e-4 with probability 0.998 if all is right.
    """
    found = ranks(shipped_model(), trials=range(TRIALS), seed=11, workers=WORKERS)
    chances = uniformity(found, draws=QUICK.draws)
    draw_ranks(found, smallest=chances.min())
    for name, chance in chances.items():
        say(f"{name}: p = {chance:.3f}")
    assert chances.min() > 1e-4
    whole = found.to_numpy().ravel()
    assert abs(whole.mean() - QUICK.draws / 2) < 4 * (QUICK.draws + 1) / math.sqrt(12 * TRIALS)


def draw_ranks(found, *, smallest):
    """Keep the ranks, and their histograms, in `build/verification/`."""
    MADE.mkdir(parents=True, exist_ok=True)
    found.to_csv(MADE / "ranks.csv")
    drawn = ranks_of_trials(found, draws=QUICK.draws, bins=RANK_BINS, smallest=smallest)
    drawn.savefig(MADE / "ranks.png", dpi=160)


def test_ten_times_the_data_contract_accordingly(say):
    """What the reports identify has about a tenth of the variance; the spread of what they do not is kept.

    The ratio of variances of three masses lies between 3 and 25 in the mean over the truths.
    """
    model, rng = shipped_model(), np.random.default_rng(5)
    effort = SamplingEffort(chains=2, walkers=36, burn=400, steps=400, draws=200)
    ratios, flows = [], []
    for _ in range(amount(1, 3)):
        _, truth = truth_of(model, rng=rng)
        once, often = (repeated(model, truth, times=times, rng=rng) for times in (1, 10))
        variances = [
            sample(several, seed=6, effort=effort, workers=WORKERS).scores.reshape(-1, len(model.names)).var(axis=0)
            for several in (once, often)
        ]
        kept = [model.names.index(name) for name in ("crossing", "inside", "knb")]
        ratios.append(np.mean(variances[0][kept] / variances[1][kept]))
        flows.append(variances[1][model.names.index("inflow")])
    say(f"ratios of variances {np.round(ratios, 2)}, variance of the flow {np.round(flows, 2)}")
    assert 3 < np.mean(ratios) < 25
    assert np.mean(flows) == pytest.approx(1.0, abs=0.3)


def test_known_truths_are_recovered(say):
    """With many reports of one truth, masses that are identified lie within four posterior standard deviations.

    Each report must add at least 0.06 to the precision of a score, whose prior has 1: a spread below 0.6 with thirty.
    """
    model, rng = shipped_model(), np.random.default_rng(7)
    scores, reports = np.zeros(len(model.names)), amount(10, 30)
    truth = {name: float(value) for name, value in values(model.priors, scores).items()}
    told = repeated(model, truth, times=reports, rng=rng)
    effort = SamplingEffort(chains=2, walkers=36, burn=500, steps=400, draws=300)
    found = sample(told, seed=8, effort=effort, workers=WORKERS)
    flat = found.scores.reshape(-1, len(scores))
    for name in ("crossing", "inside", "knb", "committee", "year_log_sd"):
        k = model.names.index(name)
        say(f"{name}: score {flat[:, k].mean():.2f} +- {flat[:, k].std():.2f}, truth 0")
        assert abs(flat[:, k].mean()) < 4 * flat[:, k].std()
        assert flat[:, k].std() < 1 / math.sqrt(1 + 0.06 * reports)


def test_hold_outs_are_predicted_as_the_documentation_says(say):
    """Coverage of the hold-outs, and what is expected to fail: a joint event of 2009, and spikes of oblasts."""
    model, posterior = shipped_model(), fs.load_posterior(reading=READING)
    draws = draws_of(posterior, model.names)
    found = histories(model, draws, seed=9)
    table = of_hold_outs(found).set_index("what")
    for what, row in table.iterrows():
        say(f"{what}: p = {row['probability']:.3f}{'' if row['inside'] else ', fails'}")
    joint = table.loc["730 kg or more and none above 55 kg in 2009", "probability"]
    assert joint < 0.03
    assert not table.loc["share of West Kazakhstan 2006", "inside"]
    others = table.drop([name for name in table.index if "West" in name or "Pavlodar" in name or "730 kg" in name])
    assert others["inside"].mean() > 0.8
    scores = log_scores(found, level=math.sqrt(420.9 * 323))
    sums = scores[["lognormal", "model"]].sum()
    say(f"log scores: lognormal {sums['lognormal']:.2f}, model {sums['model']:.2f}")


def test_the_noise_floor_of_one_year(say):
    """Under constant detection, shares of single years spread by a factor of two and more."""
    model, posterior = shipped_model(), fs.load_posterior(reading=READING)
    middle = {name: float(np.median(posterior[name])) for name in model.names}
    flow = 1000 * middle["inflow"]
    shares = noise_floor(model, middle, years=2000, seed=10, flow=flow)
    low, high = np.quantile(shares, [0.05, 0.95])
    say(f"shares of single years {100 * low:.2f} to {100 * high:.2f} %")
    assert high / low > 2


@pytest.mark.parametrize("reading", ["posts_absent", READING])
def test_the_event_engine_at_posterior_draws_gives_the_drawn_masses(reading, say):
    """Mean mass by agency and in the two places of sixty simulated years against the mean of their draws.

    Within four standard errors of the differences, which the years of the simulation make.
    """
    posterior, world = fs.load_posterior(reading=reading), fs.load_world(overrides=[f"reading={reading}"])
    results = fs.simulate(world, replications=60, seed=4, posterior=posterior, workers=WORKERS)
    chain, draw = results["chain"].values, results["draw"].values
    drawn = {name: posterior[name].values[chain, draw].astype(float) for name in posterior.data_vars}
    heroin = results.isel(policy=0).sel(drug="heroin")
    by_agency = heroin["seized_mass"].sum("channel")
    pairs = {
        "KNB": (by_agency.sel(agency="KNB").values, drawn["knb"]),
        "all": (by_agency.sum("agency").values, drawn["seized"]),
        "cases": (
            heroin["seized_mass"].sel(channel="case").sum("agency").values,
            drawn["knb"] + drawn["committee"],
        ),
    }
    for name, (got, expected) in pairs.items():
        difference = got - expected
        error = difference.std(ddof=1) / math.sqrt(len(difference))
        say(f"{name}: {got.mean():.0f} kg simulated, {expected.mean():.0f} kg drawn, error {error:.0f} kg")
        assert abs(difference.mean()) < 4 * error


def test_single_years_of_the_event_engine_have_the_reported_shares_of_oblasts_and_agencies(say):
    """Each reported share that was fitted lies among the shares of 200 simulated years, between 5 and 95 %."""
    results = fs.simulate(
        fs.load_world(overrides=[f"reading={READING}"]),
        replications=200,
        seed=5,
        posterior=fs.load_posterior(reading=READING),
        workers=WORKERS,
    )
    heroin = results.isel(policy=0).sel(drug="heroin")
    total = heroin["seized_mass"].sum(["channel", "agency"])
    of_oblast = heroin["seized_mass_by_checkpoint"].groupby("oblast").sum()
    of_agency = heroin["seized_mass"].sum("channel")
    for what, (kind, name, _) in SHARES.items():
        part, whole, held_out = REPORTED_SHARES[what]
        mass = of_oblast.sel(oblast=name) if kind == "oblast" else of_agency.sel(agency=name)
        share = mass / total
        low, high = np.quantile(share, [0.05, 0.95])
        value = figure(part) / figure(whole)
        error = float(share.std()) / math.sqrt(share.size)
        say(f"{what}: reported {value:.3f}, mean {float(share.mean()):.3f} +- {error:.3f}, {low:.3f} to {high:.3f}")
        assert held_out or low <= value <= high
