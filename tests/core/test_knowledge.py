"""Sealed values: only a key and a reason open them, and nothing else in or around the store shows them."""

import base64
import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import agentmem_core
from agentmem_core import AgentMem, AgentTask, InvalidInputError, NotConfiguredError, NotFoundError, VaultError
from agentmem_core.model.knowledge import Sensitivity
from agentmem_core.operations.agents.knowledge import PutEntry
from agentmem_core.storage.sqlite.writer import SqliteWriter
from agentmem_core.storage.vault import AesGcmVault
from agentmem_core.testing import in_memory_backend

SECRET = "hunter2-Zq8vXw1pLk-鲁伊的密码"
OLD, NEW = (base64.b64encode(sha256(word).digest()).decode() for word in (b"old", b"new"))


def opened(folder: Path | str, **options) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch):
    """Whatever keyring this machine has is nobody's business here."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    import keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", OLD)
    return OLD


@pytest.fixture
def memory(tmp_path, key):
    with opened(tmp_path / "store") as memory:
        yield memory


def forms(secret: str) -> list[bytes]:
    """A secret as it could stand somewhere: plain, escaped, in base64 at every offset, in hex; in two encodings."""
    found: list[bytes] = [json.dumps(secret)[1:-1].encode()]
    for raw in (secret.encode(), secret.encode("utf-16-le")):
        found += [raw, raw.hex().encode(), raw.hex().upper().encode()]
        for lead in range(3):
            whole = base64.b64encode(b"\x00" * lead + raw)
            found.append(whole[4 * (lead > 0) : len(whole) // 4 * 4 - 4])
        found.append(base64.urlsafe_b64encode(raw)[:-4])
    return found


def places(folder: Path, secret: str = SECRET) -> list[str]:
    """The files that hold a secret in any form."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(form in path.read_bytes() for form in forms(secret))]


# --- put, reveal, list, get -------------------------------------------------------------------------------------------


def test_a_value_is_revealed_for_a_reason_which_the_audit_has(memory):
    before = datetime.now(UTC)
    entry = memory.knowledge.put("db", SECRET, sensitivity="secret", description="password of the database")
    assert (entry.name, entry.sensitivity, entry.sealed, entry.version) == ("db", Sensitivity.SECRET, True, 1)
    assert memory.knowledge.list() == [entry]
    assert memory.knowledge.get("db") == memory.knowledge.get(entry.id) == entry
    assert memory.knowledge.audit() == []
    assert memory.knowledge.reveal("db", reason="  deploy of 3 May  ", session_id=None) == SECRET
    (told,) = memory.knowledge.audit()
    assert (told.subject, told.reason, told.target, told.operation) == (
        "db",
        "deploy of 3 May",
        entry.id,
        "knowledge.reveal",
    )
    assert told.scope == memory.scope
    assert before <= told.at <= datetime.now(UTC)


async def test_every_verb_has_an_async_twin(tmp_path, key):
    async with opened(tmp_path) as memory:
        entry = await memory.knowledge.aput("db", SECRET)
        assert await memory.knowledge.areveal("db", reason="test") == SECRET
        assert await memory.knowledge.aget("db") == entry
        assert await memory.knowledge.alist() == [entry]
        assert len(await memory.knowledge.aaudit()) == 1
        assert await memory.knowledge.arotate_key() == 1
        assert await memory.knowledge.adelete("db") == 1
        assert await memory.knowledge.alist() == []


def test_it_is_all_there_after_a_restart(tmp_path, key):
    with opened(tmp_path) as memory:
        entry = memory.knowledge.put("数据库", SECRET, description="数据库的密码")
        memory.knowledge.reveal("数据库", reason="检查")
    with opened(tmp_path) as memory:
        assert memory.knowledge.list() == [entry]
        assert memory.knowledge.reveal("数据库", reason="再检查") == SECRET
        assert [told.reason for told in memory.knowledge.audit()] == ["检查", "再检查"]


def test_entries_are_found_by_their_description_and_never_by_their_value(memory):
    memory.knowledge.put("db", SECRET, description="数据库口令")
    assert memory.knowledge.search("数据库")[0].memory.metadata["name"] == "db"
    assert [hit.signals.lexical for hit in memory.search(SECRET, mode="lexical")] == []
    assert memory.search("hunter2", mode="lexical") == []
    memory.knowledge.put("wifi", "x")
    assert memory.knowledge.search("wifi", mode="lexical")[0].memory.content == "wifi"


