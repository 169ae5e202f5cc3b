"""A model that says what a script says, and keeps what it was shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata, MessageRole
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection


class ScriptedLLM(FunctionCallingLLM):
    """Answers one line of the script after the other, the last one for ever; a dict is a tool call (name: arguments)."""

    max_tokens: int = 100
    _script: list[Any] = PrivateAttr()
    _seen: list[list[ChatMessage]] = PrivateAttr(default_factory=list)

    def __init__(self, *script: str | dict[str, Any] | Exception) -> None:
        super().__init__()
        self._script = list(script)

    @property
    def seen(self) -> list[list[ChatMessage]]:
        """The messages of every call."""
        return self._seen

    @property
    def prompt(self) -> str:
        """The messages of the last call as text."""
        return "\n".join(str(message) for message in self._seen[-1])

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted", is_function_calling_model=True, context_window=4_000)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self._seen.append([message.model_copy(deep=True) for message in messages])
        line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(line, Exception):
            raise line
        if isinstance(line, str):
            return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=line))
        calls = [
            {"id": f"call-{number}", "name": name, "arguments": arguments}
            for number, (name, arguments) in enumerate(line.items())
        ]
        message = ChatMessage(role=MessageRole.ASSISTANT, content="", additional_kwargs={"tool_calls": calls})
        return ChatResponse(message=message)

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self.chat(messages, **kwargs)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        def stream():
            response = self.chat(messages, **kwargs)
            yield ChatResponse(message=response.message, delta=response.message.content)

        return stream()

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        async def stream():
            response = self.chat(messages, **kwargs)
            yield ChatResponse(message=response.message, delta=response.message.content)

        return stream()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        response = self.chat([ChatMessage(role=MessageRole.USER, content=prompt)])
        return CompletionResponse(text=response.message.content or "")

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002
        return self.complete(prompt)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        return iter([self.complete(prompt)])

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        async def stream():
            yield self.complete(prompt)

        return stream()

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[Any],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002
        tool_required: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(content=user_msg))
        return {"messages": messages}

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> list[ToolSelection]:
        calls = response.message.additional_kwargs.get("tool_calls", [])
        return [
            ToolSelection(
                tool_id=call["id"], tool_name=call["name"], tool_kwargs=json.loads(json.dumps(call["arguments"]))
            )
            for call in calls
        ]
