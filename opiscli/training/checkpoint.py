"""The checkpoint file of a training run, from which `--resume` continues."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.errors import SourceError, UsageError
from opiscli.heads.tensor_file import TensorFile, read_tensors, write_tensors
from opiscli.training.descent import DescentState
from opiscli.training.fit import TrainingRun
from opiscli.training.optimisers.adam import Adam
from opiscli.training.result import ValidationStep

SCHEMA = "opis.training/4"
_FINISHED = "finished."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The checkpoint file of a training run in progress.

    Parameters
    ----------
    identity
        Signature and digests of the data; a run with another one cannot continue from here.
    """

    path: Path
    identity: str

    def write(self, run: TrainingRun) -> None:
        """Write everything the run needs to continue, replacing the previous checkpoint."""
        state = run.state
        tensors = {
            "parameters": state.flat,
            "first": state.optimiser.first,
            "second": state.optimiser.second,
        }
        if run.best is not None:
            tensors["best"] = run.best
        tensors |= {f"{_FINISHED}{i}": flat for i, flat in enumerate(run.finished)}
        description = {
            "schema": SCHEMA,
            "identity": self.identity,
            "step": state.step,
            "optimiser_steps": state.optimiser.n_steps,
            "rng": state.rng.bit_generator.state,
            "best_cost": run.best_cost,
            "history": [astuple(step) for step in run.history],
        }
        write_tensors(self.path, tensors, description, force=True)

    def read(self) -> TrainingRun:
        """Restore a run to its last validation step.

        Raises
        ------
        SourceError
            If the file is missing, damaged, or not a checkpoint.
        UsageError
            If it belongs to other settings or data.
        """
        file = read_tensors(self.path)
        schema = file.description.get("schema")
        if schema != SCHEMA:
            raise SourceError(
                f"{self.path} is not a checkpoint of this version: its schema is"
                f" {str(schema)[:40]!r}, expected {SCHEMA!r}",
                hint="Start again without --resume.",
            )
        if not file.has_digest:
            raise self._damaged("it has no digest")
        if file.description.get("identity") != self.identity:
            raise UsageError(
                f"{self.path} was written with other settings or data:"
                f" {str(file.description.get('identity'))[:1000]}",
                hint="Repeat the interrupted command with --resume, or start again with --force.",
            )
        try:
            return _run(file)
        except (LookupError, TypeError, ValueError, ArithmeticError) as cause:
            raise self._damaged(str(cause)) from cause

    def _damaged(self, reason: str) -> SourceError:
        return SourceError(
            f"{self.path} is damaged: {json.dumps(reason)}", hint="Start again without --resume."
        )


def _run(file: TensorFile) -> TrainingRun:
    tensors, description = file.tensors, file.description
    _require_state(tensors)
    rng = np.random.default_rng()
    rng.bit_generator.state = description["rng"]
    adam = Adam(tensors["first"], tensors["second"], int(description["optimiser_steps"]))
    return TrainingRun(
        state=DescentState(tensors["parameters"], adam, int(description["step"]), rng),
        history=[ValidationStep(*values) for values in description["history"]],
        best=tensors.get("best"),
        best_cost=float(description["best_cost"]),
        finished=tuple(tensors[name] for name in sorted(tensors) if name.startswith(_FINISHED)),
    )


def _require_state(tensors: Mapping[str, Float32Array]) -> None:
    """Raise `ValueError` if these are not parameters with the state of Adam."""
    size = tensors["parameters"].size
    for name, array in tensors.items():
        if array.shape != (size,) and not name.startswith(_FINISHED):
            raise ValueError(f"{name} has shape {array.shape}, but there are {size} parameters")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are not finite")
    if (tensors["second"] < 0).any():
        raise ValueError("a mean of squares is negative")
