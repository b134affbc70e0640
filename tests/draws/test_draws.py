"""Random numbers: known answers, distributions, and independence of anything but their purpose."""

import hashlib
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import TESTS
from scipy import stats
from small_worlds import SIZES, device, post, road_world, with_traffic

import flowsim
from flowsim import jit
from flowsim.draws import poisson, quantiles
from flowsim.draws.consignments import consignments_per_year, draw_consignments
from flowsim.draws.constants import KNOTS, LOGARITHMS, MULTIPLIERS, OCTAVES, ROUNDS, WEYL
from flowsim.draws.fleet import PER_VISIT
from flowsim.draws.honest import daily_means, draw_honest
from flowsim.draws.philox import SERVICE, RandomStream
from flowsim.draws.variates import chosen, interpolated, logarithm, philox, quantile, uniform
from flowsim.world.hashes import long_hash, short_hash
from flowsim.world.traffic import Law


def plain_philox(counters, key):
    """Philox4x32-10 by numpy's whole numbers, dims (..., 4) for counters and words."""
    x0, x1, x2, x3 = np.moveaxis(np.asarray(counters, dtype=np.uint64), -1, 0)
    low, half, (key0, key1) = np.uint64(0xFFFFFFFF), np.uint64(32), key
    for _ in range(ROUNDS):
        product0, product1 = x0 * np.uint64(MULTIPLIERS[0]), x2 * np.uint64(MULTIPLIERS[1])
        x0, x2 = (product1 >> half) ^ x1 ^ np.uint64(key0), (product0 >> half) ^ x3 ^ np.uint64(key1)
        x1, x3 = product1 & low, product0 & low
        key0, key1 = (key0 + WEYL[0]) & 0xFFFFFFFF, (key1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=-1)


def plain_uniforms(words):
    """Uniform numbers of words by numpy."""
    return (words.astype(np.float64) + 0.5) * 2.0**-32


def plain_quantiles(table, u):
    """Interpolation in a table of quantiles by numpy."""
    upper = u >= 0.5
    mantissa, exponent = np.frexp(np.where(upper, 1.0 - u, u))
    octave = np.clip(-exponent, 0, OCTAVES - 1)
    position = (mantissa - 0.5) * (2 * KNOTS)
    knot, side = position.astype(np.int64), upper.astype(np.int64)
    left = table[side, octave, knot]
    return left + (position - knot) * (table[side, octave, knot + 1] - left)


def plain_logarithms(values):
    """Logarithms by table, interpolated by numpy."""
    table, (mantissa, exponent) = quantiles.logarithms(), np.frexp(values)
    position = (mantissa - 0.5) * (2 * LOGARITHMS)
    knot = position.astype(np.int64)
    return exponent * math.log(2.0) + (table[knot] + (position - knot) * (table[knot + 1] - table[knot]))


def plain_poisson(u, mean):
    """Poisson counts of uniform numbers with one mean by numpy's sums."""
    mode, reach = int(mean), 12.0 * math.sqrt(mean) + 12.0
    low, high = max(0, int(mean - reach)), int(mean + reach) + 1
    upward = np.cumprod(mean / np.arange(mode + 1, high + 1))
    downward = np.cumprod(np.arange(mode, low, -1) / mean) if mode > low else np.zeros(0)
    sums = np.cumsum(np.concatenate([downward[::-1], [1.0], upward]))
    return low + np.searchsorted(sums / sums[-1], u, side="right")


WORDS = st.integers(0, 2**32 - 1)
BLOCKS = st.tuples(WORDS, WORDS, WORDS, WORDS)
HALF_OPEN = np.array([0, 1, 2, 2**31 - 2, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1])
ENDS = [2.0**-33, 1 - 2.0**-33, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 2.0**-32, 3 * 2.0**-33]
TABLES = {
    "normal": quantiles.normal,
    "logistic": quantiles.logistic,
    "exponential": lambda: quantiles.duration(Law(family="exponential", cv=1.0)),
    "constant": lambda: quantiles.duration(Law(family="constant", cv=0.0)),
    "mass": lambda: quantiles.mass(SIZES, 150.0),
}


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, words):
    assert tuple(int(word) for word in philox(*counter, *key)) == words
    assert tuple(plain_philox(counter, key).tolist()) == words


