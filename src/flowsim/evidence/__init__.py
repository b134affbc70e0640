"""Evidence: reported numbers, contradictions between sources, and derived numbers."""

from flowsim.evidence.contradictions import Contradiction, contradiction, load_contradictions
from flowsim.evidence.figures import Figure, figure, in_years, load_figures, opiates, reported
from flowsim.evidence.recomputation import Check
from flowsim.evidence.sources import Source, load_facts, load_independent, load_sources

__all__ = [
    "Check",
    "Contradiction",
    "Figure",
    "Source",
    "contradiction",
    "figure",
    "in_years",
    "load_contradictions",
    "load_facts",
    "load_figures",
    "load_independent",
    "load_sources",
    "opiates",
    "reported",
]
