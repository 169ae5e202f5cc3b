"""What an id, a trash and a backup mean once they are used again."""

from __future__ import annotations

import pytest

from agentmem_core import AgentMem, ConflictError, NotFoundError


def test_an_id_that_another_session_deleted_brings_nothing_of_it_along():
    with AgentMem(":memory:", embedder="hashing") as memory:
        memory.add("secret of the first", id="x", session_id="s1")
        memory.delete("x", session_id="s1")
        memory.add("hello from the second", id="x", session_id="s2")
        assert [version.content for version in memory.history("x", session_id="s2")] == ["hello from the second"]
        with pytest.raises(NotFoundError):
            memory.get("x", session_id="s1")


def test_replacing_an_id_of_another_session_is_refused():
    with AgentMem(":memory:", embedder="hashing") as memory:
        memory.add("mine", id="x", session_id="s1")
        with pytest.raises(ConflictError):
            memory.add("theirs", id="x", session_id="s2", on_conflict="replace")
        assert memory.get("x", session_id="s1").content == "mine"


def test_a_backup_brings_back_what_was_deleted_since(tmp_path):
    with AgentMem(":memory:", embedder="hashing") as memory:
        memory.add("keep me", id="x")
        memory.export(tmp_path / "backup.jsonl")
        memory.delete("x")
        assert memory.import_(tmp_path / "backup.jsonl").memories == 1
        assert memory.get("x").content == "keep me"
        assert memory.search("keep me")[0].memory.id == "x"
