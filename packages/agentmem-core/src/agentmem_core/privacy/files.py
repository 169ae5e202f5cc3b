"""Files: text is rewritten, and what cannot be rewritten is refused when it says what is to be taken out."""

from __future__ import annotations

from agentmem_core.errors import InvalidInputError
from agentmem_core.operations.agents.resource import PutFile
from agentmem_core.privacy.filtering import Cleaning
from agentmem_core.recall.decoding import decoded
from agentmem_core.recall.documents import read_document
from agentmem_core.recall.media import PDF, holds_text, media_type_of

_AS_WRITTEN = frozenset({"text/plain", "text/markdown", "text/csv"})
"""Kinds of text that say what stands there."""


def cleaned_bytes(cleaning: Cleaning, op: PutFile) -> bytes:
    """The bytes to keep: the same, or the text in UTF-8 without what was taken out of it."""
    return cleaned_file(cleaning, op.data, op.media_type or media_type_of(op.name, op.data))


def cleaned_file(cleaning: Cleaning, data: bytes, media_type: str) -> bytes:
    """The bytes without what is taken out; an ``InvalidInputError`` where that would need another program."""
    if not holds_text(media_type):
        return data
    if media_type == PDF:
        _require_clean(cleaning, data, media_type, "a PDF")
        return data
    text, _ = decoded(data)
    clean = cleaning.text(text, "file")
    kept = data if clean == text else clean.encode()
    if media_type not in _AS_WRITTEN:
        _require_clean(cleaning, kept, media_type, media_type)
    return kept


def _require_clean(cleaning: Cleaning, data: bytes, media_type: str, what: str) -> None:
    """What a reader of the file sees is looked at: behind its marks it may say more than its bytes."""
    looked_at = Cleaning(cleaning.privacy)
    for part in read_document(data, media_type).parts:
        looked_at.text(part.text, "file")
    if looked_at.redacted:
        raise InvalidInputError(
            f"file: holds what redact= takes out ({', '.join(sorted(looked_at.redacted))}), which cannot be taken out of {what}; "
            "put its text instead"
        )