def test_a_name_that_stands_gets_a_new_version_and_keeps_what_is_not_given(memory):
    memory.knowledge.put("db", "first", sensitivity="secret", description="of the database")
    entry = memory.knowledge.put("db", "second")
    assert (entry.version, entry.sensitivity, entry.description) == (2, Sensitivity.SECRET, "of the database")
    assert memory.knowledge.reveal("db", reason="test") == "second"
    assert len(memory.knowledge.list()) == 1
    memory.restore(entry.id, version=1)
    assert memory.knowledge.reveal("db", reason="test") == "first"


def test_the_same_value_is_never_sealed_alike(memory):
    for name in ("a", "b"):
        memory.knowledge.put(name, "same")
    sealed = {item.metadata["sealed"] for item in memory.list(types=["knowledge"]).items}
    assert len(sealed) == 2


def test_deleted_entries_can_be_restored_with_their_value(memory):
    entry = memory.knowledge.put("db", SECRET)
    assert memory.knowledge.delete("db") == 1
    with pytest.raises(NotFoundError, match="none yet"):
        memory.knowledge.reveal("db", reason="test")
    memory.restore(entry.id, version=1)
    assert memory.knowledge.reveal("db", reason="test") == SECRET


def test_any_text_can_be_sealed(memory):
    for value in ("x", "\x00\x01", "a\nb", "密" * 1000, "\u200f", "x" * 500_000):
        memory.knowledge.put("any", value)
        assert memory.knowledge.reveal("any", reason="test") == value


def test_a_note_is_plain_and_has_nothing_to_reveal(memory):
    note = memory.knowledge.add("The manual says 5 bar").ids[0]
    (entry,) = memory.knowledge.list()
    assert (entry.id, entry.name, entry.sealed, entry.description) == (note, note, False, "The manual says 5 bar")
    assert memory.knowledge.search("manual")[0].memory.id == note
    with pytest.raises(InvalidInputError, match="plain note"):
        memory.knowledge.reveal(note, reason="test")
    assert memory.knowledge.audit() == []
    assert memory.knowledge.delete(note) == 1


# --- it shows nowhere -------------------------------------------------------------------------------------------------


def test_no_byte_of_the_store_tells_the_value(tmp_path, key):
    with opened(tmp_path) as memory:
        memory.knowledge.put("db", SECRET, description="password")
        memory.knowledge.put("db", SECRET + "2", agent_id="a", session_id="s")
        memory.knowledge.put("db", SECRET)
        memory.knowledge.reveal("db", reason="test")
        memory.knowledge.update(memory.knowledge.get("db").id, metadata={"a": 1})
        assert (tmp_path / "agentmem.db-wal").stat().st_size > 0
        assert places(tmp_path) == []
        memory.export(tmp_path / "all.jsonl", everyone=True)
        memory.knowledge.rotate_key()
        memory.compact()
        memory.add(SECRET)
        assert places(tmp_path) != [], "the search sees what is there"
        memory.forget(user_id="default")
    assert places(tmp_path) == []


