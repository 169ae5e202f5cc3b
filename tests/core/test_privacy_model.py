"""What a model puts together again, and what stands behind the marks of a file, does not get past the filter."""

import json

import pytest

from agentmem_core import AgentMem, InvalidInputError, Reply
from agentmem_core.privacy.checksums import card_lengths, is_card
from agentmem_core.privacy.recognisers import cards

MAIL = "ana@example.com"


class Rejoining:
    """A model that answers an address which it was not shown."""

    name = "rejoining"

    def __init__(self, answered=MAIL):
        told = {"text": f"Ana writes from {MAIL}", "subject": "Ana", "predicate": "writes from", "object": MAIL}
        self.answer = json.dumps({"facts": [{**told, "turns": [1]}]}).replace(MAIL, answered)

    def ask(self, prompt):
        return Reply(self.answer)

    async def aask(self, prompt):
        return self.ask(prompt)


@pytest.mark.parametrize("written", [MAIL, "ana\\u0040example.com", "\\u0061na\\u0040example\\u002ecom"])
@pytest.mark.parametrize("infer", [True, "background"])
def test_what_a_model_puts_together_is_taken_out(written, infer, tmp_path):
    with AgentMem(tmp_path, user_id="u", embedder="hashing", llm=Rejoining(written), redact=["email"]) as memory:
        memory.add("ana at example dot com", infer=infer)
        assert not memory.flush(timeout=30)
        (fact,) = memory.semantic.list().items
        assert (fact.content, fact.metadata["object"]) == ("Ana writes from [email]", "[email]")
    assert all(MAIL.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_an_answer_with_what_is_blocked_is_a_failure_that_keeps_the_turns():
    with AgentMem(":memory:", user_id="u", embedder="hashing", llm=Rejoining(), block=["email"]) as memory:
        added = memory.add("ana at example dot com", infer=True)
        assert added.created == 1
        assert added.learned is not None
        assert added.learned.left == 1
        assert "email" in added.learned.warnings[0]
        assert MAIL not in added.learned.warnings[0]


def test_a_role_does_not_carry_what_is_taken_out():
    with (
        AgentMem(":memory:", embedder="hashing", redact=["email"]) as memory,
        pytest.raises(InvalidInputError, match="role"),
    ):
        memory.add([{"role": MAIL, "content": "hello"}])


def test_html_that_shows_what_it_does_not_spell_is_refused():
    with AgentMem(":memory:", user_id="u", embedder="hashing", redact=["email"]) as memory:
        with pytest.raises(InvalidInputError, match="text/html"):
            memory.resource.put(b"<p>ana&#64;example.com</p>", name="page.html")
        memory.resource.put(b"<p>ana@example.com</p>", name="page.html")
        assert "[email]" in memory.resource.search("email")[0].memory.content


def test_cards_are_found_among_loose_digits_as_their_issuers_number_them():
    assert card_lengths("4111") == (13, 16, 18, 19)
    assert card_lengths("1111") == ()
    assert is_card("378282246310005")
    loose = " ".join("4111111111111111")
    assert [loose == f"7 {loose}"[start:end] for start, end in cards(f"7 {loose}")] == [True]
    assert list(cards("1 " * 50_000)) == []
