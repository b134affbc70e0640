"""Contradictions between or within sources, the reading adopted, and the strength of the arithmetic behind it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.evidence.arithmetic import flow, people, places, seizures, series
from flowsim.evidence.arithmetic import texts as texts_of_plans
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.recomputation import LEDGER, Check, Facts
from flowsim.evidence.sources import load_facts

SEVERITIES = ("high", "medium", "low")
"""Error of a model under the wrong reading."""

WEIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "decides": "arithmetic decides: one reading comes out within the rounding of the digits, with no assumption",
        "supports": "arithmetic supports: one reading is left by inequalities, assumed bounds or outside numbers",
        "record": "judgement: the numbers are recomputed and on record, but none of them chooses",
        "words": "judgement: nothing is computed",
    }
)
"""Strength of the arithmetic behind a verdict, in descending order, and its meaning."""

OUTSIDE = {"independent": "numbers from outside the sources", "geography": "coordinates from a map"}
"""Forms of figures from outside the sources, and the remark on a contradiction with such figures."""

INEQUALITY = "an inequality"
"""Remark on a verdict by inequality: no number agrees, but one is too large or too small for the other readings."""

ARITHMETIC: Mapping[str, Callable[[Facts], tuple[Check, ...]]] = MappingProxyType(
    {
        "I-01": series.year_order,
        "I-02": flow.heroin_or_opium,
        "I-03": seizures.two_agencies,
        "I-04": seizures.customs_opium,
        "I-05": seizures.operation_trap,
        "I-06": flow.below_one_percent,
        "I-07": places.borders,
        "I-08": places.ulken,
        "I-09": texts_of_plans.posts,
        "I-10": series.growth,
        "I-11": seizures.opium_fall,
        "I-12": series.rounding,
        "I-13": seizures.concentration,
        "I-14": people.rates_and_counts,
        "I-16": people.total_users,
        "I-17": flow.retained_tenth,
        "I-19": texts_of_plans.paragraphs,
        "I-22": texts_of_plans.poppy_area,
        "I-24": texts_of_plans.tajik_produce,
        "I-25": texts_of_plans.road_or_rail,
        "I-28": places.cannot_be_border_points,
        "I-29": places.turkmen_route,
        "I-30": texts_of_plans.customs_union,
        "I-31": flow.at_crossings,
        "I-32": people.cannabis,
        "I-34": seizures.ton_consignments,
        "I-35": seizures.largest_case,
        "I-36": texts_of_plans.source_tag,
        "I-37": places.georgievka,
        "I-38": places.chelyabinsk,
        "I-40": flow.equipment,
        "I-42": seizures.shares_by_year,
        "I-45": seizures.one_case,
        "I-47": seizures.evidence_store,
        "I-48": seizures.zhambyl,
        "I-49": places.inflow_country,
        "I-50": places.tashkent,
        "I-51": seizures.printed_twice,
    }
)
"""Function behind each contradiction of numbers relevant to a model."""

NOT_BY_VALUE = ("I-19", "I-36")
"""Contradictions of labels and of dates, independent of the numbers of their figures."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Statements in contradiction, and the one to use."""

    id: str
    """Identifier, as I-01."""

    severity: str
    """One of `SEVERITIES`."""

    title: str
    """Subject."""

    claims: str
    """Statements of the sources, with locators."""

    arithmetic: str
    """The comparison in numbers."""

    verdict: str
    """Conclusion."""

    use: str
    """Recommendation for a model."""

    reason: str
    """Reason for the recommendation."""

    readings: tuple[str, ...]
    """Competing readings."""

    takes: str
    """Reading adopted, on the ground given by `weight`; empty if the verdict is in words alone."""

    inputs: tuple[str, ...]
    """Keys of the figures in the computation."""

    def __post_init__(self) -> None:
        """Refuse an unknown severity, or a supported reading absent from the readings."""
        checks.one_of(self, "severity", SEVERITIES)
        if self.takes:
            checks.known(self.takes, self.readings, thing=f"Contradiction '{self.id}': takes")

    @property
    def by_value(self) -> bool:
        """Whether the computation uses the numbers of its figures rather than their labels or dates."""
        return self.id in ARITHMETIC and self.id not in NOT_BY_VALUE

    def checks(self, facts: Facts | None = None) -> tuple[Check, ...]:
        """Arithmetic recomputed from figures, the package's own by default; empty if there is none."""
        function = ARITHMETIC.get(self.id)
        return function(load_facts() if facts is None else facts) if function else ()

    def reasoning(self, facts: Facts | None = None) -> tuple[Check, ...]:
        """Checks in favour of readings, without those of a number against its record only."""
        return tuple(check for check in self.checks(facts) if check.reading != LEDGER)

    def supported(self, facts: Facts | None = None) -> str:
        """Reading with all its checks satisfied; several are joined by "or", and "none" stands for no reading."""
        return " or ".join(_holding(self.reasoning(facts))) or "none"

    def weight(self, facts: Facts | None = None) -> str:
        """Strength of the arithmetic behind the verdict, one of `WEIGHTS`.

        It decides if the checks without assumptions leave one reading, supported by a two-sided check, and no number
        from outside the sources is used; it supports if one of these conditions fails.
        """
        known = load_facts() if facts is None else facts
        found = self.reasoning(known)
        if not found:
            return "record" if self.id in ARITHMETIC else "words"
        free = [check for check in found if not check.bound]
        sure = {check.reading for check in free if check.two_sided and check.holds}
        refuted = {check.reading for check in free if not check.holds}
        left = _holding(found)
        others = {check.reading for check in found} - set(left)
        decides = len(left) == 1 and left[0] in sure and others <= refuted and not self._from_outside(known)
        return "decides" if decides else "supports"

    def bounds(self, facts: Facts | None = None) -> tuple[str, ...]:
        """Grounds of the reasoning besides printed numbers and their rounding.

        A deciding arithmetic does not need them.
        """
        known = load_facts() if facts is None else facts
        found = self.reasoning(known)
        if not found:
            return ()
        assumed = [check.bound for check in found if check.bound]
        assumed += self._from_outside(known)
        if not any(check.two_sided for check in found if check.reading == self.supported(known)):
            assumed.append(INEQUALITY)
        return tuple(dict.fromkeys(assumed))

    def _from_outside(self, facts: Facts) -> list[str]:
        forms = [facts[key].form for key in self.inputs]
        return [text for form, text in OUTSIDE.items() if form in forms]


