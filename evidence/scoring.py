"""Asks what a cell has to ask, and writes the cell's file once all is answered.

Runs in a process of its own, for torch and llama.cpp starve each other in one.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from engine.contract import Engine
from engine.llama.engine import LlamaEngine, LlamaOptions
from evidence.book import Book
from evidence.cell import MERGES, Ask, Cell
from evidence.files import Site, write_result
from evidence.items import items_digest, items_of, prompt_of
from modes.evaluation.domains import domain
from modes.evaluation.item import Item
from modes.evaluation.run import OtherRun, RunFolder
from modes.evaluation.score import Outcome, Setting, score_item
from modes.share.compaction import basis_bytes, core_bytes
from modes.share.library import Shelved

#: Tokens of an answer's context (a program may take 512), and options that are read side by side.
_CONTEXT, _SLOTS = 1024, 4
_NUMBER = 2  # bytes, f16

Say = Callable[[str], None]


class Stopped(Exception):
    """Scoring was asked to stop; what is answered is kept."""


def score(book: Book, cell: Cell, say: Say, going_on: Callable[[], bool]) -> dict[str, Any]:
    """Ask everything that ``cell`` asks and write its file. Raises `Stopped`."""
    shelved = book.library(cell).load() if cell.method not in ("base", "majority") else None
    with _folder(book, cell) as folder:
        if cell.method == "majority":
            asked = [_put(folder, ask, _majority(ask.domain), say, going_on) for ask in cell.asks]
        else:
            with closing(_engine(book.site, shelved)) as engine:
                asked = [_put(folder, ask, _asking(engine, ask), say, going_on) for ask in cell.asks]
    result = _result(book, cell, shelved, asked)
    write_result(book.site, result)
    shutil.rmtree(book.site.scoring(cell.name), ignore_errors=True)
    return result


def _engine(site: Site, shelved: Shelved | None) -> LlamaEngine:
    options = LlamaOptions(context=_CONTEXT, slots=_SLOTS, memo=site.memo)
    engine = LlamaEngine(site.model, options, lambda _fraction: True)
    for mode, coefficients in (shelved.modes if shelved else {}).items():
        engine.install(mode, shelved.basis, coefficients)  # type: ignore[union-attr]
    return engine


def _folder(book: Book, cell: Cell) -> RunFolder:
    path, identity = book.site.scoring(cell.name), {"key": book.key(cell)}
    try:
        return RunFolder(path, identity)
    except OtherRun:
        shutil.rmtree(path)
        return RunFolder(path, identity)


def _asking(engine: Engine, ask: Ask) -> Callable[[Item], Outcome]:
    setting = Setting(
        system=prompt_of(ask.domain) if ask.prompted else None,
        scales=((ask.mode, 1.0),) if ask.mode else (),
    )
    return lambda item: score_item(engine, item, setting)


def _majority(name: str) -> Callable[[Item], Outcome]:
    """Answers with the option that is most often right in training, of equals the first."""
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in domain(name).examples(""):
        often[one.topic][one.answer] += 1

    def answer(item: Item) -> Outcome:
        counts = [often[item.topic][choice] for choice in item.choices]
        return Outcome(item.id, bool(counts) and counts.index(max(counts)) == item.gold, 0.0)

    return answer


def _put(
    folder: RunFolder, ask: Ask, answer: Callable[[Item], Outcome], say: Say, going_on: Callable[[], bool]
) -> dict[str, Any]:
    items = items_of(ask)
    done = folder.outcomes(ask.name)
    for item in items:
        if item.id not in done:
            if not going_on():
                raise Stopped
            folder.append(ask.name, answer(item))
    outcomes = folder.outcomes(ask.name)
    found = _asked(ask, items, [outcomes[item.id] for item in items])
    share = f"{100 * found['acc']:.1f} % right" if "acc" in found else f"{_bits(found):.3f} bits per byte"
    say(f"  {ask.name}: {share} of {len(items)}, {found['seconds']:.0f} s")
    return found


def _asked(ask: Ask, items: Sequence[Item], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": ask.name, "domain": ask.domain, "mode": ask.mode, "split": ask.split, "count": ask.count,
        "prompted": ask.prompted, "topic": ask.topic, "kind": ask.kind, "salt": ask.salt,
        "n": len(items), "facts": len({item.fact for item in items}), "items": items_digest(items),
        "seconds": round(sum(one.seconds for one in outcomes), 2),
    }  # fmt: skip
    if ask.kind == "text":
        return found | {
            "bits_per_byte": [round(one.bits_per_byte or 0.0, 5) for one in outcomes],
            "bytes": [sum(one.sizes) for one in outcomes],
        }
    right = [one.correct for one in outcomes]
    return found | {
        "acc": round(sum(right) / max(1, len(right)), 5),
        "correct": "".join("01"[one] for one in right),
    }


def _bits(found: Mapping[str, Any]) -> float:
    pairs = list(zip(found["bits_per_byte"], found["bytes"], strict=True))
    return float(sum(bits * size for bits, size in pairs) / max(1, sum(size for _, size in pairs)))


def _result(book: Book, cell: Cell, shelved: Shelved | None, asked: list[dict[str, Any]]) -> dict[str, Any]:
    settled = book.settled(cell)
    notes = dict(shelved.notes) if shelved and cell.makes else {}
    return {
        "cell": cell.name,
        "key": book.key(cell),
        "command": f"python -m evidence --only {cell.name}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": cell.method,
        "domain": cell.domain,
        "topic": cell.topic,
        "seed": cell.seed,
        "before": list(cell.before),
        "settings": dict(settled.settings),
        "made": {name: value for name, value in notes.items() if name != "seconds"},
        "seconds": {
            "made": notes.get("seconds", 0.0),
            "scored": round(sum(one["seconds"] for one in asked), 1),
        },
        "bytes": _bytes(settled, shelved),
        "asked": asked,
    }


def _bytes(cell: Cell, shelved: Shelved | None) -> dict[str, Any]:
    """What has to be kept, in float16: factors of a LoRA, or the basis and the cores of its modes."""
    if shelved is None:
        return {}
    sides = sum(len(one.up) + len(one.down) for one in shelved.basis.modules.values())
    if cell.method in ("own", "equal", "sequence"):
        return {"factors": int(cell.settings["directions"]) * sides * _NUMBER}
    if cell.method in MERGES:
        return {"factors": basis_bytes(shelved.basis)}
    cores = {mode: core_bytes(one) for mode, one in shelved.modes.items()}
    basis = 0 if cell.method == "random" else basis_bytes(shelved.basis)
    return {"basis": basis, "cores": cores, "total": basis + sum(cores.values())}
