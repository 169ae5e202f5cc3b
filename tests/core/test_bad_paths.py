"""A place that cannot hold a store is refused and left as it is; a store of another embedder says how to go on."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agentmem_core import (
    AgentMem,
    ConflictError,
    EmbedderMismatchError,
    NotFoundError,
    StoreDamagedError,
    StoreError,
    StoreTooNewError,
    StoreUnavailableError,
)
from agentmem_core.operations import Reindex

FILE = "agentmem.db"


def opened(folder: Path | str, **options) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder by what it holds."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refused(folder: Path, kind: type[StoreError], fragment: str) -> None:
    """Opening raises, says what to do, and changes no byte."""
    before = fingerprint(folder)
    with pytest.raises(kind, match=fragment):
        opened(folder)
    assert fingerprint(folder) == before


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "https://memory.example"])
def test_the_address_of_a_server_is_no_folder(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailableError, match="api_url="):
        AgentMem(address, embedder="hashing")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A closed store of a few hundred rows with metadata, versions and links."""
    folder = tmp_path_factory.mktemp("template") / "store"
    with opened(folder) as memory:
        items = [
            {"content": f"memory {n} of the template " + "word " * (n % 40), "id": f"m{n}", "metadata": {"number": n}}
            for n in range(400)
        ]
        memory.add_many(items)
        for n in range(0, 100, 3):
            memory.update(f"m{n}", content=f"memory {n} changed")
            memory.relate(f"m{n}", "follows", f"m{n + 1}")
    return folder


@pytest.fixture
def store(template, tmp_path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "store"))


# --- the path ---------------------------------------------------------------------------------------------------------


def test_a_path_that_is_a_file_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(StoreUnavailableError, match="is a file; give a folder"):
        opened(path)
    assert path.read_text() == "mine"


def test_a_path_below_a_file_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(StoreUnavailableError, match=r"cannot be made.*give a folder that can be written"):
        opened(path / "store")
    assert path.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_path_where_nothing_can_be_made_is_refused():
    with pytest.raises(StoreUnavailableError, match=r"cannot be made.*give a folder that can be written"):
        opened("/proc/agentmem-store")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(StoreUnavailableError, match=r"write|written|permission"):
        opened("/proc/self/fd" if os.getuid() else "/proc/sys")


@pytest.mark.parametrize("path", ["", "a\x00b", "x" * 5_000, "\ud800", 5, b"bytes"])
def test_a_path_that_is_none_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailableError):
        opened(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_ledger_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / FILE).mkdir()
    refused(tmp_path, StoreUnavailableError, "cannot be")


