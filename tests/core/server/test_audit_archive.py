"""The beginning of the audit can be put away in a file, and what is left still proves it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.core.server.test_attacks import keys_create
from tests.core.server_process import serving
from typer.testing import CliRunner

from agentmem_core.cli.app import app
from agentmem_core.errors import ConflictError, NotFoundError, StoreError, StoreUnavailableError
from agentmem_core.server.security import Chain, Head, archive_trail, examine_trail
from agentmem_core.server.security import archive as archiving
from agentmem_core.storage.sqlite import TRAIL_FILE, Archived, SqliteKeys, SqliteTrail

KEY = b"k" * 16
DAY = timedelta(days=1)
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
WHO = {"who": "cli:ana", "at": BEGUN.isoformat(timespec="microseconds")}


class Audit:
    """A trail with one entry a day, and the keys beside it."""

    def __init__(self, folder: Path, days: int = 20, chain: Chain | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.chain = chain or Chain()
        self.trail = SqliteTrail(folder)
        self.keys = SqliteKeys(folder)
        self.write(days)

    def write(self, days: int, start: int = 0) -> None:
        for day in range(start, start + days):
            at = (BEGUN + day * DAY).isoformat(timespec="microseconds")
            last = self.trail.append([{"op": "add", "ids": [f"m{day}"], "user": "安娜", "at": at}], self.chain.chained)
            assert last is not None
            self.keys.keep_anchor(last.number, last.hash)

    def archive(self, name: str, day: int):
        return archive_trail(
            self.trail, self.keys, self.chain, self.folder / name, before=BEGUN + day * DAY, fields=WHO
        )

    def examine(self, *files: str, held=()):
        anchor = self.keys.anchor()
        heads = [*held, *([Head(anchor[0], anchor[1].hex())] if anchor else [])]
        return examine_trail(self.trail, self.chain, held=heads, files=[self.folder / file for file in files])

    def numbers(self) -> list[int]:
        return [entry.number for entry in self.trail.walk()]


@pytest.fixture(params=[(), (KEY,)], ids=["plain", "keyed"])
def audit(tmp_path, request):
    audit = Audit(tmp_path, chain=Chain(request.param))
    yield audit
    audit.trail.close()
    audit.keys.close()


def test_what_is_older_moves_and_all_of_it_is_still_proven(audit):
    noted = [Head(entry.number, entry.hash.hex()) for entry in audit.trail.walk()]
    made = audit.archive("a.jsonl", 8)
    assert (made.entries, made.head) == (8, noted[7])
    assert audit.numbers() == list(range(9, 22))  # and the entry that says so
    assert json.loads(list(audit.trail.walk())[-1].text)["op"] == "audit_archive"
    assert audit.examine().whole
    assert audit.examine("a.jsonl", held=noted).problems == ()
    assert audit.examine("a.jsonl").entries == 21
    told = audit.examine(held=[noted[2]]).problems
    assert len(told) == 1
    assert "--archive" in told[0]
    assert not audit.examine("a.jsonl", held=[Head(3, "ab" * 32)]).whole


def test_archives_follow_one_another(audit):
    noted = [Head(entry.number, entry.hash.hex()) for entry in audit.trail.walk()]
    audit.archive("a.jsonl", 5)
    audit.write(5, 20)
    audit.archive("b.jsonl", 12)
    audit.archive("c.jsonl", 26)
    assert audit.examine("a.jsonl", "b.jsonl", "c.jsonl", held=noted).problems == ()
    assert audit.examine("c.jsonl", "a.jsonl").whole
    lines = [json.loads(line) for name in "abc" for line in (audit.folder / f"{name}.jsonl").read_bytes().splitlines()]
    entries = [line["entry"] for line in lines if "entry" in line]
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["user"] == "安娜"
    audit.write(1, 26)
    assert audit.examine().whole


def test_everything_can_be_archived_and_the_chain_goes_on(audit):
    audit.archive("a.jsonl", 100)
    assert audit.numbers() == [21]
    audit.write(2, 20)
    assert audit.examine("a.jsonl").whole


def test_nothing_so_old_is_said_and_no_file_is_left(audit):
    with pytest.raises(NotFoundError, match="nothing of before"):
        audit.archive("a.jsonl", 0)
    audit.archive("a.jsonl", 5)
    with pytest.raises(NotFoundError):
        audit.archive("b.jsonl", 5)
    assert sorted(path.name for path in audit.folder.glob("*.jsonl*")) == ["a.jsonl"]


def test_nothing_is_overwritten(audit):
    (audit.folder / "a.jsonl").write_text("mine")
    with pytest.raises(ConflictError, match="another name"):
        audit.archive("a.jsonl", 5)
    assert (audit.folder / "a.jsonl").read_text() == "mine"
    with pytest.raises(StoreUnavailableError):
        audit.archive("no/such/folder.jsonl", 5)
    assert len(audit.numbers()) == 20


FORGERIES = {
    "an entry": lambda lines: [*lines[:3], lines[3].replace(b"add", b"get"), *lines[4:]],
    "its hash": lambda lines: [*lines[:3], lines[3][:-8] + b'0000"}\n', *lines[4:]],
    "the end": lambda lines: lines[:-1],
    "half a line": lambda lines: [*lines[:-1], lines[-1][:20]],
    "the order": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a space": lambda lines: [*lines[:3], lines[3].replace(b'{"entry"', b'{ "entry"'), *lines[4:]],
    "the first line": lambda lines: [lines[0].replace(b'"entries":8', b'"entries":9'), *lines[1:]],
    "all of it": lambda lines: [b"[]\n"],
    "nothing": lambda lines: [],
}


@pytest.mark.parametrize("how", FORGERIES)
def test_an_archive_that_was_changed_is_seen(how, audit):
    audit.archive("a.jsonl", 8)
    file = audit.folder / "a.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(FORGERIES[how](lines)))
    if how in {"all of it", "nothing"}:
        with pytest.raises(StoreError, match="does not begin as an archive"):
            audit.examine("a.jsonl")
    else:
        assert not audit.examine("a.jsonl").whole
    assert audit.examine().whole


def test_an_archive_that_was_written_anew_is_seen(tmp_path):
    audit, other = Audit(tmp_path), Audit(tmp_path / "other")
    audit.archive("a.jsonl", 8)
    other.trail.append([{"op": "more", "at": "2026"}], other.chain.chained)
    made = other.archive("b.jsonl", 30)
    (tmp_path / "b.jsonl").write_bytes(made.path.read_bytes())
    assert "is no archive of this trail" in audit.examine("b.jsonl").problems[0]
    for each in (audit, other):
        each.trail.close()
        each.keys.close()


def raw(audit: Audit, *statements: str) -> None:
    with closing(sqlite3.connect(audit.folder / TRAIL_FILE)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_entries_that_were_not_archived_cannot_be_removed(audit):
    audit.archive("a.jsonl", 8)
    for statement in (
        "DELETE FROM entries", "DELETE FROM entries WHERE number = 9", "DELETE FROM archives",
        "UPDATE archives SET number = 15", "UPDATE entries SET entry = '{}'",
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            raw(audit, statement)


def test_a_beginning_that_was_removed_under_a_made_up_archive_is_seen(audit):
    entry = list(audit.trail.walk())[9]
    raw(
        audit, f"INSERT INTO archives VALUES (10, x'{entry.hash.hex()}', 10, '{'ab' * 32}')",
        "DELETE FROM entries WHERE number <= 10",
    )  # fmt: skip
    assert audit.examine().problems == (
        "nothing in the trail says that entries up to 10 were archived; they were removed",
    )


def test_a_beginning_that_was_put_in_after_archiving_is_seen(audit):
    audit.archive("a.jsonl", 8)
    raw(audit, "INSERT INTO entries VALUES (3, '{\"n\":3}', x'00')")
    assert "somebody put them in" in audit.examine().problems[0]


def test_a_trail_that_is_not_whole_is_not_archived(audit):
    raw(audit, "DROP TRIGGER entries_stand", "UPDATE entries SET entry = '{\"n\":15}' WHERE number = 15")
    with pytest.raises(ConflictError, match="audit verify"):
        audit.archive("a.jsonl", 8)
    assert not (audit.folder / "a.jsonl").exists()
    assert len(audit.numbers()) == 20


def then(done, patch, trail, stop):
    """What stops at the next step, once this one is done."""

    def appended(*given, **more):
        patch.setattr(trail, "remove_archived", stop)
        return done(*given, **more)

    return appended


@pytest.mark.parametrize("step", ["_written", "append", "keep_anchor", "remove_archived"])
def test_wherever_it_is_interrupted_nothing_is_lost(step, audit, monkeypatch):
    noted = [Head(entry.number, entry.hash.hex()) for entry in audit.trail.walk()]

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "_written":
            patch.setattr(archiving, "_line", stop)
        elif step == "keep_anchor":
            patch.setattr(audit.keys, "keep_anchor", stop)
        elif step == "append":
            patch.setattr(audit.trail, "append", stop)
        else:
            patch.setattr(audit.trail, "append", then(audit.trail.append, patch, audit.trail, stop))
        with pytest.raises(KeyboardInterrupt):
            audit.archive("a.jsonl", 8)
    if step == "remove_archived":
        assert "was interrupted" in audit.examine("a.jsonl").problems[0]
        assert audit.archive("b.jsonl", 12).entries == 4
        assert audit.examine("a.jsonl", "b.jsonl", held=noted).problems == ()
        return
    assert audit.numbers() == list(range(1, 21))
    assert audit.examine().whole
    assert audit.archive("b.jsonl", 8).entries == 8
    assert audit.examine("b.jsonl", held=noted).problems == ()


def test_two_that_archive_at_once_do_not_archive_twice(audit):
    made = audit.archive("a.jsonl", 8)
    stale = Archived(12, made.head.hash.encode(), 12, made.digest)
    with pytest.raises(ConflictError, match="another process"):
        audit.trail.append([{"op": "audit_archive"}], audit.chain.chained, archived=stale)
    assert audit.examine("a.jsonl").whole


def test_two_that_write_one_file_at_once_leave_it_whole(audit, monkeypatch):
    """The second opens its file while the first gives its own its name, and writes when the entries are gone already."""
    opened, over = threading.Event(), threading.Event()
    link, opening = os.link, os.open
    failed: list[type[Exception]] = []

    def second() -> None:
        try:
            audit.archive("a.jsonl", 8)
        except StoreError as error:
            failed.append(type(error))

    other = threading.Thread(target=second)

    def linking(source, target):
        if not other.ident:
            other.start()
            assert opened.wait(20)
        link(source, target)

    def opening_late(path, flags, mode=0o777):
        found = opening(path, flags, mode)
        if threading.current_thread() is other and "partial" in str(path) and flags & os.O_CREAT:
            opened.set()
            assert over.wait(20)
        return found

    monkeypatch.setattr(os, "link", linking)
    monkeypatch.setattr(os, "open", opening_late)
    assert audit.archive("a.jsonl", 8).entries == 8
    over.set()
    other.join()
    assert failed
    assert audit.examine("a.jsonl").problems == ()
    assert [path.name for path in audit.folder.glob("*partial*")] == []


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from agentmem_core.server.security import Chain, archive, archive_trail
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

folder, moment = Path(sys.argv[1]), sys.argv[2]

def stop(*_):
    print("there", flush=True)
    if moment == "wait":
        sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)

if moment == "empty":
    archive._write = stop
else:
    os.fsync = stop
archive_trail(SqliteTrail(folder), SqliteKeys(folder), Chain(), folder / "a.jsonl", before=datetime(2026, 1, 9, tzinfo=UTC), fields={"at": "x"})
"""


