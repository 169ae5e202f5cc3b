"""``AgentMemMemory`` as CrewAI's ``Memory``, without a crew."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import (
    MemoryQueryCompletedEvent,
    MemoryQueryFailedEvent,
    MemorySaveCompletedEvent,
    MemorySaveFailedEvent,
)
from crewai.memory import MemoryScope, MemorySlice

from agentmem_core import (
    AgentMem,
    InvalidFilterError,
    InvalidInputError,
    NotConfiguredError,
    NotFoundError,
    StoreClosedError,
)
from crewai_agentmem import AgentMemMemory


@pytest.fixture
def memory():
    made = AgentMemMemory(user_id="ana")
    yield made
    made.close()


def texts(matches):
    return [match.record.content for match in matches]


def test_what_is_remembered_is_recalled_by_words_and_meaning(memory):
    memory.remember("I moved to Lisbon in May")
    memory.remember("The cello needs new strings")
    best = memory.recall("where does she live?")[0]
    assert best.record.content == "I moved to Lisbon in May"
    assert 0 < best.score <= 1
    assert best.format().startswith("- [long-term] (score=0.")
    assert best.match_reasons[0] == "long-term"
    assert "lexical" in memory.recall("cello strings")[0].match_reasons


def test_a_record_has_the_fields_that_were_given(memory):
    kept = memory.remember(
        "Tea is hot", scope="/home/kitchen/", categories=["drinks"], metadata={"cups": 2}, importance=0.8, source="ana"
    )
    assert (kept.scope, kept.categories, kept.metadata) == ("/home/kitchen", ["drinks"], {"cups": 2})
    assert (kept.importance, kept.source, kept.private, kept.created_at.tzinfo) == (0.8, "ana", False, None)
    assert memory.list_records()[0].model_dump() == kept.model_dump()
    assert "categories: drinks" in memory.recall("tea")[0].format()
    assert "cups: 2" in memory.recall("tea")[0].format()


def test_the_same_text_is_kept_once_a_scope_and_learns_what_is_new(memory):
    first = memory.remember("Tea is hot", scope="/a")
    again = memory.remember("Tea is hot", scope="/a", metadata={"seen": 2}, importance=0.9)
    other = memory.remember("Tea is hot", scope="/b")
    assert first.id == again.id != other.id
    assert (again.metadata, again.importance) == ({"seen": 2}, 0.9)
    assert len(memory.list_records()) == 2
    assert len(memory.recall("tea")) == 1
    assert len(memory.recall("tea", scope="/b")) == 1


def test_a_text_that_was_changed_can_be_remembered_anew(memory):
    first = memory.remember("The meeting is on Monday")
    memory.update(first.id, content="The meeting is on Tuesday")
    memory.remember("The meeting is on Monday")
    assert {record.content for record in memory.list_records()} == {
        "The meeting is on Monday", "The meeting is on Tuesday",
    }  # fmt: skip


def test_a_forgotten_text_can_be_remembered_anew(memory):
    first = memory.remember("Tea is hot")
    assert memory.forget(record_ids=[first.id]) == 1
    assert memory.remember("Tea is hot")
    assert len(memory.list_records()) == 1


def test_several_are_kept_in_one_transaction(memory):
    assert [record.content for record in memory.remember_many(["a fact", "b fact", "a fact"])] == [
        "a fact", "b fact", "a fact",
    ]  # fmt: skip
    assert len(memory.list_records()) == 2
    assert memory.remember_many([]) == []
    with pytest.raises(InvalidInputError):
        memory.remember_many(["c fact", "  "])
    assert len(memory.list_records()) == 2


def test_chinese_is_found_by_its_words(memory):
    memory.remember("我去年五月搬到了里斯本")
    memory.remember("大提琴需要新的琴弦")
    assert texts(memory.recall("里斯本", limit=1)) == ["我去年五月搬到了里斯本"]


def test_a_recalled_turn_says_who_spoke_and_hides_another_programs_bookkeeping(memory):
    turn = {
        "role": "user",
        "name": "Ana",
        "content": "I am allergic to peanuts",
        "metadata": {"chat": {"raw": 1}, "n": 2},
    }
    memory.client.add(turn, session_id="a chat")
    memory.remember("Peanuts cost 3 euros", metadata={"shop": {"name": "Rodela"}})
    told = {match.record.content: match.format() for match in memory.recall("peanuts")}
    assert told["I am allergic to peanuts"].endswith(") Ana: I am allergic to peanuts\n  n: 2")
    assert told["Peanuts cost 3 euros"].endswith(") Peanuts cost 3 euros\n  shop: {'name': 'Rodela'}")


def test_what_hardly_resembles_the_question_is_not_recalled(memory):
    noise = ["我每天早上六点去河边跑步", "会议改到下周三下午"]
    memory.remember_many([*noise, "My sister is called Rita"])
    memory.short_term.remember(noise[0] + "。")
    assert texts(memory.recall("What is my sister's name?")) == ["My sister is called Rita"]
    assert memory.short_term.recall("What is my sister's name?") == []
    asked = AgentMemMemory(user_id="ana", min_score=0)
    assert noise[0] in texts(asked.recall("What is my sister's name?"))


def test_a_long_task_finds_what_shares_a_word_with_it(memory):
    memory.remember_many(["The boss wants reports in blue", "比亚迪海外销量上升"])
    page = "Write a quarterly report on the market. " + " ".join(f"matter{number}" for number in range(1_000))
    assert "The boss wants reports in blue" in texts(memory.recall(page))
    assert texts(memory.recall(f"写一份报告\x00。\ud800关注比亚迪{page}", limit=1)) == ["比亚迪海外销量上升"]


def test_a_blank_query_asks_for_nothing(memory):
    memory.remember("Tea is hot")
    assert memory.recall("") == []
    assert memory.recall(" \n") == []
    assert memory.recall("tea", limit=0) == []


def test_recall_sees_what_other_programs_told_the_store(memory):
    memory.client.add({"role": "user", "content": "I am allergic to peanuts"}, session_id="a chat")
    assert texts(memory.recall("peanut allergy")) == ["I am allergic to peanuts"]
    assert memory.list_records() == []  # what belongs to crews
    memory.reset()
    memory.reset_all()
    assert memory.forget() == 0
    assert texts(memory.recall("peanuts"))
    peanuts = memory.recall("peanuts")[0].record
    assert memory.update(peanuts.id, categories=["health"]).categories == ["health"]
    assert memory.recall("peanuts", categories=["health"])[0].record.scope == "/"
    assert memory.forget(record_ids=[peanuts.id]) == 1
    assert memory.recall("peanuts") == []


def test_scopes_are_a_tree(memory):
    for scope in ("/a", "/a/b", "/ab", None):
        memory.remember(f"the fact of {scope}", scope=scope)
    assert memory.list_scopes() == ["/a", "/ab"]
    assert memory.list_scopes("/a") == ["/a/b"]
    assert {record.scope for record in memory.list_records("/a")} == {"/a", "/a/b"}
    assert memory.info("/a").record_count == 2
    assert memory.info().child_scopes == ["/a", "/ab"]
    assert memory.tree() == "/ (4 records)\n  /a (2 records)\n    /a/b (1 records)\n  /ab (1 records)"
    assert memory.tree(max_depth=0) == "/ (4 records)"
    assert set(texts(memory.recall("fact", scope="/a"))) == {"the fact of /a", "the fact of /a/b"}
    memory.reset("/a")
    assert {record.scope for record in memory.list_records()} == {"/", "/ab"}


def test_a_root_scope_keeps_crews_apart():
    sales, support = (AgentMemMemory(user_id="ana", root_scope=f"/crew/{name}") for name in ("sales", "support"))
    sales.remember("The price is 9 euros", scope="prices")
    support.remember("The manual is on page 9")
    assert sales.list_records()[0].scope == "/crew/sales/prices"
    assert texts(support.recall("price 9 euros")) == ["The manual is on page 9"]
    assert sales.list_scopes() == ["/crew/sales/prices"]
    assert support.info().record_count == 1
    sales.reset()
    assert sales.info().record_count == 0
    assert support.info().record_count == 1
    support.reset_all()
    assert AgentMemMemory(user_id="ana").info().record_count == 0


def test_two_users_share_nothing(memory):
    kept = memory.remember("Ana's secret is tea")
    other = AgentMemMemory(user_id="bo")
    assert other.recall("secret tea") == []
    assert other.list_records() == []
    assert other.tree() == "/ (0 records)"
    assert other.forget(record_ids=[kept.id]) == 0
    with pytest.raises(NotFoundError):
        other.update(kept.id, content="mine")
    other.remember("Ana's secret is tea")
    other.reset_all()
    assert texts(memory.recall("secret")) == ["Ana's secret is tea"]


def test_private_records_show_themselves_to_their_source(memory):
    memory.remember("The pin is 1234", private=True, source="ana")
    memory.remember("The pin is 9999", private=True)
    assert memory.recall("pin") == []
    assert memory.recall("pin", source="bo") == []
    assert texts(memory.recall("pin", source="ana")) == ["The pin is 1234"]
    assert len(memory.recall("pin", include_private=True)) == 2


def test_forgetting_erases_what_meets_all_criteria(memory):
    memory.remember("a fact", categories=["x"], metadata={"n": 1})
    memory.remember("b fact", categories=["x"], metadata={"n": 2})
    assert memory.forget(categories=["x"], metadata_filter={"n": 2}) == 1
    assert memory.forget(older_than=datetime.now(UTC) - timedelta(days=1)) == 0
    assert memory.forget(record_ids=[]) == 0
    assert memory.forget(older_than=datetime.now(UTC) + timedelta(days=1)) == 1
    assert memory.client.stats().memories == 0
    assert memory.client.stats().deleted == 0


def test_an_update_changes_what_is_given(memory):
    kept = memory.remember("Tea is hot", categories=["x"], metadata={"n": 1})
    assert memory.update(kept.id, content="Tea is cold").metadata == {"n": 1}
    changed = memory.update(kept.id, scope="new/place", categories=["y"], metadata={"m": 2}, importance=0.1)
    assert (changed.scope, changed.categories, changed.metadata) == ("/new/place", ["y"], {"m": 2})
    assert (changed.content, changed.importance) == ("Tea is cold", 0.1)
    assert memory.list_categories() == {"y": 1}
    assert memory.update(kept.id) == changed
    assert len(memory.client.history(kept.id)) == 3


def test_a_read_only_memory_reads(memory):
    kept = memory.remember("Tea is hot")
    reader = AgentMemMemory(user_id="ana", read_only=True)
    assert reader.remember("no") is None
    assert reader.remember_many(["no"]) == []
    assert reader.update(kept.id, content="no").content == "Tea is hot"
    assert reader.short_term.remember("no") is None
    assert reader.entities.remember("No") is None
    assert texts(reader.recall("tea")) == ["Tea is hot"]
    assert reader.info().record_count == 1


def test_pages_are_newest_first(memory):
    for number in range(5):
        memory.remember(f"fact {number}")
    assert [record.content for record in memory.list_records(limit=2, offset=1)] == ["fact 3", "fact 2"]


def test_scope_and_slice_are_crewais_own(memory):
    area = memory.scope("/area")
    area.remember("The area is large")
    memory.remember("The rest is small")
    assert isinstance(area, MemoryScope)
    assert texts(area.recall("large small")) == ["The area is large"]
    view = memory.slice(["/area"])
    assert isinstance(view, MemorySlice)
    assert texts(view.recall("large")) == ["The area is large"]
    area.reset()
    assert memory.info().record_count == 1


async def test_the_async_methods_agree(memory):
    kept = await memory.aremember("Tea is hot", categories=["x"])
    assert [record.content for record in await memory.aremember_many(["Milk is cold"])] == ["Milk is cold"]
    assert texts(await memory.arecall("tea", limit=1)) == texts(memory.recall("tea", limit=1)) == ["Tea is hot"]
    assert await memory.arecall("") == []
    assert await memory.aremember_many([]) == []
    assert await memory.aextract_memories("just text") == ["just text"]
    again = await memory.aremember("Tea is hot", metadata={"n": 1})
    assert again.id == kept.id
    assert again.metadata == {"n": 1}
    memory.update(kept.id, content="Tea is cold")
    assert (await memory.aremember("Tea is hot", categories=["x"])).id != kept.id


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.remember(""), "content"),
        (lambda m: m.remember(5), "content: must be text"),
        (lambda m: m.remember("x", importance=2), "importance"),
        (lambda m: m.remember("x", metadata={"crewai": 1}), "taken by the adapter"),
        (lambda m: m.remember("x", metadata=[1]), "metadata"),
        (lambda m: m.remember("x", metadata={1: 2}), "keys must be texts"),
        (lambda m: m.remember("x", source=5), "source"),
        (lambda m: m.list_records(limit="3"), "limit"),
        (lambda m: m.list_records(offset=None), "offset"),
        (lambda m: m.tree(max_depth="3"), "max_depth"),
        (lambda m: m.long_term.remember("x", date="today"), "date"),
        (lambda m: m.entities.remember("x", relations={"is in": 5}), "relations: is in"),
        (lambda m: AgentMemMemory(weights=[1]), "weights"),  # type: ignore[arg-type]  # it is what is tested
        (lambda m: m.remember("x", categories="drinks"), "categories: must be a list"),
        (lambda m: m.remember("x", categories=[1]), "texts only"),
        (lambda m: m.remember("x", scope=5), "scope"),
        (lambda m: m.remember_many("text"), "contents: must be a list"),
        (lambda m: m.recall(None), "query: must be text"),
        (lambda m: m.recall("x", limit="5"), "limit"),
        (lambda m: m.recall("x", limit=True), "limit"),
        (lambda m: m.extract_memories(5), "content: must be text"),
        (lambda m: AgentMemMemory(root_scope=5), "scope"),  # type: ignore[arg-type]  # it is what is tested
        (lambda m: AgentMemMemory(session_id=""), "session_id: must not be empty or blank"),
        (lambda m: AgentMemMemory(session_id=3), "session_id: must be text"),  # type: ignore[arg-type]  # it is what is tested
        (lambda m: AgentMemMemory(weights={"entities": 1}), "unknown view"),
        (lambda m: AgentMemMemory(weights={"entity": 2}), "from 0 to 1"),
        (lambda m: AgentMemMemory(weights={"entity": float("nan")}), "from 0 to 1"),
        (lambda m: AgentMemMemory(min_score="0.5"), "min_score"),  # type: ignore[arg-type]  # it is what is tested
        (lambda m: AgentMemMemory(min_score=float("nan")), "min_score"),
        (lambda m: AgentMemMemory(min_score=1.5), "min_score"),
        (lambda m: AgentMemMemory(min_score=-0.1), "min_score"),
        (lambda m: AgentMemMemory(min_score=True), "min_score"),
        (lambda m: m.short_term.remember("x", kind="semantic"), "kind"),
        (lambda m: m.long_term.remember("x", quality="good"), "quality"),
        (lambda m: m.long_term.remember("x", quality=float("nan")), "quality"),
        (lambda m: m.long_term.remember("x", quality=float("inf")), "quality"),
        (lambda m: m.long_term.remember("x", quality=11), "quality: must be a number from 0 to 10"),
        (lambda m: m.long_term.remember("x", quality=True), "quality"),
        (lambda m: m.entities.remember("  "), "name"),
        (lambda m: m.entities.remember("x", description=5), "description"),
        (lambda m: m.entities.remember("x", relations=["y"]), "relations"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words_and_nothing_is_written(memory, call, said):
    with pytest.raises(InvalidInputError, match=said):
        call(memory)
    assert memory.client.stats().memories == 0


def test_other_refusals_say_what_to_do(memory):
    with pytest.raises(NotConfiguredError, match="gpt-5"):
        AgentMemMemory(llm="gpt-5")
    with pytest.raises(NotFoundError):
        memory.update("nobody", content="x")
    with pytest.raises(InvalidFilterError):
        memory.forget(metadata_filter={"": 1})
    with pytest.raises(NotConfiguredError, match="api_url"):
        AgentMemMemory(api_url="127.0.0.1:1")


def test_a_client_can_be_handed_over():
    with AgentMem(user_id="bo", session_id="monday") as client:
        memory = AgentMemMemory(client)
        memory.remember("Tea is hot")
        memory.close()
        assert memory.run == "monday"
        assert client.list().items[0].content == "Tea is hot"


def test_a_closed_memory_says_so():
    memory = AgentMemMemory()
    memory.close()
    memory.drain_writes()
    with pytest.raises(StoreClosedError):
        memory.remember("too late")


def test_a_copy_shares_the_store_and_the_run(memory):
    twin = copy.deepcopy(memory)
    twin.remember("Tea is hot")
    assert twin.run == memory.run
    assert texts(memory.recall("tea")) == ["Tea is hot"]


def test_crewai_is_told_of_saves_and_queries(memory):
    told = []
    kinds = (MemorySaveCompletedEvent, MemorySaveFailedEvent, MemoryQueryCompletedEvent, MemoryQueryFailedEvent)
    with crewai_event_bus.scoped_handlers():
        for kind in kinds:
            crewai_event_bus.on(kind)(lambda source, event: told.append(type(event)))
        memory.remember("Tea is hot")
        memory.recall("tea")
        memory.client.close()
        for call in (memory.remember, memory.recall):
            with pytest.raises(StoreClosedError):
                call("too late")
        crewai_event_bus.flush()
    assert sorted(told, key=kinds.index) == [kinds[0], kinds[1], kinds[2], kinds[3]]
