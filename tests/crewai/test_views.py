"""Short-term, long-term and entity memory: three views of one store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from crewai_agentmem import AgentMemMemory


@pytest.fixture
def memory():
    made = AgentMemMemory(user_id="ana")
    yield made
    made.close()


def texts(found):
    return [item.record.content if hasattr(item, "record") else item.content for item in found]


def views(found):
    return [match.view for match in found]


def outcome(memory, task="Find the price", result="It is 9 euros"):
    raw = f"Task: {task}\nAgent: Buyer\nExpected result: a number\nResult: {result}"
    return memory.remember_many(memory.extract_memories(raw), agent_role="Buyer")


def test_the_outcome_of_a_task_is_both_what_happens_and_what_is_learnt(memory):
    (kept,) = outcome(memory)
    assert kept.content == "Task: Find the price\nResult: It is 9 euros"
    assert texts(memory.short_term.list()) == texts(memory.long_term.list()) == [kept.content]
    happened, learnt = (memory.client.list(types=[kind]).items[0] for kind in ("episodic", "semantic"))
    assert happened.scope.session_id == memory.run
    assert learnt.scope.session_id is None
    assert learnt.metadata["crewai"]["task"] == "Find the price"
    assert learnt.metadata["crewai"]["agent"] == "Buyer"
    assert learnt.metadata["crewai"]["expected_output"] == "a number"
    assert learnt.metadata["crewai"]["date"]
    assert len(memory.recall("price")) == 1


def test_another_run_knows_what_was_learnt_and_not_what_was_done(memory):
    outcome(memory)
    memory.short_term.remember("Ask the second shop next", kind="working")
    later = AgentMemMemory(user_id="ana")
    assert later.run != memory.run
    assert later.short_term.list() == []
    assert later.short_term.recall("shop price") == []
    assert views(later.recall("price"))[0] == "long_term"
    assert views(memory.recall("price"))[0] == "short_term"
    assert "Ask the second shop next" not in texts(later.recall("second shop"))
    assert later.info().record_count == 1
    assert memory.info().record_count == 3
    same = AgentMemMemory(user_id="ana", session_id=memory.run)
    assert texts(same.short_term.recall("second shop"))[0] == "Ask the second shop next"
    assert memory.start_run("tuesday") == memory.run == "tuesday"
    assert memory.short_term.list() == []


def test_a_run_can_be_reset_with_all_the_others(memory):
    outcome(memory)
    memory.start_run()
    outcome(memory, result="It is 10 euros")
    memory.reset()
    assert memory.client.stats().memories == 0


def test_lessons_have_task_quality_and_date(memory):
    day = datetime(2026, 3, 1, 9, tzinfo=UTC)
    kept = memory.long_term.remember("Ask two shops", task="Find the price", quality=8.5, date=day, agent="Buyer")
    assert kept.created_at == day.replace(tzinfo=None)
    stored = memory.client.get(kept.id).metadata["crewai"]
    assert (stored["task"], stored["quality"], stored["date"]) == ("Find the price", 8.5, day.isoformat())
    again = memory.long_term.remember("Ask two shops", task="Find the price", quality=9)
    assert again.id == kept.id
    assert memory.client.get(kept.id).metadata["crewai"]["quality"] == 9
    assert memory.long_term.count() == 1


def test_nothing_that_many_agents_tell_of_one_entity_is_lost(memory):
    def tell(agent):
        for number in range(8):
            memory.entities.remember(
                "Rodela", f"was seen by {agent} on day {number}", relations={"knows": f"agent {agent}"}
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(8)))
    told = memory.entities.get("Rodela").content
    assert all(f"was seen by {agent} on day {number}." in told for agent in range(8) for number in range(8))
    assert len(memory.entities.relations("Rodela")) == 8


def test_an_entity_grows_with_what_is_told_of_it(memory):
    memory.entities.remember("Ana", "analyses maps", kind="person", relations={"works at": "Rodela"})
    memory.entities.remember("ANA", "Lives in Lisbon.", relations={"works at": "Rodela", "knows": ["Wei", "Rita"]})
    memory.entities.remember("ana", "analyses maps")
    assert memory.entities.get("Ana").content == (
        "Ana (person): analyses maps. Lives in Lisbon.\nAna works at Rodela\nAna knows Wei\nAna knows Rita"
    )
    assert memory.entities.count() == 4
    assert memory.entities.get("nobody") is None
    assert memory.entities.relations("Rodela") == {("Ana", "works at", "Rodela")}
    assert len(memory.entities.relations("Ana")) == 3
    assert memory.entities.relations("nobody") == set()
    memory.entities.relate("Rodela", "is in", "Lisbon")
    assert ("Rodela", "is in", "Lisbon") in memory.entities.relations("lisbon")
    assert memory.entities.recall("who works at Rodela?")[0].record.content.startswith("Ana (person)")
    stored = memory.client.get(memory.entities.get("Ana").id)
    assert stored.entities == ("Ana",)
    assert stored.type == "semantic"


def test_recall_draws_from_all_three_and_labels_them(memory):
    memory.short_term.remember("The price of tea is being asked")
    memory.long_term.remember("The price of tea rises in May")
    memory.entities.remember("Tea", "its price is 9 euros")
    found = memory.recall("price of tea")
    assert set(views(found)) == {"short_term", "long_term", "entity"}
    assert {match.format().split("]")[0] for match in found} == {"- [short-term", "- [long-term", "- [entity"}


def test_weights_decide_between_views():
    memory = AgentMemMemory(user_id="ana", weights={"short_term": 0.1})
    memory.short_term.remember("The price of tea is 9")
    memory.long_term.remember("The price of tea was 8")
    assert views(memory.recall("price of tea")) == ["long_term", "short_term"]


def test_a_minimal_score_leaves_out_what_has_little_to_do_with_it():
    memory = AgentMemMemory(user_id="ana", min_score=0.4)
    memory.remember_many(["The price of tea is 9", "My sister plays the cello"])
    assert texts(memory.recall("price of tea")) == ["The price of tea is 9"]


def test_views_stay_below_the_root_scope():
    one, two = (AgentMemMemory(user_id="ana", session_id="s", root_scope=name) for name in ("/one", "/two"))
    one.short_term.remember("Tea is hot")
    one.entities.remember("Tea", "a drink", scope="drinks")
    assert two.short_term.list() == []
    assert two.entities.list() == []
    assert two.entities.get("Tea") is None
    tea = one.entities.get("Tea", scope="drinks")
    assert tea is not None
    assert tea.scope == "/one/drinks"


async def test_every_view_has_async_twins_that_agree(memory):
    await memory.short_term.aremember("Tea is asked for")
    await memory.long_term.aremember("Tea rises in May", quality=5)
    await memory.entities.aremember("Tea", "a drink", relations={"grows in": "Assam"})
    await memory.entities.aremember("Tea", "a hot drink")
    await memory.entities.arelate("Assam", "is in", "India")
    for view in (memory.short_term, memory.long_term, memory.entities):
        assert await view.alist() == view.list()
        assert await view.acount() == view.count() > 0
        assert texts(await view.arecall("tea")) == texts(view.recall("tea"))
        assert await view.arecall("") == []
    assert await memory.entities.aget("tea") == memory.entities.get("tea")
    assert await memory.entities.arelations("Assam") == memory.entities.relations("Assam")
    assert await memory.entities.arelations("nobody") == set()
