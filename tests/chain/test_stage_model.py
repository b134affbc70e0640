"""The likelihood of annual totals in a chain, against brute force and known truths."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import multivariate_normal, norm
from small_chains import STAGES, middles, small_chain

from flowsim.calibration.sampler import SamplingEffort, sample
from flowsim.chain.stage_model import ChainModel, Whitened
from flowsim.chain.stages import ChainFact, onward, with_rates

YEARS = tuple(range(2005, 2013))


def totals(rng, *, flow=90.0, level=(-4.0, -3.0, -4.5, -3.0), spread=0.5, years=YEARS):
    """Totals of a simulated chain with its flows and rates."""
    steps = rng.normal(0, 0.2, len(years))
    walk = np.cumsum(steps) - np.cumsum(steps)[years.index(2010)]
    flows = 1000 * flow * np.exp(walk)
    noise = np.zeros((4, len(years)))
    noise[:, 0] = rng.normal(0, spread, 4)
    for year in range(1, len(years)):
        noise[:, year] = 0.5 * noise[:, year - 1] + rng.normal(0, spread * np.sqrt(0.75), 4)
    rates = expit(np.array(level)[:, None] + noise)
    found = with_rates(flows, onward(small_chain(), middles()), rates)
    part = np.array([1.0, 1.0, 1.0 / middles()["completeness: South"], middles()["on_route: Market"]])
    kilograms = found.seized / part[:, None]
    kilograms[2] = found.seized[2] * middles()["completeness: South"]
    reported = {stage: dict(zip(years, map(float, kilograms[at]), strict=True)) for at, stage in enumerate(STAGES)}
    return reported, flows, rates


def test_the_series_has_the_density_of_a_normal_vector_with_its_level_integrated_out():
    rng = np.random.default_rng(3)
    away, width, spread, keep = rng.normal(size=(5, 1, 8)), np.array([1.3]), np.array([[0.7]] * 5), 0.6
    found = Whitened(away, spread=spread, persistence=np.full(5, keep))
    lags = np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    covariance = 0.49 * keep**lags + 1.3**2
    wanted = multivariate_normal(np.zeros(8), covariance).logpdf(away[:, 0])
    density = found.log_density(width)[:, 0]
    assert density - 4 * np.log(2 * np.pi) == pytest.approx(wanted, rel=1e-10)
    mean, sd = found.level(width)
    weights = 1.3**2 * np.linalg.solve(covariance, np.ones(8))
    assert mean[:, 0] == pytest.approx(away[:, 0] @ weights)
    assert sd == pytest.approx(np.sqrt(1.3**2 * (1 - weights.sum())))


def test_the_rates_that_the_totals_imply_give_the_totals():
    reported, flows, rates = totals(np.random.default_rng(4))
    model = ChainModel(small_chain(reported))
    scores = np.zeros((1, len(model.names)))
    drawn = model.drawn(scores)
    drawn["flow"] = np.array([flows[YEARS.index(2010)] / 1000])
    first = len(model.sampled)
    scores[0, first : first + len(YEARS) - 1] = np.diff(np.log(flows)) / drawn["flow_spread"]
    found, _ = model.follow(scores, drawn)
    assert found.inflow[0, 0] == pytest.approx(flows)
    assert found.rate[0] == pytest.approx(rates, rel=1e-9)


def test_the_likelihood_is_the_density_of_the_totals():
    """By the numerical determinant of the map from log totals to the logits of the rates."""
    reported, _, _ = totals(np.random.default_rng(5))
    years = np.array([list(reported[stage].values()) for stage in STAGES])
    scores = np.random.default_rng(6).normal(0, 0.5, (1, len(ChainModel(small_chain(reported)).names)))

    def rates(logs):
        table = np.exp(logs).reshape(4, -1)
        own = {stage: dict(zip(YEARS, table[at], strict=True)) for at, stage in enumerate(STAGES)}
        model = ChainModel(small_chain(own))
        return logit(model.follow(scores, model.drawn(scores))[0].rate[0]).ravel(), model

    start = np.log(years).ravel()
    at, model = rates(start)
    matrix = np.array([(rates(start + step)[0] - rates(start - step)[0]) / 2e-5 for step in 1e-5 * np.eye(len(start))])
    drawn = model.drawn(scores)
    away = at.reshape(1, 4, -1) - model.middle[:, None]
    whitened = Whitened(away, spread=model.each("spread", drawn), persistence=drawn["persistence"])
    wanted = whitened.log_density(model.width).sum() + np.linalg.slogdet(matrix)[1]
    assert model.log_likelihood(scores) == pytest.approx([wanted], rel=1e-6)


@pytest.mark.slow
def test_a_missing_report_leaves_the_density_of_the_others():
    """The likelihood without a report is that with it, integrated over the rate that is missing."""
    reported, _, _ = totals(np.random.default_rng(7))
    gap = {stage: dict(series) for stage, series in reported.items()}
    del gap["South"][2007]
    full, short = ChainModel(small_chain(reported)), ChainModel(small_chain(gap))
    assert short.names == (*full.names, "missing rate: South 2007")
    scores = np.random.default_rng(8).normal(0, 0.3, len(full.names))
    rows = np.concatenate([np.tile(scores, (4001, 1)), np.linspace(-8, 8, 4001)[:, None]], axis=1)
    found = np.trapezoid(np.exp(short.log_likelihood(rows)) * norm.pdf(rows[:, -1]), rows[:, -1])
    logs = np.linspace(-6, 6, 2001)
    parts = []
    for step in logs:
        own = {**reported, "South": {**reported["South"], 2007: reported["South"][2007] * np.exp(step)}}
        parts.append(ChainModel(small_chain(own)).log_likelihood(scores[None])[0])
    # The likelihood leaves out the constant of the normal density of the score.
    wanted = np.trapezoid(np.exp(parts), logs) / (np.sqrt(2 * np.pi) * full.width[2])
    assert found == pytest.approx(wanted, rel=1e-3)


def test_a_flow_smaller_than_a_seizure_is_impossible():
    reported, _, _ = totals(np.random.default_rng(9))
    reported["Source"][2010] = 1e9
    model = ChainModel(small_chain(reported))
    assert model.log_likelihood(np.zeros((1, len(model.names))))[0] == -np.inf


def test_a_fact_pulls():
    reported, _, _ = totals(np.random.default_rng(10))
    fact = ChainFact(
        key="part",
        quantity="part_of_inflow",
        stage="South",
        of="North",
        year=2010,
        value=0.3,
        low=0.25,
        high=0.36,
        use="fitted",
        kind="reported",
        source="a table",
    )
    plain, pulled = (ChainModel(small_chain(reported, facts=facts)) for facts in ((), (fact,)))
    scores = np.zeros((2, len(plain.names)))
    scores[1, plain.names.index("split: North to South")] = -3
    lost = pulled.log_likelihood(scores) - plain.log_likelihood(scores)
    assert (lost <= 0).all()
    assert lost[0] != pytest.approx(lost[1])


@pytest.mark.slow
def test_known_flows_and_rates_are_recovered():
    """Of twelve synthetic chains, 90 % intervals of the rates and of the flow's changes hold the truth.

    Counted are the rates of four stages and one change of the flow, in one year each of twelve chains: 60 intervals,
    within a chain not independent. With 90 % each, fewer than 45 would hold once in 10,000 times if they were.
    """
    held = []
    for seed in range(12):
        rng = np.random.default_rng([11, seed])
        truth = float(np.exp(rng.normal(np.log(90), 0.246)))
        level = logit(0.0177) + 1.2 * rng.normal(size=4)
        reported, flows, rates = totals(rng, flow=truth, level=np.clip(level, -7, -2))
        model = ChainModel(small_chain(reported))
        effort = SamplingEffort(chains=1, walkers=72, burn=250, steps=250, draws=400, thin=2)
        scores = sample(model, seed=seed, effort=effort).scores[0]
        drawn = model.drawn(scores)
        found, _ = model.follow(scores, drawn)
        low, high = np.quantile(found.rate[:, :, 3], [0.05, 0.95], axis=0)
        held += list((low <= rates[:, 3]) & (rates[:, 3] <= high))
        change = np.log(found.inflow[:, 0, 5] / found.inflow[:, 0, 1])
        ends = np.quantile(change, [0.05, 0.95])
        held.append(ends[0] <= np.log(flows[5] / flows[1]) <= ends[1])
    assert sum(held) >= 45, held
