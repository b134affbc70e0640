"""What goes into a calibration: the table of reported seizures, the priors, and which rows are refused."""

from datetime import date

import numpy as np
import pytest
from together import together

from flowsim.api import load_world
from flowsim.calibration import abroad, data, harvests, opium, population_setting, splits
from flowsim.calibration.components import cells_of, totals
from flowsim.calibration.model import Setting, build, cells_behind, needed
from flowsim.calibration.priors import Prior
from flowsim.config.calibration_files import PACKAGED, build_calibration
from flowsim.config.compose import compose_config
from flowsim.evidence import reported as figure_of
from flowsim.evidence.targets import load_targets

HEAD = ",".join((*data.COLUMNS, "note"))
FLOW = "flow,flow,t,heroin,,,,2010-01-01,2010-12-31,60,1,50,80,,,,,judgement: x,"
TOTAL = "total,fit,kg,heroin,,,,2010-01-01,2010-12-31,120,1,,,,,,,report 1,"


def row(key="a", use="fit", unit="kg", value="40", **cells):
    base = {"key": key, "use": use, "unit": unit, "drug": "heroin", "value": value, "source": "report 1"}
    base |= {"start": "2010-01-01", "end": "2010-12-31"} | cells
    return ",".join(base.get(name, "") for name in (*data.COLUMNS, "note"))


def load(tmp_path, *rows):
    path = tmp_path / "reported.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return data.load(path)


@pytest.fixture(scope="module")
def kazakhstan():
    world = load_world("kazakhstan_2010")
    cells = cells_of(world)
    calibration = build_calibration(compose_config([]))
    return Setting(
        areas=dict(calibration.areas),
        reference=cells,
        years=dict.fromkeys((2005, 2006, 2009, 2010), cells),
        sizes=world.traffic.sizes,
        size_exponent=1.2,
    )