@pytest.fixture
def mounted(tmp_path) -> Iterator[Callable[[str], Path]]:
    """A small file system of its own, so that it can be made read-only; a superuser passes permission bits."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr.decode().strip()}")
        return folder

    yield mount
    subprocess.run(["umount", "-l", folder], capture_output=True, check=False)


def test_a_store_on_a_read_only_disk_is_refused(template, mounted):
    folder = mounted("size=8m")
    shutil.copytree(template, folder / "store")
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    refused(folder / "store", StoreUnavailableError, "cannot be written; check its permissions")


@pytest.mark.skipif(os.getuid() == 0, reason="permission bits do not hold the superuser")
def test_a_folder_without_the_permission_to_write_is_refused(store):
    store.chmod(0o500)
    try:
        refused(store, StoreUnavailableError, "cannot be written; check its permissions")
    finally:
        store.chmod(0o700)


# --- somebody else's file ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_acknowledged_in_a_file_that_was_removed_or_replaced(tmp_path, replaced):
    with opened(tmp_path / "other") as other, opened(tmp_path / "store") as memory:
        other.add("of the other store")
        memory.add("I like tea")
        memory.search("tea")
        moved = (tmp_path / "store").rename(tmp_path / "moved")
        if replaced:
            shutil.copytree(tmp_path / "other", tmp_path / "store")
        for call in (lambda: memory.add("lost"), lambda: memory.search("tea"), memory.list, memory.compact):
            with pytest.raises(StoreUnavailableError, match="removed, or another file"):
                call()
        if not replaced:
            assert not (tmp_path / "store").exists()
            moved.rename(tmp_path / "store")
            memory.add("kept")
            assert {item.content for item in memory.list().items} == {"I like tea", "kept"}


def test_a_store_of_a_newer_version_is_refused(store):
    with sqlite3.connect(store / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    refused(store, StoreTooNewError, "schema 99, this one knows 3.*pip install --upgrade")


def test_a_store_of_a_newer_version_whose_log_is_not_yet_moved_is_refused(store):
    """Its version stands in the write-ahead log: the writer was killed."""
    script = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('PRAGMA user_version = 99')\n"
        "connection.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, store / FILE], check=False)
    assert (store / f"{FILE}-wal").stat().st_size
    with pytest.raises(StoreTooNewError, match="schema 99"):
        opened(store)
    with sqlite3.connect(store / FILE) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
        assert connection.execute("SELECT count(*) FROM memories").fetchone() == (400,)
    connection.close()


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_another_programs_database_is_refused(tmp_path, journal):
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE notes (text)")
    connection.execute("INSERT INTO notes VALUES ('mine')")
    connection.commit()
    connection.close()
    refused(tmp_path, StoreUnavailableError, "database of another program; give AgentMem a folder of its own")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"Dear diary, " * 1_000)
    refused(tmp_path, StoreDamagedError, "does not begin as a database does.*restore a backup")


def test_a_store_whose_making_was_cut_off_is_made_again(tmp_path):
    """A kill between the first page and the tables leaves a database without anything in it; it is nobody else's."""
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert (tmp_path / FILE).stat().st_size
    with opened(tmp_path) as memory:
        memory.add("the first memory")
        assert memory.stats().memories == 1


def test_an_empty_file_becomes_a_store(tmp_path):
    (tmp_path / FILE).touch()
    with opened(tmp_path) as memory:
        memory.add("the first memory")
        assert memory.health().ok


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [1, 15, 50, 99, 100, 1_000, 4_096, 0.25, 0.5, 0.99])
def test_a_ledger_that_was_cut_short_is_refused(store, kept):
    file = store / FILE
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.truncate(kept if isinstance(kept, int) else int(size * kept))
    refused(store, StoreDamagedError, "is damaged: .*Nothing was changed.*restore a backup")


@pytest.mark.parametrize("length", [16, 100, 4_096])
def test_a_ledger_with_noise_for_a_header_is_refused(store, length):
    noise = random.Random(length).randbytes(length)
    with (store / FILE).open("r+b") as stream:
        stream.write(noise)
    refused(store, StoreDamagedError, "is damaged: .*Nothing was changed")


def test_noise_in_every_page_but_the_first_is_reported_as_damage(store):
    file = store / FILE
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(4_096)
        stream.write(random.Random(1).randbytes(size - 4_096))
    before = file.read_bytes()
    with pytest.raises(StoreDamagedError, match="is damaged"), opened(store) as memory:
        memory.list()
    assert file.read_bytes() == before


