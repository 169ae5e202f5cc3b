"""A server follows what is done to its keys: it reads what has changed and nothing else, and knows what it would know had it read all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.clock import Clock

from agentmem_core.server.security.keys import Keys
from agentmem_core.storage.sqlite import KEYS_FILE, SqliteKeys
from agentmem_core.storage.sqlite import keys as keyring

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DONE = st.tuples(
    st.sampled_from(["create", "rotate", "rotate at once", "revoke", "deny", "wait", "look"]), st.integers(0, 5)
)


def done(keys: Keys, clock: Clock, made: list[str], what: str, which: int) -> None:
    if what == "wait":
        clock.pass_(timedelta(days=20))
    elif what == "deny":
        keys.deny("acme", f"令牌{which}", until=None if which == 0 else clock() + timedelta(days=which))
    elif what == "create" or not made:
        made.append(keys.create(tenant="acme", name=f"键{which}").key.id)
    elif what == "revoke":
        keys.revoke(made[which % len(made)], "acme")
    elif keys.find(made[which % len(made)], "acme").revoked_at is None:
        keys.rotate(made[which % len(made)], None, grace=timedelta(days="once" not in what))


@settings(max_examples=40, deadline=None)
@given(doings=st.lists(DONE, max_size=25))
def test_what_is_followed_is_what_stands(
    doings: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, clock = tmp_path_factory.mktemp("keys"), Clock(NOW)
    server, shell = SqliteKeys(folder), SqliteKeys(folder)
    ring, made = server.keyring(clock()), list[str]()
    try:
        for number, (what, which) in enumerate(doings):
            if what == "look":
                ring = server.followed(ring, clock())
            else:
                done(Keys((shell, server)[number % 2], clock), clock, made, what, which)
        ring, whole = server.followed(ring, clock()), server.keyring(clock())
        assert (ring.change, ring.keys, ring.secrets) == (whole.change, whole.keys, whole.secrets)
        assert whole.denied.items() <= ring.denied.items()
        assert all(
            until is not None and until < clock() for name, until in ring.denied.items() if name not in whole.denied
        )
    finally:
        server.close()
        shell.close()


@pytest.fixture
def store(tmp_path: Path):
    store = SqliteKeys(tmp_path)
    yield store
    store.close()


def test_of_a_thousand_keys_one_is_read(store: SqliteKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(store, Clock(NOW))
    made = [keys.create(tenant="acme").key.id for _ in range(1_000)]
    ring = store.keyring(NOW)
    read: list[str] = []
    key_of = keyring._key

    def counted(row):
        read.append(row[0])
        return key_of(row)

    monkeypatch.setattr(keyring, "_key", counted)
    keys.revoke(made[7], "acme")
    read.clear()
    followed = store.followed(ring, NOW)
    assert read == [made[7]]
    assert followed.keys[made[7]].revoked_at == NOW
    assert ring.keys[made[7]].revoked_at is None, "who is looking at the former one is not disturbed"
    assert len(followed.secrets) == 999
    assert store.followed(followed, NOW) is followed


def test_a_change_by_a_program_that_keeps_no_log_is_seen(store: SqliteKeys, tmp_path: Path) -> None:
    keys = Keys(store, Clock(NOW))
    one, other = keys.create(tenant="acme").key.id, keys.create(tenant="acme").key.id
    ring = store.keyring(NOW)
    with sqlite3.connect(tmp_path / KEYS_FILE) as old:
        old.execute("DELETE FROM secrets WHERE key = ?", (one,))
        old.execute("UPDATE changes SET change = change + 1")
    old.close()
    keys.rotate(other, "acme")
    assert {secret.key for secret in store.followed(ring, NOW).secrets.values()} == {other}


def test_who_is_far_behind_reads_everything(store: SqliteKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOGGED", 3)
    keys, ring = Keys(store, Clock(NOW)), store.keyring(NOW)
    made = [keys.create(tenant="acme").key.id for _ in range(8)]
    assert set(store.followed(ring, NOW).keys) == set(made)
    monkeypatch.setattr(keyring, "_FOLLOWED", 2)
    assert set(store.followed(ring, NOW).keys) == set(made)


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(SqliteKeys(tmp_path)) as first:
        made = Keys(first, Clock(NOW)).create(tenant="acme")
    with sqlite3.connect(tmp_path / KEYS_FILE) as old:
        old.executescript("DROP TABLE log; PRAGMA user_version = 1")
    old.close()
    with closing(SqliteKeys(tmp_path)) as store:
        ring = store.keyring(NOW)
        assert set(ring.keys) == {made.key.id}
        Keys(store, Clock(NOW)).revoke(made.key.id, None)
        assert store.followed(ring, NOW).secrets == {}
