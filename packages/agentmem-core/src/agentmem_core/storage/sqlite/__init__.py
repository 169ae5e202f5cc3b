"""The ledger on SQLite."""

from agentmem_core.storage.sqlite.ledger import SqliteLedger

__all__ = ["SqliteLedger"]
