"""A memory in words: as a row among others, and in full with all that is known of it.

This module must not know widgets. What a memory says is cleaned here: it is the text of anybody.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.ui.text import beginning, clean, one_line

if TYPE_CHECKING:
    from memory.contract import Candidate
    from memory.recalled import Shown
    from memory.sqlite.statistics import Stats
    from tui.core.conversation import Recollection
    from tui.ui.glyphs import Glyphs

#: Characters of a field that are shown.
_LONG = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One memory in a list. ``relevance`` (0 to 1) and ``tokens`` are None where nobody knows them."""

    id: str
    stage: str
    temperature: float
    text: str
    relevance: float | None = None
    tokens: int | None = None

    @classmethod
    def of_shown(cls, one: Shown) -> Row:
        """As it was shown to the model."""
        return cls(one.id, one.stage, one.temperature, one.content, one.relevance, one.tokens)

    @classmethod
    def of_found(cls, one: Candidate) -> Row:
        """As a search found it."""
        from memory.temperature import stage_of

        return cls(one.memory.id, stage_of(one.heat), one.heat, one.memory.content, one.cosine)


def head(memories: Recollection, glyphs: Glyphs) -> str:
    """Which memories, and what they took together."""
    ids = ", ".join(f"#{one_line(one.id)}" for one in memories.shown)
    return f"memories{glyphs.ellipsis} {ids} ({memories.tokens:,} tokens, Ctrl+T)"


def rows(
    memories: Collection[Row], width: int, glyphs: Glyphs, marks: dict[str, str] | None = None
) -> Content:
    """A line each: number, stage, temperature, relevance, tokens, ``marks`` by number, and how it begins."""
    ids = max((len(one_line(row.id)) for row in memories), default=0) + 1
    return Content("\n").join(
        [row(one, ids, width, glyphs, (marks or {}).get(one.id, "")) for one in memories]
    )


def row(one: Row, ids: int, width: int, glyphs: Glyphs, mark: str = "") -> Content:
    """One of `rows`, its number in ``ids`` cells."""
    told = f"{'#' + one_line(one.id):<{ids}}  {one.stage:<9} {one.temperature:>3.0f}  "
    if one.relevance is not None:
        told += f"relevance {one.relevance:.2f}  "
    if one.tokens is not None:
        told += f"{one.tokens:>3,} tokens  "
    marked = Content.styled(mark and f"{mark}  ", "bold")
    line = Content.assemble(told, marked, Content.styled(one_line(one.text), "dim"))
    return line.truncate(max(width, 20), ellipsis=not glyphs.plain)


def account(found: Candidate, now: float, glyphs: Glyphs) -> Content:
    """All of a memory: what it says, and every field that says something."""
    from memory.temperature import stage_of

    memory = found.memory
    stale = (
        memory.temporal_state if memory.superseded_by is None else f"superseded by #{memory.superseded_by}"
    )
    fields = [
        ("from", "this machine" if memory.origin == "local" else "the federation"),
        ("temperature", f"{found.heat:.0f} now ({stage_of(found.heat)})"),
        ("made", _when(memory.created_at, now)),
        ("used", _when(memory.last_access, now) if memory.last_access else ""),
        ("domain", memory.domain or ""),
        ("tags", ", ".join(memory.tags)),
        ("kind", memory.kind or ""),
        ("state", "" if stale == "current" else stale),
        ("sacred", "yes" if memory.sacred else ""),
        ("canonical", "yes" if memory.canonical else ""),
        ("part of", f"#{memory.parent}, part {(memory.chunk or 0) + 1}" if memory.parent else ""),
        ("source", memory.provenance or ""),
        *((str(name), str(value)) for name, value in memory.metadata.items()),
    ]
    lines = [
        f"{one_line(name)[:_LONG] + ':':<13}{one_line(value)[:_LONG]}" for name, value in fields if value
    ]
    return _full(memory.content, "\n".join(lines), glyphs)


def as_shown(one: Row, why: str, glyphs: Glyphs) -> Content:
    """What is left of a memory that cannot be looked at, and ``why``."""
    return _full(one.text, f"as it was shown: {one_line(why)}", glyphs)


def stat_lines(stats: Stats) -> list[str]:
    """What a store holds, a row for each way to look at it."""
    models = {name: f"{count:,} of {dim} dimensions" for name, (count, dim) in stats.models.items()}
    rows = {
        "memories": f"{stats.memories:,}, recallable {stats.recallable:,}, hidden {stats.hidden:,}",
        "from": _counts(stats.origins),
        "stages": _counts(stats.stages),
        "domains": _counts({name or "none": count for name, count in stats.domains.items()}),
        "vectors": ", ".join(f"{one_line(name)}: {told}" for name, told in models.items()) or "none",
        "recalls": f"{stats.recalls:,}",
        "on the disk": f"{stats.bytes / 2**20:,.1f} MiB",
    }
    return [f"{name + ':':<13}{told}" for name, told in rows.items()]


def _counts(counts: Mapping[Any, int]) -> str:
    found = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{one_line(str(name))} {count:,}" for name, count in found if count) or "none"


def _full(text: str, told: str, glyphs: Glyphs) -> Content:
    return Content.assemble(beginning(clean(text), glyphs.ellipsis), "\n\n", Content.styled(told, "dim"))


def _when(seconds: float, now: float) -> str:
    from tui.ui.rows import age

    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    return f"{day} ({age(now - seconds)})"