def test_no_answer_log_or_error_shows_the_value(memory, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    entry = memory.knowledge.put("db", SECRET, description="password")
    memory.knowledge.reveal("db", reason="test")
    op = PutEntry(name="db", value=SecretStr(SECRET))
    shown = [
        entry, memory.knowledge, memory.knowledge.list(), memory.knowledge.audit(), memory.get(entry.id),
        memory.list().items, memory.search("password"), memory.history(entry.id), memory.context("password"), op,
        op.model_dump(), op.model_dump_json(), str(op), memory._backend._engine.vault(),
    ]  # fmt: skip
    said = "\n".join([*(repr(item) for item in shown), caplog.text, *capsys.readouterr()])
    for form in forms(SECRET):
        assert form.decode("utf-8", "replace") not in said
    assert op.model_dump(context={"secrets": True})["value"] == SECRET
    assert PutEntry(**json.loads(op.model_dump_json(context={"secrets": True}))).value.get_secret_value() == SECRET


def test_tasks_and_their_replies_are_shown_without_the_value(memory):
    told = AgentTask(type="knowledge", operation="put", parameters={"name": "db", "value": SECRET})
    asked = AgentTask(type="knowledge", operation="reveal", parameters={"name": "db", "reason": "deploy"})
    put, revealed = memory.agents.dispatch_all([told, asked])
    assert put.success
    assert revealed.data == SECRET
    for value in (told, put, revealed):
        assert SECRET not in repr(value) + str(value)
    other = AgentTask(type="working", operation="push", parameters={"text": "tea"})
    assert "tea" in repr(other)
    assert "tea" in repr(memory.agents.dispatch(other))


@pytest.mark.parametrize(
    "given",
    [
        {"value": 86753091},
        {"value": b"86753091"},
        {"value": ["86753091"]},
        {"value": None},
        {"value": ""},
        {"value": "86753091\ud800"},
        {"value": "86753091" * 100_000},
        {"value": "86753091", "name": ""},
        {"value": "86753091", "name": None},
        {"value": "86753091", "name": "x" * 300},
        {"value": "86753091", "sensitivity": "top"},
        {"value": "86753091", "sensitivity": 7},
        {"value": "86753091", "description": " "},
        {"value": "86753091", "user_id": ""},
        {"value": "86753091", "nonsense": 1},
    ],
)
def test_a_refusal_does_not_repeat_the_value(memory, given):
    with pytest.raises(InvalidInputError) as caught:
        memory.knowledge.put(**{"name": "db", **given})
    said = "".join(traceback.format_exception(caught.value))
    assert "86753091" not in said.replace(repr(given), "")
    assert memory.knowledge.list() == []


def test_a_value_of_100_mb_is_refused_with_its_size(memory):
    with pytest.raises(InvalidInputError, match=r"100,000,000 bytes, the limit is 500,000"):
        memory.knowledge.put("db", "x" * 100_000_000)


def test_an_export_carries_the_sealed_form_which_opens_where_it_came_from_only(tmp_path, key):
    with opened(tmp_path / "one") as memory:
        memory.knowledge.put("db", SECRET)
        memory.export(tmp_path / "x.jsonl")
    assert places(tmp_path) == []
    with opened(tmp_path / "two") as memory:
        memory.import_(tmp_path / "x.jsonl")
        assert memory.knowledge.reveal("db", reason="moved") == SECRET
        memory.import_(tmp_path / "x.jsonl", user_id="eve", keep_users=False)
        with pytest.raises(VaultError, match="moved here from another"):
            memory.knowledge.reveal("db", reason="moved", user_id="eve")


# --- keys -------------------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_written_and_the_error_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.delenv("AGENTMEM_VAULT_KEY", raising=False)
    with opened(tmp_path) as memory:
        with pytest.raises(NotConfiguredError, match=r"agentmem_core.new_vault_key\(\).*AGENTMEM_VAULT_KEY"):
            memory.knowledge.put("db", SECRET)
        assert memory.list().items == ()
        assert memory.knowledge.list() == []
        for call in (memory.knowledge.rotate_key, lambda: memory.knowledge.reveal("db", reason="x")):
            with pytest.raises(NotConfiguredError):
                call()
    assert places(tmp_path) == []


def test_without_cryptography_the_error_says_what_to_install(memory, monkeypatch):
    memory.knowledge.put("db", SECRET)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    for call in (lambda: memory.knowledge.put("x", SECRET), lambda: memory.knowledge.reveal("db", reason="x")):
        with pytest.raises(NotConfiguredError, match=r"pip install 'agentmem-core\[vault\]'"):
            call()
    assert len(memory.knowledge.list()) == 1


def test_without_keyring_the_environment_alone_counts(memory, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    memory.knowledge.put("db", SECRET)
    monkeypatch.delenv("AGENTMEM_VAULT_KEY")
    with pytest.raises(NotConfiguredError, match="no vault key"):
        memory.knowledge.put("db", SECRET)


def test_the_keyring_of_the_system_is_asked_when_the_environment_has_no_key(memory, monkeypatch):
    import keyring
    from keyring.backend import KeyringBackend
    from keyring.errors import KeyringLocked

    class Ring(KeyringBackend):
        priority = 1
        held = NEW

        def get_password(self, service, username):
            if self.held is None:
                raise KeyringLocked("locked")
            return self.held if (service, username) == ("agentmem", "vault-key") else None

        def set_password(self, service, username, password):
            raise AssertionError("nothing is ever written there")

        def delete_password(self, service, username):
            raise AssertionError("nothing is ever deleted there")

    memory.knowledge.put("db", SECRET)
    monkeypatch.setattr(keyring.core, "_keyring_backend", Ring())
    assert memory.knowledge.reveal("db", reason="the environment comes first") == SECRET
    monkeypatch.delenv("AGENTMEM_VAULT_KEY")
    with pytest.raises(VaultError):
        memory.knowledge.reveal("db", reason="another key")
    memory.knowledge.put("db", "second")
    assert memory.knowledge.reveal("db", reason="the keyring's") == "second"
    monkeypatch.setattr(Ring, "held", None)
    with pytest.raises(NotConfiguredError, match="unlock"):
        memory.knowledge.put("db", "third")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("c2hvcnQ=", "has 5 bytes and must have 32"),
        ("not base64 at all!", "neither base64 nor hex"),
        ("密钥", "neither base64 nor hex"),
        ("00" * 32, "one byte over and over"),
        (f"{OLD},", "key 2 of 2"),
        (f"{OLD},c2hvcnQ=", "key 2 of 2: has 5 bytes"),
        (NEW[:-2], "has 31 bytes|neither"),
    ],
)
def test_a_bad_key_is_told_without_being_shown(memory, monkeypatch, text, why):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", text)
    with pytest.raises(NotConfiguredError, match=why) as caught:
        memory.knowledge.put("db", SECRET)
    said = "".join(traceback.format_exception_only(caught.value))
    assert "AGENTMEM_VAULT_KEY" in said
    assert not any(part and part in said for part in text.split(","))


