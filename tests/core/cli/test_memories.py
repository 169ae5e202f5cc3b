"""The verbs from a shell: what they do, what they say, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.server_process import serving

from agentmem_core import AgentMem

AGENTMEM = (sys.executable, "-m", "agentmem_core.cli")


def process(*arguments, stdin=b"", **more):
    return subprocess.run([*AGENTMEM, *arguments], input=stdin, capture_output=True, check=False, **more)


@pytest.fixture(params=["folder", "server"])
def somewhere(request, tmp_path, monkeypatch):
    """The same commands over a folder, and over a server."""
    if request.param == "folder":
        yield
        return
    with serving(tmp_path / "served") as server:
        monkeypatch.delenv("AGENTMEM_PATH")
        monkeypatch.setenv("AGENTMEM_API_URL", server.url)
        yield


@pytest.mark.usefixtures("somewhere")
def test_a_memory_lives_from_add_to_forget(ask, told):
    (added,) = told("add", "小伟每周四上大提琴课", "--user", "小伟", "--meta", "topic=music", "--meta", "year=2024", "--importance", "0.9")  # fmt: skip
    assert added["outcome"] == "created"
    memory_id = added["id"]
    assert told("add", "小伟每周四上大提琴课", "--user", "小伟")[0]["outcome"] == "known"
    ask("add", "something else", "--user", "ana")
    (hit,) = told("search", "大提琴", "--user", "小伟", "--filter", "topic=music")
    assert hit["memory"]["id"] == memory_id
    assert hit["memory"]["metadata"] == {"topic": "music", "year": 2024}
    assert told("search", "大提琴", "--user", "小伟", "--filter", "topic=food") == []
    assert [item["id"] for item in told("list", "--user", "小伟")] == [memory_id]
    assert told("show", memory_id, "--user", "小伟")["importance"] == 0.9
    assert told("context", "大提琴", "--user", "小伟")["ids"] == [memory_id]
    assert told("update", memory_id, "小伟每周五上大提琴课", "--user", "小伟", "--reason", "moved")["version"] == 2
    assert ask("update", memory_id, "x", "--user", "小伟", "--expected-version", "1")[0] == 1
    assert told("delete", memory_id, "--user", "小伟") == {"deleted": 1}
    assert [version["operation"] for version in told("history", memory_id, "--user", "小伟")] == ["add", "update", "delete"]  # fmt: skip
    assert told("restore", memory_id, "1", "--user", "小伟")["content"] == "小伟每周四上大提琴课"
    assert told("stats", "--user", "小伟")["memories"] == 1
    assert told("stats", "--everyone")["memories"] == 2
    assert told("forget", "--user", "小伟", "--yes")["memories"] == 1
    assert told("list", "--user", "小伟") == []
    assert [item["content"] for item in told("list", "--user", "ana")] == ["something else"]
    assert told("doctor")["ok"]
    assert told("maintain", "--everyone")["dry_run"]


@pytest.mark.usefixtures("somewhere")
def test_memories_go_out_and_come_in(ask, told, tmp_path):
    told("add", "--lines", stdin="one\n\n二\nthree\n")
    ask("add", "another's", "--user", "ana")
    assert told("export", str(tmp_path / "all.jsonl"), "--everyone")["memories"] == 4
    code, out, err = ask("export", "-")
    assert (code, len(out.splitlines())) == (0, 4)
    assert "exported 3" in err
    there = ("--path", str(tmp_path / "elsewhere"))
    assert told("import", str(tmp_path / "all.jsonl"), *there)["memories"] == 4
    assert told("import", "-", *there, stdin=out)["skipped"] == 3
    assert [item["content"] for item in told("list", *there)] == ["one", "二", "three"]
    assert told("import", str(tmp_path / "all.jsonl"), "--user", "bo", "--to-user", *there)["memories"] == 4
    assert told("stats", "--user", "bo", *there)["memories"] == 4


@pytest.mark.parametrize(
    ("words", "users"),
    [
        (("all.jsonl",), {"ana", "bo"}), (("all.jsonl", "--keep-users"), {"ana", "bo"}), (("all.jsonl", "--to-user"), {"cy"}),
        (("--to-user", "all.jsonl"), {"cy"}), (("all.jsonl", "--to-user", "dee"), {"dee"}), (("--to-user", "小王", "all.jsonl"), {"小王"}),
        (("--to-user=dee", "all.jsonl"), {"dee"}), (("--to-user", "--", "all.jsonl"), {"cy"}), (("--to-user", "-"), {"cy"}),
    ],
)  # fmt: skip
def test_all_comes_to_the_user_who_is_named_or_to_that_of_user(ask, told, words, users):
    for user in ("ana", "bo"):
        told("add", f"{user} plays the cello", "--user", user, "--path", "first")
    assert ask("export", "all.jsonl", "--everyone", "--path", "first")[0] == 0
    code, _, err = ask("import", "--user", "cy", *words, stdin=Path("all.jsonl").read_bytes())
    assert code == 0, err
    found = {user: len(told("list", "--user", user)) for user in ("ana", "bo", "cy", "dee", "小王", "default")}
    assert {user for user, count in found.items() if count} == users
    assert sum(found.values()) == 2


@pytest.mark.parametrize(
    ("words", "user"), [((), "zed"), (("--to-user",), "cy"), (("--to-user", "dee"), "dee"), (("--to-user=dee",), "dee")]
)
def test_what_is_moved_in_takes_the_same_option(ask, told, words, user):
    Path("c.jsonl").write_text('{"role": "user", "content": "hello", "user_id": "zed"}\n', "utf-8")
    code, _, err = ask("import-from", "chat", "c.jsonl", "--user", "cy", *words)
    assert code == 0, err
    assert {name for name in ("zed", "cy", "dee", "default") if told("list", "--user", name)} == {user}


def test_all_comes_to_the_default_user_where_none_is_named(ask, told):
    Path("c.jsonl").write_text('{"role": "user", "content": "hello", "user_id": "zed"}\n', "utf-8")
    assert ask("import-from", "chat", "c.jsonl", "--to-user")[0] == 0
    assert len(told("list")) == 1
    assert not told("list", "--user", "zed")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_gives_nothing_to_anybody(ask, told, name):
    Path("c.jsonl").write_text('{"role": "user", "content": "hello"}\n', "utf-8")
    for words in (("import", "c.jsonl"), ("import-from", "chat", "c.jsonl")):
        code, _, err = ask(*words, "--to-user", name)
        assert code == 2
        assert "--to-user: must not be empty" in err
    assert ask("init")[0] == 0
    assert told("stats", "--everyone")["memories"] == 0


def test_a_file_is_no_store_and_it_says_what_to_do_with_it(ask):
    Path("all.jsonl").write_text("{}\n", "utf-8")
    for words in (("list",), ("add", "x"), ("init",), ("keys", "list"), ("backup", "create", "b.backup")):
        code, _, err = ask(*words, "--path", "all.jsonl")
        assert code == 1
        assert "all.jsonl is a file, and a store is a folder" in err
        assert "agentmem import FILE" in err


def test_who_was_looked_at_is_said_where_nothing_is_found(ask):
    assert ask("init")[0] == 0
    for words in (("list",), ("search", "x"), ("context", "x")):
        assert "for user default; give another one with --user" in ask(*words)[2]
    _, _, err = ask("list", "--user", "zoe", "--session", "s1", "--tenant", "acme", "--type", "core")
    assert (
        err
        == "nothing is remembered here for user zoe, session s1 of tenant acme, of what --type and --filter choose\n"
    )


@pytest.mark.parametrize(
    "words", [("keys", "list"), ("keys", "create"), ("audit", "verify"), ("backup", "create", "b.backup")]
)
def test_what_is_done_to_a_folder_is_not_done_over_the_network(ask, monkeypatch, tmp_path, words):
    monkeypatch.delenv("AGENTMEM_PATH")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("AGENTMEM_API_URL", "http://127.0.0.1:9")
    code, _, err = ask(*words)
    assert code == 1
    assert "AGENTMEM_API_URL names a server" in err
    assert "--path FOLDER" in err
    assert not (tmp_path / "data").exists()
    assert ask("init", "--path", "own")[0] == 0
    assert "names a server" not in ask(*words, "--path", "own")[2]


def test_what_is_asked_in_a_pipe_is_a_line_a_memory(ask):
    code, out, err = ask("add", "two\nlines\tand \x1b[31mred")
    assert (code, err) == (0, "1 created\n")
    listed = ask("list")[1]
    assert listed.split("\t")[0] == out.strip()
    assert listed.split("\t")[-1] == "two lines and ?[31mred\n"
    assert ask("show", out.strip())[0] == 0
    assert ask("search", "lines")[1].count("\n") == 1
    assert ask("list", "--user", "nobody") == (0, "", "nothing is remembered here for user nobody\n")
    assert ask("search", "lines", "--user", "nobody") == (0, "", "nothing was found for user nobody\n")


def test_standard_input_is_a_text_lines_or_objects(ask, told):
    assert told("add", "-", stdin="from a pipe\nin two lines\n")[0]["outcome"] == "created"
    assert told("add", stdin="without a dash")[0]["outcome"] == "created"
    items = [{"content": "eins", "user_id": "ana"}, {"role": "user", "content": "zwei"}]
    told("add", "--jsonl", stdin="\n".join(map(json.dumps, items)))
    assert [item["content"] for item in told("list")] == ["from a pipe\nin two lines", "without a dash", "zwei"]
    code, out, err = ask("add", "--jsonl", stdin='{"content": "good"}\n{"content": ""}\n')
    assert code == 3
    assert out.count("\n") == 1
    assert "item 2: " in err
    assert told("search", "-", stdin="eins") == told("search", "eins")


def test_more_than_a_page_is_listed(told):
    told("add", "--lines", stdin="\n".join(f"note {number}" for number in range(1_203)))
    assert len(told("list")) == 100
    assert len(told("list", "--limit", "700")) == 700
    assert [item["content"] for item in told("list", "--all", "--newest")] == [f"note {number}" for number in reversed(range(1_203))]  # fmt: skip


def test_a_store_is_made_by_what_writes_and_never_by_what_reads(ask, told, tmp_path):
    for command in (
        ("search", "x"),
        ("list",),
        ("show", "x"),
        ("stats",),
        ("export", str(tmp_path / "x")),
        ("compact",),
    ):
        code, _, err = ask(*command)
        assert (code, "there is no store in" in err) == (1, True)
    assert ask("doctor")[0] == 3
    log = tmp_path / "chat.jsonl"
    log.write_text('{"role": "user", "content": "hello"}\n{"role": "assistant", "content": "你好"}\n', "utf-8")
    assert told("import-from", "chat", str(log), "--dry-run")["moved"] == 2
    assert not (tmp_path / "store").exists()
    assert told("import-from", "chat", str(log), "--user", "ana")["by_user"] == {"ana": 2}
    assert told("import-from", "chat", str(log), "--user", "ana")["moved"] == 0
    assert told("init")["memories"] == 2


def test_facts_are_learnt_by_rules(ask, told, monkeypatch):
    monkeypatch.setenv("AGENTMEM_LEARNER", "rules")
    ask("add", "I live in Lisbon", "--role", "user")
    assert [item["fact"] for item in told("learn")["decisions"]] != []
    assert told("learn")["decisions"] == []


def test_upkeep(ask, told):
    told("add", "tea", "--id", "t")
    ask("delete", "t")
    assert told("compact")["purged"] == 1
    assert told("reindex")["finished"]
    assert ask("history", "t")[0] == 1


def test_the_doctor_names_what_is_wrong(ask, tmp_path):
    ask("add", "tea")
    store = tmp_path / "store"
    store.chmod(0o755)
    (store / "agentmem.db").chmod(0o644)
    code, out, _ = ask("doctor", "--json")
    found = {item["part"]: item for item in json.loads(out)["findings"]}
    assert (code, found["permissions"]["ok"], found["permissions"]["cure"]) == (3, False, f"chmod -R go-rwx {store}")
    (store / "agentmem.db").chmod(0o600)
    assert ask("doctor")[0] == 0
    (store / "keys.db").write_text("not a database")
    code, out, _ = ask("doctor")
    assert (code, "NOT WELL" in out, "restore keys.db" in out) == (3, True, True)
    (store / "keys.db").unlink()
    (store / "agentmem.db").write_bytes(b"x" * 5_000)
    code, out, _ = ask("doctor")
    assert (code, "ledger\tNOT WELL" in out) == (3, True)


def test_the_doctor_knows_another_embedder_and_a_server_that_is_not_there(ask, monkeypatch):
    ask("add", "tea")
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "wordllama")
    code, out, _ = ask("doctor")
    assert (code, "embedder\tNOT WELL" in out) == (3, True)
    code, out, _ = ask("doctor", "--api-url", "http://127.0.0.1:9")
    assert (code, "server\tNOT WELL" in out, "server_unavailable" in out) == (3, True, True)


def test_another_process_sees_it_and_a_pipe_may_end_early(ask):
    ask("add", "我去年五月搬到了里斯本")
    found = process("search", "里斯本", "--json")
    assert json.loads(found.stdout)["memory"]["content"] == "我去年五月搬到了里斯本"
    assert process("add", "-", stdin="从管道来".encode()).returncode == 0
    assert [item["content"] for item in map(json.loads, process("list", "--json").stdout.splitlines())] == ["我去年五月搬到了里斯本", "从管道来"]  # fmt: skip
    shown = process("list", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (shown.returncode, b"\\u6211" in shown.stdout, shown.stderr) == (0, True, b"")
    bad = process("add", "-", stdin=b"\xff\xfe\x00")
    assert (bad.returncode, b"is not UTF-8" in bad.stderr) == (2, True)
    ask("add", "--lines", stdin="\n".join(f"{number} " + "x" * 500 for number in range(2_000)))
    piped = subprocess.run(
        f"{sys.executable} -m agentmem_core.cli list --all | head -c 10", shell=True, capture_output=True, check=False
    )
    assert (len(piped.stdout), piped.stderr) == (10, b"")


@pytest.fixture
def _foreground():
    """As from a terminal: what a shell starts with ``&`` ignores Ctrl-C, and hands that down to all it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_foreground")
