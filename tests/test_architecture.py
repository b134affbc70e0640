"""The layers of the package, who may import what, and how long a module or a function may be."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest
from paths import ROOT, TESTS

PAGE = runpy.run_path(str(ROOT / "docs" / "architecture.py"), run_name="architecture")
SOURCE, PACKAGE, LAYERS, LEVEL = (PAGE[name] for name in ("SOURCE", "PACKAGE", "LAYERS", "LEVEL"))
imported, name_of, parsed, siblings, unit_of = (
    PAGE[name] for name in ("imported", "name_of", "parsed", "siblings", "unit_of")
)
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = PAGE["modules"]()

RESERVED = {
    "hydra": ("config", "cli", "task", "sweeps"),
    "hydra_plugins": (),
    "simpy": ("engine.reference",),
    "matplotlib": ("figures",),
}
"""Libraries and the only packages that import them."""

UNLABELLED = ("engine", "draws")
"""Packages that know arrays, but no labels of them."""
LABELS = {"xarray", "pandas", "omegaconf"}

ENGINES = ("engine.reference", "engine.compiled", "engine.expectation")
"""Packages of which none imports another."""
CLOSED_FORM = "engine.expectation.engine"
"""The only module of the closed form that others call."""
SIMULATING_ONLY = ("engine.outcome", "draws")
"""What the closed form must share with no engine that simulates."""

NESTED = (*ENGINES, "evidence.arithmetic")
"""Packages within packages."""

SAME_CLASSES = {
    "Simulation": "a run of an engine",
    "Queue": "the queue of a checkpoint on record, of an engine",
    "Span": "a span of background traffic, of an engine",
    "Task": "the task that Hydra calls, and as much of it as sweeps need",
    "Prepared": "what a sweep knows of its jobs, and as much of it as sweeps need",
}
"""Names of several classes that are one idea."""
SAME_MODULES = {
    "engine": "run of an engine, in each package of engines",
    "background": "background traffic, of an engine",
    "replay": "years of consignments again in many worlds, and its kernel",
    "rings": "rings, drawn and in closed form",
    "checkpoint": "a checkpoint, and the same in closed form",
    "devices": "devices, and changes of them",
    "network": "the network, and its tables",
    "traffic": "honest traffic, and its tables",
    "consignments": "consignments drawn, and their tables",
    "populations": "populations of consignments, and their table",
    "controls": "controls of the sources, and their tables",
    "store": "store of a sweep, read and written",
    "dataset": "labelled results, of runs and of comparisons",
    "seizures": "seizures, of results, of contradictions and in a study",
    "report": "a comparison in print, and the study that makes a page of results",
    "series": "the opiate series, and its arithmetic",
}
"""Names of several modules that are one idea."""

MOST_MODULES, MOST_PACKAGES, MOST_LAYERS = 10, 17, 20
MEDIAN_LINES = (100, 200)
MAX_MODULE_LINES = 450
MAX_FUNCTION_LINES = 90

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
TEXTS = {path: path.read_text(encoding="utf-8") for path in FILES}
TREES = {path: parsed(text) for path, text in TEXTS.items()}


def is_in(module: str, packages: Iterable[str]) -> bool:
    """Whether a module is one of some packages or modules, or lies in one of them."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def wrong_imports(path: Path) -> Iterator[str]:
    """What a module must not import, as sentences."""
    module, names = name_of(path), list(imported(path))
    unit, libraries = unit_of(module), {name.split(".")[0] for name in names}
    for other in sorted(siblings(path)):
        if unit_of(other) != unit and LEVEL[unit_of(other)] >= LEVEL[unit]:
            yield f"{module} must not import {other}, which lies below it"
        for engine in ENGINES:
            if is_in(module, [engine]) and is_in(other, set(ENGINES) - {engine}):
                yield f"{module} must not import {other} of another engine"
        if is_in(other, ["engine.expectation"]) and other != CLOSED_FORM and not is_in(module, ["engine.expectation"]):
            yield f"{module} must not import {other}, but {CLOSED_FORM}"
        if is_in(module, ["engine.expectation"]) and is_in(other, SIMULATING_ONLY):
            yield f"{module} must not import {other}, as the closed form shares nothing with what it is tested against"
    for library, places in RESERVED.items():
        if library in libraries and not is_in(module, places):
            yield f"{module} must not import {library}; only {places} may"
    if is_in(module, UNLABELLED):
        yield from (f"{module} must not import {library}" for library in sorted(libraries & LABELS))


