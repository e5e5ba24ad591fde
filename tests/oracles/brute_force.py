"""The definitions read aloud, over an N×N float64 matrix. Shares no code with opiscli.

Slow and memory-hungry on purpose: nothing here is blocked, binned, sorted by class or
otherwise clever, so that nothing here can be wrong in the same way.
"""

import math

import numpy as np


class BruteForce:
    """All distances of a small set, and every number that follows from them."""

    def __init__(self, embeddings, labels, distance="euclidean", min_items=2, offsets=None):
        self.min_items = min_items
        x = np.asarray(embeddings, dtype=np.float64)
        x = x / np.sqrt((x * x).sum(axis=1))[:, None]
        similarity = x @ x.T
        if distance == "euclidean":
            # From differences, not from 1 - s: exact for duplicates.
            self.d = np.sqrt(np.maximum(0, 2 - 2 * similarity))
            near = np.argwhere(similarity > 0.999)
            for a, b in near:
                self.d[a, b] = math.sqrt(((x[a] - x[b]) ** 2).sum())
        else:
            self.d = np.maximum(1 - similarity, 0)
        if offsets is not None:
            similarity = similarity - np.add.outer(offsets, offsets)
            self.d = 1 - similarity
            if distance == "euclidean":
                self.d = np.sign(self.d) * np.sqrt(2 * np.abs(self.d))
            np.fill_diagonal(self.d, -9)  # an item always accepts itself
        # What only float64 rounding sets apart is tied.
        self.sort_pairs(np.round(self.d, 9), labels)

    def sort_pairs(self, d, labels):
        self.d, self.labels = d, np.asarray(labels)
        n = len(d)
        upper = np.triu(np.ones((n, n), dtype=bool), 1)
        same = self.labels[:, None] == self.labels[None, :]
        self.same, self.n = same, n
        names, counts = np.unique(self.labels, return_counts=True)
        self.sizes = dict(zip(names.tolist(), counts.tolist(), strict=True))
        self.classes = [name for name in names.tolist() if self.sizes[name] >= self.min_items]
        is_judged = np.array([label in self.classes for label in self.labels.tolist()])
        self.positives = np.sort(self.d[upper & same & is_judged[:, None]])
        self.negatives = np.sort(self.d[upper & ~same])

    def far(self, t):
        return np.searchsorted(self.negatives, t, side="right") / len(self.negatives)

    def frr(self, t):
        rejected = len(self.positives) - np.searchsorted(self.positives, t, side="right")
        return rejected / len(self.positives)

    def far_threshold_bounds(self, target):
        """The largest observed negative distance that meets the target, and the one after it."""
        distinct = np.unique(self.negatives)
        ok = distinct[self.far(distinct) <= target]
        after = distinct[len(ok)] if len(ok) < len(distinct) else np.inf
        return (ok[-1] if len(ok) else None), after

    def class_rates(self, name, thresholds):
        members = np.flatnonzero(self.labels == name)
        others = np.flatnonzero(self.labels != name)
        inner = self.d[np.ix_(members, members)][np.triu_indices(len(members), 1)]
        outer = self.d[np.ix_(members, others)].ravel()
        tpr = np.searchsorted(np.sort(inner), thresholds, side="right") / len(inner)
        far = np.searchsorted(np.sort(outer), thresholds, side="right") / len(outer)
        return tpr, far

    def pairs_of(self, name):
        n = self.sizes[name]
        return n * (n - 1) / 2, n * (self.n - n)

    def utilities(self, thresholds, beta=1.0, kind="tpr-tnr"):
        curves = []
        for name in self.classes:
            tpr, far = self.class_rates(name, thresholds)
            first = 1 - far
            if kind == "precision-recall":
                n_positive, n_negative = self.pairs_of(name)
                tp, fp = tpr * n_positive, far * n_negative
                first = np.array(
                    [a / (a + b) if a + b else 0.0 for a, b in zip(tp, fp, strict=True)]
                )
            curve = []
            for a, b in zip(first, tpr, strict=True):
                below = beta**2 * a + b
                curve.append((1 + beta**2) * a * b / below if below > 0 else 0.0)
            curves.append(curve)
        return np.array(curves)

    @staticmethod
    def integrate(curve, thresholds):
        steps = [
            (curve[j] + curve[j + 1]) / 2 * (thresholds[j + 1] - thresholds[j])
            for j in range(len(thresholds) - 1)
        ]
        return sum(steps) / (thresholds[-1] - thresholds[0])

    def opis(self, utilities, thresholds):
        variance = [np.mean((u - u.mean()) ** 2) for u in utilities.T]
        return self.integrate(variance, thresholds)

    def eps_opis(self, utilities, thresholds, epsilon):
        worst = math.ceil(epsilon * len(utilities) - 1e-9)
        gaps = []
        for u in utilities.T:
            ordered = sorted(u)
            gaps.append((np.mean(ordered[:worst]) - np.mean(ordered[worst:])) ** 2)
        return self.integrate(gaps, thresholds)

    def eps_opis_corrected(self, thresholds, epsilon, beta=1.0):
        """Spec section 2 over the classes with at least four items, threshold by threshold."""
        big = [self.sizes[name] >= 4 for name in self.classes]
        scores = self.utilities(thresholds, beta)[big]
        worst = math.ceil(epsilon * len(scores) - 1e-9)
        corrected = []
        for u, noise in zip(scores.T, self.noise_curve(thresholds, beta), strict=True):
            ordered = sorted(u)
            gap = np.mean(ordered[:worst]) - np.mean(ordered[worst:])
            variance = np.mean((u - u.mean()) ** 2)
            corrected.append(gap**2 * (1 - noise / variance) if variance > 0 else 0.0)
        return self.integrate(corrected, thresholds)

    def below_mean(self, utilities, thresholds):
        """How many classes are below the mean, and the share of OPIS while they are."""
        below = [sum((x - u.mean()) ** 2 for x in u if x < u.mean()) for u in utilities.T]
        total = [sum((x - u.mean()) ** 2 for x in u) for u in utilities.T]
        means = [self.integrate(curve, thresholds) for curve in utilities]
        share = self.integrate(below, thresholds) / self.integrate(total, thresholds)
        return sum(mean < np.mean(means) for mean in means), share

    def noise(self, thresholds, beta=1.0):
        return self.integrate(self.noise_curve(thresholds, beta), thresholds)

    def noise_curve(self, thresholds, beta=1.0):
        """Spec section 2 for the classes with at least four items, item by item."""
        b = beta**2
        per_class = []
        for name in self.classes:
            n = self.sizes[name]
            if n < 4:
                continue
            members = np.flatnonzero(self.labels == name)
            row = []
            for t in thresholds:
                accepted = self.d[members] <= t
                p = (accepted & self.same[members]).sum(axis=1) - 1  # not itself
                f = (accepted & ~self.same[members]).sum(axis=1) / (self.n - n)
                big_p = p.sum() / 2
                tpr, tnr = big_p / (n * (n - 1) / 2), 1 - f.mean()
                disjoint = big_p**2 - big_p - (p * (p - 1)).sum()
                var_tpr = tpr**2 - disjoint / (n * (n - 1) * (n - 2) * (n - 3) / 4)
                var_far = f.var(ddof=1) / n
                cov = -2 / n * np.cov(p / (n - 1), f)[0, 1]
                d = b * tnr + tpr
                du_tpr = (1 + b) * b * tnr**2 / d**2 if d > 0 else 0.0
                du_tnr = (1 + b) * tpr**2 / d**2 if d > 0 else 0.0
                row.append(du_tpr**2 * var_tpr + du_tnr**2 * var_far + 2 * du_tpr * du_tnr * cov)
            per_class.append(row)
        mean = np.mean(per_class, axis=0)
        c = len(per_class)
        return mean * (c - 1) / c

    def recall(self, k, tie=1e-6):
        hits = []
        for a in range(self.n):
            if self.sizes[self.labels[a].item()] < self.min_items:
                continue
            d, same = self.d[a].copy(), self.same[a].copy()
            same[a] = False
            nearest_match = d[same].min()
            other = d[~self.same[a]]
            nearer = (other < nearest_match - tie).sum()
            tied = (np.abs(other - nearest_match) <= tie).sum()
            best, worst = nearer < k, nearer + tied < k
            hits.append((int(best) + int(worst)) / 2)
        return float(np.mean(hits))


