"""The keyword leg: BM25 over words, with a bound on how many rows a query may look at.

BM25 in SQLite looks at every row that has one of the words. A word in a tenth of a million rows tells next
to nothing and costs a hundred times as much as one that tells a lot. So the rarest words are taken first, and
more only as far as the bound allows; the rest choose among what those have found. It must not know memories
beyond their numbers.
"""

from __future__ import annotations

import json
import sqlite3
import threading

from memory.contract import Wanted
from memory.sqlite.rescoring import rescored
from memory.sqlite.words import telling, words

#: Rows that one query may look at, a row counted for each of its words that it has: about a microsecond each.
#: More where there are more, by this part of all.
BOUND, SHARE = 2_500, 0.03
#: A query's length in characters and in different words, at most: somebody may paste a book.
_CHARACTERS, _WORDS = 8_000, 32

#: So many times as many as are wanted are found by the rare words, for the frequent ones to choose among.
_POOL = 4

#: A word's rows are counted again when all rows have become so many times as many.
_GROWTH = 1.25

_MATCHES = """
    SELECT words.rowid, words.rank, CASE :texts WHEN 0 THEN '' ELSE substr(words.text, 1, :texts) END
    FROM words CROSS JOIN memory AS m ON m.seq = words.rowid
    WHERE words MATCH :match AND words.rowid > :after AND m.recallable AND (:sacred OR NOT m.sacred)
        AND (:all OR m.domain IN (SELECT value FROM json_each(:domains)))
        AND m.id NOT IN (SELECT value FROM json_each(:excluded))
    ORDER BY words.rank LIMIT :count
"""


def index(db: sqlite3.Connection, seq: int, text: str | None) -> None:
    """Let `search` find memory ``seq`` by the words of ``text``, None: not at all."""
    db.execute("DELETE FROM words WHERE rowid = ?", (seq,))
    if text is not None:
        db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (seq, " ".join(words(text))))


class Frequencies:
    """In how many rows a word is: counted once, as that takes the longer the more there are."""

    _KEPT = 20_000

    def __init__(self) -> None:
        self._counted: dict[str, int] = {}
        self._lock = threading.Lock()
        self._highest = 0

    def of(self, db: sqlite3.Connection, asked: list[str]) -> dict[str, int]:
        """Rows that have each of the ``asked`` words; 0 for a word that none has."""
        highest = highest_row(db)
        with self._lock:
            if highest > self._highest * _GROWTH or len(self._counted) > self._KEPT:
                self._counted, self._highest = {}, highest
            known = self._counted
        found = {}
        for word in asked:
            # A word that nobody had may have come since: that is looked up again, it costs nothing.
            found[word] = known.get(word) or _rows_with(db, word)
        with self._lock:
            known.update(found)
        return found


def search(
    db: sqlite3.Connection, text: str, wanted: Wanted, count: int, frequencies: Frequencies
) -> list[int]:
    """Numbers of at most ``count`` memories that share words with ``text``, the best first."""
    asked = telling(text[:_CHARACTERS])
    rows = {word: n for word, n in frequencies.of(db, asked).items() if n}
    if not rows or count < 1:
        return []
    bound = BOUND + round(SHARE * highest_row(db))
    rows = {word: rows[word] for word in sorted(rows, key=lambda word: rows[word])[:_WORDS]}
    chosen = _chosen(rows, bound)
    match = " OR ".join(f'"{word}"' for word in chosen)
    after = 0
    if rows[chosen[0]] > bound:
        after = _newest(db, match, bound)
    frequent = {word: rows[word] for word in rows if word not in chosen}
    found = db.execute(
        _MATCHES,
        {
            "texts": _CHARACTERS if frequent else 0,
            "match": match,
            "after": after,
            "sacred": wanted.sacred,
            "all": not wanted.domains,
            "domains": json.dumps(wanted.domains),
            "excluded": json.dumps(sorted(wanted.excluded)),
            "count": count * _POOL if frequent else count,
        },
    ).fetchall()
    if frequent:
        return rescored(found, frequent, highest_row(db), count)
    return [seq for seq, *_ in found]


def highest_row(db: sqlite3.Connection) -> int:
    """The highest number that has words: about how many have."""
    return int(db.execute("SELECT max(rowid) FROM words").fetchone()[0] or 0)


def _chosen(rows: dict[str, int], bound: int) -> list[str]:
    """The first of ``rows``, which has the rarest first, that are within the bound; at least one."""
    rarest, *others = rows
    chosen, looked_at = [rarest], rows[rarest]
    for word in others:
        looked_at += rows[word]
        if looked_at > bound:
            break
        chosen.append(word)
    return chosen


def _newest(db: sqlite3.Connection, match: str, bound: int) -> int:
    """When even the rarest word is everywhere: below which number rows are too old to be looked at."""
    found = db.execute(
        "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?", (match, bound)
    ).fetchone()
    return 0 if found is None else int(found[0])


def _rows_with(db: sqlite3.Connection, word: str) -> int:
    found = db.execute("SELECT doc FROM word WHERE term = ?", (word,)).fetchone()
    return 0 if found is None else int(found[0])
