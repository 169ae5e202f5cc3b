"""The REST server: routes from the table, callers let in by a gate."""

from agentmem_core.errors import NotConfiguredError

try:
    from agentmem_core.server.app import create_app
    from agentmem_core.server.gate import Admission, Caller, Gate, OpenGate, Outcome
    from agentmem_core.server.serving import serve
    from agentmem_core.server.settings import ServerSettings
except ModuleNotFoundError as error:
    raise NotConfiguredError(f'the server needs {error.name}; pip install "agentmem-core[server]"') from error

__all__ = ["Admission", "Caller", "Gate", "OpenGate", "Outcome", "ServerSettings", "create_app", "serve"]
