"""Any endpoint that speaks OpenAI's embeddings API: ``openai:text-embedding-3-small``, a local server, ...

https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from typing import Any, Literal

import httpx
import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint

_URL = "https://api.openai.com/v1"
_KNOWN = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_BATCH = 256
_TRIES = 4
_AGAIN = {408, 409, 429, 500, 502, 503, 504}


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
        self._url = (base_url or os.environ.get("OPENAI_BASE_URL") or _URL).rstrip("/")
        self._key = api_key or os.environ.get("OPENAI_API_KEY")
        self._timeout = timeout
        self._client: httpx.Client | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("openai", self._model, self._dimension or _KNOWN.get(self._model))

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
        return vectors.reshape(len(texts), -1) if len(texts) else vectors.reshape(0, self._dimension or 0)

    def _ask(self, batch: list[str]) -> Any:
        if self._key is None and self._url == _URL:
            raise EmbedderError(
                "no key for OpenAI: set OPENAI_API_KEY, or OPENAI_BASE_URL for another server, "
                "or use the default embedder, which needs neither"
            )
        body: dict[str, Any] = {"model": self._model, "input": batch, "encoding_format": "float"}
        if self._dimension is not None:
            body["dimensions"] = self._dimension
        if self._client is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._client = httpx.Client(timeout=self._timeout, headers=headers)
        for attempt in range(1, _TRIES + 1):
            try:
                response = self._client.post(f"{self._url}/embeddings", json=body)
            except httpx.HTTPError as error:
                problem = f"{self._url} cannot be reached ({type(error).__name__})"
                cause: Exception | None = error
                wait = None
            else:
                if response.is_success:
                    return _json(response)
                problem = f"{self._url} answered {response.status_code}: {_reason(response)}"
                cause = None
                wait = _retry_after(response)
                if response.status_code not in _AGAIN:
                    raise EmbedderError(f"{problem}; check the model name ({self._model}) and the key")
            if attempt == _TRIES:
                raise EmbedderError(f"{problem}, {_TRIES} times") from cause
            time.sleep(min(wait if wait is not None else 0.25 * 2**attempt * random.random(), 20.0))  # noqa: S311 - jitter
        raise EmbedderError(f"{self._url} was not asked")  # unreachable; the loop returns or raises

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


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(float(response.headers.get("retry-after", "")), 0.0)
    except ValueError:
        return None
