"""Populations in the tables of a world: what the rows give, where their numbers come from, and what a user sees."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import flowsim as fs
from flowsim.world.populations import ConsignmentSizes, Population
from flowsim.world_tables import provenance, reader

DATA = Path(fs.__file__).parent / "data"
FOLDER, OVERLAY = DATA / "worlds" / "single_checkpoint", DATA / "overlays" / "wholesale"


@pytest.fixture(scope="module")
def world():
    return fs.load_world("wholesale")


def test_a_row_gives_a_population(world):
    small, wholesale = world.traffic.populations
    sizes = {"median": 40.0, "log_sd": 0.3, "tail_start": 200.0, "tail_share": 0.0, "tail_exponent": 1.0}
    assert wholesale == Population(
        name="wholesale",
        drug="heroin",
        mass_share=0.8,
        low=0.8,
        high=0.8,
        sizes=ConsignmentSizes(**sizes, maximum=400.0, selection=0.0),
        concealment=2.0,
        rings=1.0,
        tips=1.0,
        kind="assumed",
        source="judgement: teaching example",
    )
    assert (small.mass_share, small.rings, small.concealment) == (0.2, 0.0, 0.0)


def test_a_world_without_the_table_has_none_and_the_same_identity():
    world = fs.load_world("single_checkpoint")
    assert world.traffic.populations == ()
    empty = reader.read_tables(FOLDER) | {"populations": ()}
    assert reader.digest(empty) == world.identity.tables
    assert reader.digest(reader.read_tables(FOLDER, overlays=[OVERLAY])) != world.identity.tables


def test_every_number_has_a_source_and_the_uncertain_ones_an_interval(world):
    rows = reader.read_tables(FOLDER, overlays=[OVERLAY])
    found = {(n.key, n.name): n for n in provenance.of_tables(rows, world=world) if n.table == "populations"}
    assert len(found) == 2 * 11
    share = found["heroin/wholesale", "mass_share"]
    assert (share.value, share.low, share.high, share.unit, share.kind) == (0.8, 0.8, 0.8, "1", "assumed")
    assert found["heroin/small", "load_median"].unit == "kg"
    assert {name for (_, name), n in found.items() if n.low is not None} == set(provenance.populations.UNCERTAIN)


def test_check_says_what_each_population_sends(command):
    code, out, err = command("study=check", "world=wholesale")
    assert (code, err) == (0, "")
    said = re.sub(r"\s+", " ", out)
    assert "heroin/small: 20 % of the mass, 441.2 consignments a year of 2.27 kg; concealment +0, 0 % in rings" in said
    assert "heroin/wholesale: 80 % of the mass, 95.6 consignments a year of 41.8 kg; concealment +2, 100 %" in said


def test_each_seizure_says_whose_it_was(world):
    table = fs.simulate(world, replications=2, seed=1)
    names = set(table.seizure_population.values)
    assert names == {"small", "wholesale"}
    mass = table.seizure_mass.groupby("seizure_population").mean()
    assert float(mass.sel(seizure_population="small")) < 10 < float(mass.sel(seizure_population="wholesale"))
    plain = replace(world, traffic=replace(world.traffic, populations=()))
    assert set(fs.simulate(plain, replications=1, seed=1).seizure_population.values) == {""}
