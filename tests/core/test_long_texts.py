"""Long texts: what is read for a search of them is bounded, and whatever the bounds are, the hits are the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from agentmem_core import AgentMem
from agentmem_core.engine import cached as cached_views
from agentmem_core.engine.cached import CachedView
from agentmem_core.recall.lexicon import Lexicon
from agentmem_core.recall.postings import Entries
from agentmem_core.recall.view import View
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.testing import in_memory_backend
from agentmem_core.testing.ledger_samples import a_partition, a_record, put

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BITE = "agentmem_core.storage.sqlite.reader._WORDS_AT_ONCE"
WORDS = [f"{sound}{number}" for sound in ("tea", "milk", "garden", "walk", "里斯本") for number in range(80)]


def opened(folder: Path) -> AgentMem:
    return AgentMem(backend=in_memory_backend(ledger=SqliteLedger(folder), clock=lambda: NOON), user_id="ana")


def a_text(chance: random.Random, size: int) -> str:
    return " ".join(chance.choices(WORDS, k=size))


def fill(memory: AgentMem, chance: random.Random) -> list[str]:
    """Short, long and very long ones, some of them turns; their ids."""
    sizes = [chance.choice((3, 12, 40, 400, 4_000)) for _ in range(150)]
    turns = [{"role": "user", "name": "Ana", "content": a_text(chance, 8) + "?"} for _ in range(20)]
    return [*memory.add_many([a_text(chance, size) for size in sizes]).ids, *memory.add(turns, infer=False).ids]


def shown(memory: AgentMem, queries: Sequence[str]) -> list[Any]:
    return [
        (hit.place, hit.score.hex(), hit.signals)
        for query in queries
        for mode in ("hybrid", "lexical", "dense")
        for hit in memory.search(query, mode=mode, limit=25)
    ]


def test_the_hits_are_the_same_whatever_is_read_at_once(tmp_path, monkeypatch):
    chance = random.Random(5)
    with opened(tmp_path) as memory:
        ids = fill(memory, chance)
    queries = [a_text(chance, size) for size in (1, 2, 3, 5) for _ in range(3)]
    changes = [(chance.choice(ids), a_text(chance, size)) for size in (2, 30, 3_000)]
    later = [a_text(chance, size) for size in (5, 2_000, 20)]
    bites = (1_000_000_000, 1_000_000, 5_000, 1)
    found: list[Any] = []
    for bite in bites:
        monkeypatch.setattr(BITE, bite)
        with opened(tmp_path) as memory:
            found.append(shown(memory, queries))
    assert found[0]
    assert all(one == found[0] for one in found)
    with opened(tmp_path) as memory:  # the last bites, of one memory each, and then what comes after
        memory.search("tea1")
        for id_, text in changes:
            memory.update(id_, content=text)
        memory.delete(next(other for other in ids if other not in dict(changes)))
        memory.add_many(later)
        followed = shown(memory, queries)
    for bite in bites:
        monkeypatch.setattr(BITE, bite)
        with opened(tmp_path) as memory:
            assert shown(memory, queries) == followed


def test_words_are_split_a_bite_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(BITE, 20_000)
    bites: list[int] = []
    extend = View.extend

    def counting(view: View, features: Any) -> None:
        bites.append(sum(len(feature.words) for feature in features))
        extend(view, features)

    monkeypatch.setattr(View, "extend", counting)
    with opened(tmp_path) as memory:
        chance = random.Random(2)
        long = a_text(chance, 4_000)
        memory.add_many([*(a_text(chance, 100) for _ in range(100)), long, *(a_text(chance, 100) for _ in range(100))])
        memory.search("tea1")
        assert max(bites) < 20_000 + len(long) * 2
        assert sorted(bites)[-2] < 22_000
        assert len(bites) > 6


def test_short_texts_are_read_by_the_thousand(tmp_path, monkeypatch):
    """Bites by letters are for long ones: of usual memories they are many rows."""
    asked: list[int] = []
    with closing(SqliteLedger(tmp_path)) as ledger:
        part = a_partition(ledger)
        put(ledger, part, *(a_record(a_text(random.Random(n), 25)) for n in range(1_500)))
        extend = View.extend

        def counting(view: View, features: Any) -> None:
            asked.append(len(features))
            extend(view, features)

        monkeypatch.setattr(View, "extend", counting)
        cached = CachedView(part, vectors=True)
        with ledger.reading() as reader:
            [now] = reader.partitions()
            cached.follow(reader, now)
        assert asked == [1_500]


def test_a_view_reads_on_past_rows_that_are_gone(tmp_path, monkeypatch):
    """The newest rows may be erased, so that there is nothing more to read."""
    monkeypatch.setattr(BITE, 1)
    with opened(tmp_path) as memory:
        ids = memory.add_many([f"tea number {n}" for n in range(30)]).ids
        memory.forget(ids=[*ids[10:12], *ids[25:]])
        assert {hit.memory.id for hit in memory.search("tea", limit=50)} == {*ids[:10], *ids[12:25]}
        assert memory.search("tea", limit=1)


def test_a_first_search_keeps_no_more_than_some_bytes_of_long_memories(tmp_path, monkeypatch):
    monkeypatch.setattr(cached_views, "_AT_FIRST", 100_000)
    with opened(tmp_path) as memory:
        memory.add_many([f"tea {n} {'leaf ' * 2_000}" for n in range(40)])
        assert len(memory.search("tea", limit=5)) == 5
        [view] = memory._backend._engine.views._views.values()  # type: ignore[attr-defined]  # what it keeps is seen nowhere else
        assert 0 < view.memories.nbytes < 100_000 + 5 * 12_000
        found = memory.search("tea", limit=40)
        assert {hit.memory.content.split()[1] for hit in found} == {str(n) for n in range(40)}


def test_a_lexicon_is_put_together_when_it_is_asked_and_is_the_same():
    """What is new stays apart while it is little, and joins the rest when it is much."""
    chance = random.Random(8)
    rows = [chance.choices(WORDS, k=chance.randrange(60)) for _ in range(900)]
    asked, bulk = Lexicon(), Lexicon()
    start = 0
    while start < len(rows):
        size = chance.choice((1, 1, 2, 70))
        asked.extend(rows[start : start + size])
        start += size
        asked.weights(chance.choice(WORDS))
        if chance.random() < 0.2:
            place = chance.randrange(len(asked))
            rows[place] = chance.choices([*WORDS, "new"], k=9)
            asked.replace({place: rows[place]})
    bulk.extend(rows)
    for word in [*WORDS, "new", "unseen"]:
        (mine, my_weights, my_idf), (theirs, their_weights, their_idf) = asked.weights(word), bulk.weights(word)
        assert my_idf == their_idf
        assert dict(zip(mine.tolist(), my_weights.tolist(), strict=True)) == dict(
            zip(theirs.tolist(), their_weights.tolist(), strict=True)
        )


def test_a_lexicon_says_how_much_its_words_take():
    lexicon, other = Lexicon(), Lexicon()
    lexicon.extend([["x" * 100_000, "tea"]])
    other.extend([["x", "tea"]])
    lexicon.extend([["x" * 100_000]])
    assert 99_000 < lexicon.nbytes - other.nbytes < 101_000


def test_entries_are_counted_alike_where_their_numbers_are_large():
    rows, lengths, terms = np.array([7, 9]), np.array([3, 2]), np.array([5, 2, 5, 2, 5])
    for far in (0, 2**30):  # twice that, since there are two rows, is more than int32 holds
        found = Entries.counted(terms + far, lengths, rows)
        assert [part.tolist() for part in found] == [[2 + far, 2 + far, 5 + far, 5 + far], [7, 9, 7, 9], [1, 1, 2, 1]]
