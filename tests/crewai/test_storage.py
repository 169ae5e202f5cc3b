"""``AgentMemStorage`` behaves as CrewAI's own LanceDB storage, where that is right."""

from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import pytest
from crewai.memory import Memory, MemoryRecord
from crewai.memory.storage.backend import StorageBackend
from crewai.memory.storage.factory import set_memory_storage_factory
from crewai.memory.storage.lancedb_storage import LanceDBStorage
from tests.crewai.scripted import Scripted, words_embedder

from agentmem_core import AgentMem, InvalidFilterError, InvalidInputError, VectorMismatchError
from crewai_agentmem import AgentMemEmbedding, AgentMemStorage, register

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC).replace(tzinfo=None)  # CrewAI's moments are naive and in UTC


RIGHT = tuple(map(int, version("crewai").split(".")[:2])) >= (1, 15)  # before, LanceDB's storage paged in no order


@pytest.fixture(params=["lancedb", "agentmem"] if RIGHT else ["agentmem"])
def storage(request, tmp_path):
    if request.param == "lancedb":
        yield LanceDBStorage(path=tmp_path / "lance", compact_every=0)
        return
    made = AgentMemStorage(path=tmp_path / "store", user_id="ana")
    yield made
    made.close()


@pytest.fixture
def ours(tmp_path):
    made = AgentMemStorage(path=tmp_path / "store", user_id="ana")
    yield made
    made.close()


def record(content, vector=(1.0, 0.0, 0.0), **fields):
    return MemoryRecord(id=content, content=content, embedding=list(vector), **fields)


def contents(found):
    return [item.content for item, _ in found]


def test_it_is_a_storage_backend(storage):
    assert isinstance(storage, StorageBackend)


def test_what_is_saved_is_found_nearest_first_with_all_its_fields(storage):
    kept = record(
        "tea", (0.9, 0.1, 0), scope="/home/kitchen", categories=["drinks"], metadata={"hot": True, "cups": 2},
        importance=0.8, created_at=NOON, last_accessed=NOON, source="ana", private=True,
    )  # fmt: skip
    storage.save([kept, record("milk", (0, 1, 0)), record("rain", (0, 0, 1))])
    found = storage.search([1.0, 0, 0], limit=2)
    assert contents(found)[0] == "tea"
    assert len(found) == 2
    assert found[0][1] > found[1][1]
    assert found[0][0].model_dump() == kept.model_dump()
    assert found[0][0].embedding == pytest.approx([0.9, 0.1, 0])
    assert found[0][0].created_at.tzinfo is None


def test_an_empty_store_answers_emptily(storage):
    assert storage.search([1.0, 0, 0]) == []
    assert storage.get_record("nobody") is None
    assert storage.list_records() == []
    assert storage.list_scopes() == []
    assert storage.list_categories() == {}
    assert storage.count() == 0
    assert storage.delete(record_ids=["nobody"]) == 0
    assert storage.get_scope_info("/x").record_count == 0
    storage.save([])
    storage.reset()
    storage.touch_records(["nobody"])


def test_a_scope_prefix_takes_the_scope_and_those_below(storage):
    storage.save([record("a", scope="/a"), record("ab", scope="/a/b"), record("c", scope="/c")])
    assert set(contents(storage.search([1.0, 0, 0], scope_prefix="/a"))) == {"a", "ab"}
    assert set(contents(storage.search([1.0, 0, 0], scope_prefix="/a/"))) == {"a", "ab"}
    assert set(contents(storage.search([1.0, 0, 0], scope_prefix="/"))) == {"a", "ab", "c"}
    assert storage.count("/a") == 2
    assert storage.count("/a/b") == 1
    assert storage.count() == 3
    assert [item.content for item in storage.list_records("/a/b")] == ["ab"]


