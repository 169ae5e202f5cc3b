"""What a terminal is shown, of whatever width; what a pipe, a closed stream or a full disk is told; how Ctrl-C ends."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from contextlib import closing

import pytest
from rich.cells import cell_len

from agentmem_core import AgentMem
from agentmem_core.cli.app import run

AGENTMEM = (sys.executable, "-m", "agentmem_core.cli")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(*arguments, width=80, **variables):
    """What a terminal of that width is sent; answers exit code and text."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        [*AGENTMEM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    data = b""
    while True:
        if select.select([ours], [], [], 60)[0]:
            try:
                read = os.read(ours, 65_536)
            except OSError:  # the other end is closed: all was said
                break
            if not read:
                break
            data += read
    os.close(ours)
    return process.wait(60), data.decode().replace("\r\n", "\n")


@pytest.fixture
def some(tmp_path):
    """A few memories, in Chinese too."""
    with AgentMem(tmp_path / "store", embedder="hashing") as memory:
        memory.add({"role": "user", "content": "小伟每周四在里斯本的海边练习大提琴，然后喝一杯普洱茶" * 3}, id="a" * 36)
        memory.add("I play the cello on Thursdays, and drink tea afterwards, " * 3, id="cello")


class Screen(io.TextIOWrapper):
    """Standard output that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def screen(ask, monkeypatch):
    """Run a command in this process, on a terminal of a width; answers what it shows."""

    def screen(*words, width=80, **variables):
        for name, value in {"COLUMNS": str(width), "TERM": "xterm-256color", **variables}.items():
            monkeypatch.setenv(name, value)
        buffer = io.BytesIO()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", Screen(buffer, "utf-8", write_through=True))
            assert run(words) == 0
            return buffer.getvalue().decode()

    return screen


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    "words",
    [
        ("search", "大提琴"), ("list",), ("history", "cello"), ("doctor",), ("config", "show"), ("show", "a" * 36), ("stats",),
        ("keys", "list"), ("audit", "show"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_nothing_is_wider_than_the_terminal(ask, screen, width, words):
    ask("keys", "create", "--name", "电话", "--limits", "600/minute;100000/day", "--expires", "90d")
    lines = COLOUR.sub("", screen(*words, width=width)).splitlines()
    assert max(cell_len(line.rstrip()) for line in lines) <= width
    assert "".join(lines).count("a" * 36) == (words[0] in {"search", "list", "show"})  # an id is never cut


@pytest.mark.usefixtures("some")
def test_a_real_terminal_shows_the_same(screen):
    assert on_terminal("list", width=60) == (0, screen("list", width=60))


@pytest.mark.usefixtures("some")
def test_colours_are_for_terminals_that_want_them(ask, screen, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[36m" in screen("list")
    assert "\x1b" not in screen("list", TERM="dumb")
    assert not re.search(r"\x1b\[[0-9;]*3[1-7]", screen("list", NO_COLOR="1"))
    assert "\x1b" not in ask("list")[1]


def test_a_bar_is_for_terminals(ask, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text("".join(f"note {number}\n" for number in range(2000)))
    command = f"{sys.executable} -m agentmem_core.cli add --user {{}} --lines < {lines} > /dev/null"
    done = subprocess.run(command.format("bob"), shell=True, check=True, capture_output=True)
    assert done.stderr == b"2000 created\n"
    ours, theirs = pty.openpty()
    subprocess.run(["sh", "-c", command.format("ana")], check=True, stderr=theirs)
    os.close(theirs)
    assert b"adding" in os.read(ours, 65_536)
    os.close(ours)


def test_a_question_is_asked_on_a_terminal_only(ask):
    ask("add", "tea", "--user", "ana")
    code, _, err = ask("forget", "--user", "ana")
    assert (code, "say --yes" in err) == (2, True)


def shell(command, **more):
    command = command.replace("agentmem", f"{sys.executable} -m agentmem_core.cli")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False, text=True, **more
    )


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("agentmem add <&-", 2, "standard input is empty"), ("agentmem search <&-", 2, "standard input is empty"),
        ("agentmem add --lines <&-", 0, "nothing to add"), ("agentmem import - <&-", 2, "agentmem: "),
        ("printf 'a\\xff' | agentmem add -", 2, "line 1 is not UTF-8"), ("printf 'a\\n\\xff\\n' | agentmem add --lines", 2, "line 2 is not UTF-8"),
        ("printf '\\xff' | agentmem import -", 2, "UTF-8"), ("agentmem list >&-", 0, ""), ("agentmem list 2>&-", 0, ""),
        ("agentmem forget --user x <&-", 2, "say --yes"), ("mkdir gone && cd gone && rmdir ../gone && agentmem stats", 0, ""),
        ("mkdir gone && cd gone && rmdir ../gone && agentmem config init", 1, "was removed"),
        ("mkdir gone && cd gone && rmdir ../gone && agentmem stats --path x", 2, "cannot be a folder"),
    ],
)  # fmt: skip
def test_streams_and_folders_as_shells_leave_them(command, code, said):
    done = shell(command)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
@pytest.mark.parametrize("words", ["list", "stats --json", "export -"])
def test_an_answer_that_cannot_be_written_is_said(some, words):
    done = shell(f"agentmem {words} > /dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "defect" not in done.stderr


@pytest.mark.parametrize("words", ["list --all", "list --all --json", "export -"])
def test_a_pipe_that_is_left_early(tmp_path, words):
    with AgentMem(tmp_path / "store", embedder="hashing") as memory:
        memory.add_many([f"note {number} " + "x" * 200 for number in range(2000)])
    done = shell(f"agentmem {words} | head -c 50")
    assert len(done.stdout) == 50
    assert done.stderr == ""


def interrupted(*arguments, stdin=None, when):
    """Start a command as from a terminal, and press Ctrl-C once ``when()`` is true; answers exit code and standard error.

    What a shell starts with ``&`` ignores Ctrl-C, and hands that down to all it starts.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*AGENTMEM, *arguments], stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    try:
        while not when():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        return process.wait(60), process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_ctrl_c_while_importing(ask, told, tmp_path):
    file = tmp_path / "export.jsonl"
    with AgentMem(tmp_path / "from", embedder="hashing") as memory:
        memory.add_many([f"note {number} about 大提琴" for number in range(20_000)])
        memory.export(file)
    ask("init")
    with AgentMem(tmp_path / "store", embedder="hashing") as memory:
        code, err = interrupted("import", str(file), when=lambda: memory.stats().memories > 0)
        assert (code, err) == (130, b"")
        assert 0 < memory.stats().memories < 20_000
        assert memory.health().ok
    assert told("doctor")["ok"]
    told("import", str(file))
    assert told("stats")["memories"] == 20_000


