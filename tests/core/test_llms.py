"""Models by name: what a name means, what is missing, and that a memory uses the model."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from tests.core.wire import Wire, openai_says, said, serving, without_settings

from agentmem_core import AgentMem, LanguageModel, NotConfiguredError, Prompt, Reply
from agentmem_core.llms import PROVIDERS, find_model, open_model, registry
from agentmem_core.llms.ways import closed, is_strict

KEY = "sk-secret-0123456789"


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)


class Scripted:
    """A user's own model, without a base class."""

    name = "scripted"

    def ask(self, prompt: Prompt) -> Reply:
        return Reply("short")

    async def aask(self, prompt: Prompt) -> Reply:
        return self.ask(prompt)


def named(given: Any = None) -> str:
    model = find_model(given)
    assert model is not None
    return model.name


def refused(given: Any) -> str:
    with pytest.raises(NotConfiguredError) as caught:
        find_model(given)
    return str(caught.value)


def test_a_name_is_a_provider_and_a_model_or_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    assert named("openai:gpt-5.4-mini") == "openai:gpt-5.4-mini"
    assert named(" OpenAI : gpt-5.4-mini ") == "openai:gpt-5.4-mini"
    assert named("openai") == named("openai:") == "openai:gpt-4.1-mini"
    assert named("dashscope:qwen-max") == "qwen:qwen-max"
    assert named("openai:ft:gpt-4.1-mini:acme:name:id") == "openai:ft:gpt-4.1-mini:acme:name:id"
    assert named("ollama:qwen3:4b") == "ollama:qwen3:4b"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("http://localhost:8000/v1#qwen3", "http://localhost:8000/v1#qwen3"),
        ("http://localhost:8000#qwen3", "http://localhost:8000/v1#qwen3"),
        ("https://gpu.example/api/v1/#org/model", "https://gpu.example/api/v1#org/model"),
        ("http://localhost:8000/v1/chat/completions#qwen3", "http://localhost:8000/v1#qwen3"),
        ("http://user:pass-word@localhost:8000/v1#qwen3", "http://localhost:8000/v1#qwen3"),
        ("http://[::1]:8000/v1#qwen3", "http://[::1]:8000/v1#qwen3"),
    ],
)
def test_any_compatible_server_is_an_address_with_a_model(given: str, name: str) -> None:
    assert named(given) == name


@pytest.mark.parametrize(
    "given",
    ["http://localhost:8000/v1", "http://#m", "ftp://x/v1#m", "http://[#m", "http://x:999999/v1#m", "http:///v1#m",
     "http://x/v1?key=sk-secret#m", "://#m"],
)  # fmt: skip
def test_an_address_that_is_none_says_so_and_shows_no_key(given: str) -> None:
    assert "secret" not in refused(given)


def test_an_object_with_ask_and_aask_is_a_model_and_nothing_else_is() -> None:
    mine = Scripted()
    assert find_model(mine) is mine
    assert find_model(None) is None
    for given in (42, [], {}, object(), b"openai", Scripted.ask, ("openai",)):
        assert "provider:model" in refused(given)
    for given in ("", " ", ":", ":gpt", "gpt-4.1-mini", "opnai:gpt-4.1", "模型:x", "\x00"):
        assert "openai" in refused(given)


def test_an_unknown_provider_names_the_known_ones() -> None:
    message = refused("opnai:gpt-4.1-mini")
    assert "'opnai'" in message
    assert all(name in message for name in PROVIDERS)


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.needs_key])
def test_a_missing_key_names_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    message = refused(f"{name}:some-model")
    assert all(key in message for key in PROVIDERS[name].keys)
    monkeypatch.setenv(PROVIDERS[name].keys[-1], KEY)
    assert named(f"{name}:some-model") == f"{name}:some-model"


@pytest.mark.parametrize("name", ["azure", "ollama", "vllm", "lmstudio", "litellm"])
def test_a_provider_without_a_model_of_its_own_wants_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    assert f"{name}:<model>" in refused(name)


def test_azure_and_bedrock_say_which_address_or_region_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
    assert "AZURE_OPENAI_ENDPOINT" in refused("azure:mine")
    assert "AWS_REGION" in refused("bedrock")
    monkeypatch.setenv("AWS_REGION", "evil.example/")
    assert "AWS_REGION" in refused("bedrock")


@pytest.mark.parametrize("key", ["sk-secret\nX-Other: 1", "sk-secret-ключ", "sk secret", "sk-secret\x00"])
def test_a_key_that_is_none_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(NotConfiguredError, match="OPENAI_API_KEY") as caught:
        open_model("openai", api_key=key)
    assert "secret" not in str(caught.value)


