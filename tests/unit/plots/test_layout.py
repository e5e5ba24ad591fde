"""What a picture says beside its data: similarities above distances, names that do not collide."""

from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations, pairwise

import numpy as np
import pytest
from conftest import ROOT, SAMPLE, clusters
from matplotlib.figure import Figure
from matplotlib.text import Text

from opiscli import EmbeddingSet, EvaluationSettings
from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.analysis.inputs import Source, Work
from opiscli.plots import captions
from opiscli.plots.drawing.canvas import drawing_style
from opiscli.plots.drawing.classes import draw_classes
from opiscli.plots.drawing.distances import draw_distances
from opiscli.plots.drawing.similarity_axis import draw_similarity_axis
from opiscli.plots.drawing.text import label
from opiscli.plots.drawing.utility import draw_curves
from opiscli.plots.figures import classes_picture, curves_picture
from opiscli.plots.from_sources import curves_of
from opiscli.plots.numbers.classes import ClassErrors
from opiscli.plots.numbers.distances import distances
from opiscli.plots.numbers.utility import utility_curves
from opiscli.results.text import rate
from opiscli.settings.evaluation import Utility
from opiscli.settings.resources import Resources


def counted(**settings):
    items = EmbeddingSet.from_arrays(*clusters(seed=5, n_classes=20, sizes=(2, 12)))
    return count_items(items, EvaluationSettings(**settings), Resources.of_machine(), complete=True)


@pytest.fixture(scope="module")
def run():
    return counted()


def errors_of(n_classes, name="class {}", seed=0, **given):
    rng = np.random.default_rng(seed)
    rates = {"far": rng.beta(1, 40, n_classes), "frr": rng.integers(0, 7, n_classes) / 6, **given}
    return ClassErrors(
        source="run",
        distance="euclidean",
        threshold=1.1,
        names=tuple(name.format(i) for i in range(n_classes)),
        sizes=rng.integers(4, 9, n_classes),
        pooled_far=float(rates["far"].mean()),
        pooled_frr=float(rates["frr"].mean()),
        **rates,
    )


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("limits", [(0.6, 1.4), (0, 2), (0.0011, 0.0042)])
def test_similarities_stand_above_the_distances_that_have_them(distance, limits):
    figure = Figure(figsize=(7.2, 4))
    ax = figure.subplots()
    ax.set_xlim(*limits)
    upper = draw_similarity_axis(distance, ax)
    figure.draw_without_rendering()
    pixels = [upper.transData.transform((s, 0))[0] for s in upper.get_xticks()]
    d = [ax.transData.inverted().transform((x, 0))[0] for x in pixels]
    expected = [1 - v if distance == "cosine" else 1 - v**2 / 2 for v in d]
    np.testing.assert_allclose(upper.get_xticks(), expected, rtol=0, atol=1e-12)
    assert len(d) >= 3
    assert np.all(np.diff(d) > 0)
    assert np.all(np.diff(upper.get_xticks()) < 0)
    written = [tick for tick in upper.get_xticklabels() if tick.get_text()]
    extents = sorted((tick.get_window_extent() for tick in written), key=lambda box: box.x0)
    assert all(left.x1 < right.x0 for left, right in pairwise(extents))
    assert [float(tick.get_text().replace("\u2212", "-")) for tick in written] == pytest.approx(
        list(upper.get_xticks()), abs=1e-12
    )


@pytest.mark.filterwarnings("ignore:no installed font has the characters")
@pytest.mark.parametrize(
    ("errors", "n_named"),
    [
        (errors_of(2), 2),
        (errors_of(10), 5),
        (errors_of(120), 12),
        (errors_of(3000), 8),
        (errors_of(40, "a name of a category that is far too long to be written in full {}"), 8),
        (
            errors_of(40, "分類項目の名称はとても長いことがあります、そして重なってはいけません{}"),
            8,
        ),
        (errors_of(30, far=np.full(30, 0.01), frr=np.full(30, 0.5)), 8),
        (errors_of(6, far=np.linspace(0, 0.1, 6), frr=np.zeros(6)), 5),
    ],
)
def test_names_of_classes_cover_no_other_text(errors, n_named):
    with drawing_style():
        figure = classes_picture(errors, errors.worst_first()[:n_named])
        ax = figure.axes[0]
        figure.draw_without_rendering()
        texts = [text for text in ax.texts if text.get_visible()]
        assert len(texts) == n_named + 2
        extents = [Text.get_window_extent(text) for text in texts]
    for one, other in combinations(extents, 2):
        assert not one.overlaps(other)
    for box in extents:
        assert box.x0 >= ax.bbox.x0
        assert box.x1 <= ax.bbox.x1


