"""The tables, as ordered migrations, and the transaction that every write goes through.

It must not know what a conversation means, nor where the file lives.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from tui.core.store.errors import StoreUnusable

#: Migration i brings a store from ``user_version`` i to i + 1. Append only: stores of every age exist.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE conversation (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            title TEXT NOT NULL,
            mode TEXT NOT NULL,
            head TEXT REFERENCES message (id),
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL
        )
        """,
        """
        CREATE TABLE message (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            parent TEXT REFERENCES message (id),
            conversation TEXT NOT NULL REFERENCES conversation (id),
            role TEXT NOT NULL,
            content TEXT NOT NULL,
            created_at REAL NOT NULL,
            thinking TEXT NOT NULL DEFAULT '',
            status TEXT NOT NULL DEFAULT 'done',
            error TEXT,
            provenance TEXT,
            usage TEXT,
            owner_pid INTEGER,
            owner_started REAL
        )
        """,
        "CREATE INDEX message_parent ON message (parent)",
        "CREATE INDEX message_roots ON message (conversation) WHERE parent IS NULL",
        "CREATE INDEX message_streaming ON message (status) WHERE status = 'streaming'",
        "CREATE INDEX conversation_updated ON conversation (updated_at)",
        # Holds folded text; a row's id is a message's seq, or minus a conversation's seq for its title.
        "CREATE VIRTUAL TABLE passage USING fts5 (text, tokenize = 'unicode61')",
    ),
    (
        "ALTER TABLE conversation ADD COLUMN deleted_at REAL",
        "CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL",
        # A purge asks what still refers to each row that goes.
        "CREATE INDEX conversation_head ON conversation (head)",
        "CREATE INDEX message_conversation ON message (conversation)",
    ),
    # What an answer was shown of memories, as JSON (`tui.core.conversation.Recollection`).
    ("ALTER TABLE message ADD COLUMN memories TEXT",),
)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, with the write lock taken at once, so that it cannot be refused half way."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back after some errors (a full disk among them).
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Several reads of one moment, whatever other programs write between them."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def check_version(db: sqlite3.Connection, where: str) -> int:
    """The store's schema version. Raises `StoreUnusable` for one newer than this program's."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StoreUnusable(
            f"{where}: written by a newer modeshare (schema {version}, this program knows "
            f"{len(MIGRATIONS)}); nothing was changed: upgrade modeshare, "
            "or set MODESHARE_DATA_DIR to another directory"
        )
    return version


def migrate(db: sqlite3.Connection, where: str) -> None:
    """Bring the tables up to date in one transaction."""
    if check_version(db, where) == len(MIGRATIONS):
        return
    with transaction(db):
        # Asked again under the lock: another program may have migrated while we waited for it.
        for statements in MIGRATIONS[check_version(db, where) :]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