def _holding(found: Sequence[Check]) -> list[str]:
    """Readings with all their checks satisfied."""
    readings = dict.fromkeys(check.reading for check in found)
    return [name for name in readings if all(check.holds for check in found if check.reading == name)]


def load_contradictions(folder: Path | None = None) -> Mapping[str, Contradiction]:
    """Contradictions by identifier.

    Parameters
    ----------
    folder
        Folder with `contradictions.csv`; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken or an identifier stands twice.
    """
    return _load_own() if folder is None else _load(folder)


def contradiction(identifier: str) -> Contradiction:
    """Contradiction by identifier.

    Raises
    ------
    ValueError
        If there is no such identifier.
    """
    found = load_contradictions()
    checks.known(identifier, sorted(found), thing="contradiction")
    return found[identifier]


@functools.cache
def _load_own() -> Mapping[str, Contradiction]:
    return _load(FOLDER)


def _load(folder: Path) -> Mapping[str, Contradiction]:
    texts = ("id", "severity", "title", "claims", "arithmetic", "verdict", "use", "reason")
    rows = csv_tables.read(folder / "contradictions.csv", columns=(*texts, "readings", "takes", "inputs"))
    checks.unique((row.cells["id"] for row in rows), thing="contradictions.csv")
    return MappingProxyType(
        {
            row.text("id"): Contradiction(
                **{text: row.cells[text] for text in texts},
                readings=row.words("readings"),
                takes=row.cells["takes"],
                inputs=row.words("inputs"),
            )
            for row in rows
        }
    )
