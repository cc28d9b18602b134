"""A federation's table of our own making: the real one's columns, lengths and contradictions, by a seed."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

NAME = "thermal_memory_archive"
_STAGES = ("WHITE_HOT", "RED_HOT", "HOT", "WARM", "COOL", "COLD")
_DOMAINS = ("legal", "coding", "cultural", "operational", "research", None)
_TAGS = ("cfr", "va", "ops", "tsalagi", "howto")
_GONE = ("superseded", "historical", "retracted")
_WORDS = {
    "legal": "appeal claim disability veteran evidence rating board hearing statute service decision",
    "coding": "deploy commit queue worker pytest schema migration timeout branch merge parser socket",
    "cultural": "ᏣᎳᎩ ᎣᏏᏲ elder syllabary stomp basket river council clan story language fire",
    "operational": "node disk alert restart backup power fan ping triad cluster daemon uptime",
    "research": "paper entropy adapter gradient subspace benchmark retrieval embedding corpus sparse kernel",
}
_COMMON = "the of and to in is was for that with on by from at after before when which it has been".split()  # noqa: SIM905
_NOISE = [f"{a}{b}{c}" for a in ("bra", "tel", "mon", "ska", "vir") for b in ("do", "li", "na", "pu", "se")
          for c in ("", "r", "n", "st", "ck", "m")]  # fmt: skip
#: The naive timestamps count from here, UTC.
START = datetime(2025, 9, 1, 12, 0, 0)

_TABLE = """
CREATE TABLE {name} (
    id bigserial PRIMARY KEY, memory_hash varchar(64) UNIQUE, original_content text,
    temperature_score double precision, current_stage varchar(20), access_count integer,
    last_access timestamp, created_at timestamp, sacred_pattern boolean, metadata jsonb, tags text[],
    keywords text[], memory_type varchar(40), domain_tag varchar(40), {embedding}
    source_node varchar(40), source_triad varchar(40), source_session varchar(64),
    valid_from timestamp, valid_until timestamp, content_checksum varchar(64),
    freshness_score double precision, staleness_flagged boolean, temporal_state varchar(20),
    parent_thermal_id bigint, chunk_index integer, chunk_total integer, is_chunk boolean,
    canonical boolean, superseded_by bigint
)"""
_COLUMNS = (
    "memory_hash", "original_content", "temperature_score", "current_stage", "access_count", "last_access",
    "created_at", "sacred_pattern", "metadata", "tags", "keywords", "memory_type", "domain_tag", "embedding",
    "source_node", "source_triad", "source_session", "staleness_flagged", "temporal_state",
    "parent_thermal_id", "chunk_index", "is_chunk", "canonical", "superseded_by",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row to be; ``embedding`` is unit length or None."""

    content: str
    temperature: float | None
    stage: str
    created: datetime
    sacred: bool | None
    domain: str | None
    tags: tuple[str, ...] | None
    embedding: np.ndarray[Any, np.dtype[np.float32]] | None
    state: str | None = "current"
    superseded_by: int | None = None
    parent: int | None = None
    chunk: int | None = None
    canonical: bool | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def rows(count: int, dim: int = 1024, seed: int = 1, embedded: float = 0.8) -> Iterator[Row]:
    """``count`` rows: texts of 340 characters on average (95 of 100 within 540), a part with embeddings."""
    dice, vectors = random.Random(seed), np.random.default_rng(seed)
    before = ""
    for number in range(1, count + 1):
        domain = dice.choice(_DOMAINS)
        content = _text(dice, domain, number)
        # The same text twice, under another hash, as many daemons make it.
        content = before if before and dice.random() < 0.03 else content
        before = content
        vector = vectors.standard_normal(dim).astype(np.float32)
        gone = dice.random() < 0.05
        yield Row(
            content=content,
            temperature=round(dice.betavariate(2, 2) * 100, 3),
            # Drawn apart from the temperature: it contradicts it more often than not.
            stage=dice.choice(_STAGES),
            created=START + timedelta(minutes=7 * number, milliseconds=dice.randrange(1000)),
            sacred=dice.random() < 0.04 if dice.random() < 0.9 else None,
            domain=domain,
            tags=tuple(dice.sample(_TAGS, 2)) if dice.random() < 0.4 else None,
            embedding=vector / np.linalg.norm(vector) if dice.random() < embedded else None,
            state=dice.choice(_GONE if gone else ("current", None)),
            superseded_by=number - 1 if gone and number > 1 else None,
            canonical=dice.random() < 0.1,
            metadata={"source": "generator", "n": number} if dice.random() < 0.7 else {},
        )  # fmt: skip


