"""What is remembered: one text with its temperature and where it is from.

It must not know where it is kept, nor how hot it is by now (`memory.temperature`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: Seconds since 1970 at which the years 1 and 10000 begin: no time of a memory lies outside of them.
FIRST, BEYOND = -62_135_596_800.0, 253_402_300_800.0
#: ``current`` is recalled as it is; what is ``superseded`` or ``historical`` counts as stale; what is
#: ``retracted`` is never recalled.
TemporalState = Literal["current", "superseded", "historical", "retracted"]
#: ``local`` memories are ours and cool by `memory.temperature`; ``federation`` ones are a copy of a server's
#: row: its daemons cool it, and only our overlay is added.
Origin = Literal["local", "federation"]

#: Chinese and Japanese are written without spaces: every character is a word.
_IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
_ACCENT = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory. Times are seconds since 1970, UTC; ``temperature`` (0 to 100) is that at ``anchor_at``.

    ``id`` is unique among all that are known here: the server's own for its rows, ``L`` and a number for
    ours. ``parent`` is the id of the memory that this is a part of, ``chunk`` the part's number from 0.
    ``hash`` is `content_hash` of the content.
    """

    id: str
    content: str
    temperature: float
    anchor_at: float
    created_at: float
    origin: Origin = "local"
    hash: str = ""
    last_access: float | None = None
    access_count: int = 0
    sacred: bool = False
    domain: str | None = None
    tags: tuple[str, ...] = ()
    kind: str | None = None
    temporal_state: TemporalState = "current"
    canonical: bool = False
    superseded_by: str | None = None
    parent: str | None = None
    chunk: int | None = None
    provenance: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """It was true once."""
        return self.temporal_state in ("superseded", "historical") or self.superseded_by is not None


def content_hash(text: str) -> str:
    """SHA-256 (hex) of `folded` text: the same words have the same hash."""
    return hashlib.sha256(folded(text).encode("utf-8", "replace")).hexdigest()


def folded(text: str) -> str:
    """NFC, casefolded, every run of white space one space: what keyword search and duplicates go by.

    SQLite's FTS5 does not fold Cherokee letters, Python does.
    """
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """NFC, casefolded."""
    return unicodedata.normalize("NFC", text).casefold()


def spelled(text: str) -> str:
    """`plain` text as its words are compared: "café" is "cafe", and every ideograph stands by itself.

    Marks that are not accents stay.
    """
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))
    return _IDEOGRAPH.sub(r" \1 ", bare)
