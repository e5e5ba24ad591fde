"""Standard error of a FAR or FRR over new classes of the same kind, from counts per class."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.binomial import IndependentPairs
from opiscli.metrics.intervals.effective_classes import effective_classes
from opiscli.metrics.rates import false_accept_rate


@dataclass(frozen=True, slots=True)
class ClassesSeen:
    """Numbers of classes with at least one error, and with at least one correct decision.

    Parameters
    ----------
    share
        Shape ``(n_thresholds,)``, sum of their shares in all pairs, each over the number of
        classes a pair is part of.
    squares
        Same shape, likewise the sum of their squared shares.
    largest
        Largest share of any class.
    """

    share: FloatArray
    squares: FloatArray
    largest: float

    @classmethod
    def of(cls, seen: BoolArray, weight: FloatArray, ends: float) -> "ClassesSeen":
        """Count the classes in a table of classes by thresholds."""
        return cls(weight @ seen / ends, weight**2 @ seen / ends, float(weight.max()))


@dataclass(frozen=True, slots=True)
class RateSpread:
    """A rate at each threshold and the inputs of its interval, shapes ``(n_thresholds,)``.

    Parameters
    ----------
    rate
        In [0, 1].
    error
        Standard error of the rate's logit, ``inf`` if there are too few classes to tell; of
        no use where the rate is 0 or 1.
    effective
        Number of classes that the standard error rests on, from 1 to ``n_classes``.
    erring, sparing
        Classes with an error, and with a right decision.
    """

    rate: FloatArray
    error: FloatArray
    effective: FloatArray
    erring: ClassesSeen
    sparing: ClassesSeen


def pooled_far_spread(counts: PairCounts) -> RateSpread | IndependentPairs:
    """Spread of the share of all negative pairs that is accepted."""
    units, accepted = counts.units, counts.accepted_negative
    if units is None:
        return IndependentPairs(accepted, counts.n_negative)
    seen = units.of_classes(units.negative_pairs > 0)
    n = counts.n_negative
    return pooled_spread(
        seen.negative, seen.negative_pairs, seen.negative_pairs.sum() / n, accepted
    )


def pooled_frr_spread(counts: PairCounts) -> RateSpread | IndependentPairs:
    """Spread of the share of all positive pairs that is rejected."""
    units, n = counts.units, counts.n_positive
    rejected = n - counts.accepted_positive
    if units is None:
        return IndependentPairs(rejected, n)
    seen = units.of_classes(units.positive_pairs > 0)
    errors = seen.positive_pairs[:, None] - seen.positive
    return pooled_spread(errors, seen.positive_pairs, seen.positive_pairs.sum() / n, rejected)


def pooled_spread(
    errors: AnyArray,
    pairs: IntArray,
    ends: float,
    wrong_in_all: IntArray | None = None,
    *,
    inflation: float = 1.0,
) -> RateSpread:
    r"""Spread of a rate over all pairs of a set, each pair counting once.

    The delete-one-class jackknife of the rate's logit: the rate is taken again without
    each class in turn, with all the pairs it is part of. Where a few large classes hold
    most pairs and happen to err alike, the jackknife sees no spread. So the standard error is
    at least that of independent pairs, and what classes of such sizes would vary by,

    .. math::
        \sqrt{\textstyle\sum_i w_i^2 (\sigma^2 + \nu / p_i)} \,\big/\, r (1 - r)

    with :math:`p_i` the pairs of class i, :math:`w_i` their share in all n pairs (of negative
    pairs, in those without the class) and :math:`\sigma^2 + \nu / p_i` the least-squares
    fit to the squared deviations of the classes' rates from the rate r of all pairs.

    Parameters
    ----------
    errors
        Shape ``(n_classes, n_thresholds)``, errors among the pairs of each class.
    pairs
        Shape ``(n_classes,)``, pairs each class is part of, at least 1.
    ends
        Classes a pair is part of, on average: 2 if it is negative, 1 if it is positive.
    wrong_in_all
        Shape ``(n_thresholds,)``, errors in all, each counted once; may be left out where every
        pair is part of the same number of classes.
    inflation
        Factor of the standard error of the jackknife, for classes that do not err independently.

    References
    ----------
    Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
    """
    n = pairs.sum() / ends
    k = errors.sum(axis=0) / ends if wrong_in_all is None else wrong_in_all
    rate = k / n
    # Half an error keeps the logit finite where one class made all the errors.
    wrong = k - errors + 0.5
    right = (n - pairs[:, None]) - (k - errors) + 0.5
    error, effective = _jackknife(np.log(wrong / right))
    error = inflation * error
    if len(pairs) > ends and np.all(pairs < n):
        weight = pairs / (n - (ends - 1) * pairs)
        least = _spread_by_size(errors / pairs[:, None], rate, pairs, weight)
        slope = rate * (1 - rate)
        least = np.divide(least, slope, out=np.zeros(rate.shape), where=slope > 0)
        error = np.maximum(error, np.maximum(least, _of_independent_pairs(rate, n)))
    else:  # without a class no pair is left
        error = np.full(rate.shape, np.inf)
    return RateSpread(
        rate=rate,
        error=error,
        effective=effective,
        erring=ClassesSeen.of(errors > 0, pairs / n, ends),
        sparing=ClassesSeen.of(errors < pairs[:, None], pairs / n, ends),
    )


def macro_far_spread(counts: PairCounts) -> RateSpread:
    r"""Spread of the mean FAR of classes, each class of two items or more counting once.

    A class weighs on the mean by its own rate and as partner of all others. The
    delete-one-class jackknife takes the mean without each class in turn,

    .. math::
        \frac{N}{N - n_i} \cdot
        \frac{\sum_j \mathrm{FAR}_j - \mathrm{FAR}_i - \kappa F_i}{C - 1}, \qquad
        \kappa = \textstyle\sum_j \mathrm{FAR}_j / \sum_j F_j

    where :math:`\kappa F_i` stands for what the class takes from its partners' rates. To know
    that exactly would need counts by pair of classes. Singletons are partners only. Where
    pairs are counted for one of their ends, the other ends are taken as given.

    Parameters
    ----------
    counts
        Of all classes, at least one of them with two items or more.
    """
    two, ends = counts.has_positives, counts.ends
    own = np.where(two[:, None], false_accept_rate(counts), 0.0)
    n_classes, total = int(np.count_nonzero(two)), own.sum(axis=0)
    rate = total / n_classes
    if n_classes <= ends:
        error, effective = np.full(rate.shape, np.inf), np.ones(rate.shape)
    else:
        left = total - own
        if ends == 2:
            left = (left - _taken_as_partner(counts, total)) * _pairs_over_pairs_left(counts)
        left = np.clip(left / (n_classes - two[:, None]), 0, 1)
        half = 1 / counts.negative_pairs.sum()
        error, effective = _jackknife(np.log((left + half) / (1 - left + half)))
        n = counts.negative_pairs.sum() / ends
        error = np.maximum(error, _of_independent_pairs(rate, n))
    errors, pairs = counts.negative[two], counts.negative_pairs[two, None]
    weight = np.full(n_classes, ends / n_classes)
    return RateSpread(
        rate=rate,
        error=error,
        effective=effective,
        erring=ClassesSeen.of(errors > 0, weight, ends),
        sparing=ClassesSeen.of(errors < pairs, weight, ends),
    )


def _taken_as_partner(counts: PairCounts, total: FloatArray) -> FloatArray:
    """Contribution of each class to the rates of all others, by its accepted pairs."""
    accepted = counts.negative.sum(axis=0)
    kappa = np.divide(total, accepted, out=np.zeros(total.shape), where=accepted > 0)
    return np.asarray(kappa * counts.negative)


def _pairs_over_pairs_left(counts: PairCounts) -> FloatArray:
    """Factor by which removing another class shrinks the negative pairs of a class: N / (N - n).

    Where the items of classes are not known, it is that of the other classes together.
    """
    if not counts.class_sizes.any():
        ends_of_others = counts.negative_pairs.sum() - counts.negative_pairs
        left = np.maximum(ends_of_others - counts.negative_pairs, 1)
        return np.asarray(ends_of_others / left)[:, None]
    others = counts.negative_pairs / counts.class_sizes
    return np.asarray((others + counts.class_sizes) / others)[:, None]


def _jackknife(without: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Jackknife standard error from the leave-one-class-out values, and its effective classes."""
    m = len(without)
    squares = (without - without.mean(axis=0)) ** 2
    error = np.sqrt((m - 1) / m * squares.sum(axis=0))
    # Classes that do not differ at all rest on all of them.
    same: BoolArray = squares.max(axis=0) == 0
    return error, effective_classes(np.where(same, 1.0, squares))


