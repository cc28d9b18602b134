"""Real text with questions that belong to it: Debian's package descriptions, and their synopses.

``apt-get -o Acquire::Languages=en update`` fetches them, on Debian and what descends from it.
"""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LISTS = Path("/var/lib/apt/lists")
_HELPER = "/usr/lib/apt/apt-helper"
_STANZA = re.compile(r"^Package: (.*)\n(?:.*\n)*?Description-en: (.*)\n((?: .*\n?)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pair:
    """One package: its ``synopsis`` is a question whose answer is its ``description``."""

    package: str
    synopsis: str
    description: str


def pairs(seed: int = 0) -> list[Pair]:
    """All packages in a random order that ``seed`` decides, one of each description and each synopsis."""
    found: dict[str, Pair] = {}
    for path in sorted(_LISTS.glob("*Translation-en*")):
        shown = subprocess.run([_HELPER, "cat-file", str(path)], capture_output=True, check=True)
        for stanza in shown.stdout.decode("utf-8", "replace").split("\n\n"):
            match = _STANZA.search(stanza)
            if match is not None:
                text = re.sub(r"\n \.\n", "\n", match[3])
                found[match[1]] = Pair(match[1], match[2], " ".join(text.split()))
    seen: set[str] = set()
    kept = []
    for pair in (found[name] for name in sorted(found)):
        if pair.description and not {pair.description, pair.synopsis} & seen:
            seen |= {pair.description, pair.synopsis}
            kept.append(pair)
    random.Random(seed).shuffle(kept)
    return kept
