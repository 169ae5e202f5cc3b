"""What learning costs: counted for the add, and for the tenant's day in the store, so that every process goes by it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from agentmem_core.engine.asking import Steps
from agentmem_core.engine.engine import Engine
from agentmem_core.errors import ModelError, StoreError
from agentmem_core.learning.budget import LearningBudget, charged, refusal
from agentmem_core.learning.prompts import Question
from agentmem_core.model.usage import Usage
from agentmem_core.ports import LedgerReader, LedgerWriter, Reply
from agentmem_core.recall.rendering import estimate_tokens

_SPENT = "learning:spent:{}"
_LEAST_ANSWER = 64
_SUM_LIMIT = 2**53


class SpentError(ModelError):
    """The budget is used up: the model was not asked."""

    code = "budget_spent"

    def __init__(self, why: str, *, daily: bool) -> None:
        """``daily`` when it is the day's, so that tomorrow is another one."""
        super().__init__(f"{why}; the turns are kept, and learn() reads them when there is budget again")
        self.daily = daily


class Meter:
    """The account of one add."""

    def __init__(self, engine: Engine, tenant: str, budget: LearningBudget) -> None:
        """Nothing is spent yet."""
        self._engine = engine
        self._setting = _SPENT.format(tenant)
        self._budget = budget
        self._unwritten = Usage()
        self.spent = Usage()

    def ask(self, question: Question) -> Steps[str]:
        """What the model answers; ``ModelError`` when it fails or may not be asked. Whatever else it raises becomes one."""
        self._reserve(question.tokens + _LEAST_ANSWER)
        try:
            reply = yield question.prompt
        except ModelError:
            self._charge(Usage(calls=1), question.tokens, 0)
            raise
        except Exception as error:
            self._charge(Usage(calls=1), question.tokens, 0)
            raise ModelError(f"the model failed ({type(error).__name__}: {str(error)[:300]})") from error
        text = getattr(reply, "text", None)
        answered = estimate_tokens(text) if isinstance(text, str) else 0
        self._charge(_usage_of(reply), question.tokens, answered)
        if not isinstance(text, str):
            raise ModelError(f"the model answered {type(reply).__name__} without a text")
        return text

    def settle(self, writer: LedgerWriter) -> None:
        """Write what was spent since it was last written."""
        if self._unwritten == Usage():
            return
        today = self._engine.clock()
        total = _spent(writer, self._setting, today) + self._unwritten
        self._write(writer, total, today)
        self._unwritten = Usage()

    def close(self) -> None:
        """Write it, where nothing else was written; a store that cannot be written does not know of it then."""
        if self._unwritten != Usage():
            with suppress(StoreError), self._engine.writing() as writer:
                self.settle(writer)

    def _reserve(self, tokens: int) -> None:
        """With bounds on a day a call is written down before it is made: others may be about to make theirs."""
        if not self._budget.daily:
            self._refuse(Usage(), tokens)
            return
        with self._engine.writing() as writer:
            now = self._engine.clock()
            today = _spent(writer, self._setting, now) + self._unwritten
            self._refuse(today, tokens)
            self._write(writer, today + Usage(1, tokens, 0), now)
            self._unwritten = Usage(-1, -tokens, 0)

    def _refuse(self, today: Usage, tokens: int) -> None:
        why = refusal(self._budget, self.spent, today, tokens)
        if why is not None:
            raise SpentError(why, daily=why.startswith("the budget for a day"))

    def _charge(self, usage: Usage, asked: int, answered: int) -> None:
        cost = charged(usage, asked, answered)
        self.spent += cost
        self._unwritten += cost

    def _write(self, writer: LedgerWriter, usage: Usage, now: datetime) -> None:
        account = [f"{now:%Y-%m-%d}", usage.calls, usage.input_tokens, usage.output_tokens]
        writer.set_setting(self._setting, json.dumps(account))


def spent_today(reader: LedgerReader, tenant: str, now: datetime) -> Usage:
    """What a tenant's learning has cost on this day in UTC."""
    return _spent(reader, _SPENT.format(tenant), now)


def tomorrow(now: datetime) -> datetime:
    """When the next day begins in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _spent(reader: LedgerReader, setting: str, now: datetime) -> Usage:
    stored = reader.setting(setting)
    account: list[Any] = json.loads(stored) if stored else [""]
    return Usage(*account[1:]) if account[0] == f"{now:%Y-%m-%d}" else Usage()


def _usage_of(reply: Reply) -> Usage:
    """What a reply says it cost, if it says so in numbers that can be."""
    usage = getattr(reply, "usage", None)
    counts = [getattr(usage, name, 0) for name in ("calls", "input_tokens", "output_tokens")]
    sane = [count if type(count) is int and 0 <= count < _SUM_LIMIT else 0 for count in counts]
    return Usage(max(1, sane[0]), sane[1], sane[2])
