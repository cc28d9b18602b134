"""Values to rows and back.

It must not run a query: each function takes what is to be stored, or a row as it was read.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a start without any row needs none of them
    from engine.contract import Usage
    from tui.core.conversation import Conversation, Node, Provenance, Recollection

TITLE_WIDTH = 60

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` without lone surrogates, which no encoding has: a broken paste is kept, not refused."""
    return _SURROGATE.sub("\ufffd", text)


def title_of(question: str) -> str:
    """The first line that is not empty, in at most 60 characters, cut at a word where there is one."""
    line = next((line for line in question.splitlines() if line.strip()), "")
    line = " ".join(line.split())
    if len(line) <= TITLE_WIDTH:
        return line
    whole_words = line[:TITLE_WIDTH].rpartition(" ")[0]
    # Scripts without spaces have no word to cut at, or one far too early.
    start = whole_words if len(whole_words) > TITLE_WIDTH // 2 else line[: TITLE_WIDTH - 1]
    return start + "…"


def to_json(value: Provenance | Usage | Recollection | None) -> str | None:
    return None if value is None else json.dumps(asdict(value))


def conversation_of(row: sqlite3.Row) -> Conversation:
    from tui.core.conversation import Conversation

    return Conversation(
        id=row["id"],
        title=row["title"],
        mode=row["mode"],
        head=row["head"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )


def node_of(row: sqlite3.Row) -> Node:
    from engine.contract import Usage
    from tui.core.conversation import Node

    return Node(
        id=row["id"],
        parent=row["parent"],
        conversation=row["conversation"],
        role=row["role"],
        content=row["content"],
        created_at=row["created_at"],
        thinking=row["thinking"],
        status=row["status"],
        error=row["error"],
        provenance=_provenance(row["provenance"]),
        usage=None if row["usage"] is None else Usage(**json.loads(row["usage"])),
        memories=_memories(row["memories"]),
    )


def _provenance(stored: str | None) -> Provenance | None:
    if stored is None:
        return None
    from tui.core.conversation import Provenance

    fields = json.loads(stored)
    scales = tuple((name, scale) for name, scale in fields.pop("scales"))
    return Provenance(scales=scales, **fields)


def _memories(stored: str | None) -> Recollection | None:
    if stored is None:
        return None
    from memory.recalled import Shown
    from tui.core.conversation import Recollection

    fields = json.loads(stored)
    shown = tuple(Shown(**one) for one in fields.pop("shown"))
    return Recollection(shown=shown, **fields)