def test_white_space_around_a_key_is_not_part_of_it(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"  {KEY}\n")
    wire.script = [said(openai_says("ok"))]
    open_model("openai", url=wire.origin).ask(Prompt("s", "t"))
    assert wire.seen[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("variable", "path", "asked"),
    [
        ("OLLAMA_HOST", "", "/v1/chat/completions"),
        ("OLLAMA_HOST", "/v1", "/v1/chat/completions"),
        ("VLLM_BASE_URL", "/openai/v1/", "/openai/v1/chat/completions"),
    ],
)
def test_addresses_come_from_the_variables_that_providers_publish(
    variable: str, path: str, asked: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, wire.origin + path)
    wire.script = [said(openai_says("ok"))]
    model = find_model("ollama:m" if variable == "OLLAMA_HOST" else "vllm:m")
    assert model is not None
    assert model.ask(Prompt("s", "t")).text == "ok"
    assert wire.seen[0].path == asked
    assert "authorization" not in wire.seen[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "0.0.0.0:{port}", ":{port}", "http://127.0.0.1:{port}"])
def test_ollamas_host_is_read_as_ollama_reads_it(host: str, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host.format(port=wire.origin.rpartition(":")[2]))
    wire.script = [said(openai_says("ok"))]
    model = find_model("ollama:m")
    assert model is not None
    assert model.ask(Prompt("s", "t")).text == "ok"


