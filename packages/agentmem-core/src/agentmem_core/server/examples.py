"""What a request of each operation looks like: the words that its document shows."""

from __future__ import annotations

from typing import Any

from agentmem_core.http import Route

_ID = "4b1f6a8c"

_WORDS: dict[str, Any] = {
    "at": "2026-05-03T18:00:00Z", "by": "month", "content": "Ana moved to Lisbon in May", "data": "TWVudTogYmFjYWxoYXU=",
    "end": "2026-06-01T00:00:00Z", "id": _ID, "ids": [_ID], "items": [{"content": "Ana moved to Lisbon in May"}],
    "key": "location", "label": "human", "name": "reset the router", "object": "Lisbon", "predicate": "lives in",
    "query": "where does she live?", "reason": "told at dinner", "records": [], "relation": "knows", "source": "Ana",
    "start": "2026-05-01T00:00:00Z", "steps": ["hold the button", "wait a minute"], "subject": "Ana", "success": True,
    "target": "Rita", "task": "the wifi is down", "text": "Ana Ribeiro, vegetarian", "texts": ["tea", "茶"], "user_id": "ana",
    "value": "home", "version": 1, "thing": "Ana", "node": "Ana", "to": "Rita", "since": "2026-05-01T00:00:00Z", "of": "Ana", "old": "vegetarian",
    "new": "vegan", "file": "TWVudTogYmFjYWxoYXU=", "dry_run": True, "filters": {"topic": "travel"},
}  # fmt: skip

_OWN: dict[str, dict[str, Any]] = {
    "add": {"content": "Ana moved to Lisbon in May", "user_id": "ana", "metadata": {"topic": "travel"}},
    "add_many": {"items": [{"content": "I am allergic to peanuts"}, {"content": "好的", "role": "assistant"}], "user_id": "ana"},
    "search": {"query": "where does she live?", "user_id": "ana", "limit": 5, "filters": {"topic": "travel"}},
    "list": {"user_id": "ana", "limit": 100},
    "update": {"content": "Ana moved to Porto", "user_id": "ana", "reason": "told at dinner"},
    "delete_many": {"ids": [_ID], "user_id": "ana"},
    "forget": {"ids": [_ID], "user_id": "ana"},
    "delete_by_filter": {"filters": {"topic": "travel"}, "user_id": "ana"},
    "relate": {"source": _ID, "relation": "follows", "target": "9c2e7d10", "user_id": "ana"},
    "import_page": {"records": [], "user_id": "ana"},
    "core_set": {"label": "human", "text": "Ana Ribeiro, vegetarian", "user_id": "ana"},
    "working_promote": {"id": _ID, "to": "semantic", "user_id": "ana"},
    "contextual_set": {"key": "location", "value": "home", "user_id": "ana"},
    "semantic_learn": {
        "text": "Ana lives in Lisbon", "subject": "Ana", "predicate": "lives in", "object": "Lisbon", "user_id": "ana",
    },
}  # fmt: skip


def example(route: Route) -> dict[str, Any]:
    """What a request says beside its path."""
    own = _OWN.get(route.name)
    if own is not None:
        return own
    needed = {name: word(name) for name, field in route.request.model_fields.items() if field.is_required()}
    return {**needed, "user_id": "ana"}


def word(name: str) -> Any:
    """What stands for a field."""
    return _WORDS.get(name, name)
