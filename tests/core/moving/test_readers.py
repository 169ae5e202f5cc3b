"""What each source's own shape becomes."""

import hashlib
import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from tests.core.moving.exports import DATA, unpacked

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError
from agentmem_core.moving import Misfit, SourceRecord, move, open_source
from agentmem_core.moving.chroma_folder import chroma_rows


@pytest.fixture
def memory():
    with AgentMem(":memory:", embedder="hashing") as client:
        yield client


def records(kind, path, **options):
    return [found for found in open_source(kind, path, **options) if isinstance(found, SourceRecord)]


def misfits(kind, path, **options):
    return [found for found in open_source(kind, path, **options) if isinstance(found, Misfit)]


def written(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), "utf-8")
    return path


# --- mem0


@pytest.mark.parametrize("store", ["mem0_chroma.tar.gz", "mem0_qdrant.tar.gz"])
def test_mem0_s_history_becomes_ours(store, memory, tmp_path):
    report = move(open_source("mem0", unpacked(store, tmp_path)), memory)
    assert any("5 memories were deleted in mem0" in note for note in report.notes)
    everything = [item for user in report.by_user for item in memory.list(user_id=user, limit=1000).items]
    changed = [item for item in everything if item.version > 1]
    assert len(changed) == 10
    (twice,) = [item for item in changed if item.version == 3]
    history = memory.history(twice.id, user_id=twice.scope.user_id)
    assert [version.content for version in history] == [
        "Rita plays the cello in the town orchestra, season 1",
        "Changed: Rita plays the cello in the town orchestra, season 1",
        "Changed again: Rita plays the viola now",
    ]
    assert history[0].changed_at == twice.created_at < history[1].changed_at < history[2].changed_at == twice.updated_at
    assert memory.restore(twice.id, 1, user_id=twice.scope.user_id).content.startswith("Rita plays the cello")


def test_mem0_s_export_and_its_store_are_the_same_memories(memory, tmp_path):
    move(open_source("mem0", unpacked("mem0_chroma.tar.gz", tmp_path)), memory)
    again = move(open_source("mem0", DATA / "mem0.json.gz"), memory)
    assert (again.moved, again.known, again.changed) == (0, 235, 0)


def test_mem0_s_fields_are_kept(tmp_path):
    item = {
        "id": "7d3e1c1e-0000-4000-8000-000000000001", "memory": "Ana 拉大提琴", "user_id": "ana", "agent_id": "a", "run_id": "r",
        "metadata": {"topic": "music", "original_id": "theirs"}, "categories": ["hobbies"], "created_at": "2024-05-03T10:00:00-07:00",
        "updated_at": "2024-06-03T10:00:00Z", "expiration_date": "2999-01-01", "actor_id": "Rita", "role": "user",
    }  # fmt: skip
    (record,) = records("mem0", written(tmp_path / "e.json", [item]))
    assert record.occurred_at == datetime(2024, 5, 3, 17, tzinfo=UTC)
    assert record.updated_at == datetime(2024, 6, 3, 10, tzinfo=UTC)
    assert record.expires_at == datetime(2999, 1, 1, tzinfo=UTC)
    assert (record.user_id, record.agent_id, record.session_id) == ("ana", "a", "r")
    assert record.metadata == {
        "topic": "music", "original_id": "theirs", "categories": ["hobbies"], "actor_id": "Rita", "role": "user",
    }  # fmt: skip
    with AgentMem(":memory:", embedder="hashing") as memory:
        move(open_source("mem0", tmp_path / "e.json"), memory)
        (kept,) = memory.list(user_id="ana").items
        assert kept.metadata["original_id"] == item["id"]
        assert kept.metadata["original_metadata"] == {"original_id": "theirs"}
        written(tmp_path / "old.json", [{**item, "id": "x" * 20, "expiration_date": "2001-01-01"}])
        assert move(open_source("mem0", tmp_path / "old.json"), memory).reasons == {"it had expired": 1}


def test_mem0_s_relations_belong_to_the_only_user(memory, tmp_path):
    relation = {"source": "ana", "relationship": "lives_in", "target": "lisbon"}
    path = written(
        tmp_path / "e.json",
        {"results": [{"id": "1" * 20, "memory": "Ana rows", "user_id": "ana"}], "relations": [relation]},
    )
    assert move(open_source("mem0", path), memory).by_user == {"ana": 2}
    assert memory.list(user_id="ana").items[1].content == "ana lives in lisbon"
    assert memory.list(user_id="ana").items[1].entities == ("ana", "lisbon")


