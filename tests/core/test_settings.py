"""Settings: arguments, then the environment, then the profile, then the file, then the default; and what is wrong is named."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from agentmem_core import AgentMem, LearningBudget, NotConfiguredError
from agentmem_core.server.settings import ServerSettings
from agentmem_core.settings import BY_VARIABLE, FILE_NAME, SETTINGS, Settings, chosen, current, find_file, shown
from agentmem_core.settings.template import template

SOURCES = Path(__file__).parents[2] / "packages" / "agentmem-core" / "src" / "agentmem_core"


@pytest.fixture(autouse=True)
def _surroundings(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AGENTMEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def write(text, path=None):
    file = Path.cwd() / FILE_NAME if path is None else path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def file_now():
    found = current().file
    assert found is not None
    return found


def server_now():
    found = current().server()
    assert found is not None
    return found


def refused(text):
    write(text)
    with pytest.raises(NotConfiguredError) as error:
        current()
    return str(error.value)


def test_who_comes_first(monkeypatch):
    assert (current().value("embedder"), current().found("embedder").source) == ("wordllama", "default")
    file = write('embedder = "hashing:a"\n\n[profile.prod]\nembedder = "hashing:b"\n')
    found = current().found("embedder")
    assert (found.value, found.where) == ("hashing:a", f"{file}, line 1, embedder")
    with chosen(profile="prod"):
        found = current().found("embedder")
        assert (found.value, found.where) == ("hashing:b", f"{file}, line 4, profile.prod.embedder")
        monkeypatch.setenv("AGENTMEM_EMBEDDER", "c")
        assert (current().value("embedder"), current().found("embedder").where) == ("c", "AGENTMEM_EMBEDDER")
        assert current().found("embedder", "d").source == "argument"
    monkeypatch.setenv("AGENTMEM_EMBEDDER", "")
    assert current().value("embedder") == "hashing:a"


def test_where_the_file_is_looked_for(tmp_path, monkeypatch):
    own = write('index = "none"\n', tmp_path / "home" / ".config" / "agentmem" / FILE_NAME)
    assert file_now().path == own
    below = Path.cwd() / "a" / "b"
    below.mkdir(parents=True)
    ours = write('path = "memory"\n')
    monkeypatch.chdir(below)
    assert (file_now().path, file_now().named) == (ours, False)
    assert current().value("path") == str(ours.parent / "memory")
    assert current().value("index") == "chroma"  # one file, not both
    other = write('path = "~/x"\n', tmp_path / "other.toml")
    monkeypatch.setenv("AGENTMEM_CONFIG", str(other))
    assert current().value("path") == str(tmp_path / "home" / "x")
    monkeypatch.setenv("AGENTMEM_CONFIG", "none")
    assert current().file is None
    with chosen(config=str(other)):
        assert file_now().named
    monkeypatch.setenv("AGENTMEM_CONFIG", "not-there.toml")
    with pytest.raises(NotConfiguredError, match=r"not-there\.toml cannot be read"):
        current()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_a_file_that_others_can_write_must_be_named():
    file = write('path = "m"\n')
    file.chmod(0o666)
    with pytest.raises(NotConfiguredError, match="everybody may write it"):
        current()
    with chosen(config=str(file)):
        assert current().value("path").endswith("m")


@pytest.mark.parametrize(
    "line",
    [
        'api_url = "https://example.org"', 'llm = "http://example.org/v1#m"', 'llm_url = "http://example.org"', 'api_key = "agm_x"',
        'vault_key_env = "HOME"', "[server]\ntoken_secret = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", '[server]\nhost = "0.0.0.0"',
        'embedder = "openai:text-embedding-3-small"', 'embedder = "openai"', 'index = "elsewhere"',
    ],
)  # fmt: skip
def test_a_file_that_was_only_found_sends_nothing_anywhere(line, monkeypatch):
    """Whoever can put a file into a folder one works in must not get memories, or a variable of the environment."""
    file = write(line)
    said = re.search(r"(\w+?)(_env)? =", line)
    assert said is not None
    name = said[1]
    name = f"server.{name}" if "[server]" in line else name
    with pytest.raises(NotConfiguredError, match="only found"):
        current().value(name)
    if name == "api_url":
        monkeypatch.setenv("AGENTMEM_API_KEY", "agm_mine")
        with pytest.raises(NotConfiguredError, match="only found"):
            AgentMem()
    with chosen(config=str(file)):
        assert current().value(name)


def test_an_embedder_by_the_network_is_not_sent_what_is_added_because_of_a_file_that_was_found(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    write('embedder = "openai:text-embedding-3-small"\npath = "memory"')
    with pytest.raises(NotConfiguredError, match="only found"):
        AgentMem()
    with pytest.raises(NotConfiguredError, match="only found"):
        AgentMem(path=tmp_path / "own")
    AgentMem(path=tmp_path / "own", embedder="hashing").close()


@pytest.mark.parametrize("text", [".".join("a" * 30_000) + " = 1", "x = {" + ".".join("a" * 30_000) + " = 1}"])
def test_a_file_made_to_be_slow_is_refused_at_once(text):
    write(text)
    began = perf_counter()
    with pytest.raises(NotConfiguredError, match="more than 200 dots"):
        current()
    assert perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("embeder = 'x'", "line 1, embeder: is unknown; did you mean embedder?"),
        ("\nport = 80", "line 2, port: is unknown here; it belongs into [server]"),
        ("[server]\npath = 'x'", "line 2, server.path: is unknown here; it belongs in front of all tables"),
        ("[default]\npath = 'x'", "default: is unknown"),
        ("[profil.prod]\npath = 'x'", "line 1, profil: is unknown; did you mean profile?"),
        ("profile = 'prod'", "line 1, profile: must be tables"),
        ("[profile]\npath = 'x'", "line 2, profile.path: must be in a table"),
        ("[profile.'a b']\npath = 'x'", "a profile is named by letters"),
        ("[profile.prod]\n[profile.prod.profile.x]\n", "profile.prod.profile: is unknown"),
        ("server = 1", "line 1, server: must be a table, [server]"),
        ("durability = 'ful'", 'line 1, durability: must be "full" or "normal", not \'ful\''),
        ("exact_limit = '5'", "must be a whole number, not '5'"), ("exact_limit = 5.0001", "must be a whole number"),
        ("exact_limit = true", "must be a whole number"), ("exact_limit = -1", "must not be negative"),
        ("[server]\nport = 99999", "line 2, server.port: must be 65,535 or less"), ("[server]\nrequests = 0", "must be 1 or more"),
        ("[server]\nmetrics_token = 'short'", "line 2, server.metrics_token: must have 16 characters or more, not 5"),
        ("llm_timeout = 0", "must be a number of seconds above 0"), ("llm_timeout = nan", "must be a number of seconds"),
        ("timeout = [1, 2, 3]", "must be seconds, or two of them"), ("timeout = '5'", "must be seconds, or two"),
        ("redact = 'email'", "must be a list of names"), ("redact = [1]", "must be a list of names"), ("path = ''", "must not be empty"),
        ("path = 5", "must be text"), ('path = "a\\u0000b"', "NUL"),
        ("[server]\notel = 'yes'", "must be true or false"), ("debug = true", "is unknown"), ("config = 'x'", "is unknown"),
        ("api_key = 'a'\napi_key_env = 'B'", "line 2, api_key_env: is said twice"), ("path_env = 'X'", "is for secrets"),
        ("api_key_env = ''", "must be the name of an environment variable"), ("api_key = 5", "api_key: must be text"),
        ("path = ", "is not TOML"), ("path = 'a'\npath = 'b'", "is not TOML"), ("a = " + "[" * 5000, "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(text, said):
    error = refused(text)
    assert said in error
    assert str(Path.cwd() / FILE_NAME) in error


def test_a_file_that_is_no_text_or_too_large():
    (Path.cwd() / FILE_NAME).write_bytes(b"path = '\xff'")
    with pytest.raises(NotConfiguredError, match="not UTF-8"):
        current()
    (Path.cwd() / FILE_NAME).write_bytes(b"#" * 65_537)
    with pytest.raises(NotConfiguredError, match="no file of settings"):
        current()
    (Path.cwd() / FILE_NAME).write_bytes(b"\xef\xbb\xbfpath = '\xe8\xae\xb0\xe5\xbf\x86'")
    assert current().value("path").endswith("记忆")


def test_a_profile_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("AGENTMEM_PROFILE", "prd")
    with pytest.raises(NotConfiguredError, match=r"there is no agentmem\.toml"):
        AgentMem()
    write("[profile.prod]\n[profile.dev]\n")
    with pytest.raises(NotConfiguredError, match=r"it has prod, dev; did you mean prod\?"):
        AgentMem()


def test_the_level_that_says_first_says_where(monkeypatch):
    file = write("path = 'm'\n[profile.prod]\napi_url = 'http://127.0.0.1:9'\napi_key = 'agm_file'\n")
    with chosen(config=str(file)):
        assert current().server() is None
        with chosen(profile="prod"):
            assert server_now().value == "http://127.0.0.1:9"
            monkeypatch.setenv("AGENTMEM_PATH", "elsewhere")
            assert current().server() is None
            monkeypatch.setenv("AGENTMEM_API_URL", "http://127.0.0.1:10")
            assert server_now().where == "AGENTMEM_API_URL"


def test_a_key_of_the_file_goes_to_the_address_of_the_file_only(monkeypatch):
    file = write("api_url = 'http://127.0.0.1:9'\napi_key_env = 'MY_KEY'\n")
    with chosen(config=str(file)):
        with pytest.raises(NotConfiguredError, match="MY_KEY is not set"):
            current().key_for("http://127.0.0.1:9")
        monkeypatch.setenv("MY_KEY", "agm_file")
        assert current().key_for("http://127.0.0.1:9") == "agm_file"
        assert current().key_for("http://127.0.0.1:10") is None
        assert current().key_for("http://127.0.0.1:10", "agm_given") == "agm_given"
        monkeypatch.setenv("AGENTMEM_API_KEY", "agm_env")
        assert current().key_for("http://127.0.0.1:10") == "agm_env"


def test_agentmem_and_its_file(tmp_path):
    """``AgentMem()`` and the command line open the same store."""
    write('path = "memory"\nembedder = "hashing"\n')
    with AgentMem() as memory:
        memory.add("茶", id="t")
    assert (Path.cwd() / "memory" / "agentmem.db").exists()
    with AgentMem.shared() as memory, AgentMem.shared(path=Path.cwd() / "memory") as same:
        assert memory.get("t").content == same.get("t").content == "茶"
    with AgentMem(tmp_path / "given") as memory:
        assert memory.stats().memories == 0
    write('path = "other"\nembedder = "hashing"\n')
    with AgentMem() as memory:
        assert memory.stats().memories == 0


def test_settings_reach_what_they_are_for(tmp_path):
    write(
        'embedder = "hashing"\nfile_limit = 3\nredact = ["email"]\nlearner = "rules"\npath = "m"\n[learning]\nmax_calls_per_day = 7\n'
    )
    with AgentMem() as memory:
        memory.add("write to ana@example.org", id="mail")
        assert "ana@" not in memory.get("mail").content
        with pytest.raises(Exception, match="the limit is 3"):
            memory.resource.put(b"four", name="x.txt")
    named = write('[server]\nport = 0\nhosts = ["a.example"]\nmetrics = "off"\ntimeout = 3\n', tmp_path / "server.toml")
    with chosen(config=str(named)):
        settings = ServerSettings.configured(path=None, timeout=5.0)
    assert (settings.port, settings.hosts, settings.metrics, settings.timeout) == (0, ("a.example",), "off", 5.0)


def test_the_table_is_the_only_place():
    fields = set(ServerSettings.model_fields) - {"path"}
    of_the_server = {setting.key for setting in SETTINGS.values() if setting.section == "server"}
    security = {"token_secret", "jwks", "token_algorithm", "token_issuer", "token_audience", "token_claims", "limits", "redis_url", "audit_key"}  # fmt: skip
    assert fields == of_the_server - security
    budget = {setting.key: setting.default for setting in SETTINGS.values() if setting.section == "learning"}
    assert budget == LearningBudget().model_dump()
    face = set(inspect.signature(AgentMem.__init__).parameters) - {
        "self",
        "tenant",
        "user_id",
        "agent_id",
        "session_id",
        "backend",
    }
    assert face - {"learning"} <= set(SETTINGS)
    assert len(BY_VARIABLE) == len(SETTINGS)


def test_every_variable_that_is_spoken_of_is_one():
    spoken = set()
    for file in SOURCES.rglob("*.py"):
        if file.parent.name != "settings" or file.parent.parent.name != "agentmem_core":
            spoken |= set(re.findall(r"AGENTMEM_[A-Z_]+[A-Z]", file.read_text("utf-8")))
    assert spoken <= set(BY_VARIABLE)


def test_the_new_file_holds_every_setting_and_can_be_used(tmp_path):
    """Commented out it says nothing; with the marks taken away it says what the defaults are."""
    file = write(template())
    assert file_now().always == {}
    text = re.sub(r"^# (\[|[a-z_]+ = )", r"\1", template().split("# What stands in a profile")[0], flags=re.MULTILINE)
    file = write(text, tmp_path / "all.toml")
    found = find_file(str(file))
    assert found is not None
    assert [problem for problem in found.problems if "must not be empty" not in problem] == []
    for setting in SETTINGS.values():
        if setting.default is not None and setting.in_file:
            assert found.always[setting.name].value == setting.default


def test_secrets_are_not_shown():
    assert shown(SETTINGS["api_key"], "agm_secret") == "***"
    assert shown(SETTINGS["llm_url"], "http://me:pw@host/v1") == "http://***@host/v1"
    assert shown(SETTINGS["path"], "a@b") == "a@b"
    assert "agm_" not in refused("api_key = ['agm_secret']")


def test_a_file_is_read_again_when_it_changed():
    file = write('embedder = "hashing:one"\n')
    assert current().value("embedder") == "hashing:one"
    file.write_text('embedder = "hashing:three"\n')
    assert current().value("embedder") == "hashing:three"
    assert Settings().value("embedder") == "wordllama"


def test_without_a_file_nothing_of_toml_is_imported(tmp_path):
    code = (
        "import sys; sys.modules.pop('tomllib', None); import agentmem_core.settings as s; "
        "s.current(); print('tomllib' in sys.modules)"
    )  # what measures coverage has imported it
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert done.stdout == "False\n"
