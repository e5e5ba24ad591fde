"""Who counts for long without numba is told once that there is a faster way."""

import pytest
from conftest import SAMPLE

from opiscli.cli.options.slow_counting import SlowCounting
from opiscli.engine import kernels

WORDNET = SAMPLE / "wordnet.parquet"
HINT = f"numba counts pairs about {kernels.SPEEDUP} times faster: pip install 'opiscli[fast]'"


def said_after(seconds, stages, monkeypatch, *, installed=False):
    """What is said when progress is made at these times."""
    monkeypatch.setattr(kernels, "is_installed", lambda: installed)
    said, times = [], iter(seconds)
    watch = SlowCounting(said.append, lambda: next(times))
    for stage in stages:
        watch(stage, 1, 2)
    return said


@pytest.mark.parametrize(
    ("seconds", "stages", "times"),
    [
        ([0, 5, 9.9], ["pairs"] * 3, 0),
        ([0, 10], ["pairs"] * 2, 0),
        ([0, 10.1], ["pairs"] * 2, 1),
        ([0, 11, 22, 33], ["pairs"] * 4, 1),
        ([1000, 1005, 1011], ["pairs"] * 3, 1),
        ([0, 6, 12], ["pairs", "positive pairs", "as deployed"], 1),
        ([0, 20], ["sample"] * 2, 1),
        # What a kernel does not count would be no faster.
        ([0, 20], ["neighbours"] * 2, 0),
        ([0, 20], ["training the index"] * 2, 0),
        ([0, 20], ["distances", "pairs"], 0),
        ([], [], 0),
    ],
)
def test_when_it_is_said(monkeypatch, seconds, stages, times):
    said = said_after(seconds, stages, monkeypatch)
    assert said == [f"hint: {HINT}"] * times
    assert said_after(seconds, stages, monkeypatch, installed=True) == []


def test_in_a_command(opis, monkeypatch):
    ticks = iter(range(0, 10**6, 6))
    monkeypatch.setattr(SlowCounting.__init__, "__defaults__", (lambda: next(ticks),))
    monkeypatch.setattr(kernels, "is_installed", lambda: False)
    command = ("compare", WORDNET, WORDNET)
    code, _, err = opis(*command)
    assert code == 0
    assert err.count(HINT) == 1
    assert HINT not in opis(*command, "-q")[2]
    monkeypatch.setattr(kernels, "is_installed", lambda: True)
    assert HINT not in opis(*command)[2]
