"""One of those that say the same: equal texts, parts of one text, embeddings that hardly differ."""

from __future__ import annotations

from collections.abc import Sequence

from memory.contract import Candidate
from memory.recall.alike import Likeness
from memory.record import content_hash

#: From this cosine on two texts say the same.
SAME = 0.95
#: More than this are not looked for: each is compared with all before it.
MOST = 30


def distinct(
    ranked: Sequence[Candidate], alike: Likeness, kept: Sequence[Candidate] = (), most: int = MOST
) -> list[Candidate]:
    """``ranked`` (the best first) without what repeats one before it or one of ``kept``; ``most`` of them."""
    found: list[Candidate] = []
    seen = {_text(one) for one in kept}
    families = {_family(one) for one in kept}
    for one in ranked:
        if len(found) == most:
            break
        text, family = _text(one), _family(one)
        if text in seen or family in families:
            continue
        if any(_same(one, other, alike) for other in (*kept, *found)):
            continue
        seen.add(text)
        families.add(family)
        found.append(one)
    return found


def _text(one: Candidate) -> str:
    return one.memory.hash or content_hash(one.memory.content)


def _family(one: Candidate) -> str:
    """The whole that it is a part of; a whole is its own, and what is no part has only itself."""
    return one.memory.parent or one.memory.id


def _same(one: Candidate, other: Candidate, alike: Likeness) -> bool:
    return one.vector is not None and other.vector is not None and alike(one, other) > SAME
