"""Folders of comparisons behind pages, of effects that are known."""

from comparisons import Truth, comparison

from flowsim.comparison.analysis import analyse
from flowsim.comparison.dataset import EFFECTS, labelled
from flowsim.results import files

TRUTHS = {
    "better": Truth(effect=40.0, calibrated=5.0, own_years=5.0, hours=2000.0, cost=1e6),
    "worse": Truth(effect=-30.0, assumed=4.0, own_years=5.0, hours=-1000.0, slopes={"part": 12.0}),
    "neither": Truth(effect=0.0, calibrated=20.0, own_years=5.0),
}


def compared(folder, *, title="Two routes", truths=TRUTHS, **amounts):
    """A folder as a comparison leaves it, of effects that are known."""
    results = comparison(truths, **amounts)
    folder.mkdir()
    files.write(labelled(results).assign_attrs(attributes(title)), folder / EFFECTS)
    analysis = analyse(results, prior=None, stated=None)
    analysis.save(folder)
    return analysis.table.set_index("policy")


def attributes(title):
    return {"title": title, "command": "flowsim.compare", "version": "1", "commit": "abc", "seed": "1"}
