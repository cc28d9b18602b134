"""Which column of a table that others own is what to us: looked up once, by name and type.

Only an id and a text are needed; whatever else is missing costs what it would have given. Every value is made
of a type that we know within the SELECT, so that a row never fails for its types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memory.postgres.server import Server
from memory.postgres.trouble import unavailable

if TYPE_CHECKING:
    from psycopg.sql import SQL, Composable

    from memory.postgres.pool import Reader, Rows

#: What a column may be called, the likeliest first.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "id": ("id", "memory_id", "thermal_id", "uuid", "memory_hash", "hash"),
    "content": ("original_content", "content", "memory_content", "text", "body", "memory", "document"),
    "temperature": ("temperature_score", "temperature", "thermal_score", "temp", "heat"),
    "created": ("created_at", "created", "creation_time", "inserted_at", "timestamp"),
    "accessed": ("last_access", "last_accessed", "last_accessed_at", "accessed_at"),
    "accesses": ("access_count", "accesses", "hits"),
    "sacred": ("sacred_pattern", "is_sacred", "sacred"),
    "domain": ("domain_tag", "domain", "topic"),
    "tags": ("tags", "tag_list", "labels"),
    "kind": ("memory_type", "kind", "type"),
    "state": ("temporal_state", "state"),
    "stale": ("staleness_flagged", "is_stale", "stale"),
    "canonical": ("canonical", "is_canonical"),
    "superseded": ("superseded_by", "replaced_by"),
    "parent": ("parent_thermal_id", "parent_id", "parent"),
    "chunk": ("chunk_index", "chunk"),
    "node": ("source_node", "source", "node"),
    "triad": ("source_triad", "triad"),
    "session": ("source_session", "session"),
    "metadata": ("metadata", "meta", "extra"),
    "embedding": ("embedding", "embedding_vector", "vector", "vec"),
    "words": ("search_vector", "content_tsv", "tsv", "fts", "document_tsv"),
}
#: Types that pgvector searches.
SEARCHED = ("vector", "halfvec")
_NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
_INTEGERS = ("int2", "int4", "int8")
_TEXTS = ("text", "varchar", "bpchar", "name", "citext")

_COLUMNS = """
SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::float8, a.attname, t.typname::text, a.atttypmod::int4,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'),
       current_setting('server_version_num')::int4, current_database()::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t0 ON t0.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE WHEN t0.typbasetype <> 0 THEN t0.typbasetype ELSE t0.oid END
WHERE c.oid = (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (%s::text IS NULL OR n.nspname = %s)
    ORDER BY coalesce(array_position(current_schemas(false), n.nspname), 1000), n.nspname LIMIT 1)
ORDER BY a.attnum
"""
_VECTOR = """
SELECT n.nspname::text, e.extversion::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'vector'
"""
#: Definitions of the full-text indexes: on a column, or on what `to_tsvector` gives.
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid, 1, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam
WHERE n.nspname = %s AND c.relname = %s AND m.amname IN ('gin', 'gist') AND i.indisvalid AND i.indpred IS NULL
"""
#: Whether a column has an index for cosines.
_NEAR = """
SELECT count(*) > 0 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
JOIN pg_opclass o ON o.oid = i.indclass[0]
WHERE n.nspname = %s AND c.relname = %s AND a.attname = %s AND o.opcname LIKE '%%cosine_ops'
AND i.indisvalid AND i.indpred IS NULL
"""


