"""Tasks for agents: called by name, with a timeout, tried again where that is safe."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

from agentmem_core.client.agents.base import Agent
from agentmem_core.errors import (
    AgentMemError,
    EmbedderError,
    InvalidInputError,
    ModelError,
    NotFoundError,
    StoreBusyError,
    TimedOutError,
)
from agentmem_core.model.agents import AgentReply, AgentTask
from agentmem_core.operations.agents import AGENT_OPS
from agentmem_core.ports.cancelling import CANCELLATION, Cancellation

_COMMON_REPEATABLE = {"search", "get", "list"}
_REPEATABLE = {(op.agent, op.verb) for op in AGENT_OPS if op.repeatable}
_PASSING = (StoreBusyError, EmbedderError, ModelError)
"""Errors that may be gone at the next attempt."""

_ATTEMPTS = 3
_PAUSE = 0.05


def verbs_of(agent: Agent) -> list[str]:
    """What can be asked of an agent: its public verbs, each of which has a twin for async callers."""
    names = [name for name, _ in inspect.getmembers(type(agent), inspect.isfunction) if not name.startswith("_")]
    return sorted(name for name in names if f"a{name}" in names)


@dataclass(slots=True)
class Dispatching:
    """One task on its way: what to call, how often, and what came of it."""

    agent: Agent
    task: AgentTask
    begun: float
    attempts: int = 0

    @classmethod
    def of(cls, agents: dict[str, Agent], task: AgentTask) -> Dispatching:
        """Unknown agents, verbs and parameters are errors that say what there is."""
        agent = agents.get(task.type)
        if agent is None:
            raise NotFoundError(f"no agent {task.type!r}; there are {', '.join(agents)}")
        verbs = verbs_of(agent)
        if task.operation not in verbs:
            raise NotFoundError(f"agent {task.type!r} has no operation {task.operation!r}; it has {', '.join(verbs)}")
        signature = inspect.signature(getattr(agent, task.operation))
        try:
            if "self" in task.parameters:
                raise TypeError("got an unexpected keyword argument 'self'")  # noqa: TRY301 - as bind says it of others
            signature.bind(**task.parameters)
        except TypeError as error:
            takes = ", ".join(name for name in signature.parameters if name != "scope")
            raise InvalidInputError(
                f"parameters: {error}; {task.type}.{task.operation} takes {takes}, user_id, agent_id, session_id"
            ) from None
        if isinstance(task.parameters.get("file"), str | os.PathLike):
            raise InvalidInputError(
                "file: a task carries bytes; a path of this machine is read only where your own program calls put() with it"
            )
        return cls(agent, task, time.monotonic())

    def call(self, verb: str) -> Callable[..., Any]:
        """The method; ``verb`` with an ``a`` in front is its twin."""
        method: Callable[..., Any] = getattr(self.agent, verb)
        return method

    def pause_before_next(self, error: AgentMemError) -> float | None:
        """Seconds to wait before another attempt; None when there is to be none."""
        key = (self.task.type, self.task.operation)
        repeatable = key in _REPEATABLE or self.task.operation in _COMMON_REPEATABLE
        if not repeatable or not isinstance(error, _PASSING) or self.attempts >= _ATTEMPTS:
            return None
        return float(_PAUSE * 2**self.attempts)

    def done(self, data: Any, *, late: bool = False) -> AgentReply:
        """It worked."""
        return AgentReply(success=True, data=data, timed_out=late, **self._common())

    def failed(self, error: AgentMemError, *, late: bool = False) -> AgentReply:
        """It did not."""
        return AgentReply(success=False, error=str(error), error_code=error.code, timed_out=late, **self._common())

    def given_up(self) -> AgentReply:
        """It took too long, and had written nothing."""
        error = TimedOutError(f"{self.task.operation} took longer than {self.task.timeout} s; nothing was written")
        return self.failed(error, late=True)

    def _common(self) -> dict[str, Any]:
        return {"seconds": time.monotonic() - self.begun, "agent": self.agent.name, "attempts": self.attempts}


def dispatch(agents: dict[str, Agent], task: AgentTask) -> AgentReply:
    """Without a timeout in this thread, otherwise in one of its own, so that the caller need not wait for it."""
    job = _begun(agents, task)
    if isinstance(job, AgentReply):
        return job
    if task.timeout is None:
        return _attempt(job)
    cancellation = Cancellation()
    context = contextvars.copy_context()
    context.run(CANCELLATION.set, cancellation)
    future: Future[AgentReply] = Future()
    threading.Thread(target=context.run, args=(_into, future, job), name="agentmem-task", daemon=True).start()
    try:
        return future.result(task.timeout)
    except FutureTimeoutError:
        if cancellation.cancel():
            return job.given_up()
        return future.result().model_copy(update={"timed_out": True})


async def adispatch(agents: dict[str, Agent], task: AgentTask) -> AgentReply:
    """The same on the event loop."""
    job = _begun(agents, task)
    if isinstance(job, AgentReply):
        return job
    if task.timeout is None:
        return await _aattempt(job)
    cancellation = Cancellation()
    context = contextvars.copy_context()
    context.run(CANCELLATION.set, cancellation)
    running = asyncio.get_running_loop().create_task(_aattempt(job), context=context)
    try:
        finished, _ = await asyncio.wait({running}, timeout=task.timeout)
        if finished:
            return running.result()
        if not cancellation.cancel():
            return (await running).model_copy(update={"timed_out": True})
    except asyncio.CancelledError:
        cancellation.cancel()
        running.cancel()
        raise
    running.cancel()
    return job.given_up()


def _begun(agents: dict[str, Agent], task: AgentTask) -> Dispatching | AgentReply:
    """The job, or the reply of one that cannot begin."""
    if not isinstance(task, AgentTask):
        raise InvalidInputError(f"task: must be an AgentTask, not {type(task).__name__}")
    begun = time.monotonic()
    try:
        return Dispatching.of(agents, task)
    except AgentMemError as error:
        return AgentReply(
            success=False, error=str(error), error_code=error.code, seconds=time.monotonic() - begun, agent=task.type,
            attempts=0,
        )  # fmt: skip


def _into(future: Future[AgentReply], job: Dispatching) -> None:
    try:
        future.set_result(_attempt(job))
    except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who waits
        future.set_exception(error)


def _attempt(job: Dispatching) -> AgentReply:
    while True:
        job.attempts += 1
        try:
            return job.done(job.call(job.task.operation)(**job.task.parameters))
        except AgentMemError as error:
            pause = job.pause_before_next(error)
            if pause is None:
                return job.failed(error)
            time.sleep(pause)


async def _aattempt(job: Dispatching) -> AgentReply:
    while True:
        job.attempts += 1
        try:
            answer: Awaitable[Any] = job.call(f"a{job.task.operation}")(**job.task.parameters)
            return job.done(await answer)
        except AgentMemError as error:
            pause = job.pause_before_next(error)
            if pause is None:
                return job.failed(error)
            await asyncio.sleep(pause)
