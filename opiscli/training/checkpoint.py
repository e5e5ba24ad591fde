"""A training under way as a file, so that it can go on after an interruption."""

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np

from opiscli.errors import SourceError, UsageError
from opiscli.heads.safetensors import read_tensors, write_tensors
from opiscli.training.descent import Position
from opiscli.training.fit import TrainingRun, ValidationStep
from opiscli.training.optimisers.adam import Adam

SCHEMA = "opis.training/1"


def write_run(path: Path, run: TrainingRun, identity: str) -> None:
    """Write all that a run needs to go on, over what was written before.

    Parameters
    ----------
    identity
        Names the settings and the data; another one cannot go on from here.
    """
    position = run.position
    tensors = {
        "parameters": position.flat,
        "first": position.optimiser.first,
        "second": position.optimiser.second,
    }
    if run.best is not None:
        tensors["best"] = run.best
    metadata = {
        "schema": SCHEMA,
        "identity": identity,
        "step": str(position.step),
        "optimiser_steps": str(position.optimiser.n_steps),
        "rng": json.dumps(position.rng.bit_generator.state),
        "best_cost": run.best_cost.hex(),
        "looks": json.dumps([astuple(look) for look in run.looks]),
    }
    write_tensors(path, tensors, metadata, force=True)


def read_run(path: Path, identity: str) -> TrainingRun:
    """Take up a run where it was last at rest.

    Raises
    ------
    SourceError
        If the file is missing, damaged, or no training.
    UsageError
        If it belongs to other settings or data.
    """
    tensors, metadata = read_tensors(path)
    if metadata.get("schema") != SCHEMA:
        raise SourceError(
            f"{path} is no interrupted training: its schema is {metadata.get('schema')!r}",
            hint="Start anew without --resume.",
        )
    if metadata["identity"] != identity:
        raise UsageError(
            f"{path} was written with other settings or data: {metadata['identity']}",
            hint="Repeat the interrupted command with --resume, or start anew with --force.",
        )
    rng = np.random.default_rng()
    rng.bit_generator.state = json.loads(metadata["rng"])
    adam = Adam(tensors["first"], tensors["second"], int(metadata["optimiser_steps"]))
    return TrainingRun(
        position=Position(tensors["parameters"], adam, int(metadata["step"]), rng),
        looks=[ValidationStep(*values) for values in json.loads(metadata["looks"])],
        best=tensors.get("best"),
        best_cost=float.fromhex(metadata["best_cost"]),
    )
