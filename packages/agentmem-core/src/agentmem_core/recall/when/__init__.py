"""Time expressions of English and Chinese, resolved to intervals."""

from agentmem_core.recall.when.span import Span
from agentmem_core.recall.when.spans import spans

__all__ = ["Span", "spans"]
