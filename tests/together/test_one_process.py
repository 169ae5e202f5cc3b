"""One opened store, three frameworks: what one is told the others tell their models, and nobody else's model."""

import pytest
from tests.together.speaking import TURNS
from tests.together.telling import ASKING, TELLING, fact

from agentmem_core import AgentMem


@pytest.mark.parametrize("teller", TELLING)
@pytest.mark.parametrize("asker", ASKING)
def test_what_one_framework_was_told_the_others_tell_their_model(folder, teller, asker):
    with AgentMem(folder) as client:
        for user in ("ana", "bo"):
            told = fact(teller, user)
            assert told.word not in TURNS[asker](user, told.question, "I do not know", client=client)
            TURNS[teller](user, told.said, told.answer, client=client)
        for user, other in (("ana", "bo"), ("bo", "ana")):
            prompt = TURNS[asker](user, fact(teller, user).question, "I see", client=client)
            assert fact(teller, user).word in prompt
            assert fact(teller, other).word not in prompt
        assert client.stats().memories == 0, "the user nobody named has nothing"


def test_all_of_them_in_one_afternoon(folder):
    """Everybody tells, everybody asks everything: what was asked on the way hides nothing of what was told."""
    with AgentMem(folder) as client:
        for teller in TELLING:
            told = fact(teller, "ana")
            TURNS[teller]("ana", told.said, told.answer, client=client)
        for teller in TELLING:
            told = fact(teller, "ana")
            for asker in ASKING:
                assert told.word in TURNS[asker]("ana", told.question, "I see", client=client), (teller, asker)
                assert told.word not in TURNS[asker]("bo", told.question, "I do not know", client=client)


@pytest.mark.parametrize("asker", ["chain", "chat", "index"])
def test_what_a_crew_keeps_of_its_run_and_for_ever_is_told_once(folder, asker):
    told = fact("crew", "ana")
    with AgentMem(folder) as client:
        TURNS["crew"]("ana", told.said, told.answer, client=client)
        assert client.stats(user_id="ana").memories == 2
        assert TURNS[asker]("ana", told.question, "I see", client=client).count(told.word) == 1
