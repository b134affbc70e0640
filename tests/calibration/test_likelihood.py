"""The likelihood of printed totals against brute force: single consignments, cases, rounding, bounds, shares, years."""

import math

import numpy as np
import pytest
from scipy.stats import gamma, poisson

import flowsim as fs
from flowsim.calibration import kernel
from flowsim.calibration.model import mean_masses, ring_sizes
from flowsim.calibration.synthetic_reports import draw_masses

SIZES = np.array([3.0, 1.35, 55.0, 0.01, 1.1, 1000.0, 0.2])
"""Detected consignments: median, log-sd, start, share and exponent of the tail, largest, selection."""

RING = ring_sizes(1.2)
NODES = np.polynomial.hermite.hermgauss(20)
YEARS = 20_000
"""Years of brute force; a frequency near 0.1 then has a relative error of 2 %."""

FIVE_SIGMA = 5.0
"""Error probability below 1e-6 for each comparison."""


def printed(rows, grid, *, routine, cases=0.0, consignments=1.0, fixed=0.0, log_sd=0.0):
    """Probability of rows, of which each has a sum of its own with the same events unless arrays are given."""
    sums = 1 + max(max(row[2:4]) for row in grid)
    columns = [
        np.broadcast_to(np.asarray(value, dtype=float), (1, sums)).copy() for value in (routine, cases, consignments)
    ]
    small = np.broadcast_to(np.asarray(fixed, dtype=float), (1, sums)).copy()
    rows, grid = np.array(rows, dtype=float), np.array(grid, dtype=np.int64)
    found = kernel.of_rows(SIZES[None], *columns, small, np.array([log_sd]), *RING, rows, grid, *NODES)
    return math.exp(found[0])


def total_row(low, high, *, at_least=0.0, at_most=math.inf, year=0, index=0):
    step = high / 120
    bound = next((b for b in (at_least, at_most) if 0 < b < math.inf), None)
    step = step if bound is None else bound / (round(bound / step) - 0.5)
    bins = int(high / step + 0.5) + 2
    return (low, high, at_least, at_most), (year, kernel.TOTAL, index, index, bins, round(step * 1e6))


def years(rng, *, routine, cases=0.0, consignments=1.0, log_sd=0.0):
    """Totals and largest events of simulated years."""
    factor = np.exp(log_sd * rng.standard_normal(YEARS) - log_sd**2 / 2)
    counts = rng.poisson(routine * factor)
    owner = np.repeat(np.arange(YEARS), counts)
    mass = draw_masses(SIZES, rng=rng, count=len(owner))
    totals = np.bincount(owner, weights=mass, minlength=YEARS)
    largest = np.zeros(YEARS)
    np.maximum.at(largest, owner, mass)
    ripe = np.repeat(np.arange(YEARS), rng.poisson(cases * factor))
    taken = rng.poisson(consignments * rng.choice(RING[0], size=len(ripe), p=RING[1]))
    found = draw_masses(kernel.entering(SIZES), rng=rng, count=int(taken.sum()))
    by_case = np.bincount(np.repeat(np.arange(len(ripe)), taken), weights=found, minlength=len(ripe))
    totals += np.bincount(ripe, weights=by_case, minlength=YEARS)
    np.maximum.at(largest, ripe, by_case)
    return totals, largest, factor


def agrees(chance, happened):
    """Whether a probability is the frequency of what happened in simulated years, within its error."""
    error = math.sqrt(chance * (1 - chance) / len(happened))
    return abs(happened.mean() - chance) < FIVE_SIGMA * error + 0.01 * chance


def test_the_grid_keeps_the_mean_of_consignments():
    for sizes in (SIZES, kernel.entering(SIZES)):
        chances = kernel.on_grid(sizes, 0.7, 3000)
        assert chances.sum() == pytest.approx(1.0, abs=1e-9)
        assert 0.7 * np.arange(3000) @ chances == pytest.approx(kernel.limited_mean(sizes, sizes[kernel.TOP]), rel=1e-9)


