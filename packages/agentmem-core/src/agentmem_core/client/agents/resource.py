"""Files and what they say."""

from __future__ import annotations

import asyncio
import io
from typing import ClassVar, Unpack

from agentmem_core.client.agents.base import Agent, Within
from agentmem_core.client.agents.uploads import (
    Describe,
    FileSource,
    Upload,
    adescribed,
    described,
    description_wanted,
    read_upload,
)
from agentmem_core.model import MemoryType
from agentmem_core.model.files import FileBytes, StoredFile
from agentmem_core.operations.agents.resource import DeleteFile, GetFile, ListFiles, OpenFile, PutFile

Files = list[StoredFile]


class OpenedFile(io.BytesIO):
    """The bytes of a stored file, to read from; ``name`` is its name, ``file`` what is known of it."""

    def __init__(self, found: FileBytes) -> None:
        """At its beginning."""
        super().__init__(found.data)
        self.name = found.file.name
        self.file = found.file


class ResourceAgent(Agent):
    """Files, kept byte for byte, and found by what they say: each chunk of their text is a memory that knows its page or line.

    ``add`` keeps a plain text as a note of this type, without a file; ``list``, ``get`` and ``open`` are about files only.
    """

    name: ClassVar[str] = "resource"
    type: ClassVar[MemoryType] = MemoryType.RESOURCE

    def put(
        self,
        file: FileSource,
        *,
        name: str | None = None,
        media_type: str | None = None,
        description: str | None = None,
        describe: Describe | None = None,
        **scope: Unpack[Within],
    ) -> StoredFile:
        """Keep a file: a path, bytes, or a file open for reading; up to 50 MB (``AGENTMEM_FILE_LIMIT``, in bytes).

        The text of plain text, Markdown, HTML, CSV, JSON and PDF is found by ``search``; of other files the description is, or
        what ``describe(bytes, media_type)`` says of them. The same bytes under the same name are the same file.
        """
        upload = read_upload(file, name, _limit())
        kind = description_wanted(describe, upload, media_type)
        text = None if kind is None or describe is None else described(describe(upload.data, kind))
        return self._run(self._putting(upload, media_type, description, text, scope))

    async def aput(
        self,
        file: FileSource,
        *,
        name: str | None = None,
        media_type: str | None = None,
        description: str | None = None,
        describe: Describe | None = None,
        **scope: Unpack[Within],
    ) -> StoredFile:
        """``put`` without blocking the event loop; ``describe`` may be asynchronous."""
        upload = await asyncio.to_thread(read_upload, file, name, _limit())
        kind = description_wanted(describe, upload, media_type)
        text = None if kind is None or describe is None else await adescribed(describe(upload.data, kind))
        return await self._arun(self._putting(upload, media_type, description, text, scope))

    def open(self, id: str, **scope: Unpack[Within]) -> OpenedFile:
        """The bytes of a file, by its id, its name or the id of one of its chunks; damaged ones are ``StoreDamagedError``."""
        return OpenedFile(self._run(self._op(OpenFile, scope, id=id)))

    async def aopen(self, id: str, **scope: Unpack[Within]) -> OpenedFile:
        """``open`` without blocking the event loop."""
        return OpenedFile(await self._arun(self._op(OpenFile, scope, id=id)))

    def get(self, id: str, **scope: Unpack[Within]) -> StoredFile:
        """The file of that id or name, or that a chunk of that id is of."""
        return self._run(self._op(GetFile, scope, id=id))

    async def aget(self, id: str, **scope: Unpack[Within]) -> StoredFile:
        """``get`` without blocking the event loop."""
        return await self._arun(self._op(GetFile, scope, id=id))

    def list(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - answers files, as `get` does
        self, *, limit: int = 1_000, order: str = "oldest", **scope: Unpack[Within]
    ) -> Files:
        """The files, in the order they were put."""
        return self._run(self._op(ListFiles, scope, limit=limit, order=order))

    async def alist(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - answers files
        self, *, limit: int = 1_000, order: str = "oldest", **scope: Unpack[Within]
    ) -> Files:
        """``list`` without blocking the event loop."""
        return await self._arun(self._op(ListFiles, scope, limit=limit, order=order))

    def delete(self, id: str, **scope: Unpack[Within]) -> int:
        """Erase a file with its chunks for good, by its id or name; its bytes go with the last file that has the same."""
        return self._run(self._op(DeleteFile, scope, id=id))

    async def adelete(self, id: str, **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._op(DeleteFile, scope, id=id))

    def _putting(
        self, upload: Upload, media_type: str | None, description: str | None, text: str | None, scope: Within
    ) -> PutFile:
        return self._op(
            PutFile,
            scope,
            data=upload.data,
            name=upload.name,
            media_type=media_type,
            description=description,
            text=text,
        )


def _limit() -> int:
    from agentmem_core.connect import file_limit

    return file_limit()
