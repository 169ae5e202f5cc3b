"""What is found by name: entry points, of this package and of others that are installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points


def installed(group: str, name: str) -> EntryPoint | None:
    """The entry point of that name; None where there is none. Ours come first, so that theirs are looked at only when they must be."""
    try:
        ours = distribution("agentmem-core").entry_points.select(group=group, name=name)
    except PackageNotFoundError:  # run from its sources
        ours = entry_points(group=group, name=name)
    return next(iter([*ours] or [*entry_points(group=group, name=name)]), None)


def names(group: str) -> list[str]:
    """All names of the group."""
    return sorted({entry.name for entry in entry_points(group=group)})
