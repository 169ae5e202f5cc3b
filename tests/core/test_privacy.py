"""What `redact=` takes out and `block=` refuses, in every verb that stores text."""

import asyncio
import contextlib
import json
import re
import sys

import pytest

from agentmem_core import AgentMem, AgentMemError, InvalidInputError, NotConfiguredError, new_vault_key
from agentmem_core.operations import Op
from agentmem_core.operations.agents import AGENT_OPS
from agentmem_core.privacy import PrivacyFilter, configured_filter
from agentmem_core.privacy.backend import text_fields
from agentmem_core.privacy.fields import FIELDS, IDS

ALL = ["email", "phone", "card", "iban", "id"]


def test_every_operation_that_carries_text_is_classified():
    """A new verb that nobody classified fails here, and is refused while a filter is on."""
    known = [kind for kind in _subclasses(Op) if kind.__module__.startswith("agentmem_core.")]
    assert set(AGENT_OPS) < set(known)
    assert len(known) > 60
    for kind in known:
        unclassified = set(text_fields(kind)) - set(FIELDS.get(kind, {}))
        assert not unclassified, f"{kind.__name__}: say in privacy/fields.py what becomes of {sorted(unclassified)}"
    for kind, fields in FIELDS.items():
        assert set(fields) <= set(kind.model_fields), kind.__name__
        assert not set(fields) & IDS


def test_an_operation_that_is_not_known_is_refused():
    class Whisper(Op[None]):
        secret: str

    with AgentMem(":memory:", embedder="hashing", redact=ALL) as memory, pytest.raises(AgentMemError, match="Whisper"):
        memory._backend.execute(Whisper(secret="x"))


def _subclasses(kind):
    found = []
    for child in kind.__subclasses__():
        if not getattr(child, "__pydantic_generic_metadata__", {}).get("origin"):
            found.append(child)
        found += _subclasses(child)
    return [one for one in dict.fromkeys(found) if one.__name__ != "AgentOp" and "[" not in one.__name__]


SECRET = "ana.secret@example.com"
VERBS = {
    "add": lambda memory: memory.add(f"write to {SECRET}", metadata={"cc": [SECRET], SECRET: 1}, entities=[SECRET]),
    "add turns": lambda memory: memory.add([{"role": "user", "content": SECRET, "name": SECRET}], session_id="s"),
    "add many": lambda memory: memory.add_many([SECRET, {"content": "x", "metadata": {"deep": {"er": [SECRET]}}}]),
    "update": lambda memory: memory.update(
        memory.add("plain").ids[0], content=f"now {SECRET}", metadata={"a": SECRET}, reason=SECRET
    ),
    "delete": lambda memory: memory.delete(memory.add("to be deleted").ids[0], reason=SECRET),
    "relate": lambda memory: memory.relate(*memory.add_many(["one", "two"]).ids[:1], "knows", memory.add("two").ids[0], metadata={"by": SECRET}),
    "core": lambda memory: (
        memory.core.set("human", SECRET), memory.core.append("human", SECRET), memory.core.replace("human", "email", SECRET)
    ),
    "working": lambda memory: memory.working.push(f"mail {SECRET}"),
    "episodic": lambda memory: memory.episodic.record(f"mailed {SECRET}", actor=SECRET, metadata={"to": SECRET}),
    "semantic": lambda memory: (
        memory.semantic.learn(f"Ana's mail is {SECRET}", subject=SECRET, predicate="mail is", object=SECRET, metadata={"x": SECRET}),
        memory.semantic.relate(SECRET, "knows", "Bo"),
    ),
    "procedural": lambda memory: (
        memory.procedural.teach("mail", [f"write to {SECRET}"], when=SECRET),
        memory.procedural.record_run("mail", success=True, note=SECRET),
        memory.procedural.revise("mail", [SECRET, SECRET]),
    ),
    "resource": lambda memory: memory.resource.put(f"mail {SECRET}\n".encode(), name="a.txt", description=SECRET),
    "contextual": lambda memory: memory.contextual.set("to", {"mail": [SECRET]}, source=SECRET),
    "import": lambda memory: memory.import_(exported_with_secret(memory)),
}  # fmt: skip


