"""One server process for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.core.server_process import ServerProcess, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running
