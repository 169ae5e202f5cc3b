"""Learning from turns that are kept: extract, compare, decide, apply."""

from agentmem_core.engine.learning.holding import let_go
from agentmem_core.engine.learning.queue import wake
from agentmem_core.engine.learning.summarising import maintain_and_summarise
from agentmem_core.engine.learning.verbs import add_and_learn, flush_learning, learn

__all__ = ["add_and_learn", "flush_learning", "learn", "let_go", "maintain_and_summarise", "wake"]
