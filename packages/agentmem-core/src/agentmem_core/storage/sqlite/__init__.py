"""The ledger on SQLite."""

from agentmem_core.storage.sqlite.ledger import FILE_NAME, SqliteLedger

__all__ = ["FILE_NAME", "SqliteLedger"]
