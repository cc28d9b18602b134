"""Cells filled by hand: real items, answers as a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import tries
from evidence.book import Book
from evidence.cell import Ask, Cell
from evidence.cells import cells
from evidence.files import Site, write_result
from evidence.items import items_digest, items_of

#: Whether the answer to an item is right, by its place.
Answers = Callable[[Ask, int], bool]


def first(count: int) -> Answers:
    """So many items of each asking are answered right."""
    return lambda _ask, at: at < count


def site(folder: Path) -> Site:
    """Everything under one folder; no test here reads the model."""
    return Site(Path("base.gguf"), folder / "results", folder / "results.md", folder / "work")


def book(folder: Path) -> Book:
    """All cells, none of them done."""
    return Book(cells(), site(folder))


def rated(of: Book) -> Book:
    """The same with the rate of a mode that grows settled: what Share learns in turn waits for that."""
    for cell in (*tries.own(), *tries.share()):
        fill(of, of.cells[cell.name], lambda _ask, _at: True)
    return of


def fill(
    of: Book, cell: Cell, answers: Answers, size: dict[str, Any] | None = None, loss: float = 1.0
) -> dict[str, Any]:
    """Write the file of a cell as scoring does; ``loss`` is the lowest of its validation."""
    asked = []
    for ask in cell.asks:
        items = items_of(ask)
        right = [answers(ask, at) for at in range(len(items))]
        asked.append(
            {
                "name": ask.name, "domain": ask.domain, "mode": ask.mode, "split": ask.split,
                "count": ask.count, "prompted": ask.prompted, "topic": ask.topic, "kind": ask.kind,
                "salt": ask.salt, "n": len(items), "facts": len({one.fact for one in items}),
                "items": items_digest(items), "seconds": 0.25 * len(items),
                "acc": sum(right) / len(right), "correct": "".join("01"[one] for one in right),
            }
        )  # fmt: skip
    result = {
        "cell": cell.name, "key": of.key(cell), "command": "", "date": "", "method": cell.method,
        "domain": cell.domain, "topic": cell.topic, "seed": cell.seed, "before": list(cell.before),
        "settings": dict(cell.settings),
        "made": {
            "record": {
                "plan": {"precision": "bf16" if cell.method == "own" else "f32"},
                "validation": [[50, loss + 1], [100, loss], [150, loss + 0.5]],
            }
        },
        "seconds": {"made": 0.0, "scored": 0.0}, "bytes": size or {}, "asked": asked,
    }  # fmt: skip
    write_result(of.site, result)
    return result
