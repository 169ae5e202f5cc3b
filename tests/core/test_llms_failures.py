"""What a server may do wrong, and what comes of it: a reply, or an error that says what happened and shows no key."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.wire import (
    DIALOGUES,
    FACTS,
    Said,
    Wire,
    anthropic_says,
    gemini_says,
    openai_calls,
    openai_says,
    raw,
    said,
    serving,
)

from agentmem_core import InvalidInputError, ModelError, NotConfiguredError, Prompt, Reply
from agentmem_core.llms import PROVIDERS, open_model
from agentmem_core.llms.answers import json_object
from agentmem_core.llms.model import LARGEST, HttpModel

KEY = "sk-secret-0123456789"
SCHEMA = {"type": "object", "properties": {"facts": {"type": "array"}}, "required": ["facts"]}
PROMPT = Prompt("s", "t", SCHEMA, max_tokens=64)
PLAIN = Prompt("s", "t", max_tokens=64)

colours = pytest.mark.parametrize("colour", ["sync", "async"])


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        for variable in (*provider.keys, *provider.urls, "AGENTMEM_LLM_TIMEOUT"):
            monkeypatch.delenv(variable, raising=False)


def model_at(wire: Wire, provider: str = "openai", **options: Any) -> HttpModel:
    model = open_model(provider, url=wire.origin, api_key=KEY, **options)
    assert isinstance(model, HttpModel)
    return model


def asked(model: HttpModel, prompt: Prompt = PROMPT, colour: str = "sync") -> Reply:
    return model.ask(prompt) if colour == "sync" else asyncio.run(model.aask(prompt))


def refused(model: HttpModel, prompt: Prompt = PROMPT, colour: str = "sync") -> str:
    """The message of the error that a question ends with, after making sure that nothing of it shows the key."""
    with pytest.raises(ModelError) as caught:
        asked(model, prompt, colour)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


# --- answers that are none ----------------------------------------------------------------------------------------------

GARBAGE = [
    raw(b"<html><body>Welcome to the proxy</body></html>", kind="text/html"),
    raw(b"<html>", 200, "application/json"),
    raw(b""),
    raw(b"null"),
    raw(b"[]"),
    raw(b'"text"'),
    raw(b"\xff\xfe\x00"),
    raw(b'{"choices": [{"mess'),
    raw(b"[" * 200_000),
    raw(b'{"a":' * 200_000),
    raw(b"{}"),
    raw(b'{"choices": null}'),
    raw(b'{"choices": []}'),
    raw(b'{"choices": [null]}'),
    raw(b'{"choices": {"0": 1}}'),
    raw(b'{"choices": [{"message": null}]}'),
    raw(b'{"choices": [{"message": {"content": 7}}]}'),
    raw(b'{"choices": [{"message": {"content": [1, null, {"type": "text"}]}}]}'),
    raw(b'{"choices": [{"message": {"content": "x", "tool_calls": [null, {"function": 3}]}}]}'),
    raw(b'{"choices": [{"message": {"content": NaN}, "finish_reason": 3}], "usage": "much"}'),
    said(openai_says("")),
    said(openai_says("I am sorry, there are no facts.")),
    said(openai_says("[1, 2]")),
    said(openai_says("```json\n[1]\n```")),
    said(openai_says('{"a": 1} or rather {"a": 2}')),
    said(openai_says("{" * 100_000)),
    said(openai_says('{"a": ' + "9" * 5000 + "}")),
    said(openai_calls("not json")),
    said(openai_calls(None)),
    said(openai_calls([FACTS])),
    said({"error": "quota"}),
    said({"error": {"message": "no such model", "code": 404}}),
    said({"detail": [{"loc": ["body"], "msg": "field required"}]}, 422),
    said({"message": "no"}, 400),
    said([{"error": {"message": "no"}}], 400),
    raw(b"Bad Request", 400, "text/plain"),
    raw(b"<html>502</html>", 400, "text/html"),
    raw(b"\xff" * 1000, 400, "application/octet-stream"),
    raw(b"", 204),
    raw(b"", 301, Location="https://elsewhere.example/"),
]


@pytest.mark.parametrize("answer", GARBAGE, ids=range(len(GARBAGE)))
@colours
def test_an_answer_that_is_none_is_our_error(answer: Said, colour: str, wire: Wire) -> None:
    wire.always = answer
    message = refused(model_at(wire, tries=1), colour=colour)
    assert "openai:gpt-4.1-mini" in message
    assert len(message) < 700


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
@pytest.mark.parametrize("answer", GARBAGE[:14], ids=range(14))
def test_an_answer_that_is_none_is_our_error_in_every_dialect(answer: Said, provider: str, wire: Wire) -> None:
    wire.always = answer
    refused(model_at(wire, provider, tries=1))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (openai_says(FACTS), FACTS),
        (openai_says(f"\n {FACTS} \n"), FACTS),
        (openai_says(f"```json\n{FACTS}\n```"), FACTS),
        (openai_says(f"Here you are:\n```\n{FACTS}\n```\nAnything else?"), FACTS),
        (openai_says(f"Here you are: {FACTS} Anything else?"), FACTS),
        (openai_says(f"<think>{{hmm}} {{</think>\n{FACTS}"), FACTS),
        (openai_says([{"type": "thinking", "thinking": []}, {"type": "text", "text": FACTS}]), FACTS),
        (openai_says(FACTS, finish="length"), FACTS),
        (openai_says(FACTS, finish="something new"), FACTS),
        (openai_calls(FACTS), FACTS),
        (openai_calls(json.loads(FACTS)), FACTS),
        (openai_says("", tool_calls=[], function_call={"name": "answer", "arguments": FACTS}), FACTS),
        (openai_says("Let me call it.", tool_calls=[{"function": {"arguments": FACTS}}]), FACTS),
    ],
)
def test_json_is_found_where_models_put_it(answer: dict[str, Any], text: str, wire: Wire) -> None:
    wire.script = [said(answer)]
    assert json.loads(asked(model_at(wire)).text) == json.loads(text)


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_what_blocks_and_parts_say_is_joined(provider: str, wire: Wire) -> None:
    halves = (FACTS[:20], FACTS[20:])
    wire.script = [
        said(
            anthropic_says(*({"type": "text", "text": half} for half in halves))
            if provider == "anthropic"
            else gemini_says(*({"text": half} for half in halves))
        )
    ]
    assert asked(model_at(wire, provider)).text == FACTS


@pytest.mark.parametrize(
    ("provider", "answer", "says"),
    [
        ("openai", openai_says("", finish="content_filter"), "declined"),
        ("openai", openai_says("I cannot", refusal="It is private"), "It is private"),
        ("openai", openai_says("{", finish="error"), "broke off"),
        ("deepseek", openai_says("", finish="insufficient_system_resource"), "broke off"),
        ("zhipu", openai_says("", finish="sensitive"), "declined"),
        ("mistral", openai_says("{", finish="model_length"), "cut off"),
        ("anthropic", anthropic_says({"type": "text", "text": "{"}, stop="model_context_window_exceeded"), "cut off"),
        ("anthropic", anthropic_says({"type": "text", "text": ""}, stop="pause_turn"), "broke off"),
        ("gemini", gemini_says({"text": ""}, finish="SAFETY"), "declined"),
        ("gemini", gemini_says({"text": ""}, finish="A_NEW_REASON"), "A_NEW_REASON"),
        ("gemini", gemini_says({"text": ""}, finish="OTHER"), "broke off"),
    ],
)
def test_an_answer_that_was_kept_back_says_why(provider: str, answer: dict[str, Any], says: str, wire: Wire) -> None:
    wire.script = [said(answer)]
    assert says in refused(model_at(wire, provider))


def test_what_a_useless_answer_cost_is_known(wire: Wire) -> None:
    wire.script = [said(openai_says("no json", usage=(30, 12)))]
    with pytest.raises(ModelError) as caught:
        asked(model_at(wire))
    assert (caught.value.input_tokens, caught.value.output_tokens) == (30, 12)


def test_plain_text_is_a_reply_as_it_is_without_the_thoughts(wire: Wire) -> None:
    wire.script = [
        said(openai_says("<think>hm</think>\n Ana, Lissabon {")),
        said(openai_says("half a", finish="length")),
    ]
    model = model_at(wire)
    assert asked(model, PLAIN).text == "Ana, Lissabon {"
    assert "cut off" in refused(model, PLAIN)


def test_half_a_surrogate_pair_does_not_reach_the_store(wire: Wire) -> None:
    wire.script = [raw(b'{"choices": [{"message": {"content": "a \\ud83d b"}}]}')]
    asked(model_at(wire), PLAIN).text.encode()
    wire.script = [said(openai_says("ok"))]
    asked(model_at(wire), Prompt("s", "half \ud83d pair"))
    assert wire.seen[-1].body["messages"][1]["content"] == "half ? pair"


@given(st.text(max_size=200) | st.text(alphabet='{}[]"`:,a1 \\\n', max_size=60))
@settings(max_examples=500)
def test_what_is_found_in_a_text_is_a_json_object(text: str) -> None:
    found = json_object(text)
    assert found is None or isinstance(json.loads(found), dict)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=30) | st.integers() | st.none(), max_size=4))
def test_an_object_is_found_bare_and_fenced(value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(json_object(text) or "0") == value
    assert json.loads(json_object(f"```json\n{text}\n```") or "0") == value


# --- refusals that are answered by asking otherwise -----------------------------------------------------------------------


def openai_error(message: str, **more: Any) -> Said:
    return said(
        {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}, 400
    )


def test_a_model_without_schemas_is_asked_for_an_object_and_then_in_words(wire: Wire) -> None:
    wire.script = [
        openai_error("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
        openai_error("response_format is not supported"),
        said(openai_says(FACTS)),
        said(openai_says(FACTS)),
    ]
    model = model_at(wire)
    asked(model)
    bodies = [seen.body for seen in wire.seen]
    assert [body.get("response_format", {}).get("type") for body in bodies] == ["json_schema", "json_object", None]
    assert "JSON Schema" not in bodies[0]["messages"][0]["content"]
    assert all("JSON Schema" in body["messages"][0]["content"] for body in bodies[1:])
    asked(model)
    assert "response_format" not in wire.seen[-1].body, "what worked is remembered"


def test_claude_without_structured_outputs_is_given_a_tool(wire: Wire) -> None:
    refusal = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "output_config.format: not supported"},
    }
    wire.script = [said(refusal, 400), DIALOGUES["anthropic"].called]
    asked(model_at(wire, "anthropic"))
    body = wire.seen[-1].body
    assert "output_config" not in body
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert body["tools"][0]["input_schema"] == SCHEMA


@pytest.mark.parametrize(
    ("provider", "reason", "gone", "there"),
    [
        ("openai", "Unsupported parameter: 'max_completion_tokens', use 'max_tokens' instead", "max_completion_tokens", "max_tokens"),
        ("mistral", "'max_tokens' is not supported, use 'max_completion_tokens' instead", "max_tokens", "max_completion_tokens"),
        ("qwen", "parameter enable_thinking is not supported by this model", "enable_thinking", "max_tokens"),
        ("ollama:m", 'invalid reasoning value: "none" for reasoning_effort', "reasoning_effort", "max_tokens"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_known_is_left_out(
    provider: str, reason: str, gone: str, there: str, wire: Wire
) -> None:
    wire.script = [openai_error(reason), said(openai_says(FACTS))]
    asked(model_at(wire, provider))
    first, second = (seen.body for seen in wire.seen)
    assert gone in first
    assert gone not in second
    assert there in second


def test_a_server_that_refuses_everything_is_given_up(wire: Wire) -> None:
    wire.always = openai_error("schema, response_format, reasoning_effort, max_tokens, max_completion_tokens: no")
    assert "400" in refused(model_at(wire, "ollama:m"))
    assert len(wire.seen) <= 6


def test_a_refusal_of_something_else_changes_nothing(wire: Wire) -> None:
    wire.always = openai_error("the prompt is too long")
    assert "the prompt is too long" in refused(model_at(wire))
    assert len(wire.seen) == 1
    wire.always = openai_error("max_tokens is too large: 64. This model supports at most 32")
    refused(model_at(wire))
    assert len(wire.seen) == 2


def test_a_schema_that_is_no_json_is_the_callers_error(wire: Wire) -> None:
    with pytest.raises(InvalidInputError, match="schema"):
        asked(model_at(wire, "deepseek"), Prompt("s", "t", {"type": object()}))
    assert wire.seen == []


# --- trying again ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
@colours
def test_what_may_pass_is_tried_again(status: int, colour: str, wire: Wire) -> None:
    wire.script = [said({"error": {"message": "busy"}}, status, Retry_After="0"), said(openai_says(FACTS))]
    assert asked(model_at(wire), colour=colour).text == FACTS
    assert len(wire.seen) == 2


def test_an_error_that_comes_with_status_200_is_one(wire: Wire) -> None:
    wire.script = [said({"error": {"message": "busy", "code": 429}}, Retry_After="0"), said(openai_says(FACTS))]
    assert asked(model_at(wire, "openrouter")).text == FACTS
    wire.script = [said({"error": {"message": "no such model", "code": 404}})]
    assert "404" in refused(model_at(wire, "openrouter"))


@pytest.mark.parametrize("when", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", "nan", "二"])
def test_a_strange_retry_after_is_no_obstacle(when: str, wire: Wire) -> None:
    wire.script = [said({}, 503, Retry_After=when.encode().decode("latin-1")), said(openai_says(FACTS))]
    assert asked(model_at(wire)).text == FACTS


@colours
def test_what_stays_broken_is_given_up_with_its_reason(colour: str, wire: Wire) -> None:
    wire.always = said({"error": {"message": "overloaded"}}, 503, Retry_After="0")
    message = refused(model_at(wire, tries=3), colour=colour)
    assert "503" in message
    assert "overloaded" in message
    assert "3 times" in message
    assert len(wire.seen) == 3


@colours
def test_a_wait_that_is_too_long_is_not_waited(colour: str, wire: Wire) -> None:
    wire.always = said({"error": {"message": "limit"}}, 429, Retry_After="3600")
    assert "asks to wait 3,600 s" in refused(model_at(wire), colour=colour)
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("status", "payload", "advice"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}, "OPENAI_API_KEY"),
        (403, {"error": {"message": f"{KEY[:14]}***"}}, "OPENAI_API_KEY"),
        (404, {"error": "model 'gpt-4.1-mini' not found"}, "gpt-4.1-mini"),
        (402, {"error": {"message": "Insufficient Balance"}}, "Insufficient Balance"),
        (429, {"error": {"message": "no credit", "code": "insufficient_quota"}}, "no credit"),
        (307, {}, "leads elsewhere"),
    ],
)
def test_what_cannot_pass_is_told_at_once(status: int, payload: dict[str, Any], advice: str, wire: Wire) -> None:
    wire.always = said(payload, status)
    assert advice in refused(model_at(wire))
    assert len(wire.seen) == 1


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def half_a_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"choices"')


def half_a_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def not_gzip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


@pytest.mark.parametrize("act", [hang_up, half_a_body, half_a_header, no_http, not_gzip])
@colours
def test_a_connection_that_breaks_is_tried_again_and_then_told(
    act: Callable[[BaseHTTPRequestHandler], None], colour: str, wire: Wire
) -> None:
    model = model_at(wire, tries=2)
    wire.script = [Said(act=act), said(openai_says(FACTS))]
    assert asked(model, colour=colour).text == FACTS
    wire.always = Said(act=act)
    assert "2 times" in refused(model, colour=colour)


@colours
def test_nobody_listening_is_told(colour: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    model = open_model(f"{url}#m", tries=2)
    assert isinstance(model, HttpModel)
    assert "cannot be reached" in refused(model, colour=colour)


@colours
def test_an_enormous_answer_is_not_read(colour: str, wire: Wire) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        try:
            for _ in range(LARGEST // 65536 + 64):
                handler.wfile.write(b" " * 65536)
        except OSError:
            return

    wire.always = Said(act=endless)
    assert "more than" in refused(model_at(wire), colour=colour)
    assert len(wire.seen) == 1


def test_an_answer_that_unpacks_to_something_enormous_is_not_read(wire: Wire) -> None:
    packed = gzip.compress(b" " * (LARGEST * 8))
    wire.always = raw(packed, Content_Encoding="gzip")
    assert "more than" in refused(model_at(wire))


def test_a_packed_answer_is_unpacked(wire: Wire) -> None:
    wire.always = raw(gzip.compress(json.dumps(openai_says(FACTS)).encode()), Content_Encoding="gzip")
    assert asked(model_at(wire)).text == FACTS


@colours
def test_a_server_that_says_nothing_is_given_up(colour: str, wire: Wire) -> None:
    release = threading.Event()

    def wait(_: BaseHTTPRequestHandler) -> None:
        release.wait(30)

    wire.always = Said(act=wait)
    try:
        assert "did not answer" in refused(model_at(wire, timeout=0.2, deadline=0.5, tries=2), colour=colour)
    finally:
        release.set()


@colours
def test_a_server_that_drips_does_not_outlast_the_deadline(colour: str, wire: Wire) -> None:
    release = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while not release.wait(0.02):
                handler.wfile.write(b" ")
        except OSError:
            return

    wire.always = Said(act=drip)
    try:
        message = refused(model_at(wire, timeout=5, deadline=0.4), colour=colour)
        assert "did not finish" in message or "did not answer within" in message
    finally:
        release.set()


# --- colours, threads, processes ------------------------------------------------------------------------------------------


def test_one_model_serves_many_threads_and_event_loops_at_once(wire: Wire) -> None:
    wire.always = said(openai_says(FACTS))
    model = model_at(wire)

    def ask(number: int) -> str:
        return asked(model, colour="async" if number % 2 else "sync").text

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(64))) == {FACTS}
    assert len(wire.seen) == 64


async def test_many_questions_in_one_loop_do_not_wait_for_each_other(wire: Wire) -> None:
    together = threading.Barrier(8, timeout=20)

    def all_at_once(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        body = json.dumps(openai_says(FACTS)).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    wire.always = Said(act=all_at_once)
    model = model_at(wire, tries=1)
    replies = await asyncio.gather(*(model.aask(PROMPT) for _ in range(8)))
    assert {reply.text for reply in replies} == {FACTS}


@pytest.mark.parametrize("when", ["waiting for an answer", "pausing"])
async def test_a_question_can_be_cancelled(when: str, wire: Wire) -> None:
    release, came = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def act(handler: BaseHTTPRequestHandler) -> None:
        if when == "pausing":
            handler.wfile.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 15\r\nContent-Length: 0\r\n\r\n")
        loop.call_soon_threadsafe(came.set)
        release.wait(30)

    wire.always = Said(act=act)
    task = asyncio.ensure_future(model_at(wire).aask(PROMPT))
    try:
        await came.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        release.set()


async def test_the_loop_runs_on_while_a_model_is_asked(wire: Wire) -> None:
    release = threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        release.wait(30)
        body = json.dumps(openai_says(FACTS)).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    wire.always = Said(act=wait)
    task = asyncio.ensure_future(model_at(wire).aask(PROMPT))
    for _ in range(100):
        await asyncio.sleep(0)
    release.set()  # nobody could, if the question held the loop
    assert (await task).text == FACTS


def test_connections_are_kept_and_let_go(wire: Wire) -> None:
    ports: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ports.append(handler.client_address[1])
        body = json.dumps(openai_says(FACTS)).encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        handler.close_connection = False

    wire.always = Said(act=answer)
    model = model_at(wire)
    asked(model)
    asked(model)
    model.close()
    model.close()
    asked(model)
    asyncio.run(model.aclose())
    assert ports[0] == ports[1] != ports[2]


FORKING = """
import os, sys
from agentmem_core import Prompt
from agentmem_core.llms import open_model

