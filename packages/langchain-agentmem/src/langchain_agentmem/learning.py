"""Learning from what is said, alike for every class here that keeps turns."""

from __future__ import annotations

import logging
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel

from agentmem_core import Added, InvalidInputError
from langchain_agentmem.models import as_core_model

Infer = Literal["background"] | bool

_log = logging.getLogger("langchain_agentmem")


def who_learns(llm: Any) -> Any:
    """A chat model of LangChain as the core's; a name, or a model of the core, as it is."""
    return as_core_model(llm) if isinstance(llm, BaseChatModel) else llm


def how_to_learn(infer: Any, *, llm: object, learner: str | None) -> Infer:
    """As ``infer`` says; without it, at once where ``llm`` or ``learner`` says who learns."""
    if infer is None:
        return llm is not None or learner is not None
    if isinstance(infer, bool) or infer == "background":
        return "background" if infer == "background" else bool(infer)
    raise InvalidInputError(f'infer: must be True, False or "background", not {infer!r}')


def tell(added: Added) -> None:
    """What could not be learnt goes into the log: the turns are kept, and ``learn()`` tries again."""
    for warning in added.learned.warnings if added.learned is not None else ():
        _log.warning("learning: %s", warning)
