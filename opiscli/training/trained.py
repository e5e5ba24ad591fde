"""What is known of a trained head: its weights, its cohort, and the record of its training."""

from typing import Any

from opiscli.errors import UsageError
from opiscli.heads import Projection
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.head_file import HeadFile


class Trained:
    """Mixin for a head that is trained, or loaded, after it is made."""

    _fitted: HeadFile | None

    @property
    def projection(self) -> Projection:
        """The weights, read-only."""
        return self._file().projection

    @property
    def cohort(self) -> HeadCohort | None:
        """What offsets are computed from; ``None`` if the head has none."""
        return self._file().cohort

    @property
    def dims(self) -> str:
        """Input and output dimension in words."""
        return f"{self.projection.dims:,} to {self.projection.dim:,} dims"

    @property
    def record(self) -> dict[str, Any]:
        """Signature, data and scores of the training run: plain values, as saved with the head."""
        return dict(self._file().record)

    @property
    def signature(self) -> str:
        """All training settings in one line."""
        return str(self._file().record.get("signature", ""))

    @property
    def step(self) -> int | None:
        """Training step of the selected checkpoint; ``None`` if the head is the identity."""
        found: int | None = self._file().record.get("head", {}).get("step")
        return found

    @property
    def n_features_in_(self) -> int:
        """Dimension of the input embeddings."""
        if self._fitted is None:
            raise AttributeError("n_features_in_")
        return self._fitted.projection.dims

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def _file(self) -> HeadFile:
        if self._fitted is None:
            raise UsageError("the head is not trained", hint="Call fit, or load one from a file.")
        return self._fitted
