"""Hypothesis strategies for what goes into a memory."""

from __future__ import annotations

from typing import Any, Final, Literal

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as error:
    raise ImportError(
        "agentmem_core.testing.strategies needs hypothesis; run: pip install 'agentmem-core[testing]'"
    ) from error

from agentmem_core.model import Filter, FilterCondition, FilterGroup, FilterOperator, MemoryType, Message, Scope
from agentmem_core.operations import NewMemory

_NOT_TEXT: Final[tuple[Literal["Cs"], ...]] = ("Cs",)
_CHARACTERS = st.one_of(
    st.sampled_from("abcdefghij ABC éüßñ .,:?!'-_\n"),
    st.sampled_from("里斯本我在五月搬到了東京にでカタカナｶﾅ서울한국"),
    st.sampled_from("👍👩‍👧🇵🇹❤️¿—…«»،"),
    st.characters(exclude_categories=_NOT_TEXT, exclude_characters="\x00"),
)
_WORDS = st.sampled_from("Ana Bob Lisbon Porto moved lives works tea coffee May 2024 里斯本 咖啡 東京 서울".split())
_KEYS = st.sampled_from(("city", "year", "tags", "a", "b", "a.b", "x.y", "", "键"))
_NAMES = st.sampled_from(("planner", "writer", "ağent-3"))
_OWN = st.sampled_from(("memory.content", "memory.type", "memory.importance", "memory.agent_id", "memory.version"))


def texts(*, max_size: int = 60) -> SearchStrategy[str]:
    """Contents that a memory takes: many scripts, never blank, no NUL and no surrogates."""
    sentences = st.lists(_WORDS, min_size=1, max_size=8).map(" ".join)
    anything = st.text(_CHARACTERS, min_size=1, max_size=max_size).filter(lambda text: bool(text.strip()))
    return st.one_of(sentences, anything)


def names() -> SearchStrategy[str]:
    """Names of users, agents and sessions."""
    return st.text(_CHARACTERS, min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


def scopes(
    *, tenants: tuple[str, ...] = ("acme", "zeta"), users: tuple[str, ...] = ("ana", "bob", "cleo")
) -> SearchStrategy[Scope]:
    """Scopes that collide often: few tenants, users, agents and sessions."""
    return st.builds(
        Scope,
        tenant=st.sampled_from(tenants),
        user_id=st.sampled_from(users),
        agent_id=st.none() | st.sampled_from(("planner", "writer")),
        session_id=st.none() | st.sampled_from(("s1", "s2")),
    )


def json_values() -> SearchStrategy[Any]:
    """What JSON can hold, nested a little; numbers stay within what every JSON reader keeps exactly."""
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.sampled_from((0, 1, 2, 1.0, 2.5, "", "a", "Lisbon", "2024-05-03")),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(_CHARACTERS, max_size=8),
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=6,
    )


def metadata() -> SearchStrategy[dict[str, Any]]:
    """Metadata, often under the same few keys that ``filters`` asks for."""
    return st.dictionaries(_KEYS | st.text(_CHARACTERS, max_size=6), json_values(), max_size=4)


def vectors(dimension: int = 4) -> SearchStrategy[list[float]]:
    """Vectors of finite float32 numbers; all zeros among them."""
    number = st.floats(-1e3, 1e3, allow_nan=False, width=32)
    return st.lists(number, min_size=dimension, max_size=dimension)


def messages() -> SearchStrategy[Message]:
    """Chat turns."""
    return st.builds(
        Message,
        role=st.sampled_from(("user", "assistant", "tool")),
        content=texts(),
        name=st.none() | st.sampled_from(("Ana", "Bob", "里奥")),
        metadata=metadata(),
    )


def new_memories() -> SearchStrategy[NewMemory]:
    """Items of an ``Add``, plain texts and chat turns, without ids."""
    return st.builds(
        NewMemory,
        content=texts(),
        type=st.none() | st.sampled_from(MemoryType),
        metadata=metadata(),
        importance=st.none() | st.floats(0.0, 1.0),
        role=st.none() | st.sampled_from(("user", "assistant")),
        name=st.none() | st.sampled_from(("Ana", "Bob")),
        entities=st.lists(names(), max_size=2).map(tuple),
        agent_id=st.none() | _NAMES,
        session_id=st.none() | st.sampled_from(("s1", "s2")),
    )


def filters() -> SearchStrategy[Filter | FilterGroup]:
    """Filters of every operator, nested in groups."""
    fields = st.one_of(_KEYS.filter(bool), _OWN)
    single = st.sampled_from(FilterOperator).flatmap(lambda operator: _filter_of(operator, fields))
    return st.recursive(
        single,
        lambda inner: st.builds(
            FilterGroup, condition=st.sampled_from(FilterCondition), filters=st.lists(inner, max_size=3).map(tuple)
        ),
        max_leaves=6,
    )


def _filter_of(operator: FilterOperator, fields: SearchStrategy[str]) -> SearchStrategy[Filter]:
    if operator in {FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL}:
        values: SearchStrategy[Any] = st.lists(json_values(), max_size=3)
    elif operator in {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}:
        values = st.sampled_from(("", "a", "LIS", "bon", "里")) | st.text(max_size=3)
    else:
        values = json_values()
    return st.builds(Filter, field=fields, operator=st.just(operator), value=values)
