"""The face of the library: both colours alike, and every list of names equal to what is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import agentmem_core
from agentmem_core import AgentMem, errors

ROOT = Path(agentmem_core.__file__).parent
PACKAGES = sorted(
    [found.name for found in pkgutil.walk_packages([str(ROOT)], "agentmem_core.") if found.ispkg] + ["agentmem_core"]
)
LISTED = [name for name in PACKAGES if (ROOT.parent / Path(*name.split(".")) / "__init__.py").read_text().strip()]
ERRORS: list[type[errors.AgentMemError]] = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.AgentMemError)
]


def public_verbs() -> dict[str, object]:
    return {
        name: value
        for name, value in inspect.getmembers(AgentMem)
        if not name.startswith("_") and inspect.isfunction(value) and name != "scoped"  # it waits for nothing
    }


def test_every_verb_has_a_twin_with_an_equal_signature() -> None:
    verbs = public_verbs()
    asynchronous = {name for name, value in verbs.items() if inspect.iscoroutinefunction(value)}
    plain = set(verbs) - asynchronous
    assert len(plain) >= 20, "nothing to compare"
    assert asynchronous == {f"a{name}" for name in plain}
    for name in sorted(plain):
        assert inspect.signature(verbs[name]) == inspect.signature(verbs[f"a{name}"]), name  # type: ignore[arg-type]  # functions


def test_every_verb_is_documented_and_annotated() -> None:
    for name, verb in public_verbs().items():
        assert inspect.getdoc(verb), name
        signature = inspect.signature(verb)  # type: ignore[arg-type]  # functions
        assert signature.return_annotation is not inspect.Signature.empty, name
        for argument in list(signature.parameters.values())[1:]:
            assert argument.annotation is not inspect.Parameter.empty, (name, argument)


def test_everything_after_the_subject_is_keyword_only() -> None:
    for name, verb in public_verbs().items():
        positional = [
            argument
            for argument in list(inspect.signature(verb).parameters.values())[1:]  # type: ignore[arg-type]  # functions
            if argument.kind is not inspect.Parameter.KEYWORD_ONLY
        ]
        assert len(positional) <= (3 if name.removeprefix("a") in {"relate", "restore"} else 1), name


def test_there_are_packages_to_look_at() -> None:
    assert {"agentmem_core", "agentmem_core.model", "agentmem_core.ports", "agentmem_core.testing"} <= set(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_what_a_package_lists_is_sorted_and_there(name: str) -> None:
    module = importlib.import_module(name)
    listed = module.__all__
    assert listed == sorted(set(listed), key=lambda item: (not item.isupper(), not item[0].isupper(), item))
    for item in listed:
        assert getattr(module, item) is not None


@pytest.mark.parametrize("name", LISTED)
def test_what_a_package_imports_is_what_it_lists(name: str) -> None:
    """Both ways: nothing is listed that is not imported for it, nothing is imported that is not listed."""
    module = importlib.import_module(name)
    assert imported_names(module, name) == set(module.__all__)


@pytest.mark.parametrize("name", ["agentmem_core", "agentmem_core.testing"])
def test_a_lazy_package_knows_the_home_of_each_name(name: str) -> None:
    module = importlib.import_module(name)
    homes = {
        item: home if home.startswith("agentmem_core") else f"{name}.{home}"
        for item, home in getattr(module, "_HOME_OF", module._HOMES).items()
    }
    assert set(homes) == set(module.__all__)
    assert {item: source for item, source in type_checking_imports(module).items() if source != name} == {
        item: home for item, home in homes.items() if home != f"{name}.{item}"
    }
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = module.nonsense


def type_checking_imports(module: ModuleType) -> dict[str, str]:
    """Name to module of what stands under ``if TYPE_CHECKING:``."""
    [block] = [
        node
        for node in ast.parse(Path(module.__file__ or "").read_text()).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def imported_names(module: ModuleType, name: str) -> set[str]:
    """The names that a package's ``__init__`` takes from its own modules, for type checkers or for good."""
    tree = ast.parse(Path(module.__file__ or "").read_text())
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agentmem_core")
        for alias in node.names
    }


@pytest.mark.parametrize(
    "statement", ["import agentmem_core", "from agentmem_core import *", "import agentmem_core.testing"]
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    heavy = ["chromadb", "numpy", "sqlite3", "httpx", "pydantic", "pytest", "hypothesis", "tokenizers", "safetensors"]
    if "*" in statement:
        heavy = ["chromadb", "sqlite3", "httpx", "pytest", "hypothesis", "tokenizers", "safetensors"]
    program = f"{statement}\nimport sys\nprint(sorted(set({heavy}) & set(sys.modules)))"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage loads sqlite3
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, env=bare
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("missing", "name"), [("pytest", "BackendSuite"), ("hypothesis", "strategies")])
def test_a_missing_test_library_is_an_import_error_that_says_what_to_install(missing: str, name: str) -> None:
    program = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "import agentmem_core.testing as testing\n"
        "testing.in_memory_backend().close()\n"
        f"try:\n    testing.{name}\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "agentmem-core[testing]" in done.stdout
    assert missing in done.stdout


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"
    assert len(ERRORS) > 10
    assert drawn == {kind.__name__: kind.__mro__[1].__name__ for kind in ERRORS}


def test_every_error_is_public_documented_and_has_a_code_of_its_own() -> None:
    assert {kind.__name__ for kind in ERRORS} <= set(agentmem_core.__all__)
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)
    assert all(kind.__doc__ for kind in ERRORS)


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert agentmem_core.__version__ == version("agentmem-core")
