"""What a reader must know before trusting the numbers of an evaluation."""

from collections.abc import Iterator

from opiscli.results import Evaluation, Notice, OperatingPoint

_FEWEST_ERRORS = 30
_FEWEST_CLASSES = 10


def notices(of: Evaluation, n_conflicts: int) -> tuple[Notice, ...]:
    """Collect the warnings: what was seen, why it matters and what to do.

    Parameters
    ----------
    n_conflicts
        Items whose embedding also occurs in another class.
    """
    return (*_about_data(of, n_conflicts), *_about_opis(of), *_about_points(of))


def _about_data(of: Evaluation, n_conflicts: int) -> Iterator[Notice]:
    data = of.data
    if data.n_duplicates and not data.duplicates_dropped:
        yield Notice(
            "duplicates",
            f"{data.n_duplicates:,} items repeat an earlier embedding exactly;"
            " --drop-duplicates removes them",
        )
    if n_conflicts:
        effect = (
            "only the one of the first class was kept"
            if data.duplicates_dropped
            else "no threshold can tell them apart"
        )
        yield Notice(
            "conflicting-labels",
            f"{n_conflicts:,} items have the same embedding as an item of another class; {effect}",
        )
    if of.opis.n_classes < _FEWEST_CLASSES:
        yield Notice(
            "few-classes",
            f"only {of.opis.n_classes} classes have two items or more;"
            " intervals over so few classes are rough",
        )


def _about_opis(of: Evaluation) -> Iterator[Notice]:
    if of.eps_opis.value is None:
        yield Notice(
            "epsilon-undefined",
            f"the worst {of.eps_opis.n_worst} of {of.opis.n_classes} classes leave no class to"
            " compare with, so ε-OPIS is undefined; lower --epsilon",
        )
    if of.opis.corrected is None:
        why = (
            "the noise floor is not defined for precision and recall"
            if of.utility.kind == "precision-recall"
            else "fewer than two classes have four items"
        )
        yield Notice("noise-unknown", f"OPIS could not be corrected for noise: {why}")


def _about_points(of: Evaluation) -> Iterator[Notice]:
    for point in of.operating_points:
        if point.threshold is None:
            yield Notice(
                "not-attainable",
                f"FAR {point.target_far:g} is not attainable above 0 on"
                f" {of.pairs.n_negative:,} negative pairs",
            )
        elif _expected_errors(point, of) < _FEWEST_ERRORS:
            yield Notice(
                "few-errors",
                f"FAR {point.target_far:g} means {_expected_errors(point, of):.3g} false accepts in"
                f" {of.pairs.n_negative:,} negative pairs; below {_FEWEST_ERRORS} a threshold is"
                " mostly chance",
            )


def _expected_errors(point: OperatingPoint, of: Evaluation) -> float:
    return point.target_far * of.pairs.n_negative
