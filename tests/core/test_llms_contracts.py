"""What each provider is sent, to the letter, and what is made of what it answers. Checked against what they publish, not against them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.core.wire import DIALOGUES, FACTS, Dialogue, Wire, serving, without_settings

from agentmem_core import LanguageModel, ModelError, Prompt, Reply, Usage
from agentmem_core.llms import PROVIDERS, find_model, open_model

KEY = "sk-secret-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}}},
    "required": ["facts"],
}
CLOSED = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {"type": "object", "properties": {"text": {"type": "string"}}, "additionalProperties": False},
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}
SYSTEM = "Extract facts."
TEXT = "我搬到里斯本了 — I moved to Lisbon"
STRUCTURED = Prompt(SYSTEM, TEXT, SCHEMA, max_tokens=64)
PLAIN = Prompt(SYSTEM, TEXT, max_tokens=64)
TOLD = f"{SYSTEM}\n\nAnswer with one JSON object and nothing else. It fits this JSON Schema:\n{json.dumps(SCHEMA)}"
BY_SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": False}}
AS_OBJECT = {"type": "json_object"}
THOUGHTS = 4096


@dataclass(frozen=True)
class Expected:
    """What is published: the address, the variable of the key, the header it travels in, and the bodies."""

    url: str
    key: str
    structured: dict[str, Any]
    plain: dict[str, Any]
    name: str
    header: tuple[str, str] = ("authorization", f"Bearer {KEY}")
    others: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    dialect: str = "openai"


def chat(
    url: str,
    key: str,
    model: str,
    *,
    format: dict[str, Any],  # noqa: A002 - the field's word
    told: bool = False,
    bound: str = "max_tokens",
    tokens: int = 64,
    name: str = "",
    header: tuple[str, str] = ("authorization", f"Bearer {KEY}"),
    environment: dict[str, str] | None = None,
    **extra: Any,
) -> Expected:
    def messages(system: str) -> list[dict[str, str]]:
        return [{"role": "system", "content": system}, {"role": "user", "content": TEXT}]

    common = {"model": model, bound: tokens, **extra}
    return Expected(
        url,
        key,
        {**common, "messages": messages(TOLD if told else SYSTEM), "response_format": format},
        {**common, "messages": messages(SYSTEM)},
        name=name,
        header=header,
        environment=environment or {},
    )


EXPECTED = {
    "openai": chat(
        "https://api.openai.com/v1/chat/completions", "OPENAI_API_KEY", "gpt-4.1-mini",
        format=BY_SCHEMA, bound="max_completion_tokens",
    ),
    "azure": chat(
        "https://mine.openai.azure.com/openai/v1/chat/completions", "AZURE_OPENAI_API_KEY", "my-deployment",
        format=BY_SCHEMA, bound="max_completion_tokens", name="azure:my-deployment", header=("api-key", KEY),
        environment={"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/"},
    ),
    "anthropic": Expected(
        "https://api.anthropic.com/v1/messages", "ANTHROPIC_API_KEY",
        {
            "model": "claude-haiku-5-5", "max_tokens": 64 + THOUGHTS, "system": SYSTEM,
            "messages": [{"role": "user", "content": TEXT}],
            "output_config": {"format": {"type": "json_schema", "schema": CLOSED}},
        },
        {
            "model": "claude-haiku-5-5", "max_tokens": 64 + THOUGHTS, "system": SYSTEM,
            "messages": [{"role": "user", "content": TEXT}],
        },
        name="", header=("x-api-key", KEY), others={"anthropic-version": "2023-06-01"}, dialect="anthropic",
    ),
    "gemini": Expected(
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash-lite:generateContent", "GEMINI_API_KEY",
        {
            "systemInstruction": {"parts": [{"text": SYSTEM}]},
            "contents": [{"role": "user", "parts": [{"text": TEXT}]}],
            "generationConfig": {
                "maxOutputTokens": 64 + THOUGHTS, "responseMimeType": "application/json", "responseJsonSchema": SCHEMA,
            },
        },
        {
            "systemInstruction": {"parts": [{"text": SYSTEM}]},
            "contents": [{"role": "user", "parts": [{"text": TEXT}]}],
            "generationConfig": {"maxOutputTokens": 64 + THOUGHTS},
        },
        name="", header=("x-goog-api-key", KEY), dialect="gemini",
    ),
    "mistral": chat(
        "https://api.mistral.ai/v1/chat/completions", "MISTRAL_API_KEY", "mistral-small-latest", format=BY_SCHEMA
    ),
    "cohere": chat(
        "https://api.cohere.ai/compatibility/v1/chat/completions", "COHERE_API_KEY", "command-a-03-2025",
        format={"type": "json_object", "schema": SCHEMA}, told=True,
    ),
    "deepseek": chat(
        "https://api.deepseek.com/chat/completions", "DEEPSEEK_API_KEY", "deepseek-v4-flash",
        format=AS_OBJECT, told=True, thinking={"type": "disabled"},
    ),
    "groq": chat(
        "https://api.groq.com/openai/v1/chat/completions", "GROQ_API_KEY", "openai/gpt-oss-20b",
        format=BY_SCHEMA, bound="max_completion_tokens", tokens=64 + THOUGHTS,
    ),
    "together": chat(
        "https://api.together.ai/v1/chat/completions", "TOGETHER_API_KEY", "openai/gpt-oss-20b",
        format=BY_SCHEMA, told=True, tokens=64 + THOUGHTS,
    ),
    "fireworks": chat(
        "https://api.fireworks.ai/inference/v1/chat/completions", "FIREWORKS_API_KEY",
        "accounts/fireworks/models/kimi-k2p5", format=BY_SCHEMA, told=True, tokens=64 + THOUGHTS,
    ),
    "openrouter": chat(
        "https://openrouter.ai/api/v1/chat/completions", "OPENROUTER_API_KEY", "openai/gpt-4.1-mini",
        format=BY_SCHEMA, told=True,
    ),
    "perplexity": chat(
        "https://api.perplexity.ai/chat/completions", "PERPLEXITY_API_KEY", "sonar",
        format=BY_SCHEMA, told=True, disable_search=True,
    ),
    "xai": chat(
        "https://api.x.ai/v1/chat/completions", "XAI_API_KEY", "grok-4.3",
        format=BY_SCHEMA, bound="max_completion_tokens", tokens=64 + THOUGHTS,
    ),
    "zhipu": chat(
        "https://open.bigmodel.cn/api/paas/v4/chat/completions", "ZHIPUAI_API_KEY", "glm-4.7",
        format=AS_OBJECT, told=True, thinking={"type": "disabled"},
    ),
    "moonshot": chat(
        "https://api.moonshot.cn/v1/chat/completions", "MOONSHOT_API_KEY", "kimi-k2.6",
        format=AS_OBJECT, told=True, bound="max_completion_tokens", thinking={"type": "disabled"},
    ),
    "qwen": chat(
        "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions", "DASHSCOPE_API_KEY", "qwen-plus",
        format=AS_OBJECT, told=True, enable_thinking=False,
    ),
    "siliconflow": chat(
        "https://api.siliconflow.cn/v1/chat/completions", "SILICONFLOW_API_KEY", "deepseek-ai/DeepSeek-V4-Flash",
        format=AS_OBJECT, told=True, enable_thinking=False,
    ),
    "huawei": chat(
        "https://api.modelarts-maas.com/v2/chat/completions", "MAAS_API_KEY", "deepseek-v3.1", format=AS_OBJECT, told=True
    ),
    "bedrock": chat(
        "https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions", "AWS_BEARER_TOKEN_BEDROCK", "openai.gpt-oss-120b",
        format=BY_SCHEMA, bound="max_completion_tokens", tokens=64 + THOUGHTS, environment={"AWS_REGION": "eu-west-1"},
    ),
    "ollama": chat(
        "http://localhost:11434/v1/chat/completions", "OLLAMA_API_KEY", "qwen3:4b",
        format=BY_SCHEMA, told=True, reasoning_effort="none", name="ollama:qwen3:4b",
    ),
    "vllm": chat(
        "http://localhost:8000/v1/chat/completions", "VLLM_API_KEY", "Qwen/Qwen3-4B",
        format=BY_SCHEMA, told=True, name="vllm:Qwen/Qwen3-4B",
    ),
    "lmstudio": chat(
        "http://localhost:1234/v1/chat/completions", "LM_STUDIO_API_KEY", "qwen3-4b",
        format=BY_SCHEMA, told=True, name="lmstudio:qwen3-4b",
    ),
    "any compatible server": chat(
        "http://gpu.example:9000/v1/chat/completions", "AGENTMEM_LLM_API_KEY", "my/model",
        format=BY_SCHEMA, told=True, name="http://gpu.example:9000/v1#my/model",
    ),
}  # fmt: skip

each_provider = pytest.mark.parametrize("provider", EXPECTED)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings."""
    without_settings(monkeypatch)


