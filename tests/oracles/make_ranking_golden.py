"""Writes ranking_golden.json: what pytorch-metric-learning computes on data without ties.

    pip install torch==2.13.0 pytorch-metric-learning==2.9.0 faiss-cpu
    PYTHONPATH=.:tests python tests/oracles/make_ranking_golden.py

Not run by the tests, which read only what it wrote.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from oracles.ranking_data import make
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN

from opiscli import read_embeddings

HERE = Path(__file__).parent
SETS = {
    "few_large": {"seed": 11, "n_items": 120, "dims": 12, "n_classes": 4},
    "many_small": {"seed": 12, "n_items": 300, "dims": 24, "n_classes": 110},
    "uneven": {"seed": 13, "n_items": 260, "dims": 6, "n_classes": 30},
}


def require_no_ties(x, y):
    """A match and another item are never so nearly equally far that rounding could swap them."""
    unit = x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    distance = np.sqrt(np.maximum(0, 2 - 2 * unit @ unit.T))
    for row, same in zip(distance, y[:, None] == y, strict=True):
        order = np.argsort(row)
        differ = same[order][1:] != same[order][:-1]
        assert np.diff(row[order])[differ].min() > 5e-7


def main():
    sets = {name: make(**how) for name, how in SETS.items()}
    wordnet = read_embeddings(str(HERE.parents[1] / "sample_data" / "wordnet.parquet"))
    for x, y in sets.values():
        require_no_ties(x, y)
    sets["wordnet"] = (wordnet.unit_rows, wordnet.codes)
    wanted = ("precision_at_1", "mean_average_precision_at_r", "r_precision")
    golden = {}
    for name, (x, y) in sets.items():
        calculator = AccuracyCalculator(
            include=wanted,
            k=None,
            knn_func=CustomKNN(CosineSimilarity()),
            device=torch.device("cpu"),
        )
        # In float64, so that what is nearer does not depend on the processor.
        found = calculator.get_accuracy(
            torch.from_numpy(np.asarray(x, dtype=np.float64)),
            torch.from_numpy(np.asarray(y, dtype=np.int64)),
        )
        golden[name] = {"how": SETS.get(name), **{key: float(found[key]) for key in wanted}}
    versions = {name: version(name) for name in ("torch", "pytorch-metric-learning")}
    text = json.dumps({"versions": versions, "sets": golden}, indent=1)
    (HERE / "ranking_golden.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
