"""Single seizures by size class: the table that is shipped, and what may not stand in it."""

import math
from itertools import pairwise

import pytest
from paths import ROOT
from together import together

from flowsim.evidence import load_sources
from flowsim.evidence.annual_totals import annual_series
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.single_seizures import (
    DIMENSIONS,
    EDGES,
    UPPER,
    by,
    counted,
    edge_below,
    load_seizure_counts,
    written,
)

KAZAKHSTAN = {"country": "Kazakhstan", "drug": "heroin"}


@pytest.fixture
def changed(tmp_path):
    """Three rows of the table, the first of them replaced."""
    header, first, *rows = (FOLDER / "seizure_classes.csv").read_text(encoding="utf-8").splitlines()
    assert first == "Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,1,0.09972,unodc-ids2017"

    def change(row):
        path = tmp_path / "counts.csv"
        path.write_text("\n".join([header, row, *rows[:2]]) + "\n", encoding="utf-8")
        return load_seizure_counts(path)

    return change


@together(
    "year, seizures, kg",
    [(2011, 102, 300), (2012, 34, 308), (2014, 78, 428)],
)
def test_the_seizures_of_kazakhstan_are_as_many_and_as_heavy_as_reported(year, seizures, kg):
    found, mass = by(**KAZAKHSTAN, year=year)[()]
    assert found == seizures
    assert mass == pytest.approx(kg, abs=0.6)
    assert 0.97 < mass / annual_series("Kazakhstan", "heroin")[year] < 1.1


def test_there_are_no_rows_of_2013():
    assert {year for (year,) in by("year", country="Kazakhstan")} == {2011, 2012, 2014}


@together(
    "place_kind, numbers",
    [
        ("border_crossing", {2011: (18, 59), 2012: (10, 64), 2014: (16, 133)}),
        ("road", {2011: (14, 87), 2012: (9, 229), 2014: (14, 171)}),
        ("dwelling", {2011: (18, 32), 2012: (4, 2), 2014: (25, 43)}),
        ("rail", {2011: (12, 18), 2012: (2, 1), 2014: (6, 10)}),
        ("internal_post", {2011: (2, 2)}),
    ],
)
def test_kinds_of_place(place_kind, numbers):
    found = by("year", **KAZAKHSTAN, place_kind=place_kind)
    assert {year: (count, round(kg)) for (year,), (count, kg) in found.items()} == numbers


def test_oblasts_on_the_corridor_lead_and_south_kazakhstan_does_not():
    found = by("region", "year", **KAZAKHSTAN, region=("Karaganda", "Zhambyl", "South Kazakhstan"))
    assert {key: round(kg) for key, (_, kg) in found.items()} == {
        **{("Karaganda", 2011): 29, ("Karaganda", 2012): 178, ("Karaganda", 2014): 132},
        **{("South Kazakhstan", 2011): 22, ("South Kazakhstan", 2012): 28, ("South Kazakhstan", 2014): 13},
        **{("Zhambyl", 2011): 71, ("Zhambyl", 2012): 51, ("Zhambyl", 2014): 88},
    }


def test_four_fifths_of_the_kilograms_with_a_foreign_departure_come_by_kyrgyzstan():
    found = {name: kg for (name,), (_, kg) in by("departure", **KAZAKHSTAN).items()}
    foreign = {name: kg for name, kg in found.items() if name not in ("", "Kazakhstan")}
    assert foreign["Kyrgyzstan"] / sum(foreign.values()) == pytest.approx(0.79, abs=0.005)
    assert found[""] / sum(found.values()) == pytest.approx(0.40, abs=0.005)


def test_sizes_are_counted_below_and_above_a_tenth_of_a_kilogram():
    found = {edge: count for (edge,), (count, _) in by("from_kg", **KAZAKHSTAN).items()}
    assert sum(count for edge, count in found.items() if edge < 0.1) == 1
    assert found[102.4] == 1
    assert not [edge for edge in found if 51.2 <= edge < 102.4]


