"""Waits at one checkpoint over 24 years against the closed forms of queueing theory.

A year is cut into months, whose sums are the observations of a test. Queues forget within 14 h or less (relaxation
time), so neighbouring months are correlated by some 2 %, which makes scores no more than 2 % too large. Most of a
month's luck is in how many came and how long they took, whose expectations are known: they serve as control variates,
and theory is held against the intercept of the regression on them by Student's t test. Each test fails by chance with
probability `ERROR` of 1e-5; there are 35, so any of them with probability below 5e-4. Seeds are fixed.
"""

import math
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pytest
from scipy import stats
from small_worlds import CONSTANT, EXPONENTIAL, device, post, road_world

from flowsim.draws.honest import draw_honest
from flowsim.engine.compiled import engine as compiled
from flowsim.units import HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world.traffic import Law
from verification.chance import batched, spread

ERROR = 1e-5
"""Error probability of one test."""

YEARS = 24
RATE = 10.0
"""Arrivals [1/h]."""

WARM_UP, MONTH = 360.0, 700.0
"""Time left out at the start of a year, and length of a batch [h]."""

TIMES = (0.1, 0.5, 1.0)
"""Times at which the distribution of waits is compared [h]."""


def erlang_c(servers, load):
    """Probability of waiting in M/M/c with an offered load in erlangs (Erlang 1917)."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def of_m_m_c(servers, mean, rate):
    """Waits in M/M/c: mean, no wait, and longer than each time."""
    waiting, drain = erlang_c(servers, rate * mean), servers / mean - rate
    longer = {f"longer than {t} h": waiting * math.exp(-drain * t) for t in TIMES}
    return {"mean": waiting / drain, "no wait": 1 - waiting} | longer


def of_m_g_1(mean, cv, rate):
    """Waits in M/G/1 with constant or lognormal times: mean and mean square (Pollaczek 1930, Khinchine 1932)."""
    rho = rate * mean
    wait = rho * mean * (1 + cv**2) / (2 * (1 - rho))
    third = mean**3 * (1 + cv**2) ** 3
    return {"mean": wait, "no wait": 1 - rho, "mean square": 2 * wait**2 + rate * third / (3 * (1 - rho))}


def measures(waits):
    """Values whose means are compared, by name."""
    longer = {f"longer than {t} h": waits > t for t in TIMES}
    return {"mean": waits, "no wait": waits < 1e-12, "mean square": waits**2} | longer


@dataclass(frozen=True, kw_only=True)
class Case:
    """A checkpoint or two, where the waits of one queue are observed."""

    posts: tuple
    theory: dict
    station: int = 0
    """Checkpoint that is observed, or -1 for the bays of the only one."""

    mean: float
    """Mean service time there [h]."""

    rate: float = RATE
    """Arrivals there [1/h]."""


def lane(law, mean=0.08, **fields):
    return post("a", place="p0", law=law, service_time=mean, **fields)


def several(servers):
    mean = 0.85 * servers / RATE
    theory = of_m_m_c(servers, mean, RATE)
    return Case(posts=(lane(EXPONENTIAL, mean, lanes=servers),), theory=theory, mean=mean)


def general(law, cv):
    return Case(posts=(lane(law),), theory=of_m_g_1(0.08, cv, RATE), mean=0.08)


def bays():
    """Two bays that a third of the vehicles is referred to, a thinned Poisson stream."""
    hand = device("hand", specificity=1.0, service_time=0.45, law=EXPONENTIAL)
    checkpoint = lane(EXPONENTIAL, 0.05, referral=1 / 3, bays=2, devices=(hand,), wave_through=10**6)
    return Case(posts=(checkpoint,), theory=of_m_m_c(2, 0.45, RATE / 3), station=-1, mean=0.45, rate=RATE / 3)


SECOND = post("b", place="p1", service_time=0.075)
CASES = {
    "Erlang C, 1 lane": Case(posts=(lane(EXPONENTIAL),), theory=of_m_m_c(1, 0.08, RATE), mean=0.08),
    "Erlang C, 3 lanes": several(3),
    "Erlang C, 6 lanes": several(6),
    "Pollaczek-Khinchine, constant": general(CONSTANT, 0.0),
    "Pollaczek-Khinchine, lognormal 0.7": general(Law(family="lognormal", cv=0.7), 0.7),
    "Pollaczek-Khinchine, lognormal 1.3": general(Law(family="lognormal", cv=1.3), 1.3),
    "Burke, second lane in tandem": Case(
        posts=(lane(EXPONENTIAL), SECOND), theory=of_m_m_c(1, 0.075, RATE), station=1, mean=0.075
    ),
    "thinned to two bays": bays(),
}


def year_of_traffic(posts, year):
    """A year of honest traffic on a road whose travel times are all alike, so that nobody overtakes on the way."""
    world = road_world(*posts, per_day=RATE * HOURS_PER_DAY, places=len(posts))
    travel = replace(world.network.travel, cv=0.0)
    detection = replace(world.detection, handling_time=1e-9)
    world = replace(world, network=replace(world.network, travel=travel), detection=detection)
    fleet = draw_honest(world, seed=2, year=year, start=0.0, end=HOURS_PER_YEAR)
    return fleet, compiled.run(world, fleet).outcome


def observe(case, year):
    """Arrival times, waits and service times of the observed queue in a year."""
    fleet, outcome = year_of_traffic(case.posts, year)
    if case.station < 0:
        referred = ~np.isnan(outcome.exam_start)
        looked = (outcome.start + fleet.service)[referred]
        return looked, outcome.exam_start[referred] - looked, (outcome.exam_end - outcome.exam_start)[referred]
    here = fleet.checkpoint == case.station
    return outcome.arrival[here], (outcome.start - outcome.arrival)[here], fleet.service[here]


def months(times, values, how=np.mean):
    span = MONTH * math.floor((HOURS_PER_YEAR - WARM_UP) / MONTH)
    return batched(times, values, start=WARM_UP, end=WARM_UP + span, span=MONTH, how=how)


def year_of(name, year):
    """Monthly sums of all measures over the expected count, and the control variates, in a year of a case.

    A sum over the actual count would be biased, as months with many vehicles have long waits.
    """
    case = CASES[name]
    times, waits, service = observe(case, year)
    expected = case.rate * MONTH
    sums = {what: months(times, values, how=np.sum) for what, values in measures(waits).items() if what in case.theory}
    count, took = months(times, waits, how=len), months(times, service)
    controls = np.stack([count / expected - 1, took / case.mean - 1], axis=1)
    return {what: values / expected for what, values in sums.items()}, controls


def intercept(values, controls):
    """Mean of values where the controls are what they are expected to be, its standard error and degrees of freedom."""
    varying = controls[:, controls.std(axis=0) > 1e-9]
    design = np.column_stack([np.ones(len(values)), varying])
    best, *_ = np.linalg.lstsq(design, values, rcond=None)
    degrees = len(values) - design.shape[1]
    square = ((values - design @ best) ** 2).sum() / degrees
    return best[0], math.sqrt(square * np.linalg.inv(design.T @ design)[0, 0]), degrees


def rejected(theory, years, say):
    """Measures whose mean lies too far from theory."""
    controls = np.concatenate([control for _, control in years])
    wrong = []
    for what, expected in theory.items():
        values = np.concatenate([sums[what] for sums, _ in years])
        got, error, degrees = intercept(values, controls)
        z = (got - expected) / error
        plain = values.std(ddof=1) / math.sqrt(len(values))
        say(
            f"{what}: {got:.5f}, theory {expected:.5f}, standard error {error / abs(expected):.2%} "
            f"({plain / abs(expected):.2%} without controls), z = {z:.2f}"
        )
        wrong += [what] if 2 * stats.t.sf(abs(z), degrees) < ERROR else []
    return wrong


@cache
def years_of(name):
    return spread(partial(year_of, name), range(YEARS))


@pytest.mark.parametrize("name", CASES)
def test_waits_are_those_of_theory(name, say):
    assert not rejected(CASES[name].theory, years_of(name), say)


def test_the_comparison_notices_a_service_that_is_one_per_cent_longer(say):
    """The waits of theory for a service time of 0.0808 h are told from those of 0.08 h."""
    assert "mean" in rejected(of_m_m_c(1, 0.0808, RATE), years_of("Erlang C, 1 lane"), say)


def products(year):
    """Monthly means of the product of the deviations of both sojourns of a vehicle in the tandem."""
    fleet, outcome = year_of_traffic(CASES["Burke, second lane in tandem"].posts, year)
    sojourn = (outcome.start + fleet.service - outcome.arrival).reshape(-1, 2)
    first, second = (mean / (1 - RATE * mean) for mean in (0.08, 0.075))
    return months(outcome.arrival[::2], (sojourn[:, 0] - first) * (sojourn[:, 1] - second) / (first * second))


def test_sojourns_in_tandem_are_independent_by_reichs_theorem(say):
    """Both are exponential, so their correlation is the mean product of the relative deviations."""
    values = np.concatenate(spread(products, range(YEARS)))
    error = values.std(ddof=1) / math.sqrt(len(values))
    say(f"correlation {values.mean():.4f}, standard error {error:.4f}")
    assert 2 * stats.t.sf(abs(values.mean()) / error, len(values) - 1) > ERROR