class Bomb:
    """A pickle of it would make a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


def test_a_qdrant_point_that_would_run_a_program_is_told_and_not_run(memory, tmp_path):
    folder = unpacked("mem0_qdrant.tar.gz", tmp_path)
    (store,) = folder.rglob("storage.sqlite")
    target = tmp_path / "was-run"
    with closing(sqlite3.connect(store)) as database, database:
        for number, raw in enumerate((pickle.dumps(Bomb(target)), b"torn", pickle.dumps({"id": 1}), None)):
            database.execute("INSERT INTO points VALUES (?, ?)", (f"bad-{number}", raw))
    report = move(open_source("mem0", folder), memory)
    assert report.moved == 235
    assert report.misfit_count == 4
    assert not target.exists()


CHROMA = """
import json, os, shutil, signal, sys, chromadb
client = chromadb.PersistentClient(sys.argv[1], settings=chromadb.Settings(anonymized_telemetry=False))
one = client.create_collection("one", embedding_function=None)
two = client.create_collection("two", embedding_function=None)
for start in range(0, 60, 20):
    numbers = range(start, start + 20)
    ids = [f"id-{number}" for number in numbers]
    lists = json.loads(sys.argv[2])
    said = [{"number": n, "data": f"text {n}", "part": n / 2, "even": n % 2 == 0, **lists} for n in numbers]
    vectors = [[1.0, float(number)] for number in numbers]
    for collection in (one, two):
        collection.add(ids=ids, embeddings=vectors, metadatas=said, documents=[f"doc {number}" for number in numbers])
