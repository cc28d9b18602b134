"""What is to be remembered, before a store has given it an id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The temperature (0 to 100) of what somebody has just asked to remember.
FRESH = 85.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A text with what is known of it; fields as in `memory.record.Memory`.

    ``created_at`` None is now. ``parts`` stand for a text that is too long to be recalled as one: it is kept
    as a record and they are recalled, each with it as parent and its place among them as chunk. What
    ``renews`` is all that its provenance says now: what was remembered from there before is superseded.
    """

    content: str
    temperature: float = FRESH
    domain: str | None = None
    tags: tuple[str, ...] = ()
    sacred: bool = False
    kind: str | None = None
    created_at: float | None = None
    provenance: str | None = None
    parent: str | None = None
    chunk: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Draft, ...] = ()
    renews: bool = False