def _text(dice: random.Random, domain: str | None, number: int) -> str:
    own = _WORDS.get(domain or "", "note misc other").split()
    length = max(40, int(dice.lognormvariate(math.log(325), 0.28)))
    words = [f"item{number}"]
    size = 0
    while size < length:
        word = dice.choice(own if dice.random() < 0.25 else _COMMON if dice.random() < 0.55 else _NOISE)
        words.append(word)
        size += len(word) + 1
    return " ".join(words)[:length]


def create(db: psycopg.Connection[Any], name: str = NAME, dim: int | None = 1024) -> None:
    """An empty table of the real shape; without ``dim``, one whose server has no pgvector."""
    db.execute(
        _TABLE.format(name=name, embedding=f"embedding vector({dim})," if dim else "embedding real[],")
    )


def fill(db: psycopg.Connection[Any], given: Sequence[Row] | Iterator[Row], name: str = NAME) -> int:
    """Append ``given``, ids from the table's own sequence; the number of rows."""
    number = 0
    with db.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for number, row in enumerate(given, 1):
            copy.write_row(_values(row, number))
    db.execute(f"ANALYZE {name}")
    return number


def _values(row: Row, number: int) -> list[Any]:
    vector = None if row.embedding is None else _vector(row.embedding)
    unique = hashlib.sha256(f"{number} {row.created} {row.content}".encode()).hexdigest()
    later = row.created + timedelta(days=1)
    return [
        unique, row.content, row.temperature, row.stage, number % 7, later if number % 3 else None,
        row.created, row.sacred, json.dumps(row.metadata),
        None if row.tags is None else list(row.tags), None, "note",
        row.domain, vector, "redfin" if number % 2 else None, "triad-1", None, False, row.state, row.parent,
        row.chunk, row.chunk is not None, row.canonical, row.superseded_by,
    ]  # fmt: skip


def _vector(values: np.ndarray[Any, Any]) -> str:
    return "[" + ",".join(f"{value:.7g}" for value in values) + "]"


def minimal(db: psycopg.Connection[Any], texts: Sequence[str], name: str = NAME) -> None:
    """A table of id and content alone."""
    db.execute(f"CREATE TABLE {name} (id serial PRIMARY KEY, content text)")
    with db.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {name} (content) VALUES (%s)", [(text,) for text in texts])


def work_queue(db: psycopg.Connection[Any], count: int = 60, seed: int = 1) -> None:
    """`jr_work_queue`: finished work for coding; "completed" is no proof that something was done."""
    dice = random.Random(seed)
    db.execute(
        "CREATE TABLE jr_work_queue (id serial PRIMARY KEY, title text, instruction_content text,"
        " instruction_file text, result jsonb, status text, assigned_jr text, artifacts text[],"
        " error_message text, completed_at timestamp)"
    )
    with db.cursor() as cursor:
        for number in range(1, count + 1):
            spoken = dice.random() < 0.6
            cursor.execute(
                "INSERT INTO jr_work_queue (title, instruction_content, instruction_file, result, status,"
                " assigned_jr, artifacts, error_message, completed_at) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)",
                (
                    f"Task {number}: {_text(dice, 'coding', number)[:60]}",
                    _text(dice, "coding", number) if spoken else None,
                    None if spoken else f"/srv/jr/{number}.md",
                    json.dumps(dice.choice([{}, {"summary": "done", "files": number % 4}, None])),
                    dice.choice(["completed", "completed", "failed", "pending"]),
                    dice.choice(["it_jr", "research_jr"]),
                    [f"src/part{number}.py"] if dice.random() < 0.5 else None,
                    "Traceback ..." if dice.random() < 0.2 else None,
                    START + timedelta(hours=number),
                ),
            )


def seconds(naive: datetime) -> float:
    """A naive timestamp of the table as we read it: UTC."""
    return naive.replace(tzinfo=UTC).timestamp()
