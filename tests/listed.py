"""Listed pairs for tests: all pairs of a labelled set, or drawn scores."""

import hashlib

import numpy as np

from opiscli.analysis import calibrate_source, questions
from opiscli.analysis.inputs import Opened, Work
from opiscli.embeddings.pair_scores import PairGroups, PairScores, ScoreKind
from opiscli.settings.calibration import Average
from opiscli.settings.resources import Resources
from opiscli.settings.target import Target

WORK = Work(Resources.of_machine())


def listed(scores, same, kind="distance", classes=None, clusters=None, **more):
    """Pairs as a reader makes them; groups are labels of one side or of two."""
    scores = np.asarray(scores, dtype=np.float64)
    return PairScores(
        distances=scores if kind == "distance" else -scores,
        is_positive=np.asarray(same, dtype=bool),
        kind=ScoreKind(kind),
        classes=None if classes is None else groups(classes),
        clusters=None if clusters is None else groups(clusters),
        sha256=hashlib.sha256(scores.tobytes()).hexdigest(),
        **more,
    )


def groups(labels):
    sides = np.atleast_2d(np.asarray(labels))
    names, codes = np.unique(sides, return_inverse=True)
    codes = codes.reshape(sides.shape).astype(np.int32)
    return PairGroups(tuple(str(name) for name in names), codes)


def drawn(seed=0, n=2000, n_classes=12, ties=False):
    """Distances, labels and both identities: positive pairs are nearer, some classes less so."""
    rng = np.random.default_rng(seed)
    first = rng.integers(n_classes, size=n)
    second = np.where(rng.random(n) < 0.3, first, rng.integers(n_classes, size=n))
    same = first == second
    scores = rng.normal(size=n) + np.where(same, 0.0, 2.0 + first / n_classes)
    return np.round(scores, 1) if ties else scores, same, np.array([first, second])


def evaluate(pairs, *, thresholds=(), **given):
    return questions.evaluate(Opened(pairs, "pairs"), given, WORK)[1]


def calibrate(pairs, given=None, *, evaluate_on=None, **asked):
    wanted = ("far", "criterion", "threshold", "similarity")
    named = {name: asked.pop(name) for name in wanted if name in asked}
    targets = Target.given(**{name: np.atleast_1d(v).tolist() for name, v in named.items()})
    if "average" in asked:
        asked["average"] = Average(asked["average"])
    tested = None if evaluate_on is None else Opened(evaluate_on, "others")
    return calibrate_source.calibrate(
        Opened(pairs, "pairs"), targets, given or {}, WORK, evaluate_on=tested, **asked
    )
