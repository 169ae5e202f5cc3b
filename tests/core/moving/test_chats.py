"""What conversations become: the exports of ChatGPT and Claude, JSON Lines, plain logs."""

import gzip
import json
import zipfile
from datetime import UTC, datetime

import pytest
from tests.core.moving.exports import DATA, unpacked

from agentmem_core import AgentMem, InvalidInputError
from agentmem_core.moving import Misfit, SourceRecord, move, open_source


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


def test_chatgpt_s_branches(memory, tmp_path):
    path = unpacked("chatgpt.json.gz", tmp_path)
    shown = records("chat", path)
    everything = records("chat", path, branches="all")
    assert (len(shown), len(everything)) == (240, 248)
    assert [record.metadata.get("branch") for record in everything].count("left") == 8
    move(open_source("chat", path), memory)
    assert move(open_source("chat", path, branches="all"), memory).moved == 8
    code = next(record for record in shown if record.metadata.get("content_type") == "code")
    assert code.content.startswith("```python\nprint(")
    pictured = next(record for record in shown if "left_out" in record.metadata)
    assert pictured.metadata["left_out"] == ["image_asset_pointer"]


def test_a_tree_that_bites_its_tail_ends(tmp_path):
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["round"]}}
    nodes = {
        "a": {"message": message, "parent": "b", "children": ["b"]},
        "b": {"message": message, "parent": "a", "children": ["a", "gone"]},
    }
    path = written(tmp_path / "c.json", [{"mapping": nodes, "current_node": "a"}, {"mapping": nodes}, {"mapping": {}}])
    assert len(records("chat", path)) == 2
    assert len(records("chat", path, branches="all")) == 4