def _staged(store):
    """How many vectors of a reindex stand ready."""
    with closing(sqlite3.connect(f"{(store / 'agentmem.db').as_uri()}?mode=ro", uri=True)) as ledger:
        return ledger.execute("SELECT count(*) FROM staging").fetchone()[0]


def test_ctrl_c_while_embedding_anew(ask, told, tmp_path, monkeypatch):
    with AgentMem(tmp_path / "store", embedder="hashing") as memory:
        memory.add_many([f"note {number} about 大提琴" for number in range(20_000)])
        code, err = interrupted("reindex", "--embedder", "hashing:128", when=lambda: _staged(tmp_path / "store") > 0)
        assert (code, err) == (130, b"")
        assert memory.search("note 7 大提琴", limit=1)
        assert memory.health().ok
    assert told("reindex", "--embedder", "hashing:128")["done"] == 20_000
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "hashing:128")
    assert told("doctor")["ok"]


def test_ctrl_c_while_standard_input_is_waited_for(ask, tmp_path):
    ask("add", "tea")
    reading, writing = os.pipe()
    os.write(writing, b"half a li")
    code, err = interrupted("add", "--lines", stdin=reading, when=_after(2.0))
    os.close(reading)
    os.close(writing)
    assert (code, err) == (130, b"")
    assert ask("list")[1].count("\n") == 1


def test_ctrl_c_while_it_starts():
    code = (
        "import sys\nclass Pressed:\n    def find_spec(self, name, *_):\n        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\nfrom agentmem_core.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def _after(seconds):
    begun = time.monotonic()
    return lambda: time.monotonic() - begun > seconds


def test_what_a_shell_completes():
    def completed(words, place):
        env = {**os.environ, "_AGENTMEM_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        code = "from agentmem_core.cli.app import run; run([])"
        return subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
        ).stdout.split()

    assert completed("agentmem se", 1) == ["search", "serve"]
    assert completed("agentmem config ", 2) == ["show", "validate", "path", "init"]
    assert completed("agentmem search --mode ", 3) == ["hybrid", "dense", "lexical"]
    assert "--profile" in completed("agentmem stats --pro", 2)


HEAVY = (
    "fastapi", "uvicorn", "chromadb", "httpx", "asyncio", "ssl", "rich", "filelock", "concurrent.futures", "tomllib", "presidio_analyzer",
    "agentmem_core.http", "agentmem_core.server", "agentmem_core.moving", "agentmem_core.privacy", "agentmem_core.learning.rules",
    "agentmem_core.engine.learning", "agentmem_core.engine.transfer", "agentmem_core.agents.table", "agentmem_core.operations.agents",
    "agentmem_core.recall.documents", "agentmem_core.cli.keys", "agentmem_core.cli.transfer", "agentmem_core.client.agents",
)  # fmt: skip
"""What a search needs nothing of, and takes long to import."""


@pytest.mark.parametrize("words", [["search", "tea"], ["add", "coffee"], ["list"]], ids=" ".join)
def test_a_command_imports_what_it_needs(ask, words, monkeypatch):
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "wordllama")
    ask("add", "tea")
    code = (
        f"import sys, json; before = set(sys.modules); from agentmem_core.cli.app import run; code = run({words!r});"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in set(sys.modules) - before]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]
