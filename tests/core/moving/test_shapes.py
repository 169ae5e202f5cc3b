"""Shapes beside the usual ones: folders, wrappers, older layouts, and files that are somebody else's."""

import json
import sqlite3
from contextlib import closing

import pytest
from tests.core.moving.exports import DATA, unpacked

from agentmem_core import AgentMem, InvalidInputError
from agentmem_core.moving import Misfit, SourceRecord, move, open_source


def found_in(kind, path, **options):
    return list(open_source(kind, path, **options))


def contents(kind, path, **options):
    return [found.content for found in found_in(kind, path, **options) if isinstance(found, SourceRecord)]


def written(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), "utf-8")
    return path


def table(path, statement, *rows):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)
        name = statement.split()[2]
        for row in rows:
            database.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    return path


@pytest.mark.parametrize(
    ("kind", "word"),
    [("mem0", "chroma"), ("zep", "json"), ("langchain", "json"), ("llamaindex", "docstore"), ("crewai", "lance"), ("chat", "conversations")],
)  # fmt: skip
def test_an_empty_folder_is_told_what_it_should_hold(kind, word, tmp_path):
    with pytest.raises(InvalidInputError, match=word):
        found_in(kind, tmp_path)


@pytest.mark.parametrize("kind", ["langchain", "llamaindex", "crewai", "mem0"])
def test_another_program_s_database_is_refused(kind, tmp_path):
    table(tmp_path / "chroma.sqlite3", "CREATE TABLE cats (name TEXT)", ("Tom",))
    with pytest.raises(InvalidInputError, match=r"chroma\.sqlite3"):
        found_in(kind, tmp_path if kind == "mem0" else tmp_path / "chroma.sqlite3")


def test_a_torn_database_is_refused_and_nothing_is_moved(tmp_path):
    path = unpacked("langchain.db.gz", tmp_path)
    whole = bytearray(path.read_bytes())
    whole[8192:12288] = b"\x00" * 4096
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with AgentMem(":memory:", embedder="hashing") as memory:
        with pytest.raises(InvalidInputError, match="cannot be read as SQLite"):
            move(open_source("langchain", path), memory)
        assert memory.stats().memories == 0


def test_chat_folders_and_formats(tmp_path):
    written(tmp_path / "conversations-001.json", [{"role": "user", "content": "two"}])
    written(tmp_path / "conversations-000.json", [{"role": "user", "content": "one"}])
    assert contents("chat", tmp_path) == ["one", "two"]
    path = tmp_path / "conversations-000.json"
    (misfit,) = found_in("chat", path, format="claude")
    assert isinstance(misfit, Misfit)
    with pytest.raises(InvalidInputError, match="format"):
        found_in("chat", path, format="whatsapp")
    with pytest.raises(InvalidInputError, match="not a JSON object"):
        found_in("chat", written(tmp_path / "n.json", '{"role": "user", "content": "a"} 7'), format="jsonl")
    with pytest.raises(InvalidInputError, match="who speaks"):
        found_in("chat", written(tmp_path / "n.txt", "some prose\nwithout speakers"))


def test_chatgpt_s_quotes_and_hidden_messages(tmp_path):
    def node(parent, content, **more):
        return {
            "parent": parent,
            "children": [],
            "message": {"author": {"role": "tool", "name": "browser"}, "content": content, **more},
        }

    nodes = {
        "a": node(None, {"content_type": "tether_quote", "title": "Title", "text": "Quoted"}, recipient="browser"),
        "b": node("a", {"content_type": "user_editable_context", "user_profile": "x"}),
        "c": node(
            "b", {"content_type": "text", "parts": ["hidden"]}, metadata={"is_visually_hidden_from_conversation": True}
        ),
        "d": node("c", {"content_type": "execution_output", "text": "42"}),
        "e": node("d", {"content_type": "text", "parts": [""]}),
        "f": node(
            "e",
            {"content_type": "multimodal_text", "parts": [{"content_type": "audio_transcription", "text": "spoken"}]},
        ),
    }
    path = written(tmp_path / "c.json", [{"title": "t", "mapping": nodes, "current_node": "f"}])
    assert contents("chat", path) == ["Title\nQuoted", "42", "spoken"]
    assert len([found for found in found_in("chat", path) if isinstance(found, Misfit)]) == 3


def test_claude_s_empty_attachments_and_tools_are_told(tmp_path):
    message = {
        "uuid": "m" * 20, "sender": "assistant", "text": "", "content": [{"type": "tool_use", "name": "x"}],
        "attachments": [{"file_name": "empty.pdf", "extracted_content": ""}, {"extracted_content": "kept"}],
    }  # fmt: skip
    path = written(tmp_path / "c.json", [{"uuid": "c" * 20, "chat_messages": [message]}])
    told = [found.reason for found in found_in("chat", path) if isinstance(found, Misfit)]
    assert told == ["it has no text, only tool_use", "the attachment has no text"]
    assert contents("chat", path) == ["kept"]


