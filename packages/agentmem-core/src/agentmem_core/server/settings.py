"""What a server may be told: where it listens, and how much it takes."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field

from agentmem_core.connect import file_limit
from agentmem_core.model.values import Given
from agentmem_core.settings import SETTINGS, Settings, current

_AROUND = 1_000_000
"""Bytes of a request around the file in it."""


def _from_table(key: str, **more: Any) -> Any:
    """The default and the bounds that the table of settings has."""
    setting = SETTINGS[f"server.{key}"]
    if setting.kind == "whole":
        more |= {"ge": setting.least, "le": setting.most}
    elif setting.kind == "seconds":
        more |= {"gt": 0, "allow_inf_nan": False}
    elif setting.shortest:
        more["min_length"] = setting.shortest
    if "default_factory" not in more:
        more["default"] = setting.default
    return Field(description=setting.what, **more)


class ServerSettings(Given):
    """Sizes are in bytes, times in seconds; what each is, and its default, says the table of settings.

    ``path`` is the store's folder, ``origins`` are the web pages that browsers may ask from (CORS), ``hosts`` the names by which
    the server may be called (empty: any). ``metrics`` is open to everyone, to admins' keys and ``metrics_token``, or to nobody.
    """

    host: str = _from_table("host")
    port: int = _from_table("port")
    path: str | None = None

    body_bytes: int = _from_table("body_bytes")
    file_body_bytes: int = _from_table("file_body_bytes", default_factory=lambda: file_limit() * 4 // 3 + _AROUND)
    """The same where a file comes with it, in base64."""
    held_bytes: int = _from_table("held_bytes")
    """Of all the bodies that are being read or worked on."""
    requests: int = _from_table("requests")
    """At once; one more is asked to come again."""
    readers: int | None = _from_table("readers")
    """None for as many as the CPUs allow. Only ``serve`` starts them, for a store in a folder."""
    streams: int = _from_table("streams")
    """Exports, imports and readers of events at once."""
    streams_per_key: int = _from_table("streams_per_key")
    """The same of one key, with the tokens that were made of it; what asks without a key is one of them."""
    connections: int = _from_table("connections")
    """At once, as far as the process may open files; one more is closed."""
    timeout: float = _from_table("timeout")
    """Until a request that has not begun to write is given up."""
    grace: int = _from_table("grace")
    """For what is under way when the server is told to stop."""

    heartbeat: float = _from_table("heartbeat")
    events_kept: int = _from_table("events_kept")
    """Changes that a reader of events may be behind."""

    origins: tuple[str, ...] = _from_table("origins")
    hosts: tuple[str, ...] = _from_table("hosts")
    metrics: Literal["open", "keyed", "off"] = _from_table("metrics")
    metrics_token: str | None = _from_table("metrics_token", repr=False)
    otel: bool = _from_table("otel")

    @classmethod
    def configured(cls, *, path: str | None, settings: Settings | None = None, **given: Any) -> Self:
        """What was given, then what the settings say; ``given`` holds None for what was not."""
        settings = settings or current()
        fields = [name for name in cls.model_fields if f"server.{name}" in SETTINGS]
        said = {name: settings.value(f"server.{name}", given.get(name)) for name in fields}
        return cls(path=path, **{name: value for name, value in said.items() if value is not None})
