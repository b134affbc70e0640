"""flowsim simulates contraband in transit through a country, and its detection by border and internal controls.

A `World` goes in, a `Dataset` comes out:

>>> import flowsim as fs
>>> world = fs.load_world("single_checkpoint")
>>> results = fs.simulate(world, engine="expectation")
>>> results["expected_seized_mass"].dims
('policy', 'drug', 'checkpoint')
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowsim.api import calibrate, compare, load_policy, load_posterior, load_world, simulate
    from flowsim.policy.policy import Policy
    from flowsim.results.files import open_results
    from flowsim.simulation.simulate import Plan
    from flowsim.world.world import World

    __version__: str

__all__ = [
    "Plan",
    "Policy",
    "World",
    "__version__",
    "calibrate",
    "compare",
    "load_policy",
    "load_posterior",
    "load_world",
    "open_results",
    "simulate",
]

_HOME = {
    "Plan": "flowsim.simulation.simulate",
    "Policy": "flowsim.policy.policy",
    "World": "flowsim.world.world",
    "calibrate": "flowsim.api",
    "compare": "flowsim.api",
    "load_policy": "flowsim.api",
    "load_posterior": "flowsim.api",
    "load_world": "flowsim.api",
    "open_results": "flowsim.results.files",
    "simulate": "flowsim.api",
}


class _Package(ModuleType):
    """The package, with lazily imported names, as numpy and xarray take a second to import."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            return version("flowsim")
        if name not in _HOME:
            raise AttributeError(f"module 'flowsim' has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Package
