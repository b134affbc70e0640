"""Data of figure 2: the opiate series of 1996 to 2006, and checks deciding between its two readings."""

from __future__ import annotations

from flowsim.config.request import Request
from flowsim.evidence.series import check_table, series_table
from flowsim.simulation.simulate import Progress
from flowsim.studies.figure import Made, PaperFigure


def make(request: Request, progress: Progress | None) -> Made:
    """Figure 2 with its two tables."""
    from flowsim.figures.fig2_series import number_text, opiate_series, stated_text

    series, found = series_table(), check_table()
    lines = ["Opiates seized in Kazakhstan, 1996 to 2006: the order of the years", ""]
    lines += [f"{'check':43}{'the texts give':>38}{'as printed':>15}{'as corrected':>20}", "-" * 116]
    for row in found.to_dict("records"):
        text = f"{row['check']:43}{stated_text(row):>38}"
        for name in ("printed", "corrected"):
            number = number_text(row[name], unit=str(row["unit"]))
            text += f"{number:>13} {'passes' if row[f'{name}_holds'] else 'FAILS':6}"
        lines.append(text.rstrip())
    held = [int(found[f"{name}_holds"].sum()) for name in ("printed", "corrected")]
    lines += ["", f"as printed {held[0]} of {len(found)} checks hold, as corrected {held[1]}"]
    drawn = opiate_series(series, checks=found)
    return Made(said="\n".join(lines), drawn=drawn, tables={"series": series, "checks": found})


FIGURE = PaperFigure(name="fig2_series", make=make)
"""Declaration of the figure."""
