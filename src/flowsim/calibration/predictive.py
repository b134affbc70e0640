"""Posterior predictive check of all reported numbers, fitted or held out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim import checks
from flowsim.calibration.components import Cell
from flowsim.calibration.data import Reported, span
from flowsim.calibration.model import Model, cells_behind
from flowsim.calibration.predictive_rows import COLUMNS, check_rows, point_row
from flowsim.calibration.synthetic_reports import Year, simulate_year
from flowsim.evidence import opiates, reported
from flowsim.evidence.targets import load_targets

Floats = npt.NDArray[np.float64]

FIRST, LAST = 1996, 2011
"""Simulated years of each draw."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Simulated years of one draw."""

    years: Mapping[int, Year]
    """Simulated years."""

    def total(self, year: int, chosen: Callable[[Cell], bool] | None = None, *, until: float = 1.0) -> float:
        """Mass seized in a year, in some cells and up to a part of the year [kg].

        Parameters
        ----------
        year
            Calendar year.
        chosen
            Condition on cells; all by default.
        until
            End, as part of the year [1].
        """
        return self.years[year].total(self._cells(year, chosen), end=until)

    def largest(self, year: int, chosen: Callable[[Cell], bool] | None = None, *, until: float = 1.0) -> float:
        """Mass of the largest consignment or case [kg].

        Parameters
        ----------
        year, chosen, until
            As for `total`.
        """
        return self.years[year].largest(self._cells(year, chosen), end=until)

    def _cells(self, year: int, chosen: Callable[[Cell], bool] | None) -> frozenset[Cell]:
        return frozenset(cell for cell in self.years[year].cells if chosen is None or chosen(cell))


def histories(
    model: Model, draws: Sequence[Mapping[str, float]], *, seed: int, years: Sequence[int] = range(FIRST, LAST + 1)
) -> list[History]:
    """Years simulated consignment by consignment, one history for each draw.

    Parameters
    ----------
    model
        Model.
    draws
        Values of the parameters of each draw.
    seed
        Seed of all random numbers.
    years
        Calendar years.
    """
    rng = np.random.default_rng(seed)
    return [History(years={year: simulate_year(model, drawn, year=year, rng=rng) for year in years}) for drawn in draws]


def of_rows(model: Model, rows: Mapping[str, Reported], found: Sequence[History]) -> pd.DataFrame:
    """Posterior predictive check of each row of a table of reported seizures.

    Parameters
    ----------
    model
        Model.
    rows
        Rows by key.
    found
        Simulated years.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; for bounds on consignments, `probability` is the probability of the bound.
    """
    return check_rows(
        rows,
        masses=lambda row: _masses(model, rows, row, found),
        largest=lambda row: np.array([_largest(history, row, model=model, rows=rows) for history in found]),
    )


def _masses(model: Model, rows: Mapping[str, Reported], row: Reported, found: Sequence[History]) -> Floats:
    """Masses of a row, or for a share their part of the whole, dims (history,) [unit of the row]."""
    chosen = cells_behind(row, rows=rows, setting=model.setting)
    start, end = span(row)
    years = [history.years[row.year] for history in found]
    masses = np.array([year.total(chosen, start=start, end=end) for year in years])
    if row.of:
        whole = cells_behind(rows[row.of], rows=rows, setting=model.setting)
        masses /= [max(1e-9, year.total(whole, start=start, end=end)) for year in years]
    return masses


def _largest(history: History, row: Reported, *, model: Model, rows: Mapping[str, Reported]) -> float:
    """Mass of the largest consignment or case in the period of a row, possibly of several years [kg]."""
    chosen = cells_behind(row, rows=rows, setting=model.setting)
    if row.start.year == row.end.year:
        start, end = span(row)
        return history.years[row.year].largest(chosen, start=start, end=end)
    return max(history.years[year].largest(chosen) for year in range(row.start.year, row.end.year + 1))


def _share(history: History, year: int, chosen: Callable[[Cell], bool], *, until: float = 1.0) -> float:
    return history.total(year, chosen, until=until) / max(1e-9, history.total(year, until=until))


