"""The conformance suite of ``Backend``: inherit it and give it a backend."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from agentmem_core.errors import NotSupportedError, StoreClosedError
from agentmem_core.operations import Add, Op, Search
from agentmem_core.ports import Backend
from agentmem_core.testing.backend_agents import BackendAgents
from agentmem_core.testing.backend_asking import ANA, BOB, Asking, Colour, item
from agentmem_core.testing.backend_reading import BackendReading
from agentmem_core.testing.backend_store import BackendStore
from agentmem_core.testing.backend_writing import BackendWriting


class _Unheard(Op[None]):
    """An operation that no backend knows."""


class BackendSuite(BackendWriting, BackendReading, BackendAgents, BackendStore):
    """What every ``Backend`` must do, in both colours. The backend must know the embedder ``hashing``.

    ::

        class TestMine(BackendSuite):
            @pytest.fixture
            def backend(self, tmp_path):
                with closing(MyBackend(tmp_path)) as backend:
                    yield backend
    """

    @pytest.fixture
    def backend(self) -> Backend:
        """An empty backend, closed after the test."""
        raise NotImplementedError("override the fixture `backend`")

    @pytest.fixture(params=["sync", "async"])
    def run(self, backend: Backend, request: pytest.FixtureRequest) -> Asking:
        """Asks the backend, once in each colour."""
        return Asking(backend, cast("Colour", request.param))

    def test_an_unknown_operation_is_not_supported(self, run: Asking) -> None:
        with pytest.raises(NotSupportedError, match="_Unheard"):
            run(_Unheard())

    def test_a_closed_backend_says_so(self, run: Asking) -> None:
        run.add("text")
        if run.colour == "sync":
            run.backend.close()
            run.backend.close()
        else:
            asyncio.run(run.backend.aclose())
            asyncio.run(run.backend.aclose())
        with pytest.raises(StoreClosedError):
            run.add("more")

    def test_closing_in_one_colour_closes_the_other(self, run: Asking) -> None:
        run.add("text")
        run.backend.close()
        with pytest.raises(StoreClosedError):
            run.backend.execute(Search(scope=ANA))
        with pytest.raises(StoreClosedError):
            asyncio.run(run.backend.aexecute(Search(scope=ANA)))

    def test_many_calls_on_one_event_loop_lose_nothing(self, backend: Backend) -> None:
        async def all_at_once() -> None:
            adds = (backend.aexecute(Add(scope=ANA, items=(item(f"tea {n}"),))) for n in range(40))
            searches = (backend.aexecute(Search(scope=ANA, query="tea")) for _ in range(40))
            await asyncio.gather(*adds, *searches)

        asyncio.run(all_at_once())
        assert sorted(Asking(backend, "async").contents()) == sorted(f"tea {n}" for n in range(40))

    def test_many_threads_lose_nothing_and_see_only_their_own(self, backend: Backend) -> None:
        ask = Asking(backend, "sync")

        def work(number: int) -> None:
            scope = (ANA, BOB)[number % 2]
            for turn in range(5):
                ask.add(f"tea {number} {turn}", scope=scope)
                found = ask.found("tea", scope=scope, limit=100)
                assert f"tea {number} {turn}" in found
                assert all(int(text.split()[1]) % 2 == number % 2 for text in found)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(ask.contents()) == len(ask.contents(scope=BOB)) == 20
