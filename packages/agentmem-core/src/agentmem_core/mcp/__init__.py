"""What a client of the Model Context Protocol is offered: tools, resources and prompts on the face, whoever serves them."""

from agentmem_core.mcp.offer import Offer
from agentmem_core.mcp.stdio import serve_stdio

__all__ = ["Offer", "serve_stdio"]