def _of_independent_pairs(rate: FloatArray, n_pairs: float) -> FloatArray:
    """Standard error of a logit for independent pairs: a lower bound."""
    variance = n_pairs * rate * (1 - rate)
    return np.divide(1, np.sqrt(variance), out=np.zeros(rate.shape), where=variance > 0)


def _spread_by_size(
    rates: FloatArray, mean: FloatArray, pairs: IntArray, weight: FloatArray
) -> FloatArray:
    """Standard deviation of a weighted sum of rates whose variance depends on size alone."""
    squares = (rates - mean) ** 2
    x = 1.0 / pairs[:, None]
    centred = x - x.mean()
    level, slope = squares.mean(axis=0), np.zeros(squares.shape[1])
    if np.any(centred):
        slope = np.sum(centred * squares, axis=0) / np.sum(centred**2)
        level = level - slope * x.mean()
    # Neither part of a variance is negative: where one would be, the other is fitted alone.
    alone = squares.mean(axis=0), np.sum(x * squares, axis=0) / np.sum(x**2)
    level, slope = (
        np.where(slope < 0, alone[0], np.maximum(level, 0)),
        np.where(slope < 0, 0, np.where(level < 0, alone[1], slope)),
    )
    return np.asarray(np.sqrt(np.sum(weight[:, None] ** 2 * (level + slope * x), axis=0)))
