"""Files of single seizures as UNODC gives them: two layouts, printed words, and mistakes with their place."""

import csv
from datetime import date
from pathlib import Path

import pytest
from together import together

from flowsim.evidence.seizure_reports import read_reports
from flowsim.evidence.seizure_words import load_layouts, load_words
from flowsim.evidence.single_seizures import MODES, PLACE_KINDS

OWN = Path(__file__).parent / "ids"
REPORT = (OWN / "report.csv").read_text(encoding="utf-8")
"""Own seizures in the columns of the report; those of Russia are wrong."""

PLATFORM = (OWN / "platform.csv").read_text(encoding="utf-8")
"""Own seizures in the columns of the platform, as a spreadsheet with decimal commas saves them."""


def places():
    with (OWN / "places.csv").open(encoding="utf-8", newline="") as file:
        return [(row["place"], row["region"], row["kind"]) for row in csv.DictReader(file)]


@pytest.fixture
def read(tmp_path):
    def reading(text, country="Kazakhstan"):
        path = tmp_path / "IDS.csv"
        path.write_text(text, encoding="utf-8")
        return read_reports(path, country=country)

    return reading


def test_the_columns_of_the_report_are_read(read):
    found = read(REPORT)
    assert (found.layout, found.rows, len(found.reports)) == ("report", 5, 3)
    first, second, third = found.reports
    assert first.words == ("Kazakhstan", 2015, "heroin", "Zhambyl", "border_crossing", "road_private", "Kyrgyzstan")
    assert (first.line, first.day, first.kg, first.step) == (2, date(2015, 1, 9), 1.25, pytest.approx(0.01))
    assert second.words == ("Kazakhstan", 2015, "heroin", "Karaganda", "dwelling", "unknown", "")
    assert (second.kg, second.step) == (pytest.approx(0.85), pytest.approx(0.01))
    assert third.words == ("Kazakhstan", 2015, "opium", "North Kazakhstan", "road", "road_commercial", "Iran")
    assert (third.kg, third.step) == (2, 1)
    assert [report.named for report in found.reports] == [4, 2, 4]


def test_the_columns_of_the_platform_are_read_with_what_a_spreadsheet_makes_of_them(read):
    found = read(PLATFORM, country="Kyrgyz Republic")
    first, second = found.reports
    assert found.layout == "platform"
    assert (first.day, first.kg) == (date(2019, 1, 31), 0.5)
    assert first.words == ("Kyrgyzstan", 2019, "heroin", "Osh", "dwelling", "unknown", "")
    assert (second.day, second.kg) == (date(2019, 2, 7), pytest.approx(1.2005))
    assert second.words == ("Kyrgyzstan", 2019, "heroin", "Чуйская область", "road", "road_commercial", "")


def test_the_order_of_columns_and_the_case_of_their_names_do_not_matter(read):
    lines = [",".join(line.split(",")[::-1]) for line in PLATFORM.replace(",", ".").replace(";", ",").splitlines()]
    text = "\n".join([lines[0].upper(), *lines[1:]]) + "\n"
    assert [report.words for report in read(text, country="Kyrgyzstan").reports] == [
        report.words for report in read(PLATFORM, country="Kyrgyzstan").reports
    ]


def test_a_region_of_another_country_is_the_printed_province(read):
    text = REPORT.replace("-3,Litre", "3,Kilogram")
    (report,) = read(text, country="Russia").reports
    assert (report.country, report.region) == ("Russia", "Omsk Region")
    (report,) = read(text.replace("Omsk Region, Omsk city", "Taiga, Tomsk"), country="Russian Federation").reports
    assert report.region == "Tomsk"


@together(
    "printed, day",
    [
        ("09.02.2015", date(2015, 2, 9)),
        ("2015-02-09 00:00:00", date(2015, 2, 9)),
        ("13/02/2015", date(2015, 2, 13)),
        ("2/13/2015 0:00", date(2015, 2, 13)),
    ],
)
def test_dates_as_spreadsheets_print_them(read, printed, day):
    assert read(REPORT.replace("2015-01-09", printed)).reports[0].day == day


def test_the_order_of_day_and_month_is_told_by_the_chosen_country_or_else_by_any_row(read):
    text = REPORT.replace("2015-01-09", "02/03/2015")
    assert read(text.replace("2015-05-13", "5/13/2015")).reports[0].day == date(2015, 2, 3)
    both = text.replace("2015-02-10", "31/01/2015").replace("2015-05-13", "5/13/2015")
    assert read(both).reports[0].day == date(2015, 3, 2)


