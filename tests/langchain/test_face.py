"""The package: its names, what importing it costs, and what a missing extra says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_agentmem
from agentmem_core import NotConfiguredError

ROOT = Path(langchain_agentmem.__file__).parent


def test_the_list_of_names_is_sorted_and_equals_what_is_there():
    names = langchain_agentmem.__all__
    assert names == sorted(names) == dir(langchain_agentmem)
    for name in names:
        assert getattr(langchain_agentmem, name).__name__ == name
    with pytest.raises(AttributeError, match="Nothing"):
        _ = langchain_agentmem.Nothing
    tree = ast.parse((ROOT / "__init__.py").read_text())
    typed = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langchain_agentmem.")
        for alias in node.names
    } - {"missing", "require"}
    assert typed == set(names)


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_imports_no_framework():
    code = "import sys, langchain_agentmem; print([name for name in sys.modules if name.startswith(('lang', 'numpy'))])"
    assert in_a_new_process(code) == "['langchain_agentmem']"


@pytest.mark.parametrize(
    ("name", "extra", "package"),
    [
        ("AgentMemMemory", "classic", "langchain_classic"), ("AgentMemMiddleware", "agents", "langchain"),
        ("AgentMemStore", "langgraph", "langgraph"),
    ],
)  # fmt: skip
def test_a_missing_extra_is_named(name, extra, package):
    code = f"""
import sys
sys.modules[{package!r}] = None
import langchain_agentmem
from agentmem_core import AgentMemError, NotConfiguredError
for kind in (NotConfiguredError, ImportError):
    try:
        langchain_agentmem.{name}
    except kind as error:
        print(error)
from langchain_agentmem import AgentMemChatMessageHistory, AgentMemVectorStore, AgentMemRetriever, import_history
from langchain_agentmem import as_core_model, as_core_embedder, memory_tools
"""
    said = f'{name} needs {package}: pip install "langchain-agentmem[{extra}]"'
    assert in_a_new_process(code).splitlines() == [said, said]


def test_an_extra_that_a_finder_refuses_or_that_breaks_is_named_too():
    code = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refusing())
refused = {"langchain_classic"}
import langchain_agentmem
try:
    langchain_agentmem.AgentMemMemory
except langchain_agentmem.extras.MissingExtraError as error:
    print(error.name)
refused = {"langgraph"}
sys.modules["langgraph"] = None
import builtins, importlib.util
importlib.util.find_spec = langchain_agentmem.extras.find_spec = lambda name: True
try:
    langchain_agentmem.AgentMemStore
except ImportError as error:
    print(error)
"""
    said = 'AgentMemStore needs langgraph: pip install "langchain-agentmem[langgraph]"'
    assert in_a_new_process(code).splitlines() == ["langchain_classic", said]


def test_a_missing_extra_is_an_error_of_the_cores_tree(monkeypatch):
    from langchain_agentmem.extras import MissingExtraError, require

    with pytest.raises(NotConfiguredError, match=r"pip install \"langchain-agentmem\[x\]\"") as caught:
        require("X", "x", "no_such_package_is_installed")
    assert isinstance(caught.value, MissingExtraError)
    assert caught.value.name == "no_such_package_is_installed"
    require("X", "x", "json")
