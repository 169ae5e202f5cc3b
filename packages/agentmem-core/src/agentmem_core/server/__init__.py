"""The REST server: routes from the table, callers let in by a gate."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentmem_core.server.app import create_app
    from agentmem_core.server.gate import Admission, Caller, Gate, OpenGate, Outcome
    from agentmem_core.server.serving import serve
    from agentmem_core.server.settings import ServerSettings

__all__ = ["Admission", "Caller", "Gate", "OpenGate", "Outcome", "ServerSettings", "create_app", "serve"]

_HOME_OF = {
    **dict.fromkeys(("Admission", "Caller", "Gate", "OpenGate", "Outcome"), "gate"),
    "ServerSettings": "settings",
    "create_app": "app",
    "serve": "serving",
}
"""Imported when it is asked for: who makes a key on the command line needs no web server."""


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = globals()[name] = getattr(import_module(f"agentmem_core.server.{home}"), name)
    except ModuleNotFoundError as error:
        errors = import_module("agentmem_core.errors")
        raise errors.NotConfiguredError(
            f'the server needs {error.name}; pip install "agentmem-core[server]"'
        ) from error
    return value
