"""From sources to the numbers of a picture: what the commands that draw and Python share."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opiscli.analysis.evaluate import derive
from opiscli.analysis.given_thresholds import about_units, given_threshold, to_count
from opiscli.analysis.inputs import Input, Work
from opiscli.counts.counts import CountedSet
from opiscli.errors import OpisWarning, UsageError
from opiscli.plots.drawing.utility import MOST_LINES
from opiscli.plots.naming import chosen_labels, parse_arrows, short_names
from opiscli.plots.numbers.classes import ClassErrors, class_errors, threshold_at
from opiscli.plots.numbers.det import DetCurve, det_curve
from opiscli.plots.numbers.distances import Distances, distances
from opiscli.plots.numbers.pareto import ModelPoint, model_point
from opiscli.plots.numbers.utility import UtilityCurves, utility_curves
from opiscli.results import Evaluation
from opiscli.settings.target import Criterion, Target

_MOST_PANELS = 2
_DEFAULT_FAR = 1e-2
_WORST = ("worst:5",)
_WORST_OF_MANY = ("worst:3",)


def require_panels(sources: Sequence[Input]) -> None:
    """Raise `UsageError` if there are more sources than panels of class scores."""
    if len(sources) > _MOST_PANELS:
        raise UsageError(
            f"plot-curves was given {len(sources)} sources, expected one, or two to compare",
            hint="Draw them two by two; plot-det and plot-pareto take any number.",
        )


def curves_of(
    sources: Sequence[Input], given: Mapping[str, Any], work: Work, *, highlight: Sequence[str] = ()
) -> tuple[list[UtilityCurves], tuple[str, ...]]:
    """Utility curves of one source or two, and the labels to highlight."""
    require_panels(sources)
    panels = [
        utility_curves(name, counts, derive(counts))
        for name, counts in _counted(sources, {**given, "ks": ()}, work, complete=True)
    ]
    # Bands show no class by itself, so that some are named unless others are asked for.
    asked = highlight or (_WORST_OF_MANY if len(panels[0].names) > MOST_LINES else ())
    return panels, chosen_labels(asked, panels[0].worst_first(), panels[-1].names)


def distances_of(source: Input, given: Mapping[str, Any], work: Work) -> Distances:
    """Histograms of the distances of one source."""
    ((name, counts),) = _counted([source], {**given, "ks": ()}, work, complete=True)
    return distances(name, counts)


def det_curves_of(
    sources: Sequence[Input],
    given: Mapping[str, Any],
    work: Work,
    *,
    names: Sequence[str] | None = None,
) -> list[DetCurve]:
    """Detection error trade-off of each source; ``names`` are other than those of their files."""
    counted = _counted(sources, {**given, "ks": ()}, work, names, complete=True)
    return [det_curve(name, counts) for name, counts in counted]


def models_of(
    sources: Sequence[Input | Evaluation],
    given: Mapping[str, Any],
    work: Work,
    *,
    arrows: Sequence[str] = (),
    names: Sequence[str] | None = None,
) -> tuple[list[ModelPoint], list[tuple[int, int]]]:
    """OPIS and 1 − R@1 of each source, and the positions of bases and tuned ones.

    Parameters
    ----------
    sources
        Evaluations, or what is still to be evaluated.
    arrows
        Texts ``BASE:TUNED``.
    names
        Of the sources, if other than those of their files.
    """
    known = names or [
        source.data.source if isinstance(source, Evaluation) else source.name for source in sources
    ]
    drawn = parse_arrows(arrows, known)
    models = []
    for name, source in zip(names or short_names(known), sources, strict=True):
        if isinstance(source, Evaluation):
            models.append(model_point(name, source))
        else:
            opened = source.open(work)
            if opened.is_listed:
                opened.items("plot-pareto", hint="plot-det compares sources of pairs.")
            ((title, counts),) = _counted([opened], {**given, "ks": (1,)}, work, [name])
            models.append(model_point(title, derive(counts)))
    return models, drawn


def class_target(
    *,
    far: float | None = None,
    threshold: float | None = None,
    similarity: float | None = None,
) -> Target:
    """Where classes are drawn; raises `UsageError` if that is asked for twice or out of bounds."""
    asked = Target.one_of(far=far, threshold=threshold, similarity=similarity)
    return asked or Target(Criterion.FAR, _DEFAULT_FAR)


def classes_of(
    source: Input,
    target: Target,
    given: Mapping[str, Any],
    work: Work,
    *,
    highlight: Sequence[str] | None = None,
) -> tuple[ClassErrors, tuple[str, ...]]:
    """Error rates of every class at the threshold of a target, and the labels to highlight.

    Parameters
    ----------
    target
        A FAR, or a threshold as a distance or as a similarity.
    highlight
        By default the worst five.
    """
    opened = source.open(work)
    exact = to_count(opened.data, [target], given)
    ((name, counts),) = _counted(
        [opened], {**given, "ks": ()}, work, complete=True, thresholds=exact
    )
    threshold = given_threshold(counts, target)
    if threshold is None:
        threshold = threshold_at(counts, target.value or _DEFAULT_FAR)
    about = about_units(counts, [target])
    errors = replace(class_errors(name, counts, threshold), warnings=about)
    return errors, chosen_labels(highlight or _WORST, errors.worst_first())


def _counted(
    sources: Sequence[Input],
    given: Mapping[str, Any],
    work: Work,
    names: Sequence[str] | None = None,
    **more: Any,  # noqa: ANN401
) -> Iterator[tuple[str, CountedSet]]:
    """Open and count one source after the other, each titled by its name and conditions."""
    names = names or short_names([source.name for source in sources])
    for name, source in zip(names, sources, strict=True):
        opened = source.open(work)
        if opened.score:
            said = f"{name}: similarities are cosines minus the offsets of both items"
            warnings.warn(f"{said} ({opened.score})", OpisWarning, stacklevel=2)
        score = [f"({opened.score})"] if opened.score else []
        yield " ".join([name, *opened.where, *score]), opened.count(given, work, **more)
