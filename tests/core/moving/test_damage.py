"""A value of a wrong kind anywhere in an export is refused or told, and never an error of another kind."""

import gzip
import json
import random

import pytest
from tests.core.moving.exports import DATA

from agentmem_core import AgentMem, InvalidInputError
from agentmem_core.moving import move, open_source

JUNK: list[object] = [
    None, True, 0, -1, 1.5, 1e308, float("nan"), 10**30, "", "  ", "x" * 300, "\x00", "\ud800", "2024-13-45", [], {}, [[]], {"a": 1}, ["a"],
    [{"type": "text", "text": 7}], {"text": None}, [None], "user", '{"a":', "entity:x",
]  # fmt: skip
JSON_EXPORTS = {
    "mem0.json.gz": "mem0", "mem0_platform.json.gz": "mem0", "zep.json.gz": "zep", "letta.af.gz": "letta", "letta_old.af.gz": "letta",
    "langchain_dicts.json.gz": "langchain", "langchain_redis.json.gz": "langchain", "llamaindex_chat_store.json.gz": "llamaindex",
    "chatgpt.json.gz": "chat", "claude.json.gz": "chat",
}  # fmt: skip


def shortened(value):
    if isinstance(value, list):
        return [shortened(item) for item in value[:6]]
    return {key: shortened(item) for key, item in list(value.items())[:14]} if isinstance(value, dict) else value


def places(value, place=()):
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*place, key))


def with_junk(value, place, junk):
    if not place:
        return junk
    value[place[0]] = with_junk(value[place[0]], place[1:], junk)
    return value


@pytest.mark.parametrize("name", JSON_EXPORTS)
def test_a_value_of_a_wrong_kind_is_refused_or_told(name, tmp_path):
    whole = json.dumps(shortened(json.loads(gzip.decompress((DATA / name).read_bytes()))))
    everywhere = list(places(json.loads(whole)))
    rng = random.Random(name)
    path = tmp_path / "export.json"
    kinds = set()
    with AgentMem(":memory:", embedder="hashing") as memory:
        for _ in range(60):
            place, junk = rng.choice(everywhere), rng.choice(JUNK)
            path.write_text(json.dumps(with_junk(json.loads(whole), place, junk)), "utf-8")
            try:
                report = move(open_source(JSON_EXPORTS[name], path), memory, dry_run=rng.random() < 0.5)
            except InvalidInputError:
                kinds.add("refused")
                continue
            kinds.add("told")
            parts = (report.moved, report.known, report.changed, report.deleted, report.misfit_count)
            assert report.read == sum(parts)
    assert "told" in kinds
