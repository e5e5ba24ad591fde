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
        # A limit far above, none in between.
        (
            {
                "proc/self/cgroup": "0::/a/b/c/d",
                "sys/fs/cgroup/a/memory.max": 5 * GB,
                "sys/fs/cgroup/a/b/memory.max": "max",
                "sys/fs/cgroup/a/b/c/d/memory.max": 6 * GB,
                "sys/fs/cgroup/a/b/cpu.max": "250000 100000",
                "sys/fs/cgroup/a/b/c/cpu.max": "300000 50000",
            },
            5 * GB,
            2.5,
        ),
        # Slowed down before the limit; a period of its own.
        (
            {
                "proc/self/cgroup": "0::/user.slice",
                "sys/fs/cgroup/user.slice/memory.high": GB,
                "sys/fs/cgroup/user.slice/memory.max": 2 * GB,
                "sys/fs/cgroup/user.slice/cpu.max": "10000 20000",
            },
            GB,
            0.5,
        ),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "200000"}, None, 2.0),
        # Both versions: limits are set in the first, the second names services only.
        (
            {
                "proc/self/cgroup": "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/docker/x",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": 2 * GB,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": 300000,
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": 100000,
                "sys/fs/cgroup/unified/docker/x/cgroup.procs": 1,
            },
            2 * GB,
            3.0,
        ),
        # Both versions, with the controllers in the second.
        (
            {
                "proc/self/cgroup": "1:name=systemd:/s\n0::/s",
                "sys/fs/cgroup/unified/s/memory.max": GB,
                "sys/fs/cgroup/unified/s/cpu.max": "100000 100000",
            },
            GB,
            1.0,
        ),
        # In another namespace the path leads out of what is mounted.
        (
            {
                "proc/self/cgroup": "0::/../../job",
                "sys/fs/cgroup/job/memory.max": GB,
                "sys/fs/memory.max": 1,
                "sys/memory.max": 1,
            },
            GB,
            None,
        ),
        # Nested in version 1: the parent is stricter.
        (
            {
                "proc/self/cgroup": "9:memory:/kubepods/pod/c\n8:cpuacct,cpu:/kubepods/pod/c",
                "sys/fs/cgroup/memory/kubepods/pod/c/memory.limit_in_bytes": 8 * GB,
                "sys/fs/cgroup/memory/kubepods/memory.limit_in_bytes": 4 * GB,
                "sys/fs/cgroup/cpuacct,cpu/kubepods/pod/c/cpu.cfs_quota_us": 400000,
                "sys/fs/cgroup/cpuacct,cpu/kubepods/pod/c/cpu.cfs_period_us": 100000,
                "sys/fs/cgroup/cpuacct,cpu/kubepods/pod/cpu.cfs_quota_us": 150000,
                "sys/fs/cgroup/cpuacct,cpu/kubepods/pod/cpu.cfs_period_us": 100000,
            },
            4 * GB,
            1.5,
        ),
        ({"proc/self/cgroup": "2:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": 50000}, None, 0.5),
        # What cannot be understood is no limit.
        (
            {
                "proc/self/cgroup": "nonsense\n\n0::/",
                "sys/fs/cgroup/memory.max": "lots",
                "sys/fs/cgroup/cpu.max": "some of 100000",
            },
            None,
            None,
        ),
        (
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/memory.max": "",
                "sys/fs/cgroup/cpu.max": "100000 0",
            },
            None,
            None,
        ),
        (
            {
                "proc/self/cgroup": "0::/a:b/c",
                "sys/fs/cgroup/a:b/c/memory.max": 0,
                "sys/fs/cgroup/a:b/memory.max": GB,
                "sys/fs/cgroup/a:b/c/cpu.max": "nan 100000",
            },
            GB,
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


def test_a_system_that_does_not_say(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "not in this sandbox")

    monkeypatch.setattr(resources.cgroup, "memory_limit", lambda: None)
    monkeypatch.setattr(resources.cgroup, "processors", lambda: None)
    monkeypatch.setattr(resources.os, "sched_getaffinity", refuse, raising=False)
    monkeypatch.setattr(resources.os, "cpu_count", lambda: None)
    for sysconf in (refuse, lambda _: -1, None):
        if sysconf is None:
            monkeypatch.delattr(resources.os, "sysconf")
        else:
            monkeypatch.setattr(resources.os, "sysconf", sysconf, raising=False)
        assert Resources.of_machine() == Resources(1, 2 * GB)


def test_amounts_of_memory():
    assert parse_memory("1.5GB") == Resources.of_machine(memory_limit="1.5GB").memory_limit
    assert Resources.of_machine(memory_limit=12).memory_limit == 12
    with pytest.raises(UsageError, match="memory_limit='lots' is not an amount"):
        Resources.of_machine(memory_limit="lots")
