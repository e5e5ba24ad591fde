"""A fine-tuning from items to files: split, train, compare, and write the head whole or not at all.

Beside ``head.safetensors`` stand ``head.history.jsonl``, what was seen while it was trained, and
until it is done ``head.state.safetensors``, from which an interrupted training goes on.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from opiscli.analysis.counting import evaluate_items
from opiscli.atomic_file import require_free, whole_file
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, TrainingError, UsageError
from opiscli.heads.fingerprint import fingerprint
from opiscli.heads.head_file import HeadFile, write_head
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.training.checkpoint import read_run, write_run
from opiscli.training.fit import Finetuned, TrainingRun, ValidationStep, finetune
from opiscli.training.result import Outcome
from opiscli.training.settings import TrainingSettings
from opiscli.training.split import class_disjoint
from opiscli.training.tuning import trials
from opiscli.training.validation import Validation

OnLook = Callable[[ValidationStep], None]


@dataclass(frozen=True, slots=True)
class HeadPaths:
    """The head, and the files beside it that are named after it."""

    head: Path
    force: bool

    @property
    def history(self) -> Path:
        """What was seen while it was trained, one look to a line."""
        return self.head.with_suffix(".history.jsonl")

    @property
    def state(self) -> Path:
        """The training under way."""
        return self.head.with_suffix(".state.safetensors")

    def require_free(self, *, resume: bool) -> None:
        """Refuse to begin what could not be written in the end.

        Raises
        ------
        UsageError
            If a file is in the way, or there is nothing to resume.
        OutputError
            If there is no such folder.
        """
        for path in (self.head, self.history):
            require_free(path, force=self.force)
        found = self.state.exists()
        if resume and not found:
            raise UsageError(
                f"there is no {self.state} to resume from", hint="Start without --resume."
            )
        if found and not resume and not self.force:
            raise UsageError(
                f"{self.state} holds an interrupted training",
                hint="Go on with --resume, or start anew with --force.",
            )


def finetune_to_file(
    items: EmbeddingSet,
    held_out: EmbeddingSet | None,
    settings: TrainingSettings,
    resources: Resources,
    paths: HeadPaths,
    *,
    source: str,
    n_trials: int = 1,
    resume: bool = False,
    on_look: OnLook = lambda look: None,
) -> Outcome:
    """Train on some classes, choose on others, and write the head that was chosen.

    Parameters
    ----------
    items
        To train on; classes to validate on are set aside from them unless there are
        ``held_out`` items of other classes.
    source
        Names the data.
    n_trials
        Settings to try: these, and variations of them.

    Raises
    ------
    EmbeddingError
        If there are too few classes, or those held out are not other classes.
    UndefinedMetric
        If OPIS is not defined on the validation classes.
    TrainingError
        If every training comes apart.
    """
    paths.require_free(resume=resume)
    if held_out is None:
        items, held_out = class_disjoint(items, settings.val_fraction, settings.seed)
    else:
        _require_other_classes(items, held_out)
    validation = Validation(held_out, settings.calibration_range, resources.threads)
    sha256 = fingerprint(items)
    if n_trials > 1:
        finetuned = _best_of(trials(settings, n_trials), items, validation, on_look)
    else:
        identity = f"{settings.signature()}|{sha256}|{fingerprint(held_out)}"
        run = read_run(paths.state, identity) if resume else None

        def keep(run: TrainingRun) -> None:
            write_run(paths.state, run, identity)
            on_look(run.looks[-1])

        finetuned = finetune(items, validation, settings, resumed=run, on_look=keep)
    outcome = _compare(finetuned, items, held_out, resources, source, sha256)
    write_head(paths.head, HeadFile(finetuned.projection, outcome.record()), force=paths.force)
    _write_history(finetuned.looks, paths)
    paths.state.unlink(missing_ok=True)
    return outcome


def _best_of(
    tried: Iterable[TrainingSettings],
    items: EmbeddingSet,
    validation: Validation,
    on_look: OnLook,
) -> Finetuned:
    found, failures = [], []
    for settings in tried:
        try:
            found.append(finetune(items, validation, settings))
        except TrainingError as error:
            failures.append(error)
            continue
        kept = [look for look in found[-1].looks if look.kept]
        on_look(kept[-1])
    if not found:
        raise failures[0]
    return min(found, key=lambda finetuned: finetuned.cost)


def _compare(
    finetuned: Finetuned,
    items: EmbeddingSet,
    held_out: EmbeddingSet,
    resources: Resources,
    source: str,
    sha256: str,
) -> Outcome:
    settings = EvaluationSettings(calibration_range=finetuned.settings.calibration_range)
    projected = held_out.with_unit_rows(finetuned.projection.apply(held_out.unit_rows))
    return Outcome(
        source=source,
        sha256=sha256,
        n_items=items.n_items,
        n_classes=items.n_classes,
        finetuned=finetuned,
        before=evaluate_items(held_out, settings, resources, source=source),
        after=evaluate_items(projected, settings, resources, source=source),
    )


def _write_history(looks: tuple[ValidationStep, ...], paths: HeadPaths) -> None:
    lines = [json.dumps(look.to_dict(), allow_nan=False) + "\n" for look in looks]
    with whole_file(paths.history, force=paths.force) as temporary:
        temporary.write_text("".join(lines), "utf-8")


def _require_other_classes(items: EmbeddingSet, held_out: EmbeddingSet) -> None:
    if items.dims != held_out.dims:
        raise EmbeddingError(
            f"the embeddings have {items.dims:,} dims, those of --val {held_out.dims:,}",
            hint="Both must come from one model.",
        )
    if both := sorted(set(items.names) & set(held_out.names)):
        raise EmbeddingError(
            f"{len(both):,} classes of --val are trained on too, among them {both[0]!r}",
            hint="Validate on other classes: the head is to serve classes it has not seen.",
        )
