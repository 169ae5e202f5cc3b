"""Every error the library raises on purpose.

::

    AgentMemError
    ├── InvalidInputError          an argument cannot be used; nothing was written
    │   ├── InvalidFilterError     a filter names an unknown operator or an unusable value
    │   ├── TooLargeError          more than a server takes in one request
    │   └── VectorMismatchError    a vector has the wrong length, or is not finite
    ├── NotFoundError              no such memory, version or collection in this scope
    ├── ConflictError              the id already stands for another content, or the row moved on
    ├── NotConfiguredError         the call needs something that was not configured
    ├── NotSupportedError          this version or this backend cannot do it
    ├── EmbedderError              the embedder failed
    │   └── EmbedderMismatchError  the collection was embedded by another embedder
    ├── ModelError                 the language model failed; what was given is kept
    ├── TimedOutError              a call took longer than its timeout; it wrote nothing
    ├── VaultError                 a sealed value cannot be opened with the key that is configured
    ├── ServerError                a server failed; what it was asked may or may not have been done
    │   ├── ServerUnavailableError no server answers at this address, or it is too slow
    │   ├── BadAnswerError         what answers is no server of AgentMem, or of another version
    │   ├── AuthenticationError    the server does not know the key, or it has expired
    │   ├── PermissionDeniedError  the key does not allow it
    │   └── RateLimitedError       the key has used up what it may ask in this time; ``retry_after`` seconds help
    └── StoreError                 the folder or its files
        ├── StoreUnavailableError  the path is not a folder that can be read and written
        ├── StoreFullError         the disk is full; what was acknowledged is kept
        ├── StoreBusyError         another process held the store for too long
        ├── StoreDamagedError      a file of the store cannot be read
        ├── StoreTooNewError       a newer version wrote the store
        └── StoreClosedError       the client was closed, or crossed a fork
"""

from __future__ import annotations

from typing import ClassVar


class AgentMemError(Exception):
    """Root of the tree; ``code`` is the same word on every door (Python, HTTP, command line)."""

    code: ClassVar[str] = "error"


class InvalidInputError(AgentMemError):
    """An argument cannot be used; nothing was written."""

    code = "invalid_input"


class InvalidFilterError(InvalidInputError):
    """A filter names an unknown operator, or a value its operator cannot take."""

    code = "invalid_filter"


class VectorMismatchError(InvalidInputError):
    """A vector does not fit its collection: wrong length, or not finite."""

    code = "vector_mismatch"


class TooLargeError(InvalidInputError):
    """More than a server takes in one request."""

    code = "too_large"


class NotFoundError(AgentMemError):
    """Nothing of that name exists in the caller's scope."""

    code = "not_found"


class ConflictError(AgentMemError):
    """The id already stands for another content, or the row has moved on."""

    code = "conflict"


class NotConfiguredError(AgentMemError):
    """The call needs something that was not configured."""

    code = "not_configured"


class NotSupportedError(AgentMemError):
    """This version, or this backend, cannot do it."""

    code = "not_supported"


class EmbedderError(AgentMemError):
    """The embedder failed, or answered with something that is not one vector a text."""

    code = "embedder_failed"


class EmbedderMismatchError(EmbedderError):
    """The collection was embedded by another embedder."""

    code = "embedder_mismatch"


class ModelError(AgentMemError):
    """The language model failed, or answered with something that cannot be used.

    ``input_tokens`` and ``output_tokens`` say what an answer that cannot be used cost all the same, where the model tells.
    """

    code = "model_failed"

    def __init__(self, *args: object, input_tokens: int = 0, output_tokens: int = 0) -> None:
        super().__init__(*args)
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


class TimedOutError(AgentMemError):
    """A call took longer than its timeout, and was given up before it wrote anything."""

    code = "timed_out"


class VaultError(AgentMemError):
    """A sealed value cannot be opened: another key sealed it, or it was changed."""

    code = "vault_failed"


class ServerError(AgentMemError):
    """A server failed; what it was asked may or may not have been done."""

    code = "server_failed"


class ServerUnavailableError(ServerError):
    """No server answers at this address, or it is too slow."""

    code = "server_unavailable"


class BadAnswerError(ServerError):
    """What answers is no server of AgentMem, or it is one of another version."""

    code = "bad_answer"


class AuthenticationError(ServerError):
    """The server does not know the key, or it has expired or was revoked."""

    code = "unauthenticated"


class PermissionDeniedError(ServerError):
    """The key does not allow it."""

    code = "forbidden"


class RateLimitedError(ServerError):
    """The key has used up what it may ask in this time; ``retry_after`` is in seconds, None when it is not known."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """Says when to ask again."""
        super().__init__(message)
        self.retry_after = retry_after


class StoreError(AgentMemError):
    """The store's folder, or one of its files, cannot serve."""

    code = "store_failed"


class StoreUnavailableError(StoreError):
    """The path is not a folder that can be read and written."""

    code = "store_unavailable"


class StoreFullError(StoreError):
    """The disk is full; every acknowledged memory is kept."""

    code = "store_full"


class StoreBusyError(StoreError):
    """Another process held the store for longer than the caller would wait."""

    code = "store_busy"


class StoreDamagedError(StoreError):
    """A file of the store cannot be read as what it should be."""

    code = "store_damaged"


class StoreTooNewError(StoreError):
    """A newer version of AgentMem wrote the store."""

    code = "store_too_new"


class StoreClosedError(StoreError):
    """The client was closed, or was carried over a fork."""

    code = "store_closed"