def test_a_category_is_any_of_those_asked(storage):
    storage.save([record("a", categories=["x", "y"]), record("b", categories=["z"]), record("c")])
    assert set(contents(storage.search([1.0, 0, 0], categories=["y", "z"]))) == {"a", "b"}
    assert len(storage.search([1.0, 0, 0], categories=[])) == 3
    assert storage.list_categories() == {"x": 1, "y": 1, "z": 1}


def test_a_metadata_filter_wants_all_its_values(storage):
    storage.save([record("a", metadata={"k": 1, "l": "x"}), record("b", metadata={"k": 1}), record("c")])
    assert set(contents(storage.search([1.0, 0, 0], metadata_filter={"k": 1}))) == {"a", "b"}
    assert contents(storage.search([1.0, 0, 0], metadata_filter={"k": 1, "l": "x"})) == ["a"]
    assert storage.search([1.0, 0, 0], metadata_filter={"k": 2}) == []


def test_a_minimal_score_drops_the_far_ones(storage):
    storage.save([record("near"), record("far", (0, 1, 0))])
    assert contents(storage.search([1.0, 0, 0], min_score=0.9)) == ["near"]


def test_deleting_by_each_criterion_takes_what_meets_it(storage):
    storage.save([
        record("old", created_at=NOON - timedelta(days=9)), record("new", created_at=NOON, categories=["x"]),
        record("here", created_at=NOON, scope="/here"), record("marked", created_at=NOON, metadata={"m": 1}),
        record("kept", created_at=NOON, scope="/there"),
    ])  # fmt: skip
    assert storage.delete(older_than=NOON - timedelta(days=1)) == 1
    assert storage.delete(categories=["x"]) == 1
    assert storage.delete(metadata_filter={"m": 1}) == 1
    assert storage.delete(record_ids=["here", "nobody"]) == 1
    assert [item.content for item in storage.list_records()] == ["kept"]
    assert storage.delete() == 1
    assert storage.count() == 0


def test_an_update_takes_the_place_of_the_record(storage):
    storage.save([record("a", created_at=NOON, scope="/s")])
    storage.update(MemoryRecord(id="a", content="b", scope="/t", created_at=NOON, embedding=[0.0, 1.0, 0.0]))
    found = storage.get_record("a")
    assert (found.content, found.scope, found.created_at) == ("b", "/t", NOON)
    assert storage.count() == 1
    assert contents(storage.search([0, 1.0, 0], min_score=0.9)) == ["b"]


def test_an_update_of_an_unknown_record_adds_it(storage):
    storage.save([record("a")])
    storage.update(record("b"))
    assert storage.count() == 2


def test_pages_are_newest_first_by_the_records_own_date(storage):
    storage.save([record(str(day), created_at=NOON + timedelta(days=day)) for day in (2, 0, 3, 1)])
    assert [item.content for item in storage.list_records(limit=2)] == ["3", "2"]
    assert [item.content for item in storage.list_records(limit=2, offset=2)] == ["1", "0"]
    assert storage.list_records(offset=9) == []
    assert storage.list_records(limit=0) == []


def test_touching_is_seen_as_the_last_access(storage):
    storage.save([record("a", last_accessed=NOON - timedelta(days=99))])
    storage.touch_records(["a"])
    assert storage.get_record("a").last_accessed > NOON


def test_scope_info_tells_count_dates_categories_and_children(storage):
    storage.save([
        record("a", scope="/p", created_at=NOON), record("b", scope="/p/x/deep", created_at=NOON + timedelta(days=1)),
        record("c", scope="/p/y", categories=["k"], created_at=NOON + timedelta(days=2)), record("d", scope="/q"),
    ])  # fmt: skip
    found = storage.get_scope_info("/p")
    assert (found.path, found.record_count, found.categories) == ("/p", 3, ["k"])
    assert (found.oldest_record, found.newest_record) == (NOON, NOON + timedelta(days=2))
    assert found.child_scopes == ["/p/x", "/p/y"]
    assert storage.get_scope_info("/").child_scopes == ["/p", "/q"]


