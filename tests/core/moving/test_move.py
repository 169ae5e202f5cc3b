"""What holds for every source: moved whole, once, to whom it belongs, and never half without saying so."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from importlib.util import find_spec

import pytest
from tests.core.moving.exports import DATA, EXPORTS, Export, state_of, unpacked

from agentmem_core import AgentMem, InvalidInputError, NotFoundError
from agentmem_core.moving import KINDS, MoveReport, SourceRecord, move, open_source

without_lancedb = pytest.mark.skipif(find_spec("lancedb") is None, reason="comes with CrewAI")
every_export = pytest.mark.parametrize(
    "export",
    [
        pytest.param(export, marks=without_lancedb if "lance" in export.file else (), id=export.file)
        for export in EXPORTS
    ],
)


@pytest.fixture
def memory():
    with AgentMem(":memory:", embedder="hashing") as client:
        yield client


def adds_up(report: MoveReport) -> bool:
    parts = (report.moved, report.known, report.changed, report.deleted, report.misfit_count)
    return report.read == sum(parts) and report.moved == sum(report.by_type.values()) == sum(report.by_user.values())


def contents(memory: AgentMem, user_id: str) -> dict[str, str]:
    return {item.id: item.content for item in memory.list(user_id=user_id, limit=1000).items}


@every_export
def test_everything_comes_once_and_nothing_at_the_source_changes(export: Export, memory, tmp_path):
    path = unpacked(export, tmp_path)
    before = state_of(path)
    source = open_source(export.kind, path)

    first = move(source, memory)

    assert (first.moved, first.misfit_count, first.known) == (export.moved, export.misfits, 0)
    assert first.moved >= 200
    assert set(first.by_user) == set(export.users)
    assert adds_up(first)
    assert len(first.misfits) == export.misfits == sum(first.reasons.values())
    standing = {user: contents(memory, user) for user in export.users}
    assert {user: len(found) for user, found in standing.items()} == first.by_user

    again = move(source, memory)
    assert (again.moved, again.known, again.misfit_count) == (0, export.moved, export.misfits)
    assert adds_up(again)
    assert {user: contents(memory, user) for user in export.users} == standing
    assert state_of(path) == before


@every_export
def test_a_dry_run_tells_the_same_and_writes_nothing(export: Export, memory, tmp_path):
    source = open_source(export.kind, unpacked(export, tmp_path))
    told = move(source, memory, dry_run=True)
    assert told.dry_run
    assert memory.stats(everyone=True).memories == 0
    done = move(source, memory)
    same = {"dry_run", "notes"}
    assert told.model_dump(exclude=same) == done.model_dump(exclude=same)
    assert "would move" in str(told)
    assert "would move" not in str(done)
    after = move(source, memory, dry_run=True)
    assert (after.moved, after.known) == (0, done.moved)


@every_export
def test_dates_users_and_ids_are_those_of_the_source(export: Export, memory, tmp_path):
    source = open_source(export.kind, unpacked(export, tmp_path))
    records = [record for record in source if isinstance(record, SourceRecord)]
    report = move(source, memory)
    assert len(records) == report.moved
    found = [item for user in report.by_user for item in memory.list(user_id=user, limit=1000).items]
    by_content: dict[tuple[str, str], list] = {}
    for item in found:
        by_content.setdefault((item.scope.user_id, item.content), []).append(item)
        assert item.metadata["moved_from"] == export.kind
    for record in records:
        (item,) = by_content[record.user_id or "default", record.content]
        assert item.scope.user_id == (record.user_id or "default")
        assert (item.scope.agent_id, item.scope.session_id) == (record.agent_id, record.session_id)
        assert (item.role, item.name, item.type) == (record.role, record.name, record.type)
        assert item.metadata.get("original_id") == record.original_id
        if record.occurred_at is not None:
            assert item.occurred_at == record.occurred_at == item.valid_from
            assert memory.history(item.id, user_id=item.scope.user_id)[0].changed_at <= item.updated_at
        assert item.valid_to == record.valid_to
    assert export.dated == all(
        record.occurred_at is not None or record.label or "subject" in record.metadata for record in records
    )


def test_what_was_moved_is_found_by_its_meaning_by_its_user_alone(tmp_path):
    with AgentMem(tmp_path / "store") as memory:
        move(open_source("mem0", DATA / "mem0.json.gz"), memory)
        hits = memory.search("peanut allergy", user_id="ana", limit=5)
        assert all("allergic to peanuts" in hit.memory.content for hit in hits)
        (hit, *_) = memory.search("railway journey to the capital of Austria", user_id="ana", limit=5, mode="dense")
        assert "train" in hit.memory.content
        assert any("过敏" in hit.memory.content for hit in memory.search("对花生过敏", user_id="bo", limit=5))
        assert memory.search("allergic to peanuts", user_id="somebody") == []
        mine = {hit.memory.id for hit in memory.search("cello", user_id="ana", limit=100)}
        theirs = {hit.memory.id for hit in memory.search("cello", user_id="bo", limit=100)}
        assert mine
        assert theirs
        assert not mine & theirs


def test_one_user_may_take_it_all(memory):
    report = move(open_source("mem0", DATA / "mem0.json.gz"), memory, user_id="安娜")
    assert report.by_user == {"安娜": 235}
    assert memory.stats(user_id="安娜").memories == memory.stats(everyone=True).memories == 235
    assert move(open_source("mem0", DATA / "mem0.json.gz"), memory, user_id="安娜").moved == 0
    assert move(open_source("mem0", DATA / "mem0.json.gz"), memory).by_user == {"ana": 79, "bo": 78, "小伟": 78}


def test_tenants_do_not_see_each_other_s_moves(tmp_path):
    with AgentMem(tmp_path / "m", tenant="acme", embedder="hashing") as acme:
        move(open_source("zep", DATA / "zep.json.gz"), acme)
    with AgentMem(tmp_path / "m", tenant="globex", embedder="hashing") as globex:
        assert globex.stats(everyone=True).memories == 0
        assert move(open_source("zep", DATA / "zep.json.gz"), globex).moved == 242


def test_what_was_changed_or_deleted_here_is_left_so(memory):
    source = open_source("mem0", DATA / "mem0.json.gz")
    move(source, memory)
    one, two, three = [item.id for item in memory.list(user_id="ana", limit=3).items]
    memory.update(one, content="Ana prefers the harp now", user_id="ana")
    memory.delete(two, user_id="ana")
    memory.forget(three, user_id="ana")
    again = move(source, memory)
    assert (again.moved, again.changed, again.deleted, again.known) == (1, 1, 1, 232)
    assert adds_up(again)
    assert memory.get(one, user_id="ana").content == "Ana prefers the harp now"
    with pytest.raises(NotFoundError):
        memory.get(two, user_id="ana")
    assert memory.get(three, user_id="ana").content


def test_killed_half_way_the_next_move_goes_on(tmp_path):
    lines = [
        {"role": "user", "content": f"Turn {number} 第{number}次", "session_id": f"s{number % 7}"}
        for number in range(1500)
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    script = f"""
        import os, signal
        from agentmem_core import AgentMem
        from agentmem_core.moving import move, open_source

        def stop(done, total):
            assert total == 1500
            if done >= 600:
                os.kill(os.getpid(), signal.SIGKILL)

        move(open_source("chat", {str(path)!r}), AgentMem({str(tmp_path / "store")!r}, embedder="hashing"), progress=stop)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=100)
    assert killed.returncode == -signal.SIGKILL
    with AgentMem(tmp_path / "store", embedder="hashing") as memory:
        report = move(open_source("chat", path), memory)
        assert (report.known, report.moved) == (600, 900)
        found = [
            item.content for page in range(2) for item in memory.list(limit=10_000, order="oldest").items if page == 0
        ]
        assert found == [line["content"] for line in lines]