@given(counter=BLOCKS, key=st.tuples(WORDS, WORDS))
@settings(deadline=None)
def test_compiled_words_are_those_of_numpy(counter, key):
    assert [int(word) for word in philox(*counter, *key)] == plain_philox(counter, key).tolist()


@given(word=WORDS)
@settings(deadline=None)
def test_compiled_uniform_numbers_are_those_of_numpy(word):
    assert uniform(word) == plain_uniforms(np.array(word))


def test_uniform_numbers_at_the_ends_lie_within():
    numbers = [uniform(word) for word in HALF_OPEN.tolist()]
    assert numbers == plain_uniforms(HALF_OPEN).tolist()
    assert numbers[0] == 2.0**-33
    assert numbers[-1] == 1 - 2.0**-33


def test_uniforms_are_those_of_their_names():
    """Key and counter as the documentation of `RandomStream` has them, also for numbers that are negative or large."""
    stream = RandomStream(7, "test")
    digest = hashlib.blake2b(b"7/test", digest_size=8).digest()
    key = int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")
    vehicle, replication, seen = np.array([0, 5, -3, 2**33 + 7]), np.array([[1], [9]]), np.array([0, 1, 2, 255])
    c0, c1, c3 = np.broadcast_arrays(vehicle % 2**32, replication, (seen << 16) | (3 << 24) | short_hash("item"))
    counters = np.stack([c0, c1, np.full(c0.shape, long_hash("place")), c3], axis=-1)
    drawn = stream.uniforms(vehicle, replication=replication, purpose=3, place="place", seen=seen, item="item")
    assert np.array_equal(drawn, plain_uniforms(plain_philox(counters, key)))


@pytest.mark.parametrize("name", TABLES)
def test_compiled_quantiles_are_those_of_numpy(name):
    law = TABLES[name]()
    rng = np.random.default_rng(0)
    u = np.concatenate([ENDS, plain_uniforms(rng.integers(0, 2**32, 100_000)), rng.random(10_000)])
    u = np.concatenate([u, 2.0 ** -np.arange(1, 34), 1 - 2.0 ** -np.arange(2, 34), (1 + np.arange(128)) / 256])
    expected = plain_quantiles(law.table, u)
    assert np.array_equal(law(u), expected)
    assert [quantile(law.table, x) for x in u[:100].tolist()] == expected[:100].tolist()


@given(u=st.floats(2.0**-33, 1 - 2.0**-33))
@settings(deadline=None)
def test_any_compiled_quantile_is_that_of_numpy(u):
    assert quantile(quantiles.normal().table, u) == plain_quantiles(quantiles.normal().table, np.array([u]))[0]


def test_a_table_is_laid_out_as_compiled_code_reads_it():
    table = quantiles.normal().table
    assert table.shape == (2, OCTAVES, KNOTS + 1)
    assert table.dtype == np.float64
    assert table.flags.c_contiguous


@given(value=st.floats(1e-300, 1e300))
@settings(deadline=None)
def test_compiled_logarithms_are_those_of_numpy_and_nearly_exact(value):
    found = logarithm(quantiles.logarithms(), value)
    assert found == plain_logarithms(np.array([value]))[0] == quantiles.logarithm(value)
    assert abs(found - math.log(value)) < 2e-7


@given(mean=st.floats(0, 5000), word=WORDS)
@settings(deadline=None)
def test_compiled_poisson_counts_are_those_of_numpy(mean, word):
    u = plain_uniforms(np.array([word, 0, 2**32 - 1]))
    assert poisson.quantile(u, mean=mean).tolist() == plain_poisson(u, mean).tolist()


