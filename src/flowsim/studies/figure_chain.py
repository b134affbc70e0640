"""Data of figure 13: rates of the stages of a chain, and what a kilogram stopped in one takes from the later ones."""

from __future__ import annotations

from flowsim.config.request import Request
from flowsim.simulation.simulate import Progress
from flowsim.studies import chain as study
from flowsim.studies.chain_listing import fitted
from flowsim.studies.estimates import Amounts
from flowsim.studies.figure import Made, PaperFigure


def make(request: Request, progress: Progress | None) -> Made:
    """Figure 13 with its tables."""
    from flowsim.figures.fig13_chain import chain_figure

    found = study.fit_chain(request, progress=progress)
    drawn = chain_figure(found.rates, found.marginal, chain=found.chain)
    return Made(said="\n".join(fitted(found)), drawn=drawn, tables=found.tables())


def work(request: Request) -> Amounts:
    """Moves of the chains."""
    return study.work(request)


FIGURE = PaperFigure(name="fig13_chain", make=make, keys=study.STUDY.keys[:-1], work=work)
"""Declaration of the figure."""
