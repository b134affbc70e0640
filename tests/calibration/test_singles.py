"""Single seizures: counts from the table, chances of sizes and compositions, and places that are not named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import dirichlet_multinomial, lognorm, multinomial

from flowsim.calibration import singles
from flowsim.calibration.population_evidence import Entries, SinglesRequest
from flowsim.calibration.singles import CLASSES, KINDS, ExpectedSingles
from flowsim.evidence.single_seizures import by, load_seizure_counts

ENTRIES = Entries(origins={"kyrgyzstan": ("kyrgyzstan",), "uzbekistan": ("uzbekistan", "tajikistan")})
ASKED = SinglesRequest(country="Kazakhstan", counted=(2011,), sized=(2011, 2012), held_out=(2014,))
OBLASTS = ("Karaganda", "South Kazakhstan", "Zhambyl")


@pytest.fixture(scope="module")
def of_2011():
    return singles.of_year(load_seizure_counts(), request=ASKED, year=2011, entries=ENTRIES, oblasts=OBLASTS)


@pytest.fixture(scope="module")
def expected():
    rng = np.random.default_rng(1)
    classes = rng.gamma(1.0, size=(2, len(KINDS), len(CLASSES)))
    parts = {"entries": 2, "modes": 2, "oblasts": 3}
    compositions = {"kinds": classes.sum(axis=2)} | {name: rng.gamma(1.0, size=(2, n)) for name, n in parts.items()}
    return ExpectedSingles(classes=classes, compositions=compositions, unnamed=np.ones(2))


def test_the_counts_are_those_of_the_table(of_2011):
    own = {"country": "Kazakhstan", "drug": "heroin", "year": 2011}
    kinds = by("place_kind", **own)
    assert of_2011.number == 101  # of 102, one is below 0.1 kg
    assert of_2011.compositions["kinds"][0] == kinds[("border_crossing",)][0]
    assert of_2011.compositions["oblasts"].tolist() == [by(**own, region=name)[()][0] for name in OBLASTS]
    named = by("departure", **own)
    assert of_2011.compositions["entries"][1] == named[("Uzbekistan",)][0] + named[("Tajikistan",)][0]
    assert of_2011.compositions["modes"][1] == by(**own, mode="rail")[()][0]
    assert of_2011.counted


def test_a_year_without_seizures_and_years_that_contradict_are_refused():
    with pytest.raises(ValueError, match=r"single seizures of 2013 must have seizures of heroin .* in Kazakhstan"):
        singles.of_year(load_seizure_counts(), request=ASKED, year=2013, entries=ENTRIES, oblasts=OBLASTS)
    with pytest.raises(ValueError, match="held-out year of single seizures must not be fitted too, got 2011"):
        replace(ASKED, held_out=(2011,))
    with pytest.raises(ValueError, match="counted year of single seizures must be one of 2012"):
        replace(ASKED, sized=(2012,))


def test_class_chances_are_those_of_the_lognormal_below_its_maximum():
    found = singles.class_chances(np.array([1.5]), np.array([1.3]), maximum=1000.0)[0]
    law = lognorm(1.3, scale=1.5)
    assert found[0] == pytest.approx((law.cdf(0.2) - law.cdf(0.1)) / law.cdf(1000.0))
    assert found.sum() == pytest.approx(1.0 - law.cdf(0.1) / law.cdf(1000.0))
    assert found[-1] == 0.0


def test_the_log_chance_is_that_of_multinomials_and_dirichlet_multinomials(of_2011, expected):
    """SciPy's laws, up to the multinomial coefficients, which do not depend on parameters."""
    reporter = np.array([7.0, 30.0])
    found = singles.log_chance(of_2011, expected, reporter=reporter)
    sums = np.zeros(2)
    for k in range(2):
        for group, counts in zip(
            singles.group_chances(expected, unknown=of_2011.unknown), of_2011.classes, strict=True
        ):
            law = multinomial(int(counts.sum()), group[k])
            sums[k] += law.logpmf(counts)
        for name, counts in of_2011.compositions.items():
            shares = singles.mixed(singles.composition(expected, name, unknown=of_2011.unknown))[k]
            sums[k] += dirichlet_multinomial(reporter[k] * shares, int(counts.sum())).logpmf(counts.astype(int))
    assert found[1] - found[0] == pytest.approx(sums[1] - sums[0])


def test_places_are_not_named_as_often_everywhere_if_the_odds_are_1(expected):
    shares = singles.composition(expected, "kinds", unknown=0.4)
    assert shares == pytest.approx(0.6 * expected.compositions["kinds"])
    anywhere = singles.group_chances(expected, unknown=0.4)[-1]
    every = expected.classes.sum(axis=1)
    assert anywhere == pytest.approx(every / every.sum(axis=1, keepdims=True))


def test_more_dwellings_are_unnamed_at_higher_odds_and_none_are_lost(expected):
    higher = replace(expected, unnamed=np.full(2, 5.0))
    named = singles.composition(higher, "kinds", unknown=0.3)
    whole = expected.compositions["kinds"]
    assert (named[:, 2] / whole[:, 2] < named[:, 0] / whole[:, 0]).all()
    assert named.sum(axis=1) == pytest.approx(0.7 * whole.sum(axis=1))


def test_an_oblast_without_expected_seizures_may_have_some(of_2011, expected):
    none = {**expected.compositions, "oblasts": np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])}
    assert np.isfinite(singles.log_chance(of_2011, replace(expected, compositions=none), reporter=np.ones(2))).all()


def test_entries_are_two_and_their_groups_make_the_whole():
    drawn = {"entry_kyrgyzstan": np.array(0.6), "rail_kyrgyzstan": np.array(0.1), "rail_uzbekistan": np.array(0.5)}
    assert [float(share) for share in ENTRIES.ways(drawn)] == pytest.approx([0.54, 0.06, 0.2, 0.2])
    with pytest.raises(ValueError, match="entries must be two, got 'kyrgyzstan'"):
        Entries(origins={"kyrgyzstan": ("kyrgyzstan",)})


def test_the_median_of_classes_lies_within_the_middle_one():
    from flowsim.calibration.population_predictive import middle

    counts = np.zeros(len(CLASSES))
    counts[[2, 3, 4]] = 3, 2, 3
    assert middle(counts) == pytest.approx(CLASSES[3] * 2**0.5)