def run_and_kill(folder: Path, moment: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), moment], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    return process


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize(("moment", "name"), [("empty", "a.jsonl"), ("full", "a.jsonl"), ("full", "b.jsonl")])
def test_what_a_killed_process_left_is_removed_the_next_time(tmp_path, moment, name):
    audit = Audit(tmp_path)
    with run_and_kill(tmp_path, moment) as killed:
        killed.wait()
    assert len(list(tmp_path.glob("*.partial"))) == 1
    others = ["a.jsonl.00ff00ff.partial", "notes.00ff00ff.partial", "a.jsonl.partial", "a.jsonl.123.partial"]
    for other in others:
        (tmp_path / other).write_text("mine", "utf-8")
    (tmp_path / "link.00ff00ff.partial").symlink_to(next(tmp_path.glob("a.jsonl.*.partial")))
    (tmp_path / "folder.00ff00ff.partial").mkdir()
    os.mkfifo(tmp_path / "pipe.00ff00ff.partial")
    assert audit.archive(name, 8).entries == 8
    assert audit.examine(name).problems == ()
    assert sorted(path.name for path in tmp_path.glob("*.partial")) == sorted(
        [*others, "link.00ff00ff.partial", "folder.00ff00ff.partial", "pipe.00ff00ff.partial"]
    )
    audit.trail.close()
    audit.keys.close()


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_a_file_that_is_still_being_written_is_nobodys_leftover(tmp_path):
    audit = Audit(tmp_path)
    with run_and_kill(tmp_path, "wait") as at_work:
        [partial] = tmp_path.glob("*.partial")
        assert audit.archive("b.jsonl", 8).entries == 8
        assert partial.exists()
        at_work.communicate("")
    audit.write(5, start=20)
    assert audit.archive("c.jsonl", 12).entries == 4
    assert not partial.exists()
    audit.trail.close()
    audit.keys.close()


