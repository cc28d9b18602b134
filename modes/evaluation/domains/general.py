"""What no mode may make worse: common knowledge in questions, and texts in bits per byte. Nothing is trained.

A guard against regression: with the mode off it has to be identical, with it on it must not fall by more
than its interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest

from modes.evaluation.domains import general_texts as texts
from modes.evaluation.domains.general_questions import facts
from modes.evaluation.domains.making import Topic, ask, assembled, digest, stream
from modes.evaluation.item import Domain, Example, Item, Split

NAME = "general"

KNOWLEDGE = Topic(
    "knowledge",
    facts(),
    trained=(),
    unseen=ask("{asked}"),
    shapes=(),
    openings=("An easy one. ", "Quiz question: ", "A child asks: ", "Do you know? "),
)

#: Topics of ``text`` items, and where their passages come from.
TEXTS = {"prose": texts.prose, "python-docs": texts.python_docs, "docstrings": texts.docstrings}

NOTES = {
    "examples": "none: it is a guard, not a subject",
    "T1": "all of it, questions and passages in turn; the salt draws other distractors and another order",
    "T2, T3": "empty: nothing is held out from what is never trained",
    "T4": "the questions again, with an opening and other distractors",
    "texts": "differ between versions of Python, except prose: compare within one",
}

_QUESTIONS = assembled(NAME, [KNOWLEDGE], NOTES)


def _passages(salt: str) -> Iterator[Item]:
    """All passages, of the topics in turn as long as they last."""
    random = stream(NAME, "texts", salt)
    found = [[_passage(topic, *one) for one in source()] for topic, source in TEXTS.items()]
    for items in found:
        random.shuffle(items)
    return (item for item in chain.from_iterable(zip_longest(*found)) if item is not None)


def _passage(topic: str, name: str, text: str) -> Item:
    fact = f"{topic} {name}"
    return Item(f"{NAME}-T1-{digest(fact, text)[:12]}", NAME, "T1", topic, fact, "text", text)


def _items(split: Split, count: int, salt: str) -> list[Item]:
    asked = _QUESTIONS.items(split, count, salt)
    if split != "T1":
        return asked
    turns = chain.from_iterable(zip_longest(asked, _passages(salt)))
    return [item for item in turns if item is not None][:count]


def _examples(salt: str) -> list[Example]:
    del salt
    return []


DOMAIN = Domain(NAME, (KNOWLEDGE.name, *TEXTS), _examples, _items, NOTES)
