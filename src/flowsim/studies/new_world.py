"""The study `new_world`: write the tables of a small invented country, to be turned into one's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

from flowsim import checks
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.simulation.simulate import Progress
from flowsim.world_tables.columns import FORMS, Column, Table
from flowsim.world_tables.forms import SOURCED
from flowsim.world_tables.parameters import PARAMETERS
from flowsim.world_tables.table_columns import TABLES

WORDS = ("null", "true", "false", "yes", "no", "on", "off", "nan", "inf")
"""Names with another meaning in YAML or on the command line."""

STUDY = Study(writes=False, keys=("out",))
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Write a template of a user's own world into a new or empty folder, named after the folder.

    Writes `world/<name>.yaml`, `world/<name>/*.csv` and `README.md`, all of them or none.

    Parameters
    ----------
    request
        Request of the study; only `out` is used.
    progress
        Not used.

    Returns
    -------
    str
        Files written and next commands, to be printed.

    Raises
    ------
    ValueError
        If the folder has files, cannot be written, or has a name invalid for a world.
    """
    folder = request.out
    name = folder.resolve().name
    holds = checks.WORLD_NAME.fullmatch(name) is not None
    rule = f"name a folder whose name can be that of a world, as in out=mine; it must {checks.WORLD_NAME_RULE}"
    checks.require(holds, thing="out", rule=rule, value=str(folder))
    rule = f"name a folder whose name YAML takes for text, and not one of {', '.join(WORDS)}"
    checks.require(name not in WORDS, thing="out", rule=rule, value=str(folder))
    packaged = Path(str(files("flowsim"))) / "data"
    taken = [path.name for path in (packaged / "worlds").iterdir()]
    rule = "have another name than the worlds that come with flowsim"
    checks.require(name not in taken, thing="out", rule=rule, value=str(folder))
    _write(folder, name=name, template=packaged / "template")
    return "\n".join(
        [
            f"Wrote {folder / 'world' / name}.yaml, the {len(TABLES)} tables beside it, and {folder / 'README.md'}.",
            "",
            f"flowsim study=check world={name} --config-dir {folder}   validates it",
            f"flowsim world={name} --config-dir {folder}               runs it",
        ]
    )


def _write(folder: Path, *, name: str, template: Path) -> None:
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    moved: list[Path] = []
    building = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.iterdir())
        rule = f"name a new folder or an empty one, and this one holds {', '.join(there[:3])}"
        checks.require(not there, thing="out", rule=rule, value=str(folder))
        building = Path(mkdtemp(prefix=".new_world-", dir=folder))
        _fill(building, folder=folder, name=name, template=template)
        for part in ("world", "README.md"):
            (building / part).rename(folder / part)
            moved.append(folder / part)
        building.rmdir()
    except BaseException as error:
        for path in filter(None, [building, *moved]):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for path in made:
            if path.is_dir():
                path.rmdir()
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            message = f"out must name a folder that can be written ({reason}), got {str(folder)!r}"
            raise ValueError(message) from None
        raise


def _fill(building: Path, *, folder: Path, name: str, template: Path) -> None:
    tables = building / "world" / name
    tables.mkdir(parents=True)
    for table in TABLES:
        text = (template / f"{table}.csv").read_text(encoding="utf-8")
        (tables / f"{table}.csv").write_text(text, encoding="utf-8")
    for source, target in (("world.yaml", f"world/{name}.yaml"), ("README.md", "README.md")):
        text = (template / source).read_text(encoding="utf-8")
        text = (
            text.replace("{name}", name).replace("{folder}", str(folder)).replace("{tables}", "\n".join(_reference()))
        )
        (building / target).write_text(text, encoding="utf-8")


def _reference() -> Iterator[str]:
    """Description of all tables as Markdown."""
    for name, table in TABLES.items():
        yield from _described(name, table)
    yield from ("### Parameters", "", "| parameter | unit | range | meaning |", "| --- | --- | --- | --- |")
    for name, expected in PARAMETERS.items():
        needed = " (only if a leg needs it)" if expected.mode else ""
        needed = needed if expected.default is None else f" (if left out: {expected.default:g})"
        yield f"| `{name}` | {expected.unit} | {expected.rule.text} | {expected.meaning}{needed} |"


def _described(name: str, table: Table) -> Iterator[str]:
    empty = " It may have no rows." if table.may_be_empty else ""
    empty = " It may have no rows, or be left out." if table.may_be_absent else empty
    yield from (f"### {name}.csv", "", f"A row is {table.meaning}.{empty}", "")
    yield from ("| column | meaning | unit | what it takes |", "| --- | --- | --- | --- |")
    for column in (*table.columns, *SOURCED):
        yield f"| `{column.name}` | {column.meaning} | {column.unit} | {_takes(column)} |"
    yield ""


def _takes(column: Column) -> str:
    if column.words:
        several = ", several with ; between them" if column.form == "words" else ""
        text = f"{', '.join(column.words)}{several}"
    elif column.rule is not None:
        text = f"{FORMS[column.form]}; must {column.rule.text}"
    elif column.table:
        text = f"{FORMS[column.form]}, each a row of {column.table}.csv"
    else:
        text = FORMS[column.form]
    absent = "; may be left out" if column.may_be_absent else ""
    return text + ("; may be empty" if column.optional else "") + absent
