"""Pairs of policies in words: distinguishable, indistinguishable, or with too few draws or years."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from flowsim.comparison.confidence import SURE, chance
from flowsim.comparison.numbers import short
from flowsim.comparison.ranking import APART, NOT_APART, SAME, TOO_FEW, TOO_FEW_DRAWS, VERDICTS

FEW = 12
"""Largest number of pairs listed one by one."""


def pair_verdicts(differences: pd.DataFrame) -> Iterator[str]:
    """Sentences on distinguishable and indistinguishable differences.

    Parameters
    ----------
    differences
        As from `ranking.differences`.
    """
    counts = {verdict: int((differences["verdict"] == verdict).sum()) for verdict in VERDICTS}
    said = {
        NOT_APART: "indistinguishable",
        SAME: "the same in every draw",
        TOO_FEW_DRAWS: f"too few draws to say whether P reaches {SURE:g}",
        TOO_FEW: "too few simulated years",
    }
    others = [f"{counts[verdict]} {text}" for verdict, text in said.items() if counts[verdict]]
    found = f"{counts[APART]} {_verb(counts[APART])} distinguishable at 95 %"
    head = f"Of {len(differences)} pairs, the baseline among them, {found}"
    yield f"{'; '.join([head, *others])}."
    names = list(dict.fromkeys([*differences["first"], *differences["second"]]))
    if len(differences) <= FEW:
        yield from _one_by_one(differences)
    else:
        for name in names[:-1]:
            yield _below(differences[differences["first"] == name], name=name)
    if counts[TOO_FEW]:
        pairs_text = _pairs(differences[differences["verdict"] == TOO_FEW])
        yield f"Draws agree, but the difference is within simulated year-to-year variation: {pairs_text}."
    known = differences[differences["p_prior"].notna()]
    if (known["verdict"] == APART).any():
        changed = known[(known["verdict"] == APART) & (known["verdict_prior"] == NOT_APART)]
        text = "none" if not len(changed) else _pairs(changed) if len(changed) <= FEW else f"{len(changed)} pairs"
        yield f"Distinguishable by the reports alone, not under the prior: {text}."
        open_ones = known[(known["verdict"] == APART) & (known["verdict_prior"] == TOO_FEW_DRAWS)]
        if len(open_ones):
            draws = int(open_ones["draws_prior"].iloc[0])
            found = f"{len(open_ones)} distinguishable {_noun(len(open_ones))}"
            yield f"Of {found}, {draws} draws of the prior are too few to say the same."


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"


def _noun(count: int) -> str:
    return "pair" if count == 1 else "pairs"


def _one_by_one(differences: pd.DataFrame) -> Iterator[str]:
    heads = {APART: "Distinguishable", NOT_APART: "Indistinguishable", TOO_FEW_DRAWS: "Too few draws"}
    for verdict, head in (heads | {SAME: "The same in every draw"}).items():
        rows = differences[differences["verdict"] == verdict]
        if len(rows):
            yield f"{head}: {_pairs(rows)}."


def _pairs(rows: pd.DataFrame) -> str:
    """Pairs of policies with the difference between them."""
    return "; ".join(
        f"{row['first']} over {row['second']} ({short(float(row['difference']))} kg, P "
        f"{chance(float(row['p']), int(row['draws']))})"
        for row in rows.to_dict("records")
    )


def _below(rows: pd.DataFrame, *, name: str) -> str:
    """Sentence on a policy against all policies with a smaller mean: surpassed, indistinguishable or too few draws."""
    groups = {
        "more than": rows["verdict"] == APART,
        "indistinguishable from": rows["verdict"].isin([NOT_APART, SAME]),
        "too few draws or years for": rows["verdict"].isin([TOO_FEW_DRAWS, TOO_FEW]),
    }
    found = {head: list(rows["second"][which]) for head, which in groups.items() if which.any()}
    last = max(found, key=lambda head: len(found[head]))
    parts = [f"{head} {', '.join(names)}" for head, names in found.items() if head != last]
    parts.append(f"{last} the others below it" if parts else f"{last} every policy below it")
    return f"{name}: {'; '.join(parts)}."
