"""The cursor reads what the json module reads, wherever the text is cut, and says where it stops."""

import io
import json
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core import InvalidInputError
from agentmem_core.moving import json_stream
from agentmem_core.moving.json_stream import JsonStream

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def stream(text: str) -> JsonStream:
    return JsonStream(io.StringIO(text), "file")


def read_whole(text: str) -> None:
    cursor = stream(text)
    for _ in cursor.elements():
        cursor.value()
    cursor.finish()


@given(st.lists(values, max_size=6), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_elements_and_members_are_those_of_the_json_module(items, chunk, indent, escaped):
    named = {f"key {number}": item for number, item in enumerate(items)}
    with mock.patch.object(json_stream, "_CHUNK", chunk):
        cursor = stream(json.dumps(items, indent=indent, ensure_ascii=escaped))
        assert [cursor.value() for _ in cursor.elements()] == items
        cursor.finish()
        cursor = stream(json.dumps(named, indent=indent, ensure_ascii=escaped))
        assert {key: cursor.value() for key in cursor.members()} == named
        cursor.finish()


@given(st.lists(values, min_size=1, max_size=6), st.integers(1, 40), st.data())
def test_a_text_that_is_cut_short_is_refused(items, chunk, data):
    whole = json.dumps(items)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with mock.patch.object(json_stream, "_CHUNK", chunk), pytest.raises(InvalidInputError):
        read_whole(whole[:cut])


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[1,\n2,\n3 4]", "line 3, column 3"),
        ('[{"a": 1},\n {"a" 2}]', "line 2, column 7"),
        ("[1] x", "line 1, column 5"),
        ('[1, "abc', "line 1, column 5 begins a text that never ends"),
        ("[1, ", "cut short"),
        ("[" + "[" * 100_000, "nested too deep"),
        ('["' + "x" * 300_000 + '",\n oops]', "line 2, column 2"),
    ],
)  # fmt: skip
def test_errors_say_where(text, where):
    with pytest.raises(InvalidInputError, match=where):
        read_whole(text)


def test_lines_are_counted_over_chunks():
    text = "\n".join(json.dumps({"number": number}) for number in range(100))
    with mock.patch.object(json_stream, "_CHUNK", 37):
        cursor = stream(text)
        for number in range(100):
            assert cursor.where() == f"line {number + 1}"
            assert cursor.value() == {"number": number}
        assert cursor.peek() == ""