def test_llamaindex_s_other_shapes(tmp_path):
    message = {
        "role": "user",
        "content": "hello",
        "additional_kwargs": {"session_id": "s7", "timestamp": "2024-05-03T10:00:00Z", "name": "Ana"},
    }
    (record,) = found_in(
        "llamaindex",
        written(
            tmp_path / "buffer.json",
            {"chat_store_key": "k", "chat_store": {"class_name": "x", "store": {"k": [message]}}},
        ),
    )
    assert (record.session_id, record.name, record.occurred_at.hour) == ("s7", "Ana", 10)
    store = {
        "k": [
            {"role": "assistant", "blocks": [{"block_type": "tool_call"}]},
            {"role": "user", "blocks": [{"block_type": "image"}]},
            {"x": 1},
        ],
        "n": 7,
    }
    reasons = [found.reason for found in found_in("llamaindex", written(tmp_path / "s.json", {"store": store}))]
    assert [
        word in reason
        for word, reason in zip(("calls of tools", "only image", "role and blocks", "no list"), reasons, strict=True)
    ] == [True] * 4
    nodes = {
        "old": {"__data__": json.dumps({"text": "in text", "ref_doc_id": "d"})}, "bad": {"__data__": "{"}, "empty": {"__data__": {"text": ""}},
        "document": {"__data__": {"text_resource": {"text": "of a document"}}},
    }  # fmt: skip
    folder = tmp_path / "storage"
    written(folder / "docstore.json", {"docstore/data": nodes, "docstore/metadata": {}})
    written(folder / "index_store.json", {})
    written(folder / "property_graph_store.json", {})
    source = open_source("llamaindex", folder)
    assert [found.content for found in source if isinstance(found, SourceRecord)] == ["in text", "of a document"]
    assert source.notes == ("1 file property_graph_store.json holds neither turns nor texts of nodes and was left out",)
    statement = "CREATE TABLE mine (id INTEGER, key TEXT, timestamp INTEGER, role TEXT, status TEXT, data TEXT)"
    path = table(
        tmp_path / "m.db",
        statement,
        (1, "k", 1_714_730_400_000_000_000, "user", "active", "{"),
        (2, "k", 1, "user", "active", json.dumps(message)),
    )
    assert contents("llamaindex", path) == ["hello"]
    with pytest.raises(InvalidInputError, match="no table"):
        found_in("llamaindex", path, table="yours")


def test_zep_s_folders_and_lists(tmp_path):
    written(
        tmp_path / "a.json",
        [
            {"uuid": "e" * 20, "fact": "Ana rows", "valid_at": "2024-01-01T00:00:00Z"},
            {"uuid": "n" * 20, "name": "Ana", "summary": "rows on Sundays"},
        ],
    )
    written(
        tmp_path / "b.json",
        {"user_id": "ana", "facts": ["Ana sings"], "episodes": [{"uuid": "p" * 20, "content": "{}", "source": "json"}]},
    )
    written(tmp_path / "c.json", [{"user_id": "ana", "first_name": "Ana"}, {"strange": 1}])
    source = open_source("zep", tmp_path)
    found = list(source)
    assert [item.content for item in found if isinstance(item, SourceRecord)] == [
        "Ana rows",
        "Ana: rows on Sundays",
        "Ana sings",
        "{}",
    ]
    assert [item.reason for item in found if isinstance(item, Misfit)] == ["it is no message, fact, node or episode"]
    assert source.notes == ("1 users, threads or sessions without messages were left out",)


def test_letta_s_lists_names_and_tools(tmp_path):
    answers = [
        {"id": "block-" + "1" * 20, "label": "human", "value": "Ana"}, {"id": "passage-" + "1" * 20, "text": "Ana rows", "tags": ["t"]},
        {"id": "message-" + "1" * 20, "role": "user", "content": "hello", "agent_id": "agent-1"}, {"x": 1},
    ]  # fmt: skip
    assert contents("letta", written(tmp_path / "l.json", answers)) == ["Ana", "Ana rows", "hello"]
    agents = [
        {
            "id": f"agent-{number}",
            "name": "twin",
            "messages": [
                {
                    "role": "tool",
                    "name": "search",
                    "content": json.dumps({"status": "OK", "message": "21 degrees", "time": "x"}),
                }
            ],
        }
        for number in range(2)
    ]
    files = {"agents": agents, "files": [{"id": "file-0"}], "blocks": [{"label": "", "value": "x"}]}
    found = found_in("letta", written(tmp_path / "a.af", files))
    assert [(item.content, item.agent_id) for item in found if isinstance(item, SourceRecord)] == [
        ("21 degrees", "twin"),
        ("21 degrees", "agent-1"),
    ]
    assert [item.reason for item in found if isinstance(item, Misfit)] == [
        "files are not moved; memory.resource keeps files",
        "the block has no label",
    ]


