"""Memories to rows and back.

It must not run a query: each function takes what is to be stored, or a row as it was read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from memory.contract import BadMemory
from memory.record import Memory, content_hash
from memory.temperature import clamped

#: Columns of a memory as `memory_of` reads them.
COLUMNS = (
    "id", "content", "temperature", "anchor_at", "created_at", "origin", "hash", "last_access",
    "access_count", "sacred", "domain", "tags", "kind", "temporal_state", "canonical", "superseded_by",
    "parent", "chunk", "provenance", "metadata",
)  # fmt: skip
#: The same, for a statement in which the table is called ``m``.
SELECTED = ", ".join(f"m.{name}" for name in COLUMNS)
WIDTH = len(COLUMNS)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_MOST = 2**63 - 1

Row = tuple[Any, ...]


def storable(text: str) -> str:
    """``text`` without NUL, and with U+FFFD for lone surrogates, which no encoding has."""
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", text)


def optional(text: str | None) -> str | None:
    """As `storable`; None stays None."""
    return None if text is None else storable(text)


def whole(memory: Memory) -> Memory:
    """``memory`` as it can be stored: storable texts, finite numbers, with its hash.

    Raises `BadMemory` for one without an id or a text.
    """
    content = storable(memory.content)
    if not memory.id or not content.strip():
        raise BadMemory(f"memory {memory.id!r}: it has no {'text' if memory.id else 'id'}: nothing to keep")
    created = _finite(memory.created_at, 0.0)
    return replace(
        memory,
        id=storable(memory.id),
        content=content,
        hash=storable(memory.hash) or content_hash(content),
        temperature=_warmth(memory),
        anchor_at=_finite(memory.anchor_at, created),
        created_at=created,
        last_access=None if memory.last_access is None else _finite(memory.last_access, created),
        access_count=max(0, min(_MOST, memory.access_count)),
        chunk=None if memory.chunk is None else max(-_MOST, min(_MOST, memory.chunk)),
    )


def row_of(memory: Memory) -> Row:
    """The values of `COLUMNS` for a `whole` memory."""
    return (
        memory.id, memory.content, memory.temperature, memory.anchor_at, memory.created_at, memory.origin,
        memory.hash, memory.last_access, memory.access_count, int(memory.sacred), optional(memory.domain),
        as_json(list(memory.tags)), optional(memory.kind), memory.temporal_state, int(memory.canonical),
        optional(memory.superseded_by), optional(memory.parent), memory.chunk, optional(memory.provenance),
        as_json(memory.metadata),
    )  # fmt: skip


def memory_of(row: Row) -> Memory:
    """The memory in the first `WIDTH` values of ``row``."""
    fields = dict(zip(COLUMNS, row[:WIDTH], strict=True))
    fields["sacred"] = bool(fields["sacred"])
    fields["canonical"] = bool(fields["canonical"])
    fields["tags"] = tuple(json.loads(fields["tags"])) if fields["tags"] != "[]" else ()
    fields["metadata"] = json.loads(fields["metadata"]) if fields["metadata"] != "{}" else {}
    return Memory(**fields)


def as_json(value: Mapping[str, Any] | list[Any]) -> str:
    """JSON of what rows and people put into metadata; what JSON has no word for becomes its text."""
    plain = dict(value) if isinstance(value, Mapping) else value
    return storable(json.dumps(plain, ensure_ascii=False, default=str))


def _warmth(memory: Memory) -> float:
    if memory.origin == "local":
        return clamped(memory.temperature, memory.sacred)
    return 0.0 if math.isnan(memory.temperature) else min(100.0, max(0.0, memory.temperature))


def _finite(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise
