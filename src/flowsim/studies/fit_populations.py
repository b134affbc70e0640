"""Simulated years of two populations against totals and single seizures, behind figure 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from flowsim.calibration import population_predictive, predictive
from flowsim.calibration.data import Reported
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setup import beyond_exits, single_seizures
from flowsim.calibration.predictive import History
from flowsim.config.request import Request
from flowsim.studies.calibrate import calibration_of

PEERS = {"model": "the model", "lognormal": "a lognormal", "ar1": "an AR(1) of the logarithms"}
"""Columns of the log scores, and what they are of."""


def tables_of(
    request: Request,
    model: PopulationModel,
    rows: Mapping[str, Reported],
    draws: Sequence[Mapping[str, float]],
    *,
    evidence: bool,
) -> tuple[dict[str, pd.DataFrame], list[History]]:
    """Posterior predictive check of totals, single seizures and hold-outs, and log scores.

    Parameters
    ----------
    request
        Request of the figure.
    model
        Model.
    rows
        Rows of the table of reported seizures by key.
    draws
        Values of the parameters of each history.
    evidence
        Whether the world is that of the hold-outs of the evidence.

    Returns
    -------
    tuple
        Tables `fit`, `singles`, `log_scores`, and with `evidence` `hold_outs`; and the histories.
    """
    found = population_predictive.histories(model, draws, seed=request.plan.seed)
    reports = calibration_of(request).populations
    assert reports is not None  # the model was made from them
    asked = reports.singles
    seen = single_seizures(model.setting, asked, (*asked.sized, *asked.held_out))
    singles = [population_predictive.of_singles(model, seen, found, draws, seed=request.plan.seed)]
    own = reports.abroad
    if own is not None:
        beyond = beyond_exits(own, (*own.fitted, *own.held_out))
        table = population_predictive.of_abroad(model, beyond, draws, country=own.country, seed=request.plan.seed)
        singles.append(table)
    tables = {
        "fit": population_predictive.of_rows(model, rows, found),
        "singles": pd.concat(singles, ignore_index=True),
        "log_scores": population_predictive.log_scores(model, draws, found, country=asked.country),
    }
    if evidence:
        tables["hold_outs"] = predictive.of_hold_outs(found, rows=rows)
    return tables, found


def scores_said(scores: pd.DataFrame) -> str:
    """Sentence on the log scores.

    Parameters
    ----------
    scores
        As from `population_predictive.log_scores`.
    """
    sums = scores[list(PEERS)].sum()
    parts = [f"{name} {sums[column]:.1f}" for column, name in PEERS.items()]
    held = int(scores["held_out"].sum())
    return (
        f"log score of {len(scores)} totals of heroin, {len(scores) - held} left out in turn and {held} held out: "
        + ", ".join(parts)
        + "; the larger is better"
    )
