"""The backend that asks a server keeps the promises of the port, against a real server process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.core.http.tenants import Apart
from tests.core.server_process import ServerProcess, serving

from agentmem_core.http.backend import HttpBackend
from agentmem_core.ports import Backend
from agentmem_core.testing import BackendSuite

FOR_ITSELF = {"test_tenants_may_reindex_at_the_same_time"}
"""Needs a server that never changed its embedder, which is the server's and not a tenant's."""


class TestHttp(BackendSuite):
    @pytest.fixture
    def backend(self, server: ServerProcess, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Backend]:
        with ExitStack() as stack:
            alone = request.node.originalname in FOR_ITSELF
            url = stack.enter_context(serving(tmp_path / "alone")).url if alone else server.url
            yield Apart(stack.enter_context(closing(HttpBackend(url))))
