"""The page `where.md`: each of its walks, taken in a copy of the tree, gives something that works, in few files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from paths import ROOT

PAGE = (ROOT / "docs" / "where.md").read_text(encoding="utf-8")
COPIED = (
    *("src", "conf", "docs", "experiments", "tests", "results", "benchmarks", "verification", "pyproject.toml"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "CITATION.cff", "Makefile"),
)
LISTED = re.compile(r"^\| \[(?P<walk>[\w ]+)\]\(#(?P<anchor>[\w-]+)\) \|.*\| (?P<most>\d+) \|$", re.MULTILINE)
STEP = re.compile(
    r"^File `(?P<file>[^`]+)`"
    r"(?:: `make pages` [^\n]*|, (?P<how>new|after|before|in place of)"
    r"(?: (?P<ticks>`+) ?(?P<line>.+?) ?(?P=ticks))?:\n\n"
    r"(?P<fence>`{3,})\w*\n(?P<text>.*?)^(?P=fence)$)",
    re.MULTILINE | re.DOTALL,
)
MOST = {
    "a policy kind": 5,
    "a property of a device": 9,
    "a result variable": 4,
    "a sum over visits": 4,
    "a figure": 3,
    "a study": 3,
}

GUARDS = (
    "tests/test_architecture.py",
    "tests/docs/test_docs.py",
    "tests/studies/test_paper_figures.py",
    "tests/config/test_configs.py::test_each_experiment_composes_has_a_title_and_writes_into_its_folder",
    "tests/test_cli.py::test_every_study_says_which_keys_have_an_effect",
    "tests/policy/test_policies.py::test_every_kind_of_change_is_documented_and_in_the_guide",
    "tests/policy/test_policies.py::test_kinds_are_dataclasses_whose_numbers_a_parameter_can_hold",
    "tests/policy/test_policies.py::test_a_policy_is_loaded_by_name",
    "tests/docs/test_claims.py::test_every_key_that_is_offered_is_read",
)
"""Tests of the tree that would say if a walk had left a file out."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a walk does in a file."""

    file: str
    how: str
    line: str
    text: str

    def take(self, root: Path) -> None:
        """Change or write the file in a tree."""
        path = root / self.file
        if self.how == "new":
            assert not path.exists(), f"{self.file} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text, encoding="utf-8")
        elif self.how:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            places = [k for k, line in enumerate(lines) if line.strip() == self.line]
            assert len(places) == 1, f"{self.file} must have the line {self.line!r} once, got {len(places)}"
            start = places[0] + (self.how == "after")
            lines[start : start + (self.how == "in place of")] = [self.text]
            path.write_text("".join(lines), encoding="utf-8")


def steps_of(walk: str) -> list[Step]:
    """Steps of a walk, in the order of the page."""
    section = re.split(rf"^## {walk}$", PAGE, flags=re.MULTILINE | re.IGNORECASE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    keys = ("file", "how", "line", "text")
    return [Step(**{key: found[key] or "" for key in keys}) for found in STEP.finditer(section)]


def files_of(walk: str) -> set[str]:
    """Files that a walk touches."""
    return {step.file for step in steps_of(walk)}


def tree(folder: Path, *walks: str) -> Path:
    """A copy of the tree in which walks were taken, and the pages made anew."""
    for name in COPIED:
        source = ROOT / name
        ignored = shutil.ignore_patterns(".*_cache", "latest", "experiments" if name == "results" else "")
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / name, **({"ignore": ignored} if source.is_dir() else {}))
    for walk in walks:
        for step in steps_of(walk):
            step.take(folder)
    for page in ("architecture.py", "results.py"):
        python(folder, str(folder / "docs" / page))
    return folder


def python(root: Path, *arguments: str) -> str:
    """Run Python with the package of a tree."""
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    run = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def changed(root: Path) -> Iterator[str]:
    """Files of a tree that are not those of the checkout."""
    for name in COPIED:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            own = file.relative_to(root)
            if file.is_file() and file.suffix not in (".pyc", ".nbi", ".nbc"):
                source = ROOT / own
                if not source.exists() or source.read_bytes() != file.read_bytes():
                    yield own.as_posix()


def test_the_page_lists_its_walks_and_they_are_short_enough():
    listed = {found["walk"]: int(found["most"]) for found in LISTED.finditer(PAGE)}
    assert listed == MOST
    for walk, most in MOST.items():
        assert 0 < len(files_of(walk)) <= most, f"{walk} takes {sorted(files_of(walk))}"


def test_every_file_that_the_page_names_is_read_from_it():
    assert len(re.findall(r"^File `", PAGE, re.MULTILINE)) == sum(len(steps_of(walk)) for walk in MOST)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "walks",
    [
        pytest.param([walk for walk in MOST if walk != "a property of a device"], id="all that need no machine code"),
        pytest.param(["a property of a device"], id="a property of a device"),
    ],
)
def test_each_walk_gives_something_that_works_and_leaves_no_file_out(walks, tmp_path):
    """What the walks change is all that differs, their own tests pass, and so do those that hold the tree together.

    Machine code of a changed engine is made anew, which takes a minute; the other walks use what is there.
    """
    root = tree(tmp_path, *walks)
    files = set().union(*(files_of(walk) for walk in walks))
    assert set(changed(root)) == files
    own = sorted(file for file in files if file.startswith("tests/"))
    printed = "tests/docs/test_printed.py::test_all_that_a_page_prints_works_in_its_order"
    pages = [f"{printed}[{file}]" for file in files if file.startswith("experiments/")]
    options = ("-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "")
    said = python(root, *options, *own, *GUARDS, *pages)
    assert re.search(r"\d+ passed", said), said
