"""What a user's memory holds, as LangChain's retriever."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation, ValidationError

from agentmem_core import AgentMem, Hit, InvalidInputError
from langchain_agentmem.messages import KEPT
from langchain_agentmem.opening import opened

_OPTIONS = frozenset({"types", "filters", "mode", "as_of", "min_score", "collection", "session_id", "agent_id"})
_DATES = ("occurred_at", "created_at", "updated_at", "expires_at")


class AgentMemRetriever(BaseRetriever):
    """The ``k`` best memories of a user for a query, as documents.

    A document has the memory's id and text. Its metadata is the memory's, with ``id``, ``score`` (0 to 1), ``type``, ``importance``,
    ``role``, ``name``, ``session_id``, ``agent_id``, ``version`` and the dates as ISO 8601 texts; a key of the memory's own that one
    of these hides stands under ``own``. ``search_kwargs`` are options of ``AgentMem.search`` for every call; a call may
    give ``k`` and others.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    k: int = Field(default=5, ge=1, le=10_000)
    search_kwargs: dict[str, Any] = Field(default_factory=dict)
    client: SkipValidation[AgentMem] = Field(default=cast("AgentMem", None), exclude=True, repr=False)
    """Whose memory is asked; a field, because ``configurable_fields`` makes a retriever anew from its fields."""

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        **options: Any,
    ) -> None:
        """``options`` are k, search_kwargs and those of every retriever (tags, metadata); ``InvalidInputError`` for any other."""
        try:
            super().__init__(**options)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise InvalidInputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        _checked(self.search_kwargs)
        self.client = opened(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
        )

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None, **options: Any
    ) -> list[Document]:
        hits = self.client.search(query, limit=self._limit(k), **self._options(options))
        return [document_of(hit) for hit in hits]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None, **options: Any
    ) -> list[Document]:
        hits = await self.client.asearch(query, limit=self._limit(k), **self._options(options))
        return [document_of(hit) for hit in hits]

    def _limit(self, k: int | None) -> int:
        return self.k if k is None else k

    def _options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        _checked(given)
        return {**self.search_kwargs, **given}


def _checked(options: Mapping[str, Any]) -> None:
    if unknown := sorted(options.keys() - _OPTIONS):
        raise InvalidInputError(
            f"{unknown[0]}: is no option of a search; use k or one of {', '.join(sorted(_OPTIONS))}"
        )


def document_of(hit: Hit) -> Document:
    """A hit as a document."""
    memory = hit.memory
    ours: dict[str, Any] = {
        "id": memory.id, "score": hit.score, "type": memory.type.value, "importance": memory.importance,
        "version": memory.version,
    }  # fmt: skip
    scope = memory.scope
    said = {"role": memory.role, "name": memory.name, "session_id": scope.session_id, "agent_id": scope.agent_id}
    ours |= {name: text for name, text in said.items() if text is not None}
    dates = {name: getattr(memory, name) for name in _DATES}
    ours |= {name: date.isoformat() for name, date in dates.items() if date is not None}
    theirs = {key: value for key, value in memory.metadata.items() if key != KEPT}
    if hidden := {key: value for key, value in theirs.items() if key in ours}:
        ours["own"] = hidden
    return Document(id=memory.id, page_content=memory.content, metadata=theirs | ours)
