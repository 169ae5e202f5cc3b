"""Keys: what is kept of them, and how they end."""

from __future__ import annotations

import multiprocessing
import re
import stat
from datetime import UTC, datetime, timedelta

import pytest

from agentmem_core.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from agentmem_core.server.security.keys import Keys, digest_of, new_secret
from agentmem_core.server.security.live import LiveKeys
from agentmem_core.storage.sqlite import KEYS_FILE, SqliteKeys


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    store = SqliteKeys(tmp_path)
    yield store
    store.close()


@pytest.fixture
def keys(store, clock):
    return Keys(store, clock)


def opens(store, clock, secret):
    """The id of the key that a secret opens now, or None."""
    live = LiveKeys(store, clock)
    try:
        return live.opened_by(secret, live._ring).id
    except AuthenticationError:
        return None


def test_a_secret_is_32_random_bytes_behind_agm():
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"agm_[A-Za-z0-9_-]{43}", secret) for secret in made)


def test_no_file_holds_a_secret(keys, store, tmp_path):
    shown = keys.create(tenant="acme")
    rotated = keys.rotate(shown.key.id, None)
    store.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (shown.secret, rotated.secret):
        assert secret.encode() not in written
        assert secret[4:].encode() not in written
    assert digest_of(shown.secret) in written
    assert shown.secret not in repr(shown)


@pytest.mark.skipif("os.name != 'posix'", reason="modes of files are POSIX's")
def test_the_file_is_for_its_owner_alone(keys, tmp_path):
    keys.create(tenant="acme")
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(f"{KEYS_FILE}*")} == {0o600}


def test_a_key_opens_until_it_expires(keys, store, clock):
    shown = keys.create(tenant="acme", expires_at=clock.now + timedelta(days=90))
    assert opens(store, clock, shown.secret) == shown.key.id
    clock.now += timedelta(days=90, seconds=-1)
    assert opens(store, clock, shown.secret) == shown.key.id
    clock.now += timedelta(seconds=1)
    assert opens(store, clock, shown.secret) is None
    assert keys.find(shown.key.id, None).state(clock.now) == "expired"


@pytest.mark.parametrize("wrong", ["", "agm_", "agm_x", "安娜", "agm_" + "\x00" * 43, "\ud800", "a" * 10_000])
def test_what_is_no_secret_opens_nothing(keys, store, clock, wrong):
    keys.create(tenant="acme")
    assert opens(store, clock, wrong) is None


def test_nearly_the_secret_opens_nothing(keys, store, clock):
    secret = keys.create(tenant="acme").secret
    for near in (secret[:-1], secret + "A", secret.upper(), secret.swapcase(), f" {secret}", secret[4:]):
        assert opens(store, clock, near) is None


def test_a_rotated_key_has_two_secrets_for_a_while(keys, store, clock):
    first = keys.create(tenant="acme")
    second = keys.rotate(first.key.id, None, grace=timedelta(hours=1))
    assert second.key.id == first.key.id
    assert opens(store, clock, first.secret) == opens(store, clock, second.secret) == first.key.id
    third = keys.rotate(first.key.id, None, grace=timedelta(hours=9))  # does not lengthen the first one's time
    clock.now += timedelta(hours=1)
    assert opens(store, clock, first.secret) is None
    assert opens(store, clock, second.secret) == opens(store, clock, third.secret) == first.key.id
    last = keys.rotate(first.key.id, None, grace=timedelta(0))
    assert opens(store, clock, third.secret) is None
    assert opens(store, clock, last.secret) == first.key.id


def test_a_revoked_key_opens_nothing_for_ever(keys, store, clock):
    shown = keys.create(tenant="acme")
    rotated = keys.rotate(shown.key.id, None)
    assert keys.revoke(shown.key.id, None).state(clock.now) == "revoked"
    assert opens(store, clock, shown.secret) is None
    assert opens(store, clock, rotated.secret) is None
    with pytest.raises(ConflictError, match="is revoked"):
        keys.rotate(shown.key.id, None)
    at = keys.find(shown.key.id, None).revoked_at
    clock.now += timedelta(days=1)
    assert keys.revoke(shown.key.id, None).revoked_at == at


def test_a_key_of_another_tenant_does_not_exist(keys):
    ours, theirs = keys.create(tenant="acme").key, keys.create(tenant="globex").key
    assert keys.list("acme") == [ours]
    assert len(keys.list(None)) == 2
    for verb in (keys.find, keys.revoke, keys.rotate):
        with pytest.raises(NotFoundError) as foreign:
            verb(theirs.id, "acme")
        with pytest.raises(NotFoundError) as unknown:
            verb("key_0000000000000000", "acme")
        assert str(foreign.value) == str(unknown.value)
    assert keys.find(theirs.id, "globex").revoked_at is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "king"}, "role: unknown role"),
        ({"role": None}, "role: unknown role"),
        ({"tenant": ""}, "tenant: must not be empty"),
        ({"tenant": 5}, "tenant: must be text"),
        ({"user_id": " "}, "user_id: must not be empty"),
        ({"user_id": "a\x00"}, "NUL"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "in the past"),
        ({"expires_at": datetime(2030, 1, 1)}, "naive"),  # noqa: DTZ001 - that is what is refused
        ({"limits": "many"}, "limits: must be like"),
        ({"limits": "0/minute"}, "limits: must be like"),
        ({"tenant": "*", "user_id": "ana"}, "operator"),
    ],
)
def test_what_makes_no_key_is_refused(keys, given, said):
    with pytest.raises(InvalidInputError, match=re.escape(said)):
        keys.create(**{"tenant": "acme", **given})
    assert keys.list(None) == []


def test_names_may_be_of_any_script(keys):
    key = keys.create(tenant="公司", user_id="安娜", name="后端 🗝").key
    assert keys.list("公司") == [key]


def test_what_a_key_was_used_for_last_is_noted_coarsely(keys, store, clock):
    shown = keys.create(tenant="acme")
    clock.now += timedelta(hours=1, seconds=17)
    live = LiveKeys(store, clock)
    change = store.change()
    live.opened_by(shown.secret, live._ring)
    live.note()
    assert keys.find(shown.key.id, None).last_used_at == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert store.change() == change  # nobody reads all keys anew for that


def _make_many(folder, number):
    store = SqliteKeys(folder)
    keys = Keys(store)
    for index in range(number):
        key = keys.create(tenant="acme", name=str(index)).key
        if index % 2:
            keys.revoke(key.id, "acme")
    store.close()


def test_processes_share_the_keys(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_make_many, args=(tmp_path, 10)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    store = SqliteKeys(tmp_path)
    now = datetime.now(UTC)
    states = [key.state(now) for key in Keys(store).list("acme")]
    store.close()
    assert (len(states), states.count("revoked")) == (30, 15)


async def test_another_process_revokes_and_the_next_look_sees_it(tmp_path, clock):
    here, there = SqliteKeys(tmp_path), SqliteKeys(tmp_path)
    shown = Keys(there, clock).create(tenant="acme")
    live = LiveKeys(here, clock)
    assert live.opened_by(shown.secret, await live.ring()).id == shown.key.id
    Keys(there, clock).revoke(shown.key.id, None)
    live.look()
    with pytest.raises(AuthenticationError):
        live.opened_by(shown.secret, await live.ring())
    here.close()
    there.close()
