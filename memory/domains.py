"""Which domain of training a memory belongs to, and by which rule that was seen.

It must not know how hot anything is, nor what becomes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from memory.record import Memory

#: What is looked at, in this order: tags; where they say nothing the domain, then the metadata; the text
#: only where there is neither a tag nor a domain that says something else.
Rule = Literal["tags", "domain", "metadata", "text"]
RULES: tuple[Rule, ...] = ("tags", "domain", "metadata", "text")

#: Keys of metadata whose value may name a domain.
_NAMING = ("domain", "domain_tag", "category", "topic", "topics", "tags", "project", "area")


@dataclass(frozen=True, slots=True)
class Domain:
    """``names`` are the tags that belong to it, casefolded; ``hot`` the temperature from which it is learned.

    ``words`` is found in a text that belongs to it, whatever it is tagged; None: no text says so by itself.
    """

    name: str
    names: frozenset[str]
    hot: float
    words: re.Pattern[str] | None = None

    def rule(self, memory: Memory) -> Rule | None:
        """By what ``memory`` belongs to this domain; None when it does not."""
        if self._names(memory.tags):
            return "tags"
        if memory.domain and self._names([memory.domain]):
            return "domain"
        if self._names(_named(memory.metadata)):
            return "metadata"
        unmarked = not memory.tags and not memory.domain
        return "text" if unmarked and self.words is not None and self.words.search(memory.content) else None

    def _names(self, texts: Iterable[str]) -> bool:
        return any(text.strip().lstrip("#").casefold() in self.names for text in texts)


def _named(metadata: Any) -> Iterator[str]:
    """Keys of the metadata, and the texts under those that may name a domain."""
    for key, value in metadata.items():
        yield str(key)
        if str(key).casefold() in _NAMING:
            values = value if isinstance(value, list | tuple) else [value]
            yield from (one for one in values if isinstance(one, str))


_LEGAL = re.compile(
    r"\b38\s+(?:C\.?\s?F\.?\s?R|U\.?\s?S\.?\s?C)\b"
    r"|\bvetassist\b|\bservice[- ]connect(?:ed|ion)\b|\bVA\s+(?:disability|claim|rating|form|benefits)"
    r"|\bveterans?['’]?\s+(?:law|benefits|affairs|disability)\b",
    re.IGNORECASE,
)
#: The language's own letters say it, and so do its names.
_CHEROKEE = re.compile("[Ꭰ-ᏽꭰ-ꮿ]{2,}" + r"|\b(?:cherokee|tsalagi|syllabary)\b", re.IGNORECASE)

#: Coding is learned from a queue of work (`memory.jobs`) above all; memories that say they are about it too.
DOMAINS = {
    one.name: one
    for one in (
        Domain("legal", frozenset({"vetassist", "legal", "cfr", "disability", "va"}), 70.0, _LEGAL),
        Domain("coding", frozenset({"coding", "code", "programming"}), 60.0),
        Domain(
            "cherokee",
            frozenset({"cherokee", "tsalagi", "cultural", "language", "syllabary"}),
            60.0,
            _CHEROKEE,
        ),
    )
}
