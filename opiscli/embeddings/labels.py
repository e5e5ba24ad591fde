"""Labels become integer codes at the border, never floats."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Int32Array
from opiscli.errors import EmbeddingError


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
    def from_values(cls, values: AnyArray) -> "Labels":
        """Code an array of strings, integers or booleans.

        Raises
        ------
        EmbeddingError
            If the array is not one-dimensional or holds anything else.
        """
        if values.ndim != 1:
            raise EmbeddingError(
                f"labels have shape {values.shape}, expected one label per item in one dimension",
                hint="Save the labels as a one-dimensional array.",
            )
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8", "backslashreplace")
        if values.dtype.kind not in "iubUT":
            raise EmbeddingError(
                f"labels are of type {values.dtype}, expected strings, integers or booleans",
                hint="Convert the labels: as floats two different ones could become equal.",
            )
        distinct, codes = np.unique(values, return_inverse=True)
        return cls.from_codes(codes, distinct)

    @classmethod
    def from_codes(cls, codes: AnyArray, values: AnyArray) -> "Labels":
        """Renumber codes into any list of values so that names are sorted, unused ones dropped."""
        used, dense = np.unique(codes, return_inverse=True)
        distinct, position = np.unique(values[used], return_inverse=True)
        names = tuple(str(value) for value in distinct.tolist())
        return cls(position[dense].astype(np.int32), names)
