"""What is forgotten takes along what was learnt from it alone; what others state too stays, and names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.core.clock import DAY, Clock
from tests.core.learning.scripted import Scripted, fact, facts_at, learning, rows, verdict
from tests.core.test_erasure import traces

from agentmem_core import AgentMem, InvalidInputError, Prompt, Receipt, Reply
from agentmem_core.engine import erasing, reopening
from agentmem_core.learning.rules import extract

STORE = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}


def say(memory: AgentMem, text: str, session: str = "s1", **options: Any) -> str:
    turn = {"role": "user", "content": text, "name": "Ana"}
    return memory.add([turn], session_id=session, infer=True, **options).ids[0]


def told(receipt: Receipt) -> tuple[int, int, int]:
    return receipt.memories, receipt.facts, receipt.facts_kept


def ruled(clock: Clock | None = None) -> AgentMem:
    return learning(None, clock, extract=extract)


def test_a_session_takes_the_facts_that_it_taught() -> None:
    memory = ruled()
    say(memory, "I live in Lisbon and I have a dog")
    say(memory, "I like tea", "s2")
    assert told(memory.forget(session_id="s1")) == (3, 2, 0)
    assert facts_at(memory) == {"Ana likes tea"}
    assert memory.semantic.about("Ana", limit=9)[0].content == "Ana likes tea"
    assert memory.semantic.neighbours("Ana")[0].node == "tea"
    assert told(memory.forget(session_id="s1")) == (0, 0, 0)


async def test_the_same_without_blocking_and_in_chinese() -> None:
    memory = ruled()
    say(memory, "我住在里斯本，我养了一只猫")
    assert told(await memory.aforget(session_id="s1")) == (3, 2, 0)
    assert facts_at(memory) == set()


def test_a_fact_that_another_turn_states_too_stays_and_names_that_one() -> None:
    memory = ruled()
    say(memory, "I live in Lisbon")
    again = say(memory, "As I said, I live in Lisbon", "s2")
    assert told(memory.forget(session_id="s1")) == (1, 0, 1)
    [lisbon] = rows(memory)
    assert (lisbon.content, lisbon.source, lisbon.version) == ("Ana lives in Lisbon", (again,), 1)
    assert told(memory.forget(session_id="s2")) == (2, 1, 0)
    assert memory.stats().memories == memory.stats().links == 0


def test_a_fact_of_several_turns_loses_the_one_that_is_erased() -> None:
    memory = learning(Scripted([[fact("Ana lives in Paris", "Ana|lives in|Paris", turns=[1, 2])]]))
    turns = [{"role": "user", "content": text} for text in ("I live in Paris", "Yes, in Paris")]
    one, two = memory.add(turns, session_id="s1", infer=True).ids
    assert told(memory.forget(one)) == (1, 0, 1)
    assert rows(memory)[0].source == (two,)
    assert told(memory.forget([two])) == (2, 1, 0)


def test_what_an_erased_turn_alone_had_ended_holds_again_without_its_reason() -> None:
    clock = Clock()
    home = fact("Ana lives in Paris", "Ana|lives in|Paris")
    gone = fact("Ana lives there", "Ana|resides at|Paris", ended=True)
    memory = learning(Scripted([[home], [gone]], [[verdict(1, "DELETE", 1, reason="she fled from Bo")]]), clock)
    say(memory, "I live in Paris")
    clock.pass_(DAY)
    memory.semantic.learn("Ana resides at home", subject="Ana", predicate="resides at", object="home")
    say(memory, "I fled", "s2")
    assert facts_at(memory) == {"Ana lives in Paris"}
    said = [version.reason for item in rows(memory) for version in memory.history(item.id)]
    receipt = memory.forget(session_id="s2")
    kept = [version.reason for item in rows(memory) for version in memory.history(item.id)]
    assert (receipt.memories, receipt.facts, receipt.facts_kept, receipt.facts_again) == (1, 0, 1, 1)
    assert "she fled from Bo" in said
    assert "she fled from Bo" not in kept
    assert facts_at(memory) == {"Ana lives in Paris", "Ana resides at home"}


def test_the_home_before_an_erased_one_is_home_again() -> None:
    clock = Clock()
    memory = ruled(clock)
    say(memory, "I live in Paris")
    clock.pass_(DAY)
    say(memory, "I moved to Lisbon", "s2")
    assert facts_at(memory) == {"Ana lives in Lisbon"}
    receipt = memory.forget(session_id="s2")
    assert (*told(receipt), receipt.facts_again) == (2, 1, 1, 1)
    assert facts_at(memory) == {"Ana lives in Paris"}
    assert [found.node for found in memory.semantic.neighbours("Ana")] == ["Paris"]
    [paris] = rows(memory)
    assert memory.history(paris.id)[-1].reason == "what had ended it was forgotten"
    assert [item.memory.content for item in memory.search("Ana lives Paris", types=["semantic"])] == [
        "Ana lives in Paris"
    ]


async def test_so_it_is_without_blocking_and_across_languages() -> None:
    clock = Clock()
    memory = ruled(clock)
    say(memory, "我住在深圳")
    clock.pass_(DAY)
    say(memory, "I moved to Lisbon", "s2")
    assert (await memory.aforget(session_id="s2")).facts_again == 1
    assert facts_at(memory) == {"Ana住在深圳"}


def test_what_something_else_ends_too_stays_ended() -> None:
    clock = Clock()
    memory = ruled(clock)
    for text, session in (("I live in Paris", "s1"), ("I moved to Lisbon", "s2"), ("I live in Lisbon", "s3")):
        say(memory, text, session)
        clock.pass_(DAY)
    assert memory.forget(session_id="s2").facts_again == 0
    assert facts_at(memory) == {"Ana lives in Lisbon"}
    assert memory.forget(session_id="s3").facts_again == 1
    assert facts_at(memory) == {"Ana lives in Paris"}
    for session in ("s4", "s5"):
        clock.pass_(DAY)
        say(memory, "I no longer live in Paris", session)
    assert memory.forget(session_id="s4").facts_again == 0
    assert facts_at(memory) == set()
    assert memory.forget(session_id="s5").facts_again == 1
    assert facts_at(memory) == {"Ana lives in Paris"}


def test_of_three_homes_the_first_lasts_until_the_third_when_the_second_goes() -> None:
    clock = Clock()
    memory = ruled(clock)
    begun = {}
    for town, session in (("Paris", "s1"), ("Lisbon", "s2"), ("Rome", "s3")):
        begun[town] = clock()
        say(memory, f"I live in {town}", session)
        clock.pass_(DAY)
    memory.forget(session_id="s2")
    assert {item.content: item.valid_to for item in rows(memory)} == {
        "Ana lives in Paris": begun["Rome"], "Ana lives in Rome": None,
    }  # fmt: skip
    assert facts_at(memory, begun["Lisbon"]) == {"Ana lives in Paris"}
    memory.forget(session_id="s3")
    assert facts_at(memory) == {"Ana lives in Paris"}


def test_two_that_go_together_leave_what_was_before_both() -> None:
    clock = Clock()
    memory = ruled(clock)
    for town, session in (("Paris", "s1"), ("Lisbon", "s2"), ("Rome", "s2")):
        say(memory, f"I live in {town}", session)
        clock.pass_(DAY)
    assert memory.forget(session_id="s2").facts_again == 1
    assert facts_at(memory) == {"Ana lives in Paris"}
    assert rows(memory)[0].valid_to is None


def test_a_home_that_was_retracted_is_no_reason_for_another_to_have_ended() -> None:
    clock = Clock()
    memory = ruled(clock)
    for text, session in (
        ("I live in Paris", "s1"), ("I live in Lisbon", "s2"), ("I no longer live in Lisbon", "s3"), ("I live in Rome", "s4"),
    ):  # fmt: skip
        say(memory, text, session)
        clock.pass_(DAY)
    memory.forget(session_id="s2")
    assert facts_at(memory) == {"Ana lives in Rome"}
    assert facts_at(memory, clock() - 2 * DAY) == {"Ana lives in Paris"}


def test_an_end_that_was_known_before_comes_back() -> None:
    clock = Clock()
    memory = ruled(clock)
    say(memory, "I live in Paris")
    ends = clock() + 100 * DAY
    memory.update(rows(memory)[0].id, valid_to=ends)
    for text, session in (("I moved to Lisbon", "s2"), ("I no longer live in Paris", "s3")):
        clock.pass_(DAY)
        say(memory, text, session)
    assert rows(memory)[0].valid_to == clock() - DAY
    assert memory.forget(filters={"memory.session_id": {"$in": ["s2", "s3"]}}).facts_again == 1
    assert rows(memory)[0].valid_to == ends


def test_a_fact_that_is_forgotten_by_id_gives_way_unless_its_turn_says_it() -> None:
    clock = Clock()
    memory = ruled(clock)
    memory.semantic.learn("Ana lives in Paris", subject="Ana", predicate="lives in", object="Paris")
    clock.pass_(DAY)
    lisbon = memory.semantic.learn("Ana lives in Lisbon", subject="Ana", predicate="lives in", object="Lisbon")
    assert memory.forget(lisbon.id).facts_again == 1
    assert facts_at(memory) == {"Ana lives in Paris"}
    clock.pass_(DAY)
    say(memory, "I moved to Rome", "s2")
    [rome] = [item for item in rows(memory) if "Rome" in item.content]
    assert memory.forget(rome.id).facts_again == 0, "the turn that ended it is still there"


def test_nothing_holds_again_that_was_kept_archived_deleted_or_ended_by_hand() -> None:
    clock = Clock()
    memory = ruled(clock)
    say(memory, "I live in Paris")
    clock.pass_(DAY)
    say(memory, "I moved to Lisbon", "s2")
    [paris, _] = rows(memory)
    by_hand = clock() - DAY / 2
    memory.update(paris.id, valid_to=by_hand)
    assert memory.forget(session_id="s2").facts_again == 0
    assert rows(memory)[0].valid_to == by_hand

    memory = ruled(clock)
    say(memory, "I live in Paris")
    clock.pass_(DAY)
    say(memory, "I no longer live in Paris", "s2")
    assert memory.forget(session_id="s2", keep_facts=True).facts_again == 0
    assert facts_at(memory) == set()

    memory = ruled(clock)
    say(memory, "I live in Paris")
    clock.pass_(DAY)
    say(memory, "I moved to Lisbon", "s2")
    memory.delete(rows(memory)[0].id)
    assert memory.forget(session_id="s2").facts_again == 0
    assert facts_at(memory) == set()


def test_what_a_killed_erasure_had_opened_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AgentMem(tmp_path, learner="rules", **STORE) as memory:  # type: ignore[arg-type]  # plain names
        say(memory, "I live in Paris")
        say(memory, "I moved to Lisbon", "s2")

        def fails(*_: object) -> int:
            reopening.reopen(*_)  # type: ignore[arg-type]  # what it is called with
            raise RuntimeError("killed")

        monkeypatch.setattr(erasing, "reopen", fails)
        with pytest.raises(RuntimeError, match="killed"):
            memory.forget(session_id="s2")
        assert facts_at(memory) == {"Ana lives in Lisbon"}
        monkeypatch.undo()
        assert memory.forget(session_id="s2").facts_again == 1
        assert facts_at(memory) == {"Ana lives in Paris"}


def test_a_text_that_was_told_more_exactly_goes_with_any_of_its_turns() -> None:
    clock = Clock()
    car, red = fact("Ana has a Volvo"), fact("Ana has a red Volvo")
    memory = learning(Scripted([[car], [red], [car]], [[verdict(1, "UPDATE", 1, text="Ana has a red Volvo")]]), clock)
    say(memory, "I have a Volvo")
    clock.pass_(DAY)
    say(memory, "It's a red Volvo", "s2")
    assert [item.content for item in rows(memory)] == ["Ana has a red Volvo"]
    assert told(memory.forget(session_id="s2")) == (2, 1, 0)
    assert rows(memory) == []
    memory.learn(again=True)
    assert facts_at(memory) == {"Ana has a Volvo"}, "what is left says it, and can be read anew"


def test_a_summary_goes_with_any_of_its_turns() -> None:
    class Summing(Scripted):
        def ask(self, prompt):
            self.facts = ['{"summary": "Ana counted."}']
            return super().ask(prompt) if "summary" not in prompt.schema["properties"] else self._told()

        def _told(self):
            from agentmem_core import Reply, Usage

            return Reply('{"summary": "Ana counted."}', Usage(1, 1, 1))

    memory = learning(Summing())
    ids = memory.add([{"role": "user", "content": f"turn {n}"} for n in range(20)], session_id="s1").ids
    memory.maintain(summarise=True, dry_run=False)
    assert told(memory.forget(ids[3])) == (2, 1, 0)
    assert rows(memory) == []


def test_what_was_learnt_from_what_was_learnt_goes_too() -> None:
    memory = ruled()
    say(memory, "I live in Lisbon")
    [home] = rows(memory)
    memory.semantic.learn("Ana needs a phrase book", source=[home.id])
    memory.add("Somebody else's", type="semantic")
    assert told(memory.forget(session_id="s1")) == (3, 2, 0)
    assert [item.content for item in rows(memory)] == ["Somebody else's"]


def test_facts_in_the_trash_go_too() -> None:
    memory = ruled()
    say(memory, "I live in Lisbon")
    memory.delete(rows(memory)[0].id)
    assert told(memory.forget(session_id="s1")) == (2, 1, 0)


@pytest.mark.parametrize("way", ["ids", "filters", "agent", "session", "user"])
def test_however_it_is_said_what_is_to_be_forgotten(way: str) -> None:
    memory = ruled()
    turn = say(memory, "I live in Lisbon", "s1", agent_id="butler")
    say(memory, "I like tea", "s2", agent_id="cook")
    ways: dict[str, dict[str, Any]] = {
        "ids": {"ids": turn}, "filters": {"filters": {"memory.session_id": "s1"}}, "agent": {"agent_id": "butler"},
        "session": {"session_id": "s1"}, "user": {"user_id": "ana"},
    }  # fmt: skip
    assert memory.forget(**ways[way]).memories == (4 if way == "user" else 2)
    assert facts_at(memory) == (set() if way == "user" else {"Ana likes tea"})


def test_other_users_of_the_same_words_lose_nothing() -> None:
    memory = ruled()
    for user in ("ana", "bo"):
        memory.add([{"role": "user", "content": "I live in Lisbon"}], user_id=user, session_id="s1", infer=True)
    memory.forget(user_id="bo", session_id="s1")
    assert facts_at(memory) == {"user lives in Lisbon"}
    assert memory.stats(user_id="bo").memories == 0


def test_facts_can_be_kept_when_the_words_go() -> None:
    memory = ruled()
    say(memory, "I live in Lisbon")
    assert told(memory.forget(session_id="s1", keep_facts=True)) == (1, 0, 1)
    [home] = rows(memory)
    assert (home.content, home.source) == ("Ana lives in Lisbon", ())
    wrongs: list[dict[str, Any]] = [{"user_id": "ana"}, {"agent_id": "a"}]
    for wrong in wrongs:
        with pytest.raises(InvalidInputError, match="keep_facts"):
            memory.forget(keep_facts=True, **wrong)


def test_a_filter_takes_what_passes_it_and_nothing_when_it_is_empty() -> None:
    memory = ruled()
    memory.add(["one", "two"], metadata={"topic": "tax"})
    memory.add("three")
    memory.delete(memory.list().items[0].id)
    wrongs: list[dict[str, Any]] = [{"filters": {}}, {"filters": {"topic": "tax"}, "ids": "x"}]
    for wrong in wrongs:
        with pytest.raises(InvalidInputError, match="filter"):
            memory.forget(**wrong)
    assert memory.forget(filters={"topic": "tax"}).memories == 2
    assert [item.content for item in memory.list()] == ["three"]


def test_a_turn_that_was_emptied_out_of_the_trash_states_nothing(tmp_path: Path) -> None:
    with AgentMem(tmp_path, learner="rules", **STORE) as memory:  # type: ignore[arg-type]  # plain names
        first = say(memory, "I live in Lisbon")
        say(memory, "I live in Lisbon", "s2")
        memory.delete(first)
        memory.compact()
        assert facts_at(memory) == {"Ana lives in Lisbon"}
        assert told(memory.forget(session_id="s2")) == (2, 1, 0)


def test_no_file_holds_what_was_learnt_from_what_was_forgotten(tmp_path: Path) -> None:
    """Facts, their history, their links, reasons and words: of one session of three, with another that states a part of it."""
    secret = ("qzvilla", "qzhund", "qzreason", "qzrouge")
    villa, hound = fact("Ana lives in Qzvilla", "Ana|lives in|Qzvilla"), fact("Ana has a Qzhund", "Ana|has|Qzhund")
    bank, both = fact("Ana banks with Alfa", "Ana|banks with|Alfa"), fact("Ana banks with Beta", "Ana|banks with|Beta")
    model = Scripted(
        [[bank], [villa, hound, both], [fact("Ana has a Qzrouge Qzhund")], [fact("Ana likes tea", "Ana|likes|tea")]],
        [
            [verdict(1, "UPDATE", 1, was_true=True, reason="qzreason one")],
            [verdict(1, "UPDATE", 1, text="Ana has a Qzrouge Qzhund", reason="qzreason two")],
        ],
    )
    with AgentMem(tmp_path, llm=model, **STORE) as memory:  # type: ignore[arg-type]  # plain names
        say(memory, "I bank with Alfa", "kept")
        say(memory, "Qzvilla is my home, I have a Qzhund, and Beta is my bank", "gone")
        say(memory, "It is a Qzrouge one", "gone")
        say(memory, "I like tea", "also kept")
        assert len(traces(tmp_path, *secret)) >= 1
        receipt = memory.forget(session_id="gone")
        assert receipt.files_clean
        assert receipt.facts == 3
        assert traces(tmp_path, *secret) == {}
        assert {item.content for item in rows(memory)} == {"Ana banks with Alfa", "Ana likes tea"}
        assert memory.search("Qzvilla home", mode="lexical") == []
    assert traces(tmp_path, *secret) == {}


def test_a_text_is_not_made_of_a_turn_that_is_forgotten_while_a_model_decides() -> None:
    """Two turns gave a memory another text; which words are whose cannot be told, so it stays as it was and is read again."""

    class Slow(Scripted):
        def ask(self, prompt: Prompt) -> Reply:
            if len(self.prompts) == 2:  # the question what is to become of the memory
                memory.forget(secret)
            return super().ask(prompt)

    model = Slow(
        [[fact("Ana likes tea")], [fact("Ana likes tea, code 4711", turns=(1, 2))], [fact("Ana still likes tea")]],
        [[verdict(1, "UPDATE", 1, text="Ana likes tea, code 4711")], [verdict(1, "NONE", 1)]],
    )
    memory = learning(model)
    memory.add([{"role": "user", "content": "I like tea"}])
    memory.learn()
    secret, _ = memory.add(
        [{"role": "user", "content": "my code is 4711"}, {"role": "user", "content": "and tea still"}]
    ).ids
    learned = memory.learn()
    assert (learned.decisions, "deleted meanwhile" in learned.warnings[0]) == ((), True)
    assert facts_at(memory) == {"Ana likes tea"}
    memory.learn()
    assert "4711" not in model.prompts[-1].text
    assert facts_at(memory) == {"Ana likes tea"}
