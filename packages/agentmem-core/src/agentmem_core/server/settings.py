"""What a server may be told: where it listens, and how much it takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentmem_core.connect import file_limit
from agentmem_core.model.values import Given

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_AROUND = 1_000_000
"""Bytes of a request around the file in it."""


class ServerSettings(Given):
    """Sizes are in bytes, times in seconds.

    ``path`` is the store's folder, ``origins`` are the web pages that browsers may ask from (CORS), ``hosts`` the names by which
    the server may be called (empty: any). ``metrics`` is open to everyone, to admins' keys and ``metrics_token``, or to nobody.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    path: str | None = None

    body_bytes: Positive = 16_000_000
    file_body_bytes: int = Field(default_factory=lambda: file_limit() * 4 // 3 + _AROUND, ge=1)
    """The same where a file comes with it, in base64."""
    held_bytes: Positive = 512_000_000
    """Of all the bodies that are being read or worked on."""
    requests: Positive = 256
    """At once; one more is asked to come again."""
    streams: Positive = 100
    """Exports, imports and readers of events at once."""
    streams_per_key: Positive = 25
    """The same of one key, with the tokens that were made of it; what asks without a key is one of them."""
    connections: Positive = 4_096
    """At once, as far as the process may open files; one more is closed."""
    timeout: Seconds = 30.0
    """Until a request that has not begun to write is given up."""
    grace: Annotated[int, Field(ge=0)] = 30
    """For what is under way when the server is told to stop."""

    heartbeat: Seconds = 15.0
    events_kept: Positive = 10_000
    """Changes that a reader of events may be behind."""

    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    metrics: Literal["open", "keyed", "off"] = "keyed"
    metrics_token: Annotated[str | None, Field(min_length=16, repr=False)] = None
    otel: bool = False
