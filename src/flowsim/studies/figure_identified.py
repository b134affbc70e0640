"""Prior and posterior of every parameter, under the reading in use and the others, behind figure 4."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from flowsim.calibration import posterior
from flowsim.calibration.by_reading import by_reading, cells
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.simulation.simulate import Progress
from flowsim.studies.calibrate import calibration_of, summary
from flowsim.studies.figure import Made, PaperFigure
from flowsim.studies.figure_fit import posterior_of
from flowsim.studies.layout import columns, paragraph
from flowsim.world_tables.readings import DEFAULT

WIDTHS = (17, 12, 11, 10, 10, 10, 10, 12, 12, 7)
"""Columns of the table of readings [characters]."""


def make(request: Request, progress: Progress | None) -> Made:
    """Figure 4 with its table, and a table of other readings if there are any."""
    from flowsim.figures.fig3_fig4_calibration import identified

    dataset = posterior_of(request)
    table = summary(dataset)
    parameters = table[table["contraction"].notna()]
    shares = [float(text) for text in dataset.attrs["directions"].split()]
    strong = sum(share > posterior.YES for share in shares)
    sentence = (
        "A parameter is identified if its posterior has less than half of the prior's variance, in part if less than "
        f"four fifths. {strong} of {len(shares)} directions are; the flow keeps its prior, as do all numbers of "
        "detection not listed (nuisance parameters)."
    )
    title = f"What the reports identify: {request.world.title}"
    counts = parameters["identified"].value_counts()
    lines = [title, ""]
    lines += [f"{counts.get(name, 0):>3} parameters identified: {name}" for name in ("yes", "partly", "no")]
    lines += ["", *paragraph(sentence)]
    tables, readings = {"identified": table}, _other_readings(request, dataset)
    if readings is not None:
        tables["readings"] = readings
        rows = columns(list(cells(readings)), widths=WIDTHS)
        lines += ["", "Under other readings of the sources: median (90 % credible interval)", "", *rows]
    figure = identified(parameters, title=title, sentence=sentence)
    return Made(said="\n".join(lines), drawn=figure, tables=tables)


def _other_readings(request: Request, dataset: xr.Dataset) -> pd.DataFrame | None:
    """Comparison of the posteriors under other readings; None if there are no others."""
    table_of_reports = calibration_of(request).reported
    files = sorted(table_of_reports.parent.glob(f"{table_of_reports.stem}*.nc"))
    opened = [dataset, *(posterior.open_posterior(path) for path in files)]
    posteriors: dict[str, xr.Dataset] = {}
    for other in opened:
        if other.attrs["world"] == dataset.attrs["world"]:
            posteriors.setdefault(other.attrs["reading"] or DEFAULT, other)
    if len(posteriors) < 2:
        return None
    return by_reading(posteriors)


FIGURE = PaperFigure(name="fig4_identified", make=make, keys=(*WORLD, "calibration"))
"""Declaration of the figure."""
