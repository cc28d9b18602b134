"""What every domain is made with: random streams, facts and wordings, four choices, balanced positions.

A domain of facts is `Topic`s given to `assembled`. One that makes its own questions is any `Source`; drafts
alone become items in `finished`. This module must not know any subject.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from modes.evaluation.item import Domain, Example, Item, Split

#: Part of every stream and split: raising it makes other items of the same facts.
VERSION = "1"


class DomainError(Exception):
    """Items that cannot be made; the text says of what, and what would help."""


def digest(*parts: str) -> str:
    """Sha256 (hex) of the parts with ``|`` between them: the same in every process."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def stream(domain: str, split: str, salt: str) -> Random:
    """The random numbers of one split: they depend on domain, split, `VERSION` and salt alone."""
    return Random(int(digest(domain, split, VERSION, salt), 16))


def folded(text: str) -> str:
    """NFC, then casefold: how texts are compared. Never ``lower``, which Cherokee has two cases of."""
    return unicodedata.normalize("NFC", text).casefold()


@dataclass(frozen=True, slots=True)
class Fact:
    """``asked`` has ``answer``; ``id`` names it for good, within all topics of a domain.

    Its distractors are the answers of other facts of the same ``kind``. ``also`` are answers that would be
    right as well, so that none of them becomes a distractor; those of facts with the same ``asked`` are
    known to be.
    """

    id: str
    asked: str
    answer: str
    kind: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """How a fact is asked for: ``prompt`` and ``option`` hold ``{asked}`` or ``{answer}`` or both.

    What an option does not share with the others is ``{answer}``; with ``back`` it is ``{asked}``, of the
    other facts with other answers. See `ask`, `back` and `statement`.
    """

    prompt: str
    option: str
    back: bool = False

    def right(self, fact: Fact) -> str:
        """The gold option, which is what is trained as the answer."""
        return self.option.format(asked=fact.asked, answer=fact.answer)

    def of(self, fact: Fact, other: Fact) -> str:
        """The option that ``other`` makes for a question about ``fact``."""
        if self.back:
            return self.option.format(asked=other.asked, answer=fact.answer)
        return self.option.format(asked=fact.asked, answer=other.answer)

    def question(self, fact: Fact) -> str:
        """The prompt that asks for ``fact``."""
        return self.prompt.format(asked=fact.asked, answer=fact.answer)


def ask(*prompts: str) -> tuple[Wording, ...]:
    """Wordings that name ``{asked}`` and are answered with the answer."""
    return tuple(Wording(prompt, "{answer}") for prompt in prompts)


def back(*prompts: str) -> tuple[Wording, ...]:
    """Wordings of the other direction: they name ``{answer}`` and are answered with what is asked."""
    return tuple(Wording(prompt, "{asked}", back=True) for prompt in prompts)


def statement(prompt: str, *options: str) -> tuple[Wording, ...]:
    """The choice of a true sentence: each of ``options`` holds ``{asked}`` and ``{answer}``."""
    return tuple(Wording(prompt, option) for option in options)


@dataclass(frozen=True, slots=True)
class Draft:
    """A four-choice question before its options have places: ``right``, and three that are ``wrong``."""

    topic: str
    fact: str
    prompt: str
    right: str
    wrong: tuple[str, ...]


class Source(Protocol):
    """A topic: what can be learned of it and what is asked of it."""

    @property
    def name(self) -> str:
        """The topic's name."""

    def examples(self) -> list[Example]:
        """All there is to train on, always the same."""

    def drafts(self, split: Split, count: int, random: Random) -> list[Draft]:
        """Questions of ``split``, in any order; one that can make any number makes ``count``."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Facts of one sort with the ways to ask for them.

    ``trained`` wordings make the examples, ``unseen`` ones T1. The ``held_out`` facts with the lowest hashes
    are never trained, and T2 asks for them in all wordings; answers must then belong to one fact each.
    ``shapes`` are T3. T4 puts one of ``openings`` before an unseen wording, with distractors of its own.

    Distractors of trained facts are trained, those of held-out facts held out: having seen an answer before
    tells nothing about its being right.
    """

    name: str
    facts: tuple[Fact, ...]
    trained: tuple[Wording, ...]
    unseen: tuple[Wording, ...]
    shapes: tuple[Wording, ...]
    openings: tuple[str, ...]
    held_out: int = 0

    def split(self) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
        """Trained facts and held-out ones, by the hash of a fact's id and never by its place."""
        ordered = sorted(self.facts, key=lambda fact: digest("held out", VERSION, fact.id))
        return tuple(ordered[self.held_out :]), tuple(ordered[: self.held_out])

    def examples(self) -> list[Example]:
        """Every trained fact in every trained wording."""
        return [
            Example(wording.question(fact), wording.right(fact), self.name, fact.id)
            for fact in self.split()[0]
            for wording in self.trained
        ]

    def drafts(self, split: Split, count: int, random: Random) -> list[Draft]:
        """All of T1, T2, T3; of T4 as many of each fact as of unseen wordings."""
        del count
        trained, held_out = self.split()
        if split == "T2":
            return self._asked(held_out, (*self.trained, *self.unseen), random)
        if split == "T3":
            return self._asked(trained, self.shapes, random)
        drafts = self._asked(trained, self.unseen, random)
        if split == "T1":
            return drafts
        return [
            Draft(one.topic, one.fact, random.choice(self.openings) + one.prompt, one.right, one.wrong)
            for one in drafts
        ]

    def _asked(self, facts: Sequence[Fact], wordings: Sequence[Wording], random: Random) -> list[Draft]:
        return [self._draft(fact, wording, facts, random) for fact in facts for wording in wordings]

    def _draft(self, fact: Fact, wording: Wording, pool: Sequence[Fact], random: Random) -> Draft:
        wrong = look_alikes(
            wording.right(fact),
            [wording.of(fact, other) for other in self._rivals(fact, pool, wording)],
            random,
        )
        if len(wrong) < 3:
            raise DomainError(f"{self.name}: {fact.id} has {len(wrong)} distractors and needs 3: add facts")
        return Draft(self.name, fact.id, wording.question(fact), wording.right(fact), wrong)

    def _rivals(self, fact: Fact, pool: Sequence[Fact], wording: Wording) -> list[Fact]:
        """Facts of the same kind that do not answer the question about ``fact`` as well."""
        if wording.back:
            alike = {folded(other.asked) for other in self.facts if folded(fact.answer) in _answers(other)}
            return [one for one in pool if one.kind == fact.kind and folded(one.asked) not in alike]
        same = (other for other in self.facts if folded(other.asked) == folded(fact.asked))
        right = {answer for other in same for answer in _answers(other)}
        return [one for one in pool if one.kind == fact.kind and folded(one.answer) not in right]


