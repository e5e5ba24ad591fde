"""Memory and processor limits of a container, from its control group.

Both versions of control groups are read. ``/proc/self/cgroup`` names the group of this process.
Inside a container that path may not exist under ``/sys/fs/cgroup``, whose root is then the group of
the container.
"""

from collections.abc import Iterator
from pathlib import Path

_UNLIMITED = 1 << 60
"""Version 1 writes a number of this size or more where there is no limit."""


def memory_limit(root: Path = Path("/")) -> int | None:
    """Bytes, the smallest limit of the group and all groups above it; ``None`` without one."""
    found = [
        *_numbers(_groups(root, None), "memory.max"),
        *_numbers(_groups(root, "memory"), "memory.limit_in_bytes"),
    ]
    return min((int(limit) for (limit,) in found if 0 < limit < _UNLIMITED), default=None)


def processors(root: Path = Path("/")) -> float | None:
    """Processors' worth of time that may be used, such as 1.5; ``None`` without a limit."""
    quotas = [
        *_numbers(_groups(root, None), "cpu.max"),
        *_numbers(_groups(root, "cpu"), "cpu.cfs_quota_us", "cpu.cfs_period_us"),
    ]
    found = (quota / period for quota, period in quotas if quota > 0 and period > 0)
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
        _, controllers, path = line.split(":", 2)
        if controller is None and not controllers:
            top = mounted
        elif controller is not None and controller in controllers.split(","):
            top = (
                mounted / controllers if (mounted / controllers).is_dir() else mounted / controller
            )
        else:
            continue
        inside = top / path.lstrip("/")
        yield inside
        yield from (group for group in inside.parents if group.is_relative_to(top))


def _numbers(groups: Iterator[Path], *files: str) -> Iterator[tuple[float, ...]]:
    """Read the numbers in these files of each group that has them and sets a limit."""
    for group in groups:
        words = [word for file in files for line in _lines(group / file) for word in line.split()]
        if words and words[0] != "max":
            yield tuple(float(word) for word in words)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except OSError:
        return []
