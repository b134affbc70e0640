"""A small country with two populations of consignments, for tests of the reporting model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowsim.calibration import population_build, singles
from flowsim.calibration.abroad import Abroad
from flowsim.calibration.components import Cell
from flowsim.calibration.data import COLUMNS, load
from flowsim.calibration.population_evidence import Entries, SinglesRequest
from flowsim.calibration.population_setting import PopulationSetting
from flowsim.calibration.priors import Prior
from flowsim.calibration.splits import Splits
from flowsim.evidence.single_seizures import load_seizure_counts

ENTRIES = Entries(origins={"east": ("kyrgyzstan",), "west": ("uzbekistan", "tajikistan")})
SPLITS = Splits(
    entries=ENTRIES,
    origins={
        ("east", "road"): np.array([[0.4]]),
        ("east", "rail"): np.array([[0.1]]),
        ("west", "road"): np.array([[0.2], [0.1]]),
        ("west", "rail"): np.array([[0.15]]),
    },
    rest=np.array([0.05]),
)
OBLASTS = ("Karaganda", "South Kazakhstan", "Zhambyl")
ASKED = SinglesRequest(country="Kazakhstan", counted=(2011,), sized=(2011, 2012), held_out=(2014,))

REFERENCE = {
    Cell("crossing", "Zhambyl", "Customs", "routine"): np.array([30.0, 10, 5, 5, 2]),
    Cell("crossing", "South Kazakhstan", "Customs", "routine"): np.array([0.0, 0, 40, 20, 2]),
    Cell("patrol", "Zhambyl", "Border Guards", "patrol"): np.array([5.0, 0, 5, 0, 0]),
    Cell("inside", "Karaganda", "Committee", "routine"): np.array([60.0, 20, 10, 10, 10]),
    Cell("inside", "South Kazakhstan", "Committee", "tip"): np.array([0.0, 0, 50, 20, 0]),
    Cell("knb", "Karaganda", "KNB", "case"): np.array([50.0, 10, 20, 10, 5]),
    Cell("committee", "Zhambyl", "Committee", "case"): np.array([20.0, 5, 20, 10, 5]),
    Cell("market", "South Kazakhstan", "Committee", "market"): np.array([10.0, 10, 10, 10, 10]),
}
EARLY = {cell: mass * (0.5 if cell.component == "inside" else 1.0) for cell, mass in REFERENCE.items()}

PRIORS = {
    **{"crossing": (20, 200), "patrol": (5, 50), "inside": (40, 400), "knb": (30, 300), "committee": (20, 200)},
    **{"market": (5, 50), "cases": (15, 45), "small_median": (0.6, 3), "small_log_sd": (1.0, 1.6)},
    **{"wholesale_median": (20, 60), "wholesale_log_sd": (0.5, 0.9), "retail_median": (0.1, 0.6)},
    **{"retail_log_sd": (1.2, 2.0), "level_log_sd": (0.3, 1.0), "year_log_sd": (0.1, 0.5), "unnamed": (0.5, 4)},
    **{"reporter": (5, 50), "inflow": (70, 75), "exit_south": (0.25, 4), "abroad": (2, 30), "harvest": (0.3, 3)},
}
SHARES = {
    **{"share_south": (0.1, 0.5), "found_share": (0.1, 0.7), "mass_share": (0.8, 0.97), "ring_share": (0.1, 0.7)},
    **{"level_rho": (0.1, 0.9), "completeness": (0.8, 0.98), "case_dwelling": (0.2, 0.8)},
    **{"entry_east": (0.3, 0.8), "rail_east": (0.05, 0.3), "rail_west": (0.2, 0.7)},
}

HEAD = ",".join((*COLUMNS, "note"))
FLOW = "flow-{0},flow,t,heroin,,,,{0}-01-01,{0}-12-31,60,1,50,80,,,,,judgement: x,"
ROWS = (
    *(FLOW.format(year) for year in (2004, 2005, 2006, 2008, 2009, 2010, 2011, 2012)),
    "total-2004,fit,kg,heroin,,,,2004-01-01,2004-12-31,300,1,,,,,,,report 1,",
    "knb-2005,fit,kg,heroin,,KNB,,2005-01-01,2005-11-30,150,1,,,,,,,report 2,",
    "rest-2005,fit,kg,heroin,,,,2005-01-01,2005-12-31,500,1,,,knb-2005,,,,report 3,",
    "total-2006,fit,kg,heroin,,,,2006-01-01,2006-12-31,450,1,64,,,,,,report 4,",
    "south-2008,fit,1,heroin,South Kazakhstan,,,2008-01-01,2008-12-31,0.3,0.01,,,,total-2008,,,report 5,",
    "total-2008,hold-out,kg,heroin,,,,2008-01-01,2008-12-31,400,1,,,,,,,report 6,",
    "largest-2010,fit,kg,heroin,,,,2010-01-01,2010-12-31,,1,,90,,,,,report 7,",
    "total-2010,hold-out,kg,heroin,,,,2010-01-01,2010-12-31,320,1,,,,,,,report 8,",
)
OPIUM = "opium-{0},{1},kg,opium,,,,{0}-01-01,{0}-12-31,{2},1,,,,,,,opium {0},"
OPIUM_ROWS = (
    *(OPIUM.format(year, "fit", kg) for year, kg in {2004: 90, 2005: 210, 2006: 260, 2010: 40}.items()),
    OPIUM.format(2008, "hold-out", 120),
)
OPIUM_PRIORS = {
    **{"opium": (40, 400), "opium_median": (0.5, 3), "opium_log_sd": (1.0, 1.8)},
    **{"opium_level_log_sd": (0.4, 1.2)},
}
"""Of a country whose totals of opium are fitted too."""


def priors():
    """Priors of all parameters, in the order of the setting."""
    found = {
        name: Prior(title=name, family=family, low=low, high=high, unit="1", source="judgement: x")
        for family, group in (
            ("lognormal", PRIORS | OPIUM_PRIORS),
            ("logit_normal", SHARES | {"opium_level_rho": (0.1, 0.9)}),
        )
        for name, (low, high) in group.items()
    }
    return found


SECTORS = {"north": ("n",), "south": ("s",)}
TILT = np.array([1.2, 0.8, 0.0])


def by_sector(division):
    """The same division with two sectors of exits; more than half leaves in the north."""
    parts = {way: part * np.array([0.6, 0.4, 0.0]) for way, part in division.origins.items()}
    rest = division.rest * np.array([0.5, 0.5, 0.0])
    return Splits(entries=replace(division.entries, sectors=SECTORS), origins=parts, rest=rest)


def of_sectors(cells):
    """Cells by group and sector: in the north a fifth more is seized than on average, in the south a fifth less."""
    return {cell: np.append(np.outer(mass[:-1], TILT).ravel(), mass[-1]) for cell, mass in cells.items()}


def setting(*, sectors=False):
    """Setting of the country; before 2006 half as much is found inside."""
    if sectors:
        plain = setting()
        return replace(
            plain,
            splits=by_sector(plain.splits),
            reference=of_sectors(plain.reference),
            years={year: of_sectors(cells) for year, cells in plain.years.items()},
            of_year={
                year: np.append(np.outer(s[:-1], [0.6, 0.4, 0.0]).ravel(), s[-1]) for year, s in plain.of_year.items()
            },
        )
    return PopulationSetting(
        areas={"south": "South Kazakhstan"},
        splits=SPLITS,
        populations=("small", "wholesale"),
        reference=REFERENCE,
        years={2004: EARLY, 2005: EARLY},
        of_year={2004: np.array([0.3, 0.1, 0.4, 0.15, 0.05])},
        maximum=1000.0,
        size_exponent=1.2,
        oblasts=OBLASTS,
    )


def table(folder, *more):
    """Table of reported seizures of the country, with more rows."""
    path = folder / "reported.csv"
    path.write_text("\n".join([HEAD, *ROWS, *more]) + "\n", encoding="utf-8")
    return load(path)


def model(folder, *more, seen=True, sectors=False, quick=False, harvests=None):
    """Model of the country, with the single seizures of Kazakhstan, and with sectors some beyond the exits.

    More rows of its table may be given. A quick one lacks the row of a share, whose fine grid takes twenty times as
    long as all others.
    """
    where, counts = setting(sectors=sectors), load_seizure_counts()
    years = ASKED.sized if seen else ()
    asked = {"request": ASKED, "entries": ENTRIES, "oblasts": OBLASTS}
    read = [singles.of_year(counts, year=year, **asked) for year in years]
    beyond = [Abroad(year=year, sectors=np.array([60.0, 40.0])) for year in (2011, 2012)] if sectors else []
    rows = {key: row for key, row in table(folder, *more).items() if not (quick and row.unit == "1")}
    return population_build.build(rows, setting=where, priors=priors(), seen=read, beyond=beyond, harvests=harvests)
