"""What the resource agent answers."""

from __future__ import annotations

from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Bytes, Moment, Value


class StoredFile(Value):
    """A file that is kept. ``chunks`` is how many parts of its text can be found; ``warnings`` say what could not be read."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    description: str | None = None
    chunks: int = 0
    warnings: tuple[str, ...] = ()
    created_at: Moment
    scope: Scope


class FileBytes(Value):
    """A file with its bytes; base64 in JSON."""

    file: StoredFile
    data: Bytes
