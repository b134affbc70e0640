"""Annual totals of seven countries: as reported, with gaps that are no zeros."""

import shutil
from collections import Counter

import pytest

from flowsim.evidence import load_sources, reported
from flowsim.evidence.annual_totals import COUNTRIES, DRUGS, annual_series, load_annual_totals
from flowsim.evidence.folder import FOLDER

HEROIN = {
    **{1997: 43, 1998: 24.2, 1999: 54.3, 2000: 262.4, 2001: 136.7, 2002: 167.7, 2003: 707, 2004: 457.7, 2005: 625.7},
    **{2006: 554.6, 2007: 522, 2008: 1639, 2009: 731.6, 2010: 323, 2011: 306.7, 2012: 306.7, 2013: 753.9, 2014: 392.3},
}
"""Heroin of Kazakhstan [kg], to 0.1 kg."""


@pytest.fixture
def changed(tmp_path):
    """A copy of the table with some text of it replaced."""

    def change(before, after):
        path = tmp_path / "annual_totals.csv"
        shutil.copy(FOLDER / path.name, path)
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), encoding="utf-8")
        return load_annual_totals(tmp_path)

    return change


def test_every_country_and_drug_has_rows_of_a_source():
    rows = load_annual_totals()
    assert {row.source for row in rows} <= set(load_sources())
    counts = Counter((row.country, row.drug) for row in rows)
    assert len(rows) == 418
    assert {country for country, _ in counts} == set(COUNTRIES)
    assert {drug for _, drug in counts} == set(DRUGS)
    assert ("Turkmenistan", "morphine") not in counts


def test_heroin_of_kazakhstan_is_that_of_the_portal():
    assert {year: round(kg, 1) for year, kg in annual_series("Kazakhstan", "heroin").items()} == HEROIN


def test_the_totals_are_those_that_the_documents_print():
    heroin, opium = annual_series("Kazakhstan", "heroin"), annual_series("Kazakhstan", "opium")
    assert heroin[2006] == pytest.approx(reported("fd16-heroin-2006"), abs=0.06)
    assert opium[2006] == pytest.approx(reported("fd16-opium-2006"), abs=0.06)
    assert heroin[2010] == reported("fd16-heroin-2010")
    assert (heroin[2001], opium[2001]) == (pytest.approx(137, abs=0.5), 36)


def test_a_year_without_a_report_is_unknown_and_not_zero():
    heroin = annual_series("Kazakhstan", "heroin")
    assert not {1994, 1995, 1996, 2015} & set(heroin)
    assert {1994, 1995, 1996} <= set(annual_series("Kazakhstan", "opium"))
    (hardly,) = (
        row for row in load_annual_totals() if (row.country, row.drug, row.year) == ("Kazakhstan", "heroin", 1994)
    )
    assert hardly.kg == pytest.approx(0.026)
    assert not hardly.is_report
    assert min(annual_series("Kazakhstan", "morphine").values()) < 0.001


ROW = "Kazakhstan,2008,heroin,1639,"


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        ("Kasakhstan,2008,heroin,1639,", "country must be one of .*, got 'Kasakhstan'; did you mean 'Kazakhstan'"),
        ("Kazakhstan,2008,herion,1639,", "drug must be one of heroin, opium, morphine, got 'herion'"),
        ("Kazakhstan,2008.5,heroin,1639,", "line .*, column 'year' must be a whole number, got '2008.5'"),
        ("Kazakhstan,208,heroin,1639,", r"annual_totals.csv line \d+: .*year must lie in \[1980, 2019\], got 208"),
        ("Kazakhstan,2008,heroin,0,", r"annual_totals.csv line \d+: .*kg must be a finite number above 0, got 0.0"),
        ("Kazakhstan,2008,heroin,-1639,", "kg must be a finite number above 0, got -1639.0"),
        ("Kazakhstan,2008,heroin,,", "line .*, column 'kg' must be a finite number, got ''"),
        ("Kazakhstan,2007,heroin,1639,", "must have different names, got .*2007.* more than once"),
    ],
)
def test_a_broken_row_is_refused(changed, after, rule):
    with pytest.raises(ValueError, match=rule):
        changed(ROW, after)


def test_another_country_or_drug_is_refused():
    with pytest.raises(ValueError, match=r"country of the annual totals must be one of .*, got 'Iran'"):
        annual_series("Iran", "heroin")
    with pytest.raises(ValueError, match=r"drug of the annual totals must be one of .*, got 'cannabis'"):
        annual_series("Kazakhstan", "cannabis")
