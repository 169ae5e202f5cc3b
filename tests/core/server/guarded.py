"""A server with keys inside the test: the real application over a real store, asked without a socket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from agentmem_core.connect import Config, connect
from agentmem_core.server.app import create_app
from agentmem_core.server.security import KeyGate, SecuritySettings, gate_for
from agentmem_core.server.security.keys import digest_of
from agentmem_core.server.security.routes import key_routes
from agentmem_core.storage.sqlite import SqliteKeys


@dataclass
class Guarded:
    """The gate, and a client of the application behind it."""

    gate: KeyGate
    client: httpx.AsyncClient
    secrets: dict[str, str] = field(default_factory=dict)

    def key(self, name: str, **options: Any) -> str:
        """Make a key, remembered under a name; answers its id."""
        shown = self.gate.keys.create(**{"tenant": "acme", **options})
        self.secrets[name] = shown.secret
        return shown.key.id

    async def ask(self, name: str | None, method: str, path: str, **options: Any) -> httpx.Response:
        """A request by the key of that name, or by a header, or by nobody."""
        await self.gate.changed()
        headers = {} if name is None else {"Authorization": f"Bearer {self.secrets.get(name, name)}"}
        return await self.client.request(method, path, headers=headers, **options)


@asynccontextmanager
async def guarded(folder: Path, host: str = "127.0.0.1", **settings: Any) -> AsyncIterator[Guarded]:
    """The application over the store in ``folder``."""
    gate = gate_for(SecuritySettings(folder, **settings), host)
    backend = connect(Config(path=folder, embedder="hashing", index="none"))
    app = create_app(backend, gate=gate, routers=[key_routes(gate)])
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 5))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://agentmem") as client:
            yield Guarded(gate, client)
    finally:
        await gate.close()
        await backend.aclose()
        logging.getLogger("agentmem_core.server").handlers.clear()


def age_key(folder: Path, key_id: str, by: timedelta) -> None:
    """Let a key have expired, as time would."""
    store = SqliteKeys(folder)
    try:
        key = store.find(key_id)
        assert key is not None
        aged = key.model_copy(update={"id": f"{key.id}x", "expires_at": datetime.now(UTC) - by})
        store.add(aged, digest_of(f"agm_{'e' * 43}"))
    finally:
        store.close()


EXPIRED = f"agm_{'e' * 43}"


def without_request(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A problem without what is another one in every answer."""
    return {name: value for name, value in answer.items() if name != "request_id"}
