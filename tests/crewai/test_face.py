"""The package's face: what it exports, what it costs, and what it says on the wrong CrewAI."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import crewai_agentmem
from agentmem_core import NotConfiguredError, NotSupportedError
from crewai_agentmem import generation as generations
from crewai_agentmem.generation import Generation, generation

LEGACY = ("short_term_memory", "long_term_memory", "entity_memory", "external_memory", "legacy_memories")


def test_all_is_sorted_and_true():
    assert crewai_agentmem.__all__ == sorted(crewai_agentmem.__all__) == dir(crewai_agentmem)
    for name in crewai_agentmem.__all__:
        assert getattr(crewai_agentmem, name).__name__ == name
    with pytest.raises(AttributeError):
        crewai_agentmem.nothing  # noqa: B018


def test_every_public_class_stands_in_the_face():
    found = set()
    for module in pkgutil.iter_modules(crewai_agentmem.__path__, "crewai_agentmem."):
        loaded = importlib.import_module(module.name)
        found |= {
            name
            for name in vars(loaded)
            if name.startswith("AgentMem") and vars(loaded)[name].__module__ == module.name
        }
    assert found == {name for name in crewai_agentmem.__all__ if name.startswith("AgentMem")}


def test_importing_the_package_imports_neither_crewai_nor_the_core():
    code = "import sys, crewai_agentmem; print([n for n in ('crewai', 'agentmem_core', 'pydantic', 'numpy') if n in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", LEGACY)
def test_the_memories_of_old_say_what_to_write_today(name):
    assert generation() is Generation.TODAY
    with pytest.raises(NotSupportedError, match=rf"{name}.*memory=AgentMemMemory\(\)"):
        getattr(crewai_agentmem, name)()


@pytest.mark.parametrize(
    ("found", "error", "said"),
    [
        (Generation.LEGACY, NotSupportedError, r"legacy_memories\(\)"),
        (Generation.BETWEEN, NotSupportedError, "crewai>=1.14.7"),
        (Generation.NONE, NotConfiguredError, "pip install"),
    ],
)
def test_todays_memory_says_what_to_do_on_another_crewai(monkeypatch, found, error, said):
    monkeypatch.setattr(generations, "generation", lambda: found)
    monkeypatch.delitem(vars(crewai_agentmem), "AgentMemMemory", raising=False)
    with pytest.raises(error, match=said):
        crewai_agentmem.AgentMemMemory  # noqa: B018
    if found is not Generation.LEGACY:
        with pytest.raises(error, match="pip install"):
            crewai_agentmem.legacy_memories()


def test_the_generation_is_told_by_the_modules_there_are(tmp_path, monkeypatch):
    place = tmp_path / "crewai"
    (place / "memory" / "storage").mkdir(parents=True)
    (place / "__init__.py").touch()
    spec = importlib.util.spec_from_file_location(
        "crewai", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    monkeypatch.setattr(generations, "find_spec", lambda name: spec)
    assert generation() is Generation.BETWEEN
    (place / "memory" / "short_term").mkdir()
    assert generation() is Generation.LEGACY
    (place / "memory" / "storage" / "factory.py").touch()
    assert generation() is Generation.TODAY
    monkeypatch.setattr(generations, "find_spec", lambda name: None)
    assert generation() is Generation.NONE
