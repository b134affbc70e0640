"""Waits in the same networks in Ciw and in the reference engine, compared as distributions.

Successive waits are strongly dependent, so no test is made on them directly. Two things are compared instead.
*Thinned waits*: every wait is taken that comes first after a multiple of `GAP`, ten or more times the relaxation time
of the network, which leaves correlations below e**-10; samples of the two engines go into a two-sample
Kolmogorov-Smirnov test, which ties (the atom at zero) make conservative. *Batches*: a year is cut into spans of
`BATCH`, fifty relaxation times; mean, share without a wait, median, 90th and 99th percentile of each span are compared
between the engines by Welch's t test on the spans, which are nearly independent; what bias a percentile of a short
span has, both share. Each test fails by chance with probability `ERROR` of 1e-5; there are 42, so any of them with
probability below 5e-4.
Where the networks have lognormal times and several lanes no closed form is known, and Ciw is the only yardstick.
"""

import math
from dataclasses import dataclass, replace

import ciw
import numpy as np
import pytest
from scipy import stats
from small_worlds import EXPONENTIAL, device, lanes, post, road_world, with_traffic

from flowsim.draws.honest import draw_honest
from flowsim.engine.reference import engine as reference
from flowsim.units import HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world.traffic import Law
from verification.chance import batched, spread

ERROR = 1e-5
"""Error probability of one test."""

YEARS = 3
"""Years of each network in each engine."""

GAP = 72.0
"""Time between two waits of a thinned sample [h]."""

BATCH = 360.0
"""Length of a batch [h]."""

WARM_UP = 120.0
"""Time left out at the start of a year [h]."""

RATE = 6.0
"""Arrivals [1/h]; with 65-75 % of the lanes at work, relaxation times are 2-7 h here and below."""

MEASURES = {
    "mean": np.mean,
    "no wait": lambda waits: np.mean(waits < 1e-12),
    "median": np.median,
    "90 %": lambda waits: np.quantile(waits, 0.9),
    "99 %": lambda waits: np.quantile(waits, 0.99),
}
"""What is compared of a batch."""

LOGNORMAL = Law(family="lognormal", cv=0.8)


@dataclass(frozen=True, kw_only=True)
class Station:
    """A queue of one of the networks, in the words of both engines."""

    servers: int
    mean: float
    law: Law

    def service(self):
        """Distribution of the service time in Ciw."""
        if self.law.family == "exponential":
            return ciw.dists.Exponential(1 / self.mean)
        variance = math.log1p(self.law.cv**2)
        return ciw.dists.Lognormal(math.log(self.mean) - variance / 2, math.sqrt(variance))

    def post(self, name, place):
        return post(name, place=place, lanes=self.servers, service_time=self.mean, law=self.law)


SERIES = {
    "M/M/1": (Station(servers=1, mean=0.7 / RATE, law=EXPONENTIAL),),
    "M/M/3": (Station(servers=3, mean=3 * 0.75 / RATE, law=EXPONENTIAL),),
    "tandem": (
        Station(servers=1, mean=0.7 / RATE, law=EXPONENTIAL),
        Station(servers=2, mean=2 * 0.75 / RATE, law=LOGNORMAL),
    ),
}
"""Networks that every vehicle passes in order."""

CARS = Station(servers=1, mean=0.65 / 8.0, law=EXPONENTIAL)
TRUCKS = Station(servers=2, mean=2 * 0.7 / 4.0, law=LOGNORMAL)
BAYS = Station(servers=2, mean=2 * 0.7 / (0.2 * 8.0 + 0.5 * 4.0), law=LOGNORMAL)
REFERRED = {"car": 0.2, "truck": 0.5}
PER_HOUR = {"car": 8.0, "truck": 4.0}


def series_world(stations):
    posts = [station.post(f"s{k}", f"p{k}") for k, station in enumerate(stations)]
    return road_world(*posts, per_day=RATE * HOURS_PER_DAY, places=len(stations), leg_hours=0.02)


def two_class_world():
    """One checkpoint with lanes of their own for cars and trucks, and bays that both are referred to."""
    groups = tuple(
        lanes(classes=(c,), lanes=s.servers, service_time=s.mean, law=s.law, referral=REFERRED[c], wave_through=10**6)
        for c, s in (("car", CARS), ("truck", TRUCKS))
    )
    hand = device("hand", specificity=1.0, service_time=BAYS.mean, law=BAYS.law)
    world = road_world(post("s", place="p0", devices=(hand,), bays=BAYS.servers, groups=groups), places=1)
    (flow,) = world.traffic.flows
    flows = tuple(replace(flow, name=c, vehicle_class=c, per_day=rate * HOURS_PER_DAY) for c, rate in PER_HOUR.items())
    detection = replace(world.detection, handling_time=1e-9)
    return with_traffic(replace(world, detection=detection), flows=flows)


