"""The harness finds turns with real systems, gives each only what its users have, and goes on without one that fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from benchmarks.chats import Chat, own
from benchmarks.finding import FindingError, Ours, Store, Texts
from benchmarks.peers import environments
from benchmarks.published import BrokenDataError, published
from benchmarks.report import Report
from benchmarks.systems import HYBRID, PlainBm25, PlainDense, opened

from agentmem_core import AgentMem
from benchmarks import recall, systems

Write = Callable[..., Path]


def refuse(name: str, why: str) -> None:
    raise AssertionError(f"{name}: {why}")


@pytest.fixture(scope="module")
def work_log() -> Chat:
    return next(data for data in own() if data.name == "work log").chats[0]


def test_the_systems_find_what_shares_its_words(work_log: Chat, tmp_path: Path):
    asked = next(question for question in work_log.questions if "OPS-611" in question.text)
    with ExitStack() as stack:
        found = opened(systems.OFFLINE, tmp_path, stack, refuse)
        assert tuple(found) == systems.OFFLINE
        for name, system in found.items():
            system.load([work_log])
            answer = system.find(work_log, asked, 50)
            assert len(set(answer.names)) == len(answer.names) <= 50, name
            assert answer.seconds > 0
            if "dense" not in name:
                assert set(asked.evidence) <= set(answer.names[:3]), name
            shown = system.context(work_log, asked, 120)
            assert 0 < shown.tokens <= 120, name
            assert shown.names, name


def test_sessions_are_told_only_where_the_system_is_named_so(work_log: Chat):
    for sessions in (False, True):
        with AgentMem(":memory:", embedder="hashing") as memory:
            Store(memory, sessions=sessions).load([work_log])
            page = memory.list(user_id=work_log.user, limit=500)
            assert len(page.items) == len(work_log.turns)
            told = [item.scope.session_id for item in page.items]
            assert told == [turn.session if sessions else None for turn in work_log.turns]
            assert [item.name for item in page.items] == [turn.speaker for turn in work_log.turns]
            assert not {item.id for item in page.items} & {turn.name for turn in work_log.turns}


def test_a_user_is_asked_about_its_own_turns_only(longmemeval: Write, item: dict[str, Any]):
    chats = published(longmemeval(item, {**item, "question_id": "q_two"})).chats
    with AgentMem(":memory:", embedder="hashing") as memory:
        for system in (Ours(Store(memory, sessions=False), "hybrid"), PlainBm25(), PlainDense()):
            system.load(chats)
            for chat in chats:
                answer = system.find(chat, chat.questions[0], 50)
                assert answer.names[0] == chat.questions[0].evidence[0]
                assert len(answer.names) <= len(chat.turns)


class Echo(Texts):
    """Answers what it was told to answer."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self.answers = list(answers)
        self.told: list[str] = []

    def tell(self, user: str, texts: Any) -> None:
        self.told += texts

    def ask(self, user: str, query: str, limit: int) -> tuple[float, list[str]]:
        return 0.001, self.answers[:limit]


def test_texts_are_mapped_back_to_turns(longmemeval: Write, item: dict[str, Any]):
    item["haystack_sessions"][0][1] = {"role": "user", "content": " What shall I cook tonight?\n"}
    (chat,) = published(longmemeval(item)).chats
    system = Echo("user: What shall I cook tonight?", "never said", "user: What shall I cook tonight? ", "user: What shall I cook tonight?")  # fmt: skip
    system.load([chat])
    assert system.told == [turn.text for turn in chat.turns]
    found = system.find(chat, chat.questions[0], 10).names
    assert found == ("s1:0", "unknown-1", "s1:1", "unknown-3")  # two turns say it, so a third answer is no turn


