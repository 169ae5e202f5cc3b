"""Embedders by name."""

from __future__ import annotations

from typing import Any, cast

from agentmem_core.embedders.callables import CallableEmbedder
from agentmem_core.errors import EmbedderError, NotConfiguredError
from agentmem_core.ports import Embedder
from agentmem_core.ports.installed import installed, names

GROUP = "agentmem.embedders"
"""Entry points of this group are classes that take the model's name, or None."""


def find_embedder(given: Any) -> Embedder:
    """The embedder that ``given`` means: ``"name"`` or ``"name:model"``, an ``Embedder``, or a function from texts to vectors."""
    if isinstance(given, str):
        return _by_name(given)
    if hasattr(given, "embed") and hasattr(given, "fingerprint"):
        return cast("Embedder", given)
    if callable(given):
        return CallableEmbedder(given)
    raise NotConfiguredError(
        f"embedder must be a name ({', '.join(names(GROUP))}), an Embedder or a function from texts to vectors, "
        f"not {type(given).__name__}"
    )


def _by_name(given: str) -> Embedder:
    name, _, model = given.partition(":")
    found = installed(GROUP, name)
    if found is None:
        raise NotConfiguredError(f"unknown embedder {name!r}; installed are {', '.join(names(GROUP))}")
    try:
        kind = found.load()
    except ImportError as error:
        raise EmbedderError(f"embedder {name!r} cannot be loaded: {error}") from error
    return cast("Embedder", kind(model or None))
