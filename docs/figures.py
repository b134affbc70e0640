"""Draws the figures of the documentation from `results/reference/`: `make figures`, after these files were remade."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

import flowsim as fs
from flowsim.calibration.simulation_based import QUICK, RANK_BINS, uniformity
from flowsim.config.compose import compose_config
from flowsim.figures import comparison_figures
from flowsim.figures.fig1_network import network_map
from flowsim.figures.fig3_fig4_calibration import ranks_of_trials
from flowsim.figures.save import SCREEN

DOCS = Path(__file__).parent
REFERENCE = DOCS.parent / "results" / "reference"


def table(name: str) -> pd.DataFrame:
    """A table of the reference results, to the last bit."""
    return pd.read_csv(REFERENCE / name, keep_default_na=False, na_values=[""])


def network() -> Figure:
    """Figure 1: the baseline of 2010, with what is seized in its mean year."""
    rows = table("baseline/fig1_network.csv")
    years = int(rows["years"].iloc[0])
    mass = np.broadcast_to(rows["seized"].to_numpy(), (years, len(rows)))
    coords = {"checkpoint": rows["checkpoint"].tolist(), "policy": rows["policy"].iloc[0]}
    seized = xr.Dataset({"seized_mass_by_checkpoint": (("replication", "checkpoint"), mass)}, coords=coords)
    return network_map(fs.load_world(), seized)


def policies() -> Figure:
    """Figure 5: what each policy would change."""
    rows, asked = table("policies/table2.csv"), compose_config(["experiment=policies"])
    numbers = {"draws": int(rows["draws"].max()), "sets": int(asked.study.sets)}
    return comparison_figures.effects(rows, **numbers, title=fs.load_world().title)


def ranks() -> Figure:
    """Ranks of known truths among draws of their posteriors."""
    found = table("verification/ranks.csv").set_index("trial")
    smallest = uniformity(found, draws=QUICK.draws).min()
    return ranks_of_trials(found, draws=QUICK.draws, bins=RANK_BINS, smallest=smallest)


FIGURES: dict[str, Callable[[], Figure]] = {
    "fig1_network": network,
    "fig5_policies": policies,
    "calibration_ranks": ranks,
}
"""How each figure is drawn, by the name of its file."""


if __name__ == "__main__":
    for name, draw in FIGURES.items():
        draw().savefig(DOCS / f"{name}.png", dpi=SCREEN)
        print(DOCS / f"{name}.png")