@together(
    "rows, message",
    [
        ([FLOW, row(value="-3")], r"line 3 \('a'\): value must be at least 0, got -3.0"),
        (
            [FLOW, TOTAL, row(unit="1", value="1.2", of="total")],
            r"\('a'\): value must be a share of at most 1, got 1.2",
        ),
        ([FLOW, TOTAL, row(unit="1", value="0.2")], r"\('a'\): of must name the row that is the whole"),
        ([row()], r"\('a'\) must lie in a year with a row of use flow \(there is none\), got 2010"),
        ([FLOW, row(start="2009-01-01", end="2009-12-31")], r"year with a row of use flow \(2010\), got 2009"),
        (
            [FLOW, row(evidence="x"), row("b", agency="KNB", evidence="x")],
            r"two targets of the same evidence\), got 'x'",
        ),
        ([FLOW, row(), row("b")], r"\('b'\) must not be about the same as .*\('a'\)"),
        (
            [FLOW, row(evidence="x"), row("b", "hold-out", agency="KNB", evidence="x")],
            r"\('b'\) must not rest on what .*one is fitted, the other held out",
        ),
        ([FLOW, row(), row(use="hold-out")], r"\('a'\) must not stand both fitted and held out"),
        ([FLOW, row(drug="cannabis")], r"\('a'\): drug must be heroin, or opium of the whole country and year in kg"),
        ([FLOW, row(drug="opium", place="Zhambyl")], r"\('a'\): drug must be heroin, or opium of the whole country"),
        ([FLOW, row(drug="opium", end="2010-06-30")], r"\('a'\): drug must be heroin, or opium of the whole country"),
        ([FLOW, row(drug="opium", at_least="5")], r"\('a'\): drug must be heroin, or opium of the whole country"),
        ([FLOW, row(value="")], r"\('a'\) must have a value or bounds on its largest consignment"),
        ([FLOW, row(at_least="50")], r"\('a'\): at_least must be at most the total \(40 kg\), got 50.0"),
        ([FLOW, row(minus="b")], r"must name rows of the table, got 'b'"),
        ([FLOW, row(start="2010-13-01")], r"start must be a day as YYYY-MM-DD"),
        ([FLOW, row(end="2011-03-01")], r"end must lie in the year of start"),
        ([FLOW, row(value="reported:fd16-land-mode-share")], r"value must refer to a figure in kg, got .* in percent"),
        ([FLOW], r"must have a row of use fit"),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_name(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        load(tmp_path, *rows)


@pytest.mark.slow
def test_a_target_that_no_route_can_produce_is_refused(tmp_path, kazakhstan):
    rows = load(tmp_path, FLOW, row(place="Ruritania"))
    with pytest.raises(ValueError, match=r"\('a'\) must be something that a route of the world can produce, got 'Ruri"):
        cells_behind(rows["a"], rows=rows, setting=kazakhstan)
    rows = load(tmp_path, FLOW, row(agency="KNB", channel="market"))
    with pytest.raises(ValueError, match="must be something that a route"):
        cells_behind(rows["a"], rows=rows, setting=kazakhstan)


def test_what_is_taken_off_must_be_a_part(tmp_path, kazakhstan):
    rows = load(tmp_path, FLOW, row(agency="KNB", minus="b"), row("b", agency="Customs", value="3"))
    with pytest.raises(ValueError, match=r"\('a'\): minus must take off parts of its own"):
        cells_behind(rows["a"], rows=rows, setting=kazakhstan)
    rows = load(tmp_path, FLOW, row(minus="b"), row("b", agency="Customs", value="60"))
    with pytest.raises(ValueError, match=r"\('a'\): minus must leave at least 0 of 40, got -20"):
        data.remainder(rows["a"], rows)


def test_the_rounding_is_that_of_the_last_printed_digit(tmp_path):
    rows = load(tmp_path, FLOW, row(value="40"), row("b", agency="KNB", value="40.25"))
    assert [rows[key].rounding for key in "ab"] == [1.0, 0.01]
    rows = load(tmp_path, FLOW, row(value="reported:fd16-customs-heroin-2010"))
    assert (rows["a"].value, rows["a"].rounding) == (39.8, 0.1)


def test_periods_are_parts_of_their_year(tmp_path):
    rows = load(tmp_path, FLOW, row(end="2010-09-30"))
    assert rows["a"].exposure == pytest.approx(273 / 365)
    assert rows["a"].end == date(2010, 9, 30)


def test_the_fitted_rows_of_kazakhstan_are_the_reported_figures(kazakhstan):
    """Their numbers come from the evidence, and the rest of 2006 has neither fitted places nor the one held out."""
    rows = data.load(PACKAGED / "kazakhstan_2010.csv")
    fitted = {key: data.remainder(row, rows) for key, row in rows.items() if row.use == "fit"}
    assert fitted == pytest.approx(
        {
            "heroin-2005-knb": figure_of("cb05-knb-heroin-2005"),
            "heroin-2005-committee": figure_of("cb05-heroin-130"),
            "heroin-2006-south": 151.1,
            "heroin-2006-almaty-city": 89.0,
            "heroin-2006-rest": 554.7 - 151.1 - 89.0 - 133.8,
            "heroin-2010-customs": 39.8,
            "heroin-2010-rest": 323 - 39.8,
        }
    )
    assert rows["heroin-2005-committee"].at_least == 64
    assert rows["largest-2009-2010"].at_most == 55
    assert rows["largest-2009-2010"].use == rows["heroin-2009"].use == rows["heroin-2006-west"].use == "hold-out"


def test_what_the_targets_hold_out_is_not_fitted():
    """No figure behind a hold-out of the evidence alone goes into a fitted row; totals that only divide may."""
    rows = data.load(PACKAGED / "kazakhstan_2010.csv")
    fitted = {piece for row in rows.values() if row.use == "fit" for piece in row.evidence}
    targets = load_targets()
    fitting = {key for target in targets.values() if target.use == "calibration" for key in target.inputs}
    assert fitted <= fitting
    for key in (
        "val-national-heroin-2009",
        "val-max-2009-10",
        "val-record-2008",
        "val-max-2011",
        "val-west-heroin-2006",
    ):
        own = set(targets[key].inputs) - fitting - {"fd16-heroin-2006-west"}
        assert not own & fitted


@pytest.mark.slow
def test_components_add_up_to_all_that_is_seized(kazakhstan):
    from flowsim.engine.expectation.engine import expect

    world = load_world("kazakhstan_2010")
    assert sum(totals(kazakhstan.reference).values()) == pytest.approx(expect(world).seized[0].sum(), rel=5e-3)


def test_sums_of_disjoint_rows_add_up(kazakhstan):
    """South, Almaty city, West and the rest make the whole year."""
    rows = data.load(PACKAGED / "kazakhstan_2010.csv")
    names = ("heroin-2006-south", "heroin-2006-almaty-city", "heroin-2006-west", "heroin-2006-rest")
    parts = [cells_behind(rows[name], rows=rows, setting=kazakhstan) for name in names]
    assert frozenset().union(*parts) == frozenset(kazakhstan.years[2006])
    assert sum(map(len, parts)) == len(kazakhstan.years[2006])


@pytest.mark.parametrize(
    ("family", "low", "high"), [("lognormal", 2.0, 40.0), ("logit_normal", 0.1, 0.6), ("half_normal", 0.0, 0.588)]
)
def test_priors_have_their_points(family, low, high):
    prior = Prior(title="x", family=family, low=low, high=high, unit="1", source="y")
    scores = np.random.default_rng(1).standard_normal(200_000)
    drawn = prior.value(scores)
    assert (drawn <= high).mean() == pytest.approx(0.95, abs=5 * np.sqrt(0.05 * 0.95 / 200_000))
    if family != "half_normal":
        assert (drawn <= low).mean() == pytest.approx(0.05, abs=5 * np.sqrt(0.05 * 0.95 / 200_000))
    assert (np.diff(prior.value(np.linspace(-8, 8, 99))) > 0).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"family": "gamma"}, "Prior.family must be one of"),
        ({"low": 3.0}, r"Prior.high must be a|Prior.high must be above"),
        ({"family": "logit_normal", "low": 0.5, "high": 1.0}, "Prior.high must be below 1 of a share"),
        ({"family": "half_normal"}, "Prior.low must be 0 of a half-normal prior"),
        ({"source": " "}, "Prior.source must not be empty"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(fields, message):
    base = {"title": "x", "family": "lognormal", "low": 1.0, "high": 2.0, "unit": "1", "source": "y"}
    with pytest.raises(ValueError, match=message):
        Prior(**base | fields)


def test_every_prior_of_the_package_has_a_source_and_belongs_to_a_parameter(kazakhstan):
    calibration = build_calibration(compose_config([]))
    entries = calibration.populations.entries
    ways = [(entry, mode) for entry in entries.names for mode in ("road", "rail")]
    even = splits.Splits(entries=entries, origins={way: np.full((1, 4), 0.06) for way in ways}, rest=np.full(4, 0.01))
    cells = dict.fromkeys(kazakhstan.reference, np.ones(17))
    of_two = population_setting.PopulationSetting(
        areas=kazakhstan.areas,
        splits=even,
        populations=("small", "wholesale"),
        reference=cells,
        years={},
        of_year={},
        maximum=1000.0,
        size_exponent=1.2,
        oblasts=(),
    )
    further = {abroad.CLOSENESS, harvests.ELASTICITY, *opium.PARAMETERS}
    every = {*needed(kazakhstan), *population_setting.needed(of_two), *further}
    assert set(calibration.priors) | {"inflow"} == every
    for prior in calibration.priors.values():
        assert prior.source.startswith(("judgement: ", "cable2005", "unodc", "independent: "))


def test_a_missing_prior_is_refused(kazakhstan):
    rows = data.load(PACKAGED / "kazakhstan_2010.csv")
    with pytest.raises(ValueError, match=r"a parameter with a prior must be one of .* got 'crossing'"):
        build(rows, setting=kazakhstan, priors={"inside": build_calibration(compose_config([])).priors["inside"]})


def test_opium_is_not_fitted_with_one_population(tmp_path, kazakhstan):
    rows = load(tmp_path, FLOW, TOTAL, row(drug="opium"))
    priors = build_calibration(compose_config([])).priors
    with pytest.raises(
        ValueError, match=r"\('a'\): drug must be heroin, the one drug that is fitted with one population"
    ):
        build(rows, setting=kazakhstan, priors=priors)
