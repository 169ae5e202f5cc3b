"""Writes exports of systems that cannot run here in the formats they document: Zep, Letta, ChatGPT, Claude, the mem0 platform.

python make_documented.py
"""

import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from texts import sentences

DATA = Path(__file__).parent.parent / "data"
BEGAN = datetime(2024, 3, 1, 9, tzinfo=UTC)
TEXTS = sentences(240)


def key(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def at(number: int) -> datetime:
    return BEGAN + timedelta(hours=number)


def iso(number: int) -> str:
    return at(number).isoformat().replace("+00:00", "Z")


def packed(name: str, value: object) -> None:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    (DATA / name).write_bytes(gzip.compress(text.encode(), mtime=0))


def mem0_platform() -> None:
    """get_all() of the platform, version 2: pages with dates that have an offset, categories, app ids."""
    results = [
        {
            "id": key("mem0", number), "memory": text, "user_id": ("ana", "bo")[number % 2], "agent_id": None, "app_id": "planner",
            "run_id": f"run-{number // 30}" if number % 3 else None, "hash": key(number)[:8], "metadata": {"number": number} if number % 2 else None,
            "categories": ["hobbies"] if number % 4 else [], "immutable": False, "expiration_date": None,
            "created_at": at(number).astimezone().isoformat(), "updated_at": at(number + 1).isoformat(),
        }
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip
    relations = [
        {"source": "ana", "relationship": "plays", "target": "cello"},
        {"source": "bo", "relationship": "keeps"},
    ]
    packed(
        "mem0_platform.json.gz",
        {"count": 240, "next": None, "previous": None, "results": results, "relations": relations},
    )


def zep() -> None:
    """Threads with messages, and the graph of each user."""
    threads = [
        {
            "thread_id": f"thread-{thread}", "user_id": ("ana", "bo")[thread % 2], "created_at": iso(thread * 30),
            "messages": [
                {
                    "uuid": key("zep", number), "content": TEXTS[number], "created_at": iso(number), "name": "Ana" if number % 2 == 0 else None,
                    "role": "user" if number % 2 == 0 else "assistant", "processed": True, "metadata": {"number": number},
                }
                for number in range(thread * 30, thread * 30 + 30)
            ],
        }
        for thread in range(6)
    ]  # fmt: skip
    graphs = [
        {
            "user_id": user,
            "edges": [
                {
                    "uuid": key("edge", user, number), "fact": TEXTS[180 + number], "name": "LIVES_IN", "source_node_uuid": key("node", user, 0),
                    "target_node_uuid": key("node", user, 1), "created_at": iso(number), "valid_at": iso(number - 48),
                    "invalid_at": iso(number + 10) if number % 10 == 0 else None, "expired_at": None, "episodes": [key("zep", number)],
                }
                for number in range(30)
            ],
            "nodes": [
                {"uuid": key("node", user, 0), "name": user, "summary": f"{user} lives near the river", "labels": ["User"], "created_at": iso(0)},
                {"uuid": key("node", user, 1), "name": "Lisbon", "summary": "", "labels": ["City"], "created_at": iso(0)},
            ],
        }
        for user in ("ana", "bo")
    ]  # fmt: skip
    packed("zep.json.gz", {"threads": threads, "graphs": graphs})


def letta() -> None:
    """An agent file of today with two agents, and one of the older layout."""

    def message(number: int) -> dict[str, object]:
        said: dict[str, object] = {
            "id": f"message-{number}",
            "role": ("user", "assistant")[number % 2],
            "created_at": iso(number),
        }
        if number % 2 == 0:
            return said | {"content": [{"type": "text", "text": TEXTS[number]}]}
        call = {
            "id": f"call-{number}",
            "type": "function",
            "function": {
                "name": "send_message",
                "arguments": json.dumps({"message": TEXTS[number]}, ensure_ascii=False),
            },
        }
        return said | {"content": [{"type": "text", "text": "I should answer."}], "tool_calls": [call]}

    agents = [
        {
            "id": f"agent-{number}", "name": name, "agent_type": "memgpt_v2_agent", "system": "You are Letta.", "block_ids": ["block-0", f"block-{number + 1}"],
            "in_context_message_ids": [], "messages": [
                {"id": f"message-system-{number}", "role": "system", "content": [{"type": "text", "text": "You are Letta."}], "created_at": iso(0)},
                *(message(place) for place in range(number * 100, number * 100 + 100)),
                {"id": f"message-beat-{number}", "role": "user", "created_at": iso(200),
                 "content": [{"type": "text", "text": json.dumps({"type": "heartbeat", "reason": "timer", "time": "now"})}]},
                {"id": f"message-tool-{number}", "role": "tool", "created_at": iso(200), "tool_call_id": "call-1",
                 "content": [{"type": "text", "text": json.dumps({"status": "OK", "message": "None", "time": "now"})}]},
            ],
        }
        for number, name in enumerate(("planner", "writer"))
    ]  # fmt: skip
    blocks = [
        {"id": "block-0", "label": "human", "value": "Ana Ribeiro, vegetarian, lives in Lisbon", "limit": 5000, "description": "the user", "metadata": {}},
        {"id": "block-1", "label": "persona", "value": "I plan journeys by train", "limit": 5000, "metadata": {}},
        {"id": "block-2", "label": "style", "value": "", "limit": 5000, "metadata": {}},
    ]  # fmt: skip
    passages = [
        {"id": f"passage-{key('letta', number)}", "text": TEXTS[200 + number], "created_at": iso(number), "archive_id": "archive-0", "metadata": {}}
        for number in range(40)
    ]  # fmt: skip
    packed("letta.af.gz", {
        "agents": agents, "groups": [], "blocks": blocks, "files": [], "sources": [], "tools": [], "mcp_servers": [],
        "passages": passages, "metadata": {"revision_id": "1"}, "created_at": iso(240),
    })  # fmt: skip
    old = [
        {"role": ("user", "assistant")[number % 2], "created_at": iso(number), "tool_calls": None, "name": None,
         "content": [{"type": "text", "text": json.dumps({"type": "user_message", "message": text, "time": iso(number)}, ensure_ascii=False) if number % 2 == 0 else text}]}
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip
    core = [{"label": "human", "value": "Bo, bee keeper", "limit": 2000, "created_at": iso(0), "metadata_": {}}]
    packed(
        "letta_old.af.gz",
        {
            "agent_type": "memgpt_agent",
            "name": "bees",
            "core_memory": core,
            "messages": old,
            "tools": [],
            "version": "0.6.47",
        },
    )


def chatgpt() -> None:
    """Eight conversations as trees: a hidden root, an edited question with two branches, code, an image, thoughts."""
    conversations = []
    for chat in range(8):
        nodes: dict[str, dict[str, object]] = {"root": {"id": "root", "message": None, "parent": None, "children": []}}
        parent = "root"

        def say(
            number: object,
            role: str,
            content: dict[str, object],
            after: str,
            hour: float,
            nodes=nodes,
            chat=chat,
            **more: object,
        ) -> str:
            node = key("chatgpt", chat, number)
            message = {"id": node, "author": {"role": role, "name": None, "metadata": {}}, "create_time": at(0).timestamp() + 3600 * hour,
                       "update_time": None, "content": content, "status": "finished_successfully", "weight": 1.0, "metadata": {}, "recipient": "all", **more}  # fmt: skip
            nodes[node] = {"id": node, "message": message, "parent": after, "children": []}
            nodes[after]["children"].append(node)  # type: ignore[attr-defined]
            return node

        parent = say("system", "system", {"content_type": "text", "parts": [""]}, parent, chat * 30)
        for number in range(chat * 30, chat * 30 + 30):
            role = ("user", "assistant")[number % 2]
            if number % 30 == 10:
                say(
                    "edited",
                    "user",
                    {"content_type": "text", "parts": [f"A question that was edited, {chat}"]},
                    parent,
                    number,
                )
            content: dict[str, object] = {"content_type": "text", "parts": [TEXTS[number]]}
            if number % 30 == 4:
                content = {
                    "content_type": "multimodal_text",
                    "parts": [
                        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"},
                        TEXTS[number],
                    ],
                }
            if number % 30 == 5:
                content = {"content_type": "code", "language": "python", "text": f"print({number})  # {TEXTS[number]}"}
            if number % 30 == 7:
                parent = say(
                    "thoughts",
                    "assistant",
                    {"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c"}]},
                    parent,
                    number,
                )
            parent = say(number, role, content, parent, number)
        image = say(
            "image",
            "user",
            {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}]},
            parent,
            chat * 30 + 30,
        )
        conversations.append({
            "title": f"Chat {chat} 旅行", "create_time": at(chat * 30).timestamp(), "update_time": at(chat * 30 + 30).timestamp(),
            "mapping": nodes, "current_node": image, "conversation_id": key("chat", chat), "id": key("chat", chat),
        })  # fmt: skip
    packed("chatgpt.json.gz", conversations[::-1])


