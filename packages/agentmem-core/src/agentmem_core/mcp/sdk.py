"""The SDK's servers of an offer: the one place that knows the SDK, in both of its generations.

1.x, which CrewAI needs, takes handlers by the class of the request; 2.x takes them when the server is made, and speaks the
protocol of 2026 too. What is offered is plain JSON, which both read into their own types.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any, Literal, Protocol

from agentmem_core.errors import AgentMemError, InvalidInputError, NotConfiguredError, NotFoundError
from agentmem_core.mcp.arguments import Json
from agentmem_core.mcp.offer import Offer

AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_INVALID, _FAILED, _NO_RESOURCE = -32602, -32603, -32002


class Input(Protocol):
    """Lines that come from a client."""

    def __aiter__(self) -> AsyncIterator[str]:
        """One message a line."""
        ...


class Output(Protocol):
    """Where lines to a client go."""

    async def write(self, text: str) -> Any:
        """One message, with its line end."""
        ...

    async def flush(self) -> Any:
        """Nothing may be held back."""
        ...


def require_sdk(carrier: Literal["stdio", "streamable_http_manager"]) -> None:
    """Import it with what carries messages, which takes a second or two; ``NotConfiguredError`` when it is not there."""
    try:
        import_module(f"mcp.server.{carrier}")
    except ImportError as error:
        raise NotConfiguredError('MCP needs an extra; run: pip install "agentmem-core[mcp]"') from error


async def serve_lines(offer: Offer, lines: Input, output: Output) -> None:
    """Serve one client over lines, until they end."""
    from mcp.server.stdio import stdio_server

    server = server_of(offer)
    carried: Any = {"stdin": lines, "stdout": output}  # duck-typed: it iterates one, and writes to the other
    async with stdio_server(**carried) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def answer_request(offer: Offer, scope: AsgiScope, receive: Receive, send: Send, *, limit: int) -> None:
    """Answer one HTTP request of the streamable transport, without a session: in JSON, by what comes with it alone."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    manager = StreamableHTTPSessionManager(
        server_of(offer), json_response=True, stateless=True, max_request_body_size=limit
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)


def server_of(offer: Offer) -> Any:
    """The SDK's server of an offer."""
    from mcp.server.lowlevel import Server

    return _first(offer) if hasattr(Server, "list_tools") else _second(offer)


def _first(offer: Offer) -> Any:
    """That of 1.x."""
    from mcp import types
    from mcp.server.lowlevel import Server
    from mcp.shared.exceptions import McpError

    def handler(answer: Any, ask: Callable[[Any], Awaitable[Json]]) -> Callable[[Any], Awaitable[Any]]:
        async def handle(request: Any) -> types.ServerResult:
            try:
                found = await ask(request.params)
            except AgentMemError as error:
                raise McpError(types.ErrorData(code=_code(error), message=_message(error), data=_data(error))) from None
            return types.ServerResult(answer.model_validate(found))

        return handle

    server: Server[Any, Any] = Server(**offer.about)
    asks = _asks(offer)
    server.request_handlers |= {
        getattr(types, f"{name}Request"): handler(getattr(types, f"{name}Result"), ask) for name, ask in asks.items()
    }
    return server


def _second(offer: Offer) -> Any:
    """That of 2.x."""
    from mcp import types
    from mcp.server import lowlevel
    from mcp.shared import exceptions

    failure: Any = exceptions
    made: Any = lowlevel

    def handler(answer: Any, ask: Callable[[Any], Awaitable[Json]]) -> Callable[[Any, Any], Awaitable[Any]]:
        async def handle(_: Any, params: Any) -> Any:
            try:
                return answer.model_validate(await ask(params))
            except AgentMemError as error:
                raise failure.MCPError(_code(error), _message(error), _data(error)) from None

        return handle

    return made.Server(
        **offer.about,
        **{_HANDLERS[name]: handler(getattr(types, f"{name}Result"), ask) for name, ask in _asks(offer).items()},
    )


_HANDLERS = {
    "CallTool": "on_call_tool",
    "GetPrompt": "on_get_prompt",
    "ListPrompts": "on_list_prompts",
    "ListResourceTemplates": "on_list_resource_templates",
    "ListResources": "on_list_resources",
    "ListTools": "on_list_tools",
    "ReadResource": "on_read_resource",
}


def _asks(offer: Offer) -> dict[str, Callable[[Any], Awaitable[Json]]]:
    """What each kind of request is answered with, by the name that both generations give it."""

    async def tools(_: Any) -> Json:
        return {"tools": offer.tools()}

    async def resources(_: Any) -> Json:
        return {"resources": await offer.resources()}

    async def templates(_: Any) -> Json:
        return {"resourceTemplates": offer.templates()}

    async def prompts(_: Any) -> Json:
        return {"prompts": offer.prompts()}

    return {
        "CallTool": lambda params: offer.call(params.name, params.arguments),
        "GetPrompt": lambda params: offer.prompt(params.name, params.arguments),
        "ListPrompts": prompts,
        "ListResourceTemplates": templates,
        "ListResources": resources,
        "ListTools": tools,
        "ReadResource": lambda params: offer.read(str(params.uri)),
    }


def _code(error: AgentMemError) -> int:
    if isinstance(error, NotFoundError):
        return _NO_RESOURCE
    return _INVALID if isinstance(error, InvalidInputError) else _FAILED


def _message(error: AgentMemError) -> str:
    return f"{error.code}: {' '.join(str(error).split())}"


def _data(error: AgentMemError) -> Json:
    return {"code": error.code}
