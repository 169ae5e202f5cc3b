"""From what the caller said, then the settings, to a backend: a store inside the process, or a server's.

Also which arguments belong to which of the two, and which of them make two stores of one folder: ``AgentMem.shared`` opens no folder twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentmem_core.config import Config, default_path, file_limit, folder_of
from agentmem_core.errors import NotConfiguredError
from agentmem_core.ports import Backend, LanguageModel
from agentmem_core.settings import Settings, current

__all__ = ["Config", "Place", "connect", "default_path", "file_limit", "place"]

_OF_A_STORE = (
    "path", "embedder", "index", "durability", "llm", "router", "learner", "learning", "exact_limit", "cache_bytes",
)  # fmt: skip
"""What a server decides, and not who asks it."""

_OF_A_SERVER = ("api_key", "timeout")

_DIVIDING = ("index", "durability", "exact_limit", "cache_bytes", "llm", "llm_url", "router", "learner")
"""Settings of which two openings of one store may not have different ones."""


def connect(config: Config) -> Backend:
    """A backend, behind the privacy filter that is asked for.

    Raises ``StoreError`` or ``NotConfiguredError`` and then leaves everything as it was. A server is not asked before the first
    operation; a store is opened now.
    """
    settings = current()
    if config.redact is None and config.block is None and not any(_private(settings)):
        return _opened(config, settings)
    from agentmem_core.privacy import Guarded, GuardedModel, configured_filter

    privacy = configured_filter(config.redact, config.block)
    if privacy is None:
        return _opened(config, settings)
    return Guarded(_opened(config, settings, lambda model: GuardedModel(model, privacy)), privacy)


def _private(settings: Settings) -> tuple[object, ...]:
    """What the settings say of privacy."""
    return settings.value("redact"), settings.value("block")


def _opened(
    config: Config, settings: Settings, heard: Callable[[LanguageModel], LanguageModel] | None = None
) -> Backend:
    """``heard`` is how the answers of the store's own model are listened to; that of a server is the server's."""
    url = api_url(config, settings)
    if url is not None:
        from agentmem_core.http.backend import HttpBackend

        key, timeout = settings.key_for(url, config.api_key), settings.value("timeout", config.timeout)
        return HttpBackend(url, api_key=key, timeout=timeout)
    from agentmem_core.embedded import embedded

    return embedded(config, settings, heard)


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
    settings = current()
    url = api_url(config, settings)
    if url is not None:
        key = sha256(str(settings.key_for(url, config.api_key) or "").encode("utf-8", "replace")).hexdigest()
        timeout = repr(settings.value("timeout", config.timeout))
        return Place(("server", str(url).rstrip("/"), key, timeout, *_private(settings)))
    folder = folder_of(config.path)
    if folder is None:
        return None
    from agentmem_core.storage.sqlite import FILE_NAME

    embedder = settings.value("embedder", config.embedder or None)
    said = [settings.value(name) for name in _DIVIDING]
    named = embedder if isinstance(embedder, str) else id(embedder)
    learning = (_told(config.llm), config.learner)
    return Place((str(folder.resolve()), named, *learning, *said, *_private(settings)), folder / FILE_NAME)


def _told(given: Any) -> object:
    """What tells a model from another: its name, or the object, which a store that is open keeps alive."""
    return given if isinstance(given, Hashable) else id(given)


def api_url(config: Config, settings: Settings | None = None) -> str | None:
    """The server that is meant; None for a store inside the process.

    An address that was given comes first, then a path that was given, then the settings. What only a store of one's own
    could heed is refused, and the other way round.
    """
    url, source = config.api_url, "api_url"
    if url is None and config.path is None:
        found = (settings or current()).server()
        if found is not None:
            url, source = found.value, found.where
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
