"""The limit: what the same hybrid work costs when it is written by hand for nothing else.

One SQLite table, a commit an add, a numpy matrix a user, BM25 over arrays of postings; words and vectors are those that
AgentMem finds. Nothing is checked, nothing forgotten, nothing shared between processes.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import uuid
from array import array
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from embedding import DIMENSION, Embed
from numpy.typing import NDArray

from agentmem_core.recall.text import words


class _User:
    """What is held in memory of one user."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tags: defaultdict[str, array[int]] = defaultdict(lambda: array("i"))
        self.vectors: NDArray[np.float32] = np.zeros((64, DIMENSION), np.float32)
        self.lengths: NDArray[np.float32] = np.zeros(64, np.float32)
        self.total = 0
        self.postings: defaultdict[str, tuple[array[int], array[int]]] = defaultdict(lambda: (array("i"), array("i")))

    def take(self, text: str, vector: NDArray[np.float32], tag: str) -> None:
        here = len(self.texts)
        if here == len(self.vectors):
            self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)])
            self.lengths = np.concatenate([self.lengths, np.zeros_like(self.lengths)])
        self.texts.append(text)
        self.tags[tag].append(here)
        self.vectors[here] = vector
        counts = Counter(words(text))
        self.lengths[here] = sum(counts.values())
        self.total += sum(counts.values())
        for word, count in counts.items():
            rows, times = self.postings[word]
            rows.append(here)
            times.append(count)

    def best(self, query: str, vector: NDArray[np.float32], limit: int, tag: str | None) -> list[str]:
        count = len(self.texts)
        if not count:
            return []
        scores = self.vectors[:count] @ vector
        lexical = np.zeros(count, np.float32)
        mean = self.total / count
        for word in set(words(query)):
            if word not in self.postings:
                continue
            rows, times = (np.frombuffer(column, np.int32) for column in self.postings[word])
            weight = math.log(1 + (count - len(rows) + 0.5) / (len(rows) + 0.5))
            share = times * 2.2 / (times + 1.2 * (0.25 + 0.75 * self.lengths[rows] / mean))
            lexical[rows] += (weight * share).astype(np.float32)
        top = float(lexical.max())
        scores = scores + lexical / top if top > 0 else scores
        among = np.frombuffer(self.tags[tag], np.int32) if tag is not None else np.arange(count)
        if not len(among):
            return []
        order = np.argpartition(-scores[among], min(limit, len(among)) - 1)[:limit]
        chosen = among[order]
        return [self.texts[row] for row in chosen[np.argsort(-scores[chosen])]]


class System:
    """Everything by hand; a user is read when it is asked for first, as ours is."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.embed = embed
        self.lock = threading.Lock()
        self.db = sqlite3.connect(folder / "limit.db", isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS m (id TEXT PRIMARY KEY, user TEXT, tag TEXT, text TEXT, vector BLOB)"
        )
        self.db.execute("CREATE INDEX IF NOT EXISTS by_user ON m (user)")
        self.users: dict[str, _User] = {}

    def add(self, text: str, user: str, tag: str = "none") -> str:
        return self._add([text], [user], [tag])[0]

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return len(self._add(texts, [user] * len(texts), [tag] * len(texts)))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        return len(self._add(texts, users, tags))

    def _add(self, texts: list[str], users: list[str], tags: list[str]) -> list[str]:
        vectors = np.asarray(self.embed(texts), np.float32)
        ids = [uuid.uuid4().hex for _ in texts]
        blobs = [vector.tobytes() for vector in vectors]
        with self.lock:
            before = {user: self._of(user) for user in set(users)}
            self.db.execute("BEGIN")
            self.db.executemany(
                "INSERT INTO m VALUES (?, ?, ?, ?, ?)", zip(ids, users, tags, texts, blobs, strict=True)
            )
            self.db.execute("COMMIT")
            for text, user, tag, vector in zip(texts, users, tags, vectors, strict=True):
                before[user].take(text, vector, tag)
        return ids

    def _of(self, user: str) -> _User:
        held = self.users.get(user)
        if held is None:
            held = self.users[user] = _User()
            for text, tag, vector in self.db.execute(
                "SELECT text, tag, vector FROM m WHERE user = ? ORDER BY rowid", (user,)
            ):
                held.take(text, np.frombuffer(vector, np.float32), tag)
        return held

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        vector = np.asarray(self.embed([query])[0], np.float32)
        with self.lock:
            return self._of(user).best(query, vector, limit, tag)

    def get(self, memory_id: str, user: str) -> str:
        with self.lock:
            return str(self.db.execute("SELECT text FROM m WHERE id = ? AND user = ?", (memory_id, user)).fetchone()[0])

    def delete_user(self, user: str) -> None:
        with self.lock:
            self.db.execute("DELETE FROM m WHERE user = ?", (user,))
            self.users.pop(user, None)

    def close(self) -> None:
        self.db.close()
