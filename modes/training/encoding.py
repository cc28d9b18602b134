"""Samples as tokens, in the base's own chat template, and batches of them.

A batch whose samples begin alike (the system prompt, mostly) carries that beginning once. It must not know
what computes with them: tokens are spelled by a `Wording`, and batches are NumPy's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray

from engine.contract import Message
from engine.text import THINK_CLOSE, THINK_OPEN
from engine.turns import fold_system, merge_roles
from modes.training.data import BadData, Sample

#: A common beginning of fewer tokens is not worth reading apart.
_WORTH = 8
IGNORED = -100

Tokens = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of question and answer, learned from ``start`` on; ``system`` is the prompt before them."""

    tokens: tuple[int, ...]
    start: int
    system: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """``shared`` (P) tokens before every row; ``tokens``, ``mask``, ``labels`` (rows × longest rest).

    Labels stand where their token stands; `IGNORED` (-100) is not learned.
    """

    shared: Tokens
    tokens: Tokens
    mask: Tokens
    labels: Tokens


class Wording(Protocol):
    """How a base spells: ``bos`` and ``eos`` are empty where there is none.

    ``first`` are the tokens that its vocabulary wants before every text.
    """

    bos: str
    eos: str
    first: list[int]

    def rendered(self, turns: Sequence[Message], asking: bool) -> str:
        """The chat template's text of ``turns``, with ``asking`` up to where an answer begins.

        Raises `TemplateError`, `ValueError`, `TypeError` or `LookupError` for what the template refuses.
        """

    def tokens(self, text: str) -> list[int]:
        """Of ``text``, in which control tokens are read, without any before it."""


class Encoder:
    """Makes tokens as ``wording`` spells them; ``context`` is the most that one sample may have."""

    def __init__(self, wording: Wording, context: int) -> None:
        self._wording, self._context = wording, context

    def encoded(self, sample: Sample) -> Encoded:
        """The sample as the engine would read it and write it, without thinking. Raises `BadData`."""
        prompt, ending = self._texts(sample)
        words = self._wording
        first = [] if words.bos and prompt.startswith(words.bos) else words.first
        start, end = [*first, *words.tokens(prompt)], words.tokens(ending)
        if len(start) + len(end) > self._context:
            raise BadData(
                f"{sample.where}: {len(start) + len(end):,} tokens, and {self._context:,} are the most that "
                "can be trained at once: shorten it, or take it out"
            )
        system = sample.messages[0].content if sample.messages[0].role == "system" else ""
        return Encoded((*start, *end), len(start), system)

    def _texts(self, sample: Sample) -> tuple[str, str]:
        """The prompt, and what follows it up to the end of the answer."""
        answer = Message("assistant", sample.answer)
        for turns in (sample.messages, merge_roles(fold_system(sample.messages))):
            try:
                prompt = self._wording.rendered(turns, True)
                whole = self._wording.rendered([*turns, answer], False)
            except (TemplateError, ValueError, TypeError, LookupError) as error:
                refused = error
                continue
            if prompt.rstrip().endswith(THINK_OPEN):
                prompt = f"{prompt}\n{THINK_CLOSE}\n\n"
            if whole.startswith(prompt):
                return prompt, whole[len(prompt) :].rstrip("\n")
            # A template that writes answers in another way than it asks for them.
            return prompt, sample.answer + self._wording.eos
        raise BadData(f"{sample.where}: the model's chat template refuses this conversation ({refused})")


class Order:
    """Which samples each step takes: of one group, every one of it once before any again, from a seed.

    A group are the samples with one system prompt; those with too few for a step are one group together.
    Groups take turns by their sizes.
    """

    def __init__(self, systems: Sequence[str], size: int, seed: int) -> None:
        by_system: dict[str, list[int]] = {}
        for at, system in enumerate(systems):
            by_system.setdefault(system, []).append(at)
        small = sorted(at for group in by_system.values() if len(group) < size for at in group)
        self._groups = [group for group in by_system.values() if len(group) >= size] + (
            [small] if small else []
        )
        self._size, self._seed = size, seed
        self._turns: list[int] = []
        self._orders: dict[tuple[int, int], list[int]] = {}

    def taken(self, step: int) -> list[int]:
        """Indices of the samples that ``step`` takes, from 0."""
        while len(self._turns) <= step:
            self._turns.append(self._next())
        group = self._turns[step]
        start = self._turns[:step].count(group) * self._size
        members = self._groups[group]
        return [
            self._shuffled(group, at // len(members))[at % len(members)]
            for at in range(start, start + self._size)
        ]

    def _next(self) -> int:
        """The group that has had the least for its size."""
        return min(
            range(len(self._groups)),
            key=lambda group: (self._turns.count(group) + 1) / len(self._groups[group]),
        )

    def _shuffled(self, group: int, epoch: int) -> list[int]:
        if (group, epoch) not in self._orders:
            members = list(self._groups[group])
            random.Random(f"{self._seed} {group} {epoch}").shuffle(members)
            self._orders.pop((group, epoch - 2), None)
            self._orders[group, epoch] = members
        return self._orders[group, epoch]


def batched(samples: Sequence[Encoded], padding: int, share: bool = True) -> Batch:
    """One batch; with ``share`` what all samples begin with stands apart, never any of an answer."""
    common = common_of(samples) if share else 0
    width = max(len(one.tokens) for one in samples) - common
    tokens = np.full((len(samples), width), padding)
    mask = np.zeros((len(samples), common + width), np.int64)
    labels = np.full((len(samples), width), IGNORED)
    for row, one in enumerate(samples):
        rest = one.tokens[common:]
        tokens[row, : len(rest)] = rest
        mask[row, : common + len(rest)] = 1
        labels[row, one.start - common : len(rest)] = rest[one.start - common :]
    return Batch(np.array(samples[0].tokens[:common], np.int64), tokens, mask, labels)


def wanted_of(batch: Batch) -> tuple[NDArray[np.bool_], Tokens]:
    """Where tokens are read from which the next is learned (rows × longest rest − 1), and those next ones."""
    if (batch.labels[:, 0] != IGNORED).any():
        raise ValueError("a label at the first token of a batch has nothing that it could be read from")
    learned = batch.labels[:, 1:] != IGNORED
    return learned, batch.labels[:, 1:][learned]


def common_of(samples: Sequence[Encoded]) -> int:
    """How many tokens all ``samples`` begin with, before the last one of a question; 0 if that is too few."""
    # A token of every question has to stay: the first token of an answer is read from the one before it.
    most = min(one.start for one in samples) - 1
    first = samples[0].tokens
    same = 0
    while same < most and all(one.tokens[same] == first[same] for one in samples):
        same += 1
    return same if same >= _WORTH else 0
