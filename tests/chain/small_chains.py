"""A small chain of four stages, for the tests of chains."""

from flowsim.calibration.priors import Prior
from flowsim.chain.stage_tables import FAMILIES
from flowsim.chain.stages import OFF_ROUTE, RouteChain, named

STAGES = ("Source", "North", "South", "Market")
BRANCHES = {"Source": ("North", "South"), "North": ("South", OFF_ROUTE, "Market"), "South": ("Market",)}

INTERVALS = {
    "flow": (60.0, 135.0),
    "flow_spread": (0.05, 0.4),
    "persistence": (0.1, 0.9),
    named("split", "Source", "North"): (0.4, 0.8),
    named("split", "North", "South"): (0.2, 0.6),
    named("split", "North", OFF_ROUTE): (0.05, 0.2),
    named("consumed", "North"): (0.02, 0.1),
    named("consumed", "South"): (0.05, 0.2),
    named("completeness", "South"): (0.8, 0.99),
    named("on_route", "Market"): (0.5, 0.95),
    **{named("rate", stage): (0.001, 0.3) for stage in STAGES},
    **{named("spread", stage): (0.2, 1.0) for stage in STAGES},
}


def prior(name, low, high):
    family = FAMILIES[name.partition(":")[0]]
    return Prior(title=name, family=family, low=low, high=high, unit="1", source="judgement: for a test")


def small_chain(reported=None, *, years=tuple(range(2005, 2013)), facts=(), **changed):
    """The chain with some reports."""
    given = {
        "name": "small",
        "title": "A small chain",
        "detail": "kazakhstan_2010",
        "detail_stage": "South",
        "base_year": 2010,
        "stages": STAGES,
        "years": years,
        "branches": BRANCHES,
        "priors": {name: prior(name, *ends) for name, ends in INTERVALS.items()},
        "reported": reported or {},
        "facts": facts,
    }
    return RouteChain(**{**given, **changed})


def middles():
    """Values of the parameters in the middle of their priors."""
    return {name: prior(name, *ends).interval()[1] for name, ends in INTERVALS.items()}