def test_a_damaged_file_moves_nothing_and_says_where(memory, tmp_path):
    whole = gzip.decompress((DATA / "chatgpt.json.gz").read_bytes())
    path = tmp_path / "conversations.json"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(InvalidInputError, match="cut short"):
        move(open_source("chat", path), memory)
    path.write_bytes(whole[:90_000].replace(b'"message"', b'"message" oh', 40) + whole[90_000:])
    with pytest.raises(InvalidInputError, match=r"line \d+, column \d+ is not JSON") as told:
        move(open_source("chat", path), memory)
    assert "cello" not in str(told.value)
    assert memory.stats(everyone=True).memories == 0


def test_an_unknown_kind_is_told_which_reads_chatgpt(tmp_path):
    with pytest.raises(InvalidInputError, match=r"'chatgpt' .*chat reads ChatGPT"):
        open_source("chatgpt", tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "garbage",
    [
        b"", b"   \n", b"\x00\x01\x02\xff\xfe\x80" * 50, b"not json at all", b"[", b"{}", b'[1, 2, null, "x", [[]], {}]', b"null",
        b'{"results": {"a": 1}, "agents": 7, "store": [], "messages": "no"}', b"[" * 50_000, b'{"a": ' * 3000, b"SQLite format 3\x00" + b"x" * 500,
        b"\x1f\x8b broken gzip", b"PK\x03\x04 broken zip", '[{"role": "user", "content": "半'.encode()[:-1], b'[{"role": "user", "content": "\xff"}]',
        b'[{"id": [1], "memory": {"a": 1}, "content": 7, "type": [], "data": [], "role": {}, "mapping": 3, "chat_messages": 5}]',
    ],
)  # fmt: skip
def test_garbage_is_refused_or_told_and_never_moved(kind, garbage, memory, tmp_path):
    path = tmp_path / "export.json"
    path.write_bytes(garbage)
    refused = ""
    report = None
    try:
        report = move(open_source(kind, path), memory)
    except InvalidInputError as error:
        refused = str(error)
    assert path.name in refused if report is None else (report.moved == 0 and adds_up(report))
    assert memory.stats(everyone=True).memories == 0


