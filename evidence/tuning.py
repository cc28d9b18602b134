"""What was tried for every method, and the guard of general knowledge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from evidence.book import Waiting, merit, validation_loss
from evidence.cell import TUNING_SALT, Cell
from evidence.design import DOMAINS, TUNED_ON
from evidence.reading import Reader
from evidence.tables import MISSING, share, table


def tuning(reader: Reader) -> Iterable[str]:
    """Tables of settings, and of general texts and questions."""
    yield "## Tuning"
    yield (
        f"Settings of every method, tried on {TUNED_ON}. The lowest validation loss is taken for all domains "
        "and runs: of questions that are kept from training and that no test asks. What one LoRA in sequence "
        "knows of two domains, and a merge of all four, is asked in items to tune on: none of them has a "
        "question of the test."
    )
    rows: list[Sequence[str]] = []
    for cell in reader.book:
        if cell.tries:
            chosen = "; ".join(f"{name} {cell.settings[name]:g}" for name in cell.tries)
            rows.append(
                (cell.method, chosen, _tried(reader, cell.name), _taken(reader, cell), reader.link(cell.name))
            )
    yield table(("method", "setting", "validation loss, or right", "", "cell"), rows, labels=2)
    yield "## General knowledge"
    yield (
        "Bits per byte of texts that were never trained (less is better) and general questions, with each "
        "mode of run 1 on. With every mode off the base answers as it is, whatever was learned."
    )
    yield table(
        ("mode", "bits per byte", "questions right", "cell"),
        [
            _general(reader, "base", "general-base", ""),
            *(_general(reader, domain, "general-share-s0", domain) for domain in DOMAINS),
        ],
    )


def _tried(reader: Reader, cell: str) -> str:
    found = reader.book.result(cell)
    if found is None:
        return MISSING
    by_items = any(ask.salt == TUNING_SALT for ask in reader.book.cells[cell].asks)
    return share(merit(found)) if by_items else f"{validation_loss(found):.3f}"


def _taken(reader: Reader, cell: Cell) -> str:
    """Whether this is the setting that the other cells of the method have."""
    for other in reader.book:
        if cell.name in other.tuned:
            try:
                return "taken" if reader.book.best(other.tuned) == cell.name else ""
            except Waiting:
                return ""
    return ""


def _general(reader: Reader, name: str, cell: str, mode: str) -> Sequence[str]:
    result = reader.book.result(cell)
    asked: list[dict[str, Any]] = [one for one in result["asked"] if one["mode"] == mode] if result else []
    texts = next((one for one in asked if one["kind"] == "text"), None)
    questions = next((one for one in asked if one["kind"] == "choice"), None)
    return (
        name,
        MISSING if texts is None else f"{_bits(texts):.3f}",
        MISSING if questions is None else f"{share(questions['acc'])} of {questions['n']}",
        reader.link(cell),
    )


def _bits(texts: dict[str, Any]) -> float:
    pairs = zip(texts["bits_per_byte"], texts["bytes"], strict=True)
    return float(sum(bits * count for bits, count in pairs) / max(1, sum(texts["bytes"])))
