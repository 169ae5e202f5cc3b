"""``python -m agentmem_core.cli`` is ``agentmem``."""

from agentmem_core.cli import main

main()