def test_keys_in_hex_and_base64_are_the_same_key(memory, monkeypatch):
    memory.knowledge.put("db", SECRET)
    raw = base64.b64decode(OLD)
    for form in (raw.hex(), raw.hex().upper(), base64.urlsafe_b64encode(raw).decode().rstrip("="), f"  {OLD} "):
        monkeypatch.setenv("AGENTMEM_VAULT_KEY", form)
        assert memory.knowledge.reveal("db", reason="test") == SECRET


def test_new_keys_are_random_and_long_enough():
    keys = {agentmem_core.new_vault_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(base64.b64decode(key)) for key in keys} == {32}


def test_a_wrong_key_opens_nothing_and_changes_nothing(memory, monkeypatch):
    entry = memory.knowledge.put("db", SECRET)
    before = memory.get(entry.id)
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", NEW)
    with pytest.raises(VaultError, match="add that key") as caught:
        memory.knowledge.reveal("db", reason="test")
    assert NEW not in str(caught.value)
    with pytest.raises(VaultError):
        memory.knowledge.rotate_key()
    assert memory.get(entry.id) == before
    assert memory.knowledge.audit() == []
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", f"{NEW},{OLD}")
    assert memory.knowledge.reveal("db", reason="test") == SECRET


def test_rotating_seals_everything_of_the_tenant_anew_history_and_trash_too(tmp_path, key, monkeypatch):
    with opened(tmp_path, tenant="other") as other:
        other.knowledge.put("db", "of another tenant")
    with opened(tmp_path) as memory:
        first = memory.knowledge.put("db", "first")
        memory.knowledge.put("db", "second")
        memory.knowledge.put("ben's", "third", user_id="ben", agent_id="a", session_id="s")
        memory.knowledge.put("gone", "fourth")
        memory.knowledge.delete("gone")
        memory.knowledge.add("a note")
        monkeypatch.setenv("AGENTMEM_VAULT_KEY", f"{NEW},{OLD}")
        before = memory.get(first.id)
        assert memory.knowledge.rotate_key() == 5
        after = memory.get(first.id)
        assert after.metadata["sealed"] != before.metadata["sealed"]
        assert (after.version, after.updated_at) == (before.version, before.updated_at)
        monkeypatch.setenv("AGENTMEM_VAULT_KEY", NEW)
        assert memory.knowledge.reveal("db", reason="test") == "second"
        assert memory.knowledge.reveal("ben's", reason="test", user_id="ben") == "third"
        memory.restore(first.id, version=1)
        assert memory.knowledge.reveal("db", reason="test") == "first"
        assert (
            memory.search("db", mode="lexical")[0].memory.metadata["sealed"] == memory.get(first.id).metadata["sealed"]
        )
        old = before.metadata["sealed"].encode()
        assert [path for path in tmp_path.rglob("*") if path.is_file() and old in path.read_bytes()] == []
    with opened(tmp_path, tenant="other") as other:
        with pytest.raises(VaultError):
            other.knowledge.reveal("db", reason="test")
        monkeypatch.setenv("AGENTMEM_VAULT_KEY", OLD)
        assert other.knowledge.reveal("db", reason="test") == "of another tenant"