def test_child_scopes_are_listed_one_level_deep(storage):
    storage.save([record("a", scope="/p/x/deep"), record("b", scope="/p/y"), record("c", scope="/q")])
    assert storage.list_scopes() == ["/p", "/q"]
    assert storage.list_scopes("/p") == ["/p/x", "/p/y"]
    assert storage.list_scopes("/p/y") == []


def test_a_reset_takes_one_scope_or_all(storage):
    storage.save([record("a", scope="/a"), record("aa", scope="/a/a"), record("b", scope="/b")])
    storage.reset("/a")
    assert [item.content for item in storage.list_records()] == ["b"]
    storage.reset()
    assert storage.count() == 0


async def test_the_async_methods_answer_the_same(storage):
    await storage.asave([record("a"), record("b", (0, 1, 0))])
    assert contents(await storage.asearch([1.0, 0, 0], limit=1)) == ["a"]
    assert await storage.adelete(record_ids=["a"]) == 1
    assert storage.count() == 1


async def test_every_method_has_an_async_twin_that_agrees(ours):
    await ours.asave([record("a", scope="/s", categories=["x"]), record("b", scope="/s/t")])
    assert await ours.aget_record("a") == ours.get_record("a")
    assert await ours.aget_record("z") is None
    assert await ours.alist_records("/s", 1, 1) == ours.list_records("/s", 1, 1)
    assert await ours.aget_scope_info("/s") == ours.get_scope_info("/s")
    assert await ours.alist_scopes("/") == ours.list_scopes("/") == ["/s"]
    assert await ours.alist_categories() == {"x": 1}
    assert await ours.acount("/s") == 2
    await ours.aupdate(record("a", scope="/u"))
    await ours.atouch_records(["a"])
    assert (await ours.aget_record("a")).scope == "/u"
    await ours.areset("/u")
    assert ours.count() == 1
    await ours.aclose()


# --- where LanceDB's storage is wrong, and ours is not -------------------------------------------------------------------


def test_a_prefix_ends_at_a_segment(ours):
    ours.save([record("a", scope="/a"), record("ab", scope="/ab")])
    assert contents(ours.search([1.0, 0, 0], scope_prefix="/a")) == ["a"]
    assert ours.count("/a") == 1


def test_records_at_a_scope_with_children_are_still_found_by_a_deep_recall(ours):
    memory = Memory(storage=ours, embedder=words_embedder, llm=Scripted())
    memory.remember("the root fact is tea", scope="/", categories=[], importance=0.5)
    memory.remember("the child fact is milk", scope="/child", categories=[], importance=0.5)
    assert ours.list_scopes("/") == ["/", "/child"]
    assert "the root fact is tea" in {match.record.content for match in memory.recall("fact tea", depth="deep")}


def test_consolidation_keeps_privacy_and_source(ours):
    ours.save([record("a", source="ana", private=True)])
    ours.update(record("a").model_copy(update={"content": "merged"}))
    found = ours.get_record("a")
    assert (found.content, found.source, found.private) == ("merged", "ana", True)


def test_an_update_without_an_embedding_keeps_the_stored_one(ours):
    ours.save([record("a", (0, 1, 0))])
    ours.update(MemoryRecord(id="a", content="a", importance=0.9))
    assert ours.get_record("a").embedding == [0, 1, 0]
    assert ours.get_record("a").importance == 0.9


def test_filters_never_cost_results(ours):
    ours.save([record(f"near{number}") for number in range(50)] + [record("far", (0, 1, 0), categories=["x"])])
    assert contents(ours.search([1.0, 0, 0], categories=["x"], limit=1)) == ["far"]


def test_an_empty_list_of_ids_deletes_nothing(ours):
    ours.save([record("a")])
    assert ours.delete(record_ids=[]) == 0
    assert ours.count() == 1


