"""Verbs that learn from what is remembered."""

from __future__ import annotations

import time
from datetime import datetime

from agentmem_core.client.base import Verbs
from agentmem_core.model.learning import Learned, LearningQueue
from agentmem_core.operations import FlushLearning, Learn, build

_PAUSE, _LONGEST_PAUSE = 0.01, 0.25


class LearningVerbs(Verbs):
    """learn and flush, each with its ``a...`` twin."""

    def learn(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        since: datetime | str | None = None,
        again: bool = False,
    ) -> Learned:
        """Learn facts from the turns of the scope that nothing was learnt from yet, and were said ``since`` then.

        Turns are read once: a second call finds nothing to do. ``again`` reads them anew. It ends early, with a warning, when the
        model fails or the budget is used up; ``left`` is then more than 0.
        """
        learned = Learned()
        while True:
            learned += self._run(self._learn(learned.cursor, user_id, agent_id, session_id, since, again=again))
            if learned.cursor is None:
                return learned

    async def alearn(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        since: datetime | str | None = None,
        again: bool = False,
    ) -> Learned:
        """``learn`` without blocking the event loop."""
        learned = Learned()
        while True:
            learned += await self._arun(self._learn(learned.cursor, user_id, agent_id, session_id, since, again=again))
            if learned.cursor is None:
                return learned

    def flush(
        self,
        *,
        user_id: str | None = None,
        everyone: bool = False,
        timeout: float | None = None,
        retry: bool = False,
    ) -> LearningQueue:
        """Wait until what was queued with ``infer="background"`` is learnt, at most ``timeout`` seconds; answers what is not.

        What waits for the budget of another day, or for somebody who learns, is not waited for. ``retry`` tries what has failed once more.
        ``everyone`` waits for all users of the tenant.
        """
        waiting = _Waiting(timeout)
        while True:
            queue = self._run(self._flush(user_id, everyone=everyone, retry=retry))
            pause = waiting.pause(queue)
            if pause is None:
                return queue
            retry = False
            time.sleep(pause)

    async def aflush(
        self,
        *,
        user_id: str | None = None,
        everyone: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - the same argument in both colours
        retry: bool = False,
    ) -> LearningQueue:
        """``flush`` without blocking the event loop."""
        import asyncio

        waiting = _Waiting(timeout)
        while True:
            queue = await self._arun(self._flush(user_id, everyone=everyone, retry=retry))
            pause = waiting.pause(queue)
            if pause is None:
                return queue
            retry = False
            await asyncio.sleep(pause)

    def _learn(
        self,
        cursor: str | None,
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        since: datetime | str | None,
        *,
        again: bool,
    ) -> Learn:
        scope = self._within(user_id, agent_id, session_id)
        return build(Learn, scope=scope, since=since, again=again, cursor=cursor)

    def _flush(self, user_id: str | None, *, everyone: bool, retry: bool) -> FlushLearning:
        scope = self._within(user_id, None, None)
        return build(FlushLearning, scope=scope, everyone=everyone, retry=retry)


class _Waiting:
    """How long to wait before looking again."""

    def __init__(self, timeout: float | None) -> None:
        self._until = None if timeout is None else time.monotonic() + timeout
        self._pause = _PAUSE

    def pause(self, queue: LearningQueue) -> float | None:
        """Seconds; None when there is nothing to wait for any more."""
        if queue.waiting <= queue.deferred or not queue.learning:
            return None
        left = _LONGEST_PAUSE if self._until is None else self._until - time.monotonic()
        if left <= 0:
            return None
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return min(pause, left)
