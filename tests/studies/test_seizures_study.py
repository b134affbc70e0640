"""The study `seizures`: from a file in a layout of UNODC to a table of counts."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowsim.evidence.single_seizures import by, load_seizure_counts
from flowsim.studies.seizures import run

HEADER = "Country,Seizure Date,Drug Name,Amount,Drug Unit,Place of Seizure,Mode of Transportation,Departure Country\n"
ROWS = """\
Kazakhstan,2015-01-09,Heroin,1.25,Kilogram,"Merke, Zhambyl",Rail,Kyrgyzstan
Kazakhstan,2015-01-09,Heroin,1250,Gram,Жамбылская область,,
Kazakhstan,2015-01-10,Heroin,1.3,Kilogram,"Merke, Zhambyl",Rail,
Kazakhstan,2015-06-10,Heroin,0.4,Kilogram,Almaty,,
Kazakhstan,2015-07-10,Heroin,12,Kilogram,Karaganda,Private road,Kyrgyzstan
Kazakhstan,2016-02-01,Opium,3,Kilogram,Karaganda,Private road,
Russian Federation,2015-03-01,Heroin,0.5,Kilogram,"Omsk Region, Omsk city",,
Russian Federation,2015-03-01,Heroin,0.5,Kilogram,"Tomsk Region, Tomsk city",,
"""


@pytest.fixture
def file(tmp_path):
    """Own seizures in a layout of UNODC; three reports are of one."""
    path = tmp_path / "IDS.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


@pytest.mark.slow
def test_seizures_are_counted_by_year_and_written(command, file):
    code, out, err = command("study=seizures", f"file={file.name}", "out=mine")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert out.splitlines()[0] == "IDS.csv: 8 rows in the layout 'report'"
    assert lines[1][:7] == ["6", "reports", "of", "heroin", "and", "opium", "of"]
    assert ["heroin", "2015", "3", "13.7", "1.25", "9.85", "12", "40", "%"] in lines
    assert ["opium", "2016", "1", "3.0", "3", "3", "3", "0", "%"] in lines
    assert "4 rows of counts: seizures.csv" in out
    counts = load_seizure_counts(Path("mine/seizures.csv"))
    assert {row.source for row in counts} == {"IDS.csv"}
    assert by("region", "mode", "from_kg", counts=counts, drug="heroin") == {
        ("Almaty city", "unknown", 0.4): (1, 0.4),
        ("Karaganda", "road_private", 6.4): (1, 12),
        ("Zhambyl", "rail", 0.8): (1, 1.25),
    }


def counted(path, **options):
    """What the study prints, and what it writes, without a world, which it does not need."""
    given = {"file": str(path), "country": "Kazakhstan", "by_region": ["Russia"]} | options
    printed = run(SimpleNamespace(options=given, out=path.parent), progress=None)
    return printed, load_seizure_counts(path.parent / "seizures.csv")


def test_another_country_is_counted_by_its_provinces(file):
    printed, counts = counted(file, country="Russian Federation")
    assert "2 reports of heroin and opium of Russia" in printed
    assert set(by("region", counts=counts)) == {("Omsk Region",), ("Tomsk Region",)}
    _, counts = counted(file, country="Russia", by_region=[])
    assert by(counts=counts) == {(): (1, 0.5)}


def test_all_countries_are_counted_if_none_is_named(file):
    printed, counts = counted(file, country=None)
    assert "8 reports of heroin and opium of 2 countries" in printed
    assert set(by("country", counts=counts)) == {("Kazakhstan",), ("Russia",)}


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (
            {"file": None},
            "file must name UNODC's file of individual drug seizures, saved as CSV, as file=IDS.csv, got None",
        ),
        ({"file": "none.csv"}, "saved as CSV, as file=IDS.csv, got 'none.csv'"),
        ({"country": "Omsk"}, "study.country, for IDS.csv, must be one of Kazakhstan, Russia, got 'Omsk'"),
        ({"country": ["a"]}, "study.country must name a country, or be null"),
        ({"by_region": "Russia"}, "study.by_region must be a list of countries, as [Russia] or []"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(file, options, rule):
    with pytest.raises(ValueError, match=re.escape(rule)):
        counted(file, **options)
    assert not (file.parent / "seizures.csv").exists()


def test_a_wrong_cell_is_refused_with_its_line_and_column(command, file):
    file.write_text(HEADER + ROWS.replace("0.4,Kilogram", "-0.4,Kilogram"), encoding="utf-8")
    code, _, err = command("study=seizures", "file=IDS.csv", "out=mine")
    assert code == 1
    assert "IDS.csv line 5, column 'Amount' must be above 0 and at most 50,000 kg, got '-0.4 Kilogram'" in err
    assert not Path("mine").exists()


def test_a_file_has_no_effect_in_another_study(command):
    code, _, err = command("study=evidence", "file=IDS.csv")
    assert code == 1
    assert "file= has no effect in study=evidence" in err
