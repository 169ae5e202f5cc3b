"""What is wrong with an argument is said in one voice, with the bound that was missed."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from agentmem_core import AgentMem, InvalidInputError
from agentmem_core.model.explaining import explain


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


@pytest.fixture
def memory():
    with AgentMem(":memory:", user_id="ana", embedder="hashing") as opened:
        yield opened


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (0, "limit: must be at least 1, got 0"), (-3, "limit: must be at least 1, got -3"), (1.5, "limit: must be a whole number, got 1.5"),
        (10_001, "limit: must be at most 10,000, got 10001"), pytest.param(10**5_000, "limit: must be at most 10,000, got a number far beyond", id="huge"),
        pytest.param(-(10**5_000), "limit: must be at least 1, got a number far beyond", id="minus huge"), ("x", "limit: must be a whole number"), ([], "limit: must be a whole number"),
    ],
)  # fmt: skip
async def test_a_limit_that_cannot_be_is_refused_with_its_bound(memory, limit, said):
    for refused in (lambda: memory.search("tea", limit=limit), lambda: memory.list(limit=limit)):
        with pytest.raises(InvalidInputError) as told:
            refused()
        assert str(told.value) == said
    with pytest.raises(InvalidInputError, match="limit"):
        await memory.asearch("tea", limit=limit)


def test_other_arguments_say_theirs(memory):
    for said, refused in {
        "min_score: must be at most 1, got 2": lambda: memory.search("tea", min_score=2),
        "min_score: must be a finite number, got nan": lambda: memory.search("tea", min_score=float("nan")),
        "importance: must be at least 0, got -1": lambda: memory.add("tea", importance=-1),
        "order: must be 'oldest' or 'newest'": lambda: memory.list(order="up"),
        "depth: must be at most 10, got 99": lambda: memory.semantic.neighbours("tea", depth=99),
    }.items():
        with pytest.raises(InvalidInputError) as told:
            refused()
        assert str(told.value) == said


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (Annotated[int, Field(gt=3)], 3, "must be more than 3, got 3"),
        (Annotated[float, Field(lt=0.5)], 1, "must be less than 0.5, got 1"),
        (Annotated[int, Field(multiple_of=5)], 3, "must be a multiple of 5, got 3"),
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[str, Field(min_length=3)], "a", "must have at least 3 characters"),
        (Annotated[str, Field(max_length=2000)], "a" * 2001, "must have at most 2,000 characters"),
        (Annotated[str, Field(pattern="^a$")], "b", "must have the form ^a$"),
        (Annotated[list[int], Field(min_length=1)], [], "must not be empty"),
        (Annotated[list[int], Field(min_length=2)], [1], "must hold at least 2, not 1"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must hold at most 1, not 2"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (Colour, "green", "must be 'red' or 'blue'"),
        (bool, "maybe", "must be true or false"),
        (float, "much", "must be a number"),
        (dict[str, int], [1], "must be a dict (a JSON object)"),
        (Cat, 5, "must be a dict (a JSON object), got 5"),
        (frozenset[int], 5, "must be a list of different values, got 5"),
        (bytes, 5, "must be bytes, got 5"),
        (None, "a", "must be None"),
        (Annotated[Cat | Dog, Field(discriminator="kind")], {"kind": "cow"}, "must have a 'kind' of 'cat', 'dog'"),
        (complex, "x", "must be a valid python complex"),  # a kind that no argument has
    ],
)  # fmt: skip
def test_every_kind_of_problem_is_said_in_our_words(kind: Any, given: Any, said: str):
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(given)
    assert explain(found.value).startswith(f"argument: {said}")
    assert "nput should" not in explain(found.value)


def test_no_json_is_said_to_be_none_without_what_it_holds():
    with pytest.raises(ValidationError) as found:
        TypeAdapter(dict[str, int]).validate_json('{"secret')
    assert explain(found.value, "body").startswith("body: is no JSON (")
    assert "secret" not in explain(found.value)