def test_names_that_find_no_room_are_counted():
    errors = errors_of(100)
    with drawing_style():
        figure = classes_picture(errors, errors.worst_first())
        figure.draw_without_rendering()
        hidden = sum(not text.get_visible() for text in figure.axes[0].texts)
        extents = [
            Text.get_window_extent(text) for text in figure.axes[0].texts if text.get_visible()
        ]
    assert 0 < hidden < 100
    assert figure.legends[0].get_title().get_text() == captions.of_classes(hidden)
    assert not any(one.overlaps(other) for one, other in combinations(extents, 2))


def test_names_say_by_what_a_class_is_worst():
    errors = errors_of(4, far=np.array([0.0, 0.5, 0.1, 0.2]), frr=np.array([0.75, 0.0, 0.25, 0.75]))
    assert errors.worst_first()[1] == "class 1"
    assert {errors.worst_first()[0], errors.worst_first()[2]} == {"class 0", "class 3"}
    drawn = draw_classes(errors, Figure().subplots(), [f"class {i}" for i in range(4)])
    assert [name.get_text() for name in drawn.names] == [
        f"class 0\nFRR {rate(0.75)} (highest, 2 classes)",
        f"class 1\nFAR {rate(0.5)} (highest)",
        f"class 2\nFRR {rate(0.25)} (3rd highest)",
        f"class 3\nFRR {rate(0.75)} (highest, 2 classes)",
    ]


def test_panels_share_one_axis_of_similarities_and_keep_their_own_of_rates(run):
    evaluation = derive(run)
    panel = utility_curves("run", run, evaluation, 30)
    with drawing_style():
        figure = curves_picture([panel, panel])
        figure.draw_without_rendering()
        shown = [
            child.get_xlabel()
            for ax in figure.axes
            for child in ax.child_axes
            if child.get_visible()
        ]
    assert shown == ["threshold: cosine similarity s", "pooled FAR", "pooled FAR"]
    labels = [ax.get_xlabel() for ax in figure.axes]
    assert labels == ["", "threshold: distance d = √(2 − 2s)"]
    title = figure.legends[0].get_title().get_text()
    assert title.startswith("One line per class.")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "harmonic mean of TAR and 1 − FAR of one class"),
        ({"beta": 2.0}, "F-measure (β = 2) of TAR and 1 − FAR of one class"),
        (
            {"utility": Utility.PRECISION_RECALL},
            "harmonic mean of precision and recall of one class",
        ),
    ],
)
def test_the_axis_says_what_a_class_score_is(settings, words):
    run = counted(**settings)
    ax = Figure().subplots()
    draw_curves(utility_curves("run", run, derive(run), 20), ax)
    assert ax.get_ylabel().replace("\n", " ") == f"class score: {words}"


def test_marks_are_written_as_similarity_and_distance(run):
    found = distances("run", run)
    ax = Figure().subplots()
    draw_distances(found, ax)
    for mark, text in zip(found.marks, ax.texts, strict=True):
        second = text.get_text().splitlines()[1]
        s, d = (float(part.split()[2]) for part in second.replace("−", "-").split(", "))
        assert 0 <= s - (1 - mark.threshold**2 / 2) <= 1e-4
        assert 0 <= mark.threshold - d <= 1e-4


def test_bands_name_the_worst_classes_unless_others_are_asked_for(monkeypatch):
    monkeypatch.setattr("opiscli.plots.from_sources.MOST_LINES", 5)
    source, work = Source(str(SAMPLE / "wordnet.parquet")), Work(Resources.of_machine())
    (panel,), named = curves_of([source], {}, work)
    assert list(named) == panel.worst_first()[:3]
    assert curves_of([source], {}, work, highlight=[panel.names[7]])[1] == (panel.names[7],)


def test_names_around_the_toy_keep_their_order_and_their_distance():
    spec = spec_from_file_location("toy_picture", ROOT / "docs" / "toy_picture.py")
    toy = module_from_spec(spec)
    spec.loader.exec_module(toy)
    angles = np.array([3.1, -3.13, 0.5, 0.52, 0.51, -1.0])
    placed = toy.apart(angles)
    order = np.argsort(angles)
    gaps = np.diff(placed[order], append=placed[order][0] + 2 * np.pi)
    assert gaps.min() >= toy.NAMES_APART - 1e-9
    assert placed[5] == -1.0


def test_a_long_name_keeps_both_ends():
    assert label("x" * 32) == "x" * 32
    assert label("begin" + "x" * 99 + "end") == "begin" + "x" * 10 + "…" + "x" * 12 + "end"
    assert label("漢" * 16) == "漢" * 16
    assert label("漢" * 17) == "漢" * 7 + "…" + "漢" * 7