@dataclass(frozen=True)
class Table:
    """A table as it was found. ``columns`` are (name, type) by our names for them; ``rows`` is an estimate.

    ``vector`` is the schema of pgvector and ``version`` its (major, minor), None and (0, 0) without;
    ``dim`` is the embeddings' length, 0 for any. ``words`` is the expression that a full-text index is on;
    ``indexed``: the embeddings have an index for cosines.
    """

    schema: str
    name: str
    database: str
    rows: float
    columns: dict[str, tuple[str, str]]
    dim: int = 0
    vector: str | None = None
    version: tuple[int, int] = (0, 0)
    words: str | None = None
    indexed: bool = False
    release: int = 0
    types: dict[str, str] = field(default_factory=dict)

    @property
    def searched(self) -> bool:
        """Its embeddings can be searched there."""
        return self.vector is not None and self.kind("embedding") in SEARCHED

    def kind(self, ours: str) -> str | None:
        """The type of a column, None where there is no such column."""
        return self.columns.get(ours, (None, None))[1]

    def source(self) -> Composable:
        """The table's name, for FROM."""
        from psycopg.sql import Identifier

        return Identifier(self.schema, self.name)

    def known(self) -> Composable:
        """The columns that are something to us, for SELECT: others there may be closed to this user."""
        from psycopg.sql import SQL, Identifier

        return SQL(", ").join(Identifier(name) for name, _ in self.columns.values())


def introspect(reader: Reader, server: Server) -> Table:
    """Look ``server``'s table up. Raises `MemoryUnavailable` for none that has a readable id and text."""
    from psycopg.sql import SQL

    schema, name = server.schema, server.table
    if schema is None and "." in name:
        schema, name = name.split(".", 1)
    found = reader.rows(SQL(_COLUMNS), (name, schema, schema))
    if not found:
        raise unavailable(server, "42P01")
    readable = [row for row in found if row[6]]
    if not readable:
        raise unavailable(server, "42501")
    types = {row[3]: row[4] for row in readable}
    lengths = {row[3]: row[5] for row in readable}
    columns = named(types)
    if "id" not in columns or "content" not in columns:
        what = "id" if "id" not in columns else "text"
        raise unavailable(
            server, f"has no column in {{table}} that is the {what}. There are: {_listed(types)}"
        )
    extension = reader.rows(SQL(_VECTOR))
    at, _, _ = found[0][:3]
    dim = lengths[columns["embedding"][0]] if columns.get("embedding", ("", ""))[1] in SEARCHED else 0
    return Table(
        schema=at, name=found[0][1], database=found[0][8], rows=found[0][2], columns=columns, dim=max(0, dim),
        vector=extension[0][0] if extension else None,
        version=_version(extension), release=found[0][7], types=types,
        words=_words(reader.rows(SQL(_INDEXES), (at, found[0][1])), columns),
        indexed=_indexed(reader, at, found[0][1], columns),
    )  # fmt: skip


def named(types: dict[str, str]) -> dict[str, tuple[str, str]]:
    """(name, type) of the column that is each of `SPELLINGS`; a column is one thing only."""
    found: dict[str, tuple[str, str]] = {}
    for ours, spellings in SPELLINGS.items():
        taken = {name for name, _ in found.values()}
        for spelling in spellings:
            if spelling in types and spelling not in taken and _fits(ours, types[spelling]):
                found[ours] = (spelling, types[spelling])
                break
    return found


def _fits(ours: str, kind: str) -> bool:
    if ours == "content":
        return kind in _TEXTS
    if ours == "words":
        return kind == "tsvector"
    if ours == "embedding":
        return kind in SEARCHED or kind in ("_float4", "_float8")
    return True


def expressions(table: Table) -> dict[str, Composable]:
    """What to SELECT for each of our names, of these types whatever the table's are:

    text, but ``temperature`` float8, ``accesses`` and ``chunk`` int8, ``sacred``, ``stale`` and ``canonical``
    bool, ``created`` and ``accessed`` float8 (seconds, UTC) or text, ``tags`` text[] or text. Missing: NULL,
    or what that means.
    """
    from psycopg.sql import SQL, Identifier

    missing = {"temperature": _WARM, "sacred": "false", "stale": "false", "canonical": "false"}
    made: dict[str, Composable] = {}
    for ours in SPELLINGS:
        if ours in ("embedding", "words"):
            continue
        if ours not in table.columns:
            made[ours] = SQL(missing.get(ours) or f"NULL::{_NULLS.get(ours, 'text')}")
            continue
        name, kind = table.columns[ours]
        made[ours] = _EXPRESSIONS.get(ours, _text)(kind).format(Identifier(name))
    return made


