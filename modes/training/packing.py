"""Samples one after the other as a single sequence, in which each sees itself and what all begin with.

Nothing is padding and a common beginning stands there once, so that every token that is computed is one that
counts. It must not know what computes with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from modes.training.encoding import Encoded, Tokens, common_of

#: Tokens in a sequence at most, unless a sample has more: more at once are not computed faster.
MOST = 640


@dataclass(frozen=True, slots=True)
class Packed:
    """``tokens`` and their ``positions`` (T); ``visible`` (T × T): whether the row's token sees the column's.

    The next tokens ``wanted`` (N) are read from the places ``read`` (N). The first ``common`` tokens are what
    all samples begin with; ``own`` (samples × longest) are the places of each one's own tokens, and any place
    where it is shorter; ``back`` (T - common) says where in ``own``, row by row, each of them stands.
    """

    tokens: Tokens
    positions: Tokens
    visible: NDArray[np.bool_]
    read: Tokens
    wanted: Tokens
    common: int
    own: Tokens
    back: Tokens

    @property
    def sparse(self) -> bool:
        """Whether what is seen, row by row, is half or less of all that could be."""
        computed = self.own.size * (self.common + self.own.shape[1])
        return bool(2 * computed <= self.visible.size)


def packed(samples: Sequence[Encoded]) -> Packed:
    """The ``samples`` as one sequence, with what they all begin with before them.

    Raises `ValueError` for an answer with nothing before it.
    """
    if any(one.start < 1 for one in samples):
        raise ValueError("an answer with nothing before it has nothing that it could be read from")
    common = common_of(samples)
    rests = [one.tokens[common:] for one in samples]
    tokens = np.array([*samples[0].tokens[:common], *(token for rest in rests for token in rest)], np.int64)
    positions = np.concatenate(
        [np.arange(common), *(np.arange(common, common + len(rest)) for rest in rests)]
    )
    # -1 is what all begin with.
    owner = np.repeat(np.arange(-1, len(rests)), [common, *map(len, rests)])
    visible = (owner == -1) | (owner == owner[:, None])
    visible &= positions <= positions[:, None]
    learned = np.concatenate(
        [np.zeros(common, bool), *(np.arange(common, len(one.tokens)) >= one.start for one in samples)]
    )
    at = np.flatnonzero(learned)
    own, back = _rows([len(rest) for rest in rests], common)
    return Packed(tokens, positions, visible, at - 1, tokens[at], common, own, back)


def _rows(lengths: Sequence[int], common: int) -> tuple[Tokens, Tokens]:
    """``own`` and ``back`` of samples with so many tokens of their own."""
    longest = max(lengths)
    there = np.arange(longest) < np.array(lengths)[:, None]
    own = np.full(there.shape, common, np.int64)
    own[there] = common + np.arange(there.sum())
    return own, np.flatnonzero(there)


def parted(samples: Sequence[Encoded], most: int = MOST) -> list[Sequence[Encoded]]:
    """The ``samples`` in their order, in parts of about as many tokens, each about ``most`` or less."""
    common = common_of(samples)
    rests = np.array([len(one.tokens) - common for one in samples])
    count = math.ceil(rests.sum() / max(1, most - common))
    # The part in which the middle of each falls.
    parts = (rests.cumsum() - rests / 2) * count // rests.sum()
    together = groupby(zip(parts, samples, strict=True), key=itemgetter(0))
    return [[one for _, one in part] for _, part in together]
