"""Warnings about offsets: leaks, and harm on held-out classes."""

from collections.abc import Iterator, Sequence

from opiscli.arrays import Float32Array
from opiscli.results import ReportWarning
from opiscli.results.normalization import HeldOut

_NAMES_SHOWN = 3


def leak_warnings(shared: Sequence[str], n_shared: int) -> Iterator[ReportWarning]:
    """Warn if the cohort is of the evaluated classes or items.

    Parameters
    ----------
    shared
        Labels that are in both.
    n_shared
        Rows of the source whose embedding is in the cohort.
    """
    if shared:
        names = ", ".join(shared[:_NAMES_SHOWN]) + (", …" if len(shared) > _NAMES_SHOWN else "")
        one = "class of SOURCE is" if len(shared) == 1 else "classes of SOURCE are"
        yield ReportWarning(
            "cohort-shares-classes",
            f"{len(shared):,} {one} in the cohort, too ({names}): numbers measured on SOURCE will"
            " differ from those of new classes; use a cohort of other classes",
        )
    if n_shared:
        yield ReportWarning(
            "cohort-shares-items",
            f"{n_shared:,} embeddings of SOURCE are in the cohort, too, where each is its own"
            " nearest: numbers measured on SOURCE will differ from those of new items",
        )


def member_warnings(n_members: int, n_rows: int) -> Iterator[ReportWarning]:
    """Warn if rows that get offsets by the cohort of a head are items of that cohort."""
    if n_members:
        yield ReportWarning(
            "cohort-shares-items",
            f"{n_members:,} of {n_rows:,} rows are in the cohort of the head, where each is its own"
            " nearest, so their offsets are too large; do not evaluate these rows or choose a"
            " threshold on them",
        )


def spread_warnings(offsets: Float32Array, weight: float | None) -> Iterator[ReportWarning]:
    """Warn if the offsets change nothing."""
    if weight and len(offsets) > 1 and float(offsets.max() - offsets.min()) == 0:
        yield ReportWarning(
            "offsets-equal",
            "all offsets are equal, so they change no ranking; are all embeddings the same?",
        )


def choice_warnings(weight: float) -> Iterator[ReportWarning]:
    """Say if no weight was better than none."""
    if weight == 0:
        yield ReportWarning(
            "no-better-weight",
            "no weight lowered OPIS on held-out cohort classes without lowering R@1 or TAR at FAR"
            " 1e-3, so all offsets are 0",
        )


def harm_warnings(
    tried: Sequence[HeldOut], weight: float, *, has_labels: bool
) -> Iterator[ReportWarning]:
    """Warn if a given weight is not known to be harmless."""
    if not tried and weight:
        reason = "its classes are too few" if has_labels else "it has no labels"
        yield ReportWarning(
            "weight-unchecked",
            f"whether these offsets help was not checked on the cohort: {reason}",
        )
    for one in tried:
        if not one.passed:
            yield ReportWarning("offsets-may-harm", f"these offsets may not help: {_harm(one)}")


def _harm(one: HeldOut) -> str:
    found = []
    before, after = one.before, one.after
    if one.share_lower < 0.9 or after.opis >= before.opis:
        found.append(
            f"OPIS is lower in only {one.share_lower:.0%} of resamples of the held-out cohort"
            f" classes ({before.opis:.4g} without, {after.opis:.4g} with)"
        )
    if after.recall_at_1 < before.recall_at_1:
        found.append(f"R@1 falls from {before.recall_at_1:.4f} to {after.recall_at_1:.4f}")
    if before.tar is None or after.tar is None:
        found.append("a FAR of 1e-3 cannot be attained")
    elif after.tar < before.tar:
        found.append(f"TAR at FAR 1e-3 falls from {before.tar:.4f} to {after.tar:.4f}")
    return "; ".join(found)
