"""One server process for the tests of a module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.core.server_process import ServerProcess, serving
from vcr import VCR
from vcr.request import Request


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


def pytest_itemcollected(item: pytest.Item) -> None:
    """What is replayed gets no network."""
    if item.path.name == "test_recorded.py" and item.config.getoption("--record-mode") in {None, "none"}:
        item.add_marker(pytest.mark.block_network)


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:
    """Requests are the same when they ask the same, whatever id the client made for what is new."""
    vcr.register_matcher("asked", _asks_the_same)


def _asks_the_same(one: Request, other: Request) -> None:
    assert _without_made_ids(one.body) == _without_made_ids(other.body)


def _without_made_ids(body: Any) -> Any:
    asked = json.loads(body or b"null")
    for item in asked.get("items", ()) if isinstance(asked, dict) else ():
        item.pop("id_if_new", None)
    return asked
