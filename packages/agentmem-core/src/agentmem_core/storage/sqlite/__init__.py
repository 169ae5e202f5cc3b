"""The ledger on SQLite, and beside it the keys and the audit trail of a server."""

from agentmem_core.storage.sqlite.connections import which_file
from agentmem_core.storage.sqlite.keys import KEYS_FILE, Keyring, Secret, SqliteKeys
from agentmem_core.storage.sqlite.ledger import FILE_NAME, SqliteLedger
from agentmem_core.storage.sqlite.snapshot import attached_digests, require_whole, snapshot
from agentmem_core.storage.sqlite.trail import TRAIL_FILE, Archived, Entry, SqliteTrail

__all__ = [
    "FILE_NAME",
    "KEYS_FILE",
    "TRAIL_FILE",
    "Archived",
    "Entry",
    "Keyring",
    "Secret",
    "SqliteKeys",
    "SqliteLedger",
    "SqliteTrail",
    "attached_digests",
    "require_whole",
    "snapshot",
    "which_file",
]
