"""An extractor without a model."""

from agentmem_core.learning.rules.extracting import extract

__all__ = ["extract"]
