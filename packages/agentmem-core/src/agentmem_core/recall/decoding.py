"""Bytes as text, whatever they were written in."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


def decoded(data: bytes) -> tuple[str, str | None]:
    """The text, and a warning when its encoding could only be guessed. Never fails."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], encoding)
    wide = _utf16(data)
    if wide is not None:
        return _lenient(data, wide)
    try:
        return usable(data.decode("utf-8")), None
    except UnicodeDecodeError:
        pass
    if _is_gb18030(data):
        return usable(data.decode("gb18030")), "the text is not UTF-8; it was read as GB18030"
    return usable(data.decode("cp1252", "replace")), "the text is not UTF-8; it was read as Windows-1252"


def usable(text: str) -> str:
    """The text without what no memory can hold: NUL, other controls, lone surrogates."""
    return _UNUSABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _lenient(data: bytes, encoding: str) -> tuple[str, str | None]:
    text = data.decode(encoding, "replace")
    return usable(text), f"some bytes are not {encoding.upper()}" if "\ufffd" in text else None


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark shows in the zero bytes of its spaces, digits and line ends, all on one side."""
    head = data[:4096]
    zeros = head[0::2].count(0), head[1::2].count(0)
    if len(data) % 2 or max(zeros) < max(1, len(head) // 64) or min(zeros) * 10 > max(zeros):
        return None
    encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    try:
        head[: len(head) & ~1].decode(encoding)
    except UnicodeDecodeError as error:
        return encoding if error.start >= len(head) - 4 else None
    return encoding


def _is_gb18030(data: bytes) -> bool:
    """Chinese in GB18030 is mostly pairs of high bytes; a Western text that happens to decode has single ones."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    high = sum(byte >= 0x80 for byte in data)
    wide = sum(char > "\x7f" for char in text)
    return high >= 1.5 * wide
