"""The command line: what it does, what it says, how it ends."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from agentmem_core.cli.app import run
from agentmem_core.storage.sqlite import KEYS_FILE, TRAIL_FILE


@pytest.fixture(autouse=True)
def _surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AGENTMEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "store"))


@pytest.fixture
def ask(capsys):
    """Run a command in this process; answers exit code, standard output and standard error."""

    def ask(*arguments):
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


def test_a_key_is_made_shown_once_listed_rotated_and_revoked(ask):
    code, secret, told = ask(
        "keys", "create", "--tenant", "acme", "--role", "read", "--user", "安娜", "--expires", "90d"
    )
    assert code == 0
    assert re.fullmatch(r"agm_[A-Za-z0-9_-]{43}\n", secret)  # alone on standard output, for $(...)
    assert "read in tenant acme, user 安娜 only" in told
    code, listed, _ = ask("keys", "list", "--json")
    (known,) = json.loads(listed)
    assert (known["tenant"], known["role"], known["user_id"], known["status"]) == ("acme", "read", "安娜", "active")
    assert "agm_" not in listed
    code, rotated, _ = ask("keys", "rotate", known["id"], "--grace", "1h", "--json")
    assert json.loads(rotated)["id"] == known["id"]
    assert json.loads(rotated)["secret"] != secret.strip()
    assert ask("keys", "revoke", known["id"]) == (0, "", f"{known['id']} is revoked\n")
    assert json.loads(ask("keys", "list", "--tenant", "acme", "--json")[1])[0]["status"] == "revoked"
    assert ask("keys", "list", "--tenant", "globex")[1] == ""
    code, shown, _ = ask("audit", "show", "--json")
    done = [json.loads(line) for line in shown.splitlines()]
    assert [entry["op"] for entry in done] == ["key_create", "key_rotate", "key_revoke"]
    assert all(entry["who"].startswith("cli:") for entry in done)
    assert "agm_" not in shown


def test_a_pipe_gets_a_line_a_row(ask):
    ask("keys", "create", "--name", "a\tb\nc\x1b[31m")
    code, listed, _ = ask("keys", "list")
    assert code == 0
    assert listed.count("\n") == 1
    assert listed.rstrip("\n").split("\t")[1:] == ["default", "write", "-", "active", "-", "-", "-", "a b c?[31m"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("keys", "create", "--role", "king"), 2, "role: unknown role 'king'"),
        (("keys", "create", "--role", ""), 2, "role: unknown role ''"),
        (("keys", "create", "--tenant", ""), 2, "tenant: must not be empty"),
        (("keys", "create", "--tenant", "\ud800"), 2, "tenant: holds lone surrogates"),
        (("keys", "create", "--user", "x" * 300), 2, "user_id: is 300 characters long"),
        (("keys", "create", "--tenant", "*", "--user", "ana"), 2, "operator"),
        (("keys", "create", "--expires", "soon"), 2, "expires: must be a span like 90d"),
        (("keys", "create", "--expires", "0d"), 2, "in the past"),
        (("keys", "create", "--expires", "-5d"), 2, "expires: must be a span"),
        (("keys", "create", "--expires", "2020-01-01"), 2, "in the past"),
        (("keys", "create", "--expires", "999999999w"), 2, "expires: is "),
        (("keys", "create", "--expires", "99999999d"), 2, "expires: is "),
        (("keys", "create", "--limits", "many"), 2, "limits: must be like"),
        (("keys", "rotate", "key_none"), 1, "no such key"),
        (("keys", "rotate", "key_none", "--grace", "91d"), 2, "grace: must be 0 to 90 days"),
        (("keys", "rotate"), 2, "Missing argument"),
        (("keys", "revoke", "key_none"), 1, "no such key"),
        (("keys", "token", "key_none"), 1, "no such key"),
        (("keys", "nonsense"), 2, "No such command"),
        (("nonsense",), 2, "No such command"),
        (("keys", "list", "--nonsense"), 2, "No such option"),
        (("keys", "list", "--path", ":memory:"), 2, "a store in memory is nobody else's"),
        (("keys", "list", "--path", "/no/such/folder"), 1, "there is no store in /no/such/folder"),
        (("keys", "create", "--path", "/proc/nope/x"), 1, "/proc/nope/x"),
        (("keys", "create", "--path", "a\x00b"), 1, "give another folder"),
        (("audit", "verify"), 1, "there is no"),
        (("audit", "show", "--since", "then"), 2, "since: must be a span"),
        (("audit", "show", "--limit", "0"), 2, "'--limit'"),
        (("audit", "verify", "--expect", "5"), 2, "expect: must be NUMBER:HASH"),
        (("serve", "--port", "99999"), 2, "'--port'"),
        (("serve", "--port", "x"), 2, "'--port'"),
        (("serve", "--host", "0.0.0.0"), 1, "there is no key"),
        (("serve", "--host", "no.such.host.invalid"), 1, "there is no key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_line_without_a_traceback(ask, arguments, code, said):
    if "key_none" in arguments:
        ask("keys", "create")
    got, out, err = ask(*arguments)
    assert got == code, err
    assert out == ""
    assert said in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AGENTMEM_TOKEN_SECRET", "short", "32 random bytes"),
        ("AGENTMEM_JWKS", "https://id.example.org/jwks", "AGENTMEM_TOKEN_ISSUER"),
        ("AGENTMEM_TOKEN_ALGORITHM", "HS256", '"RS256" or "EdDSA"'),
        ("AGENTMEM_TOKEN_CLAIMS", "tenant", "tenant=org,user=sub"),
        ("AGENTMEM_LIMITS", "many", "AGENTMEM_LIMITS"),
        ("AGENTMEM_REDIS_URL", "nonsense", "AGENTMEM_REDIS_URL"),
        ("AGENTMEM_AUDIT_KEY", "!", "AGENTMEM_AUDIT_KEY"),
        ("AGENTMEM_AUDIT_KEY", "c2hvcnQ=", "16 bytes"),
        ("AGENTMEM_DURABILITY", "some", "AGENTMEM_DURABILITY"),
        ("AGENTMEM_PORT", "http", "AGENTMEM_PORT"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_server_and_is_named(ask, monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)
    code, out, err = ask("serve", "--port", "0") if variable != "AGENTMEM_PORT" else ask("serve")
    assert code in {1, 2}
    assert out == ""
    assert said in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err


def test_tokens_are_made_with_the_servers_secret(ask, monkeypatch):
    ask("keys", "create", "--tenant", "acme", "--role", "admin")
    key_id = json.loads(ask("keys", "list", "--json")[1])[0]["id"]
    code, _, err = ask("keys", "token", key_id)
    assert (code, "AGENTMEM_TOKEN_SECRET" in err) == (1, True)
    monkeypatch.setenv("AGENTMEM_TOKEN_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz")
    code, token, _ = ask("keys", "token", key_id, "--role", "read", "--user", "ana", "--lifetime", "1h")
    assert code == 0
    assert token.count(".") == 2
    made = json.loads(ask("keys", "token", key_id, "--json")[1])
    assert ask("keys", "revoke-token", made["id"], "--tenant", "acme")[0] == 0
    assert ask("keys", "token", key_id, "--role", "king")[0] == 1
    ask("keys", "revoke", key_id)
    code, _, err = ask("keys", "token", key_id)
    assert (code, "is revoked" in err) == (1, True)


def forge(folder, statement, *given):
    with closing(sqlite3.connect(folder / TRAIL_FILE)) as connection, connection:
        connection.execute("DROP TRIGGER IF EXISTS entries_stand")
        connection.execute("DROP TRIGGER IF EXISTS entries_stay")
        connection.execute(statement, given)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE entries SET entry = replace(entry, 'write', 'admin') || ' ' WHERE number = 2", "entry 2"),
        ("UPDATE entries SET entry = replace(entry, 'key_create', 'key_revoke') WHERE number = 2", "does not fit"),
        ("DELETE FROM entries WHERE number = 2", "entry 2: is gone"),
        ("DELETE FROM entries WHERE number > 2", "cut short"),
        ("DELETE FROM entries", "cut short"),
        ("UPDATE entries SET hash = zeroblob(32) WHERE number = 4", "entry 4"),
    ],
)
def test_the_audit_is_verified(ask, tmp_path, statement, said):
    for _ in range(4):
        ask("keys", "create")
    code, whole, _ = ask("audit", "verify")
    assert code == 0
    assert re.fullmatch(r"4 entries, whole; head 4:[0-9a-f]{64}\n", whole)
    head = whole.split()[-1]
    ask("keys", "create")
    assert ask("audit", "verify", "--expect", head)[0] == 0
    forge(tmp_path / "store", statement)
    code, out, err = ask("audit", "verify")
    assert code == 3
    assert "NOT whole" in out
    assert said in err
    verdict = json.loads(ask("audit", "verify", "--json")[1])
    assert not verdict["whole"]
    assert verdict["problems"]


def test_an_anchor_beside_the_keys_is_no_match_for_one_noted_elsewhere(ask, tmp_path):
    """Whoever can write both files can take both back; what was noted elsewhere still tells."""
    for _ in range(3):
        ask("keys", "create")
    head = ask("audit", "verify")[1].split()[-1]
    forge(tmp_path / "store", "DELETE FROM entries WHERE number = 3")
    with closing(sqlite3.connect(tmp_path / "store" / KEYS_FILE)) as connection, connection:
        connection.execute("DELETE FROM anchors")
    assert ask("audit", "verify")[0] == 0
    assert ask("audit", "verify", "--expect", head)[0] == 3


def test_a_keyed_audit_needs_its_key(ask, monkeypatch):
    monkeypatch.setenv("AGENTMEM_AUDIT_KEY", "MDEyMzQ1Njc4OWFiY2RlZg==")
    ask("keys", "create")
    assert ask("audit", "verify")[0] == 0
    monkeypatch.delenv("AGENTMEM_AUDIT_KEY")
    code, _, err = ask("audit", "verify")
    assert (code, "set AGENTMEM_AUDIT_KEY" in err) == (3, True)


def test_many_problems_of_the_audit_are_counted_and_explained(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("AGENTMEM_AUDIT_KEY", "MDEyMzQ1Njc4OWFiY2RlZg==")
    for _ in range(30):
        ask("keys", "create")
    monkeypatch.delenv("AGENTMEM_AUDIT_KEY")
    code, out, err = ask("audit", "verify")
    assert (code, out.split(";")[0]) == (3, "30 entries, NOT whole")
    first, meaning, more = err.splitlines()
    assert first.startswith("the first of 30 problems: entry 1: is under the key ")
    assert meaning.startswith("30 are under a key that is not configured here")
    assert "give the server's AGENTMEM_AUDIT_KEY" in meaning
    assert "--verbose" in more
    assert [line.split(":")[0] for line in ask("audit", "verify", "--verbose")[2].splitlines()] == [
        f"entry {number}" for number in range(1, 31)
    ]
    verdict = json.loads(ask("audit", "verify", "--json")[1])
    assert (len(verdict["problems"]), verdict["problems"][-1], verdict["counts"]) == (
        21,
        "and 10 more",
        {"keyless": 30},
    )
    assert len(json.loads(ask("audit", "verify", "--json", "--verbose")[1])["problems"]) == 30
    forge(tmp_path / "store", "DELETE FROM entries WHERE number IN (3, 20)")
    monkeypatch.setenv("AGENTMEM_AUDIT_KEY", "MDEyMzQ1Njc4OWFiY2RlZg==")
    _, _, err = ask("audit", "verify")
    assert [line[:6] for line in err.splitlines()] == ["the fi", "2 are ", "2 are ", "agentm"]


def test_a_span_is_so_long_ago_in_the_audit(ask):
    ask("keys", "create", "--tenant", "acme")
    code, shown, _ = ask("audit", "show", "--json")
    assert code == 0
    for since, count in (("1d", len(shown.splitlines())), ("2999-01-01", 0)):
        code, later, _ = ask("audit", "show", "--json", "--since", since)
        assert (code, len(later.splitlines())) == (0, count)


def test_the_audit_is_shown_in_part(ask):
    for tenant in ("acme", "globex", "acme"):
        ask("keys", "create", "--tenant", tenant)
    assert len(ask("audit", "show", "--tenant", "acme")[1].splitlines()) == 2
    assert len(ask("audit", "show", "--operation", "key_revoke")[1].splitlines()) == 0
    assert ask("audit", "show", "--limit", "1", "--json")[1].count('"n": 3') == 1
    assert ask("audit", "show", "--since", "2999-01-01")[1] == ""
    assert len(ask("audit", "show", "--since", "2020-01-01")[1].splitlines()) == 3


def test_files_that_are_not_ours_are_left_alone(ask, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / KEYS_FILE).write_text("not a database")
    code, _, err = ask("keys", "list")
    assert (code, "Traceback" in err) == (1, False)
    assert (store / KEYS_FILE).read_text() == "not a database"


def test_help_and_version(ask):
    for arguments in (
        ("--help",),
        ("keys", "--help"),
        ("keys", "create", "--help"),
        ("audit", "verify", "--help"),
        ("serve", "--help"),
    ):
        code, out, _ = ask(*arguments)
        assert code == 0
        assert "Usage" in out
    assert ask("--version")[1].startswith("agentmem ")


def test_it_starts_light_and_a_reader_that_leaves_is_no_error(tmp_path):
    code = (
        "import sys, agentmem_core.cli.app;"
        "print([name for name in ('numpy', 'chromadb', 'fastapi', 'jwt', 'limits', 'httpx', 'uvicorn') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
    for number in range(3):
        run(["keys", "create", "--name", "x" * 50_000 + str(number)])
    piped = subprocess.run(
        f"{sys.executable} -m agentmem_core.cli keys list --json | head -c 10",
        shell=True,
        check=False,
        capture_output=True,
        text=True,
    )
    assert len(piped.stdout) == 10
    assert "Traceback" not in piped.stderr
    assert "Exception" not in piped.stderr


def test_without_the_extra_it_says_what_to_install():
    code = "import sys; sys.modules['typer'] = None\nfrom agentmem_core.cli import main\nmain()"
    found = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert found.returncode == 1
    assert found.stderr == 'agentmem: the command line needs an extra; run: pip install "agentmem-core[cli]"\n'