@pytest.mark.parametrize("suffix", ["", "/", "/openai", "/openai/v1", "/openai/v1/"])
def test_azure_speaks_v1_or_to_the_dated_address_of_a_deployment(
    suffix: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", wire.origin + suffix)
    wire.always = said(openai_says("ok"))
    open_model("azure:my mini/1").ask(Prompt("s", "t"))
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    open_model("azure:my mini/1").ask(Prompt("s", "t"))
    assert [seen.path for seen in wire.seen] == [
        "/openai/v1/chat/completions",
        "/openai/deployments/my%20mini%2F1/chat/completions?api-version=2024-10-21",
    ]


def test_the_environment_names_the_model_and_arguments_win(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMEM_LLM", "openai:gpt-4.1-mini")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert named() == "openai:gpt-4.1-mini"
    assert named(Scripted()) == "scripted"
    assert named("http://localhost:1/v1#m") == "http://localhost:1/v1#m"
    monkeypatch.setenv("AGENTMEM_LLM_URL", wire.origin)
    wire.script = [said(openai_says("through a gateway"))]
    model = find_model()
    assert model is not None
    assert model.ask(Prompt("s", "t")).text == "through a gateway"
    assert wire.seen[0].path == "/v1/chat/completions"
    monkeypatch.delenv("AGENTMEM_LLM")
    assert "#model" in refused(None)
    monkeypatch.setenv("AGENTMEM_LLM_URL", f"{wire.origin}/v1#m")
    assert named() == f"{wire.origin}/v1#m"


@pytest.mark.parametrize("timeout", ["soon", "0", "-1", "nan", "inf", "1e9"])
def test_a_timeout_that_is_none_is_told(timeout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMEM_LLM_TIMEOUT", timeout)
    assert "timeout" in refused("ollama:m").lower()


def test_a_server_of_your_own_may_take_longer() -> None:
    for name, seconds in {"ollama:m": 180.0, "http://gpu.example/v1#m": 180.0, "openai": 60.0}.items():
        model = open_model(name, api_key=KEY)
        assert vars(model)["_timeout"] == seconds
        assert vars(model)["_patience"].deadline == 2 * seconds


@pytest.mark.parametrize("options", [{"tries": 0}, {"tries": True}, {"tries": 2.5}, {"deadline": 0}, {"api_key": 5}])
def test_options_that_cannot_be_are_told(options: dict[str, Any]) -> None:
    with pytest.raises(NotConfiguredError):
        open_model("openai", **{"api_key": KEY, **options})
    with pytest.raises(NotConfiguredError, match="provider:model"):
        open_model(None)  # type: ignore[arg-type]  # what a caller may do


def test_a_package_of_yours_adds_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Scripted):
        def __init__(self, model: str | None) -> None:
            self.name = f"mine:{model}"

    def load(entry: EntryPoint) -> Any:
        if entry.name == "broken":
            raise ImportError("no such thing")
        return Mine

    entries = [EntryPoint(name, "mine:Mine", registry.GROUP) for name in ("mine", "broken")]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    monkeypatch.setattr(EntryPoint, "load", load)
    assert named("mine:large") == "mine:large"
    assert named("mine") == "mine:None"
    assert "cannot be loaded" in refused("broken")
    assert "broken, mine" in refused("nobody")


def test_a_model_shows_no_key_and_is_not_pickled() -> None:
    model = open_model("openai:gpt-4.1-mini", api_key=KEY)
    for shown in (repr(model), str(model), model.name, repr(vars(model)), repr(vars(model)["_asking"].__dict__)):
        assert KEY not in shown
    assert repr(model) == "HttpModel('openai:gpt-4.1-mini')"
    with pytest.raises(TypeError, match="holds a key"):
        pickle.dumps(model)


def test_a_memory_asks_the_model_that_is_named(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.origin}/v1")
    wire.script = [said(openai_says('{"types": ["procedural"]}')), said(openai_says("Ana, Lissabon"))]
    with AgentMem(":memory:", embedder="hashing", llm="openai:gpt-4.1-mini", router="model") as memory:
        added = memory.add("Der Ofen braucht zwölf Minuten")
        assert (added.memories[0].type, added.items[0].routed) == ("procedural", "openai:gpt-4.1-mini says so")
        memory.core.set("human", "Ana", limit=20)
        memory.core.append("human", "Ana lives in Lisbon since May", rewrite=True)
        assert "Lissabon" in memory.core.get("human").text
    assert [seen.body["model"] for seen in wire.seen] == ["gpt-4.1-mini"] * 2


async def test_a_memory_asks_the_model_from_an_event_loop_too(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMEM_LLM", f"{wire.origin}/v1#m")
    wire.script = [said(openai_says('{"types": ["procedural"]}'))]
    async with AgentMem(":memory:", embedder="hashing", router="model") as memory:
        assert (await memory.aadd("Der Ofen braucht zwölf Minuten")).memories[0].type == "procedural"


def test_a_missing_key_leaves_no_store_behind(tmp_path: Any) -> None:
    with pytest.raises(NotConfiguredError, match="OPENAI_API_KEY"):
        AgentMem(tmp_path / "store", llm="openai")
    assert list(tmp_path.iterdir()) == []


def test_without_a_model_no_http_is_imported() -> None:
    program = (
        "import sys; from agentmem_core import AgentMem; from agentmem_core.llms import find_model; find_model(None);"
        "AgentMem(':memory:', embedder='hashing').close(); print([m for m in ('httpx', 'litellm') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_the_first_question_imports_nothing_while_the_loop_waits(wire: Wire) -> None:
    wire.script = [said(openai_says("ok"))]
    program = (
        "import asyncio, sys; from agentmem_core.llms import open_model; from agentmem_core import Prompt;"
        f"model = open_model('{wire.origin}/v1#m'); before = set(sys.modules);"
        "asyncio.run(model.aask(Prompt('s', 't')));"
        "print(sorted(m for m in set(sys.modules) - before if m.startswith(('httpx', 'httpcore', 'anyio', 'h11', 'ssl'))))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_strict_is_said_only_of_schemas_that_are() -> None:
    strict = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert is_strict(strict)
    assert is_strict({**strict, "properties": {"a": {"type": "array", "items": strict}}})
    for less in (
        {**strict, "additionalProperties": True},
        {**strict, "required": []},
        {**strict, "properties": {"a": {"type": "array", "items": {"type": "object"}}}},
        {**strict, "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {}}]}}},
    ):
        assert not is_strict(less)


def test_a_schema_for_claude_is_closed_and_keeps_its_fields_and_values() -> None:
    schema = {
        "type": "object",
        "properties": {
            "minimum": {"type": ["object", "null"], "properties": {"maxLength": {"type": "integer", "minimum": 1}}},
            "kind": {"enum": [{"maximum": 1}, "a"], "default": {"type": "object"}},
        },
        "$defs": {"maxItems": {"type": "array", "items": {"type": "object"}, "maxItems": 3}},
        "required": ["minimum"],
    }
    assert closed(schema) == {
        "type": "object",
        "properties": {
            "minimum": {
                "type": ["object", "null"],
                "properties": {"maxLength": {"type": "integer"}},
                "additionalProperties": False,
            },
            "kind": {"enum": [{"maximum": 1}, "a"], "default": {"type": "object"}},
        },
        "$defs": {"maxItems": {"type": "array", "items": {"type": "object", "additionalProperties": False}}},
        "required": ["minimum"],
        "additionalProperties": False,
    }


def test_a_strict_schema_is_asked_for_strictly(wire: Wire) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    wire.script = [said(openai_says('{"a": "b"}'))]
    model: LanguageModel = open_model("openai", url=wire.origin, api_key=KEY)
    assert json.loads(model.ask(Prompt("s", "t", schema)).text) == {"a": "b"}
    assert wire.seen[0].body["response_format"]["json_schema"]["strict"] is True