@given(weights=st.lists(st.floats(0, 10), min_size=1, max_size=9), word=WORDS, before=st.integers(0, 3))
@settings(deadline=None)
def test_choices_are_those_of_numpy(weights, word, before):
    u, sums = plain_uniforms(np.array(word)), np.cumsum(weights)
    expected = min(int(np.searchsorted(sums, u * sums[-1], side="right")), len(weights) - 1)
    among = np.concatenate([np.zeros(before), sums, np.full(2, sums[-1])])
    assert chosen(among, before, before + len(weights), u) - before == expected


@given(steps=st.lists(st.floats(0, 10), min_size=1, max_size=24).filter(any), word=WORDS)
@settings(deadline=None)
def test_interpolation_is_that_of_numpy(steps, word):
    knots = np.cumsum([0.0, *steps])
    knots, values, u = knots / knots[-1], np.arange(len(knots)) * 1.5, float(plain_uniforms(np.array(word)))
    assert interpolated(knots, values, u) == np.interp(u, knots, values)


def test_uniforms_are_uniform_and_uncorrelated():
    """Kolmogorov-Smirnov and correlation tests, each with an error probability of 1e-4."""
    u = RandomStream(7, "test").uniforms(np.arange(100_000), replication=3, purpose=SERVICE, place="here")
    for column in u.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    correlation = np.corrcoef(np.column_stack([u[:-1], u[1:]]).T)
    assert np.abs(correlation - np.eye(8)).max() < 3.9 / np.sqrt(len(u)) * 1.3


@pytest.mark.parametrize(
    ("table", "law"),
    [
        (quantiles.normal(), stats.norm()),
        (quantiles.logistic(), stats.logistic()),
        (quantiles.duration(Law(family="exponential", cv=1.0)), stats.expon()),
        (
            quantiles.duration(Law(family="lognormal", cv=0.5)),
            stats.lognorm(np.sqrt(np.log(1.25)), scale=1 / np.sqrt(1.25)),
        ),
        (quantiles.year_factor(0.4), stats.lognorm(0.4, scale=np.exp(-0.08))),
    ],
    ids=["normal", "logistic", "exponential", "lognormal", "year"],
)
def test_tabulated_quantiles_are_those_of_scipy(table, law):
    u = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 100_001), 2.0 ** -np.arange(3, 33), 1 - 2.0 ** -np.arange(3, 33)])
    assert np.abs(table(u) - law.ppf(u)).max() < 2e-4
    assert np.all(np.diff(table(np.sort(u))) >= 0)


def test_mass_has_the_density_of_detected_consignments_weighted_by_mass():
    """Histogram of table quantiles against the density integrated by quadrature."""
    from scipy.integrate import quad

    body = stats.lognorm(SIZES.log_sd, scale=SIZES.median)
    tail = stats.truncpareto(SIZES.tail_exponent, SIZES.maximum / SIZES.tail_start, scale=SIZES.tail_start)

    def density(m):
        inside = (1 - SIZES.tail_share) * body.pdf(m) / body.cdf(55.0) if m < 55 else SIZES.tail_share * tail.pdf(m)
        return inside * m**SIZES.selection

    edges = [1e-9, 1, 3, 10, 30, 55, 100, 200, 500]
    parts = np.array([quad(density, a, b)[0] for a, b in pairwise(edges)])
    u = (np.arange(2**20) + 0.5) / 2**20
    got = np.histogram(quantiles.mass(SIZES, 500.0)(u), bins=[0, *edges[1:]])[0] / len(u)
    assert got == pytest.approx(parts / parts.sum(), abs=2e-5)


def test_capacity_cuts_the_mass():
    for capacity in (20.0, 55.0, 150.0):
        masses = quantiles.mass(SIZES, capacity)([1e-9, 0.5, 1 - 1e-9])
        assert masses[-1] <= capacity
        assert masses[-1] > 0.99 * capacity


