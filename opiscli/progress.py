"""The type of a progress callback."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the stage, what is done and what is to do: pairs, or items `OF_AN_INDEX`."""

COUNTED_BY_KERNEL = frozenset({"pairs", "sample", "positive pairs", "as deployed"})
"""Stages in which a kernel counts pairs."""

TRAINING, FILLING, SEARCHING = "training the index", "filling the index", "searching the index"
OF_AN_INDEX = frozenset({TRAINING, FILLING, SEARCHING})
"""Stages of making and searching a FAISS index; training is one step."""