@together("place, region, kind", places())
def test_oblasts_and_kinds_of_place_are_read_in_both_scripts(read, place, region, kind):
    (report, *_) = read(REPORT.replace('"BCP ""Korday"", Zhambyl"', '"' + place.replace('"', '""') + '"')).reports
    assert (report.region, report.place_kind) == (region, kind)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("1.25,Kilogram", "-1.25,Kilogram", "line 2, column 'Amount' must be above 0 and .*, got '-1.25 Kilogram'"),
        ("1.25,Kilogram", "0,Kilogram", "line 2, column 'Amount' must be above 0"),
        ("1.25,Kilogram", "60000,Kilogram", "line 2, column 'Amount' must be above 0 and at most 50,000 kg"),
        ("1.25,Kilogram", "some,Kilogram", "line 2, column 'Amount' must be a finite number, got 'some'"),
        ("1.25,Kilogram", '"1,250.5",Gram', "line 2, column 'Amount' must be a finite number with a decimal point"),
        (
            "850,Gram",
            "850,Litre",
            "line 3, column 'Drug Unit' must be a unit of mass, one of kilogram, .*, got 'Litre'",
        ),
        ("850,Gram", "850,", "line 3, column 'Drug Unit' must not be empty"),
        ("2015-02-10", "2015-02-30", "line 3, column 'Seizure Date' must be a date, .*, got '2015-02-30'"),
        ("2015-02-10", "", "line 3, column 'Seizure Date' must not be empty"),
        ("2015-02-10", "1915-02-10", "line 3, column 'Seizure Date' must lie in 1990 to 2099, got '1915-02-10'"),
        ("2015-02-10", "02/10/2015", "with slashes one must tell, for all, which number is the day, got '02/10/2015'"),
        (",Amount,", ",Mass,", r"line 1 must have the columns of the layout 'report', and lacks 'Amount', got"),
        (",Seizure Date,Drug Name", ",When,What", "lacks 'Seizure Date' or 'Date of Seizure', 'Drug Name', got"),
        ("Heroin", "Cocaine", "have a seizure of heroin or opium"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_column(read, before, after, rule):
    text = REPORT.replace("Opium", "Cocaine") if before == "Heroin" else REPORT
    with pytest.raises(ValueError, match=rule):
        read(text.replace(before, after))


def test_all_mistakes_are_told_at_once_and_many_are_cut(read):
    text = REPORT.replace("1.25,", "-1,").replace("850,Gram", "850,Litre")
    with pytest.raises(ValueError, match="2 mistakes") as told:
        read(text)
    assert ("line 2" in str(told.value), "line 3" in str(told.value)) == (True, True)
    row = REPORT.splitlines()[1].replace("1.25", "-1")
    with pytest.raises(ValueError, match="and 5 more"):
        read("\n".join([REPORT.splitlines()[0], *[row] * 25]) + "\n")


def test_a_country_without_a_report_is_refused_with_those_that_have_one(read):
    with pytest.raises(
        ValueError, match="must be one of Kazakhstan, Russia, got 'Kasakhstan'; did you mean 'Kazakhstan'"
    ):
        read(REPORT, country="Kasakhstan")


def test_rows_of_other_countries_are_checked_only_when_they_are_asked_for(read):
    assert len(read(REPORT).reports) == 3
    for country in ("Russia", None):
        with pytest.raises(ValueError, match="line 6, column 'Drug Unit' must be a unit of mass"):
            read(REPORT, country=country)


def test_words_mean_what_the_table_of_counts_holds():
    words = load_words()
    assert words.meaning("drug", "HEROIN") == "heroin"
    assert words.meaning("drug", "poppy straw") is None
    kinds = {
        words.meaning("installation", text) for text in ("Frontier", "Residence", "Street", "Airport", "Post office")
    }
    assert kinds <= set(PLACE_KINDS)
    assert len(kinds) == 5
    modes = [words.meaning("mode", text) for text in ("Private road", "Rail", "Pedestrian", "Mail", "Vessel/boat")]
    assert modes == ["road_private", "rail", "foot", "mail", "other"]
    assert set(modes) <= set(MODES)
    # A word begins a word of the text: a boat is no oat, and a car no scar.
    assert words.meaning("mode", "scar") is None


def test_a_broken_row_of_the_words_is_refused(tmp_path):
    path = tmp_path / "seizure_words.csv"
    for row, rule in (
        ("mode,,part,bike,bicycle", "line 2: Word.means must be one of road_private"),
        ("mood,,part,bike,road_private", "line 2: Word.field must be one of .*, got 'mood'"),
        ("mode,,all,bike,road_private", "line 2: Word.match must be one of whole, part, got 'all'"),
        ("mode,,part,,road_private", "line 2: Word.word must not be empty"),
        ("mode,,part,car,road_private\nmode,,whole,CAR,other", "must have different names"),
    ):
        path.write_text(f"field,country,match,word,means\n{row}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=rule):
            load_words(tmp_path)


def test_a_layout_has_a_column_for_all_that_is_needed():
    for layout in load_layouts().values():
        assert {"country", "day", "drug", "amount", "unit", "place", "mode"} <= set(layout)