def test_health_tells_of_damage_that_reading_has_not_met(store):
    file = store / FILE
    pages = file.stat().st_size // 4_096
    with file.open("r+b") as stream:
        for page in range(pages // 2, pages // 2 + 5):
            stream.seek(page * 4_096)
            stream.write(random.Random(page).randbytes(4_096))
    with opened(store) as memory:
        health = memory.health()
        (ledger,) = [part for part in health.components if part.name == "ledger"]
        assert not health.ok
        assert not ledger.ok
        assert ledger.detail


@pytest.mark.parametrize("seed", range(40))
def test_noise_anywhere_raises_errors_of_the_store_and_no_others(store, seed):
    """Some bytes of the pages are noise: a call answers, or says that the store is damaged."""
    chance = random.Random(seed)
    file = store / FILE
    size = file.stat().st_size
    with file.open("r+b") as stream:
        for _ in range(chance.choice([1, 4, 20, 60])):
            stream.seek(chance.randrange(4_096, size))
            stream.write(chance.randbytes(chance.choice([1, 4, 16, 200, 4_096])))
        stream.truncate(size)
    calls: list[Callable[[AgentMem], object]] = [
        lambda memory: memory.list(limit=10_000),
        lambda memory: memory.list(filters={"number": 7}),
        lambda memory: [memory.get(f"m{n}") for n in range(400)],
        lambda memory: [memory.history(f"m{n}") for n in range(0, 100, 3)],
        lambda memory: [memory.links(f"m{n}") for n in range(0, 100, 3)],
        lambda memory: memory.search("memory word template"),
        lambda memory: memory.search("memory", filters={"number": {"$gt": 7}}),
        lambda memory: memory.stats(),
        lambda memory: memory.add("one more memory"),
        lambda memory: memory.update("m5", content="another text"),
        lambda memory: memory.health(),
    ]
    with suppress(StoreError, EmbedderMismatchError), opened(store) as memory:  # the embedder's name is in the file too
        for call in calls:
            with suppress(StoreError, NotFoundError):  # an id of which a letter changed is not found
                call(memory)


@pytest.mark.parametrize("column", ["content", "id", "role", "metadata", "entities"])
def test_a_text_that_one_bit_made_a_blob_is_damage_however_many_there_are(tmp_path, column):
    """Twice, since what is looked at once must not be taken for ours the second time; and where searches are answered at once."""
    folder = tmp_path / "store"
    with opened(folder) as memory:
        memory.add([{"role": "user", "content": f"memory {n}"} for n in range(4)], metadata={"n": 1})
    with closing(sqlite3.connect(folder / FILE)) as connection:
        table = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'memories'").fetchone()[0]
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'memories'", (table.replace("STRICT", ""),))
        connection.commit()
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute(f"UPDATE memories SET {column} = CAST({column} AS BLOB)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'memories'", (table,))
        connection.commit()
    with opened(folder) as memory:
        for _ in range(2):
            with pytest.raises(StoreDamagedError, match="a row of the store is damaged"):
                memory.search("memory")
            with pytest.raises(StoreDamagedError, match="a row of the store is damaged"):
                memory.list()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE memories SET importance = 7.5", "UPDATE memories SET importance = -1.0", "UPDATE memories SET version = -3",
        "INSERT INTO uses SELECT row, -1, NULL FROM memories",
    ],
)  # fmt: skip
def test_a_number_that_we_would_not_write_is_damage(store, damage):
    with closing(sqlite3.connect(store / FILE)) as connection:
        connection.execute(damage)
        connection.commit()
    with opened(store) as memory, pytest.raises(StoreDamagedError, match="a row of the store is damaged"):
        memory.search("memory")


def test_an_index_that_leads_to_another_user_is_damage(tmp_path):
    """One bit of the entry that says where a user's rows are."""
    folder = tmp_path / "store"
    with opened(folder) as memory:
        for user in ("zoe", "ana", "bo"):  # partitions 1, 2 and 3
            memory.add(f"the secret of {user}", user_id=user)
    data = (folder / FILE).read_bytes()
    assert data.count(b"ana\x02") == 1
    (folder / FILE).write_bytes(data.replace(b"ana\x02", b"ana\x03"))
    with opened(folder) as memory:
        for call in (lambda: memory.search("secret", user_id="ana"), lambda: memory.list(user_id="ana")):
            with pytest.raises(StoreDamagedError, match="another user"):
                call()
        assert [hit.memory.content for hit in memory.search("secret", user_id="bo")] == ["the secret of bo"]


