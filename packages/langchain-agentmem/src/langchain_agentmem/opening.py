"""The store behind an object of ours, kept open between objects."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from agentmem_core import AgentMem
from langchain_agentmem.learning import who_learns

_KEPT_OPEN = 4
_LOCK = threading.Lock()
_KEPT: OrderedDict[tuple[object, ...], AgentMem] = OrderedDict()


def opened(
    client: AgentMem | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    api_key: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
    llm: Any = None,
    learner: str | None = None,
) -> AgentMem:
    """``AgentMem.shared``, and the few stores used last stay open. ``llm`` may be a chat model of LangChain.

    LangChain makes a history for every invocation and drops it afterwards; without this each would open the store anew.
    """
    model = who_learns(llm)
    if client is None:
        _keep_open(path, api_url, api_key, model, learner)
    return AgentMem.shared(
        client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id,
        llm=model, learner=learner,
    )  # fmt: skip


def _keep_open(
    path: str | os.PathLike[str] | None, api_url: str | None, api_key: str | None, llm: Any, learner: str | None
) -> None:
    """Hold a share of the store; one in memory is nobody else's, and ends with its object."""
    given = os.environ.get("AGENTMEM_PATH") if path is None else path
    if given == ":memory:":
        return
    held = AgentMem.shared(path=path, api_url=api_url, api_key=api_key, llm=llm, learner=learner)
    place = None if given is None else os.fspath(given)
    taught = llm if isinstance(llm, str) else hash(llm) if isinstance(llm, Hashable) else id(llm)
    key = (
        os.getpid(),
        place if place is None else str(Path(place).absolute()),
        api_url,
        taught,
        learner,
    )  # a fork has files of its own
    with _LOCK:
        dropped = [_KEPT.pop(key, None)]
        _KEPT[key] = held
        if len(_KEPT) > _KEPT_OPEN:
            dropped.append(_KEPT.popitem(last=False)[1])
    del dropped  # a store that closes with it closes outside the lock