class BruteForceAcross(BruteForce):
    """Pairs of a query and a gallery item only; a class with both is one that counts."""

    def __init__(self, queries, query_labels, gallery, gallery_labels, distance="euclidean"):
        self.query_labels = np.array([str(label) for label in query_labels])
        self.gallery_labels = np.array([str(label) for label in gallery_labels])
        n = len(self.query_labels)
        labels = np.concatenate([self.query_labels, self.gallery_labels])
        self.d = BruteForce(np.concatenate([queries, gallery]), labels, distance).d[:n, n:]
        self.same = self.query_labels[:, None] == self.gallery_labels[None, :]
        self.positives = np.sort(self.d[self.same])
        self.negatives = np.sort(self.d[~self.same])
        self.classes = sorted(set(self.query_labels.tolist()) & set(self.gallery_labels.tolist()))

    def _of_class(self, name):
        """Pairs with both ends in a class, and those with one, whichever it is."""
        is_query, is_item = self.query_labels == name, self.gallery_labels == name
        ends = is_query[:, None].astype(int) + is_item[None, :]
        return self.d[ends == 2], self.d[ends == 1]

    def class_rates(self, name, thresholds):
        shares = [
            np.array([np.mean(distances <= t) for t in thresholds])
            for distances in self._of_class(name)
        ]
        return shares[0], shares[1]

    def pairs_of(self, name):
        inner, outer = self._of_class(name)
        return len(inner), len(outer)

    def recall(self, k, tie=1e-6):
        assert k == 1
        hits = []
        for distances, same in zip(self.d, self.same, strict=True):
            if same.any():
                match = same[distances <= distances.min() + tie]
                hits.append((int(match.any()) + int(match.all())) / 2)
        return float(np.mean(hits))
