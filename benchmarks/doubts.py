"""Whether opis warns of inputs that make its numbers meaningless, and of no others.

200 healthy sets are simulated, of different numbers of classes, items and dimensions, with classes
of different size and width, some of them crowded into a narrow cone; none may have a warning of
the kind that doubts the whole set. Each is then spoilt in several ways, and each must have one.
Writes results/doubts.json.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

import opiscli
from opiscli.analysis.warnings.compare import DOUBTS

N_SETS = 200
RESULTS = Path(__file__).parent / "results"
Spoil = Callable[[np.random.Generator, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def healthy(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A set that one would evaluate: its classes can be told apart, and most are large enough."""
    rng = np.random.default_rng(seed)
    n_classes = int(np.exp(rng.uniform(np.log(6), np.log(400))))
    dims = int(np.exp(rng.uniform(np.log(12), np.log(256))))
    mean_size = np.exp(rng.uniform(np.log(5), np.log(40)))
    # Fewer items in all than would take long.
    sizes = np.maximum(4, rng.poisson(min(mean_size, 4000 / n_classes), n_classes))
    if rng.random() < 0.5:  # a long tail: up to a third of the classes are tiny, some single
        tiny = rng.random(n_classes) < rng.uniform(0, 0.33)
        sizes[tiny] = rng.integers(1, 4, np.count_nonzero(tiny))
        sizes[:2] = np.maximum(sizes[:2], 4)
    labels = np.repeat(np.arange(n_classes), sizes)
    centres = rng.normal(size=(n_classes, dims))
    width = rng.uniform(0.3, 1.0) * np.exp(rng.normal(0, rng.uniform(0, 0.4), n_classes))
    # In few dimensions centres are near one another, so classes must be narrower.
    width *= min(1.0, (dims / 64) ** 0.5)
    vectors = centres[labels] + width[labels, None] * rng.normal(size=(len(labels), dims))
    if rng.random() < 0.3:  # crowded: on a common offset of up to 1000 times their spread
        offset = rng.normal(size=dims)
        offset *= 10 ** rng.uniform(0, 3) * dims**0.5 / np.linalg.norm(offset)
        vectors = vectors + offset
    return vectors, labels


def _shuffled(rng, vectors, labels):
    return vectors, rng.permutation(labels)


def _a_third_kept(rng, vectors, labels):
    moved = rng.random(len(labels)) < 2 / 3
    labels = labels.copy()
    labels[moved] = rng.permutation(labels[moved])
    return vectors, labels


def _split_as_label(rng, vectors, labels):
    return vectors, rng.choice(["train", "test", "val"], size=len(labels), p=[0.7, 0.2, 0.1])


def _other_column(rng, vectors, labels):
    return vectors, rng.integers(0, max(3, len(labels) // 8), size=len(labels))


def _one_row_off(rng, vectors, labels):
    """Rows of one file moved against the other by one, as by a header."""
    order = rng.permutation(len(labels))
    return vectors[order], np.roll(labels[order], 1)


def _collapsed(rng, vectors, labels):
    one = rng.normal(size=vectors.shape[1])
    return (one + 1e-3 * rng.normal(size=vectors.shape)), labels


def _collapsed_to_rounding(rng, vectors, labels):
    one = rng.normal(size=vectors.shape[1]).astype(np.float32)
    return one * (1 + 1e-6 * rng.normal(size=vectors.shape)).astype(np.float32), labels


def _tiny(rng, vectors, labels):
    """Two or three items of each class, as of one that was sampled by rows."""
    rank = np.arange(len(labels)) - np.searchsorted(labels, labels)
    kept = rank < rng.integers(2, 4)
    return vectors[kept], labels[kept]


def _no_label(name: str) -> Spoil:
    def spoil(rng, vectors, labels):
        names = labels.astype(str).astype(object)
        names[rng.permutation(len(labels))[: max(2, len(labels) // 12)]] = name
        return vectors, names.astype(str)

    return spoil


def _respelt(change: Callable[[str], str]) -> Spoil:
    def spoil(rng, vectors, labels):
        names = np.array([f"Café {label}" for label in labels], dtype=object)
        changed = rng.random(len(labels)) < 0.3
        names[changed] = [change(name) for name in names[changed]]
        return vectors, names.astype(str)

    return spoil


UNRELATED = frozenset(("labels-unrelated", "collapsed"))
"""Of embeddings in a narrow cone it cannot be told whether labels or embeddings are wrong."""

SPOILT: dict[str, tuple[str, Spoil]] = {
    "shuffled labels": ("labels-unrelated", _shuffled),
    "two thirds of the labels shuffled": ("labels-unrelated", _a_third_kept),
    "split as label": ("labels-unrelated", _split_as_label),
    "an unrelated column as label": ("labels-unrelated", _other_column),
    "labels one row off": ("labels-unrelated", _one_row_off),
    "collapsed to a point and noise": ("collapsed", _collapsed),
    "collapsed to rounding": ("collapsed", _collapsed_to_rounding),
    "two or three items per class": ("small-classes", _tiny),
    "label -1": ("missing-labels", _no_label("-1")),
    "label nan": ("missing-labels", _no_label("nan")),
    "label None": ("missing-labels", _no_label("None")),
    "empty label": ("missing-labels", _no_label("")),
    "labels in two cases": ("labels-alike", _respelt(str.upper)),
    "labels with a blank behind": ("labels-alike", _respelt(lambda name: f"{name} ")),
    "labels in two Unicode forms": (
        "labels-alike",
        _respelt(lambda name: name.replace("é", "e\u0301")),
    ),
}


def doubts(vectors: np.ndarray, labels: np.ndarray, **how: object) -> set[str]:
    """Codes of the warnings that doubt a set; its refusal where it cannot be evaluated at all."""
    try:
        result = opiscli.evaluate(vectors, labels, threads=1, **how)
    except opiscli.OpisError as error:
        return {type(error).__name__}
    return {warning.code for warning in result.warnings} & DOUBTS


def as_similarity_range(vectors: np.ndarray, labels: np.ndarray) -> set[str]:
    """The range of the usual FARs, written in similarities but read as distances."""
    ends = opiscli.evaluate(vectors, labels, threads=1).calibration_range.threshold
    lo, hi = (1 - end**2 / 2 for end in (ends.hi, ends.lo))
    return doubts(vectors, labels, range=(max(lo, 0.0), max(hi, 1e-3)))


def _row(name: str, code: str, found: list[set[str]]) -> dict[str, object]:
    codes = UNRELATED if code in UNRELATED else {code}
    warned = sum(bool(one & codes) for one in found)
    refused = sum(bool(one - DOUBTS) for one in found)
    return {
        "input": name,
        "code": code,
        "n_sets": len(found),
        "warned": warned,
        "refused": refused,
        "missed": sum(not one & codes and not one - DOUBTS for one in found),
    }


def main() -> None:
    sets = [healthy(seed) for seed in range(N_SETS)]
    alarms = [doubts(*one) for one in sets]
    rows = [{"input": "healthy", "n_sets": N_SETS, "warned": sum(map(bool, alarms))}]
    print(rows[-1], flush=True)
    spoilt = sets[: N_SETS // 4]
    for name, (code, spoil) in SPOILT.items():
        found = [
            doubts(*spoil(np.random.default_rng(seed), *one)) for seed, one in enumerate(spoilt)
        ]
        rows.append(_row(name, code, found))
        print(rows[-1], flush=True)
    found = [as_similarity_range(*one) for one in spoilt]
    rows.append(_row("range in similarities", "low-scores", found))
    print(rows[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "doubts.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
