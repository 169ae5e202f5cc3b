"""Settings on the command line: what counts, who said it, and whether it can be used."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from agentmem_core import AgentMem
from agentmem_core.settings import FILE_NAME, SETTINGS


@pytest.fixture
def bare(monkeypatch):
    """Without the variables of the other tests."""
    for name in ("AGENTMEM_PATH", "AGENTMEM_EMBEDDER"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(Path.cwd() / "data"))


def rows(told, *more):
    return {row["name"]: row for row in told("config", "show", *more)["settings"]}


def test_show_says_who_said_it(bare, told, monkeypatch, tmp_path):
    file = tmp_path / FILE_NAME
    file.write_text('index = "none"\nredact = ["email", "phone"]\n[profile.dev]\nembedder = "hashing"\n')
    monkeypatch.setenv("AGENTMEM_DURABILITY", "normal")
    monkeypatch.setenv("AGENTMEM_PROFILE", "dev")
    shown = rows(told, "--path", "here")
    assert set(shown) == {name for name, setting in SETTINGS.items() if setting.in_file}
    sources = {name: (shown[name]["value"], shown[name]["source"], shown[name]["where"]) for name in shown}
    assert sources["path"] == ("here", "argument", "--path")
    assert sources["durability"] == ("normal", "environment", "AGENTMEM_DURABILITY")
    assert sources["embedder"] == ("hashing", "file", f"{file}, line 4, profile.dev.embedder")
    assert sources["index"] == ("none", "file", f"{file}, line 1, index")
    assert sources["redact"] == (["email", "phone"], "file", f"{file}, line 2, redact")
    assert sources["exact_limit"] == (100_000, "default", None)
    assert set(rows(told, "--changed")) == {"durability", "embedder", "index", "redact"}


def test_show_for_people(bare, ask, tmp_path):
    (tmp_path / FILE_NAME).write_text('exact_limit = 5\napi_key = "agm_secret"\n')
    code, out, err = ask("--config", FILE_NAME, "config", "show")
    assert code == 0
    lines = dict(line.split("\t", 1) for line in out.splitlines())
    assert lines["exact_limit"] == f"5\t{FILE_NAME}, line 1, exact_limit"
    assert lines["api_key"].startswith("***\t")
    assert "agm_" not in out + err
    assert lines["learning.max_tokens"] == "(no bound)\tdefault"
    assert lines["path"] == f"{tmp_path / 'data' / 'agentmem'}\tdefault"
    assert err == f"{tmp_path / FILE_NAME}\n"


OWN = 'redact = ["email"]\nblock = ["card"]\nexact_limit = 7\n[profile.dev]\nredact = ["email", "iban"]\n'


@pytest.fixture
def own(bare):
    """The user's own file, for all folders."""
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "agentmem" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.write_text(OWN, "utf-8")
    return file


@pytest.mark.skipif(sys.platform != "linux", reason="where the user's own file is")
def test_a_file_that_was_found_switches_no_privacy_off(own, ask, told, tmp_path, monkeypatch):
    found = tmp_path / FILE_NAME
    found.write_text('redact = ["phone"]\nblock = []\nembedder = "hashing"\n[profile.dev]\nredact = []\n', "utf-8")
    shown = rows(told)
    assert (shown["redact"]["value"], shown["redact"]["where"]) == (
        ["email", "phone"], f"{own}, line 1, redact; {found}, line 1, redact",
    )  # fmt: skip
    assert shown["block"]["value"] == ["card"]
    assert (shown["exact_limit"]["value"], shown["embedder"]["value"]) == (100_000, "hashing")
    assert rows(told, "--profile", "dev")["redact"]["value"] == ["email", "iban"]
    found.write_text("", "utf-8")
    assert rows(told)["redact"]["where"] == f"{own}, line 1, redact"

    assert ask("add", "write to ana@example.org", "--path", "s")[0] == 0
    assert [row["content"] for row in told("list", "--path", "s")] == ["write to [email]"]
    code, _, err = ask("add", "my card is 4111 1111 1111 1111", "--path", "s")
    assert (code, "invalid" in err) == (2, True)

    assert rows(told, "--config", str(found))["redact"]["value"] is None
    monkeypatch.setenv("AGENTMEM_REDACT", "phone")
    assert rows(told)["redact"]["value"] == ["phone"]


@pytest.mark.skipif(sys.platform != "linux", reason="where the user's own file is")
def test_a_file_of_ones_own_that_cannot_be_read_protects_by_an_error(own, ask, tmp_path):
    own.write_text('redakt = ["email"]\n', "utf-8")
    (tmp_path / FILE_NAME).write_text('redact = ["phone"]\n', "utf-8")
    code, _, err = ask("add", "write to ana@example.org", "--path", "s")
    assert code == 1
    assert "did you mean redact?" in err
    assert str(own) in err


def test_show_goes_on_where_one_cannot_be_used(bare, ask, monkeypatch):
    monkeypatch.setenv("AGENTMEM_CACHE_BYTES", "much")
    code, out, _ = ask("config", "show", "--json")
    row = next(row for row in json.loads(out)["settings"] if row["name"] == "cache_bytes")
    assert (code, row["source"]) == (3, "error")
    assert "whole number" in row["error"]


