"""What the resource agent answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Value


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
    created_at: datetime
    scope: Scope


class FileBytes(Value):
    """A file with its bytes; base64 in JSON."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    file: StoredFile
    data: Annotated[bytes, Field(repr=False)]
