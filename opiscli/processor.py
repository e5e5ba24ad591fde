"""Lets NumPy's matrix products use AVX-512 on processors that its OpenBLAS does not know.

OpenBLAS chooses its kernels by processor model. On a model younger than itself it falls
back to AVX2, which leaves up to 40 % of the speed of a float32 product behind. Whether the
processor can do better is written in its flags.
"""

import os
from pathlib import Path

_VARIABLE = "OPENBLAS_CORETYPE"
_NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "fma"}


def use_widest_vectors() -> None:
    """Name the AVX-512 kernels to OpenBLAS if every processor has what they need.

    Has an effect only before NumPy is imported, and never overrides the user's choice.
    """
    if _VARIABLE in os.environ:
        return
    if processor_flags(Path("/proc/cpuinfo")) >= _NEEDED:
        os.environ[_VARIABLE] = "SkylakeX"


def processor_flags(cpuinfo: Path) -> set[str]:
    """Flags that all processors of the machine have; none where that cannot be known."""
    try:
        lines = cpuinfo.read_text("ascii", "replace").splitlines()
    except OSError:
        return set()
    flags = [set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")]
    return set.intersection(*flags) if flags else set()
