"""What is shipped: names, namespaces, cheap imports, examples."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import llamaindex_agentmem
from agentmem_core import AgentMem
from llamaindex_agentmem import AgentMemBlock, AgentMemChatStore, AgentMemEmbedding, AgentMemMemory, AgentMemVectorStore

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("llamaindex_*.py"))
SHARED = ["client", "path", "api_url", "api_key", "user_id", "agent_id"]


def run(code, **env):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **env}
    ).stdout.strip()


def test_what_is_listed_is_sorted_and_there():
    listed = llamaindex_agentmem.__all__
    assert listed == sorted(listed, key=lambda name: (not name[0].isupper(), name))
    assert dir(llamaindex_agentmem) == sorted(listed)
    for name in listed:
        assert getattr(llamaindex_agentmem, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = llamaindex_agentmem.nothing


def test_importing_the_package_imports_nothing_heavy():
    heavy = "[name for name in ('llama_index.core', 'numpy', 'chromadb', 'pydantic') if name in sys.modules]"
    assert run(f"import sys, llamaindex_agentmem; print({heavy})") == "[]"
    assert run("import sys, llamaindex_agentmem.vector_store; print('chromadb' in sys.modules)") == "False"


def test_the_namespaces_of_llama_index_reexport():
    stores = importlib.import_module("llama_index.vector_stores.agentmem")
    memories = importlib.import_module("llama_index.memory.agentmem")
    assert stores.__all__ == ["AgentMemEmbedding", "AgentMemVectorStore"]
    assert stores.AgentMemVectorStore is AgentMemVectorStore
    assert memories.__all__ == ["AgentMemBlock", "AgentMemChatStore", "AgentMemMemory"]
    assert memories.AgentMemMemory is AgentMemMemory


def test_the_namespaces_stay_everybodys():
    for name in ("llama_index", "llama_index.vector_stores", "llama_index.memory"):
        assert importlib.import_module(name).__file__ is None, f"{name} must not get an __init__.py"


def test_the_version_and_the_range_are_what_they_should_be():
    about = importlib.metadata.metadata("llamaindex-agentmem")
    assert about["Version"] == llamaindex_agentmem.__version__
    needs = [re.sub(r"\s", "", line.split(";")[0]) for line in about.get_all("Requires-Dist")]
    assert {re.split(r"[<>=]", need)[0] for need in needs} == {"agentmem-core", "llama-index-core"}


@pytest.mark.parametrize(
    "kind", [AgentMemVectorStore, AgentMemMemory, AgentMemBlock, AgentMemChatStore, AgentMemEmbedding]
)
def test_every_class_takes_the_same_first_arguments(kind, tmp_path):
    names = list(inspect.signature(kind.__init__).parameters)[1:]
    assert names[: len(SHARED)] == SHARED
    with AgentMem(tmp_path / "m", user_id="bo", agent_id="support") as client:
        assert kind(client).client.scope.user_id == "bo"
        assert kind(client, user_id="ana").client.scope.user_id == "ana"
        assert kind(client, user_id="ana").client.scope.agent_id == "support"
    opened = kind(path=tmp_path / "m", user_id="ana", agent_id="a")
    assert (opened.client.scope.user_id, opened.client.scope.agent_id) == ("ana", "a")
    assert str(tmp_path) in kind(path=tmp_path / "m").model_dump_json()


def test_there_are_examples():
    assert len(EXAMPLES) >= 2 or not (ROOT / "examples").is_dir()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example, tmp_path):
    env = {**os.environ, "AGENTMEM_PATH": str(tmp_path / "memory"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
