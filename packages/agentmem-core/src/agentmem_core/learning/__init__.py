"""What a conversation teaches: pure, without I/O, a clock or a model of its own."""

from agentmem_core.learning.budget import LearningBudget
from agentmem_core.learning.values import Fact, Turn

__all__ = ["Fact", "LearningBudget", "Turn"]
