"""Values that only the holder of a key can read."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    SerializationInfo,
    field_serializer,
)

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.audit import AuditEntry
from agentmem_core.model.knowledge import KnowledgeEntry, Sensitivity
from agentmem_core.model.values import Content, Count, Limit, Name
from agentmem_core.operations.base import Access, AgentOp

MAX_SECRET_BYTES = 500_000
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _secret_text(value: Any) -> Any:
    """Refused here and not by pydantic, whose errors hold what was given."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if not isinstance(value, str):
        raise InvalidInputError(f"value: must be text (str), not {type(value).__name__}")
    if not value:
        raise InvalidInputError("value: must not be empty; delete the entry instead")
    if _LONE_SURROGATE.search(value):
        raise InvalidInputError("value: holds lone surrogates, which are not text; decode it properly first")
    size = len(value) if value.isascii() else len(value.encode())
    if size > MAX_SECRET_BYTES:
        raise InvalidInputError(f"value: is {size:,} bytes, the limit is {MAX_SECRET_BYTES:,}")
    return value


def _sensitivity(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value in set(Sensitivity)):
        return value
    raise InvalidInputError(f"sensitivity: unknown level {value!r}; use one of {', '.join(Sensitivity)}")


def _reason(value: str) -> str:
    return value.strip()


Secret = Annotated[SecretStr, BeforeValidator(_secret_text)]
Level = Annotated[Sensitivity | None, BeforeValidator(_sensitivity)]


class PutEntry(AgentOp[KnowledgeEntry]):
    """Seal a value under a name. What is None stays as it was: a new entry is internal, and described by its name.

    Dumped, the value is masked, unless the context says ``{"secrets": True}``: for the one who carries it to where it is sealed.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "put"

    name: Name
    value: Secret
    sensitivity: Level = None
    description: Content | None = None

    @field_serializer("value")
    def _masked(self, value: SecretStr, info: SerializationInfo) -> str:
        return value.get_secret_value() if info.context and info.context.get("secrets") is True else str(value)


class RevealEntry(AgentOp[str]):
    """The plain value, after the audit has who asked for it and why."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "reveal"

    name: Name
    reason: Annotated[Content, AfterValidator(_reason), Field(max_length=2_000)]


class GetEntry(AgentOp[KnowledgeEntry]):
    """The entry of that name, or id, without its value."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "get"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    name: Name


class ListEntries(AgentOp[list[KnowledgeEntry]]):
    """Every entry of the scope without its value, in the order they were made."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "list"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True


class RotateKey(AgentOp[int]):
    """Seal every value of the tenant anew with the first key, the earlier ones in the history too; answers how many."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "rotate_key"
    access: ClassVar[Access] = "admin"
    repeatable: ClassVar[bool] = True


class DeleteEntry(AgentOp[int]):
    """Delete an entry by its name or id; it can be restored by its id until ``compact``."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "delete"

    name: Name


class ReadAudit(AgentOp[list[AuditEntry]]):
    """Who had which value revealed, when and why, oldest first; entries past number ``after``."""

    agent: ClassVar[str] = "knowledge"
    verb: ClassVar[str] = "audit"
    access: ClassVar[Access] = "admin"
    repeatable: ClassVar[bool] = True

    after: Count = 0
    limit: Limit = 1_000