def exported_with_secret(memory):
    with AgentMem(":memory:", embedder="hashing") as other:
        added = other.add(f"mail {SECRET}", metadata={"x": SECRET}, entities=[SECRET], id="e1")
        other.update(added.ids[0], content=f"again {SECRET}", reason=SECRET)
        other.semantic.learn("a fact", subject=SECRET, predicate="knows", object="Bo")
        other.export("with-secret.jsonl")
    return "with-secret.jsonl"


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_that_is_taken_out_is_in_the_files(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with AgentMem(tmp_path / "store", embedder="hashing", index="none", redact=ALL) as memory:
        VERBS[verb](memory)
        memory.export("out.jsonl")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert b"ana.secret" not in stored
    assert b"ana.secret" not in (tmp_path / "out.jsonl").read_bytes()
    assert b"[email]" in stored


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "add many"])
def test_what_is_blocked_is_refused_by_every_verb_and_not_named(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with AgentMem(":memory:", embedder="hashing", block=["email"]) as memory:
        with pytest.raises(InvalidInputError) as refused:
            VERBS[verb](memory)
        assert "email" in str(refused.value)
        assert "ana.secret" not in str(refused.value)


def test_the_async_verbs_pass_the_same_filter():
    async def scenario():
        async with AgentMem(":memory:", embedder="hashing", redact=["email"], block=["card"]) as memory:
            (stored,) = (await memory.aadd(SECRET)).memories
            assert stored.content == "[email]"
            with pytest.raises(InvalidInputError, match="card"):
                await memory.aadd("4111 1111 1111 1111")
            report = await memory.aadd_many(["tea", "4111 1111 1111 1111", SECRET + " too"])
            assert [item.outcome for item in report.items] == ["created", "failed", "created"]

    asyncio.run(scenario())


def test_metadata_says_what_was_taken_out_and_never_what_it_was():
    with AgentMem(":memory:", embedder="hashing", redact=ALL) as memory:
        (added,) = memory.add(
            f"{SECRET} or b@example.com, +351 912 345 678", metadata={"topic": "mail", "phone": 13800138000}
        ).memories
        assert added.content == "[email] or [email], [phone]"
        assert added.metadata == {"topic": "mail", "phone": "[phone]", "redacted": {"email": 2, "phone": 2}}
        assert "redacted" not in memory.add("nothing in it").memories[0].metadata
        changed = memory.update(added.id, content="only ana@example.com")
        assert changed.metadata == {"topic": "mail", "phone": "[phone]", "redacted": {"email": 1}}


def test_a_blocked_item_of_many_fails_alone_at_its_place():
    with AgentMem(":memory:", embedder="hashing", block=["id"], redact=["email"]) as memory:
        report = memory.add_many(["one", "078-05-1120", "", "two " + SECRET, "219-09-9999"])
        assert [item.outcome for item in report.items] == ["created", "failed", "failed", "created", "failed"]
        assert [item.error_code for item in report.failures] == ["invalid_input"] * 3
        assert memory.add_many(["078-05-1120"]).failures
        assert memory.stats().memories == 2


def test_a_blocked_turn_stores_none_of_its_call():
    with AgentMem(":memory:", embedder="hashing", block=["card"]) as memory:
        with pytest.raises(InvalidInputError):
            memory.add([{"role": "user", "content": "hello"}, {"role": "user", "content": "5500 0000 0000 0004"}])
        assert memory.stats().memories == 0


def test_sealed_values_and_queries_are_left(monkeypatch):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", new_vault_key())
    with AgentMem(":memory:", embedder="hashing", redact=ALL, block=["card"]) as memory:
        memory.knowledge.put("card", "4111 1111 1111 1111", description="my card")
        assert memory.knowledge.reveal("card", reason="test") == "4111 1111 1111 1111"
        assert memory.search("4111 1111 1111 1111") is not None


def test_names_that_things_are_found_under_are_refused_not_changed():
    with AgentMem(":memory:", embedder="hashing", redact=["email"]) as memory:
        for call in (
            lambda: memory.core.set(SECRET, "x"),
            lambda: memory.contextual.set(SECRET, 1),
            lambda: memory.procedural.teach(SECRET, ["x"]),
            lambda: memory.resource.put(b"x", name=f"{SECRET}.txt"),
        ):
            with pytest.raises(InvalidInputError, match="choose another"):
                call()
        assert memory.add("x", user_id=SECRET, session_id=SECRET).memories[0].scope.user_id == SECRET


def test_keys_that_become_the_same_lose_nothing():
    with AgentMem(":memory:", embedder="hashing", redact=["email"]) as memory:
        (stored,) = memory.add("x", metadata={"a@example.com": 1, "b@example.com": 2}).memories
        assert stored.metadata == {"[email]": 1, "[email] 2": 2, "redacted": {"email": 2}}


def test_own_kinds_are_patterns_or_functions():
    badge = re.compile(r"B-\d{4}")

    def shouting(text):
        return [found.span() for found in re.finditer(r"\b[A-Z]{6,}\b", text)]

    with AgentMem(":memory:", embedder="hashing", redact=["email", {"badge": badge}, ("shouting", shouting)]) as memory:
        assert memory.add("B-1234 SECRET a@example.com").memories[0].content == "[badge] [shouting] [email]"
    with (
        AgentMem(":memory:", embedder="hashing", block={"badge": badge}) as memory,
        pytest.raises(InvalidInputError, match="badge"),
    ):
        memory.add("B-1234")


@pytest.mark.parametrize("found", [lambda text: [(0, 99)], lambda text: 1 / 0, lambda text: [3], lambda text: None])
def test_a_function_that_fails_refuses_rather_than_lets_through(found):
    with AgentMem(":memory:", embedder="hashing", redact={"own": found}) as memory:
        with pytest.raises(NotConfiguredError, match="own"):
            memory.add("x")
        assert memory.stats().memories == 0


@pytest.mark.parametrize(
    "given",
    [
        ["telephone"],
        "emial",
        7,
        [7],
        {"x": 7},
        {7: re.compile("x")},
        {"": re.compile("x")},
        {"X y": re.compile("x")},
        {"b": re.compile(b"x")},
    ],
)
def test_what_cannot_be_recognised_is_said_when_the_client_is_made(given, tmp_path):
    with pytest.raises(NotConfiguredError):
        AgentMem(tmp_path / "never", embedder="hashing", redact=given)
    assert not (tmp_path / "never").exists()


def test_kinds_of_presidio_name_the_extra_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(NotConfiguredError, match=re.escape("agentmem-core[privacy]")):
        configured_filter(["person"], None)


def test_the_environment_configures_it_too(monkeypatch, tmp_path):
    monkeypatch.setenv("AGENTMEM_REDACT", "email, phone")
    monkeypatch.setenv("AGENTMEM_BLOCK", "card")
    with AgentMem.shared(path=tmp_path, embedder="hashing") as memory:
        assert memory.add(f"{SECRET} 13800138000").memories[0].content == "[email] [phone]"
        with pytest.raises(InvalidInputError):
            memory.scoped(user_id="bo").add("4111111111111111")
    with AgentMem(":memory:", embedder="hashing", redact=[]) as memory:
        assert memory.add(SECRET).memories[0].content == SECRET


def test_without_it_nothing_stands_between():
    with AgentMem(":memory:", embedder="hashing") as memory:
        assert type(memory._backend).__name__ == "EmbeddedBackend"


def test_files_of_text_are_rewritten_and_say_what_is_left_of_them():
    with AgentMem(":memory:", embedder="hashing", redact=["email"]) as memory:
        file = memory.resource.put(f"Notes\n\nwrite to {SECRET} soon".encode(), name="notes.txt")
        assert memory.resource.open(file.id).read() == b"Notes\n\nwrite to [email] soon"
        picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
        assert memory.resource.open(memory.resource.put(picture, name="a.png").id).read() == picture


def test_an_import_of_a_file_that_holds_something_is_refused(tmp_path):
    with AgentMem(":memory:", embedder="hashing") as other:
        other.resource.put(f"write to {SECRET}".encode(), name="notes.txt")
        other.export(tmp_path / "all.jsonl")
    with AgentMem(":memory:", embedder="hashing", redact=["email"]) as memory:
        with pytest.raises(InvalidInputError, match="email"):
            memory.import_(tmp_path / "all.jsonl")
        assert SECRET not in json.dumps([item.content for item in memory.list().items])


def test_the_model_that_routes_sees_only_what_is_left():
    seen = []

    class Model:
        name = "scripted"

        def ask(self, prompt, **options):
            seen.append(repr(prompt))
            raise RuntimeError("no answer")

        async def aask(self, prompt, **options):
            return self.ask(prompt)

    with (
        AgentMem(":memory:", embedder="hashing", redact=["email"], llm=Model(), router="model") as memory,
        contextlib.suppress(RuntimeError),
    ):
        memory.add(f"write to {SECRET}")
    assert seen
    assert "ana.secret" not in "".join(seen)


def test_filters_of_different_clients_do_not_meet(tmp_path):
    with (
        AgentMem(tmp_path, embedder="hashing", redact=["email"]) as careful,
        AgentMem(tmp_path, embedder="hashing") as careless,
    ):
        careful.add(f"one {SECRET}")
        careless.add(f"two {SECRET}")
        assert sorted(item.content for item in careful.list().items) == ["one [email]", f"two {SECRET}"]


def test_overlapping_finds_are_one_mark():
    def first(text):
        return [(0, 5)]

    def second(text):
        return [(3, 8), (10, 12)]

    privacy = PrivacyFilter({"first": first, "second": second}, {})
    assert privacy.clean("abcdefghijklmn").text == "[first]fghij[second]mn"
