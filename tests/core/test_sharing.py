"""Clients of one store in one process: `AgentMem.shared` and `scoped`."""

import asyncio
import copy
import gc
import pickle
import shutil
from pathlib import Path

import pytest
from tests.core.learning.scripted import Scripted, fact

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError, NotFoundError, StoreClosedError
from agentmem_core.client import sharing


def opened(folder: Path) -> int:
    """How many stores below a folder are open; others of this process may be kept by other tests."""
    return sum(str(folder) in str(key) for key in sharing._OPENED)


@pytest.fixture(autouse=True)
def nothing_leased_is_left(tmp_path):
    yield
    gc.collect()
    assert not opened(tmp_path)


def shared(tmp_path, **scope) -> AgentMem:
    return AgentMem.shared(path=tmp_path, embedder="hashing", **scope)


def test_clients_of_one_store_share_one_backend_and_see_each_other(tmp_path):
    with shared(tmp_path, user_id="ana") as one, shared(tmp_path, user_id="ana") as two:
        one.add("the key is under the mat")
        assert two.search("key")[0].memory.content == "the key is under the mat"
        assert opened(tmp_path) == 1


def test_the_store_stays_open_until_the_last_client_closes(tmp_path):
    one, two = shared(tmp_path), shared(tmp_path)
    one.close()
    two.add("still open")
    with pytest.raises(StoreClosedError):
        one.add("closed")
    one.close()
    two.add("and still")
    two.close()
    with pytest.raises(StoreClosedError):
        two.add("closed")


def test_a_client_that_nobody_keeps_gives_its_share_back(tmp_path):
    for _ in range(50):
        shared(tmp_path).add("one more")
    gc.collect()
    assert not opened(tmp_path)


def test_async_close_gives_the_share_back_once(tmp_path):
    async def run() -> None:
        one, two = shared(tmp_path), shared(tmp_path)
        await one.aclose()
        await one.aclose()
        await two.aadd("still open")
        await two.aclose()

    asyncio.run(run())
    assert not opened(tmp_path)


def test_a_folder_that_was_removed_and_made_again_is_another_store(tmp_path):
    store = tmp_path / "store"
    one = shared(store)
    one.add("of the first store")
    shutil.rmtree(store)
    two = shared(store)
    two.add("of the second store")
    assert [memory.content for memory in two.list().items] == ["of the second store"]
    two.close()
    one.close()


def test_another_embedder_is_another_client(tmp_path):
    with shared(tmp_path):
        assert opened(tmp_path) == 1
        with AgentMem.shared(path=":memory:", embedder="hashing"), AgentMem.shared(path=":memory:", embedder="hashing"):
            assert opened(tmp_path) == 1


def test_scoped_is_the_same_store_for_somebody_else(tmp_path):
    with AgentMem(tmp_path, embedder="hashing", user_id="ana", agent_id="guide") as memory:
        ben = memory.scoped(user_id="ben", session_id="s1")
        kept = ben.add("ben's note").memories[0]
        assert (kept.scope.user_id, kept.scope.agent_id, kept.scope.session_id) == ("ben", "guide", "s1")
        with pytest.raises(NotFoundError):
            memory.get(kept.id)
        ben.close()
        assert memory.list(user_id="ben").items == (kept,)


@pytest.mark.parametrize("name", ["user_id", "agent_id", "session_id"])
@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_name_is_refused_and_is_not_the_default(tmp_path, name, blank):
    with shared(tmp_path) as memory:
        for make in (lambda: shared(tmp_path, **{name: blank}), lambda: memory.scoped(**{name: blank})):
            with pytest.raises(InvalidInputError, match=f"{name}: must not be empty or blank"):
                make()


def test_a_client_given_is_used_as_it_is(tmp_path):
    with AgentMem(tmp_path, embedder="hashing", user_id="ana") as memory:
        same = AgentMem.shared(memory)
        assert same.scope == memory.scope
        assert AgentMem.shared(memory, user_id="ben").scope.user_id == "ben"
        with pytest.raises(InvalidInputError, match="leave out path"):
            AgentMem.shared(memory, path=tmp_path)
        with pytest.raises(InvalidInputError, match="must be an AgentMem, not str"):
            AgentMem.shared("somewhere")  # type: ignore[arg-type]


def test_another_model_or_learner_is_another_client(tmp_path):
    model, other = Scripted([[fact("Ana plays the cello", "Ana|plays|cello")]]), Scripted([[]])
    with shared(tmp_path, llm=model) as one, shared(tmp_path, llm=model) as two, shared(tmp_path, llm=other) as three:
        assert opened(tmp_path) == 2
        with shared(tmp_path, learner="rules") as ruled, shared(tmp_path) as plain:
            three.add("I play the cello", infer=True)
            assert (len(model.prompts), len(other.prompts)) == (0, 1)
            two.add("I play the cello, too", infer=True)
            assert (len(model.prompts), len(other.prompts)) == (1, 1)
            learned = ruled.add("I live in Lisbon", infer=True).learned
            assert learned is not None
            assert learned.learner == "rules"
            with pytest.raises(NotConfiguredError, match="infer=True"):
                plain.add("I live in Lisbon", infer=True)
            assert plain.search("cello")
        with pytest.raises(InvalidInputError, match="llm and learner"):
            AgentMem.shared(one, llm=model)


def test_a_timeout_is_for_a_server_and_tells_clients_apart(tmp_path):
    url = "http://127.0.0.1:9"
    with (
        AgentMem.shared(api_url=url, timeout=3) as one,
        AgentMem.shared(api_url=url, timeout=3, user_id="bo") as same,
        AgentMem.shared(api_url=url, timeout=(1, 5)) as other,
    ):
        assert sum(url in str(key) for key in sharing._OPENED) == 2
        assert {client._scope.user_id for client in (one, same, other)} == {"default", "bo"}
    with pytest.raises(NotConfiguredError, match="timeout"):
        AgentMem.shared(path=tmp_path, timeout=3)
    with shared(tmp_path) as client, pytest.raises(InvalidInputError, match="timeout"):
        AgentMem.shared(client, timeout=3)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_a_client_of_the_same_store(tmp_path, copied):
    with AgentMem(tmp_path, embedder="hashing", user_id="ana", session_id="s") as memory:
        memory.add("the key is under the mat")
        other = copied(memory)
        assert other.search("key")[0].memory.scope.session_id == "s"
        other.close()
        assert memory.search("key")


def test_an_opened_store_is_not_pickled_and_says_what_to_do(tmp_path):
    with AgentMem(tmp_path, embedder="hashing") as memory, pytest.raises(TypeError, match="open AgentMem in the other"):
        pickle.dumps(memory)