def test_a_rotation_that_fails_half_way_leaves_everything_under_the_old_key(memory, monkeypatch):
    for number in range(5):
        memory.knowledge.put(f"n{number}", f"v{number}", user_id=f"u{number}")
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", f"{NEW},{OLD}")
    memory.knowledge.put("new", "only the new key opens this", user_id="u2")
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", OLD)
    with pytest.raises(VaultError):
        memory.knowledge.rotate_key()
    for number in range(5):
        assert memory.knowledge.reveal(f"n{number}", reason="test", user_id=f"u{number}") == f"v{number}"


# --- who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{"user_id": "ben"}, {"agent_id": "a"}, {"session_id": "s"}])
def test_an_entry_of_another_scope_is_not_there(memory, other):
    entry = memory.knowledge.put("db", SECRET)
    memory.knowledge.reveal("db", reason="mine")
    for word in ("db", entry.id):
        with pytest.raises(NotFoundError):
            memory.knowledge.reveal(word, reason="test", **other)
        with pytest.raises(NotFoundError):
            memory.knowledge.get(word, **other)
        with pytest.raises(NotFoundError):
            memory.knowledge.delete(word, **other)
    assert memory.knowledge.list(**other) == []
    assert memory.knowledge.audit(**other) == []
    memory.knowledge.put("db", "theirs", **other)
    assert memory.knowledge.reveal("db", reason="test", **other) == "theirs"
    assert memory.knowledge.reveal(entry.id, reason="test") == SECRET


def test_an_entry_of_another_tenant_is_not_there(tmp_path, key):
    with opened(tmp_path, tenant="acme") as acme, opened(tmp_path, tenant="other") as other:
        entry = acme.knowledge.put("db", SECRET)
        acme.knowledge.reveal("db", reason="mine")
        with pytest.raises(NotFoundError):
            other.knowledge.reveal(entry.id, reason="test")
        assert other.knowledge.audit() == []
        other.knowledge.put("db", "theirs")
        assert acme.knowledge.reveal("db", reason="test") == SECRET


@pytest.mark.parametrize("other", [{"user_id": "ben"}, {"agent_id": "a"}, {"session_id": "s"}])
def test_a_sealed_value_that_is_moved_to_another_row_does_not_open(memory, other):
    sealed = memory.get(memory.knowledge.put("db", SECRET).id).metadata
    thief = memory.knowledge.add("mine now", metadata=sealed, **other).ids[0]
    with pytest.raises(VaultError, match="moved here"):
        memory.knowledge.reveal(thief, reason="curious", **other)
    renamed = memory.knowledge.add("renamed", metadata={**sealed, "name": "wifi"}).ids[0]
    with pytest.raises(VaultError):
        memory.knowledge.reveal(renamed, reason="curious")
    assert [told.subject for told in memory.knowledge.audit(**other)] == []


def test_a_changed_value_does_not_open():
    vault = AesGcmVault([base64.b64decode(OLD)])
    sealed = vault.seal(b"plain", b"here")
    raw = base64.b64decode(sealed)
    assert vault.open(sealed, b"here") == b"plain"
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(VaultError):
            vault.open(base64.b64encode(changed).decode(), b"here")
    for broken in ("", "!!", "密", sealed[:-8], base64.b64encode(raw[:20]).decode()):
        with pytest.raises(VaultError):
            vault.open(broken, b"here")


# --- the other verbs --------------------------------------------------------------------------------------------------


