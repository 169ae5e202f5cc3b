"""Work that asks a model half-way: steps that give prompts and take replies, whoever gets them answered, in either colour."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from agentmem_core.ports import LanguageModel, Prompt, Reply

T = TypeVar("T")

Steps = Generator[Prompt, Reply, T]
"""Yields what is to be asked, is sent the reply or thrown what went wrong, and returns its answer. No transaction is open while
it waits."""


class Walk(Generic[T]):
    """The way through steps: ``prompt`` is what is to be asked next, until ``done``; then there is an ``answer``."""

    def __init__(self, steps: Steps[T]) -> None:
        """Not begun."""
        self._steps = steps
        self.prompt: Prompt | None = None
        self.answer: T

    def begin(self) -> None:
        """Go to the first question, or through all where there is none."""
        self._go(lambda: next(self._steps))

    def reply(self, reply: Reply) -> None:
        """Go on with what was answered."""
        self._go(lambda: self._steps.send(reply))

    def fail(self, error: Exception) -> None:
        """Go on without an answer."""
        self._go(lambda: self._steps.throw(error))

    def give_up(self) -> None:
        """Go no further."""
        self._steps.close()

    def _go(self, step: Callable[[], Prompt]) -> None:
        try:
            self.prompt = step()
        except StopIteration as done:
            self.prompt = None
            self.answer = done.value


def walk(steps: Steps[T], model: LanguageModel | None) -> T:
    """All steps, waiting for the model; what it raises is for the steps to deal with."""
    path = Walk(steps)
    path.begin()
    while path.prompt is not None:
        try:
            reply = require(model).ask(path.prompt)
        except Exception as error:  # noqa: BLE001 - a model of somebody else: the steps say what it was
            path.fail(error)
        else:
            path.reply(reply)
    return path.answer


def require(model: LanguageModel | None) -> LanguageModel:
    """The model; steps ask only where there is one."""
    if model is None:
        raise AssertionError("steps asked a model where there is none")
    return model
