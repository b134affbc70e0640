"""Texts of the page: both languages say the same numbers."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from flowsim.report import wording
from flowsim.report.wording import Text, in_russian, listed, named, plain, text

SOURCE = ROOT / "src" / "flowsim" / "report"
EVERY = [(section, name) for section, own in wording._texts().items() for name in own]


def words(line):
    return sorted(name for _, name, _, _ in Formatter().parse(line) if name)


@pytest.mark.parametrize("section", wording._texts())
def test_each_text_has_both_languages_and_the_same_numbers(section):
    for name, found in wording._texts()[section].items():
        assert set(found) == set(wording.LANGUAGES), name
        assert words(found["en"]) == words(found["ru"]), name
        assert all(line.strip() for line in found.values()), name


def test_no_text_is_left_over():
    said = "".join(file.read_text(encoding="utf-8") for file in [*SOURCE.glob("*.py"), SOURCE / "page" / "page.html"])
    # The name of a text may be put together of its section and a word, as of a column or of the file of a figure.
    drawn = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "src" / "flowsim").rglob("*.py"))
    drawn += "".join(file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml"))
    parts = [f"{section}.{name}" for section, name in EVERY if f"{section}.{name}" not in said]
    for section in ("section", "decision", "answer", "limits", "provenance", "results"):
        assert f'"{section}.' in said
        parts = [key for key in parts if not (key.startswith(section) and f'"{key.partition(".")[2]}"' in said)]
    assert [key for key in parts if key.partition(".")[2] not in drawn] == []


def numbers(line):
    """Numbers of a text in English or Russian."""
    bare = line.replace("\N{NO-BREAK SPACE}", "").replace("\N{MINUS SIGN}", "-")
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", bare)]


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_a_number_is_the_same_in_each_language(value, digits):
    shown = plain(f"{value:,.{digits}f} kg")
    assert numbers(shown.en.replace(",", "")) == numbers(shown.ru.replace(",", "."))


@pytest.mark.parametrize(
    ("english", "russian"),
    [("1,234,567.8", "1 234 567,8"), ("0.5 to 12", "0,5 to 12"), ("a.b 3", "a.b 3"), ("1, 2", "1, 2")],
)
def test_russian_has_a_decimal_comma_and_spaces(english, russian):
    assert in_russian(english).replace("\N{NO-BREAK SPACE}", " ") == russian


def test_a_minus_is_no_hyphen():
    assert plain("-3 (-4 to -2) in a-1").en == "−3 (−4 to −2) in a-1"


def test_a_number_keeps_its_unit_on_the_line():
    assert "475\N{NO-BREAK SPACE}kg" in text("answer.reported_year", kg="475", year="2010").en
    assert "475\N{NO-BREAK SPACE}кг" in text("answer.reported_year", kg="475", year="2010").ru


def test_an_unknown_text_or_a_missing_number_is_an_error():
    with pytest.raises(KeyError):
        text("answer.nothing")
    with pytest.raises(KeyError):
        text("answer.reported_year", kg="475")


def test_names_are_russian_as_far_as_they_are_known():
    assert named("Customs") == Text("Customs", "Таможня")
    assert named("Somewhere") == Text("Somewhere", "Somewhere")
    assert listed([Text("one", "раз"), Text("two", "два")]) == Text("one, two", "раз, два")
    assert listed([]) == Text("", "")