def _oblast(name: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.oblast == name


def _agency(name: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.agency == name


def _series(history: History) -> Floats:
    """Totals of the eleven years of the series [kg]."""
    return np.array([history.total(year) for year in range(1996, 2007)])


def _swing(history: History) -> float:
    """Largest ratio, over oblasts with seizures in 2005, of the mass in 2006 to that in 2005 [1]."""
    oblasts = {cell.oblast for cell in history.years[2005].cells}
    pairs = [(history.total(2005, _oblast(name)), history.total(2006, _oblast(name))) for name in oblasts]
    return max((after / before for before, after in pairs if before > 0), default=0.0)


def _one_case(history: History) -> float:
    """Share of the largest event in a quarter's mass of South Kazakhstan [1]."""
    south = _oblast("South Kazakhstan")
    return history.largest(2005, south, until=0.25) / max(1e-9, history.total(2005, south, until=0.25))


def _quarters(history: History) -> float:
    """Mass in the first quarter of 2005 in South Kazakhstan over that of 2004 [1]."""
    south = _oblast("South Kazakhstan")
    return history.total(2005, south, until=0.25) / max(1e-9, history.total(2004, south, until=0.25))


def _count(history: History, year: int) -> float:
    """Seizures of a year; a case counts as one [1]."""
    found = history.years[year]
    return float((found.case < 0).sum() + len(np.unique(found.case[found.case >= 0])))


POINTS: Mapping[str, tuple[str, Callable[[History], float]]] = MappingProxyType(
    {
        "val-opiates-variability": (
            "coefficient of variation of eleven years",
            lambda h: float(_series(h).std(ddof=1) / max(1e-9, _series(h).mean())),
        ),
        "val-opiates-maxmin": (
            "largest over smallest of eleven years",
            lambda h: float(_series(h).max() / max(1e-9, _series(h).min())),
        ),
        "val-west-heroin-2006": (
            "share of West Kazakhstan 2006",
            lambda h: _share(h, 2006, _oblast("West Kazakhstan")),
        ),
        "val-pavlodar-opium-2006": (
            "share of Pavlodar 2006 (opium, as if heroin)",
            lambda h: _share(h, 2006, _oblast("Pavlodar")),
        ),
        "val-knb-opiates-2004": ("share of the KNB 2004 (opiates)", lambda h: _share(h, 2004, _agency("KNB"))),
        "val-customs-1995": (
            "share of the Customs 1995 (all narcotics)",
            lambda h: _share(h, 1996, _agency("Customs"), until=0.75),
        ),
        "val-south-q1-ratio": ("first quarter of the South, 2005 over 2004 (opium)", _quarters),
        "val-max-2011": ("largest of 2011 [kg]", lambda h: h.largest(2011)),
    }
)
"""Numerical hold-outs: description, and their value in a history."""

EVENTS: Mapping[str, tuple[str, Callable[[History, float], bool]]] = MappingProxyType(
    {
        "val-max-2009-10": (
            "no consignment or case above {:g} kg in 2009 and 2010",
            lambda h, bound: max(h.largest(2009), h.largest(2010)) <= bound,
        ),
        "val-min-count-2009": ("{:g} seizures or more in 2009", lambda h, bound: _count(h, 2009) >= bound),
        "val-min-count-2010": ("{:g} seizures or more in 2010", lambda h, bound: _count(h, 2010) >= bound),
        "val-zhambyl-heroin-2006": (
            "share of Zhambyl below {:.3g} in 2006",
            lambda h, bound: _share(h, 2006, _oblast("Zhambyl")) < bound,
        ),
        "val-zhambyl-opium-2006": (
            "share of Zhambyl below {:.3g} in 2006 (opium, as if heroin)",
            lambda h, bound: _share(h, 2006, _oblast("Zhambyl")) < bound,
        ),
        "val-oblast-swing": ("an oblast grows {:g}-fold from 2005 to 2006", lambda h, bound: _swing(h) >= bound),
        "val-south-ring-q1-2005": (
            "one event is {:g} of a quarter of the South (opium, as if heroin)",
            lambda h, bound: _one_case(h) >= bound,
        ),
        "val-knb-opiates-2005": (
            "share of the KNB above {:.3g} in 2005 (opiates)",
            lambda h, bound: _share(h, 2005, _agency("KNB")) >= bound,
        ),
    }
)
"""Hold-outs that happened or not: description with the bound, and their truth in a history."""

RECORD = 500.0
"""Mass of the record consignment, the only one so large in sixteen years [kg]."""

SKIPPED: Mapping[str, str] = MappingProxyType(
    {
        "val-upstream-heroin-2010": "no country upstream is modelled",
        "val-scanner-direction": "a sign without numbers; devices of both kinds are assumed",
        "val-downstream-2005": "a consignment found in another country",
        "val-opium-2011": "an amount of opium, whose flow is not reported",
        "val-consumption": "a number of the flow and of users; no seizure goes into it",
    }
)
"""Hold-outs without a prediction, and the reason."""

ALSO: Mapping[str, str] = MappingProxyType(
    {
        "val-national-heroin-2009": "heroin-2009",
        "val-max-2009-10": "largest-2009-2010",
        "val-west-heroin-2006": "heroin-2006-west",
    }
)
"""Hold-outs with the same number as a row of the table of reported seizures, and the key of the row."""

SUMS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("val-opiates-variability", "val-opiates-maxmin"), "opium-1997")
)
"""Hold-outs of the opiate series, and a row of the totals that it is the sum of: none where those are fitted."""