def test_records_that_do_not_fit_are_told_with_their_place(memory, tmp_path):
    path = tmp_path / "chat.json"
    lines = [
        {"role": "user", "content": "fits"}, {"role": "user", "content": " "}, {"role": "user", "content": "x" * 1_000_001},
        {"role": "user", "content": "nul \x00"}, {"role": "user", "content": "\ud800"}, {"role": "r" * 300, "content": "role"},
        {"role": "user", "content": "user", "user_id": "u" * 300}, {"role": "user", "content": "nan", "metadata": {"a": float("nan")}},
        {"role": "user"}, {"role": "user", "content": [{"type": "image_url", "image_url": "x"}]},
    ]  # fmt: skip
    path.write_text(json.dumps(lines), "utf-8")
    report = move(open_source("chat", path), memory)
    assert (report.moved, report.misfit_count) == (1, 9)
    assert [misfit.place for misfit in report.misfits] == [f"[{number}]" for number in range(1, 10)]
    reasons = [misfit.reason for misfit in report.misfits]
    for reason, word in zip(
        reasons,
        ("no text", "limit", "NUL", "surrogates", "role", "user_id", "metadata", "wanted", "image_url"),
        strict=True,
    ):
        assert word in reason
    assert not any("xxxx" in reason for reason in reasons)


def test_the_same_thing_twice_in_a_source_comes_once_and_is_told(memory, tmp_path):
    path = tmp_path / "export.json"
    item = {"id": "0b9cdd52-4a1b-4d0b-9d4e-000000000001", "memory": "Ana plays the cello", "user_id": "ana"}
    path.write_text(json.dumps({"results": [item, item, {**item, "memory": "another text"}]}), "utf-8")
    report = move(open_source("mem0", path), memory)
    assert (report.read, report.moved, report.known, report.changed) == (3, 1, 1, 1)