@pytest.mark.parametrize("sizes", [SIZES, kernel.entering(SIZES)], ids=["detected", "entering"])
def test_limited_means_are_those_of_drawn_consignments(sizes):
    mass = draw_masses(sizes, rng=np.random.default_rng(1), count=400_000)
    for limit in (1.0, 10.0, 100.0, 700.0):
        capped = np.minimum(mass, limit)
        error = capped.std() / math.sqrt(len(mass))
        assert kernel.limited_mean(sizes, limit) == pytest.approx(capped.mean(), abs=FIVE_SIGMA * error)


def test_entering_consignments_weigh_each_detected_mass_with_its_power():
    mass = draw_masses(SIZES, rng=np.random.default_rng(2), count=400_000)
    weight = mass ** SIZES[kernel.SELECTION]
    assert mean_masses(SIZES[None])[1][0] == pytest.approx((weight * mass).sum() / weight.sum(), rel=0.02)


def test_panjer_is_the_fourier_inverse():
    event = kernel.on_grid(SIZES, 1.0, 400)
    totals, offset = kernel.panjer(event, np.array([0.5, 6.0, 40.0]), 400)
    size = 4096
    tilt = np.exp(-20.0 * np.arange(400) / size)  # against what would wrap round
    transform = np.fft.fft(event * tilt, size)
    for k, rate in enumerate((0.5, 6.0, 40.0)):
        inverse = np.fft.ifft(np.exp(rate * (transform - 1.0))).real[:400] / tilt
        assert totals[k] * np.exp(-offset[k]) == pytest.approx(inverse, abs=1e-8)


def test_panjer_of_gamma_consignments_is_tweedie():
    """The compound Poisson sum of gamma consignments has a Tweedie density, a series over the number of them."""
    shape, scale, rate, step = 1.6, 5.0, 7.0, 0.05
    edges = (np.arange(2001) - 0.5) * step
    event = np.diff(gamma.cdf(edges, shape, scale=scale))
    totals, _ = kernel.panjer(event, np.array([rate]), len(event))
    for mass in (10.0, 40.0, 80.0):
        counts = np.arange(1, 60)
        density = poisson.pmf(counts, rate) @ gamma.pdf(mass, shape * counts, scale=scale)
        assert totals[0, round(mass / step)] / step == pytest.approx(density, rel=1e-3)


def test_many_events_do_not_underflow():
    event = kernel.on_grid(SIZES, 20.0, 2000)
    totals, offset = kernel.panjer(event, np.array([3000.0]), 2000)
    chance = totals[0] * np.exp(-offset[0])
    assert offset[0] > 0
    assert chance.sum() == pytest.approx(1.0, abs=1e-6)
    assert 20.0 * np.arange(2000) @ chance == pytest.approx(3000 * (20.0 * np.arange(2000) @ event), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("routine", "cases", "consignments", "log_sd"), [(12.0, 0.0, 1.0, 0.0), (6.0, 9.0, 1.5, 0.0), (8.0, 5.0, 1.2, 0.6)]
)
def test_a_printed_total_has_the_probability_of_brute_force(routine, cases, consignments, log_sd):
    totals, _, _ = years(
        np.random.default_rng(3), routine=routine, cases=cases, consignments=consignments, log_sd=log_sd
    )
    for low, high in ((60.0, 100.0), (100.0, 150.0)):
        row, grid = total_row(low, high)
        chance = printed([row], [grid], routine=routine, cases=cases, consignments=consignments, log_sd=log_sd)
        assert agrees(chance, (totals >= low) & (totals < high))


@pytest.mark.slow
def test_mass_in_small_portions_moves_the_total():
    totals, _, factor = years(np.random.default_rng(4), routine=10.0, log_sd=0.5)
    row, grid = total_row(80.0, 120.0)
    chance = printed([row], [grid], routine=10.0, fixed=20.0, log_sd=0.5)
    totals += 20.0 * factor
    assert agrees(chance, (totals >= 80) & (totals < 120))


