"""Arithmetic and logic made by chance: what can be learned is the template, never an instance of it.

Every option is a number, a name or a word of the same question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from random import Random

from modes.evaluation.domains import reasoning_trained as trained
from modes.evaluation.domains import reasoning_unseen as unseen
from modes.evaluation.domains.making import Draft, assembled, folded, stream
from modes.evaluation.domains.reasoning_words import RESERVED, TRAINED, Make, Question, Words
from modes.evaluation.item import Example, Split

NAME = "reasoning"
#: Examples of a topic, shared by its templates.
EXAMPLES = 396
#: Draws for each question wanted, after which a template has no more.
_PATIENCE = 20
#: Words in a row that no question of a test may share with an example.
_GRAM = 8


@dataclass(frozen=True, slots=True)
class Skill:
    """A topic: ``trained`` templates, ``held_out`` ones for T3, and for T2 a ``control`` with no answer."""

    name: str
    trained: tuple[Make, ...]
    held_out: tuple[Make, ...]
    control: Make

    def examples(self) -> list[Example]:
        """`EXAMPLES` questions with their answers, the same number of each template."""
        random = stream(NAME, "examples", self.name)
        share = EXAMPLES // len(self.trained)
        return [
            Example(made.prompt, made.right, self.name, _fact(make, made))
            for make in self.trained
            for made in _different(make, TRAINED, share, random, ())
        ]

    def drafts(self, split: Split, count: int, random: Random) -> list[Draft]:
        """``count`` questions, as many of each template; none has eight words in a row of an example."""
        makes, words = {
            "T1": (self.trained, TRAINED),
            "T2": ((self.control,), TRAINED),
            "T3": (self.held_out, TRAINED),
            "T4": (self.trained, RESERVED),
        }[split]
        known = {gram for example in self.examples() for gram in _grams(example.prompt)}
        share = -(-count // len(makes))
        return [
            Draft(self.name, _fact(make, made), made.prompt, made.right, made.wrong)
            for make in makes
            for made in _different(make, words, share, random, known)
        ]


def _fact(make: Make, made: Question) -> str:
    return f"{make.__name__}: {made.prompt}"


def _different(
    make: Make, words: Words, count: int, random: Random, known: Collection[str]
) -> Iterator[Question]:
    """At most ``count`` questions with prompts of their own that share no `_grams` with what is ``known``."""
    seen = set[str]()
    for _ in range(_PATIENCE * count):
        if len(seen) == count:
            return
        made = make(random, words, len(seen) % 4)
        if made.prompt not in seen and not _grams(made.prompt).intersection(known):
            seen.add(made.prompt)
            yield made


def _grams(text: str) -> set[str]:
    """Every `_GRAM` words in a row, or all of them where there are fewer."""
    words = re.findall(r"\w+", folded(text))
    return {" ".join(words[at : at + _GRAM]) for at in range(max(1, len(words) - _GRAM + 1))}


SKILLS = (
    Skill(
        "comparison",
        (trained.chain, trained.most),
        (unseen.queue, unseen.cheapest),
        unseen.unmeasured,
    ),
    Skill(
        "lists",
        (trained.position, trained.neighbour),
        (unseen.backwards, unseen.between),
        unseen.unordered,
    ),
    Skill(
        "arithmetic",
        (trained.following, trained.gain),
        (unseen.loss, unseen.weekday),
        unseen.unread,
    ),
    Skill(
        "rules",
        (trained.swap, trained.rule),
        (unseen.variables, unseen.turns),
        unseen.unruled,
    ),
    Skill(
        "classes",
        (trained.parity, trained.odd_one, trained.kind),
        (unseen.ending, unseen.initial),
        unseen.unturned,
    ),
)

NOTES = {
    "T1": "new questions of trained templates, without eight words in a row of an example",
    "T2": "control: what would decide is left out of the prompt, so every score but a quarter is chance",
    "T3": "templates that were never trained, two of each topic",
    "T4": "trained templates with names and words that were never trained; numbers as in T1",
    "facts": "every question is a fact of its own, so every cluster has one item",
}

DOMAIN = assembled(NAME, SKILLS, NOTES)
