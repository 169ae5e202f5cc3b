"""How many CPUs this process may use: what it is bound to, and what its control group allows."""

from __future__ import annotations

import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """At least 1; a share of one more counts for nothing."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, _allowed(_GROUPS, _OWN_GROUP) or bound))


def _allowed(groups: Path, own_group: Path) -> int | None:
    """What the second version of control groups says, of this process's group or of those above it; None when nothing does."""
    try:
        own = own_group.read_text().partition("0::/")[2].partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        return None
    here = groups / own
    found = [_quota(group / "cpu.max") for group in (here, *here.parents) if group.is_relative_to(groups)]
    return min((quota for quota in found if quota is not None), default=None)


def _quota(file: Path) -> int | None:
    try:
        quota, _, period = file.read_text().strip().partition(" ")
        return int(quota) // int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
