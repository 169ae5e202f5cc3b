"""A command line away from the reader's own data."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest

from agentmem_core.cli.app import run


@pytest.fixture(autouse=True)
def _surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AGENTMEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "store"))
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "hashing")


@pytest.fixture
def ask(capsys, monkeypatch):
    """Run a command in this process, with ``stdin`` piped in; answers exit code, standard output and standard error."""

    def ask(*arguments, stdin=b""):
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


@pytest.fixture
def told(ask):
    """Run a command with ``--json`` that must succeed; answers its lines, or its document, decoded."""

    def told(*arguments, stdin=b""):
        code, out, err = ask(*arguments, "--json", stdin=stdin)
        assert code == 0, err
        return json.loads(out) if out.startswith("{\n") else [json.loads(line) for line in out.splitlines()]

    return told
