"""Full text over titles and messages, in any script and letter case.

SQLite folds the case of few scripts (not of Cherokee, whose small letters came late to Unicode), so text and
query are folded here alike. It must not know the tree, only that passages belong to conversations.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from bisect import bisect_right
from typing import TYPE_CHECKING

from tui.core.store.branches import users
from tui.core.store.rows import conversation_of, storable

if TYPE_CHECKING:
    from tui.core.conversation import Hit

_BEFORE, _WIDTH = 40, 160  # characters of an excerpt: before the match, and in all

_MATCHES = """
    SELECT passage.rowid AS place, coalesce(message.conversation, titled.id) AS conversation,
        message.id AS message, owner.deleted_at AS deleted_at
    FROM passage
    LEFT JOIN message ON message.seq = passage.rowid
    LEFT JOIN conversation AS owner ON owner.id = message.conversation
    LEFT JOIN conversation AS titled ON titled.seq = -passage.rowid
    WHERE passage MATCH ?
    ORDER BY passage.rowid < 0, rank
"""

_NEWEST = """
    SELECT * FROM conversation
    WHERE head IS NOT NULL AND deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))
    ORDER BY updated_at DESC, seq DESC LIMIT ?
"""

_MARKED = """
    SELECT text, highlight(passage, 0, char(2), char(3)) FROM passage WHERE passage MATCH ? AND rowid = ?
"""


def fold(text: str) -> str:
    """``text`` as it is compared: without letter case, then composed (NFC)."""
    return unicodedata.normalize("NFC", text.casefold())


def index(db: sqlite3.Connection, place: int, text: str) -> None:
    """Let search find ``text`` at ``place``: a message's seq, or minus a conversation's for its title."""
    db.execute("DELETE FROM passage WHERE rowid = ?", (place,))
    db.execute("INSERT INTO passage (rowid, text) VALUES (?, ?)", (place, fold(text)))


def search(db: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    """Conversations with all the words of ``query`` in one passage, the last as a prefix; newest first.

    The excerpt is from the best matching message, or the title when only that matches.
    """
    from tui.core.conversation import Hit

    match = _expression(query)
    best: dict[str, int] = {}
    if match:
        for row in db.execute(_MATCHES, (match,)):
            for conversation in _holders(db, row):
                best.setdefault(conversation, row["place"])
    found = db.execute(_NEWEST, (json.dumps(list(best)), limit)).fetchall()
    return [Hit(conversation_of(row), _excerpt(db, match, best[row["id"]])) for row in found]


def _holders(db: sqlite3.Connection, row: sqlite3.Row) -> list[str]:
    """The conversation of the match, or, when that was deleted, its forks that still show the message."""
    return [row["conversation"]] if row["deleted_at"] is None else users(db, row["message"])


def _expression(query: str) -> str:
    """An FTS5 expression in which every word of ``query`` is a quoted string, so never an operator."""
    words = fold(storable(query).replace("\0", " ")).split()
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    return " ".join(quoted) + " *" if quoted else ""


def _excerpt(db: sqlite3.Connection, match: str, place: int) -> str:
    text: str = db.execute(
        "SELECT content FROM message WHERE seq = ?1 UNION ALL SELECT title FROM conversation WHERE seq = -?1",
        (place,),
    ).fetchone()[0]
    plain, marked = db.execute(_MARKED, (match, place)).fetchone()
    # The first mark is where the two part; looking for the mark itself would stumble over one in the text.
    folded_at = next((at for at, (a, b) in enumerate(zip(plain, marked, strict=False)) if a != b), 0)
    # Folding changes lengths (ß to ss), so the place in the original is where its folded start grows past.
    at = bisect_right(range(len(text)), folded_at, key=lambda end: len(fold(text[:end]))) - 1
    start = max(0, at - _BEFORE)
    end = start + _WIDTH
    words = " ".join(text[start:end].split())
    return ("…" if start else "") + words + ("…" if end < len(text) else "")
