"""The projection head as an object, which is also a scikit-learn transformer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt

from opiscli.arrays import Float32Array
from opiscli.embeddings.array_like import matrix_of
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.heads.head_file import HeadFile, read_head, write_head
from opiscli.training.estimator import Estimator, as_json, from_json
from opiscli.training.trained import Trained

if TYPE_CHECKING:
    from opiscli.embeddings.changed_rows import Change
    from opiscli.embeddings.offsets import Offsets
    from opiscli.training.fitted_head import FittedHead
    from opiscli.training.settings import TrainingSettings


@dataclass(kw_only=True, eq=False, repr=False)
class Head(Trained, Estimator):
    """A projection head on frozen embeddings: fit it, apply it, save it.

    Parameters are the options of ``opis finetune``. As in scikit-learn they are only checked
    by `fit`, and the head works in its pipelines and searches, without needing it.

    Parameters
    ----------
    loss, loss_options
        Base loss, one of ``opiscli.training.losses.LOSSES``, and its options by name.
    tcm
        Whether to add the threshold-consistent margin (arXiv:2307.04047).
    margins
        ``auto``: the margins of TCM follow the calibration range as the head learns;
        ``fixed``: they do not. By default ``auto``, unless a margin is given.
    tcm_margin_pos, tcm_margin_neg
        Cosine similarities in [-1, 1] that positive pairs should reach and negative pairs
        stay below. By default 0.9 and 0.5, if fixed.
    tcm_lambda_pos, tcm_lambda_neg
        Weights of both kinds of pairs, 0 or more. By default 5.
    head
        ``residual`` (safe with few classes), ``linear`` or ``mlp``.
    start
        ``identity``, ``plda``, ``pca``, ``whitening``, or ``auto``: ``plda`` from 20 classes.
    dim
        Output dimension, 1 to that of the input, which is the default.
    optimiser, steps
        ``adam`` or ``lbfgs``, and the maximum number of steps, 1 or more.
    classes_per_batch, items_per_class
        Size of a batch, 2 or more each. By default as many items per class as make 128 in
        all, 4 or more.
    lr
        Learning rate of Adam, above 0. By default 3e-4, less with fewer than 1,500 classes.
    decay
        Weight decay towards the initial head, 0 or more. By default 0.01.
    tune
        Number of settings to try (learning rate, kind of head, weight and margins of TCM).
    choose, careful
        ``cross-validation`` over the training classes, strict if ``careful``, or
        ``validation``, on classes set aside. By default the latter if ``val_fraction`` or
        ``tune`` is given, else the former.
    at_far
        False-accept rate at which cross-validation lets no TAR fall; by default 1e-3.
    val_fraction, test_fraction
        Shares of classes to set aside for validation (by default 0.2) and for a test.
    normalize
        Whether offsets by a cohort of training items may be part of the head.
    objective
        ``opis``: lowest OPIS without losing R@1; ``recall``: highest R@1 without raising
        OPIS; ``both``: must improve both.
    far
        Calibration range of OPIS: two false-accept rates in (0, 1), the lower first.
    seed
        Random seed, 0 or more.
    threads
        For validation; no number depends on it. By default one per processor.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(np.arange(12), 8)
    >>> embeddings = rng.normal(size=(12, 6))[labels] + 0.5 * rng.normal(size=(96, 6))
    >>> head = Head(steps=20, far=(0.05, 0.2), threads=1).fit(embeddings, labels)
    >>> head.transform(embeddings).shape
    (96, 6)
    """

    loss: str = "uss"
    loss_options: Mapping[str, float] | None = None
    tcm: bool = True
    margins: str | None = None
    tcm_margin_pos: float | None = None
    tcm_margin_neg: float | None = None
    tcm_lambda_pos: float | None = None
    tcm_lambda_neg: float | None = None
    head: str = "residual"
    start: str = "auto"
    dim: int | None = None
    optimiser: str = "adam"
    steps: int = 600
    classes_per_batch: int = 32
    items_per_class: int | None = None
    lr: float | None = None
    decay: float | None = None
    tune: int = 1
    choose: str | None = None
    careful: bool = False
    at_far: float | None = None
    val_fraction: float | None = None
    test_fraction: float = 0.0
    normalize: bool = False
    objective: str = "opis"
    far: tuple[float, float] = (1e-2, 1e-1)
    seed: int = 0
    threads: int | None = None
    _fitted: HeadFile | None = field(default=None, init=False)

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train, and keep a head only if it is better on classes it was not trained on.

        Otherwise the head is the identity and `step` is ``None``.

        Parameters
        ----------
        X
            Embeddings, shape ``(n_items, dims)``, not necessarily of length one.
        y
            Labels, shape ``(n_items,)``: strings, integers or booleans.

        Raises
        ------
        UsageError
            If a parameter is out of range.
        EmbeddingError
            If the arrays cannot be evaluated, or there are fewer than four classes with two
            items.
        UndefinedMetric
            If OPIS is not defined on the validation classes.
        TrainingError
            If training diverges.
        """
        # Imported here: a head that is only applied does not need what training needs.
        from opiscli.settings.resources import Resources
        from opiscli.training.recipe import train_head
        from opiscli.training.split import set_aside, training_classes

        settings = self.settings()
        resources = Resources.of_machine(threads=self.threads)
        items = EmbeddingSet.from_arrays(X, y)
        items, _ = set_aside(items, settings.test_fraction, settings.seed)
        items, held_out = training_classes(items, settings)
        result = train_head(items, held_out, settings, resources, n_trials=self.tune)
        record = {"signature": result.settings.signature(), "head": {"step": result.step}}
        self._fitted = self._file_of(result.fitted, record)
        return self

    def transform(self, X: npt.ArrayLike) -> Float32Array:
        """Project embeddings.

        Parameters
        ----------
        X
            Shape ``(n, dims)``, not necessarily of length one.

        Returns
        -------
        Float32Array
            Shape ``(n, dim)``, rows of length one.

        Raises
        ------
        UsageError
            If the head is neither fitted nor loaded.
        EmbeddingError
            If there is another number of dims, or a row is zero, not finite or becomes zero.
        """
        rows = matrix_of(X)
        return self.projection.apply(unit_rows([rows], len(rows)))

    def offsets(self, X: npt.ArrayLike) -> "Offsets | None":
        """Compute the offsets of embeddings; ``None`` if the head has no cohort.

        The score of two items is the cosine of their rows of `transform` less both offsets.

        Parameters
        ----------
        X
            As in `transform`.
        """
        rows = matrix_of(X)
        return self.change()(unit_rows([rows], len(rows))).offsets

    def change(self) -> "Change":
        """Return a function from unit rows to rows through the head, and their offsets."""
        # Imported here: a head without offsets needs no search.
        from opiscli.settings.resources import Resources
        from opiscli.training.fitted_head import FittedHead

        threads = Resources.of_machine(threads=self.threads).threads
        return FittedHead(self.projection, self.cohort).change(threads)

    def fit_transform(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Float32Array:
        """`fit`, then `transform` of the same embeddings."""
        return self.fit(X, y).transform(X)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write a head file, whole or not at all; ``force`` replaces one that is there.

        Raises
        ------
        UsageError
            If the head is not fitted, or the file exists and ``force`` is not set.
        OutputError
            If it cannot be written.
        """
        write_head(Path(path), self._file(), force=force)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a head file, with the parameters that the head was trained with.

        Raises
        ------
        SourceError
            If the file is missing, damaged, or holds no head.
        """
        # Imported here: an untrained head needs no settings.
        from opiscli.settings.resources import Resources

        file = read_head(Path(path), Resources.of_machine().memory_limit)
        options = file.record.get("options")
        known = options if isinstance(options, dict) else {}
        names = set(cls.parameter_names()) & set(known)
        head = cls(**{name: from_json(known[name]) for name in names})
        head._fitted = file
        return head

    def fitted(self, trained: "FittedHead", record: Mapping[str, Any]) -> Self:
        """Return a new head with the same parameters and these trained weights.

        Parameters
        ----------
        trained
            Its weights, and the cohort of its offsets.
        record
            Plain values about its training, saved with it.
        """
        head = type(self)(**self.get_params())
        head._fitted = self._file_of(trained, record)
        return head

    def settings(self, *, val_given: bool = False) -> "TrainingSettings":
        """The parameters as validated training settings.

        Parameters
        ----------
        val_given
            Whether there are validation items of their own.

        Raises
        ------
        UsageError
            If they are out of range or exclude each other.
        """
        from opiscli.training.options import training_settings

        options = self.get_params()
        del options["threads"]
        return training_settings(options, val_given=val_given)

    def _file_of(self, trained: "FittedHead", record: Mapping[str, Any]) -> HeadFile:
        return HeadFile(trained.projection, self._with_options(record), trained.cohort)

    def _with_options(self, record: Mapping[str, Any]) -> dict[str, Any]:
        options = {name: as_json(value) for name, value in self.changed_params().items()}
        options.pop("threads", None)  # it belongs to the machine
        return {**record, "options": options}
