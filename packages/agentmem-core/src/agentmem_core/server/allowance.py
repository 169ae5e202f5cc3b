"""What this process may use of the machine: what it is bound to, and what its control group allows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """At least 1; a part of one more counts for nothing."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = least_of_groups("cpu.max", _quota)
    return max(1, bound if allowed is None else min(bound, allowed))


def usable_memory() -> int:
    """In bytes; all of the machine's where nothing says less."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    allowed = least_of_groups("memory.max", int)
    return there if allowed is None else min(there, allowed)


def least_of_groups(
    name: str, read: Callable[[str], int], groups: Path = _GROUPS, own: Path = _OWN_GROUP
) -> int | None:
    """The least that this process's control group, or one above it, says in a file (cgroup v2); None when none says any."""
    try:
        here = groups / own.read_text().partition("0::/")[2].partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        return None
    said: list[int] = []
    for group in (here, *here.parents):
        try:
            said.append(read((group / name).read_text().strip()))
        except (OSError, ValueError, ZeroDivisionError):  # no such file, or max
            continue
    return min(said, default=None)


def _quota(text: str) -> int:
    quota, _, period = text.partition(" ")
    return int(quota) // int(period)
