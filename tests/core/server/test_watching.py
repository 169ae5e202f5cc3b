"""Figures and spans: what was done and how it went, never whose it was."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from tests.core.server.here import Keys, in_memory

from agentmem_core.errors import NotConfiguredError
from agentmem_core.ports import Backend
from agentmem_core.server import Caller, Gate, OpenGate, ServerSettings, create_app

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def backend() -> Iterator[Backend]:
    made = in_memory()
    yield made
    made.close()


def client(backend: Backend, gate: Gate, settings: ServerSettings, **more) -> httpx.AsyncClient:
    app = create_app(backend, gate=gate, settings=settings, **more)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server")


def values(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in sorted(sample.labels.items(), reverse=True)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def test_figures_count_operations_by_code_and_name_nobody(backend):
    async with client(backend, OpenGate(), ServerSettings(metrics="open")) as ask:
        for content in ("tea", "milk", ""):
            await ask.post("/v1/memories", json={"content": content, "user_id": "ana", "tenant": "acme"})
        await ask.get("/nope/ana")
        await ask.put("/v1/memories")
        text = (await ask.get("/metrics")).text
    found = values(text, "agentmem_requests_total")
    assert found["add", "ok"] == 2
    assert found["add", "invalid_input"] == 1
    assert found["other", "unknown_route"] == 1
    assert found["none", "unknown_route"] == 1
    assert values(text, "agentmem_request_seconds_count")["add",] == 3
    assert values(text, "agentmem_store_up")[()] == 1
    assert values(text, "agentmem_store_bytes")[()] > 0
    assert values(text, "agentmem_requests_in_flight")[()] == 0
    assert not any(word in text for word in ("ana", "acme", "nope", "tea"))


async def test_figures_are_for_those_who_may_see_them(backend):
    gate = Keys(admin=Caller("k1", "admin"), read=Caller("k2", "read"))
    async with client(backend, gate, ServerSettings(metrics_token=TOKEN)) as ask:
        for key, status in (("admin", 200), (TOKEN, 200), ("read", 403), ("x", 401), ("", 401), (TOKEN[:-1], 401)):
            answer = await ask.get("/metrics", headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == status, key
    async with client(backend, OpenGate(), ServerSettings(metrics="off")) as ask:
        assert (await ask.get("/metrics")).status_code == 404


async def test_a_span_says_what_was_done_and_belongs_to_the_callers_trace(backend, monkeypatch):
    monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)  # set for the sake of CrewAI
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with client(backend, OpenGate(), ServerSettings(), tracer_provider=provider) as ask:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await ask.post("/v1/memories", json={"content": "tea", "user_id": "ana"}, headers={"traceparent": parent})
        await ask.get("/v1/memories/secret-id")
    first, second = spans.get_finished_spans()
    assert first.attributes is not None
    assert second.attributes is not None
    assert (first.name, first.attributes["agentmem.code"]) == ("agentmem add", "ok")
    assert f"{first.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert first.parent is not None
    assert (second.name, second.attributes["agentmem.code"]) == ("agentmem get", "not_found")
    assert second.attributes["http.route"] == "/v1/memories/{id}"
    assert second.parent is None
    assert not any(word in str([span.to_json() for span in (first, second)]) for word in ("ana", "tea", "secret-id"))


def test_the_metrics_token_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("AGENTMEM_METRICS_TOKEN", TOKEN)
    assert ServerSettings.configured(path=None).metrics_token == TOKEN
    assert TOKEN not in repr(ServerSettings.configured(path=None))
    monkeypatch.setenv("AGENTMEM_METRICS_TOKEN", "too short")
    with pytest.raises(NotConfiguredError, match="AGENTMEM_METRICS_TOKEN"):
        ServerSettings.configured(path=None)
    monkeypatch.delenv("AGENTMEM_METRICS_TOKEN")
    assert ServerSettings.configured(path=None).metrics_token is None
