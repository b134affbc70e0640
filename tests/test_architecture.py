"""The layers of the package, who may import what, and how long a module or a function may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = SOURCE / "flowsim"
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = [path for path in FILES if PACKAGE in path.parents]

ORDER = (
    {"units", "checks", "names", "jit", "cards"},
    {"dialects"},
    {"tables"},
    {"evidence"},
    {"overlays", "readings"},
    {"network"},
    {"traffic"},
    {"hubs"},
    {"inspection"},
    {"world"},
    {"world_parameters"},
    {"world_forms"},
    {"world_columns"},
    {"world_checks"},
    {"world_drugs", "world_hubs", "world_post"},
    {"world_rows"},
    {"world_tables"},
    {"world_years"},
    {"cost"},
    {"provenance", "policy", "draws"},
    {"policies"},
    {"engine", "intervals"},
    {"results"},
    {"capacity"},
    {"processes", "resources", "years"},
    {"simulate"},
    {"repeats"},
    {"measures", "mechanisms", "calibration", "adaptation", "placement"},
    {"figures"},
    {"studies"},
    {"sweeps"},
    {"terminal"},
    {"config"},
    {"comparison"},
    {"api"},
    {"task"},
    {"cli"},
    {"__init__"},
)
LEVEL = {unit: level for level, units in enumerate(ORDER) for unit in units}

RESERVED = {
    "hydra": ("config", "cli", "task", "sweeps"),
    "hydra_plugins": (),
    "simpy": ("engine.reference", "engine.stations"),
    "matplotlib": ("figures",),
}

MAX_MODULE_LINES = 450
MAX_FUNCTION_LINES = 90

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def name_of(path: Path) -> str:
    """Dotted name of a module below flowsim; that of a package is the package's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def imported(path: Path) -> Iterator[str]:
    """Absolute name of all that a module imports, wherever the import stands."""
    package = ["flowsim", *path.relative_to(PACKAGE).parts[:-1]] if PACKAGE in path.parents else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                base = package[: len(package) - level + 1] if level else []
                yield from (".".join([*base, *filter(None, [module]), alias.name]) for alias in aliases)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield f"flowsim{name}" if name.startswith(".") else name


def siblings(path: Path) -> set[str]:
    """Modules of flowsim that a module imports, as dotted names below flowsim."""
    found = set()
    for name in imported(path):
        top, *parts = name.split(".")
        if top == "flowsim":
            while parts and ".".join(parts) not in NAMES:
                parts.pop()
            found.add(".".join(parts) or "__init__")
    return found - {name_of(path)}


def unit_of(module: str) -> str:
    return module.split(".")[0]


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


@each_module
def test_every_module_has_a_level(path):
    assert unit_of(name_of(path)) in LEVEL, f"{name_of(path)} is in no layer of ORDER"


@each_module
def test_imports_point_to_the_foundation(path):
    unit = unit_of(name_of(path))
    units = {unit_of(module) for module in siblings(path)} - {unit}
    upward = {other for other in units if LEVEL[other] >= LEVEL[unit]}
    assert not upward, f"{unit} must not import {sorted(upward)}"


def test_no_modules_import_each_other():
    graph = {name_of(path): siblings(path) for path in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " < ".join(error.args[1]))


@each_module
@pytest.mark.parametrize("library", RESERVED)
def test_a_library_stays_in_its_place(path, library):
    module = name_of(path)
    allowed = any(module == place or module.startswith(f"{place}.") for place in RESERVED[library])
    uses = [name for name in imported(path) if name.split(".")[0] == library]
    assert allowed or not uses, f"{module} must not import {uses}; only {RESERVED[library]} may"


def test_engines_know_no_labels():
    engines = [path for path in MODULES if unit_of(name_of(path)) == "engine"]
    assert engines
    libraries = {name.split(".")[0] for path in engines for name in imported(path)}
    assert not libraries & {"xarray", "pandas", "omegaconf"}


CLOSED_FORM = {f"engine.{name}" for name in ("branches", "clusters", "passing", "quadrature", "seasons", "thinning")}
"""Modules that the expectation engine is made of."""


def test_the_expectation_shares_nothing_with_the_other_engines():
    own = CLOSED_FORM | {"engine.expectation"}
    for path in MODULES:
        used = siblings(path)
        if name_of(path) in own:
            assert not {name for name in used if name.startswith(("engine.", "draws", "results"))} - CLOSED_FORM
        else:
            assert not used & CLOSED_FORM, name_of(path)


def test_the_reference_engine_calls_nothing_of_the_compiled_one():
    shared = siblings(PACKAGE / "engine" / "reference.py")
    assert not [module for module in shared if "compiled" in module or "kernel" in module]


@each_file
def test_modules_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_MODULE_LINES


@each_file
def test_functions_are_short(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [(node.name, node.end_lineno - node.lineno + 1) for node in functions(tree)]
    long = [(name, count) for name, count in lines if count > MAX_FUNCTION_LINES]
    assert not long


@each_file
def test_public_names_are_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module opens with a sentence"
    assert not list(undocumented(tree))


def test_packages_are_not_nested_twice():
    deep = [str(path.relative_to(PACKAGE)) for path in MODULES if len(path.relative_to(PACKAGE).parts) > 2]
    assert not deep


def test_data_holds_only_tables():
    code = [path.name for path in (PACKAGE / "data").rglob("*.py") if "__pycache__" not in path.parts]
    assert not code


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
