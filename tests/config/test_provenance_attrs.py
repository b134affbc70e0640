"""The commit that results carry: the name of what ran, and whether anything that ran differs from it."""

import re
import subprocess

import pytest

from flowsim.config.provenance_attrs import CHECKOUT, commit

NAME = re.compile(r"(\S+-\d+-g)?[0-9a-f]{7,40}(-dirty)?")
"""Form of the name of a commit without a tag of its own."""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one commit, in which nothing is changed."""
    for folder in ("src", "conf", "docs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a").write_text("a", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("results/\n*.pyc\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "a")
    return tmp_path


def git(folder, *words):
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_clean_checkout_has_a_clean_commit(checkout):
    assert commit(checkout) == git(checkout, "rev-parse", "--short", "HEAD")


@pytest.mark.parametrize("made", ["results/x/posterior.nc", "src/a.pyc", "notes.txt", "docs/new.md"])
def test_what_is_written_beside_what_runs_leaves_it_clean(checkout, made):
    (checkout / made).parent.mkdir(parents=True, exist_ok=True)
    (checkout / made).write_text("b", encoding="utf-8")
    assert not commit(checkout).endswith("-dirty")


@pytest.mark.parametrize("made", ["src/a", "docs/a", "src/new.py", "conf/policy/mine.yaml", "src/with space.py"])
def test_what_differs_or_is_new_among_what_runs_is_marked(checkout, made):
    (checkout / made).parent.mkdir(parents=True, exist_ok=True)
    (checkout / made).write_text("b", encoding="utf-8")
    assert commit(checkout) == git(checkout, "rev-parse", "--short", "HEAD") + "-dirty"


def test_what_is_no_checkout_has_none(tmp_path):
    assert commit(tmp_path) == "unknown"
    (tmp_path / ".git").write_text("gitdir: nowhere", encoding="utf-8")
    assert commit(tmp_path) == "unknown"


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="the tests run from no checkout")
def test_this_checkout_is_found():
    assert (CHECKOUT / "pyproject.toml").is_file()
    assert NAME.fullmatch(commit()) or git(CHECKOUT, "describe", "--tags") in commit()