@given(mean=st.floats(0, 5000), u=st.floats(1e-9, 1 - 1e-9))
@settings(deadline=None)
def test_poisson_quantiles_are_those_of_scipy(mean, u):
    got = poisson.quantile(np.array([u]), mean=mean)[0]
    assert abs(got - stats.poisson(mean).ppf(u)) <= (1 if abs(stats.poisson(mean).cdf(got) - u) < 1e-9 else 0)


@given(u=st.floats(1e-9, 1 - 1e-9), low=st.floats(0, 500), more=st.floats(0, 500))
def test_a_larger_mean_never_gives_fewer(u, low, more):
    fewer, many = poisson.quantile(np.array([u, u]), mean=np.array([low, low + more]))
    assert fewer <= many


def gates(*names):
    """A world with checkpoints at consecutive places."""
    return road_world(*(post(n, place=f"p{i}", devices=(device("x"), device("y"))) for i, n in enumerate(names)))


def visits_at(world, fleet, name):
    """All numbers drawn for visits at a checkpoint, one row per vehicle."""
    index = [p.name for p in world.checkpoints].index(name)
    chosen = fleet.checkpoint == index
    return {field: getattr(fleet, field)[chosen] for field in PER_VISIT if field not in ("checkpoint", "travel")}


@pytest.mark.parametrize("kind", ["honest", "consignments"])
def test_adding_a_checkpoint_changes_no_draw_at_any_other_for_any_vehicle(kind):
    few = road_world(post("a", place="p0", devices=(device("x"),)), post("c", place="p3", devices=(device("x"),)))
    many = replace(few, checkpoints=(post("b", place="p1", devices=(device("x"),)), *few.checkpoints))

    def draw(world):
        if kind == "honest":
            return draw_honest(world, seed=1, year=0, start=0.0, end=200.0)
        return draw_consignments(world, seed=1, replications=[0, 1], horizon=8760.0)

    before, after = draw(few), draw(many)
    assert before.size == after.size > 100
    assert np.array_equal(before.entry, after.entry)
    assert np.array_equal(before.mass, after.mass)
    for name in ("a", "c"):
        for field, values in visits_at(few, before, name).items():
            assert np.array_equal(values, visits_at(many, after, name)[field]), field
    total = [np.add.reduceat(f.travel, f.first[:-1]) + f.tail for f in (before, after)]
    assert total[0] == pytest.approx(total[1], rel=1e-14)


def test_adding_a_device_changes_no_draw_of_the_others():
    one = road_world(post("a", place="p0", devices=(device("x"),)))
    two = road_world(post("a", place="p0", devices=(device("new"), device("x"))))
    before, after = (draw_honest(world, seed=1, year=0, start=0.0, end=200.0) for world in (one, two))
    assert np.array_equal(before.device_draw[:, 0], after.device_draw[:, 1])
    assert np.array_equal(before.available[:, :, 0], after.available[:, :, 1])
    assert not np.array_equal(after.device_draw[:, 0], after.device_draw[:, 1])


def test_a_larger_inflow_adds_consignments_and_keeps_the_others():
    world = road_world(post("a", place="p0"))
    fewer = draw_consignments(world, seed=1, replications=[0], horizon=8760.0)
    more = draw_consignments(with_traffic(world, inflow=2000.0), seed=1, replications=[0], horizon=8760.0)
    assert more.size > 1.5 * fewer.size
    for name in ("entry", "mass", "concealment"):
        assert np.array_equal(getattr(fewer, name), getattr(more, name)[: fewer.size])


def test_replications_do_not_depend_on_which_others_are_drawn():
    world = road_world(post("a", place="p0"))
    alone = draw_consignments(world, seed=1, replications=[5], horizon=8760.0)
    among = draw_consignments(world, seed=1, replications=[2, 5, 9], horizon=8760.0)
    assert np.array_equal(alone.mass, among.mass[among.replication == 1])


