"""Finding turns: what a system is told of them, and how its answers are mapped back.

No system sees what a question is about, which turns answer it, or a name that says so. Ours is told what its users give with
a turn: who said it, when, and in the variants named so in which session. The others keep texts, so they are told
``speaker: words``, and in the variants named so the day as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from time import perf_counter
from typing import Any, Protocol

from agentmem_core import AgentMem, Context, Hit
from agentmem_core.recall.rendering import estimate_tokens, render
from benchmarks.chats import Chat, Question, Turn


class FindingError(Exception):
    """A system cannot be asked, or answers what cannot be scored."""


@dataclass(frozen=True, slots=True)
class Found:
    """The names of the turns, best first, and how long the system took in seconds."""

    names: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model would be shown of it."""

    text: str
    tokens: int
    names: tuple[str, ...]


class System(Protocol):
    """One way to find turns."""

    def load(self, chats: Sequence[Chat]) -> None:
        """Tell it everything, user by user."""
        ...

    def find(self, chat: Chat, question: Question, limit: int) -> Found:
        """The best turns of that user."""
        ...

    def context(self, chat: Chat, question: Question, max_tokens: int) -> Shown:
        """As text for a model."""
        ...


class Store:
    """An AgentMem in a folder with all chats; the modes share it."""

    def __init__(self, memory: AgentMem, *, sessions: bool) -> None:
        """``sessions`` says whether turns come with their session."""
        self.memory, self._sessions = memory, sessions
        self.names: dict[tuple[str, str], str] = {}

    def load(self, chats: Sequence[Chat]) -> None:
        """Once, in the order of the chats; ids are the store's own, since those of a file name sessions."""
        if self.names:
            return
        for chat in chats:
            added = self.memory.add_many(map(self._item, chat.turns), user_id=chat.user)
            if added.failures:
                raise FindingError(f"{len(added.failures)} turns were not taken, the first: {added.failures[0].error}")
            self.names.update({(chat.user, made): turn.name for made, turn in zip(added.ids, chat.turns, strict=True)})

    def _item(self, turn: Turn) -> dict[str, Any]:
        item: dict[str, Any] = {"role": turn.role, "content": turn.content, "occurred_at": turn.occurred_at}
        if turn.speaker != turn.role:
            item["name"] = turn.speaker
        return item | {"session_id": turn.session} if self._sessions else item


class Ours:
    """AgentMem in one of its modes."""

    def __init__(self, store: Store, mode: str) -> None:
        """A view of ``store``."""
        self._store, self._mode = store, mode

    def load(self, chats: Sequence[Chat]) -> None:
        """Unless another mode has."""
        self._store.load(chats)

    def find(self, chat: Chat, question: Question, limit: int) -> Found:
        """``search``."""
        begun = perf_counter()
        hits = self._search(chat, question, limit)
        seconds = perf_counter() - begun
        return Found(self._names(chat, hits), seconds)

    def context(self, chat: Chat, question: Question, max_tokens: int) -> Shown:
        """``context``, which is hybrid; the other modes are rendered as it does."""
        text: Context
        if self._mode == "hybrid":
            text = self._store.memory.context(
                question.text, user_id=chat.user, now=question.now, max_tokens=max_tokens, count_tokens=estimate_tokens
            )
        else:
            text = render(self._search(chat, question, 20), max_tokens=max_tokens)
        return Shown(str(text), text.tokens, self._names(chat, text.hits))

    def _search(self, chat: Chat, question: Question, limit: int) -> list[Hit]:
        return self._store.memory.search(
            question.text, user_id=chat.user, limit=limit, mode=self._mode, now=question.now
        )

    def _names(self, chat: Chat, hits: Sequence[Hit]) -> tuple[str, ...]:
        return tuple(self._store.names[chat.user, hit.memory.id] for hit in hits)


class Texts:
    """What is told the text of every turn and answers texts; an answer is mapped back to the turn that has it.

    Of turns with one text the first is meant when it comes for the first time, and so on: nobody could tell them apart. A text
    that nobody said keeps its rank, as a turn that is never right.
    """

    def __init__(self, form: Callable[[Turn], str] = attrgetter("text")) -> None:
        """``form`` makes the text of a turn."""
        self.form = form
        self._turns: dict[str, dict[str, list[Turn]]] = {}

    def load(self, chats: Sequence[Chat]) -> None:
        """Tell them in order."""
        for chat in chats:
            said = self._turns[chat.user] = defaultdict(list)
            texts = [self.form(turn) for turn in chat.turns]
            for text, turn in zip(texts, chat.turns, strict=True):
                said[_key(text)].append(turn)
            self.tell(chat.user, texts)

    def find(self, chat: Chat, question: Question, limit: int) -> Found:
        """Ask, then map back; only asking takes time."""
        seconds, texts = self.ask(chat.user, question.text, limit)
        return Found(self._names(chat, texts), seconds)

    def context(self, chat: Chat, question: Question, max_tokens: int) -> Shown:
        """The best texts that fit, one a line."""
        _, texts = self.ask(chat.user, question.text, 20)
        kept: list[str] = []
        for text in texts:
            if estimate_tokens("\n".join([*kept, text])) <= max_tokens:
                kept.append(text)
        whole = "\n".join(kept)
        return Shown(whole, estimate_tokens(whole), self._names(chat, kept))

    def tell(self, user: str, texts: Sequence[str]) -> None:
        """Keep the texts of a user."""
        raise NotImplementedError

    def ask(self, user: str, query: str, limit: int) -> tuple[float, list[str]]:
        """Seconds, and the best texts of that user."""
        raise NotImplementedError

    def _names(self, chat: Chat, texts: Sequence[str]) -> tuple[str, ...]:
        left = {key: iter(turns) for key, turns in self._turns[chat.user].items()}
        turns = [next(left.get(_key(text), iter(())), None) for text in texts]
        return tuple(f"unknown-{rank}" if turn is None else turn.name for rank, turn in enumerate(turns))


def _key(text: str) -> str:
    return " ".join(text.split())  # some systems take spaces away at the ends
