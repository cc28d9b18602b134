"""The legs of a search on the server: by embedding, by words, by id. Each is a SELECT within one transaction.

They must not know connections, nor what is done with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memory.contract import FloatArray, Wanted
from memory.postgres.mapping import expressions
from memory.postgres.rows import kind, selected
from memory.record import folded

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from memory.postgres.mapping import Table
    from memory.postgres.pool import Reader, Rows

#: How far an index is followed when what it finds is filtered out: pgvector filters after its scan.
_SCANNED = 100_000
#: Of so many rows all embeddings are compared in a tenth or two of a second.
FEW = 30_000
#: Words of a question that are looked for, the longest first.
_WORDS = 12
#: Rows that are looked through for words when all would take too long: the hottest.
SOME = 5_000
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


def settings(table: Table, count: int) -> list[str]:
    """What a search by vector sets for its transaction, as far as this pgvector knows it.

    Long vectors lie outside of their rows, and the planner does not count what fetching them costs: it would
    rather read all of them than follow the index. So of many rows it is told not to, where the index goes on
    until enough rows pass the filter. Of few it may: that is exact.
    """
    wanted = max(100, min(1000, 2 * count))
    made = [f"hnsw.ef_search = {wanted}", "ivfflat.probes = 20"] if table.version >= (0, 5) else []
    if table.version >= (0, 8):
        made += ["hnsw.iterative_scan = strict_order", f"hnsw.max_scan_tuples = {_SCANNED}"]
        made += ["ivfflat.iterative_scan = relaxed_order"]
        made += ["enable_seqscan = off"] if table.indexed and table.rows > FEW else []
    return made


def by_vector(reader: Reader, table: Table, query: FloatArray, wanted: Wanted, count: int) -> Rows:
    """``count`` rows (with embeddings) by cosine to ``query``, the nearest first."""
    from psycopg.sql import SQL, Identifier

    where, values = _filter(table, wanted)
    column, asked = Identifier(table.columns["embedding"][0]), table.kind("embedding") or "vector"
    statement = SQL(
        "SELECT {} FROM {} WHERE {} IS NOT NULL AND {} ORDER BY {} OPERATOR({}.<=>) %s::{} LIMIT %s"
    ).format(
        selected(table, vectors=True), table.source(), column, where, column,
        Identifier(table.vector or "public"), kind(table, asked),
    )  # fmt: skip
    text = "[" + ",".join(f"{value:.9g}" for value in query.tolist()) + "]"
    return reader.rows(statement, [*values, text, count])


def by_id(reader: Reader, table: Table, ids: Sequence[str], vectors: bool) -> Rows:
    """The rows of ``ids`` that are there, in any order."""
    from psycopg.sql import SQL

    condition, values = _among(table, ids)
    statement = SQL("SELECT {} FROM {} WHERE {}").format(selected(table, vectors), table.source(), condition)
    return reader.rows(statement, [values]) if values else []


def stems(reader: Reader, text: str) -> list[str]:
    """The beginnings of ``text``'s words that carry meaning, at most 12.

    English words are cut where the word and its stem part, so that "policies" finds "policy". What is left
    of a short one would begin anything: for "using" it is the whole words "using|use".
    """
    from psycopg.sql import SQL

    words = sorted(set(re.findall(r"\w+", folded(text))), key=lambda word: (-len(word), word))
    words = [word for word in words if len(word) > 1][: 4 * _WORDS]
    if not words:
        return []
    stemmed = reader.rows(SQL("SELECT w, ts_lexize('english_stem', w) FROM unnest(%s::text[]) w"), [words])
    kept = {word: stem[0] for word, stem in stemmed if stem}
    cut = [_begins(word, kept[word]) for word in words if word in kept]
    return list(dict.fromkeys(cut))[:_WORDS]


def by_words(
    reader: Reader, table: Table, begins: Sequence[str], wanted: Wanted, count: int, some: bool
) -> list[str]:
    """The ids of ``count`` rows with words that begin so, by BM25 with every frequency in a row taken as one.

    A word that few rows have counts for more, and so does one in a short text. ``some``: of the hottest
    `SOME` rows only. Without a full-text index every text is looked at, by regular expressions: ten times as
    quick as to_tsvector on each, and no text is too long for them.
    """
    from psycopg.sql import SQL, Identifier, Literal

    made = expressions(table)
    where, values = _filter(table, wanted)
    source = SQL("SELECT {} FROM {} WHERE {}").format(table.known(), table.source(), where)
    if some:
        source += SQL(" ORDER BY {} DESC LIMIT {}").format(made["temperature"], Literal(SOME))
    words = None if some else table.words
    has = [_has(made["content"], word, words) for word in begins]
    flags = SQL(", ").join(
        SQL("({})::int AS {}").format(one, Identifier(f"h{number}")) for number, one in enumerate(has)
    )
    sums = SQL(", ").join(
        SQL("sum({0})::float8 AS {1}").format(Identifier(f"h{number}"), Identifier(f"d{number}"))
        for number in range(len(has))
    )
    score = SQL(" + ").join(
        SQL("{0} * ln(1 + (n - {1} + 0.5) / ({1} + 0.5))").format(
            Identifier(f"h{number}"), Identifier(f"d{number}")
        )
        for number in range(len(has))
    )
    if words:
        any_of = SQL(" OR ").join(has)
    else:
        any_of = SQL("{} ~* {}").format(made["content"], Literal("|".join(map(_pattern, begins))))
    statement = SQL(
        "WITH hits AS MATERIALIZED (SELECT {id} AS id, length({content})::float8 AS long, {flags}"
        " FROM ({source}) AS looked_at WHERE {any_of}),"
        " told AS (SELECT greatest(count(*), {rows}) AS n, greatest(avg(long), 1) AS mean, {sums} FROM hits)"
        " SELECT id FROM hits, told WHERE id IS NOT NULL"
        " ORDER BY ({score}) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * long / mean)) DESC, id LIMIT {count}"
    ).format(
        id=made["id"], content=made["content"], flags=flags, source=source, any_of=any_of, sums=sums,
        score=score,
        rows=Literal(float(min(table.rows, SOME) if some else table.rows)), count=Literal(count),
    )  # fmt: skip
    return [row[0] for row in reader.rows(statement, values)]


def _has(content: Composable, word: str, words: str | None) -> Composable:
    from psycopg.sql import SQL, Literal

    if words:
        wholes = " | ".join(f"'{one}'" for one in word.split("|"))
        query = Literal(wholes if _whole(word) else f"'{word}':*")
        return SQL("{} @@ {}::tsquery").format(SQL(words), query)
    return SQL("{} ~* {}").format(content, Literal(_pattern(word)))


def _pattern(word: str) -> str:
    if not word.isascii():
        # Whether a server folds letters beyond ASCII, or takes them for letters, is up to its locale.
        return f"({word}|{word.upper()})"
    return rf"\m({word})\M" if _whole(word) else rf"\m{word}"


def _whole(word: str) -> bool:
    """Short words and numbers are no beginnings of others."""
    return len(word) <= 3 or "|" in word or any(letter.isdigit() for letter in word)


def _begins(word: str, stem: str) -> str:
    """How words begin that mean the same, or those words themselves where that is too short."""
    cut = _common(word, stem)
    if word == stem or not _whole(cut):
        return cut
    # A full-text index has the stem; a text has the word, or for "tries" "try".
    forms = (word, stem, f"{stem[:-1]}y" if stem.endswith("i") else word)
    return "|".join(dict.fromkeys(forms))


def _common(word: str, stem: str) -> str:
    """Where ``word`` and its stem part: at least three letters."""
    same = next(
        (at for at, (a, b) in enumerate(zip(word, stem, strict=False)) if a != b), min(len(word), len(stem))
    )
    # The stemmer writes i for a final y.
    same -= stem[:same].endswith("i")
    return word[: max(3, same)]


def _filter(table: Table, wanted: Wanted) -> tuple[Composable, list[Any]]:
    """The condition of what is ``wanted``, and its values. What is NULL is not excluded."""
    from psycopg.sql import SQL

    made = expressions(table)
    parts: list[Composable] = [SQL("lower(coalesce({}, 'current')) <> 'retracted'").format(made["state"])]
    values: list[Any] = []
    if not wanted.sacred:
        parts.append(SQL("NOT {}").format(made["sacred"]))
    if wanted.domains:
        parts.append(SQL("{} = ANY(%s::text[])").format(made["domain"]))
        values.append(list(wanted.domains))
    if wanted.excluded:
        among, given = _among(table, sorted(wanted.excluded))
        if given:
            parts.append(SQL("NOT coalesce({}, false)").format(among))
            values.append(given)
    return SQL(" AND ").join(parts), values


def _among(table: Table, ids: Sequence[str]) -> tuple[Composable, list[str]]:
    """A condition with one value, the ids that can be ids there: by the column's own type, for its index."""
    from psycopg.sql import SQL, Identifier

    name, type_ = table.columns["id"]
    column = Identifier(name)
    if type_ in ("int2", "int4", "int8"):
        # Compared as 64 bits: what is beyond them is the id of none.
        whole = [one for one in ids if _WHOLE.fullmatch(one) and -(2**63) <= int(one) < 2**63]
        return SQL("{} = ANY(%s::int8[])").format(column), whole
    if type_ == "uuid":
        return SQL("{} = ANY(%s::uuid[])").format(column), [one for one in ids if _UUID.fullmatch(one)]
    if type_ in ("text", "varchar"):
        return SQL("{} = ANY(%s::text[])").format(column), list(ids)
    return SQL("{}::text = ANY(%s::text[])").format(column), list(ids)
