"""A server on 127.0.0.1 that says what a test tells it to say, in the wire formats that providers of models publish."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agentmem_core.llms import PROVIDERS

FACTS = '{"facts": [{"text": "Ana lives in Lisbon"}, {"text": "阿娜有一只猫"}]}'
HALF = FACTS[:37]


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Said:
    """An answer to give; ``act`` takes the connection into its own hands instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


def said(payload: Any, status: int = 200, **headers: str) -> Said:
    return Said(status, json.dumps(payload).encode(), {"Content-Type": "application/json", **headers})


def raw(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Said:
    return Said(status, body, {"Content-Type": kind, **headers})


@dataclass
class Wire:
    """Where the server is, what it will say, and what it was asked."""

    origin: str = ""
    script: list[Said] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    always: Said | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Said:
        with self.lock:
            if self.script:
                return self.script.pop(0)
        return self.always or said({"error": {"message": "nothing to say"}}, 418)


@contextmanager
def serving() -> Iterator[Wire]:
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            with wire.lock:
                wire.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, sent))
            answer = wire.next()
            if answer.act is not None:
                self.close_connection = True
                answer.act(self)
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    wire.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def openai_says(
    content: Any = FACTS, *, finish: str = "stop", usage: tuple[int, int] = (11, 7), **message: Any
) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
        ],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }


def openai_calls(arguments: Any = FACTS) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "answer", "arguments": arguments}}
    return openai_says(None, finish="tool_calls", tool_calls=[call])


def anthropic_says(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    content = list(blocks) or [
        {"type": "thinking", "thinking": "...", "signature": "x"},
        {"type": "text", "text": FACTS},
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 8, "cache_read_input_tokens": 3, "output_tokens": 7},
    }


def gemini_says(*parts: dict[str, Any], finish: str = "STOP", blocked: str | None = None) -> dict[str, Any]:
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 18}
    if blocked:
        return {"promptFeedback": {"blockReason": blocked}, "usageMetadata": usage}
    content = list(parts) or [{"text": "hmm", "thought": True}, {"text": FACTS, "thoughtSignature": "x"}]
    candidate = {"content": {"role": "model", "parts": content}, "finishReason": finish, "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"}


@dataclass(frozen=True)
class Dialogue:
    """Five things that a provider may say to one request, in its dialect."""

    success: Said
    refusal: Said
    limited: Said
    truncated: Said
    called: Said


_OPENAI_LIMIT = {
    "error": {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
}
_ANTHROPIC_LIMIT = {"type": "error", "error": {"type": "rate_limit_error", "message": "Number of requests exceeded"}}
_GEMINI_LIMIT = {"error": {"code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED"}}

DIALOGUES = {
    "openai": Dialogue(
        said(openai_says()),
        said(openai_says(None, refusal="I can't help with that")),
        said(_OPENAI_LIMIT, 429, Retry_After="0"),
        said(openai_says(HALF, finish="length", usage=(11, 64))),
        said(openai_calls()),
    ),
    "anthropic": Dialogue(
        said(anthropic_says()),
        said(anthropic_says({"type": "text", "text": ""}, stop="refusal")),
        said(_ANTHROPIC_LIMIT, 429, Retry_After="0"),
        said(anthropic_says({"type": "text", "text": HALF}, stop="max_tokens")),
        said(
            anthropic_says(
                {"type": "tool_use", "id": "t", "name": "answer", "input": json.loads(FACTS)}, stop="tool_use"
            )
        ),
    ),
    "gemini": Dialogue(
        said(gemini_says()),
        said(gemini_says(blocked="SAFETY")),
        said(_GEMINI_LIMIT, 429, Retry_After="0"),
        said(gemini_says({"text": HALF}, finish="MAX_TOKENS")),
        said(gemini_says({"functionCall": {"name": "answer", "args": json.loads(FACTS)}})),
    ),
}


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings."""
    for provider in PROVIDERS.values():
        for variable in (*provider.keys, *provider.urls):
            monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AGENTMEM_LLM", "AGENTMEM_LLM_URL", "AGENTMEM_LLM_API_KEY", "AGENTMEM_LLM_TIMEOUT"):
        monkeypatch.delenv(variable, raising=False)
