"""A whole backend in memory, for tests: nothing touches a disk or a model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from agentmem_core.agents.table import AGENT_HANDLERS
from agentmem_core.connect import file_limit
from agentmem_core.embedders import find_embedder
from agentmem_core.engine import EmbeddedBackend, Engine, Follower, Views
from agentmem_core.engine.learner import Extractor, Learner
from agentmem_core.learning.budget import LearningBudget
from agentmem_core.ports import Blobs, LanguageModel, Ledger, Vault, VectorIndex
from agentmem_core.storage.files import MemoryBlobs
from agentmem_core.storage.vault import configured_vault
from agentmem_core.testing.memory_ledger import MemoryLedger


def in_memory_backend(
    *,
    ledger: Ledger | None = None,
    embedder: Any = "hashing",
    index: VectorIndex | None = None,
    exact_limit: int = 20_000,
    cache_bytes: int = 16 * 1024 * 1024,
    clock: Callable[[], datetime] | None = None,
    blobs: Blobs | None = None,
    vault: Vault | None = None,
    model: LanguageModel | None = None,
    extract: Extractor | None = None,
    budget: LearningBudget | None = None,
) -> EmbeddedBackend:
    """The real engine over a ``MemoryLedger`` and the hashing embedder, for ``AgentMem(backend=in_memory_backend())``.

    ``model`` learns what ``infer=`` asks for, or the function ``extract`` does, within the ``budget``. ``clock`` answers what time it is, aware and in UTC, so that a test can move it.
    """
    held = MemoryLedger() if ledger is None else ledger
    engine = Engine(
        held,
        find_embedder(embedder),
        Views(exact_limit, cache_bytes),
        Follower(held, index),
        clock or (lambda: datetime.now(UTC)),
        find_embedder,
        model,
        learner=_learner(model, extract, budget or LearningBudget()),
        blobs=MemoryBlobs() if blobs is None else blobs,
        vault=configured_vault if vault is None else lambda: vault,
        file_limit=file_limit,
    )
    return EmbeddedBackend(engine, AGENT_HANDLERS)


def _learner(model: LanguageModel | None, extract: Extractor | None, budget: LearningBudget) -> Learner | None:
    if extract is not None:
        return Learner(None, lambda: extract, budget)
    return None if model is None else Learner(model, None, budget)
