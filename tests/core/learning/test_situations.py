"""What is decided in which situation: the decision, the history, and what was known when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.core.clock import DAY, Clock
from tests.core.learning.scripted import Answer, Scripted, fact, facts_at, learning, rows, verdict

PARIS = fact("Ana lives in Paris", "Ana|lives in|Paris")
LISBON = fact("Ana lives in Lisbon", "Ana|lives in|Lisbon")
TEA = fact("Ana likes tea", "Ana|likes|tea")
DOG = fact("Ana has a dog", "Ana|has|dog")
PARIS_ZH = fact("安娜住在巴黎", "安娜|住在|巴黎")
LISBON_ZH = fact("安娜住在里斯本", "安娜|住在|里斯本")


@dataclass(frozen=True)
class Step:
    """What is said (one turn, or several), the facts that the model finds, its verdicts, and what is to be decided."""

    said: str | list[str]
    facts: list[dict[str, Any]]
    actions: str
    verdicts: Answer = None


@dataclass(frozen=True)
class Situation:
    """Steps a day apart; what holds in the end, what was answered for the days before, and how some facts changed."""

    name: str
    steps: list[Step]
    now: set[str]
    then: dict[int, set[str]] = field(default_factory=dict)
    ops: dict[str, str] = field(default_factory=dict)


def told(said: str | list[str], *facts: dict[str, Any], do: str, asked: Answer = None) -> Step:
    return Step(said, list(facts), do, asked)


IN_PARIS = told("I live in Paris", PARIS, do="ADD")
LIKES_TEA = told("I like tea", TEA, do="ADD")
HAS_DOG = told("I have a dog", DOG, do="ADD")

SITUATIONS = [
    # new
    Situation("new", [IN_PARIS], {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add"}),
    Situation("new, without a triple", [told("I can whistle", fact("Ana can whistle"), do="ADD")], {"Ana can whistle"}),
    Situation("nothing to learn", [told("Good morning!", do="")], set()),
    Situation("two at once", [told("I like tea and have a dog", TEA, DOG, do="ADD ADD")], {"Ana likes tea", "Ana has a dog"}),
    Situation(
        "several of a kind",
        [LIKES_TEA, told("And coffee", fact("Ana likes coffee", "Ana|likes|coffee"), do="ADD")],
        {"Ana likes tea", "Ana likes coffee"}, {0: {"Ana likes tea"}},
    ),
    Situation(
        "another subject, the same predicate",
        [IN_PARIS, told("Bo lives in Rome", fact("Bo lives in Rome", "Bo|lives in|Rome"), do="ADD")],
        {"Ana lives in Paris", "Bo lives in Rome"},
    ),
    Situation(
        "one kind of thing twice, which the model says can be",
        [
            told("I'm afraid of spiders", fact("Ana is afraid of spiders", "Ana|is afraid of|spiders"), do="ADD"),
            told("And of heights", fact("Ana is afraid of heights", "Ana|is afraid of|heights"), do="ADD", asked=[verdict(1, "ADD")]),
        ],
        {"Ana is afraid of spiders", "Ana is afraid of heights"},
    ),
    # repeated
    Situation("repeated", [IN_PARIS, told("I live in Paris", PARIS, do="NONE")], {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add"}),
    Situation("repeated three times", [LIKES_TEA, told("I like tea", TEA, do="NONE"), told("Tea!", TEA, do="NONE")], {"Ana likes tea"}, ops={"Ana likes tea": "add"}),
    Situation("repeated within a turn", [told("I like tea. Did I say that I like tea?", TEA, TEA, do="ADD NONE")], {"Ana likes tea"}),
    Situation(
        "repeated without a triple",
        [told("I can whistle", fact("Ana can whistle"), do="ADD"), told("I can whistle!", fact("Ana can whistle."), do="NONE")],
        {"Ana can whistle"},
    ),
    Situation(
        "repeated in other letters",
        [told("I can whistle", fact("Ana can whistle"), do="ADD"), told("I CAN WHISTLE", fact("ANA CAN WHISTLE"), do="NONE")],
        {"Ana can whistle"},
    ),
    # paraphrased
    Situation(
        "paraphrased, with the same triple",
        [IN_PARIS, told("My home is Paris", fact("Ana's home is in Paris", "ana|lives in|Paris"), do="NONE")],
        {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add"},
    ),
    Situation(
        "paraphrased, with a predicate that says the same",
        [IN_PARIS, told("I reside in Paris", fact("Ana resides in Paris", "Ana|resides in|paris"), do="NONE")],
        {"Ana lives in Paris"},
    ),
    Situation(
        "paraphrased, as the model sees",
        [
            told("I don't eat meat", fact("Ana does not eat meat"), do="ADD"),
            told("I do not ever eat meat", fact("Ana does not ever eat meat"), do="NONE", asked=[verdict(1, "NONE", 1)]),
        ],
        {"Ana does not eat meat"}, ops={"Ana does not eat meat": "add"},
    ),
    Situation(
        "paraphrased with filler words",
        [told("I can whistle", fact("Ana can whistle"), do="ADD"), told("I really can whistle", fact("Ana really can whistle"), do="NONE")],
        {"Ana can whistle"},
    ),
    Situation(
        "memories that say the same become one",
        [
            told("I teach maths at school", fact("Ana teaches maths at school"), do="ADD"),
            told("I'm a teacher of maths at school", fact("Ana is a teacher of maths at school"), do="ADD", asked=[verdict(1, "ADD")]),
            told(
                "I teach maths at a school", fact("Ana teaches maths as a teacher at school"), do="MERGE",
                asked=[verdict(1, "MERGE", 1, 2, text="Ana is a teacher and teaches maths at school")],
            ),
        ],
        {"Ana is a teacher and teaches maths at school"},
    ),
    # contradicted: the world changed
    Situation(
        "contradicted",
        [IN_PARIS, told("I moved to Lisbon", LISBON, do="UPDATE")],
        {"Ana lives in Lisbon"}, {0: {"Ana lives in Paris"}},
        {"Ana lives in Paris": "add supersede", "Ana lives in Lisbon": "add"},
    ),
    Situation(
        "contradicted by a predicate that says the same",
        [IN_PARIS, told("I moved to Lisbon", fact("Ana moved to Lisbon", "Ana|moved to|Lisbon"), do="UPDATE")],
        {"Ana moved to Lisbon"}, {0: {"Ana lives in Paris"}},
    ),
    Situation(
        "contradicted twice",
        [IN_PARIS, told("I moved to Lisbon", LISBON, do="UPDATE"), told("Rome now", fact("Ana lives in Rome", "Ana|lives in|Rome"), do="UPDATE")],
        {"Ana lives in Rome"}, {0: {"Ana lives in Paris"}, 1: {"Ana lives in Lisbon"}},
    ),
    Situation(
        "moved back",
        [IN_PARIS, told("I moved to Lisbon", LISBON, do="UPDATE"), told("I live in Paris", PARIS, do="UPDATE")],
        {"Ana lives in Paris"}, {0: {"Ana lives in Paris"}, 1: {"Ana lives in Lisbon"}},
    ),
    Situation(
        "contradicted in one breath",
        [told(["I live in Paris", "No wait, I moved to Lisbon"], {**PARIS, "turns": [1]}, {**LISBON, "turns": [2]}, do="ADD UPDATE")],
        {"Ana lives in Lisbon"},
    ),
    Situation(
        "a new job",
        [
            told("I work at Acme", fact("Ana works at Acme", "Ana|works at|Acme"), do="ADD"),
            told("I started at Globex", fact("Ana works at Globex", "Ana|works for|Globex"), do="UPDATE"),
        ],
        {"Ana works at Globex"}, {0: {"Ana works at Acme"}},
    ),
    Situation(
        "a new favourite",
        [
            told("My favourite colour is blue", fact("Ana's favourite colour is blue", "Ana|favourite colour|blue"), do="ADD"),
            told("Green, these days", fact("Ana's favourite colour is green", "Ana|favourite colour|green"), do="UPDATE"),
        ],
        {"Ana's favourite colour is green"}, {0: {"Ana's favourite colour is blue"}},
    ),
    Situation(
        "likes it no more, and says the opposite",
        [LIKES_TEA, told("I hate tea now", fact("Ana hates tea", "Ana|hates|tea"), do="UPDATE")],
        {"Ana hates tea"}, {0: {"Ana likes tea"}}, {"Ana likes tea": "add supersede"},
    ),
    Situation(
        "contradicted, as the model sees",
        [
            told("I ride my bike to school", fact("Ana rides her bike to school"), do="ADD"),
            told(
                "I take the bus to school now", fact("Ana takes the bus to school, not her bike"), do="UPDATE",
                asked=[verdict(1, "UPDATE", 1, was_true=True)],
            ),
        ],
        {"Ana takes the bus to school, not her bike"}, {0: {"Ana rides her bike to school"}},
        {"Ana rides her bike to school": "add supersede"},
    ),
    Situation(
        "a predicate that rules do not know, which the model says has one object",
        [
            told("My bank is Alfa", fact("Ana banks with Alfa", "Ana|banks with|Alfa"), do="ADD"),
            told("I changed to Beta", fact("Ana banks with Beta", "Ana|banks with|Beta"), do="UPDATE", asked=[verdict(1, "UPDATE", 1, was_true=True)]),
        ],
        {"Ana banks with Beta"}, {0: {"Ana banks with Alfa"}},
    ),
    # corrected: it was wrong
    Situation(
        "corrected",
        [
            told("My brother is Rob", fact("Ana's brother is called Rob", "Ana's brother|is nicknamed|Rob"), do="ADD"),
            told(
                "Sorry, Bob, not Rob", fact("Ana's brother is called Bob", "Ana's brother|is nicknamed|Bob"), do="UPDATE",
                asked=[verdict(1, "UPDATE", 1, text="Ana's brother is called Bob")],
            ),
        ],
        {"Ana's brother is called Bob"}, {0: {"Ana's brother is called Rob"}}, {"Ana's brother is called Bob": "add update"},
    ),
    Situation(
        "told more exactly",
        [
            told("I have a dog at home", fact("Ana has a dog at home"), do="ADD"),
            told(
                "The dog I have at home is Rex", fact("Ana has a dog called Rex at home"), do="UPDATE",
                asked=[verdict(1, "UPDATE", 1, text="Ana has a dog at home, called Rex")],
            ),
        ],
        {"Ana has a dog at home, called Rex"}, {0: {"Ana has a dog at home"}}, {"Ana has a dog at home, called Rex": "add update"},
    ),
    Situation(
        "corrected without a new text: the fact is the text",
        [
            told("I have a cat at home", fact("Ana has a cat at home"), do="ADD"),
            told("I have a black cat at home", fact("Ana has a black cat at home"), do="UPDATE", asked=[verdict(1, "UPDATE", 1)]),
        ],
        {"Ana has a black cat at home"}, ops={"Ana has a black cat at home": "add update"},
    ),
    Situation(
        "corrected in one breath: only what holds is told",
        [told("I live in Paris, I mean Lisbon", LISBON, do="ADD")], {"Ana lives in Lisbon"},
    ),
    # retracted
    Situation(
        "retracted",
        [HAS_DOG, told("My dog died", {**DOG, "ended": True}, do="DELETE")],
        set(), {0: {"Ana has a dog"}}, {"Ana has a dog": "add retract"},
    ),
    Situation("retracted, though never told", [told("I have no car any more", fact("Ana has a car", "Ana|has|car", ended=True), do="NONE")], set()),
    Situation(
        "retracted without a triple",
        [told("I can whistle", fact("Ana can whistle"), do="ADD"), told("I can't whistle any more", fact("Ana can whistle", ended=True), do="DELETE")],
        set(), {0: {"Ana can whistle"}},
    ),
    Situation(
        "retracted in other words, as the model sees",
        [
            told("I have a red Volvo", fact("Ana has a red Volvo", "Ana|has|red Volvo"), do="ADD"),
            told("I sold my Volvo", fact("Ana has a Volvo", "Ana|has|Volvo", ended=True), do="DELETE", asked=[verdict(1, "DELETE", 1)]),
        ],
        set(), {0: {"Ana has a red Volvo"}}, {"Ana has a red Volvo": "add retract"},
    ),
    Situation(
        "retracted, and then told again",
        [HAS_DOG, told("My dog died", {**DOG, "ended": True}, do="DELETE"), told("I have a dog again", DOG, do="ADD")],
        {"Ana has a dog"}, {0: {"Ana has a dog"}, 1: set()},
    ),
    Situation(
        "another one is retracted",
        [IN_PARIS, told("I left Rome for good", fact("Ana lives in Rome", "Ana|lives in|Rome", ended=True), do="NONE", asked=[verdict(1, "NONE")])],
        {"Ana lives in Paris"},
    ),
    Situation("retracted twice", [HAS_DOG, told("My dog died", {**DOG, "ended": True}, do="DELETE"), told("He died", {**DOG, "ended": True}, do="NONE")], set()),
    # about someone else
    Situation("about someone else", [told("My sister Rita is a doctor", fact("Rita, Ana's sister, is a doctor", "Rita|works as|doctor"), do="ADD")], {"Rita, Ana's sister, is a doctor"}),
    Situation(
        "someone else moves, I stay",
        [IN_PARIS, told("Rita moved to Lisbon", fact("Rita lives in Lisbon", "Rita|lives in|Lisbon"), do="ADD")],
        {"Ana lives in Paris", "Rita lives in Lisbon"}, ops={"Ana lives in Paris": "add"},
    ),
    Situation(
        "someone else moves twice",
        [
            told("Rita lives in Rome", fact("Rita lives in Rome", "Rita|lives in|Rome"), do="ADD"),
            told("Rita moved to Lisbon", fact("Rita lives in Lisbon", "Rita|lives in|Lisbon"), do="UPDATE"),
        ],
        {"Rita lives in Lisbon"}, {0: {"Rita lives in Rome"}},
    ),
    Situation("they like what I hate", [told("I hate tea", fact("Ana hates tea", "Ana|hates|tea"), do="ADD"), told("Bo likes it", fact("Bo likes tea", "Bo|likes|tea"), do="ADD")], {"Ana hates tea", "Bo likes tea"}),
    # hypothetical, a question, a quotation: the model tells nothing, or is not sure
    Situation("hypothetical", [told("If I lived in Rome I'd eat pasta", do="")], set()),
    Situation("hypothetical, told with little confidence", [told("Maybe I'll live in Rome", fact("Ana lives in Rome", "Ana|lives in|Rome", confidence=0.1), do="NONE")], set()),
    Situation("hypothetical, against what is known", [IN_PARIS, told("If I lived in Rome...", fact("Ana lives in Rome", "Ana|lives in|Rome", confidence=0.2), do="NONE")], {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add"}),
    Situation("a question", [told("Do you like tea?", do="")], set()),
    # negated
    Situation("negated", [told("I don't eat meat", fact("Ana does not eat meat", "Ana|does not eat|meat"), do="ADD")], {"Ana does not eat meat"}),
    Situation(
        "negated, against what is known",
        [
            told("I eat meat", fact("Ana eats meat", "Ana|eats|meat"), do="ADD"),
            told("I don't eat meat", fact("Ana does not eat meat", "Ana|does not eat|meat"), do="UPDATE"),
        ],
        {"Ana does not eat meat"}, {0: {"Ana eats meat"}}, {"Ana eats meat": "add supersede"},
    ),
    Situation(
        "negated, and then not",
        [
            told("I don't like tea", fact("Ana does not like tea", "Ana|does not like|tea"), do="ADD"),
            told("I like tea", TEA, do="UPDATE"),
        ],
        {"Ana likes tea"}, {0: {"Ana does not like tea"}},
    ),
    # dated
    Situation("dated: since", [told("I've lived in Paris since 2019", {**PARIS, "since": "2019"}, do="ADD")], {"Ana lives in Paris"}),
    Situation(
        "dated later: an earlier beginning is told",
        [IN_PARIS, told("Since 2019", {**PARIS, "since": "2019"}, do="UPDATE"), told("Since 2019", {**PARIS, "since": "2019"}, do="NONE")],
        {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add update"},
    ),
    Situation(
        "dated: what was before what is known",
        [IN_PARIS, told("In 2010 I lived in Rome", fact("Ana lived in Rome", "Ana|lives in|Rome", since="2010", until="2012"), do="ADD")],
        {"Ana lives in Paris"}, ops={"Ana lives in Paris": "add", "Ana lived in Rome": "add"},
    ),
    Situation(
        "dated: what was before, told twice",
        [
            told("I lived in Rome till 2012", fact("Ana lived in Rome", "Ana|lives in|Rome", until="2012"), do="ADD"),
            told("I lived in Rome till 2012", fact("Ana lived in Rome", "Ana|lives in|Rome", until="2012"), do="NONE"),
        ],
        set(),
    ),
    Situation(
        "dated: the end of what is known",
        [told("I live in Paris since 2019", {**PARIS, "since": "2019"}, do="ADD"), told("I left Paris in 2023", {**PARIS, "since": "2019", "until": "2023"}, do="DELETE")],
        set(), ops={"Ana lives in Paris": "add retract"},
    ),
    Situation(
        "dated: an earlier home told after the later one",
        [told("I moved to Lisbon in 2020", {**LISBON, "since": "2020"}, do="ADD"), told("In 2015 I moved to Paris", {**PARIS, "since": "2015"}, do="ADD")],
        {"Ana lives in Lisbon"},
    ),
    Situation("dated: a plan", [told("I fly to Rome on 3 May", fact("Ana flies to Rome on 3 May 2025", "Ana|flies to|Rome", when="2025-05-03"), do="ADD")], {"Ana flies to Rome on 3 May 2025"}),
    Situation("dated: nonsense instead of a date", [told("I live in Paris", {**PARIS, "since": "once upon a time"}, do="ADD")], {"Ana lives in Paris"}),
    # in Chinese, and mixed
    Situation("Chinese", [told("我住在巴黎", PARIS_ZH, do="ADD")], {"安娜住在巴黎"}),
    Situation("Chinese, repeated", [told("我住在巴黎", PARIS_ZH, do="ADD"), told("我住在巴黎。", fact("安娜住在巴黎。", "安娜|居住在|巴黎"), do="NONE")], {"安娜住在巴黎"}),
    Situation(
        "Chinese, contradicted",
        [told("我住在巴黎", PARIS_ZH, do="ADD"), told("我搬到里斯本了", LISBON_ZH, do="UPDATE")],
        {"安娜住在里斯本"}, {0: {"安娜住在巴黎"}}, {"安娜住在巴黎": "add supersede"},
    ),
    Situation(
        "Chinese, with a predicate that says the same",
        [told("我住在巴黎", PARIS_ZH, do="ADD"), told("我搬到里斯本了", fact("安娜搬到了里斯本", "安娜|搬到了|里斯本"), do="UPDATE")],
        {"安娜搬到了里斯本"}, {0: {"安娜住在巴黎"}},
    ),
    Situation("Chinese, retracted", [told("我有一只猫", fact("安娜有猫", "安娜|有|猫"), do="ADD"), told("猫送人了", fact("安娜有猫", "安娜|有|猫", ended=True), do="DELETE")], set(), {0: {"安娜有猫"}}),
    Situation("Chinese, several of a kind", [told("我喜欢茶", fact("安娜喜欢茶", "安娜|喜欢|茶"), do="ADD"), told("也喜欢咖啡", fact("安娜喜欢咖啡", "安娜|喜欢|咖啡"), do="ADD")], {"安娜喜欢茶", "安娜喜欢咖啡"}),
    Situation("Chinese, the opposite", [told("我喜欢茶", fact("安娜喜欢茶", "安娜|喜欢|茶"), do="ADD"), told("我不喜欢茶了", fact("安娜不喜欢茶", "安娜|不喜欢|茶"), do="UPDATE")], {"安娜不喜欢茶"}, {0: {"安娜喜欢茶"}}),
    Situation(
        "mixed: a name in one script, the rest in another",
        [told("我叫 Ana，住在 Paris", fact("Ana 住在 Paris", "Ana|住在|Paris"), do="ADD"), told("我搬到 Lisbon 了", fact("Ana 住在 Lisbon", "ＡＮＡ|住在|Lisbon"), do="UPDATE")],
        {"Ana 住在 Lisbon"}, {0: {"Ana 住在 Paris"}},
    ),
    Situation("mixed: both languages", [told("I like tea. 我有一只猫。", TEA, fact("安娜有猫", "安娜|有|猫"), do="ADD ADD")], {"Ana likes tea", "安娜有猫"}),
    # the model is no help
    Situation(
        "the model decides nothing: what stands is left as it is",
        [
            told("My bank is Alfa", fact("Ana banks with Alfa", "Ana|banks with|Alfa"), do="ADD"),
            told("My bank is Beta", fact("Ana banks with Beta", "Ana|banks with|Beta"), do="ADD", asked="no idea"),
        ],
        {"Ana banks with Alfa", "Ana banks with Beta"}, ops={"Ana banks with Alfa": "add"},
    ),
    Situation(
        "the model decides about memories that it was not shown",
        [
            told("My bank is Alfa", fact("Ana banks with Alfa", "Ana|banks with|Alfa"), do="ADD"),
            told("My bank is Beta", fact("Ana banks with Beta", "Ana|banks with|Beta"), do="ADD", asked=[verdict(1, "DELETE", 7)]),
        ],
        {"Ana banks with Alfa", "Ana banks with Beta"}, ops={"Ana banks with Alfa": "add"},
    ),
]  # fmt: skip


def test_there_are_situations_enough_each_with_a_name_of_its_own():
    assert len({situation.name for situation in SITUATIONS}) == len(SITUATIONS) >= 60


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_what_is_decided(situation: Situation):
    clock = Clock()
    model = Scripted(
        [step.facts for step in situation.steps], [step.verdicts for step in situation.steps if step.verdicts]
    )
    memory = learning(model, clock)
    days = []
    seen: list[set[str]] = []
    for step in situation.steps:
        said = [step.said] if isinstance(step.said, str) else step.said
        turns = [{"role": "user", "content": text, "name": "Ana"} for text in said]
        learned = memory.add(turns, session_id="s1", infer=True).learned
        assert learned is not None
        assert " ".join(decision.action for decision in learned.decisions) == step.actions, learned
        assert all(decision.reason and decision.turns for decision in learned.decisions)
        assert learned.usage.calls <= 2
        days.append(clock())
        seen.append(facts_at(memory))
        clock.pass_(DAY)
    assert facts_at(memory) == situation.now
    then = [facts_at(memory, day) for day in days]
    if any("MERGE" in step.actions for step in situation.steps):
        assert all(one and one <= other for one, other in zip(then[:-1], seen, strict=False)), "one stands for both"
    elif not situation.name.startswith("dated"):  # what is told about earlier times changes what is known of them
        assert then == seen, "every day is answered as it was known then"
    for day, known in situation.then.items():
        assert facts_at(memory, days[day]) == known, f"as of day {day}"
    assert facts_at(memory, days[-1]) == situation.now
    for content, ops in situation.ops.items():
        [found] = [item for item in rows(memory) if item.content == content]
        assert " ".join(version.operation for version in memory.history(found.id)) == ops
    assert not model.decisions, "the model was not asked about what it had an answer for"
    said_in_all = [
        text for step in situation.steps for text in ([step.said] if isinstance(step.said, str) else step.said)
    ]
    assert [item.content for item in rows(memory, "episodic")] == said_in_all, "every turn is kept verbatim"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_same_conversation_twice_changes_no_fact_and_no_history(situation: Situation):
    """In one add, as a conversation is handed over: what was said last is what holds, however often it is read."""
    facts: list[dict[str, Any]] = []
    texts: list[str] = []
    for step in situation.steps:
        first = len(texts)
        texts += [step.said] if isinstance(step.said, str) else step.said
        facts += [{**item, "turns": [first + number for number in item["turns"]]} for item in step.facts]
    clock = Clock()
    turns = [{"role": "user", "content": text, "name": "Ana"} for text in texts]
    same = [{"decisions": [verdict(number, "NONE") for number in range(1, 10)]}] * 2
    memory = learning(Scripted([facts, facts], same), clock)
    memory.add(turns, session_id="s1", infer=True)
    known, content = facts_at(memory), {item.content for item in rows(memory)}
    before = {item.id: [v.operation for v in memory.history(item.id)] for item in rows(memory)}
    clock.pass_(DAY)
    again = memory.add(turns, session_id="s1", infer=True).learned
    assert again is not None
    assert {decision.action for decision in again.decisions} <= {"NONE"}, again.decisions
    assert facts_at(memory) == known
    assert {item.content for item in rows(memory)} == content
    assert {item.id: [v.operation for v in memory.history(item.id)] for item in rows(memory)} == before
