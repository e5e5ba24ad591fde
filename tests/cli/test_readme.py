"""The README tells the truth: its report is what the command prints, its command lines parse."""

import re
import shlex

import pytest
from conftest import ROOT
from typer.main import get_command

from opiscli.cli import app

README = (ROOT / "README.md").read_text("utf-8")
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e-\d+)?")

COMMANDS = get_command(app).commands
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A command line ends at a comment, a pipe, a file it is sent to or what closes the code around it.
COMMAND_LINE = re.compile(r"\bopis ([a-z][a-z-]*)((?:[ \t]+(?:'[^']*'|[^\s'|#)>]+))+)")


def test_the_report_in_the_readme_is_the_report(opis, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)
    _, out, _ = opis("evaluate", "sample_data/wordnet.parquet")
    printed = "\n".join(line.rstrip() for line in out.rstrip().split("\n"))
    shown = README.split("```\nsample_data/wordnet.parquet\n")[1].split("\n```")[0]
    printed = printed.removeprefix("sample_data/wordnet.parquet\n")
    assert NUMBER.sub("#", shown) == NUMBER.sub("#", printed)
    # Digits may differ where another processor rounds a similarity the other way.
    for ours, theirs in zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True):
        assert float(ours.replace(",", "")) == pytest.approx(
            float(theirs.replace(",", "")), rel=5e-3
        )


def code_of(document):
    """Blocks of code, with lines joined that a backslash parts, and pieces of code in prose."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    pieces = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [*(block.replace("\\\n", " ") for block in blocks), *pieces]


def command_lines():
    for document in DOCUMENTS:
        for command, words in COMMAND_LINE.findall("\n".join(code_of(document))):
            if command in COMMANDS and "--help" not in words:
                yield " ".join([command, *words.split()])


@pytest.mark.parametrize("line", sorted(set(command_lines())))
def test_a_command_line_parses(line):
    command, *words = shlex.split(line)
    COMMANDS[command].make_context(command, words)


def test_every_command_is_shown():
    assert {line.split()[0] for line in command_lines()} == set(COMMANDS)


def test_every_option_that_prose_names_exists():
    options = [param for command in COMMANDS.values() for param in command.params]
    there = {name for option in options for name in [*option.opts, *option.secondary_opts]}
    pieces = [piece for document in DOCUMENTS for piece in code_of(document)]
    named = {piece.split()[0] for piece in pieces if piece.startswith("--")}
    assert len(named) > 10
    assert named <= there
