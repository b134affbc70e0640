"""Second reports of a seizure: which pairs are one, and which of them is kept."""

from datetime import date

import pytest
from together import together

from flowsim.evidence.second_reports import same_seizure, second_reports
from flowsim.evidence.seizure_reports import SeizureReport


def report(kg, *, line=2, day=10, step=0.001, region="North", **words):
    given = {"country": "Utopia", "drug": "heroin", "place_kind": "unknown", "mode": "unknown", "departure": ""}
    return SeizureReport(line=line, day=date(2015, 3, day), kg=kg, step=step, region=region, **(given | words))


@together(
    "first, second, same",
    [
        (report(1.0), report(1.01), True),
        (report(1.0), report(1.011), False),
        (report(1.0), report(1.0, region="South"), True),
        (report(1.0), report(1.0, region=""), True),
        (report(1.25), report(1.25, day=11), True),
        (report(1.25), report(1.25, day=9), True),
        (report(1.25), report(1.25, day=12), False),
        (report(1.25), report(1.25, day=11, region="South"), False),
        (report(1.25, region=""), report(1.25, day=11, region=""), False),
        (report(1.2, step=0.1), report(1.18), True),
        (report(1.2, step=0.1), report(1.18, day=11), True),
        (report(1.2, step=0.1), report(1.18, region="South"), False),
        (report(1.2, step=0.1), report(1.26), False),
        (report(20.0, step=10), report(20.9), True),
        (report(20.0, step=10), report(21.2), False),
        (report(1.0, step=1), report(1.4), False),
    ],
)
def test_pairs_of_one_seizure(first, second, same):
    assert same_seizure(first, second, by_region=False) is same
    assert same_seizure(second, first, by_region=False) is same


@together(
    "other, same",
    [
        (report(1.001), True),
        (report(1.001, region="South"), False),
        (report(1.0, day=11), False),
        (report(1.02, step=0.01), False),
    ],
)
def test_where_chance_pairs_are_many_region_day_and_mass_must_be_the_same(other, same):
    assert same_seizure(report(1.0, step=1), other, by_region=True) is same


def test_the_report_that_names_most_is_kept():
    reports = [
        report(1.2, line=2, step=0.1),
        report(1.18, line=3, step=0.01, departure="Atlantis"),
        report(1.18, line=4, step=0.01, mode="rail", place_kind="rail"),
    ]
    assert second_reports(reports, by_region=()) == {0, 1}


def test_of_those_that_name_as_much_the_one_with_more_digits_and_then_the_first_is_kept():
    assert second_reports([report(1.2, step=0.1), report(1.18, line=3)], by_region=()) == {0}
    assert second_reports([report(1.18), report(1.18, line=3)], by_region=()) == {1}


def test_a_chain_of_nearly_equal_masses_is_not_one_seizure():
    chain = [report(1.0), report(1.009, line=3), report(1.018, line=4)]
    assert second_reports(chain, by_region=()) == {1}


def test_another_country_or_drug_is_another_seizure():
    reports = [report(1.0), report(1.0, line=3, drug="opium"), report(1.0, line=4, country="Atlantis")]
    assert not second_reports(reports, by_region=())


@pytest.mark.parametrize(("by_region", "second"), [((), {1}), (("Utopia",), set())])
def test_countries_are_named_in_which_the_region_counts(by_region, second):
    assert second_reports([report(1.0), report(1.0, line=3, region="South")], by_region=by_region) == second