def claude() -> None:
    """Eight conversations, with parts, attachments, files and an older message that has a text only."""
    conversations = [
        {
            "uuid": key("claude", chat), "name": f"Chat {chat}", "created_at": iso(chat * 30), "updated_at": iso(chat * 30 + 30), "account": {"uuid": key("account")},
            "chat_messages": [
                {
                    "uuid": key("claude", chat, number), "text": TEXTS[number], "sender": ("human", "assistant")[number % 2],
                    "created_at": iso(number), "updated_at": iso(number),
                    "content": [] if number % 30 == 2 else [
                        *([{"type": "thinking", "thinking": "hm"}] if number % 2 else []),
                        {"type": "text", "text": TEXTS[number], "citations": []},
                        *([{"type": "tool_use", "name": "web_search", "input": {}}] if number % 30 == 5 else []),
                    ],
                    "attachments": [{"file_name": "notes.txt", "file_size": 9, "file_type": "txt", "extracted_content": f"Notes of chat {chat}: {TEXTS[number]}"}] if number % 30 == 0 else [],
                    "files": [{"file_name": "photo.png"}] if number % 30 == 1 else [],
                }
                for number in range(chat * 30, chat * 30 + 30)
            ],
        }
        for chat in range(8)
    ]  # fmt: skip
    packed("claude.json.gz", conversations)


def plain() -> None:
    """JSON Lines, and a log with dates and turns of several lines."""
    lines = [
        json.dumps({"role": ("user", "assistant")[number % 2], "content": text, "user_id": ("ana", "bo")[number // 120], "session_id": f"s{number // 40}",
                    "created_at": at(number).strftime("%Y-%m-%d %H:%M:%S")}, ensure_ascii=False)
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip
    packed("chat.jsonl.gz", "\n".join(lines) + "\n")
    log = [
        f"[{at(number):%Y-%m-%d %H:%M}] {('Ana', '小伟')[number % 2]}{':：'[number % 2]} {text}" + ("\n  and more: a second line" if number % 20 == 0 else "")
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip
    packed("chat.log.gz", "\n".join(log) + "\n")


for write in (mem0_platform, zep, letta, chatgpt, claude, plain):
    write()
