"""The audit trail: nothing in it can be changed without being seen."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.errors import NotConfiguredError, StoreError, StoreFullError, StoreUnavailableError
from agentmem_core.server.security.chain import Chain, Head
from agentmem_core.server.security.trail import AuditTrail
from agentmem_core.storage.sqlite import TRAIL_FILE, Entry, SqliteKeys, SqliteTrail

KEY, OTHER = b"k" * 15 + b"1", b"k" * 15 + b"2"


def entries(count=8, chain=None):
    chain = chain or Chain()
    made: list[Entry] = []
    for number in range(count):
        made.append(chain.chained(made[-1] if made else None, {"op": "add", "ids": [f"m{number}"], "user": "安娜"}))
    return made


def head(entry):
    return Head(entry.number, entry.hash.hex())


def test_what_was_written_is_whole():
    made = entries()
    verdict = Chain().examine(made)
    assert verdict.whole
    assert (verdict.entries, verdict.head) == (8, head(made[-1]))
    assert Chain().examine([]).whole


def forged(made, how, at):
    made = list(made)
    if how == "edit":
        made[at] = made[at]._replace(text=made[at].text.replace('"op":"add"', '"op":"get"'))
    elif how == "edit and hash":  # a careful forger makes the entry fit to the one before
        last = made[at - 1] if at else None
        made[at] = Chain().chained(last, {"op": "get", "ids": [f"m{at}"], "user": "安娜"})
    elif how == "delete":
        del made[at]
    elif how == "delete and close the gap":
        made = made[:at] + [entry._replace(number=entry.number - 1) for entry in made[at + 1 :]]
    elif how == "swap":
        other = at - 1 if at else 1
        made[at], made[other] = (
            made[at]._replace(number=made[other].number),
            made[other]._replace(number=made[at].number),
        )
        made.sort(key=lambda entry: entry.number)
    elif how == "put in":
        made.insert(0, made[at]._replace(number=-1))
    elif how == "hash":
        made[at] = made[at]._replace(hash=bytes(32))
    elif how == "garbage":
        made[at] = made[at]._replace(text="{")
    return made


HOW = ["edit", "edit and hash", "delete", "delete and close the gap", "swap", "put in", "hash", "garbage"]


@given(st.sampled_from(HOW), st.integers(0, 6), st.integers(8, 12))
def test_every_forgery_before_the_end_is_seen(how, at, count):
    made = entries(count)
    verdict = Chain().examine(forged(made, how, at), held=[head(made[-1])])
    assert not verdict.whole


@given(st.integers(0, 7))
def test_a_tail_that_was_cut_is_seen_by_its_anchor(kept):
    made = entries()
    assert Chain().examine(made[:kept]).whole  # nobody could see it by the chain alone
    assert not Chain().examine(made[:kept], held=[head(made[-1])]).whole


def test_a_trail_that_was_written_anew_is_seen_by_its_anchor():
    verdict = Chain().examine(entries(9, Chain()), held=[Head(5, "00" * 32)])
    assert verdict.problems == ("entry 5: is another one than was noted; the trail was written anew",)


def test_without_the_key_nobody_writes_a_chain_that_fits():
    made = entries(4, Chain([KEY]))
    assert Chain([KEY]).examine(made).whole
    assert Chain([OTHER, KEY]).examine(made).whole
    unkeyed = [*made, Chain().chained(made[-1], {"op": "forget"})]
    assert "under no key" in Chain([KEY]).examine(unkeyed).problems[0]
    assert "not configured" in Chain().examine(made).problems[0]
    assert not Chain([KEY]).examine([*made, Chain([OTHER]).chained(made[-1], {"op": "forget"})]).whole
    later = entries(2)
    later.append(Chain([KEY]).chained(later[-1], {"op": "add"}))
    assert Chain([KEY]).examine(later).whole  # a key that was configured later


def test_a_short_key_is_refused():
    with pytest.raises(NotConfiguredError, match="16 bytes"):
        Chain([b"short"])


@pytest.fixture
def opened(tmp_path):
    store, anchors = SqliteTrail(tmp_path), SqliteKeys(tmp_path)
    trail = AuditTrail(store, anchors, Chain())
    yield trail, store, anchors
    trail.close_now()
    store.close()
    anchors.close()


async def test_what_was_appended_together_stands_in_one_chain(opened):
    trail, store, anchors = opened
    await asyncio.gather(*(trail.append({"op": "add", "x": number}, durable=number % 5 == 0) for number in range(500)))
    written = list(store.walk())
    assert sorted(int(entry.text.split('"x":')[1].rstrip("}")) for entry in written) == list(range(500))
    await trail.close()
    held = anchors.anchor()
    assert held == (500, written[-1].hash)
    assert Chain().examine(written, held=[Head(held[0], held[1].hex())]).whole
    with pytest.raises(StoreError, match="closed"):
        await trail.append({"op": "add"}, durable=True)


async def test_entries_are_written_in_the_order_they_came(opened):
    trail, store, _ = opened
    for number in range(20):
        await trail.append({"x": number}, durable=False)
    assert [entry.text for entry in store.walk()] == [f'{{"n":{number + 1},"x":{number}}}' for number in range(20)]


def test_two_servers_and_threads_write_one_chain(tmp_path):
    stores = [SqliteTrail(tmp_path, durability="normal") for _ in range(2)]

    def write(store):
        for number in range(50):
            store.append([{"x": number}, {"y": number}], Chain().chained)

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = Chain().examine(stores[0].walk())
    assert verdict.whole
    assert verdict.entries == 200
    for store in stores:
        store.close()


def test_the_database_refuses_to_change_an_entry(tmp_path):
    store = SqliteTrail(tmp_path)
    store.append([{"op": "add"}], Chain().chained)
    store.close()
    with closing(sqlite3.connect(tmp_path / TRAIL_FILE)) as connection:
        for statement in ("UPDATE entries SET entry = '{}'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                connection.execute(statement)


def broken(error: Exception):
    def append(*given, **more):
        raise error

    return append


async def test_what_cannot_be_written_is_kept_and_nobody_is_let_in_meanwhile(opened, monkeypatch):
    trail, store, _ = opened
    with monkeypatch.context() as patch:
        patch.setattr(store, "append", broken(StoreUnavailableError("the folder cannot be written")))
        with pytest.raises(StoreUnavailableError):
            await trail.append({"x": 1}, durable=True)
        with pytest.raises(StoreUnavailableError):
            await trail.append({"x": 2}, durable=False, patient=True)
        with pytest.raises(StoreUnavailableError):
            await trail.ready()
        with pytest.raises(StoreUnavailableError, match="nothing is changed"):
            trail.require_writable()
    await asyncio.sleep(0.3)
    await trail.ready()
    trail.require_writable()
    await trail.append({"x": 3}, durable=True)
    assert [entry.text for entry in store.walk()] == [f'{{"n":{number},"x":{number}}}' for number in (1, 2, 3)]


async def test_while_the_disk_is_full_what_is_read_goes_on_and_nothing_is_changed(opened, monkeypatch):
    trail, store, _ = opened
    monkeypatch.setattr("agentmem_core.server.security.trail.KEPT", 50)
    with monkeypatch.context() as patch:
        patch.setattr(store, "append", broken(StoreFullError("the disk is full")))
        with pytest.raises(StoreFullError):
            await trail.append({"x": 0}, durable=True)
        for number in range(1, 50):
            await trail.ready()
            await trail.append({"x": number}, durable=False, patient=True)
            with pytest.raises(StoreFullError):
                trail.require_writable()
        await asyncio.sleep(0.3)
        with pytest.raises(StoreFullError):  # no more can be kept
            await trail.ready()
        with pytest.raises(StoreFullError):
            await trail.append({"x": 50}, durable=False, patient=True)
    await asyncio.sleep(0.3)
    await trail.ready()
    trail.require_writable()
    found = list(store.walk())
    assert [entry.text for entry in found] == [f'{{"n":{number + 1},"x":{number}}}' for number in range(51)]
    assert Chain().examine(found).whole


def test_each_event_loop_is_answered(opened):
    trail, store, _ = opened
    for number in range(3):
        asyncio.run(trail.append({"x": number}, durable=False))
    assert store.count() == 3


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agentmem_core.server.security.chain import Chain
from agentmem_core.server.security.trail import AuditTrail
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

async def main():
    folder = Path(sys.argv[1])
    trail = AuditTrail(SqliteTrail(folder), SqliteKeys(folder), Chain())
    async def one(number):
        await trail.append({"x": number}, durable=number % 7 == 0)
        os.write(1, f"{number}\\n".encode())
    await asyncio.gather(*(one(number) for number in range(300)))
    tasks = [asyncio.ensure_future(one(number)) for number in range(300, 2000)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif("os.name != 'posix'", reason="there is no kill -9 elsewhere")
def test_a_killed_process_loses_nothing_that_was_answered(tmp_path):
    run = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True, text=True)
    assert run.returncode == -9, run.stderr
    answered = {int(line) for line in run.stdout.splitlines()}
    store = SqliteTrail(tmp_path)
    written = list(store.walk())
    store.close()
    assert len(answered) >= 300
    assert answered <= {int(entry.text.split('"x":')[1].rstrip("}")) for entry in written}
    assert Chain().examine(written).whole
