"""Inputs that are pipes and devices: every reader refuses them at once, and opens none of them."""

import os
import signal

import numpy as np
import pytest
from stored_items import EMBEDDINGS, LABELS, table, write

from opiscli.heads import Projection
from opiscli.heads.head_file import HeadFile, write_head

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")

# Each command reads a file called "special", or the checkpoint of an interrupted training.
COMMANDS = """
evaluate special
evaluate x.npy --labels special
evaluate e.parquet --gallery special
evaluate x.npy --labels y.npy --gallery x.npy --gallery-labels special
evaluate e.parquet --index special
calibrate e.parquet --threshold-file special
check e.parquet --threshold-file special --fail-if far>1
compare e.parquet special
inspect special
report special -o new.html
plot-curves special -o new.svg
project special --head h.safetensors -o new.parquet
project e.parquet --head special -o new.parquet
export special -o new.npz
finetune special -o new.safetensors
finetune e.parquet --val special -o new.safetensors
finetune e.parquet --resume --steps 5 --far-range 0.1:0.4 -o new.safetensors
"""
CHECKPOINT = "new.state.safetensors"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    dims = EMBEDDINGS.shape[1]
    write(tmp_path / "e.parquet", table())
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    np.save(tmp_path / "y.npy", LABELS)
    head = Projection(weight=np.eye(dims, dtype="f4"), bias=np.zeros(dims, "f4"))
    write_head(tmp_path / "h.safetensors", HeadFile(head, {}), force=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS.strip().splitlines())
def test_special_files_are_refused_at_once(opis, folder, command):
    special = folder / (CHECKPOINT if "--resume" in command else "special")
    for what in ("a named pipe", "a device"):
        special.unlink(missing_ok=True)
        if what == "a device":
            special.symlink_to("/dev/zero")
        else:
            os.mkfifo(special)
        signal.alarm(60)  # ends a command that waits
        try:
            code, out, err = opis(*command.split())
        finally:
            signal.alarm(0)
        assert (code, out) == (3, ""), err
        lines = err.splitlines()
        assert lines[-2] == f"error: {special.name} is {what}, expected a regular file"
        assert lines[-1].startswith("hint: Write its contents to a file first")
        assert len(lines) == 2
