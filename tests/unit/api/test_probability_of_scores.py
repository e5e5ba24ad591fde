"""The probability of pairs with given scores, in the unit of the scores."""

import numpy as np
import pytest

import opiscli
from opiscli import UsageError


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(5)
    same = rng.random(4000) < 0.3
    score = np.round(2 * same + rng.normal(size=4000), 3)
    written = []
    for kind, values in (("similarity", score), ("distance", -score)):
        source, file = folder / f"{kind}.csv", folder / f"{kind}.json"
        lines = [f"{value},{int(one)}" for value, one in zip(values, same, strict=True)]
        source.write_text("\n".join(["score,same", *lines]))
        opiscli.calibrate(
            source, scores=kind, far=0.05, probability=True, prevalence=0.1, output=file
        )
        written.append(file)
    return written


def test_negated_scores_of_the_other_kind_have_the_same_probability(files):
    by_similarity, by_distance = files
    scores = np.linspace(-3, 6, 50)
    found = opiscli.probability(by_similarity, similarity=scores)
    assert np.array_equal(found, opiscli.probability(by_distance, -scores))
    assert np.all(np.diff(found) >= 0)
    assert found[0] < 0.01 < 0.9 < found[-1]


def test_the_probability_at_the_threshold_is_that_of_the_file(files):
    for file, name in zip(files, ("similarity", "distances"), strict=True):
        source = file.with_suffix(".csv")
        point = opiscli.calibrate(
            source, scores=file.stem, far=0.05, probability=True, prevalence=0.1
        ).operating_points[0]
        at = opiscli.probability(file, **{name: point.threshold})
        assert float(at) == point.probability
        assert 0 < point.probability < 1


def test_the_other_kind_is_refused(files):
    by_similarity, by_distance = files
    with pytest.raises(UsageError, match="similarity score, but similarity was not given"):
        opiscli.probability(by_similarity, [0.4])
    with pytest.raises(UsageError, match="distance score, but distances was not given"):
        opiscli.probability(by_distance, similarity=[0.4])
    with pytest.raises(UsageError, match="not a finite number"):
        opiscli.probability(by_distance, [np.nan])