def test_the_page_prints_what_the_table_holds():
    lines = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8").splitlines()
    rows = {cells[1]: cells[2:5] for line in lines if len(cells := [cell.strip() for cell in line.split("|")]) == 6}
    years = [int(year) for year in rows["heroin of Kazakhstan"]]
    found = [by(**KAZAKHSTAN, year=year)[()] for year in years]
    assert rows["number of seizures"] == [str(count) for count, _ in found]
    assert rows["their mass [kg]"] == [f"{kg:.1f}" for _, kg in found]
    heroin = annual_series("Kazakhstan", "heroin")
    assert rows["annual total [kg]"] == [f"{heroin[year]:.1f}" for year in years]
    kinds = {"at border crossings": "border_crossing", "on roads inside": "road", "in dwellings": "dwelling"}
    for head, kind in kinds.items():
        counts = [by(**KAZAKHSTAN, year=year, place_kind=kind)[()] for year in years]
        assert rows[f"{head}, number and kg"] == [f"{count}, {kg:.0f}" for count, kg in counts]
    shares = [f"{100 * kg / heroin[year]:.0f}" for year, (_, kg) in zip(years, found, strict=True)]
    assert f"{shares[0]}, {shares[1]} and {shares[2]} % of the annual total" in " ".join(lines)
    every = by("country", "year", drug="heroin")
    parts = [
        100 * kg / annual_series(place, "heroin")[year]
        for (place, year), (_, kg) in every.items()
        if place != "Kazakhstan"
    ]
    assert f"are {min(parts):.0f} to {max(parts):.0f} % of the annual total of heroin" in " ".join(lines)


def test_every_row_has_a_source_and_a_class_of_its_own():
    rows = load_seizure_counts()
    assert {row.source for row in rows} <= set(load_sources())
    assert {row.country for row in rows} == {
        *("Kazakhstan", "Kyrgyzstan", "Russia", "Tajikistan", "Turkmenistan", "Uzbekistan")
    }
    assert sum(row.seizures for row in rows) > len(rows)


def test_the_classes_double_and_a_tenth_of_a_kilogram_is_an_edge():
    assert 0.1 in EDGES
    assert all(high == pytest.approx(2 * low) for low, high in pairwise(EDGES[1:]))
    assert (UPPER[0.1], UPPER[EDGES[-1]]) == (0.2, math.inf)


@together(
    "kg, edge",
    [
        (1e-9, 0.0),
        (0.09999, 0.05),
        (0.1, 0.1),
        (0.19999, 0.1),
        (0.2, 0.2),
        (1.0, 0.8),
        (164.5, 102.4),
        (5000.0, 3276.8),
    ],
)
def test_a_class_holds_its_lower_edge(kg, edge):
    assert edge_below(kg) == edge


def test_what_is_written_is_read_again_and_adds_up(tmp_path):
    place = ("Utopia", 2015, "opium", "North", "road", "foot")
    seizures = [((*place, "Atlantis"), 0.11), ((*place, ""), 0.15), ((*place, ""), 0.16), ((*place, ""), 3)]
    counts = counted(seizures, source="own2015")
    assert [(row.departure, row.from_kg, row.seizures, row.kg) for row in counts] == [
        ("", 0.1, 2, pytest.approx(0.31)),
        ("", 1.6, 1, 3),
        ("Atlantis", 0.1, 1, 0.11),
    ]
    path = tmp_path / "own.csv"
    path.write_text(written(counts), encoding="utf-8")
    assert by("departure", counts=load_seizure_counts(path)) == {
        ("",): (3, pytest.approx(3.31)),
        ("Atlantis",): (1, 0.11),
    }


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("Kazakhstan,2011,herion,,dwelling,unknown,,0.05,1,0.09972,x", "counts.csv line 2: .*drug must be one of"),
        ("Kazakhstan,2011,heroin,,dwellin,unknown,,0.05,1,0.09972,x", "place_kind must be one of .*mean 'dwelling'"),
        ("Kazakhstan,2011,heroin,,dwelling,car,,0.05,1,0.09972,x", "mode must be one of road_private"),
        ("Kazakhstan,11,heroin,,dwelling,unknown,,0.05,1,0.09972,x", r"year must lie in \[1990, 2099\], got 11"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.07,1,0.09972,x", "from_kg must be the lower edge .*, got 0.07"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,1,0.2,x", "kg must be the mass of 1 seizures of 0.05 to 0.1"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,3,0.11,x", "kg must be the mass of 3 seizures of 0.05 to 0.1"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,0,0.09972,x", "seizures must be a finite number above 0"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,1.5,0.09,x", "line 2, column 'seizures' must be a whole"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,1,-0.09,x", "kg must be a finite number above 0, got -0.09"),
        ("Kazakhstan,2011,heroin,,dwelling,unknown,,0.05,1,0.09972,", "source must not be empty"),
        ("Kazakhstan,2011,heroin,,rail,rail,,0.1,1,0.122,x", "must have different names"),
    ],
)
def test_a_broken_row_is_refused(changed, row, rule):
    with pytest.raises(ValueError, match=rule):
        changed(row)


def test_another_dimension_is_refused():
    with pytest.raises(ValueError, match=r"dimension of the single seizures must be one of .*, got 'oblast'"):
        by("oblast")
    with pytest.raises(ValueError, match=f"must be one of {', '.join(DIMENSIONS)}, got 'oblast'"):
        by(oblast="Karaganda")
