"""Backups: taken while others write, refused when damaged, restored as they were."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from agentmem_core import AgentMem, StoreDamagedError
from agentmem_core.storage.backup import create_backup, restore_backup, verify_backup


def test_a_store_comes_back_as_it_was(ask, told, tmp_path):
    store = tmp_path / "store"
    with AgentMem(store) as memory:
        memory.add("我去年五月搬到了里斯本", user_id="安娜", id="one")
        memory.update("one", content="我去年六月搬到了里斯本", user_id="安娜")
        memory.resource.put(b"a letter about the cello", name="letter.txt", user_id="安娜")
    ask("keys", "create", "--name", "phone")
    keys = ask("keys", "list", "--json")[1]
    backup = tmp_path / "backup.agentmem"
    made = told("backup", "create", str(backup))
    assert (made["files"], made["databases"]) == (1, ["agentmem.db", "keys.db", "audit.db"])
    assert backup.stat().st_mode & 0o077 == 0
    assert told("backup", "verify", str(backup))["sha256"] == made["sha256"]
    there = tmp_path / "there"
    assert ask("backup", "restore", str(backup), "--path", str(there))[0] == 0
    assert not [file for file in there.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]
    for name in ("store", "there"):
        ask("export", str(tmp_path / f"{name}.jsonl"), "--everyone", "--path", str(tmp_path / name))
    exports = [(tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()[1:] for name in ("store", "there")]
    assert exports[0] == exports[1]
    assert len(exports[0]) >= 3
    assert ask("keys", "list", "--json", "--path", str(there))[1] == keys
    assert ask("audit", "verify", "--path", str(there))[0] == 0
    assert ask("doctor", "--path", str(there))[0] == 0
    with AgentMem(there, user_id="安娜") as memory:
        (found,) = memory.resource.list()
        assert memory.resource.open(found.id).read() == b"a letter about the cello"


def test_a_file_alone_is_a_backup_to_be_made(ask, told, tmp_path):
    ask("add", "tea")
    backup = tmp_path / "backup.agentmem"
    made = told("backup", str(backup))
    assert told("backup", "verify", str(backup))["sha256"] == made["sha256"]
    assert ask("backup", str(backup), "--path", str(tmp_path / "none"))[0] == 1


def test_a_file_of_any_name_is_a_backup_and_a_mistyped_command_is_none(ask, told, tmp_path):
    ask("add", "tea")
    made = told("backup", "monday")
    assert told("backup", "verify", "monday")["sha256"] == made["sha256"]
    for word in ("creat", "verfy", "restor", "Restore"):
        code, _, err = ask("backup", word)
        assert (code, "No such command" in err) == (2, True), word
    assert not (tmp_path / "creat").exists()


def test_nothing_is_overwritten(ask, tmp_path):
    ask("add", "tea")
    backup = tmp_path / "b"
    assert ask("backup", "create", str(backup))[0] == 0
    before = backup.read_bytes()
    code, _, err = ask("backup", "create", str(backup))
    assert (code, "nothing is overwritten" in err) == (1, True)
    code, _, err = ask("backup", "restore", str(backup))
    assert (code, "is not empty" in err) == (1, True)
    assert backup.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b", "store"]


def test_a_damaged_backup_is_refused_and_leaves_nothing(tmp_path):
    with AgentMem(tmp_path / "store") as memory:
        memory.add_many([f"note {number}" for number in range(50)])
        memory.resource.put(b"bytes", name="x.txt")
    whole = tmp_path / "whole"
    create_backup(tmp_path / "store", whole)
    data = whole.read_bytes()
    chance = random.Random(7)
    places = [0, len(data) - 1, len(data) - 40, *(chance.randrange(len(data)) for _ in range(200))]
    damaged = [data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :] for place in places]
    damaged += [data[:place] for place in (0, 1, 100, len(data) // 2, len(data) - 1)] + [data + b"\n"]
    file = tmp_path / "damaged"
    for content in damaged:
        file.write_bytes(content)
        with pytest.raises(StoreDamagedError):
            restore_backup(file, tmp_path / "restored")
        assert not (tmp_path / "restored").exists()
    verify_backup(whole)


WRITER = """
import sys
from agentmem_core import AgentMem
memory = AgentMem(sys.argv[1], embedder="hashing")
for number in range(1_000_000):
    memory.add(f"note {number}", id=f"n{number}")
    memory.resource.put(f"file {number}".encode(), name=f"{number}.txt")
    if number % 3 == 0:
        memory.forget(memory.resource.list()[0].id)
    print(number, flush=True)
"""


def test_a_backup_under_load_is_one_moment(ask, tmp_path):
    """Another process writes, and erases files: what is restored is its first so many steps, none missing."""
    store = tmp_path / "store"
    writing = subprocess.Popen([sys.executable, "-c", WRITER, str(store)], stdout=subprocess.PIPE, text=True)
    assert writing.stdout is not None
    try:
        for turn in range(3):
            before = int(writing.stdout.readline())
            assert ask("backup", "create", str(tmp_path / f"b{turn}"))[0] == 0
            assert writing.poll() is None
            assert ask("backup", "restore", str(tmp_path / f"b{turn}"), "--path", str(tmp_path / f"r{turn}"))[0] == 0
            listed = ask("list", "--all", "--json", "--path", str(tmp_path / f"r{turn}"))[1]
            found = [json.loads(line) for line in listed.splitlines()]
            notes = [item["id"] for item in found if item["type"] != "resource"]
            assert notes == [f"n{number}" for number in range(len(notes))]
            assert len(notes) > before
            assert ask("doctor", "--path", str(tmp_path / f"r{turn}"))[0] == 0
    finally:
        writing.kill()
        writing.wait()
        writing.stdout.close()
