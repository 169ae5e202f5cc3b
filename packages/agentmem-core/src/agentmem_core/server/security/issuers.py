"""The public keys of whoever issues tokens elsewhere: a JWKS, from a file or a URL."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentmem_core.errors import AuthenticationError, NotConfiguredError, ServerUnavailableError
from agentmem_core.server.loopback import is_loopback
from agentmem_core.server.security.live import UNKNOWN

LIFETIME = 600.0
"""Seconds after which the keys are read again."""

PAUSE = 30.0
"""Seconds between two readings at least, however many tokens name unknown keys."""

_TIMEOUT = 5.0
_KINDS = {"RS256": "RSA", "EdDSA": "OKP"}


class JwkSet:
    """Public keys by their id, read by a thread of its own and shared by all who wait for them."""

    def __init__(self, source: str) -> None:
        """With a path, or an https URL (http on loopback only): ``NotConfiguredError`` for another."""
        where = urlsplit(source)
        self._url = where.scheme in {"http", "https"}
        if where.scheme == "http" and not is_loopback(where.hostname or ""):
            raise NotConfiguredError(
                "AGENTMEM_JWKS: must be https, or anybody on the way could put in keys of their own"
            )
        if not self._url and not Path(source).is_file():
            raise NotConfiguredError(f"AGENTMEM_JWKS: there is no file {source}; give a file, or an https URL")
        self._source = source
        self._keys: Mapping[str | None, Any] | None = None
        self._read_at = -LIFETIME
        self._tried_at = -PAUSE
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="agentmem-jwks")
        self._under_way: Future[Mapping[str | None, Any]] | None = None

    async def key(self, kid: str | None, algorithm: str) -> Any:
        """The key of that id for an algorithm; ``AuthenticationError`` when the issuer has none."""
        if self._keys is None or time.monotonic() - self._read_at > LIFETIME or kid not in self._keys:
            await self._read()
        if self._keys is None:
            raise ServerUnavailableError("the keys of the issuer of this token cannot be read; try again later")
        found = self._keys.get(kid)
        if found is None or found.key_type != _KINDS[algorithm] or found.algorithm_name != algorithm:
            raise AuthenticationError(UNKNOWN)
        return found.key

    def close(self) -> None:
        """Nothing is read any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _read(self) -> None:
        """Read the keys, unless that was just tried; those that are known are kept when it fails."""
        if self._under_way is None:
            if time.monotonic() - self._tried_at < PAUSE:
                return
            self._tried_at = time.monotonic()
            self._under_way = self._pool.submit(self._fetched)
        under_way = self._under_way
        try:
            self._keys = await asyncio.shield(asyncio.wrap_future(under_way))
            self._read_at = time.monotonic()
        except NotConfiguredError as error:
            if self._keys is None:
                raise ServerUnavailableError(
                    "the keys of the issuer of this token cannot be read; try again later"
                ) from error
        finally:
            if under_way.done() and self._under_way is under_way:
                self._under_way = None

    def _fetched(self) -> Mapping[str | None, Any]:
        from jwt import PyJWK, PyJWKClient, PyJWKSet
        from jwt.exceptions import PyJWTError

        try:
            data: Any = (
                PyJWKClient(self._source, cache_jwk_set=False, timeout=_TIMEOUT).fetch_data()
                if self._url
                else json.loads(Path(self._source).read_text("utf-8"))
            )
            keys: list[PyJWK] = PyJWKSet.from_dict(data).keys
        except (PyJWTError, OSError, ValueError, AttributeError, TypeError) as error:
            raise NotConfiguredError(
                f"AGENTMEM_JWKS: {self._source} holds no keys that can be used: {error}"
            ) from error
        return {
            key.key_id: key for key in keys if key.key_type in _KINDS.values() and key.public_key_use in {None, "sig"}
        }
