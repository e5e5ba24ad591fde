"""The README tells the truth: its report is what the command prints, what it names exists."""

import re

import pytest
from command_table import COMMANDS
from conftest import ROOT
from documents import DOCUMENTS, blocks, commands, pieces

README = (ROOT / "README.md").read_text("utf-8")
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e-\d+)?")


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


def test_every_command_is_shown():
    shown = {command for document in DOCUMENTS for command, _ in commands(document)}
    assert set(COMMANDS) <= shown


def test_every_option_that_prose_names_exists():
    options = [param for command in COMMANDS.values() for param in command.params]
    there = {name for option in options for name in [*option.opts, *option.secondary_opts]}
    code = [code for document in DOCUMENTS for code in [*blocks(document), *pieces(document)]]
    named = {text.split()[0] for text in code if text.startswith("--")}
    assert len(named) > 10
    assert named <= there
