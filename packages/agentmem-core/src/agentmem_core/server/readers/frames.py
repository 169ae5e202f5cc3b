"""What a server and its readers say to each other: frames of a number, a kind, something about it, and content."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from pydantic_core import from_json, to_json

from agentmem_core.errors import AgentMemError
from agentmem_core.http.problems import BY_CODE

_HEAD = struct.Struct("!IIBI")
"""Bytes behind the head, number, kind, and how many of the bytes are about it."""


class Kind(IntEnum):
    """What a frame is: those of the server, then those of a reader."""

    OPEN = 1
    SEARCH = 2
    SETTLE = 3

    READY = 11
    FOUND = 12
    FAILED = 13
    DECLINED = 14
    SETTLED = 15


class Frame(NamedTuple):
    """One of them; an answer has the number of its question."""

    number: int
    kind: int
    about: bytes = b""
    content: bytes = b""

    def packed(self) -> bytes:
        """As it travels."""
        head = _HEAD.pack(len(self.about) + len(self.content), self.number, self.kind, len(self.about))
        return b"".join((head, self.about, self.content))


class Unpacking:
    """Frames out of bytes as they come."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._parts: list[bytes] = []
        self._size = 0
        self._wanted = _HEAD.size

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now."""
        found: list[Frame] = []
        self._parts.append(data)
        self._size += len(data)
        if self._size < self._wanted:
            return found
        whole = b"".join(self._parts)
        begin = 0
        while len(whole) - begin >= _HEAD.size:
            size, number, kind, about = _HEAD.unpack_from(whole, begin)
            middle = begin + _HEAD.size
            end = middle + size
            if end > len(whole):
                break
            found.append(Frame(number, kind, whole[middle : middle + about], whole[middle + about : end]))
            begin = end
        self._parts = [whole[begin:]]
        self._size = left = len(whole) - begin
        self._wanted = _HEAD.size if left < _HEAD.size else _HEAD.size + _HEAD.unpack_from(whole, begin)[0]
        return found


def told(error: AgentMemError) -> bytes | None:
    """An error of our tree with all its fields; None for one that could not be made again."""
    if BY_CODE.get(error.code) is not type(error) or not all(isinstance(arg, str) for arg in error.args):
        return None
    try:
        return to_json([error.code, error.args, vars(error)])
    except ValueError:
        return None


def raised(content: bytes) -> AgentMemError:
    """The error that was ``told``."""
    code, args, more = from_json(content)
    error = BY_CODE[code](*args)
    vars(error).update(more)
    return error
