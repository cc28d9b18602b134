"""What has to be in a store after a load, and is not: told a line each, with ids and never a text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.federation import NAME
from benchmarks.memory import MODEL, Texts
from memory.contract import Vector, Wanted
from memory.record import content_hash
from memory.sqlite.store import MemoryStore

_ROWS = f"""
    SELECT id::text, original_content, temperature_score, domain_tag, coalesce(tags, '{{}}'),
        coalesce(temporal_state, 'current'), coalesce(sacred_pattern, false) FROM {NAME}
"""
#: Questions that a store that was open all the time and one that is opened now have to answer alike.
_QUESTIONS = 50


def missing(store: MemoryStore, path: Path, files: Path, db: psycopg.Connection[Any]) -> list[str]:
    """What of ``files`` and of the server's table is not in ``store``, or not found there."""
    return [*_imported(store, files), *_synced(store, db), *_found(store, path)]


def _imported(store: MemoryStore, files: Path) -> Iterator[str]:
    here = {one.hash for one in store.memories("local")}
    for file in sorted(files.iterdir()):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if content_hash(json.loads(line)["content"]) not in here:
                yield f"{file.name}, line {number}: it was imported, and is not here"


def _synced(store: MemoryStore, db: psycopg.Connection[Any]) -> Iterator[str]:
    there = {one: (*rest, list(tags), *more) for one, *rest, tags, state, sacred in db.execute(_ROWS)
             for more in [(state, sacred)]}  # fmt: skip
    here = {
        one.id: (one.content, one.temperature, one.domain, list(one.tags), one.temporal_state, one.sacred)
        for one in store.memories("federation")
    }
    for one in sorted(there.keys() | here.keys(), key=int):
        if one not in here:
            yield f"memory {one}: it is on the server, and not here"
        elif one not in there:
            yield f"memory {one}: it is here, and no longer on the server"
        elif here[one] != there[one]:
            yield f"memory {one}: it is another on the server"


def _found(store: MemoryStore, path: Path) -> Iterator[str]:
    """Vectors that are not there, or that a store which was open while they came does not find."""
    yield from (f"memory {one}: it has no vector" for one, _ in store.lacking(MODEL, 1_000_000))
    anew = MemoryStore.open(path)
    for number, values in enumerate(Texts(21).vectors(_QUESTIONS)):
        query = Vector(values, MODEL)
        then, now = ([one.memory.id for one in each.by_vector(query, Wanted(), 50)] for each in (store, anew))
        if set(then) != set(now):
            yield f"question {number}: {len(set(then) ^ set(now))} memories are found by one store alone"
    anew.close()
