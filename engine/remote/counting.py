"""Tokens guessed where a server counts none: bytes over bytes per token, as the last answer had it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Message

#: Bytes of a token before anything was counted: rather too few, so that a prompt fits.
_BYTES = 3.0
#: Bytes of a token that no text has on average.
_MOST = 8.0
#: Tokens that a template puts around a message.
_AROUND = 6


class Estimate:
    """A guess that learns. From any thread."""

    def __init__(self) -> None:
        self._bytes = _BYTES

    def tokens(self, messages: Sequence[Message]) -> int:
        """About as many as the prompt of ``messages`` has."""
        return round(_size(messages) / self._bytes) + _AROUND * (len(messages) + 1)

    @staticmethod
    def least(messages: Sequence[Message]) -> int:
        """As few as the prompt of ``messages`` can have."""
        return round(_size(messages) / _MOST)

    def learn(self, messages: Sequence[Message], tokens: int) -> None:
        """The prompt of ``messages`` had so many."""
        spoken = tokens - _AROUND * (len(messages) + 1)
        if spoken > 16:
            self._bytes = min(_MOST, max(1.0, _size(messages) / spoken))


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode("utf-8", "replace")) for message in messages)
