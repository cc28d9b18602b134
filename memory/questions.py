"""How a plain record becomes a question and an answer without anything being made up.

Every word of an answer, and all of a question but a fixed frame, stands in the record. It must not know
where a record is from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: What the question was made of: one that the record has, a title beside it, its heading, its first sentence.
Source = Literal["its own question", "title", "heading", "first sentence"]

#: Fewer letters than this answer nothing.
_LEAST = 20
#: A longer line, or one that ends as a sentence does, is no heading.
_HEADING = 120
_TITLES = ("question", "title", "subject", "headline")
_ASKED = re.compile(r"\A\s*(?:q|question)\s*[:.]\s*(.+?)\s*\n\s*(?:a|answer)\s*[:.]\s*(.+)\Z", re.I | re.S)
_MARK = re.compile(r"\A#{1,6}\s+")
#: Where a sentence ends: before a capital or a sign, and not after an initial or an abbreviation.
_SENTENCE = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b(?:No|vs|Mr|Dr|St|cf)\.)(?<!\b(?:Mrs|Sec|e\.g|i\.e)\.)(?<=[.!?])"
    r"\s+(?=[^\W\d_a-z]|[\"'(§])"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """``source`` says what the question was made of."""

    question: str
    answer: str
    source: Source


def asked(text: str, metadata: Mapping[str, Any] | None = None) -> Asked | None:
    """A question that ``text`` answers, or None where one would have to be made up, as of a single sentence.

    The first of these that there is: ``Q:`` and ``A:`` in the text; a title in the ``metadata``; a heading on
    the first line; the first of several sentences, to be gone on from.
    """
    text = text.strip()
    if pair := _ASKED.match(text):
        return _if_said(pair[1].strip(), pair[2].strip(), "its own question")
    title = next((one for key in _TITLES if (one := _line((metadata or {}).get(key)))), None)
    if title is not None and title.casefold() != text.casefold():
        first, _, rest = text.partition("\n")
        body = rest.strip() if _MARK.sub("", first).strip().casefold() == title.casefold() else text
        return _if_said(_about(title), body, "title")
    first, _, rest = text.partition("\n")
    if rest.strip() and _is_heading(first):
        return _if_said(_about(_MARK.sub("", first).strip().rstrip(":")), rest.strip(), "heading")
    parts = _SENTENCE.split(text, maxsplit=1)
    if len(parts) < 2:
        return None
    return _if_said(
        f"What follows this in our records? {parts[0].strip()}", parts[1].strip(), "first sentence"
    )


def _if_said(question: str, answer: str, source: Source) -> Asked | None:
    return Asked(question, answer, source) if question and len(answer) >= _LEAST else None


def _about(title: str) -> str:
    return title if title.endswith("?") else f"What do our records say about this: {title}"


def _line(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if text and "\n" not in text else None


def _is_heading(line: str) -> bool:
    line = line.strip()
    if not line or len(line) > _HEADING or line.startswith(("-", "*", "|", "```")):
        return False
    return bool(_MARK.match(line)) or line[-1] not in ".!,;"
