"""The adapters' own tests over HTTP: ``pytest -p tests.over_http tests/langchain``, or ``nox -s adapters_over_http``.

Every store that a test opens in this process becomes a store of tenants of its own on one real server process, so that the
tests run as they are. What no server can do for a client stays as it is: ``APART`` says which tests those are, and why.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.core.http.tenants import Apart
from tests.core.server_process import serving

from agentmem_core import connect as connecting
from agentmem_core.config import IN_MEMORY, Config, folder_of
from agentmem_core.http.backend import HttpBackend
from agentmem_core.ports import Backend

_ANOTHER = "another process opens the store's folder"
APART = {
    "tests/crewai/test_failures.py::test_a_full_disk_costs_a_crew_its_memory_of_this_run_only": _ANOTHER,
    "tests/crewai/test_processes.py::test_an_agents_kickoff_loses_nothing_when_the_process_ends": _ANOTHER,
    "tests/crewai/test_processes.py::test_two_processes_at_once_lose_nothing": _ANOTHER,
    "tests/together/test_processes.py::test_three_processes_at_once_hear_of_each_other": "its processes are many, and slow here; they open a folder",
    "tests/llamaindex/test_index.py::test_another_process_gives_the_same_answers": _ANOTHER,
}
"""Tests, by pattern, and why they cannot run over HTTP."""

_EMBEDDED = connecting.connect
_SERVERS = pytest.StashKey[dict[str, str]]()
_COUNTS = pytest.StashKey[list[int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_COUNTS] = [0, 0]
    os.environ["AGENTMEM_OVER_HTTP"] = "1"  # a test that refuses every connection lets those to our server pass


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for pattern, why in APART.items():
            if fnmatch.fnmatch(item.nodeid, pattern):
                item.add_marker(pytest.mark.skip(reason=f"not over HTTP: {why}"))


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The address of a server for an embedder, started when it is first needed."""
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def url_for(embedder: str) -> str:
            if embedder not in urls:
                folder = tmp_path_factory.mktemp("server")
                running = serving(folder, env={"AGENTMEM_EMBEDDER": embedder, "AGENTMEM_DURABILITY": "normal"})
                urls[embedder] = stack.enter_context(running).url
            return urls[embedder]

        yield url_for


@pytest.fixture(autouse=True)
def _over_http(_servers: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of this process is a mark on the server; one in memory is a mark of its own.

    What only a store of one's own takes, as a learner, is opened in the process; so is the same folder from then on.
    """
    counts = request.config.stash[_COUNTS]
    ours: set[Path] = set()

    def connect(config: Config) -> Backend:
        embedder = config.embedder or os.environ.get("AGENTMEM_EMBEDDER") or "wordllama"
        special = (
            config.index, config.llm, config.learner, config.router, config.exact_limit, config.cache_bytes, config.api_url,
        )  # fmt: skip
        own = not isinstance(embedder, str) or any(value is not None for value in special)
        folder = None if config.path == IN_MEMORY else folder_of(config.path)
        if own and folder is not None:
            ours.add(folder)
        if own or folder in ours:
            counts[1] += 1
            return _EMBEDDED(config)
        counts[0] += 1
        mark = None if folder is None else _mark(folder)
        return Apart(HttpBackend(_servers(str(embedder))), mark)

    monkeypatch.setattr(connecting, "connect", connect)


def _mark(folder: Path) -> str:
    """The same for every opening of a folder."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that opened no store over HTTP has shown nothing; with workers only they know."""
    if session.testscollected and not session.config.stash[_COUNTS][0] and not session.config.getoption("numprocesses"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    over, not_over = config.stash[_COUNTS]
    terminalreporter.write_line(
        f"stores over HTTP: {over}; in the process, for what only a store of one's own takes: {not_over}"
    )
