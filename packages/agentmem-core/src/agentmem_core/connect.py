"""Puts the parts together: from what the caller said, then the environment, to a backend."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, cast, get_args

import platformdirs

from agentmem_core.agents.table import AGENT_HANDLERS
from agentmem_core.embedders import find_embedder
from agentmem_core.engine import EmbeddedBackend, Engine, Follower, Views
from agentmem_core.errors import (
    NotConfiguredError,
    NotSupportedError,
    StoreFullError,
    StoreUnavailableError,
)
from agentmem_core.llms import find_model
from agentmem_core.ports import Backend, VectorIndex
from agentmem_core.recall.text import WORDS_VERSION
from agentmem_core.storage.files import FolderBlobs, MemoryBlobs
from agentmem_core.storage.sqlite import FILE_NAME, SqliteLedger
from agentmem_core.storage.vault import configured_vault

Durability = Literal["full", "normal"]

EXACT_LIMIT = 20_000
"""Rows of one user up to which a search is exact; beyond, the index is asked."""

CACHE_BYTES = 256 * 1024 * 1024
FILE_LIMIT = 50_000_000
"""Bytes of the largest file that is kept, unless ``AGENTMEM_FILE_LIMIT`` says otherwise."""

IN_MEMORY = ":memory:"
INDEXES = "agentmem.indexes"


@dataclass(frozen=True, slots=True)
class Config:
    """What decides where memories live and how they are found; None takes the environment's word or the default."""

    path: str | os.PathLike[str] | None = None
    tenant: str = "default"
    embedder: Any = None
    index: Any = None
    durability: str | None = None
    llm: Any = None
    router: str | None = None
    api_url: str | None = None
    api_key: str | None = None
    exact_limit: int | None = None
    cache_bytes: int | None = None


def connect(config: Config) -> Backend:
    """A backend, opened; raises ``StoreError`` or ``NotConfiguredError`` and then leaves everything as it was."""
    if config.api_url or os.environ.get("AGENTMEM_API_URL"):
        raise NotSupportedError(
            "api_url: a shared server is not in this version; leave out api_url (and AGENTMEM_API_URL) to work embedded"
        )
    model = find_model(config.llm)
    router = config.router or os.environ.get("AGENTMEM_ROUTER") or "rules"
    if router not in {"rules", "model"}:
        raise NotConfiguredError(f'router must be "rules" or "model", not {router!r}')
    if router == "model" and model is None:
        raise NotConfiguredError('router="model" needs a model; give llm=, or leave router at "rules"')
    durability = config.durability or os.environ.get("AGENTMEM_DURABILITY") or "full"
    if durability not in get_args(Durability):
        raise NotConfiguredError(f'durability must be "full" or "normal", not {durability!r}')
    embedder = find_embedder(config.embedder or os.environ.get("AGENTMEM_EMBEDDER") or "wordllama")
    make_index = _index_maker(config.index)
    views = Views(
        exact_limit=_number("exact_limit", config.exact_limit, EXACT_LIMIT),
        budget=_number("cache_bytes", config.cache_bytes, CACHE_BYTES),
    )
    folder = _folder(config.path)
    ledger = SqliteLedger(folder, durability=cast("Durability", durability))
    try:
        follower = Follower(ledger, None if folder is None else make_index(folder))
        engine = Engine(
            ledger, embedder, views, follower, lambda: datetime.now(UTC), find_embedder, model,
            routes_by_model=model if router == "model" else None,
            blobs=MemoryBlobs() if folder is None else FolderBlobs(folder), vault=configured_vault, file_limit=file_limit,
        )  # fmt: skip
        _greet(engine, config.tenant)
    except BaseException:
        ledger.close()
        raise
    return EmbeddedBackend(engine, AGENT_HANDLERS)


@dataclass(frozen=True, slots=True)
class Place:
    """What two openings of one store have in common."""

    key: tuple[object, ...]
    file: Path

    def mark(self) -> tuple[int, int] | tuple[()]:
        """Which file stands there now; a folder that was removed and made again is another store."""
        try:
            found = self.file.stat()
        except OSError:
            return ()
        return (found.st_dev, found.st_ino)


def place(config: Config) -> Place | None:
    """Where a configuration leads; None for a store in memory, which is nobody else's."""
    if config.api_url or os.environ.get("AGENTMEM_API_URL"):
        return None
    folder = _folder(config.path)
    if folder is None:
        return None
    embedder = config.embedder or os.environ.get("AGENTMEM_EMBEDDER")
    settings = [
        os.environ.get(f"AGENTMEM_{name}")
        for name in ("INDEX", "DURABILITY", "EXACT_LIMIT", "CACHE_BYTES", "LLM", "LLM_URL", "ROUTER")
    ]
    named = embedder if isinstance(embedder, str | None) else id(embedder)
    return Place((str(folder.resolve()), named, *settings), folder / FILE_NAME)


def file_limit() -> int:
    """Bytes of the largest file that is kept."""
    return _number("file_limit", None, FILE_LIMIT)


def default_path() -> Path:
    """The platform's folder for a program's data, for AgentMem."""
    return Path(platformdirs.user_data_dir("agentmem", appauthor=False))


def _folder(given: str | os.PathLike[str] | None) -> Path | None:
    """The store's folder, made if there is none; None for a store in memory."""
    chosen: Any = given if given is not None else os.environ.get("AGENTMEM_PATH") or default_path()
    if chosen == IN_MEMORY:
        return None
    try:
        folder = Path(chosen).expanduser().absolute()
        str(folder).encode()
    except (TypeError, RuntimeError, UnicodeError) as error:
        raise StoreUnavailableError(f"path must be a folder, not {chosen!r}: {error}") from None
    if not str(chosen) or "\x00" in str(chosen):
        raise StoreUnavailableError("path must not be empty or hold NUL; leave it out for the default folder")
    try:
        if folder.exists() and not folder.is_dir():
            raise StoreUnavailableError(f"{folder} is a file; give a folder for the store to live in")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        kind = StoreFullError if error.errno == 28 else StoreUnavailableError
        raise kind(f"{folder} cannot be made ({error.strerror}); give a folder that can be written") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreUnavailableError(f"{folder} cannot be written; check its permissions or give another folder")
    return folder


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


def _number(name: str, given: Any, default: int) -> int:
    text = os.environ.get(f"AGENTMEM_{name.upper()}")
    value: Any = given if given is not None else text or default
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        raise NotConfiguredError(f"{name} must be a whole number, not {value!r}") from None
    if number < 0:
        raise NotConfiguredError(f"{name} must not be negative, not {number}")
    return number


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
