"""The limit: what the same hybrid work costs when it is written by hand for nothing else.

One SQLite table, a commit an add, a numpy matrix a user, bm25 over a dict of postings. Nothing is checked, nothing forgotten,
nothing shared between processes.
"""

from __future__ import annotations

import math
import re
import sqlite3
import uuid
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from embedding import DIMENSION, Embed
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")


class _User:
    """What is held in memory of one user."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.vectors: NDArray[np.float32] = np.zeros((64, DIMENSION), np.float32)
        self.lengths: NDArray[np.float32] = np.zeros(64, np.float32)
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def take(self, text: str, vector: NDArray[np.float32]) -> None:
        here = len(self.texts)
        if here == len(self.vectors):
            self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)])
            self.lengths = np.concatenate([self.lengths, np.zeros_like(self.lengths)])
        self.texts.append(text)
        self.vectors[here] = vector
        words = Counter(_WORD.findall(text.lower()))
        self.lengths[here] = sum(words.values())
        for word, count in words.items():
            self.postings[word].append((here, count))

    def best(self, query: str, vector: NDArray[np.float32], limit: int) -> list[str]:
        count = len(self.texts)
        scores = self.vectors[:count] @ vector
        lexical = np.zeros(count, np.float32)
        mean = float(self.lengths[:count].mean())
        for word in set(_WORD.findall(query.lower())):
            found = self.postings.get(word)
            if not found:
                continue
            rows, counts = np.array(found, np.int64).T
            weight = math.log(1 + (count - len(found) + 0.5) / (len(found) + 0.5))
            share = counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * self.lengths[rows] / mean))
            lexical[rows] += (weight * share).astype(np.float32)
        top = float(lexical.max())
        scores = scores + lexical / top if top > 0 else scores
        chosen = np.argpartition(-scores, min(limit, count - 1))[:limit]
        return [self.texts[row] for row in chosen[np.argsort(-scores[chosen])]]


class System:
    """Everything by hand."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.embed = embed
        self.db = sqlite3.connect(folder / "limit.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS m (id TEXT PRIMARY KEY, user TEXT, text TEXT, vector BLOB)")
        self.users: dict[str, _User] = defaultdict(_User)

    def add(self, text: str, user: str) -> str:
        return self._add([text], user)[0]

    def add_many(self, texts: list[str], user: str) -> int:
        return len(self._add(texts, user))

    def _add(self, texts: list[str], user: str) -> list[str]:
        vectors = np.asarray(self.embed(texts), np.float32)
        rows = [(uuid.uuid4().hex, user, text, vector.tobytes()) for text, vector in zip(texts, vectors, strict=True)]
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO m VALUES (?, ?, ?, ?)", rows)
        self.db.execute("COMMIT")
        for text, vector in zip(texts, vectors, strict=True):
            self.users[user].take(text, vector)
        return [row[0] for row in rows]

    def search(self, query: str, user: str, limit: int) -> list[str]:
        return self.users[user].best(query, np.asarray(self.embed([query])[0], np.float32), limit)

    def get(self, memory_id: str, user: str) -> str:
        return str(self.db.execute("SELECT text FROM m WHERE id = ? AND user = ?", (memory_id, user)).fetchone()[0])

    def delete_user(self, user: str) -> None:
        self.db.execute("DELETE FROM m WHERE user = ?", (user,))
        self.users.pop(user, None)

    def close(self) -> None:
        self.db.close()
