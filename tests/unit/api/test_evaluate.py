"""The Python function takes the command's options and gives the command's result."""

import dataclasses
import json

import numpy as np
import pytest
from conftest import clusters

from opiscli import UsageError, evaluate

EMBEDDINGS, LABELS = clusters(seed=3, n_classes=20, sizes=(6, 12))


def test_options_are_those_of_the_command(opis, tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    np.save(tmp_path / "y.npy", LABELS)
    argv = "--frr 0.1:0.4 --distance cosine --utility precision-recall --beta 2 --epsilon 0.3"
    source = ("evaluate", tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--json")
    printed = json.loads(opis(*source, *argv.split(), "--thresholds", 31, "--k", "1,3")[1])
    result = evaluate(
        EMBEDDINGS,
        LABELS,
        frr=(0.1, 0.4),
        distance="cosine",
        utility="precision-recall",
        beta=2,
        epsilon=0.3,
        n_thresholds=31,
        k=(1, 3),
    )
    ours = json.loads(result.to_json())
    printed["data"].pop("source"), ours["data"].pop("source")
    assert ours == printed


def test_results_are_frozen():
    result = evaluate(EMBEDDINGS.tolist(), LABELS.tolist())
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mean_utility = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.opis.value = 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"distance": "manhattan"}, "expected one of: euclidean, cosine"),
        ({"utility": "f1"}, "expected one of: tpr-tnr, precision-recall"),
        ({"far": (0.1, 0.2), "range": (0.5, 1)}, "use only one of far, range: each sets"),
        ({"far": (0.2, 0.1)}, "lower bound first"),
        ({"k": 0}, "ranks from 1"),
        ({"threads": 0}, "threads is 0, expected 1 or more\nhint: For example threads=2."),
    ],
)
def test_options_are_checked(options, match):
    with pytest.raises(UsageError, match=match):
        evaluate(EMBEDDINGS, LABELS, **options)
