r"""Texts as words, the same for what is kept and for what is asked.

SQLite's own tokenizers know the letters of Unicode 6.1: to them the later Cherokee letters are punctuation.
So texts are cut into words here, and the index only splits at spaces. It must not know SQLite.
"""

from __future__ import annotations

import re

from memory.record import folded, spelled

#: Longest word in characters: what is longer is no word, but a key or an encoded file.
LONGEST = 40

#: Letters and digits of any script, with the marks that belong to letters in Hebrew, Arabic, and from India
#: to Tibet, which Python does not count as such.
_WORD = re.compile(
    r"(?:[^\W_]|[\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e30-\u0fff])+"
)

#: English words that tell nothing of what a text is about.
COMMON = frozenset(
    """
    a about after all also an and any are as at be because been before being between but by can could
    did do does for from had has have having he her here him his how i if in into is it its just like me
    more most my no not of on one only or other our out over own she should so some such than that the
    their them then there these they this those through to too under up us very was we were what when
    where which while who whom why will with would you your tell please s t m d ll re ve don
    """.split()  # noqa: SIM905
)


def words(text: str) -> list[str]:
    """The words of ``text`` in their order: folded, without accents, each `LONGEST` characters at most."""
    return [word[:LONGEST] for word in _WORD.findall(spelled(folded(text)))]


def telling(text: str) -> list[str]:
    """Every word of ``text`` once, in its order; `COMMON` ones only if there is no other."""
    every = list(dict.fromkeys(words(text)))
    return [word for word in every if word not in COMMON] or every
