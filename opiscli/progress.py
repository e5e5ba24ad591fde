"""The type of a progress callback."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the stage, the pairs done and the pairs in all."""
