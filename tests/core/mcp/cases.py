"""Each tool once as it should be called, in Chinese, and once wrongly: the same for every way to reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.core.mcp.clients import Told


class Calling(Protocol):
    """Whoever can call a tool."""

    async def call(self, name: str, **arguments: Any) -> Told: ...


Scenario = Callable[[Calling], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """``well`` fails where the tool does not do what it says; ``badly`` are arguments that are refused, by ``code``, for ``why``."""

    well: Scenario
    badly: dict[str, Any]
    code: str
    why: str


async def remembered(client: Calling, text: str, **more: Any) -> str:
    """The id of a new memory."""
    told = await client.call("remember", text=text, **more)
    assert not told.code, told.text
    [memory_id] = told.data["ids"]
    return str(memory_id)


async def _remember(client: Calling) -> None:
    told = await client.call(
        "remember", text="小伟每周四上大提琴课", type="semantic", importance=0.9, occurred_at="2024-05-03", expires_at=None,
        metadata={"项目": "音乐"},
    )  # fmt: skip
    assert told.data["created"] == 1
    kept = (await client.call("get_memory", id=told.data["ids"][0])).data
    assert (kept["content"], kept["importance"], kept["metadata"]) == ("小伟每周四上大提琴课", 0.9, {"项目": "音乐"})
    assert kept["occurred_at"].startswith("2024-05-03T00:00:00")
    again = await client.call("remember", text="小伟每周四上大提琴课", type="semantic")
    assert again.data == {"ids": told.data["ids"], "created": 0}
    assert "known before" in again.text
    turns = [
        {"role": "user", "content": "我搬到里斯本了", "name": "安娜"},
        {"role": "assistant", "content": "什么时候？"},
    ]
    assert (await client.call("remember", turns=turns)).data["created"] == 2


async def _recall(client: Calling) -> None:
    memory_id = await remembered(client, "安娜对花生过敏", metadata={"topic": "health"})
    await remembered(client, "The oven timer is set to twelve minutes")
    told = await client.call("recall", query="花生", limit=1, types=["semantic"], filters={"topic": "health"})
    [hit] = told.data["hits"]
    assert (hit["id"], hit["content"]) == (memory_id, "安娜对花生过敏")
    assert 0 < hit["score"] <= 1
    assert told.text.startswith(memory_id)
    assert told.text.endswith("semantic: 安娜对花生过敏")
    before = await client.call("recall", query="花生", as_of="1999-01-01", types=None)
    assert before.data == {"hits": []}
    assert before.text == "Nothing is remembered about that."


async def _context(client: Calling) -> None:
    memory_id = await remembered(client, "安娜住在里斯本", occurred_at="2024-05-03T18:00+02:00")
    told = await client.call("context", query="里斯本", max_tokens=200)
    assert "- [2024-05-03] 安娜住在里斯本" in told.text
    assert told.data["text"] == told.text
    assert memory_id in told.data["ids"]
    assert 0 < told.data["tokens"] <= 200


async def _list_memories(client: Calling) -> None:
    ids = [await remembered(client, f"第{number}条列出来的事") for number in range(3)]
    first = await client.call("list_memories", limit=2, types=["semantic"])
    assert [item["id"] for item in first.data["memories"]] == [ids[2], ids[1]]
    assert f"cursor={first.data['next_cursor']}" in first.text
    second = await client.call("list_memories", limit=1, cursor=first.data["next_cursor"], types=["semantic"])
    assert second.data["memories"][0]["content"] == "第0条列出来的事"
    oldest = await client.call("list_memories", limit=1, oldest_first=True)
    assert oldest.data["memories"][0]["id"] not in {ids[1], ids[2]}


async def _get_memory(client: Calling) -> None:
    long = "很长的故事。" * 400
    memory_id = await remembered(client, long)
    listed = (await client.call("list_memories", limit=1)).data["memories"][0]
    assert listed["id"] == memory_id
    assert len(listed["content"]) < len(long)
    assert listed["content"].endswith("(cut; get_memory has all of it)")
    told = await client.call("get_memory", id=memory_id)
    assert told.data["content"] == long
    assert long in told.text


async def _memory_history(client: Calling) -> None:
    memory_id = await remembered(client, "安娜喜欢茶")
    await client.call("update_memory", id=memory_id, text="安娜喜欢绿茶", reason="她更正了")
    await client.call("delete_memory", ids=[memory_id])
    told = await client.call("memory_history", id=memory_id)
    assert [item["operation"] for item in told.data["versions"]] == ["add", "update", "delete"]
    assert "(她更正了): 安娜喜欢绿茶" in told.text
    assert "(over MCP)" in told.text


async def _update_memory(client: Calling) -> None:
    memory_id = await remembered(client, "会议在周三", metadata={"旧": 1})
    told = await client.call("update_memory", id=memory_id, text="会议在周四", importance=1, metadata={"新": 2})
    assert (told.data["version"], told.data["content"], told.data["metadata"]) == (2, "会议在周四", {"新": 2})
    assert "会议在周四" in told.text
    assert (await client.call("update_memory", id=memory_id)).code == "invalid_input"
    assert (await client.call("update_memory", id=memory_id, occurred_at="next May")).code == "invalid_input"


async def _restore_memory(client: Calling) -> None:
    memory_id = await remembered(client, "钥匙在抽屉里")
    await client.call("delete_memory", ids=[memory_id])
    assert (await client.call("get_memory", id=memory_id)).code == "not_found"
    told = await client.call("restore_memory", id=memory_id, version=1)
    assert told.data["content"] == "钥匙在抽屉里"
    assert (await client.call("restore_memory", id=memory_id, version=99)).code == "not_found"


async def _delete_memory(client: Calling) -> None:
    ids = [await remembered(client, text) for text in ("要删除的一", "要删除的二")]
    assert (await client.call("delete_memory", ids=ids, reason="不对")).data == {"deleted": 2}
    assert (await client.call("get_memory", id=ids[0])).code == "not_found"


async def _forget(client: Calling) -> None:
    memory_id = await remembered(client, "要永远忘记的事")
    told = await client.call("forget", ids=[memory_id])
    assert told.data["memories"] == 1
    assert (await client.call("memory_history", id=memory_id)).code == "not_found"
    assert (await client.call("restore_memory", id=memory_id, version=1)).code == "not_found"


async def _relate(client: Calling) -> None:
    told = await client.call("relate", source="小伟", relation="同事", target="安娜", weight=0.5)
    assert (told.data["source"], told.data["relation"], told.data["weight"]) == ("小伟", "同事", 0.5)


async def _related(client: Calling) -> None:
    await client.call("relate", source="老王", relation="朋友", target="小李")
    await client.call("relate", source="小李", relation="住在", target="上海")
    told = await client.call("related", to="老王", depth=2)
    assert {item["name"] for item in told.data["related"]} == {"小李", "上海"}
    assert "小李 住在 上海" in told.text
    assert (await client.call("related", to="老王", relation="住在")).data == {"related": []}


async def _core_blocks(client: Calling) -> None:
    await client.call("core_set", label="人物", text="安娜，素食者")
    told = await client.call("core_blocks")
    assert "<人物>\n安娜，素食者\n</人物>" in told.text
    assert "安娜，素食者" in [block["text"] for block in told.data["blocks"]]


async def _core_set(client: Calling) -> None:
    told = await client.call("core_set", label="设定", text="说话简短", limit=100)
    assert (told.data["label"], told.data["text"], told.data["limit"]) == ("设定", "说话简短", 100)
    assert (await client.call("core_set", label="设定", text="长" * 101)).code == "invalid_input"


async def _core_append(client: Calling) -> None:
    await client.call("core_set", label="附加", text="第一行")
    assert (await client.call("core_append", label="附加", text="第二行")).data["text"] == "第一行\n第二行"


async def _core_replace(client: Calling) -> None:
    await client.call("core_set", label="地方", text="住在波尔图")
    assert (await client.call("core_replace", label="地方", old="波尔图", new="里斯本")).data["text"] == "住在里斯本"


async def _learn(client: Calling) -> None:
    turns = [{"role": "user", "content": "我对花生过敏。"}, {"role": "user", "content": "I moved to Lisbon."}]
    await client.call("remember", turns=turns)
    told = await client.call("learn")
    assert told.data["learned"], told.text
    assert told.data["left"] == 0
    assert (await client.call("learn")).text == "There was nothing to learn."


CASES: dict[str, Case] = {
    "recall": Case(_recall, {"query": "茶", "types": ["factual"]}, "invalid_input", "types.0: must be 'core'"),
    "context": Case(_context, {"query": "茶", "max_tokens": 0}, "invalid_input", "max_tokens: must be at least 1"),
    "list_memories": Case(_list_memories, {"cursor": "坏的"}, "invalid_input", "cursor"),
    "get_memory": Case(_get_memory, {"id": "没有"}, "not_found", "no memory '没有' in this scope"),
    "memory_history": Case(_memory_history, {"id": "没有"}, "not_found", "没有"),
    "related": Case(_related, {"to": "老王", "depth": 99}, "invalid_input", "depth"),
    "remember": Case(_remember, {"text": "茶", "turns": []}, "invalid_input", "give text, or turns"),
    "update_memory": Case(_update_memory, {"id": "没有", "text": "茶"}, "not_found", "没有"),
    "restore_memory": Case(_restore_memory, {"id": "没有", "version": 1}, "not_found", "没有"),
    "delete_memory": Case(_delete_memory, {"ids": ["没有"]}, "not_found", "没有"),
    "forget": Case(_forget, {"ids": []}, "invalid_input", "ids: must not be empty"),
    "relate": Case(
        _relate, {"source": "小伟", "relation": " ", "target": "安娜"}, "invalid_input", "relation: must not"
    ),
    "learn": Case(_learn, {"since": "gestern"}, "invalid_input", "since: must be an ISO 8601 date like 2024-05-03"),
    "core_blocks": Case(_core_blocks, {"label": "人物"}, "invalid_input", "label: is not an argument of this call"),
    "core_set": Case(_core_set, {"label": "", "text": "茶"}, "invalid_input", "label: must not be empty"),
    "core_append": Case(_core_append, {"label": "没有的", "text": "茶"}, "not_found", "没有的"),
    "core_replace": Case(_core_replace, {"label": "没有的", "old": "a", "new": "b"}, "not_found", "没有的"),
}


async def all_of_them(client: Calling, names: set[str]) -> None:
    """Every tool as it should be, then wrongly."""
    assert names == set(CASES)
    for name, case in CASES.items():
        await case.well(client)
        refused = await client.call(name, **case.badly)
        assert refused.code == case.code, (name, refused)
        assert case.why in refused.text, (name, refused)
