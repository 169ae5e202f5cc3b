"""Three dialects: what a request looks like in each, and what its answer says. Pure."""

from agentmem_core.llms.dialects.anthropic import AnthropicDialect
from agentmem_core.llms.dialects.base import Dialect, Outgoing
from agentmem_core.llms.dialects.gemini import GeminiDialect
from agentmem_core.llms.dialects.openai import OpenAIDialect

__all__ = ["AnthropicDialect", "Dialect", "GeminiDialect", "OpenAIDialect", "Outgoing"]
