"""Keys and options of the command line, as declared in `conf/`, and the help text made from them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HELP = """\
flowsim simulates contraband on its way through a country, and the controls that it meets.

usage: flowsim [key=value ...] [group=option ...]

Examples
  flowsim                                         the baseline of Kazakhstan in 2010
  flowsim world=single_checkpoint replications=5  a small world for teaching
  flowsim engine=expectation                      expected values of a year, without simulation
  flowsim study=policies policy=customs_union     what a policy changes in the world; nothing is run
  flowsim policy=[caricc,dog_teams]               a run under two policies, in this order
  flowsim inspection.effort.south=0.2 out=mine    one number changed, results in mine/
  flowsim -m inflow=60,90 seed=1,2                four runs, in one store

Groups (group=option)
{groups}

Keys (key=value)
{keys}

Numbers of an option are keys too, as inspection.targeting=1; `flowsim --cfg job` shows all of them.

Results go to results/<study>/<time>/ (run.nc for xarray, run.csv, a map; sweep.zarr of a sweep);
results/latest is the last of them, results/<study>/latest the last of a study. In Python
flowsim.open_results() opens the newest run or sweep.

Flags
  --help, --version    this text; the version
  --cfg job            show the configuration instead of running it; --resolve fills in references
  --config-dir DIR     look for options in DIR/world/, DIR/policy/, ... as well
  -m                   a sweep: one run for each combination of comma-separated values, in one store;
                       the same command with the same out=... does what is missing or failed
                       (study=sweep_status says what is); hydra/sweeper=table, sobol, latin_hypercube
                       or morris takes rows of a table or of a design
  --info, --hydra-help what Hydra, which reads the configuration, has to say

Tab completion in bash:  eval "$(flowsim -sc install=bash)"
"""
"""Text of `flowsim --help`."""

_DEFAULT = re.compile(r"^  - (?P<group>\w+): (?P<option>\w+)", re.MULTILINE)
_KEY = re.compile(r"^(?P<name>\w+): (?P<default>.*?) # (?P<meaning>.*)$", re.MULTILINE)
_YEAR = re.compile(r"^year: *(\d+)", re.MULTILINE)
_RESOLVED = re.compile(r"\$\{(?:(?P<name>\w+)\.name|now:[^}]*)\}")
_TITLE = re.compile(r"^(?:# )?title: *[\"']?(.*?)[\"']?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ConfigKey:
    """A top-level key of the configuration."""

    name: str
    """Name as it is typed."""

    default: str
    """Default as YAML, or the default option of a group."""

    meaning: str
    """What it means, with its unit."""

    is_group: bool
    """Whether its value is the name of a file."""


def conf_dir() -> Path:
    """Folder of the configuration: inside a wheel, else beside the checkout's src.

    Raises
    ------
    FileNotFoundError
        If neither is there.
    """
    package = Path(__file__).parents[1]
    for candidate in (package / "conf", package.parents[1] / "conf"):
        if (candidate / "config.yaml").is_file():
            return candidate
    raise FileNotFoundError(f"conf/config.yaml must stand in {package} or {package.parents[1]}; reinstall flowsim")


def top_keys() -> tuple[ConfigKey, ...]:
    """Top-level keys in the order of `conf/config.yaml`."""
    text = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    chosen = {match["group"]: match["option"] for match in _DEFAULT.finditer(text)}
    return tuple(
        ConfigKey(
            name=match["name"],
            default=chosen[match["name"]] if match["default"] == "{}" else match["default"],
            meaning=match["meaning"],
            is_group=match["default"] == "{}",
        )
        for match in _KEY.finditer(text)
    )


def groups() -> tuple[str, ...]:
    """Groups of options: the folders of `conf/`."""
    return tuple(sorted(folder.name for folder in conf_dir().iterdir() if folder.is_dir()))


def options(group: str, *, folders: Sequence[Path]) -> dict[str, str]:
    """Titles of the options of a group, by name.

    Parameters
    ----------
    group
        Name of the group.
    folders
        Folders of configuration, in order of precedence.
    """
    files = {file.stem: file for folder in reversed(folders) for file in sorted((folder / group).glob("*.yaml"))}
    texts = {
        name: file.read_text(encoding="utf-8", errors="replace")
        for name, file in sorted(files.items())
        if file.is_file()
    }
    return {name: _title(text) for name, text in texts.items()}


def _title(text: str) -> str:
    """Title in the text of a file, with references to the world's year filled in."""
    title, year = _TITLE.search(text), _YEAR.search(text)
    return (title.group(1) if title else "").replace("${world.year}", year.group(1) if year else "")


def help_text(extra: Path | None = None) -> str:
    """Text of `flowsim --help`.

    Parameters
    ----------
    extra
        Folder of `--config-dir`, with further options to list.
    """
    folders = [*filter(None, [extra]), conf_dir()]
    groups, rows = [], []
    for key in top_keys():
        if key.is_group:
            groups.append(f"  {key.name}: {key.meaning} (default: {key.default})")
            groups += _rows(options(key.name, folders=folders))
        else:
            default = _RESOLVED.sub(lambda found: f"<{found['name'] or 'time'}>", key.default)
            rows.append(_row(key.name, f"{key.meaning} (default: {default})", indent=2))
            rows += _rows(options(key.name, folders=folders))
    return HELP.format(groups="\n".join(groups), keys="\n".join(rows))


def _rows(titles: Mapping[str, str]) -> list[str]:
    """Options with their titles, in a column behind the longest name."""
    longest = max((len(name) for name in titles), default=0)
    return [_row(name, title, indent=4, width=max(18, longest)) for name, title in titles.items()]


def _row(head: str, text: str, *, indent: int, width: int = 20) -> str:
    start = f"{' ' * indent}{head:{width}} "
    return textwrap.fill(start + text, width=110, subsequent_indent=" " * len(start), drop_whitespace=True)