def test_servers_go_on_writing_meanwhile(tmp_path):
    audit = Audit(tmp_path, days=3_000)
    go_on = threading.Event()
    store = SqliteTrail(tmp_path, durability="normal")

    def write() -> None:
        while not go_on.is_set():
            store.append([{"op": "search", "at": "2031-01-01"}], Chain().chained, durable=False)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number, day in enumerate((500, 1_000, 2_900)):
            audit.archive(f"{number}.jsonl", day)
    finally:
        go_on.set()
        thread.join()
    assert audit.examine("0.jsonl", "1.jsonl", "2.jsonl").problems == ()
    for each in (store, audit.trail, audit.keys):
        each.close()


def test_a_trail_of_an_earlier_version_is_brought_up_to_date(tmp_path):
    with closing(sqlite3.connect(tmp_path / TRAIL_FILE)) as connection, connection:
        connection.executescript(
            "PRAGMA application_id = 1095188785; PRAGMA user_version = 1;"
            "CREATE TABLE entries (number INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
            "CREATE TRIGGER entries_stand BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;"
            "CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;"
        )
        entry = Chain().chained(None, {"op": "add", "at": "2020-01-01T00:00:00.000000+00:00"})
        connection.execute("INSERT INTO entries VALUES (?, ?, ?)", entry)
    audit = Audit(tmp_path, days=3)
    assert audit.archive("a.jsonl", 1).entries == 2
    assert audit.examine("a.jsonl").problems == ()
    audit.trail.close()
    audit.keys.close()


