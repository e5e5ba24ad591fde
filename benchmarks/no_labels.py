"""Whether thresholds without labels, from impostors and of a new model hold for new items.

Of each set 200 times some items are drawn, or some classes with all their items. On them a
threshold is chosen as the commands choose it, with its 95 % confidence interval, and compared with
all pairs of the set: the accepted share of all pairs, and FAR (``--unlabelled``, at the share of
positive pairs of the set); FAR (``--impostors``); the threshold at which the new model accepts as
much as the old one (``translate``). With ``--confidence 0.95``, FAR is compared with the target.
New models are random projections and principal components of the old one, and noisy copies.

    OPIS_DATA=folder python benchmarks/no_labels.py [unlabelled|impostors|translate|figures|SET …]

Sets: wordnet384, glyphs128 and debian50 of that folder; of each, classes with at most 6,000 items.
Takes a few minutes on an idle processor, and 1 GB. Writes results/no_labels.json, keeping the
parts and sets that are not named.
"""

import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

import opiscli
from opiscli import EmbeddingSet, read_embeddings
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.matched_shares import share_bounds
from opiscli.metrics.intervals.rate import interval, upper_bound
from opiscli.metrics.intervals.rate_spread import pooled_far_spread

SETS = ("wordnet384", "glyphs128", "debian50")
FARS = {"unlabelled": (1e-1, 1e-2), "impostors": (1e-2, 1e-3), "translate": (1e-2, 1e-3)}
MOST_ITEMS = 6_000
DRAWS = int(os.environ.get("DRAWS", "200"))
N_ITEMS, N_SIDE, N_CLASSES = 500, 400, 60
HALVES = 50
CONFIDENCE = 0.95
RESULTS = Path(__file__).parent / "results" / "no_labels.json"
SAMPLE = Path(__file__).parents[1] / "sample_data" / "wordnet.parquet"

_FINE = 1e-5
_NEAR = 0.2
"""Share of the pairs that is looked at: all thresholds are within."""

_AT_ONCE = 1000


def read(name: str) -> EmbeddingSet:
    """Whole classes of a set, chosen at random, until there are enough items."""
    items = read_embeddings(str(Path(os.environ["OPIS_DATA"]) / f"{name}.parquet"))
    order = np.random.default_rng(0).permutation(items.n_classes)
    enough = np.cumsum(items.class_sizes[order]) <= MOST_ITEMS
    return items.subset(np.isin(items.codes, order[enough]))


class Population:
    """All pairs of a set, or of two sets, in fine bins of cosine distance."""

    def __init__(self, rows: np.ndarray, codes: np.ndarray, others: np.ndarray | None = None):
        n_bins = int(2 / _FINE) + 2
        every, negative = np.zeros((2, n_bins), dtype=np.int64)
        columns = rows if others is None else others
        for start in range(0, len(rows), _AT_ONCE):
            d = 1 - rows[start : start + _AT_ONCE] @ columns.T
            bins = np.clip(d / _FINE, 0, n_bins - 1).astype(np.int32) + 1
            bins = np.minimum(bins, n_bins - 1)
            if others is None:
                own = np.arange(len(d))
                other = codes[start : start + _AT_ONCE, None] != codes
                is_pair = np.ones_like(other)
                is_pair[own, start + own] = False
                every += np.bincount(bins[is_pair], minlength=n_bins)
                negative += np.bincount(bins[other], minlength=n_bins)
            else:
                every += np.bincount(bins.ravel(), minlength=n_bins)
        self.every, self.negative = np.cumsum(every), np.cumsum(negative)

    @property
    def positive_share(self) -> float:
        return 1 - self.negative[-1] / self.every[-1]

    def share(self, threshold: float) -> float:
        return _at(self.every, threshold)

    def far(self, threshold: float) -> float:
        return _at(self.negative, threshold)

    def threshold(self, share: float) -> float:
        return (
            float(np.interp(share, self.every / self.every[-1], np.arange(len(self.every)))) * _FINE
        )


def _at(accepted: np.ndarray, threshold: float) -> float:
    position = threshold / _FINE
    return float(np.interp(position, np.arange(len(accepted)), accepted) / accepted[-1])