def test_criteria_hold_together(ours):
    ours.save([record("a", scope="/a"), record("b", scope="/b")])
    assert ours.delete(scope_prefix="/a", record_ids=["a", "b"]) == 1
    assert ours.count() == 1


def test_saving_again_replaces_and_keeps_the_history(ours):
    ours.save([record("a")])
    ours.save([record("a", importance=0.9, metadata={"n": 1})])
    assert ours.count() == 1
    assert ours.get_record("a").metadata == {"n": 1}
    assert len(ours.client.history("a", collection="crewai")) == 2


def test_a_record_without_embedding_is_kept_once_the_dimension_is_known(ours):
    with pytest.raises(InvalidInputError, match="embedder="):
        ours.save([MemoryRecord(content="mute")])
    ours.save([record("a"), MemoryRecord(id="mute", content="mute")])
    assert ours.get_record("mute").content == "mute"
    assert contents(ours.search([1.0, 0, 0])) == ["a", "mute"]
    again = AgentMemStorage(ours.client)
    again.save([MemoryRecord(id="later", content="later")])
    assert again.count() == 3


def test_bad_input_is_refused_in_words(ours):
    ours.save([record("a")])
    with pytest.raises(VectorMismatchError, match="another collection="):
        ours.save([record("b", (1.0, 0.0))])
    with pytest.raises(VectorMismatchError):
        ours.search([1.0, 0.0])
    with pytest.raises(InvalidInputError, match="MemoryRecords"):
        ours.save(["text"])
    with pytest.raises(InvalidInputError, match="list of texts"):
        ours.search([1.0, 0, 0], categories="x")
    with pytest.raises(InvalidInputError, match="scope"):
        ours.search([1.0, 0, 0], scope_prefix=5)
    with pytest.raises(InvalidFilterError, match="cannot be a key"):
        ours.search([1.0, 0, 0], metadata_filter={"memory.id": "a"})
    with pytest.raises(InvalidFilterError, match="older_than"):
        ours.delete(older_than="yesterday")
    with pytest.raises(InvalidInputError, match="taken by the adapter"):
        ours.save([record("b", metadata={"crewai": 1})])
    assert ours.count() == 1
    assert ours.search([], limit=3) == []
    assert ours.search([1.0, 0, 0], limit=0) == []
    assert ours.search([1.0, 0, 0], min_score=2.0) == []


def test_two_users_of_one_store_share_no_record(tmp_path):
    ana, bo = (AgentMemStorage(path=tmp_path / "s", user_id=name) for name in ("ana", "bo"))
    ana.save([record("a")])
    assert bo.count() == 0
    assert bo.get_record("a") is None
    assert bo.delete() == 0
    bo.save([record("a", scope="/bo")])
    bo.reset()
    assert [item.scope for item in ana.list_records()] == ["/"]


def test_the_embedding_takes_the_arguments_of_every_class_here(tmp_path):
    one = AgentMemEmbedding(path=tmp_path, user_id="ana", agent_id="a", session_id="s")
    assert one(["tea"]) == AgentMemEmbedding(path=tmp_path)(["tea"])


def test_registering_makes_the_name_known_and_leaves_others_alone(tmp_path):
    marked: list[str] = []
    set_memory_storage_factory(marked.append)
    try:
        register(path=tmp_path / "other", user_id="x")
        register(path=tmp_path / "s", user_id="ana")
        memory = Memory(storage="agentmem", embedder=AgentMemEmbedding(path=tmp_path / "s"), llm=Scripted())
        memory.remember("tea is hot", scope="/", categories=[], importance=0.5)
        assert [match.record.content for match in memory.recall("tea", depth="shallow")] == ["tea is hot"]
        with AgentMem(tmp_path / "s", user_id="ana") as store:
            assert [item.content for item in store.list(collection="crewai").items] == ["tea is hot"]
        assert isinstance(Memory(embedder=words_embedder)._storage, LanceDBStorage)
        assert marked == ["lancedb"]
    finally:
        set_memory_storage_factory(None)
