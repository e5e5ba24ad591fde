"""The tables of the benchmarks are what their results say."""

import runpy

import pytest
from conftest import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.mark.parametrize("folder", [BENCHMARKS, BENCHMARKS / "tcm_study"], ids=["all", "tcm_study"])
def test_tables_are_generated_from_the_results(folder):
    text = (folder / "README.md").read_text("utf-8")
    assert runpy.run_path(str(folder / "tables.py"))["with_tables"](text) == text
