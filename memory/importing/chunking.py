"""Long texts cut at paragraphs, sentences or, at worst, words: pieces that can be recalled one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Characters of a piece, at most: what a recall shows of one memory.
SIZE = 800

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|(?<=[。！？])|\n+")
_SPACE = re.compile(r"\s+")


def pieces(text: str, size: int = SIZE) -> list[tuple[int, str]]:
    """(offset, piece) of all that is no white space in ``text``, each ``size`` characters at most.

    Whole paragraphs go together while they fit; only what is too long for itself is cut inside.
    """
    packed: list[tuple[int, int]] = []
    for start, end in _spans(text, 0, len(text), (_PARAGRAPH, _SENTENCE, _SPACE), size):
        if packed and end - packed[-1][0] <= size:
            packed[-1] = (packed[-1][0], end)
        else:
            packed.append((start, end))
    return [(start, text[start:end]) for start, end in packed]


def _spans(
    text: str, start: int, end: int, borders: tuple[re.Pattern[str], ...], size: int
) -> Iterator[tuple[int, int]]:
    """The parts of ``text[start:end]`` between the first borders, the longer ones cut by the next."""
    if not borders:
        yield from ((at, min(at + size, end)) for at in range(start, end, size))
        return
    at = start
    for border in borders[0].finditer(text, start, end):
        yield from _whole_or_cut(text, at, border.start(), borders[1:], size)
        at = border.end()
    yield from _whole_or_cut(text, at, end, borders[1:], size)


def _whole_or_cut(
    text: str, start: int, end: int, borders: tuple[re.Pattern[str], ...], size: int
) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    start, end = start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
    if start >= end:
        return
    if end - start <= size:
        yield start, end
    else:
        yield from _spans(text, start, end, borders, size)
