"""The page `experiments/HOLDOUTS.md`, made from the reference results of figure 3 with two populations.

`python docs/holdouts.py` writes it anew, as `make pages` does.
"""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from scipy.stats import binom

import flowsim as fs

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference" / "fig3_fit_two_populations"
PAGE = ROOT / "experiments" / "HOLDOUTS.md"
READING = "two_populations"

HEAD = """# Hold-outs

Reports that are not fitted under `reading=two_populations`, each with its prediction. All of them were known when the
model was made: the tables of UNODC were at hand, and the hold-outs of the default model had been looked at. Nothing was
tuned to them, which nobody can show; reports of a later year would be a cleaner test.

The page is made by `docs/holdouts.py` from `results/reference/fig3_fit_two_populations/`, which
`flowsim experiment=fig3_fit reading=two_populations` writes from the posterior of commit {commit}. *Width* is the
decimal logarithm of the ratio of the ends of an interval. A number is missed outside its 90 % interval, an event with
a probability below 5 %.

| not fitted | known before | reported | 90 % prediction interval | width | probability | |
| --- | --- | --- | --- | --- | --- | --- |
"""


def held_out(name: str) -> pd.DataFrame:
    """Rows of a table of the reference results that are held out."""
    found = pd.read_csv(REFERENCE / f"{name}.csv")
    return found[found["held_out"].astype(bool)]


def line(row: dict[str, object]) -> str:
    """Row of the table."""
    low, high, number = (float(str(row[name])) for name in ("q05", "q95", "reported"))
    cells = [
        str(row["what"]),
        "yes",
        "" if math.isnan(number) else f"{number:.3g}",
        "" if math.isnan(low) else f"{low:.3g} to {high:.3g}",
        f"{math.log10(high / low):.1f}" if low > 0 else "",
        f"{float(str(row['probability'])):.2g}",
        "" if row["inside"] else "**missed**",
    ]
    return f"| {' | '.join(cells)} |"


def sums(rows: pd.DataFrame) -> str:
    """Sentences on the number missed, and on the log scores."""
    numbers = rows[rows["q05"].notna()]
    missed = int((~numbers["inside"].astype(bool)).sum())
    low, high = (int(one) for one in binom.interval(0.95, len(numbers), 0.1))
    scores = pd.read_csv(REFERENCE / "log_scores.csv")
    held = scores[scores["held_out"].astype(bool)]
    parts = [
        f"{name} {scores[column].sum():.1f} ({held[column].sum():.1f} of the held-out years)"
        for column, name in {"model": "the model", "lognormal": "a lognormal", "ar1": "an AR(1)"}.items()
    ]
    return "\n".join(
        [
            f"{missed} of {len(numbers)} numbers lie outside their 90 % interval; of independent ones, {low} to {high}",
            "would in 95 of 100 cases, and these are not independent.",
            "",
            f"Log scores of {len(scores)} annual totals of heroin, each the log density of its logarithm, fitted years",
            f"left out in turn: {'; '.join(parts)}.",
            "The larger is better. The lognormal and the AR(1) of the logarithms are fitted to the fitted years but",
            "the predicted one, with flat priors of their mean, spread and autocorrelation.",
            "",
        ]
    )


def page() -> str:
    """The page."""
    rows = pd.concat([held_out(name) for name in ("fit", "singles", "hold_outs")], ignore_index=True)
    commit = fs.load_posterior(reading=READING).attrs["commit"]
    table = "\n".join(line(row) for row in rows.to_dict("records"))
    return f"{HEAD.format(commit=commit)}{table}\n\n{sums(rows)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