class Drawn:
    """Pairs of drawn items, and what each unit accepts: an item or a class of either side."""

    def __init__(
        self, d: np.ndarray, rows: np.ndarray | None = None, columns: np.ndarray | None = None
    ) -> None:
        self.is_one_set = rows is None
        self.rows = np.arange(len(d)) if rows is None else rows
        self.columns = self.rows if columns is None else columns
        if self.is_one_set:
            d[_lower(len(d))] = np.inf
        self.shape, self.n = d.shape, d.size
        if self.is_one_set:
            self.n = len(d) * (len(d) - 1) // 2
        k = int(_NEAR * self.n)
        near = np.flatnonzero(d <= np.partition(d, k, axis=None)[k])
        self.near, (row, column) = d.ravel()[near], np.divmod(near, d.shape[1])
        self.row, self.column = self.rows[row], self.columns[column]
        self.sorted = np.sort(self.near)

    @classmethod
    def within(cls, rows: np.ndarray) -> "Drawn":
        return cls(1 - rows @ rows.T)

    def threshold(self, share: float) -> float:
        """The largest observed distance up to which at most this share is accepted."""
        return float(self.sorted[int(share * self.n) - 1])

    def at(self, thresholds: np.ndarray) -> PairCounts:
        """Accepted pairs of every unit at increasing thresholds."""
        used = self.near <= thresholds[-1]
        bins = np.searchsorted(thresholds, self.near[used])
        of_rows, of_columns = (
            _accepted(units[used], bins, int(of.max()) + 1, len(thresholds))
            for units, of in ((self.row, self.rows), (self.column, self.columns))
        )
        sizes = np.bincount(self.rows)
        if self.is_one_set:
            accepted, pairs = of_rows + of_columns, sizes * (self.shape[0] - 1)
        else:
            others = np.bincount(self.columns)
            accepted = np.concatenate([of_rows, of_columns])
            pairs = np.append(sizes * self.shape[1], others * self.shape[0])
            sizes = np.append(sizes, others)
        return PairCounts(
            thresholds=thresholds, class_sizes=sizes, positive_pairs=np.zeros_like(pairs),
            negative_pairs=pairs, positive=np.zeros_like(accepted), negative=accepted,
        )  # fmt: skip

    def assured(self, share: float) -> float | None:
        """As `--confidence 0.95`, of some candidates."""
        shares = np.geomspace(share / 3, share, 48)
        candidates = np.unique([self.threshold(one) for one in shares])
        bounds = upper_bound(pooled_far_spread(self.at(candidates)), CONFIDENCE)
        within = np.flatnonzero(bounds <= share)
        return float(candidates[within[-1]]) if len(within) else None


@cache
def _lower(n: int) -> np.ndarray:
    return np.tri(n, dtype=bool)


def _accepted(units: np.ndarray, bins: np.ndarray, n_units: int, n_bins: int) -> np.ndarray:
    counts = np.bincount(units * n_bins + bins, minlength=n_units * n_bins)
    return np.cumsum(counts.reshape(n_units, n_bins), axis=1)


def compared(drawn: Drawn, allowed: float, truth, far_of, target: float) -> dict[str, float]:
    """One draw: whether the interval of the share holds, and FAR at both thresholds."""
    at = drawn.threshold(allowed)
    lo, hi = (float(one[0]) for one in interval(pooled_far_spread(drawn.at(np.array([at])))))
    sure = drawn.assured(allowed)
    row = {"held": lo <= truth(at) <= hi, "width": (hi - lo) / allowed, "far": far_of(at) / target}
    row["below"], row["above"] = truth(at) < lo, truth(at) > hi
    row["given"] = sure is not None
    if sure is not None:
        row["within"] = far_of(sure) <= target
    return row


