"""Reading a JSON document a value at a time, so that a file of any size needs the memory of its largest value only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, NoReturn, TextIO

from agentmem_core.errors import InvalidInputError

_CHUNK = 1 << 18
_LARGEST = 512_000_000
"""Characters of one value beyond which it is no conversation, no message and no memory."""
_NEAR = 32
"""An error so near to the end of what was read may be cured by reading on."""
_SPACE = " \t\n\r"


_DECODER = json.JSONDecoder()


class JsonStream:
    """A cursor in a JSON text. Errors name the line and column, never what stands there."""

    def __init__(self, text: TextIO, name: str) -> None:
        """``name`` is what errors call the file."""
        self._text, self._name = text, name
        self._held = ""
        self._at = 0
        self._line, self._line_start = 1, 0
        self._counted = (0, 0)
        self._ended = False

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in _SPACE:
                    return self._held[self._at]
                self._at += 1
            if not self._more():
                return ""

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._held, self._at)
            except JSONDecodeError as error:
                before = self._at
                if not self._may_be_cut(error) or not self._more(double=True):
                    self._refuse(error.msg, error.pos - (before - self._at))
                continue
            except (ValueError, RecursionError) as error:
                self._refuse(str(error) if isinstance(error, ValueError) else "it is nested too deep", self._at)
            if self._may_go_on(end) and self._more(double=True):
                continue
            self._at = end
            return found

    def _may_go_on(self, end: int) -> bool:
        """Whether what was read is a number, of which more may follow."""
        if self._held[self._at] not in "-0123456789":
            return False
        return not self._held[end : end + _NEAR].lstrip("0123456789.eE+-") and len(self._held) - end < _NEAR

    def members(self) -> Iterator[str]:
        """The keys of an object; read the value of each before asking for the next."""
        self._take("{")
        first = True
        while self.peek() != "}":
            if not first:
                self._take(",")
            first = False
            key = self.value()
            if not isinstance(key, str):
                self._refuse("a key must be text", self._at)
            self._take(":")
            yield key
        self._at += 1

    def elements(self) -> Iterator[int]:
        """The places of an array from 0; read the value of each before asking for the next."""
        self._take("[")
        number = 0
        while self.peek() != "]":
            if number:
                self._take(",")
            self.peek()
            yield number
            number += 1
        self._at += 1

    def finish(self) -> None:
        """Refuse what stands after the document."""
        if self.peek():
            self._refuse("more text follows the document", self._at)

    def where(self) -> str:
        """The line that comes next."""
        self.peek()
        position, lines = self._counted
        self._counted = (self._at, lines + self._held.count("\n", position, self._at))
        return f"line {self._line + self._counted[1]}"

    def _take(self, wanted: str) -> None:
        if self.peek() != wanted:
            self._refuse(f"expected {wanted!r}", self._at)
        self._at += 1

    def _more(self, *, double: bool = False) -> bool:
        """Read on, and let go of what was used."""
        if self._ended:
            return False
        if self._at:
            used = self._held[: self._at]
            newline = used.rfind("\n")
            self._line += used.count("\n")
            self._line_start = self._line_start + self._at if newline < 0 else self._at - newline - 1
            self._held, self._at, self._counted = self._held[self._at :], 0, (0, 0)
        if len(self._held) > _LARGEST:
            self._refuse(f"one value is longer than {_LARGEST:,} characters", 0)
        try:
            chunk = self._text.read(max(_CHUNK, len(self._held)) if double else _CHUNK)
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"{self._name}: is not {error.encoding} text after line {self._line}; say encoding= if it is another one"
            ) from error
        except (OSError, EOFError) as error:
            raise InvalidInputError(f"{self._name}: cannot be read to its end ({error})") from error
        if not chunk:
            self._ended = True
            return False
        self._held += chunk
        return True

    def _may_be_cut(self, error: JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._held) - _NEAR

    def _refuse(self, why: str, position: int) -> NoReturn:
        if self._ended and position >= len(self._held.rstrip()):
            raise InvalidInputError(f"{self._name}: ends in the middle of the document; the file was cut short")
        before = self._held[:position]
        newline = before.rfind("\n")
        column = position - newline if newline >= 0 else self._line_start + position + 1
        place = f"{self._name}: line {self._line + before.count(chr(10))}, column {column}"
        if why.startswith("Unterminated string"):
            raise InvalidInputError(
                f"{place} begins a text that never ends; the file was cut short, or a quote is missing"
            )
        raise InvalidInputError(f"{place} is not JSON ({why.rstrip(':')})")