def test_crewai_s_single_files(tmp_path):
    pytest.importorskip("lancedb")
    folder = unpacked("crewai_old.tar.gz", tmp_path)
    assert len(contents("crewai", folder / "long_term_memory_storage.db")) == 80
    lance = next(unpacked("crewai_lance.tar.gz", tmp_path).rglob("*.lance"))
    assert len(contents("crewai", lance)) == 240
    (tmp_path / "broken" / "memories.lance").mkdir(parents=True)
    with pytest.raises(InvalidInputError, match="LanceDB"):
        found_in("crewai", tmp_path / "broken")
    with pytest.raises(InvalidInputError, match="none of CrewAI"):
        found_in("crewai", DATA / "zep.json.gz")


def test_mem0_s_history_can_be_named(tmp_path):
    item = {"id": "7d3e1c1e-0000-4000-8000-000000000001", "memory": "now", "user_id": "ana"}
    path = written(tmp_path / "e.json", [item])
    statement = "CREATE TABLE history (id TEXT, memory_id TEXT, old_memory TEXT, new_memory TEXT, event TEXT, created_at TEXT, updated_at TEXT, is_deleted INTEGER)"
    history = table(
        tmp_path / "h.db", statement, ("1", item["id"], None, "before", "ADD", "2024-01-01T00:00:00Z", None, 0)
    )
    (record,) = found_in("mem0", path, history=history)
    assert [earlier.content for earlier in record.history] == ["before"]
    with pytest.raises(InvalidInputError, match="no file"):
        found_in("mem0", path, history=tmp_path / "none.db")
    with pytest.raises(InvalidInputError, match="no table history"):
        found_in("mem0", path, history=table(tmp_path / "c.db", "CREATE TABLE cats (name TEXT)"))


def test_mem0_s_files_stand_for_their_folders(tmp_path):
    chroma, qdrant = unpacked("mem0_chroma.tar.gz", tmp_path), unpacked("mem0_qdrant.tar.gz", tmp_path)
    assert len(contents("mem0", next(chroma.rglob("chroma.sqlite3")))) == 235
    assert len(contents("mem0", next(qdrant.rglob("storage.sqlite")))) == 235
    assert len(contents("mem0", qdrant, collection="mem0")) == 235
    with pytest.raises(InvalidInputError, match="give the folder"):
        found_in("mem0", chroma / "history.db")
    with pytest.raises(InvalidInputError, match="history"):
        found_in("mem0", chroma, history=7)


def test_a_number_of_seconds_into_a_talk_is_no_date(tmp_path):
    source = open_source("chat", written(tmp_path / "c.json", [{"role": "user", "content": "a", "time": 12.5}]))
    (record,) = list(source)
    assert isinstance(record, SourceRecord)
    assert record.occurred_at is None
    assert "1 dates could not be read" in source.notes[0]


UNREADABLE = [
    ("chat", {"mapping": 5}, "mapping"),
    ("chat", {"mapping": {"a": 5}}, "no message"),
    ("chat", {"mapping": {"a": {"message": "hello"}}}, "no message"),
    ("chat", [{"chat_messages": "hello"}], "chat_messages"),
    ("chat", {"messages": 5}, "role and content are wanted"),
    ("chat", {"messages": ["hello"]}, "role and content are wanted"),
    ("zep", {"messages": 5}, "no list"),
    ("zep", {"memory": {"messages": "hello"}}, "no list"),
    ("letta", {"messages": {"a": 1}}, "no list"),
    ("letta", {"agents": ["sam"]}, "no agent"),
    ("letta", {"agents": [{"name": "sam", "messages": 5}]}, "no list"),
    ("llamaindex", {"chat_store": {"stores": {}}}, "no store"),
    ("llamaindex", {"store": {"sam": 5}}, "no list"),
    ("langchain", {"messages": "hello"}, "neither a list"),
    ("mem0", [1, "two"], "no JSON object"),
]


@pytest.mark.parametrize(("kind", "value", "word"), UNREADABLE)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_in_which_nothing_can_be_read_is_no_success(kind, value, word, dry_run, tmp_path):
    path = written(tmp_path / "export.json", value)
    with (
        AgentMem(":memory:", embedder="hashing") as memory,
        pytest.raises(InvalidInputError, match=rf"export\.json: holds nothing .*{word}"),
    ):
        move(open_source(kind, path), memory, dry_run=dry_run)


@pytest.mark.parametrize(
    ("kind", "value"), [("chat", []), ("mem0", {"results": []}), ("zep", {"messages": []}), ("langchain", [])]
)
def test_an_empty_export_is_moved_and_said_to_be_empty(kind, value, tmp_path):
    with AgentMem(":memory:", embedder="hashing") as memory:
        report = move(open_source(kind, written(tmp_path / "export.json", value)), memory)
    assert (report.read, report.moved) == (0, 0)
    assert "there is nothing in it" in str(report)


def test_what_has_expired_is_no_reason_to_refuse_a_file(tmp_path):
    old = {"id": "a", "memory": "the sale ends on Friday", "expiration_date": "2020-01-01"}
    with AgentMem(":memory:", embedder="hashing") as memory:
        report = move(open_source("mem0", written(tmp_path / "export.json", {"results": [old]})), memory)
    assert report.reasons == {"it had expired": 1}