def test_ctrl_c_leaves_the_store_whole(told, tmp_path):
    """Interrupted once the first batches are stored: what was stored is whole, and it ends as an interrupted program does."""
    told("init")
    lines = "\n".join(f"note {number} about 大提琴" for number in range(60_000)).encode()
    with (
        subprocess.Popen([*AGENTMEM, "add", "--lines"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as adding,
        AgentMem(tmp_path / "store", embedder="hashing") as memory,
    ):  # fmt: skip
        assert adding.stdin is not None
        assert adding.stderr is not None
        try:
            adding.stdin.write(lines)
            adding.stdin.close()
            while memory.stats().memories == 0:
                assert adding.poll() is None
            adding.send_signal(signal.SIGINT)
            assert adding.wait(100) == 130
        finally:
            adding.kill()
        assert adding.stderr.read() == b""
        stored = memory.stats().memories
        assert 0 < stored < 60_000
        assert stored % 500 == 0
        assert memory.health().ok
    assert told("doctor")["ok"]


IN_A_CALLBACK = """
import os, signal, time
from agentmem_core import AgentMem
from agentmem_core.cli import main

class Thing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

def add(*_, **__):
    Thing()
    time.sleep(60)
    raise AssertionError("the command went on")

AgentMem.add = add
main()
"""

WHILE_IT_BEGINS = """
import sys
from pathlib import Path
from agentmem_core.cli import main

class Interrupted:
    def find_spec(self, name, *_):
        if name == "agentmem_core.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
main()
"""


@pytest.mark.usefixtures("_foreground")
@pytest.mark.parametrize("script", [IN_A_CALLBACK, WHILE_IT_BEGINS])
def test_ctrl_c_is_never_lost(script):
    """Python drops what a ``__del__`` or another callback of its own raises."""
    ran = subprocess.run([sys.executable, "-c", script, "add", "tea"], capture_output=True, check=False, timeout=100)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_which_folder_is_meant_is_told_where_an_address_of_a_server_is_set(ask, monkeypatch, tmp_path):
    monkeypatch.delenv("AGENTMEM_PATH")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "data")
    assert ask("add", "kept here")[0] == 0
    monkeypatch.setenv("AGENTMEM_API_URL", "http://127.0.0.1:9")
    for words in (("backup", "create", "b.backup"), ("keys", "list")):
        code, _, err = ask(*words)
        assert code == 0
        assert err.startswith(f"AGENTMEM_API_URL names a server, and this is about the folder {tmp_path / 'data'}")
        assert "--path FOLDER" in err


def test_options_have_the_names_of_python_too(told):
    (added,) = told(
        "add",
        "tea",
        "--user-id",
        "ana",
        "--agent-id",
        "cook",
        "--session-id",
        "s1",
        "--metadata",
        "hot=true",
        "--expires-at",
        "2100-01-01",
    )
    shown = told("show", added["id"], "--user-id", "ana")
    assert shown["scope"] == {"tenant": "default", "user_id": "ana", "agent_id": "cook", "session_id": "s1"}
    assert (shown["metadata"], shown["expires_at"]) == ({"hot": True}, "2100-01-01T00:00:00Z")
    assert told("maintain", "--dry-run", "--user-id", "ana")["dry_run"]


def test_what_a_terminal_would_obey_is_not_said_and_what_joins_letters_is(ask):
    ask("add", "evil \x1b]0;title\x07 \x9b31m \u202egnp\nand 全角\u3000空格 👩\u200d👧 می\u200cخواهم")
    for words in (
        ("list",),
        ("search", "evil"),
        ("context", "evil"),
        ("history", ask("list")[1].split()[0]),
        ("show", ask("list")[1].split()[0]),
    ):
        code, out, _ = ask(*words)
        assert code == 0
        assert not set("\x1b\x07\x9b\u202e") & set(out), words
        assert "👩\u200d👧 می\u200cخواهم" in out, words


def test_facts_that_are_learnt_are_shown_without_what_a_terminal_would_obey(ask, monkeypatch):
    monkeypatch.setenv("AGENTMEM_LEARNER", "rules")
    ask("add", "我住在上海", "--role", "user")
    code, out, err = ask("learn")
    assert (code, out) == (0, "ADD\tuser住在上海\n"), err