shutil.copy(sys.argv[1] + "/chroma.sqlite3", sys.argv[1] + "/earlier.sqlite3")
one.update(ids=["id-1", "id-50"], metadatas=[{"data": "changed", "part": None}] * 2)
one.delete(ids=["id-2", "id-51"])
os.kill(os.getpid(), signal.SIGKILL)
"""


LISTS = {"tags": ["a", "乙"]} if tuple(map(int, version("chromadb").split(".")[:2])) >= (1, 5) else {}
TABLES = ("embeddings", "embedding_metadata", "embedding_metadata_array", "max_seq_id")


@pytest.mark.parametrize("applied", ["all", "some", "nothing"])
def test_what_chroma_was_told_before_it_was_killed_is_read(applied, tmp_path):
    """Its log is written first; its tables may be as they were before the last changes, or before any."""
    killed = subprocess.run([sys.executable, "-c", CHROMA, str(tmp_path), json.dumps(LISTS)], check=False, timeout=100)
    assert killed.returncode == -signal.SIGKILL
    path = tmp_path / "chroma.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("ATTACH ? AS earlier", (str(tmp_path / "earlier.sqlite3"),))
        for name in () if applied == "all" else TABLES if LISTS else TABLES[:2] + TABLES[3:]:
            database.execute(f"DELETE FROM main.{name}")
            if applied == "some":
                database.execute(f"INSERT INTO main.{name} SELECT * FROM earlier.{name}")
        database.commit()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    one = {row.id: row for row in chroma_rows(path, "one")}
    two = {row.id: row for row in chroma_rows(path, "two")}
    assert set(one) == {f"id-{number}" for number in range(60)} - {"id-2", "id-51"}
    assert len(two) == 60
    changed = {"number": 1, "data": "changed", "even": False, **LISTS}
    assert one["id-1"].metadata == changed
    assert one["id-50"].metadata == {**changed, "number": 50, "even": True}
    assert two["id-59"].metadata == {"number": 59, "data": "text 59", "part": 29.5, "even": False, **LISTS}
    assert two["id-7"].document == "doc 7"
    assert before == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(InvalidInputError, match="there are one, two"):
        list(chroma_rows(path, "three"))


# --- databases of others


def test_a_database_that_is_in_use_is_read_with_what_its_log_holds(memory, tmp_path):
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("CREATE TABLE message_store (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT)")
        for number in range(50):
            message = json.dumps({"type": "human", "data": {"content": f"turn {number}"}})
            database.execute("INSERT INTO message_store (session_id, message) VALUES ('s', ?)", (message,))
        database.commit()
        assert move(open_source("langchain", path), memory).moved == 50
        database.execute("DELETE FROM message_store WHERE id = 1")
        database.commit()
    assert move(open_source("langchain", path), memory).known == 49
    assert not list(tmp_path.glob("*-wal"))
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert move(open_source("langchain", path), memory).known == 49
    finally:
        tmp_path.chmod(0o700)


def test_two_databases_that_count_from_one_do_not_hide_each_other(memory, tmp_path):
    for name, text in (("a", "from the first"), ("b", "from the second")):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database, database:
            database.execute("CREATE TABLE message_store (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT)")
            message = json.dumps({"type": "human", "data": {"content": text}})
            database.execute("INSERT INTO message_store (session_id, message) VALUES ('s', ?)", (message,))
        assert move(open_source("langchain", tmp_path / f"{name}.db"), memory).moved == 1


def test_another_table_can_be_named(memory, tmp_path):
    path = tmp_path / "h.db"
    with closing(sqlite3.connect(path)) as database, database:
        for table in ("mine", 'odd "name"'):
            quoted = '"' + table.replace('"', '""') + '"'
            database.execute(
                f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT, created_at TEXT)"
            )
            message = json.dumps({"type": "ai", "data": {"content": f"in {table}"}})
            database.execute(
                f"INSERT INTO {quoted} (session_id, message, created_at) VALUES ('s', ?, '2024-05-03 10:00:00')",
                (message,),
            )
        database.execute("INSERT INTO mine (session_id, message) VALUES ('s', 'no json'), (NULL, NULL), ('s', '[1]')")
    (record,) = records("langchain", path, table='odd "name"')
    assert (record.content, record.role) == ('in odd "name"', "assistant")
    assert record.occurred_at == datetime(2024, 5, 3, 10, tzinfo=UTC)
    assert len(misfits("langchain", path, table="mine")) == 3
    with pytest.raises(InvalidInputError, match="there are mine"):
        records("langchain", path, table="yours")


# --- LangChain


def test_redis_lists_are_read_newest_last(tmp_path):
    turns = [
        json.dumps({"type": kind, "data": {"content": text}})
        for kind, text in (("ai", "third"), ("ai", "second"), ("human", "first"))
    ]
    path = tmp_path / "dump.json"
    for value in (turns, {"message_store:s1": turns}):
        written(path, value)
        assert [record.content for record in records("langchain", path)] == ["first", "second", "third"]
        assert [record.content for record in records("langchain", path, format="oldest-first")] == [
            "third",
            "second",
            "first",
        ]
    assert records("langchain", path)[0].session_id == "s1"


def test_langchain_messages_of_every_spelling(tmp_path):
    spelled = [
        {"type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "lc": 1, "kwargs": {"content": "dumped", "type": "human"}},
        {"type": "AIMessageChunk", "data": {"content": [{"type": "text", "text": "a part"}, {"type": "image_url"}], "name": "Rita"}},
        {"type": "chat", "data": {"content": "said", "role": "narrator"}},
        {"type": "tool", "data": {"content": "21 degrees", "tool_call_id": "c1"}},
        {"type": "human", "data": {"content": "docs", "id": None}, "session_id": "s9", "timestamp": 1_714_730_400.0, "message_id": "01HXK3Y8Z2"},
        {"type": "banana", "data": {"content": "x"}},
    ]  # fmt: skip
    found = records("langchain", written(tmp_path / "m.json", spelled))
    assert [(record.role, record.content) for record in found] == [
        ("user", "dumped"), ("assistant", "a part"), ("narrator", "said"), ("tool", "21 degrees"), ("user", "docs"),
    ]  # fmt: skip
    assert found[1].name == "Rita"
    assert found[1].metadata["left_out"] == ["image_url"]
    assert (found[4].session_id, found[4].occurred_at) == ("s9", datetime(2024, 5, 3, 10, tzinfo=UTC))


def test_a_folder_of_histories_is_one_session_a_file(tmp_path):
    for name in ("ana", "bo"):
        written(tmp_path / f"{name}.json", [{"type": "human", "data": {"content": f"I am {name}"}}])
    assert [record.session_id for record in records("langchain", tmp_path)] == ["ana", "bo"]


# --- Letta, Zep


def test_letta_s_blocks_are_core_blocks_of_their_agent(memory):
    move(open_source("letta", DATA / "letta.af.gz"), memory)
    assert memory.core.get("human").text == "Ana Ribeiro, vegetarian, lives in Lisbon"
    persona = memory.core.get("persona", agent_id="planner")
    assert (persona.text, persona.limit) == ("I plan journeys by train", 5000)
    assert "Ana Ribeiro" in memory.core.compile()
    memory.core.set("human", "Ana Ribeiro, vegan")
    again = move(open_source("letta", DATA / "letta.af.gz"), memory)
    assert (again.moved, again.changed) == (0, 1)
    assert [block.label for block in memory.core.blocks()] == ["human", "persona"]
    said = memory.list(agent_id="writer", limit=3).items
    assert [item.role for item in said] == ["user", "assistant", "user"]
    assert said[1].metadata["thought"] == "I should answer."


def test_zep_s_facts_hold_for_their_time(memory):
    move(open_source("zep", DATA / "zep.json.gz"), memory)
    facts = [
        item for item in memory.list(user_id="ana", types=["semantic"], limit=100).items if "name" in item.metadata
    ]
    ended = [item for item in facts if item.valid_to is not None]
    assert (len(facts), len(ended)) == (30, 3)
    assert all(item.valid_from < item.valid_to for item in ended)
    asked = {hit.memory.id for hit in memory.search("cello", user_id="ana", limit=1000, as_of="2024-03-20T00:00:00Z")}
    assert not asked & {item.id for item in ended}


@pytest.mark.parametrize(
    "answer",
    [
        [{"uuid": "a" * 20, "content": "hello", "role_type": "user", "role": "Ana", "created_at": "2024-05-03T10:00:00Z"}],
        {"user_id": "ana", "messages": [{"uuid": "a" * 20, "content": "hello", "role_type": "user", "role": "Ana", "created_at": "2024-05-03T10:00:00Z"}]},
        {"messages": [{"uuid": "a" * 20, "content": "hello", "role_type": "user", "role": "Ana", "created_at": "2024-05-03T10:00:00Z"}], "session_id": "s"},
        {"sessions": [{"session_id": "s", "user_id": "ana", "memory": {"messages": [{"uuid": "a" * 20, "content": "hello", "role_type": "user", "role": "Ana", "created_at": "2024-05-03T10:00:00Z"}]}}]},
    ],
)  # fmt: skip
def test_zep_s_answers_of_every_nesting(answer, tmp_path):
    (record,) = records("zep", written(tmp_path / "z.json", answer))
    assert (record.content, record.role, record.name) == ("hello", "user", "Ana")
    assert record.occurred_at == datetime(2024, 5, 3, 10, tzinfo=UTC)


# --- LlamaIndex, CrewAI


def test_llamaindex_nodes_know_their_document(tmp_path):
    found = records("llamaindex", unpacked("llamaindex_storage.tar.gz", tmp_path))
    assert {record.metadata["document_id"] for record in found} == {
        f"note-{number:04}-of-the-town" for number in range(210)
    }


def test_crewai_s_importance_scope_and_agent_are_kept(memory, tmp_path):
    pytest.importorskip("lancedb")
    move(open_source("crewai", unpacked("crewai_lance.tar.gz", tmp_path)), memory)
    item = memory.list(limit=2).items[1]
    assert item.importance == pytest.approx(0.1)
    assert item.occurred_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert item.scope.agent_id == "writer"
    assert item.metadata["scope"] == "/crew/travel/agent/writer"
    assert item.metadata["categories"] == ["travel", "c1"]


def test_without_lancedb_it_says_what_to_install(memory, tmp_path, monkeypatch):
    folder = unpacked("crewai_lance.tar.gz", tmp_path)
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(NotConfiguredError, match="pip install lancedb"):
        move(open_source("crewai", folder), memory)
    assert memory.stats().memories == 0


def test_crewai_s_older_memories_keep_what_they_were(memory, tmp_path):
    report = move(open_source("crewai", unpacked("crewai_old.tar.gz", tmp_path)), memory)
    assert report.by_type == {"episodic": 160, "semantic": 80}
    views = [item.metadata["view"] for item in memory.list(limit=1000).items]
    assert {view: views.count(view) for view in set(views)} == {"long_term": 80, "short_term": 80, "entity": 80}
    entity = next(item for item in memory.list(limit=1000).items if item.metadata["view"] == "entity")
    assert entity.entities[0].startswith("Person ")