def of_hold_outs(found: Sequence[History], *, rows: Collection[str] = ()) -> pd.DataFrame:
    """Posterior predictive check of the hold-outs of the evidence of Kazakhstan.

    Parameters
    ----------
    found
        Simulated years, `FIRST` to `LAST`.
    rows
        Keys of a table of reported seizures already checked by `of_rows`: hold-outs with the same number (`ALSO`) or of
        sums of its rows (`SUMS`) are left out, so that none is counted twice.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; for events, `probability` is their probability and the quantiles are missing.
    """
    table = []
    targets = load_targets()
    total, ceiling = reported("fd16-heroin-2009"), reported("fd16-max-seizure-2009-10")
    left_out = {key for key, row in {**ALSO, **SUMS}.items() if row in rows}
    for key, (what, of) in POINTS.items():
        if key not in left_out:
            predicted = np.array([of(history) for history in found])
            table.append(point_row(what, predicted, float(targets[key].value or 0.0), held=True))
    if "val-national-heroin-2009" not in left_out:
        table.append(point_row("mass of 2009 [kg]", np.array([h.total(2009) for h in found]), total, held=True))
    chances = {}
    for key, (what, happens) in EVENTS.items():
        if key in left_out:
            continue
        bound = targets[key].high if targets[key].low in (None, 0.0) else targets[key].low
        chances[what.format(bound)] = np.mean([happens(history, float(bound or 0.0)) for history in found])
    chances[f"{total:g} kg or more and none above {ceiling:g} kg in 2009"] = np.mean(
        [h.total(2009) >= total and h.largest(2009) <= ceiling for h in found]
    )
    chances[f"a consignment of {RECORD:g} kg or more in {FIRST} to {LAST}"] = np.mean(
        [max(float(year.mass.max(initial=0.0)) for year in h.years.values()) >= RECORD for h in found]
    )
    nothing = (np.nan,) * 4
    table += [(what, True, *nothing, float(chance), bool(chance >= 0.05)) for what, chance in chances.items()]
    return pd.DataFrame(table, columns=list(COLUMNS))


def from_the_others(values: Floats) -> Floats:
    r"""Each value less the mean of all others.

    As :math:`n \bar x = x_k + (n - 1) \bar x_{-k}`, the difference :math:`x_k - \bar x_{-k}` is :math:`n / (n - 1)`
    times the one from the overall mean, :math:`x_k - \bar x`; of independent values with variance :math:`\sigma^2` its
    variance is :math:`\sigma^2 n / (n - 1)`.

    Parameters
    ----------
    values
        At least two values, dims (year,) [any unit].

    Raises
    ------
    ValueError
        If there is a single value.
    """
    count = len(values)
    checks.require(count > 1, thing="values that leave one another out", rule="be at least 2", value=count)
    found: Floats = (values - values.mean()) * (count / (count - 1))
    return found


def log_scores(found: Sequence[History], *, level: float) -> pd.DataFrame:
    """Log scores of the model and of a lognormal fitted to the eleven-year series; the larger is better.

    Each year of the series is predicted from the other ten: by a lognormal with their mean and spread (Student's t with
    a flat prior, Gelman and others, Bayesian Data Analysis, 2013, section 3.2), and by the model's distance of a year
    from the mean of ten others, as of `from_the_others`. The heroin of 2009 is predicted by both: the lognormal with
    the spread of the series about the level of the totals that were fitted.

    Parameters
    ----------
    found
        Simulated years.
    level
        Level of the lognormal for 2009: geometric mean of the national totals that were fitted [kg].
    """
    from scipy.stats import gaussian_kde, norm  # here, because they take a second to import
    from scipy.stats import t as student

    series = np.log(list(opiates().values()))
    shape = gaussian_kde(np.concatenate([from_the_others(np.log(_series(history))) for history in found]))
    rows = []
    count = len(series)
    for k in range(count):
        others = np.delete(series, k)
        scale = others.std(ddof=1) * np.sqrt(1.0 + 1.0 / (count - 1))
        lognormal = float(student.logpdf(series[k], count - 2, loc=others.mean(), scale=scale))
        rows.append((1996 + k, lognormal, float(shape.logpdf(series[k] - others.mean())[0])))
    predicted = gaussian_kde(np.log([history.total(2009) for history in found]))
    value = np.log(reported("fd16-heroin-2009"))
    lognormal = float(norm.logpdf(value, loc=np.log(level), scale=series.std(ddof=1)))
    rows.append((2009, lognormal, float(predicted.logpdf(value)[0])))
    return pd.DataFrame(rows, columns=["year", "lognormal", "model"])


def noise_floor(model: Model, drawn: Mapping[str, float], *, years: int, seed: int, flow: float) -> Floats:
    """Reported shares of the flow of single years under constant detection, dims (year,) [1].

    Parameters
    ----------
    model
        Model.
    drawn
        Values of the parameters.
    years
        Number of years.
    seed
        Seed of all random numbers.
    flow
        Denominator of the share of each year's total [kg/year].
    """
    rng = np.random.default_rng(seed)
    cells = frozenset(model.setting.reference)
    totals = [simulate_year(model, drawn, year=0, rng=rng).total(cells) for _ in range(years)]
    return np.array(totals) / flow