@dataclass(frozen=True, slots=True)
class Later:
    """A topic whose facts are looked up when it is first used: ``made`` returns it, and may raise."""

    name: str
    made: Callable[[], Topic]

    def examples(self) -> list[Example]:
        """Those of the topic."""
        return self.made().examples()

    def drafts(self, split: Split, count: int, random: Random) -> list[Draft]:
        """Those of the topic."""
        return self.made().drafts(split, count, random)


def _answers(fact: Fact) -> set[str]:
    return {folded(answer) for answer in (fact.answer, *fact.also)}


def look_alikes(right: str, others: Iterable[str], random: Random, count: int = 3) -> tuple[str, ...]:
    """At most ``count`` of ``others``, near to ``right`` in length, all distinct when folded.

    ``others`` must hold nothing that is right too, except ``right`` itself, which is left out.
    """
    distinct = {folded(text): text for text in others}
    distinct.pop(folded(right), None)
    return tuple(
        sorted(distinct.values(), key=lambda text: abs(len(text) - len(right)) + 4 * random.random())[:count]
    )


def spread(drafts: Iterable[Draft], random: Random) -> list[Draft]:
    """Shuffled so that every fact comes once before any comes twice: any beginning holds most clusters."""
    shuffled = list(drafts)
    random.shuffle(shuffled)
    seen: Counter[str] = Counter()
    rounds = []
    for draft in shuffled:
        rounds.append(seen[draft.fact])
        seen[draft.fact] += 1
    return [draft for _, draft in sorted(zip(rounds, shuffled, strict=True), key=lambda pair: pair[0])]


def finished(domain: str, split: Split, drafts: Iterable[Draft], random: Random) -> list[Item]:
    """Items in the drafts' order, in NFC; of drafts with the same question and options only the first.

    Every four of them have the gold answer at all four positions. An id is made of what is asked and
    offered. Raises `DomainError` for options that are not four distinct ones.
    """
    items: dict[str, Item] = {}
    places: list[int] = []
    for draft in drafts:
        right, *wrong = (unicodedata.normalize("NFC", text) for text in (draft.right, *draft.wrong))
        if len({folded(text) for text in (right, *wrong)}) != 4:
            raise DomainError(f"{domain}: {draft.prompt!r} has options that are not four distinct ones")
        prompt = unicodedata.normalize("NFC", draft.prompt)
        name = f"{domain}-{split}-{digest(draft.fact, prompt, right, *sorted(wrong))[:12]}"
        if name in items:
            continue
        places = places or random.sample(range(4), 4)
        gold = places.pop()
        choices = (*wrong[:gold], right, *wrong[gold:])
        items[name] = Item(name, domain, split, draft.topic, draft.fact, "choice", prompt, choices, gold)
    return list(items.values())


def assembled(name: str, sources: Sequence[Source], notes: Mapping[str, str]) -> Domain:
    """A domain whose topics are ``sources``; its items are mixed over all of them."""

    def examples(salt: str) -> list[Example]:
        made = [example for source in sources for example in source.examples()]
        stream(name, "examples", salt).shuffle(made)
        return made

    def items(split: Split, count: int, salt: str) -> list[Item]:
        random = stream(name, split, salt)
        share = -(-count // len(sources))
        drafts = [draft for source in sources for draft in source.drafts(split, share, random)]
        return finished(name, split, spread(drafts, random), random)[:count]

    return Domain(name, tuple(source.name for source in sources), examples, items, notes)
