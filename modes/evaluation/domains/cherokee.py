"""Names in Cherokee and the letters they are written with, both ways.

Names come from Unicode's locale data (CLDR, through Babel), letters from the character names of Unicode
itself. A letter is three bytes and about three tokens, so names are short ones.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING

from modes.evaluation.domains.making import (
    VERSION,
    DomainError,
    Fact,
    Later,
    Topic,
    Wording,
    ask,
    assembled,
    back,
    digest,
    folded,
    statement,
)

if TYPE_CHECKING:
    from babel import Locale

NAME = "cherokee"

NOTES = {
    "sources": "CLDR names through Babel, read at run time; letters from Python's unicodedata",
    "loans": "Many CLDR names are English or other names written by their sound: no measure of Cherokee.",
    "control": "Whoever knows the letters may sound out a name never seen: held-out names can rise.",
    "compared": "in NFC and casefolded; lower() would move letters to U+AB70",
}

OPENINGS = ("Quick question: ", "For a class: ", "In short: ", "Please answer: ", "A student asks: ", "Now: ")

#: The syllabary in use, without the single vowels and s, which are words and letters of English too.
_LETTERS = range(0x13A0, 0x13F5)
_PREFIX = "CHEROKEE LETTER "
_LONGEST = {"languages": 3, "territories": 3, "months": 5, "units": 5}
_ENGLISH = 10

Names = Iterator[tuple[str, str, bool]]


def letters() -> list[tuple[str, str]]:
    """Romanisation and letter (``ga``, ``Ꭶ``) of every syllable with a consonant and a vowel."""
    named = ((unicodedata.name(chr(code)).removeprefix(_PREFIX).lower(), chr(code)) for code in _LETTERS)
    return [(sound, letter) for sound, letter in named if len(sound) > 1]


def names(kind: str) -> list[tuple[str, str]]:
    """English and Cherokee names of ``kind`` that are short, and that nothing else has in either language.

    Raises `DomainError` where Babel is not installed.
    """
    everything = {other: list(_NAMES[other](*_locales())) for other in _NAMES}
    counted = Counter(
        folded(name)
        for found in everything.values()
        for english, cherokee, _ in found
        for name in (english, cherokee)
    )
    return [
        (english, cherokee)
        for english, cherokee, usual in everything[kind]
        if usual
        and counted[folded(english)] == counted[folded(cherokee)] == 1
        and english.isascii()
        and english.isalpha()
        and len(english) <= _ENGLISH
        and 2 <= len(cherokee) <= _LONGEST[kind]
        and all(unicodedata.name(letter, "").startswith(_PREFIX) for letter in cherokee)
    ]


@cache
def _locales() -> tuple[Locale, Locale]:
    """English and Cherokee."""
    try:
        from babel import Locale
    except ModuleNotFoundError:
        raise DomainError(
            "cherokee takes its names from Babel, which is not installed: pip install 'modeshare[evaluation]'"
        ) from None
    return Locale.parse("en"), Locale.parse("chr")


def _languages(english: Locale, cherokee: Locale) -> Names:
    """Those with a code of two letters are the well-known ones; the same holds for territories."""
    for code, name in cherokee.languages.items():
        if code in english.languages:
            yield english.languages[code], name, len(code) == 2


def _territories(english: Locale, cherokee: Locale) -> Names:
    for code, name in cherokee.territories.items():
        if code in english.territories:
            yield english.territories[code], name, len(code) == 2


def _months(english: Locale, cherokee: Locale) -> Names:
    for number, name in cherokee.months["format"]["wide"].items():
        yield english.months["format"]["wide"][number], name, True


def _units(english: Locale, cherokee: Locale) -> Names:
    """Full unit names (``hertz``)."""
    for unit, forms in cherokee.unit_display_names.items():
        known = english.unit_display_names.get(unit, {})
        if "long" in forms and "long" in known:
            yield known["long"], forms["long"], True


_NAMES: dict[str, Callable[[Locale, Locale], Names]] = {
    "languages": _languages,
    "territories": _territories,
    "months": _months,
    "units": _units,
}


def _named(noun: str) -> tuple[tuple[Wording, ...], tuple[Wording, ...], tuple[Wording, ...]]:
    """Trained and unseen wordings and other shapes for a kind of names."""
    return (
        (
            *ask(f"What is the {noun} {{asked}} in Cherokee?", f"Write the {noun} {{asked}} in Cherokee."),
            *back(f"Which {noun} is {{answer}}?", f"What {noun} does {{answer}} mean?"),
        ),
        (
            *ask(
                "Cherokee word for {asked}?",
                "Give {asked} in the Cherokee syllabary.",
                f"What do Cherokee speakers call {{asked}}, the {noun}?",
            ),
            *back(
                f"{{answer}} is the Cherokee name of what {noun}?",
                "Translate {answer} from Cherokee.",
                "In English, {answer} is what?",
            ),
        ),
        (
            *statement("Which statement is true?", "{asked} is {answer} in Cherokee."),
            *statement("Pick the correct entry.", "{asked}: {answer}"),
            *ask("Complete: on the Cherokee sign for {asked} stands"),
            *back("Complete: a translator turns {answer} into"),
        ),
    )


_SPELLED = (
    (
        *ask("Which Cherokee letter is read {asked}?", "Write the syllable {asked} in Cherokee."),
        *back("How is the letter {answer} read?", "What syllable is {answer}?"),
    ),
    (
        *ask(
            "Give the Cherokee sign that sounds like {asked}.",
            "{asked}: which letter of the syllabary?",
            "Spell {asked} with one Cherokee letter.",
        ),
        *back("Romanise {answer}.", "Say {answer} aloud.", "{answer} has which sound?"),
    ),
    (
        *statement("Which statement is true?", "The letter {answer} is read {asked}."),
        *statement("Pick the correct entry.", "{asked}: {answer}"),
        *ask("Complete: in the Cherokee chart, beside {asked} stands"),
        *back("Complete: a reader who sees {answer} says"),
    ),
)


@cache
def topic(name: str, trained: int, held_out: int) -> Topic:
    """The topic called ``name`` with as many facts, chosen by hash of what there are.

    Raises `DomainError` for names where Babel is not installed.
    """
    pairs = letters() if name == "letters" else names(name)
    found = [Fact(f"{NAME}/{name}/{asked}", asked, answer) for asked, answer in pairs]
    found.sort(key=lambda fact: digest("chosen", VERSION, fact.id))
    wordings = _SPELLED if name == "letters" else _named(_NOUNS[name])
    return Topic(name, tuple(found[: trained + held_out]), *wordings, OPENINGS, held_out)


_NOUNS = {"languages": "language", "territories": "country", "months": "month", "units": "unit"}

#: How many facts are trained and held out. Twenty passes over them have to stay within minutes.
SIZES = {
    "languages": (26, 7),
    "territories": (26, 7),
    "months": (8, 4),
    "units": (12, 4),
    "letters": (24, 6),
}

DOMAIN = assembled(NAME, [Later(name, partial(topic, name, *size)) for name, size in SIZES.items()], NOTES)
