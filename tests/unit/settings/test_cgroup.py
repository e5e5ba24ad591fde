"""Limits of control groups, read from files such as Linux shows them."""

import pytest

from opiscli.errors import UsageError
from opiscli.settings import cgroup, resources
from opiscli.settings.resources import Resources, parse_memory

GB = 2**30


def written(root, texts):
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


@pytest.mark.parametrize(
    ("texts", "memory", "processors"),
    [
        ({}, None, None),
        ({"proc/self/cgroup": "0::/"}, None, None),
        (
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/memory.max": GB,
                "sys/fs/cgroup/cpu.max": "150000 100000",
            },
            GB,
            1.5,
        ),
        (
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/memory.max": "max",
                "sys/fs/cgroup/cpu.max": "max 100000",
            },
            None,
            None,
        ),
        # The limit of a group above is the smaller one.
        (
            {
                "proc/self/cgroup": "0::/pods/one",
                "sys/fs/cgroup/pods/one/memory.max": 4 * GB,
                "sys/fs/cgroup/pods/memory.max": 2 * GB,
                "sys/fs/cgroup/pods/one/cpu.max": "400000 100000",
                "sys/fs/cgroup/pods/cpu.max": "max 100000",
            },
            2 * GB,
            4.0,
        ),
        # Inside a container the path of the host is not there.
        (
            {"proc/self/cgroup": "0::/host/path", "sys/fs/cgroup/memory.max": GB},
            GB,
            None,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/a",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": 3 * GB,
                "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": 50000,
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": 100000,
            },
            3 * GB,
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/\n4:memory:/",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": -1,
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": 100000,
            },
            None,
            None,
        ),
    ],
)
def test_limits(tmp_path, texts, memory, processors):
    root = written(tmp_path, texts)
    assert cgroup.memory_limit(root) == memory
    assert cgroup.processors(root) == processors


def test_the_defaults_stay_within_the_limits(monkeypatch):
    without = Resources.of_machine()
    monkeypatch.setattr(resources.cgroup, "memory_limit", lambda: 1_000_000)
    monkeypatch.setattr(resources.cgroup, "processors", lambda: 0.5)
    assert Resources.of_machine() == Resources(1, 250_000)
    assert Resources.of_machine(threads=3, memory_limit=7) == Resources(3, 7)
    monkeypatch.setattr(resources.cgroup, "memory_limit", lambda: 1 << 59)
    monkeypatch.setattr(resources.cgroup, "processors", lambda: 1e6)
    assert Resources.of_machine().threads >= without.threads
    assert Resources.of_machine().memory_limit >= without.memory_limit


def test_a_part_of_a_processor_is_one_thread_more(monkeypatch):
    monkeypatch.setattr(resources.os, "sched_getaffinity", lambda _: set(range(8)))
    for allowed, threads in ((1.0, 1), (1.5, 2), (8.0, 8), (9.0, 8), (None, 8)):
        monkeypatch.setattr(resources.cgroup, "processors", lambda allowed=allowed: allowed)
        assert Resources.of_machine().threads == threads


def test_amounts_of_memory():
    assert parse_memory("1.5GB") == Resources.of_machine(memory_limit="1.5GB").memory_limit
    assert Resources.of_machine(memory_limit=12).memory_limit == 12
    with pytest.raises(UsageError, match="memory_limit='lots' is not an amount"):
        Resources.of_machine(memory_limit="lots")
