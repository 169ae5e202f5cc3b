"""The conftest of the session ``langgraph_conformance``: LangGraph's tests of its SQLite store meet ``AgentMemStore``.

The tests come from the source distribution of ``langgraph-checkpoint-sqlite``, which is downloaded, not kept here. They import
``langgraph.store.sqlite``; what they find there is a shim over our store. ``NOT_OURS`` names what asks for SQLite itself.
"""

import sys
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType
from typing import Any

import pytest

from agentmem_core import AgentMem
from langchain_agentmem import AgentMemStore

NOT_OURS = {
    "test_no_running_loop": "the SQLite store refuses sync calls on its own loop; ours answers them",
    "test_nonnull_migrations": "reads the list of SQL migrations",
    "test_escape_glob_literal": "tests a private function of the SQL dialect",
    "test_namespace_match_pattern": "tests a private function of the SQL dialect",
    "test_list_namespaces_prefix_uses_indexable_condition": "reads the SQL that is sent",
    "test_sql_injection_vulnerability": "expects the SQLite store's own refusal of keys that ours keeps safely",
    "test_filter_keys_with_hyphens_and_digits": "uses the SQLite store's dotted paths into nested keys",
    "test_vector_store_initialization": "reads attributes of the SQLite store",
}


class Shim(AgentMemStore):
    """Opened as the tests open the SQLite store."""

    def __init__(self, client=None, *, index=None, ttl=None):
        known: Any = None if index is None else {key: index[key] for key in ("dims", "embed") if key in index}
        if index is not None and (fields := index.get("text_fields") or index.get("fields")):
            known["fields"] = fields
        super().__init__(client or AgentMem(":memory:", embedder="hashing"), index=known, ttl=ttl)

    def setup(self):
        """Nothing has to be made beforehand."""

    def start_ttl_sweeper(self, *args, **options):
        """What has expired is not seen; there is nothing to sweep."""

    @classmethod
    @contextmanager
    def from_conn_string(cls, _where, *, index=None, ttl=None):
        yield cls(index=index, ttl=ttl)


class AsyncShim(Shim):
    """The same for the tests of the async store."""

    async def setup(self):
        """Nothing has to be made beforehand."""

    async def start_ttl_sweeper(self, *args, **options):
        """What has expired is not seen; there is nothing to sweep."""

    async def stop_ttl_sweeper(self, *args, **options):
        """See above."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        """The client lets go of itself."""

    @classmethod
    @asynccontextmanager
    async def from_conn_string(cls, _where, *, index=None, ttl=None):  # type: ignore[override]  # as the tests call it
        yield cls(index=index, ttl=ttl)


def _private(*_arguments, **_options):
    raise NotImplementedError("a private function of the SQLite store")


def _module(name, **contents):
    made = ModuleType(name)
    vars(made).update(contents)
    sys.modules[name] = made


_module("langgraph.store.sqlite", SqliteStore=Shim, AsyncSqliteStore=AsyncShim)
_module(
    "langgraph.store.sqlite.base",
    NS_MATCH_FUNCTION="",
    BaseSqliteStore=Shim,
    SqliteIndexConfig=dict,
    _escape_glob_literal=_private,
    _namespace_match_pattern=_private,
)
_module("langgraph.store.sqlite.aio", AsyncSqliteStore=AsyncShim)


def pytest_collection_modifyitems(config, items):
    """Leave out what is not ours, and fail when a name matches nothing: the list must not outlive its reasons."""
    left_out = [item for item in items if any(name in item.nodeid for name in NOT_OURS)]
    if unused := [name for name in NOT_OURS if not any(name in item.nodeid for item in left_out)]:
        raise pytest.UsageError(f"NOT_OURS names tests that do not exist: {unused}")
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
