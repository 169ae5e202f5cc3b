"""Which server is meant, and what may be said about it."""

from __future__ import annotations

import pytest
from tests.core.http.peer import Peer, answer, silence

from agentmem_core import AgentMem, NotConfiguredError
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.http.address import address_of, is_loopback

HERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "url",
    ["", " ", "localhost:8080", "ftp://localhost", "http://", "http:///v1", "http://:80", "http://a b", "http://localhost:99999",
     "http://localhost:port", "http://localhost:0", "http://[::1", "http://loc\x00alhost", "http://bücher.example", "//localhost", "file:///etc/passwd",
     "http://localhost/\n", "http://lo\ncalhost", 5, b"http://localhost", ["http://localhost"], True],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    if url == "http://localhost/\n":
        assert address_of(url).url == "http://localhost"  # what surrounds it is not part of it
        return
    with pytest.raises(NotConfiguredError, match="api_url"):
        AgentMem(api_url=url)


@pytest.mark.parametrize(
    "url",
    ["http://ana:secret@localhost", "http://secret@localhost:80/x", "http://:secret@localhost", "http://secret:@"],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(NotConfiguredError) as caught:
        AgentMem(api_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://localhost?x=1", "http://localhost/#x", "http://localhost/?", "http://localhost#"]
)
def test_an_address_ends_with_its_path(url):
    with pytest.raises(NotConfiguredError, match="leave out what begins with"):
        AgentMem(api_url=url)


@pytest.mark.parametrize(
    ("url", "asked"),
    [("", "/v1/memories/search"), ("/", "/v1/memories/search"), ("/agentmem", "/agentmem/v1/memories/search"),
     ("/a%20b/c//", "/a%20b/c/v1/memories/search")],
)  # fmt: skip
def test_a_server_may_stand_below_a_path(url, asked):
    with Peer(answer("[]")) as peer, AgentMem(api_url=f"  {peer.url}{url} ") as memory:
        assert memory.search("tea") == []
        assert peer.requests[0].split()[1].decode() == asked


def test_an_address_of_numbers_in_brackets():
    assert address_of("http://[::1]:8080/x/").url == "http://[::1]:8080/x"
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost", "x.localhost")))
    assert not any(map(is_loopback, ("128.0.0.1", "example.org", "localhost.example.org", "0.0.0.0")))


@pytest.mark.parametrize("key", ["a b", "a\nb", "schlüssel", "\x00", 5, b"key"])
def test_what_is_no_key_is_refused_and_not_repeated(key):
    with pytest.raises(NotConfiguredError, match="api_key") as caught:
        AgentMem(api_url=HERE, api_key=key)
    assert str(key) not in str(caught.value)


def test_a_key_that_others_could_read_on_the_way_is_warned_of():
    with pytest.warns(UserWarning, match="not encrypted") as caught:
        AgentMem(api_url="http://memory.example.org", api_key="agm_x").close()
    assert "agm_x" not in str(caught[0].message)
    AgentMem(api_url="http://memory.example.org").close()
    AgentMem(api_url="https://memory.example.org", api_key="agm_x").close()
    AgentMem(api_url="http://localhost", api_key="agm_x").close()


@pytest.mark.parametrize(
    "timeout",
    [0, -1, "soon", "", "1,2,3", (1,), (1, 2), (1, 0), [3, 4], float("nan"), float("inf"), True, b"5", "5, 60", "2.5"],
)
def test_a_timeout_is_seconds_or_two_of_them(timeout, monkeypatch):
    right = {"": (5.0, 60.0), "5, 60": (5.0, 60.0), "2.5": (2.5, 2.5), (1, 2): (1.0, 2.0), (1,): (1.0, 1.0)}
    if timeout == [3, 4] or timeout in right:
        made = address_of(HERE, None, timeout)
        assert (made.connect, made.total) == ((3.0, 4.0) if isinstance(timeout, list) else right[timeout])
        return
    with pytest.raises(NotConfiguredError, match="timeout"):
        AgentMem(api_url=HERE, timeout=timeout)
    if isinstance(timeout, str):
        monkeypatch.setenv("AGENTMEM_TIMEOUT", timeout)
        with pytest.raises(NotConfiguredError, match="timeout"):
            AgentMem(api_url=HERE)


def test_the_environment_says_how_long(monkeypatch):
    monkeypatch.setenv("AGENTMEM_TIMEOUT", "0.2")
    with Peer(silence) as peer, AgentMem(api_url=peer.url) as memory, pytest.raises(Exception, match="in time"):
        memory.search("tea")


@pytest.mark.parametrize(
    ("name", "value"),
    [("path", "x"), ("embedder", "hashing"), ("embedder", HashingEmbedder()), ("index", "none"), ("durability", "full"), ("router", "rules"),
     ("llm", object()), ("exact_limit", 0), ("cache_bytes", 5)],
)  # fmt: skip
def test_what_the_server_decides_cannot_be_given_beside_its_address(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotConfiguredError, match=f"api_url: the server decides about {name}; leave it out"):
        AgentMem(api_url=HERE, **{name: value})
    if name != "path":
        monkeypatch.setenv("AGENTMEM_API_URL", HERE)
        with pytest.raises(NotConfiguredError, match=f"AGENTMEM_API_URL: the server decides about {name}"):
            AgentMem(**{name: value})
    with pytest.raises(NotConfiguredError, match="about path, index; leave them out"):
        AgentMem("x", api_url=HERE, index="none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [{"api_key": "agm_x"}, {"timeout": 5}])
def test_what_is_for_a_server_needs_one(given, monkeypatch):
    monkeypatch.delenv("AGENTMEM_API_URL", raising=False)
    with pytest.raises(NotConfiguredError, match="for a server only"):
        AgentMem(":memory:", **given)


def test_the_environment_names_a_server_and_what_is_given_comes_first(monkeypatch, tmp_path):
    with Peer(answer("[]")) as one, Peer(answer("[]")) as two:
        monkeypatch.setenv("AGENTMEM_API_URL", one.url)
        monkeypatch.setenv("AGENTMEM_API_KEY", "agm_env")
        monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path))
        for memory in (AgentMem(), AgentMem.shared(user_id="x")):
            assert memory.search("tea") == []
            memory.close()
        with AgentMem(api_url=two.url, api_key="agm_given") as memory:
            memory.search("tea")
        assert [len(one.requests), len(two.requests)] == [2, 1]
        assert b"agm_env" in one.requests[0]
        assert b"agm_given" in two.requests[0]
        with AgentMem(":memory:", embedder="hashing") as memory:
            assert memory.add("here").created == 1
        assert len(one.requests) == 2
        assert list(tmp_path.iterdir()) == []


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    with Peer(answer("[]")) as peer, Peer(answer("[]")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with AgentMem(api_url=peer.url, api_key="agm_x") as memory:
            assert memory.search("tea") == []
        assert proxy.requests == []


def test_the_tenant_is_said_where_it_is_not_the_default():
    with Peer(answer("[]")) as peer:
        for tenant in ("default", "acme"):
            with AgentMem(api_url=peer.url, tenant=tenant, user_id="ana") as memory:
                memory.search("tea")
        assert b"tenant" not in peer.requests[0]
        assert b'"tenant":"acme"' in peer.requests[1]


def test_nothing_shows_the_key():
    with AgentMem(api_url=HERE, api_key="agm_x") as memory:
        assert "agm_x" not in repr(memory) + repr(memory._backend) + repr(memory._backend._address)  # type: ignore[attr-defined]
