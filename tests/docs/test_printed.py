"""What is printed works: each command and Python block of README, --help, docs and experiments, in a page's order."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import printed
import pytest
from paths import ROOT

from flowsim.comparison import policy_pages as of_policies
from flowsim.config import options
from flowsim.config.build import every_policy

SHORT = "replications=2 traffic_years=0.02 workers=1"
FITTED = "study.chains=2 study.steps=20 study.draws=2 workers=1"
HERE = "hydra/launcher=in_process"
COMPARED = "draws=2 replications=1 study.sets=1 traffic_years=0.02 workers=1"
OWN = "calibration.numbers=posterior calibration.posterior=fitted"

SLOW = {
    "flowsim": SHORT,
    "flowsim out=mine": SHORT,
    "flowsim inflow=60 replications=50 seed=7": SHORT,
    "flowsim inflow=60": SHORT,
    "flowsim inspection.effort.south=0.1 out=mine": SHORT,
    "flowsim inspection.effort.south=0.2 out=mine": SHORT,
    "flowsim -m inflow=60,90 seed=1,2 out=swept": f"{SHORT} {HERE}",
    "flowsim -m inflow=60,90 seed=1,2": f"{SHORT} {HERE}",
    "flowsim -m policy=baseline,caricc inflow=60,90 seed=1,2 out=mine": f"{SHORT} {HERE}",
    "flowsim -m policy=narcotics_boundaries policy.narcotics_boundaries.parameters.referral.value=0.5,1,2": (
        f"{SHORT} {HERE}"
    ),
    "flowsim -m hydra/sweeper=table hydra.sweeper.table=rows.csv": f"{SHORT} {HERE}",
    "flowsim -m hydra/sweeper=sobol hydra.sweeper.samples=128 "
    "'inflow=interval(60,90)' 'inspection.effort.south=tag(log,interval(0.01,0.2))'": (
        f"{HERE} engine=expectation hydra.sweeper.samples=2"
    ),
    "flowsim reading=posts_in_force": SHORT,
    "flowsim experiment=fig1_network": SHORT,
    "flowsim experiment=fig12_waterfall": f"{SHORT} draws=2",
    "flowsim experiment=policies": (f"{COMPARED} policies=[caricc]"),
    "flowsim study=calibrate": FITTED,
    "flowsim study=calibrate world=single_checkpoint calibration=mine --config-dir mine out=fitted": FITTED,
    f"flowsim world=single_checkpoint calibration=mine {OWN} --config-dir mine": SHORT,
    "flowsim policy=narcotics_boundaries": SHORT,
    "flowsim policy=[narcotics_boundaries,caricc]": SHORT,
    "flowsim policy=[caricc,dog_teams]": SHORT,
    "flowsim policy=caricc policy.caricc.parameters.cases.value=1.5": SHORT,
    "flowsim policy=caricc": SHORT,
    "flowsim study=compare policies=[caricc]": COMPARED,
    "flowsim study=compare policies=[caricc,customs_union] draws=60": COMPARED,
    "flowsim study=compare policies=[caricc,customs_union] draws=60 replications=10 out=compared": COMPARED,
    "flowsim study=mechanisms": "world=rings replications=2 traffic_years=0.02 horizon=600 workers=1",
    "flowsim reading=one_population": SHORT,
    "flowsim study=calibrate reading=two_populations study.draws=60": f"{FITTED} out=results/calibrate/two",
    "flowsim study=calibrate reading=one_population study.draws=150": f"{FITTED} out=results/calibrate/one",
    "flowsim experiment=fig3_fit reading=one_population out=results/fig3_one": (
        "workers=1 calibration.posterior=results/calibrate/one"
    ),
    "flowsim experiment=fig3_fit": "workers=1 calibration.posterior=results/calibrate/latest",
    "flowsim experiment=fig4_identified": "",
    "flowsim experiment=fig13_chain": "study.steps=11 workers=1",
    "flowsim world=northern_route": "study.chains=1 study.steps=5 study.draws=20 workers=1",
    "flowsim study=mechanisms replications=20 traffic_years=0.02": "world=rings replications=2 horizon=600 workers=1",
    "flowsim world=two_routes": SHORT,
    "flowsim calibration=point": SHORT,
    "flowsim calibration=prior": SHORT,
    "flowsim draws=50 replications=4": f"draws=2 {SHORT}",
    "python": (
        "replications=50 -> replications=2, traffic_years=0.02\n"
        "chains=2, steps=60, draws=4 -> chains=2, steps=20, draws=2\n"
        "draws=60, replications=10 -> draws=2, replications=1, sets=1, traffic_years=0.02\n"
        "draws=60) -> draws=2, replications=1, sets=1, traffic_years=0.02)"
    ),
}
"""Commands that take long, and what makes them short; of Python blocks a part and what stands in its place."""

LONG = (pytest.mark.slow, pytest.mark.long)

SECONDS = ("docs/evidence.md", "docs/model.md", "experiments/fig2_series/README.md")
"""Pages whose commands print at once, but are many."""

BY_OTHER_TESTS = ("own-country.md", "where.md")
"""Pages that another test runs, as they show refusals or change the code."""


def of_help():
    """The examples of --help as a page, and the commands that its text names."""
    examples = re.findall(r"^  (flowsim.*?)(?:  .*)?$", options.HELP.partition("Groups")[0], re.MULTILINE)
    return "\n".join(["```", *examples, "```", *re.findall(r"`flowsim [^`]+`", options.HELP)])


OF_POLICY = "docs/policy/caricc.md"
"""The page that stands for those of all policies, which are made when the documentation is."""

OF_POLICY_COMMANDS = ("flowsim policy=caricc", "flowsim study=compare policies=[caricc]")
"""What it prints; written here, as making a page takes longer than collecting all tests."""


@cache
def of_policy(name="caricc"):
    """The page of a policy."""
    row = (
        pd.read_csv(ROOT / "results/reference/policies/table2.csv").set_index("policy", drop=False).loc[name].to_dict()
    )
    policy = next(policy for policy in every_policy() if policy.name == name)
    return "\n".join(of_policies.page(policy, row)) + "\n"


def every_page():
    """Pages with something to type, by name."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "experiments").glob("*/*.md"))]
    pages = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    pages |= {"--help": of_help()}
    return {
        name: text
        for name, text in pages.items()
        if any(printed.pieces(text)) and Path(name).name not in BY_OTHER_TESTS
    }


PAGES = every_page()
HOMES = sorted([*PAGES, OF_POLICY], key=lambda name: (not name.startswith("docs/"), name))
"""Pages in the order in which a command that stands in several is run, once, in the first of them."""


def commands_of(name):
    """Commands of a page."""
    return list(OF_POLICY_COMMANDS) if name == OF_POLICY else printed.commands(PAGES[name])


def covered(name):
    """Commands that an earlier page runs, but for plain runs, which the Python of a page may need as its newest."""
    before = HOMES[: HOMES.index(name)]
    found = {command for other in before for command in commands_of(other)}
    return {command for command in found if re.search(r"\b(study|experiment)=", command)}


def items():
    """Each page, marked as slow if a command of it is; what is neither is one of those that print at once."""
    for name in HOMES:
        left = set(commands_of(name)) - covered(name)
        slow = left & set(SLOW) or name == "docs/calibration.md"
        yield pytest.param(name, marks=LONG if slow else pytest.mark.slow if name in SECONDS else [])


@pytest.mark.parametrize("name", list(items()))
def test_all_that_a_page_prints_works_in_its_order(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed.run(of_policy() if name == OF_POLICY else PAGES[name], quick=SLOW, covered=covered(name))


def test_the_slow_commands_are_those_that_are_printed():
    every = {command for name in HOMES for command in commands_of(name)}
    assert set(SLOW) - {"python"} <= every, set(SLOW) - every
    blocks = "".join(piece.text for text in PAGES.values() for piece in printed.pieces(text) if piece.kind == "python")
    assert all(entry.partition(" -> ")[0] in blocks for entry in SLOW["python"].splitlines())


def test_no_page_has_a_calibration_of_kazakhstan_run_whole():
    """A command that is printed a little differently would be run as it stands, for twenty minutes."""
    every = {command for name in HOMES for command in commands_of(name)}
    whole = {command for command in every - set(SLOW) if "study=calibrate" in command and "world=" not in command}
    assert not whole, whole


def test_the_pages_of_all_policies_print_what_one_of_them_is_run_with():
    assert printed.commands(of_policy()) == list(OF_POLICY_COMMANDS)
    for policy in every_policy()[1:]:
        text = "\n".join(of_policies.page(policy, None)) + "\n"
        own = [command.replace("caricc", policy.name) for command in OF_POLICY_COMMANDS]
        assert printed.commands(text) == own


@pytest.mark.slow
def test_the_first_sweep_that_is_printed_runs_as_typed_in_a_shell(tmp_path):
    program = [sys.executable, "-c", "from flowsim.cli import main; raise SystemExit(main())"]
    typed = printed.arguments("flowsim -m world=two_routes replications=2 seed=1,2")
    run = subprocess.run([*program, *typed], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.splitlines()[0]) == (0, "2 of 2 jobs done (seed 2)"), run.stderr