def opened(provider: str, origin: str | None, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    """The provider's model by its name, at its own address, or at the same path of another origin."""
    expected = EXPECTED[provider]
    monkeypatch.setenv(expected.key, KEY)
    for name, value in expected.environment.items():
        monkeypatch.setenv(name, value)
    name = expected.name or provider
    if origin is None:
        model = find_model(name)
        assert model is not None
        return model
    there = origin + urlsplit(expected.url).path.rpartition("/chat/completions")[0]
    if expected.dialect != "openai":
        there = origin + {"anthropic": "", "gemini": "/v1beta"}[expected.dialect]
    return open_model(f"{there}#{expected.name.partition('#')[2]}" if "#" in expected.name else name, url=there)


def asked(model: LanguageModel, prompt: Prompt, colour: str) -> Reply:
    return model.ask(prompt) if colour == "sync" else asyncio.run(model.aask(prompt))


def test_every_provider_of_the_table_has_a_contract() -> None:
    assert set(EXPECTED) - {"any compatible server"} == set(PROVIDERS) - {"litellm"}
    assert len(EXPECTED) > 21


@each_provider
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_the_request_is_the_published_one(
    provider: str, colour: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = EXPECTED[provider]
    model = opened(provider, wire.origin, monkeypatch)
    dialogue = DIALOGUES[expected.dialect]
    wire.script = [dialogue.success, dialogue.success]
    asked(model, STRUCTURED, colour)
    asked(model, PLAIN, colour)
    first, second = wire.seen
    assert first.path == second.path == urlsplit(expected.url).path
    assert first.body == expected.structured
    assert second.body == expected.plain
    for seen in wire.seen:
        name, value = expected.header
        assert seen.headers[name] == value
        assert {name: seen.headers.get(name) for name in expected.others} == expected.others
        assert seen.headers["content-type"] == "application/json"
        assert [name for name, value in seen.headers.items() if KEY in value] == [expected.header[0]]
        assert KEY.encode() not in seen.raw
        assert KEY not in seen.path


def talk(model: LanguageModel, colour: str) -> None:
    """One question, five answers in a row: what comes of each."""
    reply = asked(model, STRUCTURED, colour)
    assert json.loads(reply.text) == json.loads(FACTS)
    assert reply.usage == Usage(1, 11, 7)
    with pytest.raises(ModelError, match="declined"):
        asked(model, STRUCTURED, colour)
    assert json.loads(asked(model, STRUCTURED, colour).text) == json.loads(FACTS)  # after a 429
    with pytest.raises(ModelError, match="cut off") as caught:
        asked(model, STRUCTURED, colour)
    assert caught.value.output_tokens > 0
    assert json.loads(asked(model, STRUCTURED, colour).text) == json.loads(FACTS)  # a call of a function


def script(dialogue: Dialogue) -> list[Any]:
    return [dialogue.success, dialogue.refusal, dialogue.limited, dialogue.success, dialogue.truncated, dialogue.called]


@each_provider
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_answers_are_replies_or_say_what_happened(
    provider: str, colour: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened(provider, wire.origin, monkeypatch)
    wire.script = script(DIALOGUES[EXPECTED[provider].dialect])
    talk(model, colour)
    assert len(wire.seen) == 6


# --- recorded: the published addresses, without a socket ----------------------------------------------------------------


@pytest.fixture
def recording(record_mode: str) -> Iterator[Wire | None]:
    """The server to record from; None when what was recorded is replayed."""
    if record_mode == "none":
        yield None
        return
    with serving() as served:
        yield served


@pytest.fixture
def vcr_config(recording: Wire | None, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Requests are kept under the published address, wherever they were recorded; keys are not kept."""
    provider = request.node.callspec.params.get("provider") if hasattr(request.node, "callspec") else None
    published = urlsplit(EXPECTED[provider].url) if provider else None

    def published_address(sent: Any) -> Any:
        if recording is not None and published is not None:
            sent.uri = sent.uri.replace(recording.origin, f"{published.scheme}://{published.netloc}", 1)
        return sent

    return {
        "match_on": ["method", "uri", "body"],
        "before_record_request": published_address,
        "filter_headers": ["authorization", "api-key", "x-api-key", "x-goog-api-key", "user-agent", "host"],
        "decode_compressed_response": True,
    }


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch, record_mode: str) -> None:
    """Not even one to this machine."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was opened")

    if record_mode == "none":
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)


@each_provider
@pytest.mark.vcr
@pytest.mark.usefixtures("no_sockets")
def test_a_recorded_conversation_replays_without_a_socket(
    provider: str, recording: Wire | None, vcr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if recording is not None:
        recording.script = script(DIALOGUES[EXPECTED[provider].dialect])
    model = opened(provider, recording.origin if recording else None, monkeypatch)
    talk(model, "sync")
    assert {request.uri for request in vcr.requests} == {EXPECTED[provider].url}
    assert vcr.all_played or recording is not None


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
@pytest.mark.vcr
@pytest.mark.usefixtures("no_sockets")
async def test_a_recorded_conversation_replays_in_an_event_loop_too(
    provider: str, recording: Wire | None, vcr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if recording is not None:
        recording.script = [DIALOGUES[EXPECTED[provider].dialect].success]
    model = opened(provider, recording.origin if recording else None, monkeypatch)
    assert json.loads((await model.aask(STRUCTURED)).text) == json.loads(FACTS)
    assert vcr.play_count == 1 or recording is not None


@each_provider
def test_nothing_recorded_holds_a_key(provider: str, vcr_cassette_dir: str) -> None:
    from pathlib import Path

    kept = Path(vcr_cassette_dir) / f"test_a_recorded_conversation_replays_without_a_socket[{provider}].yaml"
    text = kept.read_text("utf-8")
    assert "secret" not in text
    assert urlsplit(EXPECTED[provider].url).netloc in text
