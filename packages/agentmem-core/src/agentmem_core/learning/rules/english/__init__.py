"""First-person statements in English."""

from agentmem_core.learning.rules.english.statements import read_english

__all__ = ["read_english"]
