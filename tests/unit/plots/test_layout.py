"""What a picture says beside its data: similarities above distances, names that do not collide."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from opiscli.plots import captions
from opiscli.plots.drawing.canvas import drawing_style
from opiscli.plots.drawing.classes import draw_classes
from opiscli.plots.drawing.similarity_axis import draw_similarity_axis
from opiscli.plots.drawing.text import label
from opiscli.plots.figures import classes_picture
from opiscli.plots.numbers.classes import ClassErrors


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
        "class 0\nFRR 0.75 (highest, 2 classes)",
        "class 1\nFAR 0.5 (highest)",
        "class 2\nFRR 0.25 (3rd highest)",
        "class 3\nFRR 0.75 (highest, 2 classes)",
    ]


def test_a_long_name_keeps_both_ends():
    assert label("x" * 32) == "x" * 32
    assert label("begin" + "x" * 99 + "end") == "begin" + "x" * 10 + "…" + "x" * 12 + "end"
    assert label("漢" * 16) == "漢" * 16
    assert label("漢" * 17) == "漢" * 7 + "…" + "漢" * 7
