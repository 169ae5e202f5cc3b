"""A server process: it says where it is, answers, and ends as it is told."""

from __future__ import annotations

import httpx
from tests.core.server_process import serving


def test_a_server_says_where_it_listens_answers_and_ends_with_zero(tmp_path):
    with serving(tmp_path / "store") as server:
        added = httpx.post(f"{server.url}/v1/memories", json={"content": "茶", "user_id": "安娜"}).json()
        found = httpx.post(f"{server.url}/v1/memories/search", json={"query": "茶", "user_id": "安娜"}).json()
        assert [hit["memory"]["id"] for hit in found] == [item["memory"]["id"] for item in added["items"]]
        assert server.stop() == 0
