"""The page `dependencies.md`, made from `pyproject.toml`, `requirements.lock` and the installed packages.

`python docs/dependencies.py` writes it anew, as `make pages` does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("dependencies.md")
HEAD = """# Dependencies

What an installed flowsim runs with: the lowest version that it declares, the version that its environment takes, and
the licence as the package states it. Below them stand the packages that these need in turn. `.ci/run lowest` and
`.ci/run newest` run the quick tests with the lowest declared versions and with the newest of today.

"""
TABLE = ["| package | from | taken | licence |", "| --- | --- | --- | --- |"]


def key(name: str) -> str:
    """Name of a package as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, str]:
    """Lowest version of each declared dependency, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pairs = (re.match(r"([\w.-]+)(?:\[[^]]*\])?>=([\d.]+)", text) for text in project["dependencies"])
    return {key(pair[1]): pair[2] for pair in pairs if pair}


def locked() -> dict[str, list[str]]:
    """Versions of each package in the environments of all Pythons, by name."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if pair := re.match(r"([\w.-]+)==([\w.]+)", line):
            found.setdefault(key(pair[1]), []).append(pair[2])
    return found


def needed() -> list[str]:
    """Declared dependencies and all that they need here, in turn."""
    found, left = dict.fromkeys(declared()), list(declared())
    while left:
        for text in installed(left.pop()).requires or ():
            name = key(re.split(r"[\s;<>=!~\[(]", text, maxsplit=1)[0])
            extra = "extra ==" in text and not name.startswith("h5py")
            if name not in found and not extra and is_installed(name):
                found[name] = None
                left.append(name)
    return list(found)


def installed(name: str) -> Distribution:
    """Metadata of a package."""
    return distribution(name)


def is_installed(name: str) -> bool:
    """Whether a package is in this environment."""
    try:
        installed(name)
    except PackageNotFoundError:
        return False
    return True


def licence(name: str) -> str:
    """Licence of a package in the words of its metadata."""
    told = installed(name).metadata
    stated = (told.get("License-Expression") or "").strip()
    kinds = [text.rpartition(" :: ")[2] for text in told.get_all("Classifier") or () if text.startswith("License ::")]
    first = (told.get("License") or "").strip().partition("\n")[0]
    return stated or ", ".join(kinds) or first


def rows() -> Iterator[str]:
    """Rows of the table, declared dependencies first."""
    lowest, taken = declared(), locked()
    names = needed()
    for name in (*sorted(lowest), *sorted(set(names) - set(lowest))):
        yield f"| {name} | {lowest.get(name, '')} | {', '.join(taken.get(name, []))} | {licence(name)} |"


def page() -> str:
    """The page."""
    return HEAD + "\n".join([*TABLE, *rows()]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
