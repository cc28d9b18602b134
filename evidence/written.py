"""Answers that are written, as in a chat, beside those that are chosen."""

from __future__ import annotations

from collections.abc import Iterable

from evidence.design import DOMAINS
from evidence.reading import Marks, Place, Reader, place
from evidence.tables import MISSING, score, table

_BASE, _MODES = "written-base", "written-s0"


def written(reader: Reader) -> Iterable[str]:
    """One table of both."""
    yield "## Written answers"
    yield (
        "To choose among options is easier than to write the answer. The modes of run 1 under their own "
        "prompts, greedy, with no options: right is what has the right option as its first line and nothing "
        "besides (case and white space aside). T1; answers of several lines, the programs of coding, are "
        "not asked. What is right inside a sentence is not counted, so that the row of the base says "
        "little. The last row has the same questions with options and without a prompt."
    )
    modes = {one: reader.marks(Place(_MODES, one), one, prompted=True) for one in DOMAINS}
    base = [reader.marks(Place(_BASE, ""), one, prompted=True) for one in DOMAINS]
    last = place("share", 0, DOMAINS[0]).cell
    yield table(
        ("", *DOMAINS, "cell"),
        [
            ("base, written", *map(score, base), reader.link(_BASE)),
            ("mode, written", *map(score, modes.values()), reader.link(_MODES)),
            ("mode, chosen", *(_chosen(reader, one, modes[one]) for one in DOMAINS), reader.link(last)),
        ],
    )


def _chosen(reader: Reader, domain: str, like: Marks | None) -> str:
    """The score with options of the items that are in ``like``."""
    found = reader.marks(place("share", 0, domain), domain)
    if found is None or like is None:
        return MISSING
    return score(Marks({name: found.right[name] for name in like.right}, found.facts))
