"""Memory and processor limits of a container, from its control group.

Both versions of control groups are read. ``/proc/self/cgroup`` names the group of this process.
Inside a container that path may not exist under ``/sys/fs/cgroup``, whose root is then the group of
the container.
"""

from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

_UNLIMITED = 1 << 60
"""Version 1 writes a number of this size or more where there is no limit."""

_PERIOD = 100_000.0
"""Microseconds of a quota that names none."""


def memory_limit(root: Path = Path("/")) -> int | None:
    """Bytes, the smallest limit of the group and all groups above it; ``None`` without one."""
    found = [
        *_numbers(_groups(root, None), "memory.max"),
        # Above this a group is slowed down until it hardly moves.
        *_numbers(_groups(root, None), "memory.high"),
        *_numbers(_groups(root, "memory"), "memory.limit_in_bytes"),
    ]
    return min((int(limit) for limit, *_ in found if limit < _UNLIMITED), default=None)


def processors(root: Path = Path("/")) -> float | None:
    """Processors' worth of time that may be used, such as 1.5; ``None`` without a limit."""
    quotas = [
        *_numbers(_groups(root, None), "cpu.max"),
        *_numbers(_groups(root, "cpu"), "cpu.cfs_quota_us", "cpu.cfs_period_us"),
    ]
    found = (quota / (period or [_PERIOD])[0] for quota, *period in quotas)
    return min(found, default=None)


def _groups(root: Path, controller: str | None) -> Iterator[Path]:
    """Folders of the group that this process is in and of all above it.

    Parameters
    ----------
    controller
        Of version 1; ``None`` for version 2, which has one hierarchy for all.
    """
    mounted = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        if controller is None and not controllers:
            # Where both versions are mounted, the second has a folder of its own.
            tops = [mounted, mounted / "unified"]
        elif controller is not None and controller in controllers.split(","):
            tops = [mounted / controllers, mounted / controller]
        else:
            continue
        # Seen from another namespace a path begins with "..", above what is mounted here.
        inside = [part for part in path.split("/") if part not in ("", ".", "..")]
        for top in tops:
            yield from (top.joinpath(*inside[:n]) for n in range(len(inside), -1, -1))


def _numbers(groups: Iterator[Path], *files: str) -> Iterator[tuple[float, ...]]:
    """Read the positive numbers in these files of each group that has them and sets a limit."""
    for group in groups:
        words = [word for file in files for line in _lines(group / file) for word in line.split()]
        if words and words[0] != "max":
            with suppress(ValueError):  # another kernel may write what we do not know
                numbers = tuple(float(word) for word in words)
                if all(0 < number < inf for number in numbers):
                    yield numbers


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
