"""What models are asked: short texts in files of their own, each with its version, in English and Chinese."""

from agentmem_core.learning.prompts.rendering import Question, deciding, extracting, language_of, summarising

__all__ = ["Question", "deciding", "extracting", "language_of", "summarising"]
