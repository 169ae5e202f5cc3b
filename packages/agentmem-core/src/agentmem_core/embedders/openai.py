"""Any endpoint that speaks OpenAI's embeddings API: ``openai:text-embedding-3-small``, a local server, ...

https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint
from agentmem_core.retrying import AGAIN, Patience, retry_after

_URL = "https://api.openai.com/v1"
_KNOWN = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_BATCH = 256
_TRIES = 4
_LONGEST = 20.0
"""Seconds of the longest pause between two tries."""


class OpenAIEmbedder:
    """Embeddings over HTTP. The key is taken from ``OPENAI_API_KEY``, the address from ``OPENAI_BASE_URL``, unless given."""

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        dimension: int | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Cheap, no request; ``timeout`` in seconds a request."""
        self._model = model or "text-embedding-3-small"
        self._dimension = dimension
        given = base_url or os.environ.get("OPENAI_BASE_URL") or _URL
        try:
            address = httpx.URL(given)
        except (httpx.InvalidURL, TypeError):
            raise EmbedderError(
                "the address of the embedder is not a URL; it begins with http:// or https://"
            ) from None
        self._auth = (address.username, address.password) if address.userinfo else None
        self._url = str(address.copy_with(userinfo=b"")).rstrip("/")
        self._key = api_key or os.environ.get("OPENAI_API_KEY")
        self._timeout = timeout
        self._seen: int | None = None
        self._client: httpx.Client | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        known = _KNOWN.get(self._model) if self._url == _URL else None
        return Fingerprint("openai", self._model, self._dimension or self._seen or known)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        del kind
        rows: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            rows.extend(self._vectors(self._ask(batch), len(batch)))
        try:
            vectors = np.array(rows, np.float32)
        except ValueError as error:
            raise EmbedderError(f"{self._url} answered with vectors of different lengths") from error
        if not len(texts):
            return np.zeros((0, self._dimension or 0), np.float32)
        if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise EmbedderError(f"{self._url} answered with vectors that are empty or not finite")
        self._seen = vectors.shape[1]
        return vectors

    def _ask(self, batch: list[str]) -> Any:
        self._require_key()
        body: dict[str, Any] = {"model": self._model, "input": batch, "encoding_format": "float"}
        if self._dimension is not None:
            body["dimensions"] = self._dimension
        if self._client is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx.Client(timeout=self._timeout, headers=headers, auth=self._auth)
        patience = Patience(tries=_TRIES, deadline=_TRIES * (self._timeout + _LONGEST), longest=_LONGEST)
        started, tried = time.monotonic(), 0
        while True:
            told = None
            try:
                response = self._client.post(f"{self._url}/embeddings", json=body)
            except httpx.HTTPError as error:
                problem = f"{self._url} cannot be reached ({type(error).__name__})"
            else:
                if response.is_success:
                    return _json(response)
                problem = f"{self._url} answered {response.status_code}: {self._hidden(_reason(response))}"
                told = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
                if response.status_code not in AGAIN:
                    raise EmbedderError(f"{problem}; check the model name ({self._model}) and the key")
            tried += 1
            wait = patience.pause(tried, told, time.monotonic() - started, random.random())  # noqa: S311 - jitter
            if wait is None:
                raise EmbedderError(f"{problem}, {tried} times") from None  # the cause may show the key
            time.sleep(wait)

    def _require_key(self) -> None:
        if self._key is None and self._url == _URL:
            raise EmbedderError(
                "no key for OpenAI: set OPENAI_API_KEY, or OPENAI_BASE_URL for another server, "
                "or use the default embedder, which needs neither"
            )
        if self._key is not None and not (self._key.isascii() and self._key.isprintable()):
            raise EmbedderError("the key of the embedder holds characters that no key has; copy it again")

    def _hidden(self, text: str) -> str:
        """A server's message without the secrets it may repeat."""
        for secret in (self._key, *(self._auth or ())):
            if secret:
                text = text.replace(secret, "...")
        return text

    def _vectors(self, answer: Any, expected: int) -> list[list[float]]:
        try:
            found = sorted(answer["data"], key=lambda item: item["index"])
            rows = [list(map(float, item["embedding"])) for item in found]
        except (KeyError, TypeError, ValueError) as error:
            raise EmbedderError(f"{self._url} did not answer as the embeddings API does: {error!r}") from error
        if len(rows) != expected:
            raise EmbedderError(f"{self._url} answered {len(rows)} vectors for {expected} texts")
        return rows


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise EmbedderError(f"{response.url} did not answer with JSON") from error


def _reason(response: httpx.Response) -> str:
    """The server's own message, short, if it sent one the usual way."""
    try:
        return str(response.json()["error"]["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
