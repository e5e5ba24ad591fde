"""The README tells the truth: its report is what the command prints, its options exist."""

import re
import shlex

import pytest
from conftest import ROOT

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


def test_the_options_in_the_readme_exist(opis):
    _, help_text, _ = opis("evaluate", "--help")
    lines = re.findall(r"^opis evaluate (.*?)(?:\s+#.*|\s+\|.*)?$", README, re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        for word in shlex.split(line):
            if word.startswith("--"):
                assert word in help_text
