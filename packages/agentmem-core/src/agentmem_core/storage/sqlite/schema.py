"""The tables of the ledger.

A row number is ``partition << 32 | n``: one user's rows lie side by side in every table, so that reading them costs the same
however many other users there are, and an erased user leaves whole pages behind.

The columns of ``memories`` stand in the order of their size, because SQLite reads a row from its beginning: a listing stops before
the words and the vector, whose end lies in pages of its own when it is long. How often a memory was used stands in a table of
its own: a few bytes a row, since searches write it far more often than anything else of a memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SCHEMA_VERSION = 3
APPLICATION_ID = 0x41474D31
"""``AGM1``: what the header of our database files says."""

ROW_BITS = 32

LEARNING = """
CREATE TABLE lessons (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, user_id TEXT NOT NULL, agent_id TEXT, session_id TEXT,
    turns TEXT NOT NULL, queued_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL, holder TEXT,
    failed INTEGER NOT NULL, error TEXT
) STRICT;
CREATE INDEX lessons_by_user ON lessons (tenant, user_id, number);

CREATE TABLE learnt (row INTEGER PRIMARY KEY) STRICT;
"""

USES = """
CREATE TABLE uses (row INTEGER PRIMARY KEY, count INTEGER NOT NULL, at INTEGER) STRICT;
"""

_MOVE_USES = f"""{USES}
INSERT INTO uses SELECT row, access_count, last_accessed_at FROM memories WHERE access_count != 0 OR last_accessed_at IS NOT NULL;
ALTER TABLE memories DROP COLUMN access_count;
ALTER TABLE memories DROP COLUMN last_accessed_at;
"""

MIGRATIONS: dict[int, str] = {1: LEARNING, 2: _MOVE_USES}
"""What makes the tables of a version those of the next."""

TABLES = f"""
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL, name TEXT NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, dimension INTEGER, generation INTEGER NOT NULL DEFAULT 1,
    UNIQUE (tenant, name)
) STRICT;

CREATE TABLE partitions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL, user_id TEXT NOT NULL,
    last_row INTEGER NOT NULL DEFAULT 0, change INTEGER NOT NULL DEFAULT 0, log_from INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (collection, user_id)
) STRICT;

CREATE TABLE memories (
    row INTEGER PRIMARY KEY, partition INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, agent_id TEXT, session_id TEXT, role TEXT, name TEXT, speaker TEXT, importance REAL NOT NULL,
    occurred_at INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    expires_at INTEGER, valid_from INTEGER, valid_to INTEGER,
    version INTEGER NOT NULL,
    operation TEXT NOT NULL, deleted_at INTEGER, digest BLOB, given INTEGER NOT NULL, reason TEXT,
    content TEXT NOT NULL, metadata TEXT NOT NULL, entities TEXT NOT NULL, source TEXT NOT NULL,
    words TEXT NOT NULL, vector BLOB
) STRICT;
CREATE UNIQUE INDEX memories_by_id ON memories (partition, id);
CREATE UNIQUE INDEX memories_by_digest ON memories (partition, digest) WHERE digest IS NOT NULL;

CREATE INDEX memories_by_session ON memories (partition, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX memories_by_type ON memories (partition, type) WHERE type NOT IN ('episodic', 'semantic');

CREATE TABLE versions (
    row INTEGER NOT NULL, version INTEGER NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL, importance REAL NOT NULL,
    operation TEXT NOT NULL, changed_at INTEGER NOT NULL, reason TEXT,
    PRIMARY KEY (row, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    partition INTEGER NOT NULL, source TEXT NOT NULL, relation TEXT NOT NULL, target TEXT NOT NULL,
    valid_from INTEGER NOT NULL, fact TEXT NOT NULL, weight REAL NOT NULL, metadata TEXT NOT NULL, valid_to INTEGER,
    PRIMARY KEY (partition, source, relation, target, valid_from, fact)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_target ON links (partition, target);
CREATE INDEX links_by_fact ON links (partition, fact) WHERE fact != '';

CREATE TABLE changes (
    partition INTEGER NOT NULL, change INTEGER NOT NULL, row INTEGER NOT NULL,
    PRIMARY KEY (partition, change)
) STRICT, WITHOUT ROWID;

CREATE TABLE staging (row INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;

CREATE TABLE attachments (row INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (row, digest)) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_digest ON attachments (digest);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, operation TEXT NOT NULL,
    tenant TEXT NOT NULL, user_id TEXT NOT NULL, agent_id TEXT, session_id TEXT,
    subject TEXT NOT NULL, target TEXT, reason TEXT, details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_user ON audit (tenant, user_id, number);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
{LEARNING}{USES}"""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database file of ours holds, and how its header says so; tables are separated by ``;`` at the end of a line.

    ``migrations`` lead from a version to the next.
    """

    application_id: int
    version: int
    tables: str
    migrations: Mapping[int, str] = field(default_factory=dict)


LEDGER = Schema(APPLICATION_ID, SCHEMA_VERSION, TABLES, MIGRATIONS)