def test_a_run_reports_every_data_set_and_system(longmemeval: Write, item: dict[str, Any]):
    report = Report("recall", quick=True)
    never = {**item, "question_id": "q_two_abs"}
    recall.run(report, [longmemeval(item, never)], ["plain BM25"])
    table = report.details["scores"]
    assert set(table) == {"example", "work log", "LongMemEval"}
    for scores in table.values():
        assert set(scores) == {HYBRID, "plain BM25"}
    ours = table["LongMemEval"][HYBRID]
    assert ours["questions"] == 1  # nothing can be found for the other
    assert ours["turns"]["complete@1"] == ours["sessions"]["complete@1"] == 1
    assert ours["context"]["evidence in it"] == 1
    assert ours["ms"]["p50"] > 0
    assert set(ours["kinds"]) == {"single-session-user"}
    assert not report.details.get("not measured")
    assert {figure.part for figure in report.figures} >= {"LongMemEval, plain BM25", f"work log, {HYBRID}"}
    missed = report.details["not within the first 3"]
    assert missed["LongMemEval"] == []
    assert all(row["question"] and row["evidence"] for row in missed["work log"])


def test_two_files_of_one_data_set_are_not_mixed(longmemeval: Write, item: dict[str, Any]):
    file = longmemeval(item)
    with pytest.raises(BrokenDataError, match="LongMemEval is given twice"):
        recall.run(Report("recall"), [file, file])


def test_a_turn_that_cannot_be_kept_stops_the_run(longmemeval: Write, item: dict[str, Any], monkeypatch):
    monkeypatch.setattr(recall, "own", list)
    item["haystack_sessions"][0][0]["content"] = "x" * 2_000_000
    with pytest.raises(FindingError, match="1 turns were not taken"):
        recall.run(Report("recall"), [longmemeval(item)], ["AgentMem lexical"])


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> str:
    """A system in a process of its own that needs no environment of its own."""
    name = "ours in a process"
    monkeypatch.setattr(systems, "_PEERS", {name: ("agentmem", attrgetter("dated"))})
    return name


def test_a_system_in_a_process_of_its_own_is_asked_the_same(peer: str, work_log: Chat, tmp_path: Path):
    with ExitStack() as stack:
        found = opened([peer], tmp_path, stack, refuse)
        found[peer].load([work_log])
        asked = work_log.questions[0]
        answer = found[peer].find(work_log, asked, 10)
        assert asked.evidence[0] in answer.names[:3]
        assert not [name for name in answer.names if name.startswith("unknown")]
        assert "] Priya: INC-2041" in found[peer].context(work_log, asked, 200).text


def test_a_system_whose_process_ends_is_out_and_the_others_go_on(peer: str, longmemeval: Write, item, monkeypatch):
    from benchmarks.peers.asking import Asked

    started: list[Asked] = []

    class Mortal(Asked):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            started.append(self)

        def ask(self, verb: str, **given: Any) -> tuple[float, Any]:
            if verb == "search":
                self._process.kill()
                self._process.wait()
            return super().ask(verb, **given)

    monkeypatch.setattr(systems, "Asked", Mortal)
    monkeypatch.setattr(recall, "own", list)
    report = Report("recall")
    recall.run(report, [longmemeval(item)], [peer])
    assert len(started) == 1
    assert set(report.details["scores"]["LongMemEval"]) == {HYBRID}
    assert report.details["not measured"]["LongMemEval"][peer]


def test_a_system_that_cannot_start_is_left_out(longmemeval: Write, item, monkeypatch):
    monkeypatch.setattr(systems, "_PEERS", {"broken": ("broken", attrgetter("text"))})
    monkeypatch.setattr(systems, "PEERS", {"broken": environments.Peer("broken", "no_such_module", "as it is")})
    monkeypatch.setattr(recall, "own", list)
    report = Report("recall")
    recall.run(report, [longmemeval(item)], ["broken"])
    assert "no_such_module" in report.details["not measured"]["LongMemEval"]["broken"]
    assert HYBRID in report.details["scores"]["LongMemEval"]