def test_the_archives_of_exports_are_read_as_they_come(memory, tmp_path):
    path = tmp_path / "export.zip"
    whole = json.loads(gzip.decompress((DATA / "chatgpt.json.gz").read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("export/conversations-000.json", json.dumps(whole[:5]))
        archive.writestr("export/conversations-001.json", json.dumps(whole[5:]))
    assert move(open_source("chat", path), memory).moved == 240
    assert move(open_source("chat", DATA / "chatgpt.json.gz"), memory).moved == 0
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(InvalidInputError, match=r"conversations\.json"):
        move(open_source("chat", tmp_path / "other.zip"), memory)


def test_claude_s_attachments_are_kept_as_texts(tmp_path):
    found = records("chat", unpacked("claude.json.gz", tmp_path))
    attached = [record for record in found if "attached_to" in record.metadata]
    assert len(attached) == 8
    assert attached[0].metadata["file_name"] == "notes.txt"
    assert not any("hm" in record.content.split() for record in found)


def test_json_lines_of_many_spellings(tmp_path):
    lines = [
        {"role": "human", "content": "a", "timestamp": 1_714_730_400}, {"from": "gpt", "value": "b", "ts": 1_714_730_400_000},
        {"speaker": "Ana", "text": "c"}, {"sender": "assistant", "message": "d", "date": "2024年5月3日 10:00"},
        {"id": "chat-7", "user_id": "bo", "messages": [{"role": "system", "content": "e"}, {"role": "user", "content": [{"type": "text", "text": "f"}]}]},
        {"conversations": [{"from": "human", "value": "g"}]},
    ]  # fmt: skip
    path = written(tmp_path / "c.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    found = records("chat", path)
    assert [(record.role, record.name, record.content) for record in found] == [
        ("user", None, "a"), ("assistant", None, "b"), ("user", "Ana", "c"), ("assistant", None, "d"), ("system", None, "e"),
        ("user", None, "f"), ("user", None, "g"),
    ]  # fmt: skip
    ten = datetime(2024, 5, 3, 10, tzinfo=UTC)
    assert [found[0].occurred_at, found[1].occurred_at, found[3].occurred_at] == [ten] * 3
    assert (found[4].session_id, found[4].user_id) == ("chat-7", "bo")
    assert (found[0].session_id, records("chat", path, session_id="mine")[0].session_id) == ("c", "mine")
    assert found[6].session_id != found[4].session_id


def test_a_bad_line_is_told_by_its_number(tmp_path):
    path = written(tmp_path / "c.jsonl", '{"role": "user", "content": "a"}\n{"role": "user" "content": "b"}\n')
    with pytest.raises(InvalidInputError, match="line 2, column 17 is not JSON"):
        records("chat", path)


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        (
            "[2024-05-03 10:00] Ana: hi\n[2024-05-03 10:01:30] 小伟：你好\n  more: lines",
            [("Ana", "hi"), ("小伟", "你好\n  more: lines")],
        ),
        ("2024-05-03T10:00:00Z <ana> hi\n2024-05-03T10:00:05+02:00 <bo> yes", [("ana", "hi"), ("bo", "yes")]),
        ("2024/5/3 9:05 - Ana: hi", [("Ana", "hi")]),
        ("2024年5月3日 09:05 安娜：早上好", [("安娜", "早上好")]),
        ("User: hi\nNote: this goes on\nAssistant: hello", [(None, "hi\nNote: this goes on"), (None, "hello")]),
        ("用户：你好\n助手：您好", [(None, "你好"), (None, "您好")]),
        ("<ana> hi\n<bo> ok", [("ana", "hi"), ("bo", "ok")]),
        ("User: hi\nNote: on\nAssistant: a\nUser: b", [(None, "hi\nNote: on"), (None, "a"), (None, "b")]),
        ("Ana: hi\nBo: hello\nAna: I mean: yes", [("Ana", "hi"), ("Bo", "hello"), ("Ana", "I mean: yes")]),
        (
            "小明：你好\n小红：嗨\n\n小明：好吗？\n我说：",
            [("小明", "你好"), ("小红", "嗨"), ("小明", "好吗？\n我说：")],
        ),
        (
            "Ana: a\nBo: b\nAna: c\nNote: this goes on\nBo: d\nAna: e\nBo: f\nAna: g",
            [
                ("Ana", "a"),
                ("Bo", "b"),
                ("Ana", "c\nNote: this goes on"),
                ("Bo", "d"),
                ("Ana", "e"),
                ("Bo", "f"),
                ("Ana", "g"),
            ],
        ),
    ],
)
def test_plain_logs(text, turns, tmp_path):
    found = records("chat", written(tmp_path / "chat.log", text), zone="+08:00")
    assert [(record.name, record.content) for record in found] == turns
    assert all((record.occurred_at is None) == (text[0] not in "[2") for record in found)


@pytest.mark.parametrize(
    "text",
    [
        "host: a\nport: 5\nname: b\nplace: c\ncolour: d", "root:x:0:0:root\nbin:x:1:1:bin\n", "Dear Ana,\nthe point is: no\nBye",
        "http://a.example\nhttp://b.example", "Ana: hi", "title: a\nA long text follows\nand goes on\nand on",
        "\n".join(f"key{number}: value" for number in range(50)),
    ],
)  # fmt: skip
def test_colons_are_not_people(text, tmp_path):
    with pytest.raises(InvalidInputError, match="no line says who speaks"):
        records("chat", written(tmp_path / "chat.txt", text))


def test_dates_without_a_zone_are_in_the_zone_that_is_said(tmp_path):
    path = written(tmp_path / "chat.log", "[2024-07-03 10:00] Ana: hi")
    for zone, hour in (("UTC", 10), ("Europe/Lisbon", 9), ("Asia/Shanghai", 2), ("-03:00", 13)):
        source = open_source("chat", path, zone=zone)
        (record,) = list(source)
        assert isinstance(record, SourceRecord)
        assert record.occurred_at == datetime(2024, 7, 3, hour, tzinfo=UTC)
        assert "1 dates had no time zone" in source.notes[0]


def test_a_date_that_cannot_be_read_is_told_and_the_memory_comes(memory, tmp_path):
    path = written(
        tmp_path / "c.json",
        [{"role": "user", "content": "a", "date": "yesterday"}, {"role": "user", "content": "b", "date": 1e30}],
    )
    report = move(open_source("chat", path), memory)
    assert report.moved == 2
    assert any("2 dates could not be read" in note for note in report.notes)


def test_other_encodings(tmp_path):
    text = "用户：你好\n助手：您好"
    (tmp_path / "gb.log").write_bytes(text.encode("gb18030"))
    (tmp_path / "wide.log").write_bytes(text.encode("utf-16"))
    (tmp_path / "bom.jsonl").write_bytes('{"role": "user", "content": "你好"}'.encode("utf-8-sig"))
    with pytest.raises(InvalidInputError, match="encoding="):
        records("chat", tmp_path / "gb.log")
    assert records("chat", tmp_path / "gb.log", encoding="gb18030")[0].content == "你好"
    assert records("chat", tmp_path / "wide.log")[0].content == "你好"
    assert records("chat", tmp_path / "bom.jsonl")[0].content == "你好"