def test_equal_words_said_again_are_kept_each_time(memory, tmp_path):
    path = tmp_path / "chat.jsonl"
    turns = [{"role": "user", "content": "yes"}, {"role": "assistant", "content": "ok"}] * 5
    timed = [{"role": "user", "content": "again", "created_at": "2024-01-01T00:00:00Z", "session_id": "t"}] * 3
    path.write_text("\n".join(map(json.dumps, [*turns, *timed])), "utf-8")
    assert move(open_source("chat", path), memory).moved == 13
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n" + json.dumps({"role": "user", "content": "yes"}))
    later = move(open_source("chat", path), memory)
    assert (later.moved, later.known) == (1, 13)


def test_an_enormous_file_needs_little_memory(tmp_path):
    path = tmp_path / "conversations.json"
    message = {"role": "user", "content": "Ana plays the cello " * 200, "user_id": "ana"}
    with path.open("w", encoding="utf-8") as stream:
        stream.write("[" + ",\n".join([json.dumps(message)] * 6_500) + "]")
    assert path.stat().st_size > 25_000_000
    tracemalloc.start()
    assert sum(1 for _ in open_source("chat", path)) == 6_500
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_wrong_arguments_say_what_to_give(memory, tmp_path):
    source = open_source("zep", DATA / "zep.json.gz")
    for call, word in (
        (lambda: open_source("chroma", DATA), "mem0"),
        (lambda: open_source("mem0", tmp_path / "nowhere"), "nothing at"),
        (lambda: open_source("mem0", ""), "path"),
        (lambda: open_source("mem0", 7), "path"),  # type: ignore[arg-type]
        (lambda: open_source("mem0", DATA, colour="red"), "colour"),
        (lambda: open_source("mem0", DATA, zone="Mars/Olympus"), "zone"),
        (lambda: open_source("mem0", DATA, encoding="klingon"), "encoding"),
        (lambda: open_source("mem0", DATA, user_id=""), "user_id"),
        (lambda: open_source("chat", DATA, branches="some"), "branches"),
        (lambda: move(source, memory, user_id=" "), "user_id"),
        (lambda: move(source, "store"), "AgentMem"),  # type: ignore[arg-type]
        (lambda: move(str(DATA), memory), "open_source"),  # type: ignore[arg-type]
        (lambda: move(source, memory.scoped(session_id="s")), "session_id"),
    ):
        with pytest.raises(InvalidInputError, match=word):
            call()
    assert memory.stats(everyone=True).memories == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_told(memory, tmp_path):
    path = tmp_path / "export.json"
    shutil.copy(DATA / "zep.json.gz", path)
    path.chmod(0)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        move(open_source("zep", path), memory)


def test_a_store_that_fails_half_way_says_how_much_was_moved(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_text(
        "\n".join(json.dumps({"role": "user", "content": f"turn {number}"}) for number in range(700)), "utf-8"
    )
    memory = AgentMem(tmp_path / "store", embedder="hashing")
    with pytest.raises(Exception, match="400 memories were moved before this") as told:
        move(open_source("chat", path), memory, progress=lambda done, total: memory.close() if done == 400 else None)
    assert told.value.code == "store_closed"  # type: ignore[attr-defined]
    with AgentMem(tmp_path / "store", embedder="hashing") as again:
        assert move(open_source("chat", path), again).moved == 300


def test_what_was_moved_just_now_is_not_put_away_as_long_unused(memory, tmp_path):
    talk = tmp_path / "talk.jsonl"
    talk.write_text(
        "\n".join(
            json.dumps(
                {"role": "user", "content": f"We have a cat called Kiki {n}", "timestamp": "2019-05-03T18:00:00Z"}
            )
            for n in range(3)
        ),
        "utf-8",
    )
    assert move(open_source("chat", talk), memory).moved == 3
    assert memory.maintain(dry_run=False).steps == ()
    assert len(memory.search("Kiki")) == 3
