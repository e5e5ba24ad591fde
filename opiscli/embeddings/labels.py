"""Labels become integer codes at the border, never floats."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Int32Array
from opiscli.embeddings.label_array import label_array
from opiscli.errors import EmbeddingError

NO_LABELS = ("",)
"""Names of the classes of items without labels: all are in one class, whose label is empty."""


@dataclass(frozen=True, slots=True)
class Labels:
    """A class code for every item, and the name of every class.

    Parameters
    ----------
    codes
        Shape ``(n_items,)``, ``0 .. n_classes - 1``.
    names
        The label of each code as text, sorted by label (numbers by value).
    """

    codes: Int32Array
    names: tuple[str, ...]

    def take(self, chosen: AnyArray) -> "Labels":
        """Only the items at the given positions, or where a mask is true; all names are kept."""
        return Labels(self.codes[chosen], self.names)

    def of(self, item: int) -> str:
        """Label of one item."""
        return self.names[int(self.codes[item])]

    @classmethod
    def absent(cls, n_items: int) -> "Labels":
        """The labels of items that have none."""
        return cls(np.zeros(n_items, dtype=np.int32), NO_LABELS)

    @classmethod
    def from_values(cls, values: object, what: str = "label", of: str = "") -> "Labels":
        """Code strings, integers or booleans, in anything that has one per item.

        Parameters
        ----------
        what, of
            What each of them is, and where they are from: `` (country)``.

        Raises
        ------
        EmbeddingError
            If there is not one per item, one is missing (the first is named), or they are
            anything else.
        """
        array = label_array(values, what, of)
        if array.dtype != object:
            distinct, codes = np.unique(array, return_inverse=True)
            return cls.from_codes(codes, distinct)
        listed = array.tolist()
        code = {value: position for position, value in enumerate(dict.fromkeys(listed))}
        names = np.fromiter(code, dtype=object, count=len(code))
        return cls.from_codes(np.array([code[value] for value in listed], dtype=np.int64), names)

    @classmethod
    def from_codes(cls, codes: AnyArray, values: AnyArray) -> "Labels":
        """Renumber codes into any list of values so that names are sorted, unused ones dropped."""
        is_used = np.zeros(len(values), dtype=bool)
        is_used[codes] = True
        distinct, position = np.unique(values[is_used], return_inverse=True)
        names = tuple(str(value) for value in distinct.tolist())
        new_codes = np.zeros(len(values), dtype=np.int32)
        new_codes[is_used] = position
        return cls(new_codes[codes], names)


def require_pairs(labels: Labels) -> None:
    """Raise `EmbeddingError` unless there are positive and negative pairs."""
    sizes = np.bincount(labels.codes, minlength=1)
    if len(labels.names) < 2:
        raise EmbeddingError(
            f"all {len(labels.codes):,} items are of one class, expected at least two classes",
            hint="Without a second class there are no negative pairs; check the label column.",
        )
    if sizes.max() < 2:
        raise EmbeddingError(
            f"each of the {len(labels.names):,} classes has a single item, expected at least one"
            " class with two",
            hint="Without a second item there are no positive pairs; is the label column an id?",
        )
