"""What this machine's processor can do, as the system tells it."""

import pytest

from app.processor import multiplies_bytes, usable_cores


def missing() -> str:
    raise FileNotFoundError


def forbidden() -> str:
    raise PermissionError


@pytest.mark.parametrize(
    ("cgroup", "cores"),
    [
        (lambda: "max 100000\n", 8),
        (lambda: "200000 100000\n", 2),
        (lambda: "150000 100000\n", 2),  # 1.5 cores: two threads
        (lambda: "50000 100000\n", 1),
        (lambda: "1000 100000\n", 1),
        (lambda: "6400000 100000\n", 8),  # a quota above what the process may be scheduled on
        (lambda: "", 8),
        (lambda: "something else entirely", 8),
        (missing, 8),
        (forbidden, 8),
    ],
)
def test_usable_cores(cgroup, cores, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert usable_cores(cgroup) == cores


def test_usable_cores_of_this_machine():
    assert usable_cores() >= 1


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 avx512f avx512_vnni\n", True),
        ("processor : 0\nflags\t\t: fpu avx2 avx_vnni\n", True),
        ("processor : 0\nflags\t\t: fpu avx2 avx512f\n", False),
        ("processor : 0\nmodel name : avx512_vnni\nflags\t\t: fpu\n", False),
        ("processor : 0\nFeatures : fp asimd asimddp\n", False),
        ("", False),
    ],
)
def test_multiplies_bytes(cpuinfo, expected):
    assert multiplies_bytes(lambda: cpuinfo) is expected


@pytest.mark.parametrize("unreadable", [missing, forbidden])
def test_where_the_system_does_not_tell_bytes_are_not_multiplied(unreadable):
    assert multiplies_bytes(unreadable) is False
