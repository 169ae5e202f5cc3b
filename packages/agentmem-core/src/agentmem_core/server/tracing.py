"""Spans of OpenTelemetry, one an operation; nothing is imported unless it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from agentmem_core.errors import NotConfiguredError
from agentmem_core.server.exchange import Exchange

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider as SdkProvider
    from opentelemetry.trace import TracerProvider

Around = Callable[[Exchange], AbstractContextManager[None]]
"""What is done around an exchange."""

_INSTALL = 'otel: needs OpenTelemetry; pip install "agentmem-core[otel]"'


def spans(provider: TracerProvider) -> Around:
    """A span around every exchange, a child of the one in its ``traceparent``; it names no tenant, no user and no content."""
    try:
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError as error:
        raise NotConfiguredError(_INSTALL) from error
    tracer = provider.get_tracer("agentmem_core.server")
    propagator = TraceContextTextMapPropagator()

    @contextmanager
    def around(exchange: Exchange) -> Generator[None, None, None]:
        said = {
            name: exchange.headers.get(name.encode(), b"").decode("latin-1") for name in ("traceparent", "tracestate")
        }
        parent = propagator.extract({name: value for name, value in said.items() if value})
        with tracer.start_as_current_span("agentmem", context=parent, kind=SpanKind.SERVER) as span:
            try:
                yield
            finally:
                span.update_name(f"agentmem {exchange.operation}")
                span.set_attribute("agentmem.operation", exchange.operation)
                span.set_attribute("agentmem.code", exchange.code)
                span.set_attribute("agentmem.request_id", exchange.request_id)
                span.set_attribute("http.request.method", exchange.method)
                span.set_attribute("http.response.status_code", exchange.status)
                if exchange.route:
                    span.set_attribute("http.route", exchange.route)
                if exchange.status >= 500:
                    span.set_status(Status(StatusCode.ERROR, exchange.code))

    return around


def exporting_provider() -> SdkProvider:
    """A provider that sends to where OTEL_EXPORTER_OTLP_ENDPOINT and its kin say, in batches, in a thread of its own."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise NotConfiguredError(_INSTALL) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "agentmem"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