#: The temperature of a row that has none: it neither gains nor loses by it.
_WARM = "50.0::float8"
_NULLS = {"created": "float8", "accessed": "float8", "accesses": "int8", "chunk": "int8"}
_NUMERAL = r"'^\s*[-+]?[0-9]{{1,9}}(\.[0-9]*)?\s*$'"


def _text(_kind: str) -> SQL:
    from psycopg.sql import SQL

    return SQL("{0}::text")


def _temperature(kind: str) -> SQL:
    from psycopg.sql import SQL

    number = "{0}::float8"
    if kind not in _NUMBERS:
        number = f"(CASE WHEN {{0}}::text ~ {_NUMERAL} THEN {{0}}::text::float8 END)"
    # NaN is the greatest of all numbers to PostgreSQL: it would lead every list of the hottest.
    return SQL(
        f"(CASE WHEN {number} IS NULL THEN {_WARM} WHEN {number} = 'NaN' THEN 0.0::float8"
        f" ELSE least(100.0, greatest(0.0, {number})) END)"
    )


def _time(kind: str) -> SQL:
    from psycopg.sql import SQL

    made = {
        "timestamp": "extract(epoch FROM {0} AT TIME ZONE 'UTC')::float8",
        "timestamptz": "extract(epoch FROM {0})::float8",
        "date": "extract(epoch FROM {0}::timestamp AT TIME ZONE 'UTC')::float8",
    }
    if kind in _NUMBERS:
        return SQL("{0}::float8")
    return SQL(made.get(kind, "{0}::text"))


def _truth(kind: str) -> SQL:
    from psycopg.sql import SQL

    if kind == "bool":
        return SQL("coalesce({0}, false)")
    if kind in _NUMBERS:
        return SQL("coalesce({0} <> 0, false)")
    return SQL("coalesce(lower({0}::text) IN ('t', 'true', 'yes', 'y', 'on', '1'), false)")


def _whole(kind: str) -> SQL:
    from psycopg.sql import SQL

    if kind in _INTEGERS:
        return SQL("{0}::int8")
    return SQL("(CASE WHEN {0}::text ~ '^[0-9]{{1,9}}$' THEN {0}::text::int8 END)")


def _tags(kind: str) -> SQL:
    from psycopg.sql import SQL

    return SQL("{0}::text[]" if kind.startswith("_") else "{0}::text")


_EXPRESSIONS = {
    "temperature": _temperature, "created": _time, "accessed": _time, "accesses": _whole, "chunk": _whole,
    "sacred": _truth, "stale": _truth, "canonical": _truth, "tags": _tags,
}  # fmt: skip


def _version(found: Rows) -> tuple[int, int]:
    parts = [int(part) for part in str(found[0][1]).split(".")[:2] if part.isdigit()] if found else []
    return (parts[0], parts[1]) if len(parts) == 2 else (0, 0)


def _words(indexes: Rows, columns: dict[str, tuple[str, str]]) -> str | None:
    """The indexed expression that gives the text's words; the catalogue's own spelling of it."""
    for (definition,) in indexes:
        if "words" in columns and definition.strip('"') == columns["words"][0]:
            return str(definition)
        plain = definition.replace("::text", "").replace("(", "").replace(")", "").replace('"', "")
        if plain.startswith("to_tsvector") and plain.split(", ")[-1] == columns["content"][0]:
            return str(definition)
    return None


def _indexed(reader: Reader, schema: str, name: str, columns: dict[str, tuple[str, str]]) -> bool:
    from psycopg.sql import SQL

    column = columns.get("embedding")
    return column is not None and bool(reader.rows(SQL(_NEAR), (schema, name, column[0]))[0][0])


def _listed(types: dict[str, str]) -> str:
    return ", ".join(sorted(types)[:20]).replace("{", "").replace("}", "")
