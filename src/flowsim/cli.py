"""The `flowsim` command: compose a configuration, run a study, and print the place of its results."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.config import options
from flowsim.studies import terminal

if TYPE_CHECKING:
    import argparse


STOPPED = 130
"""Exit code of a run stopped by Ctrl-C."""

FULL_ERROR = "HYDRA_FULL_ERROR"
"""Environment variable; set to 1, it shows the origin of an error."""

LISTS = ("study.words",)
"""Keys with values that may be separated by commas without brackets, outside a sweep."""

FLAGS = (
    *("--help", "--version", "--hydra-help", "--cfg", "--resolve", "--package", "--run", "--multirun"),
    *("--shell-completion", "--config-name", "--config-dir", "--info"),
)
"""Flags answered here or passed on to Hydra."""

SHORT_FLAGS = ("-h", "-c", "-p", "-r", "-m", "-sc", "-cn", "-cd", "-i")
"""Short forms of some of them."""


def main() -> int:
    """Run the command of `sys.argv` and return its exit code."""
    code = answer(sys.argv[1:])
    terminal.say("", end="")
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
        Arguments after the word `flowsim`.
    """
    debug = os.environ.get(FULL_ERROR) == "1"
    try:
        with _raising_errors():
            failures = _command(arguments, debug=debug)
    except KeyboardInterrupt as stop:
        print("; ".join(["flowsim: stopped", *map(str, stop.args)]), file=sys.stderr)
        return STOPPED
    except SystemExit as leaving:  # how Hydra ends --hydra-help
        return int(leaving.code or 0)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, BrokenPipeError):  # from what Hydra prints, as a study's own errors are caught before
            terminal.drop_output()
            return 0
        failures = [_message(error, arguments)]
    for failure in failures:
        print(f"flowsim: {failure}", file=sys.stderr)
    return 1 if failures else 0


@contextlib.contextmanager
def _raising_errors() -> Iterator[None]:
    """Let Hydra raise errors, instead of printing a part of the traceback and leaving."""
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    try:
        yield
    finally:
        os.environ.pop(FULL_ERROR)
        if before is not None:
            os.environ[FULL_ERROR] = before


def _message(error: Exception, arguments: Sequence[str]) -> str:
    from flowsim.config.error_line import message

    return message(error, arguments, hint=f"{FULL_ERROR}=1 shows where")


def _command(arguments: Sequence[str], *, debug: bool) -> list[str]:
    """Answer --help and --version, else run Hydra; the messages of failed runs."""
    if {"--help", "-h"} & set(arguments):
        terminal.say(options.help_text(_config_dir(arguments)), end="")
        return []
    if "--version" in arguments:
        terminal.say(f"flowsim {version('flowsim')}")
        return []
    from flowsim.config import diagnose
    from flowsim.config.compose import compose_config

    args, flags = _parse(arguments)
    args.overrides = [diagnose.quoted(text) for text in args.overrides]
    if not args.multirun:
        args.overrides = [diagnose.as_list(text, keys=LISTS) for text in args.overrides]
    if not (args.hydra_help or args.shell_completion):
        compose_config(
            args.overrides,
            config_dir=Path(args.config_dir) if args.config_dir else None,
            config_name=args.config_name or "config",
            multirun=args.multirun,
        )
    command = shlex.join(["flowsim", *arguments])
    return _hydra(flags, args.overrides, command=command, debug=debug)


def _config_dir(arguments: Sequence[str]) -> Path | None:
    """Folder after --config-dir, found without Hydra, which takes half a second to import."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if flag in ("--config-dir", "-cd"):
            return Path(value)
        if flag.startswith("--config-dir="):
            return Path(flag.partition("=")[2])
    return None


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read Hydra's flags and all overrides, in any order; also the arguments without the overrides."""
    from hydra._internal.utils import get_args_parser

    for place, argument in enumerate(arguments):
        if argument.startswith("-") and argument not in SHORT_FLAGS:
            _check_flag(argument, arguments[place + 1 :])
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            args, late = get_args_parser().parse_known_args(arguments)
    except SystemExit:
        raise ValueError(complaint.getvalue().strip().rpartition("error: ")[2]) from None
    args.overrides += late
    return args, [argument for argument in arguments if argument not in args.overrides]


def _check_flag(argument: str, following: Sequence[str]) -> None:
    """Refuse an unknown flag; one named as a key gets a hint at the key."""
    from flowsim import checks
    from flowsim.config import compose, hints

    name = argument.partition("=")[0]
    if name not in FLAGS:
        hint = hints.of_flag(argument, following, keys=compose.keys_named)
        checks.known(name, FLAGS, thing="a flag", hint=hint)


def _hydra(flags: Sequence[str], typed: Sequence[str], *, command: str, debug: bool) -> list[str]:
    """Let Hydra compose and call the task, once per job or through a sweeper; the messages of failures."""
    import hydra

    from flowsim.config.options import conf_dir
    from flowsim.task import Task

    task = Task(command=command, typed=typed, debug=debug, hint=f"{FULL_ERROR}=1 shows where")
    before = sys.argv
    sys.argv = [before[0], *flags, *typed]
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(task)()
    finally:
        sys.argv = before
        task.clean()
    return task.failures
