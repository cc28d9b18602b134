"""Whether a test set was seen in training: the same question, or eight words in a row of one.

Words that a template puts into many questions are no sign of that: a run of words is the template's when the
examples of more than `COMMON` facts have it (as in Brown et al. 2020, arXiv 2005.14165, app. C).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from modes.evaluation.item import Example, Item

WORDS = 8
COMMON = 10
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """An item that was seen: in which example (its place in the sequence), and by which words."""

    item: str
    example: int
    how: Literal["same question", "same words"]
    words: str


class SeenInTraining(ValueError):
    """Test items are among the examples; ``found`` has them all."""

    def __init__(self, found: Sequence[Overlap]) -> None:
        self.found = tuple(found)
        first = found[0]
        super().__init__(
            f"{len({one.item for one in found})} test items are among the examples, the first of them "
            f'"{first.item}" in example {first.example} ({first.how}: "{first.words}"): '
            "take them out of either, or change the salt"
        )


def assert_unseen(examples: Sequence[Example], items: Iterable[Item]) -> None:
    """Raises `SeenInTraining` unless no item's question is in the examples."""
    found = overlaps(examples, items)
    if found:
        raise SeenInTraining(found)


def overlaps(
    examples: Sequence[Example], items: Iterable[Item], size: int = WORDS, common: int = COMMON
) -> list[Overlap]:
    """Every item whose question is in an example, once each, in the order of the items.

    Equal after NFC, case folding and without punctuation; or ``size`` words in a row, in question or answer.
    """
    questions: dict[bytes, int] = {}
    runs: dict[bytes, int] = {}
    facts: defaultdict[bytes, set[str]] = defaultdict(set)
    for number, example in enumerate(examples):
        questions.setdefault(_hash(words(example.prompt)), number)
        for text in (example.prompt, example.answer):
            for run in _runs(words(text), size):
                key = _hash(run)
                runs.setdefault(key, number)
                if len(facts[key]) <= common:
                    facts[key].add(example.fact)
    found = []
    for item in items:
        asked = words(item.prompt)
        if (whole := questions.get(_hash(asked))) is not None:
            found.append(Overlap(item.id, whole, "same question", " ".join(asked)))
            continue
        for run in _runs(asked, size):
            key = _hash(run)
            if key in runs and len(facts[key]) <= common:
                found.append(Overlap(item.id, runs[key], "same words", " ".join(run)))
                break
    return found


def words(text: str) -> list[str]:
    """Letters and digits between all else, NFC and case folded; a text without any is one word."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return _WORD.findall(folded) or [folded.strip()]


def _runs(text: list[str], size: int) -> Iterable[list[str]]:
    return (text[at : at + size] for at in range(len(text) - size + 1))


def _hash(text: Sequence[str]) -> bytes:
    return hashlib.blake2b(" ".join(text).encode(errors="surrogatepass"), digest_size=16).digest()
