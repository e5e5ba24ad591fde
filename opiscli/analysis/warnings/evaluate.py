"""What a reader must know before trusting the numbers of an evaluation."""

from collections.abc import Iterator

from opiscli.analysis.warnings.data import FEWEST_ERRORS, conflict_warnings, few_errors
from opiscli.results import Evaluation, ReportWarning
from opiscli.settings.listed_pairs import LISTED

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
    if of.opis is not None and of.opis.n_classes < _FEWEST_CLASSES:
        have_pairs = "have two or more items" if of.gallery is None else "are in both sets"
        if of.pairs.mode == LISTED:
            have_pairs = "have same-class and different-class pairs"
        yield ReportWarning(
            "few-classes",
            f"only {of.opis.n_classes} classes {have_pairs};"
            " confidence intervals from so few classes are unreliable",
        )


def _about_sample(of: Evaluation) -> Iterator[ReportWarning]:
    if of.pairs.mode == "sampled" and of.data.n_items is not None:
        n, n_negative = of.data.n_items, of.pairs.n_negative
        yield ReportWarning(
            "sampled",
            f"the numbers are estimates: each of {n:,} items was compared with about"
            f" {round(n_negative / n):,} random others, {n_negative:,} negative pairs in total",
        )


def _about_opis(of: Evaluation) -> Iterator[ReportWarning]:
    opis = of.opis
    if opis is None:
        return
    if of.eps_opis.value is None:
        yield ReportWarning(
            "epsilon-undefined",
            f"ε-OPIS is undefined: the worst {of.eps_opis.n_worst} of {opis.n_classes} classes"
            " leave no others to compare with; lower --epsilon",
        )
    if opis.corrected is None:
        why = _why_uncorrected(of, opis.n_classes - opis.n_uncorrectable)
        yield ReportWarning("noise-unknown", f"OPIS cannot be corrected for sampling noise: {why}")


def _why_uncorrected(of: Evaluation, n_correctable: int) -> str:
    if of.pairs.mode == LISTED:
        return "listed pairs do not say which items each class has"
    if of.utility.kind == "precision-recall":
        return "the noise floor is not defined for precision and recall"
    if of.gallery is not None:
        return "the noise floor is not defined for queries against a gallery"
    if n_correctable >= 2:
        return "items were not counted one by one in this range; evaluate the embeddings again"
    return "fewer than two classes have four or more items"


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