def shown(path: Path) -> str:
    """Path below the folder of sources."""
    return str(path.relative_to(SOURCE))


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def undocumented(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    """Public classes, functions and methods without a docstring."""
    for child in node.body:
        if not isinstance(child, ast.ClassDef | FunctionNode) or child.name.startswith("_"):
            continue
        overloaded = any(ast.unparse(decorator).endswith("overload") for decorator in child.decorator_list)
        if not overloaded and not ast.get_docstring(child):
            yield prefix + child.name
        if isinstance(child, ast.ClassDef):
            yield from undocumented(child, f"{prefix}{child.name}.")


def test_every_module_and_package_has_a_layer():
    assert {unit_of(name_of(path)) for path in MODULES} == set(LEVEL)
    assert len(LAYERS) <= MOST_LAYERS


def test_the_page_is_that_of_the_packages():
    page = PAGE["PAGE"].read_text(encoding="utf-8")
    assert page == PAGE["page"](page), "python docs/architecture.py writes it anew"


def test_the_top_of_the_package_is_read_at_a_glance():
    assert len([path for path in PACKAGE.iterdir() if path.suffix == ".py"]) <= MOST_MODULES
    assert len([path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]) <= MOST_PACKAGES


def test_imports_keep_to_the_layers():
    assert [wrong for path in MODULES for wrong in wrong_imports(path)] == []


WRONG = {
    "a rule of the compiled engine in the reference engine": (
        "engine/reference/engine.py",
        "from flowsim.engine.compiled.rules import decide",
    ),
    "the same within a function": (
        "engine/reference/stations.py",
        "def f():\n    from flowsim.engine.compiled import rules",
    ),
    "the reference engine in the compiled one": (
        "engine/compiled/engine.py",
        "import flowsim.engine.reference.stations",
    ),
    "random numbers of the engines in the closed form": (
        "engine/expectation/rings.py",
        "from flowsim.draws.philox import Stream",
    ),
    "a part of the closed form in results": (
        "results/tally.py",
        "from flowsim.engine.expectation.seasons import Seasons",
    ),
    "labels in a kernel": ("draws/honest_kernel.py", "import xarray as xr"),
    "labels in an engine": ("engine/compiled/rules.py", "from pandas import DataFrame"),
    "hydra in the domain": ("world/network.py", "from hydra.utils import instantiate"),
    "simpy outside the reference engine": ("engine/compiled/engine.py", "import simpy"),
    "matplotlib in a study": ("studies/run.py", "from matplotlib import pyplot"),
    "a study in the configuration": ("config/build.py", "from flowsim.studies import run"),
    "an import by name": ("world/world.py", "import importlib\nimportlib.import_module('flowsim.results.files')"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_import_is_found(case, monkeypatch):
    """In the module as it stands, with one line more."""
    own, line = WRONG[case]
    before = list(wrong_imports(PACKAGE / own))
    monkeypatch.setattr(Path, "read_text", with_line(PACKAGE / own, line))
    assert not before
    assert len(list(wrong_imports(PACKAGE / own))) == 1


def with_line(changed: Path, line: str):
    """Read files, one of them with a line more at its end."""
    read = Path.read_text

    def read_text(path: Path, **given) -> str:
        return read(path, **given) + (f"\n{line}\n" if path == changed else "")

    return read_text


def repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def test_one_name_is_one_idea():
    """A class or a module has a name of its own, unless those of one name are one idea."""
    classes = [node.name for path in MODULES for node in TREES[path].body if isinstance(node, ast.ClassDef)]
    assert repeated(classes) == set(SAME_CLASSES)
    assert repeated(path.stem for path in MODULES if path.stem != "__init__") == set(SAME_MODULES)


def test_no_modules_import_each_other():
    graph = {name_of(path): siblings(path) for path in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " < ".join(error.args[1]))


def test_modules_are_short():
    lines = {shown(path): len(text.splitlines()) for path, text in TEXTS.items()}
    assert {path: count for path, count in lines.items() if count > MAX_MODULE_LINES} == {}


def test_functions_are_short():
    lines = {
        f"{shown(path)}: {node.name}": node.end_lineno - node.lineno + 1
        for path, tree in TREES.items()
        for node in functions(tree)
    }
    assert {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES} == {}


def test_public_names_are_documented():
    assert [shown(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == [], "opens with a sentence"
    assert [f"{shown(path)}: {name}" for path, tree in TREES.items() for name in undocumented(tree)] == []


def test_the_median_module_is_neither_short_nor_long():
    lines = [len(TEXTS[path].splitlines()) for path in MODULES]
    assert MEDIAN_LINES[0] <= median(lines) <= MEDIAN_LINES[1]


def test_few_packages_are_nested():
    deep = {
        ".".join(path.relative_to(PACKAGE).parts[:-1]) for path in MODULES if len(path.relative_to(PACKAGE).parts) > 2
    }
    assert deep == set(NESTED)


def test_data_holds_only_tables():
    code = [path.name for path in (PACKAGE / "data").rglob("*.py") if "__pycache__" not in path.parts]
    assert not code


def test_the_tests_mirror_the_package():
    """A folder of tests is a package; those of the pages, and of modules at the top, stand beside them."""
    files = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {path.parts[0] for path in files if len(path.parts) > 1} == packages | {"docs"}
    top = {path.stem for path in PACKAGE.glob("*.py")} | {"architecture"}
    assert {path.stem.removeprefix("test_") for path in files if len(path.parts) == 1} <= top
    assert len({path.name for path in files}) == len(files), "pytest knows a file by its name"


def test_help_imports_neither_numpy_nor_xarray():
    script = (
        "import contextlib, io, sys\n"
        "sys.argv = ['flowsim', '--help']\n"
        "from flowsim.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "assert text.getvalue().strip(), 'no help was printed'\n"
        "print(*sorted({'numpy', 'xarray', 'scipy', 'matplotlib'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stdout.strip(), f"flowsim --help imports {run.stdout.strip()}"
