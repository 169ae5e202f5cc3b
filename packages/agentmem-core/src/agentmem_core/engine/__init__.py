"""One handler for each operation, on ports only."""

from agentmem_core.engine.backend import EmbeddedBackend
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.following import Follower
from agentmem_core.engine.views import Views

__all__ = ["EmbeddedBackend", "Engine", "Follower", "Views"]
