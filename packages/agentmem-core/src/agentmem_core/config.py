"""The arguments of ``AgentMem`` as one value: what a caller may say; what it leaves out the settings say (``settings/table.py``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentmem_core.errors import StoreFullError, StoreUnavailableError
from agentmem_core.settings import IN_MEMORY, current

__all__ = ["IN_MEMORY", "Config", "default_path", "file_limit", "folder_of"]


@dataclass(frozen=True, slots=True)
class Config:
    """What decides where memories live and how they are found; None takes what the settings say."""

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
    timeout: Any = None
    learner: str | None = None
    learning: Any = None
    redact: Any = None
    block: Any = None


def file_limit() -> int:
    """Bytes of the largest file that is kept."""
    return int(current().value("file_limit"))


def default_path() -> Path:
    """The platform's folder for a program's data, for AgentMem."""
    import platformdirs

    return Path(platformdirs.user_data_dir("agentmem", appauthor=False))


def folder_of(given: str | os.PathLike[str] | None) -> Path | None:
    """The store's folder, made if there is none; None for a store in memory."""
    chosen: Any = given if given is not None else current().value("path") or default_path()
    if chosen == IN_MEMORY:
        return None
    try:
        folder = Path(chosen).expanduser().absolute()
        str(folder).encode()
    except (TypeError, RuntimeError, UnicodeError) as error:
        raise StoreUnavailableError(f"path must be a folder, not {chosen!r}: {error}") from None
    if not str(chosen) or "\x00" in str(chosen):
        raise StoreUnavailableError("path must not be empty or hold NUL; leave it out for the default folder")
    if str(chosen).startswith(("http://", "https://")):
        raise StoreUnavailableError(f"path must be a folder, and {chosen} is a server's address; give it as api_url=")
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
