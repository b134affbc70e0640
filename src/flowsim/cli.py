"""The `flowsim` command: composes a configuration, runs a study, and says where the results lie."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from flowsim import options

if TYPE_CHECKING:
    import argparse

    from omegaconf import DictConfig

    from flowsim.studies.request import Request

STOPPED = 130
"""Exit code of a run that was stopped by Ctrl-C."""

FULL_ERROR = "HYDRA_FULL_ERROR"
"""Environment variable that, set to 1, shows where an error comes from."""

LISTS = ("study.words",)
"""Keys whose values may be separated by commas without brackets, where no sweep is asked for."""

FLAGS = (
    *("--help", "--version", "--hydra-help", "--cfg", "--resolve", "--package", "--run", "--multirun"),
    *("--shell-completion", "--config-name", "--config-dir", "--info"),
)
"""Flags that are answered or passed on to Hydra."""

SHORT_FLAGS = ("-h", "-c", "-p", "-r", "-m", "-sc", "-cn", "-cd", "-i")
"""Short forms of some of them."""


def main() -> int:
    """Run the command of `sys.argv` and return its exit code."""
    code = answer(sys.argv[1:])
    _say("", end="")
    if code == STOPPED:
        # Python would wait for the threads that fed the worker processes, for ever if those were killed; what it
        # would otherwise clean up, their semaphores, is cleaned up here.
        from multiprocessing.util import _run_finalizers  # type: ignore[attr-defined]

        _run_finalizers(0)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def answer(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; a mistake is one line on standard error.

    Parameters
    ----------
    arguments
        What follows the word `flowsim`.
    """
    debug = os.environ.get(FULL_ERROR) == "1"
    try:
        with _raising_errors():
            failures = _command(arguments, debug=debug)
    except KeyboardInterrupt:
        print("flowsim: stopped", file=sys.stderr)
        return STOPPED
    except SystemExit as leaving:  # how Hydra ends --hydra-help
        return int(leaving.code or 0)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, BrokenPipeError):  # from what Hydra prints, as a study's own errors are caught before
            _drop_output()
            return 0
        failures = [_message(error, arguments)]
    for failure in failures:
        print(f"flowsim: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _say(text: str, *, end: str = "\n") -> None:
    """Print a text; if what reads the output has left, as `head` does, the program goes on without saying more."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        _drop_output()


def _drop_output() -> None:
    """Throw away what is printed from now on, and what was printed and not yet read."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _raising_errors() -> Iterator[None]:
    """Have Hydra raise errors, where it would print a part of the traceback and leave."""
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    try:
        yield
    finally:
        os.environ.pop(FULL_ERROR)
        if before is not None:
            os.environ[FULL_ERROR] = before


def _message(error: Exception, arguments: Sequence[str]) -> str:
    from flowsim import refusals

    text = refusals.as_typed(refusals.plain(error), arguments)
    expected = isinstance(error, ValueError | OSError) or type(error).__module__.startswith(("hydra", "omegaconf"))
    return text if expected else f"a mistake in flowsim: {type(error).__name__}: {text}; {FULL_ERROR}=1 shows where"


def _command(arguments: Sequence[str], *, debug: bool) -> list[str]:
    """Answer --help and --version, else hand over to Hydra; the messages of runs that failed."""
    if {"--help", "-h"} & set(arguments):
        _say(options.help_text(_config_dir(arguments)), end="")
        return []
    if "--version" in arguments:
        _say(f"flowsim {version('flowsim')}")
        return []
    from flowsim import refusals
    from flowsim.config import compose

    args, flags = _parse(arguments)
    args.overrides = [refusals.quoted(text) for text in args.overrides]
    if not args.multirun:
        args.overrides = [refusals.as_list(text, keys=LISTS) for text in args.overrides]
    if not (args.hydra_help or args.shell_completion):
        compose(
            args.overrides,
            config_dir=Path(args.config_dir) if args.config_dir else None,
            config_name=args.config_name or "config",
            multirun=args.multirun,
        )
    command = shlex.join(["flowsim", *arguments])
    return _hydra([*flags, *args.overrides], command=command, debug=debug)


def _config_dir(arguments: Sequence[str]) -> Path | None:
    """Folder after --config-dir, found without Hydra, which takes half a second to import."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if flag in ("--config-dir", "-cd"):
            return Path(value)
        if flag.startswith("--config-dir="):
            return Path(flag.partition("=")[2])
    return None


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read Hydra's flags and all overrides, wherever they stand; also the arguments without the overrides."""
    from hydra._internal.utils import get_args_parser

    from flowsim import checks

    for argument in arguments:
        if argument.startswith("-") and argument not in SHORT_FLAGS:
            checks.known(argument.partition("=")[0], FLAGS, thing="a flag")
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            args, late = get_args_parser().parse_known_args(arguments)
    except SystemExit:
        raise ValueError(complaint.getvalue().strip().rpartition("error: ")[2]) from None
    args.overrides += late
    return args, [argument for argument in arguments if argument not in args.overrides]


def _hydra(arguments: Sequence[str], *, command: str, debug: bool) -> list[str]:
    """Have Hydra compose and call `task`, once per job; the messages of jobs that failed."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from flowsim.config import conf_dir, naming_files

    failures = []
    sweeps = set()

    def task(config: DictConfig) -> None:
        node = HydraConfig.get()
        words: list[str] = OmegaConf.to_container(node.overrides.task, resolve=False)  # type: ignore[assignment]
        sweep = node.mode == RunMode.MULTIRUN
        try:
            job = str(node.job.num) if sweep else ""
            sweeps.update([Path(node.sweep.dir)] if sweep else [])
            with naming_files(node, typed=words):
                request = _request(config, hydra=node, job=job, command=command, typed=words)
            _run(request, study=config.study.name)
        except Exception as error:
            if debug:
                raise
            text = _message(error, words)
            failures.append(f"{shlex.join(words)}: {text}" if sweep else text)

    before = sys.argv
    sys.argv = [before[0], *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(task)()
    finally:
        sys.argv = before
        for folder in sweeps:
            (folder / "multirun.yaml").unlink(missing_ok=True)  # Hydra's; each job keeps its configuration
            _remove_empty([folder, *folder.parents][:-1])
    return failures


def _request(config: DictConfig, *, hydra: Any, job: str, command: str, typed: Sequence[str]) -> Request:
    """Build all that a study needs, so that nothing is refused after it has begun."""
    from flowsim import checks, effects, refusals, stamp, studies
    from flowsim import config as build
    from flowsim.readings import label

    build.check_experiment(config)
    study, folders = str(config.study.get("name")), build.folders_of(hydra)
    checks.known(study, tuple(studies.WRITES), thing="study.name")
    plan, engine = build.build_plan(config), build.engine_of(config)
    option = config.study.get(study)
    variant = f"engine={engine}" if study == "run" else "" if option is None else f"study.{study}={option}"
    effects.check(refusals.top_keys_of(typed), study=study, variant=variant)
    out = "" if config.out is None else str(config.out)
    checks.require(bool(out.strip()), thing="out", rule="name a folder", value=config.out)
    world, policies = build.build_world(config, folders=folders), build.build_policies(config)
    for policy in policies:
        build.check_policy(policy, world)
    chosen = build.readings_of_world(config)
    origin = {"reading": label(chosen), "calibration": str(config.calibration.name)}
    from flowsim.studies.request import Request  # after the checks, because figures take a second to import

    return Request(
        world=world,
        policies=policies,
        engine=engine,
        plan=plan,
        out=Path(out) / job,
        attributes=stamp.provenance(title=world.title, seed=plan.seed, configuration=config) | origin,
        command=command,
        options={str(key): value for key, value in config.study.items()},
        readings=chosen,
        numbers=partial(build.world_numbers, config, world, folders=folders, typed=typed),
    )


def _run(request: Request, *, study: str) -> None:
    """Run a study and say what it found and where the results lie."""
    from flowsim import studies

    module = import_module(f"flowsim.studies.{study}")
    if not studies.WRITES[study]:
        _say(module.run(request, progress=None))
        return
    with _folder(request.out), _progress() as progress, _stopping_workers(), _plain_warnings():
        text = module.run(request, progress=progress)
    _link_latest(request.out)
    _say(f"{text}\n\nresults: {request.out}")


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Make the folder for the results, and remove it again if the run fails with nothing written."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove_empty(made)
        reason = error.strerror or type(error).__name__
        raise ValueError(f"out must name a folder that can be written ({reason}), got {str(out)!r}") from None
    try:
        yield
    except BaseException:
        _remove_empty(made)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Progress bars on a terminal, elsewhere a line on standard error when a step is done."""
    if not sys.stderr.isatty():
        yield _log_step
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)

        yield tell


def _log_step(step: str, done: int, total: int) -> None:
    if done == total:
        print(f"{step}: done", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings as lines of their own, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr, flush=True)
        yield


@contextlib.contextmanager
def _stopping_workers() -> Iterator[None]:
    """Let Ctrl-C end the worker processes too, which would otherwise finish what they have begun."""

    def stop(signum: int, frame: object) -> NoReturn:
        from multiprocessing import active_children

        threading.excepthook = lambda _: None  # the thread that feeds them may complain; the program ends
        for child in active_children():
            child.kill()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _link_latest(out: Path) -> None:
    """Point results/latest to a folder below results/; where links are not possible there is none."""
    results = Path("results").resolve()
    target = out.resolve()
    if results not in target.parents:
        return
    with contextlib.suppress(OSError):
        link = results / f".latest-{os.getpid()}"
        link.symlink_to(target.relative_to(results), target_is_directory=True)
        try:
            os.replace(link, results / "latest")
        except OSError:
            link.unlink()
