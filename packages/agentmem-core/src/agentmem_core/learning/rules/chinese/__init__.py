"""First-person statements in Chinese."""

from agentmem_core.learning.rules.chinese.statements import read_chinese

__all__ = ["read_chinese"]
