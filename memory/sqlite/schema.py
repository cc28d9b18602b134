"""The tables, as ordered migrations, and the transaction that every write goes through.

It must not know what a memory means, nor where the file lives.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from memory.contract import MemoryUnavailable

#: Migration i brings a store from ``user_version`` i to i + 1. Append only: stores of every age exist.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # What is long comes last: the columns before it are read without following a chain of pages.
        # ``divided``: its parts stand for it. ``recallable``: `memory.sqlite.writing` says when.
        """
        CREATE TABLE memory (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            recallable INTEGER NOT NULL,
            divided INTEGER NOT NULL,
            sacred INTEGER NOT NULL,
            domain TEXT,
            temperature REAL NOT NULL,
            anchor_at REAL NOT NULL,
            created_at REAL NOT NULL,
            origin TEXT NOT NULL,
            hash TEXT NOT NULL,
            last_access REAL,
            access_count INTEGER NOT NULL,
            tags TEXT NOT NULL,
            kind TEXT,
            temporal_state TEXT NOT NULL,
            canonical INTEGER NOT NULL,
            superseded_by TEXT,
            parent TEXT,
            chunk INTEGER,
            provenance TEXT,
            metadata TEXT NOT NULL,
            content TEXT NOT NULL
        )
        """,
        "CREATE INDEX memory_hash ON memory (hash)",
        "CREATE INDEX memory_parent ON memory (parent) WHERE parent IS NOT NULL",
        "CREATE INDEX memory_facets ON memory (recallable, domain, sacred)",
        "CREATE INDEX memory_origin ON memory (origin, id)",
        # It keeps the words that it was given: how they are folded or redacted may change, and a row can be
        # taken out of an index without texts only by the very words that went in.
        "CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'ascii')",
        "CREATE VIRTUAL TABLE word USING fts5vocab ('words', 'row')",
        "CREATE TABLE model (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dim INTEGER NOT NULL)",
        """
        CREATE TABLE embeddings (
            key INTEGER PRIMARY KEY,
            model INTEGER NOT NULL REFERENCES model (key),
            memory INTEGER NOT NULL REFERENCES memory (seq) ON DELETE CASCADE,
            vec BLOB NOT NULL,
            UNIQUE (model, memory)
        )
        """,
        "CREATE INDEX embeddings_memory ON embeddings (memory)",
        # What may have become different for those who hold vectors in main memory; the newest only.
        "CREATE TABLE change (generation INTEGER PRIMARY KEY AUTOINCREMENT, memory INTEGER NOT NULL)",
        """
        CREATE TRIGGER embedded AFTER INSERT ON embeddings
        BEGIN INSERT INTO change (memory) VALUES (new.memory); END
        """,
        """
        CREATE TRIGGER embedded_anew AFTER UPDATE ON embeddings
        BEGIN INSERT INTO change (memory) VALUES (new.memory); END
        """,
        """
        CREATE TRIGGER no_longer_embedded AFTER DELETE ON embeddings
        BEGIN INSERT INTO change (memory) VALUES (old.memory); END
        """,
        """
        CREATE TRIGGER other_facets AFTER UPDATE OF recallable, domain, sacred ON memory
        BEGIN INSERT INTO change (memory) VALUES (new.seq); END
        """,
        # By id, not seq: a row that a server takes away and gives again keeps what we know of it.
        "CREATE TABLE access_overlay (memory TEXT PRIMARY KEY, added REAL NOT NULL, at REAL NOT NULL)",
        """
        CREATE TABLE used (
            memory TEXT NOT NULL, conversation TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (memory, conversation)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE choice (
            conversation TEXT NOT NULL, kind TEXT NOT NULL, memory TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (conversation, kind, memory)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX choice_memory ON choice (memory)",
        "CREATE TABLE hidden (memory TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID",
        "CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID",
        # Ids and scores of what a recall showed; the query's text is kept nowhere.
        """
        CREATE TABLE retrieval_log (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
            milliseconds REAL NOT NULL, shown TEXT NOT NULL
        )
        """,
        # Tells a store from another at the same place, for the files of vectors beside it.
        "CREATE TABLE identity (name TEXT NOT NULL)",
        "INSERT INTO identity VALUES (lower(hex(randomblob(16))))",
    ),
    (
        "CREATE INDEX memory_provenance ON memory (provenance) WHERE chunk IS NULL",
        "CREATE INDEX memory_superseded ON memory (superseded_by) WHERE superseded_by IS NOT NULL",
        # Other places that have the words of a memory: a file, or a part of ``whole``; '' is no file.
        """
        CREATE TABLE also (
            memory TEXT NOT NULL, place TEXT NOT NULL, whole TEXT NOT NULL, chunk INTEGER,
            PRIMARY KEY (memory, place, whole)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX also_place ON also (place)",
        "CREATE INDEX also_whole ON also (whole)",
    ),
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


def renew(db: sqlite3.Connection) -> None:
    """Within a `snapshot`: what follows reads of now."""
    if db.in_transaction:
        db.execute("ROLLBACK")
        db.execute("BEGIN")


def check_version(db: sqlite3.Connection, where: str) -> int:
    """The store's schema version. Raises `MemoryUnavailable` for one newer than this program's."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise MemoryUnavailable(
            f"{where}: written by a newer modeshare (schema {version}, this program knows "
            f"{len(MIGRATIONS)}); nothing was changed: upgrade modeshare, or name another file"
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
