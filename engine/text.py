"""Turning pieces of bytes into text that is safe to show: whole letters, stop strings, thinking apart.

Knows nothing of any engine: bytes come in, ``(text, thinking)`` goes out.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

THINK_OPEN = "<think>"
THINK_CLOSE = "</think>"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the answer and of the thinking before it; both end on a whole character."""

    text: str = ""
    thinking: str = ""


def held_back(text: str, marks: Sequence[str]) -> int:
    """Length of the longest tail of ``text`` that could be the beginning of one of ``marks``."""
    longest = max((len(mark) for mark in marks), default=0)
    for size in range(min(len(text), longest - 1), 0, -1):
        tail = text[-size:]
        if any(mark.startswith(tail) for mark in marks):
            return size
    return 0


class StopStrings:
    """Cuts the text before the first stop string, wherever the pieces happen to be divided."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._pending = ""
        self.reached = False

    def push(self, text: str) -> str:
        """Text that is now certain not to belong to a stop string."""
        if self.reached:
            return ""
        self._pending += text
        found = [(at + len(stop), at) for stop in self._stops if (at := self._pending.find(stop)) >= 0]
        if found:  # the one that is whole first, as if the letters had come one by one
            self.reached = True
            out, self._pending = self._pending[: min(found)[1]], ""
            return out
        keep = held_back(self._pending, self._stops)
        cut = len(self._pending) - keep
        out, self._pending = self._pending[:cut], self._pending[cut:]
        return out

    def flush(self) -> str:
        """What was held back, now that nothing follows."""
        out, self._pending = self._pending, ""
        return out


class ThinkSplitter:
    """Keeps ``<think>…</think>`` at the very start of an answer apart from the answer.

    Only there: an answer that explains the tag itself is left alone. ``inside`` is for chat templates
    whose prompt already ends in ``<think>``.
    """

    def __init__(self, inside: bool = False) -> None:
        self._state = "opening" if inside else "start"
        self._pending = ""

    @property
    def inside(self) -> bool:
        """Between the tags."""
        return self._state == "thinking"

    @property
    def over(self) -> bool:
        """What comes now is the answer."""
        return self._state in ("gap", "answer")

    def push(self, text: str) -> Piece:
        """Divide ``text``; what could still be part of a tag is held back."""
        self._pending += text
        thinking = ""
        if self._state == "start":
            self._leave_start()
        if self._state == "opening" and (rest := self._pending.lstrip("\n")):
            self._state, self._pending = "thinking", rest
        if self._state == "thinking":
            thinking = self._take_thinking()
        if self._state == "gap" and (rest := self._pending.lstrip("\n")):
            self._state, self._pending = "answer", rest
        if self._state == "answer":
            out, self._pending = self._pending, ""
            return Piece(out, thinking)
        return Piece("", thinking)

    def flush(self) -> Piece:
        """What was held back, now that nothing follows."""
        out, self._pending = self._pending, ""
        if self._state in ("opening", "gap"):
            return Piece()
        return Piece("", out) if self._state == "thinking" else Piece(out)

    def _leave_start(self) -> None:
        stripped = self._pending.lstrip()
        if stripped.startswith(THINK_OPEN):
            self._state, self._pending = "opening", stripped[len(THINK_OPEN) :]
        elif not THINK_OPEN.startswith(stripped):
            self._state = "answer"

    def _take_thinking(self) -> str:
        thinking, mark, rest = self._pending.partition(THINK_CLOSE)
        if mark:
            self._state, self._pending = "gap", rest
            return thinking
        keep = held_back(self._pending, (THINK_CLOSE,))
        cut = len(self._pending) - keep
        thinking, self._pending = self._pending[:cut], self._pending[cut:]
        return thinking


class TextStream:
    """Bytes of tokens in, `Piece` out; ``stopped`` turns true when a stop string was reached."""

    def __init__(self, stops: Sequence[str] = (), thinking: bool = False) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._split = ThinkSplitter(inside=thinking)
        self._stops = StopStrings(stops)

    @property
    def stopped(self) -> bool:
        return self._stops.reached

    @property
    def thinking(self) -> bool:
        """Whether the reasoning has begun and not ended."""
        return self._split.inside

    @property
    def answering(self) -> bool:
        """Whether all reasoning is over, or there was none."""
        return self._split.over

    def push(self, raw: bytes) -> Piece:
        """Text that became whole with ``raw``."""
        piece = self._split.push(self._utf8.decode(raw))
        return Piece(self._stops.push(piece.text), piece.thinking)

    def flush(self) -> Piece:
        """The rest. Bytes of a letter that never became whole are left out."""
        piece = self._split.flush()
        return Piece(self._stops.push(piece.text) + self._stops.flush(), piece.thinking)
