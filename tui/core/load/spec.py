"""How many conversations at once, and how deep each, as it is written on the command line.

It must not know what is measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.core.evaluation.endings import NothingToAsk

#: More conversations at once than any one machine is asked to hold.
MOST = 256
_K = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """``counts`` of conversations at once, ascending; ``depth`` in tokens of each, None as its prompt is."""

    counts: tuple[int, ...]
    depth: int | None = None

    @property
    def most(self) -> int:
        """The largest of the counts."""
        return self.counts[-1]


def parse_counts(text: str) -> tuple[int, ...]:
    """``8``, ``1,4,8``, or ``1..16``, which is 1, 2, 4, 8, 16 (its end is always there).

    Raises `NothingToAsk`.
    """
    found: set[int] = set()
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?", part)
        if ends is None:
            raise _refused(text, "write a number, some with commas (1,4,8), or a range (1..16)")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if first < 1 or last > MOST:
            raise _refused(text, f"each must be from 1 to {MOST}")
        if last < first:
            raise _refused(text, f"{first} comes after {last}: write {last}..{first}")
        while first < last:
            found.add(first)
            first *= 2
        found.add(last)
    return tuple(sorted(found))


def parse_depth(text: str) -> int:
    """Tokens of ``32K`` (32,768) or ``4000``. Raises `NothingToAsk`."""
    found = re.fullmatch(r"\s*(\d+)\s*([kK]?)\s*", text)
    tokens = int(found[1]) * (_K if found[2] else 1) if found else 0
    if tokens < 1:
        raise NothingToAsk(f"--depth {text}: write a number of tokens above 0, such as 4096 or 32K")
    return tokens


def _refused(text: str, remedy: str) -> NothingToAsk:
    return NothingToAsk(f"--slots {text}: {remedy}")