def test_common_verbs_leave_the_value_in_its_place(memory):
    entry = memory.knowledge.put("db", SECRET, sensitivity="secret")
    forged = {"sealed": "x", "name": "other", "sensitivity": "public", "room": 7}
    changed = memory.knowledge.update(entry.id, metadata=forged, content="of the database", importance=0.9)
    assert (changed.metadata["room"], changed.metadata["name"], changed.version) == (7, "db", 2)
    memory.update(entry.id, metadata={}, expected_version=2)
    now = memory.knowledge.get("db")
    assert (now.sensitivity, now.description, now.version) == (Sensitivity.SECRET, "of the database", 3)
    assert memory.knowledge.reveal("db", reason="test") == SECRET
    with pytest.raises(InvalidInputError, match="keeps its type"):
        memory.update(entry.id, type="semantic")
    assert memory.knowledge.reveal("db", reason="test") == SECRET


@pytest.mark.parametrize("how", ["user", "ids", "agent"])
def test_forgetting_takes_the_entry_its_history_and_what_the_audit_says_of_it(tmp_path, key, how):
    name = "qzname"
    with opened(tmp_path) as memory:
        scope = {"agent_id": "a"} if how == "agent" else {}
        entry = memory.knowledge.put(name, SECRET, description=f"{name} described", **scope)
        memory.knowledge.put("kept", "x", user_id="ben")
        memory.knowledge.reveal(name, reason=f"{name} reason", **scope)
        memory.knowledge.reveal("kept", reason="test", user_id="ben")
        ways: dict[str, Any] = {"user": {"user_id": "default"}, "ids": {"ids": entry.id}, "agent": {"agent_id": "a"}}
        call = ways[how]
        memory.forget(**call)
        assert memory.knowledge.audit() == []
        assert len(memory.knowledge.audit(user_id="ben")) == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file() and name.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("reason", ["", "  ", None, 7, "x\x00"])
def test_a_reveal_needs_a_reason(memory, reason):
    memory.knowledge.put("db", SECRET)
    with pytest.raises(InvalidInputError, match="reason"):
        memory.knowledge.reveal("db", reason=reason)
    assert memory.knowledge.audit() == []


def test_a_value_is_not_given_when_the_audit_cannot_be_written(memory, monkeypatch):
    memory.knowledge.put("db", SECRET)

    def full(self, entry):
        raise agentmem_core.StoreFullError("the disk is full")

    monkeypatch.setattr(SqliteWriter, "append_audit", full)
    with pytest.raises(agentmem_core.StoreFullError):
        memory.knowledge.reveal("db", reason="test")


@pytest.mark.parametrize("name", ["../../etc/passwd", "nonsense", "x" * 256, "knowledge-0"])
def test_an_unknown_name_is_not_found(memory, name):
    for call in (memory.knowledge.get, memory.knowledge.delete, lambda name: memory.knowledge.reveal(name, reason="x")):
        with pytest.raises(NotFoundError, match="none yet"):
            call(name)


def test_the_audit_is_read_a_page_at_a_time(memory):
    memory.knowledge.put("db", SECRET)
    for number in range(5):
        memory.knowledge.reveal("db", reason=f"r{number}")
    first = memory.knowledge.audit(limit=2)
    assert [told.reason for told in first] == ["r0", "r1"]
    assert [told.reason for told in memory.knowledge.audit(after=first[-1].number)] == ["r2", "r3", "r4"]


@pytest.mark.parametrize("after", [-1, 2**62 + 1, 10**30])
def test_a_place_that_the_audit_cannot_have_is_refused(memory, after):
    with pytest.raises(InvalidInputError, match="after: must be at"):
        memory.knowledge.audit(after=after)


def test_the_fake_backend_seals_too_and_takes_another_vault():
    class Rot13:
        def seal(self, plain, bound):
            return plain.decode().swapcase()

        def open(self, sealed, bound):
            return sealed.swapcase().encode()

    with AgentMem(backend=in_memory_backend(vault=Rot13())) as memory:
        entry = memory.knowledge.put("db", "Abc")
        assert memory.get(entry.id).metadata["sealed"] == "aBC"
        assert memory.knowledge.reveal("db", reason="test") == "Abc"
        assert len(memory.knowledge.audit()) == 1
        assert memory.knowledge.rotate_key() == 1