def test_entered_mass_is_the_inflow():
    """Mean of 300 years within 3.9 standard errors (error probability 1e-4)."""
    world = road_world(post("a", place="p0"), inflow=500.0)
    fleet = draw_consignments(world, seed=1, replications=range(300), horizon=8760.0)
    yearly = np.bincount(fleet.replication, weights=fleet.mass, minlength=300)
    assert abs(yearly.mean() - 500.0) < 3.9 * yearly.std() / np.sqrt(300)
    expected = consignments_per_year(world, world.traffic.population_streams[0])
    assert abs(fleet.size / 300 - expected) < 3.9 * np.sqrt(expected / 300)


def test_rhythms_sum_to_the_volume_of_the_year():
    world = road_world(post("a", place="p0"))
    flow = world.traffic.flows[0]
    assert daily_means(world, flow, days=np.arange(365)).sum() == pytest.approx(365 * flow.per_day)


@pytest.mark.slow
def test_same_seed_gives_the_same_bits_in_another_process():
    code = (
        "from small_worlds import *; from flowsim.draws.honest import draw_honest; import hashlib;"
        "f = draw_honest(road_world(post('a', place='p0')), seed=3, year=0, start=0.0, end=300.0);"
        "print(hashlib.sha256(f.entry.tobytes() + f.service.tobytes() + f.score.tobytes()).hexdigest())"
    )
    folder = str(TESTS)
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_nothing_that_an_engine_uses_calls_a_vectorised_log_exp_or_pow():
    """The vectorised log, exp and pow of numpy differ from the C library's; the closed form alone may use them."""
    package = Path(flowsim.__file__).parent
    folders = ("draws", "engine", "engine/reference", "engine/compiled", "world")
    used = [path for folder in folders for path in (package / folder).glob("*.py")]
    banned = re.compile(r"np\.(log|log2|log10|log1p|exp|exp2|expm1|power|float_power|sinh|cosh|tanh)\b|\*\* *-?np\.")
    assert len(used) > 40
    for path in used:
        assert not banned.search(path.read_text(encoding="utf-8")), path.name


COMPILE = """
import numpy as np
from flowsim import jit
from flowsim.draws import availability_kernel, quantiles
availability_kernel.logarithms(quantiles.logarithms(), np.ones(3))
stats = availability_kernel.logarithms.stats
print(jit.cache_folder(), sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), jit.PACKAGE, sep="\\n")
"""


@pytest.mark.slow
def test_machine_code_is_kept_where_numba_is_told_and_found_again(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    run = partial(subprocess.run, [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True)
    first, second = (run(env=environment).stdout.split("\n")[:3] for _ in range(2))
    assert first[1:] == ["0", "1"]
    assert second[1:] == ["1", "0"]
    assert first[0] == second[0]
    assert Path(first[0]).parent == tmp_path
    assert list(Path(first[0]).rglob("*.nbc"))


@pytest.mark.slow
def test_machine_code_is_found_by_a_copy_of_the_package_elsewhere(tmp_path):
    """Its place on disk is that of the sources' digest, not of their path."""
    shutil.copytree(Path(flowsim.__file__).parent, tmp_path / "src" / "flowsim", ignore=shutil.ignore_patterns("data"))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    paths = ({}, {"PYTHONPATH": str(tmp_path / "src")})
    run = partial(subprocess.run, [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True)
    first, second = (run(env=environment | path).stdout.split("\n")[:4] for path in paths)
    assert first[3] != second[3]
    assert first[0] == second[0]
    assert [first[1:3], second[1:3]] == [["0", "1"], ["1", "0"]]


def test_machine_code_is_made_again_when_what_it_uses_changes():
    """A change of a module that compiles, or of one whose constants it uses, changes the name of the folder."""
    names = {str(path.relative_to(jit.PACKAGE)) for path in jit.sources()}
    assert {
        "draws/availability_kernel.py",
        "draws/variates.py",
        "draws/constants.py",
        "draws/philox.py",
        "units.py",
    } <= names
    assert "cli.py" not in names
