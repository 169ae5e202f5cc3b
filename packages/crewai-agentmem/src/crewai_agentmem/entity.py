"""An entity as it is stored: its name, its kind, what is said of it and how it is related; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agentmem_core import InvalidInputError, Memory
from crewai_agentmem.fields import folded, listed, tag_of

_SAID_KEPT = 200
"""Descriptions of one entity; what was said before them stands in the memory's history."""
Relations = Mapping[str, str | Iterable[str]]


@dataclass(frozen=True, slots=True)
class Entity:
    """One person, place or thing; ``said`` are the descriptions, ``relations`` pairs of a relation and the other's name."""

    name: str
    kind: str = "entity"
    said: tuple[str, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, memory: Memory) -> Entity:
        """The entity that a row stands for."""
        tag = tag_of(memory)
        return cls(
            name=str(tag["name"]),
            kind=str(tag.get("kind", "entity")),
            said=tuple(tag.get("said", ())),
            relations=tuple((str(pair[0]), str(pair[1])) for pair in tag.get("relations", ())),
        )

    def learning(self, kind: str | None, description: str, relations: Iterable[tuple[str, str]] = ()) -> Entity:
        """With what is told now: nothing twice, the newest descriptions last."""
        known = {folded(text) for text in self.said}
        said = (*self.said, description) if description and folded(description) not in known else self.said
        related = dict.fromkeys([*self.relations, *relations])
        return replace(self, kind=kind or self.kind, said=said[-_SAID_KEPT:], relations=tuple(related))

    def without(self, relations: Iterable[tuple[str, str]]) -> Entity:
        """Without relations that hold no longer."""
        over = {(folded(relation), folded(other)) for relation, other in relations}
        kept = tuple(pair for pair in self.relations if (folded(pair[0]), folded(pair[1])) not in over)
        return replace(self, relations=kept)

    def tells(self, relation: str, other: str) -> bool:
        """Whether it is related so."""
        wanted = (folded(relation), folded(other))
        return any((folded(known), folded(name)) == wanted for known, name in self.relations)

    @property
    def text(self) -> str:
        """What is found and read: everything known of it."""
        about = " ".join(text if text.endswith((".", "!", "?", "。")) else f"{text}." for text in self.said)
        lines = [f"{self.name} ({self.kind}){': ' + about if about else ''}"]
        return "\n".join([*lines, *(f"{self.name} {relation} {other}" for relation, other in self.relations)])

    @property
    def fields(self) -> dict[str, Any]:
        """For the part of the metadata under ``crewai``."""
        return {
            "name": self.name, "kind": self.kind, "said": list(self.said), "relations": [list(r) for r in self.relations],
        }  # fmt: skip


def named(name: object) -> str:
    """A name that can be kept."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInputError(f"name: must be a text that is not blank, not {name!r}")
    return name.strip()


def pairs(relations: Relations | None) -> list[tuple[str, str]]:
    """``{"works at": ["Rodela"]}`` as pairs."""
    if relations is None:
        return []
    if not isinstance(relations, Mapping):
        raise InvalidInputError(f"relations: must be a dict of relation and names, not {type(relations).__name__}")
    return [
        (named(relation), named(other))
        for relation, others in relations.items()
        for other in ([others] if isinstance(others, str) else listed(f"relations: {relation}", others))
    ]
