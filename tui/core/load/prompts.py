"""What the conversations of a load ask: questions of the domains, after as much real text as the depth wants.

No two begin alike, so that no engine finds one read already. It must not know times.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import chain, cycle, islice

from engine.contract import Engine, Message, Request, Sampling, Scales
from modes.evaluation.domains import general_texts
from tui.core.evaluation.cells import BASE
from tui.core.evaluation.choice import Choice
from tui.core.evaluation.speed import unending

#: Tokens of a context that are left free for what a template adds.
SPARE = 32
_GREEDY = Sampling(temperature=0.0)
#: Letters of a token, before any were counted, and how often that guess is corrected.
_LETTERS, _CORRECTIONS = 4, 2
#: Per cent of a text that are left when it was too long after all.
_LESS = 98
#: Letters between where two conversations begin in the same text.
_APART = 7919


class Prompts:
    """Requests for ``choice``, each for as many tokens as its size says; none ends before.

    ``salt`` is of this run alone. ``worn`` are the coefficients of those modes that have any here; ``depth``
    is in tokens, None: the question alone.
    """

    def __init__(
        self, engine: Engine, choice: Choice, salt: str, worn: Mapping[str, Scales], depth: int | None
    ) -> None:
        self._engine, self._choice, self._salt = engine, choice, salt
        self._worn, self._depth = worn, depth
        self._bias = unending(engine)
        self._questions = {who: self._asked(who) for who in self.who}
        self._fillings: dict[int, str] = {}

    @property
    def who(self) -> tuple[str, ...]:
        """The base and every mode, in the order in which conversations take them."""
        return (BASE, *self._choice.modes)

    def request(self, who: str, number: int, tag: str, bare: bool = False, filled: bool = True) -> Request:
        """Conversation ``number`` of wave ``tag``, in mode ``who``.

        ``bare``: with no coefficients; not ``filled``: without the text that makes it deep.
        """
        questions = self._questions[who]
        question = questions[number % len(questions)]
        before = "" if self._depth is None or not filled else f"{self._filled(number)}\n\n"
        text = f"{self._salt} {tag}.{number}. {before}{question}"
        return Request(
            (*_system(self.prompt(who)), Message("user", text)),
            _GREEDY,
            self._choice.size.tokens,
            scales=() if bare else self._worn.get(who, ()),
            thinking=False,
            logit_bias=self._bias,
        )

    def crowd(self, number: int) -> Request:
        """What conversation ``number`` of a crowd asks, always after the same text."""
        who = self.who[number % len(self.who)]
        return self.request(who, number, "crowd")

    def prompt(self, who: str) -> str:
        """What the mode says before a conversation."""
        voice = self._choice.modes.get(who)
        return voice.lead.prompt if voice else ""

    def _asked(self, who: str) -> list[str]:
        subjects = self._choice.subjects
        own = [one for one in subjects if who != BASE and who in self._choice.at_home(one)] or subjects
        found = [item.prompt for one in own for item in one.items if item.kind != "text"]
        return found or [item.prompt for one in subjects for item in one.items]

    def _filled(self, number: int) -> str:
        """Text of about as many tokens as the depth leaves, and no more; the same for the same ``number``."""
        assert self._depth is not None
        if number not in self._fillings:
            wanted = max(1, self._depth - SPARE - self._question_tokens)
            text = self._from(number, _LETTERS * wanted)
            for _ in range(_CORRECTIONS):
                text = self._from(number, max(1, len(text) * wanted // self._tokens(text)))
            while self._tokens(text) > wanted:
                text = text[: len(text) * _LESS // 100]
            self._fillings[number] = text
        return self._fillings[number]

    def _from(self, number: int, letters: int) -> str:
        start = number * _APART % len(self._text)
        return "".join(islice(cycle(self._text), start, start + letters))

    def _tokens(self, text: str) -> int:
        """Of the text alone, at least 1."""
        return max(1, self._count("", text) - self._around)

    def _count(self, system: str, text: str) -> int:
        return self._engine.count_tokens([*_system(system), Message("user", text)])

    @cached_property
    def _around(self) -> int:
        """Tokens that a template puts around any text."""
        return self._count("", "")

    @cached_property
    def _text(self) -> str:
        passages = chain(general_texts.prose(), general_texts.python_docs(), general_texts.docstrings())
        return "\n\n".join(passage for _, passage in passages)

    @cached_property
    def _question_tokens(self) -> int:
        """Of the longest question with its mode's prompt."""
        longest = {who: max(asked, key=len) for who, asked in self._questions.items()}
        return max(self._count(self.prompt(who), asked) for who, asked in longest.items())


def _system(prompt: str) -> list[Message]:
    return [Message("system", prompt)] if prompt else []
