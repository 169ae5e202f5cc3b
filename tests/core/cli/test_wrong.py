"""Whatever is said wrongly is answered in words, with an exit code, and never with a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agentmem_core.cli import find
from agentmem_core.cli.app import NAMES, run
from agentmem_core.cli.transfer import SOURCES
from agentmem_core.model import MemoryType
from agentmem_core.moving import KINDS

ROOT = Path(__file__).parents[3]

WRONG = [
    ("nonsense",), ("--nonsense",), ("-x",), ("add", "--nonsense"), ("add", ""), ("add", " "), ("add", "-"), ("add",),
    ("add", "a\x00b"), ("add", "\ud800"), ("add", "x", "--user", ""), ("add", "x", "--user", "\ud800"), ("add", "x", "y"),
    ("add", "x", "--user", "u" * 300), ("add", "x", "--agent", " "), ("add", "x", "--session", ""), ("add", "x", "--tenant", ""),
    ("add", "x", "--type", "dream"), ("add", "x", "--role", ""), ("add", "x", "--meta", "novalue"), ("add", "x", "--meta", "=v"),
    ("add", "x", "--meta", "{bad"), ("add", "x", "--meta", '{"a": NaN}'), ("add", "x", "--importance", "2"),
    ("add", "x", "--importance", "much"), ("add", "x", "--importance", "nan"), ("add", "x", "--occurred-at", "then"),
    ("add", "x", "--occurred-at", "0001-01-01T00:00+14:00"), ("add", "x", "--expires", "soon"), ("add", "x", "--expires", "2020-01-01"), ("add", "x", "--expires", "0"), ("update", "t", "--expires", "2020-01-01"), ("add", "x", "--expires", "999999999w"),
    ("add", "x", "--id", ""), ("add", "x", "--infer"), ("add", "x", "--lines"), ("add", "--lines", "--jsonl"),
    ("add", "--lines", "--type", "core"), ("add", "x" * 1_000_001), ("add", "--path", "", "x"), ("add", "x", "--path", "a\x00b"),
    ("add", "x", "--path", "\ud800"), ("add", "x", "--path", "/dev/null"), ("add", "x", "--path", "/proc/nope"),
    ("add", "x", "--path", ":memory:"), ("add", "x", "--path", "~nobodyhere/x"), ("add", "x", "--path"),
    ("add", "x", "--path", "p", "--api-url", "http://127.0.0.1:9"), ("add", "x", "--api-key", "agm_x"),
    ("add", "x", "--api-url", ""), ("add", "x", "--api-url", "nonsense"), ("add", "x", "--api-url", "ftp://127.0.0.1"),
    ("search", "x", "--api-url", "http://127.0.0.1:9", "--api-key", "schlüssel\n"), ("init", "--api-url", "http://127.0.0.1:9"),
    ("search",), ("search", ""), ("search", "x", "--limit", "0"), ("search", "x", "--limit", "-1"), ("search", "x", "--limit", "many"),
    ("search", "x", "--limit", "99999999999999999999"), ("search", "x", "--mode", "magic"), ("search", "x", "--min-score", "7"),
    ("search", "x", "--type", "dream"), ("search", "x", "--filter", "novalue"), ("search", "x", "--filter", '{"a": {"$no": 1}}'),
    ("search", "x", "--filter", "{" * 5_000), ("search", "x", "--as-of", "yesterday"), ("search", "x", "--now", ""),
    ("search", "x", "y"), ("context", "x", "--max-tokens", "-5"), ("context", "x", "--max-tokens", "x"), ("context",),
    ("list", "--limit", "0"), ("list", "--limit", "x"), ("list", "--type", "dream"), ("list", "x"), ("list", "--filter", "a"),
    ("show",), ("show", "none"), ("show", ""), ("show", "\ud800"), ("show", "a", "b"), ("update",), ("update", "none"),
    ("update", "none", "x"), ("update", "none", ""), ("update", "none", "--clear", "content"), ("update", "none", "-"),
    ("update", "none", "x", "--expected-version", "x"), ("delete",), ("delete", "none"), ("delete", ""), ("delete", "--filter", "x"),
    ("history",), ("history", "none"), ("restore", "none"), ("restore", "none", "one"), ("restore", "none", "1"),
    ("restore", "none", "0"), ("forget",), ("forget", "none"), ("forget", "--user", "ana"), ("forget", "--user", "", "--yes"),
    ("learn",), ("learn", "--since", "x"), ("export",), ("export", ""), ("export", "/"), ("export", "/no/such/x"),
    ("export", "x", "--everyone", "--user", "ana"), ("import",), ("import", ""), ("import", "/no/such"), ("import", "/"),
    ("import", "-"), ("import", "a\x00b"), ("import-from",), ("import-from", "mem0"), ("import-from", "nonsense", "x"),
    ("import-from", "chat", "/no/such"), ("import-from", "chat", ""), ("import-from", "chat", "/dev/null", "--zone", "Moon"),
    ("import-from", "chat", "/dev/null", "--encoding", "klingon"), ("import-from", "chat", "/dev/null", "--branches", "some"),
    ("reindex", "--embedder", "nonsense"), ("reindex", "--embedder", ""), ("maintain", "--summarise", "--apply"),
    ("maintain", "--everyone", "--user", "a"), ("stats", "x"), ("compact", "x"), ("doctor", "x"), ("doctor", "--path", "/no/such"),
    ("doctor", "--api-url", "nonsense"), ("backup",), ("backup", "create"), ("backup", "create", ""), ("backup", "create", "/no/such/x"),
    ("backup", "create", "/"), ("backup", "create", "a\x00b"), ("backup", "create", "/dev/null/x"), ("backup", "verify", "/no/such"),
    ("backup", "verify", "/dev/null"), ("backup", "verify", "/"), ("backup", "restore", "/no/such"), ("backup", "restore", "/dev/null"),
    ("backup", "restore", "/dev/null", "--path", "a\x00b"), ("backup", "restore", "/dev/null", "--path", ""), ("backup", "creat"), ("config", "validate", "~nobody-of-this-name/x"), ("--config", "~nobody-of-this-name/x", "list"), ("backup", "restore", "~nobody-of-this-name/x"), ("backup", "verify", "a\ud800"), ("keys", "revoke", "a\ud800"),
    ("keys", "revoke-token", "a\ud800"), ("keys", "rotate", "\udcff"), ("audit", "archive", "~nobody-of-this-name/x"),
    ("keys",), ("keys", "create", "--role", "king"), ("keys", "create", "--limits", "many"), ("keys", "rotate", "none"),
    ("keys", "revoke", "none"), ("keys", "list", "--path", ""), ("audit",), ("audit", "show", "--since", "then"),
    ("audit", "verify", "--expect", "5"), ("serve", "--port", "x"), ("serve", "--port", "99999"), ("serve", "--host", "0.0.0.0"),
    ("serve", "--timeout", "0"), ("serve", "--otel=maybe"), ("serve", "--path", "/dev/null"), ("config",), ("config", "x"),
    ("config", "show", "x"), ("config", "show", "--profile", "prod"), ("config", "show", "--config", "/no/such"),
    ("config", "show", "--config", "/"), ("config", "show", "--config", ""), ("config", "validate", "/no/such"), ("config", "validate", ""),
    ("config", "validate", "/"), ("config", "validate", "bad.toml"), ("config", "validate", "no.toml"), ("config", "path"),
    ("config", "init"), ("config", "init", "x"), ("add", "x", "--config", "bad.toml"), ("add", "x", "--config", "no.toml"),
    ("--config", "bad.toml", "add", "x"), ("--profile", "", "add", "x"), ("--profile", "prd", "add", "x"), ("search", "x", "--config"),
    ("init", "--config", "bad.toml"), ("doctor", "--config", "bad.toml"), ("stats", "--profile", "a b"), ("init", "x"),
    ("mcp", "x"), ("mcp", "--json"), ("mcp", "--user", ""), ("mcp", "--read-only", "--path", "/no/such"), ("mcp", "--path", "/dev/null"),
    ("mcp", "--path", ":memory:"), ("mcp", "--api-url", "nonsense"), ("mcp", "--api-key", "agm_x"),
]  # fmt: skip


BARE = [("keys",), ("audit",), ("backup",), ("config",), ("config", "path")]
"""Groups of commands without one show what there is; and that no file is read is an answer."""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "--nonsense"), r"No such option: --nonsense \(agentmem search --help\)"),
        (("keys", "nonsense"), r"No such command 'nonsense' \(agentmem keys --help\)"),
        (("nonsense",), r"No such command 'nonsense' \(agentmem --help\)"),
        (("search", "x", "--limit", "many"), r"Invalid value for '--limit': (must be a whole number|'many' is not a valid integer) \(agentmem search --help\)"),
        (("serve", "--port", "99999"), r"Invalid value for '--port': (must be at most 65535|99999 is not in the range .*) \(agentmem serve --help\)"),
        (("search", "x", "--limit"), r"Option '--limit' requires an argument \(agentmem search --help\)"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_answered_in_one_that_says_where_to_look(ask, words, said):
    code, out, err = ask(*words)
    assert (code, out) == (2, "")
    assert re.fullmatch(f"agentmem: {said}\n", err)


def test_there_are_more_than_a_hundred():
    assert len(WRONG) > 100
    assert {words[0] for words in WRONG} >= set(NAMES)


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words)[:40].encode("ascii", "backslashreplace").decode().replace("\x00", "0"))  # fmt: skip
def test_what_is_wrong_is_said(ask, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text("embeder = 'x'\n")
    (tmp_path / "no.toml").write_text("embedder = \n")
    ask("add", "tea", "--id", "t")
    if words == ("config", "init"):
        ask(*words)  # the second time there is one already
    code, out, err = ask(*words)
    assert code in {1, 2, 3}
    assert err or code == 3
    assert "Traceback" not in out + err
    assert "defect" not in err
    if code != 3 and words not in BARE:
        assert err.startswith("agentmem: ")
        assert err.count("\n") == 1
    assert ask("list")[1].endswith("\ttea\n")  # and nothing happened


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGENTMEM_EMBEDDER", "nonsense"), ("AGENTMEM_INDEX", "nonsense"), ("AGENTMEM_LLM", "nonsense:x"), ("AGENTMEM_LEARNER", "x"),
        ("AGENTMEM_CACHE_BYTES", "x"), ("AGENTMEM_DURABILITY", "x"), ("AGENTMEM_REDACT", "nonsense"), ("AGENTMEM_ROUTER", "x"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_said(ask, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    code, _, err = ask("add", "x")
    assert code in {1, 2}
    assert err.count("\n") == 1
    assert "defect" not in err


def test_a_defect_is_one_line_and_debug_shows_where(ask, monkeypatch):
    def broken(*_given, **_named):
        raise RuntimeError("boom\nbang")

    monkeypatch.setattr(find, "show_memories", broken)
    ask("add", "tea")
    code, _, err = ask("search", "tea")
    assert code == 1
    assert err.startswith("agentmem: RuntimeError: boom bang; this is a defect of AgentMem")
    assert err.count("\n") == 1
    with pytest.raises(RuntimeError):
        run(["--debug", "search", "tea"])
    monkeypatch.setenv("AGENTMEM_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run(["search", "tea"])


def test_every_command_has_help(ask):
    for name in NAMES:
        code, out, _ = ask(name, "--help")
        assert code == 0
        assert "Usage" in out


def test_what_is_completed_is_what_there_is():
    assert set(find.KINDS) == {kind.value for kind in MemoryType}
    assert set(SOURCES) == set(KINDS)


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="the manual is in the repository only")
@pytest.mark.parametrize("script", ["commands", "settings", "screenshots"])
def test_what_is_generated_of_the_manual_is_current(script):
    checked = subprocess.run(
        [sys.executable, ROOT / ".ci" / f"{script}.py", "--check"], check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
