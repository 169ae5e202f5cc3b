"""What a backend promises of finding again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Scope
from agentmem_core.operations import Export, build
from agentmem_core.testing.backend_asking import ANA, BOB, STRANGERS, YESTERDAY, Asking, item, turn


class BackendReading:
    """Part of ``BackendSuite``."""

    def test_get_answers_in_the_order_of_the_ids_and_leaves_unknown_ones_out(self, run: Asking) -> None:
        [one, two] = run.add("one", "two")
        assert run.get(two.id, "unknown", one.id) == [two, one]
        assert run.get("unknown") == []
        assert run.get(one.id, scope=Scope(user_id="nobody")) == []
        assert run.get(one.id, collection="nothing") == []

    def test_a_scope_is_never_everyone(self, run: Asking) -> None:
        run.add("ana's tea")
        for scope in (Scope(), *STRANGERS):
            assert run.contents(scope=scope) == []
            assert run.found("tea", scope=scope) == []
            assert run.found(scope=scope) == []

    def test_agent_and_session_narrow_what_is_read(self, run: Asking) -> None:
        run.add(
            item("tea 1"),
            item("tea 2", agent_id="a"),
            item("tea 3", agent_id="a", session_id="s"),
            item("tea 4", session_id="s"),
        )
        for narrowed, expected in (
            ({}, ["tea 1", "tea 2", "tea 3", "tea 4"]),
            ({"agent_id": "a"}, ["tea 2", "tea 3"]),
            ({"session_id": "s"}, ["tea 3", "tea 4"]),
            ({"agent_id": "a", "session_id": "s"}, ["tea 3"]),
            ({"agent_id": "b"}, []),
        ):
            scope = Scope(user_id="ana", **narrowed)
            assert run.contents(scope=scope) == expected
            assert sorted(run.found("tea", scope=scope)) == expected

    @pytest.mark.parametrize("order", ["oldest", "newest"])
    @pytest.mark.parametrize("filters", [None, {"odd": True}])
    def test_pages_cover_each_row_once(self, run: Asking, order: str, filters: object) -> None:
        run.add(*(item(f"{n}", metadata={"odd": n % 2 == 1}) for n in range(23)))
        expected = [f"{n}" for n in range(23) if filters is None or n % 2 == 1]
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = run.page(limit=4, cursor=cursor, order=order, filters=filters)
            seen += [memory.content for memory in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == 4
        assert seen == (expected if order == "oldest" else expected[::-1])

    def test_the_last_full_page_says_that_it_is_the_last(self, run: Asking) -> None:
        run.add(*(f"{n}" for n in range(4)))
        assert run.page(limit=4).next_cursor is None
        assert run.page(limit=3).next_cursor is not None
        assert run.page(scope=BOB).items == ()

    def test_rows_added_and_deleted_between_pages_do_not_shift_them(self, run: Asking) -> None:
        memories = run.add(*(f"{n}" for n in range(6)))
        page = run.page(limit=3)
        run.delete(memories[0].id, memories[2].id, memories[4].id)
        run.add("6")
        rest = run.page(limit=9, cursor=page.next_cursor)
        assert [memory.content for memory in rest.items] == ["3", "5", "6"]

    def test_a_cursor_of_another_list_or_of_nobody_is_refused(self, run: Asking) -> None:
        run.add(*(f"{n}" for n in range(3)))
        cursor = run.page(limit=1, order="newest").next_cursor
        for bad in (cursor, "x", "", "é", "W10", "bnVsbA", "[1,2]"):
            with pytest.raises(InvalidInputError):
                run.page(cursor=bad)

    def test_a_cursor_of_another_user_shows_nothing_of_theirs(self, run: Asking) -> None:
        run.add(*(f"bob {n}" for n in range(9)), scope=BOB)
        cursor = run.page(limit=1, scope=BOB).next_cursor
        run.add("ana 1", "ana 2", "ana 3")
        assert set(run.contents(cursor=cursor)) <= {"ana 1", "ana 2", "ana 3"}

    def test_an_export_cursor_shows_nothing_of_another_user(self, run: Asking) -> None:
        """The cursor crosses the wire, so a caller may write any."""
        run.add("bob's secret", scope=Scope(tenant="zeta", user_id="bob"))
        run.add("bob's too", scope=BOB)
        run.add("ana's")
        run.add("cleo's", scope=Scope(user_id="cleo"))
        shown: set[str] = set()
        for partition in range(6):
            for phase in (0, 1):
                for row in (1, 1 << 32, 5 << 32, 1 << 62):
                    cursor = f"[{partition}, {phase}, {row}]"
                    records, _ = run(build(Export, scope=ANA, cursor=cursor))
                    shown |= {record["content"] for record in records}
        assert shown <= {"ana's"}

    def test_types_and_filters_choose(self, run: Asking) -> None:
        run.add(item("tea 1", metadata={"n": 1}), item("tea 2", metadata={"n": 2}), turn("tea 3", metadata={"n": 2}))
        filters = {"n": {"$gte": 2}}
        assert run.contents(filters=filters) == ["tea 2", "tea 3"]
        assert run.contents(filters=filters, types=("episodic",)) == ["tea 3"]
        assert sorted(run.found("tea", filters=filters)) == ["tea 2", "tea 3"]
        assert run.found("tea", filters=filters, types=("semantic",)) == ["tea 2"]
        assert run.found("tea", filters={"memory.role": "user"}) == ["tea 3"]
        assert run.found("tea", types=()) == []

    def test_filters_follow_what_changes(self, run: Asking) -> None:
        [one, _] = run.add(item("tea 1", metadata={"n": 1}), item("tea 2", metadata={"n": 2}))
        assert run.found("tea", filters={"n": 1}) == ["tea 1"]
        run.update(one.id, metadata={"n": 3})
        run.add(item("tea 3", metadata={"n": 1}))
        assert run.found("tea", filters={"n": 1}) == ["tea 3"]
        assert run.found("tea", filters={"n": 3}) == ["tea 1"]

    def test_words_are_found_in_every_mode(self, run: Asking) -> None:
        run.add("I moved to Lisbon in May", "the cat sleeps all day", "taxes are due")
        for mode in ("hybrid", "lexical", "dense"):
            assert run.found("moved to Lisbon in May", mode=mode)[0] == "I moved to Lisbon in May"

    def test_chinese_japanese_and_korean_are_found_by_their_parts(self, run: Asking) -> None:
        run.add("我在五月搬到了里斯本", "東京タワーに登った", "나는 서울에 산다", "nothing of it")
        for query, expected in (("里斯本", "我在五月"), ("東京", "東京タワー"), ("서울", "나는")):
            assert run.found(query, mode="lexical")[0].startswith(expected)

    def test_scores_fall_from_at_most_one_and_signals_say_why(self, run: Asking) -> None:
        run.add("green tea", "green tea with milk and sugar", "coffee", "milk")
        hits = run.search("green tea", limit=10)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)
        assert hits[0].signals.lexical > 0.9
        for hit in hits:
            assert all(0.0 <= value <= 1.0001 for name, value in hit.signals if name != "dense")
        kept = run.search("green tea", limit=10, min_score=scores[1])
        assert {hit.memory.id for hit in kept} == {hit.memory.id for hit in hits if hit.score >= scores[1]}

    def test_a_limit_is_kept_and_the_best_stay(self, run: Asking) -> None:
        run.add(*(f"tea number {n}" for n in range(20)), "tea number seventeen")
        assert run.found("seventeen", limit=1) == ["tea number seventeen"]
        assert len(run.found("tea", limit=7)) == 7

    def test_without_a_query_the_newest_come_first(self, run: Asking) -> None:
        days = [datetime(2024, 1, day, tzinfo=UTC) for day in (2, 3, 1)]
        run.add(*(item(f"day {day.day}", occurred_at=day) for day in days))
        assert run.found() == ["day 3", "day 2", "day 1"]
        assert run.found(limit=2) == ["day 3", "day 2"]

    def test_what_no_word_and_no_vector_knows_is_not_found(self, run: Asking) -> None:
        run.add("green tea")
        assert run.found("xyzzy", mode="lexical") == []
        assert run.found("xyzzy", scope=BOB) == []
        assert run.found("tea", collection="unknown") == []
        assert run.found(vector=[1.0, 2.0], collection="unknown") == []

    def test_the_expired_do_not_exist(self, run: Asking) -> None:
        gone = run.expired("tea gone")
        [kept] = run.add(item("tea kept", expires_at=datetime.now(UTC) + timedelta(days=1)))
        assert run.get(gone, kept.id) == [kept]
        assert run.contents() == ["tea kept"]
        assert run.found("tea") == ["tea kept"]

    def test_the_superseded_stay_in_lists_but_answer_only_for_their_time(self, run: Asking) -> None:
        start = datetime(2020, 1, 1, tzinfo=UTC)
        [porto] = run.add(item("lives in Porto", occurred_at=start))
        run.add(item("lives in Lisbon", occurred_at=start + timedelta(days=100)))
        run.update(porto.id, valid_to=start + timedelta(days=100))
        assert run.found("lives in") == ["lives in Lisbon"]
        assert run.found("lives in", as_of=start + timedelta(days=50)) == ["lives in Porto"]
        assert run.found("lives in", as_of=start + timedelta(days=150)) == ["lives in Lisbon"]
        assert run.found("lives in", as_of=start - timedelta(days=1)) == []
        assert len(run.contents()) == 2

    def test_as_of_answers_with_what_a_memory_said_then(self, run: Asking) -> None:
        [memory] = run.add(item("works at Nokia", metadata={"city": "Oulu"}, occurred_at=YESTERDAY))
        then = datetime.now(UTC)
        run.update(memory.id, content="works at Ericsson", metadata={"city": "Kista"}, importance=0.9)
        [hit] = run.search("Nokia", as_of=then)
        assert (hit.memory.content, hit.memory.metadata, hit.memory.importance) == (
            "works at Nokia",
            {"city": "Oulu"},
            0.5,
        )
        assert hit.memory.version == 1
        assert run.found("Ericsson", mode="lexical", as_of=then) == []
        assert run.found("Ericsson", as_of=datetime.now(UTC)) == ["works at Ericsson"]

    def test_as_of_filters_by_what_was_then(self, run: Asking) -> None:
        [memory] = run.add(item("works at Nokia", metadata={"city": "Oulu"}, occurred_at=YESTERDAY))
        then = datetime.now(UTC)
        run.update(memory.id, metadata={"city": "Kista"})
        assert run.found("Nokia", as_of=then, filters={"city": "Oulu"}) == ["works at Nokia"]
        assert run.found("Nokia", as_of=then, filters={"city": "Kista"}) == []
        assert run.found("Nokia", filters={"city": "Kista"}) == ["works at Nokia"]

    def test_searching_follows_every_change(self, run: Asking) -> None:
        [one, two] = run.add("tea one", "tea two")
        assert sorted(run.found("tea")) == ["tea one", "tea two"]
        [three] = run.add("tea three")
        assert len(run.found("tea")) == 3
        run.delete(one.id)
        run.update(two.id, content="coffee two")
        assert run.found("tea", mode="lexical") == ["tea three"]
        run.forget(three.id)
        assert run.found("tea", mode="lexical") == []
        run.restore(one.id, 1)
        assert run.found("tea", mode="lexical") == ["tea one"]

    def test_a_turn_is_found_by_what_stands_next_to_it(self, run: Asking) -> None:
        start = datetime(2024, 1, 1, tzinfo=UTC)
        lines = ("Which instrument do you play?", "The cello, since I was six.", "Nice!", "Bye now.")
        run.add(*(turn(line, occurred_at=start + timedelta(minutes=n)) for n, line in enumerate(lines)))
        assert "The cello, since I was six." in run.found("instrument", mode="lexical", limit=2)
