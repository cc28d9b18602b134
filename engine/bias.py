"""The biases of a request by token, or why they cannot be used."""

from __future__ import annotations

import math
from typing import Protocol

from engine.contract import BadConstraint, Request


class Spelling(Protocol):
    """A vocabulary, as far as biases need it."""

    @property
    def vocab_size(self) -> int: ...

    def tokenize(self, text: str, *, special: bool, parse: bool) -> list[int]: ...


def bias_tokens(request: Request, vocabulary: Spelling) -> dict[int, float]:
    """Bias by token. A text must be one token. Raises `BadConstraint`."""
    biases: dict[int, float] = {}
    for what, bias in request.logit_bias:
        token = what
        if isinstance(what, str):
            tokens = vocabulary.tokenize(what, special=False, parse=True)
            if len(tokens) != 1:
                listed = ", ".join(map(str, tokens)) or "none"
                raise BadConstraint(
                    f"a bias is for one token, and {what!r} is {len(tokens)} of them ({listed}): "
                    "give a token's number, or a text that is one token"
                )
            token = tokens[0]
        if not math.isfinite(bias):
            raise BadConstraint(f"the bias of token {token} is {bias}: give a finite number, such as -100")
        if not 0 <= int(token) < vocabulary.vocab_size:
            raise BadConstraint(f"there is no token {token}: the vocabulary has {vocabulary.vocab_size:,}")
        biases[int(token)] = biases.get(int(token), 0.0) + bias
    return biases