def summary(rows: list[dict[str, float]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {
        name: float(np.mean([row[name] for row in rows]))
        for name in ("held", "below", "above", "given")
    }
    given = [row["within"] for row in rows if row["given"]]
    found["within"] = float(np.mean(given)) if given else None
    found["median_width"] = float(np.median([row["width"] for row in rows]))
    found["mean_far"] = float(np.mean([row["far"] for row in rows]))
    found["sd_far"] = float(np.std([row["far"] for row in rows]))
    return found


class Draws:
    """What was found in draws, by target and by what was drawn."""

    def __init__(self, fars: tuple[float, ...]) -> None:
        self.fars = fars
        self.found: dict[tuple[float, str], list[dict[str, float]]] = {}

    def add(self, far: float, kind: str, found: dict[str, float]) -> None:
        self.found.setdefault((far, kind), []).append(found)

    def rows(self) -> Iterator[dict[str, object]]:
        for far, kind in sorted(self.found, key=lambda key: (-key[0], key[1] == "classes")):
            yield {"target": far, "drawn": kind, **summary(self.found[far, kind])}


def some_classes(items: EmbeddingSet, rng: np.random.Generator, n: int) -> np.ndarray:
    chosen = rng.choice(items.n_classes, n, replace=False)
    return np.flatnonzero(np.isin(items.codes, chosen))


def unlabelled(items: EmbeddingSet, name: str) -> Iterator[dict[str, object]]:
    """Items of all classes; then some classes with all their items, whose pairs are of these only.

    With fewer classes more pairs are positive: the accepted share is then another one than in the
    set, but FAR is to be below its bound.
    """
    rows, codes = items.unit_rows, items.codes
    population = Population(rows, codes)
    share = population.positive_share
    n_classes = max(2, round(N_ITEMS / items.n_items * items.n_classes))
    draws = Draws(FARS["unlabelled"])
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        drawn = Drawn.within(rows[rng.choice(items.n_items, N_ITEMS, replace=False)])
        for far in draws.fars:
            found = compared(drawn, far * (1 - share), population.share, population.far, far)
            draws.add(far, "items", found)
        at = some_classes(items, rng, n_classes)
        sizes, drawn = np.bincount(codes[at]), Drawn.within(rows[at])
        own = float((sizes * (sizes - 1)).sum() / (len(at) * (len(at) - 1)))
        for far in draws.fars:
            found = compared(drawn, far * (1 - own), population.far, population.far, far)
            # The bound is one-sided: FAR may be anything below.
            draws.add(far, "classes", found | {"held": not found["above"]})
    for row in draws.rows():
        yield {"part": "unlabelled", "set": name, "positive_share": float(share), **row}


def impostors(items: EmbeddingSet, name: str) -> Iterator[dict[str, object]]:
    """Items of two fixed halves of the classes, then classes of any kind on both sides."""
    rows, codes = items.unit_rows, items.codes
    is_left = np.isin(codes, np.random.default_rng(1).permutation(items.n_classes)[::2])
    halves = np.flatnonzero(is_left), np.flatnonzero(~is_left)
    across = Population(rows[halves[0]], codes[halves[0]], rows[halves[1]])
    whole = Population(rows, codes)
    draws = Draws(FARS["impostors"])
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        ours, theirs = (rows[rng.choice(half, N_SIDE, replace=False)] for half in halves)
        units = np.arange(N_SIDE), np.arange(N_SIDE)
        drawn = Drawn(1 - ours @ theirs.T, *units)
        for far in draws.fars:
            draws.add(far, "items", compared(drawn, far, across.share, across.share, far))
        chosen = np.split(rng.permutation(items.n_classes)[: 2 * N_CLASSES], 2)
        sides = [np.flatnonzero(np.isin(codes, one)) for one in chosen]
        units = tuple(np.unique(codes[at], return_inverse=True)[1] for at in sides)
        drawn = Drawn(1 - rows[sides[0]] @ rows[sides[1]].T, *units)
        for far in draws.fars:
            draws.add(far, "classes", compared(drawn, far, whole.far, whole.far, far))
    for row in draws.rows():
        yield {"part": "impostors", "set": name, **row}


def models(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The same items under other models."""
    rng = np.random.default_rng(2)
    dims = rows.shape[1]
    axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    found = {
        "random projection": rows @ rng.normal(size=(dims, dims // 2)).astype(np.float32),
        "principal components": (rows - rows.mean(axis=0)) @ axes[: dims // 4].T,
        "noise": rows + rng.normal(scale=0.5 / np.sqrt(dims), size=rows.shape).astype(np.float32),
    }
    return {name: x / np.linalg.norm(x, axis=1, keepdims=True) for name, x in found.items()}


def translate(items: EmbeddingSet, name: str) -> Iterator[dict[str, object]]:
    rows, codes = items.unit_rows, items.codes
    old = Population(rows, codes)
    for model, there in models(rows).items():
        new = Population(there, codes)
        found: dict[float, list[dict[str, float]]] = {share: [] for share in FARS["translate"]}
        for seed in range(DRAWS):
            at = np.random.default_rng(seed).choice(items.n_items, N_ITEMS, replace=False)
            before, after = Drawn.within(rows[at]), Drawn.within(there[at])
            for share, draws in found.items():
                truth = new.threshold(share)
                draws += translated(before, after, old.threshold(share), truth, share)
        for share, draws in found.items():
            names = ("held", "below", "above")
            row = {key: float(np.mean([one[key] for one in draws])) for key in names}
            row["median_width"] = float(np.median([one["width"] for one in draws]))
            yield {"part": "translate", "set": name, "model": model, "share": share, **row}


def translated(
    before: Drawn, after: Drawn, at_old: float, truth: float, share: float
) -> list[dict[str, float]]:
    """One draw: whether the interval of the new threshold holds; none if no pair is accepted."""
    counts = before.at(np.array([at_old]))
    k = int(counts.accepted_negative[0])
    if k == 0:
        return []
    at_new = float(after.sorted[k - 1])
    lo, hi = share_bounds(counts, after.at(np.array([at_new])))
    last = len(after.sorted) - 1
    at_ends = max(int(lo * after.n) - 1, 0), min(int(hi * after.n), last)
    ends = after.sorted[at_ends[0]], after.sorted[at_ends[1]]
    below, above = truth < ends[0], truth > ends[1]
    width = (hi - lo) / share
    return [{"held": not (below or above), "below": below, "above": above, "width": width}]


def figures() -> Iterator[dict[str, object]]:
    """On the sample data: what the thresholds attain by the labels that they do without."""
    items = read_embeddings(str(SAMPLE))
    sizes = items.class_sizes.astype(float)
    n_pairs = items.n_items * (items.n_items - 1)
    share = float((sizes * (sizes - 1)).sum() / n_pairs)
    for far in (1e-1, 1e-2):
        bound = opiscli.calibrate(items, unlabelled=True, max_positive_share=share, far=far)
        known = opiscli.calibrate(items, far=far).operating_points[0]
        at = opiscli.calibrate(items, threshold=bound.operating_points[0].threshold)
        point = at.operating_points[0]
        yield {
            "part": "figures", "how": "unlabelled", "target": far, "positive_share": share,
            "far": point.far.value, "tar": point.tar, "tar_with_labels": known.tar,
        }  # fmt: skip
    rows, codes = items.unit_rows.astype(np.float64), items.codes
    d, is_other = 1 - rows @ rows.T, codes[:, None] != codes
    for far in (1e-2, 1e-3):
        attained = []
        for seed in range(HALVES):
            order = np.random.default_rng(seed).permutation(items.n_classes)
            is_left = np.isin(codes, order[::2])
            across = np.sort(d[is_left][:, ~is_left], axis=None)
            threshold = across[int(far * len(across)) - 1]
            ours = d[is_left][:, is_left][is_other[is_left][:, is_left]]
            attained.append(float(np.mean(ours <= threshold)))
        yield {
            "part": "figures", "how": "impostors", "target": far,
            "mean_far": float(np.mean(attained)), "sd_far": float(np.std(attained)),
        }  # fmt: skip


PARTS = {"unlabelled": unlabelled, "impostors": impostors, "translate": translate}


def main() -> None:
    asked = sys.argv[1:] or [*PARTS, "figures"]
    named = [name for name in SETS if name in asked]
    sets, parts = named or SETS, [part for part in PARTS if part in asked]
    if named and not parts:
        parts = list(PARTS)
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    if "figures" in asked:
        rows = [*(row for row in rows if row["part"] != "figures"), *figures()]
    for name in sets if parts else ():
        items = read(name)
        for part in parts:
            rows = [row for row in rows if (row["part"], row.get("set")) != (part, name)]
            for row in PARTS[part](items, name):
                rows.append(row)
                print(row, flush=True)
            RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