def test_an_id_that_leads_to_another_users_row_is_damage(tmp_path):
    folder = tmp_path / "store"
    with opened(folder) as memory:
        for user in ("zoe", "ana", "bo"):
            memory.add(f"the secret of {user}", user_id=user, id=f"note-{user}")
    data = (folder / FILE).read_bytes()
    entry = b"note-ana" + bytes([0, 2, 0, 0, 0, 1])  # the row in six bytes: 2 << 32 | 1
    assert data.count(entry) == 1
    (folder / FILE).write_bytes(data.replace(entry, b"note-ana" + bytes([0, 3, 0, 0, 0, 1])))
    with opened(folder) as memory:
        for call in (memory.get, memory.history):
            with pytest.raises(StoreDamagedError, match="another user"):
                call("note-ana", user_id="ana")


# --- another embedder -------------------------------------------------------------------------------------------------


def cosine(memory: AgentMem, content: str) -> float:
    """How near a memory is to its own text by the vectors in store: 1.0 when one embedder made both."""
    hits = memory.search(content, mode="dense", limit=100)
    return max((hit.signals.dense for hit in hits if hit.memory.content == content), default=0.0)


def test_a_store_of_another_embedder_is_refused_and_says_how_to_go_on(store):
    before = fingerprint(store)
    with pytest.raises(EmbedderMismatchError, match=r'hashing:64.*embedder="hashing:64".*reindex\(embedder='):
        opened(store, embedder="wordllama")
    with pytest.raises(EmbedderMismatchError, match=r"hashing:64.*hashing:32"):
        opened(store, embedder="hashing:32")
    assert fingerprint(store) == before
    with opened(store) as memory:
        assert memory.stats().memories == 400


def test_what_the_error_advises_opens_the_store(tmp_path):
    """The embedder named in the advice is the whole of it, with its model."""
    with opened(tmp_path, embedder="hashing:32") as memory:
        memory.add("a memory")
    with pytest.raises(EmbedderMismatchError) as refusal:
        opened(tmp_path, embedder="wordllama")
    advice = str(refusal.value).split('embedder="')[1].split('"')[0]
    with opened(tmp_path, embedder=advice) as memory:
        assert memory.stats().memories == 1


def test_reindex_embeds_everything_again_and_tells_its_progress(store):
    steps: list[tuple[int, int]] = []
    with opened(store) as memory:
        before = [(item.id, item.content, item.version) for item in memory.list(limit=10_000).items]
        done = memory.reindex(embedder="wordllama", progress=lambda *step: steps.append(step))
        assert done.finished
        assert steps[-1] == (400, 400)
        assert steps == sorted(steps)
        assert [(item.id, item.content, item.version) for item in memory.list(limit=10_000).items] == before
        assert all(cosine(memory, item[1]) > 0.99 for item in before[:20])
        memory.add("added after the change")
    with pytest.raises(EmbedderMismatchError, match="wordllama"):
        opened(store)
    with opened(store, embedder="wordllama") as memory:
        assert memory.search("added after the change", mode="dense")[0].memory.content == "added after the change"
        assert memory.stats().collections[0].dimension == 256


def test_reindex_of_one_tenant_leaves_anothers_half_done_change_alone(tmp_path):
    with opened(tmp_path, tenant="a") as a, opened(tmp_path, tenant="b") as b:
        for tenant in (a, b):
            tenant.add_many([f"memory {n} of a tenant" for n in range(50)])
        a._backend.execute(Reindex(scope=a.scope, embedder="hashing:16", rows=10))
        b._backend.execute(Reindex(scope=b.scope, embedder="hashing:32", rows=10))
        a.reindex(embedder="hashing:16")
        assert all(cosine(b, f"memory {n} of a tenant") > 0.99 for n in range(50))
        assert b.reindex(embedder="hashing:32").finished
        assert all(cosine(b, f"memory {n} of a tenant") > 0.99 for n in range(50))
        assert all(cosine(a, f"memory {n} of a tenant") > 0.99 for n in range(50))


def wide(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float(text.count("a")), 1.0] for text in texts]


