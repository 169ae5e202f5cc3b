"""The backend that asks a server keeps the promises of the port, against a real server process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from agentmem_core.http.backend import HttpBackend
from agentmem_core.ports import Backend
from agentmem_core.testing import BackendSuite
from tests.core.http.tenants import Apart


class TestHttp(BackendSuite):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        with closing(Apart(HttpBackend("http://127.0.0.1:18931"))) as backend:
            yield backend