def of_flowsim(item):
    """Arrival times and waits at each station of a network in a year of the reference engine."""
    name, seed = item
    world = two_class_world() if name == "two classes" else series_world(SERIES[name])
    fleet = draw_honest(world, seed=seed, year=0, start=0.0, end=HOURS_PER_YEAR)
    outcome = reference.run(world, fleet).outcome
    waits = outcome.start - outcome.arrival
    if name != "two classes":
        return [
            (outcome.arrival[here], waits[here]) for here in (fleet.checkpoint == k for k in range(len(SERIES[name])))
        ]
    queues = [(outcome.arrival[fleet.group == g], waits[fleet.group == g]) for g in (0, 1)]
    referred = ~np.isnan(outcome.exam_start)
    looked = (outcome.start + fleet.service)[referred]
    return [*queues, (looked, outcome.exam_start[referred] - looked)]


def of_ciw(item):
    """Arrival times and waits at each station of a network in a year of Ciw."""
    name, seed = item
    network = two_class_network() if name == "two classes" else series_network(SERIES[name])
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(HOURS_PER_YEAR)
    records = simulation.get_all_records(only=["service"])
    columns = np.array([(record.node, record.arrival_date, record.waiting_time) for record in records])
    nodes = range(1, int(columns[:, 0].max()) + 1)
    return [tuple(columns[columns[:, 0] == node, 1:].T) for node in nodes]


def series_network(stations, *, slower=1.0):
    last = len(stations) - 1
    return ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RATE), *[None] * last],
        service_distributions=[replace(station, mean=slower * station.mean).service() for station in stations],
        number_of_servers=[station.servers for station in stations],
        routing=[[float(after == node + 1) for after in range(last + 1)] for node in range(last + 1)],
    )


def two_class_network():
    stations = (CARS, TRUCKS, BAYS)
    arrivals = {
        c: [ciw.dists.Exponential(PER_HOUR[c]) if node == k else None for node in range(3)]
        for k, c in enumerate(PER_HOUR)
    }
    routing = {c: [[0.0, 0.0, REFERRED[c] if node == k else 0.0] for node in range(3)] for k, c in enumerate(PER_HOUR)}
    return ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions={c: [station.service() for station in stations] for c in PER_HOUR},
        number_of_servers=[station.servers for station in stations],
        routing=routing,
    )


def of_slow_ciw(item):
    """Year of Ciw whose M/M/1 lane is five per cent slower than it should be."""
    _, seed = item
    ciw.seed(seed)
    simulation = ciw.Simulation(series_network(SERIES["M/M/1"], slower=1.05))
    simulation.simulate_until_max_time(HOURS_PER_YEAR)
    records = simulation.get_all_records(only=["service"])
    return [tuple(np.array([(record.arrival_date, record.waiting_time) for record in records]).T)]


def thinned(times, waits):
    """Waits of the first arrivals after multiples of the gap."""
    order = np.argsort(times, kind="stable")
    after = np.searchsorted(times[order], np.arange(WARM_UP, HOURS_PER_YEAR - 24.0, GAP))
    return waits[order][after]


def p_values(ours, theirs):
    """Error probability at which each test rejects that two engines' years at one station are alike."""
    samples = [np.concatenate([thinned(*year) for year in engine]) for engine in (ours, theirs)]
    found = {f"distribution of {len(samples[0])} waits": float(stats.ks_2samp(*samples).pvalue)}
    spans = {"start": WARM_UP, "end": HOURS_PER_YEAR, "span": BATCH}
    for what, how in MEASURES.items():
        mine, others = (
            np.concatenate([batched(*year, **spans, how=how) for year in engine]) for engine in (ours, theirs)
        )
        same = mine.std() + others.std() == 0 and mine.mean() == others.mean()
        p = 1.0 if same else float(stats.ttest_ind(mine, others, equal_var=False).pvalue)
        found[f"{what} {mine.mean():.4f} and {others.mean():.4f}"] = p
    return found


@pytest.mark.parametrize("name", [*SERIES, "two classes"])
def test_waits_have_the_distribution_that_ciw_gives(name, say):
    items = [(name, seed) for seed in range(1, YEARS + 1)]
    ours, theirs = spread(of_flowsim, items), spread(of_ciw, items)
    rejected = []
    for station in range(len(ours[0])):
        found = p_values([year[station] for year in ours], [year[station] for year in theirs])
        for what, p in found.items():
            say(f"station {station}: {what}, p = {p:.2g}")
            rejected += [(station, what, p)] if p < ERROR else []
    assert not rejected


def test_the_comparison_notices_a_lane_that_is_five_per_cent_slower(say):
    items = [("M/M/1", seed) for seed in range(1, YEARS + 1)]
    ours, theirs = spread(of_flowsim, items), spread(of_slow_ciw, items)
    found = p_values([year[0] for year in ours], [year[0] for year in theirs])
    say(", ".join(f"{what}, p = {p:.2g}" for what, p in found.items()))
    assert min(found.values()) < ERROR
