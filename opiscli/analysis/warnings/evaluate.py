"""What a reader must know before trusting the numbers of an evaluation."""

from collections.abc import Iterator

from opiscli.analysis.warnings.data import FEWEST_ERRORS, conflict_warnings, few_errors
from opiscli.results import Evaluation, ReportWarning

_FEWEST_CLASSES = 10


def evaluation_warnings(of: Evaluation, n_conflicts: int) -> tuple[ReportWarning, ...]:
    """Collect the warnings: what was found, why it matters and what to do.

    Parameters
    ----------
    n_conflicts
        Items whose embedding also occurs in another class.
    """
    return (
        *_about_sample(of),
        *_about_data(of, n_conflicts),
        *_about_opis(of),
        *_about_points(of),
    )


def _about_data(of: Evaluation, n_conflicts: int) -> Iterator[ReportWarning]:
    data = of.data
    if data.n_duplicates and not data.duplicates_dropped and of.gallery is None:
        yield ReportWarning(
            "duplicates",
            f"{data.n_duplicates:,} items have exactly the same embedding as an earlier item;"
            " --drop-duplicates removes them",
        )
    yield from conflict_warnings(data, n_conflicts)
    if of.opis.n_classes < _FEWEST_CLASSES:
        have_pairs = "have two or more items" if of.gallery is None else "are in both sets"
        yield ReportWarning(
            "few-classes",
            f"only {of.opis.n_classes} classes {have_pairs};"
            " confidence intervals from so few classes are unreliable",
        )


def _about_sample(of: Evaluation) -> Iterator[ReportWarning]:
    if of.pairs.mode == "sampled":
        n, n_negative = of.data.n_items, of.pairs.n_negative
        yield ReportWarning(
            "sampled",
            f"the numbers are estimates: each of {n:,} items was compared with about"
            f" {round(n_negative / n):,} random others, {n_negative:,} negative pairs in total",
        )


def _about_opis(of: Evaluation) -> Iterator[ReportWarning]:
    if of.eps_opis.value is None:
        yield ReportWarning(
            "epsilon-undefined",
            f"ε-OPIS is undefined: the worst {of.eps_opis.n_worst} of {of.opis.n_classes} classes"
            " leave no others to compare with; lower --epsilon",
        )
    if of.opis.corrected is None:
        why = "fewer than two classes have four or more items"
        if of.opis.n_classes - of.opis.n_uncorrectable >= 2:
            why = "items were not counted one by one in this range; evaluate the embeddings again"
        if of.utility.kind == "precision-recall":
            why = "the noise floor is not defined for precision and recall"
        elif of.gallery is not None:
            why = "the noise floor is not defined for queries against a gallery"
        yield ReportWarning("noise-unknown", f"OPIS cannot be corrected for sampling noise: {why}")


def _about_points(of: Evaluation) -> Iterator[ReportWarning]:
    for point in of.operating_points:
        if point.target_far is None:
            continue
        if point.threshold is None:
            yield ReportWarning(
                "not-attainable",
                f"FAR {point.target_far:g} is unattainable on this data:"
                f" {of.pairs.n_negative:,} negative pairs",
            )
        elif (expected := point.target_far * of.pairs.n_negative) < FEWEST_ERRORS:
            yield few_errors(f"FAR {point.target_far:g}", expected)
