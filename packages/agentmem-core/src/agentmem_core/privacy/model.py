"""A model whose answers pass the filter too: what was taken out of the question may be put together again in the answer."""

from __future__ import annotations

import re

from agentmem_core.errors import InvalidInputError, ModelError
from agentmem_core.ports import LanguageModel, Prompt, Reply
from agentmem_core.ports.model import ONE_CALL
from agentmem_core.privacy.filtering import PrivacyFilter

_ESCAPED = re.compile(r"\\u00(2[013-9a-f]|[3467][0-9a-f]|5[0-9abd-f])", re.IGNORECASE)
"""A printable character that JSON need not escape: behind it an address would not look like one."""


class GuardedModel:
    """A ``LanguageModel`` behind a filter: its answers come without what is taken out; what is blocked is a ``ModelError``."""

    def __init__(self, model: LanguageModel, privacy: PrivacyFilter) -> None:
        """Leaves the closing of the model to whoever made it."""
        self._model = model
        self._privacy = privacy

    @property
    def name(self) -> str:
        """The model's."""
        return getattr(self._model, "name", type(self._model).__name__)

    def ask(self, prompt: Prompt) -> Reply:
        return self._cleaned(self._model.ask(prompt))

    async def aask(self, prompt: Prompt) -> Reply:
        return self._cleaned(await self._model.aask(prompt))

    def _cleaned(self, reply: Reply) -> Reply:
        if not isinstance(getattr(reply, "text", None), str):
            return reply
        plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), reply.text)
        try:
            cleaned = self._privacy.clean(plain, "the model's answer")
        except InvalidInputError as error:
            raise ModelError(str(error)) from error
        return Reply(cleaned.text, getattr(reply, "usage", ONE_CALL)) if cleaned.redacted else reply
