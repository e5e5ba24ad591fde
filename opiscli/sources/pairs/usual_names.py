"""Names by which columns of pairs are recognised, capital or small letters alike."""

from collections.abc import Iterable, Sequence

from opiscli.embeddings.pair_scores import ScoreKind

SCORES = ("score", "scores")
_SIMILARITIES = (
    "similarity similarities sim similarity_score cosine cosine_similarity cosine_sim cos_sim"
)
_DISTANCES = (
    "distance distances dist distance_score cosine_distance cos_dist euclidean euclidean_distance"
    " euclidean_dist l2 l2_distance"
)
KINDS = {
    **dict.fromkeys(_SIMILARITIES.split(), ScoreKind.SIMILARITY),
    **dict.fromkeys(_DISTANCES.split(), ScoreKind.DISTANCE),
}
"""What the scores of a column are that has one of these names."""

_SAME = (
    "same is_same issame same_class is_target target is_duplicate duplicate is_match match"
    " is_genuine genuine is_mated mated is_positive positive label labels y y_true ground_truth gt"
)
SAME = tuple(_SAME.split())

_STYLES = ("{}_a {}_b", "{}_1 {}_2", "{}1 {}2", "a_{} b_{}", "{}_left {}_right")


def _pairs_of(*stems: str) -> tuple[tuple[str, str], ...]:
    styled = [style.format(stem, stem).split() for stem in stems for style in _STYLES]
    return tuple((first, second) for first, second in styled)


IDENTITIES = (
    *_pairs_of("label", "class", "identity", "subject", "speaker", "person", "client"),
    ("claimed_id", "real_id"),
)
"""Two columns that say which class each item is of."""

ITEMS = (
    *_pairs_of("id", "item", "item_id", "file", "path", "image", "utterance", "qid", "name"),
    ("a", "b"),
    ("enroll", "test"),
    ("enrollment", "test"),
    ("enrolment", "test"),
    ("reference", "probe"),
    ("query", "candidate"),
    ("left", "right"),
)
"""Two columns that say which items are compared, or of which classes they are."""

EMBEDDINGS = _pairs_of("embedding", "embeddings", "emb", "vector", "features")


def found_pair(known: Iterable[tuple[str, str]], columns: Sequence[str]) -> tuple[str, str] | None:
    """The first two columns, as they are written, that have the names of a known pair."""
    written = {name.lower(): name for name in reversed(columns)}
    for first, second in known:
        if first in written and second in written:
            return written[first], written[second]
    return None


def found_all(known: Iterable[str], columns: Sequence[str]) -> list[str]:
    """Columns with a known name, in the order of the known names."""
    return [name for one in known for name in columns if name.lower() == one]
