"""After ``forget`` no file of the store holds what was forgotten, and nobody else has lost anything."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentmem_core import AgentMem, NotFoundError, Receipt
from agentmem_core.engine import searching
from agentmem_core.recall.view import unit_rows

USERS = 30
ROWS = 3_000
FILE = "agentmem.db"


@pytest.fixture(autouse=True)
def _asks_the_index(monkeypatch):
    """Partitions as small as these are answered from their vectors alone, otherwise."""
    monkeypatch.setattr(searching, "_EXACT_SHARE", 0)


def opened(folder: Path | str, **options: Any) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


def letters(number: int) -> str:
    """A number in letters only, so that it is one word which no stemmer shortens to another's."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04d}")


def mark(number: int) -> str:
    """What all rare words of one user begin with."""
    return f"qz{letters(number)}zq"


def traces(folder: Path, *words: str) -> dict[str, list[bytes]]:
    """Which files hold the words, in any case, with what stands around them."""
    sought = [word.encode().lower() for word in words]
    found: dict[str, list[bytes]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = file.read_bytes().lower()
        hits = [text[max(at - 20, 0) : at + len(word) + 20] for word in sought if (at := text.find(word)) >= 0]
        if hits:
            found[str(file.relative_to(folder))] = hits[:3]
    return found


class Diary:
    """Texts of very different lengths, in which every few words bear the mark of their user."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._count = 0

    def text(self, user: str) -> str:
        """10 to 3,000 characters."""
        size = self._chance.choice([10, 30, 80, 300, 900, 3_000])
        size = self._chance.randint(10, size)
        words: list[str] = []
        while sum(map(len, words)) + len(words) < size:
            self._count += 1
            words.append(f"{user}{letters(self._count % 10_000)}")
            words.append(self._chance.choice(["the", "garden", "里斯本", "travels", "in", "May"]))
        return " ".join(words)


def lived_in(folder: Path, users: dict[str, str], rows: int, seed: int = 1, **options: Any) -> AgentMem:
    """A store in which many users wrote at the same time: added, changed, deleted, linked, with metadata and vectors.

    ``users`` gives each user's name and mark.
    """
    chance, diary = random.Random(seed), Diary(seed)
    memory = opened(folder, **options)
    ids: dict[str, list[str]] = {user: [] for user in users}
    for number in range(rows):
        user, word = chance.choice([*users.items()])
        added = memory.add(
            {"role": "user", "name": f"{word}name", "content": diary.text(word)} if number % 3 else diary.text(word),
            user_id=user, session_id=f"{word}session{number % 4}", agent_id=f"{word}agent",
            metadata={"place": f"{word}place{number}", f"{word}key": [diary.text(word)[:200]]}, id=f"{word}id{number}",
        )  # fmt: skip
        ids[user] += added.ids
        step = chance.random()
        chosen = chance.choice(ids[user])
        if step < 0.2:
            memory.update(chosen, content=diary.text(word), user_id=user, reason=f"{word}reason")
        elif step < 0.25:
            memory.update(chosen, metadata={"later": f"{word}later"}, user_id=user)
        elif step < 0.3:
            memory.relate(chosen, f"{word}relation", added.ids[0], user_id=user, metadata={"why": f"{word}why"})
        elif step < 0.34:
            memory.delete(chosen, user_id=user, reason=f"{word}deleted")
            ids[user].remove(chosen)
            ids[user] = ids[user] or memory.add(diary.text(word), user_id=user).ids
        elif step < 0.4:
            vector = [chance.random() for _ in range(8)]
            memory.add(diary.text(word), user_id=user, collection="given", vector=vector, metadata={"v": f"{word}v"})
    return memory


def pairs(count: int) -> dict[str, str]:
    """Users whose names bear their mark too."""
    return {f"{mark(number)}user": mark(number) for number in range(count)}


def everything(memory: AgentMem, user: str) -> tuple[Any, ...]:
    """All that a user sees."""
    return (
        memory.list(user_id=user, limit=10_000).items,
        memory.list(user_id=user, limit=10_000, collection="given").items,
        memory.stats(user_id=user).model_copy(update={"bytes_on_disk": 0}),
    )


def silent(receipt: Receipt, *words: str) -> None:
    """The receipt counts, and quotes nothing."""
    shown = receipt.model_dump_json().lower()
    assert receipt.files_clean
    assert not [word for word in words if word.lower() in shown]


# --- a user, a session, some ids --------------------------------------------------------------------------------------


def test_forgetting_users_one_after_another_leaves_no_trace_of_them(tmp_path):
    """3,000 rows of 30 users lie between each other, so that pages were split, filled and moved many times."""
    users = pairs(USERS)
    with lived_in(tmp_path, users, ROWS) as memory:
        gone: list[str] = []
        for user in [*users][3:12]:
            others = {other: everything(memory, other) for other in [*users][:3]}
            before = memory.stats(user_id=user)
            receipt = memory.forget(user_id=user)
            gone.append(users[user])
            silent(receipt, users[user])
            assert receipt.memories == sum(item.memories for item in before.collections) + before.deleted
            assert receipt.links == before.links
            assert set(receipt.collections) <= {"memories", "given"}
            assert traces(tmp_path, *gone) == {}
            assert memory.list(user_id=user).items == ()
            assert memory.search(f"{users[user]}name", user_id=user) == []
            assert {other: everything(memory, other) for other in others} == others
    assert traces(tmp_path, *gone) == {}
    assert traces(tmp_path, users[next(iter(users))]) != {}, "the search sees what is there"


def test_what_the_rest_of_the_store_does_later_uncovers_nothing(tmp_path):
    users = pairs(10)
    with lived_in(tmp_path, users, 600, seed=2) as memory:
        user = [*users][4]
        memory.forget(user_id=user)
        diary = Diary(3)
        for number in range(200):
            other = [*users][number % 4]
            memory.add(diary.text(users[other]), user_id=other)
        assert traces(tmp_path, users[user]) == {}
        memory.compact()
        assert traces(tmp_path, users[user]) == {}
    assert traces(tmp_path, users[user]) == {}


def test_forgetting_a_session_leaves_the_users_other_sessions(tmp_path):
    with opened(tmp_path) as memory:
        diary = Diary(5)
        for number in range(400):
            session = number % 5
            word = mark(session)
            added = memory.add(
                diary.text(word), session_id=f"s{session}", id=f"{word}id{number}", metadata={"of": f"{word}meta"}
            )
            if number % 3 == 0:
                memory.update(added.ids[0], content=diary.text(word), session_id=f"s{session}")
            if number % 10 == 0:
                memory.delete(added.ids[0], session_id=f"s{session}")
            if number >= 5:
                memory.add(diary.text(word), session_id=f"s{session}", collection="given", vector=[1.0, number])
        kept = [memory.list(session_id=f"s{session}", limit=1_000).items for session in range(4)]
        receipt = memory.forget(session_id="s4")
        silent(receipt, mark(4))
        assert receipt.memories == 80 + 79
        assert receipt.vectors == 80 + 79
        assert receipt.versions == len(range(4, 400, 5)) - sum(n % 3 != 0 for n in range(4, 400, 5))
        assert traces(tmp_path, mark(4)) == {}
        assert [memory.list(session_id=f"s{session}", limit=1_000).items for session in range(4)] == kept
        assert memory.list(session_id="s4").items == ()
    assert traces(tmp_path, mark(4)) == {}


def test_forgetting_an_agent_leaves_the_users_other_agents(tmp_path):
    with opened(tmp_path) as memory:
        diary = Diary(6)
        for number in range(200):
            memory.add(diary.text(mark(number % 4)), agent_id=f"a{number % 4}")
        receipt = memory.forget(agent_id="a2")
        assert receipt.memories == 50
        assert traces(tmp_path, mark(2)) == {}
        assert memory.stats().memories == 150


@pytest.mark.parametrize("step", [1, 7, 50])
def test_forgetting_ids_leaves_no_trace_of_them(tmp_path, step):
    """Each row bears its own mark."""
    with opened(tmp_path) as memory:
        diary = Diary(step)
        ids = [memory.add(diary.text(mark(n)), metadata={"of": mark(n)}, id=f"{mark(n)}id").ids[0] for n in range(200)]
        for n in range(0, 200, 2):
            memory.update(ids[n], content=diary.text(mark(n)))
            memory.relate(ids[n], f"{mark(n)}next", ids[n + 1])
        for n in range(0, 200, 10):
            memory.delete(ids[n], reason=f"{mark(n)}reason")
        wanted = list(range(0, 200, 9))
        for first in range(0, len(wanted), step):
            part = wanted[first : first + step]
            receipt = memory.forget([ids[n] for n in part])
            silent(receipt, *(mark(n) for n in part))
            assert receipt.memories == len(part)
            assert receipt.vectors == len(part)
        assert traces(tmp_path, *(mark(n) for n in wanted)) == {}
        with pytest.raises(NotFoundError):
            memory.get(ids[wanted[0]])
        rest = [n for n in range(200) if n not in wanted and n % 10]
        assert len(memory.get_many([ids[n] for n in rest])) == len(rest)
    assert traces(tmp_path, *(mark(n) for n in wanted)) == {}


def test_the_receipt_counts_what_there_was(tmp_path):
    with opened(tmp_path) as memory:
        memory.add_many([{"content": f"memory {n}", "id": f"m{n}"} for n in range(5)], user_id="ana")
        memory.update("m0", content="changed once", user_id="ana")
        memory.update("m0", content="changed twice", user_id="ana")
        memory.delete("m4", user_id="ana")
        memory.relate("m0", "before", "m1", user_id="ana")
        memory.relate("m1", "before", "m2", user_id="ana")
        ends = datetime.now(UTC) + timedelta(seconds=3)
        memory.add("expired", user_id="ana", expires_at=ends)
        memory.add("mine", user_id="ana", collection="given", vector=[1.0, 2.0])
        memory.add("ben's", user_id="ben")
        time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
        receipt = memory.forget(user_id="ana")
        counts = (receipt.memories, receipt.versions, receipt.vectors, receipt.links, receipt.collections)
        assert counts == (7, 3, 7, 2, ("given", "memories"))
        assert memory.forget(user_id="ana").memories == 0
        assert memory.stats(everyone=True).memories == 1


def test_forgetting_in_one_collection_leaves_the_others(tmp_path):
    with opened(tmp_path) as memory:
        memory.add(f"{mark(1)} in memories", user_id="ana")
        memory.add(f"{mark(2)} in given", user_id="ana", collection="given", vector=[1.0, 2.0])
        memory.forget(user_id="ana", collection="given")
        assert traces(tmp_path, mark(2)) == {}
        assert memory.stats(user_id="ana").memories == 1


def test_one_tenants_forgetting_leaves_anothers_user_of_the_same_name(tmp_path):
    with opened(tmp_path, tenant="a") as a, opened(tmp_path, tenant="b") as b:
        a.add(f"{mark(1)} of a", user_id="ana")
        b.add(f"{mark(2)} of b", user_id="ana")
        assert a.forget(user_id="ana").memories == 1
        assert traces(tmp_path, mark(1)) == {}
        assert b.stats(user_id="ana").memories == 1


def test_the_vectors_are_gone_from_the_ledger_too(tmp_path):
    chance = np.random.default_rng(4)
    given = chance.random((400, 32), np.float32)
    with opened(tmp_path) as memory:
        for number, vector in enumerate(given):
            memory.add(f"memory {number}", user_id=f"u{number % 4}", collection="given", vector=vector)
        memory.forget(user_id="u3")
        assert [n for n in range(3, 400, 4) if given[n].tobytes()[:24] in (tmp_path / FILE).read_bytes()] == []
        assert given[2].tobytes()[:24] in (tmp_path / FILE).read_bytes()


# --- with company -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["hashing"])
def crowded(request, tmp_path) -> Iterator[tuple[Path, AgentMem]]:
    """Two users with enough memories to be in the index, which is level."""
    with opened(tmp_path, index=None, exact_limit=50, embedder=request.param) as memory:
        for user in range(2):
            items = [
                {"content": f"{mark(user)}{letters(n)} about subject{letters(n)}", "id": f"{mark(user)}id{n}"}
                for n in range(200)
            ]
            memory.add_many(items, user_id=f"{mark(user)}user")
        assert memory._backend._engine.follower.wait(60)  # type: ignore[attr-defined]
        yield tmp_path, memory


def unit_vectors(memory: AgentMem, user: str) -> set[bytes]:
    """A user's vectors as they were given to the index."""
    with memory._backend._engine.ledger.reading() as reader:  # type: ignore[attr-defined]
        partition = reader.partition("default", "memories", user)
        rows = reader.vectors_after(partition.id, after=0, limit=1_000)
    return {vector.tobytes() for vector in unit_rows([blob for _, blob in rows], len(rows[0][1]) // 4)}


def test_forgetting_a_user_empties_the_index_of_them(crowded):
    folder, memory = crowded
    user, word = f"{mark(0)}user", mark(0)
    follower = memory._backend._engine.follower
    before = follower._index.spaces()
    others = everything(memory, f"{mark(1)}user")
    receipt = memory.forget(user_id=user)
    silent(receipt, word)
    assert receipt.memories == 200
    assert traces(folder, word) == {}
    assert len(follower._index.spaces()) == len(before) - 1
    assert memory.search("about subject", user_id=user) == []
    assert everything(memory, f"{mark(1)}user") == others
    memory.close()
    assert traces(folder, word) == {}


@pytest.mark.parametrize("crowded", ["wordllama"], indirect=True)
def test_the_files_of_the_index_do_not_keep_a_forgotten_users_vectors(crowded):
    """With dense vectors: hashed ones are mostly zeros, and stand by chance across two others that lie side by side."""
    folder, memory = crowded
    mine, others = unit_vectors(memory, f"{mark(0)}user"), unit_vectors(memory, f"{mark(1)}user")
    memory.forget(user_id=f"{mark(0)}user")
    memory.close()
    kept = b"".join(path.read_bytes() for path in (folder / "chroma").rglob("*") if path.is_file())
    assert [vector for vector in others if vector in kept], "the search sees what is there"
    assert len([vector for vector in mine - others if vector in kept]) == 0


def test_forgetting_ids_takes_them_out_of_the_index(crowded):
    folder, memory = crowded
    user, word = f"{mark(0)}user", mark(0)
    ids = [f"{word}id{n}" for n in range(0, 200, 4)]
    memory.forget(ids, user_id=user)
    gone = [f"{word}{letters(n)}" for n in range(0, 200, 4)]
    assert traces(folder, *gone) == {}
    for n in (0, 4, 8):
        text = f"{word}{letters(n)} about subject{letters(n)}"
        assert text not in {hit.memory.content for hit in memory.search(text, user_id=user, mode="dense", limit=50)}
    follower = memory._backend._engine.follower
    assert follower.wait(60)
    assert follower._index.count("agentmem-p1-g1-e1") == 150
    assert len(memory.search("about subject", user_id=user, limit=200, mode="dense")) == 150


def test_a_second_client_sees_and_keeps_nothing_of_what_another_forgot(tmp_path):
    users = pairs(4)
    with lived_in(tmp_path, users, 300, seed=7) as one, opened(tmp_path) as two:
        user = [*users][1]
        assert two.search("garden", user_id=user)
        receipt = one.forget(user_id=user)
        silent(receipt, users[user])
        assert traces(tmp_path, users[user]) == {}
        assert two.search("garden", user_id=user) == []
        assert two.list(user_id=user).items == ()
        two.add("still writing", user_id=next(iter(users)))
        two.close()
        assert traces(tmp_path, users[user]) == {}
    assert traces(tmp_path, users[user]) == {}


def test_what_a_user_used_before_being_forgotten_is_not_written_afterwards(tmp_path):
    """Searches count what they find, and the counts are written later."""
    users = pairs(3)
    with lived_in(tmp_path, users, 100, seed=8) as one, opened(tmp_path) as two:
        user = [*users][1]
        two.search("garden", user_id=user)
        one.search("garden", user_id=user)
        one.forget(user_id=user)
    assert traces(tmp_path, users[user]) == {}
    with opened(tmp_path) as again:
        assert again.stats(user_id=user).memories == 0


READING = """
import sys
import time
from agentmem_core import AgentMem
memory = AgentMem(sys.argv[1], embedder="hashing", index="none", durability="normal")
print(len(memory.search("garden", user_id=sys.argv[2])), flush=True)
sys.stdin.readline()
print(len(memory.search("garden", user_id=sys.argv[2])), memory.stats(user_id=sys.argv[2]).memories, flush=True)
sys.stdin.readline()
"""


def test_another_process_with_the_store_open_does_not_keep_the_files_from_being_clean(tmp_path):
    users = pairs(4)
    with lived_in(tmp_path, users, 300, seed=9) as memory:
        user = [*users][2]
        child = subprocess.Popen(
            [sys.executable, "-c", READING, tmp_path, user], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdin is not None
        assert int(child.stdout.readline()) > 0
        silent(memory.forget(user_id=user), users[user])
        assert traces(tmp_path, users[user]) == {}
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline().split() == ["0", "0"]
        child.communicate("\n")
    assert traces(tmp_path, users[user]) == {}


def test_a_reader_that_holds_old_pages_is_told_of_and_compact_finishes_the_erasure(tmp_path):
    users = pairs(4)
    with lived_in(tmp_path, users, 200, seed=10) as memory:
        user = [*users][2]
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM memories").fetchone()
        receipt = memory.forget(user_id=user)
        assert not receipt.files_clean
        assert memory.list(user_id=user).items == ()
        other.execute("COMMIT")
        other.close()
        memory.compact()
        assert traces(tmp_path, users[user]) == {}
    assert traces(tmp_path, users[user]) == {}


def test_an_erasure_that_was_killed_before_the_files_were_clean_is_finished_by_the_next(tmp_path):
    """The rows are gone from the ledger, their pages still stand in its log."""
    script = (
        "import os, sys\n"
        "from agentmem_core import AgentMem\n"
        "memory = AgentMem(sys.argv[1], embedder='hashing', index='none', durability='normal')\n"
        f"memory.add('{mark(1)} was here', user_id='ana')\n"
        f"memory.add('{mark(2)} was here', user_id='ben')\n"
        "memory._backend._engine.ledger.scrub = lambda: os.kill(os.getpid(), 9)\n"
        "memory.forget(user_id='ana')\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    with opened(tmp_path) as memory:
        assert memory.stats(user_id="ana").memories == 0
        memory.forget(user_id="ben")
        assert traces(tmp_path, mark(1), mark(2)) == {}


# --- the trash and the size -------------------------------------------------------------------------------------------


def test_compact_leaves_no_trace_of_what_was_deleted(tmp_path):
    with opened(tmp_path) as memory:
        diary = Diary(11)
        ids = [memory.add(diary.text(mark(n % 20))).ids[0] for n in range(400)]
        memory.delete([memory_id for n, memory_id in enumerate(ids) if n % 20 == 7])
        assert traces(tmp_path, mark(7)) != {}
        done = memory.compact()
        assert done.purged == 20
        assert traces(tmp_path, mark(7)) == {}
        assert memory.stats().deleted == 0
        assert memory.stats().memories == 380


@pytest.mark.parametrize("way", ["delete", "forget"])
def test_after_compact_the_files_are_at_most_twice_as_large_as_those_of_a_fresh_store(tmp_path, way):
    texts = [Diary(n).text(mark(n % 50)) for n in range(1_500)]
    with opened(tmp_path / "old") as memory:
        ids = memory.add_many(texts).ids
        for n in range(0, 1_500, 5):
            memory.update(ids[n], importance=0.7)
        gone = [memory_id for n, memory_id in enumerate(ids) if n % 4]
        if way == "delete":
            memory.delete(gone)
        else:
            memory.forget(gone)
        before = memory.stats().bytes_on_disk
        done = memory.compact()
        assert done.bytes_before == before
        assert done.bytes_after == memory.stats().bytes_on_disk <= before
        kept = [item.content for item in memory.list(limit=10_000).items]
    with opened(tmp_path / "fresh") as memory:
        memory.add_many(kept)
    sizes = [sum(path.stat().st_size for path in (tmp_path / name).iterdir()) for name in ("old", "fresh")]
    assert sizes[0] <= 2 * sizes[1]
