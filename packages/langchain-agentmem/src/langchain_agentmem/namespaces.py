"""The namespaces of a LangGraph store: which match, in which order."""

from __future__ import annotations

from collections.abc import Iterable

from langgraph.store.base import ListNamespacesOp, MatchCondition

from agentmem_core import InvalidInputError

Namespace = tuple[str, ...]


def listed(found: Iterable[Namespace], op: ListNamespacesOp) -> list[Namespace]:
    """The page of those that match every condition, cut to ``max_depth``, each once, sorted."""
    conditions = op.match_conditions or ()
    for condition in conditions:
        if condition.match_type not in {"prefix", "suffix"}:
            raise InvalidInputError(f"match_type: must be prefix or suffix, not {condition.match_type!r}")
    matching = {name for name in found if all(matches(condition, name) for condition in conditions)}
    if op.max_depth is not None:
        matching = {name[: op.max_depth] for name in matching}
    return sorted(matching)[op.offset : op.offset + op.limit]


def matches(condition: MatchCondition, name: Namespace) -> bool:
    """Whether a namespace begins or ends with a path, in which ``*`` stands for any one label."""
    path = condition.path
    if len(name) < len(path):
        return False
    part = name[: len(path)] if condition.match_type == "prefix" else name[len(name) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