model = open_model(sys.argv[1])
prompt = Prompt("s", "t", {"type": "object"})
told = [model.ask(prompt).text]
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.write(writing, model.ask(prompt).text.encode())
    os._exit(0)
told.append(model.ask(prompt).text)
os.waitpid(child, 0)
os.close(writing)
told.append(os.read(reading, 9999).decode())
told.append(model.ask(prompt).text)
print("\\n".join(told))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing to cross")
def test_a_model_crosses_a_fork(wire: Wire) -> None:
    wire.always = said(openai_says(FACTS))
    ran = subprocess.run(
        [sys.executable, "-c", FORKING, f"{wire.origin}/v1#m"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert ran.stdout.splitlines() == [FACTS] * 4


def test_an_interrupt_ends_a_question(wire: Wire) -> None:
    """Sent until it is heeded: a signal that comes just before a thread waits for the network does not wake it."""
    main = threading.main_thread().ident
    assert main is not None

    def once(*_: object) -> None:
        if not heeded.is_set():
            heeded.set()
            raise KeyboardInterrupt

    def interrupt(_: BaseHTTPRequestHandler) -> None:
        while not heeded.wait(0.1):
            signal.pthread_kill(main, signal.SIGINT)
        release.wait(30)

    heeded, release = threading.Event(), threading.Event()
    wire.always = Said(act=interrupt)
    before = signal.signal(signal.SIGINT, once)
    try:
        with pytest.raises(KeyboardInterrupt):
            asked(model_at(wire))
    finally:
        heeded.set()
        release.set()
        signal.signal(signal.SIGINT, before)
    assert len(wire.seen) == 1


# --- secrets and proxies --------------------------------------------------------------------------------------------------


@colours
def test_no_key_is_logged(colour: str, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire.script = [said({"error": {"message": KEY}}, 500, Retry_After="0"), said({"error": {"message": KEY}}, 401)]
    refused(model_at(wire), colour=colour)
    host = wire.origin.removeprefix("http://")
    model = open_model(f"http://user:{KEY}@{host}/v1#m", tries=1)
    assert isinstance(model, HttpModel)
    wire.always = said({"error": {"message": KEY}}, 400)
    refused(model, colour=colour)
    assert wire.seen[-1].headers["authorization"].startswith("Basic ")
    assert caplog.records
    assert "secret" not in caplog.text


def test_a_server_on_this_machine_is_asked_without_the_proxy(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    wire.always = said(openai_says(FACTS))
    assert asked(model_at(wire, tries=1)).text == FACTS


@pytest.mark.parametrize("proxy", ["socks9://x", "http://["])
def test_a_proxy_that_is_none_says_so(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises((NotConfiguredError, ModelError)):
        open_model("openai", api_key=KEY, tries=1).ask(PROMPT)


# --- through LiteLLM ------------------------------------------------------------------------------------------------------


class Answered:
    """What LiteLLM answers with: a pydantic model."""

    def __init__(self, payload: Any) -> None:
        self._payload = payload

    def model_dump_json(self, *, warnings: bool) -> str:
        return json.dumps(self._payload)


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """LiteLLM's two functions, as far as they are used; the library itself is too large for the tests' environment."""
    seen: list[dict[str, Any]] = []
    answers: list[Any] = []

    def completion(**request: Any) -> Any:
        seen.append(request)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answered(answer)

    async def acompletion(**request: Any) -> Any:
        return completion(**request)

    module = types.SimpleNamespace(completion=completion, acompletion=acompletion)
    monkeypatch.setitem(sys.modules, "litellm", module)
    return types.SimpleNamespace(seen=seen, answers=answers)


@colours
def test_litellm_is_asked_in_its_own_words(colour: str, litellm: types.SimpleNamespace) -> None:
    model = open_model("litellm:bedrock/amazon.nova-lite-v1:0", timeout=9)
    assert model.name == "litellm:bedrock/amazon.nova-lite-v1:0"
    litellm.answers[:] = [openai_says(FACTS), openai_says("{", finish="length"), RuntimeError(f"no, {KEY}")]
    reply = model.ask(PROMPT) if colour == "sync" else asyncio.run(model.aask(PROMPT))
    assert (reply.text, reply.usage.input_tokens) == (FACTS, 11)
    request = litellm.seen[0]
    assert request["model"] == "bedrock/amazon.nova-lite-v1:0"
    assert request["response_format"] == {"type": "json_object"}
    assert request["timeout"] == 9
    assert "JSON Schema" in request["messages"][0]["content"]
    for expected in ("cut off", "RuntimeError"):
        with pytest.raises(ModelError, match=expected) as caught:
            model.ask(PROMPT) if colour == "sync" else asyncio.run(model.aask(PROMPT))
        assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_without_litellm_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(NotConfiguredError, match=r'pip install "agentmem-core\[litellm\]"'):
        open_model("litellm:bedrock/amazon.nova-lite-v1:0")


# --- everything at once ---------------------------------------------------------------------------------------------------


def test_whatever_bytes_come_the_end_is_a_reply_or_our_error(wire: Wire) -> None:
    dice = random.Random(9)
    good = {name: json.dumps(json.loads(DIALOGUES[name].success.body)).encode() for name in DIALOGUES}
    models = {name: model_at(wire, name, tries=1) for name in DIALOGUES}
    for _ in range(600):
        name = dice.choice(list(DIALOGUES))
        body = bytearray(good[dice.choice(list(good))])
        for _ in range(dice.randrange(6)):
            spot = dice.randrange(len(body))
            body[spot : spot + dice.randrange(20)] = dice.randbytes(dice.randrange(4)) or dice.choice(
                [b"null", b"{}", b"[", b'"']
            )
        del body[dice.randrange(1, len(body) + 1) :]
        wire.script = [raw(bytes(body), dice.choice([200, 200, 200, 400, 500]))]
        try:
            reply = models[name].ask(PROMPT)
        except ModelError:
            continue
        assert isinstance(json.loads(reply.text), dict)
