"""The expectation engine against the compiled engine on worlds of the package.

Loads are followed to their end, as the expectation engine does, and meet recorded queues or none. What is compared
are sums over independent years. Every comparison is two-sided with a fixed seed, with the variance of the closed form
or of Poisson counts and, for masses, whose tail is heavy, the skewness of the seized loads (a gamma law of three
moments takes the place of the normal one). It fails by chance with the probability `ERROR` of 1e-6; there are fewer
than 1,000 comparisons, which bounds the probability that any fails by 1e-3. A checkpoint is compared where at least
25 seizures are expected; all others are compared as one sum.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from engines import followed
from scipy.stats import norm, pearson3

import flowsim as fs
from flowsim.draws.consignments import consignment_roster
from flowsim.engine.compiled.background import pooled
from flowsim.engine.compiled.engine import Simulation
from flowsim.engine.expectation.engine import expect
from flowsim.engine.outcome import UNREACHED
from flowsim.results.tally import by_agency, pool_consignments
from flowsim.simulation.engines import Compiled, Years
from flowsim.units import HOURS_PER_WEEK, HOURS_PER_YEAR
from flowsim.world.detection import Effort
from verification.chance import limit, spread

ERROR = 1e-6
"""Error probability of one comparison."""

FAR = limit(ERROR)
OTHER = 100
"""Seed of the loads that see how crowded it is."""

CERTAIN = 50.0
"""Intercept of a device that always raises an alarm."""

MANY_RINGS = 20_000
"""Rings of which each sends a load or none."""

WEEK = 26
"""Week whose traffic fills the queues."""


def everywhere(value):
    return Effort(crossing=value, inside=value, south=value, almaty=value)


def alike(world):
    """World whose years differ by chance alone, so that means over years are precise.

    There are so many rings, all of one size and each with as many cases, that hardly two loads share their luck.
    """
    detection = replace(world.detection, year_log_sd=0.0)
    known = detection.intelligence
    more = MANY_RINGS / known.rings
    rings = {"rings": MANY_RINGS, "size_exponent": 100.0}
    cases = {"cases_knb": more * known.cases_knb, "cases_committee": more * known.cases_committee}
    detection = replace(detection, intelligence=replace(known, **rings, **cases))
    return replace(world, traffic=replace(world.traffic, year_log_sd=0.0), detection=detection)


def week_of_traffic(world):
    """Queues of one simulated week of honest traffic."""
    start = WEEK * HOURS_PER_WEEK
    years = Years(world=world, seed=1, horizon=HOURS_PER_YEAR)
    _, span = Compiled().traffic(years, (0, start, start + HOURS_PER_WEEK))
    return pooled([span])


def observed(world):
    """World whose loads are never let go under an alarm, which every device raises, and whose trains are all reached.

    What they meet is met by the loads that matter: those whose examination would find something.
    """
    posts = (
        replace(
            post,
            bribe=1.0,
            groups=tuple(replace(group, wagons=1.0) for group in post.groups),
            devices=tuple(replace(tool, intercept=CERTAIN) for tool in post.devices),
        )
        for post in world.checkpoints
    )
    return replace(world, checkpoints=tuple(posts), detection=replace(world.detection, effort=everywhere(0.0)))


def met(world, queues, batch):
    """Counts of what loads met in each lane group, counted through all checkpoints, dims (count, group).

    They are those that came to its queue, found a crowd, were looked at, would have been examined in time or too late.
    """
    roster = consignment_roster(world, seed=OTHER, replications=batch, horizon=HOURS_PER_YEAR)
    simulation = Simulation(world, roster)
    simulation.among_recorded(queues)
    station, outcome = simulation.trail().station, simulation.outcome
    looked, late = ~np.isnan(outcome.start), outcome.decision == UNREACHED
    kinds = (outcome.crowded >= 0, outcome.crowded == 1, looked, outcome.alarm == 1, looked & late)
    groups = sum(len(post.groups) for post in world.checkpoints)
    return np.array([np.bincount(station[kind], minlength=groups) for kind in kinds])


def chances(world, queues, *, years):
    """Share of loads that find a crowd, and that a train takes away in time, by checkpoint and lane group.

    They are seen by loads of another seed that nobody stops. The share of the time would not do: waits upstream give
    the loads a rhythm.
    """
    parts = spread(partial(met, observed(world), queues), batches(years))
    came, crowded, looked, found, late = np.sum(parts, axis=0)
    groups = [(c, g) for c, post in enumerate(world.checkpoints) for g in range(len(post.groups))]
    unreached = 1 - looked / np.maximum(came, 1) * (1 - late / np.maximum(found + late, 1))
    return {
        "crowded": {groups[k]: crowded[k] / came[k] for k in np.flatnonzero(crowded)},
        "unreached": {groups[k]: unreached[k] for k in np.flatnonzero((came > 0) & (unreached > 0))},
    }


def batches(years):
    """Years that are drawn at once."""
    size = min(100, max(5, years // 20))
    return [list(range(k, min(k + size, years))) for k in range(0, years, size)]


def follow(world, queues, batch):
    """Tally years of consignments that are all followed to their end; without queues they never wait."""
    return followed(world, replications=batch, queues=queues)


def simulated(world, *, years, queues):
    parts = batches(years)
    return pool_consignments(spread(partial(follow, world, queues), parts), replications=parts)


class Comparison:
    """Scores of sums over years in standard errors of a normal law, each held against its bound."""

    def __init__(self):
        self.scores, self.wrong, self.error = [], [], 0.0

    def add(self, what, got, expected, variance, *, skewness=0.0):
        """Compare sums with what is expected of them; the arguments after the first have dims (cell,)."""
        columns = np.broadcast_arrays(*(np.atleast_1d(x) for x in (got, expected, variance, skewness)))
        for cell, (mine, theirs, square, skew) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
            if square <= 0:
                if abs(mine - theirs) > 1e-9 * max(1.0, abs(theirs)):
                    self.wrong.append((what, cell, mine, theirs))
                continue
            sd = math.sqrt(square)
            law = pearson3(skew)
            below, above = law.cdf((mine - theirs) / sd), law.sf((mine - theirs) / sd)
            z = norm.isf(above) if above < below else norm.ppf(below)
            self.scores.append(z)
            self.error = max(self.error, sd / theirs)
            if abs(z) > FAR:
                self.wrong.append((what, cell, mine, theirs, z))

    def report(self, say):
        z = np.array(self.scores)
        say(
            f"{len(z)} comparisons, largest |z| {np.abs(z).max():.2f} (bound {FAR:.2f}), "
            f"root mean square {np.sqrt((z**2).mean()):.2f}, largest relative error of a sum {self.error:.1%}"
        )
        assert not self.wrong, self.wrong


def put_together(cells, enough):
    """Cells with enough in them, and the sum of the others."""
    return np.append(cells[enough], cells[~enough].sum())


def compare(world, *, years, queues, given, say):
    """Hold counts by checkpoint, masses by agency, leakage by exit and retention against the closed form."""
    mean, consignments = expect(world, **given), simulated(world, years=years, queues=queues)
    comparison = Comparison()
    count = consignments.count.sum(axis=(0, 1))
    expected = years * mean.count.sum(axis=0)
    enough = expected >= 25
    # Given the year the counts are Poisson, and all years are alike.
    comparison.add("count", *(put_together(cells, enough) for cells in (count, expected, expected)))
    variance = years * mean.seized_variance.sum(axis=0)
    sums, means = consignments.seized.sum(axis=(0, 1)), years * mean.seized.sum(axis=0)
    cubes = np.bincount(consignments.seizures["checkpoint"], consignments.seizures["mass"] ** 3, minlength=len(sums))
    posts = len(world.checkpoints)
    got, expected, square, cube = (by_agency(world, cells[:posts]) for cells in (sums, means, variance, cubes))
    comparison.add("agency", got, expected, square, skewness=cube / np.maximum(square, 1.0) ** 1.5)
    total = years * mean.total_variance.sum()
    comparison.add("seized", sums.sum(), means.sum(), total, skewness=cubes.sum() / total**1.5)
    for name in ("leaked", "retained", "entered"):
        got = getattr(consignments, name).reshape(years, -1)
        comparison.add(name, got.sum(axis=0), years * getattr(mean, name).ravel(), years * got.var(axis=0, ddof=1))
    shares, closed = (by_agency(world, cells[:posts]) / cells.sum() for cells in (sums, means))
    say(f"{years} years, {int(count.sum())} seizures, {enough.sum()} checkpoints of their own")
    say(f"shares of the agencies {np.round(shares, 4).tolist()}, closed form {np.round(closed, 4).tolist()}")
    comparison.report(say)


@pytest.mark.parametrize(("name", "years"), [("single_checkpoint", 2000), ("two_routes", 2000)])
def test_small_worlds_agree_where_nobody_queues(name, years, say):
    world = alike(fs.load_world(name))
    compare(world, years=years, queues=None, given={}, say=say)


@pytest.mark.parametrize("name", ["single_checkpoint", "two_routes"])
def test_small_worlds_agree_where_one_waiting_is_a_crowd(name, say):
    world = alike(fs.load_world(name))
    posts = (
        replace(post, groups=tuple(replace(group, wave_through=0) for group in post.groups))
        for post in world.checkpoints
    )
    world = replace(world, checkpoints=tuple(posts))
    queues = week_of_traffic(world)
    given = chances(world, queues, years=2000)
    say(f"share of loads that find a crowd: {[round(float(share), 3) for share in given['crowded'].values()]}")
    assert max(given["crowded"].values()) > 0.2
    compare(world, years=2000, queues=queues, given=given, say=say)


@pytest.mark.parametrize(("effort", "years"), [(None, 200), (1.0, 30)], ids=["as assumed", "all followed up"])
def test_kazakhstan_agrees_among_a_week_of_traffic(effort, years, say):
    """With all alarms followed up there are thirty times as many seizures, and layers hide one another."""
    world = alike(fs.load_world("kazakhstan_2010"))
    if effort is not None:
        world = replace(world, detection=replace(world.detection, effort=everywhere(effort)))
    queues = week_of_traffic(world)
    given = chances(world, queues, years=100)
    ignored, counted = expect(world).seized.sum(), expect(world, **given).seized.sum()
    counts = ", ".join(f"{len(groups)} groups are ever {name}" for name, groups in given.items())
    say(f"queues lower what is seized by {1 - counted / ignored:.2%}; {counts}")
    compare(world, years=years, queues=queues, given=given, say=say)


def test_the_comparison_notices_a_device_that_finds_a_tenth_less(say):
    """Sensitivities whose odds are a tenth lower are told from the right ones in 2,000 years of one checkpoint."""
    world = alike(fs.load_world("single_checkpoint"))
    worse = replace(world, detection=replace(world.detection, sensitivity=0.9))
    consignments, mean = simulated(worse, years=2000, queues=None), expect(world)
    comparison = Comparison()
    comparison.add("count", consignments.count.sum(), 2000 * mean.count.sum(), 2000 * mean.count.sum())
    say(f"z = {comparison.scores[0]:.1f}")
    assert comparison.wrong


def test_year_effects_give_the_variance_of_yearly_totals(say):
    """The closed form lies in the bootstrap interval of the variance of 4,000 years (error probability 1e-4)."""
    world = fs.load_world("two_routes")
    traffic, detection = replace(world.traffic, year_log_sd=0.4), replace(world.detection, year_log_sd=0.3)
    world = replace(world, traffic=traffic, detection=replace(detection, effort=everywhere(0.5)))
    mean, consignments = expect(world), simulated(world, years=4000, queues=None)
    yearly = consignments.seized.sum(axis=(1, 2))
    rng = np.random.default_rng(1)
    drawn = np.array([rng.choice(yearly, size=len(yearly)).var(ddof=1) for _ in range(40_000)])
    low, high = np.quantile(drawn, [5e-5, 1 - 5e-5])
    poisson = expect(alike(world)).total_variance.sum()
    variance = mean.total_variance.sum()
    say(f"variance in [{low:.0f}, {high:.0f}], closed form {variance:.0f}, without year effects {poisson:.0f}")
    assert low <= variance <= high
    assert poisson < low
    assert abs(yearly.mean() - mean.seized.sum()) < FAR * math.sqrt(variance / len(yearly))
