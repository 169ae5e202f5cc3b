"""Files and what they say."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict

from agentmem_core.model.files import FileBytes, StoredFile
from agentmem_core.model.values import Bytes, Content, Limit, Name, Text
from agentmem_core.operations.base import Access, AgentOp

MAX_FILE_NAME = 255
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")


def _file_name(name: str) -> str:
    if "/" in name or "\\" in name or name.strip() in {".", ".."}:
        raise ValueError('must be a name and no path: without "/", "\\", and not ".."')
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in name):
        raise ValueError("must not hold control characters")
    if len(name.encode()) > MAX_FILE_NAME:
        raise ValueError(f"is {len(name.encode())} bytes long, the limit is {MAX_FILE_NAME}")
    return name


def _media_type(value: str) -> str:
    bare = value.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(bare):
        raise ValueError("must be a media type, for example text/plain or image/png")
    return bare


FileName = Annotated[Name, AfterValidator(_file_name)]
"""A label that could stand for a file in a folder, and cannot lead out of it."""

MediaType = Annotated[Text, AfterValidator(_media_type)]


class PutFile(AgentOp[StoredFile]):
    """Keep a file and what it says; ``text`` is what somebody else made of it, where it has no text of its own."""

    model_config = ConfigDict(hide_input_in_errors=True)

    agent: ClassVar[str] = "resource"
    verb: ClassVar[str] = "put"
    repeatable: ClassVar[bool] = True

    data: Bytes
    name: FileName | None = None
    media_type: MediaType | None = None
    description: Content | None = None
    text: Content | None = None


class GetFile(AgentOp[StoredFile]):
    """The file of that id or name, or that a chunk of that id is of."""

    agent: ClassVar[str] = "resource"
    verb: ClassVar[str] = "get"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    id: Name


class ListFiles(AgentOp[list[StoredFile]]):
    """The files of the scope, in the order they were put."""

    agent: ClassVar[str] = "resource"
    verb: ClassVar[str] = "list"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    limit: Limit = 1_000
    order: Literal["oldest", "newest"] = "oldest"


class OpenFile(AgentOp[FileBytes]):
    """A file with its bytes, which are those that were put, or an error."""

    agent: ClassVar[str] = "resource"
    verb: ClassVar[str] = "open"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    id: Name


class DeleteFile(AgentOp[int]):
    """Erase a file with its chunks, for good; its bytes go with the last file that has the same."""

    agent: ClassVar[str] = "resource"
    verb: ClassVar[str] = "delete"

    id: Name
