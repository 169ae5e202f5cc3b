"""What a test of AgentMem, or of a part that takes the place of one of ours, is made with.

Names are loaded when they are first used: the backend and the ledger in memory need nothing more than AgentMem itself, the
suites need pytest and the strategies need Hypothesis, both of which come with ``agentmem-core[testing]``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentmem_core.testing import strategies
    from agentmem_core.testing.backend_suite import BackendSuite
    from agentmem_core.testing.blobs_suite import BlobsSuite
    from agentmem_core.testing.embedder_suite import EmbedderSuite
    from agentmem_core.testing.index_suite import VectorIndexSuite
    from agentmem_core.testing.ledger_suite import LedgerSuite
    from agentmem_core.testing.memory_backend import in_memory_backend
    from agentmem_core.testing.memory_index import BruteForceIndex
    from agentmem_core.testing.memory_ledger import MemoryLedger
    from agentmem_core.testing.model_suite import LanguageModelSuite

_HOMES = {
    "BackendSuite": "backend_suite",
    "BlobsSuite": "blobs_suite",
    "BruteForceIndex": "memory_index",
    "EmbedderSuite": "embedder_suite",
    "LanguageModelSuite": "model_suite",
    "LedgerSuite": "ledger_suite",
    "MemoryLedger": "memory_ledger",
    "VectorIndexSuite": "index_suite",
    "in_memory_backend": "memory_backend",
    "strategies": "strategies",
}
_REWRITTEN = tuple(
    f"{__name__}.{module}"
    for module in (
        "backend_agents", "backend_reading", "backend_store", "backend_suite", "backend_writing", "blobs_suite",
        "embedder_suite", "index_suite", "ledger_files", "ledger_links", "ledger_rows", "ledger_suite", "model_suite",
    )
)  # fmt: skip

__all__ = [
    "BackendSuite",
    "BlobsSuite",
    "BruteForceIndex",
    "EmbedderSuite",
    "LanguageModelSuite",
    "LedgerSuite",
    "MemoryLedger",
    "VectorIndexSuite",
    "in_memory_backend",
    "strategies",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home.endswith("_suite"):
        _explain_failures(name)
    module = import_module(f"{__name__}.{home}")
    value = globals()[name] = module if name == home else getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _explain_failures(name: str) -> None:
    """Let pytest show the values in the suites' assertions, as it does in test files."""
    try:
        import pytest
    except ImportError as error:
        raise ImportError(
            f"agentmem_core.testing.{name} needs pytest; run: pip install 'agentmem-core[testing]'"
        ) from error
    pytest.register_assert_rewrite(*_REWRITTEN)
