"""The command ``agentmem``."""

from agentmem_core.cli.entry import main

__all__ = ["main"]
