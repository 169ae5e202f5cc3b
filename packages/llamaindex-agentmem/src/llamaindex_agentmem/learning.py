"""Learning from what is said, alike for every class here that keeps turns."""

from __future__ import annotations

import logging
import os
from typing import Any, Literal

from llama_index.core.llms import LLM

from agentmem_core import Added, AgentMem, InvalidInputError
from llamaindex_agentmem.models import as_core_model
from llamaindex_agentmem.opening import Opened

Infer = Literal["background"] | bool

_log = logging.getLogger("llamaindex_agentmem")


class Learning(Opened):
    """A store whose turns may be learnt from: by ``llm``, by ``learner="rules"``, or with ``infer=True`` by a client that can.

    A dump names the learner, but holds no model: give ``llm=`` again to ``from_dict``.
    """

    learner: str | None = None
    infer: Infer = False

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        llm: Any = None,
        learner: str | None = None,
        infer: Infer | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id,
            llm=as_core_model(llm) if isinstance(llm, LLM) else llm, learner=learner,
            infer=how_to_learn(infer, llm=llm, learner=learner), **fields,
        )  # fmt: skip


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
