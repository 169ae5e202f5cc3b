"""The parts of a store inside the process, put together; the only place that knows which they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, cast, get_args

from agentmem_core.agents.table import AGENT_HANDLERS
from agentmem_core.config import Config, file_limit, folder_of, number
from agentmem_core.embedders import find_embedder
from agentmem_core.engine import EmbeddedBackend, Engine, Follower, Views
from agentmem_core.engine.learner import Extractor, Learner
from agentmem_core.engine.learning import wake
from agentmem_core.errors import InvalidInputError, NotConfiguredError
from agentmem_core.learning.budget import LearningBudget
from agentmem_core.llms import find_model
from agentmem_core.ports import Backend, LanguageModel, VectorIndex
from agentmem_core.recall.text import WORDS_VERSION
from agentmem_core.storage.files import FolderBlobs, MemoryBlobs
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.storage.vault import configured_vault

Durability = Literal["full", "normal"]

EXACT_LIMIT = 20_000
"""Rows of one user up to which a search is exact; beyond, the index is asked."""

CACHE_BYTES = 256 * 1024 * 1024
INDEXES = "agentmem.indexes"


def embedded(config: Config, heard: Callable[[LanguageModel], LanguageModel] | None = None) -> Backend:
    """A store, opened; raises ``StoreError`` or ``NotConfiguredError`` and then leaves everything as it was.

    ``heard`` stands between the store and its model.
    """
    model = find_model(config.llm)
    if model is not None and heard is not None:
        model = heard(model)
    router = config.router or os.environ.get("AGENTMEM_ROUTER") or "rules"
    if router not in {"rules", "model"}:
        raise NotConfiguredError(f'router must be "rules" or "model", not {router!r}')
    if router == "model" and model is None:
        raise NotConfiguredError('router="model" needs a model; give llm=, or leave router at "rules"')
    learner = _learner(config, model)
    durability = config.durability or os.environ.get("AGENTMEM_DURABILITY") or "full"
    if durability not in get_args(Durability):
        raise NotConfiguredError(f'durability must be "full" or "normal", not {durability!r}')
    embedder = find_embedder(config.embedder or os.environ.get("AGENTMEM_EMBEDDER") or "wordllama")
    make_index = _index_maker(config.index)
    views = Views(
        exact_limit=number("exact_limit", config.exact_limit, EXACT_LIMIT),
        budget=number("cache_bytes", config.cache_bytes, CACHE_BYTES),
    )
    folder = folder_of(config.path)
    ledger = SqliteLedger(folder, durability=cast("Durability", durability))
    try:
        follower = Follower(ledger, None if folder is None else make_index(folder))
        engine = Engine(
            ledger, embedder, views, follower, lambda: datetime.now(UTC), find_embedder, model,
            learner=learner, routes_by_model=model if router == "model" else None,
            blobs=MemoryBlobs() if folder is None else FolderBlobs(folder), vault=configured_vault, file_limit=file_limit,
        )  # fmt: skip
        _greet(engine, config.tenant)
        _resume(engine, config.tenant)
    except BaseException:
        ledger.close()
        raise
    return EmbeddedBackend(engine, AGENT_HANDLERS)


def _index_maker(given: Any) -> Callable[[Path], VectorIndex | None]:
    """What makes the index of a folder; a name is looked up now, so that an unknown one leaves nothing behind."""
    name = given if given is not None else os.environ.get("AGENTMEM_INDEX") or "chroma"
    if name == "none":
        return lambda _: None
    if not isinstance(name, str):
        if not all(hasattr(name, method) for method in ("acquire", "upsert", "query", "drop")):
            raise NotConfiguredError(f'index must be a name, "none" or a VectorIndex, not {type(name).__name__}')
        return lambda _: cast("VectorIndex", name)
    found = {entry.name: entry for entry in entry_points(group=INDEXES)}
    if name not in found:
        raise NotConfiguredError(f'unknown index {name!r}; installed are {", ".join(sorted(found))}, and "none"')
    return cast("Callable[[Path], VectorIndex]", found[name].load())


def _greet(engine: Engine, tenant: str) -> None:
    """Look at what the store holds before the first call does: whose vectors, and whose words."""
    with engine.ledger.reading() as reader:
        collection = reader.collection(tenant, "memories")
        words = reader.setting("words")
    if collection is not None:
        engine.require_fit(collection.embedder)
    if words is None:
        with engine.ledger.writing() as writer:
            writer.set_setting("words", WORDS_VERSION)


def _learner(config: Config, model: LanguageModel | None) -> Learner | None:
    """Who learns facts: the model where there is one, rules when they are asked for, else nobody."""
    chosen = config.learner or os.environ.get("AGENTMEM_LEARNER") or (None if model is None else "model")
    budget = _budget(config.learning)
    if chosen is None:
        return None
    if chosen == "rules":
        return Learner(None, _rules, budget)
    if chosen != "model":
        raise NotConfiguredError(f'learner must be "model" or "rules", not {chosen!r}')
    if model is None:
        raise NotConfiguredError('learner="model" needs a model; give llm=, or learner="rules", which needs none')
    return Learner(model, None, budget)


def _rules() -> Extractor:
    """The extractor without a model, loaded when the first turns are learnt from."""
    return cast("Extractor", import_module("agentmem_core.learning.rules").extract)


def _budget(given: Any) -> LearningBudget:
    """The bounds that were given, then those of the environment."""
    if isinstance(given, LearningBudget):
        return given
    if given is not None and not isinstance(given, Mapping):
        raise NotConfiguredError(
            f"learning must be a LearningBudget or a dict of its bounds, not {type(given).__name__}"
        )
    bounds = {str(name): value for name, value in dict(given or {}).items()}
    for name in LearningBudget.model_fields:
        if name not in bounds and os.environ.get(f"AGENTMEM_LEARNING_{name.upper()}"):
            bounds[name] = number(f"learning_{name}", None, 0)
    try:
        return LearningBudget(**bounds)
    except InvalidInputError as error:
        raise NotConfiguredError(f"learning: {error}") from None


def _resume(engine: Engine, tenant: str) -> None:
    """What waits of a tenant to be learnt since another process ended, or is still at it, is worked off in the background."""
    if engine.learner is None:
        return
    with engine.ledger.reading() as reader:
        waiting, _ = reader.waiting_lessons(tenant)
    if waiting:
        wake(engine, tenant)
