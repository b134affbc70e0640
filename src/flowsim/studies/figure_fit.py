"""Simulated years from draws of the posterior against everything reported, behind figure 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.calibration import predictive
from flowsim.calibration.components import Cell
from flowsim.calibration.model import Model
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.predictive import History
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.evidence import reported
from flowsim.evidence.targets import load_targets
from flowsim.results.intervals import ends
from flowsim.simulation.simulate import Progress
from flowsim.studies.calibrate import calibration_of, setup
from flowsim.studies.estimates import Amounts
from flowsim.studies.figure import Made, PaperFigure
from flowsim.studies.fit_populations import scores_said, tables_of
from flowsim.studies.layout import paragraph

KAZAKHSTAN = "kazakhstan_2010"
"""World with hold-outs in the evidence."""

TIMES = 3
"""Simulated histories per draw [1]."""

SHARES: Mapping[str, tuple[str, str, int]] = {
    "South Kazakhstan 2006": ("oblast", "South Kazakhstan", 2006),
    "Almaty city 2006": ("oblast", "Almaty city", 2006),
    "West Kazakhstan 2006": ("oblast", "West Kazakhstan", 2006),
    "Customs 2010": ("agency", "Customs", 2010),
}
"""Reported shares of figure 3: kind, name and year."""

REPORTED_SHARES = {
    "South Kazakhstan 2006": ("fd16-heroin-2006-south", "fd16-heroin-2006", False),
    "Almaty city 2006": ("fd16-heroin-2006-almaty-city", "fd16-heroin-2006", False),
    "West Kazakhstan 2006": ("fd16-heroin-2006-west", "fd16-heroin-2006", True),
    "Customs 2010": ("fd16-customs-heroin-2010", "fd16-heroin-2010", False),
}
"""Numerator and denominator of each share, and whether it is held out."""


def posterior_of(request: Request) -> xr.Dataset:
    """Posterior of a figure.

    Raises
    ------
    ValueError
        If the run uses none.
    """
    found = request.posterior
    rule = "use a posterior (calibration=posterior, of a world that has one)"
    checks.require(found is not None, thing="the figure", rule=rule, value="the assumed numbers")
    assert found is not None
    return found


def draws_of(dataset: xr.Dataset, names: Sequence[str], *, times: int = 1) -> list[dict[str, float]]:
    """Values of the parameters of all draws of a posterior.

    Parameters
    ----------
    dataset
        Posterior.
    names
        Parameters.
    times
        Number of copies of each draw.

    Raises
    ------
    ValueError
        If the posterior lacks a parameter, as one does that was made from other reports.
    """
    lacking = [name for name in names if name not in dataset]
    rule = "have all parameters of the reports that are fitted today (study=calibrate makes it anew)"
    checks.require(not lacking, thing="the posterior", rule=rule, value=f"none of {', '.join(lacking)}")
    flat = {name: dataset[name].values.ravel().astype(float) for name in names}
    count = dataset.sizes["chain"] * dataset.sizes["draw"]
    return [{name: float(found[k]) for name, found in flat.items()} for k in range(count) for _ in range(times)]


def make(request: Request, progress: Progress | None) -> Made:
    """Figure 3 with its tables: posterior predictive check of every row, share and hold-out."""
    from flowsim.figures.fig3_fig4_calibration import fit

    dataset = posterior_of(request)
    found = setup(request.world, calibration_of(request))
    draws = draws_of(dataset, found.model.names, times=TIMES)
    tell = progress or (lambda step, done, total: None)
    step, ours = "simulated years", request.world.name == KAZAKHSTAN
    tell(step, 0, 1)
    if isinstance(found.model, PopulationModel):
        tables, histories = tables_of(request, found.model, found.rows, draws, evidence=ours)
    else:
        histories = predictive.histories(found.model, draws, seed=request.plan.seed)
        tables = {"fit": predictive.of_rows(found.model, found.rows, histories)}
        if ours:
            tables["hold_outs"] = predictive.of_hold_outs(histories, rows=found.rows)
            tables["log_scores"] = predictive.log_scores(histories, level=level_of(found.model))
    tell(step, 1, 1)
    table = tables["fit"]
    more = pd.concat([tables[name] for name in ("singles", "hold_outs") if name in tables] or [table.iloc[:0]])
    lines = [f"{request.world.title}: posterior predictive check, {len(draws)} histories from posterior draws", ""]
    lines += _rows(table)
    if "singles" in tables:
        lines += ["", *_rows(tables["singles"])]
    if ours:
        lines += ["", *_hold_outs(tables)]
    elif "log_scores" in tables:
        lines += ["", scores_said(tables["log_scores"])]
    everything = pd.concat([table, more], ignore_index=True) if len(more) else table
    sentence = (
        "Years simulated consignment by consignment from draws of the posterior. Inside the 90 % prediction interval, "
        f"or of a probability of 5 % or more: {counted(everything)}."
    )
    masses = table["what"].isin([key for key, row in found.rows.items() if row.unit == "kg"])
    shares = tables["shares"] = shares_of(histories) if ours else table.iloc[:0]
    figure = fit(
        table[masses],
        shares,
        pd.concat([table[~masses], more], ignore_index=True) if len(more) else table[~masses],
        title=f"Reported and predicted seizures: {request.world.title}",
        sentence=sentence,
    )
    return Made(said="\n".join([*lines, "", *paragraph(sentence)]), drawn=figure, tables=tables)


def counted(table: pd.DataFrame) -> str:
    """Numbers of rows inside their prediction intervals, fitted and held out separately, with the ones missed.

    Parameters
    ----------
    table
        Rows of all reports, from `predictive.of_rows` and `predictive.of_hold_outs`.
    """
    parts = []
    for held, name in ((False, "fitted"), (True, "held out")):
        rows = table[table["held_out"].astype(bool) == held]
        missed = list(rows["what"][~rows["inside"].astype(bool)])
        text = f"{len(rows) - len(missed)} of {len(rows)} {name}"
        parts.append(f"{text} (missed: {'; '.join(missed)})" if missed else text)
    return " and ".join(parts)


def _hold_outs(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    scores = tables["log_scores"]
    sums = scores[["lognormal", "model"]].sum()
    if "ar1" in scores:
        return [*_rows(tables["hold_outs"]), "", *skipped(), "", scores_said(scores)]
    winner = "the lognormal" if sums["lognormal"] > sums["model"] else "the model"
    return [
        *_rows(tables["hold_outs"]),
        "",
        *skipped(),
        "",
        f"log score of {len(scores)} years: a lognormal fitted to the eleven-year series {sums['lognormal']:.2f}, "
        f"the model {sums['model']:.2f}; {winner} predicts better",
    ]


def skipped() -> list[str]:
    """Lines on the hold-outs without a prediction."""
    targets = load_targets()
    return [f"not predicted: {targets[key].quantity} ({reason})" for key, reason in predictive.SKIPPED.items()]


def level_of(model: Model) -> float:
    """Geometric mean of the national totals behind the fitted rows of 2006 and 2010 [kg]."""
    totals: dict[int, float] = {}
    for row, value in zip(model.rows, model.printed, strict=True):
        if row.year in (2006, 2010):
            totals[row.year] = totals.get(row.year, 0.0) + value
    return float(np.exp(np.mean(np.log(list(totals.values())))))


def shares_of(histories: Sequence[History]) -> pd.DataFrame:
    """Reported and predicted shares of oblasts and agencies [1].

    Parameters
    ----------
    histories
        Simulated years.
    """
    rows = []
    for what, (kind, name, year) in SHARES.items():
        part, whole, held = REPORTED_SHARES[what]
        belongs = partial(_belongs, kind, name)
        predicted = [history.total(year, belongs) / max(1e-9, history.total(year)) for history in histories]
        low, middle, high = np.quantile(predicted, [0.05, 0.5, 0.95]).tolist()
        value = reported(part) / reported(whole)
        row = {"what": what, "held_out": held, "reported": value, "q05": low, "median": middle, "q95": high}
        rows.append(row | {"inside": low <= value <= high})
    return pd.DataFrame(rows)


def _belongs(kind: str, name: str, cell: Cell) -> bool:
    return bool(getattr(cell, kind) == name)


def _rows(table: pd.DataFrame) -> list[str]:
    lines = [f"{'':66}{'reported':>10}{'90 % prediction interval':>26}{'p':>7}", "-" * 116]
    for row in table.to_dict("records"):
        number = "" if np.isnan(row["reported"]) else f"{row['reported']:.3g}"
        interval = ends(row["q05"], row["q95"])
        mark = "  held out" if row["held_out"] else ""
        failed = "" if row["inside"] else "  FAILS"
        lines.append(f"{row['what']:66}{number:>10}{interval:>26}{row['probability']:>7.2g}{mark}{failed}")
    return lines


FIGURE = PaperFigure(
    name="fig3_fit",
    make=make,
    keys=(*WORLD, "calibration", "seed", "workers"),
    work=lambda request: Amounts(predicted=1.0),
)
"""Declaration of the figure."""
