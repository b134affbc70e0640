"""The study `report`: one self-contained page from results, to hand over."""

from __future__ import annotations

from flowsim import checks
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.results import disk
from flowsim.simulation.simulate import Progress

PAGE = "index.html"
"""File of the page, in the output folder."""

MOST = 8_000_000
"""Largest size of a page, as mail and phones take it [byte]."""

STUDY = Study(writes=True, keys=("of", "out"))
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Write the page of some results.

    Parameters
    ----------
    request
        Request of the study, with the option `of`: a folder of results, or a list of them.
    progress
        Not used.

    Returns
    -------
    str
        The answer in sentences, and the size of the page, to be printed.

    Raises
    ------
    ValueError
        If a folder holds no results, or its results do not go together or into a page; then nothing is written.
    """
    from flowsim.report.assembly import assemble, render
    from flowsim.report.origins import chosen
    from flowsim.studies.layout import paragraph

    several = chosen(request.options.get("of"))
    page = assemble(several)
    made = render(page).encode()
    rule = f"name results whose page is at most {MOST / 1e6:g} MB"
    checks.require(len(made) <= MOST, thing="of", rule=rule, value=f"{len(made) / 1e6:.1f} MB")
    disk.write(request.out / PAGE, made)
    lines = [page.title, ""]
    for answer in page.answers:
        for sentence in answer.sentences:
            lines += paragraph(sentence.en)
    size = f"{PAGE}: {len(made) / 1e6:.1f} MB, of {', '.join(str(one.folder) for one in several)}"
    return "\n".join([*lines, "", size])
