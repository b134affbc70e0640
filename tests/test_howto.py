"""The how-to on a country of one's own: its blocks, run in order in an empty folder, do what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from flowsim import cli

PAGE = Path(__file__).parents[1] / "docs" / "own-country.md"
BLOCK = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(path, script):
    """Apply substitutions of the form s|pattern|replacement|, one per line."""
    text = path.read_text(encoding="utf-8")
    for command in script.splitlines():
        _, pattern, replacement, _ = command.split("|")
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count == 1, command
    path.write_text(text, encoding="utf-8")


def test_the_page_builds_checks_and_runs_a_country(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {language for language, _, _ in blocks} == {"", "yaml", "csv", "python", "sh", "text", "sed"}
    said = ""
    codes = []
    for language, name, text in blocks:
        if language in ("yaml", "csv"):
            put(Path(name), text)
        elif language == "sed":
            edit(Path(name), text)
        elif language == "python":
            exec(compile(text, str(PAGE), "exec"), {})
            said = capsys.readouterr().out
        elif language == "sh":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "flowsim"
                codes.append(cli.answer(arguments))
            captured = capsys.readouterr()
            said = captured.out + captured.err
        elif language == "text":
            position = 0
            for line in text.splitlines():
                position = said.index(line.strip(), position)
    assert codes == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("command", ["flowsim study=new_world out=mine"])
def test_the_page_names_the_template(command):
    assert command in PAGE.read_text(encoding="utf-8")
