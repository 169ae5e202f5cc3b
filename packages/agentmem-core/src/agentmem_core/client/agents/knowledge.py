"""Values that only the holder of a key can read."""

from __future__ import annotations

from typing import ClassVar, Unpack

from agentmem_core.client.agents.base import Agent, Within
from agentmem_core.model import AuditEntry, MemoryType
from agentmem_core.model.knowledge import KnowledgeEntry, Sensitivity
from agentmem_core.operations.agents.knowledge import (
    DeleteEntry,
    GetEntry,
    ListEntries,
    PutEntry,
    ReadAudit,
    RevealEntry,
    RotateKey,
)

Entries = list[KnowledgeEntry]
AuditEntries = list[AuditEntry]


class KnowledgeAgent(Agent):
    """Secrets and settings, sealed with AES-256-GCM under the key in ``AGENTMEM_VAULT_KEY`` or the keyring.

    ``put`` seals a value under a name; ``search`` finds the entry by its description, never by its value. ``add("text")`` is
    something else: a plain reference note of this type, searchable and readable by everyone who reads the memory.
    """

    name: ClassVar[str] = "knowledge"
    type: ClassVar[MemoryType] = MemoryType.KNOWLEDGE

    def put(
        self,
        name: str,
        value: str,
        *,
        sensitivity: Sensitivity | str | None = None,
        description: str | None = None,
        **scope: Unpack[Within],
    ) -> KnowledgeEntry:
        """Seal a value under a name, as a new version where the name stands.

        ``sensitivity`` (public, internal, confidential, secret) and ``description`` stay what they were; at first they are
        internal and the name. Without a key nothing is written: ``NotConfiguredError`` says how to make one.
        """
        return self._run(
            self._op(PutEntry, scope, name=name, value=value, sensitivity=sensitivity, description=description)
        )

    async def aput(
        self,
        name: str,
        value: str,
        *,
        sensitivity: Sensitivity | str | None = None,
        description: str | None = None,
        **scope: Unpack[Within],
    ) -> KnowledgeEntry:
        """``put`` without blocking the event loop."""
        return await self._arun(
            self._op(PutEntry, scope, name=name, value=value, sensitivity=sensitivity, description=description)
        )

    def reveal(self, name: str, *, reason: str, **scope: Unpack[Within]) -> str:
        """The plain value; the audit has who asked and why before you have it. A wrong key is a ``VaultError``."""
        return self._run(self._op(RevealEntry, scope, name=name, reason=reason))

    async def areveal(self, name: str, *, reason: str, **scope: Unpack[Within]) -> str:
        """``reveal`` without blocking the event loop."""
        return await self._arun(self._op(RevealEntry, scope, name=name, reason=reason))

    def get(self, name: str, **scope: Unpack[Within]) -> KnowledgeEntry:
        """The entry of that name, or id, without its value."""
        return self._run(self._op(GetEntry, scope, name=name))

    async def aget(self, name: str, **scope: Unpack[Within]) -> KnowledgeEntry:
        """``get`` without blocking the event loop."""
        return await self._arun(self._op(GetEntry, scope, name=name))

    def list(self, **scope: Unpack[Within]) -> Entries:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - answers entries, as `get` does
        """Every entry without its value, in the order they were made."""
        return self._run(self._op(ListEntries, scope))

    async def alist(self, **scope: Unpack[Within]) -> Entries:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - answers entries, as `get` does
        """``list`` without blocking the event loop."""
        return await self._arun(self._op(ListEntries, scope))

    def rotate_key(self) -> int:
        """Seal every value of the tenant anew, all users' and those in the history too, with the first key configured.

        Before, put the new key in front of the old one: ``AGENTMEM_VAULT_KEY=new,old``; afterwards the old one can go. All
        values or none: a value that no key opens is a ``VaultError``. Answers how many.
        """
        return self._run(RotateKey(scope=self._scope))

    async def arotate_key(self) -> int:
        """``rotate_key`` without blocking the event loop."""
        return await self._arun(RotateKey(scope=self._scope))

    def delete(self, name: str, **scope: Unpack[Within]) -> int:
        """Delete an entry by its name or id; it can be restored by its id until ``compact``."""
        return self._run(self._op(DeleteEntry, scope, name=name))

    async def adelete(self, name: str, **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._op(DeleteEntry, scope, name=name))

    def audit(self, *, after: int = 0, limit: int = 1_000, **scope: Unpack[Within]) -> AuditEntries:
        """Who had which value revealed, when and why, oldest first; entries past number ``after``."""
        return self._run(self._op(ReadAudit, scope, after=after, limit=limit))

    async def aaudit(self, *, after: int = 0, limit: int = 1_000, **scope: Unpack[Within]) -> AuditEntries:
        """``audit`` without blocking the event loop."""
        return await self._arun(self._op(ReadAudit, scope, after=after, limit=limit))
