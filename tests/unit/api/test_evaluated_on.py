"""What was asked for of the calibrated set holds for the set that rates are measured on, too."""

import numpy as np
from conftest import clusters

import opiscli


def test_duplicates_are_dropped_from_both_sets():
    rows, labels = clusters(seed=1, n_classes=12, sizes=(5, 9))
    others, of_others = clusters(seed=2, n_classes=12, sizes=(5, 9))
    twice = np.concatenate([others, others[:20]]), np.concatenate([of_others, of_others[:20]])
    found = opiscli.calibrate(rows, labels, far=0.05, eval=twice, drop_duplicates=True)
    assert found.evaluation_data.n_items == len(others)
    assert found.evaluation_data.duplicates_dropped
    kept = opiscli.calibrate(rows, labels, far=0.05, eval=twice)
    assert kept.evaluation_data.n_items == len(others) + 20
