"""What kind of file some bytes are."""

from __future__ import annotations

import mimetypes

UNKNOWN = "application/octet-stream"
PDF, HTML, JSON, LINES, CSV, TSV = (
    "application/pdf", "text/html", "application/json", "application/x-ndjson", "text/csv", "text/tab-separated-values",
)  # fmt: skip

_BY_ENDING = {
    "csv": CSV, "tsv": TSV, "tab": TSV, "json": JSON, "jsonl": LINES, "ndjson": LINES, "pdf": PDF, "htm": HTML, "html": HTML,
    "xhtml": HTML, "md": "text/markdown", "markdown": "text/markdown", "txt": "text/plain", "log": "text/plain",
    "rst": "text/x-rst", "xml": "text/xml", "yaml": "application/yaml", "yml": "application/yaml",
    "toml": "application/toml", "ini": "text/plain", "py": "text/x-python", "js": "text/javascript", "ts": "text/x-typescript",
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp", "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "flac": "audio/flac",
    "m4a": "audio/mp4", "mp4": "video/mp4",
}  # fmt: skip
_BY_BEGINNING = {
    b"%PDF-": PDF, b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac", b"OggS": "audio/ogg", b"PK\x03\x04": "application/zip", b"\x1f\x8b": "application/gzip",
}  # fmt: skip
_TEXT_TYPES = {JSON, LINES, "application/xml", "application/yaml", "application/toml", "application/javascript"}
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 4096


def media_type_of(name: str | None, data: bytes) -> str:
    """By the ending of the name, else by how the bytes begin."""
    ending = (name or "").rpartition(".")[2].casefold()
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    for beginning, found in _BY_BEGINNING.items():
        if data.startswith(beginning):
            return found
    guessed, encoding = mimetypes.guess_type(name) if name else (None, None)
    if guessed is not None and encoding is None:
        return guessed
    return "text/plain" if _looks_like_text(data[:_LOOKED_AT]) else UNKNOWN


def ending_of(media_type: str) -> str:
    """A usual ending of the names of such files, with its dot; empty when there is none."""
    return next((f".{ending}" for ending, kind in _BY_ENDING.items() if kind == media_type), "")


def holds_text(media_type: str) -> bool:
    """Whether files of this type have a text of their own, so that nobody need describe them."""
    return (
        media_type == PDF
        or media_type.startswith("text/")
        or media_type in _TEXT_TYPES
        or (media_type.endswith(("+json", "+xml")) and not media_type.startswith("image/"))
    )


def _looks_like_text(head: bytes) -> bool:
    if head.startswith(_TEXT_MARKS):
        return True
    if b"\x00" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return True
    return False