def test_reindex_with_a_function_as_the_embedder_keeps_dense_search_working(store):
    with opened(store) as memory:
        memory.reindex(embedder=wide)
        assert memory.stats().collections[0].dimension == 3
        assert len(memory.search("memory", mode="dense", limit=5)) == 5
    with opened(store, embedder=wide) as memory:
        assert len(memory.search("memory", mode="dense", limit=5)) == 5


def test_an_add_under_way_while_the_embedder_changes_does_not_mix_vectors(tmp_path):
    """The text was embedded by the old embedder, the collection is the new one's when it comes to be written."""
    inside, go_on = threading.Event(), threading.Event()

    def slow(texts: list[str]) -> list[list[float]]:
        if "late" in texts:
            inside.set()
            go_on.wait(20)
        return wide(texts)

    with opened(tmp_path, embedder=slow) as memory:
        memory.add("early")
        failures: list[Exception] = []

        def late() -> None:
            try:
                memory.add("late")
            except EmbedderMismatchError as error:
                failures.append(error)

        adding = threading.Thread(target=late)
        adding.start()
        assert inside.wait(20)
        memory.reindex(embedder="hashing")
        go_on.set()
        adding.join()
        found = {hit.memory.content for hit in memory.search("early", mode="dense")}
        assert "early" in found
        assert failures or "late" in {item.content for item in memory.list().items}
        assert memory.reindex(embedder="hashing:32").finished
        assert memory.search("early", mode="dense")[0].memory.content == "early"


def test_another_client_of_the_old_embedder_is_told_after_a_change(store):
    with opened(store) as old, opened(store) as other:
        old.reindex(embedder="hashing:32")
        with pytest.raises(EmbedderMismatchError, match="reindex"):
            other.add("a memory of the old embedder")
        with pytest.raises(EmbedderMismatchError, match="reindex"):
            other.search("memory")
        assert old.search("memory 7 of the template")[0].memory.id == "m7"


REINDEX = """
import sys
from agentmem_core import AgentMem
memory = AgentMem(sys.argv[1], embedder="hashing", index="none", durability="normal")
memory.reindex(embedder="hashing:96", progress=lambda done, total: print(done, total, flush=True))
"""


def test_a_reindex_killed_half_way_leaves_a_usable_store_and_goes_on(tmp_path):
    with opened(tmp_path) as memory:
        memory.add_many([f"memory number {n} about subject{n}" for n in range(3_500)])
    child = subprocess.Popen([sys.executable, "-c", REINDEX, tmp_path], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline().split() == ["1000", "3500"]
    assert child.stdout.readline().split() == ["2000", "3500"]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with opened(tmp_path) as memory:
        assert memory.stats().memories == 3_500
        assert cosine(memory, "memory number 77 about subject77") > 0.99
        memory.add("added between", id="between")
        memory.update("between", content="changed between")
        with pytest.raises(ConflictError, match=r"hashing:96.*under way.*restart=True"):
            memory.reindex(embedder="hashing:16")
        steps: list[int] = []
        memory.reindex(embedder="hashing:96", progress=lambda done, _total: steps.append(done))
        assert steps[0] > 2_000, "it goes on from what was embedded before the kill"
        assert steps[-1] == 3_501
    with opened(tmp_path, embedder="hashing:96") as memory:
        assert all(cosine(memory, f"memory number {n} about subject{n}") > 0.99 for n in (0, 1_500, 2_500, 3_499))
        assert cosine(memory, "changed between") > 0.99


def test_a_change_of_embedder_that_was_begun_can_be_begun_anew(store):
    with opened(store) as memory:
        memory._backend.execute(Reindex(scope=memory.scope, embedder="hashing:96", rows=10))
        assert memory.reindex(embedder="hashing:16", restart=True).finished
    with opened(store, embedder="hashing:16") as memory:
        assert cosine(memory, memory.get("m7").content) > 0.99
