"""What readers are made of: frames and errors that travel whole, what a process may use, and lines and answers that leave together."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.errors import (
    AgentMemError,
    EmbedderError,
    InvalidFilterError,
    ModelError,
    RateLimitedError,
    VectorMismatchError,
)
from agentmem_core.server.allowance import least_of_groups, usable_cpus, usable_memory
from agentmem_core.server.connections import Gathering
from agentmem_core.server.logs import JsonLines, Lines
from agentmem_core.server.readers.frames import Frame, Kind, Unpacking, raised, told
from agentmem_core.server.readers.readers import how_many

FRAMES = st.builds(
    Frame, st.integers(0, 2**32 - 1), st.sampled_from([int(kind) for kind in Kind]), st.binary(max_size=40), st.binary(max_size=400)
)  # fmt: skip


@given(st.lists(FRAMES, max_size=8), st.integers(1, 200))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames, size):
    sent = b"".join(frame.packed() for frame in frames)
    unpacking = Unpacking()
    came = [frame for start in range(0, len(sent), size) for frame in unpacking.feed(sent[start : start + size])]
    assert came == frames


@pytest.mark.parametrize(
    "error",
    [
        VectorMismatchError("the vector has 1 dimension, 集合 has 64"),
        InvalidFilterError("filters: unknown operator"),
        EmbedderError("it did not answer"),
        RateLimitedError("slowly", 2.5, {"Retry-After": "3"}),
        ModelError("no", input_tokens=3, output_tokens=4),
        AgentMemError("root"),
    ],
)
def test_an_error_arrives_with_all_its_fields(error):
    content = told(error)
    assert content is not None
    again = raised(content)
    assert type(again) is type(error)
    assert (again.args, vars(again)) == (error.args, vars(error))


def test_an_error_of_somebody_else_is_not_told():
    class OwnError(AgentMemError):
        """Of a program that brings its own embedder."""

        code = "own"

    class AnotherError(EmbedderError):
        """With the code of ours."""

    assert told(OwnError("x")) is None
    assert told(AnotherError("x")) is None
    assert told(EmbedderError(3)) is None


def test_what_a_control_group_allows_is_the_least_of_those_above(tmp_path):
    groups, own = tmp_path / "groups", tmp_path / "cgroup"
    inner = groups / "a" / "b"
    inner.mkdir(parents=True)
    own.write_text("12:cpu:/elsewhere\n0::/a/b\n")
    assert least_of_groups("memory.max", int, groups, own) is None
    (inner / "memory.max").write_text("max\n")
    (groups / "a" / "memory.max").write_text("1000\n")
    (groups / "memory.max").write_text("2000\n")
    assert least_of_groups("memory.max", int, groups, own) == 1000
    assert least_of_groups("memory.max", int, groups, tmp_path / "none") is None
    assert usable_cpus() >= 1
    assert usable_memory() > 1_000_000


def test_how_many_there_are_follows_from_the_machine():
    assert [how_many(cpus, 64 * 10**9) for cpus in (1, 2, 3, 5, 16)] == [0, 1, 2, 4, 4]
    assert [how_many(8, memory) for memory in (512 * 2**20, 2**30, 2_500_000_000)] == [0, 1, 2]


def lines_to(stream: io.StringIO) -> tuple[logging.Logger, Lines]:
    handler = Lines(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("test")  # noqa: LOG001 - one that nobody else has
    logger.addHandler(handler)
    return logger, handler


async def test_lines_of_a_loop_leave_together_and_in_order():
    stream = io.StringIO()
    logger, _ = lines_to(stream)
    logger.info("one")
    logger.info("two")
    assert stream.getvalue() == ""
    logger.warning("three")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]
    logger.info("four")
    while "four" not in stream.getvalue():  # noqa: ASYNC110 - nothing tells when a timer has run
        await asyncio.sleep(0.001)


def test_lines_are_not_lost_with_a_loop_nor_for_a_stream_that_is_closed():
    stream = io.StringIO()
    logger, handler = lines_to(stream)

    async def say(text: str) -> None:
        logger.info(text)

    asyncio.run(say("one"))
    asyncio.run(say("two"))
    logger.info("three")  # outside of any loop: at once
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]
    asyncio.run(say("four"))
    handler.flush()
    assert "four" in stream.getvalue()
    asyncio.run(say("five"))
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        handler.stream.write("")
    handler._leave()


class Wire:
    """A transport that remembers what it was given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        return f"extra {name}"


async def test_a_head_leaves_with_what_follows_and_never_stays_behind():
    wire: Any = Wire()
    transport = Gathering(wire, asyncio.get_running_loop())
    transport.write(b"head ")
    assert wire.written == []
    transport.write(b"body")
    assert wire.written == [b"head body"]
    transport.write(b"100 continue")
    await asyncio.sleep(0)
    assert wire.written == [b"head body", b"100 continue"]
    transport.write(b"last")
    transport.close()
    assert wire.written[2:] == [b"last"]
    assert wire.closed
    assert transport.get_extra_info("peername") == "extra peername"
