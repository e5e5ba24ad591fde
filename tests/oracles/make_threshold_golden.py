"""Writes threshold_golden.json: thresholds and rates of other tools on all pairs of small sets.

    pip install metric-learn==0.7.0 bob.measure==6.1.1 scikit-learn==1.7.2 \
        sentence-transformers==6.2.0
    PYTHONPATH=.:tests python tests/oracles/make_threshold_golden.py

metric-learn 0.7.0 needs scikit-learn before 1.8. Not run by the tests, which read only what this
wrote. For every threshold it keeps the numbers of positive and of negative pairs accepted there:
thresholds with the same numbers accept the same pairs, because a larger distance accepts all that
a smaller one does.
"""

import json
from importlib.metadata import version
from pathlib import Path

import bob.measure
import numpy as np
from metric_learn import MMC
from oracles.pair_data import SETS, pairs
from sentence_transformers.sentence_transformer.evaluation import BinaryClassificationEvaluator
from sklearn.metrics import average_precision_score, det_curve

HERE = Path(__file__).parent
RATES = (0.1, 0.01, 0.001)
PEERS = ("metric-learn", "bob.measure", "scikit-learn", "sentence-transformers", "numpy")


def accepted(score, same, similarity):
    """Positive and negative pairs with at least this similarity."""
    is_accepted = score >= similarity
    return [int((is_accepted & same).sum()), int((is_accepted & ~same).sum())]


def metric_learn(unit, first, second, same):
    """Thresholds of calibrate_threshold with the Euclidean distance, and what they accept."""
    learner = MMC()
    learner.components_ = np.eye(unit.shape[1])
    learner.preprocessor_ = None
    valid = np.stack([unit[first], unit[second]], axis=1), np.where(same, 1, -1)
    distance = learner.pair_distance(valid[0])
    asked = {f"max_tpr@tnr={1 - rate:g}": ("max_tpr", 1 - rate, None) for rate in RATES}
    asked |= {f"max_tnr@tpr={rate:g}": ("max_tnr", rate, None) for rate in (0.5, 0.9)}
    asked |= {"accuracy": ("accuracy", None, None), "f_beta=1": ("f_beta", None, 1.0)}
    found = {}
    for name, (strategy, least, beta) in asked.items():
        learner.calibrate_threshold(*valid, strategy=strategy, min_rate=least, beta=beta)
        near = distance <= learner.threshold_
        found[name] = {
            "distance": float(learner.threshold_),
            "accepted": [int((near & same).sum()), int((near & ~same).sum())],
        }
    return found


def bob_measure(score, same):
    """Thresholds for FAR and FRR targets and the EER, with the rates there."""
    negatives, positives = np.sort(score[~same]), np.sort(score[same])
    asked = {
        f"far={rate:g}": bob.measure.far_threshold(negatives, positives, rate) for rate in RATES
    }
    asked |= {
        f"frr={rate:g}": bob.measure.frr_threshold(negatives, positives, rate)
        for rate in (0.5, 0.1)
    }
    asked["eer"] = bob.measure.eer_threshold(negatives, positives)
    found = {}
    for name, threshold in asked.items():
        far, frr = bob.measure.farfrr(negatives, positives, threshold)
        found[name] = {
            "similarity": float(threshold),
            "accepted": accepted(score, same, threshold),
            "far": float(far),
            "frr": float(frr),
        }
    found["eer"]["value"] = float(bob.measure.eer(negatives, positives))
    return found


def scikit_learn(score, same):
    """FPR and FNR of det_curve at every threshold, or at some that are clear of other scores.

    The similarity kept lies halfway to the next lower score: it accepts the same pairs.
    """
    fpr, fnr, threshold = det_curve(same, score, drop_intermediate=False)
    known = np.unique(score)
    place = np.searchsorted(known, threshold)
    inside = (place > 0) & (place < len(known)) & np.isfinite(threshold)
    below = known[np.maximum(place - 1, 0)]
    clear = np.flatnonzero(inside & (threshold - below > 5e-6))
    some = clear[np.unique(np.linspace(0, len(clear) - 1, 40).astype(int))]
    return {
        "similarity": ((threshold[some] + below[some]) / 2).tolist(),
        "fpr": fpr[some].tolist(),
        "fnr": fnr[some].tolist(),
        "average_precision": float(average_precision_score(same, score)),
    }


def sentence_transformers(score, same):
    """Best accuracy and F1 with their thresholds."""
    labels = same.astype(int)
    accuracy, at = BinaryClassificationEvaluator.find_best_acc_and_threshold(score, labels, True)
    f1, precision, recall, f1_at = BinaryClassificationEvaluator.find_best_f1_and_threshold(
        score, labels, True
    )
    return {
        "accuracy": {
            "value": float(accuracy),
            "similarity": float(at),
            "accepted": accepted(score, same, at),
        },
        "f1": {
            "value": float(f1),
            "precision": float(precision),
            "recall": float(recall),
            "similarity": float(f1_at),
            "accepted": accepted(score, same, f1_at),
        },
    }


def main():
    golden = {}
    for name, make in SETS.items():
        embeddings, labels = make()
        first, second, score, same = pairs(embeddings, labels)
        unit = embeddings / np.linalg.norm(embeddings.astype(np.float64), axis=1, keepdims=True)
        golden[name] = {
            "n_positive": int(same.sum()),
            "n_negative": int((~same).sum()),
            "metric-learn": metric_learn(unit, first, second, same),
            "bob.measure": bob_measure(score, same),
            "scikit-learn": scikit_learn(score, same),
            "sentence-transformers": sentence_transformers(score, same),
        }
    versions = {name: version(name) for name in PEERS}
    text = json.dumps({"versions": versions, "sets": golden}, indent=1)
    (HERE / "threshold_golden.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