def test_validate_says_everything(bare, ask, monkeypatch, tmp_path):
    (tmp_path / FILE_NAME).write_text(
        "embedder = 'nonsense'\nindex = 'x'\nport = 1\n[profile.a]\npath = 'x'\napi_url = 'nonsense'\n[profile.b]\nllm_timeout = 0\n"
    )
    monkeypatch.setenv("AGENTMEM_EXACT_LIMIT", "x")
    monkeypatch.setenv("AGENTMEM_EMBEDER", "hashing")
    code, out, err = ask("config", "validate")
    assert code == 3
    for said in (
        "unknown embedder 'nonsense'", "unknown index 'x'", "it belongs into [server]", "leave out one of them", "line 6, profile.a.api_url: api_url",
        "line 8, profile.b.llm_timeout: must be", "AGENTMEM_EXACT_LIMIT: must be",
    ):  # fmt: skip
        assert said in out
    assert out.count("\n") == 7
    assert "AGENTMEM_EMBEDER: is no variable of AgentMem; did you mean AGENTMEM_EMBEDDER?" in err
    assert ask("config", "validate", "--json")[0] == 3


def test_what_is_well_is_valid(bare, told, tmp_path):
    found = told("config", "validate")
    assert (found["ok"], found["file"], found["profiles"]) == (True, None, [])
    file = tmp_path / "x.toml"
    file.write_text(
        "api_key = 'agm_x'\n[profile.dev]\n[profile.prod]\napi_url = 'https://example.org'\napi_key_env = 'NOT_SET_HERE'\n"
    )
    file.chmod(0o644)
    found = told("config", "validate", str(file))
    assert (found["ok"], found["profiles"]) == (True, ["dev", "prod"])
    assert any("others can read this secret" in remark for remark in found["remarks"]) is (os.name == "posix")
    found = told("--profile", "prod", "--config", str(file), "config", "validate")
    assert any("NOT_SET_HERE is not set" in remark for remark in found["remarks"])


def test_path_and_init(bare, ask, tmp_path):
    code, out, err = ask("config", "path")
    assert (code, out) == (1, "")
    assert f"looked for: {tmp_path / FILE_NAME}" in err
    code, out, _ = ask("config", "init")
    assert (code, out) == (0, f"{tmp_path / FILE_NAME}\n")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    assert ask("config", "path")[1] == out
    code, _, err = ask("config", "init")
    assert (code, "nothing is overwritten" in err) == (1, True)
    assert ask("config", "init", "--user")[1] == f"{tmp_path / 'home' / '.config' / 'agentmem' / FILE_NAME}\n"


def test_a_profile_leads_to_another_store(bare, ask, tmp_path):
    (tmp_path / FILE_NAME).write_text("embedder = 'hashing'\npath = 'a'\n[profile.dev]\npath = 'b'\n")
    assert ask("add", "茶", "--id", "t")[0] == 0
    assert ask("add", "coffee", "--id", "c", "--profile", "dev")[0] == 0
    assert ask("list")[1].endswith("\t茶\n")
    assert ask("--profile", "dev", "list")[1].endswith("\tcoffee\n")
    assert "wordllama" in ask("search", "x", "--config", "none", "--path", "b")[2]  # which is not the store's embedder
    with AgentMem() as memory:
        assert memory.get("t").content == "茶"


def test_init_makes_a_store_and_its_file_and_again_changes_nothing(bare, ask, told, tmp_path):
    own = tmp_path / "home" / ".config" / "agentmem" / FILE_NAME
    code, out, err = ask("init")
    assert (code, out) == (0, f"{tmp_path / 'data' / 'agentmem'}\n")
    assert f"an empty store; settings in {own}" in err
    assert "next: agentmem add" in err
    assert "agentmem init --path memory" in err
    before = own.read_bytes()
    assert ask("add", "tea")[0] == 0
    assert ask("init")[2].startswith("a store with 1 memories")
    assert own.read_bytes() == before
    assert not (tmp_path / FILE_NAME).exists()
    made = told("init", "--path", "memory")
    assert made == {"path": str(tmp_path / "memory"), "memories": 0, "config": str(tmp_path / FILE_NAME)}
    assert '\npath = "memory"\n' in (tmp_path / FILE_NAME).read_text("utf-8")
    assert ask("stats")[1].startswith("memories\t0")
    before = (tmp_path / FILE_NAME).read_bytes()
    assert "commands without --path go to" in ask("init", "--path", "other")[2]
    assert told("init", "--path", "memory")["config"] == str(tmp_path / FILE_NAME)
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_init_without_a_place_for_its_file_still_makes_the_store(bare, ask, tmp_path):
    (tmp_path / "home").mkdir(mode=0o500)
    code, _, err = ask("init")
    assert (code, "without a file of settings" in err) == (0, True)


def test_the_doctor_says_which_file_is_read(ask, told, tmp_path):
    ask("init")
    file = tmp_path / "x.toml"
    file.write_text("[profile.dev]\nindex = 'none'\n")
    first = told("doctor", "--config", str(file), "--profile", "dev")["findings"][0]
    assert first == {"part": "settings", "ok": True, "detail": f"{file}, profile dev", "cure": ""}
    file.write_text("indx = 'none'\n[server]\nprt = 1\n")
    code, out, _ = ask("doctor", "--config", str(file))
    assert code == 3
    assert "did you mean index?" in out
    assert "and 1 more: agentmem config validate" in out


def test_a_path_of_somebody_who_is_not_there_is_told_with_its_line(ask, tmp_path):
    (tmp_path / "agentmem.toml").write_text('embedder = "hashing"\npath = "~nobody-of-this-name/x"\n')
    code, out, err = ask("config", "validate")
    assert code == 3
    assert "line 2, path: '~nobody-of-this-name/x' cannot be a path" in out + err


def test_keys_of_a_tenant_that_cannot_be_are_none(ask):
    ask("keys", "create")
    assert ask("keys", "list", "--tenant", "\udcff")[:2] == (0, "")
