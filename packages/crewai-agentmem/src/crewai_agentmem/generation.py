"""Which of CrewAI's two memory generations is installed, found without importing it."""

from __future__ import annotations

from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from agentmem_core import NotConfiguredError, NotSupportedError


class Generation(Enum):
    """What ``crewai.memory`` is made of."""

    NONE = "not installed"
    LEGACY = "four memory classes, up to 1.9.3"
    BETWEEN = "one memory without storage factory, 1.10 to 1.14.6"
    TODAY = "one memory, from 1.14.7"


def generation() -> Generation:
    """What is installed, told by the modules it has."""
    spec = find_spec("crewai")
    if spec is None or not spec.submodule_search_locations:
        return Generation.NONE
    memory = Path(next(iter(spec.submodule_search_locations))) / "memory"
    if (memory / "storage" / "factory.py").exists():
        return Generation.TODAY
    return Generation.LEGACY if (memory / "short_term").is_dir() else Generation.BETWEEN


def require_today(name: str) -> None:
    """Refuse what only CrewAI from 1.14.7 on can use, and say what to write instead."""
    found = generation()
    if found is Generation.TODAY:
        return
    if found is Generation.NONE:
        raise _missing(name)
    if found is Generation.LEGACY:
        raise NotSupportedError(
            f"{name}: is for CrewAI 1.14.7 and newer, and {installed()} is installed; here write "
            "Crew(..., **legacy_memories()), or upgrade with pip install 'crewai>=1.14.7,<2'"
        )
    raise _between(name)


def require_legacy(name: str) -> None:
    """Refuse what only CrewAI up to 1.9.3 can use: a newer Crew would ignore it without a word."""
    found = generation()
    if found is Generation.LEGACY:
        return
    if found is Generation.NONE:
        raise _missing(name)
    if found is Generation.TODAY:
        raise NotSupportedError(
            f"{name}: is for CrewAI up to 1.9.3; {installed()}, which is installed, ignores short_term_memory=, "
            "long_term_memory=, entity_memory= and external_memory= silently. Write Crew(..., memory=AgentMemMemory()) "
            "instead: it holds all of them"
        )
    raise _between(name)


def installed() -> str:
    """The installed CrewAI by name and version."""
    try:
        return f"crewai {version('crewai')}"
    except PackageNotFoundError:
        return "a crewai without version"


def _missing(name: str) -> NotConfiguredError:
    return NotConfiguredError(f"{name}: needs CrewAI; pip install 'crewai>=1.14.7,<2'")


def _between(name: str) -> NotSupportedError:
    return NotSupportedError(
        f"{name}: {installed()} is not supported; pip install 'crewai>=1.14.7,<2', or 'crewai>=1.0,<=1.9.3' for the classes "
        "of old"
    )
