"""Single seizures beyond the exits: counts of the table, their chance, and recovery of the flow that leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import small_country
from scipy.stats import dirichlet_multinomial

from flowsim.calibration import abroad
from flowsim.calibration.population_evidence import AbroadRequest, Entries, PopulationEvidence, SinglesRequest
from flowsim.calibration.population_reports import simulate_abroad
from flowsim.calibration.priors import values
from flowsim.evidence.single_seizures import load_seizure_counts

ASKED = AbroadRequest(
    country="Russia",
    regions={"volga": ("Samara", "Orenburg"), "altai": ("Altai Krai", "Novosibirsk")},
    fitted=(2011, 2012),
    held_out=(2014,),
)


def test_seizures_are_those_of_the_regions_from_a_tenth_of_a_kilogram_on():
    counts = load_seizure_counts()
    found = abroad.of_year(counts, request=ASKED, year=2012)
    for regions, number in zip(ASKED.regions.values(), found.sectors, strict=True):
        own = [c for c in counts if c.country == "Russia" and c.year == 2012 and c.drug == "heroin"]
        assert number == sum(c.seizures for c in own if c.region in regions and c.from_kg > 0.099) > 20


def test_the_chance_is_that_of_a_dirichlet_multinomial():
    seen = abroad.Abroad(year=2011, sectors=np.array([30.0, 20.0, 9.0]))
    leaving = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    closeness = np.array([5.0, 20.0])
    got = abroad.log_chance(seen, leaving, closeness=closeness)
    numbers = seen.sectors.astype(int)
    peer = [
        dirichlet_multinomial(c * p, numbers.sum()).logpmf(numbers) for c, p in zip(closeness, leaving, strict=True)
    ]
    assert got - got[0] == pytest.approx(np.array(peer) - peer[0])  # alike but for the number of orders, a constant


def test_the_flow_that_leaves_is_recovered():
    """Twenty years at a share of 0.7 put the likelihood's maximum within 0.08 of it, 3.5 standard errors (p < 1e-3)."""
    rng = np.random.default_rng(1)
    grid = np.linspace(0.01, 0.99, 99)
    leaving = np.stack([grid, 1.0 - grid], axis=1)
    total = np.zeros(len(grid))
    for year in range(20):
        shares = rng.dirichlet(20.0 * np.array([0.7, 0.3]))
        seen = abroad.Abroad(year=year, sectors=rng.multinomial(300, shares).astype(float))
        total += abroad.log_chance(seen, leaving, closeness=np.full(len(grid), 20.0))
    assert grid[np.argmax(total)] == pytest.approx(0.7, abs=0.08)


def test_a_sector_without_a_seizure_is_refused():
    nowhere = AbroadRequest(country="Russia", regions={"volga": ("Atlantis",)}, fitted=(2011,))
    rule = "sector volga must have a seizure of heroin in 2011 in one of its regions of Russia, got 'Atlantis'"
    with pytest.raises(ValueError, match=rule):
        abroad.of_year(load_seizure_counts(), request=nowhere, year=2011)


def test_regions_and_exits_have_the_same_sectors(tmp_path):
    entries = Entries(origins={"a": ("x",), "b": ("y",)}, sectors={"volga": ("oral",)})
    singles = SinglesRequest(country="Kazakhstan", counted=(), sized=(2011,))
    with pytest.raises(ValueError, match=r"the sectors of the regions abroad must be those of the exits \(volga\)"):
        PopulationEvidence(reported=tmp_path, entries=entries, singles=singles, abroad=ASKED)
    with pytest.raises(ValueError, match="a held-out year beyond the exits must not be fitted too, got 2011"):
        AbroadRequest(country="Russia", regions={}, fitted=(2011,), held_out=(2011,))


def test_simulated_seizures_beyond_the_exits_follow_the_flow(tmp_path):
    """The mean of 400 simulations lies within four standard errors of the flow's share (p < 1e-4)."""
    model = small_country.model(tmp_path, sectors=True)
    drawn = {name: float(one.value(0.0)) for name, one in model.priors.items()}
    drawn |= {"exit_south": 2.0, "abroad": 10.0}
    (one, _), rng = model.abroad, np.random.default_rng(3)
    seen = [simulate_abroad(model, drawn, one, rng=rng).sectors for _ in range(400)]
    shares = np.array(seen) / one.sectors.sum()
    leaving = model.leaving({name: np.array([value]) for name, value in drawn.items()}, year=2011)[0]
    assert (np.abs(shares.mean(axis=0) - leaving) < 4 * shares.std(axis=0) / 20).all()
    assert leaving[1] > 0.5  # twice the odds of four in ten


def test_the_model_counts_each_year_beyond_the_exits_once(tmp_path):
    plain, more = small_country.model(tmp_path), small_country.model(tmp_path, sectors=True)
    assert set(more.names) - set(plain.names) == {"exit_south", abroad.CLOSENESS}
    scores = np.random.default_rng(4).standard_normal((5, len(more.names)))
    drawn = values(more.priors, scores)
    by_hand = sum(
        abroad.log_chance(one, more.leaving(drawn, year=one.year), closeness=drawn["abroad"]) for one in more.abroad
    )
    without = replace(more, abroad=())
    assert more.log_likelihood(scores) - without.log_likelihood(scores) == pytest.approx(by_hand)