def agentmem(folder: Path, *arguments: str):
    return CliRunner().invoke(app, [*arguments, "--path", str(folder)])


def test_by_the_command_line(tmp_path):
    audit = Audit(tmp_path / "store")
    audit.trail.close()
    audit.keys.close()
    file = tmp_path / "2026-01.jsonl"
    done = agentmem(audit.folder, "audit", "archive", "--before", "2026-01-10", str(file))
    assert done.exit_code == 0, done.output
    assert "9 entries, 1 to 9" in done.stderr
    again = agentmem(audit.folder, "audit", "archive", "--before", "2026-01-10", str(tmp_path / "b.jsonl"))
    assert again.exit_code == 1
    assert "nothing of before" in str(again.exception)
    verified = agentmem(audit.folder, "audit", "verify", "--archive", str(file), "--json")
    assert json.loads(verified.stdout)["whole"]
    file.write_bytes(file.read_bytes().replace(b"add", b"get", 1))
    broken = agentmem(audit.folder, "audit", "verify", "--archive", str(file))
    assert (broken.exit_code, "NOT whole" in broken.stdout) == (3, True)
    missing = agentmem(audit.folder, "audit", "verify", "--archive", str(tmp_path / "no.jsonl"))
    assert missing.exit_code == 1


def test_under_a_server_that_runs(tmp_path):
    folder = tmp_path / "store"
    secret = keys_create(folder, "--tenant", "acme", "--role", "admin")
    command = [sys.executable, "-m", "agentmem_core.cli", "audit"]
    where = ["--path", str(folder)]
    with serving(folder) as server, httpx.Client(headers={"Authorization": f"Bearer {secret}"}) as client:
        for number in range(20):
            assert client.post(f"{server.url}/v1/memories", json={"content": f"text {number}"}).status_code == 200
        file = str(tmp_path / "a.jsonl")
        subprocess.run([*command, "archive", "--before", "0", file, *where], check=True, capture_output=True)
        for number in range(20):
            assert client.post(f"{server.url}/v1/memories/search", json={"query": f"text {number}"}).status_code == 200
    verified = subprocess.run(
        [*command, "verify", "--archive", file, *where], check=False, capture_output=True, text=True
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.startswith("42 entries, whole")
