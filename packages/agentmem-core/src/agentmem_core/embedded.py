"""The parts of a store inside the process, put together; the only place that knows which they are.

What decides about a part is asked for here, by the argument first: ``settings.value("durability", config.durability)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from agentmem_core.agents.late import LateAgents
from agentmem_core.config import Config, folder_of
from agentmem_core.embedders import find_embedder
from agentmem_core.engine import EmbeddedBackend, Engine, Follower, Views
from agentmem_core.engine.learner import Extractor, Learner
from agentmem_core.errors import InvalidInputError, NotConfiguredError, StoreUnavailableError
from agentmem_core.learning.budget import LearningBudget
from agentmem_core.llms import find_model
from agentmem_core.ports import Backend, LanguageModel, VectorIndex
from agentmem_core.ports.installed import installed, names
from agentmem_core.recall.text import WORDS_VERSION
from agentmem_core.settings import Settings
from agentmem_core.storage.files import FolderBlobs, MemoryBlobs
from agentmem_core.storage.sqlite import FILE_NAME, SqliteLedger, which_file
from agentmem_core.storage.vault import configured_vault

INDEXES = "agentmem.indexes"


def embedded(
    config: Config, settings: Settings, heard: Callable[[LanguageModel], LanguageModel] | None = None
) -> Backend:
    """A store, opened; raises ``StoreError`` or ``NotConfiguredError`` and then leaves everything as it was.

    ``heard`` stands between the store and its model.
    """
    model = find_model(config.llm)
    if model is not None and heard is not None:
        model = heard(model)
    router = settings.value("router", config.router or None)
    if router == "model" and model is None:
        raise NotConfiguredError('router="model" needs a model; give llm=, or leave router at "rules"')
    learner = _learner(config, settings, model)
    durability = settings.value("durability", config.durability or None)
    embedder = find_embedder(settings.value("embedder", config.embedder or None))
    make_index = _index_maker(settings.value("index", config.index))
    views = Views(
        exact_limit=settings.value("exact_limit", config.exact_limit),
        budget=settings.value("cache_bytes", config.cache_bytes),
    )
    folder = folder_of(config.path)
    ledger = SqliteLedger(folder, durability=durability)
    try:
        follower = Follower(ledger, None if folder is None else make_index(folder))
        engine = Engine(
            ledger, embedder, views, follower, lambda: datetime.now(UTC), find_embedder, model,
            learner=learner, routes_by_model=model if router == "model" else None,
            blobs=MemoryBlobs() if folder is None else FolderBlobs(folder), vault=lambda: configured_vault(settings), file_limit=lambda: settings.value("file_limit"),
        )  # fmt: skip
        _greet(engine, config.tenant)
        _resume(engine, config.tenant)
    except BaseException:
        ledger.close()
        raise
    return EmbeddedBackend(engine, LateAgents())


def ledger_of(folder: Path) -> tuple[int, int] | None:
    """What tells the ledger in a folder from another one that is put in its place; None where there is none."""
    return which_file(folder / FILE_NAME)


def reading_engine(
    folder: Path,
    settings: Settings,
    *,
    ledger: tuple[int, int] | None,
    embedder: str,
    exact_limit: int,
    cache_bytes: int,
) -> Engine:
    """The parts that answer searches of a store, and write nothing but what was used: without a model, a learner or an index.

    It is the store that is there, and the one that was meant (``ledger_of``); none is made.
    """
    if ledger is None or ledger_of(folder) != ledger:
        raise StoreUnavailableError(
            f"the store in {folder} has been removed, or another one is in its place; restart the server"
        )
    find = find_embedder(embedder)
    opened = SqliteLedger(folder, durability="normal")
    return Engine(
        opened, find, Views(exact_limit=exact_limit, budget=cache_bytes), Follower(opened, None), lambda: datetime.now(UTC), find_embedder,
        blobs=FolderBlobs(folder), vault=lambda: configured_vault(settings), file_limit=lambda: settings.value("file_limit"),
    )  # fmt: skip


def _index_maker(name: Any) -> Callable[[Path], VectorIndex | None]:
    """What makes the index of a folder; a name is looked up now, so that an unknown one leaves nothing behind."""
    if name == "none":
        return lambda _: None
    if not isinstance(name, str):
        if not all(hasattr(name, method) for method in ("acquire", "upsert", "query", "drop")):
            raise NotConfiguredError(f'index must be a name, "none" or a VectorIndex, not {type(name).__name__}')
        return lambda _: cast("VectorIndex", name)
    found = installed(INDEXES, name)
    if found is None:
        raise NotConfiguredError(f'unknown index {name!r}; installed are {", ".join(names(INDEXES))}, and "none"')
    return cast("Callable[[Path], VectorIndex]", found.load())


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


def _learner(config: Config, settings: Settings, model: LanguageModel | None) -> Learner | None:
    """Who learns facts: the model where there is one, rules when they are asked for, else nobody."""
    chosen = settings.value("learner", config.learner or None) or (None if model is None else "model")
    budget = _budget(config.learning, settings)
    if chosen is None:
        return None
    if chosen == "rules":
        return Learner(None, _rules, budget)
    if model is None:
        raise NotConfiguredError('learner="model" needs a model; give llm=, or learner="rules", which needs none')
    return Learner(model, None, budget)


def _rules() -> Extractor:
    """The extractor without a model, loaded when the first turns are learnt from."""
    return cast("Extractor", import_module("agentmem_core.learning.rules").extract)


def _budget(given: Any, settings: Settings) -> LearningBudget:
    """The bounds that were given, then those of the settings."""
    if isinstance(given, LearningBudget):
        return given
    if given is not None and not isinstance(given, Mapping):
        raise NotConfiguredError(
            f"learning must be a LearningBudget or a dict of its bounds, not {type(given).__name__}"
        )
    bounds = {str(name): value for name, value in dict(given or {}).items()}
    for name in LearningBudget.model_fields:
        if name not in bounds:
            bounds[name] = settings.value(f"learning.{name}")
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
        from agentmem_core.engine.learning import wake

        wake(engine, tenant)
