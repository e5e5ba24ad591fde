"""Wide rows and very many classes are worked on in parts, and no number depends on their size."""

import json

import numpy as np
import pytest
from conftest import clusters, evaluate_with

from opiscli.counting import tables, within
from opiscli.embeddings import row_pieces
from opiscli.engine.kernels import COMPILED, NUMPY, has_compiler
from opiscli.metrics import opis, utility
from opiscli.metrics.intervals import bootstrap
from opiscli.settings.evaluation import EvaluationSettings

PARTS = {
    (row_pieces, "_VALUES_COPIED"): 40,
    (row_pieces, "_VALUES_MOVED"): 1,
    (row_pieces, "_LEAST_DIMS_AT_ONCE"): 5,
    (tables, "_CLASSES_AT_ONCE"): 3,
    (opis, "_CLASSES_AT_ONCE"): 4,
    (utility, "_CLASSES_AT_ONCE"): 7,
    (bootstrap, "_DRAWS_AT_ONCE"): 100,
    (bootstrap, "_WIDE_AT_ONCE"): 12,
    (bootstrap, "_WIDE_IN_BLOCK"): 50,
}


def numbers(evaluation):
    """All numbers of an evaluation by their place in it."""

    def walk(value, place):
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from walk(inner, f"{place}.{name}")
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                yield from walk(inner, f"{place}[{at}]")
        elif isinstance(value, int | float):
            yield place, float(value)

    return dict(walk(json.loads(evaluation.to_json()), ""))


@pytest.mark.parametrize("kernel", [NUMPY, COMPILED])
def test_the_size_of_parts_moves_no_number(kernel, monkeypatch):
    if kernel == COMPILED and not has_compiler():
        pytest.skip("numba is not installed")
    rows, labels = clusters(seed=3, n_classes=30, dims=24, sizes=(2, 9))
    rows = np.concatenate([rows, rows[:40]]) + 20  # crowded, and with duplicates
    order = np.random.default_rng(0).permutation(len(rows))
    rows, labels = rows[order], np.concatenate([labels, labels[:40]])[order]
    monkeypatch.setattr(within, "kernel_for", lambda n_pairs: kernel)
    whole = numbers(evaluate_with(rows, labels, EvaluationSettings()))
    for (module, name), size in PARTS.items():
        assert getattr(module, name) > size
        monkeypatch.setattr(module, name, size)
    assert numbers(evaluate_with(rows, labels, EvaluationSettings())) == pytest.approx(whole)
