"""The files of a fine-tuning run: the head, its history and a temporary checkpoint."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from opiscli.atomic_file import require_free, whole_file
from opiscli.errors import UsageError
from opiscli.training.result import ValidationStep


@dataclass(frozen=True, slots=True)
class HeadPaths:
    """The head file, and the files named after it in the same folder.

    Parameters
    ----------
    head
        For example ``head.safetensors``.
    force
        Whether files that are there may be replaced.
    """

    head: Path
    force: bool

    @property
    def history(self) -> Path:
        """``head.history.jsonl``: one validation step per line."""
        return self.head.with_suffix(".history.jsonl")

    @property
    def checkpoint(self) -> Path:
        """``head.state.safetensors``: the checkpoint of a run in progress."""
        return self.head.with_suffix(".state.safetensors")

    def require_free(self, *, resume: bool) -> None:
        """Refuse to start a training whose files could not be written.

        Raises
        ------
        UsageError
            If a file is in the way, or there is nothing to resume.
        OutputError
            If the folder does not exist.
        """
        for path in (self.head, self.history):
            require_free(path, force=self.force)
        found = self.checkpoint.exists()
        if resume and not found:
            raise UsageError(
                f"there is no checkpoint {self.checkpoint} to resume from",
                hint="Start without --resume.",
            )
        if found and not resume and not self.force:
            raise UsageError(
                f"{self.checkpoint} holds an interrupted training",
                hint="Continue it with --resume, or start again with --force.",
            )

    def write_history(self, history: Iterable[ValidationStep]) -> None:
        """Write all validation steps, one per line."""
        lines = [json.dumps(step.to_dict(), allow_nan=False) + "\n" for step in history]
        with whole_file(self.history, force=self.force) as temporary:
            temporary.write_text("".join(lines), "utf-8")
