"""The examples in the README, the manual and the docstrings are tests, run away from the reader's own data."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, chdir
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the default embedder promises to need no network
os.environ.setdefault("AGENTMEM_CONFIG", "none")  # what a reader keeps for themselves is none of the tests
for name in ("CREWAI_DISABLE_TELEMETRY", "OTEL_SDK_DISABLED", "CREWAI_TESTING", "CREWAI_DISABLE_VERSION_CHECK"):
    os.environ[name] = "true"  # read by CrewAI when it is imported
os.environ["CREWAI_TRACING_ENABLED"] = "false"

settings.register_profile("agentmem", deadline=None)  # a shared machine stalls; the timeout of a test still holds
settings.load_profile("agentmem")


def sandbox() -> tuple[Callable[[dict[str, Any]], None], Callable[[dict[str, Any]], None]]:
    """Give one document a working folder, a home and a memory of its own, and take them away after it."""
    open_now = ExitStack()

    def setup(_namespace: dict[str, Any]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="agentmem-docs-"))
        open_now.callback(shutil.rmtree, folder, ignore_errors=True)
        places = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "AGENTMEM_PATH": str(folder / "memory"),
            "CREWAI_STORAGE_DIR": str(folder / "crew"),
        }
        open_now.enter_context(mock.patch.dict(os.environ, places))
        open_now.enter_context(chdir(folder))

    def teardown(_namespace: dict[str, Any]) -> None:
        open_now.close()

    return setup, teardown


def examples(*patterns: str) -> Sybil:
    setup, teardown = sandbox()
    return Sybil(
        parsers=[PythonCodeBlockParser(), SkipParser()],
        patterns=patterns,
        setup=setup,
        teardown=teardown,
    )


pytest_collect_file = examples(
    "README.md",
    "docs/*.md",
    "docs/**/*.md",
    "packages/*/README.md",
    "packages/*/src/**/*.py",
).pytest()
