"""From what the caller said, then the environment, to a backend: a store inside the process, or a server's."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentmem_core.config import Config, default_path, file_limit, folder_of
from agentmem_core.errors import NotConfiguredError
from agentmem_core.ports import Backend, LanguageModel

__all__ = ["Config", "Place", "connect", "default_path", "file_limit", "place"]

_OF_A_STORE = (
    "path", "embedder", "index", "durability", "llm", "router", "learner", "learning", "exact_limit", "cache_bytes",
)  # fmt: skip
"""What a server decides, and not who asks it."""

_OF_A_SERVER = ("api_key", "timeout")


def connect(config: Config) -> Backend:
    """A backend, behind the privacy filter that is asked for.

    Raises ``StoreError`` or ``NotConfiguredError`` and then leaves everything as it was. A server is not asked before the first
    operation; a store is opened now.
    """
    if config.redact is None and config.block is None and not any(_private()):
        return _opened(config)
    from agentmem_core.privacy import Guarded, GuardedModel, configured_filter

    privacy = configured_filter(config.redact, config.block)
    if privacy is None:
        return _opened(config)
    return Guarded(_opened(config, lambda model: GuardedModel(model, privacy)), privacy)


def _private() -> tuple[str | None, ...]:
    """What the environment says of privacy."""
    return tuple(os.environ.get(f"AGENTMEM_{name}") for name in ("REDACT", "BLOCK"))


def _opened(config: Config, heard: Callable[[LanguageModel], LanguageModel] | None = None) -> Backend:
    """``heard`` is how the answers of the store's own model are listened to; that of a server is the server's."""
    url = api_url(config)
    if url is not None:
        from agentmem_core.http.backend import HttpBackend

        return HttpBackend(url, api_key=_api_key(config), timeout=_timeout(config))
    from agentmem_core.embedded import embedded

    return embedded(config, heard)


@dataclass(frozen=True, slots=True)
class Place:
    """What two openings of one store, or of one server, have in common."""

    key: tuple[object, ...]
    file: Path | None = None

    def mark(self) -> tuple[int, int] | tuple[()]:
        """Which file stands there now; a folder that was removed and made again is another store."""
        try:
            found = self.file.stat() if self.file is not None else None
        except OSError:
            return ()
        return () if found is None else (found.st_dev, found.st_ino)


def place(config: Config) -> Place | None:
    """Where a configuration leads; None for a store in memory, which is nobody else's."""
    url = api_url(config)
    if url is not None:
        key = sha256((_api_key(config) or "").encode("utf-8", "replace")).hexdigest()
        return Place(("server", str(url).rstrip("/"), key, repr(_timeout(config)), *_private()))
    folder = folder_of(config.path)
    if folder is None:
        return None
    from agentmem_core.storage.sqlite import FILE_NAME

    embedder = config.embedder or os.environ.get("AGENTMEM_EMBEDDER")
    settings = [
        os.environ.get(f"AGENTMEM_{name}")
        for name in ("INDEX", "DURABILITY", "EXACT_LIMIT", "CACHE_BYTES", "LLM", "LLM_URL", "ROUTER", "LEARNER")
    ]
    named = embedder if isinstance(embedder, str | None) else id(embedder)
    learning = (_told(config.llm), config.learner)
    return Place((str(folder.resolve()), named, *learning, *settings, *_private()), folder / FILE_NAME)


def _told(given: Any) -> object:
    """What tells a model from another: its name, or the object, which a store that is open keeps alive."""
    return given if isinstance(given, Hashable) else id(given)


def api_url(config: Config) -> str | None:
    """The server that is meant; None for a store inside the process.

    An address that was given comes first, then a path that was given, then the environment. What only a store of one's own
    could heed is refused, and the other way round.
    """
    url = config.api_url
    if url is None and config.path is None:
        url = os.environ.get("AGENTMEM_API_URL") or None
    source = "api_url" if config.api_url is not None else "AGENTMEM_API_URL"
    here, there = (
        [name for name in names if getattr(config, name) is not None] for names in (_OF_A_STORE, _OF_A_SERVER)
    )
    if url is not None and here:
        raise NotConfiguredError(
            f"{source}: the server decides about {', '.join(here)}; leave {_it(here)} out, or leave out {source} to work embedded"
        )
    if url is None and there:
        raise NotConfiguredError(f"{', '.join(there)}: for a server only; give its api_url, or leave {_it(there)} out")
    return url


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _api_key(config: Config) -> str | None:
    """The key that goes with the address: one of the environment is for any server that the program is told to ask."""
    return config.api_key if config.api_key is not None else os.environ.get("AGENTMEM_API_KEY")


def _timeout(config: Config) -> object:
    return config.timeout if config.timeout is not None else os.environ.get("AGENTMEM_TIMEOUT")