@pytest.mark.parametrize("at_least", [True, False])
def test_a_bound_on_the_largest_event_is_joint_with_the_total(at_least):
    totals, largest, _ = years(np.random.default_rng(5), routine=5.0, cases=6.0, consignments=1.5)
    bounds = {"at_least": 45.0} if at_least else {"at_most": 45.0}
    row, grid = total_row(100.0, 160.0, **bounds)
    chance = printed([row], [grid], routine=5.0, cases=6.0, consignments=1.5)
    assert agrees(chance, (totals >= 100) & (totals < 160) & ((largest >= 45) == at_least))


def test_a_bound_alone_is_the_probability_that_no_event_is_larger():
    _, largest, _ = years(np.random.default_rng(6), routine=9.0, cases=4.0, consignments=1.5, log_sd=0.4)
    step = 55.0 / 111.5
    for row, happened in (
        ((0.0, math.inf, 0.0, 55.0), largest < 55),
        ((0.0, math.inf, 55.0, math.inf), largest >= 55),
    ):
        grid = (0, kernel.LARGEST, 0, 0, 113, round(step * 1e6))
        assert agrees(printed([row], [grid], routine=9.0, cases=4.0, consignments=1.5, log_sd=0.4), happened)


def test_a_printed_share_has_the_probability_of_brute_force():
    rng = np.random.default_rng(7)
    part, rest = (years(rng, routine=rate)[0] for rate in (4.0, 9.0))
    with np.errstate(invalid="ignore"):
        share = part / (part + rest)
    grid = (0, kernel.SHARE, 0, 1, 600, round(1.5e6))
    for low, high in ((0.1, 0.2), (0.3, 0.5)):
        chance = printed([(low, high, 0.0, math.inf)], [grid], routine=[4.0, 9.0])
        assert agrees(chance, (share >= low) & (share < high))


def test_rows_of_one_year_share_its_factor():
    """Two totals of one year are both high or both low, those of two years are not."""
    rng = np.random.default_rng(8)
    factor = np.exp(0.7 * rng.standard_normal(YEARS) - 0.7**2 / 2)

    def totals(factor):
        owner = np.repeat(np.arange(YEARS), rng.poisson(12.0 * factor))
        return np.bincount(owner, weights=draw_masses(SIZES, rng=rng, count=len(owner)), minlength=YEARS)

    first, second = totals(factor), totals(factor)
    (row, one), (_, other) = total_row(110.0, 260.0), total_row(110.0, 260.0, index=1)
    together = printed([row, row], [one, other], routine=12.0, log_sd=0.7)
    high = [(mass >= 110) & (mass < 260) for mass in (first, second)]
    assert agrees(together, high[0] & high[1])
    _, later = total_row(110.0, 260.0, year=1, index=1)
    apart = printed([row, row], [one, later], routine=12.0, log_sd=0.7)
    assert agrees(apart, high[0] & np.roll(high[1], 1))
    assert together > apart * 1.1


def test_ring_sizes_have_a_mean_of_one_and_a_few_large_ones():
    size, share = RING
    assert share.sum() == pytest.approx(1.0)
    assert size @ share == pytest.approx(1.0)
    assert size.max() > 10


def test_the_closed_form_agrees_with_the_events_of_the_engine():
    """Yearly totals of the simulated world of one checkpoint have the distribution of the compound Poisson sum.

    Kolmogorov-Smirnov distance of 400 years; its error probability is about 1e-5.
    """
    world = fs.load_world("single_checkpoint", overrides=["inspection.year_log_sd=0", "inflow=0.3"])
    results = fs.simulate(world, replications=400, seed=3)
    totals = results["seized_mass"].sum(["channel", "agency"]).values.ravel()
    mass = results["seizure_mass"].values
    rate = len(mass) / 400
    step = float(np.quantile(totals, 0.999)) / 800
    event = np.histogram(mass, bins=(np.arange(802) - 0.5) * step)[0] / len(mass)
    chance, offset = kernel.panjer(event, np.array([rate]), 801)
    expected = np.cumsum(chance[0]) * np.exp(-offset[0])
    observed = np.searchsorted(np.sort(totals), (np.arange(801) + 0.5) * step) / 400
    assert np.abs(observed - expected).max() < 2.4 / math.sqrt(400)
